"""Time stamps of a third party (RFC 3161): that a signature was there at a time, by a clock that is not the signer's.

The authority is sent the SHA-256 of `signature.json` and answers with a token: its own signature over it and its time.
The token stands beside the signature as `timestamp.tsr` and is verified offline against the authority's root
certificates, with other tools too (`openssl ts -verify -in timestamp.tsr -data signature.json -CAfile ROOTS`).
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kiban.errors import InputError, OutputError, Problem, reason_of
from kiban.outside import may_ask

if TYPE_CHECKING:
    import httpx
    from cryptography.x509 import Certificate

QUERY_TYPE: Final = "application/timestamp-query"
PATIENCE_S: Final = 30.0
LARGEST_TOKEN_BYTES: Final = 1_048_576
PART_BYTES: Final = 65_536


def is_open(url: str) -> bool:
    """Whether a request goes through a network unencrypted: the token is signed, but who asks can be seen."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"


def check_authority(url: str) -> None:
    """Raise `InputError` where an authority cannot be asked; worth asking before a passphrase."""
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        well = False
    if not well:
        raise InputError(Problem("signing.no_address", key="--timestamp", value=url))
    if not may_ask():
        raise InputError(Problem("signing.offline", key="--timestamp"))
    _require_library("--timestamp")


def request_token(url: str, content: bytes) -> bytes:
    """The authority's token over these bytes, as it answered.

    Raises `InputError` where it cannot be asked, is away, refuses, or answers about something else.
    """
    check_authority(url)
    import httpx
    from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, decode_timestamp_response

    builder = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.cert_request(cert_request=True).build()
    try:
        with httpx.stream(
            "POST",
            url,
            content=request.as_bytes(),
            headers={"Content-Type": QUERY_TYPE},
            timeout=PATIENCE_S,
            follow_redirects=False,
        ) as answer:
            answer.raise_for_status()
            token = _read_token(answer)
        response = decode_timestamp_response(token)
        granted = PKIStatus(response.status) == PKIStatus.GRANTED
        info = response.tst_info if granted else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise InputError(Problem("signing.no_token", key="--timestamp", url=url, reason=_first_line(error))) from None
    own = info is not None and (info.nonce, info.message_imprint.message) == (
        request.nonce,
        hashlib.sha256(content).digest(),
    )
    if not own:
        raise InputError(Problem("signing.other_token", key="--timestamp", url=url))
    return token


def _read_token(answer: httpx.Response) -> bytes:
    """What was answered, read no further than a token may be long: `ValueError` for more."""
    token = bytearray()
    for part in answer.iter_bytes(PART_BYTES):
        token += part
        if len(token) > LARGEST_TOKEN_BYTES:
            raise ValueError(f"> {LARGEST_TOKEN_BYTES} bytes")
    return bytes(token)


def verify_token(token: bytes, content: bytes, roots: tuple[Certificate, ...]) -> datetime | None:
    """When the authority saw these bytes, in UTC; None where the token is not theirs or of another authority."""
    _require_library("--tsa-roots")
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        response = decode_timestamp_response(token)
        builder.build().verify_message(response, content)
    except (VerificationError, ValueError):
        return None
    return response.tst_info.gen_time.astimezone(UTC)


def read_roots(path: Path) -> tuple[Certificate, ...]:
    """The root certificates in a PEM file; `OutputError` where it holds none."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        content = path.read_bytes()
    except OSError as error:
        raise OutputError(Problem("signing.unreadable", str(path), reason=reason_of(error))) from None
    try:
        return tuple(dict.fromkeys(load_pem_x509_certificates(content)))
    except ValueError:
        raise OutputError(Problem("signing.no_roots", str(path))) from None


def _require_library(key: str) -> None:
    try:
        import rfc3161_client  # noqa: F401
    except ImportError:
        raise InputError(Problem("signing.no_library", key=key)) from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
