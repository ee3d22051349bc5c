//! DSN (RFC 3461) and SMTPUTF8 (RFC 6531), VRFY and EXPN as questions.

use super::*;
use crate::proto::smtp::dsn::Ret;

#[test]
fn the_parameters_of_section_10_1_of_rfc_3461_arrive() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO Example.ORG
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
         S: 250 2.1.0 Ok
         C: RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
         S: 250 2.1.5 Ok
         C: RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
         S: 250 2.1.5 Ok
         C: RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
         S: 250 2.1.5 Ok
         C: RCPT TO:<Eric@Bombs.AF.MIL> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Eric@Bombs.AF.MIL
         S: 250 2.1.5 Ok
         C: RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER
         S: 250 2.1.5 Ok
         C: RCPT TO:<George@Tax-ME.GOV> NOTIFY=FAILURE ORCPT=rfc822;George@Tax-ME.GOV
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: (message goes here)
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let envelope = &owner.messages()[0].envelope;
    assert_eq!(envelope.params.ret, Some(Ret::Headers));
    assert_eq!(envelope.params.envid.as_deref(), Some("QQ314159"));
    let params = |n: usize| &envelope.recipients[n].params;
    assert_eq!(params(0).to_string(), " NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM");
    assert!(params(4).notify.expect("it was given").is_never());
    assert_eq!(params(4).orcpt, None);
}

#[test]
fn parameters_of_dsn_with_mistakes_are_refused() {
    check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@b.example> RET=FULL
         S: 555 5.5.4 Unsupported option: RET=FULL
         C: EHLO a
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<a@b.example> RET=NONE
         S: 501 5.5.4 Bad RET parameter syntax
         C: MAIL FROM:<a@b.example> ENVID=
         S: 501 5.5.4 Bad ENVID parameter syntax
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example> NOTIFY=NEVER,SUCCESS
         S: 501 5.5.4 Bad NOTIFY parameter syntax
         C: RCPT TO:<b@b.example> ORCPT=rfc822;a=b ORCPT=rfc822;c
         S: 501 5.5.4 Bad ORCPT parameter syntax
         C: RCPT TO:<b@b.example> RRVS=2014-04-03T23:01:00Z
         S: 555 5.5.4 Unsupported option: RRVS=2014-04-03T23:01:00Z",
    );
}

#[test]
fn addresses_beyond_ascii_need_smtputf8_as_in_rfc_6531() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO a
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<用户@例子.广告>
         S: 553 5.6.7 Must declare SMTPUTF8 to send unicode address
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<josé@b.example>
         S: 553 5.6.7 Must declare SMTPUTF8 to send unicode address
         C: RSET
         S: 250 2.0.0 Ok
         C: MAIL FROM:<用户@例子.广告> SMTPUTF8
         S: 250 2.1.0 Ok
         C: RCPT TO:<josé@b.example> ORCPT=utf-8;jos\\x{E9}@b.example
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Subject: ¡Hola!
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: VRFY josé SMTPUTF8
         S: 252 2.0.0 Cannot VRFY, but will take mail and try to deliver",
    );
    let envelope = &owner.messages()[0].envelope;
    assert_eq!(envelope.from.to_string(), "<用户@例子.广告>");
    let orcpt = envelope.recipients[0].params.orcpt.as_ref().expect("it was given");
    assert_eq!(orcpt.address(), "josé@b.example");
}

#[test]
fn a_server_without_smtputf8_knows_ascii_alone() {
    check_with(
        &ServerConfig { smtp_utf8: false, dsn: false, ..ServerConfig::mta("mx") },
        "S: 220 mx ESMTP
         C: EHLO a
         S: 250-mx
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250 CHUNKING
         C: MAIL FROM:<josé@b.example>
         S: 501 5.1.7 Bad sender address syntax
         C: MAIL FROM:<a@b.example> SMTPUTF8
         S: 555 5.5.4 Unsupported option: SMTPUTF8
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<josé@b.example>
         S: 501 5.1.3 Bad recipient address syntax
         C: RCPT TO:<b@b.example> NOTIFY=NEVER
         S: 555 5.5.4 Unsupported option: NOTIFY=NEVER",
    );
}

#[test]
fn octets_that_are_no_utf8_are_no_command() {
    let mut owner = Owner::new(config());
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.wire.clear();
    owner.handle(SimTime::ZERO, Input::Bytes(b"HELO a\r\nMAIL FROM:<jos\xe9@b.example>\r\n"));
    assert_eq!(owner.wire, b"250 mx.example.net\r\n500 5.5.2 Error: bad UTF-8 syntax\r\n");
}

#[test]
fn the_owner_may_be_asked_who_someone_is_as_in_appendix_d_4_of_rfc_5321() {
    let config = ServerConfig { verify: Verify::Ask, ..ServerConfig::mta("foo.com") };
    check_with(
        &config,
        "S: 220 foo.com ESMTP
         C: EHLO bar.com
         S: 250-foo.com
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: VRFY Crispin
         S: 250 2.0.0 Mark Crispin <Admin.MRC@foo.com>
         C: MAIL FROM:<EAK@bar.com>
         S: 250 2.1.0 Ok
         C: VRFY String
         S: 553 5.1.4 User ambiguous
         C: EXPN Example-People
         S: 250-2.1.5 Jon Postel <Postel@isi.edu>
         S: 250 2.1.5 Fred Fonebone <Fonebone@physics.foo-u.edu>
         C: EXPN Executive-Washroom-List
         S: 550 5.7.1 Access denied
         C: RCPT TO:<Admin.MRC@foo.com>
         S: 250 2.1.5 Ok
         C: VRFY someone
         S: 252 2.0.0 someone
         C: VRFY josé
         S: 553 5.6.7 Must declare SMTPUTF8 to send unicode address
         C: VRFY josé SMTPUTF8
         S: 252 2.0.0 josé
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Blah blah blah...
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: HELP
         S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT",
    );
    check_with(
        &ServerConfig { verify: Verify::Never, ..config },
        "S: 220 foo.com ESMTP
         C: VRFY Crispin
         S: 502 5.5.1 VRFY command is disabled
         C: EXPN Example-People
         S: 502 5.5.1 Error: command not implemented
         C: HELP
         S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP HELP QUIT",
    );
}
