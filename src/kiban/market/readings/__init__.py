"""Files of the power system of Japan, as their publishers write them, become hours of areas.

headings      the lines above a table, its units and the times of its rows
area_record   what each area's network company publishes of demand and supply (エリア需給実績)
power_usage   demand, forecast and supply capacity of a day (でんき予報)
tie_record    flows on interconnectors and their limits (OCCTO)
unit_output   half-hourly output of units (OCCTO)
outages       outages of units (HJKS)
fuel_table    fuel prices of months
balancing     results of the balancing market (EPRX)
folder        a folder of such files as observed hours of a period
observed      hours of all areas: demand, supply, ties and price
"""
