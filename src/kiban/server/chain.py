"""The chain of the audit log: the hash of a row covers its content and the hash of the row before.

The hash is SHA-256 over JSON without spaces of a row's fields in the order of `FIELDS`, the hash of the row before
last. Whoever changes, removes or puts in a row has to make all later rows anew, and then no signed head fits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FIELDS = ("number", "time", "who", "role", "action", "subject", "status", "address", "previous")
BEGINNING = "0" * 64
"""What stands for the hash before the first row."""


def hash_of(row: Mapping[str, Any]) -> str:
    """The hash of a row, 64 hexadecimal digits; `time` is in seconds since 1970 and counts to its last bit."""
    content = json.dumps([row[name] for name in FIELDS], ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()
