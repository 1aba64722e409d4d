"""What a campus can offer the grid: by hour, notice and duration; to whom it is sold; and what more would be worth.

    hours      for each hour of the day, notice and duration: what import falls by in nine calls of ten, and its cost
    prices     the same for the product of the capacity market, where a MWh that is given up may cost so much at most
    classes    what classes of firm compute give up beside it
    balancing  products of the balancing market, by month and hour only where a block is there on nine days of ten
    imbalance  what is drawn other than planned
    worths     of notice, and of a connection that feeds in

Every figure is of the operation of the plan's year under forecasts, by windows that are solved again with the call.
A MW is sold once: of the capacity market and the products of the balancing market the most valuable alone counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kiban.errors import InputError, Problem
from kiban.messages import Message
from kiban.operation.balancing import read_assessment, read_products
from kiban.operation.call_offers import (
    NOTICES_HOURS,
    ClassOffer,
    HourOffer,
    PricedOffer,
    offer_by_hour,
    offer_by_price,
    offer_classes,
    offer_with_export,
)
from kiban.operation.flexibility import Flexibility, assess, read_product, sees_calls
from kiban.operation.forecast.choice import Wanted
from kiban.operation.horizon import operate
from kiban.operation.imbalance import Imbalance, count_gate_steps, read_imbalance_rule, weigh_imbalance
from kiban.operation.job_classes import PAUSABLE, GivenUp, give_up, read_jobs
from kiban.operation.reserve import find_reserve, read_seconds
from kiban.operation.running import Arrangement, arrange
from kiban.operation.sales import Sale, sell_balancing, sell_capacity
from kiban.operation.settlement import load_market_rules, read_rule
from kiban.policy.tax_law import law_day
from kiban.progress import Report, say_nothing
from kiban.scenario.names import NO_CHIP

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.planning.provenance import Entry


@dataclass(frozen=True, slots=True)
class Offers:
    """All that a campus can offer."""

    plan: Plan
    area: str
    hours: tuple[HourOffer, ...]
    prices: tuple[PricedOffer, ...]
    classes: tuple[ClassOffer, ...]
    flexibility: Flexibility
    """Of the capacity market, without classes of firm compute."""
    sales: tuple[Sale, ...]
    """The capacity market first, then the balancing market's products; the most valuable is the one that is sold."""
    imbalance: Imbalance | None
    """None where windows are too short to plan at gate closure."""
    notice_worths_myen: tuple[tuple[float, float], ...]
    """Hours of notice, and what the capacity market's offer is worth a year with it."""
    export_mw: float
    """What could be offered if the connection also took power."""
    export_worth_myen: float
    """What the offer is worth more a year then."""
    provenance: tuple[Entry, ...]
    notes: tuple[Message, ...]

    @property
    def best(self) -> Sale:
        """The sale that earns most; of equals the first."""
        return max(self.sales, key=lambda sale: sale.value_myen_per_year)


def offer(plan: Plan, *, forecast: Wanted = "synthetic", report: Report | None = None) -> Offers:
    """What the campus of a plan can offer.

    Raises `InputError` for a plan that cannot be operated, that has no grid connection, or whose area has no market.
    """
    tell = report or say_nothing
    arranged = arrange(plan, forecast=forecast, report=report)
    take, area = arranged.recorder.take, str(arranged.area)
    if not plan.scenario.grid.enabled or f"market.capacity_price.{area}" not in arranged.recorder.catalogue:
        raise InputError(Problem("operation.no_market"))
    setting, manner = arranged.setting, arranged.manner
    product = read_product(take, area)
    tell(Message("progress.operating", steps=setting.conditions.steps))
    day = law_day(int(take("market.delivery_year")))
    rules = load_market_rules()
    closure = read_imbalance_rule(rules, day)
    keeping = replace(manner, gate_steps=count_gate_steps(closure, manner, setting.conditions.step_hours))
    course = operate(setting.facility, setting.conditions, setting.valuation, keeping)
    tell(Message("progress.offers"))
    valuation = setting.valuation
    factor = read_rule(rules, day).penalty_factor
    flexibility = assess(course, valuation, manner, product, factor)
    given_up = _give_up(plan, arranged, product.call_hours)
    classes = tuple(offer_classes(course, valuation, manner, product, given_up, valuation.dropped_myen_per_mwh))
    capacity = sell_capacity(flexibility, classes, product)
    assessment, seconds = read_assessment(rules, day), read_seconds(take)
    sales = [capacity]
    for each in read_products(rules, day):
        slowed = [one for one in _give_up(plan, arranged, each.held_hours) if one.name != PAUSABLE]
        reserve = find_reserve(course, seconds, sum(one.power_share for one in slowed), each.held_hours)
        own = f"market.balancing_price.{each.name}.{area}"
        price = take(own if own in arranged.recorder.catalogue else f"market.balancing_price.{each.name}")
        sales.append(
            sell_balancing(
                course,
                reserve,
                each,
                assessment,
                price,
                take("market.balancing_acceptance"),
                take("market.balancing_delivery"),
            )
        )
    told = tuple(
        (hours, assess(course, valuation, manner, replace(product, notice_hours=hours), factor).value_myen_per_year)
        for hours in NOTICES_HOURS
        if sees_calls(manner, replace(product, notice_hours=hours), setting.conditions.step_hours)
    )
    export_mw, export_value = offer_with_export(course, valuation, manner, product)
    return Offers(
        plan=plan,
        area=area,
        hours=tuple(offer_by_hour(course, valuation, manner, product)),
        prices=tuple(offer_by_price(course, valuation, manner, product)),
        classes=classes,
        flexibility=flexibility,
        sales=tuple(sales),
        imbalance=weigh_imbalance(course, closure, take("market.imbalance_spread")),
        notice_worths_myen=told,
        export_mw=export_mw,
        export_worth_myen=max(export_value - flexibility.value_myen_per_year, 0.0),
        provenance=tuple(arranged.recorder),
        notes=arranged.notes,
    )


def _give_up(plan: Plan, arranged: Arrangement, call_hours: float) -> tuple[GivenUp, ...]:
    """What classes of firm compute give up; nothing where no chip is named, since no accelerator is capped then."""
    chip = plan.scenario.load.chip
    if chip == NO_CHIP:
        return ()
    take = arranged.recorder.take
    return give_up(read_jobs(take, take(f"chip.{chip}.server_power_factor")), call_hours)
