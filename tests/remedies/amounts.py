"""Remedies of `kiban what-is`, of questions to the catalogue, and of a race between two places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.cases.payments import campus
from tests.remedies import Case, Ground, Step
from tests.unit.test_what_is import ask

from kiban.catalogue import load_catalogue
from kiban.catalogue import prices as prices_module
from kiban.catalogue.catalogue import describe
from kiban.catalogue.economy_tables import load_input_output, shares_of
from kiban.catalogue.prices import (
    newest_complete_fiscal_year,
    price_hour_profile,
    price_month_means,
    price_statistics,
    price_years,
    typical_prices,
)
from kiban.finance.race import race


def amount(text: str, **options: str) -> Step:
    return lambda: ask(text, **options)


def assumed(name: str, value: float) -> Step:
    return lambda: load_catalogue().overridden({name: value})


def priced(area: str, year: int) -> Step:
    return lambda: price_statistics(area, year)


def listed(g: Ground, *command: str, asks: str) -> Step:
    """What a command lists holds what is asked for."""

    def step() -> Any:
        done = g.command(*command)
        assert asks in done.stdout
        return done

    return step


@cache
def fair_race() -> Any:
    """A race that may be run, asked once."""
    return race(campus(), "kitakyushu", "property-tax-relief")


def raced(rival: str, **changes: Any) -> Step:
    return lambda: race(campus(**changes), rival, "property-tax-relief")


def seasons(g: Ground, year: int) -> Any:
    """Typical prices where the profiles of a year lack a season."""
    newest = newest_complete_fiscal_year()
    with g.change.context() as change:

        def profile(area: str, fiscal_year: int) -> Any:
            found = price_hour_profile(area, fiscal_year)
            return found if fiscal_year == newest else dict(list(found.items())[1:])

        change.setattr(prices_module, "price_hour_profile", profile)
        return typical_prices("tokyo", year)


CASES: Mapping[str, Case] = {
    "what_is.empty": lambda g: (amount("  "), amount("1 trillion dollars in five years"), amount("3 GW by 2030")),
    "what_is.no_amount": lambda g: (
        amount("in five years"),
        amount("1 trillion dollars in five years"),
        amount("2.2 trillion yen"),
        amount("3 GW by 2030"),
    ),
    "what_is.two_amounts": lambda g: (amount("$5 and $6"), amount("$5"), amount("$6")),
    "what_is.two_times": lambda g: (amount("$5 in 3 years in 5 years"), amount("$5 in 3 years"), amount("$5 by 2030")),
    "what_is.no_unit": lambda g: (
        amount("38 billion"),
        amount("38 billion yen"),
        amount("38 billion dollars"),
        amount("3 GW"),
        amount("38 MW"),
    ),
    "what_is.word": lambda g: (
        amount("1 trillion dollars of gold"),
        amount("1 trillion dollars"),
        amount("38 billion dollars over seven years"),
    ),
    "what_is.comma": lambda g: (
        amount("1,5 trillion dollars"),
        amount("1,500 trillion yen"),
        amount("1.5 trillion dollars"),
    ),
    "what_is.currency": lambda g: (amount("100 euros"), amount("100 dollars"), amount("100 yen")),
    "what_is.unit": lambda g: (amount("3 GWh"), amount("3 GW"), amount("3 MW"), amount("3 yen"), amount("3 dollars")),
    "what_is.not_positive": lambda g: (amount("$0"), amount("$1")),
    "what_is.years": lambda g: (amount("$5 in 200 years"), amount("$5 in 1 year"), amount("$5 in 100 years")),
    "what_is.year": lambda g: (amount("3 GW by 1990"), amount("3 GW by 2001"), amount("3 GW by 2099")),
    "what_is.package": lambda g: (
        amount("$5", package="loan-guarantee"),
        *(
            amount("$5", package=name)
            for name in ("tax-credit", "capital-grant", "special-depreciation", "property-tax-relief")
        ),
    ),
    "what_is.chip": lambda g: (amount("$5", chip="zzz"), amount("$5", chip="h100")),
    "what_is.rented_power": lambda g: (
        amount("3 GW contract"),
        amount("3 GW"),
        amount("38 billion dollars over seven years, a contract"),
    ),
    "what_is.no_years": lambda g: (amount("$38 billion contract"), amount("$38 billion contract over seven years")),
    "catalogue.no_prefecture": lambda g: (lambda: shares_of("zzz"), load_input_output),
    "catalogue.life": lambda g: (assumed("battery.life", -1.0), assumed("battery.life", 0.5)),
    "catalogue.pattern": lambda g: (
        lambda: describe(load_catalogue(), " "),
        lambda: describe(load_catalogue(), "pv.capex"),
        lambda: describe(load_catalogue(), "pv"),
        lambda: describe(load_catalogue(), "geothermal"),
    ),
    "finite": lambda g: (assumed("pv.capex", float("nan")), assumed("pv.capex", 150.0)),
    "between": lambda g: (
        assumed("cooling.direct_liquid.room_temperature_c", 270.0),
        assumed("cooling.direct_liquid.room_temperature_c", 20.0),
    ),
    "give_at_least": lambda g: (assumed("pv.capex", -1.0), assumed("pv.capex", 0.0)),
    "catalogue_prices.no_year": lambda g: (priced("tokyo", 1999), priced("tokyo", 2016), priced("tokyo", 2025)),
    "catalogue_prices.missing_months": lambda g: (
        lambda: price_month_means("hokkaido", 2018),
        lambda: price_month_means("hokkaido", 2024),
        lambda: price_month_means("hokkaido", 2019),
    ),
    "catalogue_prices.missing_seasons": lambda g: (
        lambda: seasons(g, newest_complete_fiscal_year() - 1),
        lambda: seasons(g, newest_complete_fiscal_year()),
    ),
    "catalogue_prices.okinawa": lambda g: (
        priced("okinawa", 2024),
        lambda: load_catalogue().fact("grid.okinawa.tariff_energy_charge"),
    ),
    "choose": lambda g: (lambda: price_years("zzz"), lambda: price_years("hokkaido")),
    "sites": lambda g: (
        lambda: load_catalogue().site("zzz"),
        listed(g, "sites", asks="tomakomai"),
        lambda: load_catalogue().site("tomakomai"),
    ),
    "sources": lambda g: (
        lambda: load_catalogue().fact("zzz"),
        listed(g, "sources", "pv", asks="pv.capex"),
        lambda: load_catalogue().fact("pv.capex"),
    ),
    "race.one_place": lambda g: (raced("tomakomai"), fair_race),
    "race.abroad": lambda g: (raced("kitakyushu", finance={"cost_set": "united-states"}), fair_race),
}
