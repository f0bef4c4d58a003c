//! Closed forms of what was derived.

use std::collections::{BTreeSet, HashMap};

use super::{Derived, Entry, derivative_count, graph_fault, upstream_name};
use crate::cost::{self, Cost};
use crate::diagnostic::Diagnostic;
use crate::differentiate::{Seed, pull_back, without_conventions};
use crate::facts::{Claim, claims};
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::guard;
use crate::print::Style;
use crate::simplify::{Pulled, Second, Simplified, Step, Subject, pulled_back, simplify, steps_behind};

impl Derived {
    /// Looks for closed forms; keeps them only if the listing has no more operations than the chain rule's.
    pub(super) fn close(&mut self, leave: bool) -> Result<(), Diagnostic> {
        let span = self.function.span;
        let evaluated: Vec<Ref> = self.entries.iter().map(|entry| entry.derivative.value.clone()).collect();
        let raw = self.without_conventions(&evaluated).map_err(|error| graph_fault(&error, span))?;
        self.closed.clone_from(&raw);
        self.shown.clone_from(&raw);
        if leave {
            return Ok(());
        }
        if raw != evaluated {
            // What is evaluated keeps its conditions.
            let form = self.simplified(&evaluated).map_err(|error| graph_fault(&error, span))?;
            self.evaluated = form.roots;
        }
        if let Some(mut form) = self.cheapest(&raw).map_err(|error| graph_fault(&error, span))? {
            self.leave_out_refuted(&raw, &mut form);
            self.use_facts(&form.steps);
            self.take(form);
        } else {
            self.closed = raw;
            self.calls.clear();
        }
        Ok(())
    }

    /// What the guard refutes stays as the chain rule gives it.
    fn leave_out_refuted(&mut self, raw: &[Ref], form: &mut Simplified) {
        let pairs: Vec<(Ref, Ref)> = raw.iter().cloned().zip(form.roots.iter().cloned()).collect();
        let facts = claims(&self.function.graph, &self.function.facts);
        let refuted = guard::refuted(&self.function.graph, &pairs, &facts);
        if !refuted.contains(&true) {
            return;
        }
        guard::report(&self.function.name, "a closed form");
        for (place, (value, _)) in pairs.iter().enumerate().filter(|(place, _)| refuted[*place]) {
            form.roots[place].clone_from(value);
            self.record_refuted(value);
        }
        let kept = pairs.iter().zip(&refuted).filter(|(_, refuted)| !**refuted).map(|((value, _), _)| value.node);
        form.steps = steps_behind(&self.function.graph, kept, &form.steps);
    }

    /// The log says what stays because its form was refuted.
    pub(super) fn record_refuted(&mut self, value: &Ref) {
        let graph = &mut self.function.graph;
        let (operation, operands) = (graph.operation(value.node), graph.operand_refs(value.node, &value.axes));
        graph.record("refuted by the guard", operation, &operands, value, None);
        self.refuted += 1;
    }

    /// Derivatives as they are shown: what is zero by convention at lengths of zero is not written.
    fn without_conventions(&mut self, values: &[Ref]) -> Result<Vec<Ref>, GraphError> {
        let forward = self.function.graph.live(self.output_nodes());
        let mut known = HashMap::new();
        values.iter().map(|value| without_conventions(&mut self.function.graph, value, &forward, &mut known)).collect()
    }

