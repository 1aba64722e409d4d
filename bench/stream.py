"""A thousand sites of ten weather years, one solve each, streamed: time, memory, and one site against a general solver.

python bench/stream.py [--sites N] [--years N] [--of N] [--tolerance T] [--peer clarabel|highs|none] [--json]

Sites are synthetic (`kernel.py`, each with weather of its own) and written as they are asked for, so that memory holds
two or three of them, however many there are. `--sites` are solved, and the time of `--of` is extrapolated from them.
Exit code 1 where a site has no proof to the tolerance, or the peer finds another cost.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator

from kernel import design, weather

from kiban.linear import Staircase, solve
from kiban.linear.batch import solve_many

PEERS = ("clarabel", "highs", "none")
DIFFERENCE = 1e-6
"""A peer's cost may differ by this share beside the tolerance."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--of", type=int, default=1000, help="sites whose time is extrapolated")
    parser.add_argument("--tolerance", type=float, default=1e-6)
    parser.add_argument("--peer", choices=PEERS, default="clarabel", help="who solves the first site too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    result = measure(given)
    print(json.dumps(result, indent=2) if given.json else describe(result))
    if result["largest_relative_gap"] > given.tolerance or result.get("difference", 0.0) > given.tolerance + DIFFERENCE:
        raise SystemExit(1)


def site(number: int, years: int) -> Staircase:
    """The programme of a site: weather, load and clean share of its own."""
    return design(years, clean=True, deferral=True, hours=weather(years, site=number))


def sites(count: int, years: int, spent: list[float]) -> Iterator[Staircase]:
    """The programmes one after the other; adds to `spent` the processor time that writing them took."""
    for number in range(count):
        begun = time.thread_time()
        programme = site(number, years)
        spent[0] += time.thread_time() - begun
        yield programme


def measure(given: argparse.Namespace) -> dict[str, float]:
    """The stream, and the first site once more by the peer."""
    written, gap, iterations, costs, fell_back = [0.0], 0.0, 0, [], 0
    begun, worked = time.perf_counter(), time.process_time()
    for number, solution in enumerate(
        solve_many(sites(given.sites, given.years, written), tolerance=given.tolerance), start=1
    ):
        certificate = solution.certificate
        gap = max(gap, certificate.relative_gap)
        iterations += certificate.iterations
        fell_back += "gave up" in certificate.solver
        costs.append(certificate.primal)
        print(f"\r{number} of {given.sites}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    took, busy = time.perf_counter() - begun, time.process_time() - worked
    result = {
        "load": os.getloadavg()[0],
        "sites": given.sites,
        "years": given.years,
        "seconds": took,
        "processor_s": busy,
        "writing_processor_s": written[0],
        "iterations": iterations / given.sites,
        "fell_back": fell_back,
        "largest_relative_gap": gap,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "of": given.of,
        "all_minutes": took / given.sites * given.of / 60.0,
        "all_processor_minutes": busy / given.sites * given.of / 60.0,
    }
    if given.peer != "none":
        programme, worked = site(0, given.years), time.process_time()
        cost = solve(programme, given.peer).certificate.primal
        result |= {"peer": given.peer, "peer_processor_s": time.process_time() - worked}
        result["ratio_processor"] = result["peer_processor_s"] / ((busy - written[0]) / given.sites)
        result["difference"] = abs(costs[0] / cost - 1.0)
    return result


def describe(result: dict[str, float]) -> str:
    """A few lines for people."""
    lines = [
        f"{result['sites']} sites of {result['years']} years: {result['seconds']:.0f} s, processor"
        f" {result['processor_s']:.0f} s ({result['writing_processor_s']:.0f} s to write them),"
        f" {result['iterations']:.0f} iterations each, {result['fell_back']} by another solver"
        f" (load {result['load']:.0f})",
        f"peak memory {result['peak_memory_mb']:.0f} MB, largest gap {result['largest_relative_gap']:.1e}",
        f"{result['of']} sites at this rate: {result['all_minutes']:.0f} minutes,"
        f" {result['all_processor_minutes']:.0f} minutes of processor",
    ]
    if "peer" in result:
        lines.append(
            f"the first site by {result['peer']}: processor {result['peer_processor_s']:.1f} s,"
            f" {result['ratio_processor']:.0f} times as long; costs differ by {result['difference']:.1e}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
