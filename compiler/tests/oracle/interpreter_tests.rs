//! The interpreter and the printer against values worked out by hand.

use chainrule_compiler::syntax::{BinaryOperator, ExpressionId, ExpressionKind, Function, Let, Module, Parameter};

use crate::dual::jet::Dual;
use crate::dual::tensor::Tensor;
use crate::dual::{along, coordinates, hessian, pullback, run};
use crate::generate::builder::{Builder, binding, block, constant, function, parameter};
use crate::generate::print::{self, Parentheses};

fn scalar(value: f64) -> Tensor<f64> {
    Tensor::scalar(value)
}

fn vector(items: &[f64]) -> Tensor<f64> {
    Tensor { shape: vec![items.len()], items: items.to_vec() }
}

fn matrix(rows: &[&[f64]]) -> Tensor<f64> {
    Tensor { shape: vec![rows.len(), rows[0].len()], items: rows.concat() }
}

fn made(parameters: &[(&str, &[&str])], build: impl FnOnce(&mut Builder) -> (Vec<Let>, ExpressionId)) -> Function {
    let mut builder = Builder::default();
    let (lets, result) = build(&mut builder);
    let parameters: Vec<Parameter> = parameters.iter().map(|(name, shape)| parameter(name, None, shape)).collect();
    function("f", parameters, builder.expressions, block(lets, result))
}

fn module(functions: Vec<Function>) -> Module {
    Module { constants: Vec::new(), functions }
}

fn close(found: &[f64], expected: &[f64]) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?} is not {expected:?}");
}

fn value(module: &Module, inputs: &[Tensor<f64>]) -> Tensor<f64> {
    run::<f64>(module, "f", inputs).unwrap().outputs.remove(0)
}

fn gradient(module: &Module, inputs: &[Tensor<f64>]) -> Vec<Tensor<f64>> {
    pullback(module, "f", inputs, &[scalar(1.0)]).unwrap().0
}

fn names(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn sigmoid_has_the_derivative_y_times_one_minus_y() {
    let module = module(vec![made(&[("x", &[])], |b| {
        let x = b.name("x");
        (Vec::new(), b.call("sigmoid", &[x]))
    })]);
    let y = 1.0 / (1.0 + (-0.7_f64).exp());
    close(&value(&module, &[scalar(0.7)]).items, &[y]);
    close(&gradient(&module, &[scalar(0.7)])[0].items, &[y * (1.0 - y)]);
    let second = hessian(&module, "f", &[scalar(0.7)]).unwrap().0;
    close(&second[0], &[y * (1.0 - y) * (1.0 - 2.0 * y)]);
}

#[test]
fn a_matrix_product_and_its_gradient() {
    let module = module(vec![made(&[("x", &["N", "D"]), ("w", &["D", "K"])], |b| {
        let (x, w) = (b.name("x"), b.name("w"));
        let product = b.binary(BinaryOperator::MatrixMultiply, x, w);
        (Vec::new(), b.call("sum", &[product]))
    })]);
    let x = matrix(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0]]);
    let w = matrix(&[&[7.0, 8.0], &[9.0, 10.0]]);
    close(&value(&module, &[x.clone(), w.clone()]).items, &[9.0 * 15.0 + 12.0 * 19.0]);
    let gradient = gradient(&module, &[x, w]);
    close(&gradient[0].items, &[15.0, 19.0, 15.0, 19.0, 15.0, 19.0]);
    close(&gradient[1].items, &[9.0, 9.0, 12.0, 12.0]);
}

#[test]
fn softmax_with_cross_entropy_gives_y_minus_t() {
    let module = module(vec![made(&[("a", &["N", "K"]), ("t", &["N", "K"])], |b| {
        let (a, t) = (b.name("a"), b.name("t"));
        let y = b.call("softmax", &[a]);
        let losses = b.call("cross_entropy", &[y, t]);
        (Vec::new(), b.call("sum", &[losses]))
    })]);
    let (a, t) = (matrix(&[&[0.3, -1.0, 2.0], &[0.0, 0.5, 0.1]]), matrix(&[&[0.2, 0.3, 0.5], &[1.0, 0.0, 0.0]]));
    let mut expected = Vec::new();
    for row in 0..2 {
        let exponentials: Vec<f64> = (0..3).map(|column| a.at(&[row, column]).exp()).collect();
        let total: f64 = exponentials.iter().sum();
        expected.extend((0..3).map(|column| exponentials[column] / total - t.at(&[row, column])));
    }
    close(&gradient(&module, &[a, t])[0].items, &expected);
}

