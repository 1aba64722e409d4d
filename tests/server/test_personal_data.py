"""What the service keeps of people: the page that tells them knows every column that holds text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, String

from kiban.server.tables import metadata
from kiban.tasks.store import metadata as answers

ROOT = Path(__file__).parents[2]
PAGES = ("docs/personal-data.md", "docs/ja/personal-data.md")


def told(page: str) -> list[str]:
    rows = [line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"`(\w+\.\w+)`", row.split(" | ")[1])]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_knows_every_column_with_text(page: str) -> None:
    kept = [
        f"{table.name}.{column.name}"
        for tables in (metadata.tables, answers.tables)
        for table in tables.values()
        for column in table.columns
        if isinstance(column.type, String | LargeBinary)
    ]
    assert sorted(told(page)) == sorted(kept)


@pytest.mark.parametrize("page", PAGES)
def test_each_line_has_a_test_that_is_there(page: str) -> None:
    found = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / page).read_text(encoding="utf-8"))
    assert len(found) > len(told(page)) // 10
    for file, name in found:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), name
