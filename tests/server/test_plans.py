"""Plans over HTTP: instant answers, jobs, their hours and files, comparison and sweep."""

from __future__ import annotations

import io
import itertools
import json
import tomllib
import zipfile
from typing import Any

import openpyxl
import pytest
from tests.cases.servers import IMPOSSIBLE, WEEK, Client, study, wait_for_job

import kiban
from kiban.scenario import parse_scenario

LONG = {"inputs", "scenario", "hourly_columns"}


@pytest.fixture(scope="module")
def plan(client: Client) -> dict[str, Any]:
    answer = client.post("/api/v1/plans", json={**study(), "session": "s", "sequence": 1})
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert (content["session"], content["sequence"]) == ("s", 1)
    found: dict[str, Any] = content["plan"]
    return found


def test_a_plan_is_the_one_that_the_library_builds(plan: dict[str, Any]) -> None:
    own = kiban.build(parse_scenario(plan["scenario"]))
    assert plan["cost_myen_per_year"] == own.cost_myen_per_year
    assert {row["name"]: row["value"] for row in plan["design"]} == dict(own.capacities)
    assert sum(cost["cost_myen_per_year"] for cost in plan["cost_items"]) == pytest.approx(own.cost_myen_per_year)
    groups = plan["cost_groups"]
    total = sum(group["fixed_myen_per_year"] + group["running_myen_per_year"] for group in groups)
    assert total == pytest.approx(own.cost_myen_per_year)


def test_a_plan_speaks_both_languages(plan: dict[str, Any]) -> None:
    assert set(plan["sentences"]) == {"en", "ja"}
    assert list(plan["sentences"]["en"]) == list(plan["sentences"]["ja"])
    assert "苫小牧" in plan["sentences"]["ja"]["answer"]
    parts = ("design", "cost_items", "inputs", "hourly_columns", "cost_groups")
    names = [row["label"] for part in parts for row in plan[part]]
    assert all(set(name) == {"en", "ja"} and all(name.values()) for name in names)


def test_the_short_view_leaves_the_long_parts_out(client: Client, plan: dict[str, Any]) -> None:
    short = client.get(f"/api/v1/plans/{plan['id']}?view=short").json()
    assert {name for name in plan if short[name] is None and plan[name] is not None} == LONG
    assert short["sentences"] == plan["sentences"]
    japanese = client.get(f"/api/v1/plans/{plan['id']}?view=short&lang=ja").json()
    assert japanese == {**short, "sentences": {"ja": plan["sentences"]["ja"]}}
    assert client.get(f"/api/v1/plans/{plan['id']}?lang=fr").status_code == 422


def test_the_same_question_has_the_same_id_and_is_remembered(client: Client, plan: dict[str, Any]) -> None:
    again = client.post("/api/v1/plans", json=study()).json()["plan"]
    assert again["cached"]
    assert again["id"] == plan["id"]
    other = client.post("/api/v1/plans", json=study(target__clean_share=0.8)).json()["plan"]
    assert other["id"] != plan["id"]
    assert other["cost_myen_per_year"] < plan["cost_myen_per_year"]


def test_a_plan_can_be_the_base_of_another(client: Client, plan: dict[str, Any]) -> None:
    changed = {"plan": plan["id"], "changes": {"target.clean_share": 0.8}}
    answer = client.post("/api/v1/plans", json=changed).json()["plan"]
    assert answer["id"] == client.post("/api/v1/plans", json=study(target__clean_share=0.8)).json()["plan"]["id"]


def test_keeping_the_cooling_system_gives_the_same_answer(client: Client) -> None:
    asked = {**study(target__clean_share=0.85), "session": "slider", "sequence": 1}
    whole = client.post("/api/v1/plans", json=asked).json()["plan"]
    asked = {**study(target__clean_share=0.86), "session": "slider", "sequence": 2, "cooling": "keep"}
    kept = client.post("/api/v1/plans", json=asked).json()["plan"]
    assert kept["cooling_kept"]
    assert kept["cooling_system"] == whole["cooling_system"]
    assert kept["alternatives"] == []
    full = client.post("/api/v1/plans", json=study(target__clean_share=0.86)).json()["plan"]
    assert not full["cooling_kept"]
    assert full["id"] != kept["id"]
    assert full["cost_myen_per_year"] == pytest.approx(kept["cost_myen_per_year"], rel=1e-6)


