"""Levels of the instruction set, and the library that is loaded for them."""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiban.errors import InputError, KibanError
from kiban.linear.native import library
from kiban.linear.native.levels import X86_64, carried, digest_sources, levels_of, library_in
from kiban.linear.native.library import FOLDER, find_library, load_library

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "kiban" / "linear" / "native"
LOADER = Path("/lib64/ld-linux-x86-64.so.2")

# CPUID of three processors as their makers document them: leaf 1 ECX, leaf 7 EBX, leaf 80000001 ECX, and XCR0.
NEHALEM = (0x0098E3BD, 0x00000000, 0x00000001, 0x0)
HASWELL = (0x7FFAFBFF, 0x000027AB, 0x00000021, 0x7)
SKYLAKE_SERVER = (0x7FFEFBFF, 0xD39FFFFB, 0x00000121, 0xE7)


@pytest.mark.parametrize(
    ("registers", "found"),
    [
        ((0, 0, 0, 0), ()),
        (NEHALEM, X86_64[:1]),
        (HASWELL, X86_64[:2]),
        (SKYLAKE_SERVER, X86_64),
        # The same processor under a system that saves no masks, no wide registers, or nothing that it asks for.
        ((*SKYLAKE_SERVER[:3], 0x7), X86_64[:2]),
        ((*SKYLAKE_SERVER[:3], 0xC7), X86_64[:2]),
        ((*SKYLAKE_SERVER[:3], 0xE3), X86_64[:1]),
        ((*SKYLAKE_SERVER[:3], 0x0), X86_64[:1]),
        # A hypervisor that hides FMA hides the whole level, and those above it.
        ((SKYLAKE_SERVER[0] & ~(1 << 12), *SKYLAKE_SERVER[1:]), X86_64[:1]),
    ],
)
def test_levels_of_processors(registers: tuple[int, ...], found: tuple[str, ...]) -> None:
    assert carried(X86_64, registers) == found


def test_levels_of_machines() -> None:
    assert levels_of("x86_64") == levels_of("AMD64") == X86_64
    assert levels_of("aarch64") == levels_of("arm64") == ("arm64",)
    assert levels_of("riscv64") == ("riscv64",)
    assert carried(("arm64",), (0, 0, 0, 0)) == ("arm64",)


def test_a_python_of_32_bits_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert levels_of("x86_64") == ()


@pytest.fixture(scope="module")
def hook() -> Iterator[object]:
    specification = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(hook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small library of every level, and with the sources that they were built from."""
    folder = tmp_path_factory.mktemp("native")
    place = tmp_path_factory.mktemp("place")
    for source in (*SOURCES.glob("*.cpp"), *SOURCES.glob("*.hpp")):
        shutil.copy(source, folder)
    compiler = hook.find_compiler(place)
    assert compiler is not None
    for made in hook.compile_libraries(compiler.command, levels_of(), place, ("identity.cpp", "processor.cpp")):
        shutil.copy(made, folder)
    return folder


# What the psABI lists for each level, by the names that compilers give the bits; and the states that a system saves.
LISTED = {
    "x86-64-v2": ("SSE3", "SSSE3", "CMPXCHG16B", "SSE4_1", "SSE4_2", "POPCNT", "LAHF_LM"),
    "x86-64-v3": ("FMA", "MOVBE", "OSXSAVE", "AVX", "F16C", "BMI", "AVX2", "BMI2", "LZCNT"),
    "x86-64-v4": ("AVX512F", "AVX512DQ", "AVX512CD", "AVX512BW", "AVX512VL"),
}
LEAVES = {"BMI": 1, "BMI2": 1, "AVX2": 1, "LAHF_LM": 2, "LZCNT": 2, **dict.fromkeys(LISTED["x86-64-v4"], 1)}
STATES = {"x86-64-v3": (1, 2), "x86-64-v4": (5, 6, 7)}


@pytest.mark.skipif(levels_of() != X86_64, reason="only compilers for x86-64 know the bits of x86-64")
def test_each_level_needs_the_bits_of_the_psabi(hook, tmp_path: Path) -> None:
    """Their places are those of the compiler's own header; each bit less is one level less, and no other bit counts."""
    names = [name for listed in LISTED.values() for name in listed]
    asked = "".join(f"bit {name} bit_{name}\n" for name in names)
    (tmp_path / "bits.cpp").write_text(f"#include <cpuid.h>\n{asked}", encoding="utf-8")
    command = (*hook.find_compiler(tmp_path).command, "-E", "-P", "bits.cpp")
    written = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    # (1 << 5) in GCC's, 0x00000020 in Clang's
    found = re.findall(r"^bit (\w+) (?:\(1u? << (\d+)\)|0x([\da-fA-F]+))$", written, re.MULTILINE)
    places = {name: int(place) if place else int(mask, 16).bit_length() - 1 for name, place, mask in found}
    expected = {
        level: {(LEAVES.get(name, 0), places[name]) for name in names} | {(3, bit) for bit in STATES.get(level, ())}
        for level, names in LISTED.items()
    }
    everything = [2**32 - 1] * 4
    lost: dict[str, set[tuple[int, int]]] = {level: set() for level in X86_64}
    for register, bit in itertools.product(range(4), range(32)):
        less = [*everything]
        less[register] &= ~(1 << bit)
        if len(kept := carried(X86_64, less)) < len(X86_64):
            lost[X86_64[len(kept)]].add((register, bit))
    assert lost == expected


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "native")


