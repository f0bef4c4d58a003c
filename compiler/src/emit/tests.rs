//! What `grad!` promises of the items it leaves: which there are, what they take from the user's attributes, whose
//! tokens they stand under. That their numbers are right is tested where they are compiled and run.

use std::cell::RefCell;

use proc_macro2::{Span as TokenSpan, TokenStream, TokenTree};

use super::emit_block;
use crate::diagnostic::{Code, Diagnostics, Span};

fn emitted(text: &str) -> Result<TokenStream, Diagnostics> {
    emit_block(text, "::facade".parse().expect("a path"), &|_| TokenSpan::call_site())
}

#[track_caller]
fn items(text: &str) -> TokenStream {
    emitted(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// All tokens that are no groups, in order; delimiters are left out.
fn flat(tokens: TokenStream) -> Vec<String> {
    let mut out = Vec::new();
    let mut streams = vec![tokens.into_iter()];
    while let Some(stream) = streams.last_mut() {
        match stream.next() {
            Some(TokenTree::Group(group)) => streams.push(group.stream().into_iter()),
            Some(other) => out.push(other.to_string()),
            None => {
                streams.pop();
            }
        }
    }
    out
}

/// The names behind a keyword, sorted.
fn named(tokens: &TokenStream, keyword: &str) -> Vec<String> {
    let flat = flat(tokens.clone());
    let mut names: Vec<String> =
        flat.windows(2).filter(|pair| pair[0] == keyword).map(|pair| pair[1].clone()).collect();
    names.sort();
    names
}

/// The attributes in front of each item of a stream: `fn f`, `mod f`, `struct Gradient`, and what is between `#[` and `]`.
fn attributes(tokens: TokenStream) -> Vec<(String, Vec<String>)> {
    let (mut found, mut pending) = (Vec::new(), Vec::new());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            (TokenTree::Punct(mark), Some(TokenTree::Group(group))) if mark.as_char() == '#' => {
                pending.push(group.stream().to_string().replace(' ', ""));
            }
            (TokenTree::Ident(word), Some(TokenTree::Ident(name)))
                if ["fn", "mod", "struct"].contains(&word.to_string().as_str()) =>
            {
                found.push((format!("{word} {name}"), std::mem::take(&mut pending)));
            }
            (TokenTree::Ident(word), _) if *word == "impl" => pending.clear(),
            _ => {}
        }
    }
    found
}

/// What stands between the braces of the one module.
fn module(tokens: &TokenStream) -> TokenStream {
    let mut tokens = tokens.clone().into_iter().skip_while(|token| token.to_string() != "mod");
    let body = tokens.find_map(|token| if let TokenTree::Group(group) = token { Some(group.stream()) } else { None });
    body.expect("a module")
}

#[test]
fn attributes_choose_what_is_emitted() {
    for (attribute, inputs, functions) in [
        (
            "",
            "x",
            "f backward derivative forward from_array gradient to_array value value_and_derivative value_and_gradient",
        ),
        ("", "x, y", "f backward forward from_array gradient to_array value value_and_gradient"),
        ("#[emit(gradient)]", "x, y", "f backward forward from_array gradient to_array value value_and_gradient"),
        (
            "#[emit(hessian)]",
            "x, y",
            "f backward forward from_array gradient hessian to_array value value_and_gradient",
        ),
        ("#[emit(only(value))]", "x", "f value"),
        ("#[emit(only(gradient), unchecked)]", "x, y", "f from_array gradient to_array value"),
        ("#[emit(only(hessian))]", "x", "f hessian value"),
        ("#[emit(only(gradient))]", "x, y", "f from_array gradient to_array value"),
        ("#[emit(only(derivative))]", "x", "f derivative from_array gradient to_array value"),
        ("#[emit(only(forward, backward))]", "x", "f backward forward from_array to_array value"),
        ("#[emit(only(gradient,),)] #[emit(module = m)]", "x, y", "f from_array gradient to_array value"),
    ] {
        let tokens = items(&format!("{attribute} fn f({inputs}) = x * x;"));
        let mut expected: Vec<&str> = functions.split(' ').collect();
        expected.sort_unstable();
        assert_eq!(named(&tokens, "fn"), expected, "{attribute}");
        let wants_gradient = functions.contains("to_array");
        assert_eq!(named(&tokens, "struct").contains(&"Gradient".to_owned()), wants_gradient, "{attribute}");
        let module = if attribute.contains("module") { "m" } else { "f" };
        assert_eq!(named(&tokens, "mod"), [module]);
    }
}

