"""Bad manners of all kinds, while a good client is served. Arguments: a base port and the number of
ports after it, then the ports of submission and IMAP of example.org."""

import imaplib
import os
import random
import signal
import smtplib
import socket
import struct
import subprocess
import sys
import threading
import time

base, ports, submission, imap_port = map(int, sys.argv[1:])
HOST = "127.0.0.1"
draws = random.Random(7)
over = threading.Event()
kept = []


def tcp(port, timeout=10):
    return socket.create_connection((HOST, port), timeout=timeout)


def reset(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def good_client(worst):
    """Reads and writes as one should, and notes the longest wait for an answer."""
    imap = imaplib.IMAP4(HOST, imap_port)
    imap.login("bob@example.org", "playground")
    imap.select()
    while not over.is_set():
        started = time.monotonic()
        assert imap.noop()[0] == "OK"
        worst.append(time.monotonic() - started)
        time.sleep(0.02)
    imap.logout()


def garbage():
    for port in range(base, base + ports):
        for _ in range(5):
            try:
                one = tcp(port)
                one.sendall(draws.randbytes(draws.randrange(1, 100_000)))
                draws.choice([one.close, lambda: reset(one), lambda: kept.append(one)])()
            except OSError:
                pass
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for size in [0, 1, 11, 12, 13, 512, 1472, 1473, 9000, 65_507]:
            try:
                udp.sendto(draws.randbytes(size), (HOST, port))
            except OSError:
                pass


def slow_loris():
    """Forty connections, an octet now and then."""
    slow = [tcp(draws.choice([submission, imap_port])) for _ in range(40)]
    line = b"EHLO slow.example.net\r\n"
    for at in range(200):
        for one in slow:
            try:
                one.send(line[at % len(line) : at % len(line) + 1])
            except OSError:
                pass
        if over.wait(0.05):
            break
    kept.extend(slow)


def reconnects():
    for at in range(1_500):
        try:
            one = tcp(imap_port)
            if at % 3 == 0:
                one.recv(100)
            reset(one) if at % 2 else one.close()
        except OSError:
            pass


def never_reads():
    """Asks for much, again and again, and takes none of it."""
    for _ in range(4):
        one = tcp(imap_port)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.sendall(b"a LOGIN alice@example.org playground\r\nb SELECT INBOX\r\n")
        one.setblocking(False)
        asked = 0
        for at in range(20_000):
            try:
                asked += one.send(b"c%d FETCH 1:* BODY[]\r\n" % at)
            except BlockingIOError:
                if over.wait(0.01):
                    break
            except OSError:
                break
        kept.append(one)


def killed():
    """A client that is killed in the middle of DATA."""
    script = (
        "import smtplib,sys,time;s=smtplib.SMTP('127.0.0.1',%d);s.login('carol@example.org','playground');"
        "s.mail('carol@example.org');s.rcpt('bob@example.com');s.putcmd('data');s.getreply();"
        "s.send('Subject: killed\\r\\n\\r\\n'+'x'*70+'\\r\\n');print('now',flush=True);time.sleep(60)"
    ) % submission
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


# Something large to fetch.
with smtplib.SMTP(HOST, submission, timeout=60) as smtp:
    smtp.login("alice@example.org", "playground")
    text = "Subject: large\r\n\r\n" + "a line of text that is not short\r\n" * 60_000
    smtp.sendmail("alice@example.org", ["alice@example.org"], text)
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    imap = imaplib.IMAP4(HOST, imap_port)
    imap.login("alice@example.org", "playground")
    count = int(imap.select()[1][0])
    imap.logout()
    if count:
        break
    time.sleep(0.2)
assert count == 1

worst = []
good = threading.Thread(target=good_client, args=[worst])
good.start()
bad = [garbage, slow_loris, reconnects, never_reads, killed]
bad = [threading.Thread(target=one) for one in bad]
for one in bad:
    one.start()
ends = time.monotonic() + 15
for one in bad:
    one.join(max(0.1, ends - time.monotonic()))
over.set()
for one in bad + [good]:
    one.join(60)
assert len(worst) > 50, worst
worst.sort()
print(f"{len(worst)} answers, the median after {worst[len(worst) // 2]:.3f} s, the last after {worst[-1]:.3f} s")
assert worst[-1] < 5, "somebody was held up"
# All is well afterwards.
imap = imaplib.IMAP4(HOST, imap_port)
imap.login("alice@example.org", "playground")
assert imap.select()[0] == "OK"
imap.logout()
