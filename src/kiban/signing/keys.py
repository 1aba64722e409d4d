"""Keys that sign: Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204) together, in one file.

Each makes a signature of its own, and both must hold: the first is well tried, the second withstands a quantum
computer. The private file holds both as PKCS #8 under one passphrase, the public file both as SubjectPublicKeyInfo;
other tools read either.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiban.errors import OutputError, Problem, reason_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

ED25519: Final = "ed25519"
ML_DSA_65: Final = "ml-dsa-65"
LARGEST_KEY_BYTES = 65_536
_BLOCK = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\n?", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class PublicKey:
    """What verifies; `fingerprint` is the SHA-256 of both keys' raw bytes, in hexadecimal digits."""

    ed25519: Ed25519PublicKey
    ml_dsa_65: MLDSA65PublicKey

    @property
    def fingerprint(self) -> str:
        """What two people compare to know that they mean the same key."""
        return hashlib.sha256(self.ed25519.public_bytes_raw() + self.ml_dsa_65.public_bytes_raw()).hexdigest()

    def are_signatures(self, content: bytes, signatures: dict[str, bytes]) -> bool:
        """Whether both keys signed the content."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.ed25519.verify(signatures[ED25519], content)
            self.ml_dsa_65.verify(signatures[ML_DSA_65], content)
        except (InvalidSignature, KeyError):
            return False
        return True

    def to_pem(self) -> bytes:
        """The text of a public key file."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return b"".join(
            key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in (self.ed25519, self.ml_dsa_65)
        )


@dataclass(frozen=True, slots=True, eq=False)
class PrivateKey:
    """What signs."""

    ed25519: Ed25519PrivateKey
    ml_dsa_65: MLDSA65PrivateKey

    @property
    def public(self) -> PublicKey:
        """What verifies what this key signs."""
        return PublicKey(self.ed25519.public_key(), self.ml_dsa_65.public_key())

    def sign(self, content: bytes) -> dict[str, bytes]:
        """Both signatures by name."""
        return {ED25519: self.ed25519.sign(content), ML_DSA_65: self.ml_dsa_65.sign(content)}

    def to_pem(self, passphrase: bytes) -> bytes:
        """The text of a private key file; the passphrase is not empty."""
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

        return b"".join(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
            for key in (self.ed25519, self.ml_dsa_65)
        )


def make_key() -> PrivateKey:
    """A new key of the system's randomness."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

    return PrivateKey(Ed25519PrivateKey.generate(), MLDSA65PrivateKey.generate())


def read_private_key(path: Path, passphrase: bytes) -> PrivateKey:
    """The key in a private key file; `OutputError` where it is none, or the passphrase is another."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    blocks = _read_blocks(path, b"PRIVATE", Problem("signing.no_private_key", str(path)))
    if not passphrase:
        raise OutputError(Problem("signing.wrong_passphrase", str(path)))
    try:
        first, second = (load_pem_private_key(block, passphrase) for block in blocks)
    except TypeError:  # a key without a passphrase, which anybody could have taken
        raise OutputError(Problem("signing.bare_key", str(path))) from None
    except ValueError:
        raise OutputError(Problem("signing.wrong_passphrase", str(path))) from None
    if not (isinstance(first, Ed25519PrivateKey) and isinstance(second, MLDSA65PrivateKey)):
        raise OutputError(Problem("signing.no_private_key", str(path)))
    return PrivateKey(first, second)


def read_public_key(path: Path) -> PublicKey:
    """The key in a public key file; `OutputError` where it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    blocks = _read_blocks(path, b"PUBLIC", Problem("signing.no_public_key", str(path)))
    try:
        first, second = (load_pem_public_key(block) for block in blocks)
    except (ValueError, UnsupportedAlgorithm):
        first = second = None  # type: ignore[assignment]
    if not (isinstance(first, Ed25519PublicKey) and isinstance(second, MLDSA65PublicKey)):
        raise OutputError(Problem("signing.no_public_key", str(path)))
    return PublicKey(first, second)


def _read_blocks(path: Path, half: bytes, otherwise: Problem) -> tuple[bytes, bytes]:
    """The two blocks of a key file of this half; `OutputError` for anything else."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_KEY_BYTES + 1)
    except OSError as error:
        raise OutputError(Problem("signing.unreadable", str(path), reason=reason_of(error))) from None
    found = _BLOCK.findall(content)
    if len(found) != 2 or len(content) > LARGEST_KEY_BYTES or not all(half in block for block in found):
        raise OutputError(otherwise)
    return found[0], found[1]
