//! Proofs that hold at one place and fail at the next: what is positive, where roots are, what a condition says, which axis
//! is which. Each pair that is refuted has a point where both sides are defined and differ.

use std::collections::BTreeSet;

use super::terms::check;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::quotient::{Field, Term};
use crate::algebra::rational::Rational;
use crate::graph::{Axis, Graph, Ref};
use crate::number::FloatType;
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::resolve::{Function, resolve};

fn function(text: &str) -> Function {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one")
}

#[test]
fn quotients_under_a_function_are_in_lowest_terms() {
    check(
        "x, t",
        &[
            ("(x + t)**2/(x + t)", "x + t", true),
            ("1/(1 + x)**2", "1/(1 + x)/(1 + x)", true),
            ("1/(1 + x)/(1 + x)", "1/(1 + x)**2", true),
            ("sin((x**2 - t**2)/(x - t))", "sin(x + t)", true),
            ("sin((x**2 - t**2)/(x - t))", "sin(x - t)", false),
            ("sin((x + t)**3/(x + t)**2)", "sin(x + t)", true),
            ("sin((x + t)**2/(x + t)/(x + t)/(x + t))", "sin(1/(x + t))", true),
            ("sin(1/(1 + x)/(1 + t))", "sin(1/((1 + x)*(1 + t)))", true),
            ("sin(1/(1 + x)/(1 + x))", "sin(1/(1 + x)**2)", true),
            ("sin(1/(1 + x)/(1 + x))", "sin(1/(1 + x))", false),
            ("sin(t/(2 + 2*x))", "sin(t/2/(1 + x))", true),
            ("sin(t/(2 + 2*x))", "sin(t/(1 + x))", false),
            ("sin(1/(x**2*t + x*t))", "sin(1/x/t/(1 + x))", true),
            ("sin(1/(1/(1 + x)))", "sin(1 + x)", true),
            ("sin(x/(1 + x) + 1/(1 + x))", "sin(1 + 0*x)", true),
            ("sin(x/(1 + x) + t/(1 + t))", "sin(t/(1 + t) + x/(1 + x))", true),
            ("sin(x/(1 + x)/(1 + x) + 1/(1 + x)/(1 + x))", "sin(1/(1 + x))", true),
            ("sin(x/(1 + x)/(1 + x) - t/(1 + x))", "sin((x - t - t*x)/(1 + x)/(1 + x))", true),
            ("sin(x/(1 + x)/(1 + x) - t/(1 + x))", "sin((x - t)/(1 + x)/(1 + x))", false),
        ],
    );
}

#[test]
fn roots_leave_denominators() {
    check(
        "x, t",
        &[
            ("1/sqrt(x)", "sqrt(x)/x", true),
            ("t/(x*sqrt(x))", "t*sqrt(x)/x**2", true),
            ("1/abs(x)", "abs(x)/x**2", true),
            ("1/(sqrt(x)*sqrt(t))", "sqrt(x)*sqrt(t)/(x*t)", true),
            ("1/(sqrt(x) + sqrt(x)*t)", "sqrt(x)/(x + x*t)", true),
            ("1/sqrt(1 + x)**3", "sqrt(1 + x)/(1 + x)**2", true),
            ("1/sqrt(1 + x)**3", "sqrt(1 + x)/(1 + x)", false),
            ("1/sqrt(1 + x)", "sqrt(1 + x)*(1 + x)", false),
            // What a root of a quotient squares to is no polynomial: it is a kernel like any other.
            ("1/sqrt(x/(x + t))", "1/sqrt(x/(t + x))", true),
            ("sqrt(x/(x + t))/sqrt(x/(x + t))", "1", true),
            ("sqrt(x/(x + t))*x/sqrt(x/(x + t))", "x", true),
            ("sqrt(x/(x + t))**2*t", "x*t/(x + t)*sqrt(x)", false),
            ("1/abs(x/(x + t))", "1/abs(x/(t + x))", true),
        ],
    );
}

