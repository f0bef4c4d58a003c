//! What a program promises whatever it computes: each value is defined once, above its uses, in the innermost branch that
//! contains them, and used. That the numbers are right is the oracle's business; here a few are compared with `std`.

use std::collections::{HashMap, HashSet};

use super::{Choice, Compute, Program, Statement, ValueId, lower, lower_from};
use crate::derive::{Derived, Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::graph::{Graph, Ref};
use crate::lower::Wanted;
use crate::number::{FloatType, Number};
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::resolve::resolve;

fn derived(text: &str, request: &Request) -> Derived {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    derive(function, request).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn program(text: &str, order: u8) -> Program {
    let derived = derived(text, &Request { order, raw: true, ..Request::default() });
    lower(&derived.function.graph, &derived.wanted())
}

/// A block: which arm of which branch, from the outermost in. The body is the empty path.
type Path = Vec<(usize, bool)>;

/// Where each value of a program is defined and used, and what is computed where.
#[derive(Default)]
struct Places {
    defined: HashMap<ValueId, Path>,
    used: HashMap<ValueId, Vec<Path>>,
    computed: Vec<(Path, Compute)>,
    numbers: HashSet<ValueId>,
    branches: usize,
}

impl Places {
    fn of(program: &Program) -> Self {
        let mut places = Self::default();
        places.walk(&program.body, &Path::new());
        for output in &program.outputs {
            places.r#use(output.value, &Path::new());
        }
        places
    }

    fn walk(&mut self, body: &[Statement], path: &Path) {
        for statement in body {
            match statement {
                Statement::Instruction(instruction) => {
                    instruction.operands.iter().for_each(|operand| self.r#use(operand.value, path));
                    self.define(instruction.target, path);
                    let known = matches!(instruction.compute, Compute::Given(_));
                    assert!(!known || instruction.operands.is_empty(), "what is known is not computed again");
                    if matches!(instruction.compute, Compute::Constant(_)) {
                        self.numbers.insert(instruction.target);
                    }
                    self.computed.push((path.clone(), instruction.compute.clone()));
                }
                Statement::Branch { condition, yes, no, choices } => self.branch(*condition, [yes, no], choices, path),
            }
        }
    }

    fn branch(&mut self, condition: ValueId, arms: [&Vec<Statement>; 2], choices: &[Choice], path: &Path) {
        self.r#use(condition, path);
        let number = self.branches;
        self.branches += 1;
        for (arm, holds) in arms.into_iter().zip([true, false]) {
            let mut inner = path.clone();
            inner.push((number, holds));
            self.walk(arm, &inner);
            for choice in choices {
                self.r#use(if holds { choice.yes.value } else { choice.no.value }, &inner);
            }
        }
        choices.iter().for_each(|choice| self.define(choice.target, path));
    }

    fn define(&mut self, value: ValueId, path: &Path) {
        assert_eq!(self.defined.insert(value, path.clone()), None, "{value:?} is defined twice");
    }

    /// Values are met in the order of the steps: what is not defined yet does not stand above.
    fn r#use(&mut self, value: ValueId, path: &Path) {
        let home = self.defined.get(&value).unwrap_or_else(|| panic!("{value:?} is used above its definition"));
        assert!(path.starts_with(home), "{value:?} is used outside of its block");
        self.used.entry(value).or_default().push(path.clone());
    }

    /// The innermost block that contains all uses of a value.
    fn innermost(&self, value: ValueId) -> Path {
        let mut uses = self.used[&value].iter();
        let first = uses.next().expect("a use").clone();
        uses.fold(first, |common, path| {
            let shared = common.iter().zip(path).take_while(|(a, b)| a == b).count();
            common[..shared].to_vec()
        })
    }

    fn count(&self, operator: Operator) -> usize {
        self.computed.iter().filter(|(_, compute)| *compute == Compute::Apply(operator)).count()
    }
}

const FORMULAS: &[&str] = &[
    "1 / (1 + exp(-x))",
    "if x > 0 { sqrt(x) } else { 0 }",
    "if x > 0 { if z > 0 { sqrt(x) * log(z) } else { exp(x) * z } } else { sqrt(-x) * z }",
    "if x > 0 { sin(x) * z } else { cos(x) } + if x > 0 { sin(x) } else { z * cos(x) }",
    "if x > z { exp(z) } else if x > 1 { exp(z) + log(x) } else if x > 0 { log(x) } else { exp(x) * exp(z) }",
    "fn f(x, z) { let a = if x > 0 { sqrt(x) * sin(z) } else { z }; if a > z { a * sin(z) } else { sqrt(x + a) } }",
    "max(x, z)**3 * abs(x)**-1.5 + min(x, 1)**0.5",
    "x**-4 + x**z + x**2.5 + (x * z)**4",
    "fn f(x: [N], w: [N]) = sum(if x > 0 { x * w } else { exp(x) }) + if sum(x) > 0 { sum(x * w) } else { max(w) };",
    "fn f(x: [N, K], w: [K, H]) = sum(softmax(x @ w)**2);",
];

#[test]
fn values_stand_in_the_innermost_block_above_their_uses() {
    for text in FORMULAS {
        for order in 0..=2 {
            let program = program(text, order);
            let places = Places::of(&program);
            for (value, home) in &places.defined {
                // The exponent of a power that became products has lost a use; a number costs nothing where it stands.
                if places.numbers.contains(value) {
                    continue;
                }
                assert!(places.used.contains_key(value), "{text}: {value:?} is dead\n{program:#?}");
                assert_eq!(*home, places.innermost(*value), "{text}: {value:?} stands too far out\n{program:#?}");
            }
        }
    }
}

#[test]
fn what_only_one_branch_needs_is_computed_in_it() {
    let places = Places::of(&program("if x > 0 { sqrt(x) * sin(z) } else { log(z) * sin(z) }", 0));
    let home = |operator: Operator| {
        let found = places.computed.iter().find(|(_, compute)| *compute == Compute::Apply(operator));
        found.map(|(path, _)| path.clone()).expect("computed")
    };
    assert_eq!((home(Operator::Sqrt), home(Operator::Log)), (vec![(0, true)], vec![(0, false)]));
    assert!(home(Operator::Sin).is_empty(), "both branches need it");
    assert_eq!((places.branches, places.count(Operator::Sin)), (1, 1));
}

#[test]
fn selects_on_one_condition_share_a_branch() {
    let text = "fn f(x, z) -> (a, b) { (if x > 0 { x * z } else { z }, if x > 0 { sin(x) } else { x - z }) }";
    assert_eq!(Places::of(&program(text, 0)).branches, 1);
    // The second needs the first: it takes that from the same arm.
    let text = "fn f(x, z) { let a = if x > 0 { x * z } else { z }; a * if x > 0 { sin(a) } else { cos(a) } }";
    assert_eq!(Places::of(&program(text, 0)).branches, 1);
    // It needs what is computed from the first in between: two branches, one after the other.
    let text = "fn f(x, z) { let a = exp(if x > 0 { x * z } else { z }); a * if x > 0 { sin(a) } else { cos(a) } }";
    assert_eq!(Places::of(&program(text, 0)).branches, 2);
    // A condition that varies along an axis selects; it does not branch.
    let text = "fn f(x: [N]) = sum(if x > 0 { sqrt(x) } else { 0 });";
    let places = Places::of(&program(text, 0));
    assert_eq!((places.branches, places.count(Operator::Select)), (0, 1));
}

#[test]
fn each_value_is_computed_once() {
    let places = Places::of(&program("exp(x) * exp(x) + if z > 0 { exp(x) } else { 1 / exp(x) }", 2));
    assert_eq!(places.count(Operator::Exp), 1);
    let inputs: Vec<&Compute> =
        places.computed.iter().map(|(_, compute)| compute).filter(|c| matches!(c, Compute::Input(_))).collect();
    assert_eq!(inputs.len(), inputs.iter().map(|input| format!("{input:?}")).collect::<HashSet<_>>().len());
}

#[test]
fn powers_with_small_exponents_are_products_and_roots() {
    let points = [0.3, 1.0, 1.7, 2.9e-40, 5.0e30];
    for (text, exponent, power) in [
        ("x**4", 4.0, false),
        ("x**3", 3.0, false),
        ("x**2", 2.0, false),
        ("x**1.5", 1.5, false),
        ("x**0.5", 0.5, false),
        ("x**-0.5", -0.5, false),
        ("x**-1", -1.0, false),
        ("x**-1.5", -1.5, false),
        ("x**-2", -2.0, false),
        ("x**0.3", 0.3, true),
        ("x**40", 40.0, true),
    ] {
        let program = program(text, 0);
        assert_eq!(Places::of(&program).count(Operator::Power), usize::from(power), "{text}");
        for x in points {
            let value = evaluate(&program, &[Tensor::scalar(x)]).expect("a value")[0].data[0];
            let expected = f64::powf(x, exponent);
            let close = (value - expected).abs() <= 4.0 * f64::EPSILON * expected.abs();
            assert!(close || value == expected, "{text} at {x}: {value} is not {expected}");
        }
    }
    for x in [-1.7, -3.0] {
        for (text, expected) in [("x**2", x * x), ("x**3", x * x * x), ("x**-1", 1.0 / x)] {
            assert_eq!(evaluate(&program(text, 0), &[Tensor::scalar(x)]).expect("a value")[0].data[0], expected);
        }
    }
}

#[test]
fn the_backward_pass_starts_from_what_was_saved() {
    for (text, most_saved) in
        [("1 / (1 + exp(-x))", 3), ("relu(x)", 1), ("x + z", 0), ("exp(sin(x) * z)", 2), ("log(1 + exp(x))", 2)]
    {
        let request = Request { order: 1, upstream: Some("g".into()), raw: true, ..Request::default() };
        let derived = derived(text, &request);
        let saved = derived.saved();
        assert!(saved.len() <= most_saved, "{text}: {}", saved.len());
        let wanted: Vec<Wanted> = derived.wanted().split_off(derived.output_names.len());
        let places = Places::of(&lower_from(&derived.function.graph, &wanted, &saved));
        let given = places.computed.iter().filter(|(_, compute)| matches!(compute, Compute::Given(_))).count();
        assert_eq!(given, saved.len(), "{text}: all that is saved is read");
        assert_eq!(places.count(Operator::Exp), 0, "{text}: the forward pass has computed it");
    }
}

#[test]
fn branches_nest_no_deeper_than_a_stack_bears() {
    let mut graph = Graph::new(FloatType::F64);
    let x = graph.input("x", &[]).expect("an input");
    let mut value = x.clone();
    for step in 0..2_000 {
        let number = graph.constant(Number::from(step)).expect("a number");
        let condition = graph.apply(Operator::Less, &[x.clone(), number.clone()]).expect("a condition");
        let shifted: Ref = graph.apply(Operator::Add, &[value, number]).expect("a sum");
        value = graph.apply(Operator::Select, &[condition, shifted, x.clone()]).expect("a select");
    }
    let program = lower(&graph, &[Wanted { value, axes: Vec::new() }]);
    let deepest = Places::of(&program).computed.iter().map(|(path, _)| path.len()).max();
    assert!(deepest.is_some_and(|deepest| deepest <= 64), "{deepest:?}");
    // Below 0 every condition holds and every number is added; from 1 999 on none does.
    let at = |x: f64| evaluate(&program, &[Tensor::scalar(x)]).expect("a value")[0].data[0];
    assert_eq!((at(-1.0), at(1998.5), at(5000.0)), (-1.0 + 1999.0 * 1000.0, 1998.5 + 1999.0, 5000.0));
}
