"""A plan's folder is an RO-Crate 1.1: its rules, its files, its signature, and that it is built again."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_reproduction import _built, reproduce
from tests.unit.test_signing import office

from kiban.report.plan.crate import CRATE, day_of, present_day
from kiban.signing.signature import sign, verify

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    return _built.__wrapped__(tmp_path / "made")


def graph_of(folder: Path) -> dict[str, dict[str, Any]]:
    crate = json.loads((folder / CRATE).read_text(encoding="utf-8"))
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    found = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(found) == len(crate["@graph"]), "every entity once"
    return found


def references(node: Any) -> list[str]:
    """Every `{"@id": ...}` that points to an entity."""
    if isinstance(node, dict):
        return [node["@id"]] if set(node) == {"@id"} else [one for value in node.values() for one in references(value)]
    return [one for value in node for one in references(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("given", ["²", "٣", "-1", "9" * 12, "9" * 30, "9" * 5000, "soon", ""])
def test_what_is_no_second_of_a_calendar_is_no_day(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = datetime.now(UTC).date().isoformat()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
    assert before <= present_day() <= datetime.now(UTC).date().isoformat()


def test_the_rules_of_the_specification_hold(folder: Path) -> None:
    entities = graph_of(folder)
    descriptor, root = entities[CRATE], entities["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset"
    assert all(root[name] for name in ("name", "description", "license"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", root["datePublished"])
    outside = {"https://w3id.org/ro/crate/1.1"}
    assert set(references(list(entities.values()))) - outside <= entities.keys()
    assert all("@type" in entity for entity in entities.values())


def test_it_names_every_file_with_its_hash(folder: Path) -> None:
    entities = graph_of(folder)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    parts = {part["@id"] for part in entities["./"]["hasPart"]}
    assert parts == files.keys() - {CRATE}
    for name in parts - {"provenance.json"}:
        content = files[name].read_bytes()
        assert entities[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert entities[name]["contentSize"] == str(len(content))
    assert "sha256" not in entities["provenance.json"]


def test_the_signature_covers_it(folder: Path) -> None:
    sign(folder, office())
    assert verify(folder, office().public).holds
    crate = folder / CRATE
    crate.write_bytes(crate.read_bytes().replace(b"Dataset", b"dataset"))
    assert verify(folder, office().public).differences.changed == (CRATE,)


def test_it_is_built_again_on_another_day(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert present_day() == "1970-01-02"
    assert day_of((folder / CRATE).read_bytes()) != "1970-01-02"
    assert reproduce(folder).is_same
    crate = folder / CRATE
    crate.write_text(crate.read_text(encoding="utf-8").replace("with proof", "without"), encoding="utf-8")
    assert reproduce(folder).differing == (CRATE,)
    crate.write_bytes(b"no crate")
    assert reproduce(folder).differing == (CRATE,)
    crate.unlink()
    assert reproduce(folder).is_same
