"""Every example over its full year against PyPSA with HiGHS: exit code 1 where the costs differ by 1e-6.

python bench/oracles.py [EXAMPLE ...] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys

from build import describe
from comparison import SCENARIOS, compare

ALLOWED = 1e-6


def main() -> None:
    names = sorted(path.stem for path in SCENARIOS.glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("examples", nargs="*", metavar="EXAMPLE", help=f"of {', '.join(names)}; absent means all")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    given = parser.parse_args()
    unknown = [name for name in given.examples if name not in names]
    if unknown:
        parser.error(f"unknown example {', '.join(unknown)}; known are {', '.join(names)}")
    results = []
    for name in given.examples or names:
        result = compare(name, None, lambda text: print(text, file=sys.stderr))
        results.append(result)
        if not given.json:
            print(describe(result), end="\n\n", flush=True)
    if given.json:
        print(json.dumps([result.as_json() for result in results], indent=2))
    apart = [result.scenario for result in results if not result.objective_difference <= ALLOWED]
    if apart:
        print(f"costs differ by more than {ALLOWED:g}: {', '.join(apart)}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
