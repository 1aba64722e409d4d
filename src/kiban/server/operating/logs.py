"""Logs of a service: one JSON object a line, for machines that collect them and people who filter them."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime

LOGGER = "kiban.operate"


class JsonFormatter(logging.Formatter):
    """A record as an object: when, how grave, what happened (`event`), and its values."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        found: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "values", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            found["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(found, ensure_ascii=False, default=str)


def log(level: int, event: str, **values: object) -> None:
    """Say that something happened."""
    logging.getLogger(LOGGER).log(level, event, extra={"values": values})


def write_logs(level: int = logging.INFO) -> None:
    """Let all logs of the process go to stderr as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
