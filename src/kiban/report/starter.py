"""A commented scenario to start from, in both languages."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from kiban.errors import OutputError, Problem
from kiban.quantities import Language

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
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(starter_text(path.stem, language))
    except FileExistsError:
        code = "output.is_folder" if path.is_dir() else "output.kept"
        raise OutputError(Problem(code, str(path), free=str(_free(path)))) from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OutputError(Problem("output.unwritable", str(path), remedy="output.elsewhere", reason=reason)) from None
    return path


def _free(path: Path) -> Path:
    number = 2
    while path.with_name(f"{path.stem}-{number}{SUFFIX}").exists():
        number += 1
    return path.with_name(f"{path.stem}-{number}{SUFFIX}")
