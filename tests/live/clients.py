"""CPython's smtplib, imaplib and poplib against a playground. Arguments: the ports of submission and
MX, of IMAP and POP3."""

import email
import imaplib
import poplib
import smtplib
import sys
import time

submission, mx, imap_port, pop3_port = map(int, sys.argv[1:])
HOST = "127.0.0.1"

with smtplib.SMTP(HOST, submission, timeout=30) as smtp:
    smtp.login("carol@example.com", "playground")
    text = "From: carol@example.com\r\nSubject: submitted\r\n\r\n" + "a line of text\r\n" * 20_000
    assert smtp.sendmail("carol@example.com", ["alice@example.org", "bob@example.org"], text) == {}

with smtplib.SMTP(HOST, submission, timeout=30) as smtp:
    try:
        smtp.login("carol@example.com", "wrong")
        raise SystemExit("a wrong password was taken")
    except smtplib.SMTPAuthenticationError as refused:
        assert refused.smtp_code == 535

with smtplib.SMTP(HOST, mx, timeout=30) as smtp:
    assert smtp.sendmail("x@example.net", ["alice@example.org"], "Subject: stranger\r\n\r\nx\r\n") == {}
    try:
        smtp.sendmail("x@example.net", ["nobody@example.org"], "Subject: x\r\n\r\nx\r\n")
        raise SystemExit("a stranger's mail for nobody was taken")
    except smtplib.SMTPRecipientsRefused as refused:
        assert refused.recipients["nobody@example.org"][0] == 550

imap = imaplib.IMAP4(HOST, imap_port)
imap.login("alice@example.org", "playground")
for _ in range(300):
    imap.select()
    kind, [found] = imap.search(None, "ALL")
    if len(found.split()) == 2:
        break
    time.sleep(0.1)
kind, [found] = imap.search(None, "SUBJECT", "submitted")
number = found.split()[0]
kind, parts = imap.fetch(number, "(UID FLAGS RFC822)")
message = email.message_from_bytes(parts[0][1])
assert message["Subject"] == "submitted" and message.get_payload().count("a line of text") == 20_000
assert imap.create("Archive.2026")[0] == "OK"
assert imap.copy(number, "Archive.2026")[0] == "OK"
assert imap.store(number, "+FLAGS", "\\Deleted")[0] == "OK"
assert imap.expunge()[0] == "OK"
assert imap.append("Archive.2026", "\\Seen", None, b"Subject: appended\r\n\r\nx\r\n")[0] == "OK"
kind, [state] = imap.status("Archive.2026", "(MESSAGES UNSEEN)")
assert b"MESSAGES 2" in state, state
kind, names = imap.list()
assert any(b'"."' in name and b"Archive.2026" in name for name in names), names
imap.logout()

pop3 = poplib.POP3(HOST, pop3_port, timeout=30)
pop3.user("alice@example.org")
pop3.pass_("playground")
count, octets = pop3.stat()
assert count == 1, count
_, lines, size = pop3.retr(1)
assert b"Subject: stranger" in lines and size == octets
pop3.dele(1)
pop3.quit()
