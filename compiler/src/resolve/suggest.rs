//! "Did you mean": the name that a wrong name was probably meant to be.

/// Advice for an unknown name, if a known one is near enough.
pub(super) fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let length = wrong.chars().count();
    // Two slips in a short word are another word: `loss` is no `cos`.
    let most = match length {
        0..6 => 1,
        6..10 => 2,
        _ => 3,
    };
    let distance = |name: &str| strsim::osa_distance(&wrong.to_lowercase(), &name.to_lowercase());
    let mut best: Option<(usize, usize, &str)> = None;
    for name in known {
        // Letters that change places are a likelier slip than one that is too many.
        let candidate = (distance(name), name.chars().count().abs_diff(length), name);
        // A name of one letter is near to every other one: that helps nobody.
        if candidate.0 <= most && candidate.0 < length && best.is_none_or(|best| candidate < best) {
            best = Some(candidate);
        }
    }
    best.map(|(_, _, name)| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;
    use crate::operators::{ALL, Notation};
    use crate::resolve::PRELUDE;

    /// What is suggested for a function that does not exist.
    fn suggested(wrong: &str) -> Option<String> {
        let prelude = PRELUDE.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
        let advice = did_you_mean(
            wrong,
            prelude.chain(ALL.iter().filter(|op| op.row().notation == Notation::Call).map(|op| op.row().name)),
        )?;
        advice.split('`').nth(1).map(str::to_owned)
    }

    #[test]
    fn slips_are_mended() {
        for (wrong, meant) in [
            ("sgmoid", "sigmoid"),
            ("sofmtax", "softmax"),
            ("arctan", "atan"),
            ("arcsin", "asin"),
            ("tahn", "tanh"),
            ("sqr", "sqrt"),
            ("log_1p", "log1p"),
            ("norm_cdf", "normal_cdf"),
            ("lgama", "lgamma"),
            ("Softplus", "softplus"),
        ] {
            assert_eq!(suggested(wrong).as_deref(), Some(meant), "{wrong}");
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for wrong in
            ["loss", "foo", "bar", "mse", "dot", "det", "inv", "pow", "beta", "step", "mod", "length", "arrange"]
        {
            assert_eq!(suggested(wrong), None, "{wrong}");
        }
    }
}
