"""A mail server that keeps what it is given: as much of SMTP (RFC 5321) as it takes to be given something."""

import email
import email.policy
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        while line := self.rfile.readline().decode("ascii", "replace").strip():
            word = line.split(" ")[0].upper()
            if word == "DATA":
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                self.server.kept.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                self.say("250 kept")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")


class Mailbox:
    def __init__(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.kept = []
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def texts_to(self, address, subject):
        """What was sent to a mailbox under a subject that begins so, oldest first."""
        kept = [message for message in list(self.server.kept) if address in str(message["To"]) and str(message["Subject"]).startswith(subject)]
        return [message.get_body(("plain",)).get_content() for message in kept]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
