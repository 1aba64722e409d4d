"""A server that other machines can reach answers only with a token, and writes down who ran what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.cases.servers import Client, open_client, study

from kiban.server.access import COOKIE, digest_of, make_token
from kiban.server.settings import Settings

ROLES = ("viewer", "planner", "admin")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, dict[str, str], Path]]:
    """A server that is bound to every address, with one token of each role."""
    data = tmp_path_factory.mktemp("data")
    with open_client(Settings(data=data, host="0.0.0.0")) as client:
        tokens = {role: make_token() for role in ROLES}
        for role, token in tokens.items():
            assert client.service.store.add_token(f"the {role}", role, digest_of(token))
        yield client, tokens, data


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_without_a_token_nothing_but_health_answers(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    assert client.get("/api/v1/health").status_code == 200
    assert client.get("/api/v1/session").json()["required"] is True
    for path, methods in client.get("/api/v1/openapi.json").json()["paths"].items():
        if path in {"/api/v1/health", "/api/v1/session"}:
            continue
        for method in methods:
            body = {"json": study()} if method == "post" else {}
            address = path.replace("{", "").replace("}", "") + ("?pattern=pv" if path.endswith("facts") else "")
            for headers in ({}, bearer("kiban_wrong"), bearer("x" * 300), {"authorization": "Basic YTpi"}):
                answer = client.request(method, address, headers=headers, **body)
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                assert "Japanese" not in answer.text
    assert client.get("/api/v1/sites", headers=bearer(tokens["viewer"])).status_code == 200


@pytest.mark.parametrize(
    ("role", "can_plan", "can_audit"), [("viewer", False, False), ("planner", True, False), ("admin", True, True)]
)
def test_each_role_may_do_what_it_may(
    opened: tuple[Client, dict[str, str], Path], role: str, can_plan: bool, can_audit: bool
) -> None:
    client, tokens, _ = opened
    headers = bearer(tokens[role])
    assert client.post("/api/v1/check", json=study(), headers=headers).status_code == 200
    assert client.post("/api/v1/plans", json=study(), headers=headers).status_code == (200 if can_plan else 403)
    assert client.get("/api/v1/audit", headers=headers).status_code == (200 if can_audit else 403)


def test_a_planner_cancels_only_own_jobs(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    other = make_token()
    client.service.store.add_token("another planner", "planner", digest_of(other))
    asked = {**study(target__clean_share=0.33), "mode": "job"}
    job = client.post("/api/v1/plans", json=asked, headers=bearer(tokens["planner"])).json()["job"]["id"]
    assert client.delete(f"/api/v1/jobs/{job}", headers=bearer(other)).status_code == 403
    assert client.delete(f"/api/v1/jobs/{job}", headers=bearer(tokens["viewer"])).status_code == 403
    assert client.delete(f"/api/v1/jobs/{job}", headers=bearer(tokens["admin"])).json()["state"] == "cancelled"


def test_a_cookie_for_browsers(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    assert client.post("/api/v1/session", json={"token": "kiban_wrong"}).status_code == 401
    answer = client.post("/api/v1/session", json={"token": tokens["viewer"]})
    assert answer.json() == {"required": True, "name": "the viewer", "role": "viewer", "roles": list(ROLES)}
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.cookies[COOKIE] == tokens["viewer"]
    assert client.get("/api/v1/sites").status_code == 200
    assert client.get("/api/v1/session").json()["name"] == "the viewer"
    assert client.delete("/api/v1/session").status_code == 204
    client.cookies.clear()
    assert client.get("/api/v1/sites").status_code == 401


def test_the_audit_log_says_who_ran_what_and_no_secret(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, data = opened
    made = client.post("/api/v1/plans", json=study(), headers=bearer(tokens["planner"])).json()["plan"]["id"]
    client.post("/api/v1/plans", json=study(), headers=bearer("kiban_stolen"))
    entries = client.get("/api/v1/audit", headers=bearer(tokens["admin"])).json()["entries"]
    refused, ran = entries[0], entries[1]
    assert (refused["who"], refused["action"], refused["status"]) == ("", "POST /plans", 401)
    assert (ran["who"], ran["role"], ran["action"]) == ("the planner", "planner", "POST /plans")
    assert (ran["subject"], ran["status"], ran["address"]) == (made, 200, "127.0.0.1")
    assert ran["time"].endswith("Z")
    content = b"".join(path.read_bytes() for path in data.glob("kiban.sqlite3*"))
    assert made.encode() in content
    for secret in (*tokens.values(), "kiban_stolen"):
        assert secret.encode() not in content


def test_a_token_that_is_withdrawn_opens_nothing(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, _, _ = opened
    token, store = make_token(), client.service.store
    store.add_token("guest", "viewer", digest_of(token))
    assert not store.add_token("guest", "admin", digest_of(make_token()))
    assert client.get("/api/v1/sites", headers=bearer(token)).status_code == 200
    assert store.remove_token("guest")
    assert not store.remove_token("guest")
    assert client.get("/api/v1/sites", headers=bearer(token)).status_code == 401


def test_answers_to_other_machines_are_compressed(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    answer = client.get("/api/v1/sites", headers={**bearer(tokens["viewer"]), "accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["sites"]) >= 30


def test_only_digests_are_kept(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    with client.service.store.engine.connect() as connection:
        kept = {row.digest for row in connection.execute(sa.text("select digest from tokens"))}
    assert {digest_of(token) for token in tokens.values()} <= kept
    assert len({make_token() for _ in range(100)}) == 100
    assert all(len(token) > 40 for token in tokens.values())


def test_behind_a_proxy_even_this_machine_needs_a_token(tmp_path: Path) -> None:
    with open_client(Settings(data=tmp_path, hosts=("kiban.example",))) as client:
        named = {"host": "kiban.example"}
        assert client.get("/api/v1/health", headers=named).status_code == 200
        assert client.get("/api/v1/sites", headers=named).status_code == 401
        assert client.get("/api/v1/sites").status_code == 401
        assert client.get("/api/v1/health", headers={"host": "other.example"}).status_code == 421
