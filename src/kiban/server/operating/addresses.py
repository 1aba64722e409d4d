"""The service over HTTP: metrics and health for everyone who reaches it, orders for who has the token.

GET  /metrics    for Prometheus
GET  /health     200 while the window decides, 503 and why while something else does
GET  /limit      the limit that holds
POST /override   {"who", "why", "ends", "flexible_mw"}
POST /call       {"id", "who", "begins", "ends", "import_limit_mw"}
POST /dsx        a load target of DSX Flex
GET  /dsx        the state of the campus as DSX Flex has it
"""

from __future__ import annotations

import hmac
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from kiban.errors import InputError, Problem
from kiban.operation.live.orders import read_order
from kiban.operation.live.record import limit_content
from kiban.quantities import Language
from kiban.report.messages import say_problem
from kiban.server.operating.dsx_flex import MESSAGE_TYPE, calls_of, status_of
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.service import Service

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

MOST_ORDER_BYTES: Final = 16_384
DECIDING_WELL: Final = ("window", "call", "override")


def make_addresses(service: Service, gauges: Gauges, token: str | None, language: Language) -> Starlette:
    """The application; without a `token` no orders are taken."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    def refuse(status: int, *problems: Problem) -> Response:
        said = [say_problem(problem, language) for problem in problems]
        return JSONResponse({"problems": said, "codes": [problem.code for problem in problems]}, status)

    def metrics(_: Request) -> Response:
        return Response(gauges.text(service), media_type="text/plain; version=0.0.4; charset=utf-8")

    def health(_: Request) -> Response:
        found = describe(service, language)
        return JSONResponse(found, 200 if found["state"] == "good" else 503)

    def limit(_: Request) -> Response:
        if service.limit is None or service.limit.expires <= service.clock.now():
            return JSONResponse(None)
        return JSONResponse(limit_content(service.limit))

    async def order(request: Request) -> Response:
        if token is None:
            return refuse(403, Problem("order.no_token"))
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode("utf-8"), token.encode("utf-8")):
            return refuse(401, Problem("order.wrong_token"))
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_ORDER_BYTES:
                return refuse(413, Problem("order.too_long", most=MOST_ORDER_BYTES))
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            return refuse(422, Problem("order.not_json"))
        path, now = request.url.path.strip("/"), service.clock.now()
        try:
            dsx = path == "dsx"
            found = calls_of(content, now, service.calls) if dsx else (read_order(path, content, now),)
        except InputError as error:
            return refuse(422, *error.problems)
        for one in found:
            # The scheduler may take its time; the loop of this server goes on meanwhile.
            await _in_thread(service.order, one)
            gauges.count_order(one)
        return limit(request)

    def state(_: Request) -> Response:
        return JSONResponse(status_of(service), media_type=MESSAGE_TYPE)

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/health", health),
            Route("/limit", limit),
            Route("/override", order, methods=["POST"]),
            Route("/call", order, methods=["POST"]),
            Route("/dsx", order, methods=["POST"]),
            Route("/dsx", state),
        ]
    )


def describe(service: Service, language: Language) -> dict[str, Any]:
    """How the service is: what decides, what is missing and why, each fault with its sentence."""
    now = service.clock.now()
    possible = (
        service.source_fault,
        service.scheduler_fault,
        service.forecast_fault,
        *service.caller_faults.values(),
    )
    faults = [fault for fault in possible if fault is not None]
    last, issued = service.last, service.steering.issued
    decided = last is not None and last.decision.limit.reason in DECIDING_WELL
    return {
        "state": "good" if decided and not faults else "degraded",
        "reason": None if last is None else last.decision.limit.reason,
        "missing": [] if last is None else list(last.decision.missing),
        "forecast": None if issued is None else {"name": issued.name, "version": issued.version},
        "faults": [{"code": fault.code, "sentence": say_problem(fault, language)} for fault in faults],
        "decision_age_seconds": None if last is None else (now - last.at).total_seconds(),
        "data_age_seconds": service.steering.telemetry.age(now).total_seconds(),
    }


async def _in_thread(call: Any, *arguments: Any) -> Any:
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(call, *arguments)


class Listener:
    """A server for the addresses, in a thread of its own."""

    def __init__(self, application: Starlette, listener: socket.socket) -> None:
        import uvicorn

        config = uvicorn.Config(application, access_log=False, log_config=None, server_header=False)
        self._server: uvicorn.Server = uvicorn.Server(config)
        self._socket = listener
        self.port: int = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.should_exit = True
        self._thread.join(timeout=5.0)
        self._socket.close()
