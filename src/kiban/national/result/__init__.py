"""The result: the plan, what it asks of areas and interconnectors, how firm it is, and what stands near it.

plan           the national plan, its sites and areas
price_answer   what prices that answer to the plan change, for its sites and for others
annual_limits  what the plan takes of people and goods by year, and what more would save
grid_draw      what the plan draws from the grid by area of the market
area_flows     flows at the peak, what binds, and what more would save
common_cost    the part of the cost that no choice of sites can move
comparison     two plans beside each other: which sites come, go and grow
alternatives   what each site saves, and plans that cost little more and look different
robustness     joint draws of the assumptions, and the changes at which the largest site falls
delay          the largest site connected a year too late
explanation    why there is no plan: each limit alone, moved until there is one
movement       compute that moves between the sites by the hour
design         the design of one site as a plan of its own
"""
