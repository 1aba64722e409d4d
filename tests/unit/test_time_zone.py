"""Standard time from coordinates, against the published offsets of the zones."""

from __future__ import annotations

import pytest

from kiban.planning.time_zone import find_time_zone, solar_offset_hours, standard_offset_hours


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone", "offset"),
    [
        (42.64, 141.6, "Asia/Tokyo", 9.0),
        (36.1, -79.95, "America/New_York", -5.0),  # summer time is left out
        (-34.93, 138.6, "Australia/Adelaide", 9.5),  # on the southern half as well
        (28.6, 77.2, "Asia/Kolkata", 5.5),
        (40.42, -3.7, "Europe/Madrid", 1.0),  # the sun keeps UTC
        (53.35, -6.26, "Europe/Dublin", 0.0),  # whose winter time counts as the daylight saving one
        (-26.2, 28.05, "Africa/Johannesburg", 2.0),
    ],
)
def test_standard_time_of_a_place(latitude: float, longitude: float, zone: str, offset: float) -> None:
    assert find_time_zone(latitude, longitude) == zone
    assert standard_offset_hours(zone, 2025) == offset


def test_at_sea_the_nautical_zone_holds() -> None:
    zone = find_time_zone(0.0, -150.0)
    assert zone is not None
    assert standard_offset_hours(zone, 2025) == -10.0 == solar_offset_hours(-150.0)


def test_an_unknown_zone() -> None:
    assert standard_offset_hours("Mars/Olympus", 2025) is None
    assert standard_offset_hours("../etc/passwd", 2025) is None
