"""A limit handed to Kueue on Kubernetes: power is a resource, a limit the quota of a ClusterQueue.

The cluster has a ClusterQueue `QUEUE` for the compute that can wait. In it the resource `RESOURCE` is in one flavor;
its `nominalQuota` is the limit, in kW. What a job asks for follows from its accelerators by a resource transformation
in Kueue's own configuration (so many kW for each `nvidia.com/gpu`). Firm compute has queues of its own, which kiban
does not touch.

A lower quota takes nothing from what runs: Kueue admits no more until usage has fallen. Where more runs than a limit
allows, the queue is stopped: `Hold` lets what runs come to its end; a call sets `HoldAndDrain`, which evicts what the
queue has admitted. As soon as what runs fits, `stopPolicy` is `None` again, and Kueue admits up to the quota.

Written by server-side apply (`application/apply-patch+yaml`) under the field manager `kiban`, with the version that was
read, so that nothing that somebody else has changed in between is overwritten. Kubernetes knows no limit that ends by
itself: `kiban/expires` among the annotations says until when one was meant.

Fields as in the reference of `kueue.x-k8s.io/v1beta2` (https://kueue.sigs.k8s.io/docs/reference/kueue.v1beta2/).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kiban.errors import Problem
from kiban.operation.power_caps import CapCurve
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.schedulers import SchedulerAwayError

if TYPE_CHECKING:
    import httpx

PLACE: Final = "Kueue"
QUEUE: Final = "kiban-flexible"
RESOURCE: Final = "kiban/power-kw"
MANAGER: Final = "kiban"
CAP: Final = "kiban/power-cap-watts"
API_VERSION: Final = "kueue.x-k8s.io/v1beta2"
ADDRESS: Final = f"/apis/{API_VERSION}/clusterqueues/{QUEUE}"
ANSWER_SECONDS: Final = 5.0
CONFLICT: Final = 409
TRIES: Final = 3
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds who it is."""
SUFFIXES: Final[Mapping[str, Decimal]] = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal("1e3"),
    "M": Decimal("1e6"), "G": Decimal("1e9"), "T": Decimal("1e12"), "Ki": Decimal(2**10), "Mi": Decimal(2**20),
    "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API server is, and who asks it; `authority` is the file of its certificate's authority."""

    address: str
    token: str
    authority: str | None = None
    transport: httpx.BaseTransport | None = None


def in_cluster(account: Path = ACCOUNT, surroundings: Mapping[str, str] = os.environ) -> Connection:
    """The API server of the cluster in which kiban itself runs as a pod.

    Raises `SchedulerAwayError` where it runs in none.
    """
    host, port = surroundings.get("KUBERNETES_SERVICE_HOST"), surroundings.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        token = (account / "token").read_text(encoding="utf-8").strip()
    except OSError:
        token = ""
    if not host or not token:
        raise SchedulerAwayError(Problem("handover.no_cluster", PLACE, where_from=str(account)))
    return Connection(f"https://{host}:{port}", token, str(account / "ca.crt"))


