"""The supply options of a scenario: output by the hour from the weather, cost and limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.arrays import Array
from kiban.calendar import hours_before_month, month_of_step
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.planning.catalogue_plants import complete_plant, running_cost
from kiban.planning.inputs import Inputs
from kiban.planning.memory import remembered
from kiban.planning.provenance import Recorder, Status
from kiban.planning.resources import SupplyResource
from kiban.planning.site_facts import Place, take_site_fact
from kiban.scenario import KNOWN_SUPPLY, Supply
from kiban.scenario.plant import CATALOGUE_PLANTS, MOST_AVAILABILITY, is_clean

if TYPE_CHECKING:
    from kiban.weather import Weather

HYDRO_OF_SNOW = frozenset({"hokkaido", "tohoku", "hokuriku"})
RESOURCE_HEIGHT_M = 100.0
ROUNDING = 1e-9
"""Parts of a unit below it are the rounding of a division."""


def read_supply(inputs: Inputs) -> tuple[SupplyResource, ...]:
    """All supply options that are enabled and exist at the place.

    A technology of the catalogue that the scenario does not mention is offered where the catalogue
    knows its resource at the site.
    """
    scenario, recorder = inputs.scenario, inputs.recorder
    options = {name: scenario.supply.get(name) for name in KNOWN_SUPPLY}
    options |= {name: option for name, option in scenario.supply.items() if name not in KNOWN_SUPPLY}
    made = []
    for name, mentioned in options.items():
        option = complete_plant(name, mentioned or Supply(), inputs)
        if not option.enabled or (mentioned is None and scenario.weather.source == "none"):
            continue
        if mentioned is None and not inputs.costs.knows(f"{name}.capex"):
            continue  # of another country's costs
        limit = capacity_limit(name, option, mentioned is not None, inputs.place, recorder)
        if limit is None or limit == 0:
            _check_not_asked_for(name, option)
            continue
        _check_units(name, option, limit)
        if option.availability is not None:
            key = f"supply.{name}.availability"
            availability = inputs.series.read(
                option.availability, key, unit="MW per MW", lower=0.0, upper=MOST_AVAILABILITY
            )
        elif name in CATALOGUE_PLANTS:
            availability = np.full(inputs.horizon.steps, inputs.costs.take(f"{name}.availability"))
        else:
            whole = model_availability(name, option, inputs.place, inputs.weather, recorder, scenario.seed)
            availability = inputs.horizon.cut(whole)
        made.append(
            SupplyResource(
                name=name,
                availability=availability * _mean_output(name, option, inputs),
                annual_cost_myen_per_mw=inputs.costs.supply(name, option),
                min_mw=option.min_mw,
                max_mw=limit,
                variable_cost_myen_per_mwh=_variable_cost(name, option, inputs),
                emission_t_per_mwh=option.emission_t_per_mwh or 0.0,
                clean=is_clean(name, option),
                firm_share=option.firm_share or 0.0,
                ramp_share_per_hour=option.ramp_share_per_hour,
                least_load_share=option.least_load_share or 0.0,
                unit_mw=option.unit_mw,
                embodied_t_per_mw_year=_embodied(name, option, inputs),
            )
        )
    return tuple(made)


def model_output(name: str, inputs: Inputs, weather: Weather) -> Array | None:
    """Output per MW in hours of other weather at the place, such as a forecast's; None where weather decides nothing.

    Sun and wind only: what else is modelled follows the calendar. The level of the wind stands to the scenario's own
    as the mean speeds of both do, both at 100 m.
    """
    option = complete_plant(name, inputs.scenario.supply.get(name) or Supply(), inputs)
    if option.availability is not None or not (name == "pv" or (name in KNOWN_SUPPLY and name.startswith("wind"))):
        return None
    if name == "pv":
        output = _pv(option, inputs.place, weather, inputs.recorder)
    else:
        output = _wind(name, option, inputs.place, weather, inputs.recorder, inputs.scenario.seed, own=inputs.weather)
    return output * _mean_output(name, option, inputs)


def _mean_output(name: str, option: Supply, inputs: Inputs) -> float:
    """Mean over the life of what degradation leaves of the output, where 1 is that of the first year.

    `sum_y (1 - d)^y / L` over the years 0 to L - 1, in closed form for a life L that is not whole.
    """
    rate = option.degradation_per_year
    if rate == 0:
        return 1.0
    inputs.recorder.give(f"supply.{name}.degradation_per_year", rate, "1/year")
    life = _life(name, option, inputs)
    mean: float = (1.0 - (1.0 - rate) ** life) / (rate * life)
    key, source = f"supply.{name}.mean_output", Message("origin.degradation")
    inputs.recorder.record(key, f"{mean:.6g}", "share", source, "derived", "formula")
    return mean


def _embodied(name: str, option: Supply, inputs: Inputs) -> float:
    if option.embodied_t_per_mw == 0:
        return 0.0
    inputs.recorder.give(f"supply.{name}.embodied_t_per_mw", option.embodied_t_per_mw, "t/MW")
    return option.embodied_t_per_mw / _life(name, option, inputs)


def _life(name: str, option: Supply, inputs: Inputs) -> float:
    if option.life_years is not None:
        return option.life_years
    if name not in (*KNOWN_SUPPLY, *CATALOGUE_PLANTS):
        raise ScenarioError(Problem("planning.needs_life", key=f"supply.{name}.life_years"))
    life: float = inputs.costs.take(f"{name}.life")
    return life


def _variable_cost(name: str, option: Supply, inputs: Inputs) -> Array:
    given = option.variable_cost_myen_per_mwh
    if given is None:
        return np.full(inputs.horizon.steps, running_cost(name, inputs) if name in CATALOGUE_PLANTS else 0.0)
    return inputs.series.read(given, f"supply.{name}.variable_cost_myen_per_mwh", unit="million yen/MWh")


def capacity_limit(name: str, option: Supply, mentioned: bool, place: Place, recorder: Recorder) -> float | None:
    """Limit of capacity in MW; None where the option is not mentioned and the place has no such resource."""
    if option.max_mw is not None:
        recorder.give(f"supply.{name}.max_mw", option.max_mw, "MW")
        return option.max_mw
    known: float | None = math.inf
    if name in {"geothermal", "hydro"}:
        known = take_site_fact(place, f"{name}_potential_mw", recorder)
    elif name in KNOWN_SUPPLY:
        if name.startswith("wind") and option.mean_speed_m_s is None and option.availability is None:
            known = None if _mean_speed(name, option, place, recorder) is None else math.inf
        if known is not None:
            known = recorder.take(f"{name}.limit")
    if known is None and mentioned:
        if option.availability is not None:
            return math.inf
        needed = "mean_speed_m_s" if name.startswith("wind") else "availability"
        raise ScenarioError(Problem("no_resource", key=f"supply.{name}", needed=needed))
    return known


def _check_not_asked_for(name: str, option: Supply) -> None:
    """Raise `ScenarioError` where a scenario counts on supply of which nothing can be built at the place."""
    if option.min_mw > 0 or (option.availability is not None and option.max_mw is None):
        raise ScenarioError(Problem("planning.nothing_to_build", key=f"supply.{name}", technology=name))


def _check_units(name: str, option: Supply, limit: float) -> None:
    """Raise `ScenarioError` where no number of whole units lies between the limits of a plant's capacity."""
    unit = option.unit_mw
    if unit is None or math.isinf(limit):
        return
    least, most = math.ceil(option.min_mw / unit - ROUNDING), math.floor(limit / unit + ROUNDING)
    if least > most:
        said = {"least": option.min_mw, "most": limit, "needed": least * unit}
        raise ScenarioError(
            Problem(
                "value", key=f"supply.{name}.unit_mw", remedy="planning.units", values={"value": f"{unit:g}", **said}
            )
        )


