//! The whole check: form, steps, numbers.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::compare::{at, follows, same};
use super::division::{Divisions, UNKNOWN};
use super::evaluate::{Outputs, Shown, evaluate, nodes_along, nodes_at};
use super::forward::Forward;
use super::functions::subtract;
use super::interpret::Names;
use super::jet::Jet;
use super::nodes::{Formula, Node, Nodes, Operand};
use super::problem::{Coordinate, Point, Problem, along, fact_places};
use super::real::Real;
use super::replay::{OPERANDS, Replay, step_text};
use super::sample::{RANDOM, Random, SPECIAL, Sampler};
use super::second::Second;
use super::tensor::Outcome;
use super::value::Value;
use crate::cli::certificate::{Certificate, Derivative, Division, Size, Step};

/// From this many numbers on, a point is dear: there are fewer of them.
const MANY_NUMBERS: usize = 1000;
/// The last thing that is said of a changed file, where nothing else is wrong.
pub const OLD_DIGEST: &str = "the digest is not that of the content: the file was changed after it was written";
/// How far apart the sides of a comparison are brought, in quarters.
const APART: [i64; 3] = [1, -1, 0];

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub steps: usize,
    pub derivatives: usize,
    /// How many points, over all sets of facts.
    pub points: usize,
    /// How many numbers of derivatives were compared with forward mode.
    pub compared: usize,
}

/// A point with the values of all nodes there.
pub struct Place {
    pub point: Point,
    pub names: Names,
}

/// A certificate, read and taken apart.
pub struct Checker<'a> {
    certificate: &'a Certificate,
    /// What everything random follows from.
    seed: u64,
    pub problem: Problem,
    pub nodes: Nodes,
    outputs: Outputs,
    /// Points by the facts that hold there.
    places: HashMap<BTreeSet<String>, Rc<Vec<Place>>>,
}

/// What a message calls a derivative.
fn derivative_text(place: usize, derivative: &Derivative) -> String {
    format!("derivative {} ({} of {} by {})", place + 1, derivative.kind, derivative.of, derivative.wrt.join(", "))
}

