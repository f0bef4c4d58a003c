//! What correct texts mean: precedence, spans, items, inputs, and long chains.

use super::*;

#[test]
fn precedence() {
    let table = [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c @ d", "(((a / b) * c) @ d)"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("-x**2", "(-(x ** 2))"),
        ("2**-x**2", "(2 ** (-(x ** 2)))"),
        ("2**-x*y", "((2 ** (-x)) * y)"),
        ("2**-x + y", "((2 ** (-x)) + y)"),
        ("-x * y", "((-x) * y)"),
        ("a - -b", "(a - (-b))"),
        ("--x", "(-(-x))"),
        ("a * -b ** c * d", "((a * (-(b ** c))) * d)"),
        ("!a == b", "((!a) == b)"),
        ("!a && b || c && d", "(((!a) && b) || (c && d))"),
        ("a < b && c >= d + 1", "((a < b) && (c >= (d + 1)))"),
        ("(a < b) == (c < d)", "((a < b) == (c < d))"),
        ("-x.T[0]", "(-x.T[0])"),
        ("x.T ** y.T.T", "(x.T ** y.T.T)"),
        ("2.T", "2.T"),
        ("2.5.T", "2.5.T"),
        ("(a + b) * c", "((a + b) * c)"),
        ("((((a))))", "a"),
        ("x[1..4, .., ..n, 2.., i + k, p[q]]", "x[1..4, .., ..n, 2.., (i + k), p[q]]"),
        ("x[1. ..2.]", "x[1..2]"),
        ("1_000 + 2. + 1e-3 + 1E+2", "(((1000 + 2) + 0.001) + 100)"),
        ("sum[i, j,](x[i, j], axis = 1, keep = true,)", "sum[i, j](x[i, j], axis = 1, keep = true)"),
        ("f()", "f()"),
        ("sin (x)", "sin(x)"),
        ("[a, [b, c],][0]", "[a, [b, c]][0]"),
        ("(a, b)", "<a, b>"),
        (
            "if a < b { a } else if b { let c = a; c } else { b } + 1",
            "(if (a < b) { a } else if b { let c = a; c } else { b } + 1)",
        ),
        ("if c { a }", "if c { a }"),
        ("x/**/+//\ny /* /* nested */ */", "(x + y)"),
        ("let a = x; let b[i] = a[i]; b", "b"),
        ("π * größe", "(π * größe)"),
        ("wrt + iffy + lets", "((wrt + iffy) + lets)"),
    ];
    for (text, expected) in table {
        assert_eq!(printed(&expression(text)), expected, "{text}");
    }
}

fn all_spans<'a>(text: &'a str, function: &Function) -> Vec<&'a str> {
    function.expressions.iter().map(|(_, e)| &text[e.span.start as usize..e.span.end as usize]).collect()
}

#[test]
fn spans_exclude_parentheses_around_and_include_those_inside() {
    let text = " ( (a + b) * -c ) ";
    assert_eq!(all_spans(text, &expression(text)), ["a", "b", "a + b", "c", "-c", "(a + b) * -c"]);
    let text = "x [ 1 .. 2 ] .T + f ( y ) /* end */";
    assert_eq!(
        all_spans(text, &expression(text)),
        ["x", "1", "2", "x [ 1 .. 2 ]", "x [ 1 .. 2 ] .T", "y", "f ( y )", text.trim_end_matches(" /* end */")]
    );
    let text = "if (a) { b } else { c } ";
    assert_eq!(all_spans(text, &expression(text)), ["a", "b", "c", "if (a) { b } else { c }"]);
    let text = "/* ü */ fn g(x) = x; // end\n fn f(y: [N] , z : f64 ) = (-y);";
    let module = parse_module(text).unwrap();
    let function = &module.functions[1];
    let slice = |span: crate::diagnostic::Span| &text[span.start as usize..span.end as usize];
    assert_eq!(slice(function.span), "fn f(y: [N] , z : f64 ) = (-y);");
    assert_eq!(slice(function.body.span), "(-y)");
    assert_eq!(slice(function.parameters[0].ty.as_ref().unwrap().span), "[N]");
    assert_eq!(slice(function.parameters[1].ty.as_ref().unwrap().span), "f64");
    assert_eq!(slice(function.name.span), "f");
}

