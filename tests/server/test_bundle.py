"""Bundles: every tool that can be had reads them, their numbers are the plan's, and they are whole."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.cases.bundles import alerts_of, exported, recorded, run
from tests.cases.monitoring import missing_programs
from tests.cases.slurm import MissingError, open_slurm
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import OutputError
from kiban.operation.live.campus import read_campus
from kiban.operation.live.record import digest_of
from kiban.planning.plan import Plan
from kiban.report.plan.folder import load_plan
from kiban.scenario.examples import load_scenario
from kiban.server.bundle.alerts import humanize, list_needed, read_margins
from kiban.server.bundle.figures import read_figures
from kiban.server.bundle.making import Bundle, make_bundle, write_bundle
from kiban.server.bundle.manifest import MANIFEST
from kiban.server.bundle.runbook import known_sections
from kiban.server.operating.meters import find_meter

CASES = Path(__file__).parents[1] / "cases"
NAME = re.compile(r"\b(?:kiban_|campus[_:])[a-z_:]+\b")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return kiban.build("tomakomai")


@pytest.fixture(scope="module")
def bundle(plan: Plan) -> Bundle:
    return make_bundle(plan)


@pytest.fixture(scope="module")
def folder(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(bundle, tmp_path_factory.mktemp("bundle") / "site").folder


@pytest.fixture(scope="module")
def wide_plan() -> Plan:
    return kiban.build(load_scenario(str(CASES / "wide_run.toml")))


@pytest.fixture(scope="module")
def wide(wide_plan: Plan) -> Bundle:
    return make_bundle(wide_plan)


def refused_scenario() -> str:
    """A plan that sells compute by the day: no meter tells the living service what of it was delivered."""
    text = (CASES / "wide_run.toml").read_text(encoding="utf-8")
    return f'{text}[[tranche]]\nname = "batch"\nit_load_mw = 2\nprice_myen_per_mwh = 1\ncommitted = "day"\n'


@pytest.fixture(scope="module")
def programs() -> Iterator[None]:
    missing = missing_programs()
    if missing:
        pytest.skip(missing)
    yield


@pytest.mark.usefixtures("programs")
def test_prometheus_and_alertmanager_take_it(folder: Path) -> None:
    rules = folder / "prometheus" / "rules"
    names = sorted(path.name for path in rules.glob("*.rules.yml"))
    assert names == ["campus.rules.yml", "campus_budgets.rules.yml", "kiban.rules.yml"]
    assert "SUCCESS" in run("promtool", "check", "config", "prometheus.yml", place=folder / "prometheus")
    run("promtool", "test", "rules", *(f"{name.removesuffix('.yml')}.test.yml" for name in names), place=rules)
    routes = ("--config.file=alertmanager.yml",)
    place = folder / "alertmanager"
    run("amtool", "check-config", "alertmanager.yml", place=place)
    for severity in ("critical", "warning", "info"):
        told = run("amtool", "config", "routes", "test", *routes, f"severity={severity}", place=place)
        assert told.splitlines()[0] == severity


@pytest.mark.usefixtures("programs")
def test_alerts_of_a_wide_plan_fire_too(wide: Bundle, tmp_path: Path) -> None:
    place = write_bundle(wide, tmp_path / "wide").folder / "prometheus"
    run("promtool", "check", "config", "prometheus.yml", place=place)
    tests = sorted(path.name for path in (place / "rules").glob("campus*.test.yml"))
    run("promtool", "test", "rules", *tests, place=place / "rules")


@pytest.mark.usefixtures("programs")
def test_a_threshold_that_is_moved_breaks_its_test(bundle: Bundle, tmp_path: Path) -> None:
    """promtool's tests hold the numbers: a rule with another one fails them."""
    campus = next(one for one in bundle.rules if one.name == "campus.rules.yml")
    text = yaml.safe_dump({"groups": campus.groups}).replace("1.005 * ", "1.5 * ")
    (tmp_path / campus.name).write_text(text, encoding="utf-8")
    content = campus.test_content()
    content["tests"] = [one for one in content["tests"]
                        if one["alert_rule_test"][0]["alertname"] == "CampusImportAboveLimit"]  # fmt: skip
    (tmp_path / campus.test_name).write_text(yaml.safe_dump(content), encoding="utf-8")
    done = subprocess.run(["promtool", "test", "rules", campus.test_name], capture_output=True, text=True, check=False,
                          cwd=tmp_path)  # fmt: skip
    assert done.returncode != 0
    assert "CampusImportAboveLimit" in done.stdout + done.stderr


