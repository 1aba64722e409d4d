"""Every remedy that a message offers is applied as it is said, and what it was offered for is gone."""

from __future__ import annotations

from importlib import import_module

import pytest
from tests.remedies import Case, Ground, check

pytestmark = pytest.mark.slow

ROOMS = ("amounts", "national", "packages", "services", "tables", "weather_files", "weather_rows")
CASES: dict[str, Case] = {}
for room in ROOMS:
    found = import_module(f"tests.remedies.{room}").CASES
    assert not CASES.keys() & found.keys()
    CASES |= found


@pytest.mark.parametrize("remedy", CASES)
def test_what_a_remedy_says_is_enough(remedy, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(remedy, CASES[remedy], Ground(tmp_path, monkeypatch))
