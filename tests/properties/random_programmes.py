"""Random staircase programmes: every feature of the form, with an optimum by construction or without one."""

from dataclasses import replace

import numpy as np

from kiban.linear import Staircase
from kiban.linear.curves import CostCurve
from kiban.linear.flat import BOUND_PREFIX, flatten


def _pick(rng, values):
    return values[int(rng.integers(len(values)))]


def _coefficient(rng, steps, scale):
    kind = rng.integers(4)
    if kind == 0:
        return np.full(steps, _pick(rng, [1.0, -1.0, 0.9, -2.0])) * scale
    values = rng.uniform(-2.0, 2.0, steps) * scale
    if kind == 1:
        values = np.abs(values)
    return values * (rng.random(steps) < 0.7) if kind == 2 else values


def random_programme(rng, *, feasible=True, zero_costs=False, spread=0, largest_block=16, near=0.0, point=None):
    """A programme with an optimum if `feasible`; `spread` is the number of decades its scales vary over.

    `near` shrinks the room that bounds leave around a feasible point to this share: nearly infeasible. `point`, a dict,
    takes that point, values by name.
    """
    block, years = int(rng.integers(1, largest_block + 1)), int(rng.integers(1, 4))
    steps = block * years
    room = near or 1.0

    def decade():
        return 10.0 ** float(rng.uniform(-spread / 2, spread / 2)) if spread else 1.0

    programme = Staircase(steps, block)
    programme.add_constant(float(rng.uniform(-5, 5)))
    point = {} if point is None else point
    for k in range(int(rng.integers(0, 4))):
        scale = decade()
        x = float(rng.uniform(0, 3)) * scale
        kind = _pick(rng, ["plain", "plain", "box", "above", "fixed", "free", "below"])
        if kind == "fixed":
            lower = upper = x
        elif kind == "plain":
            lower, upper, x = 0.0, np.inf, _pick(rng, [0.0, x])
        elif kind == "box":
            lower, upper = x - room * scale * float(rng.random()), x + room * scale * float(rng.random())
        elif kind == "above":
            lower, upper = x - scale, np.inf
        elif kind == "below":
            lower, upper = -np.inf, x + scale * float(rng.random())
        else:
            lower, upper = -np.inf, np.inf
        programme.add_capacity(f"x{k}", cost=0.0, lower=lower, upper=upper)
        point[f"x{k}"] = x
    capacities = list(programme.capacities)
    for v in range(int(rng.integers(1, 6))):
        scale = decade()
        y = rng.uniform(0, 2, steps) * scale * (rng.random(steps) < 0.7)
        kind = _pick(rng, ["plain", "plain", "box", "capped", "capped", "free", "fixed", "mixed", "negative", "below"])
        capacity, factor = None, 1.0
        if kind == "capped" and capacities:
            capacity = _pick(rng, capacities)
            factor = np.abs(_coefficient(rng, steps, scale))
            over = rng.random(steps) * room * scale * (rng.random(steps) < 0.6)
            lower = np.zeros(steps) if rng.random() < 0.8 else np.full(steps, -np.inf)
            upper = y - factor * point[capacity] + over
        elif kind == "box":
            lower = y - room * scale * rng.random(steps) * (rng.random(steps) < 0.5)
            upper = y + room * scale * rng.random(steps)
        elif kind == "free":
            lower, upper = np.full(steps, -np.inf), np.full(steps, np.inf)
        elif kind == "fixed":
            lower = upper = y
        elif kind == "mixed":
            choice = rng.integers(0, 4, steps)
            lower = np.where(choice == 0, y, np.where(choice == 1, -np.inf, 0.0))
            upper = np.where(choice == 0, y, np.where(choice == 2, np.inf, y + scale))
        elif kind == "negative":
            lower, upper = y - 2.0 * scale, np.full(steps, np.inf)
        elif kind == "below":
            lower, upper = np.full(steps, -np.inf), y + scale * rng.random(steps)
        else:
            lower, upper = np.zeros(steps), np.full(steps, np.inf)
        programme.add_variable(f"y{v}", lower=lower, upper=upper, capacity=capacity, factor=factor)
        point[f"y{v}"] = y
    variables = list(programme.variables)
    for r in range(int(rng.integers(1, 5))):
        scale = decade()
        programme.add_row(f"r{r}")
        for name in variables:
            if rng.random() < 0.6:
                programme.add_term(f"r{r}", name, _coefficient(rng, steps, scale))
            if rng.random() < 0.25:
                cyclic = bool(rng.random() < 0.7)
                programme.add_term(f"r{r}", name, _coefficient(rng, steps, scale), lagged=True, cyclic=cyclic)
        for name in capacities:
            if rng.random() < 0.4:
                programme.add_capacity_term(f"r{r}", name, _coefficient(rng, steps, scale))
        if not programme.rows[f"r{r}"].terms:
            programme.add_term(f"r{r}", variables[0], 1.0)
        if r and rng.random() < 0.15:
            programme.rows[f"r{r}"].terms = list(programme.rows[f"r{r - 1}"].terms)
            programme.rows[f"r{r}"].capacities = list(programme.rows[f"r{r - 1}"].capacities)
    for q in range(int(rng.integers(0, 3))):
        programme.add_total(f"q{q}")
        for name in variables:
            if rng.random() < 0.5:
                programme.add_total_term(f"q{q}", name, _coefficient(rng, steps, 1.0))
        for name in capacities:
            if rng.random() < 0.4:
                programme.add_capacity_term(f"q{q}", name, float(rng.uniform(-2, 2)))

    flat = flatten(programme)
    at = np.zeros(flat.cost.size)
    for name, value in point.items():
        at[flat.columns[name]] = value
    activity = flat.matrix @ at
    signs = {}
    for name in [*programme.rows, *programme.totals]:
        value = activity[flat.rows[name]]
        size = (np.abs(value).max() + 1.0) * room
        kind = _pick(rng, ["equal", "equal", "lower", "upper", "both"])
        slack = rng.random(value.size) * size * (rng.random(value.size) < 0.5)
        lower = value if kind == "equal" else value - slack
        upper = value if kind == "equal" else value + rng.random(value.size) * size
        if kind == "lower":
            upper = np.full(value.size, np.inf)
        if kind == "upper":
            lower, upper = np.full(value.size, -np.inf), value + slack
        signs[name] = kind
        if name in programme.rows:
            programme.rows[name].lower, programme.rows[name].upper = lower, upper
        else:
            programme.totals[name].lower, programme.totals[name].upper = float(lower[0]), float(upper[0])
    if not feasible:
        _contradict(rng, programme)
        signs |= {"asked": "lower", "held": "upper"}
    if not zero_costs:
        _price(rng, programme, signs, decade())
    return programme


