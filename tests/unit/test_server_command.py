"""`kiban serve` and its tokens at the command line, without a running server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import OutputError
from kiban.quantities import LANGUAGES
from kiban.server.access import digest_of
from kiban.server.running import greeting, hold_folder, listen
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
    assert call("token", "list", *data)[1] == "mina\tplanner\n"
    code, again, complaint = call("token", "add", "mina", *data)
    assert (code, again) == (2, "")
    assert "already" in complaint
    store = Store(Settings(data=tmp_path).database_url)
    found = store.find_token(digest_of(token.strip()))
    store.close()
    assert found is not None
    assert found["role"] == "planner"
    assert call("token", "remove", "mina", *data)[0] == 0
    code, _, complaint = call("token", "remove", "mina", *data)
    assert code == 2
    assert "mina" in complaint
    assert call("token", "list", *data) == (0, "", "There are no tokens.\n")


@pytest.mark.parametrize("arguments", [("token", "add", "x", "--role", "king"), ("--port", "0"), ("--workers", "none")])
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
        listen(Settings(host="192.0.2.1", port=1))


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
