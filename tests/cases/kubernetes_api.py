"""An API server of Kubernetes with one ClusterQueue, as far as a limit needs it: it refuses what the CRD refuses.

The schema is written down by hand from the types of `kueue.x-k8s.io/v1beta2`: the fields that kiban writes, their
patterns and bounds, and the rules that go over several fields. Like a server with `fieldValidation=Strict` it refuses
what it does not know. A patch is refused without the rights, the media type, the field manager or the version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import httpx
import jsonschema

SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
TOKEN = "a token"


def strict(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


NAME = {"type": "string", "maxLength": 253, "pattern": SUBDOMAIN}
AMOUNT = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": QUANTITY}]}
RESOURCE_NAME = {"type": "string", "minLength": 1}
QUOTA = strict(
    ["name", "nominalQuota"], name=RESOURCE_NAME, nominalQuota=AMOUNT, borrowingLimit=AMOUNT, lendingLimit=AMOUNT
)
FLAVOR = strict(
    ["name", "resources"], name=NAME, resources={"type": "array", "minItems": 1, "maxItems": 64, "items": QUOTA}
)
GROUP = strict(
    ["coveredResources", "flavors"],
    coveredResources={"type": "array", "minItems": 1, "maxItems": 64, "items": RESOURCE_NAME},
    flavors={"type": "array", "minItems": 1, "maxItems": 64, "items": FLAVOR},
)
SPEC = strict(
    [],
    resourceGroups={"type": "array", "maxItems": 16, "items": GROUP},
    cohortName=NAME,
    stopPolicy={"enum": ["None", "Hold", "HoldAndDrain"]},
    queueingStrategy={"enum": ["StrictFIFO", "BestEffortFIFO"]},
)
METADATA = strict(
    ["name"],
    name=NAME,
    resourceVersion={"type": "string"},
    annotations={"type": "object", "additionalProperties": {"type": "string"}},
)
CLUSTER_QUEUE = strict(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "kueue.x-k8s.io/v1beta2"},
    kind={"const": "ClusterQueue"},
    metadata=METADATA,
    spec=SPEC,
)


def faults(queue: Mapping[str, Any]) -> list[str]:
    """Why the CRD and its webhook refuse a ClusterQueue."""
    found = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in jsonschema.Draft202012Validator(CLUSTER_QUEUE).iter_errors(queue)
    ]
    if found:
        return found
    groups = queue["spec"].get("resourceGroups", [])
    flavors = [flavor for group in groups for flavor in group["flavors"]]
    covered = [name for group in groups for name in group["coveredResources"]]
    if len(set(covered)) < len(covered) or len({flavor["name"] for flavor in flavors}) < len(flavors):
        found.append("a resource or a flavor is part of more than one resource group")
    for group in groups:
        for flavor in group["flavors"]:
            if [resource["name"] for resource in flavor["resources"]] != group["coveredResources"]:
                found.append("flavors must have the resources of coveredResources in their order")
            for resource in flavor["resources"]:
                amounts = [
                    resource[key] for key in ("nominalQuota", "borrowingLimit", "lendingLimit") if key in resource
                ]
                if any(str(amount).startswith("-") for amount in amounts):
                    found.append("quotas must be greater than or equal to 0")
                if "cohortName" not in queue["spec"] and {"borrowingLimit", "lendingLimit"} & set(resource):
                    found.append("borrowingLimit must be nil when cohort is empty")
    return found


class KubernetesApi(httpx.BaseTransport):
    """Answers the requests of one client; `queue` is what it keeps."""

    def __init__(self, queue: dict[str, Any]) -> None:
        assert faults({key: value for key, value in queue.items() if key != "status"}) == []
        self.queue = deepcopy(queue)
        self.version = 7
        self.patches: list[dict[str, Any]] = []
        self.managers: set[str] = set()
        self.between: list[dict[str, Any]] = []  # what somebody else writes before the next patches, first to last

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.refuse(401, "Unauthorized")
        if request.url.path != f"/apis/kueue.x-k8s.io/v1beta2/clusterqueues/{self.queue['metadata']['name']}":
            return self.refuse(404, "the server could not find the requested resource")
        if request.method == "GET":
            return httpx.Response(200, json=self.whole())
        if request.method != "PATCH":
            return self.refuse(405, "the server does not allow this method on the requested resource")
        return self.patch(request)

    def patch(self, request: httpx.Request) -> httpx.Response:
        if self.between:
            self.queue["spec"] |= self.between.pop(0)
            self.version += 1
        if request.headers.get("content-type") != "application/apply-patch+yaml":
            return self.refuse(415, "the body of the request was in an unknown format")
        if not re.fullmatch(r"[\x20-\x7e]{1,128}", request.url.params.get("fieldManager", "")):
            return self.refuse(422, "fieldManager: Required value: is required for apply patch")
        wanted = json.loads(request.content)
        if found := faults(wanted):
            return self.refuse(422, "; ".join(found))
        if wanted["metadata"]["name"] != self.queue["metadata"]["name"]:
            return self.refuse(400, "the name of the object does not match the name on the URL")
        if wanted["metadata"].get("resourceVersion", str(self.version)) != str(self.version):
            return self.refuse(409, "the object has been modified")
        if request.url.params.get("force") != "true":
            return self.refuse(409, "Apply failed with 1 conflict: conflict with kubectl")
        self.managers.add(request.url.params["fieldManager"])
        before = deepcopy(self.queue)
        self.queue["spec"] |= wanted["spec"]
        self.queue["metadata"].setdefault("annotations", {}).update(wanted["metadata"].get("annotations", {}))
        self.version += self.queue != before
        self.patches.append(wanted)
        return httpx.Response(200, json=self.whole())

    def whole(self) -> dict[str, Any]:
        content = deepcopy(self.queue)
        content["metadata"] |= {"resourceVersion": str(self.version), "uid": "0", "generation": 1}
        return content

    def refuse(self, status: int, message: str) -> httpx.Response:
        return httpx.Response(status, json={"kind": "Status", "status": "Failure", "message": message, "code": status})
