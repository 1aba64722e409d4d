"""Whatever is wrong with a request is answered with a problem document in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cases import faulty
from tests.cases.servers import WEEK, Client, open_client, study, wait_for_job, wait_until_working
from tests.server.gates import Gate

from kiban.server.settings import Limits, Settings

LIMITS = Limits(body_bytes=20_000, steps=8760, sweep_points=3, queued_jobs=1, plans_in_comparison=3)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that takes on little."""
    with open_client(Settings(data=tmp_path_factory.mktemp("data"), limits=LIMITS)) as opened:
        yield opened


def problem_of(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:kiban:problem:{kind}"
    assert found["status"] == status
    for name in ("title", "title_ja", "detail", "detail_ja"):
        assert found[name], name
    assert not found["detail_ja"].isascii()
    for problem in found["problems"]:
        assert set(problem) == {"path", "where", "detail", "detail_ja", "suggestion", "suggestion_ja"}
    return found


@pytest.mark.parametrize(
    ("changes", "path", "detail_ja"),
    [
        ({"target.clean_share": 1.2}, "target.clean_share", "1 以下"),
        ({"target.clean_share": "much"}, "target.clean_share", "'much'"),
        ({"site.id": "tomakomaii"}, "site.id", "カタログにない地点"),
        ({"nonsense.x": 1}, "nonsense", "未知のキー"),
        ({"load.chip": "abacus"}, "load.chip", "カタログにないチップ"),
        ({"assumptions.pv.capexx": 1.0}, "", "カタログにない数値"),
        ({"site": None}, "site", "がありません"),
        ({"time.hours": 9000}, "time.hours", "8760 以下"),
        ({"time.first_hour": 8700, "time.hours": 168}, "time", "超えます"),
        ({"weather.source": "nasa-power", "weather.years": [2020]}, "weather.source", "オンライン"),
        ({"load.it_load_mw": {"file": "/etc/passwd", "column": "x"}}, "load.it_load_mw.file", "ファイル"),
        ({"grid.price_myen_per_mwh": {"jepx_files": ["x.csv"]}}, "grid.price_myen_per_mwh.jepx_files", "ファイル"),
        ({"weather.source": "epw", "weather.files": ["pvlib:../../x"]}, "weather.files", "ファイル"),
        ({"policy.packages": ["../../etc/passwd"]}, "policy.packages", "政策パッケージ"),
        ({"grid.price_myen_per_mwh": 15}, "grid.price_myen_per_mwh", "ありそうな範囲"),
    ],
)
def test_a_scenario_that_cannot_be_used(small: Client, changes: dict[str, Any], path: str, detail_ja: str) -> None:
    asked = {"example": "tomakomai", "changes": {**WEEK, **changes}}
    for address in ("/api/v1/check", "/api/v1/plans"):
        found = problem_of(small.post(address, json=asked), 422, "scenario")
        assert found["path"] == path
        assert detail_ja in found["detail_ja"]


def test_what_is_implausible_is_taken_where_the_request_insists(small: Client) -> None:
    asked = {"example": "tomakomai", "changes": {**WEEK, "grid.price_myen_per_mwh": 15}}
    found = problem_of(small.post("/api/v1/check", json=asked), 422, "scenario")
    assert "insist = true" in found["problems"][0]["suggestion"]
    for insisting in ({**asked, "insist": True}, {**asked, "changes": {**asked["changes"], "insist": True}}):
        answer = small.post("/api/v1/check", json=insisting)
        assert answer.status_code == 200, answer.text
        assert any("grid.price_myen_per_mwh is 15" in note["en"] for note in answer.json()["notes"])


def test_every_fault_of_a_scenario_in_both_languages(small: Client) -> None:
    found = problem_of(small.post("/api/v1/check", json={"toml": faulty.SCENARIO}), 422, "scenario")
    assert len(found["problems"]) == faulty.SCENARIO_FAULTS
    for problem in found["problems"]:
        assert problem["detail"].isascii()
        assert faulty.english_in(problem["detail_ja"]) == [], problem["detail_ja"]
        assert faulty.english_in(problem["suggestion_ja"]) == [], problem["suggestion_ja"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "scenario"),
        ({"example": "tomakomai", "toml": "x = 1"}, "scenario"),
        ({"example": "tomakomai", "surprise": 1}, "surprise"),
        ({"example": "tomakomai", "sequence": -1}, "sequence"),
        ({"example": "tomakomai", "sequence": "1"}, "sequence"),
        ({"example": "tomakomai", "mode": "slow"}, "mode"),
        ({"example": "tomakomai", "session": "x" * 65}, "session"),
        ({"example": "tomakomai", "changes": {"name.x": 1}}, "name.x"),
        ({"example": "tomakomai", "changes": {"a..b": 1}}, "a..b"),
        ({"example": "tomakomai", "changes": {".".join("a" * 30): 1}}, ".".join("a" * 30)),
        ({"example": "tomakomai", "changes": []}, "changes"),
        ({"scenario": {"measure": [{"id": "a"}]}, "changes": {"measure.1.id": "b"}}, "measure.1.id"),
        ([], ""),
        ("text", ""),
    ],
)
def test_a_request_that_cannot_be_understood(small: Client, body: Any, path: str) -> None:
    assert problem_of(small.post("/api/v1/plans", json=body), 422, "request")["path"] == path


