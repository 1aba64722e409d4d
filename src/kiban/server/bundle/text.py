"""Data as text: the same bytes for the same data, as yamllint and ansible-lint like it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kiban.errors import InputError, Problem

WIDTH = 4000
"""No line is folded: an expression of Prometheus stays on one."""


def yaml_text(data: Any, *comments: str) -> str:
    """Data as a document of YAML, with comments above it."""
    yaml = load_library()

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined, unused-ignore]
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    said = "".join(f"# {line}\n" if line else "#\n" for line in comments)
    return f"{said}---\n{yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)}"


def json_text(data: Mapping[str, Any]) -> str:
    """Data as JSON that a person can read."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def load_library() -> Any:
    """PyYAML; raises `InputError` where it is not installed."""
    try:
        import yaml
    except ImportError:
        raise InputError(Problem("bundle.no_library", library="PyYAML")) from None
    return yaml