const EXAMPLE: &str = r##"
    /// Logistic sigmoid.
    pub fn sigmoid(x) = 1 / (1 + exp(-x));

    /// Huber loss of a residual.
    fn huber(r, delta) = if abs(r) <= delta { r**2 / 2 } else { delta * (abs(r) - delta / 2) };

    /// Two-layer perceptron with softmax cross entropy, mean over the batch.
    fn mlp(x: f32[N, 784], w1: f32[784, 50], b1: f32[50], w2: f32[50, 10], b2: f32[10], t: f32[N, 10])
        wrt(w1, b1, w2, b2)
        where sum(t, axis = 1) == 1
    {
        let h = relu(x @ w1 + b1);
        let y = softmax(h @ w2 + b2);
        -sum(t * log(y)) / N
    }

    /// Index notation: indices name axes, `sum[...]` closes them, the left side fixes their order.
    fn mahalanobis(q: [K, D, D], x: [N, D], mu: [K, D]) -> [N, K] {
        let z[n, k, d] = sum[j](q[k, d, j] * (x[n, j] - mu[k, j]));
        let out[n, k] = sum[d](z[n, k, d]**2);
        out
    }
"##;

#[test]
fn the_example_of_the_design() {
    let module = parse_module(EXAMPLE).unwrap();
    let bodies: Vec<String> = module.functions.iter().map(|f| print_block(f, &f.body)).collect();
    assert_eq!(
        bodies,
        [
            "{ (1 / (1 + exp((-x)))) }",
            "{ if (abs(r) <= delta) { ((r ** 2) / 2) } else { (delta * (abs(r) - (delta / 2))) } }",
            "{ let h = relu(((x @ w1) + b1)); let y = softmax(((h @ w2) + b2)); ((-sum((t * log(y)))) / N) }",
            "{ let z[n, k, d] = sum[j]((q[k, d, j] * (x[n, j] - mu[k, j]))); \
         let out[n, k] = sum[d]((z[n, k, d] ** 2)); out }",
        ]
    );
    let [sigmoid, _, mlp, mahalanobis] = module.functions.as_slice() else { panic!("four functions") };
    assert_eq!((sigmoid.visibility.as_str(), mlp.visibility.as_str()), ("pub", ""));
    assert!(sigmoid.attributes[0].is_doc);
    assert_eq!(sigmoid.attributes[0].content, "Logistic sigmoid.");
    assert_eq!(print(mlp, mlp.facts[0]), "(sum(t, axis = 1) == 1)");
    assert_eq!(mlp.wrt.as_ref().unwrap().iter().map(|n| n.text.as_str()).collect::<Vec<_>>(), ["w1", "b1", "w2", "b2"]);
    let x = mlp.parameters[0].ty.as_ref().unwrap();
    assert_eq!(x.element.as_ref().unwrap().text, "f32");
    assert_eq!(x.shape[0].kind, DimensionKind::Name("N".into()));
    assert_eq!(x.shape[1].kind, DimensionKind::Literal(784));
    assert!(matches!(&mahalanobis.result, Some(ResultType::Type(ty)) if ty.shape.len() == 2 && ty.element.is_none()));
}

#[test]
fn items() {
    let text = r##"
        #[cfg(test)] #[emit(hessian, only(a]b))]"##;
    assert!(parse_module(text).is_err());
    let text = r##"
        //! ignored
        /** Two
        lines. */
        #[cfg(feature = "a)")] #[doc = " say \"hi\"\n\u{e4}"] #[doc(hidden)] #[a::b] #[doc = r#" raw " "#]
        pub ( in  a :: b ) fn f ( x : i32[N,] , y : [..] , ) -> (u, v: f32[3],) where x > 0, !(y == 1) || x < 2, wrt(x,) { (x, y) }
        //// no doc
        const C: f64 = 2 * pi;
        pub(crate) fn g() -> f32 wrt(a) where a != 0 = 1;
        pub(self) fn r(x) = x;
    "##;
    let module = parse_module(text).unwrap();
    let [f, g, r] = module.functions.as_slice() else { panic!("{module:?}") };
    let attributes: Vec<_> =
        f.attributes.iter().map(|a| (a.path.text.as_str(), a.content.as_str(), a.is_doc)).collect();
    assert_eq!(
        attributes[1..],
        [
            ("cfg", "(feature = \"a)\")", false),
            ("doc", "say \"hi\"\nä", true),
            ("doc", "(hidden)", false),
            ("a::b", "", false),
            ("doc", "raw \"", true),
        ]
    );
    assert!(attributes[0].1.starts_with("Two\n"));
    assert_eq!(f.visibility, "pub(in a::b)");
    assert_eq!((g.visibility.as_str(), r.visibility.as_str()), ("pub(crate)", "pub(self)"));
    assert!(f.parameters[1].ty.as_ref().unwrap().any_shape);
    assert_eq!(f.facts.len(), 2);
    assert_eq!(f.wrt.as_ref().unwrap().len(), 1);
    assert_eq!(printed(f), "<x, y>");
    assert!(matches!(&f.result, Some(ResultType::Named(names)) if names.len() == 2 && names[1].ty.is_some()));
    assert_eq!(module.constants[0].name.text, "C");
    assert_eq!(module.constants[0].ty.as_ref().unwrap().element.as_ref().unwrap().text, "f64");
}

