"""The table of what the kernel has to reach, measured in one run: time, target, peer, agreement of the objectives.

    python bench/targets.py            all rows but the national ones (some ten minutes)
    python bench/targets.py --national also the national plan, cold and after one price (minutes more)
    python bench/targets.py --verdicts 100000   the number of random programmes; 2,000 where nothing is said

Time is the processor's in seconds unless the row says wall: the machine may be shared. Objectives are compared with
PIQP's and Clarabel's at 1e-8; where both are asked the difference is the larger one. PIQP: `pip install piqp`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from kernel import measure

from kiban.linear import solve
from kiban.linear.kernel.method import solve_kernel
from kiban.planning.building import build_prepared
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.scenario import parse_scenario
from kiban.scenario.examples import example_path

HERE = Path(__file__).resolve().parent
STORAGES = "okinawa"
FIRST_PLAN = "import kiban; kiban.build('tomakomai')"
LIMITS_MW = {
    "pv": 100, "wind_onshore": 50, "wind_offshore_fixed": 0, "wind_offshore_floating": 0, "hydro": 20, "geothermal": 15,
}  # fmt: skip
CASES = {
    "one site-year": ({"years": 1, "clean": True, "deferral": True, "plan": False}, 0.05),
    "one site-year, default plan": ({"years": 1, "clean": None, "deferral": None, "plan": True}, 0.09),
    "ten years": ({"years": 10, "clean": True, "deferral": True, "plan": False}, 1.0),
}


def print_row(name: str, value: str, target: str, agreement: str = "") -> None:
    """One line of the table."""
    print(f"| {name} | {value} | {target} | {agreement} |", flush=True)


def measure_years() -> None:
    """The kernel on one and ten years beside PIQP and Clarabel."""
    for name, (case, target_s) in CASES.items():
        base = {**case, "threads": 1 if case["years"] == 1 else 2}
        kernel = measure(base | {"solver": "kernel", "repeats": 5 if case["years"] == 1 else 3})
        peers = {
            peer: measure(base | {"solver": peer, "repeats": 1})
            for peer in ("piqp", "clarabel")
            if case["years"] == 1 or peer == "piqp"
        }
        assert kernel is not None
        objective = kernel["objective"]
        apart = [abs(peer["objective"] - objective) / abs(objective) for peer in peers.values() if peer]
        ratios = ", ".join(
            f"{peer} {found['processor_s'] / kernel['processor_s']:.1f} x" for peer, found in peers.items() if found
        )
        most = f"{max(apart):.0e}" if apart else "no peer"
        value = f"{kernel['processor_s']:.3f} s ({kernel['solve_s']:.3f} s wall), {kernel['iterations']} iterations"
        aim = f"{target_s:g} s" + (", 60 iterations" if case["years"] > 1 else ", PIQP 15 x")
        print_row(name, f"{value}; {ratios}", aim, most)


def measure_storages() -> None:
    """A year with two storages, a store of cold and cells that age, on one core, beside Clarabel."""
    preparation = prepare(parse_scenario(tomllib.loads(example_path(STORAGES).read_text(encoding="utf-8"))))
    programme = write_programme(preparation.resources_for(preparation.cooling_systems[0]))
    spent, iterations, cost = [], 0, 0.0
    for _ in range(5):
        began = time.process_time()
        answer = solve_kernel(programme, threads=1)
        spent.append(time.process_time() - began)
        assert answer.solution is not None
        assert answer.solution.certificate is not None
        iterations, cost = answer.iterations, answer.solution.certificate.primal
    began = time.process_time()
    peer = solve(programme, "clarabel").certificate
    took = time.process_time() - began
    assert peer is not None
    value = f"{min(spent):.3f} s, {iterations} iterations; clarabel {took / min(spent):.1f} x"
    print_row(f"{STORAGES}: two storages, cold, fade", value, "0.6 s", f"{abs(peer.primal - cost) / cost:.0e}")


def measure_frontier() -> None:
    """The whole command, a new process with what it imports."""
    command = (sys.executable, "-c", "from kiban.cli import main; main()", "frontier", "--json")
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - began, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    print_row("frontier of 20 points, whole command", f"{wall:.1f} s wall ({used:.1f} s of processor)", "6 s wall")


def measure_first_plan() -> None:
    """A new process that plans the default example, as the first one after an installation does: nothing is kept."""
    with tempfile.TemporaryDirectory() as home:
        surroundings = {**os.environ, "HOME": home, "KIBAN_CACHE": home}
        began = time.perf_counter()
        subprocess.run((sys.executable, "-c", FIRST_PLAN), env=surroundings, check=True)
        took = time.perf_counter() - began
    print_row("first plan of the first process", f"{took:.2f} s wall", "1.5 s")


def measure_explanation() -> None:
    """That the default example has no design within a few megawatts of each supply and a high clean share, and why."""
    raw = tomllib.loads(example_path("tomakomai").read_text(encoding="utf-8"))
    raw["target"] = {**raw.get("target", {}), "clean_share": 0.95}
    supply = raw.setdefault("supply", {})
    for name, most in LIMITS_MW.items():
        supply[name] = {**supply.get(name, {}), "max_mw": most}
    preparation = prepare(parse_scenario(raw))
    began, wall = time.process_time(), time.perf_counter()
    plan = build_prepared(preparation, solver="kernel", explain=False)
    assert plan.status == "infeasible"
    without, without_wall = time.process_time() - began, time.perf_counter() - wall
    value = f"{without:.1f} s ({without_wall:.1f} s wall), proven by the kernel alone"
    print_row("verdict of an infeasible year, two cooling systems", value, "")
    began, wall = time.process_time(), time.perf_counter()
    plan = build_prepared(preparation)
    took, took_wall = time.process_time() - began, time.perf_counter() - wall
    assert plan.infeasibility is not None
    remedies = len(plan.infeasibility.relaxations)
    value = f"{took - without:.1f} s ({took_wall - without_wall:.1f} s wall), {remedies} remedies"
    print_row("explanation of an infeasible year", value, "1 s")
    print_row("verdict and explanation", f"{took:.1f} s ({took_wall:.1f} s wall)", "2 s")


def measure_other(script: str, *arguments: str) -> str:
    """What another bench prints."""
    command = (sys.executable, str(HERE / script), *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--national", action="store_true")
    parser.add_argument("--verdicts", type=int, default=2000)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print_row("what", "here", "target", "objectives differ by")
    print_row(*["---"] * 4)
    measure_years()
    measure_storages()
    measure_first_plan()
    measure_frontier()
    measure_explanation()
    if given.national:
        found = json.loads(measure_other("japan.py", "--json"))
        for name, key, target in (("cold", "cold", 10), ("after one price", "after_one_price", 3)):
            value = f"{found[f'{key}_s']:.1f} s wall ({found[f'{key}_processor_s']:.1f} s of processor)"
            gap = found["relative_gap" if key == "cold" else "after_one_price_gap"]
            print_row(f"national plan, {name}", value, f"{target} s wall", f"proven gap {gap:.2%}")
    if (HERE / "verdicts.py").exists():
        said = measure_other("verdicts.py", "--programmes", str(given.verdicts))
        last = re.sub(r"\s+", " ", said.strip().splitlines()[-1])
        print_row(f"verdicts of {given.verdicts:,} random programmes", last, "0 wrong, 10 stalls in 100,000")


if __name__ == "__main__":
    main()
