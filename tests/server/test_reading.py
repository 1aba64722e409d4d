"""What the server reads out: health, examples, schema, sites, figures, words; and its pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cases.servers import Client, open_client

from kiban.catalogue import load_catalogue
from kiban.report.phrases import load_phrases
from kiban.scenario import Scenario
from kiban.server.pages import preferred_language
from kiban.server.settings import Settings

HASHED = "main-C0ffee12.js"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server with a front end of two files."""
    static = tmp_path_factory.mktemp("static")
    (static / "index.html").write_text('<!doctype html><html lang="en"><title>k</title></html>', encoding="utf-8")
    (static / "assets").mkdir()
    (static / "assets" / HASHED).write_text("void 0", encoding="utf-8")
    (static.parent / "secret.txt").write_text("secret", encoding="utf-8")
    with open_client(Settings(data=tmp_path_factory.mktemp("data"), static=static)) as opened:
        yield opened


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server without a front end."""
    folder = tmp_path_factory.mktemp("data")
    with open_client(Settings(data=folder, static=folder / "nothing")) as opened:
        yield opened


def test_health_says_what_the_server_can_do(pages: Client) -> None:
    health = pages.get("/api/v1/health").json()
    assert health["status"] == "ok"
    assert health["static"] is True
    assert health["database"] == "sqlite"
    assert health["limits"]["body_bytes"] == 1_000_000
    assert health["online_weather"] is False


def test_every_example_is_there(pages: Client) -> None:
    examples = {example["name"]: example for example in pages.get("/api/v1/examples").json()["examples"]}
    assert {"tomakomai", "inzai", "kyushu", "greensboro"} <= set(examples)
    assert all(example["usable"] for example in examples.values())
    for example in examples.values():
        Scenario.model_validate_json(json.dumps(example["scenario"]))
        assert example["title"] in example["toml"]


def test_the_schema_is_that_of_scenarios(pages: Client) -> None:
    assert pages.get("/api/v1/schema").json() == json.loads(json.dumps(Scenario.model_json_schema()))


def test_sites_with_what_they_may_be_compared_by(pages: Client) -> None:
    found = pages.get("/api/v1/sites").json()
    assert [site["id"] for site in found["sites"]] == list(load_catalogue().sites)
    criteria = {criterion["quantity"] for criterion in found["criteria"]}
    assert all(set(site["values"]) <= criteria for site in found["sites"])
    assert not any(
        site["name"]["ja"] in criterion["name"]["ja"] for site in found["sites"] for criterion in found["criteria"]
    )
    one = pages.get("/api/v1/sites/tomakomai").json()
    assert one["name"]["ja"] == "苫小牧東部"
    assert {fact["id"].split(".", 2)[2]: fact["value"] for fact in one["facts"]} == one["values"]
    missing = pages.get("/api/v1/sites/tomakomaii")
    assert missing.status_code == 404
    assert "tomakomai" in missing.json()["suggestion"]


def test_figures_with_their_sources(pages: Client) -> None:
    found = pages.get("/api/v1/facts?pattern=pv").json()
    assert found["count"] == len(found["facts"]) > 3
    assert all(fact["sources"][0]["title"] for fact in found["facts"])
    few = pages.get("/api/v1/facts?pattern=pv&limit=2").json()
    assert (len(few["facts"]), few["left_off"]) == (2, found["count"] - 2)
    assert pages.get("/api/v1/facts?pattern=xyzzy").status_code == 404


@pytest.mark.parametrize("language", ["en", "ja"])
def test_words(pages: Client, language: str) -> None:
    words = pages.get(f"/api/v1/glossary?lang={language}").json()["terms"]
    assert words["curtailment"] == {"en": "curtailment", "ja": "出力制御"}[language]
    phrases = pages.get(f"/api/v1/phrases?lang={language}").json()["phrases"]
    assert phrases == dict(load_phrases("ja" if language == "ja" else "en"))
    assert pages.get("/api/v1/phrases?lang=fr").status_code == 422


def test_pages_in_the_language_of_the_address(pages: Client) -> None:
    for address in ("/ja/", "/ja/build/where", "/ja"):
        page = pages.get(address)
        assert page.status_code == 200
        assert '<html lang="ja">' in page.text
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert '<html lang="en">' in pages.get("/en/").text
    assert pages.get("/", headers={"accept-language": "ja,en;q=0.5"}).headers["location"] == "/ja/"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ja", "ja"),
        ("en;q=0.4, ja-JP;q=0.9", "ja"),
        ("fr,ja;q=0.1", "ja"),
        ("", "en"),
        ("ja;q=x", "en"),
        ("ja;q=0", "en"),
    ],
)
def test_the_readers_language(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language


def test_files_of_the_front_end(pages: Client) -> None:
    script = pages.get(f"/assets/{HASHED}")
    assert script.text == "void 0"
    assert "javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]


@pytest.mark.parametrize(
    "address", ["/assets/none.js", "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/a%00b", "/api/v1/none"]
)
def test_nothing_outside_of_the_front_end(pages: Client, address: str) -> None:
    answer = pages.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.json().get("title", "")


def test_a_server_without_pages_says_so(bare: Client) -> None:
    assert bare.get("/api/v1/health").json()["static"] is False
    assert "/api/v1/docs" in bare.get("/en/").text
    assert "ウェブ画面" in bare.get("/ja/").text


def test_the_page_about_the_api_loads_nothing(bare: Client) -> None:
    page = bare.get("/api/v1/docs").text
    described = bare.get("/api/v1/openapi.json").json()
    assert all(path in page for path in described["paths"])
    assert not any(word in page for word in ("http://", "https://", "<script", "<link", "<img"))


def test_the_description_names_problems_for_everything(bare: Client) -> None:
    described = bare.get("/api/v1/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)
            assert operation["description"], (method, path)
    assert "HTTPValidationError" not in json.dumps(described)


def test_settings_keep_their_database_apart() -> None:
    settings = Settings(data=Path("/somewhere"))
    assert settings.database_url == "sqlite:////somewhere/kiban.sqlite3"
    url = replace(settings, database="postgresql://me@here/kiban").database_url
    assert url == "postgresql+psycopg://me@here/kiban"
