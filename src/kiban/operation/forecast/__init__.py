"""What is expected of the hours ahead.

forecast     what a forecast is
choice       a forecast by its name, by a file, or of a model
perfect      the conditions themselves
record       what has been measured when a forecast is issued
persistence  the last value, or that of the same time of the day before
climatology  the mean of the month and time of day
synthetic    the conditions with errors as large as those of a weather model
published    what of the prices is known when
priced       any forecast, with published prices
given        forecasts of a file, by issue time
given_file   reading that file
features     what a trained model looks at
training     fitting it
model_bytes  a trained model as bytes
trees        a fitted model as plain arrays
trained      its forecasts
scores       how good forecasts were
intervals    quantiles that hold what they promise
drift        whether a model has become worse
"""
