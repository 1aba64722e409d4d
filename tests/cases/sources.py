"""The source of kiban as trees, each file parsed once for all tests that read a rule off it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """The tree of a file; whoever reads it changes nothing in it."""
    return ast.parse(path.read_text(encoding="utf-8"))
