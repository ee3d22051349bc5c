//! The command line: arguments, progress, exit codes. The only floor that prints.

/// Runs the `mxsim` command with the arguments of this process.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
