//! JSON as the contract wants it: ASCII only, numbers in full, the rest of the floats as strings, arrays nested.

use std::io;

use chainrule_compiler::evaluate::Tensor;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::{Serializer, Value};

/// Writes everything beyond ASCII as `\uXXXX`.
struct Ascii(CompactFormatter);

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(start) = rest.find(|c: char| !c.is_ascii()) {
            let (plain, beyond) = rest.split_at(start);
            self.0.write_string_fragment(writer, plain)?;
            let end = beyond.find(|c: char| c.is_ascii()).unwrap_or(beyond.len());
            let (beyond, after) = beyond.split_at(end);
            for unit in beyond.encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = after;
        }
        self.0.write_string_fragment(writer, rest)
    }
}

/// A value on one line.
pub fn to_ascii(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Ascii(CompactFormatter));
    // Writing a tree of plain values to memory cannot fail.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A number; what JSON has no number for is `"NaN"`, `"inf"` or `"-inf"`.
pub fn number(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

/// A tensor as nested arrays.
pub fn tensor(tensor: &Tensor) -> Value {
    let mut level: Vec<Value> = tensor.data.iter().map(|value| number(*value)).collect();
    for axis in (0..tensor.shape.len()).rev() {
        let count: usize = tensor.shape[..axis].iter().product();
        let size = tensor.shape[axis];
        let mut elements = level.into_iter();
        level = (0..count).map(|_| Value::Array(elements.by_ref().take(size).collect())).collect();
    }
    level.into_iter().next().unwrap_or_else(|| Value::Array(Vec::new()))
}
