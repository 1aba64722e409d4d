"""PAY: who pays for a plan, who gains, and what a policy changes: from a plan to cash flow, ledger and comparison.

The question, and one campus in it:

    paying            the question about one campus: the two sides of a package, and the plan between them
    payment           its answer
    campus            one campus priced, financed, posted and judged, for both questions; settling of usable credits
    comparison        instruments side by side: at equal fiscal cost, at the least public money, over a range of rates
    compared          the same in plain figures, a row for each
    policy_points     each of their answers as a task that can be made anywhere and kept
    search            the amount of an instrument that spends a budget or reaches an aim
    demand            demand of constant elasticity as tranches of compute
    assumed_range     what an answer would be at the ends of what is assumed of demand

How firm is it:

    firmness          distribution, tornado, order of instruments and turning points
    joint_draws       joint draws over what is assumed, and these views of them
    uncertain         rows of the catalogue that are drawn
    drawn_costs       what capacities and energy cost in each draw
    drawn_purchases   what is bought of others in each draw, at prices that rows move
    drawn_model       one design of many draws: at which costs it is made, and how it is solved
    drawn_design      designs that serve many draws, and how far they may be off
    design_tasks      those designs as tasks that can be made anywhere and kept
    drawn_sides       a side of a package priced and financed in many draws at once
    drawn_figures     what is kept of an answer in each draw
    drawn_answers     the question asked in each draw

Several campuses at once:

    vintages          what a national study builds at one site in one phase, as a project with dates of its own

Money by year:

    project           a plan as an investor sees it: what is bought, sold and spent
    assumptions       rates, years and terms of the debt, from the catalogue
    money_terms       paths of prices and output, how debt is sized, reserves: what a scenario says beside those
    purchases         purchases of an asset over the years: grants, credits, depreciation, property tax
    users_elsewhere   electricity users elsewhere as parties, by area and class, and how a sum is shared out among them
    carried_charges   charges that a campus carries and others need not: surcharge, network, capacity
    price_effects     what electricity users elsewhere pay more or less, as a ledger beside that of the campus
    on_others         what a load, a plan or a study does to the bills of all others on the grid
    optional_depreciation  what an owner deducts who may take less than the limit of the law
    size_levy         tax on value added and capital, a cost before profit
    taxed_purchases   what is bought and the tax on what it earns, found in turn
    tax               tax on income: losses carried forward, credits as far as limits allow
    debt              debt sized by cost and cover, drawn, repaid
    leverage          which share of the capital in use debt pays for
    cash_flow         the yearly cash flow, for one case or for many draws
    metrics           returns and cover: IRR, net present value, payback, DSCR, LLCR
    levelised         levelised cost of compute and of power: the price that just pays
    participation     what an owner asks and earns, and what that makes capital cost

Who pays whom, and for what:

    posting           from a cash flow to the ledger: who pays whom for each account
    ledger            the entries; each year sums to zero over all parties
    additionality     windfall, induced, distortion, from three plans
    public_funds      marginal value of public funds, cost of an induced MW
    local_tax         large assets and the local allocation tax: what a town and a prefecture keep
    kept_by           the same for both sides of a package
    budget            revenue lost and money spent by fiscal year; ends, caps, share of an official total
    claw_back         what comes back if a campus closes early, by year
    chip_market       who ends with the support where chips have a price that answers
    load_contract     what a large load's contract asks of its owner by year
    large_load        terms of a large load's contract: who bears works for a load that does not come
    leakage           what is induced here and has left another prefecture or country
    waiting           the value of waiting on a binomial lattice
    timing            order now, later or never: what support with an end brings forward
    connecting        ways of a campus to power: firm, non-firm, hired engines; what a place in the queue is worth
    race              two prefectures that may each offer a relief to win one campus
    fiscal            these views of a payment
    bridge            from gross support to net cost to who ends with it, in steps that add up to the yen
    owner_risk        the price of the risk that a public owner bears
    eligibility       what measures of law ask for, held against a plan
    environment       damage by emissions, beside the ledger

Downside:

    downside          what may turn out worse, drawn at random
    guarantee         default and recovery over draws; what a guarantee costs and is worth
    merton            debt and guarantee as options
    public_risk       the treasuries' loss under five kinds of support, side by side

The country, and around a campus:

    national          the question about a national plan
    national_side     a national plan under one package, campus by campus
    national_choice   which sites are taken, and how large they are
    national_demand   further demand along curves, as exactly as its bounds allow
    national_search   the amount of an instrument that spends a budget or reaches an aim in a country
    national_support  windfall, induced and moved of every campus
    national_downside  what the treasuries may lose on all campuses together
    national_payment  its answer by party, asset, site, area and prefecture
    economy           output, value added and jobs that spending sets in motion
    amounts           sums and powers as people write them, in English and Japanese
    things            what a sum buys in chips, MW, energy, tax and jobs, and what a power costs; a contract and owning
    growth            the growth behind published claims on GDP

A campus goes project -> purchases -> tax -> cash_flow -> posting -> ledger.
"""
