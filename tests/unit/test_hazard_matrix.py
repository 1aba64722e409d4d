"""Every natural hazard under every protection, by hand: which protection helps against what, and by how much.

The figures are round ones of this test, so that each cell can be worked out on paper. A MW of IT is worth 1,000 million
yen of building and 10,000 of equipment; an hour without service costs 0.5 million yen.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest
from kiban.national.study.hazard import Exposure, Protection, Values, choose_protection, price_hazard

from kiban.catalogue import load_catalogue

FIGURES = {
    "hazard.shaking.building_damage": 0.08,
    "hazard.shaking.equipment_damage": 0.05,
    "hazard.shaking.downtime_days": 10.0,
    "hazard.tsunami.probability.class1": 0.0005,
    "hazard.tsunami.probability.class2": 0.002,
    "hazard.tsunami.probability.class3": 0.005,
    "hazard.tsunami.building_damage": 0.4,
    "hazard.tsunami.equipment_damage": 0.6,
    "hazard.tsunami.downtime_days": 200.0,
    "hazard.flood.probability.class1": 0.001,
    "hazard.flood.probability.class2": 0.004,
    "hazard.flood.probability.class3": 0.01,
    "hazard.flood.building_damage": 0.15,
    "hazard.flood.equipment_damage": 0.3,
    "hazard.flood.downtime_days": 50.0,
    "hazard.typhoon.damage.class1": 0.00005,
    "hazard.typhoon.damage.class2": 0.0002,
    "hazard.typhoon.damage.class3": 0.0004,
    "hazard.typhoon.downtime_days.class1": 0.02,
    "hazard.typhoon.downtime_days.class2": 0.06,
    "hazard.typhoon.downtime_days.class3": 0.15,
    "hazard.snow.cost_share": 0.001,
    "hazard.isolation.cost_share": 0.1,
    "hazard.isolation.effect": 0.75,
    "hazard.elevation.cost_share": 0.05,
    "hazard.elevation.effect": 0.5,
    "hazard.downtime_cost": 0.5,
}
CATALOGUE = load_catalogue().overridden(FIGURES)
VALUES = Values(1000.0, 10000.0, 0.06)
CALM = Exposure(0.0, 0.0, 0.0, 0.0, 0.0)
ONE_PER_CENT_A_YEAR = 1.0 - np.exp(-0.3)
"""Probability in 30 years of what happens once in a hundred years."""

HAZARDS = {
    "shaking": {"shaking_probability_30y": ONE_PER_CENT_A_YEAR},
    "tsunami": {"tsunami_class": 2.0},
    "flood": {"flood_class": 2.0},
    "typhoon": {"typhoon_class": 2.0},
    "snow": {"snow_depth_maximum_cm": 250.0},
}

# What is lost without protection: damage (million yen a year) and hours without service a year.
#   shaking  0.01  x (0.08 x 1,000 + 0.05 x 10,000) = 0.01  x   580 =  5.8    0.01  x  10 days = 0.1 days =  2.4 h
#   tsunami  0.002 x (0.40 x 1,000 + 0.60 x 10,000) = 0.002 x 6,400 = 12.8    0.002 x 200 days = 0.4 days =  9.6 h
#   flood    0.004 x (0.15 x 1,000 + 0.30 x 10,000) = 0.004 x 3,150 = 12.6    0.004 x  50 days = 0.2 days =  4.8 h
#   typhoon  0.0002 x 1,000                                         =  0.2    0.06 days                   =  1.44 h
#   snow     0.001 x 2.5 m x 1,000                                  =  2.5    none
# Isolation leaves a quarter of what shaking does, raised ground half of what water does; neither stops wind or snow.
MATRIX = {
    #           none          isolation     elevation     both
    "shaking": [(5.8, 2.4), (1.45, 0.6), (5.8, 2.4), (1.45, 0.6)],
    "tsunami": [(12.8, 9.6), (12.8, 9.6), (6.4, 4.8), (6.4, 4.8)],
    "flood": [(12.6, 4.8), (12.6, 4.8), (6.3, 2.4), (6.3, 2.4)],
    "typhoon": [(0.2, 1.44), (0.2, 1.44), (0.2, 1.44), (0.2, 1.44)],
    "snow": [(2.5, 0.0), (2.5, 0.0), (2.5, 0.0), (2.5, 0.0)],
}
# 0.1 x 1,000 x 0.06 = 6 a year for isolation, 0.05 x 1,000 x 0.06 = 3 for raised ground.
PROTECTION = {"none": 0.0, "isolation": 6.0, "elevation": 3.0, "both": 9.0}


def exposed(*hazards: str) -> Exposure:
    return replace(CALM, **{key: value for hazard in hazards for key, value in HAZARDS[hazard].items()})


def test_the_matrix_names_every_hazard_and_every_protection() -> None:
    assert {key for hazard in HAZARDS.values() for key in hazard} == {field.name for field in fields(Exposure)}
    assert tuple(PROTECTION) == get_args(Protection)
    assert MATRIX.keys() == HAZARDS.keys()


@pytest.mark.parametrize("column", range(4), ids=list(PROTECTION))
@pytest.mark.parametrize("hazard", MATRIX)
def test_one_hazard_under_one_protection(hazard: str, column: int) -> None:
    protection = get_args(Protection)[column]
    damage, hours = MATRIX[hazard][column]
    found = price_hazard(exposed(hazard), VALUES, CATALOGUE, protection)
    assert found.damage_myen == pytest.approx(damage, rel=1e-12)
    assert found.downtime_hours == pytest.approx(hours, rel=1e-12)
    assert found.downtime_myen == pytest.approx(0.5 * hours, rel=1e-12)
    assert found.protection_myen == pytest.approx(PROTECTION[protection], rel=1e-12)
    assert found.total_myen == pytest.approx(damage + 0.5 * hours + PROTECTION[protection], rel=1e-12)


# All five at once. Damage: none 33.9; isolation saves 4.35 of it, raised ground 6.4 + 6.3 = 12.7. Hours: none 18.24;
# isolation saves 1.8, raised ground 4.8 + 2.4 = 7.2. Cost of an hour 0.5; of protection 6, 3 and 9.
#   none 33.9 + 9.12 + 0 = 43.02           isolation 29.55 + 8.22 + 6 = 43.77
#   elevation 21.2 + 5.52 + 3 = 29.72      both      16.85 + 4.62 + 9 = 30.47
def test_all_hazards_at_once_add_up_and_the_cheapest_protection_is_first() -> None:
    offered = get_args(Protection)
    priced = choose_protection(exposed(*HAZARDS), VALUES, CATALOGUE, offered)
    assert [cost.protection for cost in priced] == ["elevation", "both", "none", "isolation"]
    assert [cost.total_myen for cost in priced] == pytest.approx([29.72, 30.47, 43.02, 43.77], rel=1e-12)
    snowed = choose_protection(exposed("snow"), VALUES, CATALOGUE, offered)
    assert [cost.protection for cost in snowed] == ["none", "elevation", "isolation", "both"]


@pytest.mark.parametrize(
    ("hazard_class", "share_per_year"),
    [(0.0, 0.0), (0.5, 0.0005), (1.0, 0.001), (1.5, 0.0025), (2.0, 0.004), (2.25, 0.0055), (3.0, 0.01)],
)
def test_a_class_between_two_classes_lies_on_the_line_between_them(hazard_class: float, share_per_year: float) -> None:
    for protection, left in (("none", 1.0), ("elevation", 0.5)):
        found = price_hazard(replace(CALM, flood_class=hazard_class), VALUES, CATALOGUE, protection)
        assert found.damage_myen == pytest.approx(share_per_year * 3150 * left, rel=1e-12)
        assert found.downtime_hours == pytest.approx(share_per_year * 50 * 24 * left, rel=1e-12)
