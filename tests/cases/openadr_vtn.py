"""A server (VTN) of OpenADR 3, as far as a campus asks it; what its published description refuses, it refuses.

The objects are written down by hand from the OpenAPI description of OpenADR 3.0.1.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import jsonschema

CLIENT, SECRET = "campus", "a secret"
DATE_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
DURATION = {
    "type": "string",
    "pattern": r"^P(?=[0-9T])([0-9]+W|([0-9]+Y)?([0-9]+M)?([0-9]+D)?"
    r"(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?)$",
}
OBJECT_ID = {"type": "string", "pattern": "^[a-zA-Z0-9_-]*$", "minLength": 1, "maxLength": 128}


def strict(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


VALUES = strict(["type", "values"], type={"type": "string", "minLength": 1, "maxLength": 128}, values={"type": "array"})
PERIOD = strict(["start"], start=DATE_TIME, duration=DURATION, randomizeStart=DURATION)
INTERVAL = strict(
    ["id", "payloads"], id={"type": "integer"}, intervalPeriod=PERIOD, payloads={"type": "array", "items": VALUES}
)
DESCRIPTOR = strict(
    ["payloadType"],
    objectType={"const": "REPORT_PAYLOAD_DESCRIPTOR"},
    payloadType={"type": "string", "minLength": 1, "maxLength": 128},
    readingType={"type": "string"},
    units={"type": "string"},
)
RESOURCE = strict(
    ["resourceName", "intervals"],
    resourceName={"type": "string", "minLength": 1, "maxLength": 128},
    intervalPeriod=PERIOD,
    intervals={"type": "array", "items": INTERVAL},
)
REPORT = strict(
    ["programID", "eventID", "clientName", "resources"],
    objectType={"const": "REPORT"},
    programID=OBJECT_ID,
    eventID=OBJECT_ID,
    clientName={"type": "string", "minLength": 1, "maxLength": 128},
    reportName={"type": "string"},
    payloadDescriptors={"type": "array", "items": DESCRIPTOR},
    resources={"type": "array", "items": RESOURCE},
)


class Vtn(httpx.BaseTransport):
    """Answers one client."""

    def __init__(self, programs: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
        self.programs, self.events = programs, events
        self.reports: list[dict[str, Any]] = []
        self.tokens: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/openadr3/3.0.1")
        if (request.method, path) == ("POST", "/auth/token"):
            asked = parse_qs(request.content.decode())
            wanted = {"grant_type": ["client_credentials"], "client_id": [CLIENT], "client_secret": [SECRET]}
            if asked != wanted:
                return self.refuse(403, "Forbidden")
            self.tokens.append(f"token {len(self.tokens)}")
            return httpx.Response(200, json={"access_token": self.tokens[-1], "token_type": "Bearer"})
        if not self.tokens or request.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return self.refuse(401, "Unauthorized")
        if (request.method, path) == ("POST", "/reports"):
            report = json.loads(request.content)
            found = [error.message for error in jsonschema.Draft202012Validator(REPORT).iter_errors(report)]
            if found:
                return self.refuse(400, "; ".join(found))
            self.reports.append(report)
            return httpx.Response(201, json=report | {"id": str(len(self.reports))})
        if request.method == "GET" and path in {"/programs", "/events"}:
            asked = dict(request.url.params)
            skip, limit = int(asked.get("skip", "0")), int(asked.get("limit", "50"))
            if not 0 < limit <= 50:
                return self.refuse(400, "limit")
            rows = self.programs if path == "/programs" else self.events
            rows = [row for row in rows if asked.get("programID", row.get("programID")) == row.get("programID")]
            return httpx.Response(200, json=rows[skip : skip + limit])
        return self.refuse(404, "Not Found")

    def refuse(self, status: int, detail: str) -> httpx.Response:
        return httpx.Response(status, json={"title": detail, "status": status})
