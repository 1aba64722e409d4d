"""What is expected of the hours ahead.

forecast    what a forecast is
perfect     the conditions themselves
published   prices of the day ahead, known from the hour of their publication
synthetic   the conditions with errors of a weather model's grade, drawn with a seed
"""

from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.perfect import PerfectForecast

__all__ = ["Forecast", "PerfectForecast"]
