"""The compiled sweeps: known structures, the same bits whichever way, one value for each constant."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scripts.write_shapes import FILE, programmes, write
from tests.cases.plants import PLANTS, plant

from kiban.linear import Staircase, solve
from kiban.linear.kernel import method, system
from kiban.linear.kernel.layout import lay_out
from kiban.linear.kernel.memory import take
from kiban.linear.kernel.newton import Newton
from kiban.linear.kernel.stages import find_stages
from kiban.linear.kernel.structure import read_form, scale_form
from kiban.linear.kernel.system import AFFINE, BAND, CENTRE, RightHandSide
from kiban.linear.native.levels import X86_64

NATIVE = Path(__file__).parents[2] / "src" / "kiban" / "linear" / "native"  # a wheel holds no sources


def test_the_known_structures_are_those_of_the_programmes_that_kiban_writes():
    assert FILE.read_text(encoding="utf-8") == write()


def campus(steps: int) -> Staircase:
    """A structure that the compiler knows, in as many hours as fill every lane."""
    rng = np.random.default_rng(7)
    programme = Staircase(steps)
    for name, cost in (("sun", 15.7), ("power", 4.3), ("energy", 3.1), ("it", 9.0), ("wire", 9.9), ("gas", 10.8)):
        programme.add_capacity(name, cost=cost * steps / 8760, upper=5000.0)
    programme.add_row("balance", equal=rng.uniform(80, 90, steps))
    programme.add_capacity_term("balance", "sun", rng.uniform(0, 1, steps))
    programme.add_variable("waste")
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    programme.add_variable("served", cost=1e-4)
    programme.add_variable("backlog", upper=200.0)
    programme.add_variable("import", cost=rng.uniform(0.01, 0.03, steps), capacity="wire")
    programme.add_variable("burn", cost=0.05, capacity="gas")
    for name, sign in (("waste", -1), ("charge", -1), ("discharge", 1), ("served", -1.2), ("import", 1), ("burn", 1)):
        programme.add_term("balance", name, float(sign))
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.999, lagged=True)
    programme.add_term("storage", "charge", -0.95)
    programme.add_term("storage", "discharge", 1.05)
    programme.add_row("queue", equal=rng.uniform(15, 25, steps))
    programme.add_term("queue", "backlog")
    programme.add_term("queue", "backlog", -1.0, lagged=True)
    programme.add_term("queue", "served")
    programme.add_row("servers", upper=-70.0)
    programme.add_term("servers", "served")
    programme.add_capacity_term("servers", "it", -1.0)
    programme.add_total("bought", upper=30.0 * steps)
    programme.add_total_term("bought", "import")
    return programme


def system_of(programme: Staircase, *, known: bool) -> Newton:
    form = read_form(programme)
    scale_form(form)
    library = find_stages()
    assert library is not None
    newton = Newton(library, form, lay_out(form), known=known)
    rng = np.random.default_rng(3)
    floor, bounded = newton.masks()
    newton.y[:], newton.z[:] = rng.uniform(0.5, 2.0, newton.y.size), rng.uniform(0.5, 2.0, newton.y.size) * floor
    newton.r[:], newton.u[:] = rng.uniform(0.5, 2.0, newton.r.size), rng.uniform(0.5, 2.0, newton.r.size) * bounded
    newton.r[bounded == 0.0] = 1.0
    newton.lambdas[:] = rng.normal(size=newton.lambdas.size)
    newton.border.set_units()
    return newton


def test_a_known_structure_gives_the_bits_that_tables_give():
    first, second = (system_of(campus(8 * 24), known=known) for known in (True, False))
    assert second.shape_number == -1
    library = find_stages()
    assert library is not None
    assert (first.shape_number >= 0) == (library.level == X86_64[-1] or not library.level.startswith("x86"))
    for newton in (first, second):
        newton.factorise()
    for side in (
        RightHandSide(AFFINE),
        RightHandSide(CENTRE, target=0.3, band=(0.0, 0.4)),
        RightHandSide(BAND, target=0.4, trial=(0.9, 0.7)),
    ):
        for newton in (first, second):
            newton.solve(side)
        for name in ("dy", "dz", "du", "dlambdas"):
            assert np.array_equal(getattr(first, name), getattr(second, name)), name
        assert first.residuals == second.residuals
        assert first.largest_steps() == second.largest_steps()
    for newton in (first, second):
        newton.advance(0.3, 0.2)
    for name in ("y", "z", "r", "u", "lambdas"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_the_programmes_for_which_structures_are_known_have_them():
    names = [name for name, _ in programmes()]
    assert len(names) == len(set(names)) == FILE.read_text(encoding="utf-8").count("    // ")


@pytest.mark.parametrize("name", ["PIVOT", "PROXIMAL"])
def test_a_weight_has_one_value_in_both_languages(name):
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(NATIVE.glob("*.hpp")))
    (value,) = re.findall(rf"constexpr double {name} = ([0-9.e-]+);", text)
    assert float(value) == getattr(system, name)


def test_no_sweep_carries_total_rows_of_capacities_alone_and_each_keeps_its_price():
    block, blocks, kind = PLANTS["total rows of capacities alone"]
    programme = plant(block, blocks, **kind)
    form = read_form(programme)
    assert list(form.total_of.values()) == [2, 3, 0, 1]
    assert lay_out(form).shape[-1] == 2
    # Both budgets and the clean share have a price.
    programme.capacities["sun"] = replace(programme.capacities["sun"], cost=-50.0)
    programme.capacities["wire"] = replace(programme.capacities["wire"], cost=-90.0)
    oracle = solve(programme, "highs").total_prices
    assert sum(abs(price) > 1e-3 for price in oracle.values()) >= 2
    for plain in (False, True):
        answer = method.solve_kernel(programme, plain=plain).solution
        assert answer is not None
        assert answer.total_prices == pytest.approx(oracle, abs=1e-6)


def test_large_arrays_begin_at_cache_lines_and_apart_in_their_pages():
    newton = system_of(campus(8 * 24), known=False)
    arrays = (newton.y, newton.z, newton.dy, newton.dz, newton.r, newton.u, newton.lambdas, newton.dlambdas)
    assert {array.ctypes.data % 64 for array in arrays} == {0}
    # Wherever the memory comes from: freed blocks begin anywhere.
    other = [np.zeros(odd) for odd in range(1, 4000, 250)]
    del other[::2]
    for numbers in (64, 1 << 20):
        begins = [take(numbers, turn) for turn in range(8)]
        assert [array.ctypes.data % 4096 for array in begins] == [turn * 11 * 64 % 4096 for turn in range(8)]


def test_an_absorbed_row_has_the_price_of_the_bound_that_it_became():
    programme = campus(8 * 24)
    form = read_form(programme)
    assert set(form.absorbed) == {"servers"}
    mine = method.solve_kernel(programme).solution
    plain = method.solve_kernel(programme, plain=True).solution
    assert mine is not None
    assert plain is not None
    oracle = solve(programme, "highs")
    assert oracle.certificate is not None
    assert mine.certificate is not None
    assert mine.certificate.primal == pytest.approx(oracle.certificate.primal, rel=1e-8)
    assert sum(mine.row_prices["servers"]) == pytest.approx(sum(oracle.row_prices["servers"]), rel=1e-6)
    assert mine.row_prices["servers"] == pytest.approx(plain.row_prices["servers"], abs=1e-8)
