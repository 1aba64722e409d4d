"""How power is bought: retail menus, the market through a supplier, off-site plants, self-wheeling, certificates."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from kiban.calendar import HOURS_PER_DAY, MONTHS_PER_YEAR
from kiban.errors import Problem
from kiban.scenario.plant import KNOWN_SUPPLY, NAME_PATTERN, Availability
from kiban.scenario.section import HourlyInput, Life, NonNegative, Positive, Section, Share

Month = Annotated[int, Field(ge=1, le=MONTHS_PER_YEAR)]
PROCURED = "procured_"
"""Beginning of the names of capacities of off-site plants."""
CONTRACTED = "contracted_"
"""Beginning of the names of contract powers."""
BILLED = "billed_"
"""Beginning of the names of what is charged for the peak of a month."""
BOUGHT = "bought_"
"""Beginning of the names of power bought one way."""
CERTIFIED = "certified_"
"""Beginning of the names of certificates."""
PROCUREMENT_BEGINNINGS = (PROCURED, CONTRACTED, BILLED, BOUGHT, CERTIFIED)


class TimeOfUse(Section):
    """An energy charge that holds in some months, days and hours; where several hold, the last one does."""

    energy_myen_per_mwh: NonNegative
    """Energy charge, million yen per MWh."""
    months: tuple[Month, ...] = ()
    """Months in which it holds; none named means all."""
    days: Literal["all", "weekday", "weekend"] = "all"
    """Days on which it holds; public holidays are not known here."""
    from_hour: Annotated[int, Field(ge=0, lt=HOURS_PER_DAY)] = 0
    """Hour of the day at which it begins."""
    to_hour: Annotated[int, Field(gt=0, le=HOURS_PER_DAY)] = HOURS_PER_DAY
    """Hour of the day at which it ends."""

    @model_validator(mode="after")
    def _require_hours(self) -> TimeOfUse:
        if self.from_hour >= self.to_hour:
            raise ValueError(Problem("procurement.hours", first=self.from_hour, last=self.to_hour))
        return self


class Menu(Section):
    """A retail menu at special high voltage; what is absent takes the list menu of the area."""

    enabled: bool = True
    """`false` leaves the menu out."""
    kind: Literal["standard", "market_linked"] = "standard"
    """Whether energy has a listed charge, or follows the area's day-ahead price with `energy_myen_per_mwh` on top."""
    basic_myen_per_mw_month: NonNegative | None = None
    """Basic charge on each MW of contract power and month; absent takes the catalogue's list menu."""
    ratchet_share: Share = 1.0
    """Share of the highest peak of twelve months that each month is charged at least: 1 is Japan's contract power, 0
    charges each month by its own peak."""
    energy_myen_per_mwh: HourlyInput | None = None
    """Energy charge without fuel adjustment; of a market-linked menu what is added to the market's price."""
    time_of_use: tuple[TimeOfUse, ...] = ()
    """Energy charges by month, day and hour in the place of `energy_myen_per_mwh` where they hold."""
    fuel_adjustment_myen_per_mwh: Annotated[tuple[float, ...], Field(max_length=MONTHS_PER_YEAR)] = ()
    """Fuel adjustment on each MWh, one number or one for each month from January on; absent means that it is in the
    energy charge."""
    bundled: bool = True
    """Whether the charges of the network and the capacity contribution are in those of the menu."""
    max_mw: NonNegative | None = None
    """Most contract power, MW."""

    @model_validator(mode="after")
    def _require_months(self) -> Menu:
        if len(self.fuel_adjustment_myen_per_mwh) not in {0, 1, MONTHS_PER_YEAR}:
            raise ValueError(Problem("procurement.adjustment", count=len(self.fuel_adjustment_myen_per_mwh)))
        if self.kind == "market_linked" and self.time_of_use:
            raise ValueError(Problem("procurement.linked_hours"))
        return self


class Market(Section):
    """Power of the day-ahead market that a supplier passes on: price over what is lost on the way, and its fee."""

    enabled: bool = True
    """`false` leaves it out."""
    fee_myen_per_mwh: NonNegative | None = None
    """Fee of the supplier, balancing included; absent takes the catalogue's."""
    max_mw: NonNegative | None = None
    """Most that is bought so at any time, MW."""