#[test]
fn roots_are_taken_of_what_is_positive() {
    check(
        "x, t",
        &[
            ("sqrt(9*exp(2*x))", "3*exp(x)", true),
            ("sqrt(exp(2*x)/9)", "exp(x)/3", true),
            ("sqrt(8*exp(2*x))", "3*exp(x)", false),
            ("sqrt(exp(2*x)/8)", "exp(x)/3", false),
            ("sqrt(9*x**2)", "3*x", false),
            ("sqrt(x**2*exp(2*t))", "x*exp(t)", false),
            ("sqrt(x/(1 + t))", "sqrt(x*(1 + t))/(1 + t)", false),
            ("sqrt(x/(1 + exp(t)))", "sqrt(x*(1 + exp(t)))", false),
            ("sqrt(x/(1 + exp(t))**2)", "sqrt(x)/(1 + exp(t))", false),
            ("sqrt(0*x)", "0", true),
            ("sqrt(exp(x))**2", "exp(x)", true),
            ("sqrt(exp(x))", "exp(x/2)", true),
            ("sqrt(exp(x))", "exp(x)", false),
        ],
    );
}

#[test]
fn signs_are_known_of_positive_parts_only() {
    check(
        "x, t",
        &[
            ("abs(exp(x) - exp(t))", "exp(x) - exp(t)", false),
            ("abs(x + t)", "x + t", false),
            ("abs(exp(x) + x)", "exp(x) + x", false),
            ("abs(exp(x) + exp(t))", "exp(x) + exp(t)", true),
            ("abs(exp(x)*t)", "exp(x)*t", false),
            ("abs(exp(x)/(1 + t))", "exp(x)/(1 + t)", false),
            ("abs(x/(1 + exp(t)))", "x/(1 + exp(t))", false),
            ("abs(exp(x)/(1 + exp(t)))", "exp(x)/(1 + exp(t))", true),
            ("abs(-exp(x)/(1 + exp(t)))", "exp(x)/(1 + exp(t))", true),
            ("abs(exp(1/(1 + x)))", "exp(1/(1 + x))", true),
            ("sign(x)**5", "sign(x)", true),
            ("sign(x)**6", "sign(x)**2", true),
            ("sign(x)**6*x", "x", true),
            ("sign(0*x)", "0", true),
            ("abs(0*x)", "0", true),
            ("erf(0*x)", "0", true),
            ("sin(0*x)", "0", true),
            ("sign(2*x)", "sign(x)", true),
            ("sign(x/2 - t)", "sign(x - 2*t)", true),
            ("sign(x/2 - t)", "sign(2*t - x)", false),
            ("abs(x/2 - t)", "abs(x - 2*t)/2", true),
            ("abs(x/2 - t)", "abs(x - 2*t)", false),
        ],
    );
    check(
        "x: [N], y: [N], c",
        &[
            ("abs(N + 1)", "N + 1", true),
            ("abs(sum(exp(x)))", "sum(exp(x))", true),
            ("abs(max(exp(x)))", "max(exp(x))", true),
            ("abs(sum(x))", "sum(x)", false),
            ("abs(max(x))", "max(x)", false),
            ("abs(sum(exp(x)*y))", "sum(exp(x)*y)", false),
            ("abs(sum(exp(x)/(c + exp(x))))", "sum(exp(x)/(c + exp(x)))", false),
            ("log(sum(exp(x))**2)", "2*log(sum(exp(x)))", true),
            ("log(sum(exp(x + c)))", "c + log(sum(exp(x)))", true),
            ("log(sum(exp(x + c)))", "log(sum(exp(x)))", false),
        ],
    );
}

