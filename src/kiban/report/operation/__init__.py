"""An operation for readers.

words       its parts and items by name
levers      an engineer's levers in money
offers      what is offered to the grid, in words and as JSON
outages     a campaign of outages in words and as JSON
terminal    text at the command line
document    the operation as JSON
view        what its page and the screen Run show, in both languages, with its hours
models      models of forecasts, their trials and their register
measured    a scenario with measured numbers
folder      the operation in a folder
"""
