"""The control API, as a test suite in Python uses it: with the standard library alone.

MXSIM names the command; without it the one of the debug build is taken.
"""

import http.client
import json
import os
import pathlib
import re
import signal
import smtplib
import subprocess
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MXSIM = os.environ.get("MXSIM", str(ROOT / "target" / "debug" / "mxsim"))
PLAYGROUND = str(ROOT / "scenarios" / "playground.json")
BOB = "bob@example.com"


class Served:
    """A playground that is served, with what a test asks of it."""

    def __init__(self, *options):
        services = ["smtp.example.org:587=0", "imap.example.com:143=0", "mx1.example.com:25=0"]
        maps = [option for service in services for option in ("--map", service)]
        self.process = subprocess.Popen(
            [MXSIM, "serve", PLAYGROUND, "--json", "--control", "0", *maps, *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.real = {}
        for line in self.process.stdout:
            told = json.loads(line)
            if told.get("ready"):
                self.control = told["control"]
                break
            self.real[told["host"], told["service"]] = told["real"].rsplit(":", 1)

    def __call__(self, method, path, body=None, status=200, **query):
        """Asks the API, and gives what it answers."""
        connection = http.client.HTTPConnection(self.control, timeout=60)
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection.request(method, target, None if body is None else json.dumps(body))
        response = connection.getresponse()
        octets = response.read()
        assert response.status == status, (method, target, response.status, octets)
        if response.headers["Content-Type"] == "application/json":
            return json.loads(octets)
        return octets.decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0


@pytest.fixture
def served():
    server = Served("--pace", "max")
    yield server
    server.stop()


def submit(served, to=BOB, subject="Hello"):
    host, port = served.real["smtp.example.org", "submission"]
    with smtplib.SMTP(host, int(port)) as smtp:
        smtp.login("alice@example.org", "playground")
        text = f"From: alice@example.org\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nHello Bob\r\n"
        assert smtp.sendmail("alice@example.org", [to], text) == {}


def test_a_submitted_message_is_waited_for_and_read(served):
    assert served("GET", "/health")["status"] == "ok"
    submit(served)
    [message] = served("GET", "/messages/wait", account=BOB, subject="hello", timeout="30s")
    assert (message["from"], message["to"]) == ("alice@example.org", BOB)
    where = f"/messages/{BOB}/INBOX/{message['uid']}"
    whole = served("GET", where)
    assert whole["text"].rstrip() == "Hello Bob"
    received = [field["value"] for field in whole["header"] if field["name"] == "Received"]
    assert len(received) == 3, "the submission server, the border MTA and the mailbox server"
    raw = served("GET", where + "/raw")
    assert raw.endswith("Hello Bob\r\n") and len(raw) == message["octets"]
    mailboxes = served("GET", "/mailboxes", account=BOB)
    assert [(box["mailbox"], box["messages"]) for box in mailboxes] == [("INBOX", 1)]
    assert served("DELETE", where) == {"removed": 1}
    served("GET", where, status=404)
    assert served("GET", "/messages") == []


def test_waiting_has_an_end(served):
    before = served("GET", "/health")["time_ns"]
    told = served("GET", "/messages/wait", status=408, account=BOB, within="1h")
    assert told["found"] == 0
    after = served("GET", "/health")["time_ns"]
    assert after - before >= 3_600 * 10**9, "an hour of simulated time, jumped over"


def test_a_message_is_delivered_by_smtp_or_put_into_the_store(served):
    letter = {"from": "stranger@example.net", "to": [BOB], "subject": "By SMTP", "text": "x"}
    told = served("POST", "/messages", letter, status=201)
    assert told["recipients"][0]["accepted"] and told["via"] == "smtp"
    served("GET", "/messages/wait", account=BOB, subject="By SMTP", timeout="30s")
    told = served("POST", "/messages", {**letter, "to": ["nobody@example.com"]}, status=422)
    assert told["recipients"][0]["reply"].startswith("550")
    login = {"user": "carol@example.org", "password": "playground"}
    own = {"from": "carol@example.org", "server": "smtp.example.org:587", "login": login}
    served("POST", "/messages", {**letter, **own, "subject": "Submitted"}, status=201)
    served("GET", "/messages/wait", account=BOB, subject="Submitted", timeout="30s")
    login["password"] = "wrong"
    told = served("POST", "/messages", {**letter, **own}, status=422)
    assert "535" in told["error"]
    raw = {"via": "store", "to": [BOB, "carol@example.com"], "raw": "Subject: Stored\n\ntext\n"}
    told = served("POST", "/messages", raw, status=201)
    assert [stored["account"] for stored in told["stored"]] == [BOB, "carol@example.com"]
    assert len(served("GET", "/messages", subject="stored")) == 2
    assert served("DELETE", "/messages", subject="stored") == {"removed": 2}
    served("POST", "/messages", {**raw, "to": ["nobody@example.com"]}, status=404)
    assert len(served("GET", "/messages")) == 2


def test_faults_are_triggered_and_cleared(served):
    fault = served("POST", "/faults", {"crash": "imap.example.com"}, status=201)
    told = served("POST", "/messages", {"via": "store", "to": [BOB], "raw": "x"}, status=409)
    assert "down" in told["error"]
    submit(served)
    served("GET", "/messages/wait", status=408, account=BOB, within="1m")
    assert [one["id"] for one in served("GET", "/faults")] == [fault["id"]]
    assert served("DELETE", f"/faults/{fault['id']}") == {"cleared": 1}
    served("GET", "/messages/wait", account=BOB, timeout="30s")
    # A rule of a name server.
    rule = {"dns": {"server": "resolver.example.org", "answer": "servfail"}}
    number = served("POST", "/faults", rule, status=201)["id"]
    submit(served, subject="Later")
    served("GET", "/messages/wait", status=408, account=BOB, subject="Later", within="1m")
    assert "SERVFAIL" in served("GET", "/transcript", protocol="dns")
    served("DELETE", f"/faults/{number}")
    served("GET", "/messages/wait", account=BOB, subject="Later", timeout="30s")
    # A fault with an end of its own.
    served("POST", "/faults", {"isolate": "mx1.example.com", "for": "10m"}, status=201)
    submit(served, subject="Much later")
    served("GET", "/messages/wait", account=BOB, subject="Much later", timeout="30s")
    assert served("DELETE", "/faults") == {"cleared": 1}
    told = served("POST", "/faults", {"crash": "mx9.example.com"}, status=422)
    assert 'no host is named "mx9.example.com"' in told["error"]
    served("POST", "/faults", {"burn": "mx1.example.com"}, status=422)
    served("DELETE", "/faults/99", status=404)


def test_a_reset_world_has_the_same_history(served):
    served("POST", "/reset", {})
    first = served("POST", "/advance", {"to": "30s"})
    served("POST", "/messages", {"via": "store", "to": [BOB], "raw": "x"}, status=201)
    assert served("GET", "/messages") != []
    served("POST", "/reset")
    assert served("GET", "/messages") == []
    assert served("POST", "/advance", {"to": "30s"}) == first
    served("POST", "/reset", {"seed": 2})
    other = served("POST", "/advance", {"to": "30s"})
    assert other["seed"] == 2 and other["time_ns"] == first["time_ns"]
    served("POST", "/advance", {"to": "1s"}, status=409)
    served("POST", "/advance", {}, status=400)


def test_the_transcript_begins_where_one_wants(served):
    submit(served)
    served("GET", "/messages/wait", account=BOB, timeout="30s")
    since = served("GET", "/health")["time"]
    assert "RCPT TO:<bob@example.com>" in served("GET", "/transcript")
    assert "RCPT TO" not in served("GET", "/transcript", since=since + "s")
    lines = served("GET", "/transcript", format="jsonl", protocol="smtp").splitlines()
    assert lines and all(json.loads(line)["protocol"] == "smtp" for line in lines)
    served("GET", "/transcript", since="yesterday", status=400)
    served("GET", "/transcript", format="pdf", status=400)


def test_what_is_wrong_is_told(served):
    served("GET", "/nothing", status=404)
    served("POST", "/health", status=405)
    assert "means nothing" in served("GET", "/messages", status=400, form="x")["error"]
    served("GET", "/messages/nobody@example.com/INBOX/1", status=404)
    served("GET", f"/messages/{BOB}/INBOX/x", status=400)
    served("POST", "/messages", {"to": []}, status=400)
    served("POST", "/messages", {"to": [BOB], "cheese": 1}, status=400)
    connection = http.client.HTTPConnection(served.control, timeout=10)
    connection.request("GET", "/health", headers={"Origin": "http://evil.example"})
    assert connection.getresponse().status == 403
    connection = http.client.HTTPConnection(served.control, timeout=10)
    connection.request("GET", "/health", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403


def test_the_description_names_every_path(served):
    document = served("GET", "/openapi.json")
    assert document == json.loads((ROOT / "docs" / "openapi.json").read_text())
    for path, methods in document["paths"].items():
        filled = re.sub(r"{[a-z]+}", "0", path)
        for method in ["get", "post", "delete", "put"]:
            connection = http.client.HTTPConnection(served.control, timeout=60)
            if (method, path) in [("post", "/reset"), ("get", "/messages/wait")]:
                continue
            connection.request(method.upper(), filled)
            status = connection.getresponse().status
            assert (status == 405) == (method not in methods), (method, path, status)


def test_services_and_certificate_are_there(served):
    services = served("GET", "/services")
    assert {service["service"] for service in services} == {"submission", "imap", "smtp"}
    assert "BEGIN CERTIFICATE" in served("GET", "/ca.pem")
