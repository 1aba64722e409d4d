"""What holds for a grid connection: windows in which it carries less, being non-firm, a large load's contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from kiban.calendar import DAYS_PER_MONTH, HOURS_PER_DAY, HOURS_PER_YEAR
from kiban.errors import Problem
from kiban.scenario.section import NonNegative, Positive, Section, Share


class ConnectionWindow(Section):
    """A window of every weather year in which the connection carries less, or nothing."""

    kind: Literal["maintenance", "outage", "call"] = "maintenance"
    """`maintenance` and `outage` stop import and export; a curtailment `call` stops import alone."""
    start: Annotated[str, Field(pattern=r"^\d{2}-\d{2} \d{2}:\d{2}$")]
    """Month, day and time of the place's standard time at which it begins, as in `07-14 08:00`."""
    hours: Annotated[float, Field(gt=0, le=HOURS_PER_YEAR)]
    """Length, hours; a step that it touches counts as a whole, and what goes beyond the year wraps to its beginning."""
    remaining_share: Share = 0.0
    """Share of the connection that is left."""

    @field_validator("start")
    @classmethod
    def _require_moment(cls, start: str) -> str:
        month, day, hour, minute = (int(start[at : at + 2]) for at in (0, 3, 6, 9))
        if not (1 <= month <= len(DAYS_PER_MONTH) and 1 <= day <= DAYS_PER_MONTH[month - 1]):
            raise ValueError(Problem("scenario.window_start", start=start))
        if hour >= HOURS_PER_DAY or minute >= 60:
            raise ValueError(Problem("scenario.window_start", start=start))
        return start

    @property
    def start_hour(self) -> float:
        """Hours from the beginning of the weather year to the start."""
        month, day, hour, minute = (int(self.start[at : at + 2]) for at in (0, 3, 6, 9))
        return (sum(DAYS_PER_MONTH[: month - 1]) + day - 1) * HOURS_PER_DAY + hour + minute / 60


class NonFirm(Section):
    """A non-firm connection: the network may call for some hours a year, and import then falls."""

    called_hours_per_year: Annotated[float, Field(ge=0, le=HOURS_PER_YEAR)]
    """Hours a year that are called: those with the highest price of the energy that the grid delivers."""
    remaining_share: Share = 0.0
    """Share of the connection that is left when called."""


class Contract(Section):
    """What a large load promises the network for its connection; `kiban pay` holds it beside published terms."""

    contracted_mw: Positive | None = None
    """Contracted power, for which the network builds, MW; absent takes what the design connects."""
    ramp: Annotated[tuple[Share, ...], Field(max_length=50)] = ()
    """Share of the contracted power by year of service; afterwards all of it."""
    minimum_share: Share = 0.0
    """Share of the contracted power that is charged at least."""
    term_years: Annotated[int, Field(ge=0, le=50)] = 0
    """Years after the ramp over which the minimum is charged."""
    exit_fee_years: Annotated[int, Field(ge=0, le=100)] = 0
    """Years of minimum charges that are due where the load never comes, at most those of ramp and term."""
    collateral_years: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Years of minimum charges that are held as collateral."""
    collateral_myen_per_mw: NonNegative = 0.0
    """Further collateral for each contracted MW, million yen."""
    works_owed_share: Share = 0.0
    """Share of the works borne by others that is owed where the load never comes."""
