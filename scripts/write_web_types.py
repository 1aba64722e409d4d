"""Write the types of the web pages from the definitions of what the server answers: python scripts/write_web_types.py.

The definitions are typed dictionaries in `kiban.report` and `kiban.server`; a dictionary that is annotated with a
dataclass holds its fields. The same definitions give the same text; a test fails where `documents.d.ts` is another.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from kiban.report.market.hours_document import MarketDaysDocument, MarketYearDocument
from kiban.report.market.view import ImpactView
from kiban.report.national.document import NationalDocument
from kiban.report.operation.view import OperationDocument, OperationHours
from kiban.report.payment.document import PaymentDocument
from kiban.report.payment.packages import PackageDocument
from kiban.report.plan.differences import ComparisonDocument
from kiban.report.plan.document import PlanDocument, Reproduction
from kiban.report.plan.frontier_document import FrontierDocument
from kiban.report.plan.hours import HoursDocument
from kiban.server.access_documents import AuditDocument, AuditProofDocument, SessionDocument
from kiban.server.catalogue_documents import ExamplesDocument, FactsDocument, SitesDocument
from kiban.server.job_documents import JobDocument
from kiban.server.live_operation import LiveDocument
from kiban.server.planning_routes import StoredPlanDocument
from kiban.server.problems import ProblemDocument
from kiban.server.reading_routes import HealthDocument

FILE = Path(__file__).resolve().parents[1] / "web" / "src" / "lib" / "documents.d.ts"
DOCUMENTS = (
    PlanDocument,
    HoursDocument,
    Reproduction,
    ComparisonDocument,
    FrontierDocument,
    PaymentDocument,
    PackageDocument,
    NationalDocument,
    OperationDocument,
    OperationHours,
    MarketYearDocument,
    MarketDaysDocument,
    ImpactView,
    HealthDocument,
    ExamplesDocument,
    SitesDocument,
    FactsDocument,
    JobDocument,
    LiveDocument,
    ProblemDocument,
    StoredPlanDocument,
    SessionDocument,
    AuditDocument,
    AuditProofDocument,
)
HEAD = "// Made by scripts/write_web_types.py from the definitions in kiban; do not edit.\n"
PLAIN: Mapping[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    Any: "unknown",
    object: "unknown",
}


def write_types() -> str:
    """All interfaces that the documents need, each before those that need it."""
    known: dict[str, Any] = {}
    for document in DOCUMENTS:
        _collect(document, known)
    return HEAD + "".join(_interface(name, shape) for name, shape in known.items())


def _collect(shape: Any, known: dict[str, Any]) -> None:
    if known.get(shape.__name__, shape) is not shape:
        raise ValueError(f"two definitions are called {shape.__name__}")
    if shape.__name__ in known:
        return
    for hint in _fields(shape).values():
        for inner in _shapes_in(hint):
            _collect(inner, known)
    known[shape.__name__] = shape


def _fields(shape: Any) -> dict[str, Any]:
    hints = get_type_hints(shape, include_extras=True)
    if is_typeddict(shape):
        return hints
    return {field.name: hints[field.name] for field in dataclasses.fields(shape)}


def _shapes_in(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        yield hint.__metadata__[0]
    elif is_typeddict(hint) or dataclasses.is_dataclass(hint):
        yield hint
    else:
        for inner in get_args(hint):
            yield from _shapes_in(inner)


def _interface(name: str, shape: Any) -> str:
    said = (shape.__doc__ or "").strip().split("\n")[0]
    note = f"/** {said} */\n" if said else ""
    rows = "".join(f"  {_key(key, hint)}: {_type(hint)};\n" for key, hint in _fields(shape).items())
    return f"\n{note}export interface {name} {{\n{rows}}}\n"


def _key(key: str, hint: Any) -> str:
    return f"{key}?" if get_origin(hint) is NotRequired else key


def _type(hint: Any) -> str:
    if get_origin(hint) is NotRequired:
        return _type(get_args(hint)[0])
    if hint in PLAIN:
        return PLAIN[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return str(hint.__metadata__[0].__name__)
    if is_typeddict(hint) or dataclasses.is_dataclass(hint):
        return str(hint.__name__)
    if origin is Literal:
        return " | ".join(f"'{value}'" for value in inner)
    if _is_union(hint):
        return " | ".join(map(_type, inner))
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        of = _type(inner[0])
        return f"({of})[]" if " | " in of else f"{of}[]"
    if origin is tuple:
        return f"[{', '.join(map(_type, inner))}]"
    if origin is not None and issubclass(origin, Mapping):
        return f"Record<{_type(inner[0])}, {_type(inner[1])}>"
    raise TypeError(f"no type of the web pages stands for {hint}")


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


if __name__ == "__main__":
    FILE.write_text(write_types(), encoding="utf-8")
    print(f"{FILE.name}: {write_types().count('export interface')} interfaces")
