//! Operators between numbers, item by item; operands are kept where the operators are defined and moderate.

use chainrule_compiler::syntax::{BinaryOperator, ExpressionId};

use super::builder::{binding, block};
use super::scope::{Dimension, Generator, Variable};

impl Generator<'_> {
    /// An elementwise operator over expressions of a shape.
    pub fn elementwise(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        match self.random.below(26) {
            0..10 => self.arithmetic(shape, depth),
            10..13 => {
                let operand = self.expression(shape, depth - 1);
                self.smooth(operand)
            }
            13..15 => {
                let operand = self.expression(shape, depth - 1);
                self.guarded(operand)
            }
            15 => {
                let operand = self.expression(shape, depth - 1);
                self.kinked(operand)
            }
            16 => {
                let (left, right) = self.pair(shape, depth);
                let function = self.random.word(&["max", "min"]);
                if self.random.chance(50) {
                    self.mark("max and min of three");
                    // Now and then one stands there twice: a tie.
                    let third = if self.random.chance(50) { left } else { self.smaller(shape, depth - 1) };
                    return self.builder.call(function, &[left, right, third]);
                }
                self.mark("max and min of two");
                self.builder.call(function, &[left, right])
            }
            17..21 => self.powers(shape, depth),
            21..24 => self.conditional(shape, depth),
            24 => self.partly_defined(shape, depth),
            _ => self.shared(shape, depth),
        }
    }

    /// Two operands, one of them possibly of a smaller shape.
    fn pair(&mut self, shape: &[Dimension], depth: usize) -> (ExpressionId, ExpressionId) {
        let full = self.expression(shape, depth - 1);
        let other = self.smaller(shape, depth - 1);
        if self.random.chance(50) { (full, other) } else { (other, full) }
    }

    /// Two operands, one of them a number that some operator does nothing with.
    fn neutral(&mut self, shape: &[Dimension], depth: usize) -> (ExpressionId, ExpressionId) {
        self.mark("neutral element");
        let full = self.expression(shape, depth - 1);
        let number = self.random.pick(&[0.0, 1.0, -1.0]).copied().unwrap_or(0.0);
        let number = self.builder.number(number);
        if self.random.chance(50) { (full, number) } else { (number, full) }
    }

    fn arithmetic(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        let (left, right) = if self.random.chance(12) { self.neutral(shape, depth) } else { self.pair(shape, depth) };
        match self.random.below(10) {
            0..3 => self.builder.add(left, right),
            3..5 => self.builder.binary(BinaryOperator::Subtract, left, right),
            5..8 => self.builder.multiply(left, right),
            8 => {
                let divisor = self.positive(right);
                self.mark("division");
                self.builder.divide(left, divisor)
            }
            _ => {
                let function = self.random.word(&["atan2", "hypot"]);
                self.mark(function);
                let positive = self.positive(right);
                self.builder.call(function, &[left, positive])
            }
        }
    }

    fn smooth(&mut self, operand: ExpressionId) -> ExpressionId {
        match self.random.below(17) {
            14 => self.probability(operand),
            15 => {
                let function = self.random.word(&["mish", "softsign", "normal_cdf", "normal_pdf", "log_normal_cdf"]);
                self.mark(function);
                // Where the logarithm of the distribution is asked for, it does not underflow.
                let bounded = if function == "log_normal_cdf" { self.bounded(operand) } else { operand };
                self.builder.call(function, &[bounded])
            }
            12 => {
                let function = self.random.word(&["atan", "asinh", "exp2", "erfcx", "atanh", "asin", "acos"]);
                self.mark(function);
                // Half of what lies between -1 and 1, unless it is defined everywhere and grows slowly.
                if matches!(function, "atan" | "asinh") {
                    return self.builder.call(function, &[operand]);
                }
                let (half, bounded) = (self.builder.number(0.5), self.bounded(operand));
                let inside = self.builder.multiply(half, bounded);
                self.builder.call(function, &[inside])
            }
            13 => {
                let bounded = self.bounded(operand);
                self.mark("ierfcx");
                let one = self.builder.number(1.0);
                self.builder.call("ierfcx", &[one, bounded])
            }
            0..2 => {
                self.mark("negation");
                self.builder.negate(operand)
            }
            2..6 => self.bounded(operand),
            6 => {
                let function = self.random.word(&["exp", "expm1", "sinh", "cosh"]);
                self.mark(function);
                let bounded = self.bounded(operand);
                self.builder.call(function, &[bounded])
            }
            7 => {
                let (half, bounded) = (self.builder.number(0.5), self.bounded(operand));
                let angle = self.builder.multiply(half, bounded);
                self.mark("tan");
                self.builder.call("tan", &[angle])
            }
            _ => {
                let function = self.random.word(&["sigmoid", "softplus", "silu", "relu", "gelu", "gelu_tanh", "erfc"]);
                self.mark(function);
                self.builder.call(function, &[operand])
            }
        }
    }

    /// A function of several numbers of the prelude.
    fn probability(&mut self, operand: ExpressionId) -> ExpressionId {
        let function = self.random.word(&["logit", "elu", "clamp", "xlogy", "huber"]);
        self.mark(function);
        match function {
            "logit" => {
                let probability = self.builder.call("sigmoid", &[operand]);
                self.builder.call(function, &[probability])
            }
            "clamp" => {
                let (low, high) = (self.builder.number(-0.5), self.builder.number(0.75));
                self.builder.call(function, &[operand, low, high])
            }
            "xlogy" => {
                let positive = self.positive(operand);
                self.builder.call(function, &[operand, positive])
            }
            _ => {
                let scale = self.builder.number(0.75);
                self.builder.call(function, &[operand, scale])
            }
        }
    }

    /// Something between -1 and 1.
    pub fn bounded(&mut self, operand: ExpressionId) -> ExpressionId {
        match self.random.word(&["sin", "cos", "tanh", "sigmoid", "erf", "quotient"]) {
            "quotient" => {
                let divisor = self.one_plus_square(operand);
                self.builder.divide(operand, divisor)
            }
            function => {
                self.mark(function);
                self.builder.call(function, &[operand])
            }
        }
    }

    /// Something above 0.3.
    pub fn positive(&mut self, operand: ExpressionId) -> ExpressionId {
        match self.random.below(4) {
            0 => {
                let (size, half) = (self.builder.call("abs", &[operand]), self.builder.number(0.5));
                self.builder.add(size, half)
            }
            1 => {
                let bounded = self.bounded(operand);
                self.builder.call("exp", &[bounded])
            }
            _ => self.one_plus_square(operand),
        }
    }

    fn one_plus_square(&mut self, operand: ExpressionId) -> ExpressionId {
        let (one, two) = (self.builder.number(1.0), self.builder.number(2.0));
        let square = self.builder.power(operand, two);
        if self.random.chance(50) { self.builder.add(one, square) } else { self.builder.add(square, one) }
    }

    fn guarded(&mut self, operand: ExpressionId) -> ExpressionId {
        let positive = self.positive(operand);
        let function = self.random.word(&[
            "log",
            "log",
            "sqrt",
            "sqrt",
            "log1p",
            "log2",
            "log10",
            "cbrt",
            "lgamma",
            "digamma",
            "trigamma",
            "acosh",
            "erfcx",
            "polygamma",
        ]);
        self.mark(function);
        match function {
            "acosh" => {
                let one = self.builder.number(1.0);
                let above = self.builder.add(one, positive);
                self.builder.call(function, &[above])
            }
            "polygamma" => {
                let order = self.random.below(3) as f64;
                let order = self.builder.number(order);
                self.builder.call(function, &[order, positive])
            }
            _ => self.builder.call(function, &[positive]),
        }
    }

    fn kinked(&mut self, operand: ExpressionId) -> ExpressionId {
        let function = self.random.word(&["abs", "abs", "abs", "sign", "floor", "ceil", "round"]);
        self.mark(function);
        self.builder.call(function, &[operand])
    }

    fn powers(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        let base = self.expression(shape, depth - 1);
        match self.random.below(10) {
            0..5 => {
                self.mark("integer power");
                let choices = [2.0, 2.0, 2.0, 3.0, 1.0, 0.0];
                let exponent = self.random.pick(&choices).copied().unwrap_or(2.0);
                let exponent = self.builder.number(exponent);
                self.builder.power(base, exponent)
            }
            5 => {
                self.mark("fractional power");
                let positive = self.positive(base);
                let exponent = self.random.pick(&[0.5, 1.5, -0.5, -1.0, -2.0, 0.1]).copied().unwrap_or(0.5);
                let exponent = self.builder.number(exponent);
                self.builder.power(positive, exponent)
            }
            6 => {
                self.mark("variable exponent");
                let (positive, other) = (self.positive(base), self.smaller(shape, depth - 1));
                let exponent = self.bounded(other);
                self.builder.power(positive, exponent)
            }
            7 => {
                self.mark("power chain");
                let (two, bounded) = (self.builder.number(2.0), self.bounded(base));
                let inner = self.random.pick(&[2.0, 3.0]).copied().unwrap_or(2.0);
                let inner = self.builder.number(inner);
                let exponent = self.builder.power(bounded, inner);
                self.builder.power(two, exponent)
            }
            8 => {
                self.mark("unary minus beside a power");
                let two = self.builder.number(2.0);
                if self.random.chance(50) {
                    let power = self.builder.power(base, two);
                    return self.builder.negate(power);
                }
                let negated = self.builder.negate(base);
                self.builder.power(negated, two)
            }
            _ => {
                self.mark("unary minus in an exponent");
                let (two, bounded) = (self.builder.number(2.0), self.bounded(base));
                let exponent = self.builder.negate(bounded);
                self.builder.power(two, exponent)
            }
        }
    }

    /// One subexpression in several places.
    fn shared(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        self.mark("shared subexpression");
        let operand = self.expression(shape, depth - 1);
        let (bounded, other) = (self.bounded(operand), self.bounded(operand));
        let product = self.builder.multiply(bounded, other);
        if self.random.chance(50) {
            self.builder.add(product, operand)
        } else {
            self.builder.multiply(operand, product)
        }
    }

    fn comparison(&mut self, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        let operator = match self.random.below(9) {
            0..3 => BinaryOperator::Less,
            3..6 => BinaryOperator::Greater,
            6 => BinaryOperator::LessEqual,
            7 => BinaryOperator::GreaterEqual,
            _ if self.random.chance(50) => BinaryOperator::Equal,
            _ => BinaryOperator::NotEqual,
        };
        self.builder.binary(operator, left, right)
    }

    /// A condition of a shape.
    fn condition(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        let (left, right) = self.pair(shape, depth.min(2));
        let condition = self.comparison(left, right);
        match self.random.below(8) {
            0 => {
                self.mark("and, or, not");
                self.builder.not(condition)
            }
            1 => {
                self.mark("and, or, not");
                let operator = if self.random.chance(50) { BinaryOperator::And } else { BinaryOperator::Or };
                let (left, right) = self.pair(shape, 1);
                let other = self.comparison(left, right);
                if self.random.chance(50) {
                    let nested = self.builder.binary(operator, condition, other);
                    return self.builder.not(nested);
                }
                self.builder.binary(operator, condition, other)
            }
            _ => condition,
        }
    }

    fn conditional(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        let elementwise = !shape.is_empty() && self.random.chance(60);
        self.mark(if elementwise { "elementwise if" } else { "scalar if" });
        let conditions = if self.random.chance(25) { 2 } else { 1 };
        let mut branches = Vec::new();
        for _ in 0..conditions {
            let condition = self.condition(if elementwise { shape } else { &[] }, depth);
            branches.push((condition, self.branch(shape, depth)));
        }
        if conditions == 2 {
            self.mark("else if");
        }
        let small = !shape.is_empty() && self.random.chance(30);
        if small {
            self.mark("scalar branch beside an array");
        }
        let otherwise = self.branch(if small { &[] } else { shape }, depth);
        self.builder.conditional(branches, otherwise)
    }

    /// A block of a branch, now and then with a `let` that may hide an outer one.
    fn branch(&mut self, shape: &[Dimension], depth: usize) -> chainrule_compiler::syntax::Block {
        if !self.indices.is_empty() || self.random.chance(75) {
            return block(Vec::new(), self.expression(shape, depth - 1));
        }
        self.mark("let in a branch");
        let value = self.expression(shape, depth - 1);
        let name = self.fresh_or_hiding();
        self.variables.push(Variable { name: name.clone(), shape: shape.to_vec() });
        let rest = self.expression(shape, depth - 1);
        let used = self.builder.name(&name);
        self.variables.pop();
        let result = self.builder.add(used, rest);
        block(vec![binding(&name, None, value)], result)
    }

    /// Branches that are only defined where they are taken.
    fn partly_defined(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        self.mark("branch undefined where not taken");
        let operand = self.expression(shape, depth.min(2) - 1);
        let (zero, copy) = (self.builder.number(0.0), operand);
        let above = self.builder.binary(BinaryOperator::Greater, operand, zero);
        let function = self.random.word(&["sqrt", "log", "inverse", "power", "nested"]);
        let inner = match function {
            "inverse" => {
                let one = self.builder.number(1.0);
                self.builder.divide(one, copy)
            }
            "power" => {
                let exponent = self.builder.number(1.5);
                self.builder.power(copy, exponent)
            }
            "nested" => {
                let one = self.builder.number(1.0);
                let larger = self.builder.binary(BinaryOperator::Greater, copy, one);
                let (log, root) = (self.builder.call("log", &[copy]), self.builder.call("sqrt", &[copy]));
                self.builder.conditional(vec![(larger, block(Vec::new(), log))], block(Vec::new(), root))
            }
            function => self.builder.call(function, &[copy]),
        };
        let other = if self.random.chance(50) { self.builder.number(0.0) } else { copy };
        self.builder.conditional(vec![(above, block(Vec::new(), inner))], block(Vec::new(), other))
    }
}
