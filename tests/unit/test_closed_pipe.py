"""`kiban ... | head`: whatever the command, it ends as it does for a patient reader, and quietly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.unit.test_cli import QUICK

import kiban
from kiban.cli import app

ASKED = {
    "build": ("build quick.toml", "build quick.toml --json"),
    "check": ("check quick.toml",),
    "schema": ("schema", "schema --national"),
    "init": ("init",),
    "sites": ("sites", "sites inzai"),
    "sources": ("sources", "sources battery"),
    "pay": ("pay quick.toml --package nothing",),
    "compare": ("compare nothing",),
    "sweep": ("sweep quick.toml --over nothing",),
    "what-is": ("what-is 1000myen", "what-is 1000myen --json"),
    "race": ("race quick.toml",),
    "run": ("run quick.toml",),
    "connect": (),
    "impact": ("impact --load 5 --area tokyo --fast", "impact --load 5 --area tokyo --fast --json"),
    "economy": ("economy quick.toml --prefecture Akita", "economy quick.toml --prefecture Akita --json"),
    "why": ("why nothing quick.toml", "why costs.pv quick.toml", "why costs.pv quick.toml --json"),
    "growth": ("growth", "growth --json"),
    "key": (),
    "sign": ("sign quick.toml --key nothing",),
    "verify": ("verify quick.toml --public nothing",),
    "reproduce": ("reproduce nothing",),
    "outages": (),
    "levers": (),
    "offers": (),
    "bundle": (),
    "operate": (),
    "replay": (),
    "forecast train": (),
    "forecast score": (),
    "forecast promote": (),
    "forecast list": ("forecast list --register empty",),
    "frontier": ("frontier quick.toml --points 2", "frontier quick.toml --points 2 --json"),
    "report": ("report nothing",),
    "serve": (),
    "serve purge": (),
    "serve token add": (),
    "serve token list": ("serve token list --data empty",),
    "serve token remove": (),
    "serve session list": ("serve session list --data empty",),
    "serve session end": (),
    "audit verify": ("audit verify --copy nothing",),
    "audit head": ("audit head --data empty",),
    "audit export": ("audit export --data empty",),
}
"""What is asked of each command beside its help: what is answered, or refused, in a moment."""
DRIVER = """
import json, os, sys
# What commands import, once for all of them.
import holidays, pandas, pydantic, pyarrow, rich.console, sqlalchemy, typer.main, typer.rich_utils
import kiban.planning.building, kiban.planning.frontier, kiban.report.plan.frontier, kiban.report.plan.terminal
import kiban.finance.on_others, kiban.operation.running, kiban.server.sessions
from kiban.cli import app, main

# All commands are put together once as well.
together = typer.main.get_command(app)
typer.main.get_command = lambda _: together

def run(words, out, errors):
    child = os.fork()
    if child == 0:
        os.dup2(out, 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.argv, code = ["kiban", *words.split()], 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        try:
            sys.stdout.flush()
        except OSError:
            code = 120  # as Python itself at its end
        sys.stderr.flush()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

told = {}
for words in json.load(sys.stdin):
    patient, length = 0, 1
    if not words.endswith(("--help", "--version", "init")):  # what is written once is not written again
        patient = run(words, os.open("out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "errors")
        length = os.path.getsize("out")
    reading, writing = os.pipe()
    os.close(reading)
    gone = run(words, writing, "errors")
    os.close(writing)
    told[words] = [length, patient, gone, open("errors").read()]
json.dump(told, sys.stdout)
"""


def commands(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        if not hasattr(command, "commands") or command.invoke_without_command:
            yield f"{before}{name}"


def test_every_command_is_asked() -> None:
    assert sorted(commands(typer.main.get_command(app))) == sorted(ASKED)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_reader_that_goes_away_is_no_error_for_any_command(tmp_path: Path) -> None:
    (tmp_path / "quick.toml").write_text(QUICK)
    words = [
        "--version",
        "--help",
        *(f"{name} --help" for name in ASKED),
        *(w for asked in ASKED.values() for w in asked),
    ]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(kiban.__file__).parents[1]), "HOME": str(tmp_path), "PATH": ""},
    )
    told = json.loads(done.stdout)
    wrong = {word: said for word, said in told.items() if said[1] != said[2] or "Pipe" in said[3] or "fault" in said[3]}
    assert wrong == {}
    answered = ("build", "check", "schema", "sites", "sources", "what-is", "frontier")
    assert {word for word in told if word.startswith(answered) and told[word][0] == 0} == set()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="handles are closed in another way")
@pytest.mark.parametrize(("closed", "words", "code"), [((1,), "sites inzai", 0), ((1, 2), "check nothing", 2)])
def test_what_was_closed_before_the_start_takes_nothing_and_is_no_error(
    closed: tuple[int, ...], words: str, code: int, tmp_path: Path
) -> None:
    """`kiban ... >&-`, as some schedulers and `nohup` start a program."""
    begin = "from kiban.cli import main; main()"
    shut = " ".join(f"{number}>&-" for number in closed)
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "{begin}" {words} {shut}', sys.executable],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(kiban.__file__).parents[1]), "HOME": str(tmp_path), "PATH": ""},
    )
    assert (done.returncode, done.stderr) == (code, "")
