"""Write the golden result of every example: python scripts/update_goldens.py [NAME ...]; review the diff.

`tomakomai.pay` is what the packages of policies do to the default example, `tomakomai.pay.PART` one part of it;
`tomakomai.run` is how it runs.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kiban.finance.compared import instrument_rows
from kiban.finance.comparison import INSTRUMENTS, Instrument, equal_cost, least_public_money
from kiban.finance.joint_draws import with_draws
from kiban.finance.paying import Question
from kiban.finance.payment import Payment
from kiban.planning import build
from kiban.planning.plan import Plan
from kiban.policy.package_terms import ORDINARY_PACKAGES
from kiban.report.payment.figures import instrument_documents
from kiban.scenario import read_scenario
from kiban.scenario.examples import example_names, national_example_names
from kiban.scenario.package import package_names

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
DIGITS = 7
PAY_EXAMPLE = "tomakomai"
PAY_FILE = f"{PAY_EXAMPLE}.pay.golden.json"
RUN_FILE = f"{PAY_EXAMPLE}.run.golden.json"
WINDOWS_H = (24, 48, 168)
FLEXIBILITY = ("offered_mw", "value_myen_per_year", "mean_reduction_mw", "cost_myen_per_mwh", "answered_share")
SMALL_BUDGET_MYEN = 30_000.0
"""Within reach of special depreciation and of relief from property tax."""
LARGE_BUDGET_MYEN = 300_000.0
AIM_MW = 10.0
DRAWS = 1000
SWINGS = 8
"""Rows of the tornado that a page shows."""
ELASTICITIES = (0.5, 1.0, 2.0, 4.0, 6.0)
Figures = dict[str, object]


def summarise(plan: Plan) -> dict[str, object]:
    """The figures of a plan that a change of the code must not move unseen, to seven digits."""

    def rounded(figures):
        return {name: float(f"{value:.{DIGITS}g}") for name, value in figures.items()}

    beside = None if plan.bought is None else plan.bought.behind_meter
    compared = {} if beside is None else {"behind_meter": round_all(dataclasses.asdict(beside))}
    return {
        **compared,
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


def round_all(value: object) -> object:
    """The same with every number to seven digits."""
    if isinstance(value, Mapping):
        return {key: round_all(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [round_all(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(f"{value:.{DIGITS}g}") if abs(value) > 1e-6 else 0.0


def summarise_payment(payment: Payment) -> Figures:
    """What the documentation says about one package."""
    support, before, after = payment.support, payment.before, payment.after
    figures: Figures = {
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "treasury_value_myen": payment.treasury_value_myen,
        "support_myen": support.total_myen,
        "windfall_myen": support.windfall_myen,
        "induced_myen": support.induced_myen,
        "distortion_myen": support.distortion_myen,
        "windfall_share": support.windfall_share,
        "induced_it_mw": payment.induced_it_mw,
        "cost_per_induced_mw_myen": payment.cost_per_induced_mw_myen,
        "value_of_public_funds": payment.value_of_public_funds,
        "clean_share": after.plan.indicators["clean_share"],
        "yen_per_gpu_hour": after.levelised.yen_per_gpu_hour,
        "yen_per_gpu_hour_without": before.levelised.yen_per_gpu_hour,
        "equity_irr": after.returns.equity_irr,
        "equity_irr_without": before.returns.equity_irr,
        "residual_yen": after.ledger.residual_yen,
        "emissions_change_t_per_year": after.damage.emissions_t_per_year - before.damage.emissions_t_per_year,
        "damage_change_myen": payment.damage_myen,
        "chip_tax_rate": after.effective_tax_rates["chips"],
        "chip_tax_rate_without": before.effective_tax_rates["chips"],
        "change_myen": dict(payment.party_values_myen),
        "gains_myen": payment.gains_myen,
        "equity_gain": dataclasses.asdict(payment.equity_gain),
        "discount_rate": payment.participation.discount_rate,
    }
    return figures


def by_instrument(found: tuple[Instrument, ...]) -> Figures:
    """A comparison as a mapping from the instrument's name, with `_` for `-`, without what follows from a figure."""
    rows = [dict(row) for row in instrument_documents(instrument_rows(found))]
    for row in rows:
        del row["induced_range_mw"]
    return {str(row.pop("package")).replace("-", "_"): row for row in rows}


def pay_packages(question: Question) -> Figures:
    """All packages that come with kiban and can be used in Japan."""
    # A country's tax law alone is what packages are held against, and no policy.
    left_out = {*ORDINARY_PACKAGES.values(), "us-current"}
    named = [name for name in package_names() if name not in left_out]
    return {name.replace("-", "_"): summarise_payment(question.pay((name,))) for name in named}


def pay_equal_cost(question: Question, names: tuple[str, ...] = INSTRUMENTS) -> Figures:
    """The five instruments at a cost that all of them can reach."""
    return {"budget_myen": SMALL_BUDGET_MYEN, **by_instrument(equal_cost(question, SMALL_BUDGET_MYEN, names))}