def test_a_slider_starts_from_its_last_answer_and_rests_at_the_plan_of_the_library(client: Client) -> None:
    def ask(share: float, sequence: int, session: str = "drag", cooling: str = "keep") -> dict[str, Any]:
        asked = {**study(target__clean_share=share), "session": session, "sequence": sequence, "cooling": cooling}
        found: dict[str, Any] = client.post("/api/v1/plans?view=short", json=asked).json()["plan"]
        return found

    ask(0.81, 1, cooling="all")
    kept = ask(0.815, 2)
    # A session of the same length that has no such answer, and so nothing to start from.
    ask(0.3, 1, "cold", cooling="all")
    client.service.answers._sessions["local", "cold"].points = {}
    client.service.answers.forget(kept["id"])
    cold = ask(0.815, 2, "cold")
    assert cold["id"] == kept["id"]
    assert kept["certificate"]["iterations"] < cold["certificate"]["iterations"]
    assert kept["certificate"]["relative_gap"] < 1e-8
    assert kept["cost_myen_per_year"] == pytest.approx(cold["cost_myen_per_year"], rel=1e-8)
    rest = ask(0.815, 3, cooling="all")
    assert rest["id"] != kept["id"]
    own = kiban.build(parse_scenario(client.get(f"/api/v1/plans/{rest['id']}").json()["scenario"]))
    assert rest["cost_myen_per_year"] == own.cost_myen_per_year
    assert {row["name"]: row["value"] for row in rest["design"]} == dict(own.capacities)


def test_points_are_kept_for_a_few_sessions_only(client: Client) -> None:
    most = client.service.settings.limits.sessions_with_points
    for number in range(most + 2):
        asked = {**study(), "session": f"tab {number}", "sequence": 1}
        client.post("/api/v1/plans", json={**asked, "changes": {**asked["changes"], "load.it_load_mw": 60 + number}})
    answers = client.service.answers
    client.post("/api/v1/plans", json=study())
    with_points = [name for (_, name), session in answers._sessions.items() if session.points]
    assert len(with_points) <= most
    assert f"tab {most + 1}" in with_points
    assert "tab 0" not in with_points


def test_an_older_question_of_a_session_is_dropped(client: Client) -> None:
    assert client.post("/api/v1/plans", json={**study(), "session": "late", "sequence": 5}).status_code == 200
    late = client.post("/api/v1/plans", json={**study(), "session": "late", "sequence": 4})
    assert late.status_code == 409
    assert late.json()["type"] == "urn:kiban:problem:superseded"
    assert (late.json()["session"], late.json()["sequence"]) == ("late", 4)
    assert client.post("/api/v1/plans", json={**study(), "session": "other", "sequence": 4}).status_code == 200


def test_hours_as_they_are_and_in_means(client: Client, plan: dict[str, Any]) -> None:
    address = f"/api/v1/plans/{plan['id']}/hourly"
    hours = client.get(f"{address}?columns=load_mw,import_mw").json()
    assert list(hours["columns"]) == ["load_mw", "import_mw"]
    assert len(hours["columns"]["load_mw"]) == 168 == hours["time"]["steps"]
    assert hours["units"]["load_mw"] == "mw"
    part = client.get(f"{address}?columns=load_mw&from=24&to=48").json()
    assert part["columns"]["load_mw"] == hours["columns"]["load_mw"][24:48]
    means = client.get(f"{address}?columns=load_mw&mean=100").json()["columns"]["load_mw"]
    load = hours["columns"]["load_mw"]
    assert means == pytest.approx([sum(load[:100]) / 100, sum(load[100:]) / 68], rel=1e-5)
    assert set(client.get(address).json()["columns"]) == {column["name"] for column in plan["hourly_columns"]}


def test_the_mean_day_of_each_month(client: Client, plan: dict[str, Any]) -> None:
    profile = client.get(f"/api/v1/plans/{plan['id']}/profile?columns=load_mw").json()["columns"]["load_mw"]
    load = client.get(f"/api/v1/plans/{plan['id']}/hourly?columns=load_mw").json()["columns"]["load_mw"]
    assert [len(day) for day in profile] == [24] * 12
    assert profile[0] == [None] * 24
    assert profile[6] == pytest.approx([sum(load[hour::24]) / 7 for hour in range(24)], rel=1e-5)


@pytest.mark.parametrize(
    ("query", "path"), [("from=10&to=10", "from"), ("from=0&to=169", "from"), ("columns=nothing", "columns")]
)
def test_hours_that_are_not_there(client: Client, plan: dict[str, Any], query: str, path: str) -> None:
    answer = client.get(f"/api/v1/plans/{plan['id']}/hourly?{query}")
    assert answer.status_code == 422
    assert answer.json()["path"] == path