#[test]
fn powers_and_logarithms_undo_each_other() {
    check(
        "x, t",
        &[
            ("exp(2*log(x))", "x**2", true),
            ("exp(2*log(1 + x))", "(1 + x)**2", true),
            ("exp(-log(1 + x))", "1/(1 + x)", true),
            ("exp(log(x)**2)", "x", false),
            ("exp(log(x)**2)", "x**2", false),
            ("exp(t*log(x))", "x", false),
            ("exp(sin(x))", "x", false),
            ("exp(0.3*log(x))*exp(0.7*log(x))", "x", true),
            ("exp(0.3*log(x**2))*exp(0.7*log(x**2))", "x**2", true),
            ("exp(0.3*log(x**2))", "exp(0.3*log(x))", false),
            ("exp(0.3*log(3*x))", "exp(0.3*log(x))", false),
            ("exp(0.3*log(1 + x))", "exp(0.3*log(x))", false),
            ("x**0", "1", true),
            ("x**-1", "1/x", true),
            ("x**-1", "x", false),
            ("x**12", "x**6*x**6", true),
            ("x**13/x**12", "x", true),
            ("x**5.5", "x**5*sqrt(x)", true),
            ("(1 + x)**2.5", "(1 + x)**2*sqrt(1 + x)", true),
            ("(1 + x)**2.5", "(1 + x)**2", false),
            ("log(x*exp(t))", "log(x) + t", true),
            ("log(exp(x/(1 + t)))", "x/(1 + t)", true),
            ("log(x/(1 + exp(t)))", "log(x) - log(1 + exp(t))", true),
            ("log(x/(1 + exp(t))/(1 + exp(t)))", "log(x) - 2*log(1 + exp(t))", true),
            ("log(x/(1 + exp(t))/(1 + exp(t)))", "log(x) - log(1 + exp(t))", false),
            ("log(6 + 6*x)", "log(6) + log(1 + x)", true),
            ("log(6)", "log(6) + 0*x", true),
            ("exp(2*log(1 + exp(x)))/(1 + exp(x))", "1 + exp(x)", true),
            ("log(exp(x) + exp(2*x))", "x + log(1 + exp(x))", true),
            ("log((1 + exp(x))**3) + 1/(1 + exp(x))", "3*log(1 + exp(x)) + 1/(1 + exp(x))", true),
            (
                "log((1 + exp(x))*(1 + exp(t))) + 1/(1 + exp(x))",
                "log(1 + exp(x)) + log(1 + exp(t)) + 1/(1 + exp(x))",
                true,
            ),
            ("log((1 + exp(x))*(1 + exp(t))) + 1/(1 + exp(x))", "log(1 + exp(t)) + 1/(1 + exp(x))", false),
        ],
    );
}

#[test]
fn conditions_are_numbers_that_are_their_own_squares() {
    check(
        "x, t",
        &[
            ("exp((if x > 0 { 1 } else { 0 })**2)", "exp(if x > 0 { 1 } else { 0 })", true),
            ("exp((if x > 0 { 1 } else { 0 })**2)", "exp(if t > 0 { 1 } else { 0 })", false),
            ("exp((if x == t { 1 } else { 0 })**2)", "exp(if x == t { 1 } else { 0 })", true),
            ("if x == 0 { sign(x) + sqrt(x)*t } else { t }", "if x == 0 { 0 } else { t }", true),
            ("if x == 0 { abs(t) } else { t }", "if x == 0 { 0 } else { t }", false),
            ("if x == 0 { cos(x) } else { t }", "if x == 0 { 0 } else { t }", false),
            ("if x == 0 { x**2 + x*t } else { t }", "if x == 0 { 0 } else { t }", true),
            ("if 3*x == 0 { x } else { t }", "if x == 0 { 0 } else { t }", true),
            ("if x + t == 0 { x } else { t }", "if x + t == 0 { 0 } else { t }", false),
            ("if x*t == 0 { x } else { t }", "if x*t == 0 { 0 } else { t }", false),
            ("if 2 > 1 { x } else { t }", "x", true),
            ("if exp(x) >= 0 { x } else { t }", "x", true),
            ("if exp(x) <= 0 { x } else { t }", "t", true),
            ("if -exp(x) > 0 { x } else { t }", "t", true),
            ("if exp(x) == 0 { x } else { t }", "t", true),
            ("if exp(x) != 0 { x } else { t }", "x", true),
            ("if x - x > 0 { x } else { t }", "t", true),
            ("if x - x >= 0 { x } else { t }", "x", true),
            ("if x - x == 0 { x } else { t }", "x", true),
            ("if x + 1 == x { x } else { t }", "t", true),
            ("if x + 1 > x { x } else { t }", "x", true),
            ("if x < x + 1 { x } else { t }", "x", true),
            ("if !(x > 0) { x } else { t }", "if x > 0 { t } else { x }", true),
            ("if !(x > 0) { x } else { t }", "if x > 0 { x } else { t }", false),
            ("if x/2 == t { x } else { t }", "if x == 2*t { x } else { t }", true),
            ("if t == x/2 { x } else { t }", "if x == 2*t { x } else { t }", true),
            ("if x > t/2 { x } else { t }", "if 2*x > t { x } else { t }", true),
            ("if floor(x) > t { x } else { t }", "if floor(x) > t { x } else { t }", true),
            ("floor(x)", "floor(t)", false),
            ("floor(x)", "x", false),
            ("min(x, t)", "max(x, t)", false),
        ],
    );
}

