//! The steps of a routine as Rust.
//!
//! In: a routine, and how its inputs, results and memory are spelled. Out: statements, and an expression for each result
//! that is a scalar. A register that is used once, in the same loop, is written where it is used, with as few parentheses
//! as Rust's precedence allows; the others get a `let`. What one branch needs is computed in it.
//!
//! Arrays are nested (`q[i][j]`) where they are passed by value, else slices: an innermost loop along the last axis runs
//! over a row of exactly its length, so that rustc sees that no index is outside.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::spelling::{Spelling, Style};
use crate::loops::{
    BufferId, Choice, Contraction, Factor, Index, Outcome, Place, Position, Reduction, Register, Routine, Scalar, Step,
};
use crate::lower::Size;
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

/// Where a register is defined and used: numbers of loop bodies.
#[derive(Clone, Copy, Default)]
struct Uses {
    count: u32,
    defined: u32,
    used: u32,
}

/// A part of an array along its last axis.
struct Row {
    buffer: BufferId,
    at: Vec<Position>,
    name: Ident,
}

pub(super) struct Body<'a> {
    routine: &'a Routine,
    spelling: &'a Spelling,
    uses: Vec<Uses>,
    expressions: Vec<Option<Expression>>,
    /// The rows of the innermost loop that is being written.
    rows: Vec<Row>,
    lines: usize,
}

impl<'a> Body<'a> {
    pub(super) fn new(routine: &'a Routine, spelling: &'a Spelling) -> Self {
        let mut counter = Counter { uses: vec![Uses::default(); routine.registers.len()], bodies: 0 };
        counter.steps(&routine.body, 0);
        for outcome in &routine.outputs {
            if let Outcome::Register(register) = outcome {
                counter.used(*register, 0);
            }
        }
        let expressions = vec![None; routine.registers.len()];
        Self { routine, spelling, uses: counter.uses, expressions, rows: Vec::new(), lines: 0 }
    }

