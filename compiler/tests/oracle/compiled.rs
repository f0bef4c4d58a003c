//! What the compiler makes of a program: its value, its reverse sweep, its Hessian, by the lowered program.

use chainrule_compiler::derive::{DerivativeKind, Derived, Request, derive};
use chainrule_compiler::diagnostic::Diagnostics;
use chainrule_compiler::evaluate::{self, evaluate};
use chainrule_compiler::loops::{self, Contractions, fuse};
use chainrule_compiler::lower::{self, Wanted, lower};
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::print::Style;
use chainrule_compiler::resolve::{Function, resolve};

use crate::dual;
use crate::dual::tensor::{Outcome, Tensor};
use crate::emitted::near;
use crate::generate::Program;
use crate::generate::random::Random;
use crate::listed;
use crate::numeric;
use crate::report::{Failure, Report};

/// The name of the cotangent; no program has it.
pub const UPSTREAM: &str = "upstream_cotangent";

/// How far from a kink limits are taken.
const BESIDE: f64 = 1e-7;
/// Limits agree to so much: derivatives change on the way to them.
const NEAR: f64 = 1e-4;

/// The compiler's own view of a program.
///
/// # Errors
/// What the compiler refuses.
pub fn resolved(program: &Program) -> Result<Function, String> {
    let text = &program.text_minimal;
    let functions =
        parse_module(text).and_then(|module| resolve(&module, text)).map_err(|found| refusal(text, &found))?;
    functions.into_iter().find(|function| function.name == program.function).ok_or("no such function".into())
}

fn refusal(text: &str, found: &Diagnostics) -> String {
    let lines = found.iter().map(|diagnostic| {
        let place = diagnostic.spans.first().map_or("", |span| &text[span.start as usize..span.end as usize]);
        format!("{diagnostic}\nat `{place}`")
    });
    format!("the compiler refuses: {}", lines.collect::<Vec<_>>().join("\n"))
}

/// Runs a derived function by its lowered program: outputs, then derivatives.
///
/// # Errors
/// What the evaluator refuses.
pub fn run(derived: &Derived, inputs: &[Tensor<f64>]) -> Result<Vec<evaluate::Tensor>, String> {
    run_wanted(derived, &derived.wanted(), inputs)
}

fn run_wanted(derived: &Derived, wanted: &[Wanted], inputs: &[Tensor<f64>]) -> Result<Vec<evaluate::Tensor>, String> {
    run_program(&lower(&derived.function.graph, wanted), inputs)
}

/// By whole arrays, and by loops in both ways: these add up in another order, and are the same otherwise.
fn run_program(program: &lower::Program, inputs: &[Tensor<f64>]) -> Result<Vec<evaluate::Tensor>, String> {
    let tensor = |input: &Tensor<f64>| evaluate::Tensor { shape: input.shape.clone(), data: input.items.clone() };
    let inputs: Vec<evaluate::Tensor> = inputs.iter().map(tensor).collect();
    let expected = evaluate(program, &inputs).map_err(|error| error.to_string())?;
    for contractions in [Contractions::Kernels, Contractions::Loops] {
        let routine = fuse(program, contractions);
        let found = loops::run(&routine, &inputs).map_err(|error| error.to_string())?;
        let same = |(found, expected): (&evaluate::Tensor, &evaluate::Tensor)| {
            found.shape == expected.shape && near(&found.data, &expected.data)
        };
        if found.len() != expected.len() || !found.iter().zip(&expected).all(same) {
            return Err(format!("loops give {found:?}, whole arrays {expected:?}, by\n{routine}"));
        }
    }
    Ok(expected)
}

/// The printed listing, read again, against the values that it lists.
fn listed(derived: &Derived, inputs: &[Tensor<f64>], report: &mut Report) -> Result<(), Failure> {
    let expected = run_wanted(derived, &derived.wanted_closed(), inputs).map_err(Failure::by("listing"))?;
    let tensor = |input: &Tensor<f64>| evaluate::Tensor { shape: input.shape.clone(), data: input.items.clone() };
    let inputs: Vec<evaluate::Tensor> = inputs.iter().map(tensor).collect();
    listed::check(derived, &inputs, &expected, report).map_err(Failure::by("listing"))
}

