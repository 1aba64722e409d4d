"""What strangers send is bounded: what it may reach, how much of it is read, how long it may take, what is answered."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import socket
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from tests.cases.servers import Client, open_client, wait_until

from kiban.errors import MOST_PROBLEMS, InputError
from kiban.outside import Reach, present_reach
from kiban.server.access import LOCAL
from kiban.server.application import make_application
from kiban.server.confinement import find_outside, serve_confined
from kiban.server.gate import HEADERS
from kiban.server.problems import MOST_ANSWER_BYTES
from kiban.server.running import configure
from kiban.server.settings import Limits, Settings
from kiban.server.studies import find_scenario

CHECK = "/api/v1/check"
JSON = {"content-type": "application/json"}
NATIONAL = {"national": {"name": "x"}, "tranche": [{"id": "training", "it_load_mw": 100}]}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that takes twenty connections and waits a second for each."""
    limits = Limits(connections=20, header_seconds=1.0, body_seconds=1.0)
    with open_client(Settings(data=tmp_path_factory.mktemp("data"), limits=limits)) as opened:
        yield opened


def assert_headers(answer: Any) -> None:
    for name, value in HEADERS:
        assert answer.headers[name] == value, name
    assert answer.headers["cache-control"]


def ask(client: Client, content: str | bytes, address: str = CHECK) -> Any:
    answer = client.post(address, content=content, headers=JSON)
    assert len(answer.content) <= MOST_ANSWER_BYTES
    assert_headers(answer)
    return answer


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (".".join(["a"] * 99_000) + " = 1", "has a key of more than 20 parts"),
        (f"[{'.'.join(['a'] * 99_000)}]", "has a key of more than 20 parts"),
        ("a = " + "1" * 5_000, "5,000 letters"),
        ('name = "x"\n[site]\nid = "tomakomai"\n[load]\nit_load_mw = 0x' + "f" * 5_000, "5,002 letters"),
        ("a = " + "[" * 5_000, "nests too deeply"),
        ("#" * 500_000, "500,000 letters"),
        ('name = "x"\n[site]\nid = "tomakomai"\n[load]\nit_load_mw = nan', "must be a finite number"),
        ('name = "x"\n[site]\nid = "tomakomai"\n[load]\nit_load_mw = 2e15', "must be at most 1e+15"),
    ],
    ids=["dots", "header", "decimal", "hexadecimal", "nesting", "long", "nan", "large"],
)
def test_toml_is_bounded_before_it_is_read(client: Client, toml: str, said: str) -> None:
    for address in (CHECK, "/api/v1/plans", "/api/v1/national"):
        found = ask(client, json.dumps({"toml": toml}), address)
        assert found.status_code == 422
        assert address == "/api/v1/national" or said in found.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 5_000])
@pytest.mark.parametrize("key", ["sequence", "changes", "scenario"])
def test_numbers_that_json_does_not_have(client: Client, number: str, key: str) -> None:
    value = number if key == "sequence" else f'{{"load.it_load_mw": {number}}}'
    found = ask(client, f'{{"example": "tomakomai", "mode": "auto", "{key}": {value}}}', "/api/v1/plans")
    assert found.status_code == 422
    document = found.json()
    assert (
        document["detail"]
        == f"has the number {number[:40]}{'…' if len(number) > 40 else ''}; write numbers of ordinary length and size."
    )
    assert not document["detail_ja"].isascii()


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"\\ud800"',
        b"\x00",
        b"1",
        b"null",
        b'{"toml": "\\ud800"}',
    ],
)
def test_bodies_that_are_no_question(client: Client, content: bytes) -> None:
    for address in (CHECK, "/api/v1/plans", "/api/v1/national", "/api/v1/sweep"):
        assert ask(client, content, address).status_code in {400, 422}


@pytest.mark.parametrize("sequence", ["[[[1]]]", '{"a": 1}', '"x"', "1.5", "true", "-1", "9" * 900])
def test_only_a_number_of_a_question_is_echoed(client: Client, sequence: str) -> None:
    found = ask(client, f'{{"toml": "51", "mode": 1, "session": {{}}, "sequence": {sequence}}}', "/api/v1/plans")
    assert found.status_code == 422
    assert "session" not in found.json()


