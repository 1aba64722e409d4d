"""Each kind of file that kiban writes is signed and verified by the command line, and one changed byte is named."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path

import pytest
from tests.unit.test_signing import PASSPHRASE, office
from typer.testing import CliRunner, Result

from kiban.cli import app
from kiban.version import edition

pytestmark = pytest.mark.slow
SMALL = Path(__file__).parents[1] / "cases" / "small_run.toml"


def run(*arguments: object) -> Result:
    found = CliRunner().invoke(app, [str(one) for one in arguments], env={"LC_ALL": "C"})
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


@cache
def made(folder: Path) -> Path:
    """A plan with all that is made of it."""
    assert run("build", SMALL, "--out", folder / "plan").exit_code == 0
    paid = run("pay", SMALL, "--package", "none", "--json", "--book", folder / "book.xlsx")
    (folder / "payment.json").write_text(paid.stdout, encoding="utf-8")
    assert run("report", folder / "plan", "-o", folder / "report.html").exit_code == 0
    bundled = run("bundle", folder / "plan", "--out", folder / "bundle")
    assert bundled.exit_code == 0, bundled.stderr
    (folder / "office.key").write_bytes(office().to_pem(PASSPHRASE))
    (folder / "office.pub").write_bytes(office().public.to_pem())
    (folder / "phrase").write_bytes(PASSPHRASE + b"\n")
    return folder


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize("kind", ["plan", "payment.json", "report.html", "book.xlsx", "bundle"])
def test_what_kiban_writes_is_signed_and_verified(ground: Path, kind: str) -> None:
    path = ground / kind
    key = ("--key", ground / "office.key", "--passphrase-file", ground / "phrase")
    assert run("sign", path, *key).exit_code == 0
    verified = run("verify", path, "--public", ground / "office.pub")
    assert verified.exit_code == 0
    assert office().public.fingerprint in verified.stdout
    files = [path] if path.is_file() else [file for file in sorted(path.rglob("*")) if "signature" not in file.parts]
    changed = next(file for file in files if file.is_file() and file.stat().st_size)
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    broken = run("verify", path, "--public", ground / "office.pub")
    changed.write_bytes(content)
    assert broken.exit_code == 2
    assert changed.name in broken.stderr


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_report_says_what_made_it_and_how_it_is_checked(ground: Path, language: str) -> None:
    file = ground / f"{language}.html"
    assert run("report", ground / "plan", "-o", file, "--lang", language).exit_code == 0
    page = file.read_text(encoding="utf-8")
    footer = page[page.index("data-origin") :].partition("</footer>")[0]
    enclosed = re.search(r'id="kiban-view">(.*?)</script>', page, re.DOTALL)
    assert enclosed is not None
    assert hashlib.sha256(enclosed[1].encode("utf-8")).hexdigest() in footer
    assert edition() in footer
    assert "kiban verify FILE.html --public SIGNER.pub" in footer
    assert f'lang="{language}"' in page
    assert json.loads(enclosed[1])["language"] == language
