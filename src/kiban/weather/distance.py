"""How far two places are from each other."""

from __future__ import annotations

import math

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""


def great_circle_km(
    latitude_deg: float, longitude_deg: float, other_latitude_deg: float, other_longitude_deg: float
) -> float:
    """Distance over the sphere by the haversine formula, km."""
    here, there = math.radians(latitude_deg), math.radians(other_latitude_deg)
    across = math.radians(other_longitude_deg - longitude_deg)
    haversine = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(haversine)))
