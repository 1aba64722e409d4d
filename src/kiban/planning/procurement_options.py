"""The ways to buy power of a scenario: tariffs of its area and date, menus, plants elsewhere, certificates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, HOURS_PER_YEAR, MONTHS_PER_YEAR, years_of
from kiban.catalogue.prices import PRICE_AREAS
from kiban.catalogue.sites import AREAS
from kiban.errors import CatalogueError, Problem, ScenarioError
from kiban.market.contracts import cost_delivered, cost_per_mw, imbalance_cost
from kiban.market.tariffs import CAPACITY_MONTHS, NetworkTariff, find_dated
from kiban.messages import Message
from kiban.planning.inputs import Inputs, open_inputs
from kiban.planning.market_prices import PRICE_UNIT, read_area_price
from kiban.planning.procured import (
    MARKET,
    CertificateResource,
    PlantResource,
    ProcurementResource,
    WayResource,
)
from kiban.planning.provenance import Recorder
from kiban.planning.supply_options import capacity_limit, model_availability
from kiban.scenario import Site, Supply
from kiban.scenario.plant import MOST_AVAILABILITY
from kiban.scenario.procurement import PROCURED, Menu, OffSite, Procurement

ISLAND_AREA = "okinawa"
"""The area that no interconnector joins to the others."""
DEFAULT_MONTH = "04"
STEADY = ("geothermal", "hydro")
SATURDAY = 5


@dataclass(frozen=True, eq=False)
class Tariffs:
    """The tariffs that hold for the campus: each row is read, and recorded, when it is first needed."""

    inputs: Inputs
    procurement: Procurement

    @property
    def date(self) -> str:
        """Year and month whose tariffs hold."""
        return self.procurement.tariff_date or f"{self.inputs.scenario.policy.start_year}-{DEFAULT_MONTH}"

    def take(self, stem: str) -> float:
        """The row of a stem that holds on the date."""
        return self.inputs.recorder.take(find_dated(self.inputs.recorder.catalogue.facts, stem, self.date))

    def network(self, area: str) -> NetworkTariff:
        """The network's tariff in an area."""
        take = self.inputs.recorder.take
        return NetworkTariff(
            basic_myen_per_mw_month=self.take(f"wheeling.{area}.basic"),
            energy_myen_per_mwh=self.take(f"wheeling.{area}.energy"),
            loss_share=self.take(f"wheeling.{area}.loss"),
            power_factor_base=take("wheeling.power_factor_base"),
            power_factor_rate=take("wheeling.power_factor_rate"),
            consumption_tax=self.consumption_tax,
        )

    @property
    def consumption_tax(self) -> float:
        """Rate of the tax in prices that include it."""
        return self.inputs.recorder.take("procurement.consumption_tax")

    @cached_property
    def here(self) -> NetworkTariff | None:
        """The network's tariff where the campus stands; None outside of Japan."""
        area = self.inputs.place.area
        return self.network(area) if area in AREAS else None

    @property
    def basic_myen_per_mw_year(self) -> float:
        """The network's charge on contract power; nothing where the scenario gives the connection's yearly cost."""
        if self.here is None or self.inputs.scenario.grid.annual_cost_myen_per_mw is not None:
            return 0.0
        key, row = "procurement.power_factor", "procurement.power_factor"
        return self.here.basic_myen_per_mw_year(self.inputs.recorder.prefer(self.procurement.power_factor, key, row))

    @cached_property
    def energy_charges(self) -> tuple[float, float, float]:
        """Charges on each MWh drawn whatever the way: all, the surcharge in them, the network's part."""
        grid = self.inputs.scenario.grid
        if grid.energy_charge_myen_per_mwh is not None:
            self.inputs.recorder.give("grid.energy_charge_myen_per_mwh", grid.energy_charge_myen_per_mwh, PRICE_UNIT)
            return grid.energy_charge_myen_per_mwh, 0.0, 0.0
        if self.here is None:
            raise ScenarioError(Problem("no_prices_area", key="site.area"))
        reduction = self.procurement.surcharge_reduction_share
        surcharge = self.take("surcharge") * (1.0 - reduction) / (1.0 + self.consumption_tax)
        network = self.here.energy_without_tax_myen_per_mwh
        return surcharge + network, surcharge, network


