"""Physics of supply, storage, cooling and computing: pure functions of numbers and arrays.

    air             moist air: saturation, wet bulb, dew point, density
    solar           photovoltaic output for each MW of inverter
    wind            wind turbine output for each MW
    geothermal      flat output with planned and forced outages
    hydro           run of river from a monthly shape
    battery         efficiencies and self-discharge for one step
    cooling         hourly PUE and WUE of four cooling systems
    heat_rejection  its parts: chiller, wet tower, dry cooler
    compute         shape of inference, arrivals and backlog of deferrable work, GPU-hours

Nothing here knows a catalogue, a scenario or a file. Temperatures are in degrees Celsius, pressures
in hPa, powers in shares of a nameplate, and arrays hold one number for each step of the weather years.
"""
