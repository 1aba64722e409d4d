"""Ways to buy power: tariffs by date, the bill by hand, ratchets and their prices, contracts, claims, the ledger."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from tests.cases import make_resources
from tests.cases.documents import misfits
from tests.cases.procurements import PERIODS, with_procurement
from tests.cases.purchases import buy, campus

from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.finance.campus import finance_campus, read_campus_terms
from kiban.finance.project import OPERATING_ACCOUNTS, PROCUREMENT_ACCOUNTS, UNTAXED, project_from_plan
from kiban.linear import solve
from kiban.market.contracts import cost_delivered, cost_per_mw, imbalance_cost
from kiban.market.tariffs import NetworkTariff, find_dated
from kiban.planning.after_tax import under_policy
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.planning.procurement import CLAIM
from kiban.planning.procurement_account import charge_cost, procurement_costs
from kiban.planning.programme import write_programme
from kiban.policy.terms import PolicyTerms
from kiban.report.page import fill_page
from kiban.report.plan.document import Circumstances, PlanDocument, plan_document
from kiban.report.plan.procurement import bought_details
from kiban.report.plan.record import PlanRecord, restore, summarise
from kiban.report.plan.tables import make_tables
from kiban.scenario import parse_scenario

LOAD_MW, HOURS_PER_YEAR = 24.0, 8760.0
KNOWN = load_catalogue().facts


def component(plan: Plan, name: str) -> float:
    assert plan.bought is not None
    return sum(item.cost_myen_per_year for item in plan.bought.bill if item.component == name)


def test_the_newest_row_that_has_begun_holds() -> None:
    assert find_dated(KNOWN, "wheeling.tokyo.basic", "2026-10") == "wheeling.tokyo.basic.2025_10"
    assert find_dated(KNOWN, "wheeling.tokyo.basic", "2026-11") == "wheeling.tokyo.basic.2026_11"
    assert find_dated(KNOWN, "wheeling.tokyo.basic", "2040-01") == "wheeling.tokyo.basic.2026_11"
    # Billing of the surcharge runs from May to April.
    assert find_dated(KNOWN, "surcharge", "2026-04") == "surcharge.2025_05"
    assert find_dated(KNOWN, "surcharge", "2026-05") == "surcharge.2026_05"
    with pytest.raises(ScenarioError, match=r"2025-10"):
        find_dated(KNOWN, "wheeling.tokyo.basic", "2025-09")


@pytest.mark.parametrize("area", ["hokkaido", "tohoku", "tokyo", "chubu", "hokuriku", "kansai", "chugoku", "shikoku",
                                  "kyushu", "okinawa"])  # fmt: skip
def test_all_ten_areas_have_every_tariff(area: str) -> None:
    for part in ("basic", "energy", "loss", "generation_basic", "generation_energy"):
        assert KNOWN[find_dated(KNOWN, f"wheeling.{area}.{part}", "2027-04")].value > 0


def test_the_power_factor_and_the_tax_move_the_basic_charge() -> None:
    tariff = NetworkTariff(0.44625, 0.00091, 0.013, power_factor_base=0.85, power_factor_rate=0.01, consumption_tax=0.1)
    # 446.25 yen per kW and month, 15 % less at a power factor of one, less the tax that is in it.
    assert tariff.basic_myen_per_mw_year(1.0) == pytest.approx(446.25 * 0.85 / 1.1 * 12 / 1000)
    assert tariff.basic_myen_per_mw_year(0.80) == pytest.approx(446.25 * 1.05 / 1.1 * 12 / 1000)
    assert tariff.energy_without_tax_myen_per_mwh == pytest.approx(0.91 / 1.1 / 1000)


def test_the_bill_of_a_flat_load_by_hand() -> None:
    """Tokyo from November 2026, all from the market at 12 yen a kWh."""
    plan = buy({})
    energy = LOAD_MW * HOURS_PER_YEAR
    by_hand = {
        "network_basic": LOAD_MW * 12 * 0.44625 * 0.85 / 1.1,
        "network_energy": energy * 0.00091 / 1.1,
        "surcharge": energy * 0.00418 / 1.1,
        "market_energy": energy * (0.012 / (1 - 0.013) + 0.0007),
        "capacity_contribution": LOAD_MW * 5.834 * 0.93,
    }
    assert plan.bought is not None
    assert {item.component for item in plan.bought.bill} == set(by_hand)
    for name, cost in by_hand.items():
        assert component(plan, name) == pytest.approx(cost, rel=1e-6), name
    assert plan.bought.total_myen_per_year == pytest.approx(sum(by_hand.values()), rel=1e-6)
    assert sum(plan.costs.values()) == pytest.approx(plan.certificate.primal, rel=1e-9)  # type: ignore[union-attr]


def test_the_bill_is_the_whole_of_what_power_costs() -> None:
    plan = buy(
        {
            "menu": {"list": {}, "peaky": {"basic_myen_per_mw_month": 0.6, "ratchet_share": 0.5}},
            "plant": {
                "sun": {"availability": 0.3, "max_mw": 8.0, "price_myen_per_mwh": 0.005},
                "own": {"way": "self_wheeling", "availability": 0.4, "annual_cost_myen_per_mw": 5.0, "max_mw": 3.0},
            },
            "demand_charge_myen_per_mw_month": 0.2,
            "certificates": {"claim_share": 0.9},
        }
    )
    assert plan.bought is not None
    works = plan.costs["interconnection"] - component(plan, "network_basic")
    power = sum(cost for item, cost in plan.costs.items() if item != "it_capacity")
    assert plan.bought.total_myen_per_year == pytest.approx(power - works, abs=1e-6)
    delivered = sum(way.delivered_mwh_per_year for way in plan.bought.ways)
    assert delivered == pytest.approx(plan.indicators["import_mwh_per_year"], rel=1e-6)


def test_a_bundled_menu_pays_the_network_once() -> None:
    """The list menu of Tokyo, 1,900 yen per kW and 20 yen per kWh: the network is paid out of them."""
    plan = buy({"market": {"enabled": False}, "menu": {"list": {}}})
    energy = LOAD_MW * HOURS_PER_YEAR
    assert plan.bought is not None
    paid = plan.bought.total_myen_per_year - component(plan, "surcharge")
    assert paid == pytest.approx(LOAD_MW * 22.8 + energy * 0.020, rel=1e-6)
    assert "capacity_contribution" not in plan.costs


def test_hours_and_months_of_a_menu() -> None:
    """1 January of the base year 2025 is a Wednesday: four days to Saturday."""
    menu = {
        "energy_myen_per_mwh": 0.02,
        "basic_myen_per_mw_month": 1.9,
        "fuel_adjustment_myen_per_mwh": [0.001, *[0.0] * 11],
        "time_of_use": [
            {"energy_myen_per_mwh": 0.03, "from_hour": 8, "to_hour": 22, "days": "weekday"},
            {"energy_myen_per_mwh": 0.01, "months": [2]},
            {"energy_myen_per_mwh": 0.005, "days": "weekend", "from_hour": 12, "to_hour": 13},
        ],
    }
    scenario = parse_scenario(campus({"market": {"enabled": False}, "menu": {"hours": menu}}))
    resources = prepare(scenario).resources_for("given")
    assert resources.procurement is not None
    (way,) = resources.procurement.ways
    charge = (way.energy_myen_per_mwh + 0.00091 / 1.1 - 0.001).reshape(4, 24)
    weekday = np.where((np.arange(24) >= 8) & (np.arange(24) < 22), 0.03, 0.02)
    assert charge[:3] == pytest.approx(np.tile(weekday, (3, 1)))
    assert charge[3] == pytest.approx(np.where(np.arange(24) == 12, 0.005, 0.02))


@pytest.mark.parametrize("share", [0.0, 0.999, 1.0])
def test_a_month_is_charged_its_peak_or_the_ratchet(share: float) -> None:
    site = with_procurement(make_resources(0, frozenset({"grid"}), block_steps=48), 0, claims=False)
    assert site.procurement is not None
    procurement = replace(site.procurement, demand_ratchet_share=share)
    solution = solve(write_programme(replace(site, procurement=procurement)))
    drawn = solution.hourly["import"]
    own = np.array([drawn[procurement.period_of_step == period].max() for period in range(PERIODS)])
    # The peaks of the months differ, so that a ratchet of nearly all of the highest is felt.
    assert own.min() < 0.995 * own.max()
    for charge in procurement.peak_charges:
        power = sum(solution.hourly[name] for name in charge.bought)
        peaks = np.array([power[procurement.period_of_step == period].max() for period in range(PERIODS)])
        due = charge.cost_myen_per_mw @ np.maximum(peaks, charge.ratchet_share * peaks.max())
        assert charge_cost(charge, solution) == pytest.approx(due, rel=1e-5, abs=1e-5), charge.name


def test_a_claim_beside_a_store_of_cold_needs_no_clean_share() -> None:
    """A clean share of nothing holds nobody back: with it and without, the claim counts what the cold saves."""
    features = frozenset({"grid", "cooling_storage"})
    site = replace(with_procurement(make_resources(4, features, block_steps=48), 4), clean_share=None)
    assert site.cooling_storage is not None
    alone, beside = (solve(write_programme(one)) for one in (site, replace(site, clean_share=0.0)))
    assert alone.certificate is not None
    assert beside.certificate is not None
    assert alone.certificate.primal == pytest.approx(beside.certificate.primal, rel=1e-7)
    assert alone.total_prices[CLAIM] != 0.0


@pytest.mark.parametrize("name", ["peak_demand", "peak_capacity_contribution", "peak_seasonal"])
def test_the_price_of_a_month_is_what_a_megawatt_less_saves(name: str) -> None:
    """The price of the peak's rows in a month lies between what some of it free, and some less of it, changes."""
    features = frozenset({"grid", "deferrable"})
    site = with_procurement(make_resources(1, features, block_steps=96), 1, claims=False)
    assert site.procurement is not None
    programme = write_programme(site)
    base = solve(programme)
    month = site.procurement.period_of_step == 0
    worth = -float(base.row_prices[name][month].sum())
    step = 1e-2

    def cost_with(free_mw: float) -> float:
        freed = copy.copy(programme)
        row = programme.rows[name]
        freed.rows = {**programme.rows, name: replace(row, upper=np.where(month, row.upper + free_mw, row.upper))}
        return solve(freed).certificate.primal  # type: ignore[union-attr]

    cost = base.certificate.primal  # type: ignore[union-attr]
    saved, lost = (cost - cost_with(step)) / step, (cost_with(-step) - cost) / step
    assert worth > 1e-3
    assert saved - 1e-5 <= worth <= lost + 1e-5


