"""Reads a message as any mail program does and prints what it found as JSON."""

import email
import email.policy
import json
import sys

message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
text, html = message.get_body(("plain",)), message.get_body(("html",))
print(json.dumps({
    "headers": [[name, str(value)] for name, value in message.items()],
    "defects": [str(defect) for part in message.walk() for defect in part.defects],
    "type": message.get_content_type(),
    "text": text and text.get_content(),
    "html": html and html.get_content(),
    "files": [
        [part.get_filename(), part.get_content_type(), part.get_payload(decode=True).hex()]
        for part in message.iter_attachments()
    ],
}))
