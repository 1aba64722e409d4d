"""The design of a plan, capacity by capacity: its limit, what it delivers over the year and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.plan import Plan
from kiban.scenario.plant import STORAGE
from kiban.scenario.procurement import BOUGHT, PROCURED

MEASURE = "measure_"
"""How capacities and items of cost of measures begin."""
COMPUTE = "it_"
"""How items of cost of the data centre begin."""
ENERGY_COLUMNS = {
    "it": "it_load_mw",
    "interconnection": "import_mw",
    "backup": "backup_mw",
    "battery_power": "discharge_mw",
}


@dataclass(frozen=True, slots=True)
class DesignRow:
    """A capacity with what it does over the year.

    `energy_mwh` is what it could deliver (free supply, before curtailment), drew or served, `factor` that
    energy over the capacity's; `limit` is None where there is none, `cost_myen` is fixed and yearly.
    """

    name: str
    subject: str
    value: float
    unit: str
    limit: float | None
    limit_key: str
    energy_mwh: float | None
    factor: float | None
    cost_myen: float | None


def design_rows(plan: Plan) -> tuple[DesignRow, ...]:
    """All capacities in the order of the plan."""
    limits = {worth.name.removesuffix("_limit"): worth for worth in plan.worths if worth.name.endswith("_limit")}
    rows = []
    for name, value in plan.capacities.items():
        subject, unit = capacity_parts(name)
        limit, energy = limits.get(subject), _yearly_energy(subject, plan)
        factor = energy / (value * HOURS_PER_YEAR) if energy is not None and unit == "mw" and value > 0 else None
        rows.append(
            DesignRow(
                name=name,
                subject=subject,
                value=value,
                unit=unit,
                limit=limit.limit if limit is not None else None,
                limit_key=limit.key if limit is not None else "",
                energy_mwh=energy,
                factor=factor,
                cost_myen=_fixed_cost(subject, plan),
            )
        )
    return tuple(rows)


def _yearly_energy(subject: str, plan: Plan) -> float | None:
    if subject.startswith(PROCURED):
        subject = f"{BOUGHT}{subject.removeprefix(PROCURED)}"
    if subject.startswith(STORAGE):
        flow = "charge" if subject.endswith("_charge_power") else "discharge"
        subject = f"{subject.removesuffix('_power').removesuffix('_charge')}_{flow}"
    for column in (ENERGY_COLUMNS.get(subject, ""), f"{subject}_available_mw", f"{subject}_mw"):
        if column in plan.hourly:
            return float(plan.hourly[column].mean()) * HOURS_PER_YEAR
    return None


def _fixed_cost(subject: str, plan: Plan) -> float | None:
    if subject == "it":
        return sum(cost for item, cost in plan.costs.items() if item.startswith(COMPUTE))
    return plan.costs.get(subject)


def capacity_parts(name: str) -> tuple[str, str]:
    """Subject and unit of a capacity's name: `pv_mw` is `pv` in `mw`; a measure has no unit."""
    if name.startswith(MEASURE):
        return name, ""
    subject, _, unit = name.rpartition("_")
    return subject, unit
