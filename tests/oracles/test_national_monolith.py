"""Three sites over four weeks as one model with whole numbers, against the search by cutting planes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize as so
import scipy.sparse as sp

from kiban.catalogue import load_catalogue
from kiban.linear.flat import flatten
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.study.assembly import write_problem
from kiban.national.study.site_programme import load_resources
from kiban.planning.programme import write_programme
from kiban.scenario.national_file import parse_national

STUDY = {
    "national": {"name": "three", "sites": ["tomakomai", "rokkasho", "nanto"], "hours": 672, "first_hour": 2400},
    "tranche": [
        {"id": "training", "it_load_mw": 220, "deferrable_share": 0.7},
        {"id": "metro", "it_load_mw": 60, "max_round_trip_ms": 5},
    ],
    "limits": {"max_site_mw": 150},
    "area": {
        "hokkaido": {"headroom_mw": 60, "spare_supply_mw": 30},
        "tohoku": {"headroom_mw": 80, "reinforcement_mw": 50, "spare_supply_mw": 20},
        "tokyo": {"spare_supply_mw": 10},
        "hokuriku": {"spare_supply_mw": 5},
        "kansai": {"spare_supply_mw": 15},
    },
    "network": {"free_share": 1.0},
    "interconnector": [
        {"id": "hokkaido-tohoku", "forward_mw": 8, "reverse_mw": 4},
        {"id": "tohoku-tokyo", "forward_mw": 6, "reverse_mw": 3},
        {"id": "chubu-hokuriku", "forward_mw": 7, "reverse_mw": 7},
        {
            "id": "hokuriku-kansai",
            "forward_mw": 9,
            "reverse_mw": 12,
            "expansion_mw": 6,
            "expansion_capex_myen_per_mw": 3,
        },
    ],
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.75},
}


def parts_of(model, load):
    """The flat programme of a site at a load, with a connection without limit."""
    z = np.concatenate([load, [1e5]])
    return flatten(write_programme(load_resources(model, z)))


def monolith(problem):
    """One model: every site's programme with its load as a decision, and the choice of sites."""
    columns = rows = 0
    costs, lower, upper, whole = [], [], [], []
    entries: list[tuple[int, int, float]] = []
    row_lower, row_upper = [], []
    loads, opens, connections = {}, {}, {}
    constant = 0.0

    def column(cost, low, high, integer=False):
        nonlocal columns
        costs.append(cost), lower.append(low), upper.append(high), whole.append(integer)
        columns += 1
        return columns - 1

    def row(terms, low, high):
        nonlocal rows
        entries.extend((rows, place, value) for place, value in terms)
        row_lower.append(low), row_upper.append(high)
        rows += 1

    for site, block in enumerate(problem.blocks):
        place, model = problem.places[block.site], block.subproblems[0].model
        base = parts_of(model, np.array([100.0, 100.0]))
        moved = [parts_of(model, np.array([200.0, 100.0])), parts_of(model, np.array([100.0, 200.0]))]
        opens[site] = column(place.candidate.fixed_cost_myen_per_year, 0, 1, integer=True)
        group = [column((m.constant - base.constant) / 100, 0, np.inf) for m in moved]
        constant_here = base.constant - sum(m.constant - base.constant for m in moved)
        assert abs(constant_here) < 1e-6  # nothing is paid without load
        for tranche in range(2):
            if problem.serves[block.site, tranche]:
                loads[site, tranche] = column(block.cost_myen_per_mw, 0, np.inf)
        for c in range(2):
            own = [(loads[site, t], 1.0) for t in range(2) if problem.class_of[t] == c and (site, t) in loads]
            row([*own, (group[c], -1.0)], 0, 0)
        first = columns
        with np.errstate(invalid="ignore"):
            slopes = {
                name: [(getattr(m, name) - getattr(base, name)) / 100 for m in moved]
                for name in ("lower", "upper", "row_lower", "row_upper")
            }
            slopes = {name: [np.nan_to_num(s, nan=0.0) for s in both] for name, both in slopes.items()}
        for k in range(base.cost.size):
            low, high = base.lower[k], base.upper[k]
            at_zero = [low - 100 * sum(s[k] for s in slopes["lower"]), high - 100 * sum(s[k] for s in slopes["upper"])]
            moves = any(s[k] for both in (slopes["lower"], slopes["upper"]) for s in both)
            column(base.cost[k], -np.inf if moves else at_zero[0], np.inf if moves else at_zero[1])
            if moves:
                lows = [(group[c], -slopes["lower"][c][k]) for c in range(2)]
                highs = [(group[c], -slopes["upper"][c][k]) for c in range(2)]
                row([(first + k, 1.0), *lows], at_zero[0], np.inf)
                row([(first + k, 1.0), *highs], -np.inf, at_zero[1])
        matrix = base.matrix.tocoo()
        entries.extend(
            (rows + int(i), first + int(j), float(v)) for i, j, v in zip(*matrix.coords, matrix.data, strict=True)
        )
        for r in range(base.row_lower.size):
            move = [slopes["row_lower"][c][r] or slopes["row_upper"][c][r] for c in range(2)]
            entries.extend((rows + r, group[c], -float(move[c])) for c in range(2) if move[c])
            row_lower.append(base.row_lower[r] - 100 * sum(move))
            row_upper.append(base.row_upper[r] - 100 * sum(move))
        rows += base.row_lower.size
        connections[site] = first + base.columns["interconnection"].start
        size = [(loads[site, t], 1.0) for t in range(2) if (site, t) in loads]
        row([*size, (opens[site], -place.candidate.max_mw)], -np.inf, 0)
        row([*size, (opens[site], -place.candidate.min_mw)], 0, np.inf)
    for tranche in range(2):
        served = [(loads[site, tranche], 1.0) for site in opens if (site, tranche) in loads]
        row(served, float(problem.demand_mw[tranche, 0]), np.inf)
    for area, limit in problem.areas.items():
        used = [
            (connections[site], 1.0)
            for site, block in enumerate(problem.blocks)
            if problem.places[block.site].candidate.area == area
        ]
        added = column(limit.reinforcement_myen_per_mw, 0, limit.reinforcement_mw)
        row([*used, (added, -1.0)], -np.inf, limit.headroom_mw)
    # Every area draws no more than it can spare and gets; flows are one signed column for each interconnector.
    flows = {}
    for link in problem.network.links:
        flows[link.id] = column(0.0, -np.inf, np.inf)
        added = column(link.expansion_myen_per_mw, 0, link.expansion_mw)
        row([(flows[link.id], 1.0), (added, -1.0)], -np.inf, link.forward_mw[0])
        row([(flows[link.id], -1.0), (added, -1.0)], -np.inf, link.reverse_mw[0])
    for area, spare in problem.network.spare_mw.items():
        drawn = [
            (connections[site], 1.0)
            for site, block in enumerate(problem.blocks)
            if problem.places[block.site].candidate.area == area
        ]
        got = [
            (flows[link.id], 1.0 if link.from_area == area else -1.0)
            for link in problem.network.links
            if area in (link.from_area, link.to_area)
        ]
        if drawn or got:
            row([*drawn, *got], -np.inf, spare)
    matrix = sp.csr_matrix(
        ([e[2] for e in entries], ([e[0] for e in entries], [e[1] for e in entries])), shape=(rows, columns)
    )
    answer = so.milp(
        costs,
        constraints=so.LinearConstraint(matrix, row_lower, row_upper),
        bounds=so.Bounds(lower, upper),
        integrality=np.array(whole, dtype=int),
        options={"mip_rel_gap": 1e-6},
    )
    assert answer.status == 0, answer.message
    return answer.fun + constant, {site: answer.x[opens[site]] > 0.5 for site in opens}


@pytest.mark.slow
def test_three_sites_over_four_weeks_cost_what_one_whole_model_says():
    study = parse_national(STUDY)
    problem, _ = write_problem(study, load_catalogue())
    found = search(problem, CutPool(), gap=1e-4, max_rounds=80, report=lambda _: None)
    cost, opened = monolith(problem)
    assert found is not None
    assert found.cost_myen == pytest.approx(cost, rel=1e-4)
    assert found.bound_myen <= cost * (1 + 1e-7)
    assert found.cost_myen >= cost * (1 - 1e-7)
    assert {site for site, is_open in opened.items() if is_open} == set(found.choice.sites)
    assert found.choice.expansion_mw  # the interconnectors are what binds here


@pytest.mark.slow
def test_the_interconnectors_of_the_whole_model_matter():
    loose = {**STUDY, "network": {"enabled": False}}
    problem, _ = write_problem(parse_national(loose), load_catalogue())
    found = search(problem, CutPool(), gap=1e-4, max_rounds=80, report=lambda _: None)
    tight, _ = write_problem(parse_national(STUDY), load_catalogue())
    bound = search(tight, CutPool(), gap=1e-4, max_rounds=80, report=lambda _: None)
    assert bound.bound_myen > found.cost_myen * 1.001
