//! Products of components and powers of their length, in the orders in which nothing is lost on the way.

use super::Radicand;
use crate::graph::{Graph, NodeId, Ref};
use crate::number::Number;
use crate::operators::Operator;

/// Products of more factors are left alone.
const MOST_FACTORS: usize = 16;
/// Higher powers are left alone.
const MOST_POWER: i32 = 8;

/// `scale · v₁ · v₂ ⋯ · rⁿ · others`
#[derive(Default)]
struct Product {
    negative: bool,
    above: Vec<NodeId>,
    below: Vec<NodeId>,
    parts: Vec<NodeId>,
    degree: i32,
}

/// A product with its components divided by the length first, `(v/r)·(w/r)/r·c`; and with one division, if there is
/// at most one component and nothing else, `v/(s·r)`.
pub(super) fn orders(graph: &mut Graph, formula: NodeId, radicand: &Radicand, root: NodeId) -> Vec<NodeId> {
    let Some(product) = factors(graph, formula, radicand, root) else { return Vec::new() };
    if product.degree >= 0 || product.parts.is_empty() && product.above.is_empty() {
        return Vec::new();
    }
    [paired(graph, &product, radicand, root), at_once(graph, &product, radicand, root)].into_iter().flatten().collect()
}

fn factors(graph: &Graph, formula: NodeId, radicand: &Radicand, root: NodeId) -> Option<Product> {
    let mut product = Product::default();
    let (mut pending, mut seen) = (vec![(formula, 1_i32)], 0);
    while let Some((next, power)) = pending.pop() {
        seen += 1;
        if seen > 2 * MOST_FACTORS || power.abs() > MOST_POWER {
            return None;
        }
        let operands: Vec<NodeId> = graph.operands(next).map(|operand| operand.node).collect();
        if next == radicand.sum {
            product.degree += 2 * power;
            continue;
        }
        if next == root {
            product.degree += power;
            continue;
        }
        if radicand.parts.contains(&next) && power > 0 {
            product.parts.extend((0..power).map(|_| next));
            continue;
        }
        match (graph.as_operator(next), operands.as_slice()) {
            (Some(Operator::Multiply), [a, b]) => pending.extend([(*b, power), (*a, power)]),
            (Some(Operator::Divide), [a, b]) => pending.extend([(*b, -power), (*a, power)]),
            (Some(Operator::Negate), [a]) => {
                product.negative ^= power % 2 != 0;
                pending.push((*a, power));
            }
            (Some(Operator::Power), [a, exponent]) => {
                let twice = graph.as_constant(*exponent)?.checked_mul(2.into())?.to_integer()?;
                let twice = i32::try_from(twice).ok()?.checked_mul(power)?;
                match *a == radicand.sum {
                    true => product.degree += twice,
                    false if twice % 2 == 0 => pending.push((*a, twice / 2)),
                    false => return None,
                }
            }
            _ if power.abs() == 1 => {
                if power > 0 {
                    product.above.push(next)
                } else {
                    product.below.push(next)
                }
            }
            _ => return None,
        }
        if product.parts.len() + product.above.len() + product.below.len() > MOST_FACTORS {
            return None;
        }
    }
    product.reduce(graph);
    Some(product)
}

impl Product {
    /// Numbers that stand above and below, as `2·x/(2·r)` has them, go; those above come first.
    fn reduce(&mut self, graph: &Graph) {
        let Self { above, below, .. } = self;
        above.retain(|factor| {
            let place = below.iter().position(|divisor| divisor == factor && graph.stated(*factor).is_some());
            place.map(|place| below.remove(place)).is_none()
        });
        above.sort_by_key(|factor| graph.stated(*factor).is_none());
        // Of `2·(-0.5·v)` only a sign is left.
        let mut scale = Number::ONE;
        for number in above.iter().map_while(|factor| graph.as_constant(*factor)) {
            let Some(product) = scale.checked_mul(number) else { return };
            scale = product;
        }
        if scale == Number::ONE || scale.negated() == Number::ONE {
            self.negative ^= scale.is_negative();
            above.retain(|factor| graph.as_constant(*factor).is_none());
        }
    }
}

fn apply(graph: &mut Graph, operator: Operator, operands: &[NodeId]) -> Option<NodeId> {
    let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
    Some(graph.apply(operator, &operands).ok()?.node)
}

/// A positive power of the length, as products of the sum and one root.
fn length_to(graph: &mut Graph, degree: i32, radicand: &Radicand, root: NodeId) -> Option<NodeId> {
    let mut power = (degree % 2 == 1).then_some(root);
    for _ in 0..degree / 2 {
        power = Some(match power {
            Some(power) => apply(graph, Operator::Multiply, &[radicand.sum, power])?,
            None => radicand.sum,
        });
    }
    power
}

fn paired(graph: &mut Graph, product: &Product, radicand: &Radicand, root: NodeId) -> Option<NodeId> {
    let (mut node, mut degree) = (None, product.degree);
    let times = |graph: &mut Graph, node: Option<NodeId>, factor| match node {
        Some(node) => apply(graph, Operator::Multiply, &[node, factor]),
        None => Some(factor),
    };
    for part in &product.parts {
        let factor = if degree < 0 { apply(graph, Operator::Divide, &[*part, root])? } else { *part };
        degree += i32::from(degree < 0);
        node = times(graph, node, factor);
    }
    if product.negative {
        node = node.and_then(|node| apply(graph, Operator::Negate, &[node]));
    }
    for factor in &product.above {
        node = times(graph, node, *factor);
    }
    for divisor in &product.below {
        node = apply(graph, Operator::Divide, &[node?, *divisor]);
    }
    if degree < 0 {
        let length = length_to(graph, -degree, radicand, root)?;
        node = apply(graph, Operator::Divide, &[node?, length]);
    }
    // With no component, there was nothing to negate before.
    if product.negative && product.parts.is_empty() { apply(graph, Operator::Negate, &[node?]) } else { node }
}

fn at_once(graph: &mut Graph, product: &Product, radicand: &Radicand, root: NodeId) -> Option<NodeId> {
    let [part] = product.parts[..] else { return None };
    let stated = |node: &NodeId| graph.stated(*node).is_some();
    if !product.above.iter().chain(&product.below).all(stated) {
        return None;
    }
    let mut above = part;
    let mut below = length_to(graph, -product.degree, radicand, root)?;
    for divisor in &product.below {
        below = apply(graph, Operator::Multiply, &[*divisor, below])?;
    }
    if product.negative {
        above = apply(graph, Operator::Negate, &[above])?;
    }
    // A component may be too small to be multiplied first.
    let mut node = apply(graph, Operator::Divide, &[above, below])?;
    for factor in &product.above {
        node = apply(graph, Operator::Multiply, &[*factor, node])?;
    }
    Some(node)
}
