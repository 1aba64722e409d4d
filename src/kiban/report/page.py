"""The report as one HTML file: the same components as in the browser, with the answers enclosed.

The page is built by `npm run build` in web/ into `template/report.html`; here it is only filled, with a plan, with who
pays and the plan under the package, with an operation, with an impact on others, or with a national plan and its map.
It asks for nothing from anywhere: scripts, styles, figures and map are all in the file.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kiban.catalogue import load_catalogue
from kiban.quantities import Language, round_significant
from kiban.report.market.view import ImpactView
from kiban.report.page_details import details_html
from kiban.report.payment.document import PaymentDocument
from kiban.report.phrases import phrase
from kiban.report.plan.document import PlanDocument, Reproduction
from kiban.report.plan.frontier_document import FrontierDocument
from kiban.version import edition, installed_version

OPENING = '<script type="application/json" id="kiban-view">'
MARK = f"{OPENING}null</script>"
FIXED_COLUMNS = (
    "load_mw",
    "import_mw",
    "backup_mw",
    "unclean_mw",
    "grid_clean_share",
    "curtailment_mw",
    "charge_mw",
    "discharge_mw",
    "energy_value_myen_per_mwh",
)
NEEDED_OF_A_PAYMENT = frozenset(
    {
        "packages",
        "title",
        "against_title",
        "sentence",
        "sentences",
        "assumptions",
        "residual",
        "findings",
        "fiscal_cost_myen",
        "treasury_value_myen",
        "social_rate",
        "induced_it_mw",
        "cost_per_induced_mw_myen",
        "value_of_public_funds",
        "support",
        "support_by_asset",
        "parties",
        "years",
        "flow_rate",
        "flows",
        "finance",
        "capacities",
    }
)
SHOWN_OF_A_PAYMENT = NEEDED_OF_A_PAYMENT | {
    "heading",
    "losses",
    "draws",
    "range",
    "firmness",
    "value_of_public_funds_by_rate",
    "bridge",
    "budget",
    "details",
}
CHART_DIGITS = 4
ORIGIN = ("made", "digest", "signed")
CHART_DUST = 1e-12
_CIRCUMSTANCES = ("id", "created", "seconds", "work", "cached", "cooling_kept", "files")


def fill_page(
    document: PlanDocument,
    hourly: Mapping[str, Iterable[float]],
    language: Language = "en",
    again: Reproduction | None = None,
    payment: PaymentDocument | None = None,
    frontier: FrontierDocument | None = None,
) -> str:
    """The page of a plan as text, with who pays before it where a payment is given, and the frontier after it.

    `document` is the plan as the web interface answers it (what depends on the moment is left out, so that the same
    plan gives the same bytes), `hourly` its columns, of which the charts' are enclosed with four digits, `again` what
    makes the plan again. The plan of a `payment` is the one under the package. The page opens in `language`.
    """
    plan = {key: value for key, value in document.items() if key not in _CIRCUMSTANCES}
    columns = {name: _round(hourly[name]) for name in _shown_columns(document, hourly)}
    page = _fill(
        language,
        plan={"id": "report", **plan},
        hourly=columns,
        reproduction=again,
        pay=_shown_payment(payment) if payment is not None else None,
        frontier=_shown_frontier(frontier) if frontier is not None else None,
    )
    content, end = page.rsplit("</body>", 1)
    return f"{content}{details_html(document.get('details', {}))}</body>{end}"


def fill_payment_page(payment: Mapping[str, Any], language: Language = "en") -> str:
    """The page of a payment alone, as it was printed; ValueError where parts of it are missing."""
    if missing := sorted(NEEDED_OF_A_PAYMENT - payment.keys()):
        raise ValueError(f"lacks {', '.join(missing)}")
    return _fill(language, pay=_shown_payment(payment))


def fill_national_page(summary: Mapping[str, Any], language: Language = "en") -> str:
    """The page of a national plan, as `kiban build --json` prints it, with the map and the names of its sites."""
    return _fill(language, national=dict(summary), places=list(_places(summary)), ground=_ground())


def fill_operation_page(view: Mapping[str, Any], language: Language = "en") -> str:
    """The page of an operation: `view` is what `operation_view` gives, or its folder holds."""
    return _fill(language, operation=view["operation"], operated=view["hours"]["columns"])


def fill_impact_page(view: ImpactView, language: Language = "en") -> str:
    """The page of what a load does to the prices and bills of others."""
    return _fill(language, impact=view)


def _fill(language: Language, **contents: Any) -> str:
    enclosed = {"language": language, "version": installed_version()} | {
        name: content for name, content in contents.items() if content is not None
    }
    text = json.dumps(enclosed, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A script element ends at the first `</script`, wherever it stands.
    text = text.replace("<", "\\u003c")
    before, after = _template("report.html").split(MARK)
    content, end = after.rsplit("</body>", 1)
    return f"{before}{OPENING}{text}</script>{content}{_origin_html(text, language)}</body>{end}"


def _origin_html(enclosed: str, language: Language) -> str:
    """The end of the page, readable without scripts: what made it, the digest of its figures, and how it is checked.

    A file cannot hold its own signature; who signed it stands in the folder beside it.
    """
    digest = hashlib.sha256(enclosed.encode("utf-8")).hexdigest()
    words = {"kiban": installed_version(), "edition": edition(), "digest": digest}
    told = "".join(f"<p>{html.escape(phrase(f'page.origin.{part}', language, **words))}</p>" for part in ORIGIN)
    return f'<footer class="foot-page" lang="{language}" data-origin><div>{told}</div></footer>'


def _template(name: str) -> str:
    return files("kiban.report").joinpath("template", name).read_text(encoding="utf-8")


@cache
def _ground() -> Any:
    """Outlines of the prefectures and of the land around them."""
    return json.loads(_template("japan.json"))


def _places(summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Name and place of every candidate; a candidate of the study's own has one name for both languages."""
    sites, own = load_catalogue().sites, {site["id"]: site["name"] for site in summary.get("sites", ())}
    for candidate in summary.get("candidates", ()):
        name, known = candidate["id"], sites.get(candidate["id"])
        yield {
            "id": name,
            "name": {"en": own.get(name, name), "ja": own.get(name, name)}
            if known is None
            else {"en": known.name_en, "ja": known.name_ja},
            "area": candidate["area"],
            "latitude_deg": candidate["latitude_deg"],
            "longitude_deg": candidate["longitude_deg"],
        }


def _shown_payment(payment: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payment.items() if name in SHOWN_OF_A_PAYMENT}


def _shown_frontier(frontier: FrontierDocument) -> dict[str, Any]:
    """The frontier without its scenario, which is the plan's."""
    return {name: value for name, value in frontier.items() if name != "scenario"}


def _shown_columns(document: PlanDocument, hourly: Mapping[str, Iterable[float]]) -> list[str]:
    built = [capacity["subject"] for capacity in document["design"] if capacity["built"]]
    stored = [f"{subject.removesuffix('_power')}_{flow}_mw" for subject in built for flow in ("charge", "discharge")]
    wanted = [*FIXED_COLUMNS, *stored, *(f"{subject}_{end}" for subject in built for end in ("available_mw", "mw"))]
    return [name for name in dict.fromkeys(wanted) if name in hourly]


def _round(values: Iterable[float]) -> list[float]:
    return [round_significant(float(value), CHART_DIGITS) if abs(value) > CHART_DUST else 0.0 for value in values]
