//! The computational graphs of the text that chainrule started from: what flows forward and, in red, what flows back, as
//! Mermaid. The numbers are those of the text.

use std::process::Command;

fn graph(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
    let output = command.arg("graph").args(arguments).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The labels on the red arrows, in order; invisible links count in their numbers.
fn flows(picture: &str) -> Vec<&str> {
    let arrows: Vec<&str> = picture.lines().filter(|line| line.contains("-->") || line.contains("~~~")).collect();
    let style = picture.lines().find(|line| line.contains("linkStyle")).expect("something flows back");
    let places = style.split_whitespace().nth(1).unwrap_or_default().split(',');
    places.map(|place| arrows[place.parse::<usize>().expect("a place")].split('"').nth(1).unwrap_or_default()).collect()
}

fn snapshots() -> impl Drop {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("pictures");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind_to_scope()
}

/// A label as it is read.
fn read(label: &str) -> String {
    let mut text = label.replace("<br>", " ");
    for c in "#_-+*()[];".chars() {
        text = text.replace(&format!("#{};", u32::from(c)), &c.to_string());
    }
    text
}

#[test]
fn pictures_carry_the_numbers_of_the_text() {
    let _guard = snapshots();
    for (name, formula, at, expected) in [
        ("walnut", "walnut * count * tax", "walnut=100,count=2,tax=1.1", &["1", "1.1", "200", "2.2", "110"][..]),
        (
            "walnuts_and_pistachios",
            "(walnut_count * walnut + pistachio * pistachio_count) * tax",
            "walnut_count=2,walnut=100,pistachio=150,pistachio_count=3,tax=1.1",
            &["1", "1.1", "650", "1.1", "1.1", "165", "3.3", "110", "2.2"],
        ),
        ("square_of_sum", "(x + y)**2", "x=1,y=2", &["1", "6", "6", "6"]),
        ("addition", "x + y", "x=10,y=5", &["1", "1", "1"]),
        ("multiplication", "x * y", "x=10,y=5", &["1", "5", "10"]),
        ("reciprocal", "1 / x", "x=4", &["1", "-0.0625"]),
        ("exponential", "exp(x)", "x=0", &["1", "1"]),
        // y = 1/2: -y², then the same times exp(-x) = 1, then y²·exp(-x).
        ("sigmoid", "1 / (1 + exp(-x))", "x=0", &["1", "-0.25", "-0.25", "-0.25", "0.25"]),
        ("relu_on", "if x > 0 { x } else { 0 }", "x=3", &["1", "1"]),
        ("relu_off", "if x > 0 { x } else { 0 }", "x=-2", &["1", "0"]),
    ] {
        let picture = graph(&[formula, "--at", at]);
        let mut found: Vec<String> = flows(&picture).into_iter().map(read).collect();
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{formula}\n{picture}");
        insta::assert_snapshot!(name, picture, &format!("{formula} at {at}"));
    }
}

const AFFINE: &str = "fn affine(x: [N, 2], w: [2, 3], b: [3]) -> [N, 3] = x @ w + b;";

const SOFTMAX_WITH_LOSS: &str =
    "fn loss(a: [3], t: [3]) wrt(a) where sum(t) == 1 { let y = softmax(a); cross_entropy(y, t) }";

const DIGITS: &str =
    "fn loss(x: f32[N, 784], w1: f32[784, 50], b1: f32[50], w2: f32[50, 10], b2: f32[10], t: f32[N, 10])
    wrt(w1, b1, w2, b2) where sum(t, axis = 1) == 1
{
    let h = sigmoid(x @ w1 + b1);
    let y = softmax(h @ w2 + b2);
    -sum(t * log(y)) / N
}";

/// The layers of the text: a product is a node `dot`, a layer one node, shapes stand at the edges, and what flows back is
/// written in terms of what flows in.
#[test]
fn pictures_of_arrays_look_as_the_text_draws_them() {
    let _guard = snapshots();
    let vector = ["x @ w + b", "--shape", "x=2", "--shape", "w=2,3", "--shape", "b=3", "--upstream", "g"];
    let numbers = ["--at", "x=[1,2],w=[[1,2,3],[4,5,6]],b=[0.25,1.23456,1234.56],g=[1,0.5,-1]"];
    let with_numbers = [&vector[..], &numbers[..]].concat();
    for (name, arguments, expected) in [
        ("affine", &vector[..], &["g [3]", "g [3]", "g [3]", "w·g [2]", "outer(x, g) [2, 3]"][..]),
        ("affine_numbers", &with_numbers, &["[1, 0.5, -1]", "[-1, 0.5]", "[[1, 0.5, -1], [2, 1, -2]]"]),
        ("affine_batch", &[AFFINE, "--upstream", "g"], &["sum(g, axis = 0) [3]", "g·wᵀ [N, 2]", "xᵀ·g [2, 3]"]),
        ("softmax_with_loss", &[SOFTMAX_WITH_LOSS], &["−(t/y) [3]", "y − t [3]"]),
        ("softmax_with_loss_expanded", &[SOFTMAX_WITH_LOSS, "--expand"], &["−t [3]", "d1 = −(t/y) [3]"]),
        (
            "digits",
            &[DIGITS],
            &[
                "d1 = (y − t)/N [N, 10]",
                "sum(d1, axis = 0) [10]",
                "hᵀ·d1 [50, 10]",
                "d2 = d1·w2ᵀ [N, 50]",
                "d3 = h ⊙ d2 ⊙ (1 − h) [N, 50]",
                "sum(d3, axis = 0) [50]",
                "xᵀ·d3 [784, 50]",
            ],
        ),
    ] {
        let picture = graph(arguments);
        let found: Vec<String> = flows(&picture).into_iter().map(read).collect();
        for label in expected {
            assert!(found.iter().any(|other| other == label), "{name}: {label}\n{found:?}");
        }
        insta::assert_snapshot!(name, picture, &arguments.join(" "));
    }
}

#[test]
fn numbers_have_as_many_digits_as_asked() {
    let label = |digits: &[&str]| {
        let arguments = ["x / 3", "--at", "x=10000000", "--show", "forward"];
        let picture = graph(&[&arguments, digits].concat());
        picture.lines().rev().find_map(|line| line.split('"').nth(1)).unwrap_or_default().to_owned()
    };
    assert_eq!(label(&[]), "3333333");
    assert_eq!(label(&["--digits", "9"]), "3333333.33");
}
