"""Write the table of controls and its OSCAL file: python scripts/write_controls.py.

docs/controls.toml says which control which tests prove; docs/controls.md, docs/ja/controls.md and
docs/controls.oscal.json (a component definition of OSCAL 1.1.3) are made of it. A test that is named and gone is an
error.
"""

from __future__ import annotations

import ast
import json
import sys
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs" / "controls.toml"
OSCAL_VERSION = "1.1.3"
OWN = uuid.UUID("0f7c2a7e-5b0e-4c8e-9b9b-6d0c6f0a5f01")
"""The name space of the ids in the OSCAL file, so that they stay the same."""
NIST = "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json"
SITE = "https://example.org/kiban"
Control = Mapping[str, Any]


def read_controls() -> Sequence[Control]:
    """The controls; ValueError where one names a test that is not there."""
    controls = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["control"]
    gone = [test for control in controls for test in control["tests"] if not is_test(test)]
    if gone:
        raise ValueError(f"docs/controls.toml names tests that are gone: {', '.join(gone)}")
    return controls  # type: ignore[no-any-return]


def is_test(name: str) -> bool:
    """Whether `path::function` is a test of this tree."""
    path, _, function = name.partition("::")
    file = ROOT / path
    if not (file.is_file() and file.name.startswith("test_") and function.startswith("test_")):
        return False
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function for node in body)


def make_page(controls: Sequence[Control], language: str) -> str:
    """The page in a language."""
    words = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["page"][language]
    rows = [
        f"| {one[language]} | {', '.join(one['nist'])} | {', '.join(one['ismap'])} "
        f"| {', '.join(f'`{test}`' for test in one['tests'])} | {one.get('operator', {}).get(language, '')} |"
        for one in controls
    ]
    lines = (
        f"# {words['title']}",
        words["links"],
        words["text"].strip(),
        "\n".join((words["head"], "| --- " * 5 + "|", *rows)),
    )
    return "\n\n".join(lines) + "\n"


def make_oscal(controls: Sequence[Control]) -> str:
    """The component definition; its ids and its time depend on nothing but its content."""
    requirements = [
        {
            "uuid": _id(f"{one['id']}.{number}"),
            "control-id": number.lower(),
            "description": one["en"],
            "props": [{"name": "ismap", "ns": SITE, "value": clause} for clause in one["ismap"]],
            "links": [{"href": test, "rel": "evidence"} for test in one["tests"]],
            **({"remarks": f"Operator: {one['operator']['en']}"} if "operator" in one else {}),
        }
        for one in controls
        for number in one["nist"]
    ]
    component = {
        "uuid": _id("component"),
        "type": "software",
        "title": "kiban",
        "description": "Planning engine, command line and web service.",
        "control-implementations": [
            {
                "uuid": _id("implementation"),
                "source": NIST,
                "description": "What kiban itself does; each statement is proven by tests.",
                "implemented-requirements": requirements,
            }
        ],
    }
    definition = {
        "uuid": _id(json.dumps(component)),
        "metadata": {
            "title": "Controls of kiban",
            "last-modified": "2026-01-01T00:00:00Z",
            "version": "1",
            "oscal-version": OSCAL_VERSION,
        },
        "components": [component],
    }
    return json.dumps({"component-definition": definition}, ensure_ascii=False, indent=2) + "\n"


def make_files() -> dict[Path, str]:
    """What stands in each file that is made of the controls."""
    controls = read_controls()
    return {
        ROOT / "docs" / "controls.md": make_page(controls, "en"),
        ROOT / "docs" / "ja" / "controls.md": make_page(controls, "ja"),
        ROOT / "docs" / "controls.oscal.json": make_oscal(controls),
    }


def _id(name: str) -> str:
    # OSCAL wants ids of version 4 or 5.
    return str(uuid.uuid5(OWN, name))


def main() -> None:
    """Write the files."""
    for path, text in make_files().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
