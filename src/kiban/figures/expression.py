"""Arithmetic that is written in a table, evaluated: numbers, names, + - * / **, and sum, min, max, abs,
exp and present_value.

A name is a number or, for a pattern that matches several figures, a list of numbers, which `sum`, `min`, `max`
and `abs` take.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Value = float | Sequence[float]
SMALL_CHANGE = 0.01
"""By how much an input is moved to show what it does, as a share of itself."""
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def _magnitude(value: Value) -> Value:
    """The absolute value of a number, or of each of a list."""
    return abs(value) if isinstance(value, float | int) else [abs(one) for one in value]


def _present_value(
    rate: float, values: Sequence[float], years: Sequence[float] | None = None, base: float = 0.0
) -> float:
    """Yearly values discounted to the first year, or those of given years to the base year."""
    when = range(len(values)) if years is None else [year - base for year in years]
    return math.fsum(value / (1.0 + rate) ** year for value, year in zip(values, when, strict=True))


_CALLS: Mapping[str, Callable[..., Any]] = {
    "sum": math.fsum,
    "min": min,
    "max": max,
    "abs": _magnitude,
    "exp": math.exp,
    "present_value": _present_value,
}


def evaluate(text: str, values: Mapping[str, Value]) -> float | None:
    """What an expression gives; None where it divides by nothing or is no number.

    Raises `ValueError` for an expression that holds anything else than arithmetic, and `KeyError` for a name without
    a value.
    """
    try:
        found = float(_evaluate(ast.parse(text, mode="eval").body, values))
    except (ZeroDivisionError, OverflowError, TypeError):
        return None
    return found if math.isfinite(found) else None


def names_in(text: str) -> tuple[str, ...]:
    """Names that an expression takes, in their order."""
    found = [node for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)]
    ordered = sorted(found, key=lambda node: node.col_offset)
    return tuple(dict.fromkeys(node.id for node in ordered if node.id not in _CALLS))


def _evaluate(node: ast.expr, values: Mapping[str, Value]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, values)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS and not node.keywords:
        return _CALLS[node.func.id](*(_evaluate(argument, values) for argument in node.args))
    raise ValueError(ast.unparse(node))