#[test]
fn sums_are_the_same_under_every_order_of_their_axes() {
    check(
        "x: [N], y: [N], z: [N], a: [N, N], b: [N, N], c",
        &[
            ("sum[i, j](a[i, j]*x[i]*y[j])", "sum[j, i](a[i, j]*y[j]*x[i])", true),
            ("sum[i, j](a[i, j]*x[i]*y[j])", "sum[i, j](a[j, i]*x[j]*y[i])", true),
            ("sum[i, j](a[i, j]*x[i]*y[j])", "sum[i, j](a[j, i]*x[i]*y[j])", false),
            ("sum[i](x[i]*sum[j, k](a[i, j]*b[j, k]))", "sum[k, j, i](x[i]*a[i, j]*b[j, k])", true),
            ("sum[i](x[i]*sum[j, k](a[i, j]*b[j, k]))", "sum[k, j, i](x[i]*a[i, j]*b[k, j])", false),
            (
                "sum[i](x[i]*sum[j](a[i, j]*sum[k](b[j, k]*sum[l](a[k, l]*y[l]))))",
                "sum[l](y[l]*sum[k](a[k, l]*sum[j](b[j, k]*sum[i](a[i, j]*x[i]))))",
                true,
            ),
            (
                "sum[i](x[i]*sum[j](a[i, j]*sum[k](b[j, k]*sum[l](a[k, l]*y[l]))))",
                "sum[l](x[l]*sum[k](a[k, l]*sum[j](b[j, k]*sum[i](a[i, j]*y[i]))))",
                false,
            ),
            ("sum(x**2)", "sum(x)**2", false),
            ("sum[i, j](x[i]**2*y[j]**3)", "sum(x**2)*sum(y**3)", true),
            ("sum[i, j](x[i]**2*y[j]**3)", "sum(x)**2*sum(y)**3", false),
            ("sum[i](x[i]*sum[j](y[j])**2)", "sum(x)*sum(y)**2", true),
            ("sum[i](x[i]*sum[j](a[i, j])**2)", "sum[i](x[i]*sum[j](a[i, j]))", false),
            ("sum[i](x[i]*sum[j](a[i, j])**2)", "sum[i, j](x[i]*a[i, j]**2)", false),
            ("sum[i](x[i]/sum[j](a[i, j]))", "sum[i, j](x[i]/a[i, j])", false),
        ],
    );
}