    /// The code, or how many lines it would have if that is more than rustc takes.
    pub(super) fn emit(mut self) -> Result<Results, usize> {
        let routine = self.routine;
        let lines = self.steps(&routine.body);
        let values = routine.outputs.iter().map(|outcome| match outcome {
            Outcome::Register(register) => self.used(*register, precedence::ANY).tokens,
            Outcome::Buffer(buffer) => {
                let name = self.spelling.buffer(self.routine, *buffer);
                quote!(#name)
            }
        });
        let values = values.collect();
        if self.lines > MOST_LINES { Err(self.lines) } else { Ok(Results { lines, values }) }
    }

    /// Loops nest as deep as arrays have axes, branches as deep as lowering lets them, which is little.
    fn steps(&mut self, body: &'a [Step]) -> TokenStream {
        body.iter().map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &'a Step) -> TokenStream {
        match step {
            Step::Compute(target, scalar) => return self.compute(*target, scalar),
            Step::Branch { condition, yes, no, choices } => return self.branch(*condition, yes, no, choices),
            Step::Loop(index, body) => return self.looped(*index, body),
            _ => self.lines += 1,
        }
        match step {
            Step::Begin(state, reduction) => {
                let (name, neutral) = (self.define(*state), self.neutral(*reduction));
                quote!(let mut #name = #neutral;)
            }
            Step::Update(state, reduction, value) => {
                let name = self.used(*state, precedence::ATOM).tokens;
                self.update(&name, *reduction, *value)
            }
            Step::Fill(buffer, at, reduction) => self.fill(*buffer, at, *reduction),
            Step::Store(buffer, at, value) => {
                let (element, value) = (self.element(*buffer, at), self.used(*value, precedence::ANY).tokens);
                quote!(#element = #value;)
            }
            Step::Reduce(buffer, at, value, reduction) => {
                let element = self.element(*buffer, at);
                let update = self.update(&element, *reduction, *value);
                match self.inside(*buffer, at) {
                    Some(inside) => quote!(if #inside { #update }),
                    None => update,
                }
            }
            Step::Contract(contraction) => self.contract(contraction),
            Step::Compute(..) | Step::Branch { .. } | Step::Loop(..) => TokenStream::new(),
        }
    }

    fn compute(&mut self, target: Register, scalar: &Scalar) -> TokenStream {
        let expression = self.scalar(scalar);
        let Uses { count, defined, used } = self.uses[target.0 as usize];
        // Memory of the routine's own may have other numbers later.
        let moves = match scalar {
            Scalar::Load(buffer, _) => matches!(self.routine.buffers[buffer.0 as usize].place, Place::Input(_)),
            _ => true,
        };
        let keep = !is_atom(scalar) && (count != 1 || defined != used || !moves);
        if keep || expression.depth > MOST_NESTED {
            return self.bind(target, &expression.tokens);
        }
        self.expressions[target.0 as usize] = Some(expression);
        TokenStream::new()
    }

    fn neutral(&self, reduction: Reduction) -> TokenStream {
        let float = self.spelling.float(self.routine);
        match reduction {
            Reduction::Sum => self.literal(Number::ZERO).tokens,
            Reduction::Prod => self.literal(Number::ONE).tokens,
            Reduction::Max => quote!(::core::#float::NEG_INFINITY),
        }
    }

    fn update(&self, state: &TokenStream, reduction: Reduction, value: Register) -> TokenStream {
        let value = self.used(value, precedence::ANY).tokens;
        match reduction.operator().row().rust {
            Rust::Native(symbol) => {
                let symbol = punctuation(&format!("{symbol}="));
                quote!(#state #symbol #value;)
            }
            Rust::Math(name) | Rust::Vector(name) => {
                let (facade, name) = (&self.spelling.facade, ident(name));
                quote!(#state = #facade::math::#name(#state, #value);)
            }
            // No reduction has such an operator.
            Rust::Constant(_) | Rust::Conditional => TokenStream::new(),
        }
    }

    fn branch(&mut self, condition: Register, yes: &'a [Step], no: &'a [Step], choices: &[Choice]) -> TokenStream {
        let condition = self.used(condition, precedence::ANY).tokens;
        let yes_lines = self.steps(yes);
        let yes_values: Vec<_> = choices.iter().map(|c| self.used(c.yes, precedence::ANY).tokens).collect();
        let no_lines = self.steps(no);
        let no_values: Vec<_> = choices.iter().map(|c| self.used(c.no, precedence::ANY).tokens).collect();
        if let ([choice], [yes_value], [no_value]) = (choices, yes_values.as_slice(), no_values.as_slice()) {
            let tokens = quote!(if #condition { #yes_lines #yes_value } else { #no_lines #no_value });
            return self.bind(choice.target, &tokens);
        }
        if choices.is_empty() {
            return quote!(if #condition { #yes_lines } else { #no_lines });
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

    fn looped(&mut self, index: Index, body: &'a [Step]) -> TokenStream {
        self.lines += 1;
        let size = self.spelling.size(&self.routine.indices[index.0 as usize]);
        let flat = body.iter().all(|step| !matches!(step, Step::Loop(..) | Step::Branch { .. } | Step::Contract(_)));
        let rows = if flat { self.rows(index, body) } else { TokenStream::new() };
        let lines = self.steps(body);
        if flat {
            self.rows.clear();
        }
        let name = self.spelling.index(index);
        quote! { #rows for #name in 0..#size { #lines } }
    }

    /// A row for each access of slices that moves along the last axis alone. What is written is borrowed as a whole, so
    /// that of such an array there is at most one row.
    fn rows(&mut self, index: Index, body: &[Step]) -> TokenStream {
        let accesses = accesses(body);
        let moving = Position::Index(index);
        let mut out = TokenStream::new();
        for (buffer, at, _) in &accesses {
            let Some((last, before)) = at.split_last() else { continue };
            let known = self.rows.iter().any(|row| row.buffer == *buffer && row.at == before);
            let others = || accesses.iter().filter(|(other, ..)| other == buffer);
            let written = others().any(|(.., written)| *written);
            let shared = written && others().any(|(_, other, _)| other != at);
            let moves = before.iter().any(|position| position.reads(index));
            if *last != moving || moves || known || shared || self.spelling.style != Style::Slices {
                continue;
            }
            let shape = &self.routine.buffers[buffer.0 as usize].shape;
            let Some(size) = shape.last().map(|size| self.spelling.size(size)) else { continue };
            let array = self.spelling.buffer(self.routine, *buffer);
            let name = self.spelling.row(index, self.rows.len());
            let range = match (self.offset(before, &shape[..before.len()]), before.len()) {
                (Some(start), 1) => quote!([#start * #size..]),
                (Some(start), _) => quote!([(#start) * #size..]),
                (None, _) => TokenStream::new(),
            };
            out.extend(match written {
                true => quote!(let #name = &mut #array #range [..#size];),
                false => quote!(let #name = &#array #range [..#size];),
            });
            self.rows.push(Row { buffer: *buffer, at: before.to_vec(), name });
        }
        out
    }

    /// The number of a position, row-major; nothing for that of a scalar.
    fn offset(&self, at: &[Position], shape: &[Size]) -> Option<TokenStream> {
        let mut offset: Option<TokenStream> = None;
        for (axis, (position, size)) in at.iter().zip(shape).enumerate() {
            let (position, size) = (self.position(position), self.spelling.size(size));
            offset = Some(match offset {
                None => position,
                Some(before) if axis == 1 => quote!(#before * #size + #position),
                Some(before) => quote!((#before) * #size + #position),
            });
        }
        offset
    }

    fn position(&self, position: &Position) -> TokenStream {
        match position {
            Position::Index(index) => {
                let name = self.spelling.index(*index);
                quote!(#name)
            }
            Position::Stated(position) => {
                let position = Literal::u32_unsuffixed(*position);
                quote!(#position)
            }
            Position::Shifted(plus, minus, offset) => {
                let (sum, difference) = self.shifted(plus, minus, *offset);
                match difference {
                    Some(difference) => quote!((#sum - #difference)),
                    None if plus.len() == 1 && *offset == 0 => sum,
                    None => quote!((#sum)),
                }
            }
            Position::Given(input, at) => {
                let (name, shape) =
                    (&self.spelling.inputs[*input as usize], &self.routine.inputs[*input as usize].shape);
                match (shape.is_empty(), self.spelling.style) {
                    (true, _) => quote!((#name as usize)),
                    (false, Style::Nested) => {
                        let at = at.iter().map(|position| self.position(position));
                        quote!((#name #([#at])* as usize))
                    }
                    (false, Style::Slices) => {
                        let offset = self.offset(at, shape);
                        quote!((#name[#offset] as usize))
                    }
                }
            }
        }
    }

    /// What is added and what is subtracted: positions are not negative on the way.
    fn shifted(&self, plus: &[Index], minus: &[Index], offset: i64) -> (TokenStream, Option<TokenStream>) {
        let sum = |indices: &[Index], number: i64| {
            let mut terms: Vec<TokenStream> =
                indices.iter().map(|index| self.spelling.index(*index)).map(|name| quote!(#name)).collect();
            if number > 0 {
                let number = Literal::i64_unsuffixed(number);
                terms.push(quote!(#number));
            }
            terms.into_iter().reduce(|sum, term| quote!(#sum + #term))
        };
        let difference = sum(minus, -offset).map(|difference| quote!((#difference)));
        (sum(plus, offset).unwrap_or_else(|| quote!(0)), difference)
    }

    /// Whether a shifted position is inside wherever its loops are, as their stated sizes tell.
    fn is_always_inside(&self, plus: &[Index], minus: &[Index], offset: i64, size: &Size) -> bool {
        let most = |indices: &[Index]| {
            indices.iter().try_fold(0, |sum, index| match self.routine.indices[index.0 as usize] {
                Size::Literal(size) => Some(sum + i64::from(size) - 1),
                Size::Named(_) => None,
            })
        };
        let (Some(plus), Some(minus), Size::Literal(size)) = (most(plus), most(minus), size) else { return false };
        offset - minus >= 0 && plus + offset < i64::from(*size)
    }

    /// What a reduction into an element asks first: whether its shifted positions are inside.
    fn inside(&self, buffer: BufferId, at: &[Position]) -> Option<TokenStream> {
        let shape = &self.routine.buffers[buffer.0 as usize].shape;
        let conditions = at.iter().zip(shape).filter_map(|(position, size)| {
            let Position::Shifted(plus, minus, offset) = position else { return None };
            if self.is_always_inside(plus, minus, *offset, size) {
                return None;
            }
            let size = self.spelling.size(size);
            let (sum, difference) = self.shifted(plus, minus, *offset);
            Some(match difference {
                Some(difference) => quote!((#sum).wrapping_sub #difference < #size),
                None => quote!(#sum < #size),
            })
        });
        conditions.reduce(|all, condition| quote!(#all && #condition))
    }

    /// An element of an array.
    fn element(&self, buffer: BufferId, at: &[Position]) -> TokenStream {
        let name = self.spelling.buffer(self.routine, buffer);
        if let Some((last, before)) = at.split_last()
            && let Some(row) = self.rows.iter().find(|row| row.buffer == buffer && row.at == before)
        {
            let (row, last) = (&row.name, self.position(last));
            return quote!(#row[#last]);
        }
        match self.spelling.style {
            Style::Nested => {
                let at = at.iter().map(|position| self.position(position));
                quote!(#name #([#at])*)
            }
            Style::Slices => {
                let shape = &self.routine.buffers[buffer.0 as usize].shape;
                let offset = self.offset(at, shape).unwrap_or_else(|| quote!(0));
                quote!(#name[#offset])
            }
        }
    }

    fn fill(&mut self, buffer: BufferId, at: &[Option<Position>], reduction: Reduction) -> TokenStream {
        let neutral = self.neutral(reduction);
        let stated = at.iter().take_while(|at| at.is_some()).count();
        let shape = self.routine.buffers[buffer.0 as usize].shape.clone();
        let name = self.spelling.buffer(self.routine, buffer);
        let before: Vec<Position> = at[..stated].iter().flatten().cloned().collect();
        if at[stated..].iter().all(Option::is_none) {
            let rest = &shape[stated..];
            return match self.spelling.style {
                Style::Nested => {
                    let value = self.spelling.filled(&neutral, rest);
                    let at = before.iter().map(|position| self.position(position));
                    quote!(#name #([#at])* = #value;)
                }
                Style::Slices => {
                    let count = self.spelling.count(rest);
                    match self.offset(&before, &shape[..stated]) {
                        Some(start) if stated == 1 => quote!(#name[#start * #count..][..#count].fill(#neutral);),
                        Some(start) => quote!(#name[(#start) * #count..][..#count].fill(#neutral);),
                        None => quote!(#name.fill(#neutral);),
                    }
                }
            };
        }
        self.fill_by_loops(buffer, at, &neutral)
    }

    /// A fill whose open axes are not the last ones.
    fn fill_by_loops(&mut self, buffer: BufferId, at: &[Option<Position>], neutral: &TokenStream) -> TokenStream {
        let shape = self.routine.buffers[buffer.0 as usize].shape.clone();
        let names: Vec<TokenStream> = (at.iter().enumerate())
            .map(|(axis, at)| match at {
                Some(position) => self.position(position),
                None => {
                    let name = self.spelling.free_index(axis);
                    quote!(#name)
                }
            })
            .collect();
        let name = self.spelling.buffer(self.routine, buffer);
        let element = match self.spelling.style {
            Style::Nested => quote!(#name #([#names])*),
            Style::Slices => {
                let mut offset = quote!(0);
                for (position, size) in names.iter().zip(&shape) {
                    let size = self.spelling.size(size);
                    offset = quote!((#offset) * #size + #position);
                }
                quote!(#name[#offset])
            }
        };
        let mut lines = quote!(#element = #neutral;);
        for (axis, _) in at.iter().enumerate().rev().filter(|(_, at)| at.is_none()) {
            let (index, size) = (self.spelling.free_index(axis), self.spelling.size(&shape[axis]));
            lines = quote!(for #index in 0..#size { #lines });
        }
        lines
    }

    /// A call of the facade's kernel.
    fn contract(&self, contraction: &Contraction) -> TokenStream {
        let facade = &self.spelling.facade;
        let strides = |factor: &Factor| -> Vec<Option<TokenStream>> {
            let strides = self.spelling.strides(self.routine, factor.buffer);
            let mut all: Vec<Option<TokenStream>> = vec![None; contraction.sizes.len()];
            for (axis, stride) in factor.axes.iter().zip(strides) {
                let entry = &mut all[usize::from(*axis)];
                *entry = Some(entry.take().map_or_else(|| stride.clone(), |other| quote!(#other + #stride)));
            }
            all
        };
        let [out, left, right] = [&contraction.out, &contraction.left, &contraction.right].map(strides);
        let zero = || quote!(0);
        let axes =
            (contraction.sizes.iter().zip(out)).zip(left.into_iter().zip(right)).map(|((size, out), (left, right))| {
                let size = self.spelling.size(size);
                match (out, left, right) {
                    (Some(out), Some(left), Some(right)) => quote!(batch(#size, #left, #right, #out)),
                    (Some(out), left, None) => {
                        let left = left.unwrap_or_else(zero);
                        quote!(left(#size, #left, #out))
                    }
                    (Some(out), None, Some(right)) => quote!(right(#size, #right, #out)),
                    (None, left, right) => {
                        let (left, right) = (left.unwrap_or_else(zero), right.unwrap_or_else(zero));
                        quote!(summed(#size, #left, #right))
                    }
                }
            });
        let [left, right] =
            [&contraction.left, &contraction.right].map(|factor| self.spelling.data(self.routine, factor.buffer));
        let out = self.spelling.buffer(self.routine, contraction.out.buffer);
        quote! {
            #facade::contraction::contract(
                #facade::contraction::Write::Set,
                &[#(#facade::contraction::Axis::#axes),*],
                #left,
                #right,
                #out,
            );
        }
    }

    /// `let v3 = tokens;`
    fn bind(&mut self, target: Register, tokens: &TokenStream) -> TokenStream {
        let name = self.define(target);
        quote!(let #name = #tokens;)
    }

    fn define(&mut self, target: Register) -> Ident {
        self.lines += 1;
        let name = self.spelling.local(self.lines);
        self.expressions[target.0 as usize] = Some(atom(quote!(#name)));
        name
    }

    /// A value as an operand, in parentheses where its place binds tighter.
    fn used(&self, register: Register, needed: u8) -> Expression {
        let expression = self.expressions[register.0 as usize].clone().unwrap_or_else(|| atom(quote!(())));
        if expression.precedence >= needed {
            return expression;
        }
        let Expression { tokens, depth, .. } = expression;
        Expression { tokens: quote!((#tokens)), precedence: precedence::ATOM, depth }
    }

    fn scalar(&self, scalar: &Scalar) -> Expression {
        let float = self.spelling.float(self.routine);
        match scalar {
            Scalar::Input(input) => {
                let name = &self.spelling.inputs[*input as usize];
                self.number(*input, quote!(#name))
            }
            Scalar::Given(given) => {
                let saved = self.spelling.given(*given);
                atom(quote!(#saved))
            }
            Scalar::Constant(number) => self.literal(*number),
            Scalar::Truth(value) => atom(quote!(#value)),
            // `n as f64 < x` would begin a list of types.
            Scalar::Size(size) => {
                let size = self.spelling.size(size);
                Expression { tokens: quote!(#size as #float), precedence: precedence::COMPARISON, depth: 0 }
            }
            Scalar::Position(position) => {
                let position = self.position(position);
                Expression { tokens: quote!(#position as #float), precedence: precedence::COMPARISON, depth: 0 }
            }
            Scalar::Same(left, right) => {
                let (left, right) = (self.position(left), self.position(right));
                Expression { tokens: quote!(#left == #right), precedence: precedence::COMPARISON, depth: 0 }
            }
            Scalar::Load(buffer, at) => {
                let element = self.element(*buffer, at);
                match self.routine.buffers[buffer.0 as usize].place {
                    Place::Input(input) => self.number(input, element),
                    _ => atom(element),
                }
            }
            Scalar::Apply(operator, operands) => self.application(*operator, operands),
        }
    }

    /// What is read of an input, as a number: an integer input is compared with positions, which are numbers.
    fn number(&self, input: u32, tokens: TokenStream) -> Expression {
        if !self.routine.inputs[input as usize].integer {
            return atom(tokens);
        }
        let float = self.spelling.float(self.routine);
        Expression { tokens: quote!(#tokens as #float), precedence: precedence::COMPARISON, depth: 0 }
    }

    fn literal(&self, number: Number) -> Expression {
        let (text, negative) = match self.routine.float {
            FloatType::F64 => (format!("{:?}_f64", number.to_f64().abs()), number.is_negative()),
            FloatType::F32 => (format!("{:?}_f32", number.to_f32().abs()), number.is_negative()),
        };
        let literal: Literal = text.parse().unwrap_or_else(|_| Literal::f64_suffixed(number.to_f64().abs()));
        if negative {
            return Expression { tokens: quote!(-#literal), precedence: precedence::PREFIX, depth: 0 };
        }
        atom(quote!(#literal))
    }

    fn application(&self, operator: Operator, registers: &[Register]) -> Expression {
        let operand = |place: usize, needed: u8| {
            registers.get(place).map_or_else(|| atom(quote!(())), |register| self.used(*register, needed))
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
            Rust::Math(name) if registers.len() > operator.arity() => {
                let count = registers.len();
                let operands: Vec<Expression> = (0..count).map(|at| operand(at, precedence::ANY)).collect();
                let (facade, name) = (&self.spelling.facade, Ident::new(&format!("{name}_of"), Span::call_site()));
                let tokens = operands.iter().map(|operand| &operand.tokens);
                (quote!(#facade::math::#name([#(#tokens),*])), precedence::ATOM, operands)
            }
            Rust::Math(name) | Rust::Vector(name) => {
                let operands: Vec<Expression> = (0..operator.arity()).map(|at| operand(at, precedence::ANY)).collect();
                let (facade, name) = (&self.spelling.facade, Ident::new(name, Span::call_site()));
                let tokens = operands.iter().map(|operand| &operand.tokens);
                // Everywhere, not in loops alone: what is compared with a maximum must be equal to it to the bit.
                let slices = self.spelling.style == Style::Slices;
                let for_loops = slices && matches!(operator.row().rust, Rust::Vector(_));
                let path = if for_loops { quote!(#facade::math::vector) } else { quote!(#facade::math) };
                (quote!(#path::#name(#(#tokens),*)), precedence::ATOM, operands)
            }
            Rust::Constant(name) => {
                let (float, name) =
                    (Ident::new(self.routine.float.name(), Span::call_site()), Ident::new(name, Span::call_site()));
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

/// The elements that a body reads and writes, and whether it writes them.
fn accesses(body: &[Step]) -> Vec<(BufferId, &[Position], bool)> {
    let access = |step| match step {
        &Step::Compute(_, Scalar::Load(buffer, ref at)) => Some((buffer, at.as_slice(), false)),
        &Step::Store(buffer, ref at, _) | &Step::Reduce(buffer, ref at, _, _) => Some((buffer, at.as_slice(), true)),
        _ => None,
    };
    body.iter().filter_map(access).collect()
}

/// What needs no name however often it is used.
fn is_atom(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Input(_) | Scalar::Given(_) | Scalar::Constant(_) | Scalar::Truth(_) | Scalar::Size(_) => true,
        Scalar::Position(_) => true,
        Scalar::Apply(operator, _) => matches!(operator.row().rust, Rust::Constant(_)),
        Scalar::Same(..) | Scalar::Load(..) => false,
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

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// Counts how often registers are used, and in which bodies of loops.
struct Counter {
    uses: Vec<Uses>,
    bodies: u32,
}

impl Counter {
    fn used(&mut self, register: Register, body: u32) {
        let uses = &mut self.uses[register.0 as usize];
        uses.count += 1;
        uses.used = body;
    }

    fn steps(&mut self, steps: &[Step], body: u32) {
        for step in steps {
            match step {
                Step::Compute(target, scalar) => {
                    self.uses[target.0 as usize].defined = body;
                    if let Scalar::Apply(_, operands) = scalar {
                        operands.iter().for_each(|operand| self.used(*operand, body));
                    }
                }
                Step::Update(_, _, value) | Step::Store(_, _, value) | Step::Reduce(_, _, value, _) => {
                    self.used(*value, body);
                }
                Step::Begin(..) | Step::Fill(..) | Step::Contract(_) => {}
                Step::Loop(_, inner) => {
                    self.bodies += 1;
                    let own = self.bodies;
                    self.steps(inner, own);
                }
                Step::Branch { condition, yes, no, choices } => {
                    self.used(*condition, body);
                    self.steps(yes, body);
                    self.steps(no, body);
                    for choice in choices {
                        self.used(choice.yes, body);
                        self.used(choice.no, body);
                    }
                }
            }
        }
    }
}
