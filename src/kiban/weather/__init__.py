"""Weather: a file, a service or the embedded typical years become one checked `Weather`."""

from kiban.weather.typical import TypicalStation, nearest_station, read_typical, typical_stations
from kiban.weather.year import Weather, check_weather, select_years

__all__ = [
    "TypicalStation",
    "Weather",
    "check_weather",
    "nearest_station",
    "read_typical",
    "select_years",
    "typical_stations",
]
