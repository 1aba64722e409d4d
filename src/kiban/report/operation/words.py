"""The parts of an operation by name: of its regret, of its cost, and of how it ran."""

from __future__ import annotations

from kiban.operation.operation import Operation
from kiban.operation.promises import OF_TRANCHE
from kiban.quantities import Language, format_number, format_share
from kiban.report.layout import NOTHING
from kiban.report.names import money_format, subject_name
from kiban.report.phrases import phrase, phrase_or

UNSEEN_MYEN = 1e-6
"""Million yen below which a component of the bill is nothing."""


def regret_parts(operation: Operation, language: Language) -> list[tuple[str, float]]:
    """The parts of the regret, million yen, and their sum."""
    regret = operation.regret
    hours = f"{operation.horizon_hours:g}"
    return [
        (phrase("operation.horizon", language, hours=hours), regret.horizon_myen),
        (phrase("operation.forecast", language), regret.forecast_myen),
        (phrase("operation.hour", language), regret.hour_myen),
        (phrase("operation.events", language), regret.events_myen),
        (phrase("operation.total", language), regret.total_myen),
    ]


def cost_name(item: str, language: Language) -> str:
    """An item of cost."""
    return phrase(f"operation_cost.{item}", language)


def run_figures(operation: Operation, language: Language) -> list[tuple[str, str]]:
    """How it ran, named and with three digits; what is nothing and not asked for is left out."""
    figures, windows = operation.indicators, operation.windows
    share, best = (format_share(figures[name], language) for name in ("clean_share", "perfect_foresight_clean_share"))
    rows = [
        ("clean_share", phrase("operation.clean_shares", language, share=share, foresight=best)),
        ("unserved_firm", f"{format_number(operation.unserved_mwh['firm'])} MWh"),
        ("unserved_deferrable", f"{format_number(operation.unserved_mwh['deferrable'])} MWh"),
        ("import", f"{format_number(figures['import_mwh'])} MWh"),
    ]
    if operation.imbalance is not None:
        off, money = operation.imbalance, money_format(operation.plan.scenario, language, operation.provenance)
        amounts = {"short": format_number(off.short_mwh), "long": format_number(off.long_mwh)}
        rows.append(
            ("imbalance", phrase("operation.imbalances", language, **amounts, cost=money.amount(off.cost_myen)))
        )
    if figures["backup_mwh"] > 0:
        energy, starts = format_number(figures["backup_mwh"]), f"{figures['backup_starts']:,.0f}"
        rows.append(("backup", phrase("operation.backup_value", language, energy=energy, starts=starts)))
    if figures["battery_cycles"] > 0:
        rows.append(("cycles", format_number(figures["battery_cycles"])))
    seconds, gap = format_number(windows.seconds), f"{windows.largest_gap:.0e}"
    solved = phrase("operation.windows_value", language, count=f"{windows.count:,}", seconds=seconds, gap=gap)
    rows.append(("windows", solved))
    said = [(phrase(f"operation.{name}", language), value) for name, value in rows]
    # Classes of compute that are sold apart stand behind those of the load.
    said[3:3] = [
        (
            phrase("operation.unserved_tranche", language, name=name.removeprefix(OF_TRANCHE)),
            f"{format_number(lost)} MWh",
        )
        for name, lost in operation.unserved_mwh.items()
        if name.startswith(OF_TRANCHE)
    ]
    return said


def bill_rows(operation: Operation, language: Language) -> tuple[list[str], list[list[str]]]:
    """Headings, and a row for each component of the bill beside the plan's, with the sums in the last one."""
    bill, planned = operation.bill, operation.planned_bill
    assert bill is not None
    assert planned is not None
    money = money_format(operation.plan.scenario, language, operation.provenance)
    size, unit = money.scale(sum(bill.values()))
    columns = (bill, planned)
    names = [
        name
        for name in dict.fromkeys((*planned, *bill))
        if any(abs(one.get(name, 0.0)) > UNSEEN_MYEN for one in columns)
    ]
    rows = [
        [
            phrase_or(f"procurement.component.{name}", language, subject_name(name, language)),
            *(format_number(one.get(name, 0.0) / size) for one in columns),
        ]
        for name in names
    ]
    rows.append([phrase("operation.total", language), *(format_number(sum(one.values()) / size) for one in columns)])
    headings = [phrase("operation.part", language, unit=unit)]
    return [*headings, *(phrase(f"operation.{name}", language) for name in ("operated", "planned"))], rows