def test_worths_of_the_months_add_up_to_the_charge() -> None:
    plan = buy({"demand_charge_myen_per_mw_month": 0.2, "demand_ratchet_share": 1.0})
    assert plan.bought is not None
    worths = dict.fromkeys(("interconnection", "demand", "capacity_contribution"), 0.0)
    for peak in plan.bought.peaks:
        worths[peak.charge] += peak.worth_myen_per_mw
        assert peak.peak_mw == pytest.approx(LOAD_MW, rel=1e-6)
    assert worths["demand"] == pytest.approx(12 * 0.2, rel=1e-5)
    assert worths["capacity_contribution"] == pytest.approx(5.834 * 0.93, rel=1e-5)
    assert worths["interconnection"] == pytest.approx(plan.costs["interconnection"] / LOAD_MW, rel=1e-5)


def test_contracts_by_hand() -> None:
    output, there, here = np.array([0.5, 1.0]), np.array([0.01, 0.0]), np.array([0.02, 0.03])
    # All that is generated is paid 15 yen and sold for what the market there gives.
    assert cost_per_mw(output, 0.015, there) == pytest.approx(0.5 * (0.015 - 0.01) + 1.0 * 0.015)
    assert cost_per_mw(output, 0.015, 0.0) == pytest.approx(1.5 * 0.015)
    # What arrives is not sold there, or is bought here; what is lost costs nothing.
    assert cost_delivered(there, there, 0.02, sold=True) == pytest.approx(there / 0.98)
    assert cost_delivered(there, here, 0.02, sold=True) == pytest.approx(here / 0.98)
    assert cost_delivered(there, here, 0.02, sold=False) == pytest.approx((here - there) / 0.98)
    assert cost_delivered(there, there, 0.02, sold=False) == pytest.approx(np.zeros(2))
    assert imbalance_cost(0.15, 0.00493) == pytest.approx(0.0007395)


