"""The study: candidate sites, their models, and the problem of choosing among them.

candidates      the sites of the catalogue and the user's own, with what is known of each
latency         round trips over fibre
hazard          natural hazard as a yearly cost, and the cheapest protection
lead_times      supply that cannot run by a year
site_cases      one scenario for each site, read once: its model and its costs beside the programme
site_model      the model of a site for any load: resources without load, and load classes
site_programme  the programme of a site with a load on its right-hand sides, and its solution
build_limits    what each year has of people and goods, and what a MW takes of it
network         grid areas and interconnectors
problem         the national problem in numbers: blocks, subproblems, demand and limits
assembly        from a study to its problem
market_hours    the market's hours in which steps lie, and other terms of the grid
variants        the same problem, changed: under a policy, with other demand, with fewer sites
"""
