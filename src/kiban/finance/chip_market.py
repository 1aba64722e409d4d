"""Who ends with the support when chips have a price that answers: demand, supply and pass-through as one system.

All prices and quantities are relative to the campus without the package; the cost of a MWh of compute there is 1, of
which a_k is spent on a kind of input k: chips bought abroad, what suppliers at home make, and the rest, whose price is
given. The package takes the share s_k off what the owner pays for it. With the elasticities e of demand, h_k of supply
and the pass-through t:

    cost to the owner   c = sum a_k (1 - s_k) w_k             price to users   p = 1 - t (1 - c)
    demand              Q = p^-e                              supply           w_k = Q^(1 / h_k)

One equation in Q is left, whose sides rise and fall: it has one root. A country buys a share m of the world's chips;
what it can have more of is what the world makes more of and what others leave:

    h_chips = (h_world + (1 - m) e_elsewhere) / m

The support S = sum s_k a_k w_k Q ends with

    users              the area under demand between p and 1
    owner              (p - c) Q
    suppliers          a_k times the area left of supply between 1 and w_k: (w_k^(1 + h_k) - 1) / (1 + h_k)
    nobody             what is left: compute that is worth less than it costs (Harberger)

Where supply is elastic without end, w = 1, suppliers gain nothing, and users have t and the owner 1 - t of the fall in
cost on what was bought before: the answer of the ledger. What suppliers abroad have is net of what users elsewhere lose
by a dearer world price. Source: Fullerton and Metcalf, Handbook of Public Economics 4 (2002), tax incidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kiban.catalogue import Catalogue
from kiban.finance.kept_by import catalogue_of
from kiban.finance.national_payment import AnyPayment
from kiban.planning.plan import Plan

CHIPS_ABROAD, HOME, GIVEN = "suppliers_abroad", "suppliers_home", "given"
ENDS = ("users", "owner", HOME, CHIPS_ABROAD, "lost")
LEAST_FALL = 1e-9
"""Fall in cost, as a share, that is none."""
ELASTIC = math.inf
CHIPS = "chips"


@dataclass(frozen=True, slots=True)
class Input:
    """One kind of input: its share of the cost, what the package takes off it, and how its supply answers."""

    share: float
    support: float
    supply_elasticity: float = ELASTIC


@dataclass(frozen=True, slots=True)
class ChipMarket:
    """A market for compute with its inputs."""

    inputs: Mapping[str, Input]
    demand_elasticity: float
    pass_through: float


@dataclass(frozen=True, slots=True)
class Incidence:
    """Where the support ends, as shares of it (users, owner, suppliers_home, suppliers_abroad, lost: sum 1)."""

    shares: Mapping[str, float]
    support_share_of_cost: float
    """Support over the cost of what is bought without the package."""
    price_change: float
    """Of compute, as a share."""
    chip_price_change: float
    quantity_change: float


@dataclass(frozen=True, slots=True)
class IncidenceRange:
    """The answer, its range over the elasticities one at a time, and two cases that bound it."""

    middle: Incidence
    low: Mapping[str, float]
    high: Mapping[str, float]
    elastic: Incidence
    """Supply without end: the answer of the ledger."""
    all_countries: Incidence
    """The same support in every country that buys chips."""
    elasticities: Mapping[str, float]


def supply_here(world: float, elsewhere: float, share: float) -> float:
    """Elasticity of the supply that one country faces, of a good of which it buys a share of the world's."""
    return (world + (1.0 - share) * elsewhere) / share


def find_incidence(market: ChipMarket) -> Incidence:
    """Where the support of a market ends; ValueError where the package takes nothing off its cost, or all of it."""
    if not 0.0 < _cost(market, 1.0) < 1.0 - LEAST_FALL:
        raise ValueError("the package takes nothing or everything off the cost of compute")
    quantity = _solve(market)
    prices = {kind: _price(one, quantity) for kind, one in market.inputs.items()}
    cost = _cost(market, quantity)
    price = 1.0 - market.pass_through * (1.0 - cost)
    support = sum(one.support * one.share * prices[kind] * quantity for kind, one in market.inputs.items())
    gains = {
        "users": _consumer_surplus(price, market.demand_elasticity),
        "owner": (price - cost) * quantity,
        **{kind: _producer_surplus(market.inputs[kind], prices[kind]) for kind in (HOME, CHIPS_ABROAD)},
    }
    shares = {end: gain / support for end, gain in gains.items()}
    return Incidence(
        shares={**shares, "lost": 1.0 - sum(shares.values())},
        support_share_of_cost=support,
        price_change=price - 1.0,
        chip_price_change=prices[CHIPS_ABROAD] - 1.0,
        quantity_change=quantity - 1.0,
    )


def _price(one: Input, quantity: float) -> float:
    return 1.0 if math.isinf(one.supply_elasticity) else float(quantity ** (1.0 / one.supply_elasticity))


def _cost(market: ChipMarket, quantity: float) -> float:
    return sum(one.share * (1.0 - one.support) * _price(one, quantity) for one in market.inputs.values())


def _solve(market: ChipMarket) -> float:
    """The one quantity at which demand is what is bought."""
    from scipy.optimize import brentq

    def excess(log_quantity: float) -> float:
        price = 1.0 - market.pass_through * (1.0 - _cost(market, math.exp(log_quantity)))
        return log_quantity + market.demand_elasticity * math.log(price)

    most = -market.demand_elasticity * math.log(1.0 - market.pass_through * (1.0 - _cost(market, 1.0)))
    if most <= 0.0:
        return 1.0
    return math.exp(brentq(excess, 0.0, most, xtol=1e-14, rtol=1e-14))


