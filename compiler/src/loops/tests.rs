//! Routines against the unfused program, and what becomes of some formulas.

use super::{Contractions, Routine, fuse, run};
use crate::derive::{Request, derive};
use crate::evaluate::{EvaluateError, Tensor, evaluate};
use crate::lower::{Program, Size, lower};
use crate::parse::parse_module;
use crate::resolve::resolve;

fn program(text: &str, order: u8) -> Program {
    let functions = resolve(&parse_module(text).expect("parses"), text).expect("resolves");
    let function = functions.into_iter().next_back().expect("a function");
    let mut derived = derive(function, &Request { order, ..Request::default() }).expect("derives");
    derived.stabilise().expect("stabilises");
    lower(&derived.function.graph, &derived.wanted())
}

/// Numbers between -1 and 1, the same in each run.
fn inputs(program: &Program, named: usize) -> Vec<Tensor> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64) / f64::from(1_u32 << 30) - 1.0
    };
    let tensor = |input: &crate::lower::Input| {
        let size = |size: &Size| match size {
            Size::Literal(size) => *size as usize,
            Size::Named(_) => named,
        };
        let shape: Vec<usize> = input.shape.iter().map(size).collect();
        let data = (0..shape.iter().product()).map(|_| next()).collect();
        Tensor { shape, data }
    };
    program.inputs.iter().map(tensor).collect()
}

fn agree(text: &str, order: u8, contractions: Contractions) -> Routine {
    let program = program(text, order);
    let routine = fuse(&program, contractions);
    for named in [0, 1, 2, 5] {
        let inputs = inputs(&program, named);
        let expected = evaluate(&program, &inputs).expect("inputs that fit");
        let found = match run(&routine, &inputs) {
            // A maximum over nothing is none.
            Err(EvaluateError::Empty(_)) if named == 0 => continue,
            found => found.expect("inputs that fit"),
        };
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.shape, expected.shape, "{text} at {named}\n{routine}");
            for (found, expected) in found.data.iter().zip(&expected.data) {
                let same = found == expected || (found.is_nan() && expected.is_nan());
                let close = (found - expected).abs() <= 1e-9 * (1.0 + expected.abs());
                assert!(same || close, "{text} at {named}: {found} for {expected}\n{routine}");
            }
        }
    }
    routine
}

#[test]
fn loops_agree_with_whole_arrays() {
    for (text, order) in [
        ("fn f(x: [N]) = sum(x**2);", 2),
        ("fn f(x: [N, K], w: [K]) = sum(exp(x) * w);", 1),
        ("fn f(a: [N]) = softmax(a);", 1),
        ("fn f(a: [N, K]) = sum(logsumexp(a)**2);", 1),
        ("fn f(x: [N, D], w: [D, 3]) = sum(tanh(x @ w));", 1),
        ("fn f(x: [N, D], w: [D, 3], v: [3]) = sum((x @ w @ v)**2);", 1),
        ("fn f(a: [3, 3], b: [3]) = a @ b;", 1),
        ("fn f(a: [D, D], x: [D]) = sum(x * (a @ x));", 2),
        ("fn f(a: [4], x) = if x > 0 { a[0] * sum(a) * x } else { norm(a) };", 1),
        ("fn f(a: [D, D]) = trace(a.T @ a);", 1),
        ("fn f(x: [N]) = max(x) * mean(x);", 1),
        ("fn f(a: [3]) = [a[1], a[0] * a[2], 0];", 1),
        // A row that each position leaves to a later step of its own.
        ("fn f(p: [4, N, 4], y) { let h = 1 / (1 + (p + y)**2); sum[j, l](h[j, l, j]) }", 1),
        ("fn f(x: [9], w: [3]) { let y[i] = sum[k](w[k] * x[i + k]); sum(tanh(y)) }", 2),
        ("fn f(x: [N, 3]) = sum(prod(x, axis = 1));", 2),
        ("fn f(x: [5]) = sum((x[1..5] - x[0..4]**2)**2) + sum(concat(x, x[2..4])**3);", 2),
        ("fn f(x: [N, K]) { let m = mean(x, axis = 0, keep = true); sum((x - m)**2) / N }", 1),
        ("fn f(a: [N], b: [M], c: [N, M]) { let s[i] = sum[j](exp(a[i]) * b[j] * c[i, j]); sum(s) }", 1),
        ("fn f(a: [N, K], x: [K, M], b: [M, L]) = sum((a @ x @ b)**2);", 1),
    ] {
        agree(text, order, Contractions::Kernels);
        agree(text, order, Contractions::Loops);
    }
}

/// The contractions of a formula's gradient, as text.
fn contractions(text: &str) -> Vec<String> {
    let routine = agree(text, 1, Contractions::Kernels).to_string();
    routine.lines().filter(|line| line.contains("sum of")).map(str::to_owned).collect()
}

#[test]
fn operands_lie_as_contractions_read_them() {
    // One product of all points with all matrices, not one for each row of them.
    let all = "fn f(x: [N, D], q: [K, D, D]) wrt(q) { let e[k, i, j] = if i > j { q[k, i, j] } else { 0 }; \
               let z[n, k, i] = sum[j](x[n, j] * e[k, i, j]); sum(z**2) }";
    let found = contractions(all);
    assert!(found[0].contains("a0[k0, k3]*a2[k3, k1, k2]"), "{found:?}");
    // A product for each matrix, whose entries lie side by side.
    let each = "fn f(x: [N, D], m: [K, D], q: [K, D, D]) wrt(m) { \
                let e[k, i, j] = if i > j { q[k, i, j] } else { 0 }; \
                let z[n, k, i] = sum[j](e[k, i, j] * (x[n, j] - m[k, j])); sum(z**2) }";
    let found = contractions(each);
    assert!(found[0].contains("[k1, k0, k3]") && found[0].contains("[k1, k2, k3]"), "{found:?}");
}

#[test]
fn arrays_in_another_order_agree() {
    for text in [
        // A branch decides an array that is contracted.
        "fn f(x: [N, D], q: [K, D, D], s) { let e[k, i, j] = if s > 0 { exp(q[k, i, j]) } else { sin(q[k, i, j]) }; \
         let z[n, k, i] = sum[j](x[n, j] * e[k, i, j]); sum(z**2) }",
        // Two contractions read one array, each as another class of operand.
        "fn f(x: [N, K, D], y: [N, D]) { let e[n, k, d] = exp(x[n, k, d]); \
         let a[k, n, m] = sum[d](e[n, k, d] * e[m, k, d]); let b[n, k] = sum[d](e[n, k, d] * y[n, d]); sum(a) * sum(b**2) }",
        // A diagonal of what is contracted.
        "fn f(x: [N, D], q: [K, D, D]) { let e[k, i, j] = exp(q[k, i, j]); \
         let z[n, k, i] = sum[j](x[n, j] * e[k, i, j]); sum(z**2) + sum[k, i](e[k, i, i]) }",
        // The result is what is asked for.
        "fn f(x: [N, D], q: [K, D, D]) -> [N, K, D] { let e[k, i, j] = exp(q[k, i, j]); \
         let z[n, k, i] = sum[j](x[n, j] * e[k, i, j]); z }",
    ] {
        agree(text, 1, Contractions::Kernels);
    }
}
