//! Conformance of the authoritative answer, by cases of one form: a zone, a question, and the
//! answers of which any is right.
//!
//! A case holds when response code, AA and the set of answer records are those of one answer. The
//! cases in `data` are the project's own; `MXSIM_FERRET_DIR=folder cargo test --test ferret --
//! --ignored` plays all `*.jsonl` of a folder, such as those derived from the FerretDataset.

use std::path::Path;
use std::sync::Arc;

use mxsim::proto::dns::{Authority, Message, Name, Record, Transport, Zone, parse_records};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: serde_json::Value,
    tag: String,
    zone: String,
    q: String,
    t: String,
    accept: Vec<Accepted>,
}

#[derive(Deserialize)]
struct Accepted {
    rcode: String,
    aa: bool,
    an: Vec<String>,
}

/// What must be equal: response code, AA and the answer as a set.
#[derive(Debug, PartialEq)]
struct Core {
    rcode: String,
    aa: bool,
    answer: Vec<String>,
}

impl Core {
    fn new(rcode: String, aa: bool, records: &[Record]) -> Self {
        let mut answer: Vec<String> =
            records.iter().map(|record| record.to_string().to_lowercase()).collect();
        answer.sort();
        answer.dedup();
        Core { rcode, aa, answer }
    }
}

/// Plays a case; an error says what was wanted and what came.
fn play(case: &Case) -> Result<(), String> {
    let read = |text: &str| {
        parse_records(&Name::root(), text).map_err(|errors| format!("{}: {text}", errors[0]))
    };
    let records = read(&case.zone)?;
    let soa = records.iter().find(|record| record.rtype().to_string() == "SOA");
    let origin = soa.ok_or("no SOA")?.name.clone();
    let zone = Zone::new(&origin, records).map_err(|errors| errors[0].to_string())?;
    let qname = case.q.parse::<Name>().map_err(|error| error.to_string())?;
    let rtype = case.t.parse().map_err(|error| format!("{error}"))?;
    let query = Message::query(1, qname, rtype).encode();
    let octets = Authority::new([Arc::new(zone)]).answer(&query, Transport::Tcp);
    let response = Message::decode(&octets.ok_or("no answer")?).map_err(|e| e.to_string())?;
    let came = Core::new(response.rcode.to_string(), response.flags.aa, &response.answers);
    let mut wanted = Vec::new();
    for accepted in &case.accept {
        let answer = read(&accepted.an.join("\n"))?;
        wanted.push(Core::new(accepted.rcode.clone(), accepted.aa, &answer));
    }
    if wanted.contains(&came) { Ok(()) } else { Err(format!("wanted {wanted:?}, came {came:?}")) }
}

/// Plays all cases of a file; gives how many hold, and what is wrong with the others.
fn play_file(path: &Path) -> (usize, Vec<String>) {
    let text = std::fs::read_to_string(path).expect("a file of cases");
    let mut held = 0;
    let mut failures = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let case: Case = serde_json::from_str(line).expect("a case a line");
        match play(&case) {
            Ok(()) => held += 1,
            Err(failure) => failures.push(format!(
                "{} {} {} {}: {failure}\n{}",
                case.id, case.tag, case.t, case.q, case.zone
            )),
        }
    }
    (held, failures)
}

#[test]
fn every_case_of_the_sample_holds() {
    let (held, failures) = play_file(Path::new("tests/data/ferret-sample.jsonl"));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(held >= 60, "{held} cases");
}

#[test]
#[ignore = "needs MXSIM_FERRET_DIR"]
fn every_case_of_the_folder_holds() {
    #[expect(clippy::disallowed_methods, reason = "says where the cases are; no run depends on it")]
    let folder = std::env::var("MXSIM_FERRET_DIR").expect("MXSIM_FERRET_DIR names a folder");
    let mut held = 0;
    let mut failures = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of cases") {
        let path = entry.expect("an entry of the folder").path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let (more, wrong) = play_file(&path);
            held += more;
            failures.extend(wrong);
        }
    }
    println!("{held} cases hold, {} do not", failures.len());
    let shown = failures.len().min(20);
    assert!(failures.is_empty(), "{}", failures[..shown].join("\n\n"));
    assert!(held > 0, "no case in the folder");
}