/// Compares everything with the jets.
///
/// # Errors
/// What disagrees.
pub fn check(program: &Program, upstream: &[Tensor<f64>], report: &mut Report) -> Result<(), Failure> {
    let function = resolved(program).map_err(Failure::by("refusal"))?;
    value(program, &function)?;
    facts(program, &function)?;
    if !program.wrt.is_empty() {
        pullback(program, &function, upstream, report)?;
        if program.has_gradient() {
            gradient_and_hessian(program, &function, report)?;
            report.hessians += 1;
        } else {
            jacobians(program, &function, report)?;
            report.jacobians += 1;
        }
    }
    report.compiled += 1;
    Ok(())
}

/// The compiler must find every stated fact true of the point: the generator has seen to that.
fn facts(program: &Program, function: &Function) -> Result<(), Failure> {
    let fail = || Failure::by("facts");
    let checks = chainrule_compiler::facts::checks(&function.graph, &function.facts)
        .map_err(|error| fail()(error.to_string()))?;
    let found = run_program(&checks, &program.point).map_err(fail())?;
    for (fact, holds) in function.facts.iter().zip(&found) {
        if holds.data != [1.0] {
            return Err(fail()(format!("`{}` is found false", fact.text)));
        }
    }
    Ok(())
}

fn same(
    by: &'static str,
    what: &str,
    found: &evaluate::Tensor,
    expected: &Tensor<f64>,
    scale: f64,
) -> Result<(), Failure> {
    let agree = found.shape == expected.shape
        && found.data.len() == expected.items.len()
        && found.data.iter().zip(&expected.items).all(|(a, b)| numeric::agree(*a, *b, scale));
    if agree {
        return Ok(());
    }
    let message = format!(
        "{what}: compiled {:?} {:?}, by jets {:?} {:?} (scale {scale})",
        found.shape, found.data, expected.shape, expected.items
    );
    Err(Failure { by, message })
}

/// Derives, and requires exactly the derivatives that were asked for, in order.
fn derived(program: &Program, function: &Function, request: &Request) -> Result<Derived, Failure> {
    let derived =
        derive(function.clone(), request).map_err(|error| Failure { by: "refusal", message: error.to_string() })?;
    let place = |name: &String| program.inputs.iter().position(|(input, _)| input == name);
    let wrt: Vec<usize> = program.wrt.iter().filter_map(place).collect();
    let mut expected = Vec::new();
    for (of, shape) in program.outputs.iter().enumerate().filter(|_| request.order > 0) {
        let kind = match (&request.upstream, shape.as_slice()) {
            (Some(_), _) => DerivativeKind::Pullback,
            (None, []) => DerivativeKind::Gradient,
            (None, _) => DerivativeKind::Jacobian,
        };
        expected.extend(wrt.iter().map(|place| (kind, of, vec![*place])));
        if request.order > 1 {
            let pairs = wrt.iter().flat_map(|row| wrt.iter().map(move |column| vec![*row, *column]));
            expected.extend(pairs.map(|pair| (DerivativeKind::Hessian, of, pair)));
        }
    }
    let found: Vec<_> = derived.entries.iter().map(|entry| (entry.kind, entry.of, entry.wrt.clone())).collect();
    if found != expected || derived.wrt() != wrt {
        let message = format!("found {found:?} by {:?}, not {expected:?} by {wrt:?}", derived.wrt());
        return Err(Failure { by: "list of derivatives", message });
    }
    not_refuted(&derived)?;
    Ok(derived)
}

/// A form that the guard refutes is a failure, though what is used in its place is right.
pub fn not_refuted(derived: &Derived) -> Result<(), Failure> {
    let message = format!("{} forms are refuted", derived.refuted);
    if derived.refuted == 0 { Ok(()) } else { Err(Failure { by: "the guard", message }) }
}

/// Where the coordinates of each input start, and where the last one's end.
fn starts(program: &Program) -> Vec<usize> {
    let mut starts = vec![0];
    for input in &program.point {
        starts.push(starts[starts.len() - 1] + input.items.len());
    }
    starts
}

/// The outputs of the formula alone.
fn value(program: &Program, function: &Function) -> Result<(), Failure> {
    let expected =
        dual::run::<f64>(&program.module, &program.function, &program.point).map_err(Failure::by("the interpreter"))?;
    let derived = derived(program, function, &Request::default())?;
    let found = run(&derived, &program.point).map_err(Failure::by("value"))?;
    for (place, (found, output)) in found.iter().zip(&expected.outputs).enumerate() {
        same("value", &format!("output {place}"), found, output, expected.largest)?;
    }
    Ok(())
}

