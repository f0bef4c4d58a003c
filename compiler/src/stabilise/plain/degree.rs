//! How values grow with the length r = √s of which a formula is: whether anything may overflow or underflow on the way.
//!
//! In: a formula, s, and the components v that are squared in s. Out: the highest power of r that stands anywhere, or
//! nothing if there is something of which it is not known that it loses nothing. A component is at most r, but may be tiny:
//! `v·w/r²` is wrong where `v·w` underflows though its quotient would not, `(v/r)·(w/r)` is right.

use std::collections::{BTreeSet, HashMap};

use crate::graph::{Graph, NodeId, Operation};
use crate::number::FloatType;
use crate::operators::{Kind, Operator};

/// The size of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// This power of r, up to a moderate factor.
    Power(i32),
    /// At most the larger one of two powers of r, up to a moderate factor. Powers of r by which it was multiplied, all with
    /// positive exponents or all with negative ones, may have made it underflow: no other ones may follow.
    AtMost { low: i32, high: i32, grown: Option<bool> },
    /// Anything.
    Any,
    /// Anything times a power of r: the last thing that is done to it.
    Last,
}

/// A component over the length, or the like.
const BOUNDED: Size = Size::AtMost { low: 0, high: 0, grown: None };

/// The highest power of r in a formula.
pub(super) fn highest(
    graph: &Graph,
    formula: NodeId,
    [sum, root]: [NodeId; 2],
    parts: &BTreeSet<NodeId>,
) -> Option<u32> {
    let mut sizes: HashMap<NodeId, Size> = HashMap::from([(sum, Size::Power(2)), (root, Size::Power(1))]);
    sizes.extend(parts.iter().map(|part| (*part, Size::AtMost { low: 1, high: 1, grown: None })));
    let (mut pending, mut highest) = (vec![formula], 0);
    while let Some(next) = pending.last().copied() {
        if sizes.contains_key(&next) {
            pending.pop();
            continue;
        }
        let before = pending.len();
        pending.extend(graph.operands(next).map(|operand| operand.node).filter(|own| !sizes.contains_key(own)));
        if pending.len() == before {
            let operands: Vec<Size> = graph.operands(next).map(|operand| sizes[&operand.node]).collect();
            let size = size(graph, next, &operands)?;
            highest = highest.max(degree(size));
            sizes.insert(next, size);
        }
    }
    Some(highest.max(degree(*sizes.get(&formula)?)))
}

fn degree(size: Size) -> u32 {
    match size {
        Size::Power(degree) => degree.unsigned_abs(),
        Size::AtMost { low, high, .. } => low.unsigned_abs().max(high.unsigned_abs()),
        Size::Any | Size::Last => 0,
    }
}

fn size(graph: &Graph, node: NodeId, operands: &[Size]) -> Option<Size> {
    use Operator as Op;
    let Operation::Apply(operator) = graph.operation(node) else { return Some(leaf(graph, node)) };
    match (operator, operands) {
        _ if operator.row().result == Kind::Truth => operands.iter().all(|own| *own != Size::Last).then_some(Size::Any),
        (Op::Negate | Op::Abs, [a]) => Some(*a),
        (Op::Multiply, [a, b]) => product(*a, *b),
        (Op::Divide, [a, Size::Power(b)]) => product(*a, Size::Power(-b)),
        (
            Op::Divide,
            [Size::Power(0) | Size::Any | Size::AtMost { grown: None, .. }, Size::Any | Size::AtMost { .. }],
        ) => Some(Size::Any),
        (Op::Add | Op::Subtract | Op::Maximum | Op::Minimum, [first, rest @ ..]) => {
            rest.iter().try_fold(*first, |sum, next| beside(sum, *next))
        }
        (Op::Select, [_, a, b]) => {
            if a == b {
                Some(*a)
            } else {
                beside(*a, *b)
            }
        }
        (Op::Sqrt, [Size::Power(a)]) => (a % 2 == 0).then_some(Size::Power(a / 2)),
        (Op::Power, [a, _]) => {
            let exponent = graph.operands(node).nth(1).and_then(|own| graph.as_constant(own.node));
            power(*a, exponent.map(crate::number::Number::to_f64))
        }
        // Functions are accurate; what may have been lost counts, unless they are of anything.
        (_, operands) => {
            let whole = |own: &Size| matches!(own, Size::Power(_) | Size::Any | Size::AtMost { grown: None, .. });
            operands.iter().all(whole).then_some(Size::Any)
        }
    }
}

