"""A mail server for tests, in one directory: what it accepts is a file there; what it does is said by whom the mail is for.

    smtp.py DIRECTORY    prints the port, then serves until it is ended

    refuse…@     550, always
    defer2…@     451 for the first two messages to the address
    delay3…@     answers after three seconds
    drop1…@      ends the connection in the middle of the first message to the address
    anything     accepted: an .eml file, whose first lines say in X-Test- fields what the protocol said

The second word of what is printed is the port of the same server without SMTPUTF8.
"""

import asyncio
import collections
import os
import re
import sys

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, directory):
        self.directory, self.count, self.seen = directory, 0, collections.Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refuse"):
            # As servers do: the address is repeated.
            return f"550 5.1.1 <{address}>: no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        wish = re.match(r"(defer|delay|drop)(\d+)", address)
        self.seen[address] += 1
        if wish and wish[1] == "defer" and self.seen[address] <= int(wish[2]):
            return f"451 4.7.1 <{address}>: try again later"
        if wish and wish[1] == "delay":
            await asyncio.sleep(int(wish[2]))
        self.count += 1
        head = (f"X-Test-From: {envelope.mail_from}\r\nX-Test-To: {','.join(envelope.rcpt_tos)}\r\n"
                f"X-Test-Hello: {session.host_name}\r\nX-Test-Options: {' '.join(envelope.mail_options)}\r\n")
        draft = os.path.join(self.directory, f".{self.count}")
        with open(draft, "wb") as file:
            file.write(head.encode() + envelope.original_content)
        os.rename(draft, os.path.join(self.directory, f"{self.count:06}.eml"))
        return "250 OK"


class Server(SMTP):
    async def smtp_DATA(self, arg):
        to = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        wish = re.match(r"drop(\d+)", to)
        if wish and self.event_handler.seen[to] < int(wish[1]):
            self.event_handler.seen[to] += 1
            await self.push("354 go on")
            await self._reader.read(40)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


async def main(directory):
    handler, ports, servers = Handler(directory), [], []
    loop = asyncio.get_running_loop()
    for utf8 in (True, False):
        def protocol(utf8=utf8):
            return Server(handler, enable_SMTPUTF8=utf8, decode_data=False, hostname="mail.test", loop=loop)
        server = await loop.create_server(protocol, "127.0.0.1", 0)
        servers.append(server)
        ports.append(str(server.sockets[0].getsockname()[1]))
    print(*ports, flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(sys.argv[1]))