def test_rules_ask_for_names_that_somebody_exports(bundle: Bundle, wide: Bundle) -> None:
    for one in (bundle, wide):
        known = exported() | recorded(one)
        for name, rule in alerts_of(one).items():
            asked = set(NAME.findall(re.sub(r'"[^"]*"', "", rule["expr"])))
            assert asked <= known, name


def test_every_alert_is_tested_explained_and_says_so_in_both_languages(bundle: Bundle, wide: Bundle) -> None:
    for one in (bundle, wide):
        runbooks = {language: one.contents[f"RUNBOOK.{language}.md"].decode() for language in ("en", "ja")}
        tested = [
            (moment["alertname"], bool(moment["exp_alerts"]))
            for file in one.rules
            for test in file.tests
            for moment in test["alert_rule_test"]
        ]
        for name, rule in alerts_of(one).items():
            assert {(name, True), (name, False)} <= set(tested)
            said = rule["annotations"]
            assert not said["summary_ja"].isascii()
            for language, key in (("en", "runbook_url"), ("ja", "runbook_url_ja")):
                assert said[key] == f"RUNBOOK.{language}.md#{name.lower()}"
                assert f"\n### {name}\n" in runbooks[language]
                assert f"`{rule['expr']}`" in runbooks[language]
            assert name in known_sections("en") & known_sections("ja")
        for text in runbooks.values():
            # Outside of code nothing is left to be filled in.
            assert "{" not in re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


def test_numbers_are_those_of_the_plan(plan: Plan, bundle: Bundle) -> None:
    """Each threshold again, straight from the plan."""
    built, hours = plan.capacities, plan.hourly
    values = bundle.figures.values
    assert values["import_limit_watts"] == pytest.approx(1e6 * built["interconnection_mw"], abs=500)
    assert values["backup_watts"] == pytest.approx(1e6 * built["backup_mw"], abs=500)
    assert values["firm_watts"] == pytest.approx(1e6 * hours["firm_mw"].max(), abs=500)
    assert values["flexible_kw"] == int(1e3 * (built["it_mw"] - hours["firm_mw"].min()) + 1e-6)
    # All that comes in a day may wait for a day.
    assert values["waiting_watthours"] == pytest.approx(1e6 * 24 * hours["arrivals_mw"].max(), abs=500)
    unclean = hours["import_mw"] * (1 - hours["grid_clean_share"]) + hours["backup_mw"]
    days = 1 - unclean.reshape(365, 24).sum(axis=1) / hours["load_mw"].reshape(365, 24).sum(axis=1)
    worst = min(np.roll(days, -first)[:30].mean() for first in range(365))
    assert values["clean_share_month"] == pytest.approx(worst, abs=5e-5)
    weeks = [(np.roll(hours["backup_mw"], -first)[:168] > 0.01 * built["backup_mw"]).sum() for first in range(8760)]
    assert values["backup_week_hours"] == max(weeks)
    assert values["backup_alert_hours"] == 1.25 * max(weeks) + 2.0
    margin = (
        sum(hours[f"{name}_available_mw"] for name in ("pv", "wind_onshore", "geothermal", "hydro"))
        + np.minimum(hours["state_of_charge_mwh"] * values["store_gives_share"], built["battery_power_mw"])
        + built["backup_mw"] - hours["firm_mw"] * hours["pue"]
    )  # fmt: skip
    assert values["reserve_least_watts"] == pytest.approx(1e6 * margin.min(), abs=2000)
    alerts = alerts_of(bundle)
    assert f"> 1.005 * {values['import_limit_watts']}" in alerts["CampusImportAboveLimit"]["expr"]
    assert f"> 1.02 * {values['it_watts']}" in alerts["CampusHallFull"]["expr"]
    assert alerts["KibanUnserved"]["expr"] == f"kiban_unserved_watts > {values['unserved_watts']}"


