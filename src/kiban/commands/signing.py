"""`kiban key | sign | verify`: keys, signatures of what kiban wrote, and whether they hold."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.terminal import Lang, choose_language, complain, write
from kiban.errors import InputError, OutputError, Problem, reason_of

if TYPE_CHECKING:
    from kiban.signing.signature import Verdict

LEAST_CHARACTERS = 12
LONGEST_PASSPHRASE_BYTES = 1023
"""Longest passphrase that a key file is locked with (OpenSSL)."""
SHOWN_DIGITS = 16

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="Its first line is the passphrase; default: asked for."),
]
Signed = Annotated[Path, typer.Argument(metavar="PATH", help="A folder or a file that kiban wrote.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("key")(key_command)
    app.command("sign")(sign_command)
    app.command("verify")(verify_command)


def key_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Writes NAME.key and NAME.pub.")],
    passphrase_file: PassphraseFile = None,
    lang: Lang = None,
) -> None:
    """Make a key that signs: Ed25519 and ML-DSA-65 together, under a passphrase."""
    from kiban.report.phrases import phrase
    from kiban.signing.keys import make_key
    from kiban.whole_files import write_whole

    language = choose_language(lang)
    private, public = Path(f"{name}.key"), Path(f"{name}.pub")
    taken = [Problem("output.taken", str(path)) for path in (private, public) if path.exists()]
    if taken:
        raise OutputError(taken)
    passphrase = _passphrase(private, passphrase_file, twice=True)
    try:
        count = len(passphrase.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(Problem("signing.unreadable_passphrase", key="--passphrase-file")) from None
    if len(passphrase) > LONGEST_PASSPHRASE_BYTES:
        raise InputError(
            Problem(
                "signing.long_passphrase", key="--passphrase-file", size=len(passphrase), most=LONGEST_PASSPHRASE_BYTES
            )
        )
    if count < LEAST_CHARACTERS:
        raise InputError(
            Problem("signing.short_passphrase", key="--passphrase-file", count=count, least=LEAST_CHARACTERS)
        )
    key = make_key()
    for path, content, only_owner in ((private, key.to_pem(passphrase), True), (public, key.public.to_pem(), False)):
        try:
            write_whole(path, content, only_owner=only_owner)
        except OSError as error:
            raise OutputError(Problem("output.unwritable", str(path), reason=reason_of(error))) from None
    write(
        phrase("signing.key", language, private=private, public=public, fingerprint=key.public.fingerprint) + "\n",
    )


def sign_command(
    path: Signed,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key that `kiban key` wrote.")],
    passphrase_file: PassphraseFile = None,
    timestamp: Annotated[
        str | None,
        typer.Option("--timestamp", metavar="URL", help="Also ask an authority for its time (RFC 3161)."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Sign a plan, a report, a workbook, a bundle: any folder or file, to the last byte."""
    from kiban.report.phrases import phrase
    from kiban.signing.keys import read_private_key
    from kiban.signing.signature import check_unsigned, sign
    from kiban.signing.timestamp import check_authority, is_open, request_token

    language = choose_language(lang)
    check_unsigned(path)
    if timestamp is not None:
        check_authority(timestamp)
        if is_open(timestamp):
            complain(phrase("signing.open", language, url=timestamp))
    private = read_private_key(key, _passphrase(key, passphrase_file))
    folder = sign(path, private, stamp=partial(request_token, timestamp) if timestamp is not None else None)
    write(phrase("signing.signed", language, path=path, folder=folder, fingerprint=private.public.fingerprint) + "\n")


def verify_command(
    path: Signed,
    public: Annotated[Path, typer.Option("--public", metavar="FILE", help="The public key of the one who signed it.")],
    tsa_roots: Annotated[
        Path | None,
        typer.Option("--tsa-roots", metavar="FILE", help="Root certificates (PEM) of the authority of the time."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Say whether a folder or a file is the one that was signed; exit code 2 names what is not."""
    from kiban.report.phrases import phrase
    from kiban.signing.keys import read_public_key
    from kiban.signing.signature import verify
    from kiban.signing.timestamp import read_roots, verify_token

    language = choose_language(lang)
    key = read_public_key(public)
    roots = read_roots(tsa_roots) if tsa_roots is not None else None
    verdict = verify(path, key)
    wrong = _problems(path, verdict, key.fingerprint)
    stamped = None
    if roots is not None and verdict.token is None:
        wrong.append(Problem("signing.not_stamped", str(path)))
    elif roots is not None and verdict.token is not None:
        stamped = verify_token(verdict.token, verdict.signature, roots)
        if stamped is None:
            wrong.append(Problem("signing.false_stamp", str(path)))
    if wrong:
        raise OutputError(wrong)
    write(
        phrase(
            "signing.holds",
            language,
            path=path,
            files=verdict.files,
            time=verdict.signed_at,
            fingerprint=verdict.signer,
        )
        + "\n"
    )
    if stamped is not None:
        write(phrase("signing.stamped", language, time=stamped.isoformat(timespec="seconds")) + "\n")
    elif verdict.token is not None:
        complain(phrase("signing.stamp_unchecked", language))


def _problems(path: Path, verdict: Verdict, own: str) -> list[Problem]:
    """What does not hold; who signed comes first."""
    found = []
    if not verdict.is_signed:
        if verdict.signer == own:
            found.append(Problem("signing.forged", str(path)))
        else:
            shown = {"own": own[:SHOWN_DIGITS], "signer": verdict.signer[:SHOWN_DIGITS]}
            found.append(Problem("signing.another_key", str(path), values=shown))
    inside = path if path.is_dir() else path.parent
    differences = verdict.differences
    found += [Problem("signing.changed", str(inside / name)) for name in differences.changed]
    found += [Problem("signing.missing", str(inside / name)) for name in differences.missing]
    found += [Problem("signing.added", str(inside / name)) for name in differences.added]
    return found


def _passphrase(key: Path, file: Path | None, *, twice: bool = False) -> bytes:
    """The passphrase of a key: the first line of a file, or what a person types."""
    if file is not None:
        try:
            with file.open("rb") as stream:
                return stream.readline().rstrip(b"\r\n")
        except OSError as error:
            raise OutputError(Problem("signing.unreadable", str(file), reason=reason_of(error))) from None
    if not sys.stdin.isatty():
        raise InputError(Problem("signing.no_passphrase", str(key)))
    from getpass import getpass

    typed = getpass(f"{key}: ")
    if twice and getpass(f"{key}: ") != typed:
        raise InputError(Problem("signing.differing_passphrases", str(key)))
    return typed.encode("utf-8")
