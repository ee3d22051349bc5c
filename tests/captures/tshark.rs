//! What `tshark` says of a capture.

use std::io::{ErrorKind, Write};
use std::process::Command;

use tempfile::NamedTempFile;

/// The program.
pub(crate) struct Tshark;

/// What it remarks on a TCP segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) time_ns: u64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) sequence: u32,
    /// Sent again, or out of order.
    pub(crate) is_resent: bool,
    /// All that it says.
    pub(crate) text: String,
}

/// What tshark 4.0 takes for malformed is right: a user name that is a literal (RFC 9051 §4.3).
const LITERAL_LOGIN: &str =
    "imap.request.command == \"LOGIN\" && imap.request.username contains \"{\"";

impl Tshark {
    /// It must be there where tests count.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub(crate) fn find() -> Option<Tshark> {
        match Command::new("tshark").arg("--version").output() {
            Ok(_) => Some(Tshark),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                assert!(std::env::var_os("CI").is_none(), "no tshark to read captures with");
                eprintln!("skipped: there is no tshark");
                None
            }
            Err(error) => panic!("tshark: {error}"),
        }
    }

    /// What it prints of a capture, all checksums checked.
    pub(crate) fn read(&self, capture: &[u8], arguments: &[&str]) -> String {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(capture).and_then(|()| file.flush()).expect("a file that takes all");
        let output = Command::new("tshark")
            .args(["-n", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"])
            .args(["-o", "udp.check_checksum:TRUE", "-r"])
            .arg(file.path())
            .args(arguments)
            .output()
            .expect("tshark");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tshark {arguments:?}: {stderr}");
        // Root is warned of itself.
        let complaint = stderr.lines().find(|line| !line.starts_with("Running as user"));
        assert_eq!(complaint, None, "tshark {arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The lines of the packets for which a display filter holds.
    pub(crate) fn lines(&self, capture: &[u8], filter: &str) -> Vec<String> {
        self.read(capture, &["-Y", filter]).lines().map(str::to_owned).collect()
    }

    /// The packets that are malformed or whose checksums are wrong, and what it remarks on TCP.
    pub(crate) fn remarks(&self, capture: &[u8]) -> (Vec<String>, Vec<Remark>) {
        const FIELDS: [&str; 11] = [
            "frame.time_epoch",
            "ip.src",
            "ipv6.src",
            "tcp.srcport",
            "ip.dst",
            "ipv6.dst",
            "tcp.dstport",
            "tcp.seq_raw",
            "tcp.analysis.flags",
            "_ws.expert.severity",
            "_ws.col.Info",
        ];
        let filter = format!("tcp.analysis.flags || ({ERROR}) && !({LITERAL_LOGIN})");
        let mut arguments = vec!["-Y", &filter, "-T", "fields", "-E", "separator=|"];
        if capture.len() > LARGE {
            arguments.extend(["-o", "tcp.desegment_tcp_streams:FALSE"]);
        }
        arguments.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
        let table = self.read(capture, &arguments);
        let (mut errors, mut remarks) = (Vec::new(), Vec::new());
        for line in table.lines() {
            let fields: Vec<&str> = line.splitn(FIELDS.len(), '|').collect();
            let [time, src4, src6, from, dst4, dst6, to, sequence, flags, severity, info] =
                fields[..]
            else {
                panic!("{line}")
            };
            let severities = severity.split(',').filter_map(|severity| severity.parse().ok());
            if flags.is_empty() || severities.max() >= Some(SEVERITY_OF_ERRORS) {
                errors.push(line.to_owned());
            }
            if flags.is_empty() {
                continue;
            }
            let end = |v4: &str, v6: &str, port: &str| match v6 {
                "" => format!("{v4}:{port}"),
                v6 => format!("[{v6}]:{port}"),
            };
            let (secs, nanos) = time.split_once('.').expect("seconds with nanoseconds");
            let number = |text: &str| text.parse::<u64>().expect("a number");
            remarks.push(Remark {
                time_ns: number(secs) * 1_000_000_000 + number(nanos),
                from: end(src4, src6, from),
                to: end(dst4, dst6, to),
                sequence: u32::try_from(number(sequence)).expect("32 bits"),
                is_resent: info.contains("Retransmission") || info.contains("Out-Of-Order"),
                text: info.to_owned(),
            });
        }
        (errors, remarks)
    }
}

/// Of larger captures each segment is dissected for itself: what spans ten thousand of them takes tshark
/// a minute.
const LARGE: usize = 4 << 20;

/// Among them bad checksums, which are errors of the expert too.
const ERROR: &str = "_ws.malformed || _ws.expert.severity >= 8388608";
const SEVERITY_OF_ERRORS: u32 = 8_388_608;