@pytest.mark.parametrize(
    ("content", "kind", "status", "problem"),
    [
        ("{", "application/json", 422, "request"),
        ("[" * 15_000, "application/json", 400, "request"),
        ('{"scenario": ' + '{"a":' * 3000 + "1" + "}" * 3000 + "}", "application/json", 400, "request"),
        ('{"scenario": ' + '{"a":' * 300 + "1" + "}" * 300 + "}", "application/json", 422, "scenario"),
        ('{"toml": "a = ["}', "application/json", 422, "scenario"),
        ('{"toml": "a = ' + "[" * 5000 + '"}', "application/json", 422, "scenario"),
        ('{"scenario": {"name": NaN}}', "application/json", 422, "request"),
        ("example=tomakomai", "application/x-www-form-urlencoded", 415, "media-type"),
        ("{}", "text/plain", 415, "media-type"),
        ('{"toml": "' + "#" * 30_000 + '"}', "application/json", 413, "too-large"),
    ],
)
def test_bodies_of_the_wrong_kind(small: Client, content: str, kind: str, status: int, problem: str) -> None:
    answer = small.post("/api/v1/plans", content=content, headers={"content-type": kind})
    problem_of(answer, status, problem)


STRANGE = ("\0", "\ud800", "\u202e<script>", "'; drop table plans; --", "a" * 500)


@pytest.mark.parametrize("text", STRANGE, ids=ascii)
def test_strange_text_is_no_fault_of_ours(small: Client, text: str) -> None:
    bodies = (
        {**study(), "session": text, "sequence": 1},
        study(name=text or "x"),
        {**study(), "changes": {**WEEK, text: 1}},
        {"plan": text},
        {"example": text},
        {"toml": f"name = '{text}'"},
        {**study(name=text), "mode": "job"},
    )
    for body in bodies:
        content = json.dumps(body)
        answer = small.post("/api/v1/plans?view=short", content=content, headers={"content-type": "application/json"})
        assert answer.status_code < 500, (body, answer.text)
        assert len(answer.text) < 60_000
    for address in ("plans/%00", "jobs/%00", "facts?pattern=%00", "sites/%ff%00"):
        problem_of(small.get(f"/api/v1/{address}"), 404, "not-found")
    for job in small.get("/api/v1/jobs").json()["jobs"]:
        small.delete(f"/api/v1/jobs/{job['id']}")


