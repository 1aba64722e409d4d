"""The audit log: who did what, as a chain of rows that is only ever added to, with its head signed every hour.

Calls of those whom the server does not know are counted by address and hour instead, so that a stranger can neither
fill the log nor push anything out of it. The counts are kept in memory for a few seconds before they are written.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiban.server.audit_key import AuditKey
from kiban.server.chain import BEGINNING, hash_of
from kiban.server.grouping import GroupWriter
from kiban.server.store import Row, Store, storable
from kiban.server.tables import audit, audit_heads, strangers

log = logging.getLogger("kiban.server")
HOUR_SECONDS = 3600.0
BETWEEN_COUNTS_SECONDS = 5.0
MOST_ADDRESSES_AN_HOUR = 1_000
"""Addresses of strangers that are told apart in one hour; those after them are counted together."""
COUNTED_AT_ONCE = 10
"""How many times as many may be in memory before they are written."""
OTHERS = "others"
STRANGERS_KEPT_HOURS = 90 * 24
_CHAIN_LOCK = 7_219_412
_AT_ONCE = 10_000


class AuditLog:
    """The log of one store; `key` signs its head, None where nobody signs, as for commands that only add a row."""

    def __init__(self, store: Store, key: AuditKey | None = None) -> None:
        self.store = store
        self.key = key
        self._writer = GroupWriter[Mapping[str, Any]](lambda entries: self.note(*entries), "kiban-audit")
        self._counts: Counter[tuple[int, str]] = Counter()
        self._counting = threading.Lock()
        self._counted = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="kiban-audit", daemon=True)

    def start(self) -> None:
        """Begin to sign the head every hour, and write what was counted."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was counted, sign the head and end."""
        self._writer.close()
        self._stopping.set()
        self._thread.join(timeout=10.0)
        self._attend(force=True)

    def note(self, *entries: Mapping[str, Any]) -> None:
        """Add rows, all or none; each has `time`, `who`, `role`, `action`, `subject`, `status` and `address`."""
        with self.store.writing() as connection:
            self._hold(connection)
            last = connection.execute(
                sa.select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
            ).first()
            number, previous = (last.number, last.hash) if last is not None else (0, BEGINNING)
            for entry in entries:
                number += 1
                row = {name: storable(value) if isinstance(value, str) else value for name, value in entry.items()}
                row |= {"number": number, "previous": previous}
                previous = hash_of(row)
                connection.execute(audit.insert().values(**row, hash=previous))

    async def note_in_time(self, entry: Mapping[str, Any]) -> None:
        """Add a row with those of others, and wait until it is on the disk."""
        await asyncio.shield(asyncio.wrap_future(self._writer.add(entry)))

    def _hold(self, connection: Connection) -> None:
        """Let no other process add a row before this transaction ends."""
        # A writer of SQLite is alone from its beginning.
        if not self.store.is_sqlite:
            connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})

    def count_stranger(self, address: str, now: float | None = None) -> None:
        """Count a call of somebody whom the server does not know."""
        hour = int((time.time() if now is None else now) // HOUR_SECONDS)
        with self._counting:
            counted = (hour, network_of(address))
            if counted not in self._counts and len(self._counts) >= COUNTED_AT_ONCE * MOST_ADDRESSES_AN_HOUR:
                counted = (hour, OTHERS)
            self._counts[counted] += 1
            due = time.monotonic() - self._counted >= BETWEEN_COUNTS_SECONDS
        if due:
            self.write_counts()

    def write_counts(self) -> None:
        """Write what was counted since the last time."""
        with self._counting:
            counts, self._counts = self._counts, Counter()
            self._counted = time.monotonic()
        try:
            if counts:
                self._add_counts(counts)
        except Exception:
            with self._counting:
                self._counts.update(counts)
            raise

    def _add_counts(self, counts: Mapping[tuple[int, str], int]) -> None:
        with self.store.writing() as connection:
            self._hold(connection)
            oldest = max(hour for hour, _ in counts) - STRANGERS_KEPT_HOURS
            connection.execute(strangers.delete().where(strangers.c.hour < oldest))
            known = {
                hour: set(connection.execute(sa.select(strangers.c.address).where(strangers.c.hour == hour)).scalars())
                for hour in {hour for hour, _ in counts}
            }
            for (hour, address), calls in counts.items():
                there = known[hour]
                place = address if address in there or len(there) < MOST_ADDRESSES_AN_HOUR else OTHERS
                which = sa.and_(strangers.c.hour == hour, strangers.c.address == place)
                if place in there:
                    connection.execute(strangers.update().where(which).values(calls=strangers.c.calls + calls))
                else:
                    connection.execute(strangers.insert().values(hour=hour, address=place, calls=calls))
                    there.add(place)

    def sign_head(self) -> Row | None:
        """Sign the newest row, unless this key has signed it; the newest signed head, None where there is none."""
        if self.key is not None:
            last = self.store.row(sa.select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1))
            if last is not None and not self.store.rows(_signed(last["number"], self.key.public)):
                head = {"number": last["number"], "hash": last["hash"], "time": time.time()}
                with self.store.writing() as connection:
                    signature = self.key.sign(head)
                    connection.execute(audit_heads.insert().values(**head, key=self.key.public, signature=signature))
        return self.newest_head()

    def newest_head(self) -> Row | None:
        """The signed head of the most rows."""
        return self.store.row(sa.select(audit_heads).order_by(audit_heads.c.number.desc(), audit_heads.c.key).limit(1))

    def _watch(self) -> None:
        while not self._stopping.wait(BETWEEN_COUNTS_SECONDS):
            self._attend(force=False)

    def _attend(self, *, force: bool) -> None:
        """Write the counts; sign where an hour has gone by since the last signed head."""
        try:
            self.write_counts()
            head = self.newest_head()
            if force or head is None or time.time() - head["time"] >= HOUR_SECONDS:
                self.sign_head()
        except Exception:
            # A database that is away for a moment must not end the thread.
            log.exception("the audit log could not be attended to")

    def read(self, limit: int) -> Sequence[Row]:
        """The newest rows, the newest first."""
        return self.store.rows(sa.select(audit).order_by(audit.c.number.desc()).limit(limit))

    def rows_after(self, number: int) -> Iterator[Row]:
        """All rows after this number, in order, a few thousand at a time."""
        while rows := self.store.rows(
            sa.select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(_AT_ONCE)
        ):
            yield from rows
            number = rows[-1]["number"]

    def heads(self) -> Sequence[Row]:
        """All signed heads in order."""
        return self.store.rows(sa.select(audit_heads).order_by(audit_heads.c.number, audit_heads.c.key))

    def strangers(self, limit: int) -> Sequence[Row]:
        """Calls of strangers by hour and address, the newest hour and the most calls first."""
        self.write_counts()
        query = sa.select(strangers).order_by(strangers.c.hour.desc(), strangers.c.calls.desc(), strangers.c.address)
        return self.store.rows(query.limit(limit))


def _signed(number: int, key: str) -> sa.Select[Any]:
    return sa.select(audit_heads.c.number).where(audit_heads.c.number == number, audit_heads.c.key == key)


def network_of(address: str) -> str:
    """An address as it is counted: of IPv6 the first 64 bits, which is what one customer has for itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return storable(address)[:80] or "-"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
