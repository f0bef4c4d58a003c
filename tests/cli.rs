//! The command line as other programs meet it: output, messages, exit status.

// A test that panics has failed, as it should.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Stdio};

#[path = "cli/round_trip.rs"]
mod round_trip;

/// Runs the program with arguments and a standard input: status, standard output, standard error.
fn run_with(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A program that does not read its input closes it.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    run_with(arguments, "")
}

/// All of it, for snapshots.
fn shown_with(arguments: &[&str], input: &str) -> String {
    let (status, out, err) = run_with(arguments, input);
    let command = arguments.iter().map(|argument| format!(" {argument:?}")).collect::<String>();
    let err = if err.is_empty() { String::new() } else { format!("--- standard error\n{err}") };
    format!("chainrule{command}\n--- exit status {status}\n{out}{err}")
}

fn shown(arguments: &[&str]) -> String {
    shown_with(arguments, "")
}

#[test]
fn the_walnut_graph() {
    insta::assert_snapshot!(shown(&["graph", "walnut * count * tax", "--at", "walnut=100,count=2,tax=1.1"]));
    let json = ["graph", "walnut * count * tax", "--at", "walnut=100,count=2,tax=1.1", "--format", "json"];
    insta::assert_snapshot!(shown(&json));
}

#[test]
fn graphs_without_numbers() {
    insta::assert_snapshot!(shown(&["graph", "1 / (1 + exp(-x))"]));
    insta::assert_snapshot!(shown(&["graph", "1 / (1 + exp(-x))", "--format", "json"]));
    insta::assert_snapshot!(shown(&["graph", "relu(x)", "--shape", "x=N", "--upstream", "g", "--show", "backward"]));
    insta::assert_snapshot!(shown(&["graph", "relu(x)", "--shape", "x=N"]));
    insta::assert_snapshot!(shown(&["graph", "fn f(a, b) -> (u, v) { (a * b, if a < b { 2 } else { b }) }"]));
}

#[test]
fn derivatives() {
    insta::assert_snapshot!(shown(&["derive", "1/(1 + exp(-x))"]));
    insta::assert_snapshot!(shown(&["derive", "1/(1 + exp(-x))", "--format", "json"]));
    insta::assert_snapshot!(shown(&["derive", "-x**2"]));
    insta::assert_snapshot!(shown(&["derive", "x**2 * sin(z)", "--order", "2"]));
    insta::assert_snapshot!(shown(&["derive", "x**2 * sin(z)", "--wrt", "z", "--order", "1"]));
    let layer = ["derive", "x @ w + b", "--shape", "x=N,D", "--shape", "w=D,H", "--shape", "b=H"];
    insta::assert_snapshot!(shown(&layer));
    insta::assert_snapshot!(shown(&[&layer[..], &["--upstream", "g"]].concat()));
    insta::assert_snapshot!(shown(&[&layer[..], &["--upstream", "g", "--format", "json"]].concat()));
    insta::assert_snapshot!(shown(&["derive", "é**2", "--format", "json"]));
    insta::assert_snapshot!(shown(&[
        "derive",
        "fn f(x) = x**2; fn g(x: f32) where x > 0 { let u = sqrt(x); 1 }",
        "--fn",
        "g"
    ]));
}

#[test]
fn values() {
    insta::assert_snapshot!(shown(&["eval", "x**2 * sin(z)", "--at", "x=3,z=0.5", "--order", "2"]));
    insta::assert_snapshot!(shown(&["eval", "x**2 * sin(z)", "--at", "x=3,z=0.5", "--order", "2", "--format", "json"]));
    let array = ["eval", "relu(x)", "--shape", "x=N", "--at", "x=[1, -2, inf]", "--format", "json"];
    insta::assert_snapshot!(shown(&array));
    insta::assert_snapshot!(shown(&[&array[..], &["--order", "1"]].concat()));
    insta::assert_snapshot!(shown(&[
        "eval",
        "fn f(a, b) -> (u, v) { (a * b, a / b) }",
        "--at",
        "a=1,b=0",
        "--format=json"
    ]));
    insta::assert_snapshot!(shown_with(&["eval", "x * z", "--at-json", "-"], "{\"x\": 0.1, \"z\": \"-inf\"}"));
}

#[test]
fn points_answer_line_by_line() {
    let lines = "{\"x\": 0}\n{\"x\": \"inf\"}\nnonsense\n{\"y\": 2}\n{\"x\": [1]}\n{\"x\": \"NaN\"}";
    insta::assert_snapshot!(shown_with(&["eval", "exp(x)", "--points", "-"], lines));
    let (status, out, _) = run_with(&["eval", "exp(x)", "--points", "-"], "{\"x\": 0}\n");
    assert_eq!((status, out.as_str()), (0, "{\"value\":1.0,\"gradient\":{\"x\":1.0}}\n"));
}

