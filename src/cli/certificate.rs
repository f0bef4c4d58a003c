//! A certificate: everything that a derivation claims, as a file that `chainrule verify` checks.
//!
//! It holds the formula and what was asked of it; the chain rule's values and the closed forms as *nodes*, one operation
//! each, written in the language; the steps that lead from the former to the latter; and the derivatives as they are
//! shown. Reading is strict: a field that is missing, unknown or of another type makes the file malformed.

pub mod write;

use serde_json::{Map, Value, json};

use super::json::to_ascii;

/// The format's version.
const SCHEMA: u64 = 1;

/// The size of an axis: a number or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Size {
    Number(u64),
    Name(String),
}

/// A name with its definition: `name = formula`, or `name[indices] = formula`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    pub indices: Vec<String>,
    pub shape: Vec<Size>,
    pub formula: String,
}

/// A fact of the `where` clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub text: String,
    pub used: bool,
}

/// A divisor that the chain rule's nodes do not have, and why it is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    pub by: String,
    pub because: String,
}

/// What a step differentiates: the number of a gradient, whose closed form it takes, and that of the Hessian that its `before`
/// is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differentiated {
    pub gradient: u64,
    pub hessian: u64,
}

/// `after` is what `before` is, at every position along the indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place, from 1.
    pub number: u64,
    pub rule: String,
    pub indices: Vec<String>,
    /// A node.
    pub before: String,
    /// A node, an input or a number.
    pub after: String,
    /// `before` for people.
    pub from: String,
    /// `after` for people.
    pub to: String,
    /// The facts that this relies on.
    pub facts: Vec<String>,
    pub divides: Vec<Division>,
    /// Of a step that differentiates a closed form.
    pub differentiates: Option<Differentiated>,
}

/// An output: the node that it is, and its formula as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub name: String,
    pub indices: Vec<String>,
    pub shape: Vec<Size>,
    pub value: String,
    pub formula: String,
}

/// A derivative: what the chain rule gives, the closed form, and its formula as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivative {
    pub kind: String,
    pub of: String,
    pub wrt: Vec<String>,
    pub indices: Vec<String>,
    pub shape: Vec<Size>,
    pub chain_rule: String,
    pub closed: String,
    pub formula: String,
}

/// See the [module page](self).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The text that was derived.
    pub formula: String,
    /// The shapes of an expression's inputs.
    pub shapes: Vec<(String, Vec<Size>)>,
    /// The function of the text.
    pub function: String,
    pub wrt: Option<Vec<String>>,
    pub order: u8,
    pub upstream: Option<String>,
    pub facts: Vec<Fact>,
    pub nodes: Vec<Definition>,
    pub steps: Vec<Step>,
    pub lets: Vec<Definition>,
    pub outputs: Vec<Output>,
    pub derivatives: Vec<Derivative>,
    /// The content as one number: it tells a damaged file, and it seeds the points that are checked.
    pub digest: String,
}

/// FNV-1a, 64 bits.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn size_json(size: &Size) -> Value {
    match size {
        Size::Number(number) => json!(number),
        Size::Name(name) => json!(name),
    }
}

fn sizes_json(sizes: &[Size]) -> Value {
    sizes.iter().map(size_json).collect()
}

impl Definition {
    fn json(&self) -> Value {
        json!({ "name": self.name, "indices": self.indices, "shape": sizes_json(&self.shape), "formula": self.formula })
    }
}

impl Step {
    fn json(&self) -> Value {
        let divides = self.divides.iter().map(|division| json!({ "by": division.by, "because": division.because }));
        let differentiates =
            self.differentiates.map(|what| json!({ "gradient": what.gradient, "hessian": what.hessian }));
        json!({
            "step": self.number, "rule": self.rule, "from": self.from, "to": self.to, "indices": self.indices,
            "before": self.before, "after": self.after, "facts": self.facts, "divides": divides.collect::<Vec<_>>(),
            "differentiates": differentiates,
        })
    }
}

