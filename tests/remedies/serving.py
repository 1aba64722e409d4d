"""Remedies of the web service: how it is asked, what it takes on, who may ask, and how it is started."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import json
import socket
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text as sql
from tests.cases.servers import IMPOSSIBLE, Client, open_client, study, wait_for_job
from tests.remedies import Case, Ground, Step
from tests.server.test_sign_in import GOOD
from tests.server.test_sign_in import write as provider_file

from kiban.scenario.examples import load_scenario
from kiban.server import running, store
from kiban.server.access import digest_of, make_token
from kiban.server.audit import AuditLog
from kiban.server.audit_key import KEY_FILE, find_or_make_key
from kiban.server.audit_proof import export, read_export
from kiban.server.oidc import SignIn
from kiban.server.provider_file import Provider, read_provider
from kiban.server.sessions import add_token
from kiban.server.settings import Limits, Settings
from kiban.server.store import Store

LIMITS = Limits(body_bytes=40_000, steps=8760, sweep_points=3, plans_in_comparison=3)


@cache
def served(token: bool = False) -> Client:
    """A server that takes on little, for all cases; with `token` it answers to nobody without one."""
    opened = contextlib.ExitStack()
    atexit.register(opened.close)
    folder = opened.enter_context(tempfile.TemporaryDirectory())
    return opened.enter_context(open_client(Settings(data=Path(folder), limits=LIMITS, token=token)))


def get(path: str, **headers: str) -> Step:
    return lambda: served().get(f"/api/v1/{path}", headers=headers)


def post(path: str, body: Any = None, content: str | None = None, **headers: str) -> Step:
    given = json.dumps(body) if content is None else content
    kind = {"content-type": "application/json", **headers}
    return lambda: served().post(f"/api/v1/{path}", content=given, headers=kind)


def check(**changes: Any) -> Step:
    return post("check", {**study(), "changes": {**study()["changes"], **changes}})


def toml(text: str) -> Step:
    return post("check", {"toml": text})


def written(g: Ground, text: str) -> Step:
    """A scenario in a file."""
    return lambda: load_scenario(g.write("mine.toml", text))


WHOLE = 'name = "x"\n[site]\nid = "tomakomai"\n'


@cache
def a_plan() -> str:
    found: str = served().post("/api/v1/plans", json=study()).json()["plan"]["id"]
    return found


@cache
def no_plan() -> str:
    """A plan without a design."""
    queued = served().post("/api/v1/plans", json=IMPOSSIBLE).json()["job"]["id"]
    found: str = wait_for_job(served().get, queued)["result"]["plan"]["id"]
    return found


def of_plan(rest: str) -> Step:
    return lambda: served().get(f"/api/v1/plans/{a_plan()}{rest}")


def of_none(rest: str) -> Step:
    return lambda: served().get(f"/api/v1/plans/{no_plan()}{rest}")


def with_token(role: str | None, path: str, method: str = "GET", body: Any = None, given: str | None = None) -> Step:
    """A question by somebody with a token of this role, or with this token."""

    def step() -> httpx.Response:
        client, token = served(token=True), given or make_token()
        if role is not None:
            assert add_token(client.service.store, f"the {role} {token[-6:]}", role, digest_of(token))
        headers = {"authorization": f"Bearer {token}"} if role is not None or given else {}
        return client.request(method, f"/api/v1/{path}", headers=headers, json=body)

    return step


def provider(g: Ground, **changes: str | None) -> Step:
    def step() -> Provider:
        g.change.delenv("KIBAN_OIDC_SECRET", raising=False)
        return read_provider(provider_file(g.folder, **changes))

    return step


def from_outside(g: Ground) -> Step:
    """The secret in the variable that the message names."""

    def step() -> Provider:
        g.change.setenv("KIBAN_OIDC_SECRET", "hush")
        return read_provider(provider_file(g.folder, client_secret_file=None))

    return step


def signing_in(g: Ground, *, installed: bool) -> Step:
    plain = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "authlib":
            raise ModuleNotFoundError(name)
        return plain(name, *arguments, **options)

    def step() -> SignIn:
        with g.change.context() as change:
            if not installed:
                change.setattr(builtins, "__import__", without)
            return SignIn(read_provider(provider_file(g.folder)))

    return step


def key(g: Ground, name: str, *, mode: int = 0o600, content: bytes | None = None, folder: bool = False) -> Step:
    """The key of a log in a folder of its own, as somebody left it."""

    def step() -> object:
        place = g.folder / name
        place.mkdir(exist_ok=True)
        if content is None and not folder:
            (place / KEY_FILE).unlink(missing_ok=True) if (place / KEY_FILE).is_file() else None
            find_or_make_key(place)
            (place / KEY_FILE).chmod(mode)
        elif folder:
            (place / KEY_FILE).mkdir()
        else:
            (place / KEY_FILE).write_bytes(content or b"")
            (place / KEY_FILE).chmod(0o600)
        return find_or_make_key(place)

    return step


def sealed_folder(g: Ground, *, open_again: bool) -> Step:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    def step() -> object:
        (g.folder / "sealed").mkdir(exist_ok=True)
        with g.change.context() as change:
            if not open_again:
                from kiban.server import audit_key

                change.setattr(audit_key, "write_whole", refuse)
            return find_or_make_key(g.folder / "sealed")

    return step


@contextlib.contextmanager
def log_in(g: Ground) -> Any:
    """A log of a few rows with its key."""
    (g.folder / "log").mkdir(exist_ok=True)
    opened = Store(Settings(data=g.folder / "log").database_url)
    try:
        found = AuditLog(opened, find_or_make_key(g.folder / "log"))
        entry = {"time": 1.0, "who": "a", "role": "admin", "action": "x", "subject": "", "status": 200, "address": ""}
        for _ in range(3):
            found.note(entry)
        found.sign_head()
        yield found
    finally:
        opened.close()


def exported(g: Ground, name: str, before: bytes | None = None) -> Step:
    def step() -> object:
        if before is not None:
            g.write(name, before)
        with log_in(g) as log:
            return export(log, g.folder / name)

    return step


def copied(g: Ground, *, cut_off: bool) -> Step:
    def step() -> object:
        file = g.folder / "copy.jsonl"
        if cut_off:
            exported(g, "copy.jsonl")()
            file.write_bytes(file.read_bytes() + b'{"number": 9')
        elif file.exists():
            file.write_bytes(file.read_bytes().removesuffix(b'{"number": 9'))
        else:
            exported(g, "copy.jsonl")()
        return read_export(file)

    return step


def shorter_log(g: Ground, *, other: bool) -> Step:
    """An export to the file of a log that had more rows."""

    def step() -> object:
        with log_in(g) as log:
            export(log, g.folder / "long.jsonl")
            with log.store.engine.begin() as connection:
                connection.execute(sql("delete from audit where number > 1"))
            return export(log, g.folder / ("short.jsonl" if other else "long.jsonl"))

    return step


def verified(g: Ground, *options: str, lose: bool = False) -> Step:
    """The log is looked at by the command, with the folder's key or without it."""

    def step() -> Any:
        with log_in(g) as log:
            assert log.key is not None
            public = log.key.public
        kept = (g.folder / "log" / KEY_FILE).read_bytes()
        try:
            if lose:
                (g.folder / "log" / KEY_FILE).unlink()
            given = [option.replace("PUBLIC", public) for option in options]
            return g.command("audit", "verify", "--data", str(g.folder / "log"), *given)
        finally:
            (g.folder / "log" / KEY_FILE).write_bytes(kept)
            (g.folder / "log" / KEY_FILE).chmod(0o600)

    return step


