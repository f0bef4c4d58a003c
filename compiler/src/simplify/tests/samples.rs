//! Numbers at sample points: the evaluator computes the same ones from the same inputs, the stated facts hold at every
//! point, and the inputs look random.

use crate::evaluate::{Tensor, evaluate};
use crate::facts::{Claim, Meaning, claims};
use crate::graph::{Axis, Dim, Graph, NodeId, Operation, Ref};
use crate::lower::{Wanted, lower};
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::resolve::{Function, resolve};
use crate::simplify::sample::{POINTS, Samples, each, position, scrambled, size};

fn function(text: &str) -> Function {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one")
}

fn samples(function: &Function) -> (Samples, Vec<Claim>) {
    let graph = &function.graph;
    let facts = claims(graph, &function.facts);
    let live = graph.live(graph.nodes());
    let outputs = graph.live(function.outputs.iter().map(|output| output.value.node));
    (Samples::new(graph, &live, &outputs, &facts), facts)
}

/// A node's array at a point, read number by number.
fn array(graph: &mut Graph, samples: &Samples, node: NodeId, point: usize) -> Option<Tensor> {
    let dims = graph.shape(node).to_vec();
    let axes: Vec<Axis> = dims.iter().map(|dim| graph.axis(*dim, "")).collect();
    let shape: Vec<usize> = dims.iter().map(|dim| size(*dim, point)).collect();
    let whole = Ref { node, axes: axes.clone() };
    let mut data = Vec::new();
    each(&shape, |place| {
        let at = |axis: Axis| place[axes.iter().position(|other| *other == axis).expect("an axis of it")];
        data.push(samples.at(graph, &whole, point, &at));
    });
    Some(Tensor { shape, data: data.into_iter().collect::<Option<_>>()? })
}

fn inputs(function: &mut Function, samples: &Samples, point: usize) -> Vec<Tensor> {
    let nodes: Vec<NodeId> = function.parameters.iter().map(|parameter| parameter.node).collect();
    nodes.iter().map(|node| array(&mut function.graph, samples, *node, point).expect("small")).collect()
}

const FORMULAS: &[&str] = &[
    "fn f(x, t) = x - 2*t/(3 + x**2);",
    "fn f(x, t) = if x > t { sin(x) } else { exp(t) + hypot(x, t) };",
    "fn f(x: [3], y: [N, K]) = x[1]*sum(y);",
    "fn f(a: [N, K], b: [K, M]) = a @ b;",
    "fn f(a: [N, K]) -> [K, N] { let out[k, n] = a[n, k] + 10*k - n*N + K; out }",
    "fn f(a: [N, N], x: [N]) { let out[i, j] = a[j, i]*eye(N)[i, j] - a[i, i]*x[j]; out }",
    "fn f(a: [3, 2], b: [2, 3, 2]) { let out[i, j] = sum[k](a[i, k]*b[j, i, k]) - max[k](a[i, k]); out }",
    "fn f(a: [N, K]) = a - max(a, axis = 1, keep = true) + sum(a, axis = 0);",
    "fn f(a: [N, K, M]) = sum(max(a, axis = 1), axis = 0);",
    "fn f(a: [2, 4, 3]) -> [3, 2] { let out[k, i] = max[j](a[i, j, k] - a[1, j, 2]*i); out }",
    "fn f(x: [N]) { let out[i, j] = if i == j { x[i] } else { -x[j]**2 }; out }",
    "fn f(x, t) = if x > 0 && !(t > 1) || x == t { x } else { t };",
];

#[test]
fn samples_are_what_the_evaluator_computes() {
    for text in FORMULAS {
        let mut function = function(text);
        let (samples, _) = samples(&function);
        let output = function.outputs[0].clone();
        let program = lower(&function.graph, &[Wanted { value: output.value.clone(), axes: output.axes.clone() }]);
        for point in 0..POINTS {
            let inputs = inputs(&mut function, &samples, point);
            let expected = evaluate(&program, &inputs).unwrap_or_else(|error| panic!("{text}: {error}")).remove(0);
            let graph = &function.graph;
            let shape: Vec<usize> = output.axes.iter().map(|axis| size(graph.dim(*axis), point)).collect();
            assert_eq!(shape, expected.shape, "{text}");
            let mut place = 0;
            each(&shape, |position| {
                let at = |axis: Axis| position[output.axes.iter().position(|own| *own == axis).expect("declared")];
                let own = samples.at(graph, &output.value, point, &at).expect("computed");
                let value = expected.data[place];
                assert!(
                    (own - value).abs() <= 1e-12 * value.abs().max(1.0),
                    "{text} at {position:?}: {own}, not {value}"
                );
                place += 1;
            });
            assert_eq!(place, expected.data.len(), "{text}");
        }
    }
}