#[test]
fn attributes_go_where_they_mean_something() {
    let text = "#[cfg(test)] #[deprecated(note = \"n\")] #[must_use = \"m\"] #[doc(hidden)] #[cfg_attr(a, deny(b))]
                #[emit(hessian)] pub fn f(x) = x * x;";
    let tokens = items(text);
    let outer = attributes(tokens.clone());
    let names: Vec<&str> = outer.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["fn f", "mod f"]);
    let shared = ["cfg(test)", "deprecated(note=\"n\")", "doc(hidden)", "cfg_attr(a,deny(b))"];
    for (name, found) in &outer {
        assert!(shared.iter().all(|wanted| found.iter().any(|one| one == wanted)), "{name}: {found:?}");
        assert_eq!(found.contains(&"must_use=\"m\"".to_owned()), name == "fn f", "{name}: {found:?}");
    }
    // Every result of the module is one that must be used; nothing else of the user's stands inside.
    for (name, found) in attributes(module(&tokens)) {
        assert_eq!(found.contains(&"must_use=\"m\"".to_owned()), name.starts_with("fn "), "{name}: {found:?}");
        assert!(shared.iter().all(|wanted| !found.iter().any(|one| one == wanted)), "{name}: {found:?}");
    }
    let docs = attributes(items("/// One.\n/// Two.\n#[doc = include_str!(\"three\")] fn f(x) = x;"));
    let docs = docs[0].1.iter().filter(|attribute| attribute.starts_with("doc=")).map(String::as_str);
    assert_eq!(docs.take(3).collect::<Vec<_>>(), ["doc=\"One.\"", "doc=\"Two.\"", "doc=include_str!(\"three\")"]);
}

#[test]
fn documentation_shows_the_formulas() {
    let tokens = items("/// Mine.\n#[emit(hessian)] fn f(x, z) = sin(x) * z;");
    let all = [attributes(tokens.clone()), attributes(module(&tokens))].concat();
    let value = "\ndoc=\"y=";
    let gradient = "∂y/∂x=";
    for (item, words) in [
        ("fn f", &["Mine.", value, gradient][..]),
        ("mod f", &["Derivativesof", value, gradient]),
        ("fn value", &[value]),
        ("fn gradient", &[value, gradient]),
        ("fn value_and_gradient", &[value, gradient]),
        ("fn forward", &[value]),
        ("fn backward", &[value, "z\\u{304}=upstream·"]),
        ("fn hessian", &[value, "∂²y/∂x²=", "∂²y/∂x∂z=", "∂²y/∂z²=0"]),
    ] {
        let (_, found) = all.iter().find(|(name, _)| name == item).expect(item);
        let text = found.join("\n");
        assert!(words.iter().all(|word| text.contains(word)), "{item}: {text}");
        // A formula is no Markdown: `x[i]` would be a link.
        assert_eq!(text.matches("```").count(), 2, "{item}: {text}");
    }
}

