"""RUN: what a plan costs when the hours ahead are not known.

conditions  what weather, prices and load turn out to be
forecast    what is expected of the hours ahead
"""
