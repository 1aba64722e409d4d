"""What the build hook puts into a wheel, an editable installation and an archive of sources, compiler or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from kiban.linear.native.levels import digest_sources, levels_of, library_in

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NATIVE = "kiban/linear/native"
SOURCES = ROOT / "src" / NATIVE
BUILD = "import sys; from hatchling.build import *; print(build_{what}(sys.argv[1]))"
NO_ZIGLANG = "import sys; sys.modules['ziglang'] = None; "
LOAD = """\
import sys
sys.path.insert(0, sys.argv[1])
from kiban.linear.native import library
found = library.find_library()
assert library.__file__.startswith(sys.argv[1]), library.__file__
print(found and (found.level, found.sources))
"""


class Done:
    """A process that ended, and the files that it left where only temporary ones belong."""

    def __init__(self, code: str, *arguments: object, place: Path, tree: Path = ROOT, **variables: str) -> None:
        empty, temporary = place / "empty", place / "temporary"
        for folder in (empty, temporary):
            folder.mkdir(parents=True, exist_ok=True)
        surroundings = {**os.environ, "TMPDIR": str(temporary), "HOME": str(empty), **variables}
        for name in ("CXX", "KIBAN_BUILD_LEVELS", "KIBAN_NATIVE_LEVEL"):
            if name not in variables:
                surroundings.pop(name, None)
        if variables.get("PATH") == "hidden":
            # A PATH of one empty folder: no cc, gcc, g++, c++, clang, clang++, nor anything else.
            surroundings["PATH"] = str(empty)
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, cwd=tree, env=surroundings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [*empty.iterdir(), *temporary.iterdir()] == []
        self.output, self.errors = done.stdout, done.stderr

    @property
    def said(self) -> str:
        return self.output + self.errors


def build_wheel(place: Path, code: str = "", tree: Path = ROOT, **variables: str) -> tuple[Path, str]:
    """The wheel, and what the build said."""
    done = Done(code + BUILD.format(what="wheel"), place / "dist", place=place, tree=tree, **variables)
    (wheel,) = (place / "dist").iterdir()
    assert wheel.name == done.output.splitlines()[-1]
    return wheel, done.said


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    return {Path(name).name for name in names if name.startswith(f"{NATIVE}/")}


def load_from(wheel: Path, place: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "installed")
    return Done(LOAD, place / "installed", place=place).output.strip()


def expected_levels() -> set[str]:
    """Lowest and best of this machine, as the library under test finds them."""
    from kiban.linear.native.library import FOLDER, load_library

    found = load_library(FOLDER)
    assert found is not None
    return {levels_of()[0], found.level}


def copy_tree(goal: Path) -> Path:
    """A copy of what a build reads, without libraries, and of the units only those that every library has.

    What is asked here is what is compiled by whom and where it goes. That ziglang compiles all units is held by the
    first step of CI, which installs kiban without a compiler and looks for its library.
    """
    goal.mkdir()
    for name in ("hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE", ".gitignore"):
        shutil.copy(ROOT / name, goal)
    ignored = shutil.ignore_patterns("__pycache__", "kernel-*")
    for name in ("src", "scenarios"):
        shutil.copytree(ROOT / name, goal / name, ignore=ignored)
    for source in list((goal / "src" / NATIVE).glob("*.cpp")):
        if source.name not in {"identity.cpp", "processor.cpp"}:
            source.unlink()
    return goal


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """A wheel built where no compiler is on the PATH, what the build said, and a place to work in."""
    place = tmp_path_factory.mktemp("hidden")
    return *build_wheel(place, tree=copy_tree(place / "tree"), PATH="hidden"), place


def test_without_a_compiler_the_package_ziglang_compiles(hidden: tuple[Path, str, Path]) -> None:
    wheel, said, place = hidden
    assert "-m ziglang c++" in said
    found = load_from(wheel, place)
    best = max(expected_levels(), key=levels_of().index)
    assert found == str((best, digest_sources(place / "tree" / "src" / NATIVE)))
    for level in expected_levels():
        content = library_in(place / "installed" / NATIVE, level).read_bytes()
        assert b"clang" in content
        assert b"GCC: (" not in content


def test_a_wheel_holds_libraries_and_no_sources(hidden: tuple[Path, str, Path]) -> None:
    wheel, _, _ = hidden
    libraries = {library_in(SOURCES, level).name for level in expected_levels()}
    assert {path for path in names_in(wheel) if not path.endswith(".py")} == libraries
    assert {path for path in names_in(wheel) if path.endswith(".py")} == {path.name for path in SOURCES.glob("*.py")}
    python, abi, platform = wheel.stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    assert platform != "any"
    assert "linux" not in platform or platform.startswith("linux_")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/WHEEL"))
        assert "Root-Is-Purelib: false" in archive.read(metadata).decode()


def test_with_neither_the_wheel_is_pure_and_says_so(tmp_path: Path) -> None:
    wheel, said = build_wheel(tmp_path, NO_ZIGLANG, PATH="hidden")
    assert "not compiled, because no C++ compiler was found" in said
    assert wheel.name.endswith("-py3-none-any.whl")
    assert all(name.endswith(".py") for name in names_in(wheel))
    assert load_from(wheel, tmp_path) == "None"


def test_nothing_is_built_where_nothing_is_asked_for(tmp_path: Path) -> None:
    wheel, _ = build_wheel(tmp_path, KIBAN_BUILD_LEVELS="none")
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize("what", ["wheel", "editable"])
def test_ziglang_is_asked_for_only_without_a_compiler(tmp_path: Path, what: str) -> None:
    code = f"from hatchling.build import *; print(get_requires_for_build_{what}())"
    assert "ziglang" in Done(NO_ZIGLANG + code, place=tmp_path, PATH="hidden").output
    assert "ziglang" not in Done(NO_ZIGLANG + code, place=tmp_path, PATH="hidden", KIBAN_BUILD_LEVELS="none").output
    compiler = f"{sys.executable} -m ziglang c++"
    assert "ziglang" not in Done(code, place=tmp_path, PATH="hidden", CXX=compiler).output


def test_an_unknown_level_is_no_build(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="KIBAN_BUILD_LEVELS: 'x86-64-v9' is none of"):
        build_wheel(tmp_path, KIBAN_BUILD_LEVELS="x86-64-v9")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_tree(tmp_path / "tree")


def test_an_editable_installation_builds_beside_the_sources(tree: Path, tmp_path: Path) -> None:
    native = tree / "src" / NATIVE
    # What an earlier build left goes, so that no library is of other sources than the rest.
    for level in levels_of():
        library_in(native, level).write_bytes(b"old")
    Done(BUILD.format(what="editable"), tmp_path / "dist", place=tmp_path, tree=tree)
    (wheel,) = (tmp_path / "dist").iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert names_in(wheel) == set()
    built = {path.name for path in native.iterdir() if path.name.startswith("kernel-")}
    assert built == {library_in(native, level).name for level in expected_levels()}
    best = max(expected_levels(), key=levels_of().index)
    assert Done(LOAD, tree / "src", place=tmp_path).output.strip() == str((best, digest_sources(native)))


def test_sources_that_do_not_compile(tree: Path, tmp_path: Path) -> None:
    """An installation goes on with the NumPy path; `make native` fails with the compiler's words."""
    (tree / "src" / NATIVE / "broken.cpp").write_text("this is no C++\n", encoding="utf-8")
    wheel, said = build_wheel(tmp_path, tree=tree)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "The kernel is not compiled" in said
    assert "broken.cpp" in said
    with pytest.raises(AssertionError, match=r"broken\.cpp"):
        Done("import runpy; runpy.run_path('hatch_build.py', run_name='__main__')", place=tmp_path, tree=tree)


def test_an_archive_of_sources_can_be_built(tmp_path: Path) -> None:
    Done(BUILD.format(what="sdist"), tmp_path / "dist", place=tmp_path)
    (archive,) = (tmp_path / "dist").iterdir()
    with tarfile.open(archive) as packed:
        names = {name.split("/", 1)[1] for name in packed.getnames()}
    assert "hatch_build.py" in names
    here = {f"src/{NATIVE}/{path.name}" for path in SOURCES.iterdir() if path.suffix in {".py", ".cpp", ".hpp"}}
    assert {name for name in names if name.startswith(f"src/{NATIVE}/")} == here