#[test]
fn wrong_attributes_are_told_under_their_words() {
    for (attributes, underlined, words) in [
        ("#[emit(foo)]", "foo", "nothing that `emit` knows"),
        ("#[emit(hessian = true)]", "hessian = true", "nothing that `emit` knows"),
        ("#[emit(only(gradient, foo))]", "foo", "nothing that `emit` knows"),
        ("#[emit]", "#[emit]", "takes a list"),
        ("#[emit = \"hessian\"]", "#[emit = \"hessian\"]", "takes a list"),
        ("#[emit(hessian, hessian)]", "hessian", "twice"),
        ("#[emit(hessian)] #[emit(hessian)]", "hessian", "twice"),
        ("#[emit(only(gradient, gradient))]", "gradient", "twice"),
        ("#[emit(only(gradient), only(hessian))]", "only(hessian)", "twice"),
        ("#[emit(only(gradient), hessian)]", "hessian", "write it inside"),
        ("#[emit(hessian)] #[emit(only(gradient))]", "hessian", "write it inside"),
        ("#[emit(only())]", "only()", "only(value)"),
        ("#[emit(module = fn)]", "fn", "name of a module"),
        ("#[emit(module = a, module = b)]", "b", "twice"),
        ("#[emit(unchecked, unchecked)]", "unchecked", "twice"),
        ("#[emit(unchecked)] #[emit(unchecked)]", "unchecked", "twice"),
        ("#[emit(unchecked = true)]", "unchecked = true", "nothing that `emit` knows"),
        ("#[emit(derivative)]", "derivative", "write `gradient`"),
        ("#[inline]", "inline", "no attribute of a formula"),
        ("#[expect(dead_code)]", "expect", "write `allow`"),
        ("#[cfg_attr(a, deprecated, inline)]", "inline", "no attribute of a formula"),
        ("#[emit::hessian]", "emit::hessian", "no attribute of a formula"),
    ] {
        let text = format!("{attributes} fn f(x, y) = x * y;");
        let errors = emitted(&text).expect_err(&text);
        let [error] = errors.as_slice() else { panic!("{text}: {errors:?}") };
        let span = error.spans[0];
        assert_eq!(&text[span.start as usize..span.end as usize], underlined, "{text}: {error}");
        assert_eq!(error.code, Code::Attribute, "{text}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    let errors = emitted("#[emit(pushforward)] fn f(x) = x;").expect_err("not there yet");
    assert_eq!(errors[0].code, Code::NotSupported);
}

#[test]
fn modules_have_names_of_their_own() {
    let text = "#[emit(module = g)] fn f(x) = x; fn g(x) = x;";
    let errors = emitted(text).expect_err("two modules `g`");
    assert_eq!((errors.len(), errors[0].code), (1, Code::DuplicateName));
    // Which of them is there, rustc knows.
    let text = "#[cfg(a)] #[emit(module = m)] fn f(x) = x; #[cfg(not(a))] #[emit(module = m)] fn g(x) = x;";
    assert_eq!(named(&items(text), "mod"), ["m", "m"]);
}

#[test]
fn all_mistakes_of_a_block_are_told_in_order() {
    let text = "#[emit(batch)] fn a(x) = x; #[emit(foo)] fn b(x) = x; fn c() = 1; \
                #[emit(jacobian)] fn d(x: [N]) -> (u, v) { (x, x) }";
    let errors = emitted(text).expect_err("four mistakes");
    let codes: Vec<Code> = errors.iter().map(|error| error.code).collect();
    assert_eq!(codes, [Code::NotSupported, Code::Attribute, Code::Derivative, Code::NotSupported]);
    assert!(errors.is_sorted_by_key(|error| error.spans[0]));
}

#[test]
fn names_stand_under_the_users_tokens() {
    let text = "#[emit(module = other)] #[deprecated] fn square(length) = length * length;";
    let asked = RefCell::new(Vec::new());
    let spans = |place: Span| {
        asked.borrow_mut().push(text[place.start as usize..place.end as usize].to_owned());
        TokenSpan::call_site()
    };
    emit_block(text, "facade".parse().expect("a path"), &spans).expect("no mistake");
    let asked = asked.into_inner();
    for name in ["other", "deprecated", "square", "length"] {
        assert!(asked.iter().any(|place| place == name), "{name}: {asked:?}");
    }
    assert!(
        asked.iter().all(|place| ["other", "deprecated", "square", "length"].contains(&place.as_str())),
        "{asked:?}"
    );
}

#[test]
fn emitted_code_is_safe_and_calls_only_the_facade() {
    let text = "fn f(x, y) = if x > y { sqrt(x)**3 + log(y) } else { x**y * sin(x) / tanh(y) + max(x, y) + floor(x) };";
    let words = flat(items(text));
    for forbidden in ["unsafe", "Box", "Vec", "String", "std", "alloc", "vec", "panic", "unwrap"] {
        assert!(!words.iter().any(|word| word == forbidden), "{forbidden}");
    }
    let text = words.join(" ").replace(" : : ", "::");
    let paths: Vec<&str> = text.split(' ').filter(|word| word.contains("::")).collect();
    let facade = paths.iter().filter(|path| path.contains("facade::math::")).count();
    assert!(facade > 10, "{paths:?}");
    let allowed = |path: &&str| ["::facade::math::", "clippy::", "f::value"].iter().any(|start| path.contains(start));
    assert!(paths.iter().all(allowed), "{paths:?}");
}

#[test]
fn what_rustc_cannot_compile_is_refused() {
    // Each step is a value that the next two read: none can be written where it is used.
    let steps = |count: usize| {
        let lines: String = (1..count).map(|step| format!("let a{step} = sin(a{}) * a{0};", step - 1)).collect();
        format!("fn f(a0) {{ {lines} a{} }}", count - 1)
    };
    assert!(emitted(&steps(100)).is_ok());
    assert_eq!(emitted(&steps(4000)).expect_err("too long")[0].code, Code::TooLarge);
}

/// The fields of `Saved` of a function of views, but for its sizes.
fn saved(text: &str) -> Vec<String> {
    let flat = flat(items(text));
    let start = flat.windows(2).position(|pair| pair == ["struct", "Saved"]).expect("a layer");
    let fields: Vec<&[String]> = flat[start + 2..].split(|token| token == ",").collect();
    let own = |field: &&&[String]| field.first().is_some_and(|name| name.starts_with('s') && name != "sizes");
    fields.iter().skip(1).take_while(own).map(|field| field[2..].concat().replace("::std::vec::", "")).collect()
}

#[test]
fn layers_save_the_least() {
    for (text, expected) in [
        ("fn affine(x: [D], w: [D, K], b: [K]) -> [K] = x @ w + b;", &[][..]),
        ("fn affine(x: [N, D], w: [D, K], b: [K]) -> [N, K] = x @ w + b;", &[]),
        // The mask.
        ("fn rectifier(x: [N, K]) = relu(x);", &["Vec<bool>"]),
        // The value, and not its exponential.
        ("fn logistic(x: [N, K]) = sigmoid(x);", &["Vec<f64>"]),
        ("fn probabilities(a: [N, K]) = softmax(a);", &["Vec<f64>"]),
        // −t/y is made of inputs.
        ("fn entropy(y: [N, K], t: [N, K]) wrt(y) = -sum(t * log(y)) / N;", &[]),
        // The probabilities, and not the exponentials.
        (
            "fn loss(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 = -sum(t * log(softmax(a))) / N;",
            &["Vec<f64>"],
        ),
        // y − t.
        ("fn squares(y: [N, K], t: [N, K]) wrt(y) = sum((y - t)**2) / 2;", &["Vec<f64>"]),
    ] {
        assert_eq!(saved(text), expected, "{text}");
    }
}
