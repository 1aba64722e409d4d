"""A role of Ansible and a module of Terraform: files as they are in `templates`, the plan's numbers in one of each."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from kiban.server.bundle.figures import Figures
from kiban.server.bundle.filling import fill
from kiban.server.bundle.text import json_text

ROLE: Final = "ansible"
MODULE: Final = "terraform"


def make_ansible(figures: Figures, operated: str) -> dict[str, str]:
    """The role, and a playbook that uses it."""
    return {name: fill(text, {**figures.values, "plan_in_bundle": operated}) for name, text in _read(ROLE)}


def make_terraform(figures: Figures, operated: str) -> dict[str, str]:
    """The module, and its variables of this plan."""
    waits = "waiting" in figures.has
    variables = {
        "plan": operated,
        "image": f"registry.invalid/kiban:{figures['plan_short']}",
        "apply": "kueue" if waits else "none",
        "power_quota_kw": figures["flexible_kw"],
    }
    return {**dict(_read(MODULE)), f"{MODULE}/kiban.auto.tfvars.json": json_text(variables)}


def _read(folder: str) -> list[tuple[str, str]]:
    """Every file below a folder of templates by its name, in order."""
    found: list[tuple[str, str]] = []

    def walk(place: Traversable, name: str) -> None:
        for one in sorted(place.iterdir(), key=lambda one: one.name):
            inner = f"{name}/{one.name}"
            if one.is_dir():
                walk(one, inner)
            else:
                found.append((inner, one.read_text(encoding="utf-8")))

    walk(files("kiban.server.bundle").joinpath("templates", folder), folder)
    return found
