"""The parts of a running server, and how an address gets hold of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response

from kiban.server.access import Caller, Role, identify, require
from kiban.server.answers import Answers
from kiban.server.audit import AuditLog
from kiban.server.oidc import SignIn
from kiban.server.problems import render
from kiban.server.settings import Settings
from kiban.server.store import Store
from kiban.server.supervisor import Supervisor

if TYPE_CHECKING:
    from kiban.server.live_operation import JournalFollower


@dataclass(frozen=True, slots=True)
class Service:
    """What all addresses share."""

    settings: Settings
    store: Store
    answers: Answers
    supervisor: Supervisor
    audit: AuditLog
    sign_in: SignIn | None
    """The way in by a provider of identities, where the server has one."""
    live: JournalFollower | None = None
    """The journal of a campus that is operated, where the server follows one."""


class Json(JSONResponse):
    """JSON as it is: Japanese text unescaped, no NaN."""

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return render(content)


def service_of(request: Request) -> Service:
    """The server that the request has reached."""
    found: Service = request.app.state.service
    return found


ServiceOf = Annotated[Service, Depends(service_of)]


def _caller_with(role: Role) -> Any:
    def find(request: Request) -> Caller:
        service = service_of(request)
        caller = identify(request, service.settings, service.store)
        request.state.caller = caller
        require(caller, role)
        return caller

    return Depends(find)


Viewer = Annotated[Caller, _caller_with("viewer")]
Planner = Annotated[Caller, _caller_with("planner")]
Admin = Annotated[Caller, _caller_with("admin")]


def number(content: Mapping[str, Any], session: str, sequence: int | None) -> dict[str, Any]:
    """An answer with the number of its question."""
    return {"session": session, "sequence": sequence, **content}


def attachment(content: bytes, media_type: str, name: str) -> Response:
    """A file to be saved."""
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})
