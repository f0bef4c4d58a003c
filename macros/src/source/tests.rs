//! The text and the table, over streams that are parsed from text and over the invisible groups of `macro_rules!`.

use chainrule_compiler::diagnostic::Span as Place;
use proc_macro2::{Ident, Punct};

use super::*;

/// Tokens from text in which `⟦...⟧` is an invisible group, as `$e:expr` leaves it.
fn tokens(text: &str) -> TokenStream {
    let marked = text.replace('⟦', "(INVISIBLE ").replace('⟧', ")");
    hide(marked.parse().unwrap())
}

/// Turns the groups that start with the word `INVISIBLE` into invisible ones.
fn hide(stream: TokenStream) -> TokenStream {
    let hide_group = |group: &Group| {
        let content = hide(group.stream());
        let mut rest = content.clone().into_iter();
        let marked = matches!(rest.next(), Some(TokenTree::Ident(ident)) if ident == "INVISIBLE");
        match marked {
            true => Group::new(Delimiter::None, rest.collect()),
            false => Group::new(group.delimiter(), content),
        }
    };
    let trees = stream.into_iter().map(|tree| match tree {
        TokenTree::Group(group) => TokenTree::Group(hide_group(&group)),
        leaf => leaf,
    });
    trees.collect()
}

fn text(written: &str) -> String {
    Source::read(tokens(written)).text().to_owned()
}

#[test]
fn text_is_spaced_as_people_write_it() {
    let texts = [
        "pub fn sigmoid(x) = 1 / (1 + exp(-x));",
        "pub(crate) fn f(x: f32[N, 784], b: [50]) -> [N, 50] { let h = x @ w.T + b; h }",
        "fn h(r) = if abs(r) <= 1 && !(r == 2) { r ** 2 / 2 } else { -r ** 0.5 };",
        "fn n(x) wrt(x) where sum(x, axis = 1) == 1 { -sum[i, j](x[i, j]) }",
        "fn v(x) -> (u, v) { let [a] = -x; (a, [1.5, -1e-3]) }",
        "const A: f64 = 0.25e3; #[emit(hessian, only(gradient))] fn f(x) = a != b;",
        "#![x]",
        "#[rustfmt::skip]",
        "pub(in a::b)",
        "x[i + k, ..]",
        "r#fn",
        "'a",
        "x[a..b]",
        "w.T.T",
        "(a).T",
        "",
    ];
    for expected in texts {
        assert_eq!(text(expected), expected);
    }
}

#[test]
fn text_keeps_tokens_apart() {
    let table = [
        ("2 .T", "2 .T"),
        ("x[1..4, ..4]", "x[1 .. 4, .. 4]"),
        ("a*-b", "a *-b"),
        ("a<-b", "a <-b"),
        ("x=-1", "x =-1"),
        ("a- -b", "a - -b"),
        ("a = = b", "a = = b"),
        ("f ( x )", "f(x)"),
        ("fn f(x){x}", "fn f(x) { x }"),
        ("if(a){b}else{c}", "if (a) { b } else { c }"),
    ];
    for (written, expected) in table {
        assert_eq!(text(written), expected, "{written}");
    }
}

#[test]
fn stars_join_in_pairs() {
    let table = [
        ("x**2", "x ** 2"),
        ("x ** 2", "x ** 2"),
        ("x * * 2", "x ** 2"),
        ("x * *-2", "x **-2"),
        ("x * y * z", "x * y * z"),
        ("x * * * * y", "x ** ** y"),
        ("⟦x + 1⟧ * * ⟦n⟧", "(x + 1) ** n"),
    ];
    for (written, expected) in table {
        assert_eq!(text(written).replace("x**2", "x ** 2"), expected, "{written}");
    }
}

