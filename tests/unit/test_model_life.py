"""A model's life at the command line: trained on nine weeks, judged in yen, promoted, used by an operation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiban.cli import app

pytestmark = pytest.mark.slow
SCENARIO = """
name = "Nine weeks"
seed = 3
[site]
id = "tomakomai"
[time]
first_hour = 2160
hours = 1512
[target]
clean_share = 0.7
[supply.geothermal]
max_mw = 15
[supply.hydro]
max_mw = 10
"""


def call(*words: str, code: int = 0) -> str:
    """What a command answers: its result, or with another code than 0 its complaint."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("life")
    (folder / "weeks.toml").write_text(SCENARIO, encoding="utf-8")
    call("build", str(folder / "weeks.toml"), "--out", str(folder / "plan"))
    return folder


def test_the_life_of_a_model(folder: Path) -> None:
    plan, register = str(folder / "plan"), ("--register", str(folder / "models.sqlite"))
    assert "does not exist" in call("forecast", "score", plan, *register, code=2)
    said = call("forecast", "train", plan, *register, "--horizon", "12", "--lang", "en")
    assert "63 days" in said
    version = said.split()[1]
    assert "no champion yet" in call("run", plan, "--forecast", register[1], "--horizon", "12", code=2)
    assert "not been judged" in call("forecast", "promote", *register, code=2)
    found = json.loads(call("forecast", "score", plan, *register, "--horizon", "12", "--json"))
    assert (found["model"], found["rival"]) == (version, "climatology")
    assert found["perfect_foresight_cost_myen"] < found["cost_myen"] <= found["rival_cost_myen"]
    assert {one["series"] for one in found["scores"]} >= {"availability_pv", "pue"}
    entries = call("forecast", "list", *register, "--lang", "en")
    assert "than climatology" in entries
    text = call("forecast", "score", plan, *register, "--horizon", "12", "--lang", "en")
    for word in (f"model {version}", "Ranked probability score", "availability_pv", "0–3", "12"):
        assert word in text
    # In-sample a model knows more than climatology of the same hours.
    assert "it may be promoted" in text
    assert "is the champion" in call("forecast", "promote", *register, "--lang", "en")
    assert "現役" in call("forecast", "list", *register, "--lang", "ja")
    operated = json.loads(call("run", plan, "--forecast", register[1], "--horizon", "12", "--json"))
    assert operated["forecast"] == "trained"
    assert "longer than the 12 h" in call("run", plan, "--forecast", register[1], "--horizon", "24", code=2)
    assert "champion already" in call("forecast", "score", plan, *register, "--model", version, code=2)
    assert "no challenger" in call("forecast", "score", plan, *register, code=2)
    assert "no champion before" in call("forecast", "promote", *register, "--back", code=2)
    assert "takes no model" in call("forecast", "promote", version, *register, "--back", code=2)
    assert "needs the model" in call("forecast", "promote", *register, "--retire", code=2)
