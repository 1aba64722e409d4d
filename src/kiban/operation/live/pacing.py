"""The budgets of a year while it is lived: once a week the price of each limit follows what has been used.

The rule is that of `kiban.operation.budget`. What is used is measured; time that was not measured counts as planned,
and so does that before the service began. An account is a year of the calendar, a fiscal year, or a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

import numpy as np

from kiban.operation.budget import AMOUNTS, Used, price_factor
from kiban.operation.conditions import FIRM
from kiban.operation.facility import EXPORT, Facility
from kiban.operation.live.campus import LOAD, LOAD_MWH, SERVED, USED, Campus, lay_conditions
from kiban.operation.live.telemetry import GAP, Telemetry
from kiban.operation.valuation import Valuation

Account = Literal["year", "fiscal_year", "month"]
ACCOUNTS: Final = get_args(Account)
FISCAL_MONTH: Final = 4
WEEK: Final = timedelta(days=7)


class Pacing:
    """What was used so far beyond what was allowed; the same readings leave the same prices."""

    def __init__(self, campus: Campus, account: Account = "year") -> None:
        self._campus, self._account = campus, account
        self.valuation: Valuation = campus.valuation
        """The prices that hold now."""
        self.over: dict[str, float] = dict.fromkeys(campus.slacks, 0.0)
        """Of each limit, by its price: what was used beyond what the plan and the load allow, in its unit."""
        self._before: datetime | None = None
        self._set: tuple[datetime, int] | None = None

    @property
    def factors(self) -> dict[str, float]:
        """By what the plan's price of each limit is multiplied."""
        return {
            name: getattr(self.valuation, name) / getattr(self._campus.valuation, name) for name in self._campus.slacks
        }

    @property
    def prices(self) -> dict[str, float]:
        """The price of each limit that is paced."""
        return {name: getattr(self.valuation, name) for name in self._campus.slacks}

    def hear(self, now: datetime, telemetry: Telemetry) -> None:
        """Count what is measured now, and set the prices where a week is over."""
        if not self._campus.slacks:
            return
        before, self._before = self._before, now
        begins, ends = account_of(now.astimezone(self._campus.zone), self._account)
        if self._set is None or self._set[0] != begins:
            self._set = (begins, (now - begins) // WEEK)
            self.over = dict.fromkeys(self._campus.slacks, 0.0)
            self.valuation = self._campus.valuation
        elif before is not None and timedelta(0) < now - before <= GAP:
            self._count(now, now - before, telemetry)
        week = (begins, (now - begins) // WEEK)
        if week != self._set:
            self._set = week
            self._price(now, ends)

    def _count(self, now: datetime, since: timedelta, telemetry: Telemetry) -> None:
        campus = self._campus
        step = timedelta(hours=campus.facility.step_hours)
        middle = now - since / 2.0 - step / 2.0
        share = since / step
        flows = measure_flows(campus.facility, now, telemetry)
        firm, served, load = (telemetry.value(name, now) for name in (FIRM, SERVED, LOAD))
        used = Used(
            campus.facility,
            lay_conditions(campus, middle, 0, 1, {}),
            np.array([[np.nan if flow is None else flow] for flow in flows]),
            np.array([np.nan if firm is None or served is None else firm + served]),
        )
        for name, slack in campus.slacks.items():
            amount = float(AMOUNTS[name](used)[0]) * campus.facility.step_hours
            planned = float(campus.expect(f"{USED}{name}", middle, 1)[0])
            more = 0.0
            if slack > 0.0:
                more = np.nan if load is None else load * campus.facility.step_hours
                more = slack * (more - float(campus.expect(LOAD_MWH, middle, 1)[0]))
            over = (amount - planned - more) * share
            # What was not measured is as planned.
            self.over[name] += float(over) if np.isfinite(over) else 0.0

    def _price(self, now: datetime, ends: datetime) -> None:
        campus, plan = self._campus, self._campus.valuation
        steps = int((ends - now) / timedelta(hours=campus.facility.step_hours))
        prices: dict[str, Any] = {}
        for name, over in self.over.items():
            rest = float(campus.expect(f"{USED}{name}", now, steps).sum()) if steps > 0 else 0.0
            if rest > 0.0:
                prices[name] = getattr(plan, name) * price_factor(over, rest)
        self.valuation = replace(self.valuation, **prices)


def account_of(local: datetime, account: Account) -> tuple[datetime, datetime]:
    """When the account of a moment begins and ends, by the site's clock."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, day=1)
    if account == "month":
        return midnight, (midnight + timedelta(days=31)).replace(day=1)
    month = FISCAL_MONTH if account == "fiscal_year" else 1
    year = local.year - (local.month < month)
    return midnight.replace(year=year, month=month), midnight.replace(year=year + 1, month=month)


def measure_flows(facility: Facility, now: datetime, telemetry: Telemetry) -> list[float | None]:
    """What each source of the facility gives now, MW, in their order; None where one that is there is not measured."""
    limits: Mapping[str, float] = {
        "import_mw": float(np.max(facility.import_limit_mw, initial=0.0)),
        "backup_mw": facility.backup_limit_mw,
    }
    found: list[float | None] = []
    for name in facility.sources:
        value = 0.0 if limits.get(name) == 0.0 else telemetry.value(name, now)
        found.append(-value if name == EXPORT and value is not None else value)
    return found
