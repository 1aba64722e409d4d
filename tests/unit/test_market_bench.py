"""The bench on real hours: its contract, its refusals, and what it keeps of a fit."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from kiban.market.areas import MARKET_AREAS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("北海道", "東北", "東京", "中部", "北陸", "関西", "中国", "四国", "九州")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("market_bench", ROOT / "bench" / "market.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine days of October 2023 in the layout of real hours, made up, with prices that follow thermal output."""
    place = tmp_path_factory.mktemp("real")
    start = np.arange("2023-10-01", "2023-10-10", dtype="datetime64[h]")
    random = np.random.default_rng(7)
    hour = np.arange(len(start)) % 24
    wave = np.sin((hour - 9) / 24 * 2 * np.pi)
    sun = np.maximum(np.cos((hour - 12) / 12 * np.pi), 0.0)
    parts, prices = [], {}
    for number, area in enumerate(MARKET_AREAS):
        size = 2_000.0 + 900.0 * number
        demand = size * (1.0 + 0.2 * wave) + 50.0 * random.standard_normal(len(start))
        solar = 0.3 * size * sun
        prices[area] = 8.0 + 6.0 * wave - 4.0 * sun + number / 10.0
        if area == "tokyo":
            tokyo = pd.DataFrame({"start": start, "demand_mw": 12.0 * demand, "solar_mw": 12.0 * solar})
            tokyo.astype({"start": "datetime64[us]"}).to_parquet(place / "tepco_tokyo_hourly_2023.parquet")
            continue
        zero = np.zeros(len(start))
        columns = {"nuclear": 0.1 * size + zero, "hydro": 0.1 * size + zero, "geothermal": zero, "biomass": 10.0 + zero,
                   "solar": solar, "solar_curtailed": zero, "wind": zero, "wind_curtailed": zero,
                   "pumped": -20.0 + zero, "tie_in": 30.0 + zero}  # fmt: skip
        columns["thermal"] = demand - sum(v for name, v in columns.items() if "curtailed" not in name)
        rows = {f"{name}_mwh": values for name, values in {"demand": demand, **columns}.items()}
        parts.append(pd.DataFrame({"start": start, "area": area, **rows}).astype({"start": "datetime64[us]"}))
    pd.concat(parts).to_parquet(place / "area_supply_demand_2023.parquet")
    lines = ["受渡日,時刻コード," + ",".join(f"エリアプライス{name}(円/kWh)" for name in NAMES)]
    for half in range(2 * len(start)):
        day = str(start[half // 2])[:10].replace("-", "/")
        row = ",".join(f"{prices[area][half // 2]:.2f}" for area in MARKET_AREAS)
        lines.append(f"{day},{half % 48 + 1},{row}")
    (place / "jepx_spot_summary_2023.csv").write_text("\n".join(lines), encoding="utf-8")
    return place


def run(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["market.py", *map(str, arguments)])
    code: int = bench.main()
    return code


def test_the_contract_of_json(
    bench: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ("--from", "2023-10-08", "--to", "2023-10-09")
    assert run(bench, monkeypatch, "--real", folder, *days, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [area["id"] for area in found["areas"]] == list(MARKET_AREAS)
    assert found["hours"] == 48
    contract = {"mae_yen_per_kwh", "correlation", "bias_yen_per_kwh", "floor_hours", "floor_hours_actual"}
    for area in found["areas"]:
        assert contract <= set(area)
        assert set(area["peers"]) == {"day_before", "week_before", "one_node"}
        assert all(set(peer) == contract for peer in area["peers"].values())
        assert area["peers"]["week_before"]["mae_yen_per_kwh"] == pytest.approx(0.0)  # prices repeat by day
    assert {target["name"] for target in found["targets"]} >= {"mae_yen_per_kwh", "correlation", "slope 50 Hz"}
    wishes = {wish["name"]: wish for wish in found["wishes"]}
    assert wishes["lowest correlation of a tie's flow, moonshot"]["value"] == min(
        f["correlation"] for f in found["flows"]
    )
    assert wishes["curtailment off by, moonshot"] == {
        "name": "curtailment off by, moonshot", "value": None, "limit": 0.2, "reached": False,
    }  # fmt: skip
    assert wishes["mae_yen_per_kwh, wish"]["value"] == found["means"]["model"]["mae_yen_per_kwh"]
    said = bench.describe(found)
    assert "NOT REACHED" in said
    assert "curtailment off by, moonshot not known, wished 0.2" in said
    assert "mean      model" in said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (("2023-09-01", "2023-10-02"), "were fitted to, 2023-04-01 to 2023-09-30; choose days before or after them"),
        (("2023-10-09", "2023-10-08"), "to is 2023-10-08, which is before 2023-10-09"),
        (("2023-10-08", "2024-10-08"), "does not hold the hours from 2023-10-08 to 2024-10-09"),
        (("yesterday", "2023-10-08"), "is 'yesterday', not a day"),
    ],
)
def test_one_sentence_and_exit_code_2(
    bench: ModuleType,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    days: tuple[str, str],
    said: str,
) -> None:
    assert run(bench, monkeypatch, "--real", folder, "--from", days[0], "--to", days[1]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_months_before_and_targets_of_another_time(bench: ModuleType) -> None:
    assert bench.months_before(date(2023, 1, 1), 2) == date(2022, 11, 1)
    assert bench.target("a", 0.7, 0.7, more=True)["reached"]
    assert not bench.target("a", 2.4, 2.3)["reached"]
    assert (bench.off_by(8.0, 10.0), bench.off_by(1.0, 0.0)) == (pytest.approx(0.2), None)


def test_what_is_fitted_can_be_kept(bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("catalogue/tables/market.csv", "market/fit.toml"):
        copy = tmp_path / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((bench.TABLES / part).read_bytes())
    before = (tmp_path / "catalogue/tables/market.csv").read_text("utf-8").splitlines()
    monkeypatch.setattr(bench, "TABLES", tmp_path)
    bench.keep({"market.offer.peak_share": 0.123456}, date(2022, 4, 1), date(2022, 9, 30))
    after = (tmp_path / "catalogue/tables/market.csv").read_text("utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert ",0.1235,0,0.5,share," in changed[0][1]
    assert "fitted to prices from 2022-04-01 to 2022-09-30" in changed[0][1]
    assert "first = 2022-04-01\nlast = 2022-09-30" in (tmp_path / "market/fit.toml").read_text("utf-8")