def test_an_answer_is_bounded_however_much_is_wrong(client: Client) -> None:
    """The case of 16 kB that took a second of processor and was answered with 1.34 MB, and its kin."""
    scenario = {"name": "x", "site": {"id": "tomakomai"}}
    many = {f"k{number}": 1 for number in range(1_500)}
    long = {f"{'k' * 5_000}{number}": "v" * 5_000 for number in range(50)}
    bodies: list[tuple[str, Any]] = [
        (CHECK, {"scenario": {**scenario, **many}}),
        (CHECK, {"scenario": {**scenario, **long}}),
        (CHECK, {"scenario": {**scenario, "supply": {name: {"max_mw": "x"} for name in many}}}),
        (CHECK, {"scenario": {**scenario, "tranche": [{} for _ in many]}}),
        (CHECK, {"scenario": {**scenario, "assumptions": dict.fromkeys(many, 1.0)}}),
        (CHECK, {"scenario": {**scenario, "policy": {"packages": list(many)}}}),
        (CHECK, {"scenario": scenario, **many}),
        (CHECK, {"scenario": scenario, **long}),
        ("/api/v1/national", {"study": {**NATIONAL, "national": {"name": "x", "sites": list(many)}}}),
        ("/api/v1/national", {"study": {**NATIONAL, **many}}),
        ("/api/v1/pay", {"example": "tomakomai", "package": {"instrument": [many for _ in range(3)]}}),
    ]
    for address, body in bodies:
        found = ask(client, json.dumps(body), address)
        assert found.status_code == 422, (address, found.text[:300])
        problems = found.json()["problems"]
        assert 1 <= len(problems) <= MOST_PROBLEMS + 1
        assert problems[-1]["detail"].startswith("More is wrong") or len(problems) <= MOST_PROBLEMS


@pytest.mark.parametrize("host", ["[::1", "[", "[::1]]", "]", "a b", "\u00e9", "[::1%25]"])
def test_a_host_that_is_no_name_is_misdirected(client: Client, host: str) -> None:
    answer = client.get("/api/v1/health", headers={"host": host.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status_code in {400, 421}
    if answer.status_code == 421:
        assert_headers(answer)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "http://[]", "x", "//["])
def test_an_origin_that_cannot_be_read_is_forbidden(client: Client, origin: str) -> None:
    answer = client.post(CHECK, json={"example": "tomakomai"}, headers={"origin": origin})
    assert answer.status_code == 403
    assert_headers(answer)


def test_a_failure_has_the_headers_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an address fails or the gate itself."""

    def fail(*_: object) -> None:
        raise OSError("by a test")

    monkeypatch.setattr("kiban.server.planning_routes.check_document", fail)
    answer = client.post(CHECK, json={"example": "tomakomai"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:kiban:problem:fault"
    assert "by a test" not in answer.text
    assert_headers(answer)
    monkeypatch.setattr("kiban.server.gate.check_json", fail)
    answer = client.post(CHECK, json={"example": "tomakomai"})
    assert answer.status_code == 500
    assert_headers(answer)


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        ({"weather": {"source": "nasa-power"}}, ["weather.source"]),
        ({"site": [{"id": "a"}, {"weather": {"source": "pvgis"}}]}, ["site.1.weather.source"]),
        ({"a": [{"b": {"source": "open-meteo"}}]}, ["a.0.b.source"]),
        ({"site": [{"weather": {"files": ["/etc/passwd"]}}]}, ["site.0.weather.files"]),
        ({"supply": {"pv": {"availability": {"file": "x.csv"}}}}, ["supply.pv.availability.file"]),
        ({"national": {"sites_file": "x.csv"}}, ["national.sites_file"]),
        ({"policy": {"packages": ["none", "secretfile", "a/b"]}}, ["policy.packages"] * 2),
        ({"policy": {"packages": "secretfile"}}, ["policy.packages"]),
        ({"weather": {"source": "tmy3", "files": ["pvlib:723170TYA.CSV"]}, "policy": {"packages": ["none"]}}, []),
        ({"weather": {"source": "typical"}}, []),
    ],
)
def test_the_walk_finds_whatever_lies_outside(raw: dict[str, Any], paths: list[str]) -> None:
    assert [problem.key for problem in find_outside(raw, Reach())] == paths
    online = [problem.key for problem in find_outside(raw, Reach(online=True))]
    assert online == [path for path in paths if not path.endswith("source")]


def test_a_site_with_weather_of_its_own_asks_nobody(client: Client) -> None:
    """The case that asked NASA four times: refused, and nothing is queued."""
    study = {**NATIONAL, "site": [{"id": "tomakomai", "weather": {"source": "nasa-power", "years": [2020]}}]}
    found = ask(client, json.dumps({"study": study}), "/api/v1/national")
    assert found.status_code == 422
    assert found.json()["path"] == "site.0.weather.source"
    assert not client.get("/api/v1/jobs").json()["jobs"]


def test_a_package_is_never_a_file_of_the_server(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secretfile").write_text('secret_key = "x"\n')
    (tmp_path / "env").write_text("PASSWORD=1\n")
    said = set()
    for name in ("secretfile", "env", "absent"):
        for body in (
            {"example": "tomakomai", "changes": {"policy.packages": [name]}},
            {"example": "tomakomai", "packages": [name]},
        ):
            said.add(ask(client, json.dumps(body)).json()["detail"].replace(name, "NAME"))
        study = {**NATIONAL, "policy": {"packages": [name]}}
        found = ask(client, json.dumps({"study": study}), "/api/v1/national")
        said.add(found.json()["detail"].replace(name, "NAME"))
    assert said == {"policy.packages 'NAME' is not a policy package; see /api/v1/packages for the list."}


def test_readers_refuse_even_what_the_walk_let_through(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the walk the same requests end at the reader: nothing is opened and nobody is asked."""
    monkeypatch.setattr("kiban.server.studies.refuse_outside", lambda *_: None)
    series = {"file": "/etc/passwd", "column": "x"}
    for changes in (
        {"load.it_load_mw": series},
        {"weather": {"source": "epw", "files": ["/etc/passwd"]}},
        {"weather": {"source": "nasa-power", "years": [2020]}},
        {"policy.packages": ["/etc/passwd"]},
        {"grid.price_myen_per_mwh": {"jepx_files": ["/etc/passwd"]}},
    ):
        found = ask(client, json.dumps({"example": "tomakomai", "changes": changes}))
        assert found.status_code == 422
        detail = found.json()["detail"]
        assert "names a file" in detail or "online service" in detail or "policy package" in detail, detail


