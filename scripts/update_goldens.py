"""Write the golden result of every example: python scripts/update_goldens.py [NAME ...]; review the diff."""

import json
import sys
from pathlib import Path

from kiban.planning import build
from kiban.planning.plan import Plan
from kiban.scenario import read_scenario

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
DIGITS = 7


def summarise(plan: Plan) -> dict[str, object]:
    """The figures of a plan that a change of the code must not move unseen, to seven digits."""

    def rounded(figures):
        return {name: float(f"{value:.{DIGITS}g}") for name, value in figures.items()}

    return {
        "status": plan.status,
        "cooling_system": plan.cooling_system,
        "cost_myen_per_year": float(f"{plan.cost_myen_per_year:.{DIGITS}g}"),
        "capacities": rounded(plan.capacities),
        "costs": rounded(plan.costs),
        "indicators": rounded(plan.indicators),
        "worths": rounded({worth.name: worth.saving_myen for worth in plan.worths}),
    }


def write_golden(name: str) -> None:
    """Build one example and write its golden file."""
    plan = build(read_scenario(FOLDER / f"{name}.toml"))
    text = json.dumps(summarise(plan), indent=2, sort_keys=True) + "\n"
    (FOLDER / f"{name}.golden.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for example in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.toml")):
        print(example, flush=True)
        write_golden(example)
