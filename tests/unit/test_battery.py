"""Battery constants."""

from __future__ import annotations

import pytest

from kiban.physics.battery import one_way_efficiencies, self_discharge_per_step


def test_efficiencies_multiply_to_the_round_trip():
    assert one_way_efficiencies(0.81) == (pytest.approx(0.9), pytest.approx(0.9))
    charge, discharge = one_way_efficiencies(0.86, charge_share=0.3)
    assert charge * discharge == pytest.approx(0.86)
    assert charge > discharge
    assert one_way_efficiencies(0.86, charge_share=0.0) == (1.0, 0.86)


def test_self_discharge_compounds():
    half = self_discharge_per_step(0.01, 0.5)
    assert (1 - half) ** 2 == pytest.approx(0.99)
    assert self_discharge_per_step(0.01, 1.0) == pytest.approx(0.01)
    assert self_discharge_per_step(0.0, 1.0) == 0.0


@pytest.mark.parametrize("efficiency", [0.0, 1.01, float("nan")])
def test_bad_efficiencies_are_refused(efficiency):
    with pytest.raises(ValueError, match="round_trip_efficiency"):
        one_way_efficiencies(efficiency)


def test_bad_shares_are_refused():
    with pytest.raises(ValueError, match="charge_share"):
        one_way_efficiencies(0.9, charge_share=1.5)
    with pytest.raises(ValueError, match="self_discharge_share_per_hour"):
        self_discharge_per_step(1.0, 1.0)
