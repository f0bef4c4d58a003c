//! The mistakes that newcomers make in `grad!`, one a file: each is an error under the token that is wrong.

#[test]
fn mistakes_are_errors_under_their_tokens() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