def named(g: Ground, name: str) -> Step:
    return lambda: g.command("serve", "token", "add", name, "--data", str(g.folder / "data"))


def listening(*, taken: bool) -> Step:
    def step() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1] if taken else 0
            running.listen("127.0.0.1", port).close()

    return step


def holding(g: Ground, name: str, *, held: bool) -> Step:
    def step() -> None:
        first = running.hold_folder(Settings(data=g.folder / "one"))
        try:
            if not held:
                first.close()
            running.hold_folder(Settings(data=g.folder / name)).close()
        finally:
            first.close()

    return step


def at_home(g: Ground, *options: str) -> Step:
    """`kiban serve` beside a journal, up to where it would listen."""

    def step() -> Any:
        with g.change.context() as change:
            change.setattr(running, "run", lambda *_: None)
            return g.command("serve", "--operate", "site.jsonl", "--data", "data", *options)

    return step


def traced(*, frontier: bool) -> Step:
    """The table of a job that has traced a frontier, or has done something else."""

    def step() -> httpx.Response:
        path, body = (
            ("frontier", {"points": 3}) if frontier else ("sweep", {"key": "target.clean_share", "values": [0.1]})
        )
        asked = served().post(f"/api/v1/{path}", json={**study(), **body})
        job = wait_for_job(served().get, asked.json()["job"]["id"])
        return served().get(f"/api/v1/jobs/{job['id']}/files/csv")

    return step


def database(g: Ground, content: bytes | None, name: str = "kiban.sqlite") -> Step:
    """A store of a file as somebody left it; None makes it anew."""

    def step() -> None:
        file = g.folder / name
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(content)
        Store(f"sqlite:///{file}").close()

    return step


