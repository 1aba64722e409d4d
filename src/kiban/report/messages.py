"""The sentence of a message or a problem, in the reader's language.

A blank whose value is an id is named by what the blank is called: `assets` are asset classes, `measures` measures of
law, `technology` a word of the glossary, `unit` a unit; `_NAMED` has them all. Several names stand in a row; a message
within a message becomes its sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kiban.catalogue import UNITS, climate_normals, load_catalogue
from kiban.errors import Problem
from kiban.messages import Message
from kiban.policy.law import load_law
from kiban.quantities import Language, format_money, format_share, term, unit_text
from kiban.report.names import lost_unit_name, subject_name
from kiban.report.phrases import load_phrases, phrase, phrase_or


def say(message: Message, language: Language) -> str:
    """The sentence of a message; of a problem with its place and with what to do."""
    return say_problem(message, language) if isinstance(message, Problem) else _fill(message.code, message, language)


def say_problem(problem: Problem, language: Language) -> str:
    """Where, what is wrong, and what to do: one sentence in English, two in Japanese."""
    where = say(problem.where, language) if isinstance(problem.where, Message) else problem.where
    place = ": ".join(part for part in (where, problem.key) if part)
    fault, remedy = say_fault(problem, language), say_remedy(problem, language)
    sentence = f"{place} {fault}".strip()
    if language == "ja":
        if place and not place[-1].isascii():
            sentence = f"{place}{fault}"  # no space between Japanese letters
        return "".join(f"{part}。" for part in (sentence, remedy) if part)
    sentence = f"{sentence}; {remedy}" if remedy else sentence
    return sentence if sentence.endswith("?") else f"{sentence}."


def say_fault(problem: Problem, language: Language) -> str:
    """What is wrong, without its place."""
    return _fill(f"fault.{problem.code}", problem, language)


def say_remedy(problem: Problem, language: Language) -> str:
    """What to do; empty where nothing is said of it."""
    if problem.remedy:
        return _fill(f"remedy.{problem.remedy}", problem, language)
    key = f"remedy.{problem.code}"
    return _fill(key, problem, language) if key in load_phrases(language) else ""


def join(parts: Iterable[str], language: Language) -> str:
    """Parts of a list in a sentence."""
    return ("、" if language == "ja" else ", ").join(parts)


def _fill(key: str, message: Message, language: Language) -> str:
    phrases = load_phrases(language)
    return phrases[key].format(**{blank: _name(blank, value, language) for blank, value in message.values.items()})


def _name(blank: str, value: object, language: Language) -> object:
    """The value of a blank as the sentence shows it."""
    if isinstance(value, Message):
        return say(value, language)
    if isinstance(value, tuple):
        return join((str(_name(blank, one, language)) for one in value), language)
    name_of = _NAMED.get(blank)
    return name_of(str(value), language) if name_of is not None else value


def _unit(name: str, language: Language) -> str:
    if language == "en" and name in UNITS:
        return UNITS[name].text
    return unit_text(name, language) or name  # a ratio has no unit to print, and the sentence wants a word


def measure_title(name: str, language: Language) -> str:
    """Title of a measure of the law; the name itself where the law has none of that name."""
    measure = load_law().measures.get(name)
    if measure is None:
        return name
    return measure.title_ja if language == "ja" else measure.title_en


def _market_rule(name: str, language: Language) -> str:
    from kiban.operation.settlement import load_market_rules

    measure = load_market_rules().measure(name)
    return measure.title_ja if language == "ja" else measure.title_en


def _instrument_kind(kind: str, language: Language) -> str:
    return phrase(f"instrument.{kind}", language)


def _typical_station(number: str, language: Language) -> str:
    from kiban.weather.typical import typical_stations

    station = {str(station.id): station for station in typical_stations()}[number]
    return f"{station.name_ja if language == 'ja' else station.name_en} ({number})"


def _normals_station(site: str, language: Language) -> str:
    normals = climate_normals(site)
    return normals.station_ja if language == "ja" else normals.station_en


def _site(name: str, language: Language) -> str:
    site = load_catalogue().sites.get(name)
    if site is None:
        return name
    return site.name_ja if language == "ja" else site.name_en


def _weather_column(name: str, language: Language) -> str:
    """A column of the weather: in English the name by which files and Python know it."""
    return phrase_or(f"column.{name}", language, name) if language == "ja" else name


def _price_area(name: str, language: Language) -> str:
    """An area of the exchange: in English its id."""
    return phrase_or(f"area.{name}", language, name) if language == "ja" else name


def _money(value_myen: str, language: Language) -> str:
    return format_money(float(value_myen), language)


def _share(share: str, language: Language) -> str:
    return format_share(float(share), language)


def _event_kind(name: str, language: Language) -> str:
    return phrase(f"event_kind.{name}", language)


def _forecast(name: str, language: Language) -> str:
    """A forecast; one of the user's own is called as it calls itself."""
    return phrase_or(f"forecast.{name}", language, name)


_NAMED: Mapping[str, Callable[[str, Language], str]] = {
    "assets": subject_name,
    "measures": measure_title,
    "market_rule": _market_rule,
    "technology": term,
    "unit": _unit,
    "instrument_kind": _instrument_kind,
    "typical_station": _typical_station,
    "normals_station": _normals_station,
    "site_name": _site,
    "weather_columns": _weather_column,
    "price_area": _price_area,
    "amount_myen": _money,
    "regret_share": _share,
    "loss_share": _share,
    "low_share": _share,
    "high_share": _share,
    "lost_unit": lost_unit_name,
    "forecast_name": _forecast,
    "event_kind": _event_kind,
}
"""Blanks whose values are ids, and what names them."""
