"""Under which packages a national plan was chosen, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from kiban.national.result.plan import NationalPlan
from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.scenario.package import load_package


def policy_notes(plan: NationalPlan, language: Language) -> Iterator[str]:
    """That costs are after tax, and under what; nothing for a plan before tax."""
    packages = [load_package(name, plan.study.folder) for name in plan.study.policy.packages]
    if packages:
        titles = (package.title_ja if language == "ja" else package.title_en for package in packages)
        joined = " + ".join(title or package.name for title, package in zip(titles, packages, strict=True))
        yield phrase("national_pay.under", language, package=joined)