def test_a_physical_contract_by_hand() -> None:
    """A steady plant at 5 yen with a market at 12: all of it is taken, and its loss is bought too."""
    contract = {"technology": "hydro", "availability": 0.5, "max_mw": 10.0, "price_myen_per_mwh": 0.005}
    plan = buy({"plant": {"steady": contract}})
    assert plan.bought is not None
    generated = 10.0 * 0.5 * HOURS_PER_YEAR
    (way,) = (way for way in plan.bought.ways if way.name == "steady")
    assert way.generated_mwh_per_year == pytest.approx(generated)
    assert way.delivered_mwh_per_year == pytest.approx(generated * 0.987, rel=1e-6)
    assert plan.costs["ppa"] == pytest.approx(generated * 0.005)
    assert plan.costs["balancing"] == pytest.approx(generated * 0.0005)
    # What arrives is not sold: the market pays nothing and is paid nothing.
    assert plan.costs.get("ppa_market", 0.0) == pytest.approx(0.0, abs=1e-5)
    assert plan.indicators["clean_share"] == pytest.approx(1 - 0.8 * (24.0 - 10 * 0.5 * 0.987) / 24.0, rel=1e-6)


def test_a_virtual_contract_is_money_and_a_claim_alone() -> None:
    swap = {"way": "virtual", "availability": 0.5, "min_mw": 10.0, "max_mw": 10.0, "price_myen_per_mwh": 0.015}
    plan, without = buy({"plant": {"swap": swap}, "certificates": {"claim_share": 0.5}}), buy({})
    assert plan.bought is not None
    generated = 10.0 * 0.5 * HOURS_PER_YEAR
    assert plan.costs["ppa"] + plan.costs["ppa_market"] == pytest.approx(generated * (0.015 - 0.012), rel=1e-6)
    assert plan.indicators["clean_share"] == pytest.approx(without.indicators["clean_share"])
    certificates = sum(plan.bought.certificates_mwh_per_year.values())
    assert certificates == pytest.approx(0.5 * LOAD_MW * HOURS_PER_YEAR - generated, rel=1e-5)