/// The value, and the sum over all outputs of what each sends back.
fn pullback(
    program: &Program,
    function: &Function,
    upstream: &[Tensor<f64>],
    report: &mut Report,
) -> Result<(), Failure> {
    let (expected, largest) = dual::pullback(&program.module, &program.function, &program.point, upstream)
        .map_err(Failure::by("the interpreter"))?;
    // Every other one is simplified too.
    let raw = program.number % 2 == 1;
    let request = Request { order: 1, upstream: Some(UPSTREAM.into()), raw, ..Request::default() };
    let derived = derived(program, function, &request)?;
    let inputs: Vec<Tensor<f64>> = program.point.iter().chain(upstream).cloned().collect();
    let found = run(&derived, &inputs).map_err(Failure::by("pullback"))?;
    closed_forms(&derived, &inputs, &found, &[])?;
    stable_forms(&derived, &inputs, &found, &[])?;
    listed(&derived, &inputs, report)?;
    let count = program.outputs.len();
    for place in derived.wrt() {
        let mut sum =
            evaluate::Tensor { shape: expected[place].shape.clone(), data: expected[place].map(|_| 0.0).items };
        for (_, value) in derived.entries.iter().zip(&found[count..]).filter(|(entry, _)| entry.wrt == [place]) {
            sum.data.iter_mut().zip(&value.data).for_each(|(a, b)| *a += b);
            sum.shape.clone_from(&value.shape);
        }
        same("pullback", &format!("to `{}`", program.inputs[place].0), &sum, &expected[place], largest)?;
    }
    Ok(())
}

fn gradient_and_hessian(program: &Program, function: &Function, report: &mut Report) -> Result<(), Failure> {
    let request = Request { order: 2, ..Request::default() };
    let derived = derived(program, function, &request)?;
    let found = run(&derived, &program.point).map_err(Failure::by("hessian"))?;
    listed(&derived, &program.point, report)?;
    let interpreter = || Failure::by("the interpreter");
    let exact = second_order(program, &derived, &program.point).map_err(interpreter())?;
    let same = second_order_agrees(program, &derived, &found, &exact, &[]);
    if same.is_ok() {
        return same;
    }
    let Some(limits) = limits(program, &derived).map_err(interpreter())? else { return same };
    second_order_agrees(program, &derived, &found, &exact, &limits)?;
    report.limits += 1;
    Ok(())
}

/// Results by jets, in the order of the compiler's, and the largest number that their runs came across.
struct SecondOrder {
    gradient: Vec<Tensor<f64>>,
    hessian: Vec<Tensor<f64>>,
    largest: [f64; 2],
}

fn second_order(program: &Program, derived: &Derived, point: &[Tensor<f64>]) -> Outcome<SecondOrder> {
    let one = [Tensor::scalar(1.0)];
    let (gradient, first) = dual::pullback(&program.module, &program.function, point, &one)?;
    let (hessian, second) = dual::hessian(&program.module, &program.function, point)?;
    let starts = starts(program);
    let block = |row: usize, column: usize| {
        let (rows, columns) = (&point[row], &point[column]);
        let part = (0..rows.items.len())
            .flat_map(|at| hessian[starts[row] + at][starts[column]..].iter().take(columns.items.len()).copied());
        Tensor { shape: [&rows.shape[..], &columns.shape[..]].concat(), items: part.collect() }
    };
    let wrt = derived.wrt();
    let hessian = wrt.iter().flat_map(|row| wrt.iter().map(|column| block(*row, *column))).collect();
    let gradient = wrt.iter().map(|place| gradient[*place].clone()).collect();
    Ok(SecondOrder { gradient, hessian, largest: [first, second] })
}

impl SecondOrder {
    fn results(&self) -> impl Iterator<Item = (&Tensor<f64>, f64)> {
        let gradient = self.gradient.iter().map(|tensor| (tensor, self.largest[0]));
        gradient.chain(self.hessian.iter().map(|tensor| (tensor, self.largest[1])))
    }
}

/// For each result behind the value and each of its numbers the limit, where there is one.
type Limits = Vec<Vec<Option<f64>>>;

fn is_limit(limits: &[Vec<Option<f64>>], place: usize, at: usize, found: f64) -> bool {
    let limit = place.checked_sub(1).and_then(|place| limits.get(place)).and_then(|limits| limits[at]);
    limit.is_some_and(|limit| near_limit(found, limit))
}

fn near_limit(a: f64, b: f64) -> bool {
    (a - b).abs() <= NEAR * b.abs().max(1.0)
}

