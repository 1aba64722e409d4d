"""The power system around: the hourly day-ahead market of Japan's nine connected areas.

areas        the areas and the ties between them
hours        demand and supply that does not follow prices, by hour and area
fuels        what the plants' fuel costs by month
fleet        thermal plants by area
offers       thermal offers of few parameters
blocks       blocks of supply that rise in price, and a market of them
clearing     the market of each hour, cleared exactly
added_load   a load that comes to a market, in which every hour still clears
alike        days that clear alike, of which one is cleared for all
storages     the same with pumped hydro and batteries: values of stored energy hour by hour
readings     files of the power system, as their publishers write them, as observed hours
backcast     prices and flows that the model gives for observed hours
calibration  the offers' parameters and ties' limits fitted to prices that were
trials       a whole fit, with what is tried value by value
judging      the fitted market judged on other hours, beside peers
measures     how near prices and flows come to those that were
days         some days of a year without and with a load, and what served them
commitment   units that run or stand still, in whole numbers
committed_week  a week with them, beside offers that stand for them
overview     a cleared year by month and week
year         the cleared hours as accounts: who pays and who is paid, emissions, curtailment
response     how area prices answer to hourly loads, with trade between areas
bid_curves   how far the bids that were made move prices for more demand
congestion   how often an area can take no more, and a non-firm load yields
seen_rise    prices as they were seen to rise with load, and the rent of ties while flows stay
impact       what a load does to the prices and bills of others
fuel_imports  fuel burnt and what of it is imported, without and with a load
campus       the market asked about one campus or study
placements   the same campus in each area in turn
customers    who uses the power of an area, by class and tariff, and what they pay for it
bills        what a change of prices costs other customers, by area and class
adequacy     reserve margin and energy that is expected not to be served
entry        the long run: plants enter until none earns more than its annual cost
entrants     plants that may enter, with the catalogue's costs
long_run     a load in the long run: what enters for it, and what others then pay more
newton       the minimum of many piecewise quadratic functions, side by side
elimination  systems of one small pattern, side by side
tariffs      charges of the network, levies and certificates by area and date
contracts    what is paid under a contract for power, by the hour

catalogue = load_catalogue()
hours = synthetic_hours(catalogue)
market = build_market(hours, load_fleet(catalogue), load_ties(catalogue), load_offers(catalogue), catalogue)
clear(market).price_yen_per_kwh          # (8760, 9)
"""
