"""Grid areas and the interconnectors between them, as a study has them.

Every area can spare some supply for new load at its peak. What its sites may draw beyond that must come from other
areas, over interconnectors and within what is free on them.
"""

from __future__ import annotations

from kiban.catalogue import AREAS, Catalogue
from kiban.national.study.problem import Link, Network
from kiban.policy.annuity import capital_recovery_factor
from kiban.scenario.national import Interconnector, NationalScenario
from kiban.scenario.national_file import interconnector_names


def read_network(study: NationalScenario, catalogue: Catalogue) -> Network | None:
    """The areas and interconnectors of a study; None where it does not ask for them."""
    if not study.network.enabled:
        return None
    spare = {}
    for area in AREAS:
        terms = study.area.get(area)
        own = terms.spare_supply_mw if terms is not None else None
        spare[area] = catalogue.value(f"grid.{area}.spare_supply") if own is None else own
    return Network(spare, () if study.network.islands else tuple(_read_links(study, catalogue)))


def _read_links(study: NationalScenario, catalogue: Catalogue) -> list[Link]:
    own = {terms.id: terms for terms in study.interconnector}
    names = list(dict.fromkeys((*interconnector_names(catalogue), *own)))
    links = [own.get(name, Interconnector(id=name)) for name in names]
    return [_read_link(terms, study, catalogue) for terms in links if terms.enabled]


def _read_link(own: Interconnector, study: NationalScenario, catalogue: Catalogue) -> Link:
    name = own.id
    if own.from_area is not None and own.to_area is not None:
        ends = (own.from_area, own.to_area)
    else:
        first, _, last = name.partition("-")
        ends = (first, last)
    shares = (own.free_share, study.network.free_share, catalogue.value("interconnector.free_share"))
    share = next(value for value in shares if value is not None)
    reverse = (
        own.reverse_mw if own.reverse_mw is not None or name in interconnector_names(catalogue) else own.forward_mw
    )
    capex = own.expansion_capex_myen_per_mw
    if capex is None:
        row = f"interconnector.{name}.expansion_capex"
        capex = catalogue.value(row) if row in catalogue else 0.0
    rate = study.finance.discount_rate
    factor = capital_recovery_factor(
        rate if rate is not None else catalogue.value("finance.discount_rate"), catalogue.value("grid.life")
    )
    return Link(
        id=name,
        from_area=ends[0],
        to_area=ends[1],
        forward_mw=_free(name, "forward", own.forward_mw, share, study, catalogue),
        reverse_mw=_free(name, "reverse", reverse, share, study, catalogue),
        converts=catalogue.value(f"grid.{ends[0]}.frequency") != catalogue.value(f"grid.{ends[1]}.frequency"),
        expansion_mw=own.expansion_mw,
        expansion_myen_per_mw=factor * capex,
    )


def _free(
    name: str, way: str, given: float | None, share: float, study: NationalScenario, catalogue: Catalogue
) -> tuple[float, ...]:
    """Capacity free for new flows by phase: what is there, and what is planned from its year on."""
    if given is not None:
        return (share * given,) * len(study.years)
    today, row = catalogue.value(f"interconnector.{name}.{way}"), f"interconnector.{name}.{way}_planned"
    if row not in catalogue:
        return (share * today,) * len(study.years)
    # What is planned counts from the year of its fact on.
    planned = catalogue.fact(row)
    ready = planned.year or 0
    return tuple(share * (today + planned.value * (year is not None and year >= ready)) for year in study.years)
