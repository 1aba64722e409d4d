"""Amounts as people write them, in English and Japanese: a sum of money or a power, with its years.

    "1 trillion dollars in five years"     "5年で1兆ドル"      "¥1.5tn"        "1兆5000億円"
    "$38 billion over seven years, a contract"                "380億ドルの7年契約"
    "3 GW by 2030"                         "2030年までに300万kW"

Nothing is guessed: every word of the text must be understood, one amount must stand in it, and its unit must be said.
Full-width figures count as figures; commas stand between thousands and a dot before decimals. Japanese figures count
兆, 億 and 万, also mixed (一兆二千億).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kiban.errors import InputError, Problem

LONGEST = 200
"""Characters that are read."""
MILLION = 1e6
LARGEST = 1e30
"""Larger numbers are slips."""
Currency = Literal["JPY", "USD"]

_WORDS = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "a": 1}  # fmt: skip
_KANJI = {character: number for number, character in enumerate("〇一二三四五六七八九")}
_SMALL = {"十": 10, "百": 100, "千": 1_000}
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12}
_SCALES = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9,
    "trillion": 1e12, "trn": 1e12, "tn": 1e12,
}  # fmt: skip
_CURRENCIES: dict[str, Currency] = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollars": "USD", "dollar": "USD", "ドル": "USD", "米ドル": "USD",
    "¥": "JPY", "jpy": "JPY", "yen": "JPY", "円": "JPY",
}  # fmt: skip
_OTHER_MONEY = (
    "€",
    "£",
    "eur",
    "euros",
    "euro",
    "gbp",
    "pounds",
    "pound",
    "ユーロ",
    "ポンド",
    "元",
    "人民元",
    "ウォン",
)
_POWER_MW = {
    "tw": 1e6, "gw": 1e3, "mw": 1.0, "kw": 1e-3, "gigawatts": 1e3, "gigawatt": 1e3, "megawatts": 1.0, "megawatt": 1.0,
    "ギガワット": 1e3, "メガワット": 1.0, "キロワット": 1e-3,
}  # fmt: skip
_OTHER_UNITS = ("gwh", "mwh", "kwh", "twh", "w")
_CONTRACT = ("contract", "deal", "rent", "rental", "lease", "leasing", "契約", "賃借", "利用料")
_FILLERS = (
    "the", "of", "on", "for", "worth", "in", "over", "within", "about", "around", "some", "ai", "data", "centres",
    "centre", "centers", "center", "infrastructure", "investment", "invested", "spending", "spent", "cloud", "and",
    "per", "an", "load", "it", "capacity", "で", "に", "を", "の", "が", "は", "と", "間", "約", "総額", "投資", "規模",
    "データセンター", "クラウド", "インフラ", "今後", "合計", "容量",
)  # fmt: skip

_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMERALS = "[〇一二三四五六七八九十百千万億兆]"
_FIGURE = rf"(?:(?:{_NUMBER})?{_NUMERALS}+(?:\d[\d,.]*[万億兆]?|{_NUMERALS})*|{_NUMBER})"
_TOKEN = re.compile(
    rf"\s*(?:(?P<figure>{_FIGURE})|(?P<latin>us\$|[a-z]+)|(?P<sign>[$¥€£])|(?P<year>年度末?|年)|(?P<until>までに?)"
    r"|(?P<kana>[ァ-ヶー]+)|(?P<han>円|米ドル|人民元|元|契約|賃借|利用料|総額|投資|規模|今後|合計|容量|間|約)"
    r"|(?P<particle>[ぁ-ん])|(?P<mark>[,、.。()\-/・]))"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """What a text says: money in its own currency, or power in MW; and years, where it says any."""

    text: str
    kind: Literal["money", "power"]
    value: float
    """Million yen, million US dollars, or MW."""
    currency: Currency
    """Of the text; yen for a power."""
    years: float | None = None
    """Over how many years."""
    until_year: int | None = None
    rented: bool = False
    """Whether it is a contract to use compute and no investment."""

    def myen(self, yen_per_usd: float) -> float:
        """The sum in million yen at a rate of exchange; ValueError for a power."""
        if self.kind != "money":
            raise ValueError("a power is no sum of money")
        return self.value * (yen_per_usd if self.currency == "USD" else 1.0)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse_amount(text: str) -> Amount:
    """The amount in a text; `InputError` with one sentence where it is not understood."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).replace("\u2212", "-").lower().strip()
    if not plain:
        raise InputError(Problem("what_is.empty", text=_short(text)))
    tokens = list(_tokens(plain, text))
    for token in tokens:
        if token.kind == "figure" and not _is_number(token.text):
            raise InputError(Problem("what_is.word", text=_short(text), word=token.text))
    rented = any(token.text in _CONTRACT for token in tokens)
    tokens, years, until = _take_time(tokens, text)
    amounts, left = _take_amounts(tokens, text)
    known = {*_FILLERS, *_CONTRACT, "a"}
    strange = [token.text for token in left if token.kind != "mark" and token.text not in known]
    if strange:
        raise InputError(Problem("what_is.word", text=_short(text), word=strange[0]))
    if len(amounts) != 1:
        code = "what_is.two_amounts" if amounts else "what_is.no_amount"
        raise InputError(Problem(code, text=_short(text)))
    ((value, unit),) = amounts
    if not 0 < value <= LARGEST or "-" in [token.text for token in left[:1]]:
        raise InputError(Problem("what_is.not_positive", text=_short(text)))
    if unit in _POWER_MW:
        return Amount(text, "power", value * _POWER_MW[unit], "JPY", years, until, rented)
    return Amount(text, "money", value / MILLION, _CURRENCIES[unit], years, until, rented)


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def _tokens(plain: str, text: str) -> Iterator[_Token]:
    place = 0
    while place < len(plain):
        found = _TOKEN.match(plain, place)
        if found is None or found.end() == place:
            raise InputError(Problem("what_is.word", text=_short(text), word=plain[place:].split(maxsplit=1)[0][:20]))
        place = found.end()
        for kind, piece in found.groupdict().items():
            if piece is not None:
                yield from _split(kind, piece)
        if found.group("figure") and re.match(r"[,.]\d", plain[place:]):
            raise InputError(Problem("what_is.comma", text=_short(text)))


