"""What a user writes: the scenario, its schema and its file.

study          the scenario itself, its targets, finance and money
place          site, weather and horizon
compute        load, tranches and cooling
plant          supply, battery, grid connection, backup, efficiency measures
procurement    the ways in which power is bought
connection     when a grid connection may not be used in full
bounds         what a text may hold before it is read, and how large its numbers may be
section        what all sections share
plausibility   slips of a thousand
hints          what an unknown key may have meant
names          names that only the catalogue knows
package        a policy package: a list of instruments
national       a national study: demand, candidate sites, limits, phases, risk
file           a scenario file read and written
pool           where tasks are answered: `--pool` and the table `[pool]` of its file
plain          a scenario in plain types and back, and the keys in which two differ
national_file  a file of a national study read
examples       the worked examples by name
shipped        the folders of what comes with kiban
"""

from kiban.scenario.compute import COOLING_SYSTEMS, Cooling, CoolingStorage, CoolingSystem, Load, Tranche
from kiban.scenario.file import dump_scenario, parse_scenario, read_scenario
from kiban.scenario.place import Site, Time, Weather
from kiban.scenario.plant import (
    KNOWN_STORAGE,
    KNOWN_SUPPLY,
    Backup,
    Battery,
    Grid,
    JepxPrices,
    Measure,
    Storage,
    Supply,
)
from kiban.scenario.section import HourlyInput, SeriesReference
from kiban.scenario.study import Finance, Money, Scenario, Target

__all__ = [
    "COOLING_SYSTEMS",
    "KNOWN_STORAGE",
    "KNOWN_SUPPLY",
    "Backup",
    "Battery",
    "Cooling",
    "CoolingStorage",
    "CoolingSystem",
    "Finance",
    "Grid",
    "HourlyInput",
    "JepxPrices",
    "Load",
    "Measure",
    "Money",
    "Scenario",
    "SeriesReference",
    "Site",
    "Storage",
    "Supply",
    "Target",
    "Time",
    "Tranche",
    "Weather",
    "dump_scenario",
    "parse_scenario",
    "read_scenario",
]