/// What a search reads is one position of each array: the same for the same axis, one of its positions.
#[test]
fn values_are_read_at_one_position_of_each_axis() {
    let mut function = function("fn f(a: [N, K, 4], b: [K, N]) = sum(a) + sum(b);");
    let (samples, _) = samples(&function);
    let nodes: Vec<NodeId> = function.parameters.iter().map(|parameter| parameter.node).collect();
    let graph = &mut function.graph;
    let dims = graph.shape(nodes[0]).to_vec();
    let mut met = vec![std::collections::BTreeSet::new(); 3];
    for _ in 0..12 {
        let axes: Vec<Axis> = dims.iter().map(|dim| graph.axis(*dim, "")).collect();
        let whole = [Ref { node: nodes[0], axes: axes.clone() }, Ref { node: nodes[1], axes: vec![axes[1], axes[0]] }];
        let values = whole.each_ref().map(|used| samples.values(graph, used).expect("computed"));
        for (point, [first, second]) in (0..POINTS).map(|point| (point, [values[0][point], values[1][point]])) {
            let places: Vec<usize> = axes.iter().map(|axis| position(graph, *axis, point)).collect();
            let sizes: Vec<usize> = dims.iter().map(|dim| size(*dim, point)).collect();
            assert!(places.iter().zip(&sizes).all(|(place, size)| place < size), "{places:?} of {sizes:?}");
            met.iter_mut().zip(&places).for_each(|(met, place)| met.extend([*place]));
            let [a, b] = [nodes[0], nodes[1]].map(|node| array(graph, &samples, node, point).expect("small"));
            assert_eq!(first, a.data[(places[0] * sizes[1] + places[1]) * sizes[2] + places[2]]);
            assert_eq!(second, b.data[places[1] * sizes[0] + places[0]]);
        }
    }
    assert_eq!(met.iter().map(|met| met.len()).collect::<Vec<_>>(), [3, 3, 4], "every position is met");
}

#[test]
fn sizes_differ_between_points_and_dimensions() {
    let mut function = function("fn f(a: [N, K, M], b: [7, 2]) = sum(a) + sum(b);");
    let graph = &mut function.graph;
    let dims = ["N", "K", "M"].map(|name| graph.dimension(name));
    let sizes: Vec<[usize; 3]> = (0..POINTS).map(|point| dims.map(|dim| size(dim, point))).collect();
    assert!(sizes.iter().flatten().all(|size| [2, 3].contains(size)), "{sizes:?}");
    assert!(sizes.iter().any(|sizes| sizes[0] != sizes[1]), "{sizes:?}");
    for dim in 0..3 {
        assert!(sizes.iter().any(|sizes| sizes[dim] == 2) && sizes.iter().any(|sizes| sizes[dim] == 3), "{sizes:?}");
    }
    for point in 0..POINTS {
        assert_eq!([7, 4, 2, 1, 0].map(|literal| size(Dim::Literal(literal), point)), [4, 4, 2, 1, 0]);
    }
}

/// All numbers of all inputs of a function.
fn numbers(text: &str) -> Vec<f64> {
    let mut function = function(text);
    let (samples, _) = samples(&function);
    (0..POINTS).flat_map(|point| inputs(&mut function, &samples, point)).flat_map(|tensor| tensor.data).collect()
}

#[test]
fn inputs_have_both_signs_where_the_formula_has_values_there() {
    for (text, mixed) in [
        ("fn f(x: [4, 4, 4], y: [4, 4, 4]) = sum(exp(x)*y**3);", true),
        ("fn f(x: [4, 4, 4], y: [4, 4, 4]) = sum(log(x)*sqrt(y));", false),
    ] {
        let numbers = numbers(text);
        assert_eq!(numbers.len(), POINTS * 128);
        assert!(numbers.iter().all(|value| (0.2..=1.8).contains(&value.abs())), "{text}");
        let mut sorted = numbers.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        assert_eq!(sorted.len(), numbers.len(), "no number twice: {text}");
        let sizes: Vec<f64> = numbers.iter().map(|value| value.abs()).collect();
        assert!((sizes.iter().sum::<f64>() / sizes.len() as f64 - 1.0).abs() < 0.1, "{text}");
        assert!(sizes.iter().any(|size| *size < 0.3) && sizes.iter().any(|size| *size > 1.7), "{text}");
        let negative = numbers.iter().filter(|value| **value < 0.0).count();
        assert_eq!(negative > 0, mixed, "{text}");
        assert!(!mixed || negative.abs_diff(numbers.len() / 2) < numbers.len() / 10, "{negative} are negative");
    }
}

