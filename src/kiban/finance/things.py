"""From a sum of money to things and back: chips, MW, TWh, land, water, tax forgone, jobs, imports.

A campus of one MW of IT in Japan costs, by the catalogue,

    cost of a MW = building + electrical + fit-out + cooling + chips a MW x price x hardware factor x exchange rate
    chips a MW   = 1 MW / (power of a chip x IT power over chip power)

so a sum buys `sum / cost of a MW`. Power plants are no part of it; land is inside the building. Chips are bought once,
whatever the years. From the MW follow

    TWh a year   = MW x load factor x PUE x 8,760 h        water = MW x load factor x 8,760 h x litres a kWh
    tax forgone  = sum over assets of spending x (credit x its worth + grant + tax rate x what is written off sooner -
                   tax rate x what credit and grant take off the basis + property tax let off), at the social rate

as far as all of it can be used. A contract to use compute is another thing: its yearly payment over the market price of
a GPU-hour is a number of chips that run all year, and owning them costs

    yen a GPU-hour = (annuity of chips + annuity of the hall + operation) / 8,760 h + power of a chip x PUE x price

at the return that a GPU cloud asks. Ranges: each row of the catalogue is moved to the ends of its own range alone; the
changes are joined as the root of their squares, as for errors that are independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.errors import InputError, Problem
from kiban.finance.amounts import Amount, parse_amount
from kiban.finance.economy import assess_impact, construction_demand, read_economy_terms
from kiban.physics.compute import gpu_hours_per_mwh
from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.depreciation import present_value as written_off
from kiban.policy.package_terms import resolve
from kiban.policy.property_tax import present_value as property_tax_value
from kiban.policy.terms import AssetTerms, PolicyTerms
from kiban.quantities import YEN_PER_MYEN
from kiban.scenario.package import Package

MWH_PER_TWH = 1e6
M2_PER_KM2 = 1e6
MW_PER_GW = 1e3
COOLING = "direct_liquid"
"""How halls of such density are cooled."""
PARTS = ("building", "electrical", "fitout", "cooling", "chips")
COUNTED = {"tax_credit", "special_depreciation", "capital_grant", "property_tax_relief"}
"""Instruments whose cost follows from what is spent."""


@dataclass(frozen=True, slots=True)
class Range:
    """A value with what the ranges of its rows make of it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Things:
    """What a sum buys, or what a power costs; see the head of the module."""

    amount: Amount
    chip: str
    package: str
    figures: Mapping[str, Range]
    """`it_mw`, `chips`, `sum_myen`, `energy_twh_per_year`, `land_km2`, `water_m3_per_year`, `tax_forgone_myen`,
    `construction_job_years`, `staff`, `imports_myen`; `sum_myen_per_year` where years are known."""
    spending_myen: Mapping[str, float]
    """By class of asset."""
    usd_per_gw: Range
    published_usd_per_gw: Mapping[str, float]
    """The same by others, by name."""
    years: float | None
    yen_per_usd: float


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract to use compute beside owning as much; money is million yen, prices yen a GPU-hour."""

    amount: Amount
    chip: str
    figures: Mapping[str, Range]
    """`rent_yen_per_gpu_hour`, `own_yen_per_gpu_hour`, `rented_chips`, `rented_it_mw`, `owned_it_mw` (what the same
    money owns), `own_saves_myen` over the years."""
    years: float
    yen_per_usd: float


SIGNED = frozenset({"own_saves_myen", "tax_forgone_myen"})
"""What may well be negative."""
Values = Callable[[str], float]
Figures = dict[str, float]


def what_is(
    text: str,
    catalogue: Catalogue,
    *,
    package: Package,
    chip: str = "b200",
    start_year: int,
) -> Things | Contract:
    """What an amount is; `InputError` where it, the chip or the package is not understood.

    `start_year` is the first year of spending, from which a year by which is counted.
    """
    known = sorted(
        name.split(".")[1] for name in catalogue.facts if name.startswith("chip.") and name.endswith(".price")
    )
    if chip not in known:
        raise InputError(Problem("what_is.chip", chip=chip, chips=tuple(known)))
    rate = catalogue.value("money.yen_per_usd")
    amount = parse_amount(text)
    if amount.rented:
        return _contract(amount, catalogue, chip)
    if any(instrument.kind not in COUNTED for instrument in package.instrument):
        raise InputError(Problem("what_is.package", package=package.name))
    terms = resolve([package], start_year=start_year)
    years = amount.years
    if years is None and amount.until_year is not None:
        years = max(amount.until_year - start_year + 1.0, 1.0)

    jobs = _jobs_per_myen(catalogue)

    def figures(value: Values) -> Figures:
        return _figures(amount, value, jobs, chip, terms, years)

    ranges = _ranges(figures, catalogue, _rows(chip))
    if amount.kind == "money":
        # What was asked about has no range, whatever the rate of exchange.
        given = {name: one for name, one in ranges.items() if name.startswith("sum_")}
        ranges |= {name: Range(one.value, one.value, one.value) for name, one in given.items()}
    return Things(
        amount=amount,
        chip=chip,
        package=package.name,
        figures=ranges,
        spending_myen=_spending(amount, catalogue.value, chip),
        usd_per_gw=_ranges(lambda value: {"cost": _usd_per_gw(value, chip)}, catalogue, _rows(chip))["cost"],
        published_usd_per_gw={
            key.rsplit(".", 1)[1]: one for key, one in catalogue.values("campus.capex_per_gw.").items()
        },
        years=years,
        yen_per_usd=rate,
    )


# ---- a campus by the MW


def cost_of_mw_myen(value: Values, chip: str) -> dict[str, float]:
    """Cost of a MW of IT by class of asset."""
    chips = chips_of_mw(value, chip) * value(f"chip.{chip}.price") * value(f"chip.{chip}.server_cost_factor")
    return {
        "building": value("datacentre.building.capex"),
        "electrical": value("datacentre.electrical.capex"),
        "fitout": value("datacentre.fitout.capex"),
        "cooling": value(f"cooling.{COOLING}.capex"),
        "chips": chips * value("money.yen_per_usd") / YEN_PER_MYEN,
    }


def chips_of_mw(value: Values, chip: str) -> float:
    """Chips that a MW of IT feeds."""
    return gpu_hours_per_mwh(value(f"chip.{chip}.power"), value(f"chip.{chip}.server_power_factor"))


def _usd_per_gw(value: Values, chip: str) -> float:
    return sum(cost_of_mw_myen(value, chip).values()) * MW_PER_GW * YEN_PER_MYEN / value("money.yen_per_usd")


def _spending(amount: Amount, value: Values, chip: str) -> dict[str, float]:
    each = cost_of_mw_myen(value, chip)
    megawatts = _megawatts(amount, value, chip)
    return {asset: megawatts * cost for asset, cost in each.items()}


def _megawatts(amount: Amount, value: Values, chip: str) -> float:
    if amount.kind == "power":
        return amount.value
    return amount.myen(value("money.yen_per_usd")) / sum(cost_of_mw_myen(value, chip).values())


def _figures(
    amount: Amount, value: Values, jobs: Mapping[str, float], chip: str, terms: PolicyTerms, years: float | None
) -> Figures:
    spending = _spending(amount, value, chip)
    megawatts, total = _megawatts(amount, value, chip), sum(spending.values())
    energy = megawatts * value("datacentre.load_factor") * HOURS_PER_YEAR
    abroad = sum(value(f"finance.import_share.{asset}") * spent for asset, spent in spending.items())
    found = {
        "it_mw": megawatts,
        "chips": megawatts * chips_of_mw(value, chip),
        "sum_myen": total,
        "energy_twh_per_year": energy * value("pue.direct_liquid.tokyo") / MWH_PER_TWH,
        "land_km2": megawatts * value("datacentre.land_need") / M2_PER_KM2,
        "water_m3_per_year": energy * value("wue.direct_liquid_dry"),
        "tax_forgone_myen": sum(
            spent * forgone_share(terms.assets[asset], terms.tax.rate, _nominal(value), life_of(value, asset))
            for asset, spent in spending.items()
        ),
        "construction_job_years": sum(jobs[asset] * spent for asset, spent in spending.items()),
        "staff": megawatts * value("datacentre.staff.large"),
        "imports_myen": abroad,
    }
    if years is not None:
        found["sum_myen_per_year"] = total / years
    return found


def _jobs_per_myen(catalogue: Catalogue) -> dict[str, float]:
    """Job-years at home, direct and indirect, that a million yen of each asset sets in motion."""
    economy = read_economy_terms(catalogue)
    impacts = {asset: assess_impact(construction_demand({asset: 1.0}, economy), economy) for asset in PARTS}
    return {asset: impact.national.headline.jobs for asset, impact in impacts.items()}


def _nominal(value: Values) -> float:
    return (1.0 + value("finance.discount_rate.social")) * (1.0 + value("finance.inflation")) - 1.0


def life_of(value: Values, asset: str) -> float:
    """Years of use of a class of asset."""
    names = {"building": "datacentre.building.life", "chips": "chip.life"}
    return value(names.get(asset, "datacentre.equipment.life"))


def forgone_share(terms: AssetTerms, tax_rate: float, nominal_rate: float, life_years: float) -> float:
    """What a package costs the treasuries for each yen that is spent on an asset, present value at a nominal rate.

    All credits are taken to be used at once. A grant that is taxed brings its tax back; one that cuts the basis, and a
    credit that does, bring back what is not written off.
    """
    years = math.ceil(life_years)
    supported, ordinary = (
        written_off(one, nominal_rate, years=years) if one.method != "none" else 0.0
        for one in (terms.depreciation, terms.ordinary_depreciation)
    )
    cost = tax_rate * (supported - ordinary)
    for credit in terms.credits:
        cost += credit.rate * (credit.worth - tax_rate * credit.basis_reduction_share * supported)
    for grant in terms.grants:
        back = {"reduces_basis": tax_rate * supported, "taxed": tax_rate, "exempt": 0.0}[grant.treatment]
        cost += grant.rate * (1.0 - back)
    if terms.property_tax is not None and terms.ordinary_property_tax is not None:
        full, eased = (
            property_tax_value(one, nominal_rate, life_years)
            for one in (terms.ordinary_property_tax, terms.property_tax)
        )
        # Property tax is a cost before tax on income: what is let off is taxed.
        cost += (full - eased) * (1.0 - tax_rate)
    return cost


# ---- a contract to use compute


def _contract(amount: Amount, catalogue: Catalogue, chip: str) -> Contract:
    if amount.kind != "money":
        raise InputError(Problem("what_is.rented_power", text=amount.text))
    if amount.years is None:
        raise InputError(Problem("what_is.no_years", text=amount.text))
    years = amount.years
    rent = f"gpu_hour.{chip}.2025" if f"gpu_hour.{chip}.2025" in catalogue else "gpu_hour.b200.2025"

    def figures(value: Values) -> Figures:
        rate = value("money.yen_per_usd")
        total = amount.myen(rate)
        yearly_yen = total * YEN_PER_MYEN / years
        rented, owned = value(rent) * rate, own_yen_per_gpu_hour(value, chip)
        chips = yearly_yen / (rented * HOURS_PER_YEAR)
        return {
            "rent_yen_per_gpu_hour": rented,
            "own_yen_per_gpu_hour": owned,
            "rented_chips": chips,
            "rented_it_mw": chips / chips_of_mw(value, chip),
            "owned_it_mw": yearly_yen / (owned * HOURS_PER_YEAR) / chips_of_mw(value, chip),
            "own_saves_myen": total * (1.0 - owned / rented),
        }

    rows = (*_rows(chip), rent, "finance.wacc.gpu_cloud", "grid.all_in_price", "datacentre.fixed_om")
    return Contract(amount, chip, _ranges(figures, catalogue, rows), years, catalogue.value("money.yen_per_usd"))


def own_yen_per_gpu_hour(value: Values, chip: str) -> float:
    """Cost of a GPU-hour to who owns chips and hall and runs them all year, at the return that a GPU cloud asks."""
    real = (1.0 + value("finance.wacc.gpu_cloud")) / (1.0 + value("finance.inflation")) - 1.0
    costs, chips = cost_of_mw_myen(value, chip), chips_of_mw(value, chip)
    yearly = sum(cost * capital_recovery_factor(real, life_of(value, asset)) for asset, cost in costs.items())
    yearly += value("datacentre.fixed_om")
    yearly += HOURS_PER_YEAR * value("pue.direct_liquid.tokyo") * value("grid.all_in_price")
    return yearly * YEN_PER_MYEN / (chips * HOURS_PER_YEAR)


# ---- ranges


def _rows(chip: str) -> tuple[str, ...]:
    return (
        *(f"chip.{chip}.{name}" for name in ("power", "price", "server_power_factor", "server_cost_factor")),
        *(f"datacentre.{part}.capex" for part in ("building", "electrical", "fitout")),
        f"cooling.{COOLING}.capex",
        *("datacentre.load_factor", "datacentre.land_need", "datacentre.staff.large", "chip.life"),
        *("pue.direct_liquid.tokyo", "wue.direct_liquid_dry", "money.yen_per_usd", "finance.discount_rate.social"),
        *(f"finance.import_share.{asset}" for asset in PARTS),
    )


def _ranges(figures: Callable[[Values], Figures], catalogue: Catalogue, rows: Iterable[str]) -> dict[str, Range]:
    """Values and the root of the squares of what each row's ends change, up and down apart.

    What cannot be negative is not negative together either.
    """

    def with_row(name: str, other: float) -> Values:
        return lambda key: other if key == name else catalogue.value(key)

    middle = figures(with_row("", 0.0))
    down, up = dict.fromkeys(middle, 0.0), dict.fromkeys(middle, 0.0)
    least = dict(middle)
    for row in rows:
        fact = catalogue.fact(row)
        ends = [figures(with_row(row, end)) for end in (fact.low, fact.high) if end is not None]
        for name, value in middle.items():
            changes = [end[name] - value for end in ends]
            down[name] += min((0.0, *changes)) ** 2
            up[name] += max((0.0, *changes)) ** 2
            least[name] = min((least[name], *(end[name] for end in ends)))
    return {
        name: Range(value, low if name in SIGNED or least[name] < 0 else max(low, 0.0), value + math.sqrt(up[name]))
        for name, value in middle.items()
        for low in (value - math.sqrt(down[name]),)
    }
