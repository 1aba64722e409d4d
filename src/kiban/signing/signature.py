"""A signature beside what it signs, and whether it still holds.

A folder carries it in its folder `signature`, a file in the folder `NAME.signature` beside it:

    manifest.json    what was signed: each file's SHA-256, when by the signer's clock, and by which kiban
    signature.json   the signer's fingerprint, and both signatures over the bytes of the manifest
    timestamp.tsr    where it was asked for, a third party's time over the bytes of signature.json

The bytes that are signed are the manifest's own behind one line that says what they are, so that they are no other
message's. A signature holds if both keys signed those bytes and no file was changed, taken or added, beside the
signature either.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kiban.errors import OutputError, Problem, reason_of
from kiban.signing.keys import PrivateKey, PublicKey
from kiban.signing.manifest import Differences, compare, hash_files
from kiban.version import installed_version
from kiban.whole_files import write_whole

SIGNATURE: Final = "signature"
MANIFEST_FILE: Final = "manifest.json"
SIGNATURE_FILE: Final = "signature.json"
TIMESTAMP_FILE: Final = "timestamp.tsr"
FORMAT: Final = "kiban signature"
VERSION: Final = 1
CONTEXT: Final = b"kiban signature 1\n"
LARGEST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a signed folder or file.

    `is_signed`: the key signed the manifest; only then is the rest of the manifest what the signer said.
    `signed_at` is in UTC by the signer's clock. `signer` is the fingerprint that stands in the signature, which proves
    nothing where `is_signed` is false.
    """

    is_signed: bool
    signer: str
    signed_at: str
    kiban: str
    files: int
    differences: Differences
    token: bytes | None = None
    """A third party's time stamp over `signature`, unverified; None where there is none."""
    signature: bytes = b""

    @property
    def holds(self) -> bool:
        """Whether all is as it was signed."""
        return self.is_signed and not self.differences


def signature_folder(path: Path) -> Path:
    """Where the signature of a folder or a file stands."""
    return path / SIGNATURE if path.is_dir() else path.with_name(f"{path.name}.{SIGNATURE}")


def check_unsigned(path: Path) -> None:
    """Raise `OutputError` where a path is not there or carries a signature; worth asking before a passphrase."""
    if not path.exists():
        raise OutputError(Problem("signing.nothing_there", str(path)))
    folder = signature_folder(path)
    if folder.exists():
        raise OutputError(Problem("signing.signed_already", str(path), folder=str(folder)))


def sign(
    path: Path, key: PrivateKey, *, now: datetime | None = None, stamp: Callable[[bytes], bytes] | None = None
) -> Path:
    """Sign a folder or a file and return the folder of the signature; `stamp` gives a token over `signature.json`.

    Raises `OutputError` where it carries a signature already, is not there, or cannot be written beside.
    """
    check_unsigned(path)
    folder = signature_folder(path)
    files = hash_files(path, SIGNATURE)
    if not files:
        raise OutputError(Problem("signing.nothing_in_it", str(path)))
    signed_at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    manifest = _to_json(
        {"format": FORMAT, "version": VERSION, "kiban": installed_version(), "signed_at": signed_at, "files": files}
    )
    signatures = {name: base64.b64encode(value).decode("ascii") for name, value in key.sign(CONTEXT + manifest).items()}
    signature = _to_json({"format": FORMAT, "version": VERSION, "signer": key.public.fingerprint, **signatures})
    contents = {MANIFEST_FILE: manifest, SIGNATURE_FILE: signature}
    if stamp is not None:
        contents[TIMESTAMP_FILE] = stamp(signature)
    try:
        return write_whole(folder, contents)
    except OSError as error:
        raise OutputError(Problem("output.unwritable", str(folder), reason=reason_of(error))) from None


def verify(path: Path, key: PublicKey) -> Verdict:
    """Whether this key signed a folder or a file, and how it differs from what was signed.

    Raises `OutputError` where there is no signature that can be read.
    """
    if not path.exists():
        raise OutputError(Problem("signing.nothing_there", str(path)))
    folder = signature_folder(path)
    if not folder.is_dir():
        raise OutputError(Problem("signing.not_signed", str(path), folder=str(folder)))
    content = _read(folder / MANIFEST_FILE)
    own_bytes = _read(folder / SIGNATURE_FILE)
    manifest, signature = _parse(folder / MANIFEST_FILE, content), _parse(folder / SIGNATURE_FILE, own_bytes)
    try:
        signatures = {
            name: base64.b64decode(value, validate=True)
            for name, value in signature.items()
            if name not in ("format", "version", "signer")
        }
        signed = {str(name): str(digest) for name, digest in manifest["files"].items()}
        told = (str(signature["signer"]), str(manifest["signed_at"]), str(manifest["kiban"]))
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        raise OutputError(Problem("signing.no_signature", str(folder))) from None
    found = hash_files(path, SIGNATURE)
    # The folder of the signature is not what was signed, and yet no place to leave something in.
    own = {MANIFEST_FILE, SIGNATURE_FILE, TIMESTAMP_FILE}
    found |= {f"{folder.name}/{name}": one for name, one in hash_files(folder, "").items() if name not in own}
    return Verdict(
        key.are_signatures(CONTEXT + content, signatures),
        *told,
        files=len(signed),
        differences=compare(signed, found),
        token=_read(folder / TIMESTAMP_FILE) if (folder / TIMESTAMP_FILE).exists() else None,
        signature=own_bytes,
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES)
    except OSError as error:
        raise OutputError(Problem("signing.unreadable", str(path), reason=reason_of(error))) from None


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        raise OutputError(Problem("signing.no_signature", str(path)))
    return found


def _to_json(content: dict[str, Any]) -> bytes:
    """Names that are no text, as a disk may hold them, are written as JSON's own escapes."""
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode(
        "utf-8", "backslashreplace"
    )
