"""RUN: how a plan runs when the hours ahead are not known.

running     plan -> operation; start here
operation   the frozen result
outage_reserve  what the stores hold for an outage of the grid
promises    compute that is sold by the day or the week, and what is owed of it
facility    what the plan built, as limits and costs of its operation
purchases   the ways in which power is bought, what they cost, and the charges on peaks
buying      these in an hour: a stack in merit order
bill        what power cost by component, as in the plan's bill
conditions  what weather, prices and load turn out to be
period      the weather, the prices and the days that are met, where they are not the plan's own
events      a unit that trips, a grid that is away
forecast    what is expected of the hours ahead
valuation   prices of the yearly limits and of what is not served
ahead       what an operator sees ahead, window by window
window      the window that is solved in each step
lane        the compiled windows of a plain plant, and those of any number of stores and sources
hour        what happens in an hour: merit order by the window's prices
horizon     the rolling loop, with states carried over every seam
budget      the limits of a year, each paced by a price
expectation  what was expected when each day began
course      what happened, and what it cost
weeks       what each week cost, beside perfect foresight
flexibility  what the grid can be given when it calls, and what that is worth
settlement  what calls are paid and fined
job_classes  what firm compute gives up in a call, by what it tolerates
reserve      by how much import can fall at once
call_offers  what calls can have, by hour, notice, duration and price
balancing    products of the balancing market, and what their blocks are paid
imbalance    what is drawn other than planned, and its price
sales        to whom an offer is sold
offers       all that a campus can offer
occurrences  a file of dated events
disturbance  what they do to units, conditions and forecasts
foresight   the best course with everything known
campaign     every unit lost at random hours
levers       what one unit of an engineer's levers is worth
power_caps   accelerators are capped before jobs are paused
power_limit  what schedulers may draw, for how long, and why
live        the campus as it is operated: telemetry, twin, decisions, journal
learning    a forecast model learnt from a time, and judged in yen
register    the file in which models are kept
"""

from kiban.operation.operation import Operation
from kiban.operation.running import run

__all__ = ["Operation", "run"]