def test_needed_meters_are_those_without_which_no_window_is_solved(plan: Plan, wide_plan: Plan) -> None:
    for one in (plan, wide_plan):
        needed = {meter.series for meter in read_campus(one).meters() if meter.needed}
        watched = list_needed(read_figures(one, read_margins()))
        found = {meter.series for meter in (find_meter(one.metric, one.unit) for one in watched) if meter is not None}
        assert needed
        assert needed <= found


def test_another_plan_has_other_numbers(bundle: Bundle, wide: Bundle) -> None:
    assert wide.figures["plan"] != bundle.figures["plan"]
    assert 0 < float(wide.figures["import_limit_watts"]) <= 8e6
    for name in ("CampusImportAboveLimit", "CampusHallFull", "CampusQueueLong"):
        assert alerts_of(wide)[name]["expr"] != alerts_of(bundle)[name]["expr"]
    assert wide.contents["slurm/kiban.conf"] != bundle.contents["slurm/kiban.conf"]


def test_what_the_service_does_not_operate_is_said(bundle: Bundle, wide: Bundle, tmp_path: Path) -> None:
    assert bundle.figures.refused == wide.figures.refused == ()
    (tmp_path / "site.toml").write_text(refused_scenario(), encoding="utf-8")
    refused = make_bundle(kiban.build(load_scenario(str(tmp_path / "site.toml"))))
    assert refused.figures.refused == ("tranche.0",)
    assert json.loads(refused.contents[MANIFEST])["not_operated"] == ["tranche.0"]
    for name in ("RUNBOOK.en.md", "RUNBOOK.ja.md", "README.md", "README.ja.md"):
        assert "`tranche.0`" in refused.contents[name].decode()
        assert "`tranche.0`" not in wide.contents[name].decode()


def test_the_same_plan_gives_the_same_bytes(plan: Plan, bundle: Bundle) -> None:
    again = make_bundle(plan)
    assert dict(again.contents) == dict(bundle.contents)
    assert list(again.contents) == list(bundle.contents)


