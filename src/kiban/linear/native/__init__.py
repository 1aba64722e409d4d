"""The compiled part of the kernel: C++ sources, and the libraries that the build makes of them (`hatch_build.py`).

levels      levels of the instruction set, and which of them a processor has
library     find the libraries, choose one, load it
"""
