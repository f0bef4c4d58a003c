//! One step of the chain rule: a cotangent times a partial derivative of the table.

use std::rc::Rc;

use super::Sweeper;
use super::cotangent::{Cotangent, Guard};
use super::factor::Smooth;
use super::range::Reach;
use crate::graph::{Axis, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Argument, Operator, Template};

/// A partial derivative that was put into the graph: its formula, and what each step of it is there.
struct Partial<'a> {
    template: &'a Template,
    operands: &'a [Ref],
    out: &'a Ref,
    /// What the product is summed over.
    closed: &'a [Axis],
    steps: Vec<Ref>,
}

impl<'a> Partial<'a> {
    /// Condition and branches, where the formula itself has an `if`: an operand that is one is a factor like others.
    fn as_select(&self, argument: &Argument) -> Option<&'a [Argument; 3]> {
        let Argument::Step(place) = argument else { return None };
        let step = self.template.steps.get(usize::from(*place))?;
        let arguments = step.arguments.as_slice().try_into().ok()?;
        (step.operator == Operator::Select).then_some(arguments)
    }
}

impl Sweeper<'_> {
    /// The contribution of an operator to one of its operands; `None` if the partial is zero.
    pub(super) fn through(
        &mut self,
        operator: Operator,
        position: usize,
        (operands, out): (&[Ref], &Ref),
        cotangent: Cotangent,
        closed: &[Axis],
    ) -> Result<Option<Cotangent>, GraphError> {
        match self.smooth(operator, (operands, out), position, &cotangent.value)? {
            Some(Smooth { value, factor, rest: None }) => self.times(Cotangent { value, ..cotangent }, &factor, closed),
            Some(Smooth { value, factor, rest: Some(rest) }) => {
                let guards = cotangent.guards.clone();
                let smooth = self.times(Cotangent { value, ..cotangent }, &factor, closed)?;
                let rest =
                    self.through_kink(operator, position, (operands, out), Cotangent { guards, value: rest }, closed)?;
                match (smooth, rest) {
                    (Some(smooth), Some(rest)) => self.accumulate(smooth, rest).map(Some),
                    (smooth, rest) => Ok(smooth.or(rest)),
                }
            }
            None => self.through_kink(operator, position, (operands, out), cotangent, closed),
        }
    }

    /// The same by the table's partial.
    fn through_kink(
        &mut self,
        operator: Operator,
        position: usize,
        (operands, out): (&[Ref], &Ref),
        mut cotangent: Cotangent,
        closed: &[Axis],
    ) -> Result<Option<Cotangent>, GraphError> {
        self.by_convention(operator, operands, out, &mut cotangent)?;
        let template = operator.partial(position).ok_or(GraphError::Kind)?;
        let partial = self.partial(template, operands, out, closed)?;
        self.multiply(cotangent, &partial, &template.result)
    }

    /// The contribution of an operator of many operands to one of them: see [`among`](crate::operators::Row::among).
    pub(super) fn through_one_of(
        &mut self,
        operator: Operator,
        operand: &Ref,
        (tied, out): (&Ref, &Ref),
        cotangent: Cotangent,
        closed: &[Axis],
    ) -> Result<Option<Cotangent>, GraphError> {
        let template = operator.partial_among().ok_or(GraphError::Kind)?;
        let operands = [operand.clone(), tied.clone()];
        let partial = self.partial(template, &operands, out, closed)?;
        self.multiply(cotangent, &partial, &template.result)
    }

    /// How many operands are equal to the result.
    pub(super) fn tied(&mut self, operands: &[Ref], out: &Ref) -> Result<Ref, GraphError> {
        let (one, mut count) = (self.graph.constant(Number::ONE)?, self.graph.constant(Number::ZERO)?);
        let zero = count.clone();
        for (place, operand) in operands.iter().enumerate() {
            let equal = self.graph.apply(Operator::Equal, &[operand.clone(), out.clone()])?;
            let counts = self.graph.apply(Operator::Select, &[equal, one.clone(), zero.clone()])?;
            count = if place == 0 { counts } else { self.graph.apply(Operator::Add, &[count, counts])? };
        }
        Ok(count)
    }

    /// Puts a partial into the graph.
    fn partial<'a>(
        &mut self,
        template: &'a Template,
        operands: &'a [Ref],
        out: &'a Ref,
        closed: &'a [Axis],
    ) -> Result<Partial<'a>, GraphError> {
        let mut partial = Partial { template, operands, out, closed, steps: Vec::with_capacity(template.steps.len()) };
        for step in &template.steps {
            let mut arguments = Vec::with_capacity(step.arguments.len());
            for argument in &step.arguments {
                arguments.push(self.argument(argument, &partial)?);
            }
            partial.steps.push(self.step(step.operator, &arguments)?);
        }
        Ok(partial)
    }

    /// The derivative of an operator of one operand at 0, where its value is 0.
    pub(super) fn partial_at(&mut self, operator: Operator, zero: &Ref) -> Result<Ref, GraphError> {
        let template = operator.partial(0).ok_or(GraphError::Kind)?;
        let partial = self.partial(template, std::slice::from_ref(zero), zero, &[])?;
        self.argument(&template.result, &partial)
    }

    /// A step of a partial. What it adds to a stated number or quotient stays one: 1.2 - 1 is 0.2 and 5/3 - 1 is 2/3, rounded
    /// once.
    fn step(&mut self, operator: Operator, arguments: &[Ref]) -> Result<Ref, GraphError> {
        if let [a, b] = arguments
            && let (Some(a), Some(b)) = (self.graph.as_constant(a.node), self.graph.as_constant(b.node))
            && let Some(sum) = match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_add(b.negated()),
                _ => None,
            }
        {
            return self.graph.constant(sum);
        }
        if let [a, b] = arguments
            && let (Some((a, c)), Some((b, d))) = (self.as_ratio(a), self.as_ratio(b))
            && (c, d) != (1, 1)
        {
            let above = a.checked_mul(d).zip(b.checked_mul(c)).and_then(|(a, b)| match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                _ => None,
            });
            if let Some((above, below)) = above.zip(c.checked_mul(d)).filter(|(above, below)| *above != 0 && *below > 0)
            {
                let (above, below) = (self.graph.constant(above.into())?, self.graph.constant(below.into())?);
                return self.graph.apply(Operator::Divide, &[above, below]);
            }
        }
        self.graph.apply(operator, arguments)
    }

    /// A stated whole number, or the quotient of two.
    fn as_ratio(&self, value: &Ref) -> Option<(i64, i64)> {
        let whole = |node: NodeId| self.graph.as_constant(node).and_then(Number::to_integer);
        if self.graph.as_operator(value.node) != Some(Operator::Divide) {
            return Some((whole(value.node)?, 1));
        }
        let mut operands = self.graph.operands(value.node);
        let (above, below) = (whole(operands.next()?.node)?, whole(operands.next()?.node)?);
        (below != 0).then_some((above, below))
    }

    fn argument(&mut self, argument: &Argument, partial: &Partial) -> Result<Ref, GraphError> {
        let missing = GraphError::UnknownNode;
        match argument {
            Argument::Operand(place) => partial.operands.get(usize::from(*place)).cloned().ok_or(missing),
            Argument::Step(place) => partial.steps.get(usize::from(*place)).cloned().ok_or(missing),
            Argument::Out => Ok(partial.out.clone()),
            Argument::Number(number) => self.graph.constant(*number),
        }
    }

    /// A cotangent times a part of a partial. The product goes inside every condition, of the cotangent and of the
    /// partial's formula.
    fn multiply(
        &mut self,
        cotangent: Cotangent,
        partial: &Partial,
        argument: &Argument,
    ) -> Result<Option<Cotangent>, GraphError> {
        let Some([condition, yes, no]) = partial.as_select(argument) else {
            let factor = self.argument(argument, partial)?;
            return self.times(cotangent, &factor, partial.closed);
        };
        let condition = self.argument(condition, partial)?;
        if let Operation::Truth(holds) = self.graph.operation(condition.node) {
            return self.multiply(cotangent, partial, if holds { yes } else { no });
        }
        // Most partials that are an `if` have one branch that is not zero: nothing needs a copy of the cotangent.
        let is_zero = |argument: &Argument| matches!(argument, Argument::Number(number) if number.is_zero());
        if let Some((only, holds)) = match (is_zero(yes), is_zero(no)) {
            (false, true) => Some((yes, true)),
            (true, false) => Some((no, false)),
            _ => None,
        } {
            let mut inside = cotangent;
            inside.guard(condition, holds);
            return self.multiply(inside, partial, only);
        }
        let condition = Rc::new(condition);
        let outer = cotangent.guards.len();
        let branch = |sweeper: &mut Self, argument: &Argument, holds: bool| {
            let mut inside = cotangent.clone();
            inside.guards.push(Guard::new(condition.clone(), holds));
            sweeper.multiply(inside, partial, argument)
        };
        match (branch(self, yes, true)?, branch(self, no, false)?) {
            (Some(a), Some(b)) => {
                let mut guards = a.guards[..outer].to_vec();
                for (guard, other) in guards.iter_mut().zip(&b.guards) {
                    guard.soft &= other.soft;
                }
                let (outside, value) = self.one_of((&a.guards[outer..], a.value), (&b.guards[outer..], b.value))?;
                guards.extend(outside);
                Ok(Some(Cotangent { guards, value }))
            }
            (Some(only), None) | (None, Some(only)) => Ok(Some(only)),
            (None, None) => Ok(None),
        }
    }

    /// A cotangent times a factor; `None` if that is zero. The product goes inside every condition, or, where the factor is
    /// finite in any case and a contraction begins, the conditions go inside the product.
    pub(super) fn times(
        &mut self,
        mut cotangent: Cotangent,
        factor: &Ref,
        closed: &[Axis],
    ) -> Result<Option<Cotangent>, GraphError> {
        if self.graph.is_integer(factor.node, 0) {
            return Ok(None);
        }
        let reach = self.ranges.reach(self.graph, factor.node);
        for guard in &mut cotangent.guards {
            guard.soft &= reach == Reach::Finite;
        }
        let contracted = reach == Reach::Finite && self.contracts(&cotangent, factor, closed);
        if contracted {
            self.select(&mut cotangent)?;
        }
        cotangent.value = self.product_with(&cotangent.value, factor, contracted)?;
        Ok(Some(cotangent))
    }

    /// Whether a product with a factor is part of a contraction: a sum over an axis of the factor follows, or the factor
    /// spreads the cotangent over another axis. Inside of a condition, neither would be a matrix product.
    fn contracts(&self, cotangent: &Cotangent, factor: &Ref, closed: &[Axis]) -> bool {
        let picked = |axis: &Axis| cotangent.guards.iter().any(|guard| self.picks(guard, &[*axis]).is_some());
        let summed = |axis: &&Axis| closed.contains(axis) && !picked(axis);
        let own = |axis: &Axis| {
            cotangent.value.axes.contains(axis)
                || cotangent.guards.iter().any(|guard| guard.condition.axes.contains(axis))
        };
        let spreads = self.graph.stated(cotangent.value.node).is_none() && factor.axes.iter().any(|axis| !own(axis));
        spreads || factor.axes.iter().any(|axis| summed(&axis))
    }

    /// `value * partial` as one would write it: nothing for a factor 1, a quotient for 1/d, signs and numbers in front.
    pub(super) fn product(&mut self, value: &Ref, partial: &Ref) -> Result<Ref, GraphError> {
        self.product_with(value, partial, false)
    }

    /// The same; a factor of a contraction that is there already stays one, be it 1/d.
    fn product_with(&mut self, value: &Ref, partial: &Ref, contracted: bool) -> Result<Ref, GraphError> {
        for (factor, other) in [(value, partial), (partial, value)] {
            if self.graph.is_integer(factor.node, 1) {
                return Ok(other.clone());
            }
            if self.graph.is_integer(factor.node, -1) {
                return self.graph.apply(Operator::Negate, std::slice::from_ref(other));
            }
        }
        for (factor, other) in [(partial, value), (value, partial)] {
            if let Some(inner) = self.as_application(factor, Operator::Negate) {
                let product = if std::ptr::eq(factor, partial) {
                    self.product_with(other, &inner[0], contracted)?
                } else {
                    self.product_with(&inner[0], other, contracted)?
                };
                return self.graph.apply(Operator::Negate, &[product]);
            }
        }
        if !(contracted && partial.node.index() < self.active.len())
            && let Some(inner) = self.as_application(partial, Operator::Divide)
            && self.graph.as_constant(inner[0].node) == Some(Number::ONE)
        {
            return self.graph.apply(Operator::Divide, &[value.clone(), inner[1].clone()]);
        }
        if let Some(product) = self.shared_quotient(value, partial, contracted)? {
            return Ok(product);
        }
        let number = |factor: &Ref| self.graph.as_constant(factor.node).is_some();
        let (first, second) = if number(partial) && !number(value) { (partial, value) } else { (value, partial) };
        // What the forward pass has multiplied the other way round is the same to the bit.
        if let Some(known) = self.graph.existing(Operator::Multiply, [second, first]) {
            return Ok(known);
        }
        self.graph.apply(Operator::Multiply, &[first.clone(), second.clone()])
    }

    /// A product with quotients, by what is there already: what flows into the numerator of `n/d` is `value/d`, so into `d`
    /// flows that times `-n/d`; and a root's half meets a square's two.
    fn shared_quotient(&mut self, value: &Ref, partial: &Ref, contracted: bool) -> Result<Option<Ref>, GraphError> {
        if contracted {
            return Ok(None);
        }
        if let Some(quotient) = self.as_application(partial, Operator::Divide)
            && let Some(known) = self.graph.existing(Operator::Divide, [value, &quotient[1]])
        {
            return self.product(&known, &quotient[0]).map(Some);
        }
        let (Some(quotient), Some(product)) =
            (self.as_application(value, Operator::Divide), self.as_application(partial, Operator::Multiply))
        else {
            return Ok(None);
        };
        let Some(divisor) = self.as_application(&quotient[1], Operator::Multiply) else { return Ok(None) };
        // Halving and doubling are exact.
        if divisor[0] != product[0] || !self.graph.is_integer(product[0].node, 2) {
            return Ok(None);
        }
        let [factor, divisor] = [&product[1], &divisor[1]];
        if let Some(known) = self.graph.existing(Operator::Divide, [factor, divisor]) {
            return self.product(&quotient[0], &known).map(Some);
        }
        let quotient = self.graph.apply(Operator::Divide, &[quotient[0].clone(), divisor.clone()])?;
        self.product(&quotient, factor).map(Some)
    }

    pub(super) fn as_application(&self, value: &Ref, operator: Operator) -> Option<Vec<Ref>> {
        let applies = self.graph.as_operator(value.node) == Some(operator);
        applies.then(|| self.graph.operand_refs(value.node, &value.axes))
    }
}
