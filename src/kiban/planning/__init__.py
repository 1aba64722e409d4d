"""BUILD: from a scenario to the least-cost plan of one site.

building         scenario -> preparation -> programme -> solution -> plan; start here
choice           the cheapest of cooling systems and accounts, the least bound first
swept            a point of a sweep over a key, as a task
preparation      a scenario with its inputs at hand, under a policy
inputs           the place, weather, horizon, series and costs of a scenario, opened once
site_facts       the place: a catalogue site with the keys of the scenario over it
anywhere         a scenario for any place from its coordinates
time_zone        standard time from coordinates
local_weather    the weather, by the reader for its source
series_inputs    hourly inputs: a number, a column of a file, or the series of a model
compute_load     firm load, deferrable arrivals, the room for waiting, tranches, chips
cooling_options  the cooling systems on offer, the hourly PUE and WUE of each, and what its chillers carry
supply_options   supply: hourly output, cost and limits
catalogue_plants  running cost, emissions and limits of the reactors and gas plants of the catalogue
storage_options  the battery and the efficiency measures
grid_draw        what a plan draws from the grid in the hours of its market
grid_supply      the grid connection and the backup: prices, carbon, cost
market_prices    the day-ahead price of the campus's area and of others
price_response   a market price that rises with what the campus draws
procurement_options  the ways to buy power: tariffs of a date, menus, plants elsewhere, certificates
procurement_checks  a contract power that covers the load, and who is exempt from the surcharge
procured         the numbers of these ways
bridging         gas engines and batteries that are hired until the connection is ready
connection_limits  how much of the grid connection may be used in each step
area_prices      hourly prices and clean shares of an area, made from statistics
annual_costs     yearly cost of each asset
asset_costs      what a unit of capacity is made of
after_tax        from costs before tax to costs under a policy
resources        the numbers from which one programme is written
falling_price    a demand curve as the programme takes it
commitments      tranches that may wait, or are promised for a day or a week
plant_limits     ramps, least loads and whole units of plants
programme        the co-design programme, block by block
procurement      what is bought some way in the programme: ways, peaks by month, plants elsewhere, the yearly claim
procurement_account  what is bought and what it costs, from the optimum
procurement_result   the same as part of a plan
behind_meter     the same campus without plants elsewhere, beside the plan that has them
storage          the storages in the programme
cooling_storage  a store of cold that shifts what chillers draw
stored_energy    which energy is used here where some is stored or sold: the account of the clean share
one_way          flows that can happen: buying or selling, charging or discharging
outages          an outage of the grid that may begin in any hour, and is survived
outage_limits    why no design survives it, and the most that one does
years            what each weather year of a plan costs, and the spread
schedule         an optimum's schedule as a person would run it, at the same cost
evaluation       what a solved programme means: capacities, costs, figures, hours
unserved         compute that is not served: how much, in how many hours, and whether these are known
worths           what one unit more of each constraint saves
assumptions      which assumed figures matter, by the yearly cost that rests on them
cost_groups      items of cost in groups, fixed and running
design           the design, capacity by capacity
hours            what the hours of a plan add up to
frontier         the least cost against emissions or clean share
endless_gain     what earns without end, and the limit of each that ends it
infeasibility    why there is no design, and what would give one
points           many designs of one site as one task in plain types
plan             the frozen result
provenance       where each input came from
making           what must be the same for the same plan to come out again
memory           what the weather alone decides, remembered
pypsa_network    the same programme as a PyPSA network
pypsa_account    the account of stored and sold energy in it
pypsa_constraints  what PyPSA has no form for
pypsa_cooling_storage  a store of cold in it
pypsa_procurement  the ways to buy power in it
pypsa_outages    an outage that is survived, every start with a schedule of its own
"""

from kiban.planning.building import build
from kiban.planning.plan import Alternative, Change, Infeasibility, Plan, Relaxation, Worth
from kiban.planning.preparation import prepare
from kiban.planning.provenance import Entry

__all__ = ["Alternative", "Change", "Entry", "Infeasibility", "Plan", "Relaxation", "Worth", "build", "prepare"]
