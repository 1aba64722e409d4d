"""What a forecast is: what is expected of the hours ahead, as it is known when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kiban.arrays import Array
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE

__all__ = ["ARRIVALS", "AVAILABILITY", "FIRM", "PRICE", "PUE", "Forecast"]


class Forecast(Protocol):
    """The mean of each uncertain series over the steps ahead.

    A forecast says for the step that it is asked for, and for all that follow, what is expected from what was known
    when that step began: measurements of the steps before it, and what was published by then. Nothing that becomes
    known later may change it. Series that it does not name are known in advance.
    """

    @property
    def name(self) -> str:
        """How reports call it: `perfect`, `persistence` and so on."""
        ...

    @property
    def measures_first_step(self) -> bool:
        """Whether its values for the step that begins are what is then measured, and not a forecast of it."""
        ...

    def issue(self, step: int, horizon_steps: int) -> Mapping[str, Array]:
        """Series by name, each of shape `(horizon_steps,)`, from `step` on: the mean in each step.

        Names are those of `Conditions.series`: `price_myen_per_mwh`, `pue`, `firm_mw`, `arrivals_mw` and
        `availability_` with the name of a supply option. Steps are counted from the first one that is operated.
        """
        ...
