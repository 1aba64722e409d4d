"""What the published growth figures could pay for in compute, power and investment, if a share of the value does.

    compute a year = share x gap to the path at constant prices in the last year
    IT load        = compute a year / (cost of a GPU-hour owned x chips of a MW x hours of a year)
    investment     = IT load x what a MW costs;   energy = IT load x load factor x PUE x hours of a year

The cost of a GPU-hour is that of `kiban what-is`: chips and hall at the return that a GPU cloud asks, upkeep and power,
at prices of today: only yen at constant prices are divided by it. The share is assumed, with a wide range; no claim
names one. None of this says that compute brings the growth: it says how much compute the growth could pay for. Each
claim keeps its own method: a level, a sum and a growth of productivity are no variants of one figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.catalogue.facts import Fact
from kiban.economy.effects import CASES, end_of
from kiban.economy.spread import Spread, times
from kiban.finance.growth import Claim, GdpPath, Scenario, linear_sum, nominal_path, real_path, recompute_claims
from kiban.finance.things import MWH_PER_TWH, chips_of_mw, cost_of_mw_myen, own_yen_per_gpu_hour
from kiban.quantities import YEN_PER_MYEN

YEN_PER_TRILLION = 1e12
CHIP = "b200"
SHARE = "economy.compute_share"
PUE = "pue.direct_liquid.tokyo"
"""Of the halls behind the cost of a GPU-hour."""
LOAD_FACTOR = "datacentre.load_factor"
"""Mean IT load over what is installed, as `kiban what-is` has it."""


@dataclass(frozen=True, slots=True)
class GrowthNeed:
    """One claim on one path, and what its gap in the last year could pay for."""

    scenario: Scenario
    real: Scenario
    """The same claim on the path at constant prices."""
    linear_sum_trillion_yen: float
    """Sum where the gap rises in equal steps instead."""
    compute_myen_per_year: Spread
    it_mw: Spread
    energy_twh_per_year: Spread
    investment_myen: Spread
    share_of_load: Spread
    """What the load that is asked about is of it."""

    @property
    def claim(self) -> Claim:
        """The claim itself."""
        return self.scenario.claim


@dataclass(frozen=True, slots=True)
class Growth:
    """All claims beside each other."""

    load_mw: float
    path: GdpPath
    claims: tuple[GrowthNeed, ...]
    yen_per_gpu_hour: float
    chip: str
    share: Fact


def compare_claims(catalogue: Catalogue, load_mw: float, chip: str = CHIP) -> Growth:
    """Every claim on the nominal and the real path, and what its gap on the real one pays for, beside a load in MW."""
    path, real = nominal_path(real_path().base_year), real_path()
    share = catalogue.fact(SHARE)
    hour = own_yen_per_gpu_hour(catalogue.value, chip)
    a_mw_year_myen = hour * chips_of_mw(catalogue.value, chip) * HOURS_PER_YEAR / YEN_PER_MYEN
    build_myen = sum(cost_of_mw_myen(catalogue.value, chip).values())
    twh_per_mw = catalogue.value(LOAD_FACTOR) * catalogue.value(PUE) * HOURS_PER_YEAR / MWH_PER_TWH

    def need(scenario: Scenario, at_real: Scenario) -> GrowthNeed:
        gap_myen = at_real.gap_trillion_yen * YEN_PER_TRILLION / YEN_PER_MYEN
        spent = Spread(*(end_of(share, case) * gap_myen for case in CASES))
        load = times(spent, 1.0 / a_mw_year_myen)
        return GrowthNeed(
            scenario=scenario,
            real=at_real,
            linear_sum_trillion_yen=linear_sum(path, scenario.gap_trillion_yen),
            compute_myen_per_year=spent,
            it_mw=load,
            energy_twh_per_year=times(load, twh_per_mw),
            investment_myen=times(load, build_myen),
            share_of_load=Spread(load_mw / load.value, load_mw / load.high, load_mw / load.low),
        )

    pairs = zip(recompute_claims(path), recompute_claims(real), strict=True)
    return Growth(load_mw, path, tuple(need(*pair) for pair in pairs), hour, chip, share)