#[test]
fn indices_make_diagonals_transposes_and_sums() {
    // let d[i] = x[i, i]; let t[i, j] = x[j, i]; sum[i, j](d[i] * t[i, j] * (j + 1))
    let module = module(vec![made(&[("x", &["D", "D"])], |b| {
        let x = b.name("x");
        let diagonal = b.access(x, &names(&["i", "i"]));
        let transposed = b.access(x, &names(&["j", "i"]));
        let (d, t) = (b.name("d"), b.name("t"));
        let (d, t) = (b.access(d, &names(&["i"])), b.access(t, &names(&["i", "j"])));
        let (j, one) = (b.name("j"), b.number(1.0));
        let (place, product) = (b.add(j, one), b.multiply(d, t));
        let body = b.multiply(product, place);
        let lets =
            vec![binding("d", Some(&names(&["i"])), diagonal), binding("t", Some(&names(&["i", "j"])), transposed)];
        (lets, b.close("sum", &names(&["i", "j"]), body))
    })]);
    let x = matrix(&[&[2.0, 3.0], &[5.0, 7.0]]);
    close(&value(&module, std::slice::from_ref(&x)).items, &[2.0 * (2.0 + 2.0 * 5.0) + 7.0 * (3.0 + 2.0 * 7.0)]);
    close(&gradient(&module, &[x])[0].items, &[12.0 + 2.0, 7.0, 2.0 * 2.0, 17.0 + 7.0 * 2.0]);
}

#[test]
fn a_helper_does_not_see_the_names_of_its_caller() {
    // const c = 3; fn g(a) { let b = a * c; b } fn f(x) { let b = 10; let c = 100; g(x) + b }
    let mut builder = Builder::default();
    let three = builder.number(3.0);
    let outer = constant("c", false, builder.expressions, three);
    let mut inner = made(&[("a", &[])], |b| {
        let (a, c) = (b.name("a"), b.name("c"));
        let product = b.multiply(a, c);
        (vec![binding("b", None, product)], b.name("b"))
    });
    inner.name.text = "g".into();
    let caller = made(&[("x", &[])], |b| {
        let (ten, hundred, x) = (b.number(10.0), b.number(100.0), b.name("x"));
        let (call, b_name) = (b.call("g", &[x]), b.name("b"));
        (vec![binding("b", None, ten), binding("c", None, hundred)], b.add(call, b_name))
    });
    let module = Module { constants: vec![outer], functions: vec![inner, caller] };
    close(&value(&module, &[scalar(2.0)]).items, &[16.0]);
    close(&gradient(&module, &[scalar(2.0)])[0].items, &[3.0]);
}

#[test]
fn helpers_map_over_leading_axes() {
    // fn g(a: [K], s) = sum(a) * s; f(x: [N, K]) = g(x, 2)
    let mut inner = made(&[("a", &["K"]), ("s", &[])], |b| {
        let (a, s) = (b.name("a"), b.name("s"));
        let sum = b.call("sum", &[a]);
        (Vec::new(), b.multiply(sum, s))
    });
    inner.name.text = "g".into();
    let caller = made(&[("x", &["N", "K"])], |b| {
        let (x, two) = (b.name("x"), b.number(2.0));
        (Vec::new(), b.call("g", &[x, two]))
    });
    let found = value(&module(vec![inner, caller]), &[matrix(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0]])]);
    assert_eq!((found.shape, found.items), (vec![3], vec![6.0, 14.0, 22.0]));
}

#[test]
fn the_branch_that_is_not_taken_has_no_influence() {
    // if x > 0 { sqrt(x) } else { 0 }, on a vector
    let module = module(vec![made(&[("x", &["N"])], |b| {
        let (x, zero) = (b.name("x"), b.number(0.0));
        let above = b.binary(BinaryOperator::Greater, x, zero);
        let root = b.call("sqrt", &[x]);
        let chosen = b.conditional(vec![(above, block(Vec::new(), root))], block(Vec::new(), zero));
        (Vec::new(), b.call("sum", &[chosen]))
    })]);
    let x = vector(&[-1.0, 0.0, 4.0]);
    close(&value(&module, std::slice::from_ref(&x)).items, &[2.0]);
    close(&gradient(&module, &[x])[0].items, &[0.0, 0.0, 0.25]);
}

/// The derivatives of `name(x, y)`, or of `name(x)`, at a point.
fn partials(name: &str, point: &[f64]) -> Vec<f64> {
    let parameters: &[(&str, &[&str])] = if point.len() == 1 { &[("x", &[])] } else { &[("x", &[]), ("y", &[])] };
    let module = module(vec![made(parameters, |b| {
        let arguments: Vec<ExpressionId> = ["x", "y"][..point.len()].iter().map(|text| b.name(text)).collect();
        let result = if name == "**" { b.power(arguments[0], arguments[1]) } else { b.call(name, &arguments) };
        (Vec::new(), result)
    })]);
    let inputs: Vec<Tensor<f64>> = point.iter().map(|value| scalar(*value)).collect();
    gradient(&module, &inputs).into_iter().flat_map(|tensor| tensor.items).collect()
}

