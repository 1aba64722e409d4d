"""Dashboards of Grafana in two languages, by its own library, and how Grafana finds them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kiban.errors import InputError, Problem
from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.server.bundle.alerts import LANGUAGES
from kiban.server.bundle.figures import Figures
from kiban.server.bundle.filling import fill, load_template, suits
from kiban.server.bundle.text import yaml_text

TEMPLATE: Final = "dashboards.yml"
SOURCE: Final = "prometheus"
HEIGHTS: Final = {"stat": 4, "timeseries": 8}
GREEN, RED = "green", "red"


def make_dashboards(figures: Figures) -> dict[str, str]:
    """Each dashboard in each language, and the files by which Grafana provides them and its source of data."""
    found = {
        f"grafana/dashboards/kiban_{one['uid']}.{language}.json": _text(_dashboard(one, figures, language))
        for one in fill(load_template(TEMPLATE), figures.values)
        for language in LANGUAGES
    }
    providers = {
        "apiVersion": 1,
        "providers": [
            {"name": "kiban", "folder": "kiban", "type": "file", "allowUiUpdates": False,
             "options": {"path": "/etc/grafana/dashboards/kiban"}}
        ],
    }  # fmt: skip
    sources = {
        "apiVersion": 1,
        "datasources": [
            {"name": "Prometheus", "uid": SOURCE, "type": "prometheus", "access": "proxy",
             "url": "http://127.0.0.1:9090", "isDefault": True, "jsonData": {"timeInterval": "30s"}}
        ],
    }  # fmt: skip
    return {
        **found,
        "grafana/provisioning/dashboards/kiban.yml": yaml_text(providers),
        "grafana/provisioning/datasources/kiban.yml": yaml_text(sources),
    }


def list_queries(dashboard: Mapping[str, Any]) -> Iterator[str]:
    """Every expression of a dashboard."""
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
        yield from list_queries(panel) if "panels" in panel else ()


def check_library() -> None:
    """Raise `InputError` unless Grafana's library is installed."""
    try:
        import grafana_foundation_sdk  # noqa: F401
    except ImportError:
        raise InputError(Problem("bundle.no_library", library="grafana-foundation-sdk")) from None


def _dashboard(one: Mapping[str, Any], figures: Figures, language: Language) -> Any:
    check_library()
    from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row

    title = phrase(f"dashboard.{one['uid']}", language, title=figures["title"])
    made = (
        Dashboard(title)
        .uid(f"kiban-{one['uid']}-{figures['site']}-{language}"[:40])
        .description(phrase("dashboard.description", language, plan=figures["plan_short"]))
        .tags(["kiban", f"plan:{figures['plan_short']}"])
        .editable()
        .refresh("1m")
        .time("now-24h", "now")
        .timezone("browser")
        .with_variable(DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    for row in one["rows"]:
        made = made.with_row(Row(phrase(f"dashboard_row.{row['row']}", language)))
        for panel in row["panels"]:
            if suits(panel, figures.has):
                made = made.with_panel(_panel(panel, language))
    return made.build()


def _panel(one: Mapping[str, Any], language: Language) -> Any:
    from grafana_foundation_sdk.builders import prometheus, stat, timeseries
    from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, ReduceDataOptions
    from grafana_foundation_sdk.models.common import BigValueTextMode, GraphTresholdsStyleMode
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    kind = one.get("kind", "timeseries")
    source = DataSourceRef(type_val="prometheus", uid="${source}")
    panel: Any = stat.Panel() if kind == "stat" else timeseries.Panel()
    panel = panel.title(phrase(f"panel.{one['panel']}", language)).datasource(source).unit(one["unit"])
    panel = panel.height(HEIGHTS[kind]).span(one["width"]).thresholds(_thresholds(one))
    if kind == "stat":
        panel = panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        panel = panel.text_mode(BigValueTextMode.NAME if one.get("text") == "name" else BigValueTextMode.AUTO)
    elif "line" in one or "least" in one:
        panel = panel.thresholds_style(GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.LINE))
    for number, (query, legend) in enumerate(one["queries"]):
        panel = panel.with_target(
            prometheus.Dataquery().ref_id(chr(ord("A") + number)).expr(query).legend_format(legend or "__auto")
            .datasource(source)
        )  # fmt: skip
    return panel


def _thresholds(one: Mapping[str, Any]) -> Any:
    """Red above a line, or below the least; green where there is neither."""
    from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
    from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

    steps = [(None, GREEN)]
    if "line" in one:
        steps.append((one["line"], RED))
    if "least" in one:
        steps = [(None, RED), (one["least"], GREEN)]
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=None if value is None else float(value), color=color) for value, color in steps])
    )


def _text(dashboard: Any) -> str:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    return json.dumps(dashboard, cls=JSONEncoder, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