def at_address(g: Ground, url: str, *, installed: bool = True) -> Step:
    def refuse(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("psycopg")

    def step() -> None:
        with g.change.context() as change:
            if not installed:
                change.setattr(store.sa, "create_engine", refuse)
            Store(url).close()

    return step


def sqlite_at(g: Ground) -> str:
    return f"sqlite:///{g.folder / 'good.sqlite'}"


def restored() -> httpx.Response:
    """A plan that was deleted comes back."""
    client = served()
    plan = client.post("/api/v1/plans", json=study(target__clean_share=0.55)).json()["plan"]["id"]
    assert client.delete(f"/api/v1/plans/{plan}").status_code < 300
    return client.post(f"/api/v1/plans/{plan}/restore")


MANY = {f"k{number}": 1 for number in range(1500)}
CASES: Mapping[str, Case] = {
    "no_page": lambda g: (get("nowhere"), lambda: served().get("/api/v1/docs")),
    "no_plan": lambda g: (get("plans/p_none"), of_plan("")),
    "no_job": lambda g: (get("jobs/j_none"), get("jobs")),
    "no_file_kind": lambda g: (of_plan("/files/zzz"), *(of_plan(f"/files/{kind}") for kind in ("toml", "html"))),
    "no_column": lambda g: (of_plan("/hourly?columns=zzz"), of_plan("/hourly?columns=load_mw&to=2")),
    "no_hours": lambda g: (of_none("/hourly"), of_plan("/hourly?to=2")),
    "range": lambda g: (
        of_plan("/hourly?columns=load_mw&from=5&to=999"),
        of_plan("/hourly?columns=load_mw&from=0&to=168"),
    ),
    "no_deleted_plan": lambda g: (
        lambda: served().post("/api/v1/plans/p_none/restore"),
        get("plans?deleted=true"),
        restored,
    ),
    "no_sign_in": lambda g: (get("sign-in"), with_token("viewer", "sites")),
    "no_token": lambda g: (with_token(None, "sites"), with_token("viewer", "sites")),
    "wrong_token": lambda g: (with_token(None, "sites", given="kiban_wrong"), with_token("viewer", "sites")),
    "role": lambda g: (with_token("viewer", "plans", "POST", study()), with_token("planner", "plans", "POST", study())),
    "origin": lambda g: (
        post("check", study(), origin="http://evil.example"),
        lambda: served().post("/api/v1/check", json=study(), headers={"origin": str(served().base_url).rstrip("/")}),
    ),
    "host": lambda g: (get("sites", host="evil.example"), get("sites")),
    "body": lambda g: (post("check", content=json.dumps(study()) + " " * 50_000), post("check", study())),
    "media": lambda g: (
        lambda: served().post("/api/v1/check", content="x=1", headers={"content-type": "text/plain"}),
        post("check", study()),
    ),
    "json": lambda g: (post("check", content="{"), post("check", study())),
    "parameter": lambda g: (post("plans", {**study(), "mode": "slow"}), post("plans", {**study(), "mode": "auto"})),
    "one_study": lambda g: (post("check", {}), post("check", study())),
    "bad_change": lambda g: (
        post("check", {"example": "tomakomai", "changes": {"a..b": 1}}),
        post("check", {"example": "tomakomai", "changes": {"load.it_load_mw": 90}}),
    ),
    "files": lambda g: (
        check(**{"load.it_load_mw": {"file": "/etc/passwd", "column": "x"}}),
        check(**{"load.it_load_mw": 90}),
    ),
    "online": lambda g: (
        check(**{"weather.source": "nasa-power", "weather.years": [2020]}),
        check(**{"weather.source": "typical"}),
    ),
    "steps": lambda g: (
        check(**{"time.step_hours": 0.5, "time.hours": None, "time.first_hour": 0}),
        check(**{"time.step_hours": 1.0}),
    ),
    "many": lambda g: (
        post("sweep", {**study(), "key": "target.clean_share", "values": [0.1, 0.2, 0.3, 0.4]}),
        post("sweep", {**study(), "key": "target.clean_share", "values": [0.1], "mode": "instant"}),
    ),
    "no_package": lambda g: (
        check(**{"policy.packages": ["zzz"]}),
        get("packages"),
        check(**{"policy.packages": ["tax-credit"]}),
    ),
    "no_package_given": lambda g: (
        post("pay", study()),
        post("pay", {**study(), "package": "tax-credit", "mode": "job"}),
    ),
    "no_national": lambda g: (
        post("national", {"example": "zzz"}),
        get("examples"),
        post("national", {"example": "japan"}),
    ),
    "no_design": lambda g: (
        post("pay", {**IMPOSSIBLE, "package": "tax-credit", "mode": "instant"}),
        post("plans", IMPOSSIBLE),
    ),
    "bounds.parts": lambda g: (toml(".".join("a" * 99) + " = 1"), toml(WHOLE)),
    "bounds.word": lambda g: (toml("a = " + "1" * 5_000), toml(WHOLE)),
    "bounds.long": lambda g: (written(g, WHOLE + "#" * 500_001), written(g, WHOLE)),
    "bounds.many": lambda g: (written(g, f"{WHOLE}a = [{'1,' * 60_000}]"), written(g, WHOLE)),
    "bounds.number": lambda g: (
        post("check", content='{"example": "tomakomai", "changes": {"load.it_load_mw": 1e999}}'),
        post("check", content='{"example": "tomakomai", "changes": {"load.it_load_mw": 90.5}}'),
    ),
    "bounds.more": lambda g: (
        post("check", {"scenario": {"name": "x", "site": {"id": "tomakomai"}, **MANY}}),
        post("check", {"scenario": {"name": "x", "site": {"id": "tomakomai"}}}),
    ),
    "bounds.known_above": lambda g: (
        post("check", {"scenario": {"name": "x", "site": {"id": "tomakomai"}, "q1q": 1, "q2q": 2}}),
        post("check", {"scenario": {"name": "x", "site": {"id": "tomakomai"}}}),
    ),
    "audit.no_export": lambda g: (copied(g, cut_off=True), copied(g, cut_off=False)),
    "audit.unreadable": lambda g: (lambda: read_export(g.folder / "none"), copied(g, cut_off=False)),
    "audit.unwritable": lambda g: (exported(g, "none/copy.jsonl"), exported(g, "copy.jsonl")),
    "audit.other_file": lambda g: (shorter_log(g, other=False), shorter_log(g, other=True)),
    "audit.no_key": lambda g: (verified(g, lose=True), verified(g), verified(g, "--key", "PUBLIC", lose=True)),
    "audit.bad_key": lambda g: (verified(g, "--key", "xyz"), verified(g, "--key", "PUBLIC")),
    "command.token_name": lambda g: (named(g, "local"), named(g, "mina")),
    "serve.key_unreadable": lambda g: (key(g, "a", folder=True), key(g, "b")),
    "serve.key_unwritable": lambda g: (sealed_folder(g, open_again=False), sealed_folder(g, open_again=True)),
    "serve.key_open": lambda g: (key(g, "a", mode=0o640), key(g, "a", mode=0o600)),
    "serve.key_damaged": lambda g: (key(g, "a", content=b""), key(g, "a2")),
    "serve.port": lambda g: (listening(taken=True), listening(taken=False)),
    "serve.locked": lambda g: (
        holding(g, "one", held=True),
        holding(g, "one", held=False),
        holding(g, "two", held=True),
    ),
    "serve.folder": lambda g: (
        lambda: running.hold_folder(Settings(data=g.write("file", "x"))),
        lambda: running.hold_folder(Settings(data=g.folder / "data")).close(),
    ),
    "serve.damaged": lambda g: (
        database(g, b"SQLite format 3\0" + b"\0" * 4000),
        database(g, None),
        database(g, None, "other.sqlite"),
    ),
    "serve.database": lambda g: (
        at_address(g, "postgresql+psycopg://u:p@127.0.0.1:1/x"),
        at_address(g, sqlite_at(g)),
    ),
    "serve.driver": lambda g: (
        at_address(g, "postgresql+psycopg://u:p@127.0.0.1:1/x", installed=False),
        at_address(g, sqlite_at(g)),
    ),
    "oidc.unreadable": lambda g: (lambda: read_provider(g.folder / "none.toml"), provider(g)),
    "oidc.no_toml": lambda g: (provider(g, issuer="= 1"), provider(g)),
    "oidc.secret": lambda g: (provider(g, client_secret_file='"none"'), provider(g, client_secret_file='"secret"')),
    "oidc.no_secret": lambda g: (provider(g, client_secret_file=None), provider(g), from_outside(g)),
    "oidc.text": lambda g: (provider(g, client_id="7"), provider(g, client_id='"7"')),
    "oidc.insecure": lambda g: (
        provider(g, issuer='"http://login.example.org"'),
        provider(g, issuer='"https://login.example.org"'),
    ),
    "oidc.return": lambda g: (
        provider(g, redirect_uri='"https://kiban.example.org/"'),
        provider(g, redirect_uri=GOOD["redirect_uri"]),
    ),
    "oidc.scopes": lambda g: (provider(g, scopes="[1]"), provider(g, scopes='["openid", "groups"]')),
    "oidc.roles": lambda g: (
        provider(g, roles='{ g = "king" }'),
        *(provider(g, roles=f'{{ g = "{role}" }}') for role in ("viewer", "planner", "admin")),
    ),
    "oidc.not_installed": lambda g: (signing_in(g, installed=False), signing_in(g, installed=True)),
    "serve.operate_open": lambda g: (at_home(g, "--host", "0.0.0.0", "--name", "kiban.example.org"), at_home(g)),
    "no_frontier": lambda g: (traced(frontier=False), traced(frontier=True)),
}