def pay_equal_cost_large(question: Question, names: tuple[str, ...] = INSTRUMENTS) -> Figures:
    """The same at ten times the cost."""
    return {"budget_myen": LARGE_BUDGET_MYEN, **by_instrument(equal_cost(question, LARGE_BUDGET_MYEN, names))}


def pay_least(question: Question, names: tuple[str, ...] = INSTRUMENTS) -> Figures:
    """The least public money that induces an aim, by instrument."""
    return {"aim_mw": AIM_MW, **by_instrument(least_public_money(question, "induced_it_mw", AIM_MW, names))}


def pay_elasticity(question: Question, elasticities: tuple[float, ...] = ELASTICITIES) -> Figures:
    """The tax credit over the range of the elasticity of demand."""
    found: Figures = {}
    for elasticity in elasticities:
        changed = question.scenario.model_copy(
            update={"tranche": (), "assumptions": {"demand.price_elasticity": elasticity}}
        )
        payment = Question(changed).pay(("tax-credit",))
        found[f"e{elasticity:g}".replace(".", "_")] = {
            "elasticity": elasticity,
            "value_without_risk_premium": payment.public_funds.value_without_risk_premium,
            "at_social_rate_myen": dict(payment.changes_at_social_rate_myen),
            **summarise_payment(payment),
        }
    return found


def pay_draws(question: Question, draws: int = DRAWS) -> Figures:
    """How firm the answer about the tax credit is, over joint draws of what is assumed."""
    found = with_draws(question, question.pay(("tax-credit",)), draws=draws, seed=1).firmness
    assert found is not None
    return {
        "draws": found.draws,
        "seed": found.seed,
        "rows": len(found.rows),
        "budget_myen": found.budget_myen,
        "design_gap": found.design_gap,
        "figures": {
            name: {"low": one.low, "median": one.median, "high": one.high} for name, one in found.figures.items()
        },
        "tornado": {
            swing.row: {
                "at_low_myen": swing.at_low["fiscal_cost_myen"],
                "at_high_myen": swing.at_high["fiscal_cost_myen"],
                "windfall_at_low": swing.at_low["windfall_share"],
                "windfall_at_high": swing.at_high["windfall_share"],
            }
            for swing in found.swings[:SWINGS]
        },
        "order": {
            one.package.replace("-", "_"): {
                "reaches": one.reaches,
                **{f"best_{goal}": one.best[goal] for goal in one.best},
            }
            for one in found.standings
        },
        "turns": [
            {"goal": turn.goal, "row": turn.row, "value": turn.value, "below": turn.below, "above": turn.above}
            for turn in found.turns
        ],
    }


PAY_PARTS: Mapping[str, Callable[[Question], Figures]] = {
    "packages": pay_packages,
    "equal_cost": pay_equal_cost,
    "equal_cost_large": pay_equal_cost_large,
    "least": pay_least,
    "elasticity": pay_elasticity,
    "draws": pay_draws,
}


def write_pay_golden(parts: tuple[str, ...]) -> None:
    """Ask the default example under the packages, and write these parts of the golden file anew."""
    question = Question(PAY_EXAMPLE)
    found = {part: round_all(PAY_PARTS[part](question)) for part in parts}
    path = FOLDER / PAY_FILE
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**known, **found}, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def run_figures() -> Figures:
    """How the default example runs: under synthetic forecasts, and with perfect ones in windows of three lengths."""
    from kiban.operation.running import run

    plan = build(read_scenario(FOLDER / f"{PAY_EXAMPLE}.toml"))
    operated = {"synthetic": run(plan)}
    for hours in WINDOWS_H:
        operated[f"perfect_{hours}"] = run(plan, forecast="perfect", horizon_hours=hours)
    return {
        name: round_all(
            {
                "cost_myen": one.cost_myen,
                "cash_myen": one.cash_myen,
                "perfect_foresight_cost_myen": one.perfect_foresight_cost_myen,
                "regret": {
                    "total": one.regret_share(one.regret.total_myen),
                    "horizon": one.regret_share(one.regret.horizon_myen),
                    "forecast": one.regret_share(one.regret.forecast_myen),
                    "hour": one.regret_share(one.regret.hour_myen),
                },
                "unserved_mwh": one.total_unserved_mwh,
                "indicators": dict(one.indicators),
                "valuation": dict(one.valuation),
                "flexibility": {name: getattr(one.flexibility, name) for name in FLEXIBILITY},
            }
        )
        for name, one in operated.items()
    }


def write_run_golden() -> None:
    """Operate the default example and write its golden file."""
    text = json.dumps(run_figures(), indent=2, sort_keys=True) + "\n"
    (FOLDER / RUN_FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    from national_golden import write_golden as write_national_golden

    everything = [*example_names(), *national_example_names(), f"{PAY_EXAMPLE}.pay", f"{PAY_EXAMPLE}.run"]
    for example in sys.argv[1:] or everything:
        print(example, flush=True)
        name, _, part = example.partition(".pay")
        if example == f"{PAY_EXAMPLE}.run":
            write_run_golden()
        elif name != example:
            write_pay_golden((part[1:],) if part else tuple(PAY_PARTS))
        elif name in national_example_names():
            write_national_golden(name)
        else:
            write_golden(name)