def test_a_body_that_does_not_tell_its_length(small: Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    answer = small.post("/api/v1/plans", content=endless(), headers={"content-type": "application/json"})
    problem_of(answer, 413, "too-large")


@pytest.mark.parametrize(
    ("address", "body", "path"),
    [
        ("plans", {"example": "tomakomai", "changes": {"time.step_hours": 0.5}}, "time.hours"),
        ("sweep", {**study(), "key": "target.clean_share", "values": [0.1, 0.2, 0.3, 0.4]}, "values"),
        ("compare", {"base": study(), "others": [study(), study(), study()]}, "others"),
        ("sweep", {**study(), "key": "load.it_load_mw", "values": [1, 2, 3, 4], "mode": "instant"}, "values"),
        ("plans", {"example": "tomakomai", "mode": "instant", "changes": {
            "measure": [{"id": "a", "annual_cost_myen": 1.0, "saving_share": 0.1}]}}, "mode"),
    ],
)  # fmt: skip
def test_more_than_the_server_takes_on(small: Client, address: str, body: dict[str, Any], path: str) -> None:
    assert problem_of(small.post(f"/api/v1/{address}", json=body), 413, "too-large")["path"] == path


def test_too_many_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is worked on, one waits, and the third is refused; when the first has ended there is room again."""
    gate = Gate(tmp_path / "gate")
    gate.shut()
    monkeypatch.setattr("kiban.server.supervisor.serve_jobs", gate.worker)
    asked = {**study(), "key": "load.it_load_mw", "values": [90, 100], "mode": "job"}
    with open_client(Settings(data=tmp_path, limits=LIMITS)) as small:
        worked_on = small.post("/api/v1/sweep", json=asked).json()["job"]["id"]
        wait_until_working(small.get, worked_on)
        waiting = small.post("/api/v1/sweep", json=asked)
        assert waiting.status_code == 202
        for _ in range(2):
            answer = small.post("/api/v1/sweep", json=asked)
            problem_of(answer, 429, "busy")
            assert int(answer.headers["retry-after"]) > 0
        assert [job["state"] for job in small.get("/api/v1/jobs").json()["jobs"]] == ["queued", "running"]
        gate.open()
        assert wait_for_job(small.get, waiting.json()["job"]["id"])["state"] == "done"
        assert small.post("/api/v1/sweep", json=asked).status_code == 202


def test_addresses_that_are_not_there(small: Client) -> None:
    for address in ("/api/v1/plans/p_none", "/api/v1/jobs/j_none", "/api/v1/jobs/j_none/events", "/api/v2/plans"):
        problem_of(small.get(address), 404, "not-found")
    problem_of(small.post("/api/v1/plans", json={"plan": "p_none"}), 404, "not-found")
    problem_of(small.post("/api/v1/plans", json={"example": "nowhere"}), 404, "not-found")
    refused = small.put("/api/v1/plans")
    problem_of(refused, 405, "method")
    assert "POST" in refused.headers["allow"]


def test_a_fault_of_ours_tells_nothing_about_the_inside(small: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret password")

    monkeypatch.setattr("kiban.check", fail)
    answer = small.post("/api/v1/check", json=study())
    found = problem_of(answer, 500, "fault")
    assert "secret" not in json.dumps(found)


def test_a_name_of_another_server_and_a_page_of_another_site(small: Client) -> None:
    """Neither a name that was pointed at this machine nor a foreign page may use the server."""
    problem_of(small.get("/api/v1/sites", headers={"host": "evil.example"}), 421, "misdirected")
    foreign = {"origin": "http://evil.example"}
    problem_of(small.post("/api/v1/check", json=study(), headers=foreign), 403, "forbidden")
    own = {"origin": str(small.base_url).rstrip("/")}
    assert small.post("/api/v1/check", json=study(), headers=own).status_code == 200


def test_every_answer_has_the_headers_of_a_careful_server(small: Client) -> None:
    for answer in (small.get("/api/v1/health"), small.get("/en/"), small.get("/none"), small.post("/api/v1/check")):
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
