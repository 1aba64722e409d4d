"""Calls of the grid by OpenADR 3: an event of a server (VTN) becomes a call, and the offer is reported to it.

A call is an `IMPORT_CAPACITY_LIMIT`: the most that the site may import in an interval. Other payloads (prices, alerts)
are no calls and are left alone. What could be given up is reported as `LOAD_SHED_DELTA_AVAILABLE`.

Objects and addresses as in the published OpenAPI description of OpenADR 3.0.1 (`/auth/token`, `/programs`, `/events`,
`/reports`); 3.1 has the same of these but for where a token comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from kiban.errors import Problem
from kiban.operation.live.offering import Offer
from kiban.operation.live.orders import Call
from kiban.server.operating.schedulers import SchedulerAwayError

if TYPE_CHECKING:
    import httpx

CALLING: Final = "IMPORT_CAPACITY_LIMIT"
OFFERING: Final = "LOAD_SHED_DELTA_AVAILABLE"
MW_OF_UNIT: Final[Mapping[str, float]] = {"W": 1e-6, "KW": 1e-3, "MW": 1.0}
PAGE: Final = 50
MOST_EVENTS: Final = 1000
ANSWER_SECONDS: Final = 5.0
DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


@dataclass(frozen=True, slots=True)
class Connection:
    """The VTN at `address` (`https://vtn.example/openadr3/3.0.1`), and as whom it is asked."""

    address: str
    client: str
    secret: str
    program: str
    """Name of the programme of the VTN in which the campus takes part."""
    transport: httpx.BaseTransport | None = None


class OpenAdr:
    """A client (VEN) of one programme; every method raises `SchedulerAwayError` where the VTN is away or refuses."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.token: str | None = None
        self.asking: tuple[str, ...] = ()
        """Events, as they were last heard, that ask for a report of what can be given up."""

    def calls(self, now: datetime) -> tuple[tuple[Call, ...], tuple[Problem, ...]]:
        """Calls of the programme that have not ended, the first first, and why others were not understood."""
        found: list[Call] = []
        problems: list[Problem] = []
        asking = []
        for event in self._pages("/events", {"programID": self._program()}):
            asked = (one.get("payloadType") for one in event.get("reportDescriptors") or [])
            if OFFERING in asked and event.get("id"):
                asking.append(str(event["id"]))
            try:
                found += [call for call in calls_of(event, who=self.connection.program, now=now) if call.ends > now]
            except SchedulerAwayError as error:
                problems.append(error.problem)
        self.asking = tuple(asking)
        return tuple(sorted(found, key=lambda call: (call.begins, call.id))), tuple(problems)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Report what can be given up to each event that asks for it."""
        for event in self.asking:
            self.report(offers, event=event, client="kiban", resource="campus")

    def report(self, offers: Sequence[Offer], *, event: str, client: str, resource: str) -> None:
        """Report what a campus can give up, for the event that asks for it."""
        content = report_of(offers, program=self._program(), event=event, client=client, resource=resource)
        self._ask("POST", "/reports", content=content)

    def _program(self) -> str:
        for program in self._pages("/programs", {}):
            if program.get("programName") == self.connection.program:
                return str(program["id"])
        raise SchedulerAwayError(Problem("openadr.no_program", self.connection.address, name=self.connection.program))

    def _pages(self, address: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        for skip in range(0, MOST_EVENTS, PAGE):
            page = self._ask("GET", address, asked={**asked, "skip": str(skip), "limit": str(PAGE)})
            yield from page
            if len(page) < PAGE:
                return

    def _ask(
        self, method: str, address: str, *, asked: Mapping[str, str] | None = None, content: Any = None
    ) -> list[Mapping[str, Any]]:
        """The answer as a list of objects; a token that has expired is renewed once."""
        import httpx

        place = self.connection.address
        try:
            with httpx.Client(
                base_url=place, timeout=ANSWER_SECONDS, transport=self.connection.transport, trust_env=False
            ) as client:
                for fresh in (self.token is None, True):
                    if fresh:
                        self.token = self._token(client)
                    headers = {"Authorization": f"Bearer {self.token}"}
                    answer = client.request(method, address, params=asked, json=content, headers=headers)
                    if answer.status_code != httpx.codes.UNAUTHORIZED:
                        break
                answer.raise_for_status()
                found = answer.json()
        except httpx.HTTPStatusError as error:
            raise SchedulerAwayError(
                Problem("openadr.refused", place, address=address, status=error.response.status_code)
            ) from None
        except (httpx.HTTPError, OSError):
            raise SchedulerAwayError(Problem("handover.away", place, seconds=f"{ANSWER_SECONDS:g}")) from None
        except ValueError:
            raise SchedulerAwayError(Problem("openadr.unreadable", place, address=address)) from None
        return found if isinstance(found, list) else [found]

    def _token(self, client: httpx.Client) -> str:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self.connection.client,
            "client_secret": self.connection.secret,
        }
        answer = client.post("/auth/token", data=asked)
        answer.raise_for_status()
        return str(answer.json().get("access_token", ""))


def calls_of(event: Mapping[str, Any], *, who: str, now: datetime) -> Iterator[Call]:
    """The calls among the intervals of an event of OpenADR 3.

    An interval begins where its own `intervalPeriod` or the event's says, or where the interval before it ends. Raises
    `SchedulerAwayError` for a call that cannot be understood: without a start or an end, or in an unknown unit.
    """
    name = str(event.get("id") or event.get("eventName") or "")
    units = {one.get("payloadType"): one.get("units") for one in event.get("payloadDescriptors") or []}
    whole = event.get("intervalPeriod") or {}
    follows: datetime | None = None
    for number, interval in enumerate(event.get("intervals") or []):
        period = interval.get("intervalPeriod") or {}
        start = period.get("start") or (follows is None and whole.get("start"))
        length = _duration(period.get("duration") or whole.get("duration"))
        begins = _moment(start, now) if start else follows
        follows = None if begins is None or length is None else begins + length
        for payload in interval.get("payloads") or []:
            if payload.get("type") != CALLING:
                continue
            unit = str(units.get(CALLING) or "KW").upper()
            values = payload.get("values") or []
            if begins is None or not length or unit not in MW_OF_UNIT or len(values) != 1:
                raise SchedulerAwayError(Problem("openadr.no_call", "OpenADR", event=name, number=number + 1))
            try:
                limit_mw = float(values[0]) * MW_OF_UNIT[unit]
            except (TypeError, ValueError):
                limit_mw = -1.0
            if not 0.0 <= limit_mw < float("inf"):
                raise SchedulerAwayError(Problem("openadr.no_call", "OpenADR", event=name, number=number + 1))
            yield Call(f"{name}/{interval.get('id', number)}", who, begins, begins + length, limit_mw)


def report_of(
    offers: Iterable[Offer], *, program: str, event: str, client: str, resource: str
) -> dict[str, Any]:  # fmt: skip
    """A report of what can be given up, as OpenADR 3 wants it; in kW."""
    intervals = [
        {
            "id": number,
            "intervalPeriod": {
                "start": offer.begins.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "duration": f"PT{round((offer.ends - offer.begins).total_seconds())}S",
            },
            "payloads": [{"type": OFFERING, "values": [round(1000.0 * offer.reduction_mw, 3)]}],
        }
        for number, offer in enumerate(offers)
    ]
    return {
        "objectType": "REPORT",
        "programID": program,
        "eventID": event,
        "clientName": client,
        "reportName": "offer",
        "payloadDescriptors": [{"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": OFFERING, "units": "KW"}],
        "resources": [{"resourceName": resource, "intervals": intervals}],
    }


def _moment(text: str, now: datetime) -> datetime | None:
    """A time; OpenADR writes "now" as a time of the year 0."""
    if text.startswith("0000-"):
        return now
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _duration(text: str | None) -> timedelta | None:
    """A duration of ISO 8601 in weeks or less; None for any other."""
    found = DURATION.fullmatch(text or "")
    if found is None or not any(found.groupdict().values()):
        return None
    return timedelta(**{name: float(value) for name, value in found.groupdict().items() if value})
