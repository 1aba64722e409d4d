"""JSON from a web service: time limits, retries with growing pauses, and a cache on disk."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.errors import Problem, WeatherError, reason_of
from kiban.messages import Message
from kiban.weather.textfile import MAX_FILE_BYTES
from kiban.whole_files import write_whole

if TYPE_CHECKING:
    import httpx

LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the service's name for messages, address, query, and the name of its cache file."""

    service: str
    url: str
    query: Mapping[str, str]
    label: str

    @property
    def cache_name(self) -> str:
        """File name that is unique to the address and the query."""
        asked = json.dumps([self.url, sorted(self.query.items())])
        return f"{self.label}_{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for one answer, how often to try again, and the first pause (doubled each time)."""

    timeout_s: float
    retries: int
    pause_s: float


def fetch_json(
    request: Request, cache_dir: str | Path, patience: Patience, accept: Callable[[Any], None]
) -> tuple[Any, tuple[Message, ...]]:
    """The service's answer, from the cache if it is there, and notes on what must be said about it.

    `accept` raises `WeatherError` for an answer that cannot be used; only accepted answers are cached. A
    cached answer that is damaged is fetched again, and noted.

    Raises `WeatherError` with one sentence: no network, no answer in time, refusal by the service (in its
    own words), an answer that is not JSON or not complete, a cache folder that cannot be written.
    """
    file = Path(cache_dir) / request.cache_name
    notes: tuple[Message, ...] = ()
    if file.exists():
        try:
            answer = _load(file)
            accept(answer)
        except (OSError, ValueError, KeyError, TypeError, WeatherError):
            notes = (Message("note.cache_damaged", title=request.service, file=file.name),)
        else:
            return answer, ()
    body = _download(request, patience)
    answer = _decode(body, request)
    accept(answer)
    _store(file, body.decode("utf-8"), request)
    return answer, notes


def ask_json(request: Request, patience: Patience) -> Any:
    """The service's answer of now, which is not kept; raises as `fetch_json` does."""
    return _decode(_download(request, patience), request)


def _decode(body: bytes, request: Request) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        shown = body[:60].decode("utf-8", "replace").strip().replace("\n", " ")
        raise WeatherError(Problem("online.not_json", request.service, remedy="online.later", text=shown)) from error


def _load(file: Path) -> Any:
    """The cached answer; ValueError if its checksum does not hold."""
    held = json.loads(file.read_text(encoding="utf-8"))
    body = held["body"]
    if hashlib.sha256(body.encode()).hexdigest() != held["sha256"]:
        raise ValueError("checksum")
    return json.loads(body)


def _store(file: Path, body: str, request: Request) -> None:
    """Keep the answer in the cache."""
    held = {
        "url": request.url,
        "query": dict(request.query),
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "body": body,
    }
    content = json.dumps(held, ensure_ascii=False).encode("utf-8")
    try:
        write_whole(file, content, replace=True, make_parents=True)
    except OSError as error:
        raise WeatherError(Problem("online.cache", str(file.parent), reason=reason_of(error))) from error


def _download(request: Request, patience: Patience) -> bytes:
    """Body of the answer after at most `retries` further tries; only passing faults are tried again."""
    import httpx

    tries = patience.retries + 1
    asked = {"tries": Message("online.tries", count=tries) if tries > 1 else ""}
    problem: Problem | None = None
    for number in range(tries):
        pause_s = patience.pause_s * 2.0**number
        try:
            status, asked_pause_s, body = _ask(request, patience.timeout_s)
        except httpx.TimeoutException:
            problem = Problem("online.timeout", request.service, values=asked, seconds=patience.timeout_s)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            problem = Problem("online.unreachable", request.service, values=asked, address=request.url, reason=reason)
        except httpx.InvalidURL as error:
            raise WeatherError(Problem("online.address", request.service, address=request.url)) from error
        else:
            if status == HTTPStatus.OK:
                return body
            said = {"status": f"{status}{_reason(status)}", "reason": explain(body) or Message("online.no_reason")}
            if status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS:
                raise WeatherError(Problem("online.refused", request.service, values=said))
            problem = Problem("online.busy", request.service, values={**said, **asked})
            pause_s = max(pause_s, asked_pause_s)
        if number < tries - 1:
            time.sleep(min(pause_s, LONGEST_PAUSE_S))
    assert problem is not None
    raise WeatherError(problem)


def _ask(request: Request, timeout_s: float) -> tuple[int, float, bytes]:
    """Status, pause that the service asks for, and body. The time limit holds for the whole answer."""
    import httpx

    begun = time.monotonic()
    parts: list[bytes] = []
    size = 0
    with (
        httpx.Client(timeout=timeout_s, follow_redirects=True, headers={"User-Agent": "kiban"}) as client,
        client.stream("GET", request.url, params=dict(request.query)) as response,
    ):
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if time.monotonic() - begun > timeout_s:
                raise httpx.ReadTimeout("the answer takes too long")
            if size > MAX_FILE_BYTES:
                raise WeatherError(Problem("online.too_big", request.service, most=MAX_FILE_BYTES / 1e6))
        return response.status_code, _retry_after_s(response), b"".join(parts)


def _retry_after_s(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if re.fullmatch(r"\d{1,4}", asked) else 0.0


def _reason(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def explain(body: bytes) -> str:
    """The reason in a service's error body, in one line.

    Open-Meteo: `{"error": true, "reason": ...}`; NASA POWER: `{"header": ..., "messages": [...]}` or
    `{"detail": ...}`; PVGIS: `{"message": ..., "status": 400}`. Otherwise the text without HTML tags,
    which may be empty.
    """
    text = body.decode("utf-8", "replace")
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if isinstance(held, dict):
        for key in ("reason", "messages", "message", "detail", "header"):
            said = held.get(key)
            if said:
                lines = said if isinstance(said, list) else [said]
                unique = dict.fromkeys(str(line.get("msg", line) if isinstance(line, dict) else line) for line in lines)
                return _one_line("; ".join(unique))
    return _one_line(re.sub(r"<[^>]*>", " ", text))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return (line[:297] + "..." if len(line) > 300 else line).rstrip(".")
