"""PAY and the national plan over HTTP: the same as the library, and nothing that a stranger should reach."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cases.servers import IMPOSSIBLE, Client, study, wait_for_job

from kiban.scenario.package import package_names


@pytest.fixture(scope="module")
def payment(client: Client) -> dict[str, Any]:
    answer = client.post("/api/v1/pay", json={**study(), "package": "tax-credit", "session": "p", "sequence": 3})
    assert answer.status_code == 200, answer.text
    assert answer.json()["sequence"] == 3
    found: dict[str, Any] = answer.json()["pay"]
    return found


def test_a_payment_is_the_one_of_the_library(payment: dict[str, Any], client: Client) -> None:
    from kiban.finance.paying import Question
    from kiban.scenario import parse_scenario

    scenario = client.post("/api/v1/check", json=study()).json()["scenario"]
    own = Question(parse_scenario(scenario)).pay(("tax-credit",))
    assert payment["fiscal_cost_myen"] == own.fiscal_cost_myen
    assert payment["treasury_value_myen"] == own.treasury_value_myen
    assert payment["sentences"]["ja"]
    assert payment["packages"] == {"with": ["tax-credit"], "against": ["none"]}


def test_another_rate_of_the_package(payment: dict[str, Any], client: Client) -> None:
    asked = {**study(), "package": "tax-credit", "rate": 0.3, "downside": False}
    more = client.post("/api/v1/pay", json=asked).json()["pay"]
    assert more["fiscal_cost_myen"] > payment["fiscal_cost_myen"]
    asked = {**study(), "packages": ["tax-credit"], "rates": {"tax-credit": 0.3}, "downside": False}
    same = client.post("/api/v1/pay", json=asked).json()["pay"]
    assert same["packages"] == more["packages"]
    assert same["fiscal_cost_myen"] == pytest.approx(more["fiscal_cost_myen"], rel=1e-6)


def test_a_moving_slider_leaves_the_downside_out(payment: dict[str, Any], client: Client) -> None:
    asked = {**study(), "package": "tax-credit", "downside": False}
    quick = client.post("/api/v1/pay", json=asked).json()["pay"]
    assert payment["downside"]
    assert not quick["downside"]
    # It starts from the last answer, so that its last digits may differ.
    assert quick["fiscal_cost_myen"] == pytest.approx(payment["fiscal_cost_myen"], rel=1e-6)


def test_packages_are_listed(client: Client) -> None:
    found = client.get("/api/v1/packages").json()["packages"]
    assert {package["name"] for package in found} == set(package_names())
    assert all(package["title"]["ja"] for package in found)


@pytest.mark.parametrize(
    ("asked", "path", "kind"),
    [
        ({"package": "free-lunch"}, "packages", "scenario"),
        ({"package": "../packages/tax-credit.toml"}, "packages", "scenario"),
        ({"package": "tax-credit", "against": "/etc/passwd"}, "packages", "scenario"),
        ({"package": {"name": "x", "instrument": [{"kind": "magic"}]}}, "instrument 1 kind", "scenario"),
        ({"package": "tax-credit", "rate": 3.0}, "rate", "scenario"),
        ({"package": "tax-credit", "rate": -1.0}, "rate", "request"),
        ({}, "package", "request"),
    ],
)
def test_packages_that_cannot_be_used(client: Client, asked: dict[str, Any], path: str, kind: str) -> None:
    answer = client.post("/api/v1/pay", json={**study(), **asked})
    assert answer.status_code == 422
    found = answer.json()
    assert found["type"] == f"urn:kiban:problem:{kind}"
    assert path in found["path"]


def test_no_design_and_nobody_pays(client: Client) -> None:
    answer = client.post("/api/v1/pay", json={**IMPOSSIBLE, "package": "tax-credit"})
    assert answer.status_code == 422
    assert "設計がありません" in answer.json()["detail_ja"]


def test_the_national_plan_is_a_job(client: Client) -> None:
    few = {"national.hours": 24, "national.sites": ["tomakomai", "inzai"], "national.gap": 0.05, "site": None}
    few |= {"tranche": [{"id": "training", "it_load_mw": 200.0}], "limits": None}
    answer = client.post("/api/v1/national", json={"example": "japan", "changes": few, "session": "n", "sequence": 1})
    assert answer.status_code == 202, answer.text
    job = wait_for_job(client.get, answer.json()["job"]["id"])
    assert job["state"] == "done", job
    plan = job["result"]["national"]
    assert plan["format"] == "kiban national plan"
    assert sum(site["it_load_mw"] for site in plan["sites"]) == pytest.approx(200.0)
    assert set(plan["sentences"]) == {"en", "ja"}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"example": "tomakomai"}, 404),
        ({"example": "../../etc/passwd"}, 404),
        ({"toml": "[national"}, 422),
        ({"toml": "[national]\nname = 'x'\nsites_file = '/etc/passwd'"}, 422),
        ({"study": {"national": {"name": "x", "sites": ["atlantis"]}}}, 422),
        ({"study": {"national": {"name": "x"}, "site": [{"id": f"s{n}"} for n in range(60)]}}, 413),
    ],
)
def test_national_studies_that_cannot_be_used(client: Client, asked: dict[str, Any], status: int) -> None:
    answer = client.post("/api/v1/national", json=asked)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "root:" not in answer.text


def test_the_report_as_one_page(client: Client) -> None:
    plan = client.post("/api/v1/plans", json=study()).json()["plan"]
    page = client.get(plan["files"]["html"])
    assert page.status_code == 200
    assert page.headers["content-disposition"].startswith("attachment")
    assert plan["sentences"]["ja"]["answer"][:20] in page.text
    assert not any(word in page.text for word in ('src="http', 'href="http://', "@import"))