def _mean_speed(name: str, option: Supply, place: Place, recorder: Recorder) -> float | None:
    if option.mean_speed_m_s is not None:
        recorder.give(f"supply.{name}.mean_speed_m_s", option.mean_speed_m_s, "m/s")
        return option.mean_speed_m_s
    ground = "onshore" if name == "wind_onshore" else "offshore"
    return take_site_fact(place, f"wind_{ground}_mean_speed_100m", recorder)


def model_availability(
    name: str, option: Supply, place: Place, weather: Weather, recorder: Recorder, seed: int
) -> Array:
    """Output per MW over the whole weather years."""
    if name == "pv":
        return _pv(option, place, weather, recorder)
    if name.startswith("wind"):
        return _wind(name, option, place, weather, recorder, seed)
    if name == "geothermal":
        return _geothermal(place, weather, recorder)
    if name == "hydro":
        return _hydro(place, weather, recorder)
    raise ValueError(f"nothing here models the output of '{name}'")


def _pv(option: Supply, place: Place, weather: Weather, recorder: Recorder) -> Array:
    mount = option.mount or "fixed"
    recorder.record("supply.pv.availability", mount, "MW per MW", Message("origin.pvlib"), "derived", "weather")
    tracker = mount == "single_axis"
    return _pv_output(
        weather,
        mount=mount,
        tilt_deg=recorder.take("pv.tracker.axis_tilt_deg")
        if tracker
        else recorder.prefer(option.tilt_deg, "supply.pv.tilt_deg", "pv.tilt_deg"),
        azimuth_deg=recorder.take("pv.tracker.axis_azimuth_deg")
        if tracker
        else recorder.prefer(option.azimuth_deg, "supply.pv.azimuth_deg", "pv.azimuth_deg"),
        dc_ac_ratio=recorder.take("pv.dc_ac_ratio"),
        system_loss_share=recorder.take("pv.system_loss_share"),
        temperature_coefficient_per_k=recorder.take("pv.temperature_coefficient_per_k"),
        inverter_efficiency=recorder.take("pv.inverter_efficiency"),
        ground_albedo=recorder.take("pv.ground_albedo"),
        ground_coverage_ratio=recorder.take("pv.tracker.ground_coverage_ratio") if tracker else None,
        maximum_rotation_deg=recorder.take("pv.tracker.maximum_rotation_deg") if tracker else None,
        snow_strings=round(recorder.take("pv.snow_strings")) if weather.snow_depth_cm is not None else None,
    )


