"""The staircase kernel: an interior point whose linear algebra is one sweep over the hours (`docs/kernel.md`).

method      the loop: predictor, corrector, step, verdict
manner      how a run goes about it: the usual way, and those after a standstill
structure   a programme in the form of the kernel: equalities, shifted and scaled
system      what every Newton system shares: right-hand sides, measures, weights
layout      the horizon cut into segments, eight side by side, and index tables
newton      the Newton system on compiled sweeps: factorisation, directions, steps
stages      the compiled stages, and the row of numbers and addresses that they read
memory      how much memory each array of the compiled system takes
plain       the same in NumPy, in natural order: slow, and written to be read
blocks      the equations of all hours, and the normal equations when the variables are gone
chain       the normal equations of all hours solved, segment by segment
capacities  the dense system of capacities and total rows
slopes      curved costs of capacities: each slope an unknown of its own
proof       values and prices in the names of the caller, and their certificate
rays        what a point proves where there is no optimum
warm        a start from the way to the optimum of a similar programme
packing     a start as bytes and back
between     a start between those of two programmes that differ in numbers only
"""
