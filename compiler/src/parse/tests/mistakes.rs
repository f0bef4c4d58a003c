//! Mistakes: each is shown under the right token, with what is wrong and what to do.

use super::super::diagnose::KEYWORDS;
use super::*;

/// The first diagnostic of a text: the underlined text, the message, the help.
fn first(text: &str) -> (Code, String, String, String) {
    let errors = parse_formula(text, &[]).expect_err(text);
    let span = errors[0].spans[0];
    let underlined = text[span.start as usize..span.end as usize].to_owned();
    (errors[0].code, underlined, errors[0].message.clone(), errors[0].help.clone().unwrap_or_default())
}

#[track_caller]
fn check(code: Code, table: &[(&str, &str, &str, &str)]) {
    for (text, underlined, message, help) in table {
        let expected = (code, (*underlined).to_owned(), (*message).to_owned(), (*help).to_owned());
        assert_eq!(first(text), expected, "{text}");
    }
}

#[test]
fn characters_of_mathematics() {
    check(
        Code::Syntax,
        &[
            ("x^2", "^", "`^` is not an operator", "write `**` for a power"),
            ("x² + 1", "²", "`²` is not part of the language", "write `**2`"),
            ("y³", "³", "`³` is not part of the language", "write `**3`"),
            ("√x", "√", "`√` is not an operator", "write `sqrt(x)`"),
            ("X·W", "X·W", "`X·W` is read as one name", "write `X * W` or `X @ W`"),
            ("x × y", "×", "`×` is not an operator", "write `*` for a product"),
            ("x ÷ y", "÷", "`÷` is not an operator", "write `/`"),
            ("x − y", "−", "`−` is not an operator", "write `-`"),
            ("x'", "'", "`'` is not part of a name", "spell it out, as in `x_prime`"),
            ("a % b", "%", "there is no remainder operator", "write `a - b * floor(a / b)`"),
            ("a & b", "&", "`&` is not an operator", "write `&&` for \"and\""),
            ("a | b", "|", "`|` is not an operator", "write `||` for \"or\", `abs(x)` for an absolute value"),
            ("a + \"text\"", "\"text\"", "there are no strings in formulas", ""),
            ("a ? b", "?", "`?` is not part of the language", ""),
            ("x /* y", "/*", "this comment has no end", "write `*/`"),
        ],
    );
}

#[test]
fn numbers() {
    check(
        Code::Syntax,
        &[
            ("2x", "2x", "an operator is missing between `2` and `x`", "write `2*x`"),
            ("2.0f64", "2.0f64", "a literal takes its function's float type", "drop the suffix: write `2.0`"),
            ("2f32", "2f32", "a literal takes its function's float type", "drop the suffix: write `2`"),
            ("0x1F", "0x1F", "numbers are decimal", ""),
            (".5", ".", "a number starts with a digit", "write `0.5`"),
            ("1..4", "..", "a range stands only between brackets, as in `x[1..4]`", ""),
        ],
    );
    check(
        Code::Number,
        &[
            ("x + 1e999", "1e999", "this number overflows `f64`", ""),
            ("fn f(x: [99999999999999999999]) = x;", "99999999999999999999", "this dimension is too large", ""),
        ],
    );
}

