//! The command line: reads a formula, runs one command, writes text or JSON.
//!
//! Results go to standard output, mistakes and warnings to standard error. The exit status is 0 when the work is done,
//! 1 when a point or a check failed, and 2 when the formula or the command line is wrong. Other programs rely on this
//! and on the JSON; nothing here panics on what a user can influence.

mod accuracy;
mod arguments;
mod certificate;
mod derive;
mod emit;
mod eval;
mod facts;
mod failure;
mod formula;
mod graph;
mod json;
mod operators;
mod point;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::{Failure, Report};

/// What a command that did its work says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// All is well.
    Well,
    /// The command ran, and something that it checked failed.
    Failed,
}

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let json = arguments.command.is_json();
    match execute(arguments.command, &Report { json }) {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::Failed) => ExitCode::from(1),
        Err(failure) => {
            Report { json }.failure(&failure);
            ExitCode::from(2)
        }
    }
}

/// What clap has to say: help and version, or what is wrong with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && failure::asks_for_json(std::env::args_os()) {
        let text = error.to_string();
        let message: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
        Report { json: true }.failure(&Failure::usage(message.join(" ").trim_start_matches("error: ")));
        return ExitCode::from(2);
    }
    // Help into a closed pipe is nobody's mistake.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn execute(command: Command, report: &Report) -> Result<Done, Failure> {
    match command {
        Command::Derive(options) => write(&derive::derive(&options, report)?),
        Command::Graph(options) => write(&graph::graph(&options, report)?),
        Command::Eval(options) => eval::eval(&options, report),
        Command::Operators(options) => write(&operators::operators(&options)),
        Command::Emit(options) => write(&emit::emit(&options, report)?),
        Command::Verify(options) => verify::verify(&options, report),
        Command::Check(_) => Err(Failure::not_supported("`chainrule check` is not supported yet")),
        Command::Explain(_) => Err(Failure::not_supported("`chainrule explain` is not supported yet")),
    }
}

/// Writes a result; a reader that has read enough (`| head`) is no failure.
fn write(text: &str) -> Result<Done, Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    Ok(Done::Well)
}

/// Whether more can be written: not to a closed pipe.
fn written(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::usage(format!("the result cannot be written: {error}"))),
    }
}