#[test]
fn invisible_groups_keep_together() {
    let table = [
        // One tree is bare, and so is what is already delimited; nothing writes nothing.
        ("⟦x⟧ * 2", "x * 2"),
        ("⟦⟦x⟧⟧ * ⟦2.5⟧", "x * 2.5"),
        ("2 * ⟦(a + b)⟧", "2 * (a + b)"),
        ("⟦⟧ fn f(x)", "fn f(x)"),
        // Expressions among operators.
        ("⟦a + b⟧ * 2", "(a + b) * 2"),
        ("-⟦a + b⟧", "-(a + b)"),
        ("let y = ⟦⟦a⟧ + ⟦b * c⟧⟧;", "let y = (a + (b * c));"),
        ("⟦-1⟧ ** 2", "(-1) ** 2"),
        ("2 ** ⟦exp(x)⟧", "2 ** (exp(x))"),
        // Nothing pulls apart what stands alone; the end of a bare group is not the end.
        ("f(⟦a + b⟧, ⟦c + d⟧)", "f(a + b, c + d)"),
        ("x[⟦1..4⟧]", "x[1 .. 4]"),
        ("f(⟦⟦a + b⟧⟧ * c)", "f((a + b) * c)"),
        ("f(⟦⟦a + b⟧ * c⟧)", "f((a + b) * c)"),
        ("f(⟦⟦a + b⟧⟧)", "f(a + b)"),
        ("#[⟦doc = \"x\"⟧] fn", "#[doc = \"x\"] fn"),
        // Items and types.
        ("; ⟦pub(in a)⟧ fn f(x)", "; pub(in a) fn f(x)"),
        ("fn f(x: ⟦[N, 3]⟧) -> ⟦a::b⟧ { x }", "fn f(x: [N, 3]) -> a::b { x }"),
        ("const A: ⟦a::b⟧ = 1;", "const A: a::b = 1;"),
    ];
    for (written, expected) in table {
        assert_eq!(text(written), expected, "{written}");
    }
}

#[test]
fn literals_take_one_form() {
    let table = [
        (Literal::f64_unsuffixed(2.0), "2.0"),
        (Literal::i32_unsuffixed(-1), "(-1)"),
        ("r\" A \\alpha\"".parse().unwrap(), "\" A \\\\alpha\""),
        ("r##\"say \"x\"# now\"##".parse().unwrap(), "\"say \\\"x\\\"# now\""),
        ("\"a\\nb\"".parse().unwrap(), "\"a\\nb\""),
        ("br\"x\"".parse().unwrap(), "br\"x\""),
    ];
    for (literal, expected) in table {
        assert_eq!(literal_text(&literal), expected);
    }
    assert_eq!(text("/// Says \"x\".\nfn f(x) = x;"), "#[doc = \" Says \\\"x\\\".\"] fn f(x) = x;");
}

#[test]
fn places_are_those_of_the_tokens() {
    let source = Source::read(tokens("fn f(x) = ⟦x + 1⟧ * * -2;"));
    let pieces: Vec<_> = source.places.iter().map(|place| &source.text[place.clone()]).collect();
    assert_eq!(pieces, ["fn", "f", "(", "x", ")", "=", "x", "+", "1", "*", "*", "-", "2", ";"]);
    assert_eq!(source.spans.len(), pieces.len());
}

#[test]
fn places_answer_tokens() {
    let source = Source::read(tokens("fn f(x) = ⟦x + 1⟧ ** 20;"));
    assert_eq!(source.text, "fn f(x) = (x + 1) ** 20;");
    let table = [
        ("the first", 0..2, (0, 0)),
        ("a delimiter", 4..5, (2, 2)),
        ("the end of a delimiter", 6..7, (4, 4)),
        ("across spaces", 0..4, (0, 1)),
        ("an invisible group", 10..17, (6, 8)),
        ("what is in it", 11..16, (6, 8)),
        ("both stars", 18..20, (9, 10)),
        ("one star", 19..20, (10, 10)),
        ("part of a number", 22..23, (11, 11)),
        ("everything", 0..24, (0, 12)),
        ("nothing, before a token", 8..8, (5, 5)),
        ("nothing, in a space", 9..9, (6, 6)),
        ("a space", 9..10, (6, 6)),
        ("the end", 24..24, (12, 12)),
        ("beyond the end", 90..99, (12, 12)),
    ];
    for (what, place, expected) in table {
        assert_eq!(source.tokens(Place::new(place.start, place.end)), Some(expected), "{what}");
    }
    assert_eq!(Source::read(TokenStream::new()).tokens(Place::new(0, 0)), None);
}

#[test]
fn deep_nesting_is_walked_by_a_loop() {
    let mut stream: TokenStream = TokenTree::Ident(Ident::new("x", Span::call_site())).into();
    for depth in 0..20_000 {
        let delimiter = if depth % 2 == 0 { Delimiter::Parenthesis } else { Delimiter::None };
        let minus = TokenTree::Punct(Punct::new('-', Spacing::Alone));
        stream = [minus, TokenTree::Group(Group::new(delimiter, stream))].into_iter().collect();
    }
    assert_eq!(Source::read(stream).places.len(), 20_000 + 20_000 + 1);
}