    fn cheapest(&mut self, raw: &[Ref]) -> Result<Option<Simplified>, GraphError> {
        // A listing is dear: nobody counts where nothing was found.
        let pulled = match self.pulled_form(raw)? {
            Some(form) => {
                let before = self.derived_operations();
                Some((self.operations_of(&form), form)).filter(|(count, _)| *count <= before)
            }
            None => None,
        };
        // One pullback is one multiplication more than the gradient.
        if pulled.is_some() && raw.len() == 1 {
            return Ok(pulled.map(|(_, form)| form));
        }
        let closed = self.simplified(raw)?;
        if closed.roots == raw {
            return Ok(pulled.map(|(_, form)| form));
        }
        let before = self.operations_of(&Simplified { roots: raw.to_vec(), ..Simplified::default() });
        let count = self.operations_of(&closed);
        if let Some((least, form)) = pulled {
            return Ok(Some(if count < least { closed } else { form }));
        }
        if count <= before {
            return Ok(Some(closed));
        }
        // First derivatives may be worth it where second ones are not.
        let first = self.first();
        let mut partly = closed;
        partly.roots[first..].clone_from_slice(&raw[first..]);
        partly.steps = steps_behind(&self.function.graph, raw[..first].iter().map(|root| root.node), &partly.steps);
        Ok((self.operations_of(&partly) <= before).then_some(partly))
    }

    /// What the derivatives cost beside the outputs.
    fn cost_of(&self, form: &Simplified) -> Cost {
        let graph = &self.function.graph;
        let forward = graph.live(self.output_nodes());
        cost::total(graph, form.roots.iter().map(|root| root.node), |node| forward[node.index()])
    }

    fn operations_of(&mut self, form: &Simplified) -> usize {
        self.closed.clone_from(&form.roots);
        self.calls.clone_from(&form.calls);
        self.derived_operations()
    }

    fn take(&mut self, form: Simplified) {
        Simplified { roots: self.closed, steps: self.steps, calls: self.calls } = form;
    }

    fn simplified(&mut self, roots: &[Ref]) -> Result<Simplified, GraphError> {
        let outputs = self.output_nodes();
        let named: Vec<NodeId> = self.function.names.iter().map(|name| name.node).collect();
        let facts = claims(&self.function.graph, &self.function.facts);
        let (first, second) = (self.first(), self.seconds());
        let subject = Subject { outputs: &outputs, named: &named, roots, first, second: &second, facts: &facts };
        let several = facts.iter().any(|claim| claim.fact != facts[0].fact);
        let before = several.then(|| self.function.graph.clone());
        let found = simplify(&mut self.function.graph, &subject)?;
        match before {
            Some(before) => self.with_fewest_facts(&before, &subject, found),
            None => Ok(found),
        }
    }

    /// Leaves out facts without which the forms cost no more and are no longer: where each of two facts would do, one of them is enough.
    fn with_fewest_facts(
        &mut self,
        before: &Graph,
        subject: &Subject,
        mut found: Simplified,
    ) -> Result<Simplified, GraphError> {
        let (mut kept, mut tried) = (subject.facts.to_vec(), BTreeSet::new());
        while let Some(fact) = used_facts(&found.steps).into_iter().find(|fact| tried.insert(*fact)) {
            let fewer: Vec<Claim> = kept.iter().filter(|claim| claim.fact != fact).cloned().collect();
            let cost = self.cost_of(&found);
            let with_fact = std::mem::replace(&mut self.function.graph, before.clone());
            let other = simplify(&mut self.function.graph, &Subject { facts: &fewer, ..*subject })?;
            let without = self.cost_of(&other);
            if without.weight <= cost.weight && without.nodes <= cost.nodes {
                (kept, found) = (fewer, other);
            } else {
                self.function.graph = with_fact;
            }
        }
        Ok(found)
    }

    fn output_nodes(&self) -> Vec<NodeId> {
        self.function.outputs.iter().map(|output| output.value.node).collect()
    }

    /// Pullbacks of numbers from their gradients in closed form; those of arrays as they are.
    fn pulled_form(&mut self, raw: &[Ref]) -> Result<Option<Simplified>, GraphError> {
        let pulled = self.pulled(raw)?;
        let gradient = |(pulled, root): (&Option<Pulled>, &Ref)| match pulled {
            Some(pulled) => pulled.gradient.clone(),
            None => root.clone(),
        };
        let gradients: Vec<Ref> = pulled.iter().zip(raw).map(gradient).collect();
        if gradients == raw {
            return Ok(None);
        }
        let found = self.simplified(&gradients)?;
        let forward = self.function.graph.live(self.output_nodes());
        pulled_back(&mut self.function.graph, &pulled, found, &forward).map(Some)
    }

