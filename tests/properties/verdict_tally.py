"""Count verdicts over families of random programmes: who answered, who gave up, and what was wrong."""

from collections import Counter

from tests.properties.programme_families import make_specimen
from tests.properties.verdict_oracle import find_fault

from kiban.errors import SolverError
from kiban.linear import solve
from kiban.linear.kernel.method import solve_kernel

COUNTS = ("programmes", "optimal", "infeasible", "unbounded", "no verdict", "stalls", "wrong")


def judge_specimen(family, seed):
    """What became of one programme, as counts, and what is wrong with it in words.

    A stall is a programme that the kernel gives up, whether a solver behind it answers or not.
    """
    specimen = make_specimen(family, seed)
    counts = Counter(programmes=1)
    answer = solve_kernel(specimen.programme, threads=1)
    solution = answer.solution
    if answer.status is None:
        counts["stalls"] += 1
        try:
            solution = solve(specimen.programme)
        except SolverError:
            counts["no verdict"] += 1
            return counts, ""
    fault = find_fault(specimen, solution)
    counts[solution.status] += 1
    counts["wrong"] += bool(fault)
    return counts, fault


def tally_verdicts(families, seeds):
    """Counts by family over all seeds, and the faults as `(family, seed, words)`; nothing is left out."""
    tally, faults = {family: Counter() for family in families}, []
    for seed in seeds:
        for family in families:
            counts, fault = judge_specimen(family, seed)
            tally[family].update(counts)
            if fault:
                faults.append((family, seed, fault))
    return tally, faults
