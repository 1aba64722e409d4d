"""Each Newton system of the kernel against one dense matrix, component by component."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.plants import PLANTS, plant
from tests.properties.random_programmes import random_programme
from tests.unit.dense_newton import DenseNewton, Vectors

from kiban.linear.curves import CostCurve
from kiban.linear.kernel.layout import lay_out
from kiban.linear.kernel.newton import Newton
from kiban.linear.kernel.plain import PlainNewton
from kiban.linear.kernel.stages import find_stages
from kiban.linear.kernel.structure import read_form, scale_form
from kiban.linear.kernel.system import AFFINE, BAND, CENTRE, LEAST_SLACK, SOFT_FREE, RightHandSide

SYSTEMS = {
    "plain": PlainNewton,
    "compiled": lambda form, segments=None: Newton(find_stages(), form, lay_out(form, segments), known=False),
}
SIDES = {
    "least values": RightHandSide(AFFINE, keep=0.0, costs=0.0),
    "least prices": RightHandSide(AFFINE, keep=0.0, rights=0.0),
    "affine": RightHandSide(AFFINE),
    "centre": RightHandSide(CENTRE, target=0.3, band=(0.0, 0.4)),
    "band": RightHandSide(BAND, target=0.4, trial=(0.9, 0.7)),
}


SEGMENTS = (None, 1, 3)


def settled(seed):
    """A random programme whose rows each hold a bounded variable of their own, so that no price is left open."""
    rng = np.random.default_rng(seed)
    programme = random_programme(rng, largest_block=6)
    steps = programme.steps
    for name in list(programme.rows):
        upper = np.where(rng.random(steps) < 0.5, 2.0, np.inf)
        programme.add_variable(f"own {name}", lower=-1.0, upper=upper)
        programme.add_term(name, f"own {name}", np.where(rng.random(steps) < 0.5, -1.0, 1.5))
    for name in list(programme.totals):
        programme.add_capacity(f"own {name}", cost=1.0, lower=-3.0)
        programme.add_capacity_term(name, f"own {name}")
    return programme


def bent(programme, rng):
    """The same programme with a curved cost on every capacity that the curve's domain lets have one."""
    for k, (name, capacity) in enumerate(programme.capacities.items()):
        floored = np.isfinite(capacity.lower)
        exponent = float(rng.permutation([1.0, -1.0, 2.5, -0.4, -3.0])[0]) if floored else 1.0
        origin = capacity.lower - 0.5 * (k % 2) if floored else 0.7
        curve = CostCurve(float(np.sign(exponent) * rng.uniform(0.5, 3.0)), rng.uniform(0.5, 4.0), exponent, origin)
        if np.isfinite(curve.value(capacity.lower)) or capacity.lower < capacity.upper:
            programme.capacities[name] = replace(capacity, curve=curve)
    return programme


def scaled(programme):
    form = read_form(programme)
    scale_form(form)
    return form


def random_point(dense, rng):
    """A point well inside its bounds, away from all rows."""

    def inside(exists, otherwise):
        return np.where(exists, rng.uniform(0.5, 2.0, exists.size), otherwise)

    slopes = np.zeros(dense.cost.size)
    for n, curve in dense.curves.items():
        slopes[n] = np.copysign(rng.uniform(0.2, 1.0), curve.price * dense.unit[n])

    return Vectors(
        v=inside(dense.floor, rng.normal(size=dense.cost.size)),
        z=inside(dense.floor, 0.0),
        r=inside(dense.bounded, 1.0),
        u=inside(dense.bounded, 0.0),
        prices=rng.normal(size=dense.right.size),
        s=slopes,
    )