#[test]
fn a_delta_under_a_sum_picks() {
    check(
        "x: [N], y: [N], z: [N], a: [N, N], c",
        &[
            ("sum[i, j](if i == j { sqrt(x[i])*y[j] } else { 0 })", "sum(sqrt(x)*y)", true),
            ("sum[i, j](if i == j { x[i]**2*y[j]/(1 + z[j]) } else { 0 })", "sum(x**2*y/(1 + z))", true),
            ("sum[i, j](if i == j { x[i]**2*y[j]/(1 + z[j]) } else { 0 })", "sum(x*y/(1 + z))", false),
            ("sum[i, j](if i == j { x[i]/(1 + z[j])**2 } else { 0 })", "sum(x/(1 + z)**2)", true),
            ("sum[i, j](if i == j { exp(x[i] - y[j]) } else { 0 })", "sum(exp(x - y))", true),
            ("sum[i, j](if i == j { sin(x[i])*a[j, i] } else { 0 })", "sum[i](sin(x[i])*a[i, i])", true),
            (
                "sum[i, j](if i == j { if x[i] > y[j] { 1 } else { 0 } } else { 0 })",
                "sum[i](if x[i] > y[i] { 1 } else { 0 })",
                true,
            ),
            (
                "sum[i, j](if i == j { if x[i] == y[j] { c } else { 0 } } else { 0 })",
                "sum[i](if x[i] == y[i] { c } else { 0 })",
                true,
            ),
            ("sum[i, j](if i == j { if x[i] > x[j] { c } else { 1 } } else { 0 })", "N", true),
            ("sum[i, j](if i == j { i*x[j]*y[i] } else { 0 })", "sum[i](i*x[i]*y[i])", true),
            ("sum[i, j](if i == j { i*x[j]*y[i] } else { 0 })", "sum[i, j](i*x[j]*y[i])", false),
            ("sum[i, j, k](if i == j { if j == k { x[i]*y[j]*z[k] } else { 0 } } else { 0 })", "sum(x*y*z)", true),
            ("sum[i, j](if i == j { sum[k](a[i, k]*a[k, j]) } else { 0 })", "sum[i, k](a[i, k]*a[k, i])", true),
            ("sum[i, j](if i == j { sum[k](a[i, k]*a[k, j]) } else { 0 })", "sum[i, k](a[i, k]**2)", false),
            (
                "sum[i, j](if i == j { max[k](a[i, k] - a[k, j]) } else { 0 })",
                "sum[i](max[k](a[i, k] - a[k, i]))",
                true,
            ),
            (
                "sum[i, j](if i == j { max[k](a[i, k] - a[k, j]) } else { 0 })",
                "sum[i](max[k](a[k, i] - a[i, k]))",
                false,
            ),
        ],
    );
}

#[test]
fn what_does_not_vary_comes_out_of_sums_and_maxima() {
    check(
        "x: [N], y: [N], a: [N, N], c",
        &[
            ("max[i, j](a[i, j])", "max[j](max[i](a[j, i]))", false),
            ("max(a)", "max[i, j](a[j, i])", true),
            ("max(x + 0*y)", "max(x)", true),
            ("max[i, j](x[i] + 0*y[j])", "max(x)", true),
            ("max[i, j](if i == j { x[i]*y[j] } else { 0 })", "max[i, j](if i == j { x[j]*y[i] } else { 0 })", true),
            ("max[i, j](if i == j { x[i]*y[j] } else { 0 })", "max[i, j](if i == j { x[j]*x[i] } else { 0 })", false),
            ("sum[i, j](x[i] + 0*y[j])", "N*sum(x)", true),
            ("sum[i, j](x[i] + 0*y[j])", "sum(x)", false),
            ("sum(c/x)", "c*sum(1/x)", true),
            ("sum(x/c)", "sum(x)/c", true),
            ("sum(x/(c + 1))", "sum(x)/(c + 1)", true),
            ("sum(x/(c + y))", "sum(x)/(c + sum(y))", false),
            ("sum((x + c)/(c + 1))", "(sum(x) + N*c)/(c + 1)", true),
        ],
    );
    check(
        "x: [3], a: [3, 2]",
        &[("sum(x + 1)", "sum(x) + 3", true), ("sum(a*0 + 1)", "6", true), ("sum(x + 1)", "sum(x) + 2", false)],
    );
}