/// At a kink: what is the same from several sides. A convention is not held against a compiler that has this.
fn limits(program: &Program, derived: &Derived) -> Outcome<Option<Limits>> {
    let trace =
        |point: &[Tensor<f64>]| dual::run::<f64>(&program.module, &program.function, point).map(|run| run.trace);
    let here = trace(&program.point)?;
    let (mut kink, mut sides) = (false, Vec::new());
    for number in 0..6_u64 {
        let mut random = Random::new(14, number / 2);
        let forth = if number.is_multiple_of(2) { BESIDE } else { -BESIDE };
        let mut moved = |item: f64| item + forth * (0.5 + random.unit()) * if random.chance(50) { 1.0 } else { -1.0 };
        let point: Vec<Tensor<f64>> = program.point.iter().map(|input| input.map(&mut moved)).collect();
        kink |= trace(&point)? != here;
        sides.push(second_order(program, derived, &point)?);
    }
    let rows: Vec<Vec<&Tensor<f64>>> =
        sides.iter().map(|side| side.results().map(|(tensor, _)| tensor).collect()).collect();
    let limit = |place: usize, at: usize| {
        let first = rows[0][place].items[at];
        rows.iter().all(|row| near_limit(row[place].items[at], first)).then_some(first)
    };
    let limits = |place: usize| (0..rows[0][place].items.len()).map(|at| limit(place, at)).collect();
    Ok(kink.then(|| (0..rows[0].len()).map(limits).collect()))
}

fn second_order_agrees(
    program: &Program,
    derived: &Derived,
    found: &[evaluate::Tensor],
    exact: &SecondOrder,
    limits: &[Vec<Option<f64>>],
) -> Result<(), Failure> {
    closed_forms(derived, &program.point, found, limits)?;
    stable_forms(derived, &program.point, found, limits)?;
    // In the order of the results: first derivatives before second ones.
    for (place, ((entry, found), (exact, scale))) in
        derived.entries.iter().zip(&found[1..]).zip(exact.results()).enumerate()
    {
        let mut expected = exact.clone();
        for (at, (expected, found)) in expected.items.iter_mut().zip(&found.data).enumerate() {
            *expected = if is_limit(limits, place + 1, at, *found) { *found } else { *expected };
        }
        let names: Vec<&str> = entry.wrt.iter().map(|place| program.inputs[*place].0.as_str()).collect();
        let by = if names.len() > 1 { "hessian" } else { "gradient" };
        same(by, &format!("by `{}`", names.join("` and `")), found, &expected, scale)?;
    }
    Ok(())
}

/// Closed forms against the chain rule's own. They never have more operations.
fn closed_forms(
    derived: &Derived,
    inputs: &[Tensor<f64>],
    raw: &[evaluate::Tensor],
    limits: &[Vec<Option<f64>>],
) -> Result<(), Failure> {
    let operations = derived.operations(&derived.listing(Style::Language, |_, _| String::new()));
    if operations.derived > operations.raw {
        return Err(Failure::by("operations of a closed form")(format!("{operations:?}")));
    }
    let found = run_wanted(derived, &derived.wanted_closed(), inputs).map_err(Failure::by("closed form"))?;
    agree_with_raw("closed form", &found, raw, limits)
}

/// What is evaluated and emitted against the chain rule's own.
fn stable_forms(
    derived: &Derived,
    inputs: &[Tensor<f64>],
    raw: &[evaluate::Tensor],
    limits: &[Vec<Option<f64>>],
) -> Result<(), Failure> {
    let mut stable = derived.clone();
    stable.stabilise().map_err(|error| Failure::by("stable form")(error.to_string()))?;
    not_refuted(&stable)?;
    agree_with_raw("stable form", &run(&stable, inputs).map_err(Failure::by("stable form"))?, raw, limits)
}

/// Rewritten forms against the chain rule's own, where that is finite: they may be defined in more places. A closed form may
/// cancel where the chain rule does not, which costs digits relative to the numbers on the way.
fn agree_with_raw(
    by: &'static str,
    found: &[evaluate::Tensor],
    raw: &[evaluate::Tensor],
    limits: &[Vec<Option<f64>>],
) -> Result<(), Failure> {
    let largest = raw.iter().flat_map(|tensor| &tensor.data).fold(1.0_f64, |most, value| most.max(value.abs()));
    for (place, (found, raw)) in found.iter().zip(raw).enumerate() {
        let agree = |(at, (a, b)): (usize, (&f64, &f64))| {
            !b.is_finite() || (a - b).abs() <= 1e-7 * largest.max(1.0) || is_limit(limits, place, at, *a)
        };
        if !found.data.iter().zip(&raw.data).enumerate().all(agree) {
            let message = format!("result {place}: {:?} rewritten, {:?} by the chain rule", found.data, raw.data);
            return Err(Failure::by(by)(message));
        }
    }
    Ok(())
}

