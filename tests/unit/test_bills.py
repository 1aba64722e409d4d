"""Bills of others by hand: classes, tariffs, lags; and the bills of the catalogue beside published ones."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.cases.documents import misfits
from typer.testing import CliRunner

from kiban.catalogue import AREAS, load_catalogue
from kiban.cli import app
from kiban.errors import CatalogueError
from kiban.market.areas import MARKET_AREAS
from kiban.market.bills import BillEffects, share_bills
from kiban.market.customers import CLASSES, Customers, Tariffs, load_customers
from kiban.market.hours import MarketHours, synthetic_hours
from kiban.market.impact import MarketImpact, VariantImpact
from kiban.report.market.document import ImpactDocument

CATALOGUE = load_catalogue()

TARIFFS = Tariffs(
    # Low, value, high; households, small business, industry; regulated, market-linked.
    share=np.array(
        [
            [[0.3, 0.0], [0.0, 0.2], [0.0, 0.5]],
            [[0.5, 0.1], [0.0, 0.4], [0.0, 0.5]],
            [[0.6, 0.2], [0.0, 0.6], [0.0, 0.5]],
        ]
    ),
    pass_through=np.array([[0.0, 0.5, 0.1], [0.0, 1.0, 0.2], [0.0, 1.0, 0.4]]),
    lag_months=np.array([[3.0, 0.0, 6.0], [4.0, 1.0, 9.0], [5.0, 2.0, 12.0]]),
)


def customers_of(*areas: str, tariffs: Tariffs = TARIFFS) -> Customers:
    """A hundred thousand homes of 4 MWh in each area."""
    return Customers(
        areas=areas,
        households=np.full(len(areas), 1e5),
        household_use_mwh=np.full(len(areas), 4e5),
        industry_share=0.25,
        loss=np.array([0.2, 0.0, 0.0]),
        network_yen_per_kwh=np.array([9.0, 4.0, 2.0]),
        supplier_yen_per_kwh=np.array([2.0, 1.0, 0.5]),
        capacity_yen_per_kwh=2.0,
        tariffs=tariffs,
    )


def hours_of(*demand_mw: float) -> MarketHours:
    """Two days of even demand."""
    start = np.arange("2024-04-01T00", "2024-04-03T00", dtype="datetime64[h]")
    none = np.zeros((48, len(demand_mw)))
    names = ("nuclear", "hydro", "geothermal", "biomass", "solar", "wind", "pumped")
    supply = {f"{name}_mw": none for name in names}
    areas = tuple(f"area {place}" for place in range(len(demand_mw)))
    return MarketHours(areas=areas, start=start, demand_mw=np.tile(demand_mw, (48, 1)), **supply)


def impact_of(*rises_yen: tuple[float, ...]) -> MarketImpact:
    """A rise of bills in each variant and area, at prices of 10 yen before, in areas of 1e6, 2e6, ... MWh a year."""
    count = len(rises_yen[0])
    variants = [
        VariantImpact(f"variant {place}", np.full(count, 10.0), np.full(count, 11.0), np.array(rise), 0.0)
        for place, rise in enumerate(rises_yen)
    ]
    hours = hours_of(*(1e6 * (1 + place) / 8760.0 for place in range(count)))
    return MarketImpact(hours, np.zeros((48, count)), tuple(variants))


def shared(*rises_yen: tuple[float, ...]) -> BillEffects:
    """The rises among the customers of their areas."""
    impact = impact_of(*rises_yen)
    return share_bills(impact, customers_of(*impact.areas))


def test_energy_by_class() -> None:
    # Homes take 4e5 MWh at the meter, 5e5 where it enters the network; a quarter of the rest is industry.
    energy = customers_of("a", "b").energy_mwh(np.array([1e6, 2e6]))
    np.testing.assert_allclose(energy, [[5e5, 3.75e5, 1.25e5], [5e5, 1.125e6, 3.75e5]])


def test_part_that_tariffs_pass_on() -> None:
    passed = TARIFFS.passed()
    # Households: half on a tariff that passes on nothing, a tenth on one that passes on all, four tenths on a fifth.
    # Least: most of them (0.6) on the tariff that passes on less than a fixed one, none linked: 0.4 x 0.1.
    # Most: least of them (0.3) there, a fifth linked: 0.2 x 1 + 0.5 x 0.4.
    np.testing.assert_allclose(passed[:, 0], [0.04, 0.1 + 0.4 * 0.2, 0.2 + 0.5 * 0.4])
    np.testing.assert_allclose(passed[:, 1], [0.2 * 0.5 + 0.8 * 0.1, 0.4 + 0.6 * 0.2, 0.6 + 0.4 * 0.4])
    np.testing.assert_allclose(passed[:, 2], [0.5 * 0.5 + 0.5 * 0.1, 0.5 + 0.5 * 0.2, 0.5 + 0.5 * 0.4])


def test_lags_shorten_the_first_year() -> None:
    first = TARIFFS.passed(first_year=True)
    # Linked tariffs lag by a month (11 of 12 are paid), fixed ones by nine months; the least has the longest lags.
    assert first[1, 2] == pytest.approx(0.5 * 11 / 12 + 0.5 * 0.2 * 3 / 12)
    assert first[0, 2] == pytest.approx(0.5 * 0.5 * 10 / 12)
    assert first[2, 2] == pytest.approx(0.5 + 0.5 * 0.4 * 6 / 12)
    assert (first <= TARIFFS.passed() + 1e-12).all()


def test_bills_by_hand() -> None:
    found = shared((1e9, 4e9))
    # Of a billion yen in the first area half falls on homes, whose tariffs pass on 0.18.
    assert found.central_yen[0, 0] == pytest.approx(1e9 * 0.5 * 0.18)
    assert found.central_yen[1, 2] == pytest.approx(4e9 * 0.1875 * 0.6)
    assert found.first_year_yen[0, 1, 1, 2] == pytest.approx(4e9 * 0.1875 * (0.5 * 11 / 12 + 0.5 * 0.2 * 3 / 12))
    low, middle, high = found.household_yen_per_month()
    # 0.5e9 x 0.18 over a hundred thousand homes and 12 months.
    np.testing.assert_allclose([low[0], middle[0], high[0]], [0.5e9 * part / 1.2e6 for part in (0.04, 0.18, 0.4)])
    # A home pays (10 + 2) / 0.8 + 9 + 2 = 26 yen/kWh for 4e8 kWh of them all.
    assert found.bill_yen[0, 0] == pytest.approx(26.0 * 4e8)
    assert found.rise_of_bill[0, 0] == pytest.approx(9e7 / (26.0 * 4e8))


def test_nothing_is_lost() -> None:
    rises = ((1e9, 4e9), (0.8e9, -0.1e9), (3e9, 5e9))
    found = shared(*rises)
    whole = (found.paid_yen + found.kept_yen).sum(axis=-1)
    np.testing.assert_allclose(whole, np.repeat(np.array(rises)[:, None, :], 3, axis=1), rtol=0.0, atol=1e-3)
    np.testing.assert_allclose(found.central_yen.sum(axis=1) + found.central_kept_yen, rises[0], rtol=0.0, atol=1e-3)


def test_ranges_hold_all_variants_and_sums_are_of_one() -> None:
    found = shared((1e9, 4e9), (0.8e9, -0.1e9), (3e9, 1e9))
    low, high = found.range_yen()
    assert (low <= found.paid_yen).all() and (found.paid_yen <= high).all()
    assert low[1, 0] == pytest.approx(-0.1e9 * 0.25 * 0.4)  # a fall that is passed on most
    first, last = found.class_range_yen()
    # No variant has the most in both areas.
    assert (last < high.sum(axis=0)).all() and (first > low.sum(axis=0)).all()


def test_no_rise_no_bill() -> None:
    found = shared((0.0, 0.0))
    assert not found.paid_yen.any() and not found.kept_yen.any()


def test_households_beyond_the_demand_of_their_area() -> None:
    with pytest.raises(CatalogueError, match="households of a use 500 GWh a year"):
        customers_of("a").energy_mwh(np.array([4.9e5]))


def test_areas_of_another_order() -> None:
    impact = impact_of((1e9, 4e9))
    with pytest.raises(ValueError, match="same areas"):
        share_bills(impact, customers_of("area 1", "area 0"))


# ---- the catalogue


def test_homes_of_the_catalogue_use_what_the_survey_found() -> None:
    everyone = load_customers(CATALOGUE, AREAS)
    assert everyone.households.sum() == pytest.approx(55.7e6, rel=0.005)  # census 2020: 55,705 thousand
    assert everyone.household_use_mwh.sum() / everyone.households.sum() * 1000.0 == pytest.approx(4175.0, rel=0.005)


def test_sales_by_voltage_are_the_published_ones() -> None:
    """METI, fiscal year 2024: special high voltage 219.3 TWh; all others 600.4 TWh, homes among them."""
    customers = load_customers(CATALOGUE, MARKET_AREAS)
    demand = synthetic_hours(CATALOGUE).demand_mw.sum(axis=0)
    sold = (customers.energy_mwh(demand) * (1.0 - customers.loss)).sum(axis=0) / 1e6
    assert sold.sum() == pytest.approx(822.81 - 8.0, rel=0.02)  # without Okinawa
    assert sold[CLASSES.index("industry")] == pytest.approx(219.3, rel=0.06)


def mean_household_bill(customers: Customers, price_yen_per_kwh: np.typing.ArrayLike) -> float:
    """Yen/kWh of all homes together, without tax and surcharge."""
    price = np.broadcast_to(price_yen_per_kwh, len(customers.areas))
    bill = customers.bill_yen_per_kwh(price)[:, CLASSES.index("household")]
    return float(bill @ customers.household_use_mwh / customers.household_use_mwh.sum())


@pytest.mark.parametrize(
    ("published", "exchange", "surcharge", "capacity", "bound"),
    [
        ("household_2019", 7.93, 2.95, False, 0.10),
        # The exchange's peak of that winter reached few contracts of homes.
        ("household_2021", 13.45, 3.36, False, 0.20),
        ("low_voltage_lighting_2024", 12.31, None, True, 0.10),
    ],
)
def test_bills_reconcile_with_published_revenue(
    published: str, exchange: float, surcharge: float | None, capacity: bool, bound: float
) -> None:
    """Bills at the exchange's mean price of a fiscal year beside what homes paid, price times the same energy.

    Contributions to the capacity market began with fiscal year 2024; a price without a surcharge is one without tax.
    """
    customers = load_customers(CATALOGUE, MARKET_AREAS)
    if not capacity:
        customers = replace(customers, capacity_yen_per_kwh=0.0)
    paid = mean_household_bill(customers, exchange)
    if surcharge is not None:
        paid = 1.1 * paid + surcharge
    energy = customers.household_use_mwh.sum() * 1000.0
    assert paid * energy == pytest.approx(CATALOGUE.value(f"customers.published.{published}") * energy, rel=bound)


def test_homes_pay_what_they_say_they_spend() -> None:
    """Family survey of 2023, yen a month in the survey's regions: 15 % over the country, 25 % in each area.

    Tariffs of 2023 followed fuel of that year and of the one before, so does the wholesale price here: 20.38 and 10.74
    on the exchange. The surcharge was 2.1 yen and the subsidy 5.8 in the mean of the calendar year's months.
    """
    customers = replace(load_customers(CATALOGUE, MARKET_AREAS), capacity_yen_per_kwh=0.0)
    price = (20.38 + 10.74) / 2.0 * np.array([1.1, 1.05, 1.1, 1.0, 1.0, 0.95, 0.95, 0.95, 0.9])
    spent = np.array([11254, 12397, 9881, 10517, 13096, 9268, 11699, 11225, 8649])
    paid = 1.1 * customers.bill_yen_per_kwh(price)[:, CLASSES.index("household")] + 2.1 - 5.8
    monthly = paid * customers.household_use_mwh / customers.households * 1000.0 / 12.0
    np.testing.assert_allclose(monthly, spent, rtol=0.25)
    homes = customers.households
    assert monthly @ homes == pytest.approx(spent @ homes, rel=0.15)


def test_classes_of_the_catalogue_pass_on_part() -> None:
    passed = load_customers(CATALOGUE, MARKET_AREAS).tariffs.passed()
    assert (np.diff(passed, axis=0) > 0.0).all() and passed.min() >= 0.0 and passed.max() <= 1.0
    # Industry follows the exchange sooner than homes do.
    assert (np.diff(passed, axis=1) > 0.0).all()


def test_a_given_figure_has_no_range() -> None:
    given = CATALOGUE.overridden({"customers.market_linked.pass_through": 0.7})
    rates = load_customers(given, MARKET_AREAS).tariffs.pass_through
    assert (rates[:, 1] == 0.7).all() and rates[0, 0] < rates[2, 0]


def test_the_command_shares_out_what_others_pay() -> None:
    done = CliRunner().invoke(app, ["impact", "--load", "300", "--area", "kansai", "--fast", "--json", "--lang", "en"])
    found = json.loads(done.stdout)
    assert not misfits(found, ImpactDocument)
    whole = 0.0
    for area, bills in zip(found["areas"], found["bills"], strict=True):
        assert area["id"] == bills["id"]
        paid = [one["paid_myen_per_year"] for one in bills["classes"]]
        assert [one["id"] for one in bills["classes"]] == list(CLASSES)
        shared_out = sum(one["central"] for one in paid) + bills["kept_myen_per_year"]
        assert shared_out == pytest.approx(area["others_pay_myen_per_year"]["central"], abs=1e-6)
        assert all(one["low"] <= one["central"] <= one["high"] for one in paid)
        assert all(one["first_year_myen"] <= one["paid_myen_per_year"]["central"] for one in bills["classes"])
        homes = CATALOGUE.value(f"customers.{area['id']}.households")
        assert bills["household_yen_per_month"]["central"] == pytest.approx(paid[0]["central"] * 1e6 / homes / 12.0)
        whole += paid[0]["central"]
    assert "A household's bill rises most in Hokuriku" in found["sentences"][2]
    assert f"{whole / 1e3:.1f}" in found["sentences"][1]


def test_kept_is_what_is_not_paid_when_nothing_is_passed_on() -> None:
    none = replace(TARIFFS, share=np.zeros((3, 3, 2)), pass_through=np.zeros((3, 3)))
    impact = impact_of((1e9,))
    found = share_bills(impact, customers_of(*impact.areas, tariffs=none))
    assert not found.paid_yen.any()
    assert found.central_kept_yen[0] == pytest.approx(1e9)
