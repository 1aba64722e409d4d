"""The server does what its OpenAPI description says, whatever is sent: schemathesis makes up the requests."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.cases.servers import Client, open_client

from kiban.server.settings import Settings

EXAMPLES = 6
ENDLESS = "/api/v1/jobs/{job_id}/events"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server of its own: what is sent here may remove plans and cancel jobs."""
    with open_client(Settings(data=tmp_path_factory.mktemp("data"))) as opened:
        yield opened


def fails_only_as_described(_: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """501 says that this version lacks a part; any other fault is one."""
    assert response.status_code < 500 or response.status_code == 501, f"{case.path} {response.text[:300]}"


CHECKS = [fails_only_as_described, content_type_conformance, response_schema_conformance, status_code_conformance]


def test_any_request_is_answered_as_described(client: Client) -> None:
    schema = schemathesis.openapi.from_url(str(client.base_url.join("/api/v1/openapi.json")))
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == ENDLESS:
            continue

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
        )
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)

        ask()
        asked += 1
    assert asked >= 25
