"""Leakage: what is induced here may have left another prefecture or another country.

With the shares `a` of induced compute that would have run abroad and `h` that would have run in another prefecture,
what is new to each circle is

    here     X                nation   (1 - h) X                world   (1 - h - a) X

of the induced load X. What left has stopped emitting there and is no longer taxed there: its energy is the induced IT
energy times the PUE elsewhere, its emissions that times the factor of the power elsewhere. Its tax is what a MW
pays here under the law without the package (tax on income and assets, present value at the social rate), the same in
another prefecture, and abroad times a ratio. What the package changes here in emissions and in the treasuries' value is
the answer's own; each wider circle is that less what was lost there. Shares of 0 leave all circles alike; where all of
it has left from abroad nothing is new to the world.

The tax of another country counts for the world alone. Prices of compute elsewhere do not move, as in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kiban.catalogue import Catalogue
from kiban.errors import Problem, ScenarioError
from kiban.finance.kept_by import catalogue_of
from kiban.finance.ledger import TREASURIES
from kiban.finance.payment import Payment, Side
from kiban.finance.public_funds import cost_per_induced_mw

CIRCLES = ("here", "nation", "world")
SHARES = ("leakage.share_abroad", "leakage.share_other_prefectures")
FACTOR_AT_HOME = "grid.japan.emission_factor"
FACTOR_AT_HOME_ABROAD = "us.grid.emission_factor"
"""That of a campus with the costs of the United States."""
OWN = ("leakage.emission_factor_abroad", "leakage.pue_elsewhere", "leakage.tax_abroad")
TAXES = frozenset({"income_tax", "tax_credit", "property_tax", "state_refund"})


@dataclass(frozen=True, slots=True)
class Moved:
    """What the campus gained by the package, before anybody asks where it came from."""

    it_mw: float
    """Induced IT load."""
    it_energy_mwh_per_year: float
    emissions_t_per_year: float
    """Change of emissions here."""
    treasury_myen: float
    """Change for the treasuries, present value."""
    tax_myen_per_mw: float
    """Tax of a MW of IT load without the package, present value."""
    fiscal_cost_myen: float


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where it would have run, and what holds there."""

    share_abroad: float
    share_other_prefectures: float
    factor_abroad_t_per_mwh: float
    factor_at_home_t_per_mwh: float
    pue: float
    tax_abroad: float


@dataclass(frozen=True, slots=True)
class Circle:
    """What the package is to one circle."""

    induced_it_mw: float
    emissions_t_per_year: float
    treasury_myen: float
    cost_per_induced_mw_myen: float | None


@dataclass(frozen=True, slots=True)
class Leakage:
    """The three circles, and each figure's range over what is assumed, each alone."""

    elsewhere: Elsewhere
    circles: Mapping[str, Circle]
    low: Mapping[str, Circle]
    high: Mapping[str, Circle]


def widen(moved: Moved, elsewhere: Elsewhere) -> dict[str, Circle]:
    """What a package is here, to the nation and to the world."""
    a, h = elsewhere.share_abroad, elsewhere.share_other_prefectures
    energy = moved.it_energy_mwh_per_year * elsewhere.pue
    at_home = (h * energy * elsewhere.factor_at_home_t_per_mwh, h * moved.it_mw * moved.tax_myen_per_mw)
    abroad = (
        a * energy * elsewhere.factor_abroad_t_per_mwh,
        a * moved.it_mw * moved.tax_myen_per_mw * elsewhere.tax_abroad,
    )
    lost = {"here": (0.0, 0.0), "nation": at_home, "world": (at_home[0] + abroad[0], at_home[1] + abroad[1])}
    new = {"here": 1.0, "nation": 1.0 - h, "world": max(1.0 - h - a, 0.0)}
    return {
        circle: Circle(
            induced_it_mw=new[circle] * moved.it_mw,
            emissions_t_per_year=moved.emissions_t_per_year - emissions,
            treasury_myen=moved.treasury_myen - tax,
            cost_per_induced_mw_myen=cost_per_induced_mw(moved.fiscal_cost_myen, new[circle] * moved.it_mw),
        )
        for circle, (emissions, tax) in lost.items()
    }