#[test]
fn conventions_at_kinks() {
    assert_eq!(partials("abs", &[0.0]), [0.0]);
    assert_eq!(partials("relu", &[0.0]), [0.0]);
    assert_eq!(partials("sign", &[0.0]), [0.0]);
    assert_eq!(partials("floor", &[2.0]), [0.0]);
    assert_eq!(partials("sqrt", &[0.0]), [f64::INFINITY]);
    assert_eq!(partials("max", &[1.0, 1.0]), [0.5, 0.5]);
    assert_eq!(partials("min", &[1.0, 1.0]), [0.5, 0.5]);
    assert_eq!(partials("max", &[1.0, 2.0]), [0.0, 1.0]);
    assert_eq!(partials("**", &[0.0, 2.0]), [0.0, 0.0]);
    assert_eq!(partials("**", &[0.0, 1.0]), [1.0, 0.0]);
    assert_eq!(partials("**", &[0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(partials("atan2", &[0.0, 2.0]), [0.5, 0.0]);
}

#[test]
fn a_maximum_over_an_axis_splits_ties_by_count() {
    let module = module(vec![made(&[("x", &["N"])], |b| {
        let x = b.name("x");
        (Vec::new(), b.call("max", &[x]))
    })]);
    let x = vector(&[2.0, 1.0, 2.0, 2.0]);
    close(&gradient(&module, &[x])[0].items, &[1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]);
}

#[test]
fn a_kept_axis_stretches_and_a_suffix_repeats() {
    // sum(x / sum(x, axis = 1, keep = true) * b, axis = 0)
    let module = module(vec![made(&[("x", &["N", "K"]), ("b", &["K"])], |b| {
        let (x, bias) = (b.name("x"), b.name("b"));
        let total = b.call_with("sum", &[x], Some(1), true);
        let (share, _) = (b.divide(x, total), ());
        let product = b.multiply(share, bias);
        (Vec::new(), b.call_with("sum", &[product], Some(0), false))
    })]);
    let found = value(&module, &[matrix(&[&[1.0, 3.0], &[2.0, 2.0]]), vector(&[10.0, 100.0])]);
    close(&found.items, &[7.5, 125.0]);
}

#[test]
fn several_outputs_and_constant_positions() {
    // (x[1], norm(x))
    let module = module(vec![made(&[("x", &["2"])], |b| {
        let x = b.name("x");
        let (second, norm) = (b.access(x, &names(&["1"])), b.call("norm", &[x]));
        (Vec::new(), b.push(ExpressionKind::Tuple(vec![second, norm])))
    })]);
    let x = [vector(&[3.0, 4.0])];
    let run = run(&module, "f", &along(&x, &coordinates(&x)[1])).unwrap();
    let items: Vec<Dual> = run.outputs.iter().map(|output| output.only().unwrap()).collect();
    close(&[items[0].primal, items[0].tangent], &[4.0, 1.0]);
    close(&[items[1].primal, items[1].tangent], &[5.0, 0.8]);
}

#[test]
fn a_second_derivative_across_two_inputs() {
    // x**2 * y: d2/dxdy = 2x
    let module = module(vec![made(&[("x", &[]), ("y", &[])], |b| {
        let (x, y, two) = (b.name("x"), b.name("y"), b.number(2.0));
        let square = b.power(x, two);
        (Vec::new(), b.multiply(square, y))
    })]);
    let (rows, _) = hessian(&module, "f", &[scalar(3.0), scalar(5.0)]).unwrap();
    close(&rows.concat(), &[10.0, 6.0, 6.0, 0.0]);
}

#[test]
fn mistakes_are_reported() {
    let module = module(vec![made(&[("x", &["N"]), ("y", &["N"])], |b| {
        let (x, y) = (b.name("x"), b.name("y"));
        (Vec::new(), b.add(x, y))
    })]);
    let inputs = [vector(&[1.0, 2.0]), vector(&[1.0, 2.0, 3.0])];
    assert!(run::<f64>(&module, "f", &inputs).unwrap_err().contains("`y`"));
}

#[test]
fn the_printer_knows_when_parentheses_are_needed() {
    // -(a + b)**-c**2 - (d - (e - -d)) / (a * b)
    let function = made(&[("a", &[]), ("b", &[]), ("c", &[]), ("d", &[]), ("e", &[])], |b| {
        let [a, bb, c, d, e] = ["a", "b", "c", "d", "e"].map(|text| b.name(text));
        let two = b.number(2.0);
        let (sum, square) = (b.add(a, bb), b.power(c, two));
        let exponent = b.negate(square);
        let power = b.power(sum, exponent);
        let (left, negated) = (b.negate(power), b.negate(d));
        let inner = b.binary(BinaryOperator::Subtract, e, negated);
        let numerator = b.binary(BinaryOperator::Subtract, d, inner);
        let denominator = b.multiply(a, bb);
        let quotient = b.divide(numerator, denominator);
        (Vec::new(), b.binary(BinaryOperator::Subtract, left, quotient))
    });
    let module = module(vec![function]);
    let minimal = print::module(&module, Parentheses::Minimal);
    assert_eq!(minimal, "fn f(a, b, c, d, e) = -(a + b)**-c**2 - (d - (e - -d)) / (a * b);\n");
    let full = print::module(&module, Parentheses::Full);
    assert_eq!(full, "fn f(a, b, c, d, e) { ((-((a + b)**(-(c**2)))) - ((d - (e - (-d))) / (a * b))) }\n");
}

/// The value of `name(x)` for a tensor, with an axis where one is given.
fn applied(name: &str, operand: &Tensor<f64>, axis: Option<usize>) -> Vec<f64> {
    let shape: &[&str] = if operand.rank() == 1 { &["K"] } else { &["N", "K"] };
    let module = module(vec![made(&[("x", shape)], |b| {
        let x = b.name("x");
        (Vec::new(), b.call_with(name, &[x], axis, false))
    })]);
    value(&module, std::slice::from_ref(operand)).items
}

#[test]
fn reductions_of_a_matrix() {
    let x = matrix(&[&[1.0, 2.0, 4.0], &[-3.0, 5.0, 0.0]]);
    close(&applied("sum", &x, Some(0)), &[-2.0, 7.0, 4.0]);
    close(&applied("mean", &x, Some(1)), &[7.0 / 3.0, 2.0 / 3.0]);
    close(&applied("mean", &x, None), &[1.5]);
    close(&applied("max", &x, Some(1)), &[4.0, 5.0]);
    close(&applied("min", &x, Some(0)), &[-3.0, 2.0, 0.0]);
    close(&applied("norm", &x, Some(1)), &[21.0_f64.sqrt(), 34.0_f64.sqrt()]);
    let exponentials = [1.0_f64.exp() + (-3.0_f64).exp(), 2.0_f64.exp() + 5.0_f64.exp(), 4.0_f64.exp() + 1.0];
    close(&applied("logsumexp", &x, Some(0)), &exponentials.map(f64::ln));
    let shares = applied("softmax", &x, Some(0));
    close(
        &shares[..3],
        &[1.0_f64, 2.0, 4.0].iter().zip(exponentials).map(|(x, all)| x.exp() / all).collect::<Vec<_>>(),
    );
}

#[test]
fn matrices_made_and_read() {
    close(&applied("trace", &matrix(&[&[1.0, 2.0], &[3.0, 4.0]]), None), &[5.0]);
    close(&applied("diag", &matrix(&[&[1.0, 2.0], &[3.0, 4.0]]), None), &[1.0, 4.0]);
    close(&applied("diag", &vector(&[1.0, 2.0]), None), &[1.0, 0.0, 0.0, 2.0]);
    let module = module(vec![made(&[("x", &["K"])], |b| {
        let (x, size) = (b.name("x"), b.name("K"));
        let (outer, identity) = (b.call("outer", &[x, x]), b.call("eye", &[size]));
        (Vec::new(), b.add(outer, identity))
    })]);
    close(&value(&module, &[vector(&[2.0, 3.0])]).items, &[5.0, 6.0, 6.0, 10.0]);
}

#[test]
fn functions_of_a_number() {
    let x = vector(&[-0.5, 2.0]);
    close(&applied("softplus", &x, None), &[(1.0 + (-0.5_f64).exp()).ln(), (1.0 + 2.0_f64.exp()).ln()]);
    close(&applied("silu", &x, None), &[-0.5 / (1.0 + 0.5_f64.exp()), 2.0 / (1.0 + (-2.0_f64).exp())]);
    close(&applied("relu", &x, None), &[0.0, 2.0]);
    close(&applied("sign", &x, None), &[-1.0, 1.0]);
    close(&applied("floor", &x, None), &[-1.0, 2.0]);
    close(&applied("tanh", &x, None), &[(-0.5_f64).tanh(), 2.0_f64.tanh()]);
}
