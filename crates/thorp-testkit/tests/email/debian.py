"""A mail server that keeps each message in a file of the folder it is told, and prints its port."""

import pathlib
import sys

from aiosmtpd.controller import Controller


class Keep:
    def __init__(self, folder):
        self.folder, self.count = folder, 0

    async def handle_DATA(self, server, session, envelope):
        part = self.folder / "part"
        part.write_bytes(envelope.original_content)
        part.rename(self.folder / f"{self.count}.eml")
        self.count += 1
        return "250 OK"


controller = Controller(Keep(pathlib.Path(sys.argv[1])), hostname="127.0.0.1", port=int(sys.argv[2]))
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
