"""Weather: a file, a service or the embedded typical years become one checked `Weather`."""

from kiban.weather.year import Weather, check_weather, select_years

__all__ = ["Weather", "check_weather", "select_years"]
