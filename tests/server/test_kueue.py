"""Limits as quotas of Kueue, at an emulated API server that refuses what the CRD refuses."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cases.kubernetes_api import TOKEN, KubernetesApi, faults

from kiban.operation.power_caps import CapCurve
from kiban.operation.power_limit import PowerLimit, Reason
from kiban.report.messages import say
from kiban.server.operating.kueue import API_VERSION, QUEUE, RESOURCE, Connection, Kueue, _number, in_cluster
from kiban.server.operating.schedulers import SchedulerAwayError

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def limit(flexible_mw: float, number: int = 1, reason: Reason = "window", begins: datetime = NOW) -> PowerLimit:
    return PowerLimit(number, begins, begins + timedelta(minutes=10), 50.0, flexible_mw, reason)


def queue(reserved_kw: int | str = 0) -> dict[str, Any]:
    """A queue with processors beside power."""
    groups = [
        {
            "coveredResources": ["cpu", "memory"],
            "flavors": [
                {
                    "name": "gpu-node",
                    "resources": [{"name": "cpu", "nominalQuota": "900"}, {"name": "memory", "nominalQuota": "4Ti"}],
                }
            ],
        },
        {
            "coveredResources": [RESOURCE],
            "flavors": [{"name": "power", "resources": [{"name": RESOURCE, "nominalQuota": "40k"}]}],
        },
    ]
    used = [{"name": "power", "resources": [{"name": RESOURCE, "total": reserved_kw}]}]
    return {
        "apiVersion": API_VERSION,
        "kind": "ClusterQueue",
        "metadata": {"name": QUEUE, "annotations": {"team": "A"}},
        "spec": {"resourceGroups": groups, "queueingStrategy": "BestEffortFIFO"},
        "status": {"flavorsReservation": used},
    }


def open_kueue(api: KubernetesApi, token: str = TOKEN, curve: CapCurve | None = None) -> Kueue:
    return Kueue(Connection("http://kubernetes", token, transport=api), now=lambda: NOW, curve=curve)


def quota(api: KubernetesApi) -> str:
    return str(api.queue["spec"]["resourceGroups"][1]["flavors"][0]["resources"][0]["nominalQuota"])


def test_a_limit_is_the_quota_of_power_and_nothing_else() -> None:
    api = KubernetesApi(queue(12_000))
    before = deepcopy(api.queue)
    open_kueue(api).apply(limit(25.5))
    assert quota(api) == "25500"
    assert api.managers == {"kiban"}
    assert api.queue["spec"]["stopPolicy"] == "None"
    assert api.queue["spec"]["resourceGroups"][0] == before["spec"]["resourceGroups"][0]
    assert api.queue["spec"]["queueingStrategy"] == "BestEffortFIFO"
    assert api.queue["metadata"]["annotations"] == {
        "team": "A", "kiban/limit": "1", "kiban/reason": "window", "kiban/expires": "2026-07-01T12:10:00+00:00",
    }  # fmt: skip


def test_a_power_cap_is_an_annotation_of_each_kind_and_more_jobs_fit() -> None:
    api = KubernetesApi(queue(12_000))
    capped = replace(limit(25.5), cap_share=0.71, jobs_mw=30.0)
    curve = CapCurve((0.71, 1.0), (0.84, 1.0), 0.8, {"gb200": 1200.0, "h100": 700.0})
    open_kueue(api, curve=curve).apply(capped)
    assert quota(api) == "30000"
    annotations = api.queue["metadata"]["annotations"]
    assert annotations["kiban/power-cap-watts.gb200"] == "852"
    assert annotations["kiban/power-cap-watts.h100"] == "497"
    open_kueue(api, curve=curve).apply(replace(capped, number=2, cap_share=1.0, jobs_mw=None))
    assert quota(api) == "25500"
    assert api.queue["metadata"]["annotations"]["kiban/power-cap-watts.h100"] == "700"


def test_the_same_limit_again_changes_nothing() -> None:
    api = KubernetesApi(queue())
    kueue = open_kueue(api)
    kueue.apply(limit(20.0))
    before = (deepcopy(api.queue), api.version)
    kueue.apply(limit(20.0))
    assert (api.queue, api.version) == before


@pytest.mark.parametrize(
    ("reserved_kw", "reason", "stop"),
    [
        (20_000, "call", "None"),
        (20_001, "call", "HoldAndDrain"),
        ("20001", "call", "HoldAndDrain"),
        ("30k", "call", "HoldAndDrain"),
        (20_001, "window", "Hold"),
        (20_001, "override", "Hold"),
        ("19999500m", "call", "None"),
    ],
)
def test_a_call_drains_and_anything_else_waits(reserved_kw: int | str, reason: Reason, stop: str) -> None:
    api = KubernetesApi(queue(reserved_kw))
    open_kueue(api).apply(limit(20.0, reason=reason))
    assert api.queue["spec"]["stopPolicy"] == stop


def test_a_drained_queue_admits_again_up_to_its_quota() -> None:
    api = KubernetesApi(queue(30_000))
    kueue = open_kueue(api)
    kueue.apply(limit(20.0, reason="call"))
    assert api.queue["spec"]["stopPolicy"] == "HoldAndDrain"
    api.queue["status"] = queue(0)["status"]  # Kueue has evicted
    kueue.apply(limit(20.0, reason="call"))
    assert (api.queue["spec"]["stopPolicy"], quota(api)) == ("None", "20000")


@pytest.mark.parametrize("begins", [NOW - timedelta(minutes=10), NOW + timedelta(seconds=1)])
def test_a_limit_that_does_not_hold_now_does_nothing(begins: datetime) -> None:
    api = KubernetesApi(queue())
    open_kueue(api).apply(limit(1.0, begins=begins))
    assert api.patches == []


def test_what_somebody_else_changes_in_between_stays() -> None:
    api = KubernetesApi(queue())
    api.between = [{"queueingStrategy": "StrictFIFO"}]
    groups = deepcopy(api.queue["spec"]["resourceGroups"])
    groups[0]["flavors"][0]["resources"][0]["nominalQuota"] = "1000"
    api.between.append({"resourceGroups": groups})
    open_kueue(api).apply(limit(20.0))
    assert quota(api) == "20000"
    assert api.queue["spec"]["queueingStrategy"] == "StrictFIFO"
    assert api.queue["spec"]["resourceGroups"][0]["flavors"][0]["resources"][0]["nominalQuota"] == "1000"


def test_a_queue_that_changes_all_the_time_is_given_up() -> None:
    api = KubernetesApi(queue())
    api.between = [{"queueingStrategy": name} for name in ("StrictFIFO", "BestEffortFIFO", "StrictFIFO")]
    with pytest.raises(SchedulerAwayError, match="409: the object has been modified"):
        open_kueue(api).apply(limit(20.0))


def change(place: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set, or with None take away, what stands at a place."""
    *path, last = [int(one) if one.isdigit() else one for one in place.split("/")]

    def make(content: dict[str, Any]) -> None:
        node: Any = content
        for one in path:
            node = node[one]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return make


