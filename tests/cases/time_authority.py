"""A time-stamping authority on this machine: OpenSSL's `ts -reply` behind a small web server."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIGURATION = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamp]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
[name]
"""


@dataclass
class Authority:
    """Where it is asked, its root certificate, and what was asked; `answer` in the place of its own where given."""

    url: str
    roots: Path
    asked: list[bytes] = field(default_factory=list)
    answer: bytes | None = None
    status: int = 200


@contextmanager
def time_authority(folder: Path) -> Iterator[Authority]:
    """An authority of its own root and certificate, for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    (folder / "serial").write_text("01\n", encoding="utf-8")
    made = ("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out")
    for name in ("ca", "tsa"):
        _openssl(folder, *made, f"{name}.key")
    named = ("-config", "tsa.cnf")
    _openssl(
        folder, "req", "-new", "-x509", "-key", "ca.key", "-subj", "/CN=Test root", "-days", "2", "-out", "ca.pem",
        "-extensions", "ca", *named,
    )  # fmt: skip
    _openssl(folder, "req", "-new", "-key", "tsa.key", "-subj", "/CN=Test authority", "-out", "tsa.csr", *named)
    _openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "2", "-days",
        "2", "-extfile", "tsa.cnf", "-extensions", "stamp", "-out", "tsa.pem",
    )  # fmt: skip
    found = Authority("", folder / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked.append(query)
            reply = found.answer if found.answer is not None else _reply(folder, query)
            self.send_response(found.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _reply(folder: Path, query: bytes) -> bytes:
    (folder / "query.tsq").write_bytes(query)
    _openssl(
        folder, "ts", "-reply", "-queryfile", "query.tsq", "-config", "tsa.cnf", "-signer", "tsa.pem", "-inkey",
        "tsa.key", "-out", "reply.tsr",
    )  # fmt: skip
    return (folder / "reply.tsr").read_bytes()


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
