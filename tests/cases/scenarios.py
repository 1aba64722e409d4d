"""Random scenarios of the whole schema: what a user might write, found by walking the sections themselves.

A key that is new in the schema is drawn by what its name ends in, without a word here. Every key has random numbers of
its own, so that a new one leaves what older seeds give of all others. Horizons are short; files of series are written
beside the scenario. What keys of one section ask of each other is mended mostly, not always: a seed may be refused, but
none is left out.
"""

from __future__ import annotations

import types
import typing
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel
from tests.cases.scenario_amounts import AMOUNTS, ASSUMED, CHANCES, COLUMNS, LIKELY, MENDED, PACKAGES, SITES

from kiban.calendar import DAYS_PER_MONTH
from kiban.scenario import JepxPrices, Scenario, SeriesReference
from kiban.scenario.plant import CATALOGUE_PLANTS, KNOWN_STORAGE, KNOWN_SUPPLY


def schema_keys(model: type[BaseModel] = Scenario, path: str = "") -> Iterator[str]:
    """Every key that a scenario may have, as a dotted pattern with `*` for a name or a number of a list."""
    for name, field in model.model_fields.items():
        key = f"{path}{name}"
        yield key
        for inner, many in _sections_in(field.annotation):
            if inner is not SeriesReference:
                yield from schema_keys(inner, f"{key}.*." if many else f"{key}.")


def given_keys(raw: Any, model: type[BaseModel] = Scenario, path: str = "") -> Iterator[str]:
    """The patterns of `schema_keys` that a scenario gives."""
    for name, value in raw.items():
        key = f"{path}{name}"
        yield key
        for inner, many in _sections_in(model.model_fields[name].annotation):
            if inner is SeriesReference or (inner is JepxPrices and "jepx_files" not in _names(value)):
                continue
            if many:
                for one in value.values() if isinstance(value, dict) else value:
                    yield from given_keys(one, inner, f"{key}.*.")
            elif isinstance(value, dict):
                yield from given_keys(value, inner, f"{key}.")


def _names(value: Any) -> Any:
    return value if isinstance(value, dict) else ()