POWER = "spec/resourceGroups/1"
FLAVOR = f"{POWER}/flavors/0"
QUOTA = f"{FLAVOR}/resources/0"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("apiVersion", "kueue.x-k8s.io/v1beta1"),
        ("kind", "LocalQueue"),
        ("metadata/name", "Kiban_flexible"),
        ("metadata/name", None),
        ("metadata/annotations", {"kiban/limit": 1}),
        ("spec/stopPolicy", "Drain"),
        ("spec/queueingStrategy", "LIFO"),
        ("spec/unknown", 1),
        (f"{POWER}/coveredResources", []),
        (f"{POWER}/coveredResources", ["cpu"]),
        (f"{POWER}/coveredResources", [RESOURCE, "cpu"]),
        (f"{POWER}/flavors", []),
        (f"{FLAVOR}/name", "gpu-node"),
        (f"{FLAVOR}/name", "Power"),
        (f"{FLAVOR}/resources", []),
        (f"{QUOTA}/name", None),
        (f"{QUOTA}/nominalQuota", None),
        (f"{QUOTA}/nominalQuota", "20 MW"),
        (f"{QUOTA}/nominalQuota", 20.5),
        (f"{QUOTA}/nominalQuota", "-1"),
        (f"{QUOTA}/borrowingLimit", "5"),
        (f"{QUOTA}/lendingLimit", "5"),
    ],
)
def test_the_emulated_server_refuses_what_the_crd_refuses(place: str, value: Any) -> None:
    api = KubernetesApi(queue())
    open_kueue(api).apply(limit(20.0))
    wanted = deepcopy(api.patches[0])
    assert faults(wanted) == []
    change(place, value)(wanted)
    assert faults(wanted) != []
    with httpx.Client(base_url="http://kubernetes", transport=api) as client:
        answer = client.patch(
            f"/apis/{API_VERSION}/clusterqueues/{QUEUE}",
            json=wanted, params={"fieldManager": "kiban", "force": "true"},
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/apply-patch+yaml"},
        )  # fmt: skip
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({"Authorization": "Bearer another"}, {}, 401),
        ({"Content-Type": "application/json"}, {}, 415),
        ({}, {"fieldManager": ""}, 422),
        ({}, {"force": "false"}, 409),
    ],
)
def test_the_emulated_server_asks_for_what_a_real_one_asks_for(
    headers: dict[str, str], params: dict[str, str], status: int
) -> None:
    api = KubernetesApi(queue())
    whole = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/apply-patch+yaml"} | headers
    asked = {"fieldManager": "kiban", "force": "true"} | params
    wanted = {key: value for key, value in queue().items() if key != "status"}
    with httpx.Client(base_url="http://kubernetes", transport=api) as client:
        address = f"/apis/{API_VERSION}/clusterqueues/{QUEUE}"
        assert client.patch(address, json=wanted, params=asked, headers=whole).status_code == status


