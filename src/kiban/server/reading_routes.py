"""Addresses that only read what kiban knows: health, examples, schema, sites, figures and words."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Query
from sqlalchemy.exc import SQLAlchemyError

from kiban.catalogue import describe, load_catalogue
from kiban.errors import CatalogueError
from kiban.quantities import GLOSSARY, LANGUAGES, Language, term
from kiban.report.payment.packages import package_documents
from kiban.report.phrases import load_phrases
from kiban.server.catalogue_documents import examples_document, facts_document, site_document, sites_document
from kiban.server.problems import RefusedError
from kiban.server.service import Json, Service, ServiceOf, Viewer
from kiban.server.settings import Settings
from kiban.tasks.database import LockedError, fault_of
from kiban.version import installed_version

router = APIRouter(prefix="/api/v1")


class LimitsDocument(TypedDict):
    """What a server takes on."""

    body_bytes: int
    steps: int
    sites: int
    plans_in_comparison: int
    sweep_points: int
    queued_jobs: int


class HealthDocument(TypedDict):
    """Whether a server works and what it takes on; `static` says whether the web pages are there.

    It is degraded while its database is full, locked, away or damaged, as `fault` says; then nothing is planned.
    """

    status: Literal["ok", "degraded"]
    fault: str | None
    version: str
    api: int
    static: bool
    database: str
    jobs: dict[str, int]
    limits: LimitsDocument
    online_weather: bool


@router.get("/health", tags=["about"])
async def health(service: ServiceOf) -> Json:
    """Whether the server works and what it takes on. Needs no token."""
    # Who watches the server must not wait behind those who use it.
    return await asyncio.to_thread(_look_after, service)


def _look_after(service: Service) -> Json:
    limits, store = service.settings.limits, service.store
    counted, fault = dict[str, int](), store.fault
    try:
        counted = store.count_jobs()
    except (SQLAlchemyError, LockedError) as error:
        fault = fault_of(error) or fault
        if fault is None:
            raise
    document: HealthDocument = {
        "status": "ok" if fault is None else "degraded",
        "fault": fault,
        "version": installed_version(),
        "api": 1,
        "static": has_pages(service.settings),
        "database": service.store.engine.dialect.name,
        "jobs": counted,
        "limits": {
            "body_bytes": limits.body_bytes,
            "steps": limits.steps,
            "sites": limits.sites,
            "plans_in_comparison": limits.plans_in_comparison,
            "sweep_points": limits.sweep_points,
            "queued_jobs": limits.queued_jobs,
        },
        "online_weather": service.settings.online,
    }
    return Json(document)


def has_pages(settings: Settings) -> bool:
    """Whether the built web pages are there."""
    return (settings.static / "index.html").is_file()


@router.get("/examples", tags=["catalogue"])
def examples(service: ServiceOf, caller: Viewer) -> Json:
    """The worked examples."""
    return Json(examples_document(service.settings))


@router.get("/schema", tags=["catalogue"])
def schema(caller: Viewer) -> Json:
    """The JSON Schema of a scenario."""
    return Json(_schema())


@cache
def _schema() -> dict[str, Any]:
    from kiban.scenario import Scenario

    return Scenario.model_json_schema()


@router.get("/sites", tags=["catalogue"])
def sites(caller: Viewer) -> Json:
    """The candidate sites, and what they may be compared by."""
    return Json(sites_document())


@router.get("/sites/{site_id}", tags=["catalogue"])
def site(site_id: str, caller: Viewer) -> Json:
    """Everything about a site."""
    try:
        return Json(site_document(site_id))
    except CatalogueError as error:
        raise RefusedError("not-found", error.problems) from None


@router.get("/facts", tags=["catalogue"])
def facts(
    caller: Viewer,
    pattern: Annotated[str, Query(min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> Json:
    """Figures by id, beginning, glob, site or words, with their sources."""
    try:
        found = describe(load_catalogue(), pattern)
    except CatalogueError as error:
        raise RefusedError("not-found", error.problems) from None
    return Json(facts_document(found, limit))


@router.get("/glossary", tags=["catalogue"])
def glossary(caller: Viewer, lang: Language = "en") -> Json:
    """The words for the terms of kiban."""
    return Json({"language": lang, "terms": {name: term(name, lang) for name in GLOSSARY}})


@router.get("/phrases", tags=["catalogue"])
def phrases(caller: Viewer, lang: Language = "en") -> Json:
    """The sentences of reports, with blanks in braces; every language has the same keys."""
    return Json({"language": lang, "languages": list(LANGUAGES), "phrases": dict(load_phrases(lang))})


@router.get("/packages", tags=["catalogue"])
def packages(caller: Viewer) -> Json:
    """The policy packages."""
    return Json({"packages": package_documents()})
