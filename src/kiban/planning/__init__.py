"""BUILD: from a scenario to the least-cost plan of one site."""

from kiban.planning.building import build
from kiban.planning.plan import Alternative, Change, Infeasibility, Plan, Relaxation, Worth
from kiban.planning.preparation import prepare
from kiban.planning.provenance import Entry

__all__ = ["Alternative", "Change", "Entry", "Infeasibility", "Plan", "Relaxation", "Worth", "build", "prepare"]
