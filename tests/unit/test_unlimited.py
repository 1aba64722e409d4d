"""The question whether there is a point, asked without costs and without capacities that have no end."""

import numpy as np
import pytest

from kiban.linear import Staircase, solve
from kiban.linear.flat import flatten
from kiban.linear.unlimited import ask_for_a_point
from kiban.linear.verdict import Verdicts
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.scenario import parse_scenario

STEPS = 4


def plant():
    """A wire and a store without a limit, a limited source, a window in which the wire counts nothing."""
    programme = Staircase(STEPS)
    programme.add_capacity("wire", cost=1.0)
    programme.add_capacity("store", cost=1.0)
    programme.add_capacity("land", cost=1.0)
    programme.add_capacity("source", cost=1.0, upper=3.0)
    programme.add_row("balance", equal=5.0)
    programme.add_capacity_term("balance", "source", 1.0)
    programme.add_variable("import", cost=2.0, capacity="wire", factor=np.array([1.0, 1.0, 0.0, 1.0]))
    programme.add_variable("held", capacity="store", upper=7.0)
    programme.add_term("balance", "import", 1.0)
    programme.add_term("balance", "held", -1.0)
    programme.add_term("balance", "held", 1.0, lagged=True)
    # Room that the wire makes in some hours, and what it must be in sum: met by a large one.
    programme.add_row("room", lower=1.0)
    programme.add_capacity_term("room", "wire", np.array([1.0, 0.0, 0.0, 2.0]))
    programme.add_term("room", "held", 1.0)
    programme.add_row("served", upper=0.0)
    programme.add_capacity_term("served", "store", -1.0)
    programme.add_total("enough", lower=9.0)
    programme.add_capacity_term("enough", "wire", 1.0)
    # Land has no limit of its own but takes from one.
    programme.add_total("area", upper=4.0)
    programme.add_capacity_term("area", "land", 1.0)
    return programme


def test_a_capacity_without_end_leaves_what_it_limits_unlimited():
    asked = ask_for_a_point(plant())
    assert set(asked.capacities) == {"land", "source"}
    assert set(asked.totals) == {"area"}
    assert set(asked.rows) == {"balance", "room"}
    assert asked.rows["room"].lower.tolist() == [-np.inf, 1.0, 1.0, -np.inf]
    assert asked.rows["room"].capacities == []
    assert asked.variables["import"].capacity is None
    assert asked.variables["import"].upper.tolist() == [np.inf, np.inf, 0.0, np.inf]
    assert asked.variables["held"].upper.tolist() == [np.inf] * STEPS
    assert not any(variable.cost.any() for variable in asked.variables.values())
    assert not any(capacity.cost for capacity in asked.capacities.values())


@pytest.mark.parametrize(
    "harm",
    [
        lambda programme: programme.add_variable("bound", capacity="wire", factor=-1.0, upper=9.0),
        lambda programme: programme.add_capacity_term("balance", "wire", np.array([0.0, 0.0, 0.1, 0.0])),
        lambda programme: programme.add_capacity_term("area", "wire", 0.1),
        lambda programme: programme.add_capacity_term("enough", "wire", -1.0),
    ],
)
def test_a_capacity_that_takes_from_anything_stays(harm):
    programme = plant()
    harm(programme)
    asked = ask_for_a_point(programme)
    assert "wire" in asked.capacities
    assert asked.variables["import"].capacity == "wire"
    assert "store" not in asked.capacities


def test_the_proof_pays_what_has_no_end_exactly_nothing():
    # In the third hour the wire counts nothing, and neither source nor store reaches: 3 + nothing held before, for 5.
    programme = plant()
    programme.variables["held"].upper[:] = 0.0
    programme.add_row("empty", upper=0.0)
    programme.add_term("empty", "held", 1.0)
    solution = solve(programme, "kernel")
    assert solution.status == "infeasible"
    assert Verdicts(flatten(programme)).prove_infeasible(solution.ray) is not None


SMALL = {"pv": 100, "wind_onshore": 50, "wind_offshore_fixed": 0, "wind_offshore_floating": 0, "hydro": 20}


def hardly_a_design(clean_share, **time):
    """A campus with little supply and any battery that it likes."""
    raw = {
        "name": "little supply",
        "site": {"id": "tomakomai"},
        "time": time,
        "cooling": {"system": "direct_liquid"},
        "target": {"clean_share": clean_share},
        "supply": {name: {"max_mw": most} for name, most in {**SMALL, "geothermal": 15}.items()},
    }
    return write_programme(prepare(parse_scenario(raw)).resources_for("direct_liquid"))


def test_the_kernel_proves_by_itself_that_no_storage_is_large_enough():
    programme = hardly_a_design(0.95, hours=504)
    solution = solve(programme, "kernel")
    assert solution.status == "infeasible"
    flat = flatten(programme)
    assert Verdicts(flat).prove_infeasible(solution.ray) is not None
    paid = flat.matrix.T @ solution.ray
    assert paid[flat.columns["battery_energy"]] == 0.0
    assert paid[flat.columns["battery_power"]] == 0.0


def test_the_design_that_limits_hardly_leave_is_found():
    # A whole year: over some weeks no share makes it stand still. Whether the kernel finds it by itself depends on the
    # last digits, and with them on the processor; that it is found does not.
    solution = solve(hardly_a_design(0.88))
    assert solution.status == "optimal"
    assert solution.certificate.relative_gap <= 1e-7