class Held:
    """A Newton system held against the dense one: the same point, the same right-hand sides."""

    def __init__(self, name, form, segments=None):
        self.form, self.dense = form, DenseNewton(form)
        self.system = SYSTEMS[name](form, segments)
        self.caps = np.flatnonzero(self.system.cap_places >= 0)
        self.steps, self.width, self.height = form.steps, len(form.columns), len(form.rows)
        # A direction without a bound makes N a hundred thousand times larger there: five digits fewer.
        self.accuracy = 1e-7 if (self.dense.soft == SOFT_FREE).any() else 1e-10
        nothing = [np.zeros_like(values) for values in (self.dense.cost,) * 4]
        self.move = Vectors(*nothing, np.zeros_like(self.dense.right), nothing[0])

    def go(self, at):
        """Go to a point."""
        self.at, system, edge, h = at, self.system, self.system.border, self.dense.hourly
        y, z, r, u = (system.fold(part[:h].reshape(self.width, self.steps)) for part in (at.v, at.z, at.r, at.u))
        r, u = (system.fold(part[:h].reshape(self.width, self.steps)[self.caps]) for part in (at.r, at.u))
        system.y[:], system.z[:], system.r[:], system.u[:] = y, z, r, u
        system.r[system.masks()[1] == 0.0] = 1.0
        rows = at.prices[: self.dense.hourly_rows].reshape(self.height, self.steps)
        system.lambdas[:] = system.fold(rows[system.row_order])
        edge.x[:], edge.zx[:], edge.rx[:], edge.ux[:] = (part[h:] for part in (at.v, at.z, at.r, at.u))
        edge.q[:] = at.prices[self.dense.hourly_rows :]
        edge.slopes.slope[:] = at.s[h:]
        system.factorise()

    def by_hour(self, y, z, r, u, lambdas, border, slopes):
        """Parts of a system as the dense one orders them."""
        unfold, order, nothing = self.system.unfold, self.system.row_order, np.zeros((self.width, self.steps))
        rows = np.zeros((self.height, self.steps))
        rows[order] = unfold(lambdas, self.height)
        capped = []
        for values, otherwise in ((r, 1.0), (u, 0.0)):
            whole = nothing + otherwise
            if values is not None:
                whole[self.caps] = unfold(values, self.caps.size)
            capped.append(whole)
        parts = (unfold(y, self.width), unfold(z, self.width), *capped, rows)
        slopes = np.concatenate([nothing.ravel(), slopes])
        return Vectors(*(np.concatenate([a.ravel(), b]) for a, b in zip(parts, border, strict=True)), slopes)

    def direction(self):
        s, edge = self.system, self.system.border
        border = (edge.dx, edge.dzx, edge.drx, edge.dux, edge.dq)
        if self.of_the_start:
            # The start's least squares leave the slopes where they are: what moves them is not asked for.
            return self.by_hour(s.dy, s.dz, None, s.du, s.dlambdas, border, self.move.s[self.dense.hourly :])
        slopes = edge.slopes.lead + edge.slopes.curvature * edge.dx
        return self.by_hour(s.dy, s.dz, None, s.du, s.dlambdas, border, slopes)

    def point(self):
        s, edge = self.system, self.system.border
        border = (edge.x, edge.zx, edge.rx, edge.ux, edge.q)
        return self.by_hour(s.y, s.z, s.r, s.u, s.lambdas, border, edge.slopes.slope)

    def agree(self, found, expected, *, rooms=True):
        """Component by component, relative to the size of the vector."""
        for name in ("v", "z", "u", "prices", "s", "r"):
            mine, right = getattr(found, name), getattr(expected, name)
            if name == "r" and not rooms:
                # How hours' rooms move is not kept, but seen in steps and in the point after them.
                mine, right = mine[self.dense.hourly :], right[self.dense.hourly :]
            size = max(1.0, np.abs(right).max(initial=0.0))
            assert np.abs(mine - right).max(initial=0.0) <= self.accuracy * size, name

    def solve(self, side):
        """One right-hand side, both systems."""
        self.of_the_start = side.mode == AFFINE and side.keep == 0.0
        self.system.solve(side)
        self.move = self.dense.solve(side, self.at, self.move)
        self.agree(self.direction(), self.move, rooms=False)

    def steps_agree(self):
        expected = self.dense.largest_steps(self.at, self.move)
        assert self.system.largest_steps() == pytest.approx(expected, rel=100 * self.accuracy, abs=100 * self.accuracy)

        for hours in (0, 1, 3):
            expected = self.dense.steps_but_for(self.at, self.move, hours)
            found = self.system.steps_but_for(hours)
            assert found == pytest.approx(expected, rel=100 * self.accuracy, abs=100 * self.accuracy)

    def advance(self, primal, dual, least=LEAST_SLACK):
        self.system.advance(primal, dual, least)
        self.agree(self.point(), self.dense.advance(self.at, self.move, primal, dual, least))
        self.at = self.point()


def run(held):
    """What start and iterations ask of a system: steps that end inside the bounds, then one that does not."""
    held.solve(SIDES["least values"])
    held.solve(SIDES["least prices"])
    for _ in range(2):
        held.solve(SIDES["affine"])
        found = held.system.residuals
        measured = (found.primal, found.dual, found.primal_residual, found.dual_residual, found.product)
        assert measured == pytest.approx(held.dense.measure(held.at), rel=1e-11, abs=1e-11)
        held.steps_agree()
        held.solve(SIDES["centre"])
        held.steps_agree()
        centred = held.move
        held.solve(SIDES["band"])
        held.steps_agree()
        held.system.refuse_correction()
        held.move = centred
        held.agree(held.direction(), centred, rooms=False)
        held.solve(SIDES["band"])
        primal, dual = (min(step, 1.0) for step in held.system.largest_steps()[:2])
        held.advance(0.4 * primal, 0.6 * dual)
        held.system.factorise()
    held.solve(SIDES["affine"])
    # Beyond the boundary: what would cross it stays inside, everything else goes on.
    primal, dual = held.system.largest_steps()[:2]
    held.advance(1.5 * primal, min(2.0 * dual, 1.0), 0.05)
    assert (held.at.v[: held.dense.hourly][held.dense.floor[: held.dense.hourly]] > 0.0).all()


@pytest.mark.parametrize("segments", SEGMENTS)
@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_plants_directions_are_those_of_the_dense_matrix(system, name, segments):
    block, blocks, kind = PLANTS[name]
    if segments is not None and (segments > block or (system == "compiled" and block < 2 * segments)):
        segments = 1
    held = Held(system, scaled(plant(block, blocks, **kind)), segments)
    held.go(random_point(held.dense, np.random.default_rng(len(name))))
    run(held)


@pytest.mark.parametrize("name", list(PLANTS)[:4])
@pytest.mark.parametrize("system", SYSTEMS)
def test_directions_of_curved_costs_are_those_of_the_dense_matrix(system, name):
    block, blocks, kind = PLANTS[name]
    rng = np.random.default_rng(len(name))
    held = Held(system, scaled(bent(plant(block, blocks, **kind), rng)))
    assert held.dense.curves
    held.go(random_point(held.dense, rng))
    run(held)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("system", SYSTEMS)
def test_curved_directions_of_a_random_structure_are_those_of_the_dense_matrix(system, seed):
    rng = np.random.default_rng(seed)
    held = Held(system, scaled(bent(settled(seed), rng)))
    held.go(random_point(held.dense, rng))
    run(held)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("system", SYSTEMS)
def test_directions_of_a_random_structure_are_those_of_the_dense_matrix(system, seed):
    held = Held(system, scaled(settled(seed)))
    held.go(random_point(held.dense, np.random.default_rng(seed)))
    run(held)
