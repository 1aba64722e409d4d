"""A campus as it is operated: what is measured, what follows from it, and what is kept of that.

steering     from what is heard to limits of power; start here
campus       what a plan built and expects, on today's calendar
bounds       what the plan expects of it at most and at least
telemetry    readings, and what of them can be used
telemetry_file    readings in a text file
outlook      what is expected of the hours ahead
issued       forecasts as they were issued
measured_steps    what was measured of supply and of PUE, step by step
model_forecast    a trained model that looks at it
weather_forecast  a weather forecast as what plants will give
judging      how good the forecasts were, and whether a model has become worse
orders       a person's override, a call of the grid
twin         by how much the plan's model is to be corrected
ratio        one quantity of it, with its interval and its errors
measured     the scenario of a plan with what was measured
hindsight    what a day cost above the best course of its hours
solving      the one window of a moment
offering     what could be imported less if a call came now
pacing       the prices of yearly limits, by what was used
laying       what of a facility differs from hour to hour
journal      lines that only grow, each chained to the one before
record       what is heard and decided, as content of the journal
replay       the same decisions from a journal again
"""
