"""Operations over HTTP: refused with field and range, operated as a job, taken home; and a journal that is followed."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cases.servers import Client, open_client, wait_for_job, wait_until
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.operation.live.journal import JournalFile
from kiban.report.operation.document import operation_document
from kiban.report.operation.view import operation_view
from kiban.scenario.examples import load_scenario
from kiban.scenario.plain import plain_scenario, restore_scenario
from kiban.server.live_operation import JournalFollower
from kiban.server.settings import Settings

CASE = Path(__file__).parents[1] / "cases" / "small_run.toml"
SCENARIO = tomllib.loads(CASE.read_text(encoding="utf-8"))
OUTAGE = '[[event]]\nkind = "grid_outage"\nfrom = 2001-01-02T18:00:00\nhours = 6\n'


@pytest.fixture(scope="module")
def run(client: Client) -> dict[str, Any]:
    """The job of an operation with an outage, when it has ended."""
    answer = client.post("/api/v1/runs", json={"scenario": SCENARIO, "events": OUTAGE, "sequence": 3})
    assert answer.status_code == 202, answer.text
    assert answer.json()["sequence"] == 3
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    found = wait_for_job(client.get, job["id"])
    assert found["state"] == "done", found["problem"]
    return found


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"forecast": "oracle"}, "forecast", "'synthetic', 'perfect', 'persistence' or 'climatology'"),
        ({"hour": "never"}, "hour", "'merit' or 'measured'"),
        ({"horizon_hours": 0.5}, "horizon_hours", "greater than or equal to 1"),
        ({"horizon_hours": 9000}, "horizon_hours", "less than or equal to 8760"),
        ({"first": "2001-01-01"}, "last", "given one without the other"),
        ({"first": "2001-13-01", "last": "2001-13-02"}, "first", "month"),
        ({"first": "2001-01-03", "last": "2001-01-01"}, "last", "before they begin on 2001-01-03"),
        ({"events": "[[event"}, "", "TOML"),
        ({"events": '[[event]]\nkind = "flood"\nfrom = 2001-01-01\nhours = 1'}, "kind", "flood"),
        ({"events": OUTAGE.replace("hours = 6", "hours = 9000")}, "hours", "8760"),
        ({"events": '[[event]]\nkind = "unit_trip"\nfrom = 2001-01-01\nhours = 1'}, "unit", "unit_trip"),
        ({"surprise": 1}, "surprise", ""),
    ],
)
def test_bad_input_is_refused_with_field_and_range(
    client: Client, change: dict[str, Any], path: str, said: str
) -> None:
    answer = client.post("/api/v1/runs", json={"scenario": SCENARIO, **change})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["path"] == path
    assert said in problem["detail"]
    assert problem["detail_ja"]


def test_all_that_is_wrong_with_events_is_told_at_once(client: Client) -> None:
    events = OUTAGE.replace("grid_outage", "flood") + OUTAGE.replace("hours = 6", "hours = -1")
    problem = client.post("/api/v1/runs", json={"scenario": SCENARIO, "events": events}).json()
    assert [one["path"] for one in problem["problems"]] == ["kind", "hours"]


def test_what_only_the_plan_knows_fails_the_job_with_the_same_sentence(client: Client) -> None:
    events = OUTAGE.replace("2001-01-02", "2009-01-02")
    job = client.post("/api/v1/runs", json={"scenario": SCENARIO, "events": events}).json()["job"]["id"]
    found = wait_for_job(client.get, job)
    assert found["state"] == "failed"
    assert "from is 2009-01-02 18:00:00, and operation runs from 2001-01-01 00:00" in found["problem"]["detail"]
    assert client.get(f"/api/v1/runs/{job}/hours").status_code == 404


def test_a_run_is_what_the_command_line_and_python_give(client: Client, run: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "events.toml").write_text(OUTAGE)
    # As it is sent: what is given as the default has it is not told from the default.
    sent = restore_scenario(plain_scenario(load_scenario(CASE)))
    operation = kiban.run(sent, events=tmp_path / "events.toml", in_detail=True)
    view = json.loads(json.dumps(operation_view(operation)))
    shown = run["result"]["operation"]
    # But for the last figure: the seconds that the windows took.
    assert shown["figures"][:-1] == view["operation"]["figures"][:-1]
    view["operation"]["figures"] = shown["figures"]
    assert shown == view["operation"]
    assert run["result"]["run"] == run["id"]
    assert client.get(f"/api/v1/runs/{run['id']}/hours").json() == view["hours"]
    for language, summary in (("en", operation_document(operation, "en")), ("ja", operation_document(operation, "ja"))):
        taken = client.get(f"/api/v1/runs/{run['id']}/files/json?lang={language}").json()
        assert taken["regret"] == summary["regret"]
        assert taken["sentence"] == summary["sentence"]
        assert taken["notes"] == summary["notes"]
        assert set(taken) == set(summary)


def test_a_run_is_taken_home_as_a_table_and_as_a_page(client: Client, run: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/runs/{run['id']}/files/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 120
    assert rows[0]["time"] == "2001-01-01T00:00:00+09:00"
    assert rows[-1]["time"] == "2001-01-05T23:00:00+09:00"
    assert rows[0]["net_load_earlier_forecast_mw"] == ""
    assert [float(row["import_mw"]) for row in rows[42:48]] == [0.0] * 6
    page = client.get(f"/api/v1/runs/{run['id']}/files/html?lang=ja").text
    assert run["result"]["operation"]["sentence"]["ja"] in page
    assert client.get(f"/api/v1/runs/{run['id']}/files/xlsx").status_code == 404


def test_the_progress_of_a_run_counts_windows(client: Client) -> None:
    """The events of a job of a fresh question: what was counted last is all windows of three operations."""
    job = client.post("/api/v1/runs", json={"scenario": SCENARIO}).json()["job"]["id"]
    counted = []
    with client.stream("GET", f"/api/v1/jobs/{job}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                progress = json.loads(line[6:])["progress"]
                counted.append((progress["done"], progress["of"], progress["message"]["en"]))
    assert all(of in (None, 360) for _, of, _ in counted)
    assert all(done is None or f"{done} of 360" in said for done, _, said in counted)


def limit(number: int, reason: str = "window") -> dict[str, Any]:
    return {
        "number": number,
        "begins": f"2026-01-15T12:{5 * number:02}:00+09:00",
        "expires": f"2026-01-15T12:{5 * number + 15:02}:00+09:00",
        "firm_mw": 80.0,
        "flexible_mw": 12.3456,
        "reason": reason,
    }


def step(number: int) -> dict[str, Any]:
    guess = {"import_mw": 7.0, "backup_mw": 0.0, "charge_mw": 0.0, "discharge_mw": 1.0, "unserved_mw": 0.0,
             "storage_mwh": 3.0, "backlog_mwh": 2.0}  # fmt: skip
    at = limit(number)["begins"]
    decision = {"limit": limit(number), "missing": [], "unsolved": None, "guess": guess, "unlimited_flexible_mw": 12.0,
                "faults": [["gap", "firm_mw", at, at, 1]] if number == 2 else []}  # fmt: skip
    return {"at": at, "source": None, "readings": [["import_mw", at, 6.5]], "decision": decision}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalFile]:
    with JournalFile(tmp_path / "site.jsonl") as opened:
        opened.append("begun", {"at": "2026-01-15T12:00:00+09:00"})
        opened.append("step", step(1))
        yield opened


def test_a_journal_is_followed_as_it_grows(journal: JournalFile) -> None:
    follower = JournalFollower(journal.path)
    found = follower.look()
    assert (found["state"], found["decisions"], [one["number"] for one in found["steps"]]) == ("following", 1, [2])
    first = found["steps"][0]
    assert first["sentence"]["en"] == (
        "Until 2026-01-15 12:20 flexible compute may draw 12.3 MW, beside 80.0 MW of firm compute: "
        "the window's optimum decides."
    )
    assert (first["measured"], first["expected"]["import_mw"], first["faults"]) == ({"import_mw": 6.5}, 7.0, 0)
    order = {"id": "7", "who": "TSO", "begins": "b", "ends": "e", "import_limit_mw": 5.0}
    journal.append("call", {"at": "x", "order": order})
    journal.append("step", step(2))
    with journal.path.open("ab") as torn:
        torn.write(b'{"number":5,"kind":"st')
    found = follower.look()
    assert (found["decisions"], found["steps"][-1]["number"], found["steps"][-1]["faults"]) == (2, 4, 1)
    assert found["orders"] == [
        {"number": 3, "at": "x", "kind": "call", "who": "TSO", "begins": "b", "ends": "e", "amount_mw": 5.0}
    ]
    assert follower.look() == found


def test_a_journal_that_was_changed_is_told_and_another_in_its_place_is_read(journal: JournalFile) -> None:
    follower = JournalFollower(journal.path)
    assert follower.look()["state"] == "following"
    journal.append("step", step(2))
    content = journal.path.read_bytes()
    journal.path.write_bytes(content.replace(b'"faults":[["gap"', b'"faults":[["gaq"'))
    found = follower.look()
    assert found["state"] == "broken"
    assert found["problem"] is not None
    assert "Line 3" in found["problem"]["en"]
    journal.path.write_bytes(content.splitlines(keepends=True)[0])
    assert follower.look()["state"] == "following"
    journal.path.unlink()
    assert follower.look()["state"] == "absent"


def test_the_server_sends_what_a_journal_says(journal: JournalFile, tmp_path: Path, client: Client) -> None:
    assert client.get("/api/v1/operating").json()["state"] == "off"
    assert client.get("/api/v1/operating/events").status_code == 404
    with open_client(Settings(data=tmp_path / "data", operate=journal.path)) as opened:
        found = opened.get("/api/v1/operating").json()
        assert (found["state"], found["decisions"]) == ("following", 1)
        journal.append("step", step(2))
        wait_until(lambda: opened.get("/api/v1/operating").json()["decisions"] == 2)


def test_a_campus_is_shown_to_this_machine_only(tmp_path: Path) -> None:
    asked = ["serve", "--operate", str(tmp_path / "site.jsonl"), "--host", "0.0.0.0", "--data", str(tmp_path)]
    result = CliRunner().invoke(app, asked, env={"LC_ALL": "C"})
    assert result.exit_code == 2
    assert "--operate shows a campus to this machine only" in result.stderr
