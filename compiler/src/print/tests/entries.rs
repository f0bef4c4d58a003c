//! Entries at stated positions: written, and counted, as the access that they are. The derivatives are those that one
//! finds by hand.

use super::listing;

/// The lines of a function, its derivatives last, and how many operations its value and derivatives have.
fn lines(text: &str) -> (Vec<String>, usize) {
    let listing = listing(text, 1);
    let lets = listing.lets.iter().map(|line| format!("{} = {}", line.left(), line.formula));
    let asked = listing.asked.iter().map(|line| line.formula.clone());
    let operations = listing.lets.iter().chain(&listing.asked).map(|line| line.operations).sum();
    (lets.chain(asked).collect(), operations)
}

#[test]
fn an_entry_is_read_without_an_operation() {
    for (text, expected, operations) in [
        ("fn f(a: [3]) = a[1];", &["a[1]", "[0, 1, 0]"][..], 0),
        ("fn f(a: [3], x) = a[0]*x;", &["a[0]*x", "[x, 0, 0]", "a[0]"], 1),
        ("fn f(a: [3]) = a[0]*a[1] + a[2]**2;", &["a[0]*a[1] + a[2]**2", "[a[1], a[0], 2*a[2]]"], 4),
        (
            "fn f(a: [2, 2]) = a[0, 0]*a[1, 1] - a[0, 1]*a[1, 0];",
            &["a[0, 0]*a[1, 1] - a[0, 1]*a[1, 0]", "[[a[1, 1], -a[1, 0]], [-a[0, 1], a[0, 0]]]"],
            5,
        ),
        // An array with a line is read by its name; what the user gave a name to goes by that.
        ("fn f(a: [3]) { let z = a**2; z[0]*z[1] }", &["z = a**2", "z[0]*z[1]", "2*[z[1], z[0], 0]*a"], 4),
        ("fn f(a: [3]) { let w = a[1]; w*sin(w) }", &["w = a[1]", "s1 = sin(w)", "w*s1", "[0, s1 + w*cos(w), 0]"], 5),
        // An entry of a formula is the formula of the entries, and of a vector that stands there what is meant.
        ("fn f(a: [3]) = sin(2*a + 1)[1];", &["s1 = 2*a + 1", "sin(s1[1])", "[0, 2*cos(s1[1]), 0]"], 5),
        ("fn f(x) = [x**2, sin(x)][1];", &["sin(x)", "cos(x)"], 2),
        (
            "fn f(x, y) { let c = [x, y] > 0; if c[1] { x } else { y } }",
            &["c = [x, y] > 0", "s1 = (if c[1] { 1 } else { 0 }) == 1"],
            6,
        ),
    ] {
        let (lines, count) = lines(text);
        assert_eq!(lines[..expected.len()], *expected, "{text}");
        assert_eq!(count, operations, "{text}: {lines:?}");
    }
}

#[test]
fn some_axes_of_an_array_stand_in_matrix_notation() {
    for (text, expected) in [
        ("fn f(a: [N, 3], x: [N]) = sum[n](a[n, 2]*x[n]);", "sum(a[.., 2]*x)"),
        ("fn f(a: [2, M, K], w: [K]) = sum(a[0, .., ..] @ w);", "sum(a[0, .., ..] @ w)"),
        ("fn f(a: [2, M, K], w: [M]) = sum(w @ a[1, .., ..]);", "sum(w @ a[1, .., ..])"),
        ("fn f(a: [M, 2, K], w: [M, K]) = sum(w.T @ a[.., 1, ..]);", "sum(w.T @ a[.., 1, ..])"),
        ("fn f(a: [3, 3, 2]) = sum[i](a[i, i, 1]);", "trace(a[.., .., 1])"),
        ("fn f(a: [3, 4], w: [4]) = (a @ w)[1];", "(a @ w)[1]"),
        ("fn f(a: [3], b) = (if a > 0 { a } else { [1, b, 2] })[1];", "if a[1] > 0 { a[1] } else { b }"),
        ("fn f(a: [3]) = softmax(a)[1];", "s1[1]/sum(s1)"),
    ] {
        assert_eq!(listing(text, 0).asked[0].formula, expected, "{text}");
    }
}

#[test]
fn what_is_no_access_is_written_out() {
    for (text, expected) in [
        // Outside of the array, and along an axis whose size is not in the text.
        ("fn f(a: [3]) = sum[i](if i == 3 { a[i] } else { 0 });", "sum[i](if i == 3 { a[i] } else { 0 })"),
        ("fn f(a: [N]) = sum[i](if i == 0 { a[i] } else { 0 });", "sum[i](if i == 0 { a[i] } else { 0 })"),
        ("fn f(a: [3]) = sum[i](if i == 0 { a[i] } else { 1 });", "sum([a[0], 1, 1])"),
    ] {
        assert_eq!(listing(text, 0).asked[0].formula, expected, "{text}");
    }
}
