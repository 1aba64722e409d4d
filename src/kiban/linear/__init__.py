"""Linear programmes over hours that are linked only by states and a few capacities."""

from kiban.linear.solution import Certificate, Solution
from kiban.linear.solvers import solve
from kiban.linear.staircase import Staircase

__all__ = ["Certificate", "Solution", "Staircase", "solve"]
