//! Programs that people read and write mail with.

use std::fs;
use std::path::Path;

use crate::served::{Served, control, output, python_clients, run, swaks, wait};

#[test]
fn what_swaks_submits_in_one_domain_curl_reads_in_the_other() {
    let served = Served::playground(&["--control", "0", "--pace", "max"]);
    let Some(dialogue) = swaks(&served, "bob@example.com", &["--header", "Subject: by swaks"])
    else {
        return;
    };
    assert!(dialogue.contains("250 2.0.0 Ok: queued"), "{dialogue}");
    let Some(told) = wait(&served, "account=bob@example.com&subject=by%20swaks") else { return };
    assert!(told.contains("\"uid\":1"), "{told}");
    let port = served.port("imap.example.com", "imap");
    let url = format!("imap://127.0.0.1:{port}/INBOX;MAILINDEX=1");
    let login = ["-sS", "-u", "bob@example.com:playground"];
    let message = output("curl", &[&login[..], &[&url]].concat()).unwrap();
    // It has crossed the DNS and two MTAs: what the last one found at the MX of the domain.
    let received: Vec<&str> =
        message.lines().filter(|line| line.starts_with("Received: from ")).collect();
    let hosts = ["mx1.example.com", "smtp.example.org", ""];
    assert_eq!(received.len(), hosts.len(), "{message}");
    for (field, host) in received.iter().zip(hosts) {
        assert!(field.contains(host), "{field}");
    }
    assert!(message.contains("Subject: by swaks"), "{message}");
    let pop3 = format!("pop3://127.0.0.1:{}/1", served.port("imap.example.com", "pop3"));
    let same = output("curl", &[&login[..], &[&pop3]].concat()).unwrap();
    assert_eq!(same, message);
    assert_eq!(served.stop(), 0);
}

#[test]
fn the_ports_in_the_readme_are_those_of_the_playground() {
    let readme = include_str!("../../README.md");
    let served = Served::playground(&[]);
    let base = served.port("a.root-servers.net", "dns");
    for (host, service, before) in [
        ("smtp.example.org", "submission", "swaks --server 127.0.0.1:"),
        ("imap.example.com", "imap", "'imap://127.0.0.1:"),
        ("resolver.example.org", "dns", "dig @127.0.0.1 -p "),
    ] {
        let shown = format!("{before}{}", 20_000 + served.port(host, service) - base);
        assert!(readme.contains(&shown), "the README should say: {shown}");
    }
}

#[test]
fn curl_reads_through_tls_with_a_certificate_that_it_trusts_today() {
    let served = Served::playground(&["--control", "0", "--pace", "max", "--start", "now"]);
    let letter = r#"{"to":["bob@example.com"],"subject":"sealed","via":"store"}"#;
    let Some(_) = control(&served, "POST", "/messages", letter) else { return };
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, control(&served, "GET", "/ca.pem", "").unwrap()).unwrap();
    let ca = ca.display().to_string();
    for (service, path) in [("imaps", "INBOX;MAILINDEX=1"), ("pop3s", "1")] {
        let port = served.port("imap.example.com", service);
        let resolve = format!("imap.example.com:{port}:127.0.0.1");
        let url = format!("{service}://imap.example.com:{port}/{path}");
        let login = ["-sS", "-u", "bob@example.com:playground", "--cacert", &ca];
        let read = output("curl", &[&login[..], &["--resolve", &resolve, &url]].concat()).unwrap();
        assert!(read.contains("Subject: sealed"), "{read}");
    }
}

#[test]
fn swaks_submits_through_tls_too() {
    let served = Served::playground(&["--pace", "max"]);
    let Some(dialogue) = swaks(&served, "bob@example.com", &["--tls"]) else { return };
    assert!(dialogue.contains("TLS started with cipher TLSv1.3"), "{dialogue}");
    let server = format!("127.0.0.1:{}", served.port("smtp.example.org", "submissions"));
    let implicit = ["--tls-on-connect", "--server", &server];
    let dialogue = swaks(&served, "bob@example.com", &implicit).unwrap();
    assert!(dialogue.contains("250 2.0.0 Ok: queued"), "{dialogue}");
}

#[test]
fn a_border_mta_takes_mail_of_strangers_for_its_own_users_alone() {
    let served = Served::playground(&["--pace", "max"]);
    let server = format!("127.0.0.1:{}", served.port("mx1.example.com", "smtp"));
    let send = |to: &str| {
        run("swaks", &["--server", &server, "--from", "stranger@example.net", "--to", to])
    };
    let Some(taken) = send("bob@example.com") else { return };
    assert!(taken.status.success());
    for (to, reply) in [("nobody@example.com", "550 5.1.1"), ("alice@example.org", "554 5.7.1")] {
        let refused = send(to).unwrap();
        let dialogue = String::from_utf8_lossy(&refused.stdout);
        assert!(!refused.status.success() && dialogue.contains(reply), "{dialogue}");
    }
}

