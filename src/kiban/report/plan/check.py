"""What a scenario will use, at the command line: place, weather, horizon, what is given and what is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType

from kiban.planning.assumptions import group_by_subject, group_families
from kiban.planning.preparation import Preparation
from kiban.planning.provenance import Entry
from kiban.quantities import Language, format_given, term
from kiban.report.layout import Sentence, bullets, lines, pairs, section
from kiban.report.messages import say
from kiban.report.names import input_name, site_name
from kiban.report.phrases import phrase
from kiban.report.plan.entries import input_sentence, value_text
from kiban.report.plan.words import assumed_sentences, describe_targets, join_words, subject_heading
from kiban.scenario import SeriesReference


def check_text(preparation: Preparation, language: Language, name: str) -> RenderableType:
    """Everything that `kiban check` prints; `name` is what the user called the scenario."""
    inputs = tuple(preparation.recorder)
    parts: list[RenderableType] = [Sentence(preparation.scenario.name, style="bold")]
    parts += section(phrase("title.will_use", language), pairs(_frame(preparation, inputs, language)))
    given = [f"{entry.name} = {value_text(entry, language)}" for entry in inputs if entry.status == "given"]
    if given:
        parts += section(phrase("title.given", language), bullets(given))
    parts += section(phrase("title.assumed", language), lines(assumed_sentences(inputs, language)))
    for subject, members in group_by_subject(entry for entry in inputs if entry.status == "assumed"):
        figures = [_figure(family, language) for family in group_families(members)]
        parts += section(_capital(subject_heading(subject, language)), bullets(figures))
    if preparation.notes:
        notes = (say(note, language) for note in preparation.notes)
        parts += section(phrase("title.notes", language), bullets(notes))
    return Group(*parts, Sentence(""), Sentence(phrase("check.fine", language, name=name)))


def _frame(preparation: Preparation, inputs: Sequence[Entry], language: Language) -> Iterator[tuple[str, str]]:
    scenario, place, horizon = preparation.scenario, preparation.place, preparation.horizon
    coordinates = phrase(
        "check.coordinates",
        language,
        latitude=format_given(place.latitude_deg),
        longitude=format_given(place.longitude_deg),
        elevation=format_given(place.elevation_m),
    )
    yield phrase("check.site", language), f"{site_name(scenario, language)} ({coordinates})"
    weather = next((value_text(entry, language) for entry in inputs if entry.name == "weather"), None)
    yield phrase("check.weather", language), weather or phrase("check.no_weather", language)
    many = "steps" if horizon.years > 1 else "steps_one"
    hours, steps = format_given(horizon.step_hours), f"{horizon.steps:,}"
    yield (
        phrase("check.horizon", language),
        phrase(f"check.{many}", language, steps=steps, hours=hours, years=horizon.years),
    )
    load = scenario.load.it_load_mw
    shown = load.file if isinstance(load, SeriesReference) else f"{format_given(load)} MW"
    yield phrase("check.load", language), shown
    targets = describe_targets(scenario, language)
    yield phrase("check.target", language), join_words(targets, language) or phrase("check.no_target", language)
    systems = [term(system, language) for system in preparation.cooling_systems]
    yield phrase("check.cooling", language), join_words(systems, language)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figure(family: Sequence[Entry], language: Language) -> str:
    """One input, or the numbered rows of a table with their values in a row."""
    if len(family) == 1:
        return input_sentence(family[0], language)
    values = ", ".join(value_text(entry, language) for entry in family)
    return f"{input_name(family[0].name, language)} …: {values}"
