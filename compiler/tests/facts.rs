//! Emitted code that relies on facts, compiled and run: true facts change nothing, false ones are told in debug builds.
//!
//! A fact is marked as used by hand, so that this does not depend on which formulas are simplified with it.

// A test that panics has failed, as it should.
#![allow(clippy::unwrap_used)]

#[path = "common/special.rs"]
mod special;

use std::path::PathBuf;
use std::process::Command;

use chainrule_compiler::emit::{Origin, emit_function};
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::resolve::{Function, resolve};
use proc_macro2::Span;

/// The fact about `z` is not used, the others are.
const LOSS: &str = "fn loss(x, y, z)
    where x + y == 1, z > 5, x > 0 && !(if y > 0 { y } else { 0 } != y)
    { x * log(y) * z }";

fn function(text: &str) -> Function {
    let module = parse_module(text).unwrap();
    let mut function = resolve(&module, text).unwrap().pop().unwrap();
    "pub".clone_into(&mut function.visibility);
    for fact in &mut function.facts {
        fact.used = fact.text != "z > 5";
    }
    function
}

fn emitted(text: &str) -> String {
    let origin = Origin { facade: "crate::facade".parse().unwrap(), spans: &|_| Span::call_site() };
    emit_function(function(text), &origin).unwrap().to_string()
}

/// Compiles a program with a `main` and runs it.
fn output(name: &str, items: &str, main: &str, debug: bool) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let math = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../src/math.rs");
    let (file, binary) = (folder.join(format!("{name}.rs")), folder.join(name));
    let source = format!(
        "#![forbid(unsafe_code)] mod facade {{ #[path = {math:?}] pub mod math; }}\n{items}\n\
         fn told(call: impl FnOnce() + std::panic::UnwindSafe) {{
             match std::panic::catch_unwind(call) {{
                 Ok(()) => println!(\"fine\"),
                 Err(message) => println!(\"{{}}\", message.downcast_ref::<&str>().unwrap_or(&\"?\")),
             }}
         }}
         fn main() {{ std::panic::set_hook(Box::new(|_| ())); {main} }}"
    );
    std::fs::write(&file, source).unwrap();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let assertions = format!("debug-assertions={}", if debug { "on" } else { "off" });
    let arguments = ["--edition", "2024", "--cfg", "feature=\"std\"", "-A", "warnings", "-C", &assertions, "-o"];
    let special = special::special_functions().unwrap();
    let compiled = Command::new(rustc).args(special).args(arguments).arg(&binary).arg(&file).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    String::from_utf8(Command::new(&binary).output().unwrap().stdout).unwrap()
}

/// One line for each call of each emitted function, at points where facts hold and where one does not.
fn calls() -> String {
    let mut main = String::new();
    for point in ["0.75, 0.25, 6.0", "0.75, 0.25, 4.0", "0.75, 0.5, 6.0", "1.5, -0.5, 6.0", "f64::NAN, 0.0, 6.0"] {
        main += &format!(
            "told(|| {{ loss({point}); loss::value({point}); loss::forward({point}); }});
             told(|| {{ loss::gradient({point}); }});
             told(|| {{ loss::value_and_gradient({point}); }});
             told(|| {{ let (_, saved) = loss::forward({point}); loss::backward({point}, &saved, 2.0); }});
             told(|| {{ loss::hessian({point}); }});"
        );
    }
    main
}

#[test]
fn false_facts_are_told_in_debug_builds() {
    let items = emitted(&format!("#[emit(hessian)] {LOSS}"));
    let sum = "the derivatives of `loss` rely on the fact `x + y == 1`, which does not hold for these inputs";
    let kink = "the derivatives of `loss` rely on the fact `x > 0 && !(if y > 0 { y } else { 0 } != y)`, \
                which does not hold for these inputs";
    let found = output("facts_debug", &items, &calls(), true);
    let found: Vec<&str> = found.lines().collect();
    for (point, expected) in ["fine", "fine", sum, kink, sum].into_iter().enumerate() {
        let lines = &found[5 * point..][..5];
        assert_eq!(lines[0], "fine", "values rely on no fact");
        assert!(lines[1..].iter().all(|line| *line == expected), "point {point}: {lines:?}");
    }
    let found = output("facts_release", &items, &calls(), false);
    assert!(found.lines().count() == 25 && found.lines().all(|line| line == "fine"), "{found}");
}

#[test]
fn an_attribute_leaves_facts_unchecked() {
    let items = emitted(&format!("#[emit(hessian, unchecked)] {LOSS}"));
    assert!(!items.contains("debug_assert"), "{items}");
    assert!(items.contains("Derived from `x + y == 1`, "), "{items}");
}

#[test]
fn only_used_facts_are_documented() {
    let items = emitted(&format!("#[emit(hessian)] {LOSS}"));
    let documented =
        r#"Derived from `x + y == 1`, `x > 0 && !(if y > 0 { y } else { 0 } != y)`, checked in debug builds."#;
    let places = "the function, the module, two gradients, the backward pass, the Hessian";
    assert_eq!(items.matches(documented).count(), 6, "{places}: {items}");
    assert!(!items.contains("z > 5"), "{items}");
    assert_eq!(items.matches("debug_assert").count(), 8, "two facts in four functions");
}

#[test]
fn facts_over_arrays_are_asserted() {
    let origin = Origin { facade: "crate::facade".parse().unwrap(), spans: &|_| Span::call_site() };
    for (text, assertion) in [
        ("fn f(x, y) where sum([x, y]) == 1 = (x + y) * x;", "debug_assert"),
        ("fn f(x: [N], t: [N]) wrt(x) where sum(t) == 1 = -sum(t * log(softmax(x)));", "debug_assertions"),
    ] {
        let emitted = emit_function(function(text), &origin).expect(text).to_string();
        assert!(emitted.contains(assertion) && emitted.contains("which does not hold for these inputs"), "{text}");
    }
}
