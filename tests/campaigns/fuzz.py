"""Fuzz: random and hostile inputs for every reader, in process and over HTTP on the loopback address only.

    python tests/campaigns/fuzz.py --inputs 77000 --http 6000 --seed 1

prints for each target how many inputs were accepted and refused, and how many ended in a traceback, hung, or were
answered with 500; the goal is 0 of these. What fails is shown with its place, once for each place, and the whole
campaign can be repeated by its seed. Exit code 1 where anything failed.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.campaigns.inputs import (  # noqa: E402
    KEYS,
    bases,
    draw_assumption,
    draw_valid,
    hostile_value,
    mutate,
    schema_of,
)

import kiban  # noqa: E402
from kiban.errors import KibanError  # noqa: E402
from kiban.scenario.bounds import load_toml  # noqa: E402
from kiban.scenario.file import parse_scenario  # noqa: E402
from kiban.scenario.national_file import parse_national  # noqa: E402
from kiban.scenario.package import parse_package  # noqa: E402

HANG_SECONDS = 20.0
"""Of processor time, for one input."""
LONGEST_SHOWN = 2_000
SHARES: Mapping[str, float] = {
    "scenario": 0.26,
    "inside": 0.08,
    "build": 0.06,
    "national": 0.26,
    "package": 0.2,
    "toml": 0.06,
    "weather": 0.08,
}
"""What each target gets of the inputs in process, as in the audit that found sixteen places."""


class HangError(BaseException):
    """An input took more than `HANG_SECONDS`; no `except Exception` of what is tried catches it."""


@dataclass
class Tally:
    """What happened to the inputs of one target."""

    target: str
    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    """The first input of each place that failed."""
    seconds: float = 0.0

    def fail(self, what: str, place: str, asked: object) -> None:
        self.counts[what] += 1
        self.failures.setdefault(f"{what}: {place}", repr(asked)[:LONGEST_SHOWN])

    @property
    def failed(self) -> int:
        return sum(self.counts[what] for what in ("traceback", "hang", "500"))


@contextmanager
def limited_time() -> Iterator[None]:
    """Stop what takes too much of the processor; where the system has no such clock, wait for it."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def run_target(target: str, count: int, seed: int) -> Tally:
    """So many inputs of a target, each from a seed of its own."""
    tally = Tally(target)
    draw, attempt = TARGETS[target]
    begun = time.process_time()
    for number in range(count):
        dice = random.Random(f"{seed} {target} {number}")
        asked = draw(dice)
        try:
            with limited_time(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numbers at the ends of what is allowed may overflow on the way
                attempt(copy.deepcopy(asked))
        except KibanError:
            tally.counts["refused"] += 1
        except HangError:
            tally.fail("hang", f"{target} {number}", asked)
        except Exception as error:
            tally.fail("traceback", place_of_error(error), asked)
        else:
            tally.counts["accepted"] += 1
        tally.counts["inputs"] += 1
    tally.seconds = time.process_time() - begun
    return tally


def place_of_error(error: BaseException) -> str:
    """Type and the last line of kiban on the way to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/kiban/" in frame.filename] or list(frames)
    last = own[-1]
    return f"{type(error).__name__} {last.filename.rsplit('/kiban/', 1)[-1]}:{last.lineno} {str(error)[:120]}"


def draw_scenario(dice: random.Random) -> dict[str, Any]:
    """A worked example with hostile values, unknown keys and assumptions of any size."""
    raw = mutate(copy.deepcopy(dice.choice(bases())), "scenario", dice, lambda schema, name: hostile_value(dice))
    if dice.random() < 0.2:
        raw[dice.choice(KEYS)] = hostile_value(dice)
    if dice.random() < 0.2:
        section = raw.get(dice.choice(list(raw)))
        if isinstance(section, dict):
            section[dice.choice(KEYS)] = hostile_value(dice)
    if dice.random() < 0.1:
        raw["assumptions"] = dict([draw_assumption(dice)])
    return raw


def draw_inside(dice: random.Random) -> dict[str, Any]:
    """A worked example with values that the schema allows, and assumptions."""
    root = schema_of("scenario")
    raw = copy.deepcopy(dice.choice(bases()))
    raw = mutate(raw, "scenario", dice, lambda schema, name: draw_valid(schema, root, dice, name))
    raw["time"] = {"first_hour": 4704, "hours": 24}
    if dice.random() < 0.5:
        raw["assumptions"] = dict([draw_assumption(dice)])
    return raw


def draw_national(dice: random.Random) -> dict[str, Any]:
    root = schema_of("national")
    raw = draw_valid(root, root, dice)
    raw["national"] = {**raw["national"], "sites": None}
    if dice.random() < 0.7:
        raw = mutate(raw, "national", dice, lambda schema, name: hostile_value(dice))
    if dice.random() < 0.1:
        raw["assumptions"] = {draw_assumption(dice)[0]: hostile_value(dice)}
    return raw


def draw_package(dice: random.Random) -> dict[str, Any]:
    root = schema_of("package")
    raw = draw_valid(root, root, dice)
    raw.setdefault("instrument", [{"kind": "tax_credit", "assets": ["chips"], "rate": 0.1}])
    if dice.random() < 0.8:
        raw = mutate(raw, "package", dice, lambda schema, name: hostile_value(dice))
    return raw


def draw_toml(dice: random.Random) -> str:
    """The text of an example with pieces torn out, doubled, and put where they do not belong."""
    text = dice.choice(example_texts())
    pieces = ('"""', "'''", '"', "'", "[[", "]]", "{", "}", ".", "=", "\\", "#", "\n", "\0", "a." * 30, "1e999", "nan",
              "0x" + "f" * 2_000, "1" * 5_000, "[" * 200, "1979-99-99", "\ufeff", "苫")  # fmt: skip
    for _ in range(dice.randint(1, 5)):
        place = dice.randrange(len(text) + 1)
        length = dice.choice((0, 1, 5, 50))
        text = text[:place] + dice.choice((*pieces, text[:200])) + text[place + length :]
    return text


