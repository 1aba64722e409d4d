"""Windfall, induced and distortion: what support pays for, by comparing three plans.

`without` is the plan without the policy, `with_policy` the plan with it, and `forced` the least-cost plan at prices
without the policy that must serve the compute which the policy's plan serves. For each asset with support s a unit
and capacities x0, x1, xf:

    windfall   = s min(x0, x1)                    what would have been built anyway
    induced    = s max(min(xf, x1) - x0, 0)       what the further compute needs
    distortion = s max(x1 - max(xf, x0), 0)       what moved between technologies without serving more

The three add up to s x1 whatever the capacities are (section 6 of the design).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kiban.planning.plan import Investment, Plan
from kiban.policy.annuity import capital_recovery_factor
from kiban.policy.capital import CapitalTerms

SAME_QUANTITY = 1e-4
"""Relative difference of two capacities that a solver's tolerance explains."""


@dataclass(frozen=True, slots=True)
class AssetSupport:
    """Support of one asset, present value in million yen: per unit of capacity, and how it splits."""

    capacity: str
    asset: str
    unit: str
    quantity_without: float
    quantity_with: float
    quantity_forced: float
    support_per_unit_myen: float
    windfall_myen: float
    induced_myen: float
    distortion_myen: float

    @property
    def total_myen(self) -> float:
        """Support on what is built."""
        return self.support_per_unit_myen * self.quantity_with


@dataclass(frozen=True, slots=True)
class Support:
    """Support of all assets: what its receivers gain, before any answer of behaviour."""

    assets: tuple[AssetSupport, ...]

    @property
    def total_myen(self) -> float:
        """All support, present value in million yen."""
        return sum(asset.total_myen for asset in self.assets)

    @property
    def windfall_myen(self) -> float:
        """Support on what would have been built anyway."""
        return sum(asset.windfall_myen for asset in self.assets)

    @property
    def induced_myen(self) -> float:
        """Support on what the further compute needs."""
        return sum(asset.induced_myen for asset in self.assets)

    @property
    def distortion_myen(self) -> float:
        """Support on what only moved between technologies."""
        return sum(asset.distortion_myen for asset in self.assets)

    def times(self, factor: float) -> Support:
        """The same support at another value of money."""
        parts = ("support_per_unit_myen", "windfall_myen", "induced_myen", "distortion_myen")
        changed = (replace(one, **{part: factor * getattr(one, part) for part in parts}) for one in self.assets)
        return Support(tuple(changed))

    @property
    def windfall_share(self) -> float:
        """Windfall as a share of all support; 0 without support."""
        return self.windfall_myen / self.total_myen if self.total_myen else 0.0


def split(support_per_unit: float, without: float, with_policy: float, forced: float) -> tuple[float, float, float]:
    """Windfall, induced and distortion of one asset; they add up to `support_per_unit * with_policy`."""
    return (
        support_per_unit * min(without, with_policy),
        support_per_unit * max(min(forced, with_policy) - without, 0.0),
        support_per_unit * max(with_policy - max(forced, without), 0.0),
    )