def test_files_of_a_plan(client: Client, plan: dict[str, Any]) -> None:
    files = plan["files"]
    toml = client.get(files["toml"])
    assert tomllib.loads(toml.text)["time"]["hours"] == 168
    assert toml.headers["content-disposition"] == f'attachment; filename="kiban-{plan["id"]}.toml"'
    book = openpyxl.load_workbook(io.BytesIO(client.get(files["xlsx"]).content), read_only=True)
    assert len(book.sheetnames) >= 5
    archive = client.get(files["zip"]).content
    assert client.get(files["zip"]).content == archive
    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert f"kiban-{plan['id']}/summary.json" in names
    summary = json.loads(zipfile.ZipFile(io.BytesIO(archive)).read(f"kiban-{plan['id']}/summary.json"))
    assert sum(summary["costs"].values()) == plan["cost_myen_per_year"]
    assert client.get(f"/api/v1/plans/{plan['id']}/files/exe").status_code == 404


def test_the_recipe_makes_the_plan_again(client: Client, plan: dict[str, Any]) -> None:
    recipe = client.get(f"/api/v1/plans/{plan['id']}/reproduce").json()
    again = client.post("/api/v1/plans", json={"toml": recipe["toml"]}).json()["plan"]
    assert again["id"] == plan["id"]
    compile(recipe["python"], "recipe", "exec")


def test_check_says_what_will_be_used(client: Client) -> None:
    checked = client.post("/api/v1/check", json=study(assumptions__pv__capex=150.0)).json()
    assert checked["work"] == "instant"
    assert checked["horizon"] == {"steps": 168, "step_hours": 1.0, "years": 1}
    assert sum(checked["counts"].values()) == len(checked["inputs"])
    inputs = {entry["name"]: entry for entry in checked["inputs"]}
    assert inputs["pv.capex"]["status"] == "given"
    assert inputs["pv.capex"]["change_key"] == "assumptions.pv.capex"
    assert inputs["load.it_load_mw"]["change_key"] == "load.it_load_mw"
    movable = {entry["change_key"]: entry["value"] for entry in checked["inputs"] if entry["change_key"]}
    # Writing every movable input as it is must be accepted and change nothing.
    moved = client.post("/api/v1/check", json={"toml": checked["toml"], "changes": _whole(movable)})
    assert moved.status_code == 200, moved.text
    assert {entry["name"]: entry["value"] for entry in moved.json()["inputs"] if entry["change_key"]} == {
        entry["name"]: entry["value"] for entry in checked["inputs"] if entry["change_key"]
    }


def test_the_exchange_rate_as_an_assumption_moves_prices_and_keys_in_dollars(client: Client) -> None:
    changes = {**WEEK, "assumptions.money.yen_per_usd": 120, "grid.price_usd_per_mwh": 100}
    checked = client.post("/api/v1/check", json={"example": "greensboro", "changes": changes}).json()
    assert checked["scenario"]["grid"]["price_myen_per_mwh"] == pytest.approx(0.012)
    assert checked["scenario"]["assumptions"] == {"money.yen_per_usd": 120}
    rate = next(entry for entry in checked["inputs"] if entry["name"] == "money.yen_per_usd")
    assert (rate["value"], rate["status"]) == (120.0, "given")
    asked = {"example": "greensboro", "changes": changes}
    plan = client.post("/api/v1/plans", json=asked).json()["plan"]
    own = kiban.build(parse_scenario(tomllib.loads(checked["toml"])))
    assert plan["cost_myen_per_year"] == own.cost_myen_per_year
    dearer = client.post("/api/v1/plans", json={"plan": plan["id"], "changes": {"assumptions.money.yen_per_usd": 150}})
    assert dearer.json()["plan"]["cost_myen_per_year"] > plan["cost_myen_per_year"]


def _whole(values: dict[str, Any]) -> dict[str, Any]:
    return {key: int(value) if float(value).is_integer() else value for key, value in values.items()}


def test_a_comparison_splits_the_difference_by_item(client: Client) -> None:
    asked = {"base": study(), "others": [study(target__clean_share=0.7), study(load__it_load_mw=120)], "causes": True}
    found = client.post("/api/v1/compare", json=asked).json()
    assert len(found["others"]) == 2
    for other in found["others"]:
        difference = other["plan"]["cost_myen_per_year"] - found["base"]["cost_myen_per_year"]
        assert other["difference_myen_per_year"] == pytest.approx(difference)
        for part in ("by_group", "by_item", "by_cause"):
            total = sum(row["difference_myen_per_year"] for row in other[part])
            assert total == pytest.approx(difference), part
    assert found["others"][0]["keys"] == [{"key": "target.clean_share", "base": 0.9, "value": 0.7}]


