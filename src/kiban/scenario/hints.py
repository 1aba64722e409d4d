"""What an unknown key may have meant: a known key that is written alike, and never one that is in another unit.

A charge per MW must not be booked as a charge per MWh because their names are alike.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from kiban.errors import nearest

UNIT: Final = re.compile(
    r"_(myen|usd|yen)(_per_[a-z0-9]+)*(_(month|year|day))?$|"
    r"_(mw|mwh|kw|kwh|t|m3|l|hours|years|share|deg|m|c|ms)(_per_[a-z0-9]+)*(_(month|year|day))?$"
)
ALIKE: Final = 0.9
"""Keys that share this much of their letters differ by a slip of the pen, also where that changes the unit."""
ELSEWHERE: Final[Mapping[str, Mapping[str, str]]] = {
    "grid": {
        r"^(?!.*per_[mk]wh).*(demand|capacity|basic|standing)_(charge|price|rate|fee)|ratchet": "demand_charge",
        r"time_of_use|tou_|_tou|peak_(price|charge|rate)|tier|block_(price|rate)": "price_by_hour",
        r"net_meter|feed_in|fit_price|sell|buyback": "price_of_export",
    }
}
"""What tariffs have and a section has not under that name: the remedy that says where it goes."""


def hint(word: str, known: Iterable[str], section: str) -> tuple[str, str]:
    """The remedy for an unknown key of a section and the key that was meant, empty where a remedy names it itself."""
    for pattern, remedy in ELSEWHERE.get(section, {}).items():
        if re.search(pattern, word) and not difflib.get_close_matches(word, list(known), n=1, cutoff=ALIKE):
            return remedy, ""
    near = nearest(word, [key for key in known if _could_be(word, key)])
    return ("nearest", near) if near else ("known", "")


def _could_be(word: str, key: str) -> bool:
    given, meant = UNIT.search(word), UNIT.search(key)
    same_unit = given is None or meant is None or given[0] == meant[0]
    return same_unit or difflib.SequenceMatcher(None, word, key).ratio() >= ALIKE