/// The Jacobian of every output, row by row.
fn jacobians(program: &Program, function: &Function, report: &mut Report) -> Result<(), Failure> {
    let request = Request { order: 1, ..Request::default() };
    let derived = derived(program, function, &request)?;
    let found = run(&derived, &program.point).map_err(Failure::by("jacobian"))?;
    closed_forms(&derived, &program.point, &found, &[])?;
    stable_forms(&derived, &program.point, &found, &[])?;
    listed(&derived, &program.point, report)?;
    let values =
        dual::run::<f64>(&program.module, &program.function, &program.point).map_err(Failure::by("the interpreter"))?;
    let mut columns = Vec::new();
    let mut largest = values.largest;
    for direction in dual::coordinates(&program.point) {
        let run = dual::run(&program.module, &program.function, &dual::along(&program.point, &direction))
            .map_err(Failure::by("the interpreter"))?;
        largest = largest.max(run.largest);
        columns.push(run.outputs);
    }
    let starts = starts(program);
    for (entry, found) in derived.entries.iter().zip(&found[program.outputs.len()..]) {
        let (output, input) = (&values.outputs[entry.of], entry.wrt[0]);
        let part = (0..output.items.len()).flat_map(|row| {
            columns[starts[input]..starts[input + 1]].iter().map(move |column| column[entry.of].items[row].tangent)
        });
        let shape = [&output.shape[..], &program.point[input].shape[..]].concat();
        let expected = Tensor { shape, items: part.collect() };
        let what = format!("of output {} by `{}`", entry.of, program.inputs[input].0);
        same("jacobian", &what, found, &expected, largest)?;
    }
    Ok(())
}

/// A program of one scalar `x`, at 0.
#[cfg(test)]
fn at_zero(formula: &str) -> Program {
    let text = format!("fn f(x) = {formula};");
    Program {
        number: 0,
        module: parse_module(&text).expect(&text),
        text_minimal: text.clone(),
        text_full: text,
        function: "f".into(),
        inputs: vec![("x".into(), Vec::new())],
        wrt: vec!["x".into()],
        outputs: vec![Vec::new()],
        sizes: std::collections::BTreeMap::new(),
        point: vec![Tensor::scalar(0.0)],
        scalar: true,
        features: std::collections::BTreeSet::new(),
    }
}

#[test]
fn limits_at_a_kink_are_those_that_all_sides_have() {
    let rows = [
        ("abs(x)**2", Some([Some(0.0), Some(2.0)])),
        ("abs(x)**3", Some([Some(0.0), Some(0.0)])),
        ("abs(x)", Some([None, Some(0.0)])),
        ("relu(x)**2", Some([Some(0.0), None])),
        ("x**2", None),
    ];
    for (formula, expected) in rows {
        let program = at_zero(formula);
        let derived = derived(&program, &resolved(&program).unwrap(), &Request { order: 2, ..Request::default() });
        let found = limits(&program, &derived.unwrap()).unwrap();
        let same = |(found, expected): (&Vec<Option<f64>>, &Option<f64>)| match (found[0], expected) {
            (Some(found), Some(expected)) => near_limit(found, *expected),
            (found, expected) => found.is_none() && expected.is_none(),
        };
        let same = match (&found, expected) {
            (Some(found), Some(expected)) => found.len() == 2 && found.iter().zip(&expected).all(same),
            (found, expected) => found.is_none() && expected.is_none(),
        };
        assert!(same, "{formula}: {found:?}");
        let checked = check(&program, &[Tensor::scalar(1.0)], &mut Report::default());
        assert!(checked.is_ok(), "{formula}: {}", checked.unwrap_err().message);
    }
}

#[test]
fn a_wrong_number_at_a_kink_is_no_limit() {
    let program = at_zero("abs(x)**2");
    let derived = derived(&program, &resolved(&program).unwrap(), &Request { order: 2, ..Request::default() }).unwrap();
    let limits = limits(&program, &derived).unwrap().unwrap();
    assert!(is_limit(&limits, 2, 0, 2.0) && !is_limit(&limits, 2, 0, 1.9) && !is_limit(&limits, 1, 0, 2.0));
    // The value has none.
    assert!(!is_limit(&limits, 0, 0, 0.0));
}
