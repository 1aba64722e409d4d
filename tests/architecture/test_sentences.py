"""Every code that the source says has its sentence, every sentence its code, and every blank its value."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.cases.sources import tree_of

import kiban
from kiban.report.phrases import load_phrases

PACKAGE = Path(kiban.__file__).parent
COMPUTED = (
    "errors.py",
    "messages.py",
    "catalogue/climate.py",
    "policy/instruments.py",
    "weather/limits.py",
    "weather/rows.py",
    "weather/series.py",
    "report/plan/folder.py",
    "server/problems.py",
)
"""Modules that look a code up in a table of theirs, or are given it."""
OWN_ARGUMENTS = {"Problem": {"code", "where", "key", "remedy", "values"}, "Message": {"code", "values"}}


class Said(NamedTuple):
    """A `Problem(...)` or `Message(...)` in the source; `values` is None where they cannot be read off."""

    place: str
    kind: str
    codes: tuple[str, ...]
    remedies: tuple[str, ...]
    values: frozenset[str] | None


@cache
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(PACKAGE).as_posix(): tree_of(path) for path in sorted(PACKAGE.rglob("*.py"))}


def texts_of(node: ast.AST | None, scope: ast.AST) -> tuple[str, ...]:
    """The texts that an argument may be: itself, either branch of a choice, or what its name was last given before."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.IfExp):
        return texts_of(node.body, scope) + texts_of(node.orelse, scope)
    if not isinstance(node, ast.Name):
        return ()
    given = [(value.lineno, value) for name, value in assignments_in(scope) if name == node.id]
    before = [value for line, value in sorted(given, key=lambda pair: pair[0]) if line <= node.lineno]
    return texts_of(before[-1], scope) if before and not isinstance(before[-1], ast.Name) else ()


@cache
def assignments_in(scope: ast.AST) -> tuple[tuple[str, ast.expr], ...]:
    return tuple(_assignments_in(scope))


def _assignments_in(scope: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(scope):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def scopes_in(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.Call]]:
    """Every call with the innermost function that it stands in."""
    waiting: list[tuple[ast.AST, ast.AST]] = [(tree, tree)]
    while waiting:
        node, scope = waiting.pop()
        if isinstance(node, ast.Call):
            yield scope, node
        inner = node if isinstance(node, ast.FunctionDef) else scope
        waiting += [(child, inner) for child in ast.iter_child_nodes(node)]


@cache
def everything_said() -> tuple[Said, ...]:
    found = []
    for path, tree in trees().items():
        for scope, call in scopes_in(tree):
            kind = call.func.id if isinstance(call.func, ast.Name) else ""
            if kind not in {"Problem", "Message"} or not call.args:
                continue
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            codes = texts_of(call.args[0], scope)
            remedy = named.get("remedy") or (call.args[3] if len(call.args) > 3 else None)
            unknown = None in named or "values" in named or len(call.args) > (4 if kind == "Problem" else 1)
            values = None if unknown else frozenset(str(name) for name in named if name not in OWN_ARGUMENTS[kind])
            remedies = tuple(text for text in texts_of(remedy, scope) if text)
            found.append(Said(f"{path} line {call.lineno}", kind, codes, remedies, values))
    return tuple(found)


def keys_of(said: Said) -> list[str]:
    section = "fault." if said.kind == "Problem" else ""
    return [f"{section}{code}" for code in said.codes] + [f"remedy.{remedy}" for remedy in said.remedies]


def test_every_code_can_be_read_off() -> None:
    hidden = [one.place for one in everything_said() if not one.codes]
    assert [place for place in hidden if not place.startswith(COMPUTED)] == []


def test_every_code_has_its_sentence() -> None:
    phrases = load_phrases("en")
    said = [(one.place, key) for one in everything_said() for key in keys_of(one)]
    assert len(said) > 200
    assert [f"{place}: {key}" for place, key in said if key not in phrases] == []


def test_every_sentence_of_a_problem_is_said_somewhere() -> None:
    constants = {
        node.value
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    keys = [key.split(".", 1) for key in load_phrases("en") if key.startswith(("fault.", "remedy."))]
    faults = {code for section, code in keys if section == "fault"}
    stale = [
        f"{section}.{code}"
        for section, code in keys
        if code not in constants and not (section == "remedy" and code in faults)
    ]
    assert stale == []


def test_every_blank_of_a_sentence_is_filled() -> None:
    phrases, missing = load_phrases("en"), list[str]()
    for said in everything_said():
        if said.values is None:
            continue
        keys = keys_of(said)
        if said.kind == "Problem" and not said.remedies:
            keys += [f"remedy.{code}" for code in said.codes if f"remedy.{code}" in phrases]
        for key in keys:
            blanks = {name for _, name, _, _ in string.Formatter().parse(phrases[key]) if name}
            missing += [f"{said.place}: {key} wants {blank}" for blank in blanks - said.values]
    assert missing == []


def test_every_sentence_of_a_problem_is_in_japanese() -> None:
    """A Japanese sentence has words of its own, unless all of it is one blank."""
    phrases = {key: text for key, text in load_phrases("ja").items() if key.startswith(("fault.", "remedy."))}
    assert [key for key, text in phrases.items() if text.isascii() and not re.fullmatch(r"\{\w+\}", text)] == []
