//! Formulas as trees of spellings: each node is a text with places for its operands, so that a failing formula can be cut
//! down to what fails.

/// A spelling with its operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// `$0` stands for the first operand as it is, `#0` for the same in parentheses where it needs any.
    pattern: String,
    operands: Vec<Term>,
}

impl Term {
    /// A name or a number.
    pub fn leaf(text: &str) -> Self {
        Self { pattern: text.to_owned(), operands: Vec::new() }
    }

    /// A spelling of operands.
    pub fn of(pattern: &str, operands: &[&Self]) -> Self {
        Self { pattern: pattern.to_owned(), operands: operands.iter().copied().cloned().collect() }
    }

    /// The formula.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut characters = self.pattern.chars();
        while let Some(character) = characters.next() {
            if !matches!(character, '$' | '#') {
                text.push(character);
                continue;
            }
            let place = characters.next().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
            let operand = self.operands.get(place as usize).map_or(String::new(), Self::text);
            if character == '$' || is_atom(&operand) {
                text.push_str(&operand);
            } else {
                text.extend(["(", &operand, ")"]);
            }
        }
        text
    }

    /// Formulas with one node less or with a plainer leaf, those that lose most first.
    #[must_use]
    pub fn smaller(&self) -> Vec<Self> {
        let mut found = self.operands.clone();
        if self.operands.is_empty() {
            let plain = ["x", "1", "2"].iter().take_while(|plain| **plain != self.pattern);
            return plain.map(|plain| Self::leaf(plain)).collect();
        }
        found.push(Self::leaf("x"));
        for place in 0..self.operands.len() {
            for operand in self.operands[place].smaller() {
                let mut other = self.clone();
                other.operands[place] = operand;
                found.push(other);
            }
        }
        found
    }
}

/// A name, a number, or one call.
fn is_atom(text: &str) -> bool {
    let name = text.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let mut depth = 0_usize;
    for (place, character) in name.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => return false,
            _ => {}
        }
        if depth == 0 && place + 1 < name.len() {
            return false;
        }
    }
    true
}

#[test]
fn operands_are_in_parentheses_where_they_need_any() {
    let x = Term::leaf("x");
    let sum = Term::of("#0 + $1", &[&x, &Term::leaf("1")]);
    assert_eq!(Term::of("#0**2", &[&sum]).text(), "(x + 1)**2");
    assert_eq!(Term::of("#0**2", &[&Term::of("exp($0)", &[&sum])]).text(), "exp(x + 1)**2");
    assert_eq!(Term::of("-#0", &[&Term::of("exp($0)*exp($0)", &[&x])]).text(), "-(exp(x)*exp(x))");
    assert!(sum.smaller().contains(&x));
}
