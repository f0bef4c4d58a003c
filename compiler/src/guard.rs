//! The last look at a form before it is shown, evaluated or emitted: its numbers against those of the chain rule.
//!
//! In: pairs of values of which the second stands for the first, and the stated facts. Out: which of them differ. Proofs
//! decide what may stand for what; this is for the day on which one of them, or what was written of it, is wrong.
//!
//! Both are computed at points where the facts hold. Every input has each of its signs at some point, and every condition
//! each of its sides if points are found for them. Where both numbers are finite, they may differ by what rounding does to
//! either, which a running error bound tells.

use crate::facts::Claim;
use crate::graph::{Axis, Graph, NodeId, Operation, Ref};
use crate::number::FloatType;
use crate::operators::{Kind, OneStep, Operator};
use crate::sample::{Point, each, position, size};

/// Points that are always looked at.
const POINTS: usize = 4;
/// Points that are tried for the other side of conditions.
const MOST_TRIES: usize = 12;
/// Sizes of inputs at the points.
const SIZES: [f64; 6] = [1.0, 1.0, 4.0, 0.2, 30.0, 0.02];
/// Numbers that are no farther apart, relative to their size, need no bound.
const SAME: f64 = 1e-9;
/// No point is that far from 1.
const EXTREME: f64 = 1e20;
/// Larger graphs have no other forms.
const MOST_NODES: usize = 20_000;

/// Which of some values are not what stands for them.
pub(crate) fn refuted(graph: &Graph, pairs: &[(Ref, Ref)], facts: &[Claim]) -> Vec<bool> {
    let mut refuted = vec![false; pairs.len()];
    let differ: Vec<usize> = (0..pairs.len()).filter(|pair| pairs[*pair].0 != pairs[*pair].1).collect();
    if differ.is_empty() || graph.len() > MOST_NODES {
        return refuted;
    }
    let roots = differ.iter().flat_map(|pair| [pairs[*pair].0.node, pairs[*pair].1.node]);
    let live = graph.live(roots);
    let conditions: Vec<NodeId> =
        graph.nodes().filter(|node| live[node.index()] && is_comparison(graph, *node)).collect();
    let mut sides = vec![[false; 2]; conditions.len()];
    // Points at which facts hold are dear.
    let most = if facts.is_empty() { POINTS + MOST_TRIES } else { POINTS };
    for place in 0..most {
        if place >= POINTS && sides.iter().all(|sides| sides[0] && sides[1]) {
            break;
        }
        // Each point and the one that is opposite to it.
        let (turn, negated) = (place / 2, place % 2 == 1);
        let factor = SIZES[turn % SIZES.len()] * if negated { -1.0 } else { 1.0 };
        let point = Point::of(graph, turn, factor, &live, facts);
        let mut news = place < POINTS;
        for (condition, sides) in conditions.iter().zip(&mut sides) {
            for value in point.array(*condition).into_iter().flatten() {
                news |= !std::mem::replace(&mut sides[usize::from(*value != 0.0)], true);
            }
        }
        if news {
            for pair in differ.iter().filter(|pair| !is_same(graph, &point, &pairs[**pair])) {
                refuted[*pair] = true;
            }
        }
    }
    refuted
}

/// What a build that tests itself does where a form is refuted; any other goes on without the form.
pub(crate) fn report(function: &str, what: &str) {
    let tests_itself = cfg!(any(test, feature = "strict"));
    assert!(!tests_itself, "the guard refutes {what} of `{function}`");
}

/// A comparison of numbers that are not known beforehand, and for which points may be found on either side.
fn is_comparison(graph: &Graph, node: NodeId) -> bool {
    let compares = graph.as_operator(node).is_some_and(|operator| {
        let is_rare = matches!(operator, Operator::Equal | Operator::NotEqual);
        !is_rare && operator.row().result == Kind::Truth && operator.row().operands.first() == Some(&Kind::Number)
    });
    // Whether a sum of squares is moderate has no other side among ordinary numbers.
    let is_extreme = |number: f64| number.abs() >= EXTREME || number != 0.0 && number.abs() <= 1.0 / EXTREME;
    let mut operands = graph.operands(node);
    compares && graph.as_position(node).is_none() && !operands.any(|own| graph.stated(own.node).is_some_and(is_extreme))
}