fn inputs(text: &str) -> Vec<String> {
    expression(text).parameters.into_iter().map(|parameter| parameter.name.text).collect()
}

#[test]
fn free_names_are_the_inputs() {
    assert_eq!(inputs("b * a + b * pi"), ["b", "a"]);
    assert_eq!(inputs("sum[i](x[i] * w[i]) + sum(y, axis = 1, keep = true)"), ["x", "w", "y"]);
    assert_eq!(inputs("sum[i](x[i]) + i"), ["x", "i"]);
    assert_eq!(inputs("let z[i, j] = x[i] * y[j]; z @ v"), ["x", "y", "v"]);
    assert_eq!(inputs("let b = a; let a = 1; a + b + c"), ["c"]);
    assert_eq!(inputs("if p > 0 { let q = r; q } else { q }"), ["p", "r", "q"]);
    assert_eq!(inputs("f + f(g)[h..k]"), ["f", "g", "h", "k"]);
    let dims = vec![DimensionKind::Name("N".into()), DimensionKind::Literal(3)];
    let f = function(parse_expression("sum(x) / N + y", &[("x".into(), dims)]));
    let names: Vec<_> =
        f.parameters.iter().map(|p| (p.name.text.as_str(), p.ty.as_ref().map(|t| t.shape.len()))).collect();
    assert_eq!(names, [("x", Some(2)), ("y", None)]);
    assert_eq!(f.name.text, "f");
}

#[test]
fn the_first_token_chooses() {
    for text in [
        "fn g(x) = x;",
        "/// Doc\nfn g(x) = x;",
        "#[emit(hessian)] fn g(x) = x;",
        "pub fn g(x) = x;",
        "// c\nfn g(x) = x;",
    ] {
        assert_eq!(function(parse_formula(text, &[])).name.text, "g", "{text}");
    }
    assert_eq!(function(parse_formula("-x", &[])).name.text, "f");
    assert!(parse_formula("const A = 1; fn g(x) = x;", &[]).is_ok());
}

#[test]
fn long_chains_are_linear() {
    let sum = vec!["x"; 100_000].join(" + ");
    assert_eq!(expression(&sum).expressions.len(), 199_999);
    let lets: String = (0..100_000).map(|i| format!("let a{i} = x;\n")).collect();
    assert_eq!(expression(&format!("{lets} a1")).body.lets.len(), 100_000);
    let elses: String = (0..10_000).map(|i| format!("if x < {i} {{ {i} }} else ")).collect();
    assert_eq!(expression(&format!("{elses} {{ 0 }}")).expressions.len(), 40_002);
    let transposed = format!("x{}", ".T".repeat(50_000));
    assert_eq!(expression(&transposed).expressions.len(), 50_001);
}

#[test]
fn nesting_within_the_limits() {
    for (open, close) in [
        ("(", ")"),
        ("f(", ")"),
        ("[", "]"),
        ("x[", "]"),
        ("if c { let a = 1; ", " } else { 0 }"),
        ("if ", " { a } else { b }"),
    ] {
        let nested = format!("{}x{}", open.repeat(120), close.repeat(120));
        assert!(parse_expression(&nested, &[]).is_ok(), "{open}");
    }
    let (mut left, mut right) = (String::new(), String::new());
    for level in 0..128 {
        let (open, close) = [
            ("-f(k = ", ")"),
            ("x[1, ", "..]"),
            ("if c { let a = ", "; a } else if d { b } else { c }"),
            ("[", ", 1].T"),
        ][level % 4];
        left += open;
        right = close.to_owned() + &right;
    }
    assert!(parse_expression(&format!("{left}x{right}"), &[]).is_ok());
    assert_eq!(parse_expression(&format!("({left}x{right})"), &[]).unwrap_err()[0].code, Code::TooDeep);
    let comments = |depth: usize| format!("{}{} x", "/*".repeat(depth), "*/".repeat(depth));
    assert!(parse_expression(&comments(128), &[]).is_ok());
    assert_eq!(parse_expression(&comments(129), &[]).unwrap_err()[0].code, Code::TooDeep);
}
