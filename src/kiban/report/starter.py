"""A commented scenario to start from, in both languages."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from kiban.errors import OutputError, Problem, reason_of
from kiban.quantities import Language
from kiban.whole_files import write_whole

SUFFIX = ".toml"


def starter_text(name: str, language: Language) -> str:
    """The starter scenario with this title."""
    text = files("kiban.report").joinpath(f"starter_{language}.toml").read_text(encoding="utf-8")
    return text.replace('"{name}"', json.dumps(name, ensure_ascii=False))


def write_starter(name: str, language: Language) -> Path:
    """Write the starter scenario to a new file `NAME.toml`; `OutputError` where the name is taken or cannot be."""
    path = Path(name)
    if path.suffix != SUFFIX:
        path = path.with_name(f"{path.name}{SUFFIX}")
    try:
        return write_whole(path, starter_text(path.stem, language).encode("utf-8"))
    except FileExistsError:
        code = "output.is_folder" if path.is_dir() else "output.kept"
        raise OutputError(Problem(code, str(path), free=str(_free(path)))) from None
    except OSError as error:
        reason = reason_of(error)
        raise OutputError(Problem("output.unwritable", str(path), remedy="output.elsewhere", reason=reason)) from None


def _free(path: Path) -> Path:
    number = 2
    while path.with_name(f"{path.stem}-{number}{SUFFIX}").exists():
        number += 1
    return path.with_name(f"{path.stem}-{number}{SUFFIX}")