#[test]
fn false_facts_are_told_beside_the_values() {
    let formula = "fn f(x, t: [N]) where x > 0, sum(t) == 1, t >= 0 = sum(t) * log(x);";
    let at = |at: &'static str| ["eval", formula, "--at", at];
    insta::assert_snapshot!("false_facts", shown(&at("x=-1,t=[0.5, 0.75, 0.25]")));
    insta::assert_snapshot!("false_facts_json", shown(&[&at("x=-1,t=[1]")[..], &["--format", "json"]].concat()));
    assert_eq!(run(&at("x=2,t=[0.1, 0.2, 0.3, 0.4]")).2, "", "facts hold up to rounding");
    let lines = "{\"x\": 1, \"t\": [1]}\n{\"x\": 1, \"t\": [2, 3]}\nnonsense\n{\"x\": -1, \"t\": [2]}\n{\"x\": 1}\n";
    insta::assert_snapshot!("false_facts_points", shown_with(&["eval", formula, "--points", "-"], lines));
}

#[test]
fn formulas_come_from_anywhere() {
    let expected = run(&["derive", "x**3"]).1;
    assert_eq!(run_with(&["derive", "-"], "x**3\n"), (0, expected.clone(), String::new()));
    let path = std::env::temp_dir().join(format!("chainrule-cli-{}.chainrule", std::process::id()));
    std::fs::write(&path, "x**3").unwrap();
    let argument = format!("@{}", path.display());
    let result = run(&["derive", &argument]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(result, (0, expected, String::new()));
    for formula in ["-x", "-h * x", "--x", "-1", "-V * x"] {
        let at = ["x=1", "x=1,h=2", "x=1", "", "x=1,V=2"];
        let at = at[["-x", "-h * x", "--x", "-1", "-V * x"].iter().position(|f| *f == formula).unwrap()];
        assert_eq!(run(&["eval", formula, "--at", at]).0, 0, "{formula}");
    }
}

#[test]
fn mistakes_are_shown_in_their_place() {
    for (name, arguments) in [
        ("unknown_function", &["derive", "sgmoid(x)"][..]),
        ("missing_operator", &["derive", "2x"]),
        ("caret", &["derive", "x^2"]),
        ("unclosed", &["derive", "(x + y"]),
        ("chain", &["derive", "a < b < c"]),
        ("shapes", &["derive", "x + y", "--shape", "x=3", "--shape", "y=4"]),
        ("missing_input", &["eval", "x * y", "--at", "x=1"]),
        ("extra_input", &["eval", "x", "--at", "x=1,y=2"]),
        ("unknown_wrt", &["derive", "x", "--wrt", "q"]),
        ("unreadable", &["derive", "@no such file"]),
        ("latex", &["derive", "x", "--format", "latex"]),
        ("svg", &["graph", "x", "--format", "svg"]),
        ("no_shape", &["derive", "x", "--shape", "x"]),
        ("ragged", &["eval", "sum(x)", "--shape", "x=N,M", "--at", "x=[[1, 2], [3]]"]),
        ("wrong_shape", &["eval", "sum(x) + y", "--shape", "x=N", "--at", "x=[1],y=[1]"]),
        ("facts_contradict", &["derive", "fn f(x, y) where x > 0, y > 0,\n  x + y == -1 = log(x) * y;"]),
        ("fact_about_no_parameter", &["derive", "fn f(x) where sum(t) == 1 = log(x);"]),
        ("unused", &["derive", "fn f(x) { let a = x; x }", "--order", "0"]),
    ] {
        insta::assert_snapshot!(name, shown(arguments));
        let json = [arguments, &["--format", "json"]].concat();
        if name != "latex" && name != "svg" {
            insta::assert_snapshot!(format!("{name}_json"), shown(&json));
        }
    }
}

#[test]
fn a_wrong_command_line_is_status_2() {
    for arguments in [
        &["derive"][..],
        &["nonsense"],
        &["eval", "x"],
        &["derive", "x", "--order", "3"],
        &["check", "x"],
        &["explain", "x"],
    ] {
        let (status, out, err) = run(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.starts_with("error"), "{err}");
        let (status, _, err) = run(&[arguments, &["--format", "json"]].concat());
        let error: serde_json::Value = serde_json::from_str(&err).unwrap();
        assert_eq!(status, 2);
        assert!(error["error"]["message"].is_string(), "{err}");
    }
    assert_eq!(run(&["--help"]).0, 0);
    // The help promises nothing that is not there yet.
    for (command, there, later) in [("derive", "json", "latex"), ("graph", "mermaid", "svg")] {
        let (status, help, _) = run(&[command, "--help"]);
        assert!(status == 0 && help.contains(there) && !help.contains(later), "{help}");
        let (status, _, err) = run(&[command, "x", "--format", later]);
        assert!(status == 2 && err.contains("not supported yet"), "{err}");
    }
    assert_eq!(run(&["--version"]).0, 0);
}

#[test]
fn an_upstream_is_an_input_with_a_name_of_its_own() {
    let formula = "fn f(x: [N], w) -> (u, g1) { (w * x, w * sum(x)) }";
    for (upstream, wrong) in [
        ("x", "an input"),
        ("N", "a dimension"),
        ("u", "an output"),
        ("g", "`g1` has the name of an output"),
        ("exp", "cannot be the name"),
        ("fn", "cannot be the name"),
        ("1 2", "cannot be the name"),
        ("", "cannot be the name"),
    ] {
        for command in ["derive", "graph"] {
            let (status, out, err) = run(&[command, formula, "--upstream", upstream]);
            assert_eq!((status, out.as_str()), (2, ""), "{command} {upstream}");
            assert!(err.contains(wrong), "{command} {upstream}: {err}");
        }
    }
    for order in ["0", "2"] {
        let (status, _, err) = run(&["derive", formula, "--upstream", "h", "--order", order]);
        assert_eq!(status, 2);
        assert!(err.contains("a pullback is a first derivative"), "{err}");
    }
    assert_eq!(run(&["derive", formula, "--upstream", "h"]).0, 0);
}

#[test]
fn emitted_code_is_differentiated_by_what_is_asked_for() {
    let (status, all, _) = run(&["emit", "x * y"]);
    assert_eq!((status, all.contains("pub x: f64"), all.contains("pub y: f64")), (0, true, true));
    let (status, one, _) = run(&["emit", "x * y", "--wrt", "y"]);
    assert_eq!((status, one.contains("pub x: f64"), one.contains("pub y: f64")), (0, false, true));
    let (status, _, err) = run(&["emit", "x * y", "--wrt", "q"]);
    assert_eq!(status, 2);
    assert!(err.contains("`q` is no input"), "{err}");
}

#[test]
fn the_table_of_operators() {
    let (status, text, _) = run(&["operators"]);
    assert_eq!(status, 0);
    assert!(text.contains("tanh(a)\n    The hyperbolic tangent (DLMF 4.28.4).\n    ∂out/∂a = 1 - out**2\n"), "{text}");
    let (_, json, _) = run(&["operators", "--format", "json"]);
    let table: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(table["operators"].as_array().unwrap().iter().any(|row| row["name"] == "exp"));
    assert!(json.is_ascii());
}

#[test]
fn long_sums_are_no_deeper_than_short_ones() {
    let text = "x".to_owned() + &" + y * x".repeat(20_000);
    let (status, out, _) = run_with(&["eval", "-", "--at", "x=1,y=2"], &text);
    assert_eq!((status, out.lines().next()), (0, Some("y1 = 40001")));
    assert_eq!(run_with(&["derive", "-"], &text).0, 0);
    assert_eq!(run_with(&["graph", "-"], &text).0, 0);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chainrule"))
        .args(["eval", "x", "--points", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all("{\"x\": 1}\n".repeat(100_000).as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn accuracy_over_a_box() {
    let (status, out, err) = run(&["derive", "1/(1 + exp(-x))", "--accuracy", "x=-800..800"]);
    assert_eq!((status, err.as_str()), (0, ""));
    // The closed form y·(1 − y) loses everything where y is near 1; what is emitted does not.
    let slope: Vec<&str> = out.lines().find(|line| line.starts_with("∂y/∂x")).unwrap().split_whitespace().collect();
    let number = |text: &str| text.trim_matches(['(', ')']).parse::<f64>().unwrap();
    assert!(number(slope[2]) > 1e6 && number(slope[4]) <= 4.0, "{out}");
    for (ranges, complaint) in [
        ("x", "is not a range of an input"),
        ("x=2..1", "is not a range of an input"),
        ("y=0..1", "has no range"),
        ("x=0..1,z=0..1", "there is no input `z`"),
    ] {
        let (status, out, err) = run(&["derive", "exp(x)", "--accuracy", ranges]);
        assert!(status == 2 && out.is_empty() && err.contains(complaint), "{ranges}: {err}");
    }
}
