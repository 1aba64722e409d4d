"""What no file of the tree may hold, and what the command line says of itself."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

import kiban.cli

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "docs", "scenarios", "scripts", "bench", "deploy", "web/src")
TEXT = frozenset({".py", ".toml", ".md", ".csv", ".ts", ".svelte", ".hpp", ".cpp", ".json", ".txt"})
MARK = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


def test_no_file_holds_the_marks_of_an_unfinished_merge() -> None:
    files = [*ROOT.glob("*.*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    found = [path for path in files if path.suffix in TEXT and MARK.search(path.read_text(encoding="utf-8"))]
    assert found == []
    assert MARK.search("text\n" + "<" * 7 + " HEAD\n")


def test_the_command_line_names_all_its_commands() -> None:
    named = re.search(r"`kiban ([^`]*)`", kiban.cli.__doc__ or "")
    assert named is not None
    group = typer.main.get_command(kiban.cli.app)
    assert set(re.split(r"[\s|]+", named[1])) == set(group.commands)  # type: ignore[attr-defined]