#[test]
fn operands_and_operators() {
    check(
        Code::Syntax,
        &[
            ("2(x)", "(", "an operator is missing between `2` and `(`", "write `2*(x)`"),
            ("x y", "y", "an operator is missing between `x` and `y`", "write `x*y`"),
            ("2 sin(x)", "sin", "an operator is missing between `2` and `sin`", "write `2*sin(x)`"),
            ("x.T y.T", "y", "an operator is missing between `x.T` and `y`", "write `x.T*y`"),
            ("(a)(b)", "(", "an operator is missing between `)` and `(`", "write `(a)*(b)`"),
            ("f(x)[0](y)", "(", "an operator is missing between `]` and `(`", "write `f(x)[0]*(y)`"),
            ("x + * y", "*", "an operand is missing between `+` and `*`", ""),
            ("x * * y", "* *", "a power is written `**`, without a space", "write `**`"),
            ("x +", "+", "an operand is missing after `+`", ""),
            ("(x -) * 2", "-", "an operand is missing after `-`", ""),
            ("* x", "*", "an operand is missing before `*`", ""),
            ("+x", "+", "there is no prefix `+`", "drop it"),
            ("a < b < c", "<", "comparisons do not chain", "write `a < b && b < c`"),
            ("a = b", "=", "`=` binds, `==` compares", "write `==` to compare, `let a = ...;` to bind"),
            ("a <> b", ">", "`<>` is not an operator", "write `!=`"),
            ("n!", "!", "`!` stands before a condition; there is no factorial", ""),
            ("f(,)", ",", "an expression is missing before `,`", ""),
            ("x.sin()", "sin", "there are no methods", "write `sin(x)`"),
            ("x.powi(2)", "powi", "there are no methods", "write `**` for a power"),
            ("x.t", "t", "there are no fields", "write `.T`"),
            (
                "x.len",
                "len",
                "`.len` is not part of the language",
                "`.T` transposes; nothing else stands behind a point",
            ),
            ("x[1..=3]", "..=", "a range excludes its end", "write `..`"),
            (
                "(a, b) + 1",
                "(a, b)",
                "several values are no expression",
                "several outputs stand only at the end of a function's body",
            ),
            ("(a,)", ",", "one value needs no `,`", "drop it"),
        ],
    );
}

#[test]
fn delimiters() {
    check(
        Code::Syntax,
        &[
            ("(x + y", "(", "this `(` is never closed", "a `)` is missing"),
            ("sin(cos(x)", "(", "this `(` is never closed", "a `)` is missing"),
            ("x + y)", ")", "this `)` closes nothing", ""),
            ("(x + y]", "]", "`]` does not close `(`", "write `)`"),
            ("fn f(x) { let a = (x; a }", "(", "this `(` is never closed", "a `)` is missing"),
        ],
    );
    let errors = parse_expression("(x + (y * 2)", &[]).unwrap_err();
    assert_eq!(errors[0].spans[0].start, 0);
}

#[test]
fn bodies_and_statements() {
    check(
        Code::Syntax,
        &[
            ("", "", "the formula is empty", ""),
            (" // nothing", "", "the formula is empty", ""),
            ("fn f(x) {}", "{}", "the body of `f` is empty", "write an expression"),
            ("fn f(x) = ;", "=", "the body of `f` is empty", "write an expression behind `=`"),
            ("fn f(x);", "f", "the body of `f` is empty", "write `= expression;`"),
            ("fn f(x) = x", "x", "a `;` is missing after the body of `f`", "write `;` behind this"),
            ("fn f(x) = { x }", "=", "no `=` stands before a block", "drop it"),
            ("fn f(x) { let a = x\nlet b = a; b }", "x", "a `;` is missing after `let a`", "write `;` behind this"),
            ("let a = 1\na + 1", "1", "a `;` is missing after `let a`", "write `;` behind this"),
            ("fn f(x) { let a = x; }", "}", "the body ends without a result", "end it with an expression"),
            ("fn f(x) { x; }", ";", "the body ends without a result", "drop the `;` behind the last expression"),
            ("fn f(x) { return x; }", "return", "there is no `return`", "the last expression of a body is its result"),
            ("fn f(x) { let mut a = x; a }", "mut", "a binding never changes", "drop `mut`"),
            ("x + 1;", ";", "a bare formula does not end in `;`", "drop it"),
            ("if x { a } else b", "b", "expected `{`, found `b`", ""),
            ("pub const A = 1;", "pub", "a `const` is not seen outside its block", "drop the visibility"),
            ("fn f(x) wrt(x) wrt(x) = x;", "wrt", "`wrt` is stated twice", ""),
            ("fn f(x: [f64; 3]) = x;", ";", "the dimensions of a shape are separated by `,`", "write `f64[3]`"),
        ],
    );
    check(
        Code::Fact,
        &[
            ("fn f(x) where x = 1;", "x", "a fact is a comparison, such as `x > 0`", ""),
            ("fn f(x) where x > 0 && (x + 1) = 1;", "x > 0 && (x + 1)", "a fact is a comparison, such as `x > 0`", ""),
            (
                "fn f(x) where = x;",
                "where",
                "a fact is missing after `where`",
                "a fact is a comparison, such as `x > 0`",
            ),
        ],
    );
}