/// What a delta or a condition that is no number keeps: a name for it.
#[test]
fn truth_values_are_zero_or_one() {
    let mut graph = Graph::new(FloatType::F64);
    let x = graph.input("x", &[]).expect("an input");
    let zero = graph.constant(0.into()).expect("a number");
    let yes = graph.truth(true).expect("a truth");
    let no = graph.truth(false).expect("a truth");
    let above = graph.apply(Operator::Greater, &[x, zero]).expect("fits");
    let mut field = Field::new(&graph, BTreeSet::new(), &[]);
    let mut term = |used: &Ref| field.term(used).expect("small");
    assert_eq!(term(&yes).as_constant(), Some(Rational::ONE));
    assert_eq!(term(&no).as_constant(), Some(Rational::ZERO));
    assert_eq!(term(&above).as_constant(), None);
    // A condition that stands for itself is 0 or 1 as well.
    let mut field = Field::new(&graph, BTreeSet::from([above.node]), &[]);
    let condition = field.term(&above).expect("small");
    let square = field.times(&condition, &condition).expect("small");
    assert_eq!(square, condition);
}

/// What is divided by may be a product of what was divided by before, and of nothing else.
#[test]
fn products_of_factors_are_recognised() {
    let function = function(
        "fn f(x, t) -> (a, b, c, d, e, g, h, z) = (x, t, x + 1, 7, x*t**2, (x + 1)**2*3, (x + 1)*(x + t), 0*x);",
    );
    let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
    let terms: Vec<Term> = function.outputs.iter().map(|output| field.term(&output.value).expect("small")).collect();
    let [x, t, next, seven, product, square, mixed, zero] = terms.as_slice() else { panic!("eight outputs") };
    let inverse = field.over(seven, x).expect("small");
    for (term, factors, expected) in [
        (x, vec![x], true),
        (x, vec![t], false),
        (x, vec![], false),
        (seven, vec![], true),
        (zero, vec![], false),
        (zero, vec![x, zero], false),
        (product, vec![x, t], true),
        (product, vec![t, x], true),
        (product, vec![x], false),
        (product, vec![zero, x, t], true),
        (next, vec![x, t], false),
        (square, vec![next], true),
        (square, vec![x, next], true),
        (mixed, vec![next], false),
        (mixed, vec![next, x], false),
        (&inverse, vec![x], false),
        (&inverse, vec![x, next], false),
    ] {
        let factors: Vec<Term> = factors.into_iter().cloned().collect();
        assert_eq!(field.is_product_of(term.clone(), &factors), expected, "{term:?} of {factors:?}");
    }
}

/// Proofs end: what would be too much work has no term, and what was done is counted.
#[test]
fn work_is_bounded() {
    let sum =
        |letter: char, count: usize| (0..count).map(|place| format!("{letter}{place}")).collect::<Vec<_>>().join(" + ");
    let inputs =
        |letter: char, count: usize| (0..count).map(|place| format!("{letter}{place}")).collect::<Vec<_>>().join(", ");
    for (body, known) in [
        (format!("({}) + ({})", sum('a', 40), sum('b', 40)), true),
        (format!("({})*({})", sum('a', 20), sum('b', 20)), true),
        (format!("({})*({})", sum('a', 21), sum('b', 20)), false),
        (format!("({})**5", sum('a', 8)), false),
        (format!("({})**2/({})", sum('a', 12), sum('a', 12)), true),
        (format!("1/(1 + {}) + 1/(2 + {})", sum('a', 12), sum('b', 12)), true),
        (format!("1/(1 + {}) + 1/(2 + {})", sum('a', 40), sum('b', 40)), false),
        (sum('a', 40), true),
    ] {
        let text = format!("fn f({}, {}) = {body};", inputs('a', 40), inputs('b', 40));
        let function = function(&text);
        let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
        assert_eq!(field.term(&function.outputs[0].value).is_some(), known, "{body}");
        assert!(field.work() > 40, "{body} took {}", field.work());
        assert!(field.work() < 10_000, "{body} took {}", field.work());
    }
    // Each product of 15 and 20 terms is 300 multiplications.
    for (count, known) in [(4, true), (12, false)] {
        let sine = |place: usize| format!("sin(({})*({} + c{place}))", sum('a', 15), sum('b', 19));
        let body = (0..count).map(sine).collect::<Vec<_>>().join(" + ");
        let function =
            function(&format!("fn f({}, {}, {}) = {body};", inputs('a', 15), inputs('b', 19), inputs('c', count)));
        let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
        assert_eq!(field.term(&function.outputs[0].value).is_some(), known, "{count} products");
    }
    // A chain of many additions of one input is short work for each.
    let text = format!("fn f(x) = {};", vec!["x"; 300].join(" + "));
    let function = function(&text);
    let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
    let x = field.term(&Ref { node: function.parameters[0].node, axes: Vec::<Axis>::new() }).expect("an input");
    let whole = field.term(&function.outputs[0].value).expect("one monomial");
    assert_eq!(field.scaled(&x, Rational::from(300)), Some(whole));
}

