"""The staircase kernel: a primal-dual interior point whose linear algebra is one sweep over the hours.

Mehrotra's predictor and corrector with centrality correctors where the step is short, from Mehrotra's
starting point. `docs/kernel.md` explains the method; the modules beside this one hold its parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.interruption import end_if_unwanted
from kiban.linear.flat import flatten
from kiban.linear.kernel.layout import lay_out
from kiban.linear.kernel.manner import AFTER_A_STANDSTILL, FAR_INSIDE, USUAL, Manner
from kiban.linear.kernel.newton import Newton
from kiban.linear.kernel.plain import PlainNewton
from kiban.linear.kernel.proof import (
    ACCEPTED,
    NamedPoint,
    evaluate,
    is_accepted,
    name_prices,
    size_of,
)
from kiban.linear.kernel.rays import Rays, prices_of_bounds, prices_of_rows
from kiban.linear.kernel.stages import find_stages
from kiban.linear.kernel.structure import ContradictionError, KernelForm, read_form, scale_form
from kiban.linear.kernel.system import AFFINE, BAND, CENTRE, LEAST_SLACK, SOFT_FREE, Measures, RightHandSide
from kiban.linear.kernel.warm import (
    Iterate,
    WarmStart,
    apply_scales,
    carry_over,
    forms_match,
    gather,
    start_from,
    take_iterate,
)
from kiban.linear.solution import Solution, Status, without_solution
from kiban.linear.staircase import Staircase, without_costs
from kiban.linear.unlimited import ask_for_a_point
from kiban.linear.verdict import Verdicts

STANDSTILL: Final = "standstill"
UNCERTAIN: Final = "a contradiction that rounding may have made, in"
POINTLESS: Final = "nothing holds the cost, but no point was found"
UNLIKE: Final = "the points to start from belong to another programme"
# Tighter than answers need: differences of two optima are themselves results (what a small relaxation saves).
TOLERANCE: Final = 1e-9
MAX_ITERATIONS: Final = 200
# Residuals of the scaled programme, whose data are near one.
FEASIBLE: Final = 1e-8
# Up to here the certificate decides, and one more iteration may improve on it.
ALMOST_FEASIBLE: Final = 1e-6
# From this tolerance on nothing is gained by residuals that are smaller than the certificate asks for.
ROUGH: Final = 1e-5
# A corrector is tried while the step is shorter than this, and kept if it lengthens the step by this much.
LONG_STEP: Final = 0.8
GAIN: Final = 0.05
STEP_WISH: Final = 0.5
# Largest second-order term, in mean products: beyond it, a few hours would stop the whole step.
SECOND_ORDER: Final = 10.0
# How much less is centred where the affine step is long.
CENTRING_POWER: Final = 4
LEAST_CENTRING: Final = 0.1
# Where hours are left behind: how much longer a step may be than what all of them could take, the relative gaps between
# which they are (for a rough answer they end some way above its tolerance, so that what they break can close), and the
# most that is centred, since the few no longer decide for all.
OVERSHOOT: Final = 5.0
LEAVE_FROM: Final = 1.0
LEAVE_UNTIL: Final = 1e-5
LEAVE_ABOVE: Final = 100.0
MOST_CENTRING: Final = 0.3
# Iterations without progress before the kernel gives up, from its own start and from another programme's point.
PATIENCE: Final = 20
WARM_PATIENCE: Final = 8
# How often it looks for a proof of infeasibility.
PROOF_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class KernelAnswer:
    """What the kernel found; `status` and `solution` are None where it stalled, `reason` says how it ended.

    `warm` holds the points that were kept on the way, for the next programme like this one.
    """

    status: Status | None
    iterations: int
    solution: Solution | None
    reason: str
    warm: WarmStart | None = None


def solve_kernel(
    programme: Staircase,
    *,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    correctors: int | None = None,
    segments: int | None = None,
    threads: int | None = None,
    warm: WarmStart | None = None,
    keep: Sequence[float] = (),
    plain: bool | None = None,
) -> KernelAnswer:
    """The optimum of a programme without whole numbers (integer capacities are taken as continuous).

    `tolerance` is the relative gap of the certificate. `segments` per block and `threads` (all cores if
    None; a horizon of one year uses one) change the speed; `segments` also the rounding, `threads` not.
    Infeasible and unbounded programmes are recognised by a ray whose inequality is checked in the
    caller's numbers.

    `keep` are relative gaps at which the point is kept in the answer's `warm`. Handed to the solve of a
    programme that differs in numbers only, it saves iterations; the proof is the same, the last digits
    are not. Where it does not fit or leads nowhere, the solve starts as if there were none.

    `plain` takes the Newton system written in NumPy, which needs nothing compiled: the same method, slower. It
    serves as well where no library was built.
    """
    options = (tolerance, max_iterations, correctors, segments, threads or os.cpu_count() or 1, plain)
    answer = KernelAnswer(None, 0, None, UNLIKE)
    if warm is not None:
        answer = _attempt(programme, *options, warm=warm, keep=keep)
    if answer.status is None:
        # Without costs the prices have nothing to do but to prove that no point exists.
        def ask_for_point() -> KernelAnswer:
            return _attempt(ask_for_a_point(programme), *options, manner=FAR_INSIDE, judged=programme)

        answer = _attempt(programme, *options, keep=keep, ask_for_point=ask_for_point)
    spent = answer.iterations
    for manner in AFTER_A_STANDSTILL:
        if answer.status is not None or spent >= max_iterations:
            break
        again = _attempt(programme, *options, manner=manner)
        spent += again.iterations
        answer = replace(again if again.status is not None else answer, iterations=spent)
    if answer.status == "unbounded":
        # Nothing holds the cost; where there is a point as well, there is no optimum.
        free = _attempt(without_costs(programme), *options)
        together = free.iterations + answer.iterations
        if free.status != "optimal":
            reason = free.reason if free.status else POINTLESS
            return KernelAnswer(free.status, together, free.solution, reason)
        answer = replace(answer, iterations=together)
    return answer


def _attempt(
    programme: Staircase,
    tolerance: float,
    max_iterations: int,
    correctors: int | None,
    segments: int | None,
    threads: int,
    plain: bool | None,
    *,
    manner: Manner = USUAL,
    warm: WarmStart | None = None,
    keep: Sequence[float] = (),
    judged: Staircase | None = None,
    ask_for_point: Callable[[], KernelAnswer] | None = None,
) -> KernelAnswer:
    try:
        form = read_form(programme)
    except ContradictionError as contradiction:
        ray = Verdicts(flatten(judged or programme)).prove_contradiction()
        if ray is None:
            return KernelAnswer(None, 0, None, f"{UNCERTAIN} {contradiction}")
        return KernelAnswer("infeasible", 0, without_solution("infeasible", ray), f"contradiction in {contradiction}")
    if warm is None:
        scale_form(form)
        form.right_scale *= 2.0**-manner.halvings
    elif forms_match(warm, programme, form):
        apply_scales(form, warm)
        warm = carry_over(warm, form)
    else:
        return KernelAnswer(None, 0, None, UNLIKE)
    newton = make_system(form, segments, threads=threads, plain=plain)
    if manner.soft_free != SOFT_FREE:
        newton.soften(manner.soft_free)
    try:
        rays = Rays(programme, form, newton, judged)
        return Method(
            programme, form, newton, rays, tolerance, max_iterations, correctors,
            manner=manner, warm=warm, keep=keep, ask_for_point=ask_for_point,
        ).run()  # fmt: skip
    finally:
        newton.close()


def make_system(
    form: KernelForm, segments: int | None = None, *, threads: int = 1, plain: bool | None = None
) -> Newton | PlainNewton:
    """The Newton system of a scaled form: compiled where a library was built, unless `plain` asks for NumPy."""
    library = None if plain else find_stages()
    if library is None:
        return PlainNewton(form, segments)
    return Newton(library, form, lay_out(form, segments), threads=threads)


class Method:
    """One run of the interior point on one programme."""

    def __init__(
        self,
        programme: Staircase,
        form: KernelForm,
        newton: Newton | PlainNewton,
        rays: Rays,
        tolerance: float,
        max_iterations: int,
        correctors: int | None,
        *,
        manner: Manner = USUAL,
        warm: WarmStart | None = None,
        keep: Sequence[float] = (),
        ask_for_point: Callable[[], KernelAnswer] | None = None,
    ) -> None:
        self.programme, self.form, self.newton = programme, form, newton
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self.correctors = 1 if correctors is None else correctors
        self.manner = manner
        self.constant = _constant(programme, form)
        self.rays, self.ask_for_point = rays, ask_for_point
        self.unit = form.cost_scale * form.right_scale
        self.pairs = 1
        self.warm, self.keep = warm, sorted(keep, reverse=True)
        self.patience = PATIENCE if warm is None else WARM_PATIENCE
        self.kept: list[Iterate] = []
        self.may_leave, self.left_behind = int(manner.left_behind * form.steps), 0
        # The cost of one unit more moves with the values: only a step of one length closes what prices leave open.
        self.together = any(column.curvature > 0.0 for column in form.columns)

    def run(self) -> KernelAnswer:
        """Iterate to an optimum, a proof that there is none, or a standstill."""
        with np.errstate(all="ignore"):
            if self.warm is None:
                self._start()
            elif not start_from(self.newton, self.warm):
                return KernelAnswer(None, 0, None, UNLIKE)
            self.pairs = max(self.newton.count_pairs(), 1)
            answer = self._run()
        if not self.kept or answer.status != "optimal":
            return answer
        points = gather(self.programme, self.form, self.kept, self.warm)
        return replace(answer, warm=points)

    def _run(self) -> KernelAnswer:
        newton = self.newton
        best, since, iteration = np.inf, 0, 0
        kept: KernelAnswer | None = None
        for iteration in range(self.max_iterations + 1):
            end_if_unwanted()
            if iteration or self.warm is None:
                newton.factorise()
                newton.solve(RightHandSide(AFFINE))
            now = newton.residuals
            primal, dual = now.primal * self.unit + self.constant, now.dual * self.unit + self.constant
            gap = abs(primal - dual) / max(1.0, abs(primal))
            # One hour may pay for a whole plant: what its prices leave open is rounding of its largest price.
            dual_residual = now.dual_residual / max(1.0, float(newton.u.max(initial=0.0)))
            residual = max(now.primal_residual, dual_residual)
            self._keep(gap)
            if gap <= self.tolerance and residual <= ALMOST_FEASIBLE:
                answer = self._finish(iteration)
                # A slope that is not yet its curve's is a price that is not yet exact, though the gap be closed.
                enough = ALMOST_FEASIBLE if self.tolerance >= ROUGH else FEASIBLE
                if answer is not None and max(residual, newton.border.slopes.open()) <= enough:
                    return answer
                if kept is not None:
                    return _better(kept, answer)
                kept = answer
            if self.may_leave and gap <= max(LEAVE_ABOVE * self.tolerance, LEAVE_UNTIL):
                self.may_leave, best = 0, np.inf
            # Far from an optimum, or with objectives that have passed each other, what is broken might hide a ray.
            self.left_behind = self.may_leave if gap <= LEAVE_FROM and now.dual <= now.primal else 0
            merit = gap / self.tolerance
            if not self.may_leave:
                # What hours that are left behind break is closed when there are none left.
                merit += (now.primal_residual + dual_residual) / FEASIBLE
            if not np.isfinite(merit) or iteration == self.max_iterations:
                break
            if merit < 0.9 * best:
                best, since = merit, 0
            else:
                since += 1
            if since >= self.patience:
                break
            if iteration and iteration % PROOF_EVERY == 0:
                # A ray takes the objectives past each other; looking for one costs more than an iteration.
                rows_open = now.primal_residual if now.dual > now.primal + abs(now.primal) else 0.0
                prices_open = now.dual_residual if now.primal < now.dual - abs(now.dual) else 0.0
                verdict = self._prove(iteration, rows_open > FEASIBLE, prices_open > FEASIBLE, sure=True)
                if verdict is not None:
                    return verdict
            self._step(now)
        if kept is not None:
            return kept
        if self.warm is not None:
            # The kernel's own start comes next; to look for rays from here would cost more than that.
            return self._finish(iteration) or KernelAnswer(None, iteration, None, STANDSTILL)
        return (
            self._prove_pointless(iteration)
            or self._prove(iteration, rows_open=True, prices_open=False, sure=False)
            or self._finish(iteration)
            or self._prove(iteration, rows_open=False, prices_open=True, sure=False)
            or KernelAnswer(None, iteration, None, STANDSTILL)
        )

    def _prove_pointless(self, iteration: int) -> KernelAnswer | None:
        """The proof that no point exists, where a row is left open, in the caller's numbers."""
        if self.ask_for_point is None:
            return None
        result = evaluate(self.programme, self._named_point())
        if result.primal_residual <= ACCEPTED * size_of(self.programme):
            return None
        answer = self.ask_for_point()
        return replace(answer, iterations=iteration + answer.iterations) if answer.status == "infeasible" else None

    def _prove(self, iteration: int, rows_open: bool, prices_open: bool, *, sure: bool) -> KernelAnswer | None:
        """A ray that proves the programme infeasible or unbounded, if the point has become one."""
        ray = self.rays.infeasible(sure=sure) if rows_open else None
        if ray is not None:
            return KernelAnswer("infeasible", iteration, without_solution("infeasible", ray), "ray")
        ray = self.rays.unbounded(sure=sure) if prices_open else None
        if ray is not None:
            return KernelAnswer("unbounded", iteration, without_solution("unbounded", ray), "ray")
        return None

    def _step(self, now: Measures) -> None:
        newton, mu = self.newton, now.product / self.pairs
        to_primal, to_dual, fall, rise, cross = newton.largest_steps()
        primal, dual = self._join(min(to_primal, 1.0), min(to_dual, 1.0))
        predicted = (now.product + primal * fall + dual * rise + primal * dual * cross) / self.pairs
        centring = min(max(predicted, 0.0) / max(mu, 1e-300), 1.0) ** CENTRING_POWER
        if self.left_behind:
            centring = min(centring, MOST_CENTRING)
        hold = mu < self.manner.balance * max(now.primal_residual, now.dual_residual)
        centring = 1.0 if hold else centring
        newton.solve(RightHandSide(CENTRE, target=centring * mu, band=(0.0, SECOND_ORDER * mu)))
        inside = newton.largest_steps()[:2]
        reach = self._reach(*inside)
        for _ in range(0 if hold else self.correctors):
            primal, dual = min(inside[0], 1.0), min(inside[1], 1.0)
            if min(primal, dual) > LONG_STEP:
                break
            wish = (min(primal * 1.08 + STEP_WISH, 1.0), min(dual * 1.08 + STEP_WISH, 1.0))
            newton.solve(RightHandSide(BAND, target=max(centring, LEAST_CENTRING) * mu, trial=wish))
            new_inside = newton.largest_steps()[:2]
            new_reach = self._reach(*new_inside)
            if sum(min(step, 1.0) for step in new_reach) < sum(min(step, 1.0) for step in reach) + GAIN:
                newton.refuse_correction()
                break
            inside, reach = new_inside, new_reach
        share = self.manner.step if min(reach) < LONG_STEP else self.manner.final_step
        steps = self._join(min(share * reach[0], 1.0), min(share * reach[1], 1.0))
        newton.advance(*steps, 1.0 - share if reach != inside else LEAST_SLACK)

    def _join(self, primal: float, dual: float) -> tuple[float, float]:
        """A primal and a dual step, of one length where hourly costs are curved."""
        return (min(primal, dual),) * 2 if self.together else (primal, dual)

    def _reach(self, to_primal: float, to_dual: float) -> tuple[float, float]:
        """How far the primal and the dual step may go, given how far all hours could go."""
        if not self.left_behind:
            return to_primal, to_dual
        # One pair among hundreds of thousands would else stop them all, when all others are near the central path.
        primal, dual = self.newton.steps_but_for(self.left_behind)
        return max(to_primal, min(primal, OVERSHOOT * to_primal)), max(to_dual, min(dual, OVERSHOOT * to_dual))

    def _start(self) -> None:
        """Mehrotra's starting point: the least squares point and prices, shifted inside the bounds."""
        n = self.newton
        floor, bounded = n.masks()
        n.y[:], n.z[:], n.r[:], n.u[:], n.lambdas[:] = 1.0, floor, 1.0, bounded, 0.0
        n.border.set_units()
        n.factorise()
        n.solve(RightHandSide(AFFINE, keep=0.0, costs=0.0))
        y, x = n.dy.copy(), n.border.dx.copy()
        r = n.bounds_minus_level(y, x)
        n.border.take_slopes(x)
        n.bend(y)
        n.solve(RightHandSide(AFFINE, keep=0.0, rights=0.0))
        n.lambdas[:], q = n.dlambdas, n.border.dq
        z, u = n.dz * floor, n.du * bounded

        def least(first: Array, second: Array) -> float:
            return float(min(first.min(initial=0.0), second.min(initial=0.0)))

        up, over = max(-1.5 * least(y * floor, r * bounded), 0.0), max(-1.5 * least(z, u), 0.0)
        count = max(float(floor.sum() + bounded.sum()), 1.0)
        values = float((y * floor).sum() + (r * bounded).sum()) + up * count
        prices = float(z.sum() + u.sum()) + over * count
        product = float(((y + up) * (z + over) * floor).sum() + ((r + up) * (u + over) * bounded).sum())
        up = max(up + 0.5 * product / max(prices, 1e-30), self.manner.inside)
        over = max(over + 0.5 * product / max(values, 1e-30), self.manner.inside)
        n.y[:], n.z[:] = y + up * floor, (z + over) * floor
        n.r[:], n.u[:] = np.where(bounded > 0.0, r + up, 1.0), (u + over) * bounded
        mu = max(float((n.y * n.z).sum() + (n.r * n.u).sum()) / count, 1e-4)
        n.border.start(x, q, mu)

    def _keep(self, gap: float) -> None:
        """Keep the point if it is the first of a wished gap; what it leaves open, a later solve closes."""
        passed = 0.0
        while self.keep and gap <= self.keep[0]:
            passed = self.keep.pop(0)
        if passed:
            self.kept.append(take_iterate(self.newton, passed))

    def _finish(self, iteration: int) -> KernelAnswer | None:
        point = self._named_point()
        result = evaluate(self.programme, point)
        certificate = result.certificate(self.newton.name, iteration)
        if not is_accepted(self.programme, certificate, max(ACCEPTED, self.tolerance), point.capacities):
            return None
        solution = Solution(
            status="optimal",
            capacities=point.capacities,
            hourly=point.hourly,
            row_prices=point.rows,
            total_prices=point.totals,
            bound_prices=result.bound_prices,
            capacity_prices=result.capacity_prices,
            certificate=certificate,
        )
        return KernelAnswer("optimal", iteration, solution, "converged")

    def _named_point(self) -> NamedPoint:
        point = name_prices(
            self.programme,
            self.form,
            prices_of_rows(self.form, self.newton),
            self.newton.border.q,
            prices_of_bounds(self.form, self.newton),
        )
        form, unit = self.form, self.form.right_scale
        for name, capacity in self.programme.capacities.items():
            if name in form.held:
                point.capacities[name] = form.held[name]
                continue
            place = form.border_of[name]
            border = form.border[place]
            value = border.origin + border.sign * border.scale * unit * float(self.newton.border.x[place])
            point.capacities[name] = min(max(value, capacity.lower), capacity.upper)
        series = self.newton.unfold(self.newton.y, len(form.columns))
        for name, variable in self.programme.variables.items():
            place = form.column_of[name]
            column = form.columns[place]
            values = column.origin + column.sign * (column.scale * unit) * series[place]
            values = np.maximum(values, variable.lower)
            point.hourly[name] = values if variable.capacity is not None else np.minimum(values, variable.upper)
        return point


def _better(kept: KernelAnswer, other: KernelAnswer | None) -> KernelAnswer:
    """The answer with the smaller gap."""
    if other is None or other.solution is None or kept.solution is None:
        return kept
    first, second = kept.solution.certificate, other.solution.certificate
    return other if first is None or second is None or second.relative_gap < first.relative_gap else kept


def _constant(programme: Staircase, form: KernelForm) -> float:
    constant = programme.constant
    for name, variable in programme.variables.items():
        place = form.columns[form.column_of[name]].origin
        constant += float(variable.cost @ place) + 0.5 * variable.curvature * float(place @ place)
    for name, capacity in programme.capacities.items():
        origin = form.held[name] if name in form.held else form.border[form.border_of[name]].origin
        constant += capacity.cost * origin
        if name in form.held and capacity.curve is not None:
            constant += capacity.curve.value(origin)
    return constant
