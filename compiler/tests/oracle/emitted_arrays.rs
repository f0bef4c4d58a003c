//! Emitted functions of arrays: how they are called, and what they must say.
//!
//! A program over arrays is emitted twice: as it is written, with borrowed views, and with its sizes stated, by value.

use std::fmt::Write as _;

use chainrule_compiler::derive::{Derived, Request, derive};
use chainrule_compiler::emit::{Origin, emit_function};
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::resolve::{Function, resolve};
use chainrule_compiler::syntax::{Attribute, Name};
use proc_macro2::{Span, TokenStream};

use crate::compiled;
use crate::dual::tensor::Tensor;
use crate::emitted::UPSTREAM;
use crate::generate::Program;
use crate::report::Failure;

/// Emitted code, a function that calls it and prints numbers, and these numbers.
pub struct Case {
    pub tokens: TokenStream,
    pub run: String,
    pub expected: Vec<(&'static str, Vec<f64>)>,
}

/// What is derived of a program that can be emitted: values, derivatives, and the cotangents of its inputs.
struct Numbers {
    values: Vec<Vec<f64>>,
    derivatives: Vec<f64>,
    cotangents: Vec<f64>,
    /// By rows and columns of inputs, where it is asked for.
    hessian: Vec<f64>,
    output_names: Vec<String>,
}

/// The size of a dimension: a name's, or a number.
fn size(program: &Program, dim: &str) -> usize {
    program.sizes.get(dim).copied().unwrap_or_else(|| dim.parse().expect("a number"))
}

/// The program as it is written: views, unless it has only stated sizes.
///
/// # Errors
/// What the compiler refuses.
pub fn as_written(program: &Program) -> Result<Option<Case>, Failure> {
    let function = compiled::resolved(program).map_err(Failure::by("refusal"))?;
    case(program, function, "views")
}

/// The program with every size stated, if it is one then: sizes that coincide may be ambiguous.
///
/// # Errors
/// What the compiler refuses.
pub fn with_sizes(program: &Program) -> Result<Option<Case>, Failure> {
    let text = stated(&program.text_minimal, program);
    let Ok(functions) = parse_module(&text).and_then(|module| resolve(&module, &text)) else { return Ok(None) };
    let Some(function) = functions.into_iter().find(|function| function.name == program.function) else {
        return Ok(None);
    };
    case(program, function, "values")
}

/// The text with numbers for the names of dimensions.
fn stated(text: &str, program: &Program) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        let end = rest[start..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map_or(rest.len(), |end| start + end);
        out.push_str(&rest[..start]);
        match program.sizes.get(&rest[start..end]) {
            Some(size) => out.push_str(&size.to_string()),
            None => out.push_str(&rest[start..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn case(program: &Program, mut function: Function, regime: &str) -> Result<Option<Case>, Failure> {
    if program.wrt.is_empty() {
        return Ok(None);
    }
    let refusal = || Failure::by("refusal");
    let hessian = regime == "values" && program.has_gradient();
    "pub".clone_into(&mut function.visibility);
    function.attributes.push(Attribute {
        path: Name { text: "emit".into(), span: Default::default() },
        content: if hessian { "(values, hessian, hessian_vector)".into() } else { format!("({regime})") },
        is_doc: false,
        content_span: Default::default(),
        span: Default::default(),
    });
    let numbers = numbers(program, &function, hessian)?;
    let origin = Origin { facade: "crate::facade".parse().unwrap_or_default(), spans: &|_| Span::call_site() };
    let tokens = match emit_function(function, &origin) {
        Ok(tokens) => tokens,
        Err(error) if error.message.contains("lines of Rust") => return Ok(None),
        Err(error) => return Err(refusal()(error.to_string())),
    };
    let (run, expected) = if regime == "views" { views(program, &numbers) } else { values(program, &numbers) };
    Ok(Some(Case { tokens, run, expected }))
}

fn numbers(program: &Program, function: &Function, hessian: bool) -> Result<Numbers, Failure> {
    let refusal = || Failure::by("refusal");
    let run = |request: &Request, inputs: &[Tensor<f64>]| -> Result<(Derived, Vec<Vec<f64>>), Failure> {
        let mut derived = derive(function.clone(), request).map_err(|error| refusal()(error.to_string()))?;
        derived.stabilise().map_err(|error| refusal()(error.to_string()))?;
        let numbers = compiled::run(&derived, inputs).map_err(Failure::by("emitted numbers"))?;
        Ok((derived, numbers.into_iter().map(|tensor| tensor.data).collect()))
    };
    let (forward, mut values) = run(&Request { order: 1, ..Request::default() }, &program.point)?;
    let derivatives = values.split_off(program.outputs.len()).concat();
    let upstream = values.iter().zip(&program.outputs).map(|(value, shape)| Tensor {
        shape: shape.iter().map(|dim| size(program, dim)).collect(),
        items: vec![UPSTREAM; value.len()],
    });
    let inputs: Vec<Tensor<f64>> = program.point.iter().cloned().chain(upstream).collect();
    let request = Request { order: 1, upstream: Some(compiled::UPSTREAM.into()), ..Request::default() };
    let (derived, pulled) = run(&request, &inputs)?;
    let mut cotangents = Vec::new();
    for place in derived.wrt() {
        let mut sum: Vec<f64> = Vec::new();
        for (_, part) in
            derived.entries.iter().zip(&pulled[program.outputs.len()..]).filter(|(entry, _)| entry.wrt == [place])
        {
            sum.resize(part.len(), 0.0);
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        cotangents.extend(sum);
    }
    let mut second = Vec::new();
    if hessian {
        let (derived, all) = run(&Request { order: 2, ..Request::default() }, &program.point)?;
        second = all[1 + derived.wrt().len()..].concat();
    }
    Ok(Numbers { hessian: second, values, derivatives, cotangents, output_names: forward.output_names })
}

fn bits(value: f64) -> String {
    format!("f64::from_bits({})", value.to_bits())
}

/// `[[a, b], [c, d]]`
fn nested(shape: &[usize], items: &[f64]) -> String {
    match shape.split_first() {
        None => bits(items[0]),
        Some((size, rest)) => {
            let count = rest.iter().product::<usize>();
            let rows: Vec<String> = (0..*size).map(|row| nested(rest, &items[row * count..][..count])).collect();
            format!("[{}]", rows.join(", "))
        }
    }
}

/// An expression for the numbers of a nested array.
fn flattened(name: &str, rank: usize) -> String {
    match rank {
        0 => format!("vec![{name}]"),
        1 => format!("{name}.to_vec()"),
        rank => format!("{name}{}.to_vec()", ".as_flattened()".repeat(rank - 1)),
    }
}

type Called = (String, Vec<(&'static str, Vec<f64>)>);

/// Calls of functions by value.
struct Values<'p> {
    program: &'p Program,
    numbers: &'p Numbers,
    arguments: String,
    run: String,
    expected: Vec<(&'static str, Vec<f64>)>,
}

fn values(program: &Program, numbers: &Numbers) -> Called {
    let arguments: Vec<String> = program.point.iter().map(|input| nested(&input.shape, &input.items)).collect();
    let arguments = arguments.join(", ");
    let mut calls = Values { program, numbers, arguments, run: String::new(), expected: Vec::new() };
    calls.layer();
    if program.has_gradient() {
        calls.second_order()
    } else {
        calls.jacobian()
    }
    (calls.run, calls.expected)
}

impl Values<'_> {
    fn wrt(&self) -> Vec<(&String, usize)> {
        let chosen = self.program.inputs.iter().filter(|(input, _)| self.program.wrt.contains(input));
        chosen.map(|(input, shape)| (input, shape.len())).collect()
    }

    /// All numbers of a value, whose type is a tuple where there are several outputs.
    fn outputs(&self, value: &str) -> String {
        let several = self.program.outputs.len() > 1;
        let one = |(place, shape): (usize, &Vec<_>)| {
            flattened(&if several { format!("{value}.{place}") } else { value.to_owned() }, shape.len())
        };
        self.program.outputs.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
    }

    fn fields(&self, value: &str) -> String {
        let one = |(input, rank): &(&String, usize)| flattened(&format!("{value}.{input}"), *rank);
        self.wrt().iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn print(&mut self, numbers: &str, by: &'static str, expected: Vec<f64>) {
        let _ = write!(self.run, "print(NUMBER, &[{numbers}].concat());");
        self.expected.push((by, expected));
    }

    fn layer(&mut self) {
        let (name, arguments) = (&self.program.function, self.arguments.clone());
        let separator = if arguments.is_empty() { "" } else { ", " };
        let upstream: Vec<String> = (self.program.outputs.iter().zip(&self.numbers.values))
            .map(|(shape, value)| {
                let shape: Vec<usize> = shape.iter().map(|dim| size(self.program, dim)).collect();
                nested(&shape, &vec![UPSTREAM; value.len()])
            })
            .collect();
        let _ = write!(
            self.run,
            "let value = {name}::value({arguments});
             let (value2, saved) = {name}::forward({arguments});
             let gradient = {name}::backward({arguments}{separator}&saved, {});",
            upstream.join(", ")
        );
        let value = self.numbers.values.concat();
        self.print(&self.outputs("value"), "value by value", value.clone());
        self.print(&self.outputs("value2"), "forward by value", value);
        self.print(&self.fields("gradient"), "backward by value", self.numbers.cotangents.clone());
    }

    fn second_order(&mut self) {
        let (name, arguments) = (&self.program.function, &self.arguments);
        let _ = write!(
            self.run,
            "let (value3, gradient2) = {name}::value_and_gradient({arguments});
             let hessian = {name}::hessian({arguments});"
        );
        let numbers = format!("vec![value3], {}", self.fields("gradient2"));
        let expected = [self.numbers.values.concat(), self.numbers.derivatives.clone()].concat();
        self.print(&numbers, "gradient by value", expected);
        let wrt = self.wrt();
        let blocks = wrt.iter().flat_map(|(row, rows)| {
            wrt.iter().map(move |(column, columns)| flattened(&format!("hessian.{row}.{column}"), rows + columns))
        });
        let scalars = wrt.iter().all(|(_, rank)| *rank == 0);
        let blocks = if scalars { "hessian.concat()".into() } else { blocks.collect::<Vec<_>>().join(", ") };
        self.print(&blocks, "hessian by value", self.numbers.hessian.clone());
        self.direction();
    }

    /// The Hessian times a direction of equal parts: sums of its rows.
    fn direction(&mut self) {
        let (name, arguments) = (&self.program.function, &self.arguments);
        let separator = if arguments.is_empty() { "" } else { ", " };
        let inputs = self.program.inputs.iter().zip(&self.program.point);
        let chosen: Vec<_> = inputs.filter(|((input, _), _)| self.program.wrt.contains(input)).collect();
        let parts = chosen.iter().map(|((input, _), value)| {
            format!("{input}: {}", nested(&value.shape, &vec![UPSTREAM; value.items.len()]))
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        let _ = write!(
            self.run,
            "let product = {name}::hessian_vector({arguments}{separator}{name}::Gradient {{ {parts} }});"
        );
        let counts: Vec<usize> = chosen.iter().map(|(_, value)| value.items.len()).collect();
        let (mut expected, mut start) = (Vec::new(), 0);
        for rows in &counts {
            let first = expected.len();
            expected.resize(first + rows, 0.0);
            for columns in &counts {
                let block = &self.numbers.hessian[start..start + rows * columns];
                for (row, entries) in block.chunks(*columns).enumerate() {
                    expected[first + row] += UPSTREAM * entries.iter().sum::<f64>();
                }
                start += rows * columns;
            }
        }
        self.print(&self.fields("product"), "backward twice by value", expected);
    }

    fn jacobian(&mut self) {
        let _ = write!(self.run, "let jacobian = {}::jacobian({});", self.program.function, self.arguments);
        let names: Vec<String> = match self.program.outputs.len() {
            1 => vec!["jacobian".into()],
            _ => self.numbers.output_names.iter().map(|output| format!("jacobian.{output}")).collect(),
        };
        let wrt = self.wrt();
        let parts = names.iter().zip(&self.program.outputs).flat_map(|(name, output)| {
            wrt.iter().map(move |(input, rank)| flattened(&format!("{name}.{input}"), rank + output.len()))
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        self.print(&parts, "jacobian by value", self.numbers.derivatives.clone());
    }
}

/// An expression for a view of a vector.
fn view(data: &str, shape: &[usize]) -> String {
    format!("crate::facade::array::View::new(&{data}, {shape:?}).unwrap()")
}

/// Statements that make the inputs, the workspace and a gradient of zeros.
fn view_inputs(program: &Program) -> String {
    let name = &program.function;
    let (mut run, mut fields) = (String::new(), Vec::new());
    for ((input, _), value) in program.inputs.iter().zip(&program.point) {
        if value.shape.is_empty() {
            fields.push(format!("{input}: {}", bits(value.items[0])));
        } else {
            let items: Vec<String> = value.items.iter().map(|item| bits(*item)).collect();
            let _ = write!(run, "let data_{input}: Vec<f64> = vec![{}];", items.join(", "));
            fields.push(format!("{input}: {}", view(&format!("data_{input}"), &value.shape)));
        }
    }
    if program.point.iter().all(|input| input.shape.is_empty()) {
        fields.push("marker: std::marker::PhantomData".into());
    }
    let _ = write!(
        run,
        "let inputs = {name}::Inputs {{ {} }}; let mut workspace = {name}::Workspace::default();
         let mut gradient = {name}::Gradient::zeros({});",
        fields.join(", "),
        named(program)
    );
    run
}

fn views(program: &Program, numbers: &Numbers) -> Called {
    let name = &program.function;
    let mut run = view_inputs(program);
    let (mut borrowed, mut scalars, mut upstream) = (String::new(), 0, Vec::new());
    for (place, (shape, value)) in program.outputs.iter().zip(&numbers.values).enumerate() {
        if shape.is_empty() {
            scalars += 1;
            upstream.push(format!("{UPSTREAM:?}"));
            continue;
        }
        let count = value.len();
        let _ =
            write!(run, "let mut out{place} = vec![f64::NAN; {count}]; let up{place} = vec![{UPSTREAM:?}; {count}];");
        let sizes: Vec<usize> = shape.iter().map(|dim| size(program, dim)).collect();
        upstream.push(view(&format!("up{place}"), &sizes));
        let _ = write!(borrowed, ", &mut out{place}");
    }
    let all = |value: &str| -> String {
        let mut scalar = 0;
        let one = |(place, shape): (usize, &Vec<_>)| {
            if !shape.is_empty() {
                return format!("out{place}.clone()");
            }
            scalar += 1;
            if scalars == 1 { format!("vec![{value}]") } else { format!("vec![{value}.{}]", scalar - 1) }
        };
        program.outputs.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
    };
    let _ = write!(
        run,
        "let value = {name}::value(&inputs, &mut workspace{borrowed}).unwrap();
         print(NUMBER, &[{}].concat());
         let mut saved = {name}::Saved::default();
         let value2 = {name}::forward(&inputs, &mut workspace, &mut saved{borrowed}).unwrap();
         print(NUMBER, &[{}].concat());
         {name}::backward(&inputs, &saved, {}, &mut workspace, &mut gradient).unwrap();
         print(NUMBER, gradient.as_slice());",
        all("value"),
        all("value2"),
        upstream.join(", ")
    );
    let value = numbers.values.concat();
    let mut expected = vec![
        ("value of views", value.clone()),
        ("forward of views", value.clone()),
        ("backward of views", numbers.cotangents.clone()),
    ];
    if program.has_gradient() {
        let _ = write!(
            run,
            "let value3 = {name}::value_and_gradient(&inputs, &mut workspace, &mut gradient).unwrap();
             print(NUMBER, &[&[value3], gradient.as_slice()].concat());
             {name}::add_gradient(&inputs, &mut workspace, &mut gradient).unwrap();
             print(NUMBER, gradient.as_slice());"
        );
        expected.push(("gradient of views", [value, numbers.derivatives.clone()].concat()));
        expected.push(("added gradient of views", numbers.derivatives.iter().map(|slope| 2.0 * slope).collect()));
    }
    (run, expected)
}

/// The sizes that the parameters' vector depends on, in the order of the inputs.
fn named(program: &Program) -> String {
    let mut all: Vec<(&str, bool)> = Vec::new();
    for (input, shape) in &program.inputs {
        for dim in shape.iter().copied().filter(|dim| program.sizes.contains_key(*dim)) {
            let wanted = program.wrt.contains(input);
            match all.iter_mut().find(|(name, _)| *name == dim) {
                Some((_, used)) => *used |= wanted,
                None => all.push((dim, wanted)),
            }
        }
    }
    let sizes = all.iter().filter(|(_, used)| *used).map(|(name, _)| program.sizes[*name].to_string());
    sizes.collect::<Vec<_>>().join(", ")
}
