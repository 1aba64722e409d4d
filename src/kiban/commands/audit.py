"""`kiban audit`: whether the audit log of a server is whole, its signed head, and a copy to keep elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from kiban.commands.access import Data, Database, make_settings, open_store
from kiban.commands.terminal import Lang, choose_language, complain, write
from kiban.errors import EXIT_BROKEN, InputError, Problem

audit_app = typer.Typer(
    help="Check and copy the audit log of a server.",
    epilog="Exit codes: 0 whole, 2 it cannot be checked, 3 broken.",
    add_completion=False,
)
KEY = re.compile(r"[0-9a-f]{64}")


def register(app: typer.Typer) -> None:
    """Add `kiban audit` to the command line."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def verify_command(
    data: Data = None,
    database: Database = "",
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="HEX", help="A public key to trust beside the folder's own; repeatable."),
    ] = None,
    copy: Annotated[
        Path | None, typer.Option("--copy", metavar="FILE", help="An exported copy whose rows must all be there.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Say whether every row is there as it was written, or which is the first that is not."""
    from kiban.report.messages import say
    from kiban.report.phrases import phrase
    from kiban.server.audit import AuditLog
    from kiban.server.audit_key import read_key
    from kiban.server.audit_proof import read_export, verify, verify_copy

    language = choose_language(lang)
    wrong = [Problem("audit.bad_key", key="--key", given=given) for given in key or () if not KEY.fullmatch(given)]
    if wrong:
        raise InputError(wrong)
    own = read_key(make_settings(data, database).data)
    trusted = {*(key or ()), *([own.public] if own is not None else ())}
    copied = read_export(copy) if copy is not None else []
    with open_store(data, database) as store:
        log = AuditLog(store)
        heads = log.heads()
        if heads and not trusted:
            raise InputError(Problem("audit.no_key", str(make_settings(data, database).data)))
        verdict = verify(log.rows_after(0), heads, trusted)
        broken = verdict.broken or verify_copy(copied, log)
    if broken is not None:
        complain(phrase("audit.broken", language, what=say(broken, language)))
        raise typer.Exit(EXIT_BROKEN)
    said = phrase(
        "audit.whole",
        language,
        rows=verdict.rows,
        heads=verdict.heads,
        signed=verdict.last_signed or "-",
        number=verdict.last_number or "-",
    )
    write(f"{said}\n")
    if copy is not None:
        write(phrase("audit.copy_whole", language, rows=len(copied)) + "\n")


@audit_app.command("head")
def head_command(data: Data = None, database: Database = "", lang: Lang = None) -> None:
    """Print the newest signed head as JSON: to note down where nobody can change it."""
    import json

    from kiban.report.phrases import phrase
    from kiban.server.audit import AuditLog

    language = choose_language(lang)
    with open_store(data, database) as store:
        head = AuditLog(store).newest_head()
    if head is None:
        complain(phrase("audit.no_head", language))
    else:
        write(json.dumps(dict(head)) + "\n")


@audit_app.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is added to, or made.")],
    data: Data = None,
    database: Database = "",
    lang: Lang = None,
) -> None:
    """Append to a file the rows that it does not hold yet, one JSON object a line."""
    from kiban.report.phrases import phrase
    from kiban.server.audit import AuditLog
    from kiban.server.audit_proof import export

    language = choose_language(lang)
    with open_store(data, database) as store:
        rows = export(AuditLog(store), file)
    complain(phrase("audit.exported", language, rows=rows, file=file))
