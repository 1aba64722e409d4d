"""What is right of any scenario: a plan that HiGHS finds as well, a proof of none, or a refusal in a sentence.

    python -m tests.oracles.scenario_judge --first 300 --count 5000 --pypsa 1

judges more seeds than the tests do; each failure is one line.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from tests.cases.scenarios import draw_scenario

from kiban.arrays import Array
from kiban.errors import InputError
from kiban.linear import Staircase, solve
from kiban.linear.flat import FlatProgramme, flatten
from kiban.linear.highs import solve_highs
from kiban.planning.building import build_prepared
from kiban.planning.plan import LEAST_CAPACITIES, NO_SUPPLY, NO_SUPPLY_AT_TIMES, Plan
from kiban.planning.preparation import Preparation, prepare
from kiban.planning.programme import write_programme
from kiban.planning.pypsa_network import build_network, optimise
from kiban.planning.resources import Resources
from kiban.planning.stored_energy import may_lose_purchases
from kiban.report.messages import say
from kiban.scenario import Scenario
from kiban.scenario.file import parse_scenario

AGREED = 1e-6
POWER_MW = 2e-5
MOST_OUTAGE_STEPS = 200
"""Starts times steps of outages that PyPSA is asked to lay out in CI; the whole problem is as many times as large."""
BLANK = re.compile(r"\{[a-z_]+[^}]*\}")


def judge(seed: int, folder: Path, *, with_pypsa: bool = False) -> str:
    """What became of a seed, in a word; raises `AssertionError` with what is wrong."""
    raw = draw_scenario(seed, folder)
    try:
        scenario = parse_scenario(raw).placed_in(folder)
        preparation = prepare(scenario)
        candidates = [preparation.resources_for(system) for system in preparation.cooling_systems]
        plan = build_prepared(preparation)
    except InputError as error:
        return judge_refusal(error)
    bound = min(least_cost(resources, with_pypsa=with_pypsa) for resources in candidates)
    if plan.status == "infeasible":
        assert bound == np.inf, f"no plan, but HiGHS finds one at {bound:.6g}"
        judge_explanation(plan)
        return "infeasible"
    judge_plan(plan, preparation, bound)
    return "plan"


def judge_refusal(error: InputError) -> str:
    """A refusal is a sentence in both languages for each problem, and says where."""
    assert error.problems
    for problem in error.problems:
        for language in ("en", "ja"):
            text = say(problem, language)
            assert "\n" not in text, text
            assert not BLANK.search(text), text
            assert text.endswith((".", "?", "。", "？")), text
            assert "nan" not in text.split(), text
    return "refused"


def judge_explanation(plan: Plan) -> None:
    """No plan: what collides is named, in keys of the scenario, and each remedy makes it a plan."""
    found = plan.infeasibility
    assert found is not None
    assert found.collisions, "nothing is said to collide"
    if found.collisions[0] in {LEAST_CAPACITIES, NO_SUPPLY, NO_SUPPLY_AT_TIMES}:
        return
    for relaxation in found.relaxations:
        changes = {change.key: change.needed for change in relaxation.changes}
        relaxed = with_keys(plan.scenario, changes)
        assert build_prepared(prepare(relaxed), explain=False).status == "optimal", f"no plan with {changes}"


def judge_plan(plan: Plan, preparation: Preparation, bound: float) -> None:
    """A plan costs what HiGHS finds, its flows can happen, and its figures add up."""
    cost, size = plan.certificate.primal, max(1.0, abs(plan.certificate.primal))
    assert cost >= bound - AGREED * size, f"{cost:.9g} is less than HiGHS's {bound:.9g}"
    if cost > bound + AGREED * size:
        dearer = {"one_way.proven", "one_way.open", "outage.survived", "units.open"} & {
            note.code for note in plan.notes
        }
        assert dearer, f"{cost:.9g} is more than HiGHS's {bound:.9g}"
    resources = preparation.resources_for(plan.cooling_system)
    assert sum(plan.costs.values()) == _near(cost + beyond_area(plan, resources), 1e-6), "the costs do not add up"
    is_credited = any(one.production_credit_myen_per_mwh for one in resources.supply)
    for first, second in one_way_columns(plan.hourly):
        if is_credited and first != "import_mw":
            continue  # as docs/model.md says
        both = np.minimum(plan.hourly[first], plan.hourly[second])
        assert both.max() <= POWER_MW, f"{first} and {second} at once: {both.max():.3g} MW"
    target = preparation.scenario.target
    if target.clean_share:
        assert plan.indicators["clean_share"] >= target.clean_share - 1e-6, "the clean share is missed"
    if target.carbon_cap_t_per_year is not None:
        assert plan.indicators["emissions_t_per_year"] <= target.carbon_cap_t_per_year * (1 + 1e-6) + 1e-3, "carbon"
    if target.water_cap_m3_per_year is not None:
        assert plan.indicators["water_m3_per_year"] <= target.water_cap_m3_per_year * (1 + 1e-6) + 1e-3, "water"


def beyond_area(plan: Plan, resources: Resources) -> float:
    """What is paid at prices that answer beyond the area under their curve, by hand."""
    grid = resources.grid
    if grid is None:
        return 0.0
    flows = ((grid.price_slope_myen_per_mwh2, "import_mw"), (grid.export_slope_myen_per_mwh2, "export_mw"))
    squares = (slope * float((plan.hourly[name] ** 2).sum()) for slope, name in flows if name in plan.hourly)
    return 0.5 * resources.step_weight_h * sum(squares)


def one_way_columns(hourly: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Columns of a plan that exclude each other."""
    if "export_mw" in hourly:
        yield "import_mw", "export_mw"
    for name in hourly:
        if name.endswith("charge_mw") and not name.endswith("discharge_mw"):
            yield name, f"{name.removesuffix('charge_mw')}discharge_mw"


