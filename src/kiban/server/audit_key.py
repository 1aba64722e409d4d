"""The key that signs the head of the audit log: Ed25519, in a file beside the store that only its owner can read."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from kiban.errors import OutputError, Problem
from kiban.server.chain import Entry
from kiban.whole_files import write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "audit-key.pem"
CONTEXT = b"kiban audit head 1\n"


class AuditKey:
    """A key; `public` is its public half in hexadecimal digits."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw().hex()

    def sign(self, head: Entry) -> str:
        """The signature over `number`, `hash` and `time` of a head, in hexadecimal digits."""
        return self._private.sign(_content(head)).hex()


def is_signed(head: Entry, *, key: str, signature: str) -> bool:
    """Whether this public key signed the head; both in hexadecimal digits."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), _content(head))
    except (InvalidSignature, ValueError):
        return False
    return True


def _content(head: Entry) -> bytes:
    values = [head[name] for name in ("number", "hash", "time")]
    return CONTEXT + json.dumps(values, allow_nan=False, separators=(",", ":")).encode("ascii")


def read_key(folder: Path) -> AuditKey | None:
    """The key in a folder, None where there is none; `OutputError` where others can read it or it is no key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = folder / KEY_FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(10_000)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(Problem("serve.key_unreadable", str(path), reason=_reason(error))) from None
    if os.name != "nt" and stat.S_IMODE(mode) & 0o077:
        raise OutputError(Problem("serve.key_open", str(path), mode=f"{stat.S_IMODE(mode):04o}"))
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise OutputError(Problem("serve.key_damaged", str(path)))
    return AuditKey(private)


def find_or_make_key(folder: Path) -> AuditKey:
    """The key in a folder, made where there is none; raises `OutputError` as `read_key`, and if it cannot be made."""
    found = read_key(folder)
    if found is not None:
        return found
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / KEY_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another server on this folder was quicker; its key is the key
            write_whole(path, content, only_owner=True)
    except OSError as error:
        raise OutputError(Problem("serve.key_unwritable", str(path), reason=_reason(error))) from None
    made = read_key(folder)
    assert made is not None
    return made


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
