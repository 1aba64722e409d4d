"""An impact for pages: the document of `kiban impact --json`, and what is said of it in every language."""

from __future__ import annotations

from typing import TypedDict

from kiban.market.campus import CampusImpact
from kiban.quantities import LANGUAGES, Language
from kiban.report.market.document import ImpactDocument, impact_document
from kiban.report.market.words import note_sentences, variant_name


class ImpactSaid(TypedDict):
    """What is said of an impact in one language; `variants` are names by id."""

    sentence: str
    sentences: list[str]
    notes: list[str]
    variants: dict[str, str]


class ImpactView(TypedDict):
    """An impact and its words; the sentences of the document itself are English."""

    impact: ImpactDocument
    said: dict[Language, ImpactSaid]


def impact_view(found: CampusImpact) -> ImpactView:
    """The impact for a page."""
    documents = {language: impact_document(found, language) for language in LANGUAGES}
    names = [variant["id"] for variant in documents["en"]["variants"]]
    said: dict[Language, ImpactSaid] = {
        language: {
            "sentence": document["sentence"],
            "sentences": document["sentences"],
            "notes": note_sentences(found, language),
            "variants": {name: variant_name(name, language) for name in names},
        }
        for language, document in documents.items()
    }
    return {"impact": documents["en"], "said": said}
