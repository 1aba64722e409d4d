"""What the contract of a large load asks of its owner, in one year and over all of them, at constant prices.

With contracted power M, its ramp r_t, the demand charge d of a MW, the minimum share m and the power u that is used

    minimum charge in year t   d max(m r_t M - u, 0)     over ramp and term, beside the charge on what is used
    exit fee                   d m M min(years of exit fee, years of ramp and term that are left)
    collateral                 years of collateral x d m M + what is asked for each MW

The owner's cash flow takes the first where the load comes as planned, the second where the campus closes before the
term ends, and keeps the third from the start of operation until then: cash, at no interest, nominal. What is due where
the load never comes is no flow of a campus that is built; it stands in the ledger of the connection (`large_load`).
Money is million yen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.planning.plan import Plan
from kiban.scenario.connection import Contract

CONNECTION, CONNECTED = "interconnection", "interconnection_mw"
OWN = "own"
SAME_POWER = 1e-6
"""Share of the power by which a contract may be below the design and still be that of the design."""
ACCOUNTS = ("minimum_charge", "exit_fee")


@dataclass(frozen=True, slots=True)
class LoadTerms:
    """What a contract asks of a large load; see the keys of `[grid.contract]`."""

    name: str
    minimum_share: float = 0.0
    ramp_years: int = 0
    """Longest ramp that the terms allow; the minimum is of all the contracted power afterwards."""
    term_years: int = 0
    exit_fee_years: int = 0
    collateral_years: float = 0.0
    collateral_myen_per_mw: float = 0.0
    works_owed_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection under terms: what is contracted and used, and what the network charges for a MW and year."""

    terms: LoadTerms
    contracted_mw: float
    used_mw: float
    ramp: tuple[float, ...]
    """Share of the contracted power by year of service; afterwards 1."""
    demand_charge_myen_per_mw: float

    @property
    def bound_years(self) -> int:
        """Years of ramp and term."""
        return self.ramp_years + self.terms.term_years

    @property
    def ramp_years(self) -> int:
        """Years of the ramp that the terms allow."""
        return min(len(self.ramp), self.terms.ramp_years)

    @property
    def yearly_minimum_myen(self) -> float:
        """After the ramp."""
        return self.terms.minimum_share * self.contracted_mw * self.demand_charge_myen_per_mw

    @property
    def collateral_myen(self) -> float:
        """What is held."""
        yearly = self.terms.collateral_years * self.yearly_minimum_myen
        return yearly + self.terms.collateral_myen_per_mw * self.contracted_mw

    def minimum_mw(self, year: int) -> float:
        """Power that is charged at least in a year of service (from 0)."""
        if year >= self.bound_years:
            return 0.0
        ramped = self.ramp[year] if year < self.ramp_years else 1.0
        return self.terms.minimum_share * self.contracted_mw * ramped

    def exit_fee_myen(self, served_years: int) -> float:
        """What is due at the end of a year of service where the campus closes then."""
        left = max(self.bound_years - served_years, 0)
        return min(self.terms.exit_fee_years, left) * self.yearly_minimum_myen

    def charges(self, years: int) -> dict[str, Array]:
        """By account, what is due beside the charge on the power that is used, by year of service until the last."""
        more = [max(self.minimum_mw(year) - self.used_mw, 0.0) for year in range(years)]
        fee = np.zeros(years)
        fee[-1] = self.exit_fee_myen(years)
        found = {ACCOUNTS[0]: self.demand_charge_myen_per_mw * np.asarray(more), ACCOUNTS[1]: fee}
        return {account: amounts for account, amounts in found.items() if np.any(amounts > 0)}

    def held(self, start: int, years: int) -> Array:
        """Collateral at the end of each year of a cash flow, which begins at 0 and in which service does at `start`."""
        kept = np.zeros(years)
        kept[start : min(start + self.bound_years, years - 1)] = self.collateral_myen
        return kept


def own_terms(contract: Contract) -> LoadTerms:
    """Terms of a scenario."""
    return LoadTerms(
        name=OWN,
        minimum_share=contract.minimum_share,
        ramp_years=len(contract.ramp),
        term_years=contract.term_years,
        exit_fee_years=contract.exit_fee_years,
        collateral_years=contract.collateral_years,
        collateral_myen_per_mw=contract.collateral_myen_per_mw,
        works_owed_share=contract.works_owed_share,
    )


def contracted_power(plan: Plan) -> float:
    """Contracted power of a plan, MW; ScenarioError where it is less than the design connects."""
    contract, built = plan.scenario.grid.contract, plan.capacities.get(CONNECTED, 0.0)
    contracted = built if contract is None or contract.contracted_mw is None else contract.contracted_mw
    if contracted < built * (1.0 - SAME_POWER):
        raise ScenarioError(
            Problem("finance.contracted_less", key="grid.contract.contracted_mw", value=contracted, least=built)
        )
    return contracted


def demand_charge(plan: Plan) -> float:
    """Demand charge of the network, million yen a MW and year; 0 without a connection."""
    yearly = sum(one.network_charge_myen_per_year for one in plan.investments if one.capacity == CONNECTION)
    built = plan.capacities.get(CONNECTED, 0.0)
    return yearly / built if built > 0.0 else 0.0


def read_contract(plan: Plan) -> Connected | None:
    """The scenario's contract on the design's connection; None where it names none or nothing is connected."""
    contract, built = plan.scenario.grid.contract, plan.capacities.get(CONNECTED, 0.0)
    if contract is None or built <= 0.0:
        return None
    return Connected(own_terms(contract), contracted_power(plan), built, contract.ramp, demand_charge(plan))