def _split(kind: str, piece: str) -> Iterator[_Token]:
    """A unit that is written together with its scale, as in `bn`, `mw` or 億ドル, stays whole or is cut in two."""
    if kind == "latin" and piece not in _SCALES and piece not in _CURRENCIES and piece[1:] in _CURRENCIES:
        yield from (_Token("latin", piece[0]), _Token("latin", piece[1:]))
    else:
        yield _Token(kind, piece)


def _take_time(tokens: list[_Token], text: str) -> tuple[list[_Token], float | None, int | None]:
    """Years and the year by which: `in five years`, `7年`, `by 2030`, `2030年までに`; the rest comes back."""
    years: list[float] = []
    until: list[int] = []
    left: list[_Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        after = tokens[place + 1] if place + 1 < len(tokens) else _Token("", "")
        # "a year" is a rate and no span.
        number = None if token.text == "a" else _number_of(token)
        joined = after.kind == "mark" and place + 2 < len(tokens) and tokens[place + 2].text in ("year", "years")
        if token.text in ("by", "until") and (named := _number_of(after)) is not None:
            until.append(_year(named, text))
            place += 2
        elif token.kind == "figure" and after.kind == "year":
            follows = tokens[place + 2] if place + 2 < len(tokens) else _Token("", "")
            assert number is not None
            if follows.kind == "until":
                until.append(_year(number, text))
                place += 3
            else:
                years.append(number)
                place += 2
        elif number is not None and (after.text in ("year", "years") or joined):
            years.append(number)
            place += 3 if joined else 2
        else:
            left.append(token)
            place += 1
    if len(years) > 1 or len(until) > 1:
        raise InputError(Problem("what_is.two_times", text=_short(text)))
    if years and not 0 < years[0] <= 100:
        raise InputError(Problem("what_is.years", text=_short(text)))
    return left, years[0] if years else None, until[0] if until else None


def _year(number: float, text: str) -> int:
    if number != int(number) or not 2000 <= number <= 2100:
        raise InputError(Problem("what_is.year", text=_short(text)))
    return int(number)


def _number_of(token: _Token) -> float | None:
    """What a figure or a word for a number says."""
    if token.kind == "latin":
        return _WORDS.get(token.text)
    return _read_figure(token.text) if token.kind == "figure" else None


def _take_amounts(tokens: list[_Token], text: str) -> tuple[list[tuple[float, str]], list[_Token]]:
    """Figures with scale and unit, whatever the order of sign and figure; and what is left."""
    amounts: list[tuple[float, str]] = []
    left: list[_Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.text in _OTHER_MONEY:
            raise InputError(Problem("what_is.currency", text=_short(text), unit=token.text))
        if token.text in _OTHER_UNITS:
            raise InputError(Problem("what_is.unit", text=_short(text), unit=token.text))
        before = token.text if token.text in _CURRENCIES else ""
        at = place + 1 if before else place
        number = _number_of(tokens[at]) if at < len(tokens) else None
        if number is None or (not before and token.text == "a" and not _scaled(tokens, at + 1)):
            left.append(token)
            place += 1
            continue
        scale, end = 1.0, at + 1
        while end < len(tokens) and tokens[end].text in _SCALES:
            scale *= _SCALES[tokens[end].text]
            end += 1
        unit = before
        if end < len(tokens) and (tokens[end].text in _CURRENCIES or tokens[end].text in _POWER_MW):
            if before and _CURRENCIES.get(tokens[end].text) != _CURRENCIES[before]:
                raise InputError(Problem("what_is.two_amounts", text=_short(text)))
            unit = before or tokens[end].text
            end += 1
        elif not before and end < len(tokens) and tokens[end].text in (*_OTHER_MONEY, *_OTHER_UNITS):
            place = end
            continue
        elif tokens[end : end + 1] and tokens[end].text == "us" and tokens[end + 1 : end + 2]:
            unit, end = tokens[end + 1].text, end + 2
        if unit not in _CURRENCIES and unit not in _POWER_MW:
            raise InputError(Problem("what_is.no_unit", text=_short(text), number=tokens[at].text))
        amounts.append((number * scale, unit))
        place = end
    return amounts, left


def _scaled(tokens: list[_Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].text in _SCALES


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(_read_figure(text))
    except ValueError:
        return False


def _read_figure(text: str) -> float:
    """A number of figures, of Japanese numerals, or of both: 1,200 or 1.5 or 1兆5000億 or 三百万."""
    total, rest = 0.0, text.replace(",", "")
    for large, size in reversed(_LARGE.items()):
        if large in rest:
            head, _, rest = rest.partition(large)
            total += (_read_small(head) if head else 1.0) * size
    return total + (_read_small(rest) if rest else 0.0)


def _read_small(text: str) -> float:
    """Below 10,000 in Japanese numerals, or plain figures."""
    total, rest = 0.0, text
    for small, size in reversed(_SMALL.items()):
        if small in rest:
            head, _, rest = rest.partition(small)
            total += (_read_digits(head) if head else 1.0) * size
    return total + (_read_digits(rest) if rest else 0.0)


def _read_digits(text: str) -> float:
    return float("".join(str(_KANJI.get(character, character)) for character in text))
