//! Deep formulas over arrays: the nodes of their gradients are linear in the depth.

use std::fmt::Write;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::parse::parse_module;

use crate::measure::{Measured, Watch};
use crate::text::resolved;

/// `h = tanh(h @ w + b)`, each layer with its own weights.
pub fn tanh(depth: usize) -> Result<Measured, String> {
    let mut text = "fn net(h0: [N, D]".to_owned();
    for layer in 1..=depth {
        let _ = write!(text, ", w{layer}: [D, D], b{layer}: [D]");
    }
    text.push_str(") {\n");
    for layer in 1..=depth {
        let _ = writeln!(text, "let h{layer} = tanh(h{} @ w{layer} + b{layer});", layer - 1);
    }
    let _ = writeln!(text, "sum(h{depth}) }}");
    measure(&text)
}

/// `h'[n, d] = sum[m](tanh(sum[e](h[n, e]*h[m, e]))*h[m, d])`: every step uses the one before it three times.
pub fn attention(depth: usize) -> Result<Measured, String> {
    let mut text = "fn attend(h0: [N, D]) {\n".to_owned();
    for step in 1..=depth {
        let h = format!("h{}", step - 1);
        let _ = writeln!(text, "let h{step}[n, d] = sum[m](tanh(sum[e]({h}[n, e]*{h}[m, e]))*{h}[m, d]);");
    }
    let _ = writeln!(text, "sum(h{depth}) }}");
    measure(&text)
}

/// Only what comes after the text counts.
fn measure(text: &str) -> Result<Measured, String> {
    let module = parse_module(text).map_err(|errors| format!("{:?}", errors.first()))?;
    let function = resolved(&module, text)?;
    let mut watch = Watch::default();
    let request = Request { order: 1, ..Request::default() };
    let derived = watch.time("derive", || derive(function, &request)).map_err(|error| error.to_string())?;
    Ok(Measured::new(watch, derived.function.graph.len()))
}
