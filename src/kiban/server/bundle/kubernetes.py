"""The service on Kubernetes, with the least rights, and the queues of Kueue that take its limits."""

from __future__ import annotations

from typing import Any, Final

from kiban.server.bundle.figures import Figure, Figures
from kiban.server.bundle.filling import fill, load_template, read_template
from kiban.server.bundle.text import yaml_text
from kiban.server.operating.kueue import QUEUE, RESOURCE

TEMPLATE: Final = "kubernetes.yml"
KUEUE: Final = frozenset({"resource-flavor.yaml", "cluster-queue.yaml", "local-queue.yaml", "role.yaml",
                          "role-binding.yaml"})  # fmt: skip
"""What is for Kueue alone: a plan whose compute cannot wait has no queue."""
ACCELERATOR: Final = "nvidia.com/gpu"


def make_kubernetes(figures: Figures, head: str, operated: str) -> dict[str, str]:
    """Manifests with their kustomization, what Kueue's own configuration needs, and how the image is built."""
    waits = "waiting" in figures.has
    values: dict[str, Figure] = {
        **figures.values,
        "plan_in_bundle": operated,
        "queue": QUEUE,
        "resource": RESOURCE,
        "quota": str(figures["flexible_kw"]),
        "apply": "kueue" if waits else "none",
    }
    objects = {
        name: content for name, content in fill(load_template(TEMPLATE), values).items() if waits or name not in KUEUE
    }
    made = {f"kubernetes/{name}": yaml_text(content) for name, content in objects.items()}
    made["kubernetes/kustomization.yaml"] = yaml_text(_kustomization(figures, list(objects)), head)
    if waits and "accelerators" in figures.has:
        made["kubernetes/kueue-configuration.yaml"] = yaml_text(
            _kueue_configuration(figures),
            "To be added to Kueue's own configuration (ConfigMap kueue-manager-config).",
            head,
        )
    made["Containerfile"] = fill(read_template("Containerfile"), values)
    return made


def _kustomization(figures: Figures, names: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": names,
        "images": [{"name": "kiban", "newName": "registry.invalid/kiban", "newTag": figures["plan_short"]}],
    }


def _kueue_configuration(figures: Figures) -> dict[str, Any]:
    """How many kW a job asks for follows from its accelerators."""
    watts = int(figures["watts_per_accelerator"])
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "resources": {
            "transformations": [
                {"input": ACCELERATOR, "strategy": "Retain", "outputs": {RESOURCE: f"{watts}m"}}
            ]
        },
    }  # fmt: skip
