"""What each block of the programme writes is what was reviewed: `python scripts/update_blocks.py` writes it anew."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from tests.cases.blocks import CASES, ORDER, SITE, write_block
from tests.cases.linear_text import write_linear_text

from kiban.linear import solve
from kiban.planning.programme import write_programme

FOLDER = Path(__file__).parents[1] / "golden" / "blocks"


@pytest.mark.parametrize("case", CASES)
def test_a_block_writes_its_golden_text(case: str) -> None:
    assert write_block(case) == (FOLDER / f"{case}.lp").read_text(encoding="utf-8")


def test_every_block_has_a_file_and_every_file_a_block() -> None:
    calls = [
        node.func for node in ast.walk(ast.parse(inspect.getsource(write_programme))) if isinstance(node, ast.Call)
    ]
    added = [
        call.id.removeprefix("add_") for call in calls if isinstance(call, ast.Name) and call.id.startswith("add_")
    ]
    assert tuple(added) == ORDER
    assert {path.stem for path in FOLDER.glob("*.lp")} == set(CASES)


def test_the_text_says_the_whole_programme(tmp_path: Path) -> None:
    """HiGHS reads it and finds the optimum that kiban finds."""
    import highspy

    programme = write_programme(SITE)
    path = tmp_path / "whole.lp"
    path.write_text(write_linear_text(programme, "whole"), encoding="utf-8")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 1e-9)
    # All of a process share the number of threads, and kiban takes one.
    highs.setOptionValue("threads", 1)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    certificate = solve(programme).certificate
    assert certificate is not None
    assert highs.getInfo().objective_function_value == pytest.approx(certificate.primal, rel=1e-7)
