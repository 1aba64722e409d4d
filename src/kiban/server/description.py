"""The OpenAPI description: FastAPI's own, with problems as the answer to whatever goes wrong."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from kiban.server.problems import MEDIA_TYPE

TEXT = {"type": "string"}
ONE = {
    "type": "object",
    "properties": dict.fromkeys(("path", "where", "detail", "detail_ja", "suggestion", "suggestion_ja"), TEXT),
    "required": ["path", "detail", "detail_ja"],
}
PROBLEM = {
    "type": "object",
    "description": "A problem after RFC 9457; texts in English and, with the ending _ja, in Japanese.",
    "properties": {
        **dict.fromkeys(("type", "title", "title_ja", "detail", "detail_ja", "path"), TEXT),
        "suggestion": TEXT,
        "suggestion_ja": TEXT,
        "status": {"type": "integer"},
        "problems": {"type": "array", "items": ONE},
        "session": {},
        "sequence": {},
    },
    "required": ["type", "title", "status", "detail", "detail_ja", "path", "problems"],
}
ACCEPTED = frozenset(
    {
        "/api/v1/plans",
        "/api/v1/pay",
        "/api/v1/compare",
        "/api/v1/sweep",
        "/api/v1/frontier",
        "/api/v1/runs",
        "/api/v1/national",
        "/api/v1/impact",
    }
)
OPEN = frozenset({"/api/v1/health", "/api/v1/session", "/api/v1/sign-in", "/api/v1/sign-in/return"})
SHOWN = frozenset({"/api/v1/sign-in", "/api/v1/sign-in/return"})
"""Where a browser is sent, which gets a page where something goes wrong."""
OTHER_MEDIA = {
    "/api/v1/jobs/{job_id}/events": "text/event-stream",
    "/api/v1/plans/{plan_id}/files/{kind}": "*/*",
    "/api/v1/runs/{job_id}/files/{kind}": "*/*",
    "/api/v1/operating/events": "text/event-stream",
}


def describe_api(app: FastAPI) -> dict[str, Any]:
    """The description, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    described = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    documents = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    problem = {"description": "A problem", "content": documents}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            responses.pop("422", None)
            responses["default"] = problem
            if path in OTHER_MEDIA:
                responses["200"] = {"description": "Content", "content": {OTHER_MEDIA[path]: {}}}
            elif "200" in responses:
                responses["200"]["content"] = {"application/json": {"schema": {"type": "object"}}}
            if "303" in responses:
                responses["303"] = {"description": "To the next page", "headers": {"Location": {"schema": TEXT}}}
            if method == "post" and path in ACCEPTED:
                responses["202"] = {
                    "description": "A job was queued",
                    "headers": {"Location": {"schema": TEXT}},
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }
            if path in SHOWN:
                shown = {**documents, "text/html": {"schema": TEXT}}
                responses["default"] = {**problem, "content": shown}
            if path not in OPEN:
                operation["security"] = [{}, {"token": []}]
    app.openapi_schema = described
    return described
