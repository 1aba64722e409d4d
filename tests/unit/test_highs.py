"""HiGHS keeps standard output clean: it belongs to the caller's own answer."""

import subprocess
import sys

PROGRAMME = """
from kiban.linear import Staircase, solve

programme = Staircase(2)
programme.add_capacity("built", cost=1.0, upper=3.0, integer={integer})
programme.add_row("need", lower=1.5)
programme.add_capacity_term("need", "built")
assert solve(programme, "highs").status == "optimal"
"""


def test_nothing_is_printed():
    for integer in (False, True):
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAMME.format(integer=integer)], capture_output=True, text=True, check=True
        )
        assert ran.stdout == ""
