"""The staircase kernel: small programmes with known answers, infeasibility, repeatability, nothing left on disk."""

import copy
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kiban.linear import Staircase, solve
from kiban.linear.kernel import method as kernel_module
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.structure import read_form


def year(days=30, *, blocks=1, noise=0):
    """A small design: sun, store, wire, a yearly limit on what is bought, deferrable load."""
    steps = days * 24 * blocks
    rng = np.random.default_rng(noise)
    hour = np.arange(steps) % 24
    sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0.3, 1.0, steps // 24).repeat(24)
    programme = Staircase(steps, days * 24)
    programme.add_capacity("sun", cost=8.0 * days / 365, upper=1000.0)
    programme.add_capacity("power", cost=2.0 * days / 365)
    programme.add_capacity("energy", cost=3.0 * days / 365)
    programme.add_capacity("wire", cost=1.0 * days / 365)
    programme.add_row("balance", equal=rng.uniform(8, 10, steps))
    programme.add_capacity_term("balance", "sun", sun)
    programme.add_variable("buy", cost=rng.uniform(0.01, 0.03, steps), capacity="wire")
    programme.add_variable("waste")
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    programme.add_variable("served")
    programme.add_variable("waiting", upper=20.0)
    for name, sign in (("buy", 1.0), ("waste", -1.0), ("charge", -1.0), ("discharge", 1.0), ("served", -1.1)):
        programme.add_term("balance", name, sign)
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.999, lagged=True)
    programme.add_term("storage", "charge", -0.95)
    programme.add_term("storage", "discharge", 1.05)
    programme.add_row("queue", equal=2.0)
    programme.add_term("queue", "waiting")
    programme.add_term("queue", "waiting", -1.0, lagged=True)
    programme.add_term("queue", "served")
    programme.add_total("bought", upper=3.0 * steps)
    programme.add_total_term("bought", "buy")
    return programme


@pytest.mark.parametrize("blocks", [1, 3])
def test_a_design_has_the_optimum_and_the_prices_of_highs(blocks):
    programme = year(20, blocks=blocks)
    mine, oracle = solve(programme, "kernel"), solve(programme, "highs")
    assert mine.certificate.solver == "kernel"
    assert mine.certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-7)
    assert mine.certificate.relative_gap < 1e-8
    assert mine.capacities == pytest.approx(oracle.capacities, rel=1e-4, abs=1e-4)
    assert mine.total_prices["bought"] == pytest.approx(oracle.total_prices["bought"], rel=1e-4, abs=1e-7)


def test_a_tolerance_is_kept_and_saves_iterations():
    programme = year(10)
    rough, fine = solve_kernel(programme, tolerance=1e-4), solve_kernel(programme, tolerance=1e-9)
    assert rough.iterations < fine.iterations
    assert rough.solution.certificate.relative_gap <= 1e-4
    assert fine.solution.certificate.relative_gap <= 1e-9
    assert rough.solution.certificate.dual <= fine.solution.certificate.primal


def test_the_same_bits_every_time_and_on_any_number_of_threads():
    programme = year(10, blocks=3)
    first = solve_kernel(programme, threads=1).solution
    for again in (solve_kernel(programme, threads=1).solution, solve_kernel(programme, threads=2).solution):
        assert again.certificate == first.certificate
        for name, values in first.hourly.items():
            assert np.array_equal(values, again.hourly[name])
        for name, values in first.row_prices.items():
            assert np.array_equal(values, again.row_prices[name])


def test_a_solve_leaves_the_programme_as_it_was():
    programme, twin = year(5), year(5)
    solve_kernel(programme)
    for name, variable in twin.variables.items():
        assert np.array_equal(variable.upper, programme.variables[name].upper)
    for name, row in twin.rows.items():
        assert np.array_equal(row.upper, programme.rows[name].upper)
        assert len(row.terms) == len(programme.rows[name].terms)


@pytest.mark.parametrize("kind", ["bounds", "row", "total", "capacity", "state"])
def test_infeasible_programmes_are_recognised(kind):
    programme = year(3)
    if kind == "bounds":
        programme.add_variable("no", lower=2.0, upper=1.0)
    elif kind == "row":
        programme.rows["balance"].lower = programme.rows["balance"].upper = np.full(72, -1e4)
        programme.variables["waste"].upper[:] = 5.0
        programme.capacities["power"] = replace(programme.capacities["power"], upper=1.0)
    elif kind == "total":
        programme.add_total("sold", lower=1e9)
        programme.add_total_term("sold", "served")
    elif kind == "capacity":
        programme.add_total("least", lower=10.0)
        programme.add_capacity_term("least", "sun", -1.0)
    else:
        programme.rows["queue"].lower = programme.rows["queue"].upper = np.full(72, 2.0)
        programme.add_row("closed", upper=1.0)
        programme.add_term("closed", "served")
    assert solve_kernel(programme).status == "infeasible"


def test_unbounded_programmes_are_recognised():
    programme = year(3)
    programme.add_capacity("gift", cost=-1.0)
    assert solve_kernel(programme).status == "unbounded"
    programme = year(3)
    programme.add_variable("gift", cost=-1.0)
    programme.add_term("balance", "gift", 0.0)
    assert solve_kernel(programme).status == "unbounded"