impl<'a> Checker<'a> {
    /// Reads what the certificate is about.
    ///
    /// # Errors
    /// What makes no sense.
    pub fn new(certificate: &'a Certificate) -> Outcome<Self> {
        let problem = Problem::new(certificate)?;
        let mut taken = problem.taken.clone();
        for output in &certificate.outputs {
            if !taken.insert(output.name.clone()) {
                return Err(format!("output `{}`: there are two things of this name", output.name));
            }
        }
        let nodes = Nodes::read(&certificate.nodes, &problem.shapes(), &taken)?;
        let outputs = Outputs::new(&certificate.outputs)?;
        Ok(Self { certificate, seed: certificate.seed(), problem, nodes, outputs, places: HashMap::new() })
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first thing that is not so, with its step or derivative.
    pub fn check(mut self) -> Outcome<Verified> {
        self.facts()?;
        self.request()?;
        let mut replay = Replay::new(&self.nodes, self.certificate, self.problem.pins())?;
        let relied = self.roots(&mut replay)?;
        self.nothing_unused(&replay)?;
        let what: Vec<String> = self
            .certificate
            .derivatives
            .iter()
            .enumerate()
            .map(|(place, entry)| derivative_text(place, entry))
            .collect();
        let shown = Shown::new(self.certificate, &what, &self.problem.taken)?;
        let none = BTreeSet::new();
        self.chain_rule(&what, &none)?;
        for (place, step) in self.certificate.steps.iter().enumerate() {
            self.readable(step).map_err(|error| format!("{}: {error}", step_text(step)))?;
            if step.rule != OPERANDS {
                self.equal(step, &replay.claims[place].before)
                    .map_err(|error| format!("{}: {error}", step_text(step)))?;
            }
            self.differentiated(step).map_err(|error| format!("{}: {error}", step_text(step)))?;
        }
        self.divisions_stated()?;
        let compared = self.shown(&shown, &what, &relied)?;
        if self.certificate.digest != self.certificate.expected_digest() {
            return Err(OLD_DIGEST.into());
        }
        let points = self.places.values().map(|places| places.len()).sum();
        let (steps, derivatives) = (self.certificate.steps.len(), self.certificate.derivatives.len());
        Ok(Verified { steps, derivatives, points, compared })
    }

    /// The facts listed are those of the formula, and a used one is one that a step names.
    fn facts(&self) -> Outcome<()> {
        let listed: Vec<&String> = self.certificate.facts.iter().map(|fact| &fact.text).collect();
        if listed != self.problem.facts.iter().collect::<Vec<_>>() {
            return Err("the facts listed are not those of the formula".into());
        }
        for fact in &self.certificate.facts {
            let used = self.certificate.steps.iter().any(|step| step.facts.contains(&fact.text));
            if used != fact.used {
                let word = if used { "is used" } else { "is not used" };
                return Err(format!("the fact `{}` {word} by a step", fact.text));
            }
        }
        for step in &self.certificate.steps {
            let distinct: BTreeSet<String> = step.facts.iter().cloned().collect();
            if distinct.len() != step.facts.len() {
                return Err(format!("{}: a fact stands twice", step_text(step)));
            }
            fact_places(&self.problem, &distinct).map_err(|error| format!("{}: {error}", step_text(step)))?;
        }
        Ok(())
    }

    /// The outputs and derivatives are those that were asked for, in order.
    fn request(&self) -> Outcome<()> {
        let certificate = self.certificate;
        if let Some(stated) = self.problem.stated_outputs() {
            let names: Vec<&str> = certificate.outputs.iter().map(|output| output.name.as_str()).collect();
            if stated != names {
                return Err(format!("the outputs are {}, not {}", stated.join(", "), names.join(", ")));
            }
        }
        let wrt: Vec<&str> =
            self.problem.inputs.iter().filter(|input| input.wrt).map(|input| input.name.as_str()).collect();
        let mut expected: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        let asked = certificate.order > 0 || certificate.upstream.is_some();
        for output in certificate.outputs.iter().filter(|_| asked) {
            let kind = match (&certificate.upstream, output.shape.is_empty()) {
                (Some(_), _) => "pullback",
                (None, true) => "gradient",
                (None, false) => "jacobian",
            };
            expected.extend(wrt.iter().map(|name| (kind, output.name.as_str(), vec![*name])));
        }
        for output in certificate.outputs.iter().filter(|_| certificate.order > 1) {
            let pairs = wrt.iter().flat_map(|row| wrt.iter().map(move |column| vec![*row, *column]));
            expected.extend(pairs.map(|pair| ("hessian", output.name.as_str(), pair)));
        }
        let listed = certificate.derivatives.iter();
        let listed: Vec<(&str, &str, Vec<&str>)> = listed
            .map(|entry| (entry.kind.as_str(), entry.of.as_str(), entry.wrt.iter().map(String::as_str).collect()))
            .collect();
        for (place, expected) in expected.iter().enumerate() {
            if listed.get(place) != Some(expected) {
                let (kind, of, wrt) = expected;
                return Err(format!("derivative {} is not the {kind} of {of} by {}", place + 1, wrt.join(", ")));
            }
        }
        if listed.len() > expected.len() {
            return Err(format!("derivative {} was not asked for", expected.len() + 1));
        }
        Ok(())
    }

    /// The facts that any closed form relies on.
    fn roots(&self, replay: &mut Replay) -> Outcome<BTreeSet<String>> {
        let mut relied = BTreeSet::new();
        for (place, derivative) in self.certificate.derivatives.iter().enumerate() {
            let facts =
                replay.root(derivative).map_err(|error| format!("{}: {error}", derivative_text(place, derivative)))?;
            relied.extend(facts);
        }
        Ok(relied)
    }

    /// No step and no node is there for nothing: what nothing relies on would be checked for nothing.
    fn nothing_unused(&self, replay: &Replay) -> Outcome<()> {
        if let Some(place) = replay.used.iter().position(|used| !used) {
            return Err(format!("{}: nothing relies on it", step_text(&self.certificate.steps[place])));
        }
        let mut roots = self.raw_roots()?;
        roots.extend(replay.claims.iter().flat_map(|claim| [claim.before.clone(), claim.after.clone()]));
        let cone = self.nodes.cone(&roots);
        match self.nodes.all.iter().find(|node| !cone.contains(node.name.as_str())) {
            Some(node) => Err(format!("node `{}` is used nowhere", node.name)),
            None => Ok(()),
        }
    }

    /// What the chain rule gives: the outputs' values and the derivatives'.
    fn raw_roots(&self) -> Outcome<Vec<Operand>> {
        let operand = |text: &str, indices: &[String]| {
            let operand = Formula::parse(text)?.operand(indices);
            operand.ok_or_else(|| format!("`{text}` is no node, input or number"))
        };
        let outputs = self.certificate.outputs.iter().map(|output| operand(&output.value, &output.indices));
        let derivatives = self.certificate.derivatives.iter().map(|entry| operand(&entry.chain_rule, &entry.indices));
        outputs.chain(derivatives).collect()
    }

    /// The points of a set of facts: random ones, as many more as show both sides of conditions, and special ones.
    fn places(&mut self, facts: &BTreeSet<String>) -> Outcome<Rc<Vec<Place>>> {
        if let Some(known) = self.places.get(facts) {
            return Ok(Rc::clone(known));
        }
        let numbers = fact_places(&self.problem, facts)?;
        let sampler = Sampler::new(&self.problem, self.seed);
        let mut places = vec![self.place(sampler.random_point(0, &numbers)?)?];
        let items: usize = places[0].point.inputs.iter().map(|input| input.items.len()).sum();
        let (random, special) = if items > MANY_NUMBERS { (2, 1) } else { (RANDOM, SPECIAL) };
        for number in 1..random {
            places.push(self.place(sampler.random_point(number, &numbers)?)?);
        }
        if items <= MANY_NUMBERS {
            self.see_both_sides(&sampler, &numbers, &mut places)?;
        }
        for number in 0..special {
            if let Some(point) = sampler.special_point(number, &numbers)? {
                places.push(self.place(point)?);
            }
        }
        let places = Rc::new(places);
        self.places.insert(facts.clone(), Rc::clone(&places));
        Ok(places)
    }

    /// Adds points so that every comparison holds somewhere and fails somewhere, as far as that can be had: its two sides
    /// are brought together, and a little apart in either direction.
    fn see_both_sides(&self, sampler: &Sampler, facts: &[usize], places: &mut Vec<Place>) -> Outcome<()> {
        let mut seen: HashSet<(String, bool)> = places.iter().flat_map(|place| self.truths(&place.names)).collect();
        for node in &self.nodes.all {
            let [Operand::Named(..) | Operand::Number(_), Operand::Named(..) | Operand::Number(_)] = node.operands[..]
            else {
                continue;
            };
            let known = |seen: &HashSet<(String, bool)>, truth: bool| seen.contains(&(node.name.clone(), truth));
            for apart in APART {
                // What has no truth value at all is no comparison.
                if known(&seen, true) == known(&seen, false) {
                    break;
                }
                let zero = |point: &Point, along: &[Coordinate]| self.difference(node, apart, point, along);
                for from in 0..RANDOM.min(places.len()) {
                    let mut start = places[from].point.clone();
                    // Where the two sides meet, formulas have kinks and poles.
                    start.special |= apart == 0;
                    let Some(point) = sampler.steered(start, facts, zero)? else { continue };
                    let place = self.place(point)?;
                    let truths = self.truths(&place.names);
                    if truths.iter().any(|truth| !seen.contains(truth)) {
                        seen.extend(truths);
                        places.push(place);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// How far the sides of a comparison are from being so far apart, at its first position.
    fn difference(&self, node: &Node, apart: i64, point: &Point, coordinates: &[Coordinate]) -> Outcome<Option<Jet>> {
        let cone = self.nodes.cone(&node.operands);
        let read = self.nodes.all.iter().filter(|node| cone.contains(node.name.as_str()));
        let names = nodes_along(&self.problem, read, point, &along(coordinates))?;
        let side = |operand: &Operand| match operand {
            Operand::Number(number) => Some(Jet::from(Real::from(*number))),
            operand => match names.get(operand.name()?)?.as_ref() {
                Value::Number(tensor) => tensor.items.first().cloned(),
                _ => None,
            },
        };
        let [left, right] = &node.operands[..] else { return Ok(None) };
        let distance = Jet::from(Real::dyadic(apart, 2));
        Ok(side(left).zip(side(right)).map(|(left, right)| subtract(&subtract(&left, &right), &distance)))
    }

    fn place(&self, point: Point) -> Outcome<Place> {
        let names = nodes_at(&self.problem, &self.nodes, &self.certificate.outputs, &self.outputs, &point)?;
        Ok(Place { point, names })
    }

    /// Which conditions hold somewhere and which fail somewhere.
    fn truths(&self, names: &Names) -> Vec<(String, bool)> {
        let mut truths = Vec::new();
        for node in &self.nodes.all {
            if let Some(Value::Truth(tensor)) = names.get(&node.name).map(Rc::as_ref) {
                truths.extend(tensor.items.iter().flatten().map(|truth| (node.name.clone(), *truth)));
            }
        }
        truths
    }

    /// The nodes of the chain rule give what forward mode over the formula's syntax tree gives.
    fn chain_rule(&mut self, what: &[String], none: &BTreeSet<String>) -> Outcome<()> {
        let places = self.places(none)?;
        for (number, place) in places.iter().enumerate() {
            let forward =
                Forward::new(&self.problem, self.certificate, &place.point, Random(self.seed ^ number as u64))?;
            for (of, output) in self.certificate.outputs.iter().enumerate() {
                let value = place.names.get(&output.name).ok_or("an output has no value")?;
                let said = |error| format!("output `{}`: {error}", output.name);
                forward.output(of, output, value).map_err(said)?;
            }
            for (entry, what) in self.certificate.derivatives.iter().zip(what) {
                let value = self.operand_at(&entry.chain_rule, &entry.indices, &entry.shape, place)?;
                let said = |error| format!("{what}: the chain rule's value `{}`: {error}", entry.chain_rule);
                forward.derivative(entry, &value).map_err(said)?;
            }
        }
        Ok(())
    }

    fn operand_at(&self, text: &str, indices: &[String], shape: &[Size], place: &Place) -> Outcome<Value> {
        evaluate(&Formula::parse(text)?, indices, shape, &place.names, &place.point)
    }

    /// The sizes of a step's indices, which are those of `before`.
    fn step_shape(&self, step: &Step, before: &Operand) -> Outcome<Vec<Size>> {
        let node = self.nodes.of(before).ok_or("there is no such node")?;
        let size = |index: &String| {
            let slot = before.indices().iter().position(|axis| axis == index);
            slot.and_then(|slot| node.shape.get(slot))
                .cloned()
                .ok_or_else(|| format!("the index `{index}` has no size"))
        };
        step.indices.iter().map(size).collect()
    }

    /// The formulas that a step shows to people are its two sides.
    fn readable(&mut self, step: &Step) -> Outcome<()> {
        let places = self.places(&BTreeSet::new())?;
        let before = Formula::parse(&step.before)?.operand(&step.indices).ok_or("there is no such node")?;
        let shape = self.step_shape(step, &before)?;
        for (text, side) in [(&step.from, &step.before), (&step.to, &step.after)] {
            let (shown, meant) = (Formula::parse(text)?, Formula::parse(side)?);
            for place in places.iter() {
                let shown = evaluate(&shown, &step.indices, &shape, &place.names, &place.point)?;
                let meant = evaluate(&meant, &step.indices, &shape, &place.names, &place.point)?;
                if !same(&shown, &meant)? {
                    return Err(format!("`{text}` is not `{side}`"));
                }
            }
        }
        Ok(())
    }

    /// Both sides of a step are equal wherever its facts hold; where `before` is defined, so is `after`, unless no output has a
    /// value there.
    fn equal(&mut self, step: &Step, before: &Operand) -> Outcome<()> {
        let places = self.places(&step.facts.iter().cloned().collect())?;
        let shape = self.step_shape(step, before)?;
        let mut compared = 0;
        for place in places.iter() {
            let left = self.operand_at(&step.before, &step.indices, &shape, place)?;
            let right = self.operand_at(&step.after, &step.indices, &shape, place)?;
            let found = match (&left, &right) {
                (Value::Number(left), Value::Number(right)) => follows(left, right),
                _ if same(&left, &right)? => Ok(1),
                _ => Err("they differ".into()),
            };
            if found.is_err() && place.point.special && !self.is_inside(place)? {
                continue;
            }
            let said = |error| {
                format!("`{}` is not `{}`: it is {error} {}", step.to, step.from, at(&self.problem, &place.point))
            };
            compared += found.map_err(said)?;
        }
        if compared == 0 { Err("it is defined at none of the points that were tried".into()) } else { Ok(()) }
    }

    /// Whether some output has a value at a place: where none has, no derivative is stated.
    fn is_inside(&self, place: &Place) -> Outcome<bool> {
        for output in &self.certificate.outputs {
            if let Value::Number(value) = self.operand_at(&output.value, &output.indices, &output.shape, place)?
                && value.items.iter().any(|item| item.value.is_defined())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a step that differentiates leads to is the derivative of a closed form.
    fn differentiated(&mut self, step: &Step) -> Outcome<()> {
        let Some(what) = step.differentiates else { return Ok(()) };
        let places = self.places(&step.facts.iter().cloned().collect())?;
        let second = Second::new(&self.certificate.derivatives, what)?;
        let random = Random(self.seed ^ step.number);
        second.check(step, &self.problem, &self.nodes, &places, random).map_err(|error| {
            format!("`{}` is not the derivative of `{}` by `{}`: {error}", step.to, second.gradient.closed, second.by)
        })
    }

    /// What each step divides by beyond the chain rule, with the reasons.
    ///
    /// # Errors
    /// A step that makes no sense.
    pub fn divisions(&mut self) -> Outcome<Vec<Vec<Division>>> {
        let mut all = self.divisions_at(&[])?;
        // Points are dear, and hardly ever needed for this.
        if all.iter().flatten().any(|division| division.because == UNKNOWN) {
            let places = self.places(&BTreeSet::new())?;
            all = self.divisions_at(&places)?;
        }
        Ok(all)
    }

    fn divisions_at(&self, places: &[Place]) -> Outcome<Vec<Vec<Division>>> {
        let divisions = Divisions::new(&self.nodes, &self.raw_roots()?, &self.problem, places);
        let of = |step: &Step| {
            let after = Formula::parse(&step.after)?.operand(&step.indices).ok_or("there is no such node")?;
            Ok(divisions.of(&after, &step.facts))
        };
        self.certificate.steps.iter().map(of).collect()
    }

    fn divisions_stated(&mut self) -> Outcome<()> {
        for (step, expected) in self.certificate.steps.iter().zip(self.divisions()?) {
            let said = |message: String| Err(format!("{}: {message}", step_text(step)));
            if let Some(division) = expected.iter().find(|division| division.because == UNKNOWN) {
                return said(format!(
                    "it divides by `{}`, which may be zero where the chain rule is defined",
                    division.by
                ));
            }
            if step.divides != expected {
                return said("what it says about its divisors is not so".into());
            }
        }
        Ok(())
    }

    /// The derivatives as shown give what forward mode gives, wherever the facts hold that the steps rely on.
    fn shown(&mut self, shown: &Shown, what: &[String], relied: &BTreeSet<String>) -> Outcome<usize> {
        let places = self.places(relied)?;
        let mut compared = vec![0; self.certificate.derivatives.len()];
        for (number, place) in places.iter().enumerate() {
            let forward =
                Forward::new(&self.problem, self.certificate, &place.point, Random(self.seed ^ number as u64))?;
            let values = shown.at(&self.problem, &place.point)?;
            let (outputs, derivatives) = values.split_at(self.certificate.outputs.len());
            for (of, (output, value)) in self.certificate.outputs.iter().zip(outputs).enumerate() {
                let said = |error| format!("output `{}` as shown: {error}", output.name);
                forward.output(of, output, value).map_err(said)?;
            }
            for (which, (entry, value)) in self.certificate.derivatives.iter().zip(derivatives).enumerate() {
                let said = |error| format!("{}: `{}`: {error}", what[which], entry.formula);
                compared[which] += forward.derivative(entry, value).map_err(said)?;
            }
        }
        match compared.iter().position(|count| *count == 0) {
            Some(place) => Err(format!("{}: it is defined at none of the points that were tried", what[place])),
            None => Ok(compared.iter().sum()),
        }
    }
}