/// Whether two values agree at a point, at every position.
fn is_same(graph: &Graph, point: &Point, (value, form): &(Ref, Ref)) -> bool {
    let axes = value.distinct_axes();
    let sizes: Vec<usize> = axes.iter().map(|axis| size(graph.dim(*axis), point.index())).collect();
    let mut errors = None;
    let mut same = true;
    each(&sizes, |positions| {
        let at = |axis: Axis| match axes.iter().position(|other| *other == axis) {
            Some(place) => positions[place],
            None => position(graph, axis, point.index()),
        };
        let (Some(a), Some(b)) = (point.value(value, &at), point.value(form, &at)) else { return };
        let apart = (a - b).abs();
        // What is not finite says nothing here, and nothing is certain of what is nearly too small for a float.
        let close = apart <= SAME * a.abs().max(b.abs()) || apart <= f64::MIN_POSITIVE;
        if close || apart.is_nan() || apart.is_infinite() {
            return;
        }
        let errors = errors.get_or_insert_with(|| Errors::of(graph, point, [value.node, form.node]));
        let bound = point.place(value, &at).zip(point.place(form, &at)).and_then(|(first, second)| {
            Some(errors.of_node(value.node)?.get(first)? + errors.of_node(form.node)?.get(second)?)
        });
        same &= bound.is_none_or(|bound| apart <= bound || bound.is_nan());
    });
    same
}

/// How far every number of some values may be off at a point, by what rounding does on the way.
struct Errors(Vec<Option<Vec<f64>>>);

impl Errors {
    fn of(graph: &Graph, point: &Point, roots: [NodeId; 2]) -> Self {
        let live = graph.live(roots);
        let mut errors = Self(vec![None; graph.len()]);
        for node in graph.nodes().filter(|node| live[node.index()]) {
            errors.0[node.index()] = errors.compute(graph, point, node);
        }
        errors
    }

    fn of_node(&self, node: NodeId) -> Option<&[f64]> {
        self.0.get(node.index())?.as_deref()
    }

    fn compute(&self, graph: &Graph, point: &Point, node: NodeId) -> Option<Vec<f64>> {
        // Twice the roundoff: that of functions is a little more than one.
        let unit = 2.0 * f64::EPSILON;
        let values = point.array(node)?;
        let is_exact = match graph.operation(node) {
            Operation::Constant(_) => graph.as_constant(node).is_some_and(|number| number.is_exact_in(FloatType::F64)),
            operation => {
                !matches!(operation, Operation::Apply(_) | Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_))
            }
        };
        if is_exact {
            return Some(vec![0.0; values.len()]);
        }
        let own = |value: &f64| unit * value.abs() + f64::MIN_POSITIVE * f64::EPSILON;
        let mut errors: Vec<f64> = values.iter().map(own).collect();
        let operation = graph.operation(node);
        let Operation::Apply(operator) = operation else {
            if !matches!(operation, Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)) {
                return Some(errors);
            }
            let operand = graph.operands(node).next()?.node;
            let (inner, body) = (self.of_node(operand)?, point.array(operand)?);
            let mut parts = point.walk(node)?;
            let terms = parts.len() / errors.len().max(1);
            for (place, part) in parts.drain(..).enumerate() {
                let [at] = part[..] else { return None };
                errors[place / terms.max(1)] += inner.get(at)? + unit * terms as f64 * body.get(at)?.abs();
            }
            return Some(errors);
        };
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
        let mut step = OneStep::new(operator);
        for (place, at) in point.walk(node)?.into_iter().enumerate() {
            if at.len() > operator.arity() {
                // Of many numbers one is taken.
                let off = operands.iter().zip(&at).map(|(operand, at)| self.of_node(*operand)?.get(*at).copied());
                errors[place] += off.sum::<Option<f64>>()?;
                continue;
            }
            let mut numbers = [0.0; 3];
            let mut off = [0.0; 3];
            for (number, (operand, at)) in operands.iter().zip(&at).enumerate() {
                numbers[number] = *point.array(*operand)?.get(*at)?;
                off[number] = *self.of_node(*operand)?.get(*at)?;
            }
            errors[place] += of_operands(operator, &mut step, &numbers[..operands.len()], &off, values[place]);
        }
        Some(errors)
    }
}

