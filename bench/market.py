"""How near the market model comes to prices that were, beside three peers; and its fit.

python bench/market.py --real FOLDER --from 2023-10-01 --to 2023-12-31 [--refit MONTHS] [--json]
python bench/market.py --real FOLDER --from 2023-04-01 --to 2023-09-30 --fit [--keep]

Both days are included. FOLDER holds files as `kiban.market.readings.folder` names them. A period that shares a day with
that of the committed fit is refused, unless it is fitted to. `--refit` moves a level and a must-run factor on so many
months before the period.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from kiban.catalogue import load_catalogue
from kiban.errors import InputError, WeatherError
from kiban.market.areas import MARKET_AREAS
from kiban.market.backcast import prepare
from kiban.market.calibration import load_fitted_ties
from kiban.market.fleet import load_fleet
from kiban.market.judging import (
    DAY_BEFORE,
    MODEL,
    ONE_NODE,
    WEEK_BEFORE,
    Judgement,
    check_judged,
    judge,
    load_fit_record,
    refit_level,
    with_level,
)
from kiban.market.offers import load_offers
from kiban.market.readings.folder import PRICES, day_of, read_folder
from kiban.market.storages import load_storages
from kiban.market.trials import fit_whole
from kiban.weather.jepx import read_days

TABLES = Path(__file__).resolve().parents[1] / "src" / "kiban"
PEERS = (DAY_BEFORE, WEEK_BEFORE, ONE_NODE)
CONTRACT = ("mae_yen_per_kwh", "correlation", "bias_yen_per_kwh", "floor_hours", "floor_hours_actual")
LEVELS, MUST_RUNS = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3), (0.6, 0.8, 1.0, 1.2)
FOLLOWING_DAYS = 92
"""A period that begins within so many days after the fit is the quarter that follows it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, metavar="FOLDER", help="folder of real hours")
    parser.add_argument("--from", required=True, dest="first", metavar="DAY")
    parser.add_argument("--to", required=True, dest="last", metavar="DAY")
    parser.add_argument(
        "--refit", type=int, default=0, metavar="MONTHS", help="refit level and must-run on months before"
    )
    parser.add_argument("--fit", action="store_true", help="fit all parameters to the period instead of judging it")
    parser.add_argument("--keep", action="store_true", help="write what was fitted into the catalogue")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    try:
        result = run_fit(given) if given.fit else run_judge(given)
    except InputError as error:
        print("\n".join(str(error).splitlines()), file=sys.stderr)
        return error.exit_code
    print(json.dumps(result, indent=2, ensure_ascii=False) if given.json else describe(result))
    return 0


def run_judge(given: argparse.Namespace) -> dict[str, Any]:
    first, last = day_of(given.first), day_of(given.last)
    record = load_fit_record()
    check_judged(first, last, record)
    catalogue = load_catalogue()
    fleet, storages, offers, ties = (
        load_fleet(catalogue),
        load_storages(catalogue),
        load_offers(catalogue),
        load_fitted_ties(catalogue),
    )
    observed = read_folder(given.real, first, last + timedelta(days=1))
    factors = (1.0, 1.0)
    if given.refit:
        before = read_folder(given.real, months_before(first, given.refit), first)
        factors = refit_level(prepare(before, fleet, storages, catalogue), offers, ties, LEVELS, MUST_RUNS)
        offers = with_level(offers, *factors)
    begun = time.perf_counter()
    setting = prepare(observed, fleet, storages, catalogue)
    found = judge(setting, offers, ties, prices_before(given.real, first))
    return {
        "from": str(first),
        "to": str(last),
        "hours": len(setting.observed.start),
        "fit": {"first": str(record.first), "last": str(record.last), "fitted": str(record.fitted)},
        "refit": {"months": given.refit, "level": factors[0], "must_run": factors[1]},
        "seconds": time.perf_counter() - begun,
        "areas": [
            {
                "id": area,
                **contract(found, MODEL, number),
                "daily_spread_yen_per_kwh": found.areas[MODEL][number].daily_spread_yen_per_kwh,
                "daily_spread_actual_yen_per_kwh": found.areas[MODEL][number].daily_spread_actual_yen_per_kwh,
                "peers": {peer: contract(found, peer, number) for peer in peers_of(found)},
            }
            for number, area in enumerate(MARKET_AREAS)
        ],
        "means": {
            name: {measure: found.mean(name, measure) for measure in CONTRACT} for name in (MODEL, *peers_of(found))
        },
        "slopes": [asdict(one) for one in found.slopes],
        "splits": [asdict(one) for one in found.splits],
        "flows": [asdict(one) for one in found.flows],
        "curtailed_gwh": found.curtailed_mwh / 1e3,
        "curtailed_actual_gwh": found.curtailed_actual_mwh / 1e3,
        "targets": targets(found, follows=0 < (first - record.last).days <= FOLLOWING_DAYS),
        "wishes": wishes(found),
        "notes": [str(note) for note in setting.observed.notes],
    }


