"""Random small plants in staircase form: sun, wind, a wire, a burner, a battery and a backlog, bent in many ways."""

from dataclasses import replace

import numpy as np

from kiban.linear import Staircase

BENDS = (
    "plain",
    "tiny",
    "minutes",
    "scaled",
    "negative",
    "ties",
    "zero",
    "infeasible",
    "free",
    "fixed",
    "below",
    "nowaste",
    "unbounded",
    "totals10",
    "dup",
)
"""What is odd about a plant: horizons of 1 to 3 steps, steps of minutes, load and money in other units, prices below
zero, equal prices, no costs, limits that cannot meet the load, no limits, capacities held, capacities that may be
negative, no curtailment, sales that pay for ever more plant, ten yearly rows, a row written twice."""

COSTS = {"sun": 5.0, "wind": 9.0, "power": 2.0, "energy": 1.2, "wire": 3.0, "gas": 3.0}


def random_plant(rng, bend):
    """A plant of the kind; the draws of a seed are those of the audit that found the first wrong verdicts."""
    steps, years, hours = _draw_horizon(rng, bend)
    count = steps * years
    weight = hours / years
    size, money = 1.0, 1.0
    if bend == "scaled":
        size = 10.0 ** float(rng.uniform(-6, 6))
        money = 10.0 ** float(rng.uniform(-6, 6))
    programme = Staircase(count, steps)
    hour = np.arange(count) * hours
    sun = np.clip(np.sin(2 * np.pi * (hour % 24) / 24 - 1.5) * rng.uniform(0.3, 1, count), 0, 1)
    wind = np.clip(rng.normal(0.35, 0.25, count), 0, 1)
    load = np.abs(50 + 10 * rng.normal(size=count)) * size
    price = _draw_prices(rng, bend, count, money)
    _add_capacities(rng, bend, programme, size, money, steps)

    programme.add_row("balance", equal=load)
    programme.add_capacity_term("balance", "sun", sun)
    programme.add_capacity_term("balance", "wind", wind)
    programme.add_variable("import", cost=price * weight, capacity="wire")
    programme.add_variable("burn", cost=0.03 * money * weight, capacity="gas")
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    for name, sign in (("import", 1), ("burn", 1), ("discharge", 1), ("charge", -1)):
        programme.add_term("balance", name, float(sign))
    if bend != "nowaste":
        programme.add_variable("waste")
        programme.add_term("balance", "waste", -1.0)
    if bend in {"negative", "unbounded"}:
        _add_sales(bend, programme, price, size, money, steps, weight)
    _add_storage(rng, programme, hours)
    if rng.random() < 0.6:
        _add_backlog(rng, programme, load, hours)
    _add_totals(rng, bend, programme, float(load.sum()) * weight, weight)
    if bend == "dup":
        programme.add_row("balance2", equal=load)
        programme.rows["balance2"].terms = list(programme.rows["balance"].terms)
        programme.rows["balance2"].capacities = list(programme.rows["balance"].capacities)
    return programme


def _draw_horizon(rng, bend):
    steps, years, hours = int(rng.integers(4, 97)), int(rng.integers(1, 4)), 1.0
    if bend == "tiny":
        steps = int(rng.integers(1, 4))
    if bend == "minutes":
        hours = float(rng.choice([2, 5, 10, 15, 30])) / 60
        steps, years = int(rng.integers(48, 400)), 1
    return steps, years, hours


def _draw_prices(rng, bend, count, money):
    price = np.abs(rng.normal(0.012, 0.006, count)) * money
    if bend == "negative":
        price = rng.normal(0.004, 0.012, count) * money
    if bend == "ties":
        price = np.round(price / (0.004 * money)) * 0.004 * money
    return np.zeros(count) if bend == "zero" else price


def _add_capacities(rng, bend, programme, size, money, steps):
    costs = dict(COSTS)
    if bend in {"ties", "zero"}:
        costs = {name: 0.0 if rng.random() < 0.5 else cost for name, cost in costs.items()}
    upper = {"sun": 600.0, "wind": 600.0, "power": 500.0, "energy": 5000.0}
    upper |= {"wire": float(rng.choice([20, 60, 200])), "gas": 200.0}
    if bend == "infeasible":
        upper |= {"wire": 1.0, "gas": float(rng.choice([0, 2, 10])), "sun": 20.0, "wind": 20.0}
    if bend == "free":
        upper = dict.fromkeys(upper, np.inf)
    for name, cost in costs.items():
        least, most = 0.0, upper[name] * size
        if bend == "fixed" and rng.random() < 0.6:
            least = most = float(rng.uniform(20, 200)) * size
        if bend == "below" and rng.random() < 0.5:
            least = -np.inf if rng.random() < 0.3 else float(rng.uniform(0, 0.5)) * most
        programme.add_capacity(name, cost=cost * money * steps / 8760, lower=least, upper=most)


def _add_sales(bend, programme, price, size, money, steps, weight):
    if bend == "unbounded":
        programme.add_capacity("export", cost=0.0)
        paid = np.abs(price) + 0.05 * money
        for name in ("sun", "wind"):
            programme.capacities[name] = replace(programme.capacities[name], upper=np.inf)
    else:
        programme.add_capacity("export", cost=0.5 * money * steps / 8760, upper=100 * size)
        paid = price
    programme.add_variable("sold", cost=-paid * weight, capacity="export")
    programme.add_term("balance", "sold", -1.0)


def _add_storage(rng, programme, hours):
    efficiency, kept = float(rng.choice([1.0, 0.95, 0.8])), float(rng.choice([1.0, 0.99995, 0.99]))
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -kept, lagged=True, cyclic=bool(rng.random() < 0.8))
    programme.add_term("storage", "charge", -efficiency * hours)
    programme.add_term("storage", "discharge", hours / efficiency)


def _add_backlog(rng, programme, load, hours):
    programme.add_variable("served", upper=load * 0.5)
    programme.add_variable("backlog", upper=24 * 0.2 * float(load.mean()) * (rng.random() + 0.01))
    programme.add_term("balance", "served", -1.1)
    programme.add_row("queue", equal=0.2 * load * hours)
    programme.add_term("queue", "backlog")
    programme.add_term("queue", "backlog", -1.0, lagged=True)
    programme.add_term("queue", "served", hours)


def _add_totals(rng, bend, programme, energy, weight):
    share = (0.0, 0.3) if bend == "infeasible" else (0.3, 1.2)
    for number in range(10 if bend == "totals10" else int(rng.integers(0, 3))):
        programme.add_total(f"q{number}", upper=float(rng.uniform(*share)) * energy)
        weights = rng.uniform(0.2, 1, programme.steps)
        programme.add_total_term(f"q{number}", "import", weights * weight)
        programme.add_total_term(f"q{number}", "burn", float(rng.uniform(0.3, 1)) * weight)