def test_free_fixed_and_redundant_parts():
    programme = year(5)
    plain = solve(programme, "highs").certificate.primal
    programme.add_variable("free", lower=-np.inf)
    programme.add_variable("fixed", lower=3.0, upper=3.0)
    programme.add_row("sum", equal=3.0)
    programme.add_term("sum", "free")
    programme.add_term("sum", "fixed")
    programme.add_row("twice", equal=6.0)
    programme.add_term("twice", "free", 2.0)
    programme.add_term("twice", "fixed", 2.0)
    programme.add_row("empty", lower=-1.0, upper=1.0)
    programme.add_row("anything")
    programme.add_term("anything", "free")
    programme.add_capacity("held", cost=2.0, lower=4.0, upper=4.0)
    answer = solve_kernel(programme)
    assert answer.status == "optimal"
    assert answer.solution.certificate.primal == pytest.approx(plain + 8.0, rel=1e-7)
    assert np.abs(answer.solution.hourly["free"]).max() < 1e-6
    assert answer.solution.capacities["held"] == 4.0


def peak(cost, steps=240):
    """A plant whose sizes one short peak decides: its three hours pay for everything."""
    rng = np.random.default_rng(3)
    load = rng.uniform(8, 10, steps)
    load[steps // 3 : steps // 3 + 3] = [12.0, 15.0, 12.5]
    programme = Staircase(steps, steps)
    programme.add_row("balance", equal=load)
    for name, share in (("wire", 1.0), ("engine", 1.1), ("power", 0.9), ("energy", 1 / 3)):
        programme.add_capacity(name, cost=cost * share)
    programme.add_variable("buy", cost=rng.uniform(0.01, 0.03, steps), capacity="wire")
    programme.add_variable("burn", cost=0.02, capacity="engine")
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    programme.add_variable("waste")
    for name, sign in (("buy", 1.0), ("burn", 1.0), ("charge", -1.0), ("discharge", 1.0), ("waste", -1.0)):
        programme.add_term("balance", name, sign)
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.999, lagged=True)
    programme.add_term("storage", "charge", -0.95)
    programme.add_term("storage", "discharge", 1.05)
    return programme


@pytest.mark.parametrize(("cost", "steps"), [(1e2, 240), (1e4, 240), (1e5, 720), (1e6, 720)])
def test_prices_that_pay_for_a_whole_plant_in_one_hour_do_not_hold_up_the_end(cost, steps):
    programme = peak(cost, steps)
    answer, oracle = solve_kernel(programme), solve(programme, "highs")
    assert answer.status == "optimal"
    assert answer.iterations <= 25
    assert answer.solution.certificate.relative_gap <= 1e-8
    assert answer.solution.certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-8)


@pytest.mark.parametrize("solver", ["kernel", "clarabel", "highs"])
def test_a_programme_without_rows_is_a_programme(solver):
    programme = Staircase(24, 24)
    programme.add_capacity("size", cost=2.0, lower=1.0)
    programme.add_variable("sold", cost=-1.0, upper=3.0)
    solution = solve(programme, solver)
    assert solution.certificate.primal == pytest.approx(2.0 - 72.0)
    assert solution.capacities["size"] == pytest.approx(1.0)
    unlimited = Staircase(24, 24)
    unlimited.add_variable("sold", cost=-1.0)
    assert solve(unlimited, solver).status == "unbounded"


def test_a_kernel_that_stalls_says_so_and_the_next_solver_is_named():
    programme = year(3)
    answer = solve_kernel(programme, max_iterations=2)
    assert answer.status is None
    assert answer.solution is None
    assert answer.reason.startswith("standstill")


def test_the_fallback_is_visible(monkeypatch):
    stalled = kernel_module.KernelAnswer(None, 0, None, "standstill")
    monkeypatch.setattr(kernel_module, "solve_kernel", lambda programme, **given: stalled)
    assert solve(year(3)).certificate.solver == "clarabel (kernel gave up)"


RUN = """
import sys
sys.path.insert(0, {tests!r})
from test_kernel import year
from kiban.linear.kernel.method import solve_kernel
print(solve_kernel(year(2)).status)
"""


def test_a_solve_writes_no_file_and_reads_none_that_others_may_have_planted(tmp_path):
    # Once machine code was kept, as a pickle, at a place in the temporary folder that anyone could foretell.
    places = {name: tmp_path / name for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR", "LOCALAPPDATA")}
    for place in places.values():
        place.mkdir()
    planted = places["TMPDIR"] / "kiban" / "kernel"
    planted.mkdir(parents=True)
    planted.joinpath("factor.factorise.nbi").write_bytes(pickle.dumps(Planted(tmp_path / "mark")))
    before = sorted(tmp_path.rglob("*"))
    variables = os.environ | {name: str(place) for name, place in places.items()}
    variables |= {"PYTHONPATH": str(Path(kernel_module.__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    code = RUN.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "optimal"
    assert sorted(tmp_path.rglob("*")) == before


class Planted:
    """Writes a file where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.write_text, (self.mark, "executed")


def test_what_no_hour_knows_stands_behind_what_the_sweeps_carry():
    """Slacks of yearly rows cost the sweeps nothing; the answer is the same wherever they stand."""
    usual = year(20)
    programme = copy.copy(usual)
    programme.capacities = {}
    programme.add_capacity("over", cost=0.001)
    programme.capacities |= usual.capacities
    programme.totals = {}
    programme.add_total("bought", upper=0.0)
    programme.add_total_term("bought", "buy")
    programme.add_capacity_term("bought", "over", -1.0)
    form = read_form(programme)
    assert (form.capacities, len(form.border)) == (4, 6)
    assert form.border_of == {"sun": 0, "power": 1, "energy": 2, "wire": 3, "over": 4}
    answer, oracle = solve_kernel(programme), solve(programme, "highs")
    assert answer.solution.certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-8)
    assert answer.solution.capacities == pytest.approx(oracle.capacities, rel=1e-4, abs=1e-3)
    assert oracle.capacities["over"] > 1.0
