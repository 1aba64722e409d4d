"""Linear programmes over hours that are linked only by states and a few capacities.

staircase   the one form of programme that kiban writes and solves
curves      convex costs of a capacity
solvers     `solve`: the kernel, then the general solvers behind it
solution    values and prices by name, and the certificate
kernel      the staircase kernel
window      windows of operation with fixed capacities, and trees of scenarios
native      the compiled part of both
verdict     proofs that a programme has no optimum, with rounding counted
unlimited   whether there is a point, asked without costs and without capacities that have no end
enclosure   bounds that hold in spite of rounding
phase_one   what is known of a programme that no solver could answer
branching   whole numbers in a long programme, searched by the kernel
exclusive   pairs of variables of which only one may be above zero in a step
flat        the form as one sparse matrix, for general solvers
clarabel    a general interior point
highs       the oracle, and the solver of whole numbers
elastic     constraints that may be broken at a price
parametric  the least cost as a function of a few rates
batch       many programmes of one shape
"""

from kiban.linear.solution import Certificate, Solution
from kiban.linear.solvers import solve
from kiban.linear.staircase import Staircase

__all__ = ["Certificate", "Solution", "Staircase", "solve"]
