"""Files with as many faults at once as will go, and what is English in a sentence that should be Japanese."""

from __future__ import annotations

import re

SCENARIO = """
name = 3
surprise = 1
[site]
id = "tomakomi"
latitude_deg = 95
[time]
step_hours = 0.7
[weather]
source = "epw"
years = [1066]
[load]
it_load_mw = "much"
deferrable_share = 1.5
max_delay_hours = 1.5
chip = "gb2000"
[[tranche]]
name = "A B"
it_load_mw = -1
price_myen_per_mwh = 1
[[tranche]]
name = "b"
[cooling]
system = "immersive"
[battery]
enabled = 1
max_power_mw = inf
[supply]
pv = 3
[[measure]]
id = "seal"
[grid]
clean_shar = 0.5
max_mw = { mw = 3 }
[policy]
packages = "none"
"""
SCENARIO_FAULTS = 21

NATIONAL = """
surprise = 1
[national]
sites = ["tomakomi", "inzai", "inzai"]
chip = "gb2000"
[[tranche]]
id = "a"
it_load_mw = 1
must_serve = false
[[tranche]]
id = "a"
it_load_mw = 3
[[site]]
id = "nowhere"
like = "tomakomi"
area = "hokaido"
[[site]]
id = "elsewhere"
[area.tokio]
[[interconnector]]
id = "new"
from_area = "tokio"
[[interconnector]]
id = "tohoku-tokyo"
from_area = "tokyo"
[[interconnector]]
id = "loop"
from_area = "tokyo"
to_area = "tokyo"
forward_mw = 1
expansion_mw = 3
[[shared]]
id = "s"
supply = "tides"
sites = ["lost"]
max_mw = 1
[phases]
years = [2028, 2027]
last_year = 2029
[assumptions]
"pv.capx" = 1.0
"battery.life" = -1
"pv.capex" = -4
"""
NATIONAL_FAULTS = 22

PACKAGE = """
tax_law = "mars"
titel_en = "x"
[[instrument]]
kind = "tax_credit"
[[instrument]]
kind = "tax_credti"
[[instrument]]
kind = "production_credit"
rate = 0.1
[[instrument]]
kind = "loan_guarantee"
rate = 1
from_year = 2030
to_year = 2029
[[instrument]]
kind = "property_tax_relief"
rate = 2
assets = ["all"]
"""
PACKAGE_FAULTS = 7

_NAMED = re.compile(r"`[^`]*`|「[^」]*」|'[^']*'|\{[^}]*\}")
_IN_A_ROW = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,})+")
_SMALL_WORDS = re.compile(r"\b(?:a|and|are|be|did|give|has|in|is|it|line|must|no|not|of|or|the|to|you)\b")


def english_in(sentence: str) -> list[str]:
    """English that is neither quoted nor a single name, key, value or unit."""
    bare = _NAMED.sub("", sentence)
    return _IN_A_ROW.findall(bare) + _SMALL_WORDS.findall(bare)
