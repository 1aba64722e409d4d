"""The image and the manifests of a cluster of Dask: each by its own tools, and what they run is there."""

from __future__ import annotations

import copy
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from packaging.requirements import Requirement
from tests.cases.bundles import run
from tests.cases.kubectl import find_kubectl

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "dask"
KUBERNETES = "1.33"
DEPLOYMENTS = {"scheduler.yaml": "scheduler", "workers.yaml": "worker"}


def objects() -> dict[str, Any]:
    return {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (FOLDER / "kubernetes").glob("*.yaml")}


def container_of(content: dict[str, Any]) -> dict[str, Any]:
    (found,) = content["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_manifests_keep_to_the_strict_schemas() -> None:
    found = objects()
    listed = found.pop("kustomization.yaml")["resources"]
    assert set(listed) == set(found)
    for content in found.values():
        kubernetes_validate.validate(content, KUBERNETES, strict=True)
    broken = copy.deepcopy(found["workers.yaml"])
    broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolicies"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


def test_kustomize_builds_it(tmp_path: Path) -> None:
    kubectl = find_kubectl(tmp_path)
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = list(yaml.safe_load_all(run(kubectl, "kustomize", str(FOLDER / "kubernetes"))))
    assert len(built) == len(objects()) - 1
    images = {container_of(one)["image"] for one in built if one["kind"] == "Deployment"}
    assert images == {"registry.invalid/kiban-dask:0.1.0"}


@pytest.mark.parametrize(("file", "command"), DEPLOYMENTS.items())
def test_what_pods_run_are_commands_of_dask_with_tls(file: str, command: str, tmp_path: Path) -> None:
    cli = pytest.importorskip(f"distributed.cli.dask_{command}")
    container = container_of(objects()[file])
    program, *words = container["args"]
    known = {name for parameter in cli.main.params for name in (*parameter.opts, *parameter.secondary_opts)}
    asked = [word for word in words if word.startswith("--")]
    assert program == command
    assert set(asked) <= known
    given = dict(pairwise(words))
    # Dask itself reads them, and wants the certificates to be there.
    for name in ("ca.crt", "tls.crt", "tls.key"):
        (tmp_path / name).touch()
    here = [word.replace("/certificates", str(tmp_path)) for word in words]
    assert cli.main.make_context(command, here).params["protocol"] == "tls"
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    for option in ("--tls-ca-file", "--tls-cert", "--tls-key"):
        assert str(Path(given[option]).parent) in mounts
    assert {"name": "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION", "value": "true"} in container["env"]
    own = given["--port" if command == "scheduler" else "--worker-port"]
    assert [port["containerPort"] for port in container["ports"]] == [int(own)]


def test_pods_have_the_least_rights_and_reach_each_other_alone() -> None:
    found = objects()
    for file in DEPLOYMENTS:
        pod = found[file]["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        rights = container_of(found[file])["securityContext"]
        assert rights == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                          "capabilities": {"drop": ["ALL"]}}  # fmt: skip
    ports = {found["service.yaml"]["spec"]["ports"][0]["port"]}
    scheduler, worker = (container_of(found[file])["ports"][0]["containerPort"] for file in DEPLOYMENTS)
    inside, clients = found["network-policy.yaml"]["spec"]["ingress"]
    assert {one["port"] for one in inside["ports"]} == {scheduler, worker}
    assert {one["port"] for one in clients["ports"]} == ports == {scheduler}
    labels = found["workers.yaml"]["spec"]["template"]["metadata"]["labels"]
    assert found["network-policy.yaml"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert container_of(found["workers.yaml"])["args"][1] == f"tls://{found['service.yaml']['metadata']['name']}:8786"


def test_the_image_has_the_libraries_of_the_lock() -> None:
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    expressions = re.findall(r"-e '([^']+)'", text)
    done = subprocess.run(
        ["sed", *(part for one in expressions for part in ("-e", one)), str(ROOT / "requirements.lock")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    found = {Requirement(line).name: str(Requirement(line).specifier) for line in lines}
    assert {"distributed", "dask-jobqueue", "numpy", "highspy"} <= set(found)
    assert all(re.fullmatch(r"==[^,]+", pin) for pin in found.values())
    assert "[distributed]" in text
    assert "USER 10001:10001" in text