class Kueue:
    """Hands limits to the ClusterQueue `QUEUE`; `now` is the operator's clock."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] | None = None, curve: CapCurve | None = None
    ) -> None:
        self.connection, self.curve = connection, curve
        self.now = now or (lambda: datetime.now(UTC))

    def apply(self, limit: PowerLimit) -> None:
        """Make the limit hold now; one that has expired or has not begun does nothing.

        Raises `SchedulerAwayError` where the API server is away, refuses, or has no such queue.
        """
        if not limit.begins <= self.now() < limit.expires:
            return
        quota_kw = max(math.floor(1000.0 * limit.admitted_mw + 1e-6), 0)
        for left in reversed(range(TRIES)):
            found = self._ask("GET")
            answer = self._ask("PATCH", self._wanted(found, quota_kw, limit), may_conflict=left > 0)
            if answer:
                return

    def _wanted(self, found: Mapping[str, Any], quota_kw: int, limit: PowerLimit) -> dict[str, Any]:
        """The fields that kiban owns: every resource group as it is but for the quota of power, and the stop policy."""
        groups = json.loads(json.dumps(found.get("spec", {}).get("resourceGroups", [])))
        quotas = [
            resource
            for group in groups
            for flavor in group.get("flavors", [])
            for resource in flavor.get("resources", [])
            if resource.get("name") == RESOURCE
        ]
        if len(quotas) != 1:
            raise SchedulerAwayError(
                Problem("handover.no_resource", PLACE, QUEUE, resource=RESOURCE, count=len(quotas))
            )
        quotas[0]["nominalQuota"] = str(quota_kw)
        running_kw = _used(found)
        stop = "None" if running_kw <= quota_kw else "HoldAndDrain" if limit.reason == "call" else "Hold"
        return {
            "apiVersion": API_VERSION,
            "kind": "ClusterQueue",
            "metadata": {
                "name": QUEUE,
                "resourceVersion": found["metadata"]["resourceVersion"],
                "annotations": {
                    "kiban/limit": str(limit.number),
                    "kiban/reason": limit.reason,
                    **self._caps(limit),
                    "kiban/expires": limit.expires.astimezone(UTC).isoformat(timespec="seconds"),
                },
            },
            "spec": {"resourceGroups": groups, "stopPolicy": stop},
        }

    def _caps(self, limit: PowerLimit) -> dict[str, str]:
        """The cap of each kind of accelerator in W: an agent on its nodes sets it, and takes it back at `expires`."""
        watts = {} if self.curve is None else self.curve.watts(limit.cap_share)
        return {f"{CAP}.{chip}": str(value) for chip, value in watts.items()}

    def _ask(
        self, method: str, wanted: Mapping[str, Any] | None = None, *, may_conflict: bool = False
    ) -> dict[str, Any]:
        """The queue as it is, or as it has become; empty where somebody else has changed it in between."""
        import httpx

        connection = self.connection
        headers = {"Authorization": f"Bearer {connection.token}", "Accept": "application/json"}
        changes: dict[str, Any] = {}
        if wanted is not None:
            # JSON is YAML, and what the address is called does not say which of the two comes.
            headers["Content-Type"] = "application/apply-patch+yaml"
            changes = {"params": {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"},
                       "content": json.dumps(wanted)}  # fmt: skip
        try:
            with httpx.Client(
                base_url=connection.address, verify=_trust(connection.authority), timeout=ANSWER_SECONDS,
                transport=connection.transport, trust_env=False,
            ) as client:  # fmt: skip
                answer = client.request(method, ADDRESS, headers=headers, **changes)
        except (httpx.HTTPError, OSError):
            raise SchedulerAwayError(Problem("handover.away", PLACE, seconds=f"{ANSWER_SECONDS:g}")) from None
        if answer.is_success:
            content: dict[str, Any] = answer.json()
            return content
        if answer.status_code == CONFLICT and may_conflict:
            return {}
        raise SchedulerAwayError(
            Problem("handover.kueue_refused", PLACE, QUEUE, status=answer.status_code, said=_message(answer))
        )


def _trust(authority: str | None) -> Any:
    import ssl

    return True if authority is None else ssl.create_default_context(cafile=authority)


def _message(answer: httpx.Response) -> str:
    """What the API server says; a proxy before it may say something else."""
    try:
        said = answer.json().get("message")
    except (ValueError, AttributeError):
        said = None
    return str(said or answer.reason_phrase)[:500]


def _used(found: Mapping[str, Any]) -> Decimal:
    """Power that what the queue has admitted asks for, in kW."""
    usage = found.get("status", {}).get("flavorsReservation", [])
    return sum(
        (_number(one["total"]) for flavor in usage for one in flavor.get("resources", []) if one["name"] == RESOURCE),
        Decimal(0),
    )


def _number(quantity: str | int) -> Decimal:
    """A quantity of Kubernetes (`40000`, `40k`, `500m`) as a number."""
    found = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGT]|[KMGT]i)?", str(quantity))
    if found is None:
        raise SchedulerAwayError(Problem("handover.no_quantity", PLACE, QUEUE, quantity=str(quantity)))
    return Decimal(found[1]) * SUFFIXES[found[2] or ""]
