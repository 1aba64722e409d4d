"""Time stamps of an authority (RFC 3161): got once, kept beside the signature, verified without a network."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.cases.time_authority import Authority, time_authority
from tests.unit.test_signing import PASSPHRASE, office, write
from typer.testing import CliRunner, Result

from kiban.cli import app
from kiban.errors import InputError
from kiban.outside import Reach, restricted
from kiban.signing.signature import sign, verify
from kiban.signing.timestamp import is_open, read_roots, request_token, verify_token

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with time_authority(tmp_path_factory.mktemp("authority")) as found:
        yield found


@pytest.fixture(autouse=True)
def as_it_was(authority: Authority) -> None:
    authority.answer, authority.status = None, 200


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "plan")
    (tmp_path / "office.key").write_bytes(office().to_pem(PASSPHRASE))
    (tmp_path / "office.pub").write_bytes(office().public.to_pem())
    (tmp_path / "phrase").write_bytes(PASSPHRASE + b"\n")
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"LC_ALL": "C"})


def sign_plan(url: str) -> Result:
    return run("sign", "plan", "--key", "office.key", "--passphrase-file", "phrase", "--timestamp", url)


def check_plan(*more: object) -> Result:
    return run("verify", "plan", "--public", "office.pub", *more)


def test_a_stamp_is_kept_beside_the_signature_and_verified_offline(ground: Path, authority: Authority) -> None:
    before = datetime.now(UTC)
    assert sign_plan(authority.url).exit_code == 0
    with restricted(Reach(files=True, online=False)):
        held = check_plan("--tsa-roots", authority.roots)
    assert held.exit_code == 0
    assert "by the clock of the authority" in held.stdout
    verdict = verify(ground / "plan", office().public)
    assert verdict.holds
    assert verdict.token is not None
    time = verify_token(verdict.token, verdict.signature, read_roots(authority.roots))
    assert time is not None
    assert before - timedelta(seconds=2) <= time <= datetime.now(UTC) + timedelta(seconds=2)


def test_another_tool_verifies_it_too(ground: Path, authority: Authority) -> None:
    sign(ground / "plan", office(), stamp=partial(request_token, authority.url))
    folder = ground / "plan/signature"
    asked = ("openssl", "ts", "-verify", "-in", "timestamp.tsr", "-data", "signature.json", "-CAfile", authority.roots)
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stdout


def test_a_stamp_of_another_signature_or_authority_does_not_hold(
    ground: Path, authority: Authority, tmp_path: Path
) -> None:
    assert sign_plan(authority.url).exit_code == 0
    with time_authority(tmp_path / "stranger") as stranger:
        other = check_plan("--tsa-roots", stranger.roots)
    assert other.exit_code == 2
    assert "none of these roots vouches for" in other.stderr
    assert check_plan("--tsa-roots", authority.roots).exit_code == 0
    token = ground / "plan/signature/timestamp.tsr"
    token.write_bytes(request_token(authority.url, b"another signature"))
    assert check_plan("--tsa-roots", authority.roots).exit_code == 2
    token.write_bytes(b"no token")
    assert check_plan("--tsa-roots", authority.roots).exit_code == 2
    unchecked = check_plan()
    assert unchecked.exit_code == 0
    assert "was not checked" in unchecked.stderr


def test_a_signature_without_a_stamp_has_none(ground: Path, authority: Authority) -> None:
    sign(ground / "plan", office())
    found = check_plan("--tsa-roots", authority.roots)
    assert found.exit_code == 2
    assert "carries no time stamp" in found.stderr
    assert check_plan().exit_code == 0


def test_nothing_is_signed_where_the_authority_fails(ground: Path, authority: Authority) -> None:
    authority.status = 503
    assert "got no time stamp from" in sign_plan(authority.url).stderr
    authority.status, authority.answer = 200, b"not a token"
    assert "got no time stamp from" in sign_plan(authority.url).stderr
    authority.answer = request_replayed(authority)
    assert "no stamp of this signature" in sign_plan(authority.url).stderr
    assert sign_plan("http://127.0.0.1:9/tsr").exit_code == 2
    assert not (ground / "plan/signature").exists()


def request_replayed(authority: Authority) -> bytes:
    authority.answer = None
    return request_token(authority.url, b"what was stamped before")


@pytest.mark.parametrize("address", ["ftp://tsa.example.org", "tsa.example.org", "http://", "http://[::1", ""])
def test_what_is_no_address_is_refused_before_the_passphrase(ground: Path, address: str) -> None:
    found = run("sign", "plan", "--key", "office.key", "--passphrase-file", "nothing", "--timestamp", address)
    assert found.exit_code == 2
    assert "no address of a time-stamping authority" in found.stderr


def test_nobody_is_asked_where_none_may_be(ground: Path, authority: Authority) -> None:
    asked = len(authority.asked)
    with restricted(Reach(files=True, online=False)), pytest.raises(InputError) as refused:
        request_token(authority.url, b"x")
    assert refused.value.problems[0].code == "signing.offline"
    assert len(authority.asked) == asked


def test_an_open_request_is_said(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_open("http://tsa.example.org/tsr")
    assert not is_open("https://tsa.example.org/tsr")
    assert not is_open("http://127.0.0.1:3161/tsr")
    assert not is_open("http://[::1]:3161/tsr")
    monkeypatch.setattr("httpx.post", lambda *_, **__: (_ for _ in ()).throw(__import__("httpx").ConnectError("away")))
    assert "is not encrypted" in sign_plan("http://tsa.example.org/tsr").stderr


def test_what_holds_no_certificate_is_refused(ground: Path) -> None:
    sign(ground / "plan", office())
    assert "holds no certificate" in check_plan("--tsa-roots", "office.pub").stderr
    assert "cannot be read" in check_plan("--tsa-roots", "nothing").stderr


def test_without_the_package_it_says_how_to_get_it(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rfc3161_client", None)
    assert "pip install 'kiban[timestamp]'" in sign_plan("https://tsa.example.org").stderr


def test_an_answer_without_an_end_is_read_no_further_than_a_token_is_long() -> None:
    sent: list[int] = []

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                sent.extend(self.wfile.write(bytes(65_536)) for _ in range(2_000))

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(InputError) as refused:
            request_token(f"http://127.0.0.1:{server.server_address[1]}/", b"content")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [problem.code for problem in refused.value.problems] == ["signing.no_token"]
    assert sum(sent) < 64_000_000
