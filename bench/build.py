"""How long one plan takes, how large its programme is, and the same problem in PyPSA with HiGHS.

python bench/build.py [EXAMPLE] [--hours N] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys

from comparison import SCENARIOS, Comparison, compare

from kiban.calendar import HOURS_PER_YEAR


def main() -> None:
    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("example", nargs="?", default="tomakomai", choices=names)
    parser.add_argument("--hours", type=int, help="hours of a window; absent means the full year")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    if given.hours is not None and not 1 <= given.hours <= HOURS_PER_YEAR:
        parser.error(f"--hours is {given.hours}; it must be between 1 and {HOURS_PER_YEAR}")
    result = compare(given.example, given.hours, lambda text: print(text, file=sys.stderr))
    print(json.dumps(result.as_json(), indent=2) if given.json else describe(result))


def describe(result: Comparison) -> str:
    """A table for people."""
    ours, theirs = result.kiban, result.pypsa
    lines = [
        f"{result.scenario}, {result.hours} steps, {ours.cooling_system.replace('_', ' ')}",
        f"{'':16}{'kiban':>14}{'PyPSA, HiGHS':>16}",
        f"{'write':16}{ours.write_s:>12.3f} s{theirs.write_s:>14.3f} s",
        f"{'solve':16}{ours.solve_s:>12.3f} s{theirs.solve_s:>14.3f} s",
        f"{'rows':16}{ours.rows:>14,}{theirs.rows:>16,}",
        f"{'columns':16}{ours.columns:>14,}{theirs.columns:>16,}",
        f"{'non-zeros':16}{ours.non_zeros:>14,}{theirs.non_zeros:>16,}",
        f"{'peak memory':16}{ours.peak_memory_mb:>11.0f} MB{theirs.peak_memory_mb:>13.0f} MB",
        f"{'cost, myen/year':16}{ours.objective_myen:>14,.3f}{theirs.objective_myen:>16,.3f}",
        f"PyPSA with HiGHS takes {result.ratio:.1f} times as long; costs agree to {result.objective_difference:.1e}, "
        f"capacities to {result.capacity_difference:.1e} MW",
    ]
    if ours.whole_plan_s is not None:
        lines.append(f"whole plan (inputs, every cooling system, results): {ours.whole_plan_s:.2f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