def test_self_wheeling_is_free_of_the_surcharge_and_pays_its_own_way() -> None:
    own = {"way": "self_wheeling", "availability": 0.5, "annual_cost_myen_per_mw": 10.0, "max_mw": 8.0}
    plan = buy({"plant": {"own": own}})
    generated = 8.0 * 0.5 * HOURS_PER_YEAR
    delivered = generated * 0.987
    surcharge = (LOAD_MW * HOURS_PER_YEAR - delivered) * 0.00418 / 1.1
    assert component(plan, "surcharge") == pytest.approx(surcharge, rel=1e-6)
    assert plan.energy_charges_myen_per_year["surcharge"] == pytest.approx(surcharge, rel=1e-6)
    assert plan.costs["generation_charge"] == pytest.approx((8 * 12 * 0.10012 + generated * 0.00032) / 1.1, rel=1e-6)
    assert plan.costs["imbalance"] == pytest.approx(generated * 0.15 * 0.00493, rel=1e-6)
    assert plan.costs["procured_own"] == pytest.approx(80.0, rel=1e-6)


def test_certificates_do_not_touch_the_hourly_share() -> None:
    plan, without = buy({"certificates": {"claim_share": 1.0}}), buy({})
    assert plan.bought is not None
    assert plan.bought.claimed_share == pytest.approx(1.0)
    assert plan.bought.hourly_matched_share == pytest.approx(without.indicators["clean_share"]) == pytest.approx(0.2)
    assert plan.costs["certificates"] == pytest.approx(LOAD_MW * HOURS_PER_YEAR * 0.0004, rel=1e-6)