/// Of a good scrambler half of the bits change when one bit of what it scrambles does.
#[test]
fn scrambled_numbers_look_random() {
    let one = |number: u64, bit: usize| number >> bit & 1 == 1;
    let mut changed = [[0_u32; 64]; 64];
    for seed in 0..256_u64 {
        let seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d);
        for point in 0..POINTS as u64 {
            let before = scrambled(seed, point);
            for (bit, changed) in changed.iter_mut().enumerate() {
                let differs = before ^ scrambled(seed ^ 1 << bit, point);
                (0..64).for_each(|bit| changed[bit] += u32::from(one(differs, bit)));
            }
        }
    }
    for (bit, changed) in changed.iter().enumerate() {
        let total: u32 = changed.iter().sum();
        assert!((0.4..0.6).contains(&(f64::from(total) / (64.0 * 1024.0))), "bit {bit} changes {total}");
        assert!(changed.iter().all(|count| (256..768).contains(count)), "bit {bit}: {changed:?}");
    }
    let points: Vec<u64> = (0..POINTS as u64).map(|point| scrambled(7, point)).collect();
    for (place, a) in points.iter().enumerate() {
        for b in &points[place + 1..] {
            assert!((16..48).contains(&(a ^ b).count_ones()), "{points:x?}");
        }
    }
}

/// How far the stated facts are from holding at a point: the evaluator's word.
fn violation(function: &Function, facts: &[Claim], inputs: &[Tensor]) -> f64 {
    let mut graph = function.graph.clone();
    let mut worst = 0.0_f64;
    for claim in facts {
        let (left, right, equal) = match &claim.meaning {
            Meaning::Equal(left, right) => (left, right, true),
            Meaning::Greater(left, right) | Meaning::AtLeast(left, right) => (left, right, false),
            _ => continue,
        };
        let value = graph.apply(Operator::Subtract, &[left.clone(), right.clone()]).expect("fits");
        let axes = value.distinct_axes();
        let residuals = evaluate(&lower(&graph, &[Wanted { value, axes }]), inputs).expect("evaluates").remove(0);
        for residual in residuals.data {
            worst = worst.max(if equal { residual.abs() } else { -residual });
        }
    }
    worst
}

#[test]
fn facts_hold_at_every_point() {
    for text in [
        "fn f(x, t) where x + t == 1 = x*t;",
        "fn f(x, t) where x**2 + t**2 == 3 = x*t;",
        "fn f(x, t) where x*t == 1 = x + t;",
        "fn f(x, t) where 2*x == t, x - 3*t == 5 = x*t;",
        "fn f(x, t, u) where x > 2, t < -3, u >= 1 = x*t*u;",
        "fn f(x) where 2 < x = x;",
        "fn f(x: [N], y: [N]) where sum(x - y) == 1, sum(x + y) == 3 = sum(x**2);",
        "fn f(a: [N, K]) where sum(a, axis = 1) == 1 = sum(exp(a));",
        "fn f(a: [N, N]) where a == a.T = sum(a**3);",
        "fn f(x: [N], c) where c == x = sum(x)*c;",
        "fn f(x: [N], a: [N, K]) where x == sum(a, axis = 1) = sum(x);",
        "fn f(a: [N, N], x: [N]) where a @ a.T == eye(N), x > 0 = sum(x*(a @ a.T @ x));",
    ] {
        let mut function = function(text);
        let (samples, facts) = samples(&function);
        assert!(!facts.is_empty());
        for point in 0..POINTS {
            let inputs = inputs(&mut function, &samples, point);
            let violation = violation(&function, &facts, &inputs);
            assert!(violation < 1e-9, "{text} is violated by {violation} at {inputs:?}");
        }
    }
}

