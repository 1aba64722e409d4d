"""The table of controls stands on tests that exist, and its files are made of it."""

import json
import re

import pytest
from tests.docs.test_scripts import script

write_controls = script("write_controls")


def test_the_files_are_up_to_date_and_name_tests_that_exist():
    for path, text in write_controls.make_files().items():
        assert path.read_text(encoding="utf-8") == text, "run python scripts/write_controls.py"


@pytest.mark.parametrize(
    "name",
    [
        "tests/docs/test_controls.py::test_that_is_gone",
        "tests/docs/test_gone.py::test_a",
        "tests/docs/test_controls.py",
        "scripts/write_controls.py::main",
        "tests/docs/test_controls.py::write_controls",
    ],
)
def test_a_test_that_is_gone_is_noticed(name, monkeypatch, tmp_path):
    assert not write_controls.is_test(name)
    changed = tmp_path / "controls.toml"
    text = write_controls.SOURCE.read_text(encoding="utf-8")
    first = write_controls.read_controls()[0]["tests"][0]
    changed.write_text(text.replace(first, name), encoding="utf-8")
    monkeypatch.setattr(write_controls, "SOURCE", changed)
    with pytest.raises(ValueError, match="names tests that are gone"):
        write_controls.make_files()


def test_each_control_is_whole():
    controls = write_controls.read_controls()
    ids = [control["id"] for control in controls]
    assert len(ids) == len(set(ids))
    for control in controls:
        assert control["tests"], control["id"]
        assert all(re.fullmatch(r"[A-Z]{2}-\d{1,2}", number) for number in control["nist"]), control["id"]
        assert all(re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}", clause) for clause in control["ismap"]), control["id"]
        assert control["en"].endswith(".")
        assert control["ja"].endswith("。")


def test_the_oscal_file_says_the_same():
    controls = write_controls.read_controls()
    component = json.loads(write_controls.make_oscal(controls))["component-definition"]["components"][0]
    said = component["control-implementations"][0]["implemented-requirements"]
    assert len(said) == sum(len(control["nist"]) for control in controls)
    assert len({one["uuid"] for one in said}) == len(said)
    proven = {link["href"] for one in said for link in one["links"]}
    assert proven == {test for control in controls for test in control["tests"]}