def limits_sentence(operation: Operation, language: Language) -> str:
    """At which prices the limits of the year and what is stored are counted."""
    money = money_format(operation.plan.scenario, language, operation.provenance)
    unclean, stored = operation.valuation["unclean_myen_per_mwh"], operation.valuation["storage_myen_per_mwh"]
    return phrase("operation.limits", language, price=money.energy_price(unclean), stored=money.energy_price(stored))


def flexibility_sentences(operation: Operation, language: Language) -> list[str]:
    """What could be offered to the grid, and what stands in its way."""
    flexibility = operation.flexibility
    if flexibility is None:
        return [phrase("operation.flexibility_none", language)]
    money = money_format(operation.plan.scenario, language, operation.provenance)
    key = "operation.flexibility_offer" if flexibility.offered_mw > 0 else "operation.flexibility_nothing"
    words = {
        "offered": format_number(flexibility.offered_mw),
        "value": money.amount(flexibility.value_myen_per_year),
        "price": money.amount(flexibility.price_myen_per_mw_year),
    }
    if flexibility.offered_mw > 0:
        words["delivered"] = format_share(flexibility.delivered_share, language)
    said = [phrase(key, language, **words)]
    if flexibility.mean_reduction_mw > 0:
        said.append(
            phrase(
                "operation.flexibility_calls",
                language,
                calls=f"{flexibility.calls:,}",
                share=format_share(flexibility.answered_share, language),
                mean=format_number(flexibility.mean_reduction_mw),
                cost=money.energy_price(flexibility.cost_myen_per_mwh),
            )
        )
    return said


def settlement_rows(operation: Operation, language: Language) -> tuple[list[str], list[list[str]]]:
    """Headings, and one row for each call, with the sums in the last one."""
    settlement = operation.settlement
    assert settlement is not None
    money = money_format(operation.plan.scenario, language, operation.provenance)
    size, unit = money.scale(max((abs(call.payment_myen) for call in settlement.calls), default=0.0))
    headings = [
        phrase(f"operation.settled_{name}", language, unit=unit)
        for name in ("call", "contracted", "baseline", "metered", "delivered", "payment", "penalty", "net")
    ]
    rows = [
        [
            call.begins,
            *(
                format_number(value)
                for value in (call.contracted_mw, call.baseline_mw, call.metered_mw, call.delivered_mw)
            ),
            *(format_number(value / size) for value in (call.payment_myen, call.penalty_myen, call.net_myen)),
        ]
        for call in settlement.calls
    ]
    sums = (settlement.payment_myen, settlement.penalty_myen, settlement.net_myen)
    rows.append([phrase("operation.total", language), *[NOTHING] * 4, *(format_number(value / size) for value in sums)])
    return headings, rows


def settlement_sentences(operation: Operation, language: Language) -> list[str]:
    """What a contracted MW keeps, which calls do not count and why, and what the figures rest on."""
    settlement = operation.settlement
    assert settlement is not None
    money = money_format(operation.plan.scenario, language, operation.provenance)
    said, rule = [], settlement.rule
    if any(not call.reason for call in settlement.calls):
        kept, price = settlement.net_myen_per_mw_year, settlement.price_myen_per_mw_year
        said.append(phrase("operation.settled_kept", language, kept=money.amount(kept), price=money.amount(price)))
    said += [
        phrase(
            f"operation.settled_{call.reason}",
            language,
            begins=call.begins,
            least=rule.least_days,
            back=rule.lookback_days,
        )
        for call in settlement.calls
        if call.reason
    ]
    note = phrase(
        "operation.settled_note",
        language,
        highest=rule.highest_days,
        days=rule.days,
        factor=rule.penalty_factor,
    )
    return [*said, note]