def _price(rng, programme, signs, scale):
    """Costs that some prices pay exactly, so that the programme is not unbounded."""
    flat = flatten(programme)
    prices = np.zeros(flat.row_lower.size)
    for name, rows in flat.rows.items():
        values = rng.uniform(-1, 1, rows.stop - rows.start) * scale * (rng.random(rows.stop - rows.start) < 0.8)
        kind = "upper" if name.startswith(BOUND_PREFIX) else signs[name]
        if kind in {"lower", "upper"}:
            values = np.abs(values) * (1.0 if kind == "lower" else -1.0)
        if name.startswith(BOUND_PREFIX):
            values = np.where(np.isfinite(flat.row_upper[rows]), values, 0.0)
        prices[rows] = values
    rest = rng.random(flat.cost.size) * scale * (rng.random(flat.cost.size) < 0.7)
    floored, hung = np.isfinite(flat.lower), np.isfinite(flat.upper)
    reduced = np.where(floored, rest, np.where(hung, -rest, 0.0))
    cost = flat.matrix.T @ prices + reduced
    programme.capacities = {
        name: replace(capacity, cost=float(cost[flat.columns[name].start]))
        for name, capacity in programme.capacities.items()
    }
    programme.variables = {
        name: replace(variable, cost=cost[flat.columns[name]]) for name, variable in programme.variables.items()
    }


def _contradict(rng, programme):
    """Ask for more than bounds allow: a row of one bounded variable beyond its bound."""
    name = "bounded"
    programme.add_variable(name, upper=1.0)
    programme.add_row("asked", lower=0.0)
    programme.add_term("asked", name)
    asked = np.zeros(programme.steps)
    asked[int(rng.integers(programme.steps))] = float(rng.uniform(1.01, 3.0))
    programme.rows["asked"].lower = asked
    if rng.random() < 0.5:
        # The same, spread over a helper that another row holds down.
        programme.add_variable("helper")
        programme.add_term("asked", "helper")
        programme.add_row("held", upper=0.005)
        programme.add_term("held", "helper")


def bend(rng, programme, exponents):
    """The programme with a cost curve of one of the exponents on every capacity whose bounds let it have one.

    A capacity without an upper bound that its curve rewards costs something, so that it does not grow without end.
    """
    for name, capacity in programme.capacities.items():
        exponent = float(_pick(rng, exponents))
        below = float(rng.random()) if rng.random() < 0.5 else 0.0
        if exponent != 1.0 and not np.isfinite(capacity.lower):
            continue
        origin = 0.0 if exponent == 1.0 else capacity.lower - below
        if exponent < 0.0:
            # Where rows leave a capacity nothing but the edge of such a curve, there is no optimum with prices.
            origin -= 1.0 if capacity.lower == capacity.upper else 0.05
        cost = abs(capacity.cost) + 0.1 if exponent < 0.0 and np.isinf(capacity.upper) else capacity.cost
        price = float(np.sign(exponent) * 10.0 ** rng.uniform(-2, 1.5))
        curve = CostCurve(price, float(10.0 ** rng.uniform(-1, 1)), exponent, origin)
        programme.capacities[name] = replace(capacity, cost=cost, curve=curve)
    return programme
