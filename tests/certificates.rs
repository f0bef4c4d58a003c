//! `derive --certificate` and `verify`, as other programs call them: what they write, say and return.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A formula whose closed forms the simplifier's own tests state; here the forms do not matter.
#[expect(dead_code)]
struct Row {
    name: &'static str,
    text: &'static str,
    order: u8,
    upstream: bool,
    forms: &'static [(&'static str, usize)],
}

#[path = "../compiler/src/simplify/tests/forms/rows.rs"]
mod rows;

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule")).args(arguments).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A file of this test's own.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"))
}

fn certificate(name: &str, arguments: &[&str]) -> PathBuf {
    let path = file(name);
    let text = path.to_string_lossy().into_owned();
    let (status, _, error) = run(&[&["derive"], arguments, &["--certificate", &text]].concat());
    assert_eq!((status, error.as_str()), (0, ""), "{arguments:?}");
    path
}

fn verify(path: &Path) -> (i32, String, String) {
    run(&["verify", &path.to_string_lossy()])
}

#[test]
fn a_small_certificate() {
    let path = certificate("sigmoid", &["1/(1 + exp(-x))"]);
    insta::assert_snapshot!(fs::read_to_string(&path).expect("it was written"));
    insta::assert_snapshot!(verify(&path).1);
    let (status, out, _) = run(&["verify", &path.to_string_lossy(), "--format", "json"]);
    assert_eq!(status, 0);
    let told: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(told["verified"], true);
}

#[test]
fn every_format_writes_the_same_certificate() {
    let text = certificate("text", &["x**2 * y", "--order", "2"]);
    let json = certificate("json", &["x**2 * y", "--order", "2", "--format", "json"]);
    assert_eq!(fs::read(text).expect("it was written"), fs::read(json).expect("it was written"));
}

#[test]
fn certificates_of_the_formulas_of_this_repository() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/derive");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the formulas are here")
        .filter_map(|entry| entry.ok()?.file_name().to_string_lossy().strip_suffix(".chainrule").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() > 20);
    // Integer inputs have none, and say so.
    let (status, _, error) = run(&["derive", "@tests/derive/embedding.chainrule", "--certificate", "none.json"]);
    assert!(status == 2 && error.contains("an integer input, `index`, is not supported yet"), "{error}");
    for name in names.into_iter().filter(|name| name != "embedding") {
        let path = certificate(&format!("of_{name}"), &[&format!("@tests/derive/{name}.chainrule")]);
        let (status, _, error) = verify(&path);
        assert_eq!((status, error.as_str()), (0, ""), "{name}");
    }
}

/// Every row at first and at second order, where it has one: the steps lead to each closed form, and a step to a second
/// derivative says what it differentiates.
#[test]
fn certificates_of_closed_forms() {
    let mut differentiated = 0;
    for (place, row) in rows::ROWS.iter().enumerate() {
        let asked: &[&[&str]] =
            if row.upstream { &[&["--upstream", "g"]] } else { &[&["--order", "1"], &["--order", "2"]] };
        for (number, asked) in asked.iter().enumerate() {
            let path = certificate(&format!("form_{place}_{number}"), &[&[row.text], *asked].concat());
            let (status, _, error) = verify(&path);
            assert_eq!((status, error.as_str()), (0, ""), "{} {asked:?}", row.name);
            let written = fs::read_to_string(&path).expect("it was written");
            assert!(!written.contains("\"rule\":\"unlogged\""), "{} {asked:?}: a step is missing", row.name);
            differentiated += usize::from(written.contains("\"differentiates\":{"));
        }
    }
    assert!(differentiated > 30, "{differentiated}");
}

