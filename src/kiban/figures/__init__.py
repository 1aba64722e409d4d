"""Why a figure is what it is: its formula, what went into it, and what would change it.

leaves       the figures of a document by their dotted paths
entries      the tables of formulas: where each stands, what it takes, what holds it
expression   arithmetic that is written in a table, evaluated
finding      the figure that somebody means
explanation  all of it about one figure
"""