def test_a_server_that_refuses_is_one_sentence() -> None:
    with pytest.raises(SchedulerAwayError) as caught:
        open_kueue(KubernetesApi(queue()), token="another").apply(limit(20.0))
    assert say(caught.value.problem, "en") == (
        f"Kueue: {QUEUE} refused the limit with 401: Unauthorized; check that the ClusterQueue exists and that kiban's "
        "service account may get and patch it."
    )
    assert "401" in say(caught.value.problem, "ja")


def test_a_server_that_is_away_is_one_sentence() -> None:
    kueue = Kueue(Connection("http://127.0.0.1:1", TOKEN), now=lambda: NOW)
    with pytest.raises(SchedulerAwayError, match="Kueue did not answer within 5 s"):
        kueue.apply(limit(20.0))


@pytest.mark.parametrize("count", [0, 2])
def test_power_has_to_stand_in_one_flavor(count: int) -> None:
    content = queue()
    group = content["spec"]["resourceGroups"][1]
    group["flavors"] = [
        {"name": f"power-{number}", "resources": [{"name": RESOURCE, "nominalQuota": "1"}]} for number in range(count)
    ]
    if not count:
        del content["spec"]["resourceGroups"][1]
    with pytest.raises(SchedulerAwayError, match=f"in {count} flavors; it has to stand in one"):
        open_kueue(KubernetesApi(content)).apply(limit(20.0))


def test_who_asks_is_found_in_a_pod(tmp_path: Path) -> None:
    with pytest.raises(SchedulerAwayError, match="does not run in a pod"):
        in_cluster(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    (tmp_path / "token").write_text("abc\n", encoding="utf-8")
    found = in_cluster(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"})
    assert (found.address, found.token, found.authority) == ("https://10.0.0.1:6443", "abc", str(tmp_path / "ca.crt"))
    with pytest.raises(SchedulerAwayError):
        in_cluster(tmp_path, {})


def test_quantities_that_are_none() -> None:
    assert (_number("40k"), _number("500m"), _number("1Ki"), _number("1e3")) == (40_000, 0.5, 1024, 1000)
    with pytest.raises(SchedulerAwayError, match="shows '4 kW'"):
        _number("4 kW")