#[test]
fn dig_walks_down_from_the_root() {
    let served = Served::playground(&["--pace", "max"]);
    let ask = |host: &str, more: &[&str]| {
        let port = served.port(host, "dns").to_string();
        let base = ["@127.0.0.1", "-p", &port, "+tries=1", "+time=10", "+nocookie"];
        output("dig", &[&base[..], more].concat())
    };
    // Each server names the next one, with its address.
    let Some(root) = ask("a.root-servers.net", &["+norecurse", "example.com", "MX"]) else {
        return;
    };
    assert!(root.contains("a.nic.com.") && root.contains("198.51.100.3"), "{root}");
    let tld = ask("a.nic.com", &["+norecurse", "example.com", "MX"]).unwrap();
    assert!(tld.contains("ns1.example.com.") && tld.contains("AUTHORITY: 1"), "{tld}");
    let authority = ask("ns1.example.com", &["+norecurse", "example.com", "MX"]).unwrap();
    assert!(authority.contains("flags: qr aa;") && authority.contains("10 mx1.example.com."));
    // A resolver does all of that, by UDP and by TCP.
    for transport in ["+notcp", "+tcp"] {
        let short =
            ask("resolver.example.org", &[transport, "+short", "example.com", "MX"]).unwrap();
        assert_eq!(short, "10 mx1.example.com.\n");
    }
    let missing = ask("resolver.example.org", &["nothing.example.com", "A"]).unwrap();
    assert!(missing.contains("status: NXDOMAIN"), "{missing}");
}

#[test]
fn pythons_modules_write_and_read() {
    let served = Served::playground(&["--pace", "max"]);
    python_clients(&served);
}

#[test]
fn mbsync_syncs_in_both_directions() {
    let served = Served::playground(&["--control", "0", "--pace", "max"]);
    let Some(_) = swaks(&served, "bob@example.com", &["--header", "Subject: from afar"]) else {
        return;
    };
    let Some(_) = wait(&served, "account=bob@example.com") else { return };
    let folder = tempfile::tempdir().unwrap();
    let port = served.port("imap.example.com", "imap");
    let config = folder.path().join("mbsyncrc");
    let at = folder.path().display();
    fs::write(
        &config,
        format!(
            "IMAPAccount far\nHost 127.0.0.1\nPort {port}\nUser bob@example.com\n\
             Pass playground\nSSLType None\nAuthMechs LOGIN PLAIN\n\n\
             IMAPStore far\nAccount far\n\n\
             MaildirStore near\nPath {at}/mail/\nInbox {at}/mail/INBOX\nSubFolders Verbatim\n\n\
             Channel both\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\n\
             Sync All\nSyncState *\n"
        ),
    )
    .unwrap();
    fs::create_dir(folder.path().join("mail")).unwrap();
    let sync = || {
        let config = config.display().to_string();
        output("mbsync", &["-c", &config, "-a"])
    };
    let Some(_) = sync() else { return };
    let inbox = folder.path().join("mail/INBOX");
    let pulled = messages(&inbox);
    assert_eq!(pulled.len(), 1, "{pulled:?}");
    assert!(pulled[0].contains("Subject: from afar"));
    // Back: a message and a folder of the near side.
    let draft = "From: bob@example.com\nSubject: from near\n\nx\n";
    fs::write(inbox.join("new/1.near"), draft).unwrap();
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(folder.path().join("mail/Archive").join(part)).unwrap();
    }
    fs::write(folder.path().join("mail/Archive/new/2.near"), draft.replace("near", "archive"))
        .unwrap();
    sync().unwrap();
    let told = wait(&served, "account=bob@example.com&subject=from%20near&mailbox=INBOX").unwrap();
    assert!(told.contains("\"uid\":2"), "{told}");
    wait(&served, "account=bob@example.com&subject=from%20archive&mailbox=Archive").unwrap();
    // Removed there, removed here.
    for file in
        fs::read_dir(inbox.join("cur")).unwrap().chain(fs::read_dir(inbox.join("new")).unwrap())
    {
        let path = file.unwrap().path();
        if fs::read_to_string(&path).unwrap().contains("from afar") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (stem, flags) = name.split_once(":2,").unwrap_or((&name, ""));
            let trashed = inbox.join("cur").join(format!("{stem}:2,{flags}T"));
            fs::rename(&path, trashed).unwrap();
        }
    }
    sync().unwrap();
    assert_eq!(messages(&inbox).len(), 1);
    let login = ["-sS", "-u", "bob@example.com:playground"];
    let url = format!("imap://127.0.0.1:{port}/INBOX?ALL");
    let left = output("curl", &[&login[..], &[&url]].concat()).unwrap();
    assert_eq!(left.trim(), "* SEARCH 1");
}

/// What is in a Maildir.
fn messages(folder: &Path) -> Vec<String> {
    let files = ["cur", "new"].map(|part| fs::read_dir(folder.join(part)).unwrap());
    let files = files.into_iter().flatten();
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}
