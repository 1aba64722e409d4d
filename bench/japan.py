"""How long the national plan takes: cold, after one price has changed, and as one whole model.

python bench/japan.py [STUDY] [--sites N] [--hours H] [--whole] [--json]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import resource
import sys
import time
from pathlib import Path

from kiban.catalogue import load_catalogue
from kiban.scenario.national_file import parse_national, read_national
from kiban.siting.building import build_national
from kiban.siting.search import Memory
from kiban.siting.study import write_problem

ROOT = Path(__file__).resolve().parents[1]
CHANGED = "battery.energy_capex"
CHEAPER = 0.9
MOST_SECONDS = 600
WHOLE_HOURS = (168, 672, 1344, 2688, 8760)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default=str(ROOT / "scenarios" / "japan.toml"))
    parser.add_argument("--sites", type=int, help="only the first sites of the catalogue")
    parser.add_argument("--hours", type=int, help="hours of a window; absent means the full year")
    parser.add_argument("--whole", action="store_true", help="also solve one whole model of three sites, ever longer")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    result = measure(given)
    if given.whole:
        result["whole"] = measure_whole()
    print(json.dumps(result, indent=2) if given.json else describe(result))


def measure(given: argparse.Namespace) -> dict[str, object]:
    study = read_national(given.study)
    head = study.national.model_dump()
    if given.sites is not None:
        head["sites"] = tuple(list(load_catalogue().sites)[: given.sites])
    if given.hours is not None:
        head["hours"] = given.hours
    study = study.changed(national=type(study.national)(**head), risk=None)
    memory = Memory()
    begun = time.perf_counter()
    plan = build_national(study, memory=memory, report=lambda text: print(text, file=sys.stderr))
    cold_s = time.perf_counter() - begun
    price = load_catalogue().value(CHANGED) * CHEAPER
    begun = time.perf_counter()
    again = build_national(study.changed(assumptions={**study.assumptions, CHANGED: price}), memory=memory)
    again_s = time.perf_counter() - begun
    return {
        "study": study.national.name,
        "sites": len(plan.candidates),
        "status": plan.status,
        "cost_myen_per_year": plan.cost_myen,
        "relative_gap": plan.relative_gap,
        "cold_s": cold_s,
        "solves": plan.solves,
        "rounds": plan.rounds,
        "after_one_price_s": again_s,
        "after_one_price_solves": again.solves,
        "after_one_price_gap": again.relative_gap,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure_whole() -> list[dict[str, float]]:
    """One whole model of three sites in HiGHS, for as many hours as it finishes in ten minutes; and the search."""
    rows = []
    for hours in WHOLE_HOURS:
        answer: multiprocessing.Queue[tuple[float, float]] = multiprocessing.Queue()
        process = multiprocessing.Process(target=_solve_whole, args=(hours, answer))
        process.start()
        process.join(MOST_SECONDS)
        if process.is_alive():
            process.terminate()
            process.join()
            rows.append({"hours": hours, "whole_s": float("inf")})
            break
        cost, seconds = answer.get()
        begun = time.perf_counter()
        plan = build_national(_three_sites(hours))
        ours = time.perf_counter() - begun
        rows.append(
            {"hours": hours, "whole_s": seconds, "search_s": ours, "difference": abs(plan.cost_myen / cost - 1)}
        )
    return rows


def _oracle():
    path = ROOT / "tests" / "oracles" / "test_siting_monolith.py"
    specification = importlib.util.spec_from_file_location("test_siting_monolith", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _three_sites(hours: int):
    raw = _oracle().STUDY
    head = {**raw["national"], "hours": hours, "first_hour": 0, "gap": 1e-4}
    return parse_national({**raw, "national": head})


def _solve_whole(hours: int, answer) -> None:
    problem, _ = write_problem(_three_sites(hours), load_catalogue())
    begun = time.perf_counter()
    cost, _ = _oracle().monolith(problem)
    answer.put((cost, time.perf_counter() - begun))


def describe(result: dict[str, object]) -> str:
    """A table for people."""
    lines = [
        f"{result['study']}: {result['sites']} sites, {result['status']}, gap {result['relative_gap']:.2%}",
        f"cold                {result['cold_s']:8.1f} s"
        f"   {result['solves']} site programmes, {result['rounds']} rounds",
        f"after one price     {result['after_one_price_s']:8.1f} s"
        f"   {result['after_one_price_solves']} site programmes, gap {result['after_one_price_gap']:.2%}",
        f"peak memory         {result['peak_memory_mb']:8.0f} MB",
    ]
    for row in result.get("whole", []):
        if "search_s" in row:
            lines.append(
                f"three sites, {row['hours']:5d} h: one model {row['whole_s']:7.1f} s,"
                f" the search {row['search_s']:6.1f} s, costs differ by {row['difference']:.1e}"
            )
        else:
            lines.append(f"three sites, {row['hours']:5d} h: one model not finished in {MOST_SECONDS} s")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
