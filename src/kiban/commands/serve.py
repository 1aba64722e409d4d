"""`kiban serve`: the web pages and the API on this machine, and the tokens of those who may ask from elsewhere."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kiban.commands.terminal import Lang, choose_language, complain, write

if TYPE_CHECKING:
    from kiban.server.settings import Settings
    from kiban.server.store import Store

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder for plans and jobs; default: KIBAN_DATA or the user's own."),
]
Database = Annotated[
    str, typer.Option("--database", metavar="URL", envvar="KIBAN_DATABASE", help="PostgreSQL instead of the folder.")
]

serve_app = typer.Typer(help="Serve the web pages and the API.", add_completion=False)
token_app = typer.Typer(help="Tokens of those who may ask from other machines.", add_completion=False)
serve_app.add_typer(token_app, name="token")


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
    lang: Lang = None,
) -> None:
    """Serve the web pages and the API on this machine; Ctrl+C ends it."""
    if context.invoked_subcommand is not None:
        return
    from kiban.server.running import run

    settings = _settings(data, database, host=host, port=port, workers=workers, online=online, hosts=tuple(name or ()))
    run(settings, choose_language(lang), complain)


@token_app.command("add")
def add_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is for.")],
    role: Annotated[
        Literal["viewer", "planner", "admin"],
        typer.Option(help="viewer reads, planner also plans, admin also sees the audit log."),
    ] = "viewer",
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Make a token and print it once."""
    from kiban.errors import OutputError, Problem
    from kiban.report.phrases import phrase
    from kiban.server.access import digest_of, make_token

    language, token = choose_language(lang), make_token()
    with closing(_opened(data, database)) as store:
        if not name.strip() or len(name) > 80 or not store.add_token(name, role, digest_of(token)):
            raise OutputError(Problem("command.token_taken", remedy="conflict", name=name))
    complain(phrase("serve.token", language, name=name, role=role))
    write(f"{token}\n")


@token_app.command("list")
def list_command(data: Data = None, database: Database = "", lang: Lang = None) -> None:
    """List the tokens by name and role."""
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    with closing(_opened(data, database)) as store:
        rows = store.list_tokens()
    if not rows:
        complain(phrase("serve.token_none", language))
    write("".join(f"{row['name']}\t{row['role']}\n" for row in rows))


@token_app.command("remove")
def remove_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is.")],
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Withdraw a token at once."""
    from kiban.errors import OutputError, Problem
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    with closing(_opened(data, database)) as store:
        if not store.remove_token(name):
            raise OutputError(Problem("command.token_unknown", name=name))
    write(phrase("serve.token_removed", language, name=name) + "\n")


def _settings(data: Path | None, database: str, **others: object) -> Settings:
    from kiban.server.settings import Settings, default_data_folder

    folder = data if data is not None else default_data_folder()
    return Settings(data=folder.absolute(), database=database, **others)  # type: ignore[arg-type]


def _opened(data: Path | None, database: str) -> Store:
    from kiban.server.store import Store

    return Store(_settings(data, database).database_url)
