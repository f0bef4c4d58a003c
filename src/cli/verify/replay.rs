//! The steps as a proof: from every chain rule's value its closed form must be reached by listed steps, and a step that
//! says *the same operation over replaced operands* must be just that.

use std::collections::{HashMap, HashSet, VecDeque};

use super::nodes::{Formula, Node, Nodes, Operand, Operation};
use super::problem::{Pins, Problem};
use super::second::Second;
use crate::cli::certificate::{Certificate, Derivative, Differentiated, Step};

/// The rule of steps that follow from earlier ones; what the others say is checked by numbers.
pub const OPERANDS: &str = "operands";
/// The rule of steps to the derivative of a gradient's closed form. Earlier steps must lead to that form; that it is the
/// derivative is checked by numbers (see [`second`](super::second)).
pub const DIFFERENTIATED: &str = "differentiated closed form";
/// What follows from replaced operands, and then became another operation: `x * 1` is `x`.
pub const FOLDED: &str = "folded";
/// A closed form that no logged step leads to.
pub const UNLOGGED: &str = "unlogged";
/// All rules: those of the simplifier, and what its log becomes where it cannot be replayed as it stands.
const RULES: [&str; 7] =
    [OPERANDS, DIFFERENTIATED, "fold back", "canonical form", "cotangent times gradient", FOLDED, UNLOGGED];

/// A step with its two sides taken apart.
#[derive(Debug)]
pub struct Claim {
    pub before: Operand,
    pub after: Operand,
    /// The facts that this relies on, through earlier steps too.
    pub facts: HashSet<String>,
}

/// The steps of a certificate, replayed.
#[derive(Debug, Default)]
pub struct Replay<'a> {
    derivatives: &'a [Derivative],
    pins: Pins,
    pub claims: Vec<Claim>,
    /// Which steps something relies on.
    pub used: Vec<bool>,
    /// The steps whose `before` is a node.
    from: HashMap<String, Vec<usize>>,
}

/// What a message calls a step.
pub fn step_text(step: &Step) -> String {
    format!("step {} ({})", step.number, step.rule)
}

impl<'a> Replay<'a> {
    /// No steps yet.
    pub fn over(derivatives: &'a [Derivative], pins: Pins) -> Self {
        Self { derivatives, pins, ..Self::default() }
    }

    /// Replays all steps.
    ///
    /// # Errors
    /// The first step that does not follow.
    pub fn new(nodes: &Nodes, certificate: &'a Certificate, pins: Pins) -> Result<Self, String> {
        let mut replay = Self::over(&certificate.derivatives, pins);
        for (place, step) in certificate.steps.iter().enumerate() {
            if step.number != place as u64 + 1 {
                return Err(format!("step {} stands where step {} belongs", step.number, place + 1));
            }
            replay.add(nodes, step).map_err(|error| format!("{}: {error}", step_text(step)))?;
        }
        Ok(replay)
    }

    /// Adds a step.
    ///
    /// # Errors
    /// Why it does not follow.
    pub fn add(&mut self, nodes: &Nodes, step: &Step) -> Result<(), String> {
        if !RULES.contains(&step.rule.as_str()) {
            return Err("there is no such rule".into());
        }
        let (before, after) = (side(&step.before, &step.indices)?, side(&step.after, &step.indices)?);
        let node = nodes.of(&before).ok_or_else(|| format!("`{}` is no node", step.before))?;
        let own: HashSet<&String> = before.indices().iter().collect();
        if own.len() != node.indices.len() || before.indices().len() != own.len() {
            return Err(format!("`{}` has not each index once", step.before));
        }
        let listed: HashSet<&String> = step.indices.iter().collect();
        if listed != own || step.indices.len() != own.len() {
            return Err(format!("its indices are not those of `{}`", step.before));
        }
        let said = |claim: &&usize| self.claims[**claim].before == before && self.claims[**claim].after == after;
        if self.from.get(&node.name).is_some_and(|claims| claims.iter().any(|claim| said(&claim))) {
            return Err("an earlier step says the same".into());
        }
        let mut facts: HashSet<String> = step.facts.iter().cloned().collect();
        if step.rule == OPERANDS {
            let relied = nodes.of(&after).and_then(|other| self.congruent(node, &before, other, &after));
            let relied = relied.ok_or_else(|| {
                format!("`{}` is not `{}` over operands that earlier steps replaced", step.after, step.before)
            })?;
            facts.extend(self.rely(relied));
        }
        match step.differentiates {
            Some(what) if step.rule == DIFFERENTIATED => {
                let relied = self.differentiated(what, &before)?;
                facts.extend(self.rely(relied));
            }
            None if step.rule != DIFFERENTIATED => {}
            Some(_) => return Err("by its rule it differentiates nothing".into()),
            None => return Err("it does not say what it differentiates".into()),
        }
        if let Operand::Named(name, _) = &before {
            self.from.entry(name.clone()).or_default().push(self.claims.len());
        }
        self.claims.push(Claim { before, after, facts });
        self.used.push(false);
        Ok(())
    }

    /// Marks steps as used, and gives their facts.
    fn rely(&mut self, steps: impl IntoIterator<Item = usize>) -> HashSet<String> {
        let mut facts = HashSet::new();
        for place in steps {
            self.used[place] = true;
            facts.extend(self.claims[place].facts.iter().cloned());
        }
        facts
    }

