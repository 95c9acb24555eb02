"""A real SMTP server in a process of its own, whose answers follow from the address.

    python smtp_server.py MAILS [PORT [PEM]]

writes accepted mails as JSON lines to MAILS and prints its port; with a PEM file it insists on STARTTLS.

permfail 550 at RCPT · tempfail 451 at RCPT · policy 554 5.7.1 at DATA · datafail 554 at DATA ·
busy 421 at RCPT · drop takes the mail and hangs up without an answer · hang takes the mail and never answers
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP

REFUSED_AT_RCPT = {
    "permfail": "550 5.1.1 no such user",
    "tempfail": "451 4.3.0 try later",
    "busy": "421 4.3.2 busy",
}
REFUSED_AT_DATA = {"policy": "554 5.7.1 refused", "datafail": "554 rejected"}


class Answers:
    def __init__(self, path):
        self.mails = open(path, "a", encoding="utf-8")  # open as long as the process lives

    async def handle_RCPT(self, server, session, envelope, address, options):
        word = address.partition("@")[0].partition("+")[0]
        if word in REFUSED_AT_RCPT:
            return REFUSED_AT_RCPT[word]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        word = envelope.rcpt_tos[0].partition("@")[0].partition("+")[0]
        if word in REFUSED_AT_DATA:
            return REFUSED_AT_DATA[word]
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        line = {
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "message_id": mail["Message-ID"],
            "subject": mail["Subject"],
            "text": mail.get_body(("plain",)).get_content(),
            "html": mail.get_body(("html",)).get_content(),
        }
        self.mails.write(json.dumps(line) + "\n")
        self.mails.flush()
        if word == "drop":
            server.transport.abort()
        if word == "hang":
            await asyncio.sleep(3600)
        return "250 OK"


async def main():
    answers = Answers(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    tls = None
    if len(sys.argv) > 3:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[3])
    loop = asyncio.get_running_loop()

    def session():
        return SMTP(answers, enable_SMTPUTF8=False, tls_context=tls, require_starttls=tls is not None)

    server = await loop.create_server(session, "127.0.0.1", port)
    os.write(1, f"{server.sockets[0].getsockname()[1]}\n".encode())
    await server.serve_forever()


asyncio.run(main())