#[test]
fn keywords_are_no_names() {
    for keyword in KEYWORDS {
        for text in [format!("fn {keyword}(x) = x;"), format!("fn f({keyword}) = 1;"), format!("let {keyword} = 1; 2")]
        {
            if *keyword == "mut" && text.starts_with("let") {
                continue;
            }
            let (code, underlined, message, _) = first(&text);
            let expected = (Code::ReservedName, *keyword, format!("`{keyword}` is a keyword of Rust"));
            assert_eq!((code, underlined.as_str(), message), expected, "{text}");
        }
        assert!(parse_expression(&format!("1 + {keyword}"), &[]).is_err(), "{keyword}");
        assert!(parse_expression(&format!("1 + {keyword}_"), &[]).is_ok(), "{keyword}");
    }
    check(
        Code::ReservedName,
        &[
            ("match + 1", "match", "`match` is a keyword of Rust", "choose another name"),
            ("_ + 1", "_", "`_` is no name", "choose a name"),
            ("r#x + 1", "r", "raw identifiers are not part of the language", "choose a name without `r#`"),
        ],
    );
}

#[test]
fn every_broken_item_is_reported() {
    let text =
        "fn f(x) = x ^ 2; fn g(x) = (x;\n/// fine\nfn h(x) = x; #[a] pub(crate) fn k(x) = a < b < c; fn m(x) { }";
    let errors = parse_module(text).unwrap_err();
    let spans: Vec<&str> = errors.iter().map(|e| &text[e.spans[0].start as usize..e.spans[0].end as usize]).collect();
    assert_eq!(spans, ["^", "(", "<", "{ }"]);
    let text = "fn f(x) = x /// doc\n + 1; fn g(x) = x; /// end";
    let messages: Vec<String> = parse_module(text).unwrap_err().into_iter().map(|error| error.message).collect();
    assert_eq!(messages, ["a doc comment documents nothing here"; 2]);
    let errors = parse_expression("x² + y³", &[]).unwrap_err();
    assert_eq!(errors.len(), 2);
}

#[test]
fn limits() {
    let code = |text: &str| parse_expression(text, &[]).err().map(|errors| errors[0].code);
    for (prefix, suffix) in [("-", ""), ("!", ""), ("2**", ""), ("-2**", "")] {
        let pending = prefix.matches(['-', '!']).count() + prefix.matches("**").count();
        let most = 256 / pending;
        assert_eq!(code(&format!("{}x{suffix}", prefix.repeat(most))), None, "{prefix}");
        assert_eq!(code(&format!("{}x{suffix}", prefix.repeat(most + 1))), Some(Code::TooDeep), "{prefix}");
    }
    assert_eq!(code(&vec!["-x**2"; 1000].join(" + ")), None);
    assert_eq!(code(&"(".repeat(10_000)), Some(Code::TooDeep));
    assert_eq!(code(&format!("x // {}", "(".repeat(200))), None);
    assert_eq!(code(&" ".repeat((64 << 20) + 1)), Some(Code::TooLarge));
}

#[test]
fn usage() {
    let shape = |name: &str| (name.to_owned(), vec![DimensionKind::Literal(3)]);
    let error = |text: &str, shapes: &super::super::Shapes| parse_formula(text, shapes).unwrap_err().remove(0);
    assert_eq!(error("x + 1", &[shape("w")]).message, "the formula has no input `w`");
    assert_eq!(error("x + 1", &[shape("x"), shape("x")]).code, Code::Usage);
    assert_eq!(error("fn f(x) = x;", &[shape("x")]).code, Code::Usage);
    assert!(parse_formula("x + 1", &[shape("x")]).is_ok());
}
