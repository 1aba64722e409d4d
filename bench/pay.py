"""How long `kiban pay` takes, part by part, and five instruments at equal cost.

python bench/pay.py [EXAMPLE] [--package NAME] [--budget-myen B]
"""

from __future__ import annotations

import argparse
import time

from kiban.finance import paying
from kiban.finance.comparison import equal_cost
from kiban.finance.paying import Question


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("example", nargs="?", default="tomakomai")
    parser.add_argument("--package", default="tax-credit")
    parser.add_argument("--budget-myen", type=float, help="also lay five instruments side by side at this cost")
    given = parser.parse_args()
    plans = count_plans()
    question = measure("inputs and demand", plans, lambda: Question(given.example))
    measure("without the package", plans, lambda: question.before)
    payment = measure("with the package", plans, lambda: question.pay((given.package,)))
    measure("downside", plans, lambda: question.with_downside(payment))
    if given.budget_myen is not None:
        measure("five instruments at equal cost", plans, lambda: equal_cost(question, given.budget_myen))


def count_plans() -> list[int]:
    """A counter of the plans that are made from now on."""
    made = [0]
    build = paying.build_prepared

    def counted(*arguments, **keys):
        made[0] += 1
        return build(*arguments, **keys)

    paying.build_prepared = counted
    return made


def measure(name, plans, ask):
    """Ask, and print wall time, processor time and plans."""
    wall, used, before = time.perf_counter(), time.process_time(), plans[0]
    found = ask()
    took, busy = time.perf_counter() - wall, time.process_time() - used
    print(f"{name:32}{took:8.2f} s{busy:8.2f} s of processor{plans[0] - before:5} plans", flush=True)
    return found


if __name__ == "__main__":
    main()
