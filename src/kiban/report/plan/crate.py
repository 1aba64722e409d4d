"""A plan's folder as an RO-Crate 1.1: what it is, which files it has, and what made them, as JSON-LD.

The folder is described as research data are, for archives that read `ro-crate-metadata.json`
(https://www.researchobject.org/ro-crate/specification/1.1/). What made the plan in every detail stands in
`provenance.json`, whose hash is left out here, since another machine may tell another making of the same plan.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from kiban.version import installed_version

CRATE: Final = "ro-crate-metadata.json"
CONTEXT: Final = "https://w3id.org/ro/crate/1.1/context"
CONFORMS: Final = "https://w3id.org/ro/crate/1.1"
SOFTWARE: Final = "#kiban"
BUILDING: Final = "#build"
DATE_SETTING: Final = "SOURCE_DATE_EPOCH"
MEDIA: Final = {
    ".toml": "application/toml",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LICENSE: Final = "Not stated by its maker. Figures keep the licences of their sources, which provenance.json names."


def present_day() -> str:
    """Today in UTC, or the day of `SOURCE_DATE_EPOCH` (seconds), where that is a day; builds that repeat set it."""
    given = os.environ.get(DATE_SETTING, "")
    if given.isascii() and given.isdecimal():
        try:
            return datetime.fromtimestamp(int(given), UTC).date().isoformat()
        except (ValueError, OverflowError, OSError):
            pass  # after the year 9999
    return datetime.now(UTC).date().isoformat()


def crate_graph(name: str, contents: Mapping[str, bytes], scenario: str, unhashed: str, day: str) -> dict[str, Any]:
    """The metadata of a folder of these files; `unhashed` may be another elsewhere, `day` is when it was made."""
    files = [_file(path, content, hashed=path != unhashed) for path, content in sorted(contents.items())]
    parts = [{"@id": file["@id"]} for file in files]
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "@id": CRATE,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": CONFORMS},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": name,
                "description": "Least-cost design of an AI data centre with its clean power, hour by hour, with proof.",
                "datePublished": day,
                "license": LICENSE,
                "hasPart": parts,
                "mentions": {"@id": BUILDING},
            },
            {
                "@id": BUILDING,
                "@type": "CreateAction",
                "name": "kiban build",
                "instrument": {"@id": SOFTWARE},
                "object": {"@id": scenario},
                "result": [part for part in parts if part["@id"] != scenario],
            },
            {
                "@id": SOFTWARE,
                "@type": "SoftwareApplication",
                "name": "kiban",
                "softwareVersion": installed_version(),
            },
            *files,
        ],
    }


def day_of(crate: bytes) -> str | None:
    """The day that a crate tells; None where it is none."""
    try:
        graph = json.loads(crate)["@graph"]
        return str(next(entity["datePublished"] for entity in graph if entity["@id"] == "./"))
    except (ValueError, KeyError, TypeError, StopIteration):
        return None


def _file(path: str, content: bytes, *, hashed: bool) -> dict[str, Any]:
    ending = path[path.rindex(".") :]
    told: dict[str, Any] = {"@id": path, "@type": "File", "name": path, "encodingFormat": MEDIA[ending]}
    if hashed:
        told |= {"contentSize": str(len(content)), "sha256": hashlib.sha256(content).hexdigest()}
    return told