def contract(found: Judgement, name: str, number: int) -> dict[str, float]:
    return {measure: getattr(found.areas[name][number], measure) for measure in CONTRACT}


def peers_of(found: Judgement) -> list[str]:
    """The peers that know prices of the period."""
    return [peer for peer in PEERS if peer in found.areas]


def targets(found: Judgement, *, follows: bool) -> list[dict[str, Any]]:
    """What is asked of means of areas and whether it is reached: of the quarter after the fit, or another time."""
    if not follows:
        return [target("correlation", found.mean(MODEL, "correlation"), 0.70, more=True)]
    spread = found.mean(MODEL, "daily_spread_yen_per_kwh") / found.mean(MODEL, "daily_spread_actual_yen_per_kwh") - 1.0
    return [
        target("mae_yen_per_kwh", found.mean(MODEL, "mae_yen_per_kwh"), 2.3),
        target("correlation", found.mean(MODEL, "correlation"), 0.76, more=True),
        target("bias_yen_per_kwh", abs(found.mean(MODEL, "bias_yen_per_kwh")), 1.0),
        target("daily_spread", abs(spread), 0.20),
        *(
            target(f"slope {s.region}", abs(s.yen_per_kwh_per_gw / s.actual_yen_per_kwh_per_gw - 1.0), 0.25)
            for s in found.slopes
        ),
    ]


def wishes(found: Judgement) -> list[dict[str, Any]]:
    """What is wished for beyond the targets, and beyond that: printed, and asked of no period."""
    floor, floor_actual = (found.mean(MODEL, name) for name in ("floor_hours", "floor_hours_actual"))
    return [
        target("mae_yen_per_kwh, wish", found.mean(MODEL, "mae_yen_per_kwh"), 2.0),
        target("correlation, wish", found.mean(MODEL, "correlation"), 0.80, more=True),
        target("mae_yen_per_kwh, moonshot", found.mean(MODEL, "mae_yen_per_kwh"), 1.7),
        target("correlation, moonshot", found.mean(MODEL, "correlation"), 0.88, more=True),
        target("lowest correlation of a tie's flow, moonshot", min(f.correlation for f in found.flows), 0.8, more=True),
        target("curtailment off by, moonshot", off_by(found.curtailed_mwh, found.curtailed_actual_mwh), 0.2),
        target("hours at the floor off by, moonshot", off_by(floor, floor_actual), 0.2),
    ]


def off_by(value: float, actual: float) -> float | None:
    """Difference over the actual value; None where that is zero, so that nothing is known of it."""
    return abs(value / actual - 1.0) if actual else None


def target(name: str, value: float | None, limit: float, *, more: bool = False) -> dict[str, Any]:
    reached = value is not None and (value >= limit if more else value <= limit)
    return {"name": name, "value": value, "limit": limit, "reached": reached}


def months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def prices_before(folder: str, first: date) -> tuple[Any, Any] | None:
    """Hours and prices of the week before, where the folder holds them."""
    begin = first - timedelta(days=7)
    paths = sorted(Path(folder).glob(PRICES))
    try:
        halves = np.stack([read_days(paths, area, begin, first) for area in MARKET_AREAS], axis=1)
    except WeatherError:
        return None
    return np.arange(np.datetime64(begin, "h"), np.datetime64(first, "h")), halves.reshape(
        -1, 2, len(MARKET_AREAS)
    ).mean(1)