def _sections_in(annotation: Any, many: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, many
        return
    collected = many or typing.get_origin(annotation) in {dict, tuple}
    for inner in typing.get_args(annotation):
        yield from _sections_in(inner, collected)


def draw_scenario(seed: int, folder: Path) -> dict[str, Any]:
    """The scenario of a seed as plain types; its series lie in `folder`, against which it is to be placed."""
    return _Draw(seed, folder).scenario()


class _Draw:
    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        rng = self.rng("horizon")
        self.step_hours = 0.5 if rng.random() < 0.3 else 1.0
        self.hours = int(rng.choice([24, 36, 48, 72, 96]))
        self.first_hour = int(rng.integers(0, 8760 - self.hours))
        self.has_weather = rng.random() < 0.75
        self.years = (2019, 2020)[: int(rng.integers(1, 3))] if not self.has_weather else ()
        self.base_year = int(rng.integers(2020, 2030))
        self.first_month = 4 if rng.random() < 0.15 else 1
        self.american = rng.random() < 0.12
        self.steps = round(self.hours / self.step_hours) * max(len(self.years), 1)

    def rng(self, key: str) -> np.random.Generator:
        """Random numbers of this seed and key alone."""
        return np.random.default_rng([self.seed, zlib.crc32(key.encode())])

    def is_lucky(self, key: str, chance: float) -> bool:
        return bool(self.rng(f"{key}?").random() < chance)

    def scenario(self) -> dict[str, Any]:
        raw = self.section(Scenario, "")
        horizon = {"hours": self.hours, "first_hour": self.first_hour, "step_hours": self.step_hours}
        raw["time"] = {**raw.get("time", {}), **horizon, "first_month": self.first_month}
        raw["base_year"] = self.base_year
        raw.setdefault("weather", {})
        raw["site"] = self.site(raw["site"])
        _Mending(self, raw).mend()
        return {name: value for name, value in raw.items() if value != {}}

    def section(self, model: type[BaseModel], path: str) -> dict[str, Any]:
        drawn = {}
        for name, field in model.model_fields.items():
            key = f"{path}{name}"
            if field.is_required() or self.is_lucky(key, _first_fit(CHANCES, key, LIKELY)):
                drawn[name] = self.value(field.annotation, key, field.metadata)
        return drawn

    def value(self, annotation: Any, key: str, metadata: Any = ()) -> Any:
        own = getattr(self, f"draw_{key.replace('.', '_')}", None) or self.named(key)
        if own is not None:
            return own()
        rng, origin, inner = self.rng(key), typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            return self.value(inner[0], key, (*inner[1:], *metadata))
        if origin in {typing.Union, types.UnionType}:
            branches = [branch for branch in inner if branch is not type(None)]
            if JepxPrices in branches and rng.random() < 0.9:
                branches.remove(JepxPrices)
            return self.value(branches[int(rng.integers(len(branches)))], key, metadata)
        if origin is typing.Literal:
            return inner[int(rng.integers(len(inner)))]
        if origin is tuple:
            count = int(rng.integers(1, 4))
            return [self.value(inner[0], f"{key}.{number}") for number in range(count)]
        if annotation is SeriesReference:
            return self.series(key)
        if annotation is JepxPrices:
            return {**self.section(JepxPrices, f"{key}."), "jepx_files": self.jepx_files()}
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return self.section(annotation, f"{key}.")
        if annotation is bool:
            return bool(rng.random() < 0.5)
        if annotation in {int, float}:
            low, high = _within(_first_fit(AMOUNTS, key, (0.0, 1.0)), metadata)
            number = float(f"{rng.uniform(low, high):.4g}")
            return round(number) if annotation is int else number
        return f"{key} of {self.seed}"

    def named(self, key: str) -> Any:
        """How a key is drawn that is a name, a moment or a file, or whose parts have names."""
        rng = self.rng(key)
        parts = key.split(".")
        if key in {"supply", "storage"}:
            known = {
                "supply": (*KNOWN_SUPPLY, "turbine", "fuel_cell", *CATALOGUE_PLANTS),
                "storage": (*KNOWN_STORAGE, "flywheel"),
            }[key]
            model = {"supply": "Supply", "storage": "Storage"}[key]
            # Plants in whole units are the slowest to judge.
            chance = {"supply": 0.35, "storage": 0.2}[key]
            chosen = [name for name in known if rng.random() < (0.08 if name in CATALOGUE_PLANTS else chance)]
            section = _sections_of(model)
            return lambda: {name: self.section(section, f"{key}.{name}.") for name in chosen}
        if key in {"procurement.menu", "procurement.plant"}:
            names = {"procurement.menu": ("list", "linked"), "procurement.plant": ("north", "south")}[key]
            part = _sections_of({"procurement.menu": "Menu", "procurement.plant": "OffSite"}[key])
            given = names[: int(rng.integers(1, 3))]
            return lambda: {name: self.section(part, f"{key}.{name}.") for name in given}
        if fnmatchcase(key, "procurement.plant.*.technology"):
            return lambda: str(rng.choice(KNOWN_SUPPLY))
        if fnmatchcase(key, "procurement.plant.*.site"):
            return lambda: str(rng.choice(SITES))
        if fnmatchcase(key, "procurement.plant.*.area"):
            return lambda: str(rng.choice(["tokyo", "tohoku", "hokkaido", "okinawa"]))
        if fnmatchcase(key, "procurement.menu.*.fuel_adjustment_myen_per_mwh"):
            return lambda: [round(float(one), 5) for one in rng.uniform(-0.002, 0.004, rng.choice([1, 12]))]
        if fnmatchcase(key, "*.window.*.start"):
            return lambda: self.moment(rng)
        choices = {
            ("tranche", "name"): ["batch", "chat", "search"],
            ("measure", "id"): ["seals", "fans", "heat"],
            ("measure", "group"): ["air", "air2"],
        }.get((parts[0], parts[-1]))
        if choices is not None:
            number = int(parts[1])
            return lambda: choices[number % len(choices)]
        return None

    def series(self, key: str) -> dict[str, Any]:
        """A reference to a column of this seed's file, which is written once."""
        rng = self.rng(f"{key}~")
        low, high = _first_fit(AMOUNTS, key, (0.0, 1.0))
        if key.startswith("weather."):
            return self.year_series(key, low, high)
        file = self.folder / "hours.csv"
        name = f"{key.replace('.', '_')}"
        shape = self.shape(str(rng.choice(COLUMNS)), rng)
        columns = getattr(self, "_columns", {})
        columns[name] = np.round(low + (high - low) * shape, 6)
        self._columns = columns
        names = list(columns)
        rows = [",".join(names), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        file.write_text("\n".join(rows) + "\n")
        scale = float(rng.choice([1.0, 1.0, 0.5])) if low <= 0.0 else 1.0
        return {"file": file.name, "column": name, **({"scale": scale} if scale != 1.0 else {})}

    def jepx_files(self) -> list[str]:
        """Two fiscal years of the exchange that hold the scenario's calendar year."""
        rng, names = self.rng("jepx"), []
        header = "受渡日,時刻コード,システムプライス(円/kWh),エリアプライス東京(円/kWh),エリアプライス九州(円/kWh)"
        for year in (self.base_year - 1, self.base_year):
            days = [
                date(year, 4, 1) + timedelta(days=day) for day in range((date(year + 1, 4, 1) - date(year, 4, 1)).days)
            ]
            prices = np.round(rng.uniform(0.01, 25.0, (len(days), 48)), 2)
            rows = [
                f"{day:%Y/%m/%d},{half + 1},{price},{price},{price}"
                for day, of_day in zip(days, prices, strict=True)
                for half, price in enumerate(of_day)
            ]
            names.append(f"spot_summary_{year}.csv")
            (self.folder / names[-1]).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return names

    def year_series(self, key: str, low: float, high: float) -> dict[str, Any]:
        """A column of whole weather years, without times."""
        rng, steps = self.rng(f"{key}~"), round(8760 / self.step_hours) * max(len(self.years), 1)
        name = key.rpartition(".")[2]
        file = self.folder / f"{name}.csv"
        middle, half = (low + high) / 2, (high - low) / 2
        values = middle + half * np.sin(2 * np.pi * np.arange(steps) * self.step_hours / 24 + rng.uniform(0, 6))
        file.write_text("\n".join([name, *(f"{value:.3f}" for value in values)]) + "\n")
        return {"file": file.name, "column": name}

    def shape(self, kind: str, rng: np.random.Generator) -> Any:
        """Shares between 0 and 1 over the horizon."""
        hour = (self.first_hour + np.arange(self.steps) * self.step_hours) % 24
        if kind == "sun":
            return np.maximum(np.sin(2 * np.pi * (hour - 6) / 24), 0.0) * rng.uniform(0.3, 1.0, self.steps)
        if kind == "steps":
            return np.repeat(rng.choice([0.0, 0.3, 0.7, 1.0], self.steps // 6 + 1), 6)[: self.steps]
        return rng.uniform(0, 1, self.steps) if kind == "noise" else np.full(self.steps, rng.uniform(0, 1))

    def moment(self, rng: np.random.Generator) -> str:
        """Month, day and time within the horizon."""
        hour = int(self.first_hour + rng.integers(0, self.hours))
        hour = (hour + 24 * sum(DAYS_PER_MONTH[: self.first_month - 1])) % 8760
        day, month = hour // 24, 0
        while day >= DAYS_PER_MONTH[month]:
            day, month = day - DAYS_PER_MONTH[month], month + 1
        return f"{month + 1:02d}-{day + 1:02d} {hour % 24:02d}:{int(rng.choice([0, 30])):02d}"

    def site(self, drawn: dict[str, Any]) -> dict[str, Any]:
        """A place of few, so that their weather is made once."""
        if "id" in drawn:
            return drawn
        places = ((36.0, 140.0), (36.1, -79.9)) if self.american else ((36.0, 140.0), (43.0, 141.5))
        latitude, longitude = places[int(self.rng("place").integers(2))]
        return {"area": "tokyo", **drawn, "latitude_deg": latitude, "longitude_deg": longitude}

    def draw_name(self) -> str:
        return f"seed {self.seed}"

    def draw_site_id(self) -> str:
        return str(self.rng("site.id").choice(SITES))

    def draw_site_area(self) -> str:
        return str(
            self.rng("site.area").choice(
                ["tokyo", "kyushu", "hokkaido", "okinawa", "nowhere"], p=[0.3, 0.3, 0.2, 0.15, 0.05]
            )
        )

    def draw_site_utc_offset_hours(self) -> float:
        return 9.0

    def draw_base_year(self) -> int:
        return self.base_year

    def draw_grid_price_myen_per_mwh_area(self) -> str:
        return "kyushu"

    def draw_grid_price_response(self) -> str:
        # The market model takes as long as hundreds of plans, so that few ask it.
        return str(self.rng("grid.price_response").choice(["none", "observed", "market"], p=[0.2, 0.78, 0.02]))

    def draw_procurement_tariff_date(self) -> str:
        return str(self.rng("procurement.tariff_date").choice(["2025-04", "2026-04", "2026-11"]))

    def draw_procurement_demand_charge_myen_per_mw_month(self) -> Any:
        rng = self.rng("procurement.demand_charge")
        charges = [round(float(one), 4) for one in rng.uniform(0.0, 2.0, 12)]
        return charges if rng.random() < 0.5 else charges[0]

    def draw_seed(self) -> int:
        return int(self.rng("seed").integers(1, 3))

    def draw_weather(self) -> dict[str, Any]:
        return self.weather()

    def weather(self) -> dict[str, Any]:
        """Typical weather, a file that pvlib ships, or none where every series is given."""
        drawn = self.section(_sections_of("Weather"), "weather.")
        drawn["source"] = "typical"
        if self.is_lucky("weather.tmy3", 0.1) and self.step_hours == 1.0:
            return {**drawn, "source": "tmy3", "files": ["pvlib:723170TYA.CSV"], "years": [2021]}
        for name in ("files", "years", "fill_gaps_hours", "clip_negative_w_m2"):
            drawn.pop(name, None)
        return drawn

    def draw_weather_files(self) -> list[str]:
        return ["pvlib:723170TYA.CSV"]

    def draw_policy_packages(self) -> list[str]:
        known = PACKAGES["united-states" if self.american else "japan"]
        return [str(self.rng("policy.packages").choice(known))]

    def draw_policy_start_year(self) -> int:
        return int(self.rng("policy.start_year").integers(2026, 2029))

    def draw_load_chip(self) -> str:
        return str(self.rng("load.chip").choice(["none", "h100", "gb200"]))

    def draw_assumptions(self) -> dict[str, float]:
        rng = self.rng("assumptions")
        drawn = {name: float(rng.uniform(low, high)) for name, (low, high) in ASSUMED.items()}
        return {
            name: value for name, value in drawn.items() if rng.random() < (0.1 if name == "no.such.figure" else 0.5)
        }

    def draw_finance_price_level_of(self) -> str:
        return str(self.rng("finance.price_level_of").choice(["US", "DE", "XX"], p=[0.5, 0.4, 0.1]))

    def draw_finance_cost_set(self) -> str:
        return "united-states" if self.american else "japan"


class _Mending:
    """What keys of one section ask of each other."""

    def __init__(self, draw: _Draw, raw: dict[str, Any]) -> None:
        self.draw, self.raw = draw, raw

    def mend(self) -> None:
        raw, draw = self.raw, self.draw
        self._weather()
        for name, option in raw.get("supply", {}).items():
            self._supply(name, option)
        for name, option in {"battery": raw.get("battery", {}), **raw.get("storage", {})}.items():
            self._storage(name, option)
        for number, tranche in enumerate(raw.get("tranche", ())):
            self._tranche(number, tranche)
        for number, measure in enumerate(raw.get("measure", ())):
            self._measure(number, measure)
        if draw.american:
            raw.setdefault("finance", {})["cost_set"] = "united-states"
        if "non_firm" in raw.get("grid", {}) and not isinstance(raw["grid"].get("price_myen_per_mwh"), dict):
            raw["grid"]["price_myen_per_mwh"] = draw.series("grid.price_myen_per_mwh")
        if raw.get("grid", {}).get("flexibility_mw") and self._mends("flexibility"):
            raw["grid"].setdefault("flexibility_price_myen_per_mw_year", 10.0)
        if "cooling_storage" in raw and self._mends("chillers"):
            chillers = raw["cooling_storage"]
            for key, usual in (("chiller_cop", 5.0), ("chiller_heat_share", 0.8)):
                chillers.setdefault(key, usual)
        sections = [raw.get("grid", {}), raw.get("backup", {}), *raw.get("supply", {}).values()]
        for section in (*sections, raw.get("battery", {}), *raw.get("storage", {}).values(), raw.get("load", {})):
            for name in list(section):
                most = name.replace("min_", "max_", 1)
                if name.startswith("min_") and most in section and self._mends(name):
                    section[name] = min(section[name], section[most])
        if "load" in raw and isinstance(raw["load"].get("it_load_mw"), dict):
            raw["load"].pop("deferrable_mw", None)

    def _mends(self, what: str) -> bool:
        return self.draw.is_lucky(f"mend {what}", MENDED)

    def _weather(self) -> None:
        raw, draw = self.raw, self.draw
        if draw.has_weather:
            given = raw["weather"]
            if "wind_height_m" in given and "wind_speed_m_s" not in given:
                given["wind_speed_m_s"] = draw.year_series("weather.wind_speed_m_s", 0.0, 15.0)
            return
        raw["weather"] = {"source": "none", "years": list(draw.years)}
        cooling = raw.setdefault("cooling", {})
        cooling.setdefault("pue", draw.value(float, "cooling.pue"))
        cooling.setdefault("wue_l_per_kwh", draw.value(float, "cooling.wue_l_per_kwh"))
        raw.setdefault("grid", {}).setdefault("price_myen_per_mwh", draw.series("grid.price_myen_per_mwh"))
        if "jepx_files" in _names(raw["grid"]["price_myen_per_mwh"]):
            raw["grid"]["price_myen_per_mwh"] = draw.series("grid.price_myen_per_mwh")
        for name, option in raw.get("supply", {}).items():
            option.setdefault("availability", draw.series(f"supply.{name}.availability"))

    def _supply(self, name: str, option: dict[str, Any]) -> None:
        if name not in (*KNOWN_SUPPLY, *CATALOGUE_PLANTS) and self._mends(f"supply.{name}"):
            option.setdefault("availability", 0.95)
            option.setdefault(
                "annual_cost_myen_per_mw", self.draw.value(float, f"supply.{name}.annual_cost_myen_per_mw")
            )
            option.setdefault("life_years", 20.0)
        if name.startswith("wind_offshore") and "availability" not in option:
            option.setdefault("mean_speed_m_s", 8.0)
        if name in {"geothermal", "hydro"}:
            option.setdefault("max_mw", self.draw.value(float, f"supply.{name}.max_mw"))
            option.setdefault("availability", 0.8)
            if self.draw.american and self._mends(f"supply.{name}"):
                option.setdefault("annual_cost_myen_per_mw", 60.0)

    def _storage(self, name: str, option: dict[str, Any]) -> None:
        if not option:
            return
        ways = ("charge_efficiency", "discharge_efficiency")
        if self._mends(f"ways {name}"):
            if all(way in option for way in ways):
                option.pop("round_trip_efficiency", None)
            else:
                for way in ways:
                    option.pop(way, None)
        if name not in {"battery", *KNOWN_STORAGE} and self._mends(f"storage.{name}"):
            if "charge_efficiency" not in option:
                option.setdefault("round_trip_efficiency", 0.8)
            option.setdefault("annual_cost_myen_per_mw", 2.0)
            option.setdefault("annual_cost_myen_per_mwh", 0.3)
            option.setdefault("life_years", 15.0)
        if option.get("fade", "none") != "none" and self._mends(f"fade {name}"):
            option.setdefault("fade_per_year", 0.02)
        if option.get("min_hours", 0.0) > option.get("max_hours", np.inf):
            option["min_hours"] = option["max_hours"]

    def _tranche(self, number: int, tranche: dict[str, Any]) -> None:
        if not self._mends(f"tranche {number}"):
            return
        self._keep_one(tranche, ("it_load_mw", "gpu_hours_per_year", "tokens_per_year"), f"tranche.{number}")
        self._keep_one(tranche, ("price_myen_per_mwh", "price_myen_per_gpu_hour"), f"tranche.{number}")
        if "committed" in tranche:
            tranche["max_delay_hours"] = 0.0
        else:
            tranche.pop("reliability", None)
        if self.raw.get("load", {}).get("chip") == "none":
            for name in ("gpu_hours_per_year", "tokens_per_year", "price_myen_per_gpu_hour"):
                if tranche.pop(name, None) is not None:
                    tranche["it_load_mw" if name != "price_myen_per_gpu_hour" else "price_myen_per_mwh"] = 0.9

    def _measure(self, number: int, measure: dict[str, Any]) -> None:
        if not self._mends(f"measure {number}"):
            return
        self._keep_one(measure, ("annual_cost_myen", "capex_myen"), f"measure.{number}")
        self._keep_one(measure, ("saving_share", "saving_mw"), f"measure.{number}")
        measure.setdefault("life_years", 15.0)

    def _keep_one(self, section: dict[str, Any], names: tuple[str, ...], path: str) -> None:
        given = [name for name in names if name in section]
        if not given:
            name = names[int(self.draw.rng(f"{path} {names[0]}").integers(len(names)))]
            section[name] = self.draw.value(float, f"{path}.{name}")
        for name in given[1:]:
            del section[name]


def _sections_of(name: str) -> type[BaseModel]:
    from kiban.scenario import place, plant, procurement

    found: type[BaseModel] = next(getattr(room, name) for room in (plant, place, procurement) if hasattr(room, name))
    return found


def _first_fit(table: dict[str, Any], key: str, otherwise: Any) -> Any:
    return next((value for pattern, value in table.items() if fnmatchcase(key, pattern)), otherwise)


def _within(amounts: tuple[float, float], metadata: Any) -> tuple[float, float]:
    low, high = amounts
    for limit in metadata:
        for bound in getattr(limit, "metadata", [limit]):
            low = max(low, getattr(bound, "ge", low), getattr(bound, "gt", low))
            high = max(high, low)
            high = min(high, getattr(bound, "le", high), getattr(bound, "lt", high))
    return low, high