fn leaf(graph: &Graph, node: NodeId) -> Size {
    // Larger factors might reach the ends of the range with powers of r.
    let most = if graph.float() == FloatType::F64 { 1e6 } else { 20.0 };
    match graph.stated(node) {
        Some(0.0) => BOUNDED,
        Some(number) if (1.0 / most..=most).contains(&number.abs()) => Size::Power(0),
        _ => Size::Any,
    }
}

fn product(a: Size, b: Size) -> Option<Size> {
    match (a, b) {
        (Size::Power(0), other) | (other, Size::Power(0)) => Some(other),
        (Size::Power(a), Size::Power(b)) => Some(Size::Power(a + b)),
        (Size::Power(power), Size::AtMost { low, high, grown })
        | (Size::AtMost { low, high, grown }, Size::Power(power)) => {
            let fits = grown.is_none_or(|grown| grown == (power > 0));
            fits.then_some(Size::AtMost { low: low + power, high: high + power, grown: Some(power > 0) })
        }
        (Size::AtMost { low: 0, high: 0, grown: a }, Size::AtMost { low: 0, high: 0, grown: b }) => {
            (a != Some(true) && b != Some(true)).then_some(Size::AtMost { low: 0, high: 0, grown: Some(false) })
        }
        (Size::Any, Size::Any | Size::AtMost { low: 0, high: 0, .. })
        | (Size::AtMost { low: 0, high: 0, .. }, Size::Any) => Some(Size::Any),
        (Size::Any, Size::Power(_)) | (Size::Power(_), Size::Any) => Some(Size::Last),
        _ => None,
    }
}

/// The size of a sum, or of one of two.
fn beside(a: Size, b: Size) -> Option<Size> {
    let range = |size| match size {
        Size::Power(power) => Some((power, power, None)),
        Size::AtMost { low, high, grown } => Some((low, high, grown)),
        Size::Any | Size::Last => None,
    };
    match (range(a), range(b)) {
        (Some((low, high, grown)), Some((other_low, other_high, other))) => {
            let fits = grown.is_none() || other.is_none() || grown == other;
            let grown = grown.or(other);
            fits.then_some(Size::AtMost { low: low.min(other_low), high: high.max(other_high), grown })
        }
        _ => Some(if a == Size::Last || b == Size::Last { Size::Last } else { Size::Any }),
    }
}

fn power(base: Size, exponent: Option<f64>) -> Option<Size> {
    let Some(exponent) = exponent else { return (base == Size::Any).then_some(Size::Any) };
    match base {
        Size::Power(power) => {
            let degree = f64::from(power) * exponent;
            (degree.fract() == 0.0 && degree.abs() < 100.0).then_some(Size::Power(degree as i32))
        }
        Size::AtMost { low: 0, high: 0, grown } if exponent.fract() == 0.0 && (1.0..=4.0).contains(&exponent) => {
            product(base, base)
                .map(|square| if exponent == 1.0 { Size::AtMost { low: 0, high: 0, grown } } else { square })
        }
        Size::Any => Some(Size::Any),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_formula;
    use crate::resolve::resolve;

    /// The highest power of `sqrt(x**2 + y**2)` in a formula, if nothing is lost on the way.
    fn degree_of(text: &str) -> Option<u32> {
        let text = format!("fn f(x, y, c) -> (s, root, out) {{ let s = x**2 + y**2; (s, sqrt(s), {text}) }}");
        let module = parse_formula(&text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let graph = &function.graph;
        let [sum, root, formula] = [0, 1, 2].map(|place| function.outputs[place].value.node);
        let is_part = |node: &NodeId| matches!(graph.operation(*node), Operation::Input(0 | 1));
        let parts = graph.nodes().filter(is_part).collect();
        highest(graph, formula, [sum, root], &parts)
    }

    #[test]
    fn what_may_be_lost_on_the_way_has_no_degree() {
        for (text, expected) in [
            ("sqrt(s)", Some(2)),
            ("x/sqrt(s)", Some(2)),
            ("-x/(s*sqrt(s))", Some(3)),
            ("1/s**2", Some(4)),
            ("c*(x/sqrt(s))", Some(2)),
            ("(x/sqrt(s))*(y/sqrt(s))/sqrt(s)", Some(2)),
            ("(1 - (x/sqrt(s))**2)/sqrt(s)", Some(2)),
            ("log(s)", Some(2)),
            // It overflows where the result does.
            ("1e200*s", Some(2)),
            // The product may underflow where the quotient does not.
            ("x*y/s", None),
            ("c*x/sqrt(s)", None),
            ("c/sqrt(s)*x", None),
            ("x/s*sqrt(s)", None),
        ] {
            let found = degree_of(text);
            assert_eq!(found.map(|found| found.max(2)), expected, "{text}");
        }
    }
}
