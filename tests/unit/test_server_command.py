"""`kiban serve` and its tokens at the command line, without a running server."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.cases.coroutines import run_apart
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import OutputError
from kiban.quantities import LANGUAGES
from kiban.server.access import digest_of
from kiban.server.audit import AuditLog
from kiban.server.audit_key import find_or_make_key
from kiban.server.running import greeting, hold_folder, listen
from kiban.server.sessions import add_token, find_token, open_session
from kiban.server.settings import Settings, default_data_folder
from kiban.server.store import Store


def call(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["serve", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_tokens_are_made_listed_and_withdrawn(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    code, token, said = call("token", "add", "mina", "--role", "planner", *data)
    assert code == 0
    assert token.startswith("kiban_")
    assert "mina" in said
    assert re.fullmatch(r"mina\tplanner\tuntil \d{4}-\d\d-\d\dT[\d:]+Z\n", call("token", "list", *data)[1])
    code, again, complaint = call("token", "add", "mina", *data)
    assert (code, again) == (2, "")
    assert "already" in complaint
    store = Store(Settings(data=tmp_path).database_url)
    found = find_token(store, digest_of(token.strip()))
    store.close()
    assert found is not None
    assert found["role"] == "planner"
    assert found["expires"] == pytest.approx(time.time() + 90 * 86_400, abs=3_600)
    assert call("token", "remove", "mina", *data)[0] == 0
    code, _, complaint = call("token", "remove", "mina", *data)
    assert code == 2
    assert "mina" in complaint
    assert call("token", "list", *data) == (0, "", "There are no tokens.\n")


def test_tokens_that_have_expired_are_said_to_be(tmp_path: Path) -> None:
    store = Store(Settings(data=tmp_path).database_url)
    add_token(store, "old", "viewer", "digest", days=-1)
    store.close()
    data = ("--data", str(tmp_path))
    assert "\texpired " in call("token", "list", *data)[1]
    assert "期限切れ" in call("token", "list", *data, "--lang", "ja")[1]
    assert call("token", "add", "old", "--days", "3", *data)[0] == 0  # the name is free again


def test_who_is_signed_in_is_listed_and_signed_out(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert call("session", "list", *data) == (0, "", "Nobody is signed in.\n")
    store = Store(Settings(data=tmp_path).database_url)
    open_session(store, "digest", "oidc:7", "planner", hours=1.0, shown="mina@example.org")
    store.close()
    assert re.fullmatch(r"oidc:7\tplanner\tuntil \S+\tmina@example.org\n", call("session", "list", *data)[1])
    assert call("session", "end", "oidc:7", *data) == (0, "1 sessions of oidc:7 have ended.\n", "")
    assert call("session", "list", *data)[1] == ""


def test_commands_are_written_to_the_audit_log_which_can_be_checked_and_copied(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))

    def audit(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["audit", *arguments, *data])
        return result.exit_code, result.stdout, result.stderr

    call("token", "add", "mina", "--role", "admin", *data)
    call("purge", "--days", "0", *data)
    assert audit("head") == (0, "", "No head was signed yet.\n")
    log = AuditLog(Store(Settings(data=tmp_path).database_url), find_or_make_key(tmp_path))
    log.sign_head()
    rows = [(row["who"].partition(":")[0], row["action"], row["subject"]) for row in log.read(10)]
    assert rows == [("shell", "purge --days 0", "0 plans"), ("shell", "token add --role admin --days 90", "mina")]
    code, said, _ = audit("verify")
    assert (code, "2 rows and 1 signed heads" in said) == (0, True)
    assert "2行、署名1件" in audit("verify", "--lang", "ja")[1]
    assert json.loads(audit("head")[1])["number"] == 2
    copy = tmp_path / "copy.jsonl"
    assert audit("export", str(copy))[0] == 0
    assert audit("verify", "--copy", str(copy))[0] == 0
    assert audit("verify", "--key", "xyz")[0] == 2
    with log.store.engine.begin() as connection:
        connection.execute(sa.text("update audit set subject = 'ken' where number = 1"))
    code, said, complaint = audit("verify")
    assert (code, said, complaint) == (3, "", "The audit log is broken: row 1 was changed.\n")
    assert "行1が変えられています" in audit("verify", "--lang", "ja")[2]
    (tmp_path / "audit-key.pem").unlink()
    assert audit("verify")[0] == 2  # there is no key to check the head with
    log.store.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "add", "x", "--role", "king"),
        ("token", "add", "x", "--days", "0"),
        ("token", "add", "local"),
        ("token", "add", "oidc:7"),
        ("--port", "0"),
        ("--workers", "none"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert call(*arguments, "--data", str(tmp_path))[0] == 2


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, said = call("--port", str(port), "--data", str(tmp_path))
        assert code == 2
        assert str(port) in said
        assert "--port" in said


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with hold_folder(settings), pytest.raises(OutputError, match="another"):
        hold_folder(settings)
    hold_folder(settings).close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        hold_folder(Settings(data=tmp_path / "file" / "inside"))


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(OutputError, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 1)


def test_small_answers_are_sent_at_once() -> None:
    """asyncio turns off the waiting of TCP only for sockets that say which protocol they speak."""

    async def look() -> int:
        taken: list[int] = []
        with listen("127.0.0.1", 0) as listener:

            def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                taken.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                writer.close()

            server = await asyncio.start_server(take, sock=listener)
            async with server:
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                await reader.read()
                writer.close()
        return taken[0]

    assert run_apart(look()) != 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_server_says_when_it_starts(language: str, tmp_path: Path) -> None:
    chosen = "ja" if language == "ja" else "en"
    local = greeting(Settings(data=tmp_path, static=tmp_path), chosen, has_tokens=False)
    assert f"http://127.0.0.1:8765/{language}/" in local[0]
    assert any(str(tmp_path) in line and "API" in line for line in local)
    assert len(local) == 4
    open_to_all = greeting(Settings(data=tmp_path, static=tmp_path, host="::"), chosen, has_tokens=False)
    assert "http://[::]:8765" in open_to_all[0]
    assert any("kiban serve token add" in line for line in open_to_all)
    assert any("TLS" in line for line in open_to_all)
    assert len(greeting(Settings(host="0.0.0.0", static=tmp_path), chosen, has_tokens=True)) == 6


def test_the_folder_for_data_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KIBAN_DATA", str(tmp_path))
    assert default_data_folder() == tmp_path
    monkeypatch.delenv("KIBAN_DATA")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert default_data_folder() == tmp_path / "share" / "kiban"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_data_folder() == tmp_path / "local" / "kiban"
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_data_folder().parts[-2:] == ("Application Support", "kiban")
