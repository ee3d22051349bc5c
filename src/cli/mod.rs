//! The command line: arguments, progress, exit codes. The only floor that prints.

mod args;
mod bar;
mod bench;
mod check;
mod explore;
mod files;
mod numbers;
mod output;
mod play;
#[cfg(feature = "live")]
mod replay;
mod resolve;
mod rpl;
mod run;
#[cfg(feature = "live")]
mod serve;
mod shrink;
mod spf;
mod test;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::scenario::{self, Finding};

use args::{Cli, Command};

/// Runs the `mxsim` command with the arguments of this process.
///
/// Exits with 0 if all went as expected, with 1 if an expectation failed or a snapshot differs,
/// and with 2 after bad usage or input. A reader that closes the pipe ends the command quietly.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Run(args) => run::run(&args),
        Command::Check { scenarios } => check::check(&scenarios),
        Command::Explore(args) => explore::explore(&args),
        Command::Shrink(args) => shrink::shrink(&args),
        Command::Test(args) => test::test(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Resolve(args) => resolve::resolve(&args),
        Command::Rpl(args) => rpl::rpl(&args),
        Command::Spf(args) => spf::spf(&args),
        #[cfg(feature = "live")]
        Command::Serve(args) => serve::serve(&args),
        #[cfg(feature = "live")]
        Command::Replay(args) => replay::replay(&args),
        Command::Schema => print_schema(),
    };
    match done {
        Ok(Outcome::Expected) => ExitCode::SUCCESS,
        Ok(Outcome::Unexpected) => ExitCode::from(1),
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where even that cannot be written, the exit code says it.
            let _ = writeln!(output::stderr(), "{failure}");
            ExitCode::from(2)
        }
    }
}

/// Whether a command found what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Expected,
    Unexpected,
}

impl Outcome {
    fn expected_if(all: bool) -> Self {
        if all { Outcome::Expected } else { Outcome::Unexpected }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
enum Failure {
    /// Nobody reads on (`| head`).
    ClosedPipe,
    /// A file could not be read or written.
    Io { what: String, error: io::Error },
    /// The scenario is wrong.
    Scenario(Vec<Finding>),
    /// Anything else in the input.
    Input(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Io { what: "cannot write".to_owned(), error },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::ClosedPipe => f.write_str("the pipe is closed"),
            Failure::Io { what, error } => write!(f, "{what}: {error}"),
            Failure::Scenario(findings) => {
                for (index, finding) in findings.iter().enumerate() {
                    let line_end = if index == 0 { "" } else { "\n" };
                    write!(f, "{line_end}{finding}")?;
                }
                Ok(())
            }
            Failure::Input(what) => f.write_str(what),
        }
    }
}

fn print_schema() -> Result<Outcome, Failure> {
    let mut out = output::stdout();
    out.write_all(scenario::schema_text().as_bytes())?;
    out.flush()?;
    Ok(Outcome::Expected)
}