impl Output {
    fn json(&self) -> Value {
        json!({
            "name": self.name, "shape": sizes_json(&self.shape), "formula": self.formula, "indices": self.indices,
            "value": self.value,
        })
    }
}

impl Derivative {
    fn json(&self) -> Value {
        json!({
            "kind": self.kind, "of": self.of, "wrt": self.wrt, "shape": sizes_json(&self.shape),
            "formula": self.formula, "indices": self.indices, "chain_rule": self.chain_rule, "closed": self.closed,
        })
    }
}

impl Certificate {
    fn content(&self) -> Map<String, Value> {
        let shape = |(name, shape): &(String, Vec<Size>)| json!({ "name": name, "shape": sizes_json(shape) });
        let fact = |fact: &Fact| json!({ "text": fact.text, "used": fact.used });
        let fields: [(&str, Value); 13] = [
            ("schema", json!(SCHEMA)),
            ("formula", json!(self.formula)),
            ("shapes", self.shapes.iter().map(shape).collect()),
            ("function", json!(self.function)),
            ("wrt", json!(self.wrt)),
            ("order", json!(self.order)),
            ("upstream", json!(self.upstream)),
            ("facts", self.facts.iter().map(fact).collect()),
            ("nodes", self.nodes.iter().map(Definition::json).collect()),
            ("steps", self.steps.iter().map(Step::json).collect()),
            ("let", self.lets.iter().map(Definition::json).collect()),
            ("outputs", self.outputs.iter().map(Output::json).collect()),
            ("derivatives", self.derivatives.iter().map(Derivative::json).collect()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The content as a number; what the file says of itself does not count.
    #[must_use]
    pub fn seed(&self) -> u64 {
        digest(&to_ascii(&Value::Object(self.content())))
    }

    /// What `digest` must be.
    #[must_use]
    pub fn expected_digest(&self) -> String {
        format!("{:016x}", self.seed())
    }

    /// The file: ASCII, one node, step or derivative a line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut content = self.content();
        content.insert("digest".to_owned(), json!(self.digest));
        let field = |(name, value): (&String, &Value)| {
            let rows = value.as_array().filter(|rows| rows.iter().any(Value::is_object));
            let value = match rows {
                Some(rows) => {
                    let rows: Vec<String> = rows.iter().map(|row| format!("    {}", to_ascii(row))).collect();
                    format!("[\n{}\n  ]", rows.join(",\n"))
                }
                None => to_ascii(value),
            };
            format!("  {}: {value}", json!(name))
        };
        let fields: Vec<String> = content.iter().map(field).collect();
        format!("{{\n{}\n}}\n", fields.join(",\n"))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is malformed.
    pub fn read(content: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(content).map_err(|error| format!("this is not JSON: {error}"))?;
        let mut fields = Fields::new(value, "the certificate")?;
        if fields.number("schema")? != SCHEMA {
            return Err(format!("this is not a certificate of schema {SCHEMA}"));
        }
        let certificate = Self {
            formula: fields.text("formula")?,
            shapes: fields.rows("shapes", |row| Ok((row.text("name")?, row.sizes("shape")?)))?,
            function: fields.text("function")?,
            wrt: fields.optional("wrt", texts)?,
            order: u8::try_from(fields.number("order")?)
                .ok()
                .filter(|order| *order <= 2)
                .ok_or("`order` is 0, 1 or 2")?,
            upstream: fields.optional("upstream", text)?,
            facts: fields.rows("facts", |row| Ok(Fact { text: row.text("text")?, used: row.truth("used")? }))?,
            nodes: fields.rows("nodes", definition)?,
            steps: fields.rows("steps", step)?,
            lets: fields.rows("let", definition)?,
            outputs: fields.rows("outputs", output)?,
            derivatives: fields.rows("derivatives", derivative)?,
            digest: fields.text("digest")?,
        };
        fields.end()?;
        Ok(certificate)
    }
}

/// The fields of an object, taken one by one.
struct Fields {
    what: String,
    fields: Map<String, Value>,
}

impl Fields {
    fn new(value: Value, what: &str) -> Result<Self, String> {
        match value {
            Value::Object(fields) => Ok(Self { what: what.to_owned(), fields }),
            _ => Err(format!("{what} is not a JSON object")),
        }
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Option<T>) -> Result<T, String> {
        let value = self.fields.remove(name).ok_or_else(|| format!("{} has no field `{name}`", self.what))?;
        read(value).ok_or_else(|| format!("the field `{name}` of {} is of another type", self.what))
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        self.take(name, text)
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        self.take(name, texts)
    }

    fn number(&mut self, name: &str) -> Result<u64, String> {
        self.take(name, |value| value.as_u64())
    }

    fn truth(&mut self, name: &str) -> Result<bool, String> {
        self.take(name, |value| value.as_bool())
    }

    fn sizes(&mut self, name: &str) -> Result<Vec<Size>, String> {
        self.take(name, |value| {
            let Value::Array(items) = value else { return None };
            items.into_iter().map(size).collect()
        })
    }

    fn optional<T>(&mut self, name: &str, read: fn(Value) -> Option<T>) -> Result<Option<T>, String> {
        self.take(name, |value| if value.is_null() { Some(None) } else { read(value).map(Some) })
    }

    /// An object, or nothing.
    fn part<T>(&mut self, name: &str, read: impl Fn(&mut Self) -> Result<T, String>) -> Result<Option<T>, String> {
        let value = self.take(name, Some)?;
        if value.is_null() {
            return Ok(None);
        }
        let mut fields = Self::new(value, &format!("`{name}` of {}", self.what))?;
        let part = read(&mut fields)?;
        fields.end()?;
        Ok(Some(part))
    }

    fn rows<T>(&mut self, name: &str, read: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let items = self.take(name, |value| match value {
            Value::Array(items) => Some(items),
            _ => None,
        })?;
        let row = |(place, item): (usize, Value)| {
            let mut fields = Self::new(item, &format!("entry {} of `{name}`", place + 1))?;
            let row = read(&mut fields)?;
            fields.end()?;
            Ok(row)
        };
        items.into_iter().enumerate().map(row).collect()
    }

    fn end(self) -> Result<(), String> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("{} has a field `{name}` too many", self.what)),
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.into_iter().map(text).collect(),
        _ => None,
    }
}

fn size(value: Value) -> Option<Size> {
    match value {
        Value::String(name) => Some(Size::Name(name)),
        other => other.as_u64().map(Size::Number),
    }
}

fn definition(row: &mut Fields) -> Result<Definition, String> {
    Ok(Definition {
        name: row.text("name")?,
        indices: row.texts("indices")?,
        shape: row.sizes("shape")?,
        formula: row.text("formula")?,
    })
}

fn step(row: &mut Fields) -> Result<Step, String> {
    let differentiated =
        |row: &mut Fields| Ok(Differentiated { gradient: row.number("gradient")?, hessian: row.number("hessian")? });
    let division = |row: &mut Fields| Ok(Division { by: row.text("by")?, because: row.text("because")? });
    Ok(Step {
        number: row.number("step")?,
        rule: row.text("rule")?,
        indices: row.texts("indices")?,
        before: row.text("before")?,
        after: row.text("after")?,
        from: row.text("from")?,
        to: row.text("to")?,
        facts: row.texts("facts")?,
        divides: row.rows("divides", division)?,
        differentiates: row.part("differentiates", differentiated)?,
    })
}

fn output(row: &mut Fields) -> Result<Output, String> {
    Ok(Output {
        name: row.text("name")?,
        indices: row.texts("indices")?,
        shape: row.sizes("shape")?,
        value: row.text("value")?,
        formula: row.text("formula")?,
    })
}

fn derivative(row: &mut Fields) -> Result<Derivative, String> {
    Ok(Derivative {
        kind: row.text("kind")?,
        of: row.text("of")?,
        wrt: row.texts("wrt")?,
        indices: row.texts("indices")?,
        shape: row.sizes("shape")?,
        chain_rule: row.text("chain_rule")?,
        closed: row.text("closed")?,
        formula: row.text("formula")?,
    })
}