def open_tariffs(inputs: Inputs) -> Tariffs | None:
    """The tariffs of a scenario that says how power is bought; None where it does not."""
    procurement = inputs.scenario.procurement
    return None if procurement is None else Tariffs(inputs, procurement)


def read_procurement(inputs: Inputs, market_price: Callable[[], Array] | None) -> ProcurementResource | None:
    """The ways to buy; `market_price` reads the day-ahead price of the campus's area, None where it has none."""
    tariffs = open_tariffs(inputs)
    if tariffs is None:
        return None
    procurement, recorder = tariffs.procurement, inputs.recorder
    here = market_price() if market_price is not None else None
    loss = tariffs.here.loss_share if tariffs.here is not None else 0.0
    months = inputs.time.month.to_numpy()
    years = years_of(inputs.time, inputs.horizon.first_month)
    periods, period_of_step = np.unique(years * MONTHS_PER_YEAR + months - 1, return_inverse=True)
    period_months = tuple(int(period) % MONTHS_PER_YEAR + 1 for period in periods)
    ways = [_read_menu(name, menu, tariffs, here, loss) for name, menu in procurement.menu.items() if menu.enabled]
    if procurement.market.enabled:
        ways.append(_read_market(tariffs, here, loss))
    plants = [_read_plant(name, plant, tariffs, here) for name, plant in procurement.plant.items() if plant.enabled]
    certificates = procurement.certificates
    if certificates is not None:
        recorder.give("procurement.certificates.claim_share", certificates.claim_share, "share")
    return ProcurementResource(
        ways=tuple(ways),
        plants=tuple(plants),
        period_of_step=np.asarray(period_of_step, dtype=np.int64),
        period_months=period_months,
        market_price_myen_per_mwh=here,
        demand_myen_per_mw=_demand_charges(procurement, period_months, recorder),
        demand_ratchet_share=procurement.demand_ratchet_share,
        capacity_myen_per_mw=_capacity_contribution(tariffs, period_months),
        certificates=tuple(
            CertificateResource(
                kind,
                tariffs.take(f"certificate.{kind}"),
                math.inf if certificates.most_mwh_per_year is None else certificates.most_mwh_per_year,
            )
            for kind in certificates.kinds
        )
        if certificates is not None
        else (),
        claim_share=certificates.claim_share if certificates is not None else None,
        contract_power_mw=procurement.contract_power_mw,
        loss_share=loss,
    )


def _demand_charges(procurement: Procurement, months: tuple[int, ...], recorder: Recorder) -> Array:
    """By period, million yen per MW: the months of the horizon stand for a year."""
    given = procurement.demand_charge_myen_per_mw_month
    by_month = given if isinstance(given, tuple) else (given,) * MONTHS_PER_YEAR
    if any(by_month):
        recorder.give("procurement.demand_charge_myen_per_mw_month", str(given), "million yen/(MW month)")
    return np.array([by_month[month - 1] for month in months]) * MONTHS_PER_YEAR / len(months)


def _capacity_contribution(tariffs: Tariffs, months: tuple[int, ...]) -> Array:
    """By period, million yen per MW of the peak: an equal part of the year's price in each month that counts."""
    counts = np.isin(months, CAPACITY_MONTHS)
    area = tariffs.inputs.place.area
    given = tariffs.inputs.scenario.grid.energy_charge_myen_per_mwh is not None
    if given or area not in PRICE_AREAS or not counts.any():
        return np.zeros(len(months))
    share = tariffs.inputs.recorder.take("capacity_contribution.retail_share")
    yearly = tariffs.take(f"capacity_contribution.{area}") * share
    # A horizon with some of the months stands for as much of the year as it has of them.
    return np.where(counts, yearly / counts.sum(), 0.0)


