"""The search: Benders decomposition by cutting planes between two masters, to a proven gap.

subproblem      the least cost of a site at a load: a cut and a design from each evaluation
mixed_integer   a small mixed-integer programme, solved by HiGHS
transport       flows between grid areas at the peak
master          sites and sizes: the outer master over cuts, the inner one over designs
cut_pool        what was evaluated, for the next round and the next question
kept_points     evaluations that outlive a search that was killed
site_tasks      evaluations as tasks that any process can make
separation      where cuts are added: in-out separation between the two proposals
incumbent       a choice evaluated as it would be built
coarse          where to evaluate first: the same problem over a few weeks
warm_start      which cuts to prove anew after a change of prices
equilibrium     plan and market at rest: prices that answer to what all sites draw
cutting_planes  the loop: bounds, incumbent, cuts, until the gap is closed
"""