def measure_leakage(payment: Payment) -> Leakage | None:
    """The circles of a payment; None where nothing is induced."""
    if payment.induced_it_mw <= 0.0:
        return None
    catalogue = catalogue_of(payment)
    factor = FACTOR_AT_HOME if payment.after.plan.scenario.finance.cost_set == "japan" else FACTOR_AT_HOME_ABROAD
    names, moved = (*SHARES, *OWN, factor), _moved(payment)
    values = {name: catalogue.value(name) for name in names}
    cases = [values]
    for name in names:
        fact = catalogue.fact(name)
        cases += [{**values, name: end} for end in (fact.low, fact.high) if end is not None]
    found = [widen(moved, _elsewhere(case, factor)) for case in cases]
    # What is induced is assumed, too: at the ends of the elasticity of demand.
    found += [widen(_grown(moved, end, payment.load_mw), _elsewhere(values, factor)) for end in _ends_of(payment)]
    return Leakage(
        elsewhere=_elsewhere(values, factor),
        circles=found[0],
        low={circle: _extreme([one[circle] for one in found], min) for circle in CIRCLES},
        high={circle: _extreme([one[circle] for one in found], max) for circle in CIRCLES},
    )


def require_shares(catalogue: Catalogue) -> None:
    """ScenarioError where more would have left other places than is induced."""
    abroad, home = (catalogue.value(name) for name in SHARES)
    if abroad + home > 1.0:
        raise ScenarioError(Problem("finance.over_one", key=SHARES[0], other=SHARES[1], sum=abroad + home))


def _elsewhere(values: Mapping[str, float], factor: str) -> Elsewhere:
    return Elsewhere(
        share_abroad=values[SHARES[0]],
        share_other_prefectures=values[SHARES[1]],
        factor_abroad_t_per_mwh=values[OWN[0]],
        factor_at_home_t_per_mwh=values[factor],
        pue=values[OWN[1]],
        tax_abroad=values[OWN[2]],
    )


def _extreme(circles: Sequence[Circle], end: Callable[[Iterable[float]], float]) -> Circle:
    """Figure by figure the lowest or the highest."""
    costs = [one.cost_per_induced_mw_myen for one in circles]
    known = [cost for cost in costs if cost is not None]
    return Circle(
        induced_it_mw=end(one.induced_it_mw for one in circles),
        emissions_t_per_year=end(one.emissions_t_per_year for one in circles),
        treasury_myen=end(one.treasury_myen for one in circles),
        cost_per_induced_mw_myen=end(known) if len(known) == len(costs) else None,
    )


def _moved(payment: Payment) -> Moved:
    before, after = payment.before, payment.after
    rate = payment.shares.social_rate
    tax = sum(before.ledger.present_value(party, rate, accounts=TAXES) for party in TREASURIES)
    return Moved(
        it_mw=payment.induced_it_mw,
        it_energy_mwh_per_year=_served_energy(after) - _served_energy(before),
        emissions_t_per_year=after.damage.emissions_t_per_year - before.damage.emissions_t_per_year,
        treasury_myen=payment.treasury_value_myen,
        tax_myen_per_mw=tax / payment.load_mw,
        fiscal_cost_myen=payment.fiscal_cost_myen,
    )


def _ends_of(payment: Payment) -> tuple[float, ...]:
    return payment.induced_range_mw or ()


def _grown(moved: Moved, induced_mw: float, load_mw: float) -> Moved:
    """The same where so much is induced; what the treasuries have of it is known of the answer alone."""
    share = induced_mw / moved.it_mw
    return replace(
        moved,
        it_mw=induced_mw,
        it_energy_mwh_per_year=share * moved.it_energy_mwh_per_year,
        emissions_t_per_year=share * moved.emissions_t_per_year,
        fiscal_cost_myen=moved.fiscal_cost_myen * (load_mw + induced_mw) / (load_mw + moved.it_mw),
    )


def _served_energy(side: Side) -> float:
    return sum(tranche.it_energy_mwh_per_year for tranche in side.plan.tranches)
