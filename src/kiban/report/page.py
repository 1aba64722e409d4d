"""The report as one HTML file: the same components as in the browser, with the plan enclosed.

The page is built by `npm run build` in web/ into `template/report.html`; here it is only filled. It asks for nothing
from anywhere: scripts, styles and figures are all in the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from kiban.quantities import Language, round_significant

OPENING = '<script type="application/json" id="kiban-view">'
MARK = f"{OPENING}null</script>"
FIXED_COLUMNS = (
    "load_mw",
    "import_mw",
    "backup_mw",
    "grid_clean_share",
    "curtailment_mw",
    "charge_mw",
    "discharge_mw",
    "energy_value_myen_per_mwh",
)
DIGITS = 4
DUST = 1e-6
_CIRCUMSTANCES = ("id", "created", "seconds", "work", "cached", "cooling_kept", "files")


def fill_page(
    document: Mapping[str, Any],
    hourly: Mapping[str, Iterable[float]],
    language: Language = "en",
    recipe: Mapping[str, str] | None = None,
) -> str:
    """The page of a plan as text.

    `document` is the plan as the web interface answers it (what depends on the moment is left out, so that the same
    plan gives the same bytes), `hourly` its columns, of which the charts' are enclosed with four digits, `recipe` the
    TOML, command and Python that make the plan again. `language` is the one in which the page opens.
    """
    plan = {key: value for key, value in document.items() if key not in _CIRCUMSTANCES}
    columns = {name: _round(hourly[name]) for name in _shown_columns(document, hourly)}
    enclosed = {
        "language": language,
        "plan": {"id": "report", **plan},
        "hourly": columns,
        "reproduction": dict(recipe) if recipe is not None else None,
    }
    text = json.dumps(enclosed, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # A script element ends at the first `</script`, wherever it stands.
    text = text.replace("<", "\\u003c")
    page = files("kiban.report").joinpath("template", "report.html").read_text(encoding="utf-8")
    before, after = page.split(MARK)
    return f"{before}{OPENING}{text}</script>{after}"


def _shown_columns(document: Mapping[str, Any], hourly: Mapping[str, Iterable[float]]) -> list[str]:
    built = [capacity["subject"] for capacity in document.get("capacities", ()) if capacity["built"]]
    wanted = [*FIXED_COLUMNS, *(f"{subject}_{end}" for subject in built for end in ("available_mw", "mw"))]
    return [name for name in dict.fromkeys(wanted) if name in hourly]


def _round(values: Iterable[float]) -> list[float]:
    return [round_significant(float(value), DIGITS) if abs(value) > DUST * DUST else 0.0 for value in values]
