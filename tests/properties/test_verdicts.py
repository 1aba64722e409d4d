"""Random programmes of every family: no verdict is wrong, few are missing; `bench/verdicts.py` tries more of them."""

import pytest
from tests.properties.programme_families import FAMILIES, HARD, make_specimen
from tests.properties.verdict_oracle import find_fault
from tests.properties.verdict_tally import judge_specimen, tally_verdicts

from kiban.errors import SolverError
from kiban.linear import solve

SEEDS = range(50)
# Found by an audit of 22,750: feasible by construction, and called infeasible by the kernel and by HiGHS in the chain.
ONCE_WRONG = [("near8", 80), ("spread8", 253), ("spread12", 668)]


@pytest.mark.parametrize(("family", "seed"), ONCE_WRONG)
def test_what_was_once_called_infeasible_is_solved_or_left_open(family, seed):
    specimen = make_specimen(family, seed)
    try:
        solution = solve(specimen.programme)
    except SolverError as error:
        assert "no verdict" in str(error)
        return
    assert solution.status == "optimal"
    assert find_fault(specimen, solution) == ""


def test_no_verdict_is_wrong_and_few_are_missing():
    tally, faults = tally_verdicts(FAMILIES, SEEDS)
    assert faults == []
    assert sum(counts["programmes"] for counts in tally.values()) == len(FAMILIES) * len(SEEDS)
    stalls = {family: counts["stalls"] for family, counts in tally.items() if counts["stalls"]}
    assert sum(count for family, count in stalls.items() if family not in HARD) == 0, stalls
    assert tally["infeasible"]["infeasible"] == tally["e:unbounded"]["unbounded"] == len(SEEDS)


def test_the_oracle_finds_a_wrong_verdict():
    possible, impossible = make_specimen("default", 1), make_specimen("infeasible", 1)
    optimum, none = solve(possible.programme), solve(impossible.programme)
    assert find_fault(possible, optimum) == find_fault(impossible, none) == ""
    assert "there is a point" in find_fault(possible, none)
    assert judge_specimen("infeasible", 1)[0]["infeasible"] == 1