def test_a_reduction_of_the_surcharge_is_of_the_surcharge_alone() -> None:
    plan, whole = buy({"surcharge_reduction_share": 0.4}), buy({})
    assert component(plan, "surcharge") == pytest.approx(0.6 * component(whole, "surcharge"), rel=1e-6)
    assert component(plan, "network_energy") == pytest.approx(component(whole, "network_energy"), rel=1e-6)


def test_another_way_never_costs_more_and_a_charge_never_less() -> None:
    base = buy({})
    more = buy({"menu": {"cheap": {"basic_myen_per_mw_month": 0.5, "energy_myen_per_mwh": 0.013}}})
    dearer = buy({"demand_charge_myen_per_mw_month": [0.0] * 6 + [0.5] * 6})
    january = buy({"demand_charge_myen_per_mw_month": [0.5] + [0.0] * 11})
    assert more.cost_myen_per_year < base.cost_myen_per_year
    # Four days of January know no charge of the other months, and stand for twelve of their own.
    assert dearer.cost_myen_per_year == pytest.approx(base.cost_myen_per_year, rel=1e-9)
    assert january.cost_myen_per_year - base.cost_myen_per_year == pytest.approx(12 * 0.5 * LOAD_MW, rel=1e-6)


def test_months_of_a_horizon_stand_for_a_year() -> None:
    """January and February: each for six months of its own charge; both count for capacity, and for all of it."""
    charges = [0.5, 0.3] + [9.0] * 10
    scenario = campus({"demand_charge_myen_per_mw_month": charges}, time={"first_hour": 0, "hours": 1416})
    procurement = prepare(parse_scenario(scenario)).resources_for("given").procurement
    assert procurement is not None
    assert procurement.period_months == (1, 2)
    assert procurement.demand_myen_per_mw == pytest.approx([3.0, 1.8])
    assert procurement.capacity_myen_per_mw == pytest.approx([5.834 * 0.93 / 2] * 2)


def test_a_settled_contract_power_is_paid_whether_used_or_not() -> None:
    plan, free = buy({"contract_power_mw": 30.0}), buy({})
    assert plan.capacities["interconnection_mw"] == pytest.approx(30.0)
    assert component(plan, "network_basic") == pytest.approx(component(free, "network_basic") * 30.0 / 24.0, rel=1e-6)
    assert component(plan, "capacity_contribution") == pytest.approx(component(free, "capacity_contribution"), rel=1e-6)


def test_a_policy_moves_own_plants_and_the_surcharge_that_is_left() -> None:
    own = {"way": "self_wheeling", "availability": 0.5, "capex_myen_per_mw": 100.0, "life_years": 20, "max_mw": 8.0}
    preparation = prepare(parse_scenario(campus({"plant": {"own": own | {"fixed_om_myen_per_mw_year": 1.0}}})))
    resources = preparation.resources_for("given")
    terms: PolicyTerms = replace(UNTAXED, surcharge_relief_share=0.5)
    after = under_policy(resources, terms, preparation.at_rate(0.1).capital)
    (before_plant,), (plant,) = resources.clean_plants_elsewhere, after.clean_plants_elsewhere
    assert plant.exempt_myen_per_mwh == pytest.approx(0.5 * before_plant.exempt_myen_per_mwh)
    assert plant.annual_cost_myen_per_mw == pytest.approx(
        sum(asset.annual_cost_myen for asset in after.assets[plant.capacity])
    )
    assert plant.annual_cost_myen_per_mw != pytest.approx(before_plant.annual_cost_myen_per_mw)


