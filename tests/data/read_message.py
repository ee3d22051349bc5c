"""Shows the structure of the message on standard input, as Python's own parser sees it.

One line a part: its media type and transfer encoding, and every defect that the parser found. The
blocks of a delivery status are shown field by field; of a message in the message, the subject.
"""

import email
import email.policy
import sys


def show(part, depth):
    defects = list(part.defects)
    for _, value in part.items():
        defects += value.defects
    encoding = part.get("content-transfer-encoding", "7bit")
    marks = "".join(f" DEFECT {defect!r}" for defect in defects)
    print("  " * depth + f"{part.get_content_type()} {encoding}{marks}")
    if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
        for block in part.get_payload():
            print("  " * (depth + 1) + "block")
            for name, value in block.items():
                text = " ".join(value.split())
                print("  " * (depth + 2) + f"{name}: {text}")
        return
    if part.get_content_maintype() == "message":
        print("  " * (depth + 1) + f"subject {part.get_payload(0)['subject']}")
    if part.is_multipart():
        for inner in part.get_payload():
            show(inner, depth + 1)


message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
for name in ("from", "to", "subject", "auto-submitted"):
    print(f"{name}: {message[name]}")
print("boundary occurs", message.as_bytes().count(b"--" + message.get_boundary().encode()))
show(message, 0)
sys.stdout.flush()
