//! The computational graphs of the text that chainrule started from: what flows forward and, in red, what flows back, as
//! Mermaid. The numbers are those of the text.

use std::process::Command;

fn graph(formula: &str, at: &str) -> String {
    let arguments = ["graph", formula, "--at", at];
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule")).args(arguments).output().expect("the program runs");
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

#[test]
fn pictures_carry_the_numbers_of_the_text() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("pictures");
    settings.set_prepend_module_to_snapshot(false);
    let _guard = settings.bind_to_scope();
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
        let picture = graph(formula, at);
        let mut found: Vec<String> = flows(&picture).into_iter().map(|label| label.replace("#45;", "-")).collect();
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{formula}\n{picture}");
        insta::assert_snapshot!(name, picture, &format!("{formula} at {at}"));
    }
}
