//! The `mxsim` command. Everything it does is in the library's floor `cli`.

fn main() -> std::process::ExitCode {
    mxsim::cli::main()
}
