"""What is expected of the hours ahead.

forecast    what a forecast is
perfect     the conditions themselves
"""

from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.perfect import PerfectForecast

__all__ = ["Forecast", "PerfectForecast"]
