"""What a battery loses: the constants that the state-of-charge equation needs.

soc_t = (1 - sigma) soc_{t-1} + eta_charge charge_t - discharge_t / eta_discharge
"""

from __future__ import annotations

from kiban.errors import RangeError


def one_way_efficiencies(round_trip_efficiency: float, charge_share: float = 0.5) -> tuple[float, float]:
    """Split a round-trip efficiency into (charge, discharge), whose product it is.

    `charge_share` says how much of the loss (of its logarithm) falls on charging; the default of one
    half gives each the square root, the usual choice where only the round trip is known.
    """
    if not 0.0 < round_trip_efficiency <= 1.0:
        raise RangeError(
            "round_trip_efficiency",
            round_trip_efficiency,
            f"round_trip_efficiency is {round_trip_efficiency}, but must lie in (0, 1]",
        )
    if not 0.0 <= charge_share <= 1.0:
        raise RangeError("charge_share", charge_share, f"charge_share is {charge_share}, but must lie between 0 and 1")
    charge: float = round_trip_efficiency**charge_share
    return charge, round_trip_efficiency / charge


def self_discharge_per_step(self_discharge_share_per_hour: float, step_hours: float) -> float:
    """Share of the charge that is lost in one step, from the share lost in one hour.

    The loss compounds: two half-hourly steps together lose exactly the hourly share.
    """
    if not 0.0 <= self_discharge_share_per_hour < 1.0:
        raise RangeError(
            "self_discharge_share_per_hour",
            self_discharge_share_per_hour,
            f"self_discharge_share_per_hour is {self_discharge_share_per_hour}, but must lie in [0, 1)",
        )
    return float(1.0 - (1.0 - self_discharge_share_per_hour) ** step_hours)