def example_texts() -> list[str]:
    from kiban.scenario.shipped import examples_folder

    return [path.read_text(encoding="utf-8") for path in sorted(examples_folder().glob("**/*.toml"))]


def attempt_check(raw: dict[str, Any]) -> None:
    kiban.check(parse_scenario(raw))


def attempt_build(raw: dict[str, Any]) -> None:
    from kiban.report.plan.document import Circumstances, plan_document
    from kiban.server.packing import pack_plan

    plan = kiban.build(parse_scenario(raw))
    pack_plan(plan, with_hours=True)
    json.dumps(plan_document(plan, Circumstances("p", 0.0, 0.0, "job")), allow_nan=False)


def attempt_toml(text: str) -> None:
    raw = load_toml(text)
    if "national" in raw:
        parse_national(raw, text=text)
    elif "instrument" in raw:
        parse_package(raw, text=text)
    else:
        parse_scenario(raw, text=text)


def attempt_package(raw: dict[str, Any]) -> None:
    from kiban.policy.package_terms import resolve

    resolve([parse_package(raw)], start_year=2027, tax_law="japan")


def draw_bytes(dice: random.Random) -> tuple[str, bytes]:
    from tests.campaigns.weather_files import weather_files

    name, content = dice.choice(list(weather_files().items()))
    torn = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(torn) + 1) if dice.random() < 0.5 else dice.randrange(min(2_000, len(torn)) + 1)
        stretch = torn[place : place + dice.choice((1, 8, 40, 400))]
        kind = dice.randrange(5)
        if kind == 0:
            torn[place : place + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            del torn[place : place + len(stretch)]
        elif kind == 2:
            torn[place:place] = stretch
        elif kind == 3:
            torn[place:place] = dice.choice(
                (b"\x1c", b"nan", b"1e999", b"9" * 50, b",", b"\n", b'"', b"\0", b"\xef\xbc\x91")
            )
        elif dice.random() < 0.2:
            del torn[place:]
    return name, bytes(torn)


def attempt_bytes(asked: tuple[str, bytes]) -> None:
    from tests.campaigns.weather_files import read_weather_file

    name, content = asked
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        read_weather_file(path)


TARGETS: Mapping[str, tuple[Callable[[random.Random], Any], Callable[[Any], None]]] = {
    "scenario": (draw_scenario, attempt_check),
    "inside": (draw_inside, attempt_check),
    "build": (draw_inside, attempt_build),
    "national": (draw_national, lambda raw: parse_national(raw) and None),
    "package": (draw_package, attempt_package),
    "toml": (draw_toml, attempt_toml),
    "weather": (draw_bytes, attempt_bytes),
}


def run_http(count: int, seed: int) -> Tally:
    """So many bodies for the addresses of a server of this process, on the loopback address."""
    import httpx
    from tests.campaigns.bodies import draw_request
    from tests.cases.servers import open_client

    from kiban.server.settings import Settings

    tally = Tally("http")
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder, open_client(Settings(data=Path(folder))) as client:
        client.timeout = httpx.Timeout(3 * HANG_SECONDS)
        for number in range(count):
            dice = random.Random(f"{seed} http {number}")
            method, address, content, headers = draw_request(dice)
            tally.counts["inputs"] += 1
            try:
                sent = {name: value.encode("latin-1") for name, value in headers.items()}
                answer = client.request(method, address, content=content, headers=sent)  # type: ignore[arg-type]
            except httpx.TimeoutException:
                tally.fail("hang", f"{method} {address}", content)
                continue
            except httpx.TransportError:  # the server does not speak with what is no HTTP
                tally.counts["refused"] += 1
                continue
            if answer.status_code == 202:
                client.delete(answer.headers["location"])
            if answer.status_code >= 500:
                tally.fail("500", f"{method} {address} {answer.text[:200]}", (headers, content))
            else:
                tally.counts["accepted" if answer.status_code < 400 else "refused"] += 1
        if client.get("/api/v1/health").status_code != 200:
            tally.fail("hang", "the server is gone", "")
    tally.seconds = time.process_time() - begun
    return tally


def run_campaign(inputs: int, http: int, seed: int, say: Callable[[str], object] = print) -> list[Tally]:
    """The whole campaign; `say` is told of each target as it ends."""
    say(f"seed {seed}: {inputs} inputs in process, {http} over HTTP")
    say(f"{'target':10}" + "".join(f"{name:>11}" for name in COLUMNS) + "  cpu s")
    tallies = []
    for target, share in SHARES.items():
        tallies.append(run_target(target, round(inputs * share), seed))
        say(line_of(tallies[-1]))
    if http:
        tallies.append(run_http(http, seed))
        say(line_of(tallies[-1]))
    for tally in tallies:
        for place, asked in tally.failures.items():
            say(f"\n{tally.target}: {place}\n  {asked}")
    return tallies


COLUMNS = ("inputs", "accepted", "refused", "traceback", "hang", "500")


def line_of(tally: Tally) -> str:
    return f"{tally.target:10}" + "".join(f"{tally.counts[name]:11,}" for name in COLUMNS) + f"  {tally.seconds:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--inputs", type=int, default=77_000)
    parser.add_argument("--http", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    tallies = run_campaign(chosen.inputs, chosen.http, chosen.seed)
    sys.exit(1 if any(tally.failed for tally in tallies) else 0)


if __name__ == "__main__":
    main()
