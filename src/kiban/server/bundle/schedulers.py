"""What Slurm declares so that limits can be handed to it: a licence of power, a partition, and a check of jobs."""

from __future__ import annotations

from typing import Final

from kiban.server.bundle.figures import Figures
from kiban.server.bundle.filling import fill, read_template
from kiban.server.operating.slurm import LICENCE, PARTITION

FRAGMENT: Final = "slurm/kiban.conf"
CHECK: Final = "slurm/job_submit.lua"


def make_slurm(figures: Figures) -> dict[str, str]:
    """The fragment of slurm.conf and the check of jobs that are submitted; none for a plan without waiting compute."""
    if "waiting" not in figures.has:
        return {}
    values = {
        **figures.values,
        "licence": LICENCE,
        "partition": PARTITION,
        "accelerator_kw": whole_kw(figures) or "",
    }
    return {name: fill(read_template(name), values) for name in (FRAGMENT, CHECK)}


def whole_kw(figures: Figures) -> int | None:
    """Licences of a job for each accelerator, kW rounded up; None where the plan names no chip."""
    watts = figures.values.get("watts_per_accelerator")
    return None if watts is None else -(-int(watts) // 1000)
