"""How long the national plan takes: cold, after one price has changed, and as one whole model.

python bench/japan.py [STUDY] [--sites N] [--hours H] [--whole | --whole-only] [--json]
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
from kiban.national.building import build_national
from kiban.national.search.cut_pool import CutPool
from kiban.national.study.assembly import write_problem
from kiban.scenario.national_file import parse_national, read_national

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
    parser.add_argument("--whole", action="store_true", help="also solve one PyPSA model of three sites, ever longer")
    parser.add_argument("--whole-only", action="store_true", help="nothing but the whole models")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    result = {} if given.whole_only else measure(given)
    if given.whole or given.whole_only:
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
    pool = CutPool()
    begun, worked = time.perf_counter(), time.process_time()
    plan = build_national(study, pool=pool, report=lambda text: print(text, file=sys.stderr))
    cold_s, cold_cpu_s = time.perf_counter() - begun, time.process_time() - worked
    price = load_catalogue().value(CHANGED) * CHEAPER
    begun, worked = time.perf_counter(), time.process_time()
    again = build_national(study.changed(assumptions={**study.assumptions, CHANGED: price}), pool=pool)
    again_s, again_cpu_s = time.perf_counter() - begun, time.process_time() - worked
    return {
        "study": study.national.name,
        "sites": len(plan.candidates),
        "status": plan.status,
        "cost_myen_per_year": plan.cost_myen,
        "relative_gap": plan.relative_gap,
        "cold_s": cold_s,
        "cold_processor_s": cold_cpu_s,
        "solves": plan.solves,
        "rounds": plan.rounds,
        "after_one_price_s": again_s,
        "after_one_price_processor_s": again_cpu_s,
        "after_one_price_solves": again.solves,
        "after_one_price_gap": again.relative_gap,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure_whole() -> list[dict[str, float]]:
    """One whole PyPSA model of three sites in HiGHS, ever longer, to ten minutes of processor; and the search."""
    rows = []
    for hours in WHOLE_HOURS:
        print(f"one whole model over {hours} h", file=sys.stderr)
        answer: multiprocessing.Queue[tuple[float, float, float]] = multiprocessing.Queue()
        process = multiprocessing.Process(target=_solve_whole, args=(hours, answer))
        process.start()
        process.join()
        if process.exitcode:
            rows.append({"hours": hours})
            break
        cost, wall_s, processor_s = answer.get()
        begun, used = time.perf_counter(), time.process_time()
        plan = build_national(_three_sites(hours))
        rows.append(
            {
                "hours": hours,
                "whole_s": wall_s,
                "whole_processor_s": processor_s,
                "search_s": time.perf_counter() - begun,
                "search_processor_s": time.process_time() - used,
                "difference": abs(plan.cost_myen / cost - 1),
            }
        )
    return rows


def _oracle():
    path = ROOT / "tests" / "oracles" / "test_national_monolith.py"
    specification = importlib.util.spec_from_file_location("test_national_monolith", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _three_sites(hours: int):
    raw = _oracle().STUDY
    head = {**raw["national"], "hours": hours, "first_hour": 0, "gap": 1e-4}
    return parse_national({**raw, "national": head})


def _solve_whole(hours: int, answer) -> None:
    from whole_pypsa import solve_whole

    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    problem, _ = write_problem(_three_sites(hours), load_catalogue())
    begun, used = time.perf_counter(), time.process_time()
    cost, _ = solve_whole(problem)
    answer.put((cost, time.perf_counter() - begun, time.process_time() - used))


def describe(result: dict[str, object]) -> str:
    """A table for people."""
    lines = (
        []
        if "study" not in result
        else [
            f"{result['study']}: {result['sites']} sites, {result['status']}, gap {result['relative_gap']:.2%}",
            f"cold                {result['cold_s']:8.1f} s, processor {result['cold_processor_s']:6.1f} s"
            f"   {result['solves']} site programmes, {result['rounds']} rounds",
            f"after one price     {result['after_one_price_s']:8.1f} s,"
            f" processor {result['after_one_price_processor_s']:6.1f} s"
            f"   {result['after_one_price_solves']} site programmes, gap {result['after_one_price_gap']:.2%}",
            f"peak memory         {result['peak_memory_mb']:8.0f} MB",
        ]
    )
    for row in result.get("whole", []):
        if "search_s" in row:
            lines.append(
                f"three sites, {row['hours']:5d} h: PyPSA {row['whole_s']:7.1f} s ({row['whole_processor_s']:.1f} s of"
                f" processor), the search {row['search_s']:6.1f} s ({row['search_processor_s']:.1f} s),"
                f" costs differ by {row['difference']:.1e}"
            )
        else:
            lines.append(f"three sites, {row['hours']:5d} h: PyPSA not finished in {MOST_SECONDS} s of processor")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
