"""Signatures: what was signed holds, and whatever one byte of it changes does not."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.remedies import Ground

from kiban.errors import OutputError
from kiban.signing.keys import PrivateKey, make_key, read_private_key, read_public_key
from kiban.signing.signature import sign, verify

pytestmark = pytest.mark.quick

PASSPHRASE = b"correct horse battery"
FILES = {"summary.json": b'{"cost": 1}', "tables/costs.csv": b"a,b\n1,2\n", "計画.txt": b""}
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@cache
def office() -> PrivateKey:
    return make_key()


@cache
def stranger() -> PrivateKey:
    return make_key()


def write(folder: Path) -> Path:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def codes(error: pytest.ExceptionInfo[OutputError]) -> list[str]:
    return [problem.code for problem in error.value.problems]


def test_what_was_signed_holds_wherever_it_is_moved(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    sign(plan, office(), now=NOON)
    moved = shutil.move(plan, tmp_path / "elsewhere")
    verdict = verify(Path(moved), office().public)
    assert verdict.holds
    assert verdict.files == len(FILES)
    assert verdict.signed_at == "2026-04-01T12:00:00+00:00"
    assert verdict.signer == office().public.fingerprint


def test_a_file_is_signed_beside_itself(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_bytes(b"<p>")
    assert sign(report, office()) == tmp_path / "report.html.signature"
    (tmp_path / "another.html").write_bytes(b"not looked at")
    assert verify(report, office().public).holds
    report.write_bytes(b"<P>")
    assert verify(report, office().public).differences.changed == ("report.html",)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_bit_of_any_file_breaks_it(tmp_path: Path, where: int, bit: int) -> None:
    plan = tmp_path / "plan"
    shutil.rmtree(plan, ignore_errors=True)
    sign(write(plan), office(), now=NOON)
    files = [file for file in sorted(plan.rglob("*")) if file.is_file() and file.stat().st_size]
    sizes = [file.stat().st_size for file in files]
    where %= sum(sizes)
    index = next(i for i in range(len(sizes)) if where < sum(sizes[: i + 1]))
    content = bytearray(files[index].read_bytes())
    content[where - sum(sizes[:index])] ^= 1 << bit
    files[index].write_bytes(bytes(content))
    try:
        verdict = verify(plan, office().public)
    except OutputError:
        return  # the signature or its manifest cannot be read any more
    # Whose name stands in the signature is not signed and proves nothing.
    named = json.loads((plan / "signature/signature.json").read_bytes())["signer"]
    assert not verdict.holds or named != office().public.fingerprint
    if "signature" not in files[index].parts:
        assert verdict.is_signed
        assert verdict.differences.changed == (files[index].relative_to(plan).as_posix(),)


def test_files_that_were_taken_added_or_renamed_are_named(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    sign(plan, office())
    (plan / "tables/costs.csv").rename(plan / "tables/Costs.csv")
    (plan / "new").mkdir()
    (plan / "new/one").write_bytes(b"")
    differences = verify(plan, office().public).differences
    assert differences.missing == ("tables/costs.csv",)
    assert differences.added == ("new/one", "tables/Costs.csv")
    assert not differences.changed


def test_nothing_is_left_beside_the_signature(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    sign(plan, office())
    (plan / "signature/more").mkdir()
    (plan / "signature/more/one.txt").write_text("new")
    assert verify(plan, office().public).differences.added == ("signature/more/one.txt",)
    report = tmp_path / "report.html"
    report.write_text("<html>")
    sign(report, office())
    (tmp_path / "report.html.signature/late").write_text("new")
    assert verify(report, office().public).differences.added == ("report.html.signature/late",)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_name_that_is_no_utf_8_is_signed(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    file = plan / os.fsdecode("計画".encode("cp932"))
    file.write_text("one")
    sign(plan, office())
    assert verify(plan, office().public).holds
    file.write_text("two")
    assert verify(plan, office().public).differences.changed == (file.name,)


def test_another_key_did_not_sign_it(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    sign(plan, office())
    assert not verify(plan, stranger().public).is_signed


@pytest.mark.parametrize("half", ["ed25519", "ml-dsa-65"])
def test_both_halves_must_hold(tmp_path: Path, half: str) -> None:
    plan = write(tmp_path / "plan")
    sign(plan, office())
    file = plan / "signature/signature.json"
    content = json.loads(file.read_bytes())
    manifest = b"kiban signature 1\n" + (plan / "signature/manifest.json").read_bytes()
    forged = base64.b64encode(stranger().sign(manifest)[half]).decode()
    for changed in ({**content, half: forged}, {k: v for k, v in content.items() if k != half}):
        file.write_text(json.dumps(changed))
        assert not verify(plan, office().public).is_signed


def test_a_manifest_that_was_written_anew_is_not_signed(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    sign(plan, office())
    (plan / "summary.json").write_bytes(b'{"cost": 2}')
    kept = (plan / "signature/signature.json").read_bytes()
    shutil.rmtree(plan / "signature")
    sign(plan, stranger())
    (plan / "signature/signature.json").write_bytes(kept)
    verdict = verify(plan, office().public)
    assert not verdict.differences
    assert not verdict.is_signed
    assert verdict.signer == office().public.fingerprint


def test_other_tools_verify_what_stands_in_the_files(tmp_path: Path) -> None:
    """The halves by themselves: standard public keys, standard signatures, over bytes that anybody can put together."""
    plan = write(tmp_path / "plan")
    sign(plan, office())
    blocks = office().public.to_pem().split(b"-----END PUBLIC KEY-----\n")[:2]
    first, second = (load_pem_public_key(block + b"-----END PUBLIC KEY-----\n") for block in blocks)
    assert isinstance(first, Ed25519PublicKey)
    assert isinstance(second, MLDSA65PublicKey)
    signature = json.loads((plan / "signature/signature.json").read_bytes())
    content = b"kiban signature 1\n" + (plan / "signature/manifest.json").read_bytes()
    first.verify(base64.b64decode(signature["ed25519"]), content)
    second.verify(base64.b64decode(signature["ml-dsa-65"]), content)


def test_links_are_refused(tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    (plan / "link").symlink_to(tmp_path)
    with pytest.raises(OutputError) as error:
        sign(plan, office())
    assert codes(error) == ["signing.no_plain_file"]
    assert not (plan / "signature").exists()


def test_keys_come_back_from_their_files(tmp_path: Path) -> None:
    private, public = tmp_path / "office.key", tmp_path / "office.pub"
    private.write_bytes(office().to_pem(PASSPHRASE))
    public.write_bytes(office().public.to_pem())
    plan = write(tmp_path / "plan")
    sign(plan, read_private_key(private, PASSPHRASE))
    assert verify(plan, read_public_key(public)).holds
    for path, passphrase, code in (
        (private, b"another", "signing.wrong_passphrase"),
        (private, b"", "signing.wrong_passphrase"),
        (public, PASSPHRASE, "signing.no_private_key"),
        (tmp_path / "none", PASSPHRASE, "signing.unreadable"),
    ):
        with pytest.raises(OutputError) as error:
            read_private_key(path, passphrase)
        assert codes(error) == [code]
    with pytest.raises(OutputError) as error:
        read_public_key(private)
    assert codes(error) == ["signing.no_public_key"]


def test_halves_in_another_order_are_no_key(tmp_path: Path) -> None:
    public = tmp_path / "office.pub"
    blocks = office().public.to_pem().split(b"-----BEGIN")
    public.write_bytes(b"-----BEGIN" + blocks[2] + b"-----BEGIN" + blocks[1])
    with pytest.raises(OutputError) as error:
        read_public_key(public)
    assert codes(error) == ["signing.no_public_key"]


def test_the_commands_on_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = Ground(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    phrase = ground.write("phrase", PASSPHRASE + b"\n")
    plan = write(tmp_path / "plan")
    assert ground.command("key", "office", "--passphrase-file", phrase).exit_code == 0
    assert stat.S_IMODE((tmp_path / "office.key").stat().st_mode) == 0o600
    assert ground.command("sign", plan, "--key", "office.key", "--passphrase-file", phrase).exit_code == 0
    there = tmp_path / "there"
    shutil.copytree(plan, there / "plan")
    shutil.copy(tmp_path / "office.pub", there)
    asked = [sys.executable, "-m", "kiban.cli", "verify", "plan", "--public", "office.pub", "--lang", "en"]
    answer = subprocess.run(asked, cwd=there, env=os.environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "as it was signed" in answer.stdout
    (there / "plan/tables/costs.csv").write_bytes(b"a,b\n1,3\n")
    answer = subprocess.run(asked, cwd=there, env=os.environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "plan/tables/costs.csv has changed since it was signed" in answer.stderr
    assert not answer.stdout
