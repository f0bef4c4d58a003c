//! `chainrule operators`: the table of operators.

use chainrule_compiler::operators::{ALL, Kind, Notation, Row};
use serde_json::{Value, json};

use super::arguments::{Operators, TextFormat};
use super::json::to_ascii;

/// Runs the command.
pub fn operators(options: &Operators) -> String {
    let rows = ALL.iter().map(|operator| operator.row());
    match options.format {
        TextFormat::Json => to_ascii(&json!({ "schema": 1, "operators": rows.map(json).collect::<Vec<_>>() })) + "\n",
        TextFormat::Text => rows.map(text).collect::<Vec<_>>().join("\n"),
    }
}

/// How the language writes an operator over `a`, `b`, `c`.
fn notation(row: &Row) -> String {
    let letters = &["a", "b", "c"][..row.operands.len().min(3)];
    match row.notation {
        Notation::Infix(symbol, _) => format!("a {symbol} b"),
        Notation::Prefix(symbol) => format!("{symbol}a"),
        Notation::Call => {
            let more = if row.among.is_empty() { "" } else { ", ..." };
            format!("{}({}{more})", row.name, letters.join(", "))
        }
        Notation::Name => row.name.to_owned(),
        Notation::Conditional => "if a { b } else { c }".to_owned(),
    }
}

fn text(row: &Row) -> String {
    let mut out = format!("{}\n    {}\n", notation(row), row.doc);
    if !row.domain.is_empty() {
        out.push_str(&format!("    where {}\n", row.domain));
    }
    for ((operand, kind), partial) in ["a", "b", "c"].iter().zip(row.operands).zip(row.partials) {
        if *kind == Kind::Truth {
            continue;
        }
        out.push_str(&format!("    ∂out/∂{operand} = {partial}\n"));
    }
    out
}

fn json(row: &Row) -> Value {
    let partials: Vec<Value> = row.partials.iter().map(|partial| json!(partial)).collect();
    let kinds = row.operands.iter().map(|kind| if *kind == Kind::Number { "number" } else { "truth" });
    json!({
        "name": row.name,
        "notation": notation(row),
        "operands": kinds.collect::<Vec<_>>(),
        "doc": row.doc,
        "domain": row.domain,
        "partials": partials,
    })
}
