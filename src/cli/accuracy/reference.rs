//! Evaluates a graph of scalars with [`Big`] numbers.

use chainrule_compiler::graph::{Graph, NodeId, Operation};
use chainrule_compiler::operators::Operator;

use super::big::{Big, pi};

/// The numbers of some nodes, at the inputs' values.
///
/// # Errors
/// The name of an operator that the reference does not know, or that the formula has arrays.
pub fn evaluate(graph: &Graph, roots: &[NodeId], inputs: &[Big], bits: usize) -> Result<Vec<Big>, String> {
    let live = graph.live(roots.iter().copied());
    let mut values: Vec<Big> = vec![Big::Nan; graph.len()];
    for node in graph.nodes().filter(|node| live[node.index()]) {
        let operands: Vec<&Big> = graph.operands(node).map(|operand| &values[operand.node.index()]).collect();
        values[node.index()] = match graph.operation(node) {
            Operation::Input(place) => inputs.get(place as usize).cloned().unwrap_or(Big::Nan),
            Operation::Constant(_) => {
                let (mantissa, exponent) = graph.as_constant(node).map_or((0, 0), |number| number.parts());
                Big::decimal(mantissa, exponent, bits)
            }
            Operation::Truth(value) => Big::of(f64::from(u8::from(value)), bits),
            Operation::Apply(operator) => apply(operator, &operands, bits)
                .ok_or_else(|| format!("the reference does not know `{}`", operator.row().name))?,
            _ => return Err("the reference knows formulas of scalars only".to_owned()),
        };
    }
    Ok(roots.iter().map(|root| values[root.index()].clone()).collect())
}

fn apply(operator: Operator, operands: &[&Big], bits: usize) -> Option<Big> {
    let truth = |value: bool| Big::of(f64::from(u8::from(value)), bits);
    Some(match (operator, operands) {
        (Operator::Add, [a, b]) => a.plus(b),
        (Operator::Subtract, [a, b]) => a.minus(b),
        (Operator::Multiply, [a, b]) => a.times(b),
        (Operator::Divide, [a, b]) => a.over(b),
        (Operator::Power, [a, b]) => power(a, b, bits),
        (Operator::Negate, [a]) => a.negated(),
        (Operator::Abs, [a]) => a.abs(),
        (Operator::Sign, [a]) => Big::of(f64::from(a.sign()), bits),
        (Operator::Exp, [a]) => a.exp(),
        (Operator::Expm1, [a]) => a.expm1(),
        (Operator::Log, [a]) => a.log(),
        (Operator::Log1p, [a]) => a.log1p(),
        (Operator::Sqrt, [a]) => a.sqrt(),
        (Operator::Tanh, [a]) => a.tanh(),
        (Operator::Sinh, [a]) => {
            let (up, two) = (a.expm1(), Big::of(2.0, bits));
            up.plus(&up.over(&up.plus(&Big::of(1.0, bits)))).over(&two)
        }
        (Operator::Cosh, [a]) => a.exp().plus(&a.negated().exp()).over(&Big::of(2.0, bits)),
        (Operator::Erfcx, [a]) => a.times(a).exp().times(&a.erfc()),
        (Operator::Erf, [a]) => a.erf(),
        (Operator::Erfc, [a]) => a.erfc(),
        (Operator::Hypot, [a, b]) => a.times(a).plus(&b.times(b)).sqrt(),
        (Operator::Maximum, [first, rest @ ..]) => {
            rest.iter().fold(*first, |most, other| if most.minus(other).sign() > 0 { most } else { other }).clone()
        }
        (Operator::Minimum, [first, rest @ ..]) => {
            rest.iter().fold(*first, |least, other| if least.minus(other).sign() < 0 { least } else { other }).clone()
        }
        (Operator::Equal, [a, b]) => truth(a.minus(b).sign() == 0),
        (Operator::NotEqual, [a, b]) => truth(a.minus(b).sign() != 0),
        (Operator::Less, [a, b]) => truth(a.minus(b).sign() < 0),
        (Operator::LessEqual, [a, b]) => truth(a.minus(b).sign() <= 0),
        (Operator::Greater, [a, b]) => truth(a.minus(b).sign() > 0),
        (Operator::GreaterEqual, [a, b]) => truth(a.minus(b).sign() >= 0),
        (Operator::And, [a, b]) => truth(a.sign() * b.sign() != 0),
        (Operator::Or, [a, b]) => truth(a.sign() + b.sign() != 0),
        (Operator::Not, [a]) => truth(a.sign() == 0),
        (Operator::Select, [condition, yes, no]) => {
            if condition.sign() != 0 {
                (*yes).clone()
            } else {
                (*no).clone()
            }
        }
        (Operator::Pi, []) => pi(bits),
        (_, [a]) => return inverse(operator, a, bits),
        _ => return None,
    })
}

/// Inverse functions, powers and logarithms of other bases.
fn inverse(operator: Operator, a: &Big, bits: usize) -> Option<Big> {
    let one = Big::of(1.0, bits);
    let odd = |size: Big| if a.sign() < 0 { size.negated() } else { size };
    Some(match operator {
        Operator::Exp2 => a.times(&Big::of(2.0, bits).log()).exp(),
        Operator::Log2 => a.log().over(&Big::of(2.0, bits).log()),
        Operator::Log10 => a.log().over(&Big::of(10.0, bits).log()),
        Operator::Cbrt if a.sign() == 0 => a.clone(),
        Operator::Cbrt => odd(a.abs().log().over(&Big::of(3.0, bits)).exp()),
        Operator::Asinh => {
            let size = a.abs();
            let root = size.times(&size).plus(&one).sqrt();
            // x + x²/(1 + √(1 + x²)), without what cancels near 0.
            odd(size.plus(&size.times(&size).over(&root.plus(&one))).log1p())
        }
        Operator::Acosh => a.plus(&a.times(a).minus(&one).sqrt()).log(),
        Operator::Atanh => a.log1p().minus(&a.negated().log1p()).over(&Big::of(2.0, bits)),
        _ => return None,
    })
}

fn power(base: &Big, exponent: &Big, bits: usize) -> Big {
    let whole = exponent.to_f64();
    if whole.fract() == 0.0 && whole.abs() <= 64.0 {
        let power = base.whole_power(whole.abs() as u32);
        return if whole < 0.0 { Big::of(1.0, bits).over(&power) } else { power };
    }
    base.log().times(exponent).exp()
}
