"""Where and when: the site, its weather and the horizon."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from kiban.errors import Problem
from kiban.scenario.section import HourlyInput, Positive, Section
from kiban.weather.limits import MOST_CLIPPED_W_M2
from kiban.weather.rows import LONGEST_FILLED_GAP_HOURS

WeatherSource = Literal[
    "typical", "epw", "tmy3", "jma", "nsrdb", "solcast", "nasa-power", "pvgis", "open-meteo", "none"
]
STEPS_HOURS = (1.0, 0.5, 0.25)
FILE_SOURCES = ("epw", "tmy3", "jma", "nsrdb", "solcast")
ONLINE_SOURCES = ("nasa-power", "pvgis", "open-meteo")
MENDED_SOURCES = (*FILE_SOURCES, *ONLINE_SOURCES)
"""Sources of measured or modelled rows, which may have gaps and noise."""


class Site(Section):
    """The place: a site of the catalogue by `id`, or coordinates of your own."""

    id: str | None = None
    """A site of the catalogue (`kiban sites` lists them); the other keys override its values."""
    name: str | None = None
    """Name for reports."""
    latitude_deg: Annotated[float, Field(ge=-90, le=90)] | None = None
    """Latitude, north positive, degrees."""
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Longitude, east positive, degrees."""
    elevation_m: Annotated[float, Field(ge=-430, le=6000)] | None = None
    """Elevation above sea level, m."""
    area: str | None = None
    """Grid area whose prices and emission factor hold (hokkaido, tohoku, tokyo, ...)."""
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] | None = None
    """Standard time of the site, hours ahead of UTC; Japan is 9."""

    @model_validator(mode="after")
    def _require_place(self) -> Site:
        if self.id is None and (self.latitude_deg is None or self.longitude_deg is None):
            raise ValueError(Problem("needs_place"))
        return self


class Weather(Section):
    """The weather year or years."""

    source: WeatherSource = "typical"
    """`typical` (embedded, Japan), a file format, an online service, or `none` where every series is given."""
    files: tuple[str, ...] = ()
    """Weather files, relative to the scenario file; `pvlib:NAME` takes a file that pvlib ships."""
    years: tuple[Annotated[int, Field(ge=1940, le=2100)], ...] = ()
    """Years to use from files or services that hold several, by the calendar year in which each begins; the label of a
    TMY3 or EPW year."""
    fill_gaps_hours: Annotated[int, Field(ge=0, le=LONGEST_FILLED_GAP_HOURS)] = 0
    """Fill gaps of at most this many hours by interpolation; 0 refuses every gap."""
    clip_negative_w_m2: Annotated[float, Field(ge=0, le=MOST_CLIPPED_W_M2)] = 0.0
    """Set irradiance below zero by at most this much to 0 (sensor noise at night), W/m2; 0 refuses it."""
    wind_height_m: Positive | None = None
    """Height of the anemometer of `jma` files, or of a wind series of your own, m."""
    station: str | None = None
    """Station of `jma` files that hold several, by its name there."""
    temperature_c: HourlyInput | None = None
    """Replace the dry-bulb temperature by this, degrees Celsius."""
    wind_speed_m_s: HourlyInput | None = None
    """Replace the wind speed by this, m/s at `wind_height_m` (or at the height of the source)."""

    @model_validator(mode="after")
    def _require_files(self) -> Weather:
        if self.source in FILE_SOURCES and not self.files:
            raise ValueError(Problem("weather_files", name=self.source))
        if self.source not in FILE_SOURCES and self.files:
            raise ValueError(Problem("weather_no_files", name=self.source))
        if self.source in ONLINE_SOURCES and self.source != "pvgis" and not self.years:
            raise ValueError(Problem("weather_years", name=self.source))
        if self.fill_gaps_hours and self.source not in MENDED_SOURCES:
            raise ValueError(Problem("weather_no_gaps", name=self.source))
        if self.clip_negative_w_m2 and self.source not in MENDED_SOURCES:
            raise ValueError(Problem("weather_no_noise", name=self.source))
        if self.station is not None and self.source != "jma":
            raise ValueError(Problem("weather_no_station", name=self.source))
        if self.years and self.source == "typical":
            raise ValueError(Problem("weather_no_date"))
        if self.wind_height_m is not None and self.source != "jma" and self.wind_speed_m_s is None:
            raise ValueError(Problem("weather_own_height", name=self.source))
        return self


class Time(Section):
    """The horizon: whole weather years, or a window that stands for the whole year."""

    step_hours: Annotated[float, Field(ge=0.25, le=1)] = 1.0
    """Length of a step, hours: 1, 0.5 or 0.25."""
    first_month: Annotated[int, Field(ge=1, le=12)] = 1
    """Month with which each weather year begins: 4 for a fiscal year, which is called by the year of its April."""
    first_hour: Annotated[int, Field(ge=0, lt=8760)] = 0
    """First hour of the window within the weather year, from its first month on."""
    hours: Annotated[int, Field(ge=1, le=8760)] | None = None
    """Length of the window, hours; absent means every hour of every weather year."""

    @field_validator("step_hours")
    @classmethod
    def _require_known_step(cls, step_hours: float) -> float:
        if step_hours not in STEPS_HOURS:
            raise ValueError(Problem("scenario.step", remedy="scenario.step", hours=step_hours))
        return step_hours
