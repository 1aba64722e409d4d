"""Eight float64 at once for compiled code: a Numba type, its arithmetic, loads and stores.

The kernel works on eight stretches of the horizon at the same time, one per lane. Saying so with a
type keeps that independent of what a compiler can prove about aliasing. LLVM maps the type to
whatever registers the machine has; the order of every sum is fixed, so results repeat bit by bit.
"""

from __future__ import annotations

import hashlib
import operator
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

LANES: Final = 8

F = TypeVar("F", bound=Callable[..., Any])


def cache_folder() -> Path:
    """Where machine code is kept: a folder of the user, one per state of this package's kernel sources.

    `NUMBA_CACHE_DIR`, if set, is respected. The package's own folder is never written. Without a
    writable home the folder for temporary files serves.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    candidates = [Path(chosen)] if chosen else [_user_cache(), Path(tempfile.gettempdir())]
    for candidate in candidates:
        folder = candidate / "kiban" / f"kernel-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="kiban-kernel-"))


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


_CACHE = cache_folder()


def compiled(function: F) -> F:
    """Compile on first call, keep the machine code on disk, release the interpreter lock, count no references."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_CACHE)
    try:
        return cast(
            F, numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)(function)
        )
    finally:
        numba.config.CACHE_DIR = before


def inlined(function: F) -> F:
    """Compile into the callers."""
    return cast(
        F,
        numba.njit(error_model="numpy", _nrt=False, forceinline=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)(
            function
        ),
    )


class LanesType(types.Type):
    """The type of `LANES` float64 side by side."""

    def __init__(self) -> None:
        super().__init__(name=f"float64x{LANES}")


lanes = LanesType()
_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_INT32 = ir.IntType(32)


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):
    """Held in a vector register."""

    def __init__(self, manager: Any, front_type: Any) -> None:
        super().__init__(manager, front_type, _VECTOR)


def _define_operator(function: Any, instruction: str) -> None:
    @infer_global(function)
    class Template(ConcreteTemplate):
        cases = (signature(lanes, lanes, lanes),)

    @lower_builtin(function, lanes, lanes)
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        return getattr(builder, instruction)(*arguments)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
    (operator.iadd, "fadd"),
    (operator.isub, "fsub"),
    (operator.imul, "fmul"),
):
    _define_operator(_function, _instruction)


def _address(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
    array = context.make_array(sig.args[0])(context, builder, arguments[0])
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), _VECTOR.as_pointer())


def _call(builder: Any, name: str, arguments: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(arguments))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"{name}.v{LANES}f64"), arguments)


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """The lanes that start at `array[index]`; nothing is checked."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        value = builder.load(_address(context, builder, sig, arguments))
        value.align = 8
        return value

    return lanes(array, types.intp), generate


@intrinsic
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Write lanes to the places that start at `array[index]`; nothing is checked."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        written = builder.store(arguments[2], _address(context, builder, sig, arguments))
        written.align = 8
        return context.get_dummy_value()

    return types.none(array, types.intp, lanes), generate


@intrinsic
def number(typing_context: Any, array: Any, index: Any) -> Any:
    """`array[index]` without a check for negative places."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        source = context.make_array(sig.args[0])(context, builder, arguments[0])
        return builder.load(builder.gep(source.data, [arguments[1]]))

    return array.dtype(array, types.intp), generate


@intrinsic
def spread(typing_context: Any, value: Any) -> Any:
    """One number in every lane."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        empty = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(empty, arguments[0], ir.Constant(_INT32, 0))
        return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES))

    return lanes(types.float64), generate


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """`a * b + c`, with one rounding where the machine can."""
    return lanes(lanes, lanes, lanes), lambda context, builder, sig, args: _call(builder, "llvm.fmuladd", args)


@intrinsic
def less(typing_context: Any, c: Any, a: Any, b: Any) -> Any:
    """`c - a * b`, with one rounding where the machine can."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        return _call(builder, "llvm.fmuladd", [builder.fneg(arguments[1]), arguments[2], arguments[0]])

    return lanes(lanes, lanes, lanes), generate


@intrinsic
def summed(typing_context: Any, a: Any) -> Any:
    """The sum of all lanes, first to last."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        total = builder.extract_element(arguments[0], ir.Constant(_INT32, 0))
        for lane in range(1, LANES):
            total = builder.fadd(total, builder.extract_element(arguments[0], ir.Constant(_INT32, lane)))
        return total

    return types.float64(lanes), generate


@intrinsic
def root(typing_context: Any, a: Any) -> Any:
    """Square root of every lane."""
    return lanes(lanes), lambda context, builder, sig, args: _call(builder, "llvm.sqrt", args)


@intrinsic
def magnitude(typing_context: Any, a: Any) -> Any:
    """Absolute value of every lane."""
    return lanes(lanes), lambda context, builder, sig, args: _call(builder, "llvm.fabs", args)


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of two numbers, lane by lane (`b` where `a` is not a number)."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *arguments), *arguments)

    return lanes(lanes, lanes), generate


@intrinsic
def smaller(typing_context: Any, a: Any, b: Any) -> Any:
    """The smaller of two numbers, lane by lane (`b` where `a` is not a number)."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *arguments), *arguments)

    return lanes(lanes, lanes), generate


@intrinsic
def choose(typing_context: Any, mask: Any, a: Any, b: Any) -> Any:
    """`a` in the lanes whose mask is positive, else `b`."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        return builder.select(builder.fcmp_ordered(">", arguments[0], zero), arguments[1], arguments[2])

    return lanes(lanes, lanes, lanes), generate