/// What no fact mentions stays where it was.
#[test]
fn facts_move_only_what_they_are_about() {
    let free = numbers("fn f(t, u, x) = t*u*x;");
    let bound = numbers("fn f(t, u, x) where t + u == 1 = t*u*x;");
    for point in 0..POINTS {
        assert_eq!(free[3 * point + 2], bound[3 * point + 2], "x is in no fact");
        let moved = [0, 1].map(|place| bound[3 * point + place] - free[3 * point + place]);
        assert!((moved[0] - moved[1]).abs() < 1e-6 && moved[0].abs() > 1e-6, "each moves along its slope: {moved:?}");
    }
    // What cannot be solved for changes nothing.
    let (free, bound) = (numbers("fn f(x) = x**2;"), numbers("fn f(x) where floor(x) == 5 = x**2;"));
    assert_eq!(free, bound);
    let (free, bound) = (numbers("fn f(x) = x**2;"), numbers("fn f(x) where x >= 2 = x**2;"));
    for (free, bound) in free.iter().zip(bound) {
        assert_eq!(bound, 2.0 + free.abs(), "as far beyond the bound as it was from zero");
    }
}

/// A value that is too large to be computed makes none of its users unknown, if it is a forward value.
#[test]
fn what_is_too_large_stands_for_itself() {
    let mut function = function("fn f(x: [4, 4, 4, 4, 2], t) = exp(sum(x))*t;");
    let output = function.outputs[0].value.clone();
    let (samples, _) = samples(&function);
    let graph = &mut function.graph;
    let large = function.parameters[0].node;
    assert!((0..POINTS).all(|point| array(graph, &samples, large, point).is_none()), "512 numbers are too many");
    let values = |node: NodeId| samples.values(graph, &Ref { node, axes: Vec::new() });
    let find =
        |operator: Operator| graph.nodes().find(|node| graph.as_operator(*node) == Some(operator)).expect("there");
    let sum = graph.nodes().find(|node| matches!(graph.operation(*node), Operation::Sum(_))).expect("there");
    let (sum, exponential) = (values(sum).expect("unknown"), values(find(Operator::Exp)).expect("computed"));
    let (factor, product) =
        (values(function.parameters[1].node).expect("an input"), values(output.node).expect("computed"));
    for point in 0..POINTS {
        assert_eq!(exponential[point], sum[point].exp());
        assert_eq!(product[point], sum[point].exp() * factor[point]);
        assert!(sum[point].abs() > 0.1);
    }
    let different: std::collections::BTreeSet<u64> = sum.iter().map(|value| value.to_bits()).collect();
    assert_eq!(different.len(), POINTS, "another number at every point");
}

/// 256 numbers are computed, 4096 are not.
#[test]
fn sums_of_what_is_too_large_stand_for_themselves() {
    let mut function =
        function("fn f(x: [4, 4, 4, 4], y: [4, 4, 4]) = sum[a, b, c, d, e, g](x[a, b, c, d]*y[d, e, g]);");
    let (samples, _) = samples(&function);
    let output = function.outputs[0].clone();
    let program = lower(&function.graph, &[Wanted { value: output.value.clone(), axes: output.axes.clone() }]);
    let values = samples.values(&function.graph, &output.value);
    // The product has 4096 numbers, which are too many: its sum stands for itself.
    let product = function.graph.operands(output.value.node).next().expect("a body").node;
    for point in 0..POINTS {
        assert!(array(&mut function.graph, &samples, product, point).is_none());
        let inputs = inputs(&mut function, &samples, point);
        let sum = evaluate(&program, &inputs).expect("evaluates")[0].data[0];
        assert!((values.expect("a number")[point] - sum).abs() > 1e-3);
    }
}

/// A node that is added later has the numbers that it would have had from the start.
#[test]
fn nodes_that_are_added_are_computed_from_what_is_there() {
    let mut function = function("fn f(x: [N, K], t) = sum(exp(x))*t;");
    let (mut samples, _) = samples(&function);
    let nodes: Vec<NodeId> = function.parameters.iter().map(|parameter| parameter.node).collect();
    let graph = &mut function.graph;
    let dims = graph.shape(nodes[0]).to_vec();
    let axes: Vec<Axis> = dims.iter().map(|dim| graph.axis(*dim, "")).collect();
    let (x, t) = (Ref { node: nodes[0], axes: axes.clone() }, Ref { node: nodes[1], axes: Vec::new() });
    let sine = graph.apply(Operator::Sin, std::slice::from_ref(&x)).expect("fits");
    let product = graph.apply(Operator::Multiply, &[sine, t.clone()]).expect("fits");
    let root = graph.apply(Operator::Add, &[product, x.clone()]).expect("fits");
    samples.extend(graph, root.node);
    let [x, t, found] = [x, t, root].map(|used| samples.values(graph, &used).expect("computed"));
    for point in 0..POINTS {
        assert_eq!(found[point], x[point].sin() * t[point] + x[point]);
    }
}
