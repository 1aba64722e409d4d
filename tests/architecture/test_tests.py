"""The rules that the tests themselves keep: no skip unsaid, no limit on time, every test quick or slow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SKIPPED = {
    "test_here.py": "import pytest\n\ndef test_one():\n    pytest.skip('no moon tonight')\n",
    "test_module.py": "import pytest\n\npytest.importorskip('no_such_module')\n",
    "test_passing.py": "def test_two():\n    pass\n",
}


def run_in_ci(folder: Path, allowed: str, *arguments: str) -> tuple[int, str]:
    """Exit code and output of pytest on the files above, in CI, under the house's conftest and these allowed skips."""
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "allowed_skips.txt").write_text(allowed, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    quick: q\n    slow: s\n", encoding="utf-8")
    for name, text in SKIPPED.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    surroundings = {**os.environ, "CI": "true", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "workers"])
def test_a_skip_that_nobody_allowed_fails_in_ci(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    here, module = "test_here.py::test_one | no moon *", "test_module.py | could not import 'no_such_module'*"
    code, said = run_in_ci(tmp_path, f"# why\n{here}\n{module}\n", *arguments)
    assert code == 0, said
    assert "\nallowed: test_here.py::test_one | no moon tonight" in said
    code, said = run_in_ci(tmp_path, f"{here.replace('moon', 'sun')}\n", *arguments)
    assert code == 1, said
    assert "NOT ALLOWED: test_here.py::test_one | no moon tonight" in said
    assert "NOT ALLOWED: test_module.py | could not import 'no_such_module'" in said


def test_allowed_skips_name_tests_that_exist() -> None:
    lines = (TESTS / "allowed_skips.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        test, reason = line.split(" | ")
        file, name = test.split("::")
        source = (TESTS.parent / file).read_text(encoding="utf-8")
        assert name == "*" or f"\ndef {name.rstrip('*')}(" in source, line
        assert reason.rstrip("*") in re.sub(r"\{\w+(\.\w+)?\}", "", source), line


def test_no_test_sets_a_limit_on_time_of_its_own() -> None:
    owners = {path.name for path in TESTS.rglob("*.py") if "deadline" + "=" in path.read_text(encoding="utf-8")}
    assert owners == {"conftest.py"}


def test_every_test_is_quick_or_slow(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        marks = [mark.name for mark in item.iter_markers() if mark.name in {"quick", "slow"}]
        assert set(marks) in ({"quick"}, {"slow"}), item.nodeid
