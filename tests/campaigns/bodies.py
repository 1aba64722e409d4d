"""Random requests for a server: questions with hostile values, torn JSON, and headers that nobody should send."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.campaigns.inputs import KEYS, hostile_value, schema_of

ADDRESSES = ("check", "plans", "pay", "compare", "sweep", "national", "session")
PLAIN_KEYS = (
    *("scenario", "toml", "example", "plan", "changes", "packages", "mode", "session", "sequence", "cooling"),
    *("package", "rate", "rates", "against", "downside", "base", "others", "causes", "key", "values", "study", "token"),
)
HEADERS = (("host", "[::1"), ("origin", "http://["), ("origin", "null"), ("content-type", "text/plain"),
           ("accept", "\x7f"), ("cookie", "kiban_token=" + "a" * 3_000), ("authorization", "Bearer \xff"),
           ("x-a", "b" * 7_000), ("content-type", "application/json; charset=x"), ("session", "x"))  # fmt: skip
WEEK = {"time.first_hour": 4704, "time.hours": 24}


def draw_question(dice: random.Random) -> dict[str, Any]:
    """A question that is mostly right, with some of its keys set to what they should not be."""
    asked: dict[str, Any] = {
        "example": "tomakomai",
        "changes": dict(WEEK),
        "mode": "instant",
        "sequence": 1,
        "session": "s",
    }
    sections = [name for name, inner in schema_of("scenario")["properties"].items() if "$ref" in inner]
    for _ in range(dice.choice((0, 0, 1, 2))):
        section = dice.choice(sections)
        inner = schema_of("scenario")["properties"][section]["$ref"].rsplit("/", 1)[-1]
        keys = list(schema_of("scenario")["$defs"][inner].get("properties", {})) or ["x"]
        asked["changes"][f"{section}.{dice.choice(keys)}"] = hostile_value(dice)
    for _ in range(dice.choice((0, 0, 1, 2))):
        asked[dice.choice((*PLAIN_KEYS, *KEYS))] = hostile_value(dice)
    if dice.random() < 0.2:
        asked["toml"] = dice.choice(
            ("51", "a.b.c = 1", "a = nan", ".".join(["a"] * 500) + " = 1", "[" * 300, "x = 0x" + "f" * 5_000)
        )
        asked.pop("example", None)
    return asked


def draw_request(dice: random.Random) -> tuple[str, str, bytes, dict[str, str]]:
    """Method, address, body and headers."""
    address = dice.choice(ADDRESSES)
    question: Any = draw_question(dice)
    if address == "compare":
        question = {
            "base": question,
            "others": [draw_question(dice)],
            "causes": False,
            "sequence": question.get("sequence"),
        }
    elif address == "sweep":
        question |= {"key": "target.clean_share", "values": [dice.choice((0.5, 1, 2, -1, 1e300))]}
    elif address == "national":
        question = {"study": {"national": {"name": "x"}, "tranche": [], dice.choice(KEYS): hostile_value(dice)}}
    if dice.random() < 0.05:
        question = hostile_value(dice)
    text = json.dumps(question, default=str)  # NaN and Infinity as Python writes them
    if dice.random() < 0.1:
        place = dice.randrange(len(text) + 1)
        text = (
            text[:place]
            + dice.choice(("NaN", "1e999", '"', "{", "[" * 2_000, "\\ud800", "9" * 5_000))
            + text[place + 1 :]
        )
    headers = {"content-type": "application/json"}
    if dice.random() < 0.05:
        name, value = dice.choice(HEADERS)
        headers[name] = value
    method = "POST" if dice.random() < 0.97 else dice.choice(("PUT", "GET", "DELETE", "PATCH", "HEAD"))
    return method, f"/api/v1/{address}", text.encode("utf-8", "replace"), headers