def test_the_plan_in_it_is_the_plan(plan: Plan, folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert manifest["plan"] == digest_of(plan)
    assert digest_of(load_plan(folder / "plan")) == manifest["plan_in_bundle"]


def test_files_that_the_plan_names_come_along(tmp_path: Path) -> None:
    """A series of the user's, beside the scenario and with a name that is taken twice."""
    for place in ("a", "b"):
        (tmp_path / "home" / place).mkdir(parents=True)
        rows = "\n".join(["price,clean", *(f"0.0{1 + hour % 2},0.2" for hour in range(120))])
        (tmp_path / "home" / place / "prices.csv").write_text(rows + "\n", encoding="utf-8")
    text = (CASES / "small_run.toml").read_text(encoding="utf-8")
    text = text.replace("price_myen_per_mwh = 0.015", 'price_myen_per_mwh = {file = "a/prices.csv", column = "price"}')
    text = text.replace("clean_share = 0.2\n", 'clean_share = {file = "b/prices.csv", column = "clean"}\n')
    (tmp_path / "home" / "site.toml").write_text(text, encoding="utf-8")
    plan = kiban.build(load_scenario(str(tmp_path / "home" / "site.toml")))
    found = write_bundle(make_bundle(plan), tmp_path / "out").folder / "plan"
    assert len(list((found / "inputs").iterdir())) == 2
    for place in ("a", "b"):
        (tmp_path / "home" / place / "prices.csv").unlink()
    carried = load_plan(found)
    assert read_campus(carried).facility.it_mw > 0
    assert dict(carried.capacities) == dict(plan.capacities)


def test_a_folder_that_is_not_empty_is_refused_and_a_bundle_is_replaced_when_asked(
    bundle: Bundle, tmp_path: Path
) -> None:
    place = tmp_path / "site"
    write_bundle(bundle, place)
    with pytest.raises(OutputError):
        write_bundle(bundle, place)
    rules = place / "prometheus" / "rules" / "kiban.rules.yml"
    rules.write_text("changed\n", encoding="utf-8")
    (place / "notes.txt").write_text("mine\n", encoding="utf-8")
    smaller = replace(
        bundle, contents={name: content for name, content in bundle.contents.items() if "lua" not in name}
    )
    written = write_bundle(smaller, place, force=True)
    assert written.kept == ("prometheus/rules/kiban.rules.yml",)
    assert rules.read_bytes() == bundle.contents["prometheus/rules/kiban.rules.yml"]
    assert rules.with_name("kiban.rules.yml.before").read_text() == "changed\n"
    assert (place / "notes.txt").read_text() == "mine\n"
    assert not (place / "slurm" / "job_submit.lua").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(OutputError):
        write_bundle(bundle, other, force=True)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(refused_scenario(), encoding="utf-8")
    words = ["bundle", str(tmp_path / "site.toml"), "-o", str(tmp_path / "out"), "--lang"]
    said = CliRunner().invoke(app, [*words, "ja"])
    assert said.exit_code == 0, said.output
    assert "README.ja.md" in said.output
    assert "tranche.0" in said.output
    said = CliRunner().invoke(app, [*words, "en"])
    assert said.exit_code == 2
    assert "not empty" in said.output


@pytest.mark.xdist_group("slurm")
def test_slurm_takes_the_fragment_and_asks_flexible_jobs_for_their_power(bundle: Bundle) -> None:
    fragment = {
        name.removeprefix("slurm/"): content for name, content in bundle.contents.items() if name.startswith("slurm/")
    }
    sleep = ("--wrap=sleep 600", "--output=/dev/null")
    try:
        with open_slurm(fragment) as cluster:
            total = f"Total={bundle.figures['flexible_kw']} "
            assert total in cluster.ask("scontrol", "--oneliner", "show", "license", "power_kw")
            assert "JobSubmitPlugins        = lua" in cluster.ask("scontrol", "show", "config")
            for licences in ([], ["--licenses=power_kw:0"], ["--licenses=other_kw:5"]):
                assert cluster.ask("sbatch", "--parsable", "--partition=flexible", *licences, *sleep) == ""
            job = cluster.submit_flexible(30)
            cluster.submit("sleep 600", "--partition=firm")
            cluster.ask("scontrol", "update", f"jobid={job}", "licenses=")
            assert "power_kw:30" in cluster.ask("squeue", "--noheader", f"--jobs={job}", "--Format=licenses")
    except MissingError as error:
        pytest.skip(str(error))


def test_numbers_are_written_as_prometheus_does() -> None:
    assert [humanize(value) for value in (0.0, 2.5, 999.4, 1000.0, 38_891_000, -1e6, 2.5e9)] == [
        "0", "2.5", "999.4", "1k", "38.89M", "-1M", "2.5G",
    ]  # fmt: skip


def test_a_plan_whose_compute_cannot_wait_has_no_rules_for_that(tmp_path: Path) -> None:
    text = (CASES / "small_run.toml").read_text(encoding="utf-8")
    text = text.replace("deferrable_share = 0.2\nmax_delay_hours = 12\n", "deferrable_share = 0\n")
    text = text.replace("[target]\nclean_share = 0.7\n", "[backup]\npermitted_hours_per_year = 400\n")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    firm = make_bundle(kiban.build(load_scenario(str(tmp_path / "site.toml"))))
    assert {"waiting", "clean"} & firm.figures.has == set()
    alerts = alerts_of(firm)
    assert {"CampusQueueLong", "CampusLimitIgnored", "CampusCleanShareLow"} & set(alerts) == set()
    assert "CampusBackupPermit" in alerts
    assert not any(name.startswith("slurm/") for name in firm.contents)
    place = write_bundle(firm, tmp_path / "firm").folder / "prometheus" / "rules"
    if not missing_programs():
        run("promtool", "test", "rules", "campus_budgets.rules.test.yml", place=place)