def _read_market(tariffs: Tariffs, here: Array | None, loss: float) -> WayResource:
    market, recorder = tariffs.procurement.market, tariffs.inputs.recorder
    if here is None:
        raise ScenarioError(Problem("procurement.no_exchange", key="procurement.market"))
    if market.max_mw is not None:
        recorder.give("procurement.market.max_mw", market.max_mw, "MW")
    fee = recorder.prefer(market.fee_myen_per_mwh, "procurement.market.fee_myen_per_mwh", "grid.retail_margin")
    most = math.inf if market.max_mw is None else market.max_mw
    return WayResource(MARKET, here / (1.0 - loss) + fee, max_mw=most, follows_market=True)


def _read_menu(name: str, menu: Menu, tariffs: Tariffs, here: Array | None, loss: float) -> WayResource:
    """A menu with the network's charges taken out of its prices where they are in them: they are paid anyway."""
    inputs, key = tariffs.inputs, f"procurement.menu.{name}"
    area = inputs.place.area
    if None in (menu.basic_myen_per_mw_month, menu.energy_myen_per_mwh) and area not in AREAS:
        raise ScenarioError(Problem("procurement.no_list_menu", key=key))
    if menu.basic_myen_per_mw_month is None:
        basic = inputs.costs.take_money(f"grid.{area}.tariff_demand_charge")
    else:
        inputs.recorder.give(f"{key}.basic_myen_per_mw_month", menu.basic_myen_per_mw_month)
        basic = MONTHS_PER_YEAR * menu.basic_myen_per_mw_month
    steps = inputs.horizon.steps
    if menu.kind == "market_linked":
        if here is None:
            raise ScenarioError(Problem("procurement.no_exchange", key=key))
        added = np.full(steps, inputs.recorder.take("grid.retail_margin"))
        if menu.energy_myen_per_mwh is not None:
            added = inputs.series.read(menu.energy_myen_per_mwh, f"{key}.energy_myen_per_mwh", unit=PRICE_UNIT)
        energy = here / (1.0 - loss) + added
    elif menu.energy_myen_per_mwh is None:
        energy = np.full(steps, inputs.costs.take_money(f"grid.{area}.tariff_energy_charge"))
    else:
        energy = inputs.series.read(menu.energy_myen_per_mwh, f"{key}.energy_myen_per_mwh", unit=PRICE_UNIT)
    energy = _adjust(menu, energy, inputs)
    if menu.bundled:
        basic -= tariffs.basic_myen_per_mw_year
        # A market-linked price is that of energy: charges of the network are never in it.
        energy = energy if menu.kind == "market_linked" else energy - tariffs.energy_charges[2]
    if menu.max_mw is not None:
        inputs.recorder.give(f"{key}.max_mw", menu.max_mw, "MW")
    if basic < 0:
        said = {"value": basic / MONTHS_PER_YEAR, "least": tariffs.basic_myen_per_mw_year / MONTHS_PER_YEAR}
        raise ScenarioError(Problem("procurement.below_network", key=f"{key}.basic_myen_per_mw_month", values=said))
    return WayResource(
        name,
        energy,
        basic_myen_per_mw_year=basic,
        ratchet_share=menu.ratchet_share,
        max_mw=math.inf if menu.max_mw is None else menu.max_mw,
        bundled=menu.bundled,
        follows_market=menu.kind == "market_linked",
    )


def _adjust(menu: Menu, energy: Array, inputs: Inputs) -> Array:
    """The energy charge with those of its hours, and with the fuel adjustment of each month."""
    months, hours = inputs.time.month.to_numpy(), inputs.time.hour.to_numpy()
    weekend = inputs.time.day_of_week.to_numpy() >= SATURDAY
    for charge in menu.time_of_use:
        holds = (hours >= charge.from_hour) & (hours < min(charge.to_hour, HOURS_PER_DAY))
        if charge.months:
            holds &= np.isin(months, charge.months)
        if charge.days != "all":
            holds &= weekend if charge.days == "weekend" else ~weekend
        energy = np.where(holds, charge.energy_myen_per_mwh, energy)
    if menu.fuel_adjustment_myen_per_mwh:
        by_month = np.resize(np.array(menu.fuel_adjustment_myen_per_mwh), MONTHS_PER_YEAR)
        energy = energy + by_month[months - 1]
    return energy


@dataclass(frozen=True, eq=False)
class _There:
    """Where a plant stands, with sources of its own; the campus's, where it is beyond its fence."""

    inputs: Inputs
    area: str | None


