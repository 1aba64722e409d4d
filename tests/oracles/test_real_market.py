"""The market on real hours, which may not be redistributed: skipped where they are absent.

`KIBAN_REAL_DATA` names their folder; by default it is `../shared/real` beside the repository.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("KIBAN_REAL_DATA", ROOT.parent / "shared" / "real"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"the real hourly files are not at {REAL}"),
]


@pytest.mark.parametrize(("first", "last"), [("2023-10-01", "2023-12-31"), ("2022-04-01", "2023-03-31")])
def test_what_is_asked_of_the_fitted_market_is_reached(first: str, last: str) -> None:
    command = [sys.executable, "bench/market.py", "--real", str(REAL), "--from", first, "--to", last, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert [target["name"] for target in found["targets"] if not target["reached"]] == []
    means = found["means"]
    assert means["model"]["correlation"] > max(means[peer]["correlation"] for peer in means if peer != "model")
    assert means["model"]["mae_yen_per_kwh"] < means["week_before"]["mae_yen_per_kwh"]
