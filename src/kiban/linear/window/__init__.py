"""Windows of operation with fixed capacities: 48 to 168 hours of a plant, solved to a proven optimum.

windows     what a window is
solution    what comes back: amounts, prices, bounds
task        what the compiled method reads and writes
batch       thousands of windows, eight side by side
sequence    one window after the other, each from where the one before ended
general     a window as a programme for the general solvers
tree        scenarios that share their first step
wide        windows of any number of stores and of sources
rolling     these one after the other, each from the basis of the one before
"""

from kiban.linear.window.batch import solve_windows
from kiban.linear.window.rolling import WideSequence, WideSolution, solve_long
from kiban.linear.window.sequence import WindowSequence
from kiban.linear.window.solution import TreeSolution, WindowSolutions
from kiban.linear.window.tree import solve_tree
from kiban.linear.window.wide import Chillers, JointLimit, Source, States, WidePeak, WideQueue, WideStore, WideWindows
from kiban.linear.window.windows import Windows

__all__ = [
    "Chillers",
    "JointLimit",
    "Source",
    "States",
    "TreeSolution",
    "WidePeak",
    "WideQueue",
    "WideSequence",
    "WideSolution",
    "WideStore",
    "WideWindows",
    "WindowSequence",
    "WindowSolutions",
    "Windows",
    "solve_long",
    "solve_tree",
    "solve_windows",
]
