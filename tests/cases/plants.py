"""Small plants for the kernel: every kind of row, bound, capacity and link between hours, in years of any length."""

from __future__ import annotations

from typing import Any

import numpy as np

from kiban.linear import Staircase


def plant(
    block: int,
    blocks: int = 1,
    *,
    storages: int = 1,
    queue: bool = True,
    ramp: bool = False,
    totals: int = 1,
    budgets: int = 0,
    open_ended: tuple[str, ...] = (),
) -> Staircase:
    """Sun, wire, storages, delayed load; every kind of row, bound and capacity that a site has."""
    steps, rng = block * blocks, np.random.default_rng(0)
    programme = Staircase(steps, block)
    programme.add_capacity("sun", cost=8.0, upper=30.0)
    programme.add_capacity("wire", cost=1.0, lower=-np.inf if "wire" in open_ended else 0.5)
    programme.add_row("balance", equal=rng.uniform(8, 10, steps))
    programme.add_capacity_term("balance", "sun", rng.uniform(0, 1, steps))
    programme.add_variable("buy", cost=rng.uniform(0.5, 2.0, steps), capacity="wire")
    programme.add_variable(
        "burn", cost=0.7, upper=rng.uniform(1, 3, steps) * np.where(rng.random(steps) < 0.5, 1, np.inf)
    )
    programme.add_variable("waste")
    for name, sign in (("buy", 1.0), ("burn", 1.0), ("waste", -1.0)):
        programme.add_term("balance", name, sign)
    programme.add_row("permit", upper=rng.uniform(3, 5, steps))
    programme.add_term("permit", "burn", rng.uniform(0.5, 1.5, steps))
    for i in range(storages):
        programme.add_capacity(f"energy{i}", cost=3.0 + i)
        programme.add_row(f"storage{i}", equal=rng.uniform(-0.1, 0.1, steps))
        programme.add_variable(f"state{i}", capacity=f"energy{i}", factor=rng.uniform(0.8, 1.0, steps))
        programme.add_variable(f"charge{i}", upper=4.0)
        programme.add_variable(f"discharge{i}", capacity="sun", factor=0.2)
        programme.add_term(f"storage{i}", f"state{i}")
        programme.add_term(f"storage{i}", f"state{i}", -0.99 + 0.01 * i, lagged=True)
        programme.add_term(f"storage{i}", f"charge{i}", -0.95)
        programme.add_term(f"storage{i}", f"discharge{i}", 1.05)
        programme.add_term("balance", f"charge{i}", -1.0)
        programme.add_term("balance", f"discharge{i}")
    if queue:
        programme.add_row("queue", equal=2.0)
        programme.add_variable("served", upper=4.0)
        programme.add_variable("waiting", upper=20.0)
        programme.add_term("queue", "waiting")
        programme.add_term("queue", "waiting", rng.uniform(-1, -0.9, steps), lagged=True)
        programme.add_term("queue", "served")
        programme.add_term("balance", "served", -1.1)
    if ramp:
        # The balance holds what is looked back at, and becomes a state row itself.
        programme.add_row("ramp", lower=-2.0, upper=2.0)
        programme.add_term("ramp", "buy")
        programme.add_term("ramp", "buy", -1.0, lagged=True, cyclic=False)
        programme.add_capacity_term("ramp", "wire", -0.1)
    for q in range(budgets):
        # Total rows that no hour is in, before those that hours are in.
        programme.add_total(f"budget{q}", upper=40.0 + q)
        programme.add_capacity_term(f"budget{q}", "sun", 1.0 + 0.5 * q)
        programme.add_capacity_term(f"budget{q}", "wire", 2.0)
    for q in range(totals):
        programme.add_total(f"total{q}", lower=-np.inf if q % 2 == 0 else 3.0 * steps, upper=3.0 * steps)
        programme.add_total_term(f"total{q}", "buy", rng.uniform(0, 1, steps))
        programme.add_total_term(f"total{q}", "burn")
        programme.add_capacity_term(f"total{q}", "sun", -0.5)
    if "trade" in open_ended:
        programme.add_variable("trade", cost=0.9, lower=-np.inf)
        programme.add_term("balance", "trade")
    return programme


PLANTS: dict[str, tuple[int, int, dict[str, Any]]] = {
    "one state": (11, 1, {"queue": False}),
    "two states in three years": (4, 3, {}),
    "three states": (5, 2, {"storages": 2}),
    "all rows but one are states": (7, 1, {"storages": 2, "ramp": True}),
    "no state": (5, 2, {"storages": 0, "queue": False}),
    "years of one step": (1, 4, {"totals": 2}),
    "years of two steps": (2, 3, {"storages": 2}),
    "years of three steps": (3, 3, {"ramp": True}),
    "no total row": (6, 1, {"totals": 0}),
    "many total rows": (4, 2, {"totals": 5}),
    "total rows of capacities alone": (5, 2, {"totals": 2, "budgets": 2}),
    "an open variable": (8, 1, {"open_ended": ("trade",)}),
    "an open capacity": (8, 1, {"open_ended": ("wire",)}),
}
