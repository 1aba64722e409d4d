"""`kiban serve`: the web pages and the API on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kiban.commands import access
from kiban.commands.access import Data, Database, make_settings
from kiban.commands.terminal import Lang, choose_language, complain
from kiban.errors import OutputError, Problem

serve_app = typer.Typer(help="Serve the web pages and the API.", add_completion=False)
access.register(serve_app)


def register(app: typer.Typer) -> None:
    """Add `kiban serve` to the command line."""
    app.add_typer(serve_app, name="serve")


@serve_app.callback(invoke_without_command=True)
def serve_command(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to bind to; others than this need tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8765,
    data: Data = None,
    database: Database = "",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes for jobs.")] = 1,
    online: Annotated[bool, typer.Option("--online", help="Let scenarios fetch weather from online services.")] = False,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="Name by which a proxy asks; repeatable; needs tokens.")
    ] = None,
    token: Annotated[
        bool, typer.Option("--token", help="Need tokens on this machine too, where several people use it.")
    ] = False,
    oidc: Annotated[
        Path | None,
        typer.Option("--oidc", metavar="FILE", help="Sign people in with the OpenID Connect provider in this file."),
    ] = None,
    operate: Annotated[
        Path | None,
        typer.Option("--operate", metavar="JOURNAL", help="Show what `kiban operate` writes to this journal, live."),
    ] = None,
    session_hours: Annotated[
        float, typer.Option(min=0.1, max=168, help="Hours that a browser stays signed in.")
    ] = 12.0,
    lang: Lang = None,
) -> None:
    """Serve the web pages and the API on this machine; Ctrl+C ends it."""
    if context.invoked_subcommand is not None:
        return
    from kiban.server.running import run

    provider = None
    if oidc is not None:
        from kiban.server.provider_file import read_provider

        provider = read_provider(oidc)
    settings = make_settings(
        data,
        database,
        host=host,
        port=port,
        workers=workers,
        online=online,
        hosts=tuple(name or ()),
        token=token,
        oidc=provider,
        operate=operate,
        session_hours=session_hours,
    )
    if operate is not None and not settings.is_loopback:
        raise OutputError(Problem("serve.operate_open", key="--operate"))
    run(settings, choose_language(lang), complain)
