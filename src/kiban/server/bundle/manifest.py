"""The manifest of a bundle: of which plan it is, with which numbers, every file with its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kiban.server.bundle.figures import Figures
from kiban.server.bundle.text import json_text

MANIFEST: Final = "manifest.json"
FORMAT: Final = "kiban bundle"
VERSION: Final = 1
ELSEWHERE: Final = frozenset({"plan", "title", "kiban"})


def make_manifest(figures: Figures, contents: Mapping[str, bytes], operated: str) -> bytes:
    """The manifest of `contents`; `operated` is the digest of the plan as the service reads it from the bundle."""
    shown = {name: value for name, value in figures.values.items() if name not in ELSEWHERE}
    return json_text(
        {
            "format": FORMAT,
            "version": VERSION,
            "kiban": figures["kiban"],
            "plan": figures["plan"],
            "plan_in_bundle": operated,
            "title": figures["title"],
            "not_operated": list(figures.refused),
            "figures": shown,
            "files": {name: hashlib.sha256(contents[name]).hexdigest() for name in sorted(contents)},
        }
    ).encode("utf-8")


def read_manifest(folder: Path) -> Mapping[str, Any] | None:
    """The manifest in a folder; None where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def list_changed(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Files of a bundle that are not as it wrote them, those that are gone not among them."""
    changed = []
    for name, digest in manifest["files"].items():
        try:
            content = (folder / name).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() != digest:
            changed.append(name)
    return tuple(changed)