def _read_plant(name: str, plant: OffSite, tariffs: Tariffs, here: Array | None) -> PlantResource:
    inputs, key = tariffs.inputs, f"procurement.plant.{name}"
    there = _open_there(plant, key, inputs)
    across = there.area != inputs.place.area
    if plant.way != "virtual" and across and ISLAND_AREA in {there.area, inputs.place.area}:
        said = {"name": there.area, "other": inputs.place.area}
        raise ScenarioError(Problem("procurement.unconnected", key=f"{key}.area", values=said))
    own = plant.way == "self_wheeling"
    sold = (plant.surplus or ("lost" if own else "sold")) == "sold"
    availability, limit = _output(plant, key, inputs, there)
    price_there = _market_there(plant, key, tariffs, there, here, across)
    needs_price = plant.way == "virtual" or across or sold
    if needs_price and (price_there is None or (across and here is None and plant.way != "virtual")):
        raise ScenarioError(Problem("procurement.no_exchange", key=key))
    zero = np.zeros(inputs.horizon.steps)
    there_price, here_price = (zero if price is None else price for price in (price_there, here))
    weight = np.full(inputs.horizon.steps, HOURS_PER_YEAR / inputs.horizon.steps)
    loss = tariffs.here.loss_share if tariffs.here is not None else 0.0
    generated = float(availability @ weight)
    counts_sale = sold or plant.way == "virtual"
    strike = 0.0 if own else _strike(plant, key, tariffs)
    balancing = _balancing(plant, key, inputs)
    basic, energy = _generation_charge(plant, tariffs, there)
    return PlantResource(
        name=name,
        way=plant.way,
        availability=availability,
        min_mw=plant.min_mw,
        max_mw=limit,
        loss_share=loss,
        paid_myen_per_mw=generated * strike,
        balancing_myen_per_mw=generated * balancing,
        sold_myen_per_mw=-cost_per_mw(availability * weight, 0.0, there_price) if counts_sale else 0.0,
        generation_charge_myen_per_mw=basic + generated * energy,
        annual_cost_myen_per_mw=_own_cost(name, plant, key, inputs) if own else 0.0,
        delivered_myen_per_mwh=cost_delivered(there_price, here_price if across else there_price, loss, sold=sold),
        exempt_myen_per_mwh=tariffs.energy_charges[1] if own else 0.0,
        generated_mwh_per_mw=generated,
        area=there.area,
        technology=plant.technology,
        strike_myen_per_mwh=strike,
        balancing_myen_per_mwh=balancing,
        generation_energy_myen_per_mwh=energy,
        sold_myen_per_mwh=there_price if counts_sale else 0.0,
        follows_market=plant.way != "virtual" and (sold or across),
    )


def _open_there(plant: OffSite, key: str, inputs: Inputs) -> _There:
    """The place of a plant with its weather, where the scenario's is typical weather that every place has."""
    area = plant.area
    if area is not None and area not in AREAS:
        raise ScenarioError(Problem("no_area", key=f"{key}.area", remedy="choose", name=area, near="", names=AREAS))
    if plant.site is None:
        return _There(inputs, area or inputs.place.area)
    recorder = Recorder(inputs.recorder.catalogue)
    moved = inputs.scenario.model_copy(update={"site": Site(id=plant.site)})
    try:
        there = open_inputs(moved, recorder)
    except CatalogueError as error:
        raise ScenarioError([replace(problem, key=f"{key}.site") for problem in error.problems]) from None
    except ScenarioError as error:
        raise ScenarioError([replace(problem, key=f"{key}.site") for problem in error.problems]) from None
    if inputs.scenario.weather.source not in {"typical", "none"} and plant.availability is None:
        raise ScenarioError(Problem("procurement.no_weather", key=f"{key}.availability", name=plant.site))
    return _There(there, area or there.place.area)


