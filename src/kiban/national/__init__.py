"""BUILD at national scale: which sites, how much at each, against which risks.

    study -> search -> result -> building

    study      candidate sites, the model of each, and the problem of choosing among them
    search     Benders decomposition: masters, cuts and designs, to a proven gap
    result     the plan, what it asks of areas and interconnectors, how firm it is, and what stands near it
    building   the way through all three: from a study to its plan

Rooms import one way: the study knows no search, and the search no result.
"""
