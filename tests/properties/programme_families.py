"""Families of random programmes by name: every feature of the form, and every way to be nearly or truly impossible."""

from dataclasses import dataclass, field

import numpy as np
from tests.properties.plant_programmes import BENDS, random_plant
from tests.properties.random_programmes import random_programme

from kiban.linear import Staircase

RANDOM = {
    "default": {},
    "spread4": {"spread": 4},
    "spread8": {"spread": 8},
    "spread12": {"spread": 12},
    "zero": {"zero_costs": True},
    "near4": {"near": 1e-4},
    "near8": {"near": 1e-8},
    "block60": {"largest_block": 60},
    "infeasible": {"feasible": False},
    "infeasible8": {"feasible": False, "spread": 8},
}
PLANT = "e:"
FAMILIES = (*RANDOM, *(PLANT + bend for bend in BENDS))
HARD = frozenset({"spread8", "spread12", "infeasible8", "near8"})
"""Families whose numbers leave double precision too few digits for a promise: eight decades and more, room 1e-8."""


@dataclass(frozen=True)
class Specimen:
    """A programme, and what its construction says of it.

    `point` are values by name that meet every row but for rounding (and some prices hold the costs, so that there is
    an optimum), None where the construction knows none; `impossible` says that no point can.
    """

    programme: Staircase
    point: dict[str, object] | None = field(default=None)
    impossible: bool = False


def make_specimen(family, seed):
    """The programme of a family and a seed."""
    rng = np.random.default_rng(seed)
    if family.startswith(PLANT):
        return Specimen(random_plant(rng, family.removeprefix(PLANT)))
    point = {}
    programme = random_programme(rng, point=point, **RANDOM[family])
    impossible = not RANDOM[family].get("feasible", True)
    return Specimen(programme, None if impossible else point, impossible)
