"""The standard time of a place from its coordinates: of its legal time zone, or of the sun where there is none."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kiban.calendar import SECONDS_PER_HOUR

DEGREES_PER_HOUR = 15.0


def find_time_zone(latitude_deg: float, longitude_deg: float) -> str | None:
    """Name of the legal time zone at a place, such as `Asia/Tokyo`; None where the map knows none.

    From the simplified boundaries of timezone-boundary-builder that come with tzfpy: within a few kilometres of a
    border the neighbour's may be found.
    """
    from tzfpy import get_tz

    return get_tz(longitude_deg, latitude_deg) or None


def standard_offset_hours(zone: str, year: int) -> float | None:
    """Hours of the zone's standard time ahead of UTC in a year, without daylight saving; None for an unknown zone.

    Standard time is the smaller of the offsets of January and July.
    """
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    offsets = [datetime(year, month, 1, tzinfo=known).utcoffset() or timedelta(0) for month in (1, 7)]
    return min(offset.total_seconds() for offset in offsets) / SECONDS_PER_HOUR


def solar_offset_hours(longitude_deg: float) -> float:
    """The whole hours ahead of UTC that the sun keeps at a longitude."""
    return float(round(longitude_deg / DEGREES_PER_HOUR))
