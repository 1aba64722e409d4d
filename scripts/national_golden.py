"""Write the golden result of every national example: python scripts/national_golden.py [NAME ...]; review the diff."""

import json
import sys
from pathlib import Path

from kiban.national.building import build_national
from kiban.national.result.plan import NationalPlan
from kiban.scenario.examples import national_example_names
from kiban.scenario.national_file import read_national

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
DIGITS = 6


def summarise(plan: NationalPlan) -> dict[str, object]:
    """What a change of the code must not move unseen: costs and bounds, sites and their sizes, areas and flows."""

    def rounded(value: float) -> float:
        return float(f"{value:.{DIGITS}g}") if abs(value) > 1e-3 else 0.0

    gap = plan.study.national.gap
    return {
        "status": plan.status,
        "net_cost_myen_per_year": rounded(plan.net_cost_myen),
        "bound_myen_per_year": rounded(plan.bound_myen),
        "common_myen_per_year": rounded(plan.common_myen),
        "gap": gap,
        "relative_gap": rounded(plan.relative_gap),
        "candidates": len(plan.candidates),
        "served_mw": {name: [rounded(mw) for mw in served] for name, served in plan.served_mw.items()},
        "sites": {
            site.candidate.id: {
                "load_mw": {name: rounded(mw) for name, mw in site.load_mw.items()},
                "connection_mw": rounded(site.connection_mw),
                "needed": site.without_myen is None or site.without_least_myen > gap * plan.net_cost_myen,
            }
            for site in plan.sites
        },
        "areas": {area.area: rounded(area.load_mw) for area in plan.areas},
        "flows": {link.id: rounded(link.flow_mw) for link in plan.flows.links} if plan.flows is not None else {},
        "late_supply": dict(plan.late_supply),
    }


def write_golden(name: str) -> None:
    """Build one national example and write its golden file."""
    plan = build_national(read_national(FOLDER / f"{name}.toml"))
    text = json.dumps(summarise(plan), indent=2, sort_keys=True) + "\n"
    (FOLDER / f"{name}.golden.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for example in sys.argv[1:] or national_example_names():
        print(example, flush=True)
        write_golden(example)