def measure_support(
    without: Plan,
    with_policy: Plan,
    forced: Plan,
    *,
    capital: CapitalTerms,
    tax_rate: float,
    marginal_rate: float | None = None,
    built_without: bool = True,
) -> Support:
    """The support in a plan, by asset, and its split.

    Support of a unit is the present value after tax of the yearly cost that the policy takes off it over the
    horizon: the fall of its user cost (credits, grants, faster depreciation, relief from tax on property and purchases,
    cheaper capital), and for supply the production credit and for the grid the relief of its charges. The rates of
    `capital`, `tax_rate` and `marginal_rate` are those without the policy; the last is what tax on income and on value
    added take together (None: `tax_rate`, where there is no tax on value added). A policy that makes a unit dearer
    gives no support. Where no owner takes part without the policy (`built_without`), nothing of its plan is built, and
    nothing is windfall.
    """
    after_tax_rate = capital.discount_rate * (1.0 - tax_rate)
    kept = 1.0 - (tax_rate if marginal_rate is None else marginal_rate)
    worth = kept / capital_recovery_factor(after_tax_rate, capital.horizon_years)
    before, after, needed = _by_asset(without), _by_asset(with_policy), _by_asset(forced)
    found = []
    for key in dict.fromkeys([*after, *before, *needed]):
        capacity, asset = key
        quantities = _settle(*(plan[key].quantity if key in plan else 0.0 for plan in (before, after, needed)))
        fall = _factor(without, key) - _factor(with_policy, key)
        per_unit = 0.0
        if key in after:
            price = after[key].capex_myen / after[key].quantity
            per_unit = max(fall, 0.0) * price + _production_support(with_policy, capacity, quantities[1])
        found.append(_asset_support(capacity, asset, after.get(key), quantities, per_unit * worth))
    charges = _charge_relief(without, with_policy, forced)
    if charges is not None:
        drawn, relief = charges
        found.append(_asset_support("grid_energy", "grid_energy", None, drawn, relief * worth))
    return Support(tuple(found if built_without else map(_as_if_unbuilt, found)))


def _as_if_unbuilt(item: AssetSupport) -> AssetSupport:
    """The same support where nothing is built without the policy."""
    parts = split(item.support_per_unit_myen, 0.0, item.quantity_with, item.quantity_forced)
    windfall, induced, distortion = parts
    return replace(item, quantity_without=0.0, windfall_myen=windfall, induced_myen=induced, distortion_myen=distortion)


def _settle(without: float, with_policy: float, forced: float) -> tuple[float, float, float]:
    """Quantities without the solver's rounding: what differs by less than that from the policy's plan is the same."""
    close = SAME_QUANTITY * max(without, with_policy, forced)
    without = with_policy if abs(without - with_policy) <= close else without
    forced = with_policy if abs(forced - with_policy) <= close else forced
    return without, with_policy, forced


def _asset_support(
    capacity: str, asset: str, built: Investment | None, quantities: tuple[float, ...], per_unit: float
) -> AssetSupport:
    without, with_policy, forced = quantities
    windfall, induced, distortion = split(per_unit, without, with_policy, forced)
    unit = built.unit if built is not None else "mwh" if capacity == "grid_energy" else "mw"
    return AssetSupport(capacity, asset, unit, without, with_policy, forced, per_unit, windfall, induced, distortion)


def _by_asset(plan: Plan) -> dict[tuple[str, str], Investment]:
    return {(investment.capacity, investment.asset): investment for investment in plan.investments}


def _factor(plan: Plan, key: tuple[str, str]) -> float:
    """Yearly cost of each yen of an asset's price."""
    return plan.capital_factors.get(key[0], {}).get(key[1], 0.0)


def _production_support(plan: Plan, capacity: str, quantity: float) -> float:
    credit = plan.production_credits_myen_per_mwh.get(capacity, 0.0)
    output = plan.clean_output_mwh_per_year.get(capacity, 0.0)
    return credit * output / quantity if quantity > 0 else 0.0


def _charge_relief(without: Plan, with_policy: Plan, forced: Plan) -> tuple[tuple[float, ...], float] | None:
    """Energy drawn in the three plans, MWh a year, and the fall of the charges on a MWh."""
    drawn = _settle(*(plan.indicators["import_mwh_per_year"] for plan in (without, with_policy, forced)))
    if drawn[1] <= 0:
        return None
    reference = next((plan for plan in (without, forced) if plan.indicators["import_mwh_per_year"] > 0), None)
    if reference is None:
        return None
    before = sum(reference.energy_charges_myen_per_year.values()) / reference.indicators["import_mwh_per_year"]
    after = sum(with_policy.energy_charges_myen_per_year.values()) / drawn[1]
    return (drawn, max(before - after, 0.0)) if before - after > 1e-12 else None