    /// Which entries are pullbacks of numbers.
    fn pulled(&mut self, raw: &[Ref]) -> Result<Vec<Option<Pulled>>, GraphError> {
        let mut all = vec![None; self.entries.len()];
        let Some(upstream) = self.upstream.clone() else { return Ok(all) };
        let wrt = self.wrt();
        let nodes = self.nodes(&wrt);
        let outputs = self.function.outputs.clone();
        for (of, output) in outputs.iter().enumerate() {
            if !output.axes.is_empty() {
                continue;
            }
            let graph = &mut self.function.graph;
            let seed = Seed::one(graph, &output.value)?;
            let mut gradients = pull_back(graph, &[seed], &nodes, false)?.derivatives;
            let values: Vec<Ref> = gradients.iter().map(|gradient| gradient.value.clone()).collect();
            let values = self.without_conventions(&values)?;
            gradients.iter_mut().zip(values).for_each(|(gradient, value)| gradient.value = value);
            let graph = &self.function.graph;
            let name = upstream_name(&upstream, of);
            let named = |node: &NodeId| match graph.operation(*node) {
                Operation::Input(place) => graph.inputs().get(place as usize).is_some_and(|input| input.name == name),
                _ => false,
            };
            let Some(node) = graph.nodes().find(named) else { continue };
            let cotangent = Ref { node, axes: Vec::new() };
            let own = self.entries.iter().zip(raw).zip(&mut all).filter(|((entry, _), _)| entry.of == of);
            for ((entry, pullback), place) in own {
                let Some(gradient) = wrt.iter().position(|by| entry.wrt == [*by]).map(|by| &gradients[by]) else {
                    continue;
                };
                let Entry { derivative, .. } = entry;
                let pullback = pullback.clone();
                // A step says what stands for a value over all of its axes.
                if pullback.distinct_axes().len() == pullback.axes.len() {
                    let gradient = gradient.value.renamed(&gradient.axes, &derivative.axes);
                    *place = Some(Pulled { pullback, gradient, cotangent: cotangent.clone() });
                }
            }
        }
        Ok(all)
    }

    /// How many derivatives are first ones; these come first.
    fn first(&self) -> usize {
        self.entries.iter().filter(|entry| entry.wrt.len() == 1).count()
    }

    /// What the second derivatives are derivatives of.
    fn seconds(&self) -> Vec<Second> {
        let (first, second) = self.entries.split_at(self.first());
        let of = |entry: &Entry| {
            let place = |by: usize| first.iter().position(|other| other.of == entry.of && other.wrt[..] == [by]);
            let [of, by] = entry.wrt[..] else { return None };
            Some(Second {
                of: place(of)?,
                by: self.function.parameters[by].node,
                beside: place(by)?,
                output: self.function.outputs[entry.of].value.node,
                axes: entry.derivative.axes.clone(),
                inner: first[place(of)?].derivative.axes.clone(),
                outer: first[place(by)?].derivative.axes.clone(),
            })
        };
        second.iter().filter_map(of).collect()
    }

    fn use_facts(&mut self, steps: &[Step]) {
        for place in used_facts(steps) {
            if let Some(fact) = self.function.facts.get_mut(place) {
                fact.used = true;
            }
        }
    }

    fn derived_operations(&self) -> usize {
        derivative_count(&self.listing(Style::Language, |_, _| String::new()), self.function.outputs.len())
    }
}

/// The facts that some steps rely on.
fn used_facts(steps: &[Step]) -> BTreeSet<usize> {
    steps.iter().flat_map(|step| step.facts.iter().copied()).collect()
}