/// What the errors of operands do to a result: by the slopes, and by what the function does at the ends.
fn of_operands(operator: Operator, step: &mut OneStep, numbers: &[f64], off: &[f64; 3], value: f64) -> f64 {
    let row = operator.row();
    if row.result == Kind::Truth {
        // Undecided, if it may be one or the other.
        let mut sides = [0.0, 1.0, -1.0].iter().flat_map(|a| [0.0, 1.0, -1.0].map(|b| [*a, b, 0.0]));
        let moved = |signs: [f64; 3]| -> Vec<f64> {
            numbers.iter().zip(off).zip(signs).map(|((number, off), sign)| number + sign * off).collect()
        };
        let undecided = sides.any(|signs| (row.evaluate)(&moved(signs)) != value);
        return if undecided { f64::INFINITY } else { 0.0 };
    }
    if operator == Operator::Select {
        return if off[0] > 0.0 && off[0].is_infinite() {
            f64::INFINITY
        } else {
            off[if numbers[0] != 0.0 { 1 } else { 2 }]
        };
    }
    let mut all = [0.0; 3];
    all[..numbers.len()].copy_from_slice(numbers);
    step.start(&all, value);
    let mut error = 0.0;
    for place in 0..numbers.len() {
        if off[place] == 0.0 {
            continue;
        }
        let slope = step.slope(place).abs() * off[place];
        let ends = [-1.0, 1.0].map(|sign| {
            let mut moved = all;
            moved[place] += sign * off[place];
            (step.evaluate(&moved) - value).abs()
        });
        let most = slope.max(ends[0]).max(ends[1]);
        error += if most.is_nan() || ends.iter().any(|end| end.is_nan()) { f64::INFINITY } else { 2.0 * most };
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::claims;
    use crate::parse::parse_formula;
    use crate::resolve::resolve;

    /// Whether the second of two outputs is found not to be the first.
    fn is_refuted(text: &str) -> bool {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let facts = claims(&function.graph, &function.facts);
        let [first, second] = &function.outputs[..] else { panic!("{text}: two outputs") };
        let form = second.value.renamed(&second.axes, &first.axes);
        refuted(&function.graph, &[(first.value.clone(), form)], &facts)[0]
    }

    #[test]
    fn what_differs_anywhere_is_refuted() {
        for text in [
            "fn f(x) -> (u, v) = (1.5e-20*(2*x), 3*x);",
            "fn f(x) -> (u, v) = (x**2/3, x**2*0.3333333);",
            "fn f(x) -> (u, v) = (abs(x), x);",
            "fn f(x) -> (u, v) = (sqrt(x**2), x);",
            "fn f(x) -> (u, v) = (if x > 20 { x } else { 1 }, if x > 20 { x + 1e-6 } else { 1 });",
            "fn f(x, y) -> (u, v) = (if x*y < -3 { x } else { y }, y);",
            "fn f(x, y) -> (u, v) where x + y == 1 = (x, 1 + y);",
            "fn f(x: [N], y: [N]) -> (u, v) = (sum(x*y), sum(x)*sum(y));",
            "fn f(x: [N]) -> (u, v) = (x*sum(x), x*x);",
            "fn f(x: [N, K]) -> (u, v) = (softmax(x), exp(x));",
        ] {
            assert!(is_refuted(text), "{text}");
        }
    }

    #[test]
    fn what_is_the_same_but_for_rounding_is_not() {
        for text in [
            "fn f(x) -> (u, v) = ((1 - cos(x))/x**2, 2*sin(x/2)**2/x**2);",
            "fn f(x) -> (u, v) = (1 - 1/(1 + exp(-x)), 1/(1 + exp(x)));",
            "fn f(x, y) -> (u, v) = ((x - y)**5, x**5 - 5*x**4*y + 10*x**3*y**2 - 10*x**2*y**3 + 5*x*y**4 - y**5);",
            "fn f(x, y) -> (u, v) where x + y == 1 = (x, 1 - y);",
            "fn f(x: [N], t: [N]) -> (u, v) where sum(t) == 1 = (x*sum(t), x);",
            "fn f(x: [N]) -> (u, v) = (log(sum(exp(x))), max(x) + log(sum(exp(x - max(x)))));",
            "fn f(x) -> (u, v) = (if x > 0 { x } else { 0 }, max(x, 0));",
            "fn f(x) -> (u, v) = (floor(x) + x*0.1/0.1, floor(x) + x);",
            "fn f(x) -> (u, v) = (1e-300*x/1e20, x*1e-320);",
        ] {
            assert!(!is_refuted(text), "{text}");
        }
    }
}