def least_cost(resources: Resources, *, with_pypsa: bool) -> float:
    """The least cost of the linear programmes of a cooling system by HiGHS; infinite where there is no design."""
    accounts = [resources]
    if may_lose_purchases(resources):
        accounts.append(replace(resources, loses_purchases=True))
    costs = []
    for account in accounts:
        cost = compare(write_programme(account))
        if account.grid is not None and account.grid.price_slope_myen_per_mwh2 > 0.0:
            pass  # HiGHS's own quadratic method, which PyPSA would ask, has no end on many of these
        elif with_pypsa and account.outage is None:
            by_pypsa(account, cost)
        elif account.outage is not None and account.steps * account.outage.steps(account) <= MOST_OUTAGE_STEPS:
            # Each start with a schedule of its own, as our plan has not.
            cost = by_pypsa(account, None)
        costs.append(cost)
    return min(costs)


def compare(programme: Staircase) -> float:
    """The cost of a programme by HiGHS, which our own solvers find as well."""
    flat = flatten(programme)
    status, point = by_highs(flat)
    ours = solve(programme)
    if ours.certificate is None:
        # Ours is a proof, counted with its rounding; HiGHS ends without a word now and then.
        assert status in {ours.status, None}, f"{ours.status}, and HiGHS says {status}"
        return np.inf if ours.status == "infeasible" else -np.inf
    assert status == "optimal", f"optimal, and HiGHS says {status}"
    cost = float(flat.cost @ point) + flat.constant + _bend(flat, point)
    assert ours.certificate.primal == _near(cost, AGREED), f"{ours.certificate.primal:.9g}, by HiGHS {cost:.9g}"
    return cost


def by_highs(flat: FlatProgramme) -> tuple[str | None, Array]:
    """Status and point by HiGHS; a curved cost is the highest of its tangents, to which those at each point are added.

    The last programme costs no more than the whole one, its point no less, and the two are closer than what is judged.
    """
    if flat.curvature is None:
        status, point, *_ = solve_highs(flat)
        return status, point
    bent = np.flatnonzero(flat.curvature)
    curvature, width, count = flat.curvature[bent], flat.cost.size, bent.size
    touched = [np.zeros(count)]
    if np.isfinite(flat.upper[bent]).all():
        touched.append(flat.upper[bent])
    for _ in range(60):
        rows = [
            sp.coo_array(
                (
                    np.concatenate([curvature * at, -np.ones(count)]),
                    (np.tile(np.arange(count), 2), np.concatenate([bent, width + np.arange(count)])),
                ),
                shape=(count, width + count),
            )
            for at in touched
        ]
        straight = replace(
            flat,
            matrix=sp.csc_array(
                sp.vstack([sp.hstack([flat.matrix, sp.csc_array((flat.matrix.shape[0], count))]), *rows])
            ),
            cost=np.concatenate([flat.cost, np.ones(count)]),
            lower=np.concatenate([flat.lower, np.zeros(count)]),
            upper=np.concatenate([flat.upper, np.full(count, np.inf)]),
            row_lower=np.concatenate([flat.row_lower, np.full(count * len(touched), -np.inf)]),
            row_upper=np.concatenate([flat.row_upper, *(0.5 * curvature * at * at for at in touched)]),
            integer=np.concatenate([flat.integer, np.zeros(count, dtype=bool)]),
            curvature=None,
        )
        status, point, *_ = solve_highs(straight)
        if status != "optimal":
            return status, point
        counted, point = float(straight.cost @ point), point[:width]
        cost = float(flat.cost @ point) + _bend(flat, point)
        if cost - counted <= AGREED / 10 * max(1.0, abs(cost)):
            return status, point
        touched.append(point[bent])
    raise AssertionError("HiGHS's tangents do not close")


def _bend(flat: FlatProgramme, point: Array) -> float:
    return 0.0 if flat.curvature is None else 0.5 * float((flat.curvature * point) @ point)


def by_pypsa(resources: Resources, known: float | None) -> float:
    """The cost by PyPSA's account of the same site, held against that of the programme where that is known."""
    network = build_network(resources)
    condition = optimise(network)
    cost = float(network.objective) if condition == "optimal" else np.inf
    if known is not None:
        assert cost == known or cost == _near(known, AGREED), f"{cost:.9g} by PyPSA ({condition}), {known:.9g} by HiGHS"
    return cost


def with_keys(scenario: Scenario, changes: Mapping[str, float]) -> Scenario:
    """The scenario with some of its keys set, as a reader of a remedy types them in."""
    raw = scenario.model_dump(exclude_defaults=True, exclude_none=True, mode="json")
    for key, value in changes.items():
        *path, last = key.split(".")
        section = raw
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    return parse_scenario(raw).placed_in(scenario.folder)


def _near(value: float, share: float) -> Any:
    import pytest

    return pytest.approx(value, rel=share, abs=share)


def main() -> int:
    """Judge many seeds; the exit code says whether all were right."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--pypsa", type=int, default=0, help="every so many seeds by PyPSA as well")
    given = parser.parse_args()
    logging.disable(logging.INFO)
    tally: Counter[str] = Counter()
    for seed in range(given.first, given.first + given.count):
        with tempfile.TemporaryDirectory() as folder:
            try:
                tally[judge(seed, Path(folder), with_pypsa=bool(given.pypsa) and seed % given.pypsa == 0)] += 1
            except Exception as error:  # every kind of failure is a line
                tally["wrong"] += 1
                print(f"{seed}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
    print(dict(tally))
    return 1 if tally["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
