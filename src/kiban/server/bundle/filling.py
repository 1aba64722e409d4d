"""Templates are data: `@{name}` is a number of the plan, `needs` says for which plans a part is.

A text that is nothing but `@{name}` becomes the number itself. A name that is not known is an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from kiban.server.bundle.figures import Figure
from kiban.server.bundle.text import load_library

PLACE: Final = re.compile(r"@\{(\w+)\}")


@cache
def load_template(name: str) -> Any:
    """The data of a template; not to be changed."""
    return load_library().safe_load(read_template(name))


def read_template(name: str) -> str:
    """The text of a template."""
    return files("kiban.server.bundle").joinpath("templates", *name.split("/")).read_text(encoding="utf-8")


def fill(node: Any, values: Mapping[str, Figure]) -> Any:
    """The same data with every place filled. Raises `KeyError` for a place that `values` does not know."""
    if isinstance(node, Mapping):
        return {fill(key, values): fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [fill(one, values) for one in node]
    if not isinstance(node, str):
        return node
    whole = PLACE.fullmatch(node)
    if whole is not None:
        return values[whole[1]]
    return PLACE.sub(lambda found: str(values[found[1]]), node)


def suits(node: Mapping[str, Any], has: Collection[str]) -> bool:
    """Whether a part of a template is for a plan that has these things."""
    return set(node.get("needs", ())) <= set(has) and not set(node.get("lacks", ())) & set(has)
