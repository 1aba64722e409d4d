"""Following a job: a stream ends with the right to see the job, and not because the database is away for a while."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.cases.servers import PATIENCE_SECONDS, Client, open_client, study, wait_until

from kiban.server import job_events
from kiban.server.access import COOKIE, digest_of, make_token
from kiban.server.packing import pack
from kiban.server.sessions import add_token, close_sessions_of, remove_token
from kiban.server.settings import Settings
from kiban.server.store import Store

OWNER, READER = "mina", "kenji"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server for several people that works on no job: what happens to one is what the test does."""
    with open_client(Settings(data=tmp_path_factory.mktemp("data"), token=True, workers=0)) as opened:
        yield opened


@pytest.fixture
def tokens(client: Client) -> Iterator[dict[str, dict[str, str]]]:
    """What mina, who plans, and kenji, who reads, send with their questions."""
    store, made = client.service.store, {OWNER: make_token(), READER: make_token()}
    for (name, token), role in zip(made.items(), ("planner", "viewer"), strict=True):
        assert add_token(store, name, role, digest_of(token), days=1)
    yield {name: {"authorization": f"Bearer {token}"} for name, token in made.items()}
    for name in made:
        remove_token(store, name)


def queue(client: Client, headers: dict[str, str]) -> str:
    answer = client.post("/api/v1/plans", json={**study(), "mode": "job"}, headers=headers)
    assert answer.status_code == 202, answer.text
    found: str = answer.json()["job"]["id"]
    return found


def finish(client: Client, job_id: str) -> None:
    said = {"message": {"en": "Done", "ja": "完了"}, "done": 1, "of": 1}
    assert client.service.store.finish_job(job_id, "done", result=pack({"plan": "p_none"}), progress=said)
    client.service.supervisor._announce(job_id)


class Followed:
    """A stream that is open; `rest` waits for its end."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.read()
        self._lines = answer.iter_lines()
        assert self._next_event() == "progress"

    def _next_event(self) -> str | None:
        # A stream says every now and then that it is there: no limit of the connection would end one that is not cut.
        ends = time.monotonic() + PATIENCE_SECONDS
        for line in self._lines:
            assert time.monotonic() < ends, "the stream is not cut"
            if line.startswith("event: "):
                return line.removeprefix("event: ")
        return None

    def rest(self) -> list[str]:
        return list(iter(self._next_event, None))


@contextmanager
def following(client: Client, job_id: str, headers: dict[str, str]) -> Iterator[Followed]:
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=headers) as answer:
        yield Followed(answer)


def by_signing_out(client: Client, headers: dict[str, str]) -> None:
    assert client.delete("/api/v1/session", headers=headers).status_code == 204


def by_the_keeper(client: Client, headers: dict[str, str]) -> None:
    assert close_sessions_of(client.service.store, OWNER) >= 1


def by_withdrawing_the_token(client: Client, headers: dict[str, str]) -> None:
    assert remove_token(client.service.store, OWNER)


def by_its_end(client: Client, headers: dict[str, str]) -> None:
    with client.service.store.writing() as connection:
        connection.execute(sa.text("update sessions set expires = 1"))


@pytest.mark.parametrize("end", [by_signing_out, by_the_keeper, by_withdrawing_the_token, by_its_end])
def test_a_stream_is_cut_when_its_session_ends(
    client: Client,
    tokens: dict[str, dict[str, str]],
    end: Callable[[Client, dict[str, str]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_events, "BETWEEN_CHECKS_SECONDS", 0.1)
    job_id = queue(client, tokens[OWNER])
    token = tokens[OWNER]["authorization"].removeprefix("Bearer ")
    assert client.post("/api/v1/session", json={"token": token}).status_code == 200
    session = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    client.cookies.clear()
    with following(client, job_id, session) as stream:
        end(client, session)
        # The job goes on: nothing but the end of the session can have ended the stream.
        assert stream.rest() == []
    assert client.service.store.look_at_job(job_id)["state"] == "queued"  # type: ignore[index]
    assert client.get(f"/api/v1/jobs/{job_id}/events", headers=session).status_code == 401


def test_a_result_is_never_sent_after_the_session(
    client: Client, tokens: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_events, "BETWEEN_CHECKS_SECONDS", 1e9)
    job_id = queue(client, tokens[OWNER])
    with following(client, job_id, tokens[OWNER]) as stream:
        remove_token(client.service.store, OWNER)
        finish(client, job_id)
        assert stream.rest() == []


def test_a_stream_is_cut_when_the_job_is_not_shared_any_more(client: Client, tokens: dict[str, dict[str, str]]) -> None:
    job_id = queue(client, tokens[OWNER])
    assert client.get(f"/api/v1/jobs/{job_id}/events", headers=tokens[READER]).status_code == 404
    address = f"/api/v1/jobs/{job_id}"
    assert client.patch(address, json={"shared": True}, headers=tokens[OWNER]).status_code == 204
    with ExitStack() as open_streams:
        reader, owner = (open_streams.enter_context(following(client, job_id, tokens[who])) for who in (READER, OWNER))
        assert client.patch(address, json={"shared": False}, headers=tokens[OWNER]).status_code == 204
        assert reader.rest() == []
        finish(client, job_id)
        assert owner.rest()[-1] == "done"


def fault(code: int) -> sa.exc.OperationalError:
    raw = sqlite3.OperationalError("the database says no")
    raw.sqlite_errorcode = code
    return sa.exc.OperationalError("select", {}, raw)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL])
@pytest.mark.parametrize("name", ["look_at_job", "position", "find_job"])
def test_a_stream_outlives_a_database_that_is_away(
    client: Client,
    tokens: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    code: int,
) -> None:
    job_id = queue(client, tokens[OWNER])
    right: Callable[..., Any] = getattr(Store, name)
    failures: list[None] = []

    def away(store: Store, *arguments: Any) -> Any:
        if len(failures) < 3:
            failures.append(None)
            raise fault(code)
        return right(store, *arguments)

    with following(client, job_id, tokens[OWNER]) as stream:
        monkeypatch.setattr(Store, name, away)
        if name != "find_job":
            wait_until(lambda: len(failures) == 3)
        finish(client, job_id)
        assert stream.rest()[-1] == "done"
    assert len(failures) == 3
    # Said once in the log, not at every look.
    assert [record.levelname for record in caplog.records if job_id in record.getMessage()] == ["WARNING"]


def test_a_stream_ends_without_a_traceback_where_the_database_is_damaged(
    client: Client, tokens: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = queue(client, tokens[OWNER])

    def damaged(store: Store, *arguments: Any) -> Any:
        raise fault(sqlite3.SQLITE_CORRUPT)

    with following(client, job_id, tokens[OWNER]) as stream, monkeypatch.context() as patch:
        patch.setattr(Store, "look_at_job", damaged)
        assert stream.rest() == []
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_quiet_stream_says_that_it_is_still_there(
    client: Client, tokens: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_events, "HEARTBEAT_SECONDS", 0.0)
    job_id = queue(client, tokens[OWNER])
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=tokens[OWNER]) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": still here"
        finish(client, job_id)
        last = [line for line in lines if line.startswith("data: ")]
        assert json.loads(last[-1].removeprefix("data: "))["state"] == "done"
