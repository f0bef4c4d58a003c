//! "Did you mean": the name that a wrong name was probably meant to be.

/// Advice for an unknown name, if a known one is near enough.
pub(super) fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let most = if wrong.chars().count() <= 2 { 1 } else { 1 + wrong.chars().count() / 4 };
    let distance = |name: &str| strsim::osa_distance(&wrong.to_lowercase(), &name.to_lowercase());
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        let candidate = (distance(name), name);
        // A name of one letter is near to every other one: that helps nobody.
        if candidate.0 <= most && candidate.0 < wrong.chars().count() && best.is_none_or(|best| candidate < best) {
            best = Some(candidate);
        }
    }
    best.map(|(_, name)| format!("did you mean `{name}`?"))
}
