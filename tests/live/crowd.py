"""A crowd: so many IMAP connections at one time, each of which is served. Arguments: port, number."""

import resource
import select
import socket
import sys
import time

port, count = map(int, sys.argv[1:])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
wanted = count + 100
if hard != resource.RLIM_INFINITY and hard < wanted:
    raise SystemExit(f"only {hard} files may be open")
resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def all_answer(sockets, ends_with):
    """Reads from all until each has had such a line."""
    poll = select.poll()
    waiting = {one.fileno(): (one, b"") for one in sockets}
    for number in waiting:
        poll.register(number, select.POLLIN)
    deadline = time.monotonic() + 120
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} have no answer"
        for number, _ in poll.poll(1000):
            one, had = waiting[number]
            octets = one.recv(65536)
            assert octets, f"closed after {had!r}"
            had += octets
            waiting[number] = one, had
            if ends_with in had:
                del waiting[number]
                poll.unregister(number)


started = time.monotonic()
sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
all_answer(sockets, b"* OK")
opened = time.monotonic()
for at, one in enumerate(sockets):
    user = ["alice", "bob", "carol"][at % 3]
    one.sendall(f"a LOGIN {user}@example.org playground\r\nb SELECT INBOX\r\n".encode())
all_answer(sockets, b"\r\nb OK")
for one in sockets:
    one.sendall(b"c NOOP\r\n")
all_answer(sockets, b"c OK")
for one in sockets[::2]:
    one.sendall(b"d LOGOUT\r\n")
all_answer(sockets[::2], b"d OK")
ended = time.monotonic()
print(f"{count} open after {opened - started:.1f} s, served after {ended - started:.1f} s")
