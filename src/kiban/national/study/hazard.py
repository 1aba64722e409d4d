"""Natural hazard as a yearly cost per MW of IT: expected damage, downtime and the protection against them.

Events are Poisson: a probability P of strong shaking in 30 years is the yearly rate

    rate = -ln(1 - P) / 30

An event destroys a share of the building and of the equipment, and stops the service for some days.
Base isolation removes a share of what shaking does, raised ground a share of what water does, and both
cost a share of the building. Everything is proportional to the capacity, so that the cheapest
protection of a site does not depend on its size: the choice is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kiban.calendar import HOURS_PER_DAY
from kiban.catalogue import Catalogue
from kiban.quantities import CM_PER_M

Protection = Literal["none", "isolation", "elevation", "both"]

EXPOSURE_YEARS = 30.0
"""Period of the published shaking probability."""
HIGHEST_CLASS = 3


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a place is exposed to; classes are 0 (none) to 3 (high) and may lie between."""

    shaking_probability_30y: float
    tsunami_class: float
    flood_class: float
    typhoon_class: float
    snow_depth_maximum_cm: float


@dataclass(frozen=True, slots=True)
class Values:
    """What a MW of IT is worth, million yen: building, and equipment with servers; and the building's CRF."""

    building_myen_per_mw: float
    equipment_myen_per_mw: float
    building_recovery_factor: float


@dataclass(frozen=True, slots=True)
class HazardCost:
    """Yearly cost per MW of IT, million yen, with one protection.

    `damage_myen`, `downtime_myen` and `protection_myen` add up to `total_myen`; `downtime_hours` is the
    expected time without service a year.
    """

    protection: Protection
    damage_myen: float
    downtime_myen: float
    protection_myen: float
    downtime_hours: float

    @property
    def total_myen(self) -> float:
        """Yearly cost per MW, million yen."""
        return self.damage_myen + self.downtime_myen + self.protection_myen


def yearly_rate(probability_30y: float) -> float:
    """Events a year from the probability of at least one in 30 years (Poisson)."""
    if not 0 <= probability_30y < 1:
        raise ValueError(f"probability_30y is {probability_30y}, not between 0 and 1")
    return -math.log1p(-probability_30y) / EXPOSURE_YEARS


def price_hazard(exposure: Exposure, values: Values, catalogue: Catalogue, protection: Protection) -> HazardCost:
    """Expected yearly cost per MW of IT with one protection."""
    take = catalogue.value
    isolated = protection in {"isolation", "both"}
    raised = protection in {"elevation", "both"}
    dry = 1.0 - take("hazard.elevation.effect") * raised
    events = [
        ("shaking", yearly_rate(exposure.shaking_probability_30y), 1.0 - take("hazard.isolation.effect") * isolated),
        ("tsunami", _between_classes(catalogue, "hazard.tsunami.probability", exposure.tsunami_class), dry),
        ("flood", _between_classes(catalogue, "hazard.flood.probability", exposure.flood_class), dry),
    ]
    damage = days = 0.0
    for name, rate, left in events:
        damage += rate * left * take(f"hazard.{name}.building_damage") * values.building_myen_per_mw
        damage += rate * left * take(f"hazard.{name}.equipment_damage") * values.equipment_myen_per_mw
        days += rate * left * take(f"hazard.{name}.downtime_days")
    damage += _between_classes(catalogue, "hazard.typhoon.damage", exposure.typhoon_class) * values.building_myen_per_mw
    days += _between_classes(catalogue, "hazard.typhoon.downtime_days", exposure.typhoon_class)
    snow_m = exposure.snow_depth_maximum_cm / CM_PER_M
    damage += take("hazard.snow.cost_share") * snow_m * values.building_myen_per_mw
    share = take("hazard.isolation.cost_share") * isolated + take("hazard.elevation.cost_share") * raised
    hours = days * HOURS_PER_DAY
    return HazardCost(
        protection=protection,
        damage_myen=damage,
        downtime_myen=hours * take("hazard.downtime_cost"),
        protection_myen=share * values.building_myen_per_mw * values.building_recovery_factor,
        downtime_hours=hours,
    )


def choose_protection(
    exposure: Exposure, values: Values, catalogue: Catalogue, offered: Iterable[Protection]
) -> tuple[HazardCost, ...]:
    """Every offered protection, the cheapest first."""
    priced = [price_hazard(exposure, values, catalogue, protection) for protection in offered]
    return tuple(sorted(priced, key=lambda cost: (cost.total_myen, cost.protection)))


def _between_classes(catalogue: Catalogue, prefix: str, hazard_class: float) -> float:
    """A figure of a class, straight between whole classes; nothing at class 0."""
    known = [0.0, *(catalogue.value(f"{prefix}.class{number}") for number in range(1, HIGHEST_CLASS + 1))]
    lower = min(int(hazard_class), HIGHEST_CLASS - 1)
    share = hazard_class - lower
    return (1.0 - share) * known[lower] + share * known[lower + 1]
