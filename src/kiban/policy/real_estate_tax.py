"""Japan's taxes on buying land and building on it: acquisition tax to the prefecture, registration tax to the state.

Both are rates on assessed values (`law/jp_real_estate.toml`), here per yen of a building's cost, a share of which pays
for land. Land is bought once; a building that is built anew is taxed anew.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from kiban.policy.law import Law
from kiban.policy.terms import PurchaseTaxTerms


def real_estate_taxes(law: Law, day: date, land_share: float) -> tuple[PurchaseTaxTerms, ...]:
    """Taxes on a building of which `land_share` of the cost pays for land, per yen of that cost."""
    building_assessed = law.number("jp_fixed_asset_tax_buildings", "first_year_share", day)
    acquisition = law.measure("jp_real_estate_acquisition_tax").terms(day)
    registration = law.measure("jp_registration_tax").terms(day)
    land = land_share * acquisition["land_assessed_share"] * acquisition["land_base_share"]
    registered = land_share * registration["land_assessed_share"]
    building = (1.0 - land_share) * building_assessed

    def tax(
        account: Literal["acquisition_tax", "registration_tax"], payee: str, rate: float, *, land: bool
    ) -> PurchaseTaxTerms:
        return PurchaseTaxTerms(account, rate, payee, deducted=True, first_only=land)

    return (
        tax("acquisition_tax", "prefecture", land * acquisition["land_rate"], land=True),
        tax("acquisition_tax", "prefecture", building * acquisition["building_rate"], land=False),
        tax("registration_tax", "national_treasury", registered * registration["land_rate"], land=True),
        tax("registration_tax", "national_treasury", building * registration["building_rate"], land=False),
    )