def said_by_the_system() -> tuple[str, ...]:
    """Levels that the C library's loader finds in the processor."""
    said = subprocess.run((LOADER, "--help"), capture_output=True, text=True, check=True).stdout
    return tuple(reversed(re.findall(r"^  (x86-64-v\d) \(supported", said, re.MULTILINE)))


@pytest.mark.skipif(not LOADER.exists(), reason="only glibc says which levels of x86-64 it finds")
def test_the_processor_has_the_levels_that_the_system_finds(built: Path) -> None:
    assert said_by_the_system()
    for level in said_by_the_system():
        registers = (ctypes.c_uint32 * 4)()
        ctypes.CDLL(str(library_in(built, level))).kiban_processor(registers)
        assert carried(levels_of(), registers) == said_by_the_system()
    found = load_library(built)
    assert found is not None
    assert found.level == said_by_the_system()[-1]


def test_the_library_says_what_it_was_built_from(built: Path) -> None:
    found = load_library(built)
    assert found is not None
    assert found.sources == digest_sources(SOURCES) != ""


@pytest.mark.skipif(levels_of() != X86_64, reason="only x86-64 has levels")
def test_each_level_can_be_asked_for(built: Path) -> None:
    for level in said_by_the_system() if LOADER.exists() else X86_64[:1]:
        found = load_library(built, level)
        assert found is not None
        assert found.level == level
        assert found.functions._name == str(library_in(built, level))


@pytest.mark.skipif(levels_of() != X86_64, reason="only x86-64 has levels")
def test_a_level_that_the_processor_lacks(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_read_registers", lambda _: HASWELL)
    found = load_library(copied)
    assert found is not None
    assert found.level == "x86-64-v3"
    with pytest.raises(InputError, match=r"is 'x86-64-v4', which this processor, .* does not have; leave it empty"):
        load_library(copied, "x86-64-v4")
    library_in(copied, "x86-64-v3").unlink()
    found = load_library(copied)
    assert found is not None
    assert found.level == "x86-64-v2"
    # Built on a newer machine alone: nothing here is fit, which is no error.
    library_in(copied, "x86-64-v2").unlink()
    monkeypatch.setattr(library, "_read_registers", lambda _: NEHALEM)
    assert load_library(copied) is None


def test_a_level_that_was_not_built(copied: Path) -> None:
    highest = levels_of()[-1]
    library_in(copied, highest).unlink()
    with pytest.raises(InputError, match=f"is '{highest}', for which no library was built; leave it empty, or"):
        load_library(copied, highest)


def test_nothing_built_and_nothing_wanted(built: Path, tmp_path: Path) -> None:
    assert load_library(tmp_path) is None
    assert load_library(built, "none") is None


@pytest.mark.parametrize("chosen", ["x86-64-v5", "NONE", "../kernel"])
def test_an_unknown_level_is_refused_in_one_sentence(built: Path, chosen: str) -> None:
    with pytest.raises(InputError) as caught:
        load_library(built, chosen)
    known = ", ".join((*levels_of(), "none"))
    assert str(caught.value) == (
        f"KIBAN_NATIVE_LEVEL is '{chosen}', which is no level of the instruction set of this kind of processor; "
        f"give one of {known}, or leave it empty for the best."
    )


@pytest.mark.parametrize("name", ["identity.cpp", "interface.hpp", "added.hpp"])
def test_a_library_of_other_sources_is_refused(copied: Path, name: str) -> None:
    with (copied / name).open("a", encoding="utf-8") as file:
        file.write("// changed\n")
    with pytest.raises(KibanError, match=r"was built from other C\+\+ sources than these: run `make native`\."):
        load_library(copied)
    assert load_library(copied, "none") is None


def test_without_sources_any_library_serves(copied: Path) -> None:
    for source in (*copied.glob("*.cpp"), *copied.glob("*.hpp")):
        source.unlink()
    assert load_library(copied) is not None


def test_the_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("none", levels_of()[0]):
        monkeypatch.setenv("KIBAN_NATIVE_LEVEL", value)
        find_library.cache_clear()
        found = find_library()
        assert (found.level if found else "none") == value
    find_library.cache_clear()


def test_the_package_under_test_has_a_library() -> None:
    assert load_library(FOLDER) is not None, "build it: make native"
