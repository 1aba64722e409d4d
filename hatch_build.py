"""Compile the kernel's C++ into the package: hatchling runs this when it builds a wheel or an editable installation.

    python hatch_build.py       the libraries anew in the source tree, as `make native` runs it

A compiler of the machine serves where there is one ($CXX, c++, g++, clang++), else the one in the package ziglang,
which is asked for as a build requirement. Where neither compiles, the wheel has no library and the kernel's NumPy path
serves. KIBAN_BUILD_LEVELS says which levels of the instruction set to build: `all`, `none`, names with commas, or
nothing for the lowest (a wheel may be carried to an older machine) and the best of this machine.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
PACKAGE = "kiban/linear/native"
SOURCES = ROOT / "src" / PACKAGE
LEVELS_VARIABLE = "KIBAN_BUILD_LEVELS"
ZIGLANG = "ziglang>=0.14"

# The same bytes on every machine: no reordering (so no fast-math), no contraction of products and sums.
FLAGS = (
    *("-std=c++20", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-exceptions", "-fno-rtti"),
    *("-fvisibility=hidden", "-fomit-frame-pointer", "-g0", "-Wno-psabi"),
)
# No startup code and no runtime library but C's.
LINK = {"win32": ("-nostdlib", "-lucrtbase"), "darwin": ("-nostdlib", "-lSystem")}
LINK_ELSEWHERE = ("-nostdlib", "-Wl,--as-needed", "-lm", "-lc")

READ_REGISTERS = """\
import ctypes, sys
registers = (ctypes.c_uint32 * 4)()
ctypes.CDLL(sys.argv[1]).kiban_processor(registers)
print(*registers)
"""


def _load_levels() -> Any:
    specification = importlib.util.spec_from_file_location("levels", SOURCES / "levels.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


levels = _load_levels()


class Compiler(NamedTuple):
    """A compiler that makes libraries which this machine can load."""

    command: tuple[str, ...]
    best: tuple[str, ...]
    """Levels that this machine has, from the lowest to the highest."""


class CompilerError(Exception):
    """What a compiler said when it failed."""


def compilers() -> Iterator[tuple[str, ...]]:
    """Commands that may be a compiler, in the order in which they are tried."""
    if chosen := os.environ.get("CXX"):
        yield tuple(shlex.split(chosen))
    # What Windows calls g++ may be of Cygwin, and what macOS has without its developer tools only asks for them.
    if sys.platform != "win32" and (sys.platform != "darwin" or _has_developer_tools()):
        yield from ((name,) for name in ("c++", "g++", "clang++"))
    if importlib.util.find_spec("ziglang"):
        yield (sys.executable, "-m", "ziglang", "c++")


def _has_developer_tools() -> bool:
    return subprocess.run(("xcode-select", "-p"), capture_output=True, check=False).returncode == 0


def find_compiler(place: Path) -> Compiler | None:
    """The first command that compiles a library which loads; tried in the folder `place`."""
    known = levels.levels_of()
    for command in compilers() if known else ():
        library = levels.library_in(place, known[0])
        try:
            compile_libraries(command, known[:1], place, ("identity.cpp", "processor.cpp"))
            said = _run((sys.executable, "-c", READ_REGISTERS, str(library)), place)
        except CompilerError:
            continue
        return Compiler(command, levels.carried(known, [int(word) for word in said.split()]))
    return None


def compile_libraries(
    command: Sequence[str], wanted: Sequence[str], place: Path, sources: Sequence[str] = (), extra: Sequence[str] = ()
) -> list[Path]:
    """One library for each wanted level in the folder `place`, of all sources or of those named; units side by side.

    `extra`: more flags for every command, a sanitizer's say. Raises `CompilerError` with what the compiler said.
    """
    sources = sources or sorted(path.name for path in SOURCES.glob("*.cpp"))
    define = f'-DKIBAN_SOURCES="{levels.digest_sources(SOURCES)}"'
    position = () if sys.platform == "win32" else ("-fPIC",)
    units = [(level, source, place / f"{level}-{source}.o") for level in wanted for source in sources]

    def compile_unit(unit: tuple[str, str, Path]) -> None:
        level, source, made = unit
        target = target_flags(command, level)
        _run((*command, *FLAGS, *position, *target, *extra, define, "-c", source, "-o", str(made)), place, SOURCES)

    with ThreadPoolExecutor(_count_processors()) as pool:
        list(pool.map(compile_unit, units))
    made = []
    for level in wanted:
        library = levels.library_in(place, level)
        objects = [str(unit) for of, _, unit in units if of == level]
        link = LINK.get(sys.platform, LINK_ELSEWHERE)
        _run((*command, "-shared", *extra, *objects, *link, "-o", str(library)), place)
        made.append(library)
    return made


def target_flags(command: Sequence[str], level: str) -> tuple[str, ...]:
    """Flags for a level of the instruction set; zig writes its name otherwise."""
    if level not in levels.X86_64:
        return ()
    zig = any("zig" in Path(word).name for word in command)
    flags = (f"-march={level.replace('-', '_') if zig else level}",)
    if level == levels.X86_64[0]:
        # It serves machines that are old, and takes minutes to optimise as the others are.
        return (*flags, "-O1")
    return (*flags, "-mprefer-vector-width=512") if level == levels.X86_64[-1] else flags


def _count_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run(command: Sequence[str], place: Path, folder: Path | None = None) -> str:
    """Output of a command that runs in `folder`; what zig keeps between runs goes into `place`."""
    surroundings = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(place / "zig"), "ZIG_LOCAL_CACHE_DIR": str(place / "zig")}
    try:
        done = subprocess.run(
            command, cwd=folder or place, env=surroundings, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise CompilerError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise CompilerError(f"{shlex.join(command)}\n{done.stderr}")
    return done.stdout


def choose_levels(best: Sequence[str]) -> tuple[str, ...]:
    """The levels to build on a machine that has those in `best`; ValueError where KIBAN_BUILD_LEVELS names others."""
    asked, known = os.environ.get(LEVELS_VARIABLE, ""), levels.levels_of()
    if asked == "all":
        return tuple(known)
    if asked == "none":
        return ()
    if not asked:
        return tuple(level for level in known if level in (known[0], *best[-1:]))
    names = asked.split(",")
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"{LEVELS_VARIABLE}: '{unknown[0]}' is none of {', '.join((*known, 'all', 'none'))}.")
    return tuple(level for level in known if level in names)


def build(place: Path) -> tuple[list[Path], str]:
    """The libraries, made in the folder `place`, and a sentence on what was done."""
    if not choose_levels(levels.levels_of()):
        return [], "The kernel is not compiled: its NumPy path serves."
    compiler = find_compiler(place)
    if compiler is None:
        return (
            [],
            "The kernel is not compiled, because no C++ compiler was found: its NumPy path, which is slow, serves.",
        )
    wanted = choose_levels(compiler.best)
    made = compile_libraries(compiler.command, wanted, place)
    for level, library in zip(wanted, made, strict=True):
        if level in compiler.best:
            _run((sys.executable, "-c", READ_REGISTERS, str(library)), place)
    return made, f"The kernel is compiled for {', '.join(wanted)} by {shlex.join(compiler.command)}."


def build_in_tree(place: Path) -> tuple[list[Path], str]:
    """As `build`, the libraries moved beside their sources in place of all that are there."""
    made, said = build(place)
    moved = [SOURCES / library.name for library in made]
    for level in levels.levels_of():
        if (old := levels.library_in(SOURCES, level)) not in moved:
            old.unlink(missing_ok=True)
    for library, goal in zip(made, moved, strict=True):
        # A process that runs keeps the file that it has loaded: the new one takes its name, not its place.
        shutil.copy(library, goal.with_suffix(".new"))
        goal.with_suffix(".new").replace(goal)
    return moved, said


class NativeHook(BuildHookInterface):
    """Puts the libraries into the wheel; for an editable installation, into the source tree."""

    place: tempfile.TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """A compiler as a package, where the machine has none and there is such a package for it."""
        if os.environ.get(LEVELS_VARIABLE) == "none" or not {*levels.levels_of()} & {*levels.X86_64, "arm64"}:
            return []
        with tempfile.TemporaryDirectory() as folder:
            return [] if find_compiler(Path(folder)) else [ZIGLANG]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is packed."""
        self.place = tempfile.TemporaryDirectory(prefix="kiban-")
        place = Path(self.place.name)
        try:
            made, said = build_in_tree(place) if version == "editable" else build(place)
        except CompilerError as error:
            made, said = [], f"The kernel is not compiled, its NumPy path, which is slow, serves: {error}"
        (self.app.display_info if made else self.app.display_warning)(said)
        if made and version != "editable":
            from packaging.tags import platform_tags

            # What was built here runs here; scripts/make_release.py widens the tag where a release may run elsewhere.
            platform = next(tag for tag in platform_tags() if "linux" not in tag or tag.startswith("linux"))
            build_data["force_include"].update({str(library): f"{PACKAGE}/{library.name}" for library in made})
            build_data["pure_python"], build_data["tag"] = False, f"py3-none-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled, now that it is packed."""
        if self.place is not None:
            self.place.cleanup()


def main() -> None:
    """Build in the source tree; fail where nothing could be compiled, unless nothing was asked for."""
    with tempfile.TemporaryDirectory(prefix="kiban-") as folder:
        try:
            made, said = build_in_tree(Path(folder))
        except CompilerError as error:
            sys.exit(str(error))
    print(said)
    if not made and os.environ.get(LEVELS_VARIABLE) != "none":
        sys.exit(1)


if __name__ == "__main__":
    main()
