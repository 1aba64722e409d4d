"""The audit log by itself: a chain that shows every change, signed heads, and strangers that cannot fill it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiban.errors import InputError, OutputError
from kiban.report.messages import say
from kiban.server import audit
from kiban.server.audit import HOUR_SECONDS, AuditLog, network_of
from kiban.server.audit_key import KEY_FILE, AuditKey, find_or_make_key, read_key
from kiban.server.audit_proof import Verdict, export, read_export, verify, verify_copy
from kiban.server.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/kiban.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def key(tmp_path: Path) -> AuditKey:
    return find_or_make_key(tmp_path)


@pytest.fixture
def log(store: Store, key: AuditKey) -> AuditLog:
    """A log of ten rows, the third and the eighth of which are signed."""
    filled = AuditLog(store, key)
    for number in range(1, 11):
        filled.note(entry(number))
        if number in {3, 8}:
            filled.sign_head()
    return filled


def test_rows_that_are_written_together_are_as_whole_as_one_by_one(store: Store, key: AuditKey) -> None:
    log = AuditLog(store, key)
    log.note(entry(1))
    log.note(*map(entry, range(2, 6)))
    log.note(entry(6))
    assert [row["subject"] for row in log.rows_after(0)] == [f"p_{number}" for number in range(1, 7)]
    log.sign_head()
    assert check(log).broken is None


def entry(number: int) -> dict[str, Any]:
    return {"time": 1_800_000_000.1 + number, "who": "美奈", "role": "planner", "action": "POST /plans",
            "subject": f"p_{number}", "status": 200, "address": "192.0.2.1"}  # fmt: skip


def check(log: AuditLog, *trusted: str) -> Verdict:
    assert log.key is not None
    return verify(log.rows_after(0), log.heads(), trusted or {log.key.public})


def spoil(log: AuditLog, statement: str, **values: Any) -> None:
    with log.store.engine.begin() as connection:
        assert connection.execute(sa.text(statement), values).rowcount > 0


def test_a_whole_log_is_whole(log: AuditLog) -> None:
    verdict = check(log)
    assert (verdict.broken, verdict.rows, verdict.heads, verdict.last_signed, verdict.last_number) == (
        None,
        10,
        2,
        8,
        10,
    )


def test_the_hashes_are_those_of_another_hand(log: AuditLog) -> None:
    """The rule as it is written down, with nothing of kiban's."""
    previous = "0" * 64
    for row in reversed(log.read(100)):
        values = [row["number"], row["time"], row["who"], row["role"], row["action"], row["subject"], row["status"],
                  row["address"], previous]  # fmt: skip
        previous = hashlib.sha256(json.dumps(values, separators=(",", ":")).encode()).hexdigest()
        assert row["hash"] == previous
    head = log.newest_head()
    assert head is not None
    signed = b"kiban audit head 1\n" + json.dumps([8, head["hash"], head["time"]], separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["key"])).verify(bytes.fromhex(head["signature"]), signed)


@pytest.mark.parametrize("column", ["time", "who", "role", "action", "subject", "status", "address"])
def test_a_row_that_is_changed_is_found(log: AuditLog, column: str) -> None:
    value: Any = {"time": 1_800_000_005.2, "status": 201}.get(column, "x")
    spoil(log, f"update audit set {column} = :value where number = 5", value=value)
    broken = check(log).broken
    assert broken is not None
    assert (broken.code, dict(broken.values)["number"]) == ("audit.changed", 5)


def rehash(log: AuditLog, first: int) -> None:
    """Make the chain anew from a row on, as somebody would who knows the rule."""
    rows = list(log.rows_after(0))
    previous = "0" * 64
    for row in rows:
        if row["number"] >= first:
            content = {**row, "previous": previous}
            spoil(log, "update audit set previous = :previous, hash = :own where number = :number",
                  previous=previous, own=audit.hash_of(content), number=row["number"])  # fmt: skip
            previous = audit.hash_of(content)
        else:
            previous = row["hash"]


@pytest.mark.parametrize(
    ("statements", "first", "code"),
    [
        (["delete from audit where number = 5"], None, "audit.removed"),
        (["delete from audit where number = 1"], None, "audit.beginning"),
        (["delete from audit where number <= 2"], 3, "audit.other_head"),
        (["update audit set who = 'x' where number = 5"], 5, "audit.other_head"),
        (["delete from audit where number = 8"], 9, "audit.no_row"),
        (["delete from audit where number >= 8"], None, "audit.cut_off"),
        (["update audit_heads set signature = '00' where number = 3"], None, "audit.signature"),
        (["update audit_heads set time = time + 1 where number = 3"], None, "audit.signature"),
    ],
)
def test_what_is_taken_away_or_made_anew_is_found(
    log: AuditLog, statements: list[str], first: int | None, code: str
) -> None:
    for statement in statements:
        spoil(log, statement)
    if first is not None:
        rehash(log, first)
    broken = check(log).broken
    assert broken is not None
    assert broken.code == code
    assert say(broken, "en")
    assert say(broken, "ja")


