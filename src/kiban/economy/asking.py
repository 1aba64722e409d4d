"""The questions about what a plan sets in motion: of one campus, and of a national study."""

from __future__ import annotations

from collections.abc import Sequence

from kiban.catalogue import Catalogue, load_catalogue
from kiban.catalogue.economy_tables import load_prefectures, prefecture_shares
from kiban.economy.answer import (
    Economy,
    summarise_effects,
    summarise_imports,
    summarise_industries,
    summarise_jobs,
    summarise_places,
)
from kiban.economy.effects import ASSUMED, case_terms, trace
from kiban.economy.inequality import measure_inequality
from kiban.economy.makers import find_makers
from kiban.economy.people import measure_people
from kiban.economy.receipts import collect_receipts, lay_on_products, place_of, residual_yen
from kiban.economy.regions import WITHOUT_TABLE
from kiban.economy.spread import per_year
from kiban.errors import InputError, Problem, nearest
from kiban.finance.campus import Campus
from kiban.finance.ledger import TREASURIES
from kiban.messages import Message
from kiban.progress import Report, say_nothing
from kiban.quantities import YEN_PER_MYEN
from kiban.scenario import Scenario
from kiban.scenario.national import NationalScenario

HOME_SET = "japan"


def economy_of_plan(scenario: Scenario, prefecture: str | None = None, *, report: Report = say_nothing) -> Economy:
    """What the campus of a scenario sets in motion, as it is designed and financed under its country's law alone.

    A site that the catalogue does not know stands in `prefecture`. InputError outside of Japan, for a name that is no
    prefecture, and where no prefecture is known. InfeasibleError where there is no design.
    """
    from kiban.finance.paying import Question

    asked = read_prefecture(prefecture)
    _require_japan(scenario.finance.cost_set, scenario.name)
    question = Question(scenario)
    report(Message("progress.pay_without"))
    campus = question.before.campus
    if campus.prefecture is None and asked is None:
        raise InputError(Problem("economy.no_place", key="--prefecture", name=scenario.name))
    report(Message("progress.economy"))
    return economy_of_campuses(scenario.name, (campus,), load_catalogue(), asked, unknown_at=asked)


def economy_of_study(
    study: NationalScenario, prefecture: str | None = None, *, report: Report = say_nothing
) -> Economy:
    """What the plan of a national study sets in motion, as PAY has it without a package.

    InputError as in `economy_of_plan`; NationalInfeasibleError where there is no plan.
    """
    from kiban.finance.national import NationalQuestion

    asked = read_prefecture(prefecture)
    _require_japan(study.finance.cost_set, study.national.name)
    side = NationalQuestion(study, report=report).alone
    report(Message("progress.economy"))
    return economy_of_campuses(study.national.name, side.campuses, load_catalogue(), asked)


def economy_of_campuses(
    name: str,
    campuses: Sequence[Campus],
    catalogue: Catalogue,
    asked: str | None = None,
    *,
    unknown_at: str | None = None,
) -> Economy:
    """What campuses with their ledgers set in motion, in the prefecture that is `asked` about or in their own.

    A campus at a place that the catalogue does not know stands in the prefecture `unknown_at`, or in one without a
    table.
    """
    receipts = collect_receipts(campuses, lambda campus: place_of(campus, unknown_at))
    laid = lay_on_products(receipts)
    cases = {case: trace(receipts, terms) for case, terms in case_terms(catalogue).items()}
    hosts = tuple(dict.fromkeys(campus.prefecture or unknown_at or "" for campus in campuses))
    meant = (asked,) if asked is not None else tuple(host for host in hosts if host in prefecture_shares())
    industries, flows = summarise_industries(receipts, laid, cases, meant)
    regions, places = summarise_places(cases)
    return Economy(
        name=name,
        asked=asked,
        hosts=hosts,
        prefectures=meant,
        years=receipts.years,
        it_mw=sum(campus.it_mw for campus in campuses),
        industries=industries,
        flows=flows,
        effects=summarise_effects(cases, meant),
        jobs=summarise_jobs(receipts, cases, meant),
        skills=measure_people(campuses, catalogue, meant),
        imports=summarise_imports(cases),
        regions=regions,
        places=tuple(place for place in places if place.id != WITHOUT_TABLE),
        inequality=None
        if WITHOUT_TABLE in receipts.places
        else measure_inequality(
            {one.id: per_year(one.value_added, len(receipts.years)) for one in places if one.id != WITHOUT_TABLE},
            catalogue.value("economy.price_level"),
        ),
        land_myen=float(sum(amounts.sum() for amounts in receipts.land_yen.values())) / YEN_PER_MYEN,
        worth_left_myen=float(laid.unmade_yen.sum()) / YEN_PER_MYEN,
        total_myen=receipts.total_yen / YEN_PER_MYEN,
        public_myen={
            party: sum(sum(campus.ledger.balances[party].values()) for campus in campuses) for party in TREASURIES
        },
        residual_yen=residual_yen(receipts, laid, campuses),
        facts=tuple(catalogue.fact(row) for row in ASSUMED),
        makers=find_makers([one.id for one in industries], catalogue),
    )


def read_prefecture(text: str | None) -> str | None:
    """The prefecture that a text names in either language; InputError where there is none, or none with a table."""
    if text is None:
        return None
    known = load_prefectures()
    for name, prefecture in known.items():
        if text.strip().casefold() in {name.casefold(), prefecture.name_ja, prefecture.name_ja[:-1]}:
            if name not in prefecture_shares():
                raise InputError(Problem("economy.no_table", key="--prefecture", name=name))
            return name
    near = nearest(text, tuple(known))
    raise InputError(
        Problem("economy.no_prefecture", key="--prefecture", remedy="nearest" if near else "", name=text, near=near)
    )


def _require_japan(cost_set: str, name: str) -> None:
    if cost_set != HOME_SET:
        raise InputError(Problem("economy.abroad", name=name))
