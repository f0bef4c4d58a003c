//! `chainrule verify`: a small checker for certificates, which shares no rewriting code with the simplifier.
//!
//! It checks three things. *Form*: the derivatives are those that were asked for, every node is one operation over nodes
//! above it, nothing is there for nothing. *Steps*: from what the chain rule gives, each closed form is reached by listed
//! steps; a step that says "the same operation over replaced operands" is checked as such ([`replay`]), what any other step
//! says is checked by numbers, with its facts and its divisors ([`division`]). *Numbers*: the chain rule's values and the
//! derivatives as shown, parsed again, are compared with forward-mode derivatives over the formula's syntax tree
//! ([`forward`]). Numbers have 77 digits and agree to 50 of them; the points follow from the content ([`sample`]).
//!
//! Of the compiler it uses the parser, the prelude's text, and for indices that say no size the shapes of `let`s.

mod call;
mod check;
mod compare;
mod division;
mod evaluate;
mod forward;
mod functions;
mod general;
mod indices;
mod interpret;
mod jet;
pub mod nodes;
pub mod problem;
mod real;
pub mod replay;
mod sample;
mod second;
mod tensor;
mod value;

#[cfg(test)]
mod tests;

use serde_json::json;

use super::arguments::{TextFormat, Verify};
use super::certificate::{Certificate, Division};
use super::failure::{Failure, Report};
use super::formula::file;
use super::{Done, write};
use check::{Checker, Verified};
use problem::Problem;

/// The checker follows the nesting of formulas: this much stack is enough for all that it follows.
const STACK: usize = 1 << 29;

/// Runs the command.
pub fn verify(options: &Verify, report: &Report) -> Result<Done, Failure> {
    let text = file(&options.file)?;
    let malformed = |error| Failure::usage(format!("`{}` is no certificate: {error}", options.file));
    let certificate = Certificate::read(&text).map_err(malformed)?;
    // What says nothing is neither right nor wrong.
    on_a_large_stack(|| Problem::new(&certificate).map(|_| ())).map_err(malformed)?;
    match on_a_large_stack(|| checked(&certificate)) {
        Ok(verified) => {
            write(&told(&certificate, verified, options.format))?;
            Ok(Done::Well)
        }
        Err(message) => {
            report.failure(&Failure::refused(format!("the certificate is refused: {message}")));
            Ok(Done::Failed)
        }
    }
}

/// Checks a certificate.
///
/// # Errors
/// The first thing that is not so.
pub fn checked(certificate: &Certificate) -> Result<Verified, String> {
    let check = |certificate| Checker::new(certificate)?.check();
    let Some(general) = general::general(certificate) else { return check(certificate) };
    let said = match check(&general) {
        Ok(_) if certificate.digest != certificate.expected_digest() => return Err(check::OLD_DIGEST.into()),
        Ok(verified) => return Ok(verified),
        Err(said) => said,
    };
    check(certificate).map_err(|error| if error.contains(tensor::TOO_LARGE) { said } else { error })
}

/// What each step of a certificate divides by beyond the chain rule, with the reasons; for its writer.
///
/// # Errors
/// A certificate that makes no sense.
pub fn divisions(certificate: &Certificate) -> Result<Vec<Vec<Division>>, String> {
    on_a_large_stack(|| Checker::new(certificate)?.divisions())
}

fn on_a_large_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    let failed = || "the checker could not run".to_owned();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.map_err(|_| failed())?.join().map_err(|_| failed())?
    })
}

fn told(certificate: &Certificate, verified: Verified, format: TextFormat) -> String {
    let Verified { steps, derivatives, points, compared } = verified;
    match format {
        TextFormat::Json => {
            let name = &certificate.function;
            let digits = real::DIGITS;
            let object = json!({
                "verified": true, "function": name, "steps": steps, "derivatives": derivatives, "points": points,
                "numbers": compared, "digits": digits,
            });
            format!("{object}\n")
        }
        TextFormat::Text => {
            let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
            format!(
                "verified: {}, {}\n{} compared with forward mode to {} digits, at {}\n",
                plural(derivatives, "derivative"),
                plural(steps, "step"),
                plural(compared, "number"),
                real::DIGITS,
                plural(points, "point"),
            )
        }
    }
}
