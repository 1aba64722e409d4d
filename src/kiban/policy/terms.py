"""What a package of policies means for each class of asset under one tax law: plain numbers, no text of law.

Rates are shares, money is million yen, lives and terms are years. A payer is a party of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kiban.messages import Message

ASSET_GROUPS: Mapping[str, tuple[str, ...]] = {
    "clean_power": (
        "pv", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro", "other_supply",
    ),
    "storage": ("battery", "other_storage"),
    "grid": ("interconnection",),
    "backup_power": ("backup",),
    "datacentre": ("building", "electrical", "fitout", "cooling"),
    "compute": ("chips",),
    "efficiency": ("measure",),
}  # fmt: skip
ASSETS: tuple[str, ...] = tuple(asset for group in ASSET_GROUPS.values() for asset in group)
Treatment = Literal["reduces_basis", "taxed", "exempt"]
Method = Literal["declining_balance_200", "straight_line", "table", "expensing", "none"]
ConditionKind = Literal[
    "investment", "return", "clean_share", "prefecture", "inside", "municipality", "fiscal_index", "country",
    "state", "grid_energy", "intensity", "wage_growth", "investment_ratio", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """Tax on income: the combined effective rate, who receives which share of it, and how losses are carried."""

    jurisdiction: str
    rate: float
    shares: Mapping[str, float]
    """Party to its share of the income tax; adds up to 1."""
    credit_base_share: float
    """Share of the income tax against which national credits and their limits count (corporate tax alone)."""
    loss_years: int | None
    """Years for which a loss is carried forward; None without end."""
    loss_cap_share: float
    """Largest share of a year's income that carried losses may absorb."""
    credit_worth: float = 1.0
    """Tax that falls away for each yen of credit used: the credit, and what is charged on the tax after credits."""
    size_levy: SizeLevyTerms | None = None
    """Tax on the size of a business, a cost before profit; None where there is none."""

    @property
    def marginal_rate(self) -> float:
        """What tax on income and on value added together take of a yen more of profit before interest."""
        levied = 0.0 if self.size_levy is None else self.size_levy.of_profit
        return levied + self.rate * (1.0 - levied)


@dataclass(frozen=True, slots=True)
class SizeLevyTerms:
    """Tax on value added (profit, interest and wages) and on paid-in capital: Japan's enterprise tax by size.

    It is deducted from profit, its own base included, so that a yen of value added before it pays `of_profit`.
    """

    value_added_rate: float
    capital_rate: float
    capital_bands: tuple[tuple[float, float], ...] = ()
    """Capital in million yen from which on, and the share of what lies above that counts; all of it below the first."""
    payee: str = "prefecture"

    @property
    def of_profit(self) -> float:
        """Share of value added before the levy."""
        return self.value_added_rate / (1.0 + self.value_added_rate)

    def taxed_capital(self, capital_myen: float) -> float:
        """What counts of a paid-in capital, million yen."""
        counted, below, share = 0.0, 0.0, 1.0
        for start, further in (*self.capital_bands, (float("inf"), 0.0)):
            counted += share * max(min(capital_myen, start) - below, 0.0)
            below, share = start, further
        return counted


@dataclass(frozen=True, slots=True)
class DepreciationTerms:
    """Statutory depreciation of one asset class; `first_year_share` is taken at once on top of the ordinary charge."""

    method: Method
    life_years: int
    table: tuple[float, ...] = ()
    """Shares of cost by year where the method is `table`."""
    first_year_share: float = 0.0


@dataclass(frozen=True, slots=True)
class CreditTerms:
    """A credit against income tax, per yen of cost."""

    rate: float
    basis_reduction_share: float = 0.0
    """Share of the credit by which the depreciable basis falls."""
    limit_share_of_tax: float | None = None
    carry_forward_years: int = 0
    refundable: bool = False
    cap_myen: float | None = None
    payer: str = "national_treasury"
    measure: str = ""
    worth: float = 1.0
    """What a yen of it is worth to who uses it; a credit that is paid out is worth itself."""


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """A capital grant, per yen of cost."""

    rate: float
    treatment: Treatment = "reduces_basis"
    cap_myen: float | None = None
    payer: str = "national_treasury"
    measure: str = ""


