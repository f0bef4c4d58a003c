//! Formulas and everything that is made of them, one snapshot each: source, derivatives with operation counts, graph, and
//! the emitted Rust. The numbers are the oracle's business; here one sees whether the formulas are those that one would
//! write on paper.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chainrule")).args(arguments).output().expect("the program runs");
    let out = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    format!("{out}{said}").replace("\\", "/")
}

/// The emitted code without documentation and attributes, which every function has alike.
fn rust(text: &str) -> String {
    let mut out = String::new();
    let mut in_attribute = false;
    for line in text.lines() {
        let start = line.trim_start();
        in_attribute |= start.starts_with("#[");
        if !in_attribute && !start.starts_with("///") {
            out.push_str(line);
            out.push('\n');
        }
        in_attribute &= !start.ends_with(']');
    }
    out
}

fn formulas() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/derive");
    let entries = fs::read_dir(folder).expect("the formulas are here");
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "chainrule"));
    paths.sort();
    paths
}

#[test]
fn every_formula_has_its_derivative() {
    let paths = formulas();
    assert!(paths.len() > 20, "only {} formulas", paths.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("derive");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let formula = format!("@tests/derive/{name}.chainrule");
        let source = fs::read_to_string(&path).expect("a formula is text");
        let derivatives = run(&["derive", &formula]);
        let (graph, emitted) = (run(&["graph", &formula]), rust(&run(&["emit", &formula])));
        let parts = [("SOURCE", source), ("DERIVATIVES", derivatives), ("GRAPH", graph), ("RUST", emitted)];
        let text: Vec<String> = parts.iter().map(|(title, text)| format!("{title}\n\n{}", text.trim_end())).collect();
        insta::assert_snapshot!(name, text.join("\n\n"));
    }
}
