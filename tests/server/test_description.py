"""The server does what its OpenAPI description says: schemathesis makes up requests that fit it, and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.cases.servers import Client, open_client, study

from kiban.server.settings import Settings

EXAMPLES = 4
ENDLESS = "/api/v1/jobs/{job_id}/events"
TAKES_AWAY = "delete"
"""It comes after all that ask for what is there."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server of its own: what is sent here may remove plans and cancel jobs."""
    with open_client(Settings(data=tmp_path_factory.mktemp("data"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def there(client: Client) -> dict[str, str]:
    """What the server really has, by the parameter of an address that asks for it."""
    plan = client.post("/api/v1/plans", json=study()).json()["plan"]["id"]
    job = client.post("/api/v1/plans", json={**study(), "mode": "job"}).json()["job"]["id"]
    assert client.delete(f"/api/v1/jobs/{job}").status_code == 200
    return {"plan_id": plan, "job_id": job, "site_id": "tomakomai", "kind": "xlsx"}


def fails_only_as_described(_: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """501 says that this version lacks a part; any other fault is one."""
    assert response.status_code < 500 or response.status_code == 501, f"{case.path} {response.text[:300]}"


def is_refused(context: object, response: schemathesis.Response, case: schemathesis.Case) -> bool | None:
    """What does not fit is refused, be it because it is too large."""
    return None if response.status_code == 413 else negative_data_rejection(context, response, case)


FITS = [
    fails_only_as_described,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def ask(operation: schemathesis.APIOperation, mode: GenerationMode, there: dict[str, str] | None = None) -> int:
    """Ask with made-up requests, of what is there where it is given; how many."""
    checks = [*FITS, is_refused] if mode is GenerationMode.NEGATIVE else FITS
    asked = 0

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(max_examples=EXAMPLES, derandomize=True, database=None)
    def ask_one(case: schemathesis.Case) -> None:
        nonlocal asked
        if there is not None:
            case.path_parameters = {name: there[name] for name in case.path_parameters or {}}
        case.call_and_validate(checks=checks)
        asked += 1

    ask_one()
    return asked


def test_any_request_is_answered_as_described(client: Client, there: dict[str, str]) -> None:
    address = str(client.base_url.join("/api/v1/openapi.json"))
    operations = [result.ok() for result in schemathesis.openapi.from_url(address).get_all_operations()]
    operations.sort(key=lambda operation: operation.method == TAKES_AWAY)
    fitting, of_what_is_there, unfitting = set(), set(), set()
    for operation in operations:
        name = (operation.method, operation.path)
        if "{" in operation.path and ask(operation, GenerationMode.POSITIVE, there):
            of_what_is_there.add(name)
        # The events of a job that has ended come to an end; a made-up address has none.
        if operation.path != ENDLESS and ask(operation, GenerationMode.POSITIVE):
            fitting.add(name)
        # Any text fits a part of an address, and what takes nothing has nothing that could be wrong.
        if (operation.body or operation.query) and ask(operation, GenerationMode.NEGATIVE):
            unfitting.add(name)
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    described = {(method, path): found for path, methods in paths.items() for method, found in methods.items()}
    assert fitting | of_what_is_there == set(described)
    assert of_what_is_there == {name for name in described if "{" in name[1]}
    assert unfitting == {name for name, found in described.items() if takes_something(found)}


def takes_something(operation: dict[str, Any]) -> bool:
    return "requestBody" in operation or any(one["in"] == "query" for one in operation.get("parameters", ()))