@dataclass(frozen=True, slots=True)
class PropertyTaxTerms:
    """Tax on the assessed value: cost times `first_year_factor`, falling by `decline_rate`, not below the floor."""

    rate: float
    decline_rate: float
    first_year_factor: float
    floor_share: float
    relief: tuple[float, ...] = ()
    """Taxable share of the value in the first, second, ... year; all of it afterwards."""
    state_refund_share: float = 0.0
    """Share of the relief that the state makes good to the municipality."""


@dataclass(frozen=True, slots=True)
class PurchaseTaxTerms:
    """A tax on buying, per yen of cost: on acquiring real estate, on its registration, or on the sale.

    One that is `deducted` is an expense of the year in which the asset enters service; any other is paid with the price
    and written off with it.
    """

    account: Literal["acquisition_tax", "registration_tax", "sales_tax"]
    rate: float
    payee: str
    deducted: bool = False
    first_only: bool = False
    """On the first purchase alone: land is there when a building is built anew."""

    def falls_on(self, *, first: bool) -> bool:
        """Whether it is due on the first purchase, or on a later one."""
        return first or not self.first_only


@dataclass(frozen=True, slots=True)
class ProductionCreditTerms:
    """A payment for each MWh of clean energy delivered, for some years."""

    rate_myen_per_mwh: float
    years: int
    payer: str = "national_treasury"
    measure: str = ""


@dataclass(frozen=True, slots=True)
class FinancingTerms:
    """Who owns and who stands behind the debt."""

    public: bool = False
    guarantee_coverage: float = 0.0
    guarantee_fee_rate: float = 0.0
    concessional_rate: float | None = None
    """Nominal rate of a public loan that replaces the commercial debt."""
    measure: str = ""

    @property
    def relieves_debt(self) -> bool:
        """Whether a private owner's debt becomes cheaper."""
        return not self.public and (self.guarantee_coverage > 0 or self.concessional_rate is not None)


@dataclass(frozen=True, slots=True)
class AssetTerms:
    """Everything that tax law and support say about one asset class."""

    depreciation: DepreciationTerms
    ordinary_depreciation: DepreciationTerms
    """Depreciation for spending outside the window of the support."""
    credits: tuple[CreditTerms, ...] = ()
    grants: tuple[GrantTerms, ...] = ()
    property_tax: PropertyTaxTerms | None = None
    ordinary_property_tax: PropertyTaxTerms | None = None
    production_credit: ProductionCreditTerms | None = None
    purchase_taxes: tuple[PurchaseTaxTerms, ...] = ()
    ordinary_purchase_taxes: tuple[PurchaseTaxTerms, ...] = ()
    first_year: int = 0
    """Support holds for spending in the calendar years `first_year` to `last_year`."""
    last_year: int = 9999

    def supports(self, year: int) -> bool:
        """Whether spending in that calendar year is supported."""
        return self.first_year <= year <= self.last_year


@dataclass(frozen=True, slots=True)
class Condition:
    """What a measure asks for before an instrument of a package may use it.

    `investment` is at least `limit` million yen spent on `assets`; `return` the mean of operating profit and
    depreciation in the first three years over that investment; `clean_share` the least share of clean energy;
    `prefecture` a place outside `names`, `inside` one in them; `municipality`, `state` and `country` a place in one of
    `names`; `fiscal_index` a municipality whose index is at most `limit`; `grid_energy` at least `limit` MWh drawn a
    year; `intensity` at least `limit` MWh for each million yen of sales. `wage_growth` is what wages of those who stay
    rise by in a year, at least `limit`, `investment_ratio` the owner's investment at home over his depreciation, more
    than `limit`. `unknown` is what no plan can show: `names` says what, and it is taken to be fulfilled.
    """

    package: str
    number: int
    """Number of the instrument in the package, from 1."""
    measure: str
    kind: ConditionKind
    limit: float = 0.0
    assets: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    limit_very_large: float | None = None
    """The limit for a very large firm, where it has one of its own."""


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """A package, resolved: what it means for every asset class, for prices of energy, and for finance."""

    name: str
    title_en: str
    title_ja: str
    tax: TaxTerms
    assets: Mapping[str, AssetTerms]
    financing: FinancingTerms = FinancingTerms()
    carbon_price_myen_per_t: float | None = None
    """Carbon price instead of the scenario's; None leaves it."""
    surcharge_relief_share: float = 0.0
    network_relief_share: float = 0.0
    notes: tuple[Message, ...] = ()
    assumed: tuple[str, ...] = ()
    """Ids of measures whose terms are not verified or not enacted."""
    conditions: tuple[Condition, ...] = ()
    """What the measures ask for, instrument by instrument."""
