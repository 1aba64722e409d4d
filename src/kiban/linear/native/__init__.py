"""The compiled part of the kernel and of windows: C++ sources, and the libraries that `hatch_build.py` makes of them.

levels      levels of the instruction set, and which of them a processor has
library     find the libraries, choose one, load it
"""
