"""Weather: a file, a service or the embedded typical years become one checked `Weather`.

year            one or several checked weather years, and the check that makes them
typical         the embedded default: the typical year of the nearest station, moved to the place
calibration     a typical year brought to the monthly means of a place
synthetic_wind  hourly wind where only the annual mean is known
humidity        moist air, and the humidity of a place without measurement
sub_hours       hours on shorter steps
irradiance      global irradiance split into beam and diffuse
sun             where the sun stands, averaged over each step
distance        how far two places are from each other
limits          what a value may be
gaps            short gaps, filled on request
completion      what a file lacks and its other columns give
epw             EnergyPlus weather files
tmy3            typical years in the TMY3 format
nsrdb           files of the National Solar Radiation Database
solcast         time series of Solcast
frame           rows of a typical-year file, checked and laid on one year
jma             hourly observations of the Japan Meteorological Agency
jmafile         the two layouts in which they arrive
rows            rows of a file against the hours that are wanted
online          weather years from web services
service         what each service is asked, and its answer in UTC
forecast        the hours ahead of a place, from a weather service
download        JSON from a service: retries and a cache on disk
jepx            day-ahead prices of the Japan Electric Power Exchange
recognition     which format a weather file has
series          any hourly input as a column of the files of a user
placement       its rows put where their times say
table           a user's table: CSV or workbook, as rows of cells
textfile        files that a user hands over, decoded
"""

from kiban.weather.typical import TypicalStation, nearest_station, read_typical, typical_stations
from kiban.weather.year import Weather, check_weather, select_years

__all__ = [
    "TypicalStation",
    "Weather",
    "check_weather",
    "nearest_station",
    "read_typical",
    "select_years",
    "typical_stations",
]
