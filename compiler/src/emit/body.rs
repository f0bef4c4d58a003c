//! The statements of a lowered program as Rust.
//!
//! A value that is used once is written where it is used, with as few parentheses as Rust's precedence allows; the
//! others get a `let`. What one branch needs is computed in it.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::lower::{Choice, Compute, Instruction, Program, Statement, ValueId};
use crate::number::{FloatType, Number};
use crate::operators::{Operator, Rust};

/// rustc's passes recurse over the statements of a function: about twice as many overflow its stack in a debug build.
pub(super) const MOST_LINES: usize = 2_000;
/// Expressions nested deeper than this get a name.
const MOST_NESTED: u32 = 8;

/// Precedences of Rust, loosest first.
mod precedence {
    pub(super) const ANY: u8 = 0;
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const COMPARISON: u8 = 3;
    pub(super) const SUM: u8 = 4;
    pub(super) const PRODUCT: u8 = 5;
    pub(super) const PREFIX: u8 = 6;
    pub(super) const ATOM: u8 = 7;
}

/// The code of a function's body, and an expression for each result.
pub(super) struct Results {
    pub(super) lines: TokenStream,
    pub(super) values: Vec<TokenStream>,
}

#[derive(Clone)]
struct Expression {
    tokens: TokenStream,
    precedence: u8,
    depth: u32,
}

pub(super) struct Body<'a> {
    program: &'a Program,
    inputs: &'a [Ident],
    saved: &'a Ident,
    facade: &'a TokenStream,
    prefix: String,
    uses: Vec<u32>,
    expressions: Vec<Option<Expression>>,
    lines: usize,
}

impl<'a> Body<'a> {
    pub(super) fn new(program: &'a Program, inputs: &'a [Ident], saved: &'a Ident, facade: &'a TokenStream) -> Self {
        let mut uses = vec![0; program.values.len()];
        count_uses(&program.body, &mut uses);
        program.outputs.iter().for_each(|output| uses[output.value.index()] += 1);
        let expressions = vec![None; program.values.len()];
        let prefix = free_prefix(inputs, saved);
        Self { program, inputs, saved, facade, prefix, uses, expressions, lines: 0 }
    }

    /// The code, or how many lines it would have if that is more than rustc takes.
    pub(super) fn emit(mut self) -> Result<Results, usize> {
        let lines = self.statements(&self.program.body);
        let values =
            self.program.outputs.iter().map(|output| self.used(output.value, precedence::ANY).tokens).collect();
        if self.lines > MOST_LINES { Err(self.lines) } else { Ok(Results { lines, values }) }
    }

    /// Branches nest as deep as lowering lets them, which is little.
    fn statements(&mut self, body: &'a [Statement]) -> TokenStream {
        let mut out = TokenStream::new();
        for statement in body {
            match statement {
                Statement::Instruction(instruction) => {
                    let expression = self.instruction(instruction);
                    let keep = self.uses[instruction.target.index()] != 1 && !is_atom(&instruction.compute);
                    if keep || expression.depth > MOST_NESTED {
                        out.extend(self.bind(instruction.target, &expression.tokens));
                    } else {
                        self.expressions[instruction.target.index()] = Some(expression);
                    }
                }
                Statement::Branch { condition, yes, no, choices } => {
                    out.extend(self.branch(*condition, yes, no, choices));
                }
            }
        }
        out
    }

