//! Broken texts: never a panic, always an error whose places lie in the text.

use super::super::diagnose::{Goal, diagnose};
use super::super::{items, token};
use super::*;

const SEEDS: &[&str] = &[
    "/// doc\npub(in a::b) fn f(x: f32[N, 784], y: [..]) -> (u, v: [N]) wrt(x) where x > 0, sum(y) == 1 { let z[i] = x[i, 1..4, ..]; (z.T, y) }",
    "fn g(a, b) = if a < b && !(a == 0) { -a**2 } else if b { let c = 2.5e-3; c } else { [a, b][0] };",
    "#[emit(hessian)] const C: f64 = sum[i, j](x[i] * y.T @ w, axis = 1, keep = true); // end",
    "fn h() = 1 /* c /* n */ */ + max(a, b) / 2. - 1_000; fn k(x) = X·W ^ 2 + x²;",
    "fn m(x) = r#if + \"text\" + 'a' % 2x; #[doc = \"t\\\"\"] fn n(x) {}",
];

const PIECES: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "+", "*", "**", "-", "->", "=", "==", "..", ".", ",", ";", "if", "else", "let", "fn",
    "where", "wrt", "x", "2", "0.5", "1.", "\"", "'", "#", "///", "/*", "*/", "·", "²", "\u{A0}", " ", "\n", "true",
    "const", "pub", "!", "&", "|", "<", "@", ":", "::", "match", "r#\"", "\\", "T", "1e999", "_",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn mutate(text: &mut String, random: &mut Random) {
    let boundary = |text: &str, mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let from = boundary(text, random.below(text.len() + 1));
    match random.below(4) {
        0 => {
            let to = boundary(text, (from + 1 + random.below(4)).min(text.len())).max(from);
            text.replace_range(from..to, "");
        }
        1 => {
            let to = boundary(text, (from + random.below(30)).min(text.len())).max(from);
            let moved = text[from..to].to_owned();
            text.replace_range(from..to, "");
            let target = boundary(text, random.below(text.len() + 1));
            text.insert_str(target, &moved);
        }
        _ => text.insert_str(from, PIECES[random.below(PIECES.len())]),
    }
}

#[track_caller]
fn check(text: &str, errors: &[Diagnostic]) {
    assert!(!errors.is_empty(), "no error for {text}");
    for error in errors {
        assert_ne!(error.code, Code::Internal, "{text}: {error}");
        for span in &error.spans {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text}: {error:?}");
        }
    }
}

/// Whether the reader finds the mistake; pest's own place is only the last resort.
fn explained(text: &str, goal: Goal) -> bool {
    let (tokens, _) = token::tokens(text);
    match goal {
        Goal::Item => items(text, &tokens).into_iter().any(|range| !diagnose(text, &tokens[range], goal).is_empty()),
        Goal::Formula => !diagnose(text, &tokens, goal).is_empty(),
    }
}

/// Mistakes that show only when the tree is built.
fn found_by_builder(error: &Diagnostic) -> bool {
    matches!(error.code, Code::Number | Code::Fact | Code::TooDeep)
        || ["comparisons do not chain", "several values are no expression"].contains(&error.message.as_str())
}

#[test]
fn broken_texts_never_panic() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..20_000 {
        let mut text = SEEDS[round % SEEDS.len()].to_owned();
        for _ in 0..=random.below(3) {
            mutate(&mut text, &mut random);
        }
        let goal = if round % 2 == 0 { Goal::Item } else { Goal::Formula };
        let result = match goal {
            Goal::Item => parse_module(&text),
            Goal::Formula => {
                text = text.split_once('=').map_or(text.clone(), |(_, body)| body.trim_matches([';', ' ']).to_owned());
                parse_expression(&text, &[])
            }
        };
        if let Err(errors) = result {
            check(&text, &errors);
            let known = errors.iter().any(found_by_builder) || explained(&text, goal);
            assert!(known, "unexplained: {text}\n{errors:?}");
        }
    }
}