def report_confinement(line: Connection) -> None:
    import resource

    line.send((present_reach(), resource.getrlimit(resource.RLIMIT_AS)[0]))


def test_a_worker_is_confined() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=serve_confined, args=(report_confinement, theirs, Reach(online=True), 5_000_000_000)
    )
    process.start()
    assert ours.recv() == (Reach(files=False, online=True), 5_000_000_000)
    process.join()


def open_half(client: Client, text: bytes) -> socket.socket:
    address = client.base_url
    half = socket.create_connection((address.host, address.port or 0), timeout=60)
    half.sendall(text)
    return half


def read_all(half: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := half.recv(65_536):
            received += part
    return received


def test_half_a_header_is_not_waited_for(hasty: Client) -> None:
    for text in (b"", b"GET /api", b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "):
        with open_half(hasty, text) as half:
            assert read_all(half) == b""  # closed from the other side
    whole = b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with open_half(hasty, whole + b"GET /api/v1/he") as half:
        assert read_all(half).count(b"HTTP/1.1") == 1


def test_half_a_body_is_answered_and_closed(hasty: Client) -> None:
    head = f"POST {CHECK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    with open_half(hasty, head.encode() + b'{"toml": "') as half:
        answer = read_all(half)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"content-security-policy" in answer
    assert "1秒以内に届きませんでした".encode() in answer


def test_who_was_answered_may_be_silent_as_long_as_who_has_not_asked(hasty: Client, tmp_path: Path) -> None:
    host, port = hasty.base_url.host, hasty.base_url.port
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(f"GET /api/v1/health HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n".encode())
        begun = time.monotonic()
        while connection.recv(65_536):
            pass
        assert time.monotonic() - begun >= 0.9
    # Clients that keep a connection do so for 5 s (httpx) and more.
    assert configure(make_application(Settings(data=tmp_path))).config.timeout_keep_alive == 20


def test_silent_connections_keep_nobody_out(hasty: Client) -> None:
    """Four times as many halves as there are places: the server answers all the while, and closes them in the end."""
    halves = []
    for _ in range(80):
        halves.append(open_half(hasty, b"GET /api/v1/health HTTP/1.1\r\n"))
        if len(halves) % 20 == 0:
            assert hasty.get("/api/v1/health").status_code == 200
    for half in halves:
        assert read_all(half) == b""
        half.close()
    assert hasty.get("/api/v1/health").status_code == 200


def test_a_connection_too_many_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every place is taken by a question that is being answered."""
    limits = Limits(connections=4, body_seconds=60.0)
    head = f"POST {CHECK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n".encode()
    with open_client(Settings(data=tmp_path, limits=limits)) as client:
        client.close()
        busy: list[socket.socket] = []

        def refused() -> bytes:
            with open_half(client, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n") as third:
                answer = read_all(third)
            if answer.startswith(b"HTTP/1.1 503"):
                return answer
            busy.append(open_half(client, head))
            return b""

        answer = wait_until(refused)
        assert b"content-security-policy" in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "urn:kiban:problem:busy"
        for half in busy:
            half.close()


def test_a_scenario_found_by_the_server_is_the_shipped_one(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of an example's name in the folder where the server was started is not taken for the example."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tomakomai").write_text("not a scenario")
    answer = client.get("/api/v1/examples")
    assert answer.status_code == 200
    from kiban.server.bodies import Study

    with contextlib.suppress(InputError):
        assert find_scenario(Study(example="tomakomai"), client.service.settings, client.service.store, LOCAL).site.id
