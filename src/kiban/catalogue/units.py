"""Units of catalogue rows, what they are called, and which values they allow.

Money is in million yen (`myen`) for the Japanese cost set and in US dollars (`usd`) for the American
one. `_it` counts per MW of IT load. Rates that are usually printed in per cent are `share`s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

INFINITY = math.inf


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its text in English and the smallest and largest value that makes sense in it."""

    text: str
    lowest: float = 0.0
    highest: float = INFINITY


UNITS: Mapping[str, Unit] = {
    # money, Japan
    "myen": Unit("million yen"),
    "myen_per_mw": Unit("million yen/MW"),
    "myen_per_mw_year": Unit("million yen/(MW year)"),
    "myen_per_mw_month": Unit("million yen/(MW month)"),
    "myen_per_mwh": Unit("million yen/MWh", lowest=-INFINITY),
    "myen_per_mw_it": Unit("million yen/MW IT"),
    "myen_per_mw_it_year": Unit("million yen/(MW IT year)"),
    "myen_per_mva": Unit("million yen/MVA"),
    "myen_per_mva_it": Unit("million yen/MVA IT"),
    "myen_per_km": Unit("million yen/km"),
    "myen_per_km_year": Unit("million yen/(km year)"),
    "myen_per_year": Unit("million yen/year"),
    "myen_per_m2": Unit("million yen/m2"),
    "myen_per_m3": Unit("million yen/m3"),
    "myen_per_person": Unit("million yen/person"),
    "myen_per_t": Unit("million yen/t CO2"),
    "yen_per_kwh": Unit("yen/kWh", lowest=-INFINITY),
    # money, elsewhere
    "usd": Unit("USD"),
    "usd_per_mw": Unit("USD/MW"),
    "usd_per_gw": Unit("USD/GW"),
    "usd_per_mw_year": Unit("USD/(MW year)"),
    "usd_per_mwh": Unit("USD/MWh", lowest=-INFINITY),
    "usd_per_mw_it": Unit("USD/MW IT"),
    "usd_per_mw_it_year": Unit("USD/(MW IT year)"),
    "usd_per_m2": Unit("USD/m2"),
    "usd_per_m3": Unit("USD/m3"),
    "usd_per_t": Unit("USD/t CO2"),
    "usd_per_gpu_hour": Unit("USD/GPU hour"),
    "eur_per_mw": Unit("EUR/MW"),
    "eur_per_mwh": Unit("EUR/MWh", lowest=-INFINITY),
    "yen_per_usd": Unit("yen/USD"),
    "yen_per_eur": Unit("yen/EUR"),
    # power, energy, emissions, water
    "w": Unit("W"),
    "kw": Unit("kW"),
    "mw": Unit("MW"),
    "mwh": Unit("MWh"),
    "mwh_per_myen": Unit("MWh/million yen"),
    "kw_per_kw": Unit("kW/kW"),
    "hz": Unit("Hz"),
    "j_per_token": Unit("J/token"),
    "t_per_mwh": Unit("t CO2/MWh"),
    "mj_per_kg": Unit("MJ/kg"),
    "mj_per_l": Unit("MJ/l"),
    "l_per_kwh": Unit("l/kWh"),
    # time, shares, pure numbers
    "year": Unit("years"),
    "month": Unit("month", lowest=1.0, highest=12.0),
    "day": Unit("days"),
    "hour": Unit("hours"),
    "share": Unit("share", highest=1.0),
    "share_per_year": Unit("share a year", lowest=-1.0, highest=1.0),
    "share_per_hour": Unit("share an hour", highest=1.0),
    "ratio": Unit("ratio"),
    "class": Unit("class 0 to 3", highest=3.0),
    "flag": Unit("0 or 1", highest=1.0),
    "count": Unit("pieces"),
    "second": Unit("seconds"),
    # computing
    "tflops": Unit("TFLOPS"),
    "gb": Unit("GB"),
    "gbit_per_s": Unit("Gbit/s"),
    # nature and place
    "deg": Unit("degrees", lowest=-360.0, highest=360.0),
    "deg_north": Unit("degrees north", lowest=-90.0, highest=90.0),
    "deg_east": Unit("degrees east", lowest=-180.0, highest=180.0),
    "degc": Unit("degrees Celsius", lowest=-273.15),
    "k": Unit("K"),
    "per_k": Unit("1/K", lowest=-INFINITY),
    "m": Unit("m", lowest=-INFINITY),
    "cm": Unit("cm"),
    "km": Unit("km"),
    "ms": Unit("ms"),
    "m_per_s": Unit("m/s"),
    "kwh_per_m2_year": Unit("kWh/(m2 year)"),
    "kwh_per_year": Unit("kWh/year"),
    "m2_per_mw_it": Unit("m2/MW IT"),
    "person": Unit("persons"),
    "person_per_mw": Unit("persons/MW"),
    "job_per_mw": Unit("jobs/MW"),
    "job_year_per_mw": Unit("job years/MW"),
}