#[test]
fn facts_are_used_along_the_axes_that_they_name() {
    for (header, left, right, equal) in [
        ("x: [N], t where x > 0", "sum(abs(x))", "sum(x)", true),
        ("x: [N], y: [N] where x > 0", "sum(abs(y))", "sum(y)", false),
        ("x: [N], t where t > 0", "sum(abs(x))", "sum(x)", false),
        ("x: [N], t where t > 0", "sum(abs(t*exp(x)))", "t*sum(exp(x))", true),
        ("a: [N, N] where sum(a, axis = 0) == 1", "sum[i, j](a[i, j])", "N", true),
        ("a: [N, N], x: [N] where sum(a, axis = 0) == 1", "sum[i, j](a[i, j]*x[j])", "sum(x)", true),
        ("a: [N, N], x: [N] where sum(a, axis = 0) == 1", "sum[i, j](a[i, j]*x[i])", "sum(x)", false),
        ("a: [N, N], x: [N] where sum(a, axis = 1) == 1", "sum[i](x[i]*sum[j](a[i, j]))", "sum(x)", true),
        ("a: [N, N], x: [N] where sum(a, axis = 1) == 1", "sum[i, j](a[i, j]*x[j])", "sum(x)", false),
        ("x: [N], y: [N] where sum(x*y) == 1", "sum(x*y)*sum(x)", "sum(x)", true),
        ("x: [N], y: [N] where sum(x*y) == 1", "sum(x**2)", "1", false),
        ("x: [N], y: [N] where sum(x*y) == 1", "sum(2*y*x)", "2", true),
        ("x: [N], y: [N], c where x == c*y", "sum(x)", "c*sum(y)", true),
        ("x: [N], y: [N], c where x == c*y", "sum(x)", "sum(y)", false),
        ("x: [N], c where x == c", "sum(x)", "N*c", true),
        ("x: [N], y: [N] where sum(x) == sum(y)", "sum(x**2)", "sum(y**2)", false),
        ("x, t where x == t", "sin(x) - sin(t)", "0", true),
        ("x, t where x**2 == t", "x**4", "t**2", true),
        ("x, t where sin(x) == t", "sin(x)**2", "t**2", true),
        ("x, t where x*t == 1", "x**2*t**2", "1", false),
        ("a: [N, N], b: [N, N] where b == b.T", "sum[i, j](a[i, j]*b[i, j])", "sum[i, j](a[j, i]*b[i, j])", true),
        ("a: [N, N], b: [N, N] where b == b.T", "sum[i, j](a[i, j]*b[i, j])", "sum[i, j](a[i, j]*a[j, i])", false),
        ("a: [N, N] where a == -a.T", "sum[i, j](a[i, j]*exp(a[j, i]))", "sum(a*exp(a))", false),
    ] {
        check(header, &[(left, right, equal)]);
    }
}

/// A fact that changes nothing is not relied on.
#[test]
fn symmetry_is_used_only_where_slots_differ() {
    let text =
        "fn f(a: [N, N], x: [N]) -> (left, right) where a == a.T = (sum[i](a[i, i]*x[i]), sum[i, j](a[i, j]*a[j, i]));";
    let function = function(text);
    let facts = crate::facts::claims(&function.graph, &function.facts);
    for (output, used) in function.outputs.iter().zip([0, 1]) {
        let mut field = Field::new(&function.graph, BTreeSet::new(), &facts);
        assert!(field.term(&output.value).is_some());
        assert_eq!(field.facts.used().len(), used, "{:?}", output.name);
    }
}