/// Formulas as they stand in textbooks, with the shapes of their inputs and what else is asked.
const TEXTBOOK: &[&[&str]] = &[
    &["exp(-x**2/2)"],
    &["(exp(x) - exp(-x))/(exp(x) + exp(-x))", "--order", "2"],
    &["2/(1 + exp(-2*x)) - 1", "--order", "2"],
    &["sqrt(x)", "--order", "2"],
    &["log(1 + exp(x))", "--order", "2"],
    &["x/(1 + exp(-x))", "--order", "2"],
    &["x**y", "--order", "2"],
    &["gelu(x)"],
    &["x - 1 - log(x)", "--order", "2"],
    &["let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s))", "--order", "2"],
    &["exp(x) - t*x", "--order", "2"],
    &["let s = exp(a) + exp(b) + exp(c); -(t1*log(exp(a)/s) + t2*log(exp(b)/s) + t3*log(exp(c)/s))"],
    &["fn f(a, b, c, t1, t2, t3) wrt(a, b, c) where t1 + t2 + t3 == 1 { let s = exp(a) + exp(b) + exp(c); \
         -(t1*log(exp(a)/s) + t2*log(exp(b)/s) + t3*log(exp(c)/s)) }"],
    &["fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t*log(exp(a)/sum(exp(a))));"],
    &["fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 = -sum(t*log(softmax(a)))/N;"],
    &["fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 { let m[n] = max[k](a[n, k]); \
         let e[n, k] = exp(a[n, k] - m[n]); let p[n, k] = e[n, k]/sum[j](e[n, j]); -sum[n, k](t[n, k]*log(p[n, k]))/N }"],
    &["fn f(x: [N, D], w1: [D, H], b1: [H], w2: [H, K], b2: [K], t: [N, K]) wrt(w1, b1, w2, b2) \
         where sum(t, axis = 1) == 1 { let h = relu(x @ w1 + b1); let y = softmax(h @ w2 + b2); -sum(t*log(y))/N }"],
    &[
        "fn f(x: [N, D], w1: [D, H], b1: [H], w2: [H, K], b2: [K], t: [N, K]) wrt(w1, b1, w2, b2) \
         where sum(t, axis = 1) == 1 { let h = relu(x @ w1 + b1); let y = softmax(h @ w2 + b2); -sum(t*log(y))/N }",
        "--order",
        "2",
    ],
    &["@tests/derive/two_layers.chainrule", "--order", "2"],
    &["log(sum(exp(a)))", "--shape", "a=K", "--order", "2"],
    &["let m = max(a); m + log(sum(exp(a - m)))", "--shape", "a=K", "--order", "2"],
    &["softmax(a)", "--shape", "a=K", "--upstream", "g"],
    &["x @ w + b", "--shape", "x=N,D", "--shape", "w=D,H", "--shape", "b=H", "--upstream", "g"],
    &["sqrt(sum(x**2))", "--shape", "x=D"],
    &["sum((x @ w - t)**2)/2", "--shape", "x=N,D", "--shape", "w=D", "--shape", "t=N", "--wrt", "w", "--order", "2"],
    &["sum(x * (a @ x))", "--shape", "x=D", "--shape", "a=D,D", "--wrt", "x", "--order", "2"],
    &["sum(log(1 + exp(-t * (x @ w))))", "--shape", "x=N,D", "--shape", "w=D", "--shape", "t=N", "--wrt", "w"],
    &["fn f(a: [D]) { let id[i, j] = if i == j { 1 } else { 0 }; sum(id @ a * a) }", "--order", "2"],
    &["fn n1(n2, n3) -> (n4, v5) = (n2 * n3, n2 / n3);"],
];

#[test]
fn certificates_of_textbook_formulas() {
    for (place, arguments) in TEXTBOOK.iter().enumerate() {
        let path = certificate(&format!("textbook_{place}"), arguments);
        let (status, _, error) = verify(&path);
        assert_eq!((status, error.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn what_is_not_so_is_refused_and_what_is_no_certificate_is_an_error() {
    let path = certificate("tampered", &["1/(1 + exp(-x))"]);
    let text = fs::read_to_string(&path).expect("it was written");
    let refusals = [
        ("\"to\":\"y*(1 - y)\"", "\"to\":\"y*(1 + y)\"", 1, "step 1 (fold back)"),
        ("\"formula\":\"y*(1 - y)\"", "\"formula\":\"y*(2 - y)\"", 1, "derivative 1 (gradient of y by x)"),
        ("\"formula\":\"exp(n1)\"", "\"formula\":\"sin(n1)\"", 1, "output `y`"),
        ("\"digest\":", "\"checksum\":", 2, "has no field `digest`"),
        ("\"steps\":", "\"steps\": 3, \"more\":", 2, "is of another type"),
        ("\"formula\": \"1/(1 + exp(-x))\"", "\"formula\": \"1/(1 + exp(-x)\"", 2, "is no certificate: the formula: "),
        (
            "\"formula\": \"1/(1 + exp(-x))\"",
            "\"formula\": \"sum(x, axis = 1)\"",
            2,
            "is no certificate: the formula: ",
        ),
        ("\"wrt\": null", "\"wrt\": [\"q\"]", 2, "is no certificate: the request: `q` is no input"),
    ];
    for (old, new, expected, said) in refusals {
        assert!(text.contains(old), "{old}");
        fs::write(&path, text.replace(old, new)).expect("it can be written");
        let (status, out, error) = verify(&path);
        assert_eq!((status, out.as_str()), (expected, ""), "{error}");
        assert!(error.contains(said), "{error}");
    }
    let nested = format!("{{\"schema\": {}", "[".repeat(100_000));
    let long = text.replace("\"order\":", "\"order\": 1e999,\"more\":");
    let other = text.replace("\"schema\": 1", "\"schema\": 7");
    let malformed = [
        ("", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{\"schema\": 2}", "not a certificate of schema 1"),
        (other.as_str(), "not a certificate of schema 1"),
        ("fn f(x) = x;", "is not JSON: expected ident at line 1 column 2"),
        (nested.as_str(), "recursion limit exceeded at line 1"),
        (long.as_str(), "number out of range at line"),
    ];
    for (content, said) in malformed {
        fs::write(&path, content).expect("it can be written");
        let (status, out, error) = verify(&path);
        assert!(status == 2 && out.is_empty() && error.contains(said), "{status}: {error}");
    }
    for end in (0..text.trim_end().len()).step_by(97) {
        fs::write(&path, &text[..end]).expect("it can be written");
        let (status, out, error) = verify(&path);
        assert!(status == 2 && out.is_empty() && error.contains("is not JSON"), "{end}: {status}: {error}");
    }
    fs::write(&path, [&text.as_bytes()[..40], b"\xff"].concat()).expect("it can be written");
    assert_eq!(verify(&path).0, 2);
    let (status, _, error) = run(&["verify", "/nowhere/at/all.json", "--format", "json"]);
    assert!(status == 2 && error.starts_with("{\"error\":"), "{status}: {error}");
}
