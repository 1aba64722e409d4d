"""Who may use a server: `kiban serve token`, `kiban serve session` and `kiban serve purge`.

What these change is written to the audit log with the name of the user of this machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kiban.commands.terminal import Lang, choose_language, complain, write
from kiban.quantities import Language

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

token_app = typer.Typer(help="Tokens of those who may ask.", add_completion=False)
session_app = typer.Typer(help="Browsers that are signed in.", add_completion=False)


def register(app: typer.Typer) -> None:
    """Add the commands to `kiban serve`."""
    app.add_typer(token_app, name="token")
    app.add_typer(session_app, name="session")
    app.command("purge")(purge_command)


@token_app.command("add")
def add_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is for.")],
    role: Annotated[
        Literal["viewer", "planner", "admin"],
        typer.Option(help="viewer reads what is shared, planner also plans, admin sees and changes everything."),
    ] = "viewer",
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it expires.")] = 90,
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Make a token and print it once."""
    from kiban.errors import OutputError, Problem
    from kiban.report.phrases import phrase
    from kiban.server.access import digest_of, make_token
    from kiban.server.sessions import add_token, is_nameable

    language, token = choose_language(lang), make_token()
    if not is_nameable(name):
        raise OutputError(Problem("command.token_name", name=name))
    with open_store(data, database) as store:
        if not add_token(store, name, role, digest_of(token), days=days):
            raise OutputError(Problem("command.token_taken", remedy="conflict", name=name))
        _note(store, f"token add --role {role} --days {days}", name)
    complain(phrase("serve.token", language, name=name, role=role))
    write(f"{token}\n")


@token_app.command("list")
def list_command(data: Data = None, database: Database = "", lang: Lang = None) -> None:
    """List the tokens by name and role, and until when they are good."""
    from kiban.report.phrases import phrase
    from kiban.server.sessions import list_tokens

    language = choose_language(lang)
    with open_store(data, database) as store:
        rows = list_tokens(store)
    if not rows:
        complain(phrase("serve.token_none", language))
    write("".join(f"{row['name']}\t{row['role']}\t{_until(row['expires'], language)}\n" for row in rows))


@token_app.command("remove")
def remove_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is.")],
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Withdraw a token at once, and sign out every browser that it signed in."""
    from kiban.errors import OutputError, Problem
    from kiban.report.phrases import phrase
    from kiban.server.sessions import remove_token

    language = choose_language(lang)
    with open_store(data, database) as store:
        if not remove_token(store, name):
            raise OutputError(Problem("command.token_unknown", name=name))
        _note(store, "token remove", name)
    write(phrase("serve.token_removed", language, name=name) + "\n")


@session_app.command("list")
def list_sessions_command(data: Data = None, database: Database = "", lang: Lang = None) -> None:
    """List who is signed in with a browser, and until when."""
    from kiban.report.phrases import phrase
    from kiban.server.sessions import list_sessions

    language = choose_language(lang)
    with open_store(data, database) as store:
        rows = list_sessions(store)
    if not rows:
        complain(phrase("access.session_none", language))
    write(
        "".join(f"{row['name']}\t{row['role']}\t{_until(row['expires'], language)}\t{row['shown']}\n" for row in rows)
    )


@session_app.command("end")
def end_sessions_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose they are, as `session list` says it.")],
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Sign out every browser of a name at once."""
    from kiban.report.phrases import phrase
    from kiban.server.sessions import close_sessions_of

    language = choose_language(lang)
    with open_store(data, database) as store:
        count = close_sessions_of(store, name)
        _note(store, "session end", name)
    write(phrase("access.sessions_ended", language, name=name, count=count) + "\n")


def purge_command(
    days: Annotated[
        float, typer.Option(min=0, max=36_500, help="Remove what was deleted more than so many days ago.")
    ] = 30,
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Remove for good the plans that were deleted long enough ago; until then they can be restored."""
    from kiban.report.phrases import phrase
    from kiban.server.ownership import purge

    language = choose_language(lang)
    with open_store(data, database) as store:
        deletions, plans = purge(store, days)
        _note(store, f"purge --days {days:g}", f"{plans} plans")
    write(phrase("access.purged", language, holdings=deletions, plans=plans, days=f"{days:g}") + "\n")


def make_settings(data: Path | None, database: str, **others: object) -> Settings:
    """The settings of a server with these options."""
    from kiban.server.settings import Settings, default_data_folder

    folder = data if data is not None else default_data_folder()
    return Settings(data=folder.absolute(), database=database, **others)  # type: ignore[arg-type]


@contextmanager
def open_store(data: Path | None, database: str) -> Iterator[Store]:
    """The store of a server with these options, closed in the end."""
    from kiban.server.store import Store

    with closing(Store(make_settings(data, database).database_url)) as store:
        yield store


def _until(expires: float, language: Language) -> str:
    from kiban.report.phrases import phrase
    from kiban.report.plan.document import stamp

    if expires <= time.time():
        return phrase("access.token_line_expired", language, time=stamp(expires))
    return phrase("access.token_line", language, time=stamp(expires))


def _note(store: Store, action: str, subject: str) -> None:
    import getpass
    import os

    from kiban.server.audit import AuditLog

    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(getattr(os, "getuid", lambda: "")())
    entry = {"time": time.time(), "who": f"shell:{user}"[:80], "role": "admin", "action": action[:200],
             "subject": subject[:200], "status": 0, "address": ""}  # fmt: skip
    AuditLog(store).note(entry)
