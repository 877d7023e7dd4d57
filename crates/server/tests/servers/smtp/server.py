"""Mail servers for tests: several on loopback, each in another mood; and one that speaks HTTPS. Says where they are on one line of JSON, and ends when its input ends.

    server.py FOLDER

The authority that signed their certificates is FOLDER/authority.pem, another one that did not is FOLDER/other.pem. Each message taken is a file
FOLDER/message-N.json. What happens to a message is told by who it is for: later@, never@, later-data@, never-data@, slow@.
"""

import asyncio
import base64
import datetime
import ipaddress
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = pathlib.Path(sys.argv[1])
USER, PASSWORD = b"portal", "pass word with ü".encode()


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def certificate(name, key, issuer, issuer_key, authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if not authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_context():
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = certificate("authority", authority_key, None, authority_key, True)
    leaf = certificate("localhost", key, authority, authority_key, False)
    other_key = ec.generate_private_key(ec.SECP256R1())
    (folder / "authority.pem").write_bytes(pem(authority))
    (folder / "other.pem").write_bytes(pem(certificate("other", other_key, None, other_key, True)))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "leaf.pem").write_bytes(secret + pem(leaf))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    return context


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        mood = address.split("@")[0]
        # A server that names the address, as many do.
        if mood == "later":
            return f"451 4.3.0 <{address}>: not now"
        if mood == "never":
            return f"550 5.1.1 <{address}>: nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mood = envelope.rcpt_tos[0].split("@")[0]
        if mood == "later-data":
            return "452 4.3.1 no room"
        if mood == "never-data":
            return "554 5.6.0 not such a message"
        Handler.count += 1
        text = json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": base64.b64encode(envelope.original_content).decode(),
            "tls": session.ssl is not None,
            "hello": session.host_name,
            "peer": session.peer[1],
            "login": session.auth_data.login.decode() if session.auth_data else None,
        })
        beside = folder / f".message-{Handler.count}"
        beside.write_text(text)
        beside.rename(folder / f"message-{Handler.count}.json")
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == USER and data.password == PASSWORD
    return AuthResult(success=right, handled=right, auth_data=data if right else None)


async def refusing(greeting, reader, writer):
    writer.write(greeting)
    await writer.drain()
    await reader.read(100)
    writer.close()


async def main():
    loop, context, handler = asyncio.get_running_loop(), make_context(), Handler()

    async def serve(ssl_context=None, **options):
        server = await loop.create_server(lambda: SMTP(handler, hostname="localhost", loop=loop, **options), "127.0.0.1", 0, ssl=ssl_context)
        return server.sockets[0].getsockname()[1]

    async def refuse(greeting):
        server = await asyncio.start_server(lambda reader, writer: refusing(greeting, reader, writer), "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def web(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    website = await asyncio.start_server(web, "127.0.0.1", 0, ssl=context)
    login = {"authenticator": authenticate, "auth_required": True}
    ports = {
        "plain": await serve(),
        "starttls": await serve(tls_context=context, require_starttls=True, **login),
        "wrapped": await serve(ssl_context=context, auth_require_tls=False, **login),
        "greets_with_never": await refuse(b"554 5.3.2 no service for localhost\r\n"),
        "greets_with_nonsense": await refuse(b"HTTP/1.1 400 anna@example.nl\r\n"),
        "closes": await refuse(b""),
        "https": website.sockets[0].getsockname()[1],
    }
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)


asyncio.run(main())
