//! A scenario that is served, and programs that use it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// `mxsim serve`, until it is dropped.
pub(crate) struct Served {
    child: Child,
    real: BTreeMap<(String, String, String), SocketAddr>,
    pub(crate) control: Option<String>,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn playground() -> PathBuf {
    root().join("scenarios/playground.json")
}

pub(crate) fn mxsim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mxsim"))
}

impl Served {
    /// The playground with every service, at ports that are free.
    pub(crate) fn playground(options: &[&str]) -> Self {
        Self::scenario(&playground(), options)
    }

    pub(crate) fn scenario(scenario: &Path, options: &[&str]) -> Self {
        // A base that seems free may be taken a moment later by another test.
        for _ in 0..20 {
            let base = free_port().to_string();
            let mut command = mxsim();
            command.arg("serve").arg(scenario).args(["--json", "--all", &base]).args(options);
            if let Some(served) = Self::start(&mut command) {
                return served;
            }
        }
        panic!("there is no free range of ports");
    }

    /// `None` when it ended before it was ready.
    pub(crate) fn start(command: &mut Command) -> Option<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut real = BTreeMap::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let told: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            if told["ready"] == true {
                let control = told["control"].as_str().map(ToOwned::to_owned);
                return Some(Served { child, real, control });
            }
            let word = |key: &str| told[key].as_str().unwrap().to_owned();
            let key = (word("host"), word("service"), word("transport"));
            real.insert(key, word("real").parse().unwrap());
        }
        child.wait().unwrap();
        None
    }

    /// The real port of a service.
    pub(crate) fn port(&self, host: &str, service: &str) -> u16 {
        let transport = if service == "dns" { "udp" } else { "tcp" };
        let key = (host.to_owned(), service.to_owned(), transport.to_owned());
        self.real.get(&key).unwrap_or_else(|| panic!("{key:?} is served")).port()
    }

    /// Ends it as an interrupt does, and waits for that.
    pub(crate) fn stop(self) -> i32 {
        self.signal("-TERM");
        self.stop_after_signal()
    }

    /// Waits for its end.
    pub(crate) fn stop_after_signal(mut self) -> i32 {
        self.child.wait().unwrap().code().expect("it exits by itself")
    }

    pub(crate) fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(done.unwrap().success());
    }

    /// The octets of memory that it has, where that can be known.
    pub(crate) fn resident_octets(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first of some ports that are free together, as far as that can be known. They are below those
/// that systems give to clients.
fn free_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let apart = (std::process::id() % 400) as u16;
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let first = 10_000 + (apart + count) % 400 * 50;
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if (first..first + 40).all(is_free) {
            return first;
        }
    }
}

/// Runs a program; `None`, with a line that says so, where there is none of that name. It must be
/// there where tests count.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).stdin(Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            assert!(std::env::var_os("CI").is_none(), "no {program} to test with");
            eprintln!("skipped: there is no {program}");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// The same for a program that must succeed: what it wrote.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let Output { status, stdout, stderr } = run(program, arguments)?;
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{program} {arguments:?}: {status}\n{out}\n{err}");
    Some(out.into_owned())
}

/// Submits a message by swaks as alice@example.org.
pub(crate) fn swaks(served: &Served, to: &str, more: &[&str]) -> Option<String> {
    let server = format!("127.0.0.1:{}", served.port("smtp.example.org", "submission"));
    let login = ["--auth", "PLAIN", "--auth-user", "alice@example.org"];
    let mut arguments = vec!["--server", &server, "--from", "alice@example.org", "--to", to];
    arguments.extend(login);
    arguments.extend(["--auth-password", "playground", "--timeout", "30"]);
    arguments.extend(more);
    output("swaks", &arguments)
}

/// Asks the control API, and gives the body.
pub(crate) fn control(served: &Served, method: &str, path: &str, body: &str) -> Option<String> {
    let url = format!("http://{}{path}", served.control.as_ref().expect("it has a control API"));
    output("curl", &["-sS", "--fail-with-body", "-X", method, "--data", body, &url])
}

/// Waits by the control API until a message is there.
pub(crate) fn wait(served: &Served, query: &str) -> Option<String> {
    let url = format!("/messages/wait?timeout=60s&{query}");
    let url = format!("http://{}{url}", served.control.as_ref().expect("it has a control API"));
    output("curl", &["-sS", "--fail-with-body", &url])
}

/// Runs a script of this folder.
pub(crate) fn python(script: &str, arguments: &[&str]) -> Option<String> {
    let script = root().join("tests/live").join(script).display().to_string();
    let mut all = vec!["-X", "utf8", &script];
    all.extend(arguments);
    output("python3", &all)
}

/// Python's modules for mail, of which one after the other has its turn.
pub(crate) fn python_clients(served: &Served) -> Option<()> {
    let port = |host: &str, service: &str| served.port(host, service).to_string();
    let ports = [
        port("smtp.example.com", "submission"),
        port("mx1.example.org", "smtp"),
        port("imap.example.org", "imap"),
        port("imap.example.org", "pop3"),
    ];
    python("clients.py", &ports.each_ref().map(String::as_str)).map(drop)
}