@remembered
def _pv_output(weather: Weather, **given: Any) -> Array:
    from kiban.physics.solar import pv_availability

    return pv_availability(
        weather.time,
        weather.latitude_deg,
        weather.longitude_deg,
        weather.elevation_m,
        weather.ghi_w_m2,
        weather.dni_w_m2,
        weather.dhi_w_m2,
        weather.temperature_c,
        weather.wind_speed_m_s,
        step_hours=weather.step_hours,
        snow_depth_cm=weather.snow_depth_cm,
        **given,
    )


def _wind(
    name: str,
    option: Supply,
    place: Place,
    weather: Weather,
    recorder: Recorder,
    seed: int,
    own: Weather | None = None,
) -> Array:
    """Output over the hours of the weather; `own` is that of the whole year, where the weather is some hours of it."""
    from kiban.physics.wind import power_curve_from_rows, speed_at_height

    kind = "onshore" if name == "wind_onshore" else "offshore"
    speeds, shares = power_curve_from_rows(recorder.catalogue.values("wind_power_curve."), f"wind_power_curve.{kind}.")
    mean_speed = _mean_speed(name, option, place, recorder)
    synthetic = "wind_speed_m_s" in weather.synthetic
    status: Status = "synthetic" if synthetic else "derived"
    curve = Message("input.curve_onshore") if kind == "onshore" else Message("input.curve_offshore")
    note = Message("note.sheared")
    if mean_speed is not None:
        note = Message("note.mean_speed", speed=mean_speed, height=RESOURCE_HEIGHT_M)
    source = Message("origin.weather")
    recorder.record(f"supply.{name}.availability", curve, "MW per MW", source, status, "weather", note)
    if own is not None and mean_speed is not None:
        shear = recorder.take(f"{name}.shear_exponent")
        hours, year = (
            float(speed_at_height(one.wind_speed_m_s, one.wind_height_m, RESOURCE_HEIGHT_M, shear).mean())
            for one in (weather, own)
        )
        mean_speed *= hours / year
    return _wind_output(
        weather,
        seed if synthetic and mean_speed is not None else None,
        hub_height_m=recorder.take(f"{name}.hub_height_m"),
        shear_exponent=recorder.take(f"{name}.shear_exponent"),
        curve_speeds_m_s=tuple(speeds.tolist()),
        curve_shares=tuple(shares.tolist()),
        loss_share=recorder.take(f"{name}.loss_share"),
        resource_mean_speed_m_s=mean_speed,
    )


@remembered
def _wind_output(weather: Weather, seed: int | None, *, resource_mean_speed_m_s: float | None, **given: Any) -> Array:
    """Output from the weather's wind, or from a wind of the resource's mean speed that the seed generates."""
    from kiban.physics.wind import wind_availability
    from kiban.weather.synthetic_wind import generate_wind
    from kiban.weather.typical import wind_shape

    speed, height = weather.wind_speed_m_s, weather.wind_height_m
    if seed is not None and resource_mean_speed_m_s is not None:
        # At hub height the wind is steadier than at a town's mast: it is generated there, not scaled up.
        height = RESOURCE_HEIGHT_M
        step_hours, years = weather.step_hours, len(weather.years)
        calendar = generate_wind(
            resource_mean_speed_m_s, height, wind_shape(), steps=speed.size, step_hours=step_hours, seed=seed
        )
        moved = round(hours_before_month(weather.first_month) / step_hours)
        speed = np.roll(calendar.reshape(years, -1), -moved, axis=1).ravel()
    return wind_availability(
        speed,
        height,
        weather.temperature_c,
        weather.pressure_hpa,
        resource_mean_speed_m_s=resource_mean_speed_m_s,
        resource_height_m=RESOURCE_HEIGHT_M,
        **given,
    )


def _geothermal(place: Place, weather: Weather, recorder: Recorder) -> Array:
    from kiban.physics.geothermal import forced_outage_share, geothermal_availability

    mean = take_site_fact(place, "geothermal_availability", recorder)
    if mean is None:
        mean = recorder.take("geothermal.availability")
    days = recorder.take("geothermal.planned_outage_days")
    return geothermal_availability(
        step_hours=weather.step_hours,
        years=len(weather.years),
        first_month=weather.first_month,
        planned_outage_month=round(recorder.take("geothermal.planned_outage_month")),
        planned_outage_days=days,
        forced_outage_share=forced_outage_share(mean, days),
        units=round(recorder.take("geothermal.units")),
    )


def _hydro(place: Place, weather: Weather, recorder: Recorder) -> Array:
    from kiban.physics.hydro import run_of_river_availability

    regime = "snow" if place.area in HYDRO_OF_SNOW else "rain"
    shape = [recorder.take(f"hydro.monthly_shape.{regime}.{month:02d}") for month in range(1, 13)]
    factor = recorder.take("hydro.availability")
    months = month_of_step(weather.step_hours, weather.first_month)
    return np.tile(run_of_river_availability(months, shape, factor), len(weather.years))