class OffSite(Section):
    """A plant elsewhere whose power is bought, swapped for the market's price, or wheeled to the campus as its own."""

    enabled: bool = True
    """`false` leaves the plant out."""
    way: Literal["physical", "virtual", "self_wheeling"] = "physical"
    """`physical`: a supplier delivers it; `virtual`: a contract for differences, with its certificates and no power;
    `self_wheeling` (自己託送): a plant of one's own, free of the surcharge."""
    technology: str = "pv"
    """Kind of plant, a name of the catalogue: pv, wind_onshore, wind_offshore_fixed, wind_offshore_floating,
    geothermal, hydro."""
    site: str | None = None
    """Where it stands, a site of the catalogue; absent means at the campus's place, beyond the fence."""
    area: str | None = None
    """Grid area in which it stands; absent takes the site's."""
    availability: Availability | None = None
    """Output per MW, instead of the physical model's at its site."""
    min_mw: NonNegative = 0.0
    """Capacity that is contracted at least, MW."""
    max_mw: NonNegative | None = None
    """Limit of capacity, MW; absent takes the site's."""
    price_myen_per_mwh: NonNegative | None = None
    """Price of each MWh that it generates, at the plant; absent takes the catalogue's. Not for self-wheeling."""
    market_price_myen_per_mwh: HourlyInput | None = None
    """Day-ahead price where it stands; absent takes that of its area."""
    balancing_myen_per_mwh: NonNegative | None = None
    """Fee for balancing each MWh that it generates, or what one's own imbalances cost; absent takes the catalogue's."""
    surplus: Literal["sold", "lost"] | None = None
    """What becomes of power that the campus does not take: sold at the market's price, or lost; absent means sold, but
    lost where it is wheeled by oneself."""
    bears_generation_charge: bool | None = None
    """Whether the generation-side charge of the network comes on top of the price; absent means so for one's own."""
    owner: Literal["same_company", "group", "leased", "other"] = "same_company"
    """Who owns a plant that is wheeled by oneself: the campus's company, a closely related one, who leases it to the
    campus, or another."""
    annual_cost_myen_per_mw: NonNegative | None = None
    """Self-wheeling: yearly cost per MW, instead of the catalogue's capital cost, life and fixed O&M."""
    capex_myen_per_mw: NonNegative | None = None
    """Self-wheeling: capital cost, million yen per MW."""
    fixed_om_myen_per_mw_year: NonNegative | None = None
    """Self-wheeling: fixed operation and maintenance."""
    life_years: Life | None = None
    """Self-wheeling: economic life, years."""

    @model_validator(mode="after")
    def _require_conditions(self) -> OffSite:
        if self.technology not in KNOWN_SUPPLY:
            raise ValueError(Problem("procurement.technology", name=self.technology, names=KNOWN_SUPPLY))
        if self.way == "self_wheeling" and self.owner == "other":
            raise ValueError(Problem("procurement.not_own", remedy="procurement.not_own"))
        if self.way == "self_wheeling" and self.owner == "leased":
            raise ValueError(Problem("procurement.leased", remedy="procurement.leased"))
        if self.way == "self_wheeling" and self.price_myen_per_mwh is not None:
            raise ValueError(Problem("procurement.own_price"))
        return self


class Certificates(Section):
    """Non-fossil certificates for a claim over the year, which says nothing of the hours."""

    claim_share: Share
    """Least share of the year's load that is claimed as non-fossil: by certificates, contracts and own plants."""
    kinds: tuple[Literal["fit", "non_fit_renewable", "non_fit_other"], ...] = ("fit", "non_fit_renewable")
    """Certificates that count; the first two are renewable."""
    most_mwh_per_year: NonNegative | None = None
    """Most certificates of each kind a year, MWh."""


class Procurement(Section):
    """The ways in which the campus may buy power, of which the plan takes the cheapest mix.

    It takes the place of the wholesale price with `grid.energy_charge_myen_per_mwh` on top: the network's charges and
    the surcharge are those of a date, what is bought has the price of the way in which it is bought.
    """

    tariff_date: str | None = None
    """Year and month, as in `2026-11`, whose tariffs hold; absent takes April of `policy.start_year`."""
    power_factor: Annotated[float, Field(ge=0.5, le=1)] | None = None
    """Power factor, by which the network's basic charge falls; absent takes the catalogue's."""
    contract_power_mw: Positive | None = None
    """Contract power with the network where that is settled, MW; absent lets the plan choose it."""
    demand_charge_myen_per_mw_month: NonNegative | Annotated[tuple[NonNegative, ...], Field(max_length=12)] = 0.0
    """A further charge on each MW of the peak of a month, for all that is drawn; twelve numbers give it by month."""
    demand_ratchet_share: Share = 0.0
    """Share of the highest peak of twelve months that it charges at least in each."""
    surcharge_reduction_share: Share = 0.0
    """Share of the renewable surcharge from which the campus is exempt as a large user (減免), on application."""
    sales_myen_per_year: Positive | None = None
    """Yearly sales of the business at the site, by which that exemption is judged; absent leaves it unjudged."""
    serves_tenants: bool = False
    """Whether the load is that of tenants, to whom nobody may wheel his own power."""
    menu: dict[str, Menu] = Field(default_factory=dict)
    """Retail menus by name."""
    market: Market = Market()
    plant: dict[str, OffSite] = Field(default_factory=dict)
    """Plants elsewhere by name."""
    certificates: Certificates | None = None
    """A claim over the year; absent claims nothing."""

    @field_validator("tariff_date")
    @classmethod
    def _require_month(cls, date: str | None) -> str | None:
        if date is not None and not re.fullmatch(r"20\d{2}-(0[1-9]|1[0-2])", date):
            raise ValueError(Problem("procurement.date", value=date))
        return date

    @model_validator(mode="after")
    def _require_consistent(self) -> Procurement:
        for name in (*self.menu, *self.plant):
            if not re.fullmatch(NAME_PATTERN, name) or name == "market":
                raise ValueError(Problem("procurement.name", name=name))
        twice = tuple(sorted(set(self.menu) & set(self.plant)))
        if twice:
            raise ValueError(Problem("procurement.twice", names=twice))
        charge = self.demand_charge_myen_per_mw_month
        if isinstance(charge, tuple) and len(charge) != MONTHS_PER_YEAR:
            raise ValueError(Problem("procurement.charges", count=len(charge)))
        crossed = tuple(
            name for name, plant in self.plant.items() if plant.max_mw is not None and plant.min_mw > plant.max_mw
        )
        if crossed:
            raise ValueError(Problem("crossed", names=tuple(f"procurement.plant.{name}" for name in crossed)))
        wheeled = tuple(name for name, plant in self.plant.items() if plant.enabled and plant.way == "self_wheeling")
        if wheeled and self.serves_tenants:
            raise ValueError(Problem("procurement.tenants", remedy="procurement.tenants", names=wheeled))
        ways = [menu.enabled for menu in self.menu.values()] + [plant.enabled for plant in self.plant.values()]
        if not self.market.enabled and not any(ways):
            raise ValueError(Problem("procurement.no_way"))
        return self