def _consumer_surplus(price: float, elasticity: float) -> float:
    if abs(elasticity - 1.0) < 1e-12:
        return math.log(1.0 / price)
    return float(1.0 - price ** (1.0 - elasticity)) / (1.0 - elasticity) + 0.0


def _producer_surplus(one: Input, price: float) -> float:
    if math.isinf(one.supply_elasticity):
        return 0.0
    return float(one.share * (price ** (1.0 + one.supply_elasticity) - 1.0) / (1.0 + one.supply_elasticity))


# ---- from a payment


def range_incidence(payment: AnyPayment) -> IncidenceRange | None:
    """The incidence of a payment's support; None where the package takes nothing off the cost of compute.

    What it takes off chips, off what is made at home and off all else follows from both designs' yearly cost of
    capital; together it is the fall of the levelised cost, so that the elastic case is the ledger's.
    """
    catalogue = catalogue_of(payment)
    fact = catalogue.fact
    rows = {
        "chip_supply": fact("market.chip_supply_elasticity"),
        "chip_demand_elsewhere": fact("market.chip_demand_elasticity_elsewhere"),
        "world_share": fact("market.chip_world_share"),
        "home_supply": fact("market.home_supply_elasticity"),
    }
    values = {name: row.value for name, row in rows.items()}
    values["demand"] = payment.elasticity or catalogue.value("demand.price_elasticity")
    values["pass_through"] = payment.pass_through
    market = market_of(payment, catalogue)
    if not LEAST_FALL < sum(one.share * one.support for one in market.inputs.values()) < 1.0:
        return None

    def answer(**changes: float) -> Incidence:
        return find_incidence(_with(market, {**values, **changes}))

    ends = {name: (row.low, row.high) for name, row in rows.items()}
    demand, passed = fact("demand.price_elasticity"), fact("finance.pass_through")
    ends |= {"demand": (demand.low, demand.high), "pass_through": (passed.low, passed.high)}
    found = [answer()]
    found += [answer(**{name: end}) for name, both in ends.items() for end in both if end is not None]
    return IncidenceRange(
        middle=found[0],
        low={end: min(one.shares[end] for one in found) for end in ENDS},
        high={end: max(one.shares[end] for one in found) for end in ENDS},
        elastic=find_incidence(_elastic(_with(market, values))),
        all_countries=answer(world_share=1.0),
        elasticities=values,
    )


def _with(market: ChipMarket, values: Mapping[str, float]) -> ChipMarket:
    chips = supply_here(values["chip_supply"], values["chip_demand_elsewhere"], values["world_share"])
    inputs = dict(market.inputs)
    inputs[CHIPS_ABROAD] = replace(inputs[CHIPS_ABROAD], supply_elasticity=chips)
    inputs[HOME] = replace(inputs[HOME], supply_elasticity=values["home_supply"])
    return ChipMarket(inputs, values["demand"], values["pass_through"])


def _elastic(market: ChipMarket) -> ChipMarket:
    inputs = {kind: replace(one, supply_elasticity=ELASTIC) for kind, one in market.inputs.items()}
    return replace(market, inputs=inputs)


def market_of(payment: AnyPayment, catalogue: Catalogue) -> ChipMarket:
    """Shares of the yearly cost by kind of input, and what the package takes off each; supply is elastic yet."""
    before, after = payment.before, payment.after
    total = sum(campus.plan.cost_myen_per_year for campus in before.campuses)
    imports = catalogue.values("finance.import_share.")
    designs = {campus.name: campus.plan for campus in after.campuses}
    costs = {CHIPS_ABROAD: 0.0, HOME: 0.0}
    taken = dict.fromkeys(costs, 0.0)
    for campus in before.campuses:
        # What closes with the package would have been supported as what stands elsewhere is.
        supported = designs.get(campus.name, after.campuses[0].plan)
        for item in campus.plan.investments:
            yearly, fall = item.annual_capital_myen, _fall(campus.plan, supported, item.capacity, item.asset)
            abroad = imports.get(f"finance.import_share.{item.asset}", 0.0)
            parts = {HOME: (1.0 - abroad) * yearly}
            if item.asset == CHIPS:
                parts[CHIPS_ABROAD] = abroad * yearly
            for kind, amount in parts.items():
                costs[kind] += amount
                taken[kind] += fall * amount
    inputs = {kind: Input(cost / total, taken[kind] / cost if cost > 0 else 0.0) for kind, cost in costs.items()}
    whole = 1.0 - float(after.levelised.myen_per_it_mwh) / float(before.levelised.myen_per_it_mwh)
    rest = 1.0 - sum(one.share for one in inputs.values())
    other = whole - sum(one.share * one.support for one in inputs.values())
    inputs[GIVEN] = Input(rest, other / rest if rest > 0 else 0.0)
    return ChipMarket(inputs, 0.0, 0.0)


def _fall(before: Plan, after: Plan, capacity: str, asset: str) -> float:
    """Fall of the yearly cost of a yen of an asset's price, as a share."""
    old = before.capital_factors.get(capacity, {}).get(asset, 0.0)
    new = after.capital_factors.get(capacity, {}).get(asset, old)
    return max(1.0 - new / old, 0.0) if old > 0 else 0.0
