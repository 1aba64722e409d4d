"""What of a facility differs from hour to hour, by name: read as series, and put in place again for other hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.facility import Facility, Store

OF_FACILITY: Final = (
    "import_limit_mw",
    "export_limit_mw",
    "saved_mw",
    "fuel_cost_myen_per_mwh",
)
OF_STORE: Final = ("charge_limit_mw", "discharge_limit_mw", "charge_efficiency", "discharge_efficiency")
RESERVE: Final = "reserve_mwh"
COST: Final = "cost_myen_per_mwh"
CHILLING: Final = "power_mw_per_mw"


def facility_series(facility: Facility) -> dict[str, Array]:
    """The series of a facility: `import_limit_mw`, `geothermal.cost_myen_per_mwh`, `storage_flow.charge_limit_mw`."""
    found: dict[str, Array] = {name: getattr(facility, name) for name in OF_FACILITY}
    if facility.reserve_mwh is not None:
        found[RESERVE] = facility.reserve_mwh
    found |= {f"{one.name}.{COST}": one.cost_myen_per_mwh for one in facility.generators}
    for store in facility.stores:
        found |= {f"{store.name}.{name}": getattr(store, name) for name in _varying(store)}
        if store.chillers is not None:
            found[f"{store.name}.{CHILLING}"] = store.chillers.power_mw_per_mw
    return found


def lay_series(facility: Facility, series: Callable[[str], Array]) -> Facility:
    """The facility with its series, by the names of `facility_series`, in other steps."""

    def lay(store: Store) -> Store:
        changes: dict[str, Any] = {name: series(f"{store.name}.{name}") for name in _varying(store)}
        if store.chillers is not None:
            changes["chillers"] = replace(store.chillers, power_mw_per_mw=series(f"{store.name}.{CHILLING}"))
        return replace(store, **changes) if changes else store

    names = OF_FACILITY if facility.reserve_mwh is None else (*OF_FACILITY, RESERVE)
    found: dict[str, Any] = {name: series(name) for name in names}
    return replace(
        facility,
        **found,
        generators=tuple(replace(one, cost_myen_per_mwh=series(f"{one.name}.{COST}")) for one in facility.generators),
        stores=tuple(lay(store) for store in facility.stores),
    )


def _varying(store: Store) -> tuple[str, ...]:
    return tuple(name for name in OF_STORE if isinstance(getattr(store, name), np.ndarray))