def test_a_sweep_of_few_points_at_once(client: Client) -> None:
    asked = {**study(), "key": "target.clean_share", "values": [0.5, 0.7, 0.9], "mode": "instant"}
    points = client.post("/api/v1/sweep", json=asked).json()["points"]
    assert [point["value"] for point in points] == [0.5, 0.7, 0.9]
    costs = [point["cost_myen_per_year"] for point in points]
    assert all(before <= after * (1 + 1e-7) for before, after in itertools.pairwise(costs))


def test_jobs_plan_explain_and_sweep(client: Client, plan: dict[str, Any]) -> None:
    """One worker does all of these; what is told while it works is seen by `events`."""
    queued = client.post("/api/v1/plans", json=IMPOSSIBLE)
    assert queued.status_code == 202, queued.text
    job_id = queued.json()["job"]["id"]
    assert queued.headers["location"] == f"/api/v1/jobs/{job_id}"
    causes = study(target__clean_share=0.7, load__it_load_mw=120)
    compared = client.post("/api/v1/compare", json={"base": study(), "others": [causes], "causes": True})
    assert compared.status_code == 202
    swept = client.post("/api/v1/sweep", json={**study(), "key": "target.clean_share", "values": [0.5, 0.9]})
    traced = client.post("/api/v1/frontier", json={**study(), "measure": "clean_share", "points": 3})
    assert traced.status_code == 202, traced.text
    assert client.post("/api/v1/frontier", json={**study(), "points": 102}).status_code == 413
    alone = client.post("/api/v1/plans", json={**study(), "mode": "job"})

    job = wait_for_job(client.get, job_id)
    assert job["state"] == "done", job
    explained = job["result"]["plan"]
    assert explained["status"] == "infeasible"
    assert explained["infeasibility"]["collisions"]
    assert explained["sentences"]["ja"]["infeasible"]
    assert client.get(f"/api/v1/plans/{explained['id']}/hourly").status_code == 409

    frontier = wait_for_job(client.get, traced.json()["job"]["id"])["result"]["frontier"]
    shares = [point["clean_share"] for point in frontier["points"]]
    assert frontier["measure"] == "clean_share"
    assert len(shares) == 3
    assert shares == sorted(shares)
    address = f"/api/v1/jobs/{traced.json()['job']['id']}/files"
    csv = client.get(f"{address}/csv")
    assert [f"{share:.9g}" for share in shares] == [row.split(",")[2] for row in csv.text.splitlines()[1:]]
    assert client.get(f"{address}/xlsx").content.startswith(b"PK")
    assert '<html lang="ja">' in client.get(f"{address}/html?lang=ja").text
    assert client.get(f"{address}/pdf").status_code == 404
    assert client.get(f"/api/v1/jobs/{job_id}/files/csv").status_code == 409

    by_cause = wait_for_job(client.get, compared.json()["job"]["id"])["result"]["others"][0]
    assert len(by_cause["by_cause"]) == 2
    total = sum(cause["difference_myen_per_year"] for cause in by_cause["by_cause"])
    assert total == pytest.approx(by_cause["difference_myen_per_year"])

    points = wait_for_job(client.get, swept.json()["job"]["id"])["result"]["points"]
    assert points[1]["cost_myen_per_year"] == pytest.approx(plan["cost_myen_per_year"], rel=1e-9)

    kept = wait_for_job(client.get, alone.json()["job"]["id"])["result"]["plan"]
    assert kept["id"] == plan["id"]
    assert kept["cost_myen_per_year"] == plan["cost_myen_per_year"]

    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        lines = list(stream.iter_lines())
    assert "event: done" in lines
    assert any(row["id"] == job_id for row in client.get("/api/v1/jobs").json()["jobs"])


def test_a_plan_that_is_not_remembered_is_solved_again(client: Client) -> None:
    made = client.post("/api/v1/plans", json=study(target__clean_share=0.77)).json()["plan"]
    assert client.service.answers.forget(made["id"])
    found = client.get(f"/api/v1/plans/{made['id']}").json()
    assert found["cost_myen_per_year"] == made["cost_myen_per_year"]
    assert client.delete(f"/api/v1/plans/{made['id']}").status_code == 204
    assert client.get(f"/api/v1/plans/{made['id']}").status_code == 404
    assert client.delete(f"/api/v1/plans/{made['id']}").status_code == 404


@pytest.mark.parametrize(("limit", "most"), [("REMEMBERED_STEPS", 2 * 168), ("REMEMBERED_PLANS", 2)])
def test_so_many_plans_and_hours_are_remembered(
    client: Client, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(f"kiban.server.answers.{limit}", most)
    asked = [client.post("/api/v1/plans", json=study(target__clean_share=share)) for share in (0.71, 0.72, 0.73)]
    answers = client.service.answers
    assert [answers.forget(answer.json()["plan"]["id"]) for answer in asked] == [False, True, True]
