//! What `chainrule eval` says about facts that do not hold at its points.
//!
//! Values and derivatives are computed all the same, and the exit status is 0: a false fact is the user's to judge. The
//! warnings go to standard error, one for each fact, however many points there are.

use chainrule_compiler::diagnostic::{Code, Diagnostic};
use chainrule_compiler::evaluate::evaluate;
use chainrule_compiler::facts::checks;
use chainrule_compiler::lower::Program;
use chainrule_compiler::resolve::{Fact, Function};

use super::point::{self, Point};

/// Where a fact failed.
#[derive(Clone, Copy, Debug)]
struct Failures {
    first: usize,
    count: usize,
}

/// The facts of a function, tried at point after point.
#[derive(Debug)]
pub struct Facts {
    facts: Vec<Fact>,
    /// `None` if there is nothing to try.
    program: Option<Program>,
    failures: Vec<Option<Failures>>,
    points: usize,
}

impl Facts {
    /// The facts of a function.
    pub fn new(function: &Function) -> Self {
        let facts = function.facts.clone();
        // Facts that are too large to run say nothing.
        let program = if facts.is_empty() { None } else { checks(&function.graph, &function.facts).ok() };
        Self { failures: vec![None; facts.len()], facts, program, points: 0 }
    }

    /// Tries the facts at a point; one that has no values for all inputs says nothing.
    pub fn try_at(&mut self, point: &Point) {
        self.points += 1;
        let Some(program) = &self.program else { return };
        let results = point::inputs(point, &program.inputs).ok().and_then(|inputs| evaluate(program, &inputs).ok());
        for (failures, holds) in self.failures.iter_mut().zip(results.into_iter().flatten()) {
            if holds.data != [1.0] {
                failures.get_or_insert(Failures { first: self.points, count: 0 }).count += 1;
            }
        }
    }

    /// A point that is none.
    pub fn skip(&mut self) {
        self.points += 1;
    }

    /// A warning for each fact that failed; `lines` if the points are the lines of a file.
    pub fn warnings(&self, lines: bool) -> Vec<Diagnostic> {
        let warning = |(fact, failures): (&Fact, &Option<Failures>)| {
            let Failures { first, count } = (*failures)?;
            let place = match (lines, count) {
                (false, _) => "at this point".to_owned(),
                (true, 1) => format!("at the point of line {first}"),
                (true, _) => format!("at {count} of {} points; the first is line {first}", self.points),
            };
            let message = format!("the fact `{}` does not hold {place}", fact.text);
            let warning = Diagnostic::new(Code::Fact, fact.span, message);
            Some(warning.with_help(
                "the formula is evaluated all the same; a derivative that relies on the fact is wrong there",
            ))
        };
        self.facts.iter().zip(&self.failures).filter_map(warning).collect()
    }
}
