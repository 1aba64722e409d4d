"""The worked examples, found in an installed package and in a source checkout alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kiban.errors import Problem, ScenarioError, nearest
from kiban.outside import present_reach
from kiban.scenario.file import read_scenario
from kiban.scenario.national_file import is_national
from kiban.scenario.shipped import SUFFIX, examples_folder
from kiban.scenario.study import Scenario

DEFAULT_EXAMPLE = "tomakomai"


def example_names() -> tuple[str, ...]:
    """Names of all examples of one site, sorted."""
    return tuple(sorted(path.stem for path in _example_files() if not is_national(path)))


def example_path(name: str) -> Path:
    """File of an example; ScenarioError with the nearest name where there is none of that name."""
    path = _find_example(name)
    if path is None or is_national(path):
        near = nearest(name, example_names())
        remedy = "nearest" if near else "examples"
        raise ScenarioError(Problem("no_example", remedy=remedy, name=name, near=near, names=example_names()))
    return path


def _example_files() -> Iterator[Path]:
    return examples_folder().glob(f"*{SUFFIX}")


def _find_example(name: str) -> Path | None:
    """The file of the example of that name, of one site or national."""
    return next((path for path in _example_files() if path.stem == name), None)


def find_scenario(name: str | Path) -> Path:
    """The file that a user means: a file or folder of that name, else an example.

    A name with a folder or a suffix is a file even where there is none, so that reading it says what is wrong.
    """
    path = Path(name)
    # A server takes an example by its name, whatever lies in the folder where it was started.
    if present_reach().files and (_is_file(path) or (_exists(path) and _find_example(str(name)) is None)):
        return path
    is_bare = path.name == str(name) and not path.suffix
    return example_path(str(name)) if is_bare else path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def load_scenario(source: Scenario | str | Path | None = None) -> Scenario:
    """A scenario as it is, or the one in a file or example of that name; the default example for None."""
    if isinstance(source, Scenario):
        return source
    path = find_scenario(DEFAULT_EXAMPLE if source is None else source)
    try:
        return read_scenario(path)
    except RecursionError:
        raise ScenarioError(Problem("nesting", str(path))) from None


def national_example_names() -> tuple[str, ...]:
    """Names of the examples that are national studies, sorted."""
    return tuple(sorted(path.stem for path in _example_files() if is_national(path)))


def find_national(name: str | Path) -> Path | None:
    """The file of a national study that a user means, by its path or as an example; None where it is none."""
    path = Path(name)
    if not (present_reach().files and _is_file(path)) and str(name) in national_example_names():
        path = examples_folder() / f"{name}{SUFFIX}"
    return path if is_national(path) else None
