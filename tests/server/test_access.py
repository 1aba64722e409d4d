"""A server that other machines can reach answers only with a token, and writes down who ran what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.cases.servers import Client, open_client, study, wait_until

from kiban.server.access import COOKIE, digest_of, make_token
from kiban.server.sessions import (
    add_token,
    close_sessions_of,
    is_nameable,
    list_sessions,
    list_tokens,
    remove_token,
)
from kiban.server.settings import Settings

ROLES = ("viewer", "planner", "admin")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, dict[str, str], Path]]:
    """A server that is bound to every address, with one token of each role."""
    data = tmp_path_factory.mktemp("data")
    with open_client(Settings(data=data, host="0.0.0.0")) as client:
        tokens = {role: make_token() for role in ROLES}
        for role, token in tokens.items():
            assert add_token(client.service.store, f"the {role}", role, digest_of(token))
        yield client, tokens, data


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_without_a_token_nothing_but_health_answers(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    assert client.get("/api/v1/health").status_code == 200
    assert client.get("/api/v1/session").json()["required"] is True
    for path, methods in client.get("/api/v1/openapi.json").json()["paths"].items():
        if path in {"/api/v1/health", "/api/v1/session", "/api/v1/sign-in", "/api/v1/sign-in/return"}:
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
    for address in ("/api/v1/audit", "/api/v1/audit/proof"):
        assert client.get(address, headers=headers).status_code == (200 if can_audit else 403)


def test_a_planner_cancels_only_own_jobs(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    other = make_token()
    add_token(client.service.store, "another planner", "planner", digest_of(other))
    asked = {**study(target__clean_share=0.33), "mode": "job"}
    job = client.post("/api/v1/plans", json=asked, headers=bearer(tokens["planner"])).json()["job"]["id"]
    assert client.delete(f"/api/v1/jobs/{job}", headers=bearer(other)).status_code == 404
    assert client.delete(f"/api/v1/jobs/{job}", headers=bearer(tokens["viewer"])).status_code == 403
    assert client.delete(f"/api/v1/jobs/{job}", headers=bearer(tokens["admin"])).json()["state"] == "cancelled"


def test_a_cookie_for_browsers_is_a_session_and_not_the_token(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    assert client.post("/api/v1/session", json={"token": "kiban_wrong"}).status_code == 401
    answer = client.post("/api/v1/session", json={"token": tokens["viewer"]})
    found = answer.json()
    assert {**found, "expires": None} == {
        "required": True,
        "name": "the viewer",
        "shown": "the viewer",
        "role": "viewer",
        "expires": None,
        "roles": list(ROLES),
        "ways": ["token"],
    }
    assert found["expires"].endswith("Z")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=43200" in cookie
    kept = client.cookies[COOKIE]
    assert tokens["viewer"] not in cookie
    assert client.get("/api/v1/sites").status_code == 200
    assert client.get("/api/v1/session").json()["name"] == "the viewer"
    # What the cookie holds is no token, and a token is no session.
    client.cookies.clear()
    assert client.get("/api/v1/sites", headers=bearer(kept)).status_code == 401
    for content in (tokens["viewer"], "kibans_wrong", "x"):
        answer = client.get("/api/v1/sites", headers={"cookie": f"{COOKIE}={content}"})
        assert answer.status_code == 401
        assert answer.json()["detail_ja"]
    # Signing out ends the session itself: the cookie that somebody else kept opens nothing.
    mine = {"cookie": f"{COOKIE}={kept}"}
    assert client.get("/api/v1/sites", headers=mine).status_code == 200
    assert client.delete("/api/v1/session", headers=mine).status_code == 204
    assert client.get("/api/v1/sites", headers=mine).status_code == 401
    client.cookies.clear()


def sign_in(client: Client, token: str) -> dict[str, str]:
    answer = client.post("/api/v1/session", json={"token": token})
    assert answer.status_code == 200
    cookie = client.cookies[COOKIE]
    client.cookies.clear()
    return {"cookie": f"{COOKIE}={cookie}"}


def test_tokens_and_sessions_end(opened: tuple[Client, dict[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    client, _, _ = opened
    store, token = client.service.store, make_token()
    add_token(store, "short", "viewer", digest_of(token), days=0.25)
    session = sign_in(client, token)
    end = {row["name"]: row["expires"] for row in list_sessions(store)}["short"]
    assert end == {row["name"]: row["expires"] for row in list_tokens(store)}["short"]
    for headers in (session, bearer(token)):
        assert client.get("/api/v1/sites", headers=headers).status_code == 200
    now = [end + 0.001]
    monkeypatch.setattr("kiban.server.sessions.read_clock", lambda: now[0])
    for headers in (session, bearer(token)):
        assert client.get("/api/v1/sites", headers=headers).status_code == 401
    # Its name is free again, and the old session does not open with the new token.
    new = make_token()
    assert add_token(store, "short", "admin", digest_of(new), days=1)
    assert client.get("/api/v1/sites", headers=session).status_code == 401
    long = sign_in(client, new)
    now[0] += 12 * 3600 - 1
    assert client.get("/api/v1/sites", headers=long).status_code == 200
    now[0] += 2
    assert client.get("/api/v1/sites", headers=long).status_code == 401
    assert client.get("/api/v1/sites", headers=bearer(new)).status_code == 200
    assert remove_token(store, "short")


def test_sessions_of_one_name_make_way_for_each_other(
    opened: tuple[Client, dict[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, tokens, _ = opened
    monkeypatch.setattr("kiban.server.sessions.MOST_SESSIONS", 3)
    other = sign_in(client, tokens["planner"])
    mine = [sign_in(client, tokens["admin"]) for _ in range(5)]
    answers = [client.get("/api/v1/sites", headers=headers).status_code for headers in [*mine, other]]
    assert answers == [401, 401, 200, 200, 200, 200]
    assert close_sessions_of(client.service.store, "the admin") == 3
    assert client.get("/api/v1/sites", headers=mine[-1]).status_code == 401


@pytest.mark.parametrize("name", ["local", "Unknown", "oidc:1234", "SHELL:root", "", "  ", "a\nb", "x" * 81])
def test_a_token_cannot_be_named_as_somebody_who_has_none(name: str) -> None:
    assert not is_nameable(name)
    assert is_nameable("localhost team")


def test_the_audit_log_says_who_ran_what_and_no_secret(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, data = opened
    made = client.post("/api/v1/plans", json=study(), headers=bearer(tokens["planner"])).json()["plan"]["id"]
    client.post("/api/v1/plans", json=study(), headers=bearer("kiban_stolen"))
    # A row is written behind the answer.
    wait_until(lambda: [row for row in client.service.audit.read(1) if row["subject"] == made])
    wait_until(lambda: client.service.audit.strangers(1))
    found = client.get("/api/v1/audit", headers=bearer(tokens["admin"])).json()
    ran = found["entries"][0]
    assert {row["address"] for row in found["strangers"]} == {"127.0.0.1"}
    assert (ran["who"], ran["role"], ran["action"]) == ("the planner", "planner", "POST /plans")
    assert (ran["subject"], ran["status"], ran["address"]) == (made, 200, "127.0.0.1")
    assert ran["time"].endswith("Z")
    content = b"".join(path.read_bytes() for path in data.glob("kiban.sqlite3*"))
    assert made.encode() in content
    for secret in (*tokens.values(), "kiban_stolen"):
        assert secret.encode() not in content


def test_the_keeper_is_told_whether_the_log_is_whole(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    log, asked = client.service.audit, {"headers": bearer(tokens["admin"])}
    before = len(log.read(1000))
    client.post("/api/v1/sweep", json={}, headers=bearer(tokens["planner"]))
    wait_until(lambda: len(log.read(1000)) > before)
    log.sign_head()
    found = client.get("/api/v1/audit/proof", **asked).json()
    assert found["whole"] is True
    assert found["last_number"] == found["last_signed"] == found["rows"] == log.read(1)[0]["number"]
    assert found["said"]["en"].startswith("The audit log is whole")
    # A head that somebody else signed does not count.
    with client.service.store.engine.begin() as connection:
        (key,) = connection.execute(sa.text("select distinct key from audit_heads")).one()
        connection.execute(sa.text("update audit_heads set key = :key"), {"key": "0" * 64})
    found = client.get("/api/v1/audit/proof", **asked).json()
    assert found["whole"] is False
    assert "0" * 64 in found["said"]["ja"]
    with client.service.store.engine.begin() as connection:
        connection.execute(sa.text("update audit_heads set key = :key"), {"key": key})
    assert client.get("/api/v1/audit/proof", **asked).json()["whole"] is True


def test_a_token_that_is_withdrawn_opens_nothing(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, _, _ = opened
    token, store = make_token(), client.service.store
    add_token(store, "guest", "viewer", digest_of(token))
    assert not add_token(store, "guest", "admin", digest_of(make_token()))
    session = sign_in(client, token)
    assert client.get("/api/v1/sites", headers=bearer(token)).status_code == 200
    assert client.get("/api/v1/sites", headers=session).status_code == 200
    assert remove_token(store, "guest")
    assert not remove_token(store, "guest")
    assert client.get("/api/v1/sites", headers=bearer(token)).status_code == 401
    assert client.get("/api/v1/sites", headers=session).status_code == 401


def test_a_session_whose_token_is_gone_opens_nothing(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, _, _ = opened
    token, store = make_token(), client.service.store
    add_token(store, "passing", "viewer", digest_of(token))
    session = sign_in(client, token)
    with store.engine.begin() as connection:
        connection.execute(sa.text("delete from tokens where name = 'passing'"))
    assert client.get("/api/v1/sites", headers=session).status_code == 401


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


def test_on_a_shared_machine_even_loopback_needs_a_token(tmp_path: Path) -> None:
    with open_client(Settings(data=tmp_path, token=True)) as client:
        assert client.get("/api/v1/health").status_code == 200
        assert client.get("/api/v1/session").json()["required"] is True
        assert client.get("/api/v1/jobs").status_code == 401
        token = make_token()
        add_token(client.service.store, "mina", "viewer", digest_of(token))
        assert client.get("/api/v1/jobs", headers=bearer(token)).status_code == 200
        # A page of another site still cannot call this machine by a name of its own.
        assert client.get("/api/v1/health", headers={"host": "other.example"}).status_code == 421


def test_the_page_to_sign_in_and_out(opened: tuple[Client, dict[str, str], Path]) -> None:
    client, tokens, _ = opened
    japanese = {"accept-language": "ja"}
    for page in ("/ja/", "/en/build"):
        answer = client.get(page)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    # From another site a browser sends no strict cookie with the page, only with what the page asks for.
    assert client.get("/ja/", headers={"sec-fetch-site": "cross-site"}).status_code == 200
    shown = client.get("/sign-in", headers=japanese)
    assert shown.status_code == 200
    assert 'lang="ja"' in shown.text
    assert "トークン" in shown.text
    assert "script-src 'self'" in shown.headers["content-security-policy"]
    assert client.get("/sign-in.js").headers["content-type"].startswith("text/javascript")
    session = sign_in(client, tokens["planner"])
    assert client.get("/ja/", headers=session).status_code == 200
    shown = client.get("/sign-in", headers={**session, **japanese})
    assert "the planner" in shown.text
    assert "サインアウト" in shown.text
    token = make_token()
    add_token(client.service.store, "<b>&", "viewer", digest_of(token))
    assert "<b>" not in client.get("/sign-in", headers=sign_in(client, token)).text


def test_where_no_token_is_needed_nobody_signs_in(tmp_path: Path) -> None:
    with open_client(Settings(data=tmp_path)) as client:
        assert client.get("/ja/").status_code == 200
        assert client.get("/sign-in").headers["location"] == "/"