def _output(plant: OffSite, key: str, inputs: Inputs, there: _There) -> tuple[Array, float]:
    """Output per MW in each step, and the limit of capacity."""
    if plant.availability is not None:
        given = inputs.series.read(
            plant.availability, f"{key}.availability", unit="MW per MW", lower=0.0, upper=MOST_AVAILABILITY
        )
        return given, math.inf if plant.max_mw is None else plant.max_mw
    if inputs.scenario.weather.source == "none":
        raise ScenarioError(Problem("procurement.no_weather", key=f"{key}.availability", name=plant.site or "-"))
    sources, option = there.inputs, Supply(max_mw=plant.max_mw)
    limit = capacity_limit(plant.technology, option, True, sources.place, sources.recorder)
    whole = model_availability(
        plant.technology, option, sources.place, sources.weather, sources.recorder, inputs.scenario.seed
    )
    if sources is not inputs:
        value, source = Message("input.site", site_name=str(plant.site)), Message("origin.weather")
        inputs.recorder.record(f"{key}.availability", value, "MW per MW", source, "derived", "weather")
    return inputs.horizon.cut(whole), math.inf if limit is None else limit


def _market_there(
    plant: OffSite, key: str, tariffs: Tariffs, there: _There, here: Array | None, across: bool
) -> Array | None:
    """Day-ahead price where a plant stands; None where there is no exchange."""
    inputs = tariffs.inputs
    if plant.market_price_myen_per_mwh is not None:
        return inputs.series.read(plant.market_price_myen_per_mwh, f"{key}.market_price_myen_per_mwh", unit=PRICE_UNIT)
    if not across:
        return here
    return read_area_price(inputs, there.inputs, there.area, f"{key}.market_price_myen_per_mwh")


def _kind(technology: str) -> str:
    return "wind" if technology.startswith("wind") else "steady" if technology in STEADY else technology


def _strike(plant: OffSite, key: str, tariffs: Tariffs) -> float:
    """Price of each MWh that the plant generates."""
    recorder = tariffs.inputs.recorder
    if plant.price_myen_per_mwh is not None:
        recorder.give(f"{key}.price_myen_per_mwh", plant.price_myen_per_mwh, PRICE_UNIT)
        return plant.price_myen_per_mwh
    if not any(name.startswith(f"ppa.{plant.technology}.") for name in recorder.catalogue.facts):
        raise ScenarioError(Problem("procurement.no_price", key=f"{key}.price_myen_per_mwh", name=plant.technology))
    return tariffs.take(f"ppa.{plant.technology}")


def _balancing(plant: OffSite, key: str, inputs: Inputs) -> float:
    """Fee of a supplier on each MWh; where one balances by oneself, what one's own errors cost."""
    recorder, kind = inputs.recorder, _kind(plant.technology)
    if plant.way == "virtual":
        return 0.0
    if plant.balancing_myen_per_mwh is not None:
        recorder.give(f"{key}.balancing_myen_per_mwh", plant.balancing_myen_per_mwh, PRICE_UNIT)
        return plant.balancing_myen_per_mwh
    if plant.way == "physical":
        return recorder.take(f"ppa.balancing.{kind}")
    return imbalance_cost(recorder.take(f"imbalance.error_share.{kind}"), recorder.take("imbalance.spread"))


def _generation_charge(plant: OffSite, tariffs: Tariffs, there: _There) -> tuple[float, float]:
    """The generation-side charge of a MW for a year and of a MWh generated, where the campus bears it."""
    bears = plant.way == "self_wheeling" if plant.bears_generation_charge is None else plant.bears_generation_charge
    if not bears or there.area not in AREAS:
        return 0.0, 0.0
    kept = 1.0 + tariffs.consumption_tax
    basic = MONTHS_PER_YEAR * tariffs.take(f"wheeling.{there.area}.generation_basic")
    return basic / kept, tariffs.take(f"wheeling.{there.area}.generation_energy") / kept


def _own_cost(name: str, plant: OffSite, key: str, inputs: Inputs) -> float:
    """Yearly cost of a MW of one's own plant."""
    option = Supply(
        annual_cost_myen_per_mw=plant.annual_cost_myen_per_mw,
        capex_myen_per_mw=plant.capex_myen_per_mw,
        fixed_om_myen_per_mw_year=plant.fixed_om_myen_per_mw_year,
        life_years=plant.life_years,
    )
    return inputs.costs.supply(plant.technology, option, capacity=f"{PROCURED}{name}", key=key)