    fn branch(
        &mut self,
        condition: ValueId,
        yes: &'a [Statement],
        no: &'a [Statement],
        choices: &[Choice],
    ) -> TokenStream {
        let condition = self.used(condition, precedence::ANY).tokens;
        let yes_lines = self.statements(yes);
        let yes_values: Vec<_> = choices.iter().map(|c| self.used(c.yes.value, precedence::ANY).tokens).collect();
        let no_lines = self.statements(no);
        let no_values: Vec<_> = choices.iter().map(|c| self.used(c.no.value, precedence::ANY).tokens).collect();
        if let ([choice], [yes_value], [no_value]) = (choices, yes_values.as_slice(), no_values.as_slice()) {
            let tokens = quote!(if #condition { #yes_lines #yes_value } else { #no_lines #no_value });
            return self.bind(choice.target, &tokens);
        }
        let names: Vec<Ident> = choices.iter().map(|choice| self.define(choice.target)).collect();
        quote! {
            let (#(#names),*) = if #condition {
                #yes_lines
                (#(#yes_values),*)
            } else {
                #no_lines
                (#(#no_values),*)
            };
        }
    }

    /// `let v3 = tokens;`
    fn bind(&mut self, target: ValueId, tokens: &TokenStream) -> TokenStream {
        let name = self.define(target);
        quote!(let #name = #tokens;)
    }

    fn define(&mut self, target: ValueId) -> Ident {
        self.lines += 1;
        let name = Ident::new(&format!("{}{}", self.prefix, self.lines), Span::call_site());
        self.expressions[target.index()] = Some(atom(quote!(#name)));
        name
    }

    /// A value as an operand, in parentheses where its place binds tighter.
    fn used(&self, value: ValueId, needed: u8) -> Expression {
        let expression = self.expressions[value.index()].clone().unwrap_or_else(|| atom(quote!(())));
        if expression.precedence >= needed {
            return expression;
        }
        let Expression { tokens, depth, .. } = expression;
        Expression { tokens: quote!((#tokens)), precedence: precedence::ATOM, depth }
    }

    fn instruction(&self, instruction: &Instruction) -> Expression {
        match &instruction.compute {
            Compute::Input(place) => {
                let name = &self.inputs[*place as usize];
                atom(quote!(#name))
            }
            Compute::Given(place) => {
                let (saved, slot) = (self.saved, Ident::new(&format!("s{place}"), Span::call_site()));
                atom(quote!(#saved.#slot))
            }
            Compute::Constant(number) => self.literal(*number),
            Compute::Truth(value) => atom(quote!(#value)),
            Compute::Apply(operator) => self.application(*operator, instruction),
            // Arrays are refused before a program is emitted.
            Compute::Size(_) | Compute::Iota | Compute::Delta | Compute::Sum | Compute::Max | Compute::Prod => {
                atom(quote!(()))
            }
        }
    }

    fn literal(&self, number: Number) -> Expression {
        let (text, negative) = match self.program.float {
            FloatType::F64 => (format!("{:?}_f64", number.to_f64().abs()), number.is_negative()),
            FloatType::F32 => (format!("{:?}_f32", number.to_f32().abs()), number.is_negative()),
        };
        let literal: Literal = text.parse().unwrap_or_else(|_| Literal::f64_suffixed(number.to_f64().abs()));
        if negative {
            return Expression { tokens: quote!(-#literal), precedence: precedence::PREFIX, depth: 0 };
        }
        atom(quote!(#literal))
    }

    fn application(&self, operator: Operator, instruction: &Instruction) -> Expression {
        let operand = |place: usize, needed: u8| {
            instruction.operands.get(place).map_or_else(|| atom(quote!(())), |operand| self.used(operand.value, needed))
        };
        let (tokens, precedence, operands) = match operator.row().rust {
            Rust::Native(symbol) if operator.arity() == 1 => {
                let inner = operand(0, precedence::PREFIX);
                let (symbol, tokens) = (punctuation(symbol), &inner.tokens);
                (quote!(#symbol #tokens), precedence::PREFIX, vec![inner])
            }
            Rust::Native(symbol) => {
                let level = level(symbol);
                let looser = if level == precedence::COMPARISON { level + 1 } else { level };
                let (left, right) = (operand(0, looser), operand(1, level + 1));
                let (symbol, a, b) = (punctuation(symbol), &left.tokens, &right.tokens);
                (quote!(#a #symbol #b), level, vec![left, right])
            }
            Rust::Math(name) if instruction.operands.len() > operator.arity() => {
                let count = instruction.operands.len();
                let operands: Vec<Expression> = (0..count).map(|at| operand(at, precedence::ANY)).collect();
                let (facade, name) = (self.facade, Ident::new(&format!("{name}_of"), Span::call_site()));
                let tokens = operands.iter().map(|operand| &operand.tokens);
                (quote!(#facade::math::#name([#(#tokens),*])), precedence::ATOM, operands)
            }
            Rust::Math(name) => {
                let operands: Vec<Expression> = (0..operator.arity()).map(|at| operand(at, precedence::ANY)).collect();
                let (facade, name) = (self.facade, Ident::new(name, Span::call_site()));
                let tokens = operands.iter().map(|operand| &operand.tokens);
                (quote!(#facade::math::#name(#(#tokens),*)), precedence::ATOM, operands)
            }
            Rust::Constant(name) => {
                let (float, name) =
                    (Ident::new(self.program.float.name(), Span::call_site()), Ident::new(name, Span::call_site()));
                (quote!(::core::#float::consts::#name), precedence::ATOM, Vec::new())
            }
            Rust::Conditional => {
                let operands: Vec<Expression> = (0..3).map(|at| operand(at, precedence::ANY)).collect();
                let [condition, yes, no] = [0, 1, 2].map(|at| &operands[at].tokens);
                (quote!(if #condition { #yes } else { #no }), precedence::ANY, operands)
            }
        };
        let depth = 1 + operands.iter().map(|operand| operand.depth).max().unwrap_or(0);
        Expression { tokens, precedence, depth }
    }
}

fn atom(tokens: TokenStream) -> Expression {
    Expression { tokens, precedence: precedence::ATOM, depth: 0 }
}

/// What needs no name however often it is used.
fn is_atom(compute: &Compute) -> bool {
    match compute {
        Compute::Input(_) | Compute::Given(_) | Compute::Constant(_) | Compute::Truth(_) => true,
        Compute::Apply(operator) => matches!(operator.row().rust, Rust::Constant(_)),
        _ => false,
    }
}

fn level(symbol: &str) -> u8 {
    match symbol {
        "*" | "/" => precedence::PRODUCT,
        "+" | "-" => precedence::SUM,
        "&&" => precedence::AND,
        "||" => precedence::OR,
        _ => precedence::COMPARISON,
    }
}

fn punctuation(symbol: &str) -> TokenStream {
    symbol.parse().unwrap_or_default()
}

fn count_uses(body: &[Statement], uses: &mut [u32]) {
    for statement in body {
        match statement {
            Statement::Instruction(instruction) => {
                instruction.operands.iter().for_each(|operand| uses[operand.value.index()] += 1);
            }
            Statement::Branch { condition, yes, no, choices } => {
                uses[condition.index()] += 1;
                count_uses(yes, uses);
                count_uses(no, uses);
                for choice in choices {
                    uses[choice.yes.value.index()] += 1;
                    uses[choice.no.value.index()] += 1;
                }
            }
        }
    }
}

/// A prefix for names that no input can have.
fn free_prefix(inputs: &[Ident], saved: &Ident) -> String {
    let mut prefix = "v".to_owned();
    let numbered = |name: &Ident, prefix: &str| {
        let text = name.to_string();
        text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    while inputs.iter().chain([saved]).any(|name| numbered(name, &prefix)) {
        prefix.push('_');
    }
    prefix
}