def test_every_payment_reaches_the_ledger_once() -> None:
    plan = buy(
        {
            "menu": {"list": {"max_mw": 5.0}},
            "market": {"max_mw": 15.0},
            "plant": {
                "sun": {"availability": 0.3, "min_mw": 8.0, "max_mw": 8.0, "price_myen_per_mwh": 0.012},
                "own": {"way": "self_wheeling", "availability": 0.4, "annual_cost_myen_per_mw": 5.0, "max_mw": 5.0},
            },
            "demand_charge_myen_per_mw_month": 0.2,
            "certificates": {"claim_share": 0.9},
        }
    )
    project = project_from_plan(plan)
    fixed = sum(asset.fixed_om_myen_per_year + asset.network_charge_myen_per_year for asset in project.assets)
    capital = sum(investment.annual_capital_myen for investment in plan.investments)
    assert sum(project.operating_costs_myen_per_year.values()) + fixed + capital == pytest.approx(
        plan.cost_myen_per_year, rel=1e-9
    )
    assert set(PROCUREMENT_ACCOUNTS) <= set(OPERATING_ACCOUNTS)
    bought = set(project.operating_costs_myen_per_year) & set(PROCUREMENT_ACCOUNTS)
    assert bought == set(PROCUREMENT_ACCOUNTS) & {item for item, cost in plan.costs.items() if cost}
    terms = read_campus_terms(load_catalogue(), discount_rate_real=0.05)
    ledger = finance_campus("bench", plan, project, 0.05, terms).ledger
    for year in ledger.years:
        assert sum(balance[year] for balance in ledger.balances.values()) == pytest.approx(0.0, abs=1e-9)
    first = min(entry.year for entry in ledger.entries if entry.account == "retail_basic")
    for account in bought:
        paid = sum(entry.amount_myen for entry in ledger.entries if (entry.account, entry.year) == (account, first))
        assert paid == pytest.approx(abs(plan.costs[account]), rel=1e-5, abs=1e-5), account
    payees = {entry.account: entry.payee for entry in ledger.entries}
    assert payees["renewable_surcharge"] == payees["generation_charge"] == payees["imbalance"] == "ratepayers"
    assert payees["market_energy"] == payees["certificates"] == payees["capacity_contribution"] == "suppliers_home"


def test_the_result_survives_its_record_and_stands_in_both_languages() -> None:
    plan = buy({"menu": {"list": {}}, "certificates": {"claim_share": 0.5}})
    summary = json.loads(json.dumps(summarise(plan)))
    assert restore(summary, plan.scenario, plan.time, plan.hourly).bought == plan.bought
    assert misfits(summary, PlanRecord) == []
    document = json.loads(json.dumps(plan_document(plan, Circumstances("p", 0.0, 0.5, "instant"))))
    assert misfits(document, PlanDocument) == []
    assert "details" in fill_page(document, plan.hourly) and "請求の内訳" in fill_page(document, plan.hourly)
    assert [table.name for table in make_tables(plan)][-3:] == ["bought", "bill", "peaks"]
    english, japanese = bought_details(plan, "en"), bought_details(plan, "ja")
    assert [len(one["tables"][0]["rows"]) for one in english] == [len(one["tables"][0]["rows"]) for one in japanese]
    assert english[0]["title"] != japanese[0]["title"]


def test_without_procurement_nothing_is_said_of_it() -> None:
    scenario = campus({})
    del scenario["procurement"]
    scenario["grid"] |= {"energy_charge_myen_per_mwh": 0.005}
    resources = prepare(parse_scenario(scenario)).resources_for("given")
    assert resources.procurement is None
    assert procurement_costs(resources, solve(write_programme(resources))) == {}
    programme = write_programme(resources)
    assert not [name for name in (*programme.capacities, *programme.variables, *programme.rows) if "bought" in name]
