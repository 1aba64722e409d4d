"""Problems as RFC 9457 documents, in both languages.

{"type": "urn:kiban:problem:scenario", "title", "title_ja", "status", "detail", "detail_ja", "path",
 "suggestion", "suggestion_ja", "problems": [...]}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypedDict

from kiban.errors import InputError, KibanError, Problem, limit_problems
from kiban.report.messages import say_problem, say_remedy
from kiban.report.phrases import phrase

MEDIA_TYPE = "application/problem+json"
LONGEST_VALUE = 300
LONGEST_SENTENCE = 2_000
MOST_ANSWER_BYTES = 64_000
"""No problem document is larger, whatever was sent."""
TYPE = "urn:kiban:problem:"
STATUS: Mapping[str, int] = {
    "request": 422,
    "scenario": 422,
    "unauthorised": 401,
    "forbidden": 403,
    "not-found": 404,
    "method": 405,
    "timeout": 408,
    "superseded": 409,
    "conflict": 409,
    "gone": 410,
    "too-large": 413,
    "media-type": 415,
    "misdirected": 421,
    "busy": 429,
    "fault": 500,
    "provider": 502,
    "unavailable": 503,
    "storage-full": 507,
}


class ProblemItem(TypedDict):
    """One thing that is wrong with a request."""

    path: str
    where: str
    detail: str
    detail_ja: str
    suggestion: str
    suggestion_ja: str


class ProblemDocument(TypedDict):
    """Why a request is refused, after RFC 9457; what holds for the first problem stands on top."""

    type: str
    title: str
    title_ja: str
    status: int
    detail: str
    detail_ja: str
    path: str
    suggestion: str
    suggestion_ja: str
    problems: list[ProblemItem]


class RefusedError(Exception):
    """A request that is answered with a problem; `kind` is the end of its type, `problems` are all reasons."""

    def __init__(
        self,
        kind: str,
        problems: Problem | Iterable[Problem],
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.status = status or STATUS[kind]
        self.headers = dict(headers or {})
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @property
    def document(self) -> ProblemDocument:
        """The problem document."""
        return describe(self.kind, self.problems, self.status)


def refuse(
    kind: str, code: str, /, *, path: str = "", headers: Mapping[str, str] | None = None, **blanks: object
) -> RefusedError:
    """A refusal of this kind: `code` names its sentences `fault.CODE` and `remedy.CODE`, `path` the key it is about."""
    return RefusedError(kind, Problem(code, key=path, values=blanks), headers=headers)


def refusal_of(error: Exception) -> RefusedError:
    """The refusal for any error; what is no error of the user's says nothing about the inside."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, InputError):
        return RefusedError("scenario", error.problems)
    if isinstance(error, KibanError):
        return refuse("fault", "told", reason=" ".join(str(error).split()).rstrip("."))
    if isinstance(error, RecursionError):
        return refuse("scenario", "nesting")
    if isinstance(error, MemoryError):
        return refuse("too-large", "bounds.memory")
    return refuse("fault", "fault")


def describe(kind: str, problems: Iterable[Problem], status: int) -> ProblemDocument:
    """The problem document of this kind."""
    listed = [_describe_one(problem) for problem in limit_problems(problems)]
    first = listed[0] if listed else _describe_one(Problem("fault"))
    document: ProblemDocument = {
        "type": f"{TYPE}{kind}",
        "title": phrase(f"problem_title.{kind}", "en"),
        "title_ja": phrase(f"problem_title.{kind}", "ja"),
        "status": status,
        "detail": first["detail"],
        "detail_ja": first["detail_ja"],
        "path": first["path"],
        "suggestion": first["suggestion"],
        "suggestion_ja": first["suggestion_ja"],
        "problems": listed,
    }
    return _shorten(document)


def render(document: Mapping[str, Any]) -> bytes:
    """A document as JSON in UTF-8, without what UTF-8 does not have."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _shorten(document: ProblemDocument) -> ProblemDocument:
    """The document with as many of its problems as its size allows, and that there are more."""
    if len(render(document)) <= MOST_ANSWER_BYTES:
        return document
    left = MOST_ANSWER_BYTES - len(render({**document, "problems": []})) - LONGEST_SENTENCE
    kept: list[ProblemItem] = []
    for item in document["problems"]:
        left -= len(render(item)) + 1
        if left < 0:
            break
        kept.append(item)
    more = _describe_one(Problem("bounds.more", count=len(kept)))
    return {**document, "problems": [*kept, more]}


def _describe_one(problem: Problem) -> ProblemItem:
    # A fault may quote what was sent, which may be long.
    if any(isinstance(value, str) and len(value) > LONGEST_VALUE for value in problem.values.values()):
        problem = replace(problem, values={name: _shortened(value) for name, value in problem.values.items()})
    return {
        "path": _cut(problem.key, LONGEST_VALUE),
        "where": _cut(str(problem.where), LONGEST_VALUE),
        "detail": _cut(say_problem(problem, "en"), LONGEST_SENTENCE),
        "detail_ja": _cut(say_problem(problem, "ja"), LONGEST_SENTENCE),
        "suggestion": _cut(say_remedy(problem, "en"), LONGEST_SENTENCE),
        "suggestion_ja": _cut(say_remedy(problem, "ja"), LONGEST_SENTENCE),
    }


def _shortened(value: object) -> object:
    return _cut(value, LONGEST_VALUE) if isinstance(value, str) else value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
