//! The two laws of shapes, names, and the mistakes that newcomers make with them: code, underlined text, and words that
//! the message or the advice must have.

use super::{Function, PRELUDE, resolve};
use crate::diagnostic::{Code, Diagnostics};
use crate::parse::parse_module;

fn resolved(text: &str) -> Result<Vec<Function>, Diagnostics> {
    let module = parse_module(text).unwrap_or_else(|errors| panic!("{text} does not parse: {errors:?}"));
    resolve(&module, text)
}

/// The shape of the last function's first output.
fn shape(text: &str) -> String {
    let functions = resolved(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = functions.last().expect("a function");
    let output = &function.outputs[0];
    let dims: Vec<String> = output.axes.iter().map(|axis| function.graph.dim_text(function.graph.dim(*axis))).collect();
    dims.join(",")
}

#[test]
fn the_prelude_resolves() {
    let functions = resolved(PRELUDE.replace("[..]", "[N, K]").as_str()).expect("the prelude is right");
    assert!(functions.len() > 12);
}

#[test]
fn whole_arrays_follow_the_law() {
    for (text, expected) in [
        ("fn f(x: [N, K], b: [K]) = x + b;", "N,K"),
        ("fn f(x: [N, K], b: [K]) = b - x;", "N,K"),
        ("fn f(x: [N, K], s) = s * x;", "N,K"),
        ("fn f(x: [N, K], y: [N, K]) = x * y;", "N,K"),
        ("fn f(x: [N, K], y: [N, 1]) = x * y;", "N,K"),
        ("fn f(x: [1, K], y: [N, 1]) = x * y;", "N,K"),
        ("fn f(x: [N, K]) = x - max(x, axis = 1, keep = true);", "N,K"),
        ("fn f(x: [N, K], w: [K, H]) = x @ w;", "N,H"),
        ("fn f(x: [N, K], w: [K]) = x @ w;", "N"),
        ("fn f(x: [K], w: [K, H]) = x @ w;", "H"),
        ("fn f(x: [K], w: [K]) = x @ w;", ""),
        ("fn f(x: [N, K]) = x.T;", "K,N"),
        ("fn f(x: [N, K]) = sum(x, axis = 0);", "K"),
        ("fn f(x: [N, K]) = prod(x, axis = 0);", "K"),
        ("fn f(x: [N, K]) { let p[n] = prod[k](x[n, k]); p }", "N"),
        ("fn f(x: [9], w: [3]) { let y[i] = sum[k](w[k] * x[i + k]); y }", "7"),
        ("fn f(x: [9], w: [3]) { let y[i] = sum[k](x[i + k] * w[k]); y }", "7"),
        ("fn f(x: [9], w: [3]) { let y[i] = sum[k](w[k] * x[i - k + 2]); y }", "7"),
        ("fn f(x: [9], y: [4]) { let z[i] = x[i + 2] * y[i]; z }", "4"),
        ("fn f(x: [9, 8], w: [3, 2]) { let y[i, j] = sum[a, b](w[a, b] * x[i + a, j + b]); y }", "7,7"),
        ("fn f(x: [9]) { let z[i] = x[8 - i]; z }", "9"),
        ("fn f(x: [9, K]) = x[1..4, ..];", "3,K"),
        ("fn f(x: [9, K]) = x[..2, ..].T;", "K,2"),
        ("fn f(x: [9, 9]) = x[0, 7..];", "2"),
        ("fn f(a: [2, K], b: [3, K]) = concat(a, b, b);", "8,K"),
        ("fn f(a: [K, 2], b: [K, 3]) = concat(a, b, axis = 1);", "K,5"),
        ("fn f(t: [V, D], index: i32[N]) { let e[n, d] = t[index[n], d]; e }", "N,D"),
        ("fn f(t: [V, D], index: i32[N, 2]) { let e[n, d] = t[index[n, 0 + 1], d]; e }", "N,D"),
        ("fn f(t: [V], k: i32) = t[k];", ""),
        ("fn g(t: [V], k: i32[N]) { let e[n] = t[k[n]]; e } fn f(t: [A], k: i32[B]) = g(t, k);", "B"),
        ("fn f(x: [N, K]) = mean(x, axis = 1);", "N"),
        ("fn f(x: [N, K]) = mean(x, axis = 1, keep = true);", "N,1"),
        ("fn f(x: [N, K]) = mean(x, keep = true);", "1,1"),
        ("fn f(x: [N, K]) = norm(x);", ""),
        ("fn f(x: [N, K]) = softmax(x);", "N,K"),
        ("fn f(x: [N, K]) = softmax(x, axis = 0);", "N,K"),
        ("fn f(x: [N, K]) = softmax(x, axis = 0, keep = true);", "N,K"),
        ("fn f(x: [B, N, K]) = logsumexp(x);", "B,N"),
        ("fn f(x: [B, N, K]) = logsumexp(x, keep = true);", "B,N,1"),
        ("fn f(x: [B, N, K]) = logsumexp(x, axis = 1, keep = true);", "B,1,K"),
        ("fn f(x: [B, N, K]) = softmax(x, axis = 0);", "B,N,K"),
        ("fn f(x: [N, K], t: [K]) = cross_entropy(softmax(x), t);", "N"),
        ("fn f(x: [N, K]) = sigmoid(x);", "N,K"),
        ("fn f(x: [N], y: [M]) = outer(x, y);", "N,M"),
        ("fn f(x: [N, N]) = diag(x) + trace(x);", "N"),
        ("fn f(x: [N, N]) = x + eye(N);", "N,N"),
        ("fn f(a, b) = [a, b, a];", "3"),
        // The indices of the prelude are its own, whatever the user's names are.
        ("const i = 2; const j = 3; fn f(x: [N], y: [M]) = i * j * outer(x, y);", "N,M"),
        ("fn f(x: [N], y: [N]) { let z[i] = x[i] * sum[j](y[j]); let i = sum(z); i * z }", "N"),
        ("fn f(x: [N, 3]) { let v[n] = x[n, 2]; v }", "N"),
        ("fn f(x: [N, K]) { let t[k, n] = x[n, k]; t }", "K,N"),
        ("fn f(x: [N]) { let m[i, j] = if i == j { x[i] } else { 0 }; m @ x }", "N"),
        ("fn f(x: [N, K], c: [N, K]) = if c > 0 { x } else { 0 };", "N,K"),
        ("fn g(a: [K]) = sum(a); fn f(x: [N, M, K]) = g(x);", "N,M"),
        ("fn g(a: [K], b: [K]) = a * b; fn f(x: [N, K], y: [K]) = g(x, y);", "N,K"),
        // Right by itself, so right for a caller whose sizes coincide.
        ("fn g(w: [N], b: [N, 2]) = b.T / w; fn f(x: [2], y: [2, 2]) = g(x, y);", "2,2"),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
}

/// Mistakes: the text, the code, what is underlined, what the message or the help says.
#[track_caller]
fn told(mistakes: &[(&str, Code, &str, &str)]) {
    for (text, code, underlined, words) in mistakes {
        let errors = resolved(text).err().unwrap_or_else(|| panic!("{text} has a mistake"));
        let error = &errors[0];
        let span = error.spans[0];
        let found = &text[span.start as usize..span.end as usize];
        let said = format!("{error}");
        assert_eq!((error.code, found), (*code, *underlined), "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
    }
}

#[test]
fn mistakes_are_told_under_their_tokens() {
    told(&[
        ("fn f(x) = sgmoid(x);", Code::UnknownFunction, "sgmoid", "did you mean `sigmoid`"),
        ("fn f(x, z) = x * y + z;", Code::UnknownName, "y", "`x`, `z`"),
        ("fn f(x, y) = exp(x, y);", Code::Arity, "exp(x, y)", "takes 1 argument, 2 given"),
        ("fn f(y) = atan2(y);", Code::Arity, "atan2(y)", "atan2(y, x)"),
        ("fn f(x, x) = x;", Code::DuplicateName, "x", "two parameters"),
        ("fn f(exp) = exp;", Code::ReservedName, "exp", "operator"),
        ("fn f(x) = x; fn f(y) = y;", Code::DuplicateName, "f", "two functions"),
        ("fn f(x) = f(x - 1);", Code::Recursion, "f(x - 1)", "calls itself"),
        ("fn f(x) { let a = b; let b = x; a + b }", Code::UnknownName, "b", "bound further down"),
        ("fn f(x) = if x > 0 { x };", Code::Syntax, "if x > 0 { x }", "no `else`"),
        ("fn f(x: [2], y: [3], c) = if c > 0 { x } else { y };", Code::Shape, "if c > 0 { x } else { y }", "fit"),
        ("fn f(x) = if x { 1 } else { 2 };", Code::Type, "x", "condition"),
        ("fn f(x) = (x > 0) * x;", Code::Type, "(x > 0) * x", "if c { 1 } else { 0 }"),
        ("fn f(x: f64, w: f32[3]) = x * sum(w);", Code::FloatType, "f32", "one float type"),
        ("fn f(x: [3], y: [4]) = x + y;", Code::Shape, "x + y", "[3] and [4]"),
        ("fn f(x: [N, D], w: [H, D]) = x @ w;", Code::Shape, "x @ w", "`w.T`"),
        ("fn f(x: [N, N]) = x / sum(x, axis = 1);", Code::AmbiguousShape, "x / sum(x, axis = 1)", "keep = true"),
        ("fn f(x: [N, K]) = sum(x, axis = 2);", Code::Axis, "2", "0 to 1"),
        ("fn f(x: [N, K]) = sigmoid(x, axis = 1);", Code::Axis, "1", "takes no argument named `axis`"),
        ("fn f(x: [N, K]) = relu(x, keep = true);", Code::Axis, "relu(x, keep = true)", "named `keep`"),
        ("fn f(x: [N, K]) = outer(x, x, axis = 0);", Code::Axis, "outer(x, x, axis = 0)", "not [N, N]"),
        ("fn g(a: [K, M]) = sum(a, axis = 0); fn f(x: [2, 3, 4]) = g(x, axis = 2);", Code::Axis, "2", "vectors"),
        ("fn g() = 3; fn f(x) = x * g(axis = 3, keep = true);", Code::Axis, "3", "vectors"),
        ("fn f(x: [N], y: [K]) = sum[i](x[i] * y[i]);", Code::Index, "y[i]", "size N elsewhere and K here"),
        ("fn f(x: [N]) = x[i] * 2;", Code::Index, "i", "let out[i]"),
        ("fn f(x: [N]) { let z[i, j] = x[i]; sum(z) }", Code::Index, "j", "nowhere on the right"),
        ("fn f(x: [N], b: [N]) { let z[i] = x[i] + b; sum(z) }", Code::Index, "x[i] + b", "do not mix"),
        ("fn f(x: [3]) = x[5];", Code::Index, "5", "0 to 2"),
        ("fn f(x, y: [N]) = sum[i](x[i] * y[i]);", Code::Index, "x[i]", "scalar"),
        ("fn f(N, x: [N]) = N * sum(x);", Code::DuplicateName, "N", "dimension"),
        ("fn f(x: [N]) { let z[N] = 2 * x[N]; sum(z) }", Code::DuplicateName, "N", "dimension"),
        ("fn f(x: [K]) = sum[exp](x[exp]);", Code::ReservedName, "exp", "operator"),
        ("fn f(x: [N]) { let N = 2; N * x }", Code::DuplicateName, "N", "dimension"),
        ("fn f(x) wrt(q) = x;", Code::Wrt, "q", "no parameter"),
        ("fn f(x, z) wrt(q) = x;", Code::Wrt, "q", "`x`, `z`"),
        ("#[cfg(test)] const A = 1; fn f(x) = A * x;", Code::Attribute, "cfg", "a constant takes no attribute"),
        ("fn f(x) -> [N] = x;", Code::Shape, "N", "the size of no parameter"),
        ("fn f(x: [N]) -> [N] = sum(x);", Code::Shape, "sum(x)", "[N]"),
        ("fn f(x) = sum[i](i);", Code::Index, "i", "not known"),
        ("fn f(x: f32) = x + 1e300;", Code::Number, "1e300", "f32"),
        ("fn f(x) = x > 0;", Code::Type, "x > 0", "condition"),
        ("fn g(x) -> (a, b) = (x, x); fn f(x) = g(x);", Code::NotSupported, "g(x)", "several outputs"),
        ("fn f(x: [N]) = x.T;", Code::Shape, "x.T", "matrix"),
        ("fn f(x) = e**x;", Code::UnknownName, "e", "exp(1)"),
    ]);
}

#[test]
fn facts_that_make_no_sense_are_told() {
    told(&[
        ("fn f(x) where sum(t) == 1 = x;", Code::Fact, "t", "no value `t`"),
        ("fn f(x, y) where x > 0, y > x, y < 0 = x * y;", Code::Fact, "y < 0", "contradicts `x > 0` and `y > x`"),
        ("fn f(a: [N, K]) where a == a.T = sum(a);", Code::Fact, "a == a.T", "[N, K] and [K, N]"),
        ("fn f(x) where h > 0 { let h = 2 * x; h }", Code::Fact, "h", "no value `h`"),
        ("fn f(x) where sum[i](i) > 0 = x;", Code::Index, "i", "not known"),
    ]);
}

#[test]
fn indices_hide_no_values() {
    told(&[
        ("fn f(i, x: [K]) = sum[i](x[i] * i);", Code::DuplicateName, "i", "a value has the same name"),
        ("fn f(x: [K]) { let i = x; sum[i](i[i]) }", Code::DuplicateName, "i", "a value has the same name"),
        ("const i = 2; fn f(x: [K]) = sum[i](x[i] * i);", Code::DuplicateName, "i", "a value has the same name"),
        ("fn f(x: [K]) { let z[x] = x[x]; sum(z) }", Code::DuplicateName, "x", "a value has the same name"),
    ]);
}

#[test]
fn conditions_are_no_numbers() {
    told(&[
        ("fn f(x, y) = sum([x, x < y]);", Code::Type, "[x, x < y]", "a condition"),
        ("fn f(x: [N]) = sum(x > 0);", Code::Type, "sum(x > 0)", "a condition"),
        ("fn f(x: [N]) = max(x > 0, keep = true);", Code::Type, "max(x > 0, keep = true)", "a condition"),
        ("fn f(x: [N]) = sum[i](x[i] > 0);", Code::Type, "sum[i](x[i] > 0)", "a condition"),
        ("fn f(x: [N]) = x @ (x > 0);", Code::Type, "x @ (x > 0)", "a condition"),
        ("fn f(x: [3]) = (x > 0)[1];", Code::Type, "(x > 0)[1]", "a condition"),
        ("fn f(x, y) = [x, y][2];", Code::Index, "2", "0 to 1"),
    ]);
}

#[test]
fn one_name_means_one_thing() {
    told(&[
        ("fn f(x: [N, N]) = sum(x, axis = 0, axis = 1);", Code::DuplicateName, "axis", "given twice"),
        ("fn f(x: [exp]) = sum(x);", Code::ReservedName, "exp", "for this dimension"),
        ("fn f(x) -> (exp) = x;", Code::ReservedName, "exp", "for this output"),
        ("fn f(x) -> (x) = x * x;", Code::DuplicateName, "x", "an output and a parameter"),
        ("const A: [3] = 1; fn f(x) = x;", Code::Shape, "[3]", "a scalar"),
        ("const A: String = 1; fn f(x) = x;", Code::Type, "String", "`f64` or `f32`"),
        ("const A = x; fn f(x) = A * x;", Code::UnknownName, "x", "no value `x`"),
        ("const A = q; fn f(x) = x;", Code::UnknownName, "q", "no value `q`"),
        ("const A = 1 + B; const B = A; fn f(x) = x;", Code::Recursion, "B", "B -> A -> B"),
    ]);
    // A constant has no parameters, and a callee has its own.
    let errors = resolved("const A = q; fn f(x) = A * x;").expect_err("no `q`");
    assert_eq!(errors[0].help, None);
    for text in ["fn g(a) = q; fn f(x) = g(x);", "fn g(a) { let q1 = q; let q = a; q1 + q } fn f(x) = g(x) + g(2 * x);"]
    {
        let errors = resolved(text).expect_err("no `q`");
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let errors = resolved("fn f(x) = a + b; fn g(x) = sgmoid(x);").expect_err("three mistakes");
    assert_eq!(errors.len(), 3, "{errors:?}");
    let errors = resolved("fn f(x: [3, 3]) = sum(eye[i](3) + x);").expect_err("one mistake");
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn unused_names_are_warnings() {
    let functions = resolved("fn f(x) { let a = x; let _b = x; let c = 2; let c = c + x; c }").expect("no mistake");
    let said: Vec<&str> = functions[0].warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(said, ["`a` is never used"]);
}

#[test]
fn facts_are_kept() {
    let functions = resolved("fn f(t: [N, K], x) where sum(t, axis = 1) == 1, x > 0 = x * sum(t);").expect("sense");
    let facts: Vec<&str> = functions[0].facts.iter().map(|fact| fact.text.as_str()).collect();
    assert_eq!(facts, ["sum(t, axis = 1) == 1", "x > 0"]);
    assert!(functions[0].facts.iter().all(|fact| !fact.used));
    let functions = resolved("fn f(x) where x > 0 { let x = -2 * x; x }").expect("a `let` may hide a parameter");
    let function = &functions[0];
    let compared = function.graph.operands(function.facts[0].statement.node).next().map(|operand| operand.node);
    assert_eq!(compared, Some(function.parameters[0].node), "the fact is about the parameter");
}

#[test]
fn calls_do_not_unfold_without_end() {
    // Each function calls the one before twice with the same argument: shared, not doubled.
    let mut text = String::from("fn f0(x) = sin(x);");
    for number in 1..200 {
        text.push_str(&format!("fn f{number}(x) = f{0}(x) * f{0}(x);", number - 1));
    }
    let functions = resolved(&text).expect("no mistake");
    assert!(functions.last().expect("a function").graph.len() < 250);
    // With two different arguments each, it is truly too large: an error, not a hang.
    let mut text = String::from("fn f0(x) = sin(x);");
    for number in 1..40 {
        text.push_str(&format!("fn f{number}(x) = f{0}(x + {number}) * f{0}(x * 2.5);", number - 1));
    }
    let module = parse_module(&text).expect("parses");
    let by_name = module.functions.iter().map(|function| (function.name.text.as_str(), function)).collect();
    let mut machine = super::machine::Machine::new(&module, &by_name, &text, 39);
    machine.budget = 100_000;
    assert_eq!(machine.run().expect_err("too large")[0].code, Code::TooLarge);
}

#[test]
fn positions_that_are_none_are_told() {
    told(&[
        ("fn f(x: [N]) = x[1..2];", Code::NotSupported, "1..2", "the dimension `N`"),
        ("fn f(x: [N]) { let z[i] = x[i + 1]; sum(z) }", Code::NotSupported, "i + 1", "state the array's size"),
        ("fn f(x: [9], w: [K]) { let z[i] = sum[k](w[k] * x[i + k]); z }", Code::NotSupported, "i + k", "size `K`"),
        ("fn f(x: [9]) { let z[i] = x[i + 1] - x[i]; z }", Code::Index, "i + 1", "positions 1 to 9"),
        ("fn f(x: [9], y: [3]) { let z[i] = x[i - 1] * y[i]; z }", Code::Index, "i - 1", "positions -1 to 1"),
        ("fn f(x: [9]) { let z[i] = x[i + 9]; z }", Code::Index, "i", "not known"),
        ("fn f(x: [9]) { let z[i] = x[2 * i]; z }", Code::Index, "2 * i", "sum of indices"),
        ("fn f(x: [9], y: [9]) { let z[i] = x[y[i]]; z }", Code::Index, "y[i]", "integer input"),
        ("fn f(x: [9], y) = x[y];", Code::Index, "y", "integer input"),
        ("fn f(x: [3]) = x[1..4];", Code::Index, "4", "size 3"),
        ("fn f(x: [3]) = x[2..2];", Code::Index, "2..2", "no elements"),
        ("fn f(x: [3], k) = x[k..];", Code::Index, "k", "whole numbers"),
        ("fn f(x: [3, 3]) { let z[i] = x[i, 1..]; z }", Code::Index, "x[i, 1..]", "mix"),
        ("fn f(x: [N], k: i32[N]) = sum(x * k);", Code::Type, "x * k", "`k` is an integer input"),
        ("fn f(x: [N], k: i32[N]) = sum(k);", Code::Type, "sum(k)", "`k` is an integer input"),
        ("fn f(x: [N], k: i32[N]) = k;", Code::Type, "k", "`k` is an integer input"),
        ("fn f(x: [N], k: i32[N]) wrt(k) = sum(x);", Code::Wrt, "k", "no derivative"),
        ("fn f(x: [N], k: i32[N]) = sum(x[k]);", Code::Index, "k", "x[index[n]]"),
        ("fn f(x: [N], k: u8[N]) = sum(x);", Code::Type, "u8", "f64"),
        ("fn f(x: [N], k: u32[N]) = sum(x);", Code::NotSupported, "u32", "`i32`"),
        ("fn f(x) -> i32 = x;", Code::Type, "i32", "a value is a float"),
        ("fn f(a: [2, 3], b: [2, 4]) = concat(a, b);", Code::Shape, "concat(a, b)", "[2, 3] and [2, 4]"),
        ("fn f(a, b) = concat(a, b);", Code::Shape, "concat(a, b)", "[a, b]"),
        ("fn f(a: [2], b: [2]) = concat(a, b, axis = 1);", Code::Axis, "1", "only axis is 0"),
        ("fn f(a: [N], b: [N]) = sum(concat(a, b));", Code::NotSupported, "concat(a, b)", "dimension `N`"),
    ]);
}