    /// The steps to the closed form of the gradient that a step differentiates, all before it. If they rely on facts, those
    /// must hold beside the points where they hold, too.
    fn differentiated(&self, what: Differentiated, before: &Operand) -> Result<Vec<usize>, String> {
        let Second { gradient, hessian, by, .. } = Second::new(self.derivatives, what)?;
        let raw = side(&hessian.chain_rule, &hessian.indices)?;
        if raw.name() != before.name() || raw.indices().iter().collect::<HashSet<_>>().len() != raw.indices().len() {
            return Err(format!("derivative {} is not where it starts from", what.hessian));
        }
        let (from, to) = (side(&gradient.chain_rule, &gradient.indices)?, side(&gradient.closed, &gradient.indices)?);
        let way = self.way(&from, |reached| (*reached == to).then_some(()));
        let way =
            way.ok_or_else(|| format!("no earlier steps lead to the closed form of derivative {}", what.gradient))?;
        for fact in way.iter().flat_map(|place| &self.claims[*place].facts) {
            if self.pins.get(fact).is_none_or(|pinned| pinned.contains(by)) {
                return Err(format!("what holds by `{fact}` need not stay so where `{by}` moves"));
            }
        }
        Ok(way)
    }

    /// The steps that make one node, used here, the same operation as another over replaced operands.
    fn congruent(&self, left: &Node, left_use: &Operand, right: &Node, right_use: &Operand) -> Option<HashSet<usize>> {
        let (mut ours, mut theirs) = (labels(left, left_use), labels(right, right_use));
        match (&left.operation, &right.operation) {
            (Operation::Reduce(name, closed), Operation::Reduce(other, others)) => {
                if name != other || closed.len() != others.len() {
                    return None;
                }
                // Labels that no index can have: those of the left node are fixed, those of the right one are found.
                ours.extend(closed.iter().enumerate().map(|(place, index)| (index.clone(), format!("#{place}"))));
                theirs.extend(others.iter().enumerate().map(|(place, index)| (index.clone(), format!("?{place}"))));
            }
            (operation, other) if operation == other => {}
            _ => return None,
        }
        if left.operands.len() != right.operands.len() {
            return None;
        }
        let mut relied = HashSet::new();
        let mut found: HashMap<String, String> = HashMap::new();
        for (from, to) in left.operands.iter().zip(&right.operands) {
            let (from, to) = (from.renamed(&ours), to.renamed(&theirs));
            let way = self.way(&from, |reached| {
                let now = matches(reached, &to, &found)?;
                found = now;
                Some(())
            })?;
            relied.extend(way);
        }
        Some(relied)
    }

    /// The steps from an operand to one that is wanted, the shortest way.
    fn way(&self, from: &Operand, mut wanted: impl FnMut(&Operand) -> Option<()>) -> Option<Vec<usize>> {
        let mut seen: HashMap<Operand, Option<(usize, Operand)>> = HashMap::from([(from.clone(), None)]);
        let mut pending = VecDeque::from([from.clone()]);
        while let Some(operand) = pending.pop_front() {
            if wanted(&operand).is_some() {
                let (mut way, mut at) = (Vec::new(), &operand);
                while let Some(Some((place, earlier))) = seen.get(at) {
                    way.push(*place);
                    at = earlier;
                }
                return Some(way);
            }
            let Operand::Named(name, axes) = &operand else { continue };
            for place in self.from.get(name).into_iter().flatten() {
                let claim = &self.claims[*place];
                let labels = claim.before.indices().iter().cloned().zip(axes.iter().cloned()).collect();
                let next = claim.after.renamed(&labels);
                if !seen.contains_key(&next) {
                    seen.insert(next.clone(), Some((*place, operand.clone())));
                    pending.push_back(next);
                }
            }
        }
        None
    }

    /// The facts that a derivative's closed form relies on.
    ///
    /// # Errors
    /// That the steps do not lead to it.
    pub fn root(&mut self, derivative: &Derivative) -> Result<HashSet<String>, String> {
        let of = |text: &str| side(text, &derivative.indices);
        let (raw, closed) = (of(&derivative.chain_rule)?, of(&derivative.closed)?);
        let way = self.way(&raw, |reached| (*reached == closed).then_some(()));
        let way = way.ok_or("the steps do not lead from the chain rule's value to the closed form")?;
        Ok(self.rely(way))
    }
}

/// Whether two operands are one, once labels that are still to be found are set; gives the labels found.
fn matches(left: &Operand, right: &Operand, found: &HashMap<String, String>) -> Option<HashMap<String, String>> {
    let same_kind = match (left, right) {
        (Operand::Named(name, axes), Operand::Named(other, others)) => name == other && axes.len() == others.len(),
        (Operand::Position(_), Operand::Position(_)) => true,
        (Operand::Number(number), Operand::Number(other)) => number == other,
        _ => false,
    };
    let mut found = found.clone();
    for (label, open) in left.indices().iter().zip(right.indices()) {
        if !open.starts_with('?') {
            if label != open {
                return None;
            }
            continue;
        }
        let taken = found.iter().any(|(other, known)| known == label && other != open);
        let known = found.entry(open.clone()).or_insert_with(|| label.clone());
        if taken || known != label || !label.starts_with('#') {
            return None;
        }
    }
    same_kind.then_some(found)
}

/// What the indices of a node are called where it is used.
fn labels(node: &Node, used: &Operand) -> HashMap<String, String> {
    node.indices.iter().cloned().zip(used.indices().iter().cloned()).collect()
}

fn side(text: &str, indices: &[String]) -> Result<Operand, String> {
    let operand = Formula::parse(text)?.operand(indices);
    operand.ok_or_else(|| format!("`{text}` is no node, input or number"))
}

/// The steps that something relies on, for a writer that leaves the others out.
pub fn needed(nodes: &Nodes, certificate: &Certificate, problem: &Problem) -> Result<Vec<bool>, String> {
    let mut replay = Replay::new(nodes, certificate, problem.pins())?;
    for derivative in &certificate.derivatives {
        replay.root(derivative)?;
    }
    Ok(replay.used)
}