def run_fit(given: argparse.Namespace) -> dict[str, Any]:
    first, last = day_of(given.first), day_of(given.last)
    catalogue = load_catalogue()
    observed = read_folder(given.real, first, last + timedelta(days=1))
    begun, worked = time.perf_counter(), time.process_time()
    found = fit_whole(observed, catalogue, report=lambda text: print(text, file=sys.stderr, flush=True))
    result = {
        "first": str(first),
        "last": str(last),
        "seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - worked,
        "loss": found.loss,
        "rows": found.rows,
    }
    if given.keep:
        keep(found.rows, first, last)
    return result


def keep(rows: dict[str, float], first: date, last: date) -> None:
    """The fitted values in the catalogue's table, and the days of the fit beside the market."""
    path = TABLES / "catalogue" / "tables" / "market.csv"
    table = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for row in table:
        if row["id"] in rows:
            row["value"] = f"{rows[row['id']]:.4g}"
            row["source"] = "market-fit"
            row["note"] = f"fitted to prices from {first} to {last}"
            row["note"] += "; the range is where a fit may look"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    path.write_text(text.getvalue(), encoding="utf-8")
    record = TABLES / "market" / "fit.toml"
    days = {"first": first, "last": last, "fitted": date.today()}
    lines = record.read_text(encoding="utf-8").splitlines()
    changed = [next((f"{k} = {v}" for k, v in days.items() if line.startswith(f"{k} =")), line) for line in lines]
    record.write_text("\n".join(changed) + "\n", encoding="utf-8")


def describe(result: dict[str, Any]) -> str:
    if "rows" in result:
        rows = [f"{name:45s} {value:10.4g}" for name, value in result["rows"].items()]
        return "\n".join([*rows, f"{result['seconds']:.0f} s, processor {result['processor_seconds']:.0f} s"])
    fitted = result["fit"]
    lines = [
        f"{result['from']} to {result['to']}, {result['hours']} hours, fitted to {fitted['first']} to {fitted['last']}",
        "yen/kWh: mean error, correlation, bias, hours below 1 yen modelled:actual",
    ]
    lines += [row(area["id"], {MODEL: area, **area["peers"]}) for area in result["areas"]]
    lines.append(row("mean", result["means"]))
    lines += [
        f"slope of {s['area']} on the net load of {s['region']}: {s['yen_per_kwh_per_gw']:.2f} yen/kWh per GW, actual "
        f"{s['actual_yen_per_kwh_per_gw']:.2f}"
        for s in result["slopes"]
    ]
    lines += [
        f"{s['first']}-{s['second']} split in {s['share']:.2f} of hours, actual {s['share_actual']:.2f}"
        for s in result["splits"]
    ]
    lines += [
        f"flow {f['tie']}: correlation {f['correlation']:.2f}, mean error {f['mae_mw']:.0f} MW" for f in result["flows"]
    ]
    lines.append(f"curtailed {result['curtailed_gwh']:.0f} GWh, actual {result['curtailed_actual_gwh']:.0f}")
    lines += [
        f"{'reached' if t['reached'] else 'NOT REACHED'}: {t['name']} "
        f"{'not known' if t['value'] is None else format(t['value'], '.3f')}, {word} {t['limit']}"
        for word, kind in (("asked", "targets"), ("wished", "wishes"))
        for t in result[kind]
    ]
    return "\n".join([*lines, *result["notes"]])


def row(name: str, candidates: dict[str, dict[str, float]]) -> str:
    parts = [
        f"{key} {c['mae_yen_per_kwh']:.2f} {c['correlation']:.2f} {c['bias_yen_per_kwh']:+.2f} "
        f"{c['floor_hours']:.0f}:{c['floor_hours_actual']:.0f}"
        for key, c in candidates.items()
        if key in {MODEL, *PEERS}
    ]
    return f"{name:9s} " + " | ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