def test_a_log_that_is_made_anew_with_another_key_is_found(log: AuditLog, tmp_path: Path) -> None:
    spoil(log, "update audit set who = 'x' where number = 5")
    spoil(log, "delete from audit_heads")
    rehash(log, 5)
    forged = AuditLog(log.store, find_or_make_key(tmp_path / "forger"))
    forged.sign_head()
    broken = check(log).broken
    assert broken is not None
    assert broken.code == "audit.strange_key"
    assert forged.key is not None
    assert check(log, forged.key.public).broken is None  # who trusts the forger is not warned


def test_a_copy_shows_what_the_key_cannot(log: AuditLog, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    assert export(log, copy) == 10
    assert export(log, copy) == 0
    log.note(entry(11))
    assert export(log, copy) == 1
    assert [row["number"] for row in read_export(copy)] == list(range(1, 12))
    assert verify_copy(read_export(copy), log) is None
    assert verify(read_export(copy), [], []).broken is None
    # Rows after the last head go together: the log alone looks whole.
    spoil(log, "delete from audit where number > 8")
    assert check(log).broken is None
    broken = verify_copy(read_export(copy), log)
    assert broken is not None
    assert dict(broken.values)["number"] == 9
    with pytest.raises(InputError, match="11"):
        export(log, copy)


def test_what_is_no_exported_file_is_refused(log: AuditLog, tmp_path: Path) -> None:
    for content in ("{}\n", "[" * 5_000 + "\n", '{"number": 1}', "\udcff"):
        copy = tmp_path / "copy"
        copy.write_bytes(content.encode("utf-8", "surrogateescape"))
        for act in (lambda: export(log, copy), lambda: read_export(copy)):  # noqa: B023
            with pytest.raises(InputError):
                act()
        assert copy.read_bytes() == content.encode("utf-8", "surrogateescape")
    with pytest.raises(OutputError):
        export(log, tmp_path / "none" / "copy")


def test_rows_are_chained_whoever_adds_them_at_once(store: Store, key: AuditKey) -> None:
    """Two servers on one database, four threads each."""
    other = Store(store.url)
    logs = [AuditLog(store, key), AuditLog(other)]

    def fill(log: AuditLog) -> None:
        for number in range(10):
            log.note(entry(number))

    threads = [threading.Thread(target=fill, args=(log,)) for log in logs for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = check(logs[0])
    assert (verdict.rows, verdict.last_number, verdict.broken) == (80, 80, None)
    other.close()


def test_nothing_is_trimmed_and_the_head_is_signed_once_an_hour(
    store: Store, key: AuditKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_800_000_000.0]
    monkeypatch.setattr("kiban.server.audit.time.time", lambda: now[0])
    log = AuditLog(store, key)
    log._attend(force=False)
    assert log.heads() == []  # nothing to sign yet
    for number in range(1, 4):
        log.note(entry(number))
        log._attend(force=False)
        assert [head["number"] for head in log.heads()] == [1]
    now[0] += HOUR_SECONDS
    log._attend(force=False)
    log._attend(force=False)
    assert [head["number"] for head in log.heads()] == [1, 3]
    now[0] += HOUR_SECONDS
    log._attend(force=False)
    assert [head["number"] for head in log.heads()] == [1, 3]  # nothing new
    assert len(log.read(1000)) == 3


def test_strangers_write_few_rows_however_often_and_from_wherever_they_call(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiban.server.audit.MOST_ADDRESSES_AN_HOUR", 20)
    log = AuditLog(store)
    hour = 500_000
    for number in range(5_000):
        log.count_stranger(f"198.51.{number % 50}.7", hour * HOUR_SECONDS + 1)
        if number % 1_000 == 0:
            log.write_counts()
    log.count_stranger("198.51.0.7", (hour + 1) * HOUR_SECONDS)
    counted = log.strangers(1_000)
    assert log.read(10) == []
    this_hour = [row for row in counted if row["hour"] == hour]
    assert sum(row["calls"] for row in this_hour) == 5_000
    assert len(this_hour) == 21
    assert {row["address"]: row["calls"] for row in this_hour}["198.51.0.7"] == 100
    assert {row["address"]: row["calls"] for row in this_hour}["others"] == 3_000
    assert [row["calls"] for row in counted if row["hour"] == hour + 1] == [1]


def test_counts_outlive_a_database_that_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(store)
    log.count_stranger("192.0.2.1")

    def fail(*_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr(log, "_add_counts", fail)
        with pytest.raises(OSError, match="away"):
            log.write_counts()
    log.count_stranger("192.0.2.1")
    assert [row["calls"] for row in log.strangers(10)] == [2]


def test_an_address_of_ipv6_counts_with_its_network() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("") == "-"


@pytest.mark.skipif(os.name == "nt", reason="modes of files are those of POSIX")
def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    assert read_key(folder) is None
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(find_or_make_key(folder).public)) for _ in range(4)]
    old = os.umask(0)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        os.umask(old)
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def _open(path: Path) -> None:
    path.chmod(0o640)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [_open, _empty, _folder])
def test_a_key_that_others_can_read_or_that_is_none_is_refused(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    find_or_make_key(tmp_path)
    harm(tmp_path / KEY_FILE)
    with pytest.raises(OutputError, match="key"):
        find_or_make_key(tmp_path)
