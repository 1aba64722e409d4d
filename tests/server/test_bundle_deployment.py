"""What puts a bundle to work: the role of Ansible twice, manifests, dashboards, the module, each by its own tools."""

from __future__ import annotations

import getpass
import grp
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import kubernetes_validate
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from lark.exceptions import UnexpectedInput
from tests.cases.bundles import exported, recorded, run
from tests.cases.kubectl import find_kubectl
from tests.cases.kubernetes_api import faults
from tests.cases.monitoring import missing_programs
from tests.cases.stub_wheel import write_wheel

import kiban
from kiban.scenario.examples import load_scenario
from kiban.server.bundle.dashboards import list_queries
from kiban.server.bundle.making import Bundle, make_bundle, write_bundle
from kiban.server.bundle.manifest import MANIFEST

CASES = Path(__file__).parents[1] / "cases"
TOOLS = Path(sys.executable).parent
KUBERNETES = "1.33"
NAME = re.compile(r"\b(?:kiban_|campus[_:]|ALERTS\b)[a-zA-Z_:]*")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return make_bundle(kiban.build(load_scenario(str(CASES / "small_run.toml"))))


@pytest.fixture(scope="module")
def folder(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(bundle, tmp_path_factory.mktemp("bundle") / "site").folder


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing is asked of an index, and nothing is left at home."""
    home = str(tmp_path_factory.mktemp("home"))
    path = os.pathsep.join([str(TOOLS), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "HOME": home, "ANSIBLE_HOME": home, "LC_ALL": "C.UTF-8", "PIP_NO_INDEX": "1",
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}  # fmt: skip


def test_ansible_lint_finds_nothing_in_the_production_profile(folder: Path, surroundings: dict[str, str]) -> None:
    done = subprocess.run(
        [str(TOOLS / "ansible-lint"), "--offline", "--profile", "production", "--strict", "--nocolor", "."],
        cwd=folder / "ansible", env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed: 0 failure(s), 0 warning(s)" in done.stderr


def test_a_second_run_of_the_role_changes_nothing(
    bundle: Bundle, folder: Path, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    if missing_programs():
        pytest.skip(missing_programs())
    machine = tmp_path / "machine"
    variables = {
        "kiban_become": False, "kiban_prefix": str(machine), "kiban_package": str(write_wheel(tmp_path)),
        "kiban_user": getpass.getuser(), "kiban_group": grp.getgrgid(os.getgid()).gr_name,
        "kiban_prometheus_group": grp.getgrgid(os.getgid()).gr_name, "kiban_manage_user": False,
        "kiban_manage_service": False, "kiban_own_prometheus": True, "kiban_grafana": True, "kiban_apply": "slurm",
        "kiban_token": "a-token-of-some-length", "kiban_python": sys.executable,
    }  # fmt: skip

    def play(**more: object) -> tuple[int, str]:
        command = [str(TOOLS / "ansible-playbook"), "-i", "localhost,", "-c", "local", "site.yml"]
        done = subprocess.run(
            [*command, "-e", json.dumps({**variables, **more})], cwd=folder / "ansible", env=surroundings,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    status, said = play()
    assert status == 0, said
    assert re.search(r"changed=[1-9]", said)
    status, said = play()
    assert status == 0, said
    assert re.search(r"changed=0 .*failed=0", said), said
    unit = (machine / "etc/systemd/system/kiban-operate.service").read_text(encoding="utf-8")
    digest = json.loads(bundle.contents[MANIFEST])["plan_in_bundle"]
    assert f"plan-{digest[:12]}" in unit
    assert "--apply slurm" in unit
    plan = machine / "etc/kiban" / f"plan-{digest[:12]}" / "summary.json"
    assert plan.read_bytes() == bundle.contents["plan/summary.json"]
    assert (machine / "etc/kiban/token").stat().st_mode & 0o777 == 0o400
    assert (machine / "etc/slurm/kiban.conf").read_bytes() == bundle.contents["slurm/kiban.conf"]
    assert (machine / "etc/grafana/dashboards/kiban/kiban_service.ja.json").is_file()
    run("promtool", "check", "config", str(machine / "etc/prometheus/prometheus.yml"))
    status, said = play(kiban_package="")
    assert status != 0
    assert "kiban_package" in said


def objects(folder: Path) -> dict[str, Any]:
    return {
        path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (folder / "kubernetes").glob("*.yaml")
    }


def test_manifests_keep_to_the_strict_schemas(bundle: Bundle, folder: Path) -> None:
    found = objects(folder)
    kinds = {one["kind"] for one in found.values()}
    assert {"StatefulSet", "ClusterRole", "NetworkPolicy", "ClusterQueue", "LocalQueue"} <= kinds
    for content in found.values():
        if "kueue" not in content["apiVersion"] and "kustomize" not in content["apiVersion"]:
            kubernetes_validate.validate(content, KUBERNETES, strict=True)
    queue = found["cluster-queue.yaml"]
    assert queue["spec"].pop("namespaceSelector") == {}
    assert faults(queue) == []
    quota = queue["spec"]["resourceGroups"][0]["flavors"][0]["resources"][0]["nominalQuota"]
    assert int(quota) == bundle.figures["flexible_kw"]
    broken = found["stateful-set.yaml"]
    broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolicies"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


def test_the_role_of_the_service_is_what_the_hand_over_asks_for(folder: Path) -> None:
    rule = objects(folder)["role.yaml"]["rules"]
    assert rule == [
        {"apiGroups": ["kueue.x-k8s.io"], "resources": ["clusterqueues"], "resourceNames": ["kiban-flexible"],
         "verbs": ["get", "patch"]}
    ]  # fmt: skip


def test_kustomize_builds_it(folder: Path, bundle: Bundle, tmp_path: Path) -> None:
    kubectl = find_kubectl(tmp_path)
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = list(yaml.safe_load_all(run(kubectl, "kustomize", str(folder / "kubernetes"))))
    names = {name for name in objects(folder) if name not in {"kustomization.yaml", "kueue-configuration.yaml"}}
    assert len(built) == len(names)
    service = next(one for one in built if one["kind"] == "StatefulSet")
    image = service["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"registry.invalid/kiban:{bundle.figures['plan_short']}"


def test_what_the_pod_runs_is_a_command_of_kiban(folder: Path) -> None:
    from typer.main import get_command

    from kiban.cli import app

    words = objects(folder)["stateful-set.yaml"]["spec"]["template"]["spec"]["containers"][0]["args"]
    unit = (folder / "ansible/roles/kiban/templates/kiban-operate.service.j2").read_text(encoding="utf-8")
    known = {option for one in get_command(app).commands["operate"].params for option in one.opts}  # type: ignore[attr-defined]
    asked = {word for word in words if word.startswith("--")} | set(re.findall(r"(?<=\s)--[a-z-]+", unit))
    assert words[0] == "operate"
    assert asked <= known


def test_dashboards_are_what_grafana_reads_and_ask_for_what_is_exported(bundle: Bundle, folder: Path) -> None:
    paths = sorted((folder / "grafana" / "dashboards").glob("*.json"))
    assert [path.name for path in paths] == [
        f"kiban_{name}.{language}.json" for name in ("campus", "service") for language in ("en", "ja")
    ]
    known = exported() | recorded(bundle) | {"ALERTS"}
    queries: set[str] = set()
    for path in paths:
        content = json.loads(path.read_text(encoding="utf-8"))
        # Grafana's own types take it, and lose nothing of it.
        assert json.loads(json.dumps(Dashboard.from_json(content), cls=JSONEncoder)) == content
        places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in content["panels"]]
        assert len(set(places)) == len(places)
        assert all(one["gridPos"]["x"] + one["gridPos"]["w"] <= 24 for one in content["panels"])
        found = list(list_queries(content))
        assert len(found) > 5
        queries |= set(found)
    for query in queries:
        asked = set(NAME.findall(re.sub(r'"[^"]*"', "", query)))
        assert asked, query
        assert asked <= known, query
    if missing_programs():
        pytest.skip(missing_programs())
    # promtool parses every query, as the expression of a rule.
    rules = [{"record": f"q:{number}:q", "expr": query} for number, query in enumerate(sorted(queries))]
    path = folder / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    assert f"{len(rules)} rules found" in run("promtool", "check", "rules", str(path))


def test_limits_of_the_plan_are_lines_of_the_dashboard(bundle: Bundle, folder: Path) -> None:
    content = json.loads((folder / "grafana/dashboards/kiban_campus.en.json").read_text(encoding="utf-8"))
    lines = {
        step["value"] for one in content["panels"] if "fieldConfig" in one
        for step in one["fieldConfig"]["defaults"]["thresholds"]["steps"]
    }  # fmt: skip
    wanted = ("import_limit_watts", "it_watts", "pue_most", "backup_watts", "store_discharge_watts")
    assert {float(bundle.figures[name]) for name in wanted} <= lines


def test_the_module_of_terraform_is_whole(bundle: Bundle, folder: Path) -> None:
    """It is parsed, and what it asks for is given; no program that could plan it can be had."""
    module = folder / "terraform"
    parsed = {path.name: hcl2.loads(path.read_text(encoding="utf-8")) for path in module.glob("*.tf")}
    declared = {name.strip('"'): body for one in parsed["variables.tf"]["variable"] for name, body in one.items()}
    given = json.loads((module / "kiban.auto.tfvars.json").read_text(encoding="utf-8"))
    assert set(given) <= set(declared)
    needed = {name for name, body in declared.items() if "default" not in body}
    assert needed - set(given) == {"token"}
    assert given["power_quota_kw"] == bundle.figures["flexible_kw"]
    text = "".join(path.read_text(encoding="utf-8") for path in module.glob("*.tf"))
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(declared)
    named = set(re.findall(r'"([a-z-]+\.yaml)"', text))
    assert named <= {path.name for path in (folder / "kubernetes").iterdir()} | {"kueue-configuration.yaml"}
    providers = {
        name.split("_")[0] for one in parsed["main.tf"]["resource"] for name in (key.strip('"') for key in one)
    }
    assert providers == {"kubernetes", "grafana"}
    with pytest.raises(UnexpectedInput):
        hcl2.loads(text.replace("locals {", "locals {{", 1))


def test_every_file_of_data_is_one(bundle: Bundle) -> None:
    for name, content in bundle.contents.items():
        if name.endswith((".yml", ".yaml")):
            list(yaml.safe_load_all(content))
        if name.endswith(".json"):
            json.loads(content)
        if not name.startswith("plan/"):
            assert b"@{" not in content, name
