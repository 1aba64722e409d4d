"""Coroutines that tests wait for, wherever they run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_apart(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What the coroutine returns or raises, from a loop in a thread of its own.

    The driver of the browser leaves a loop running in the thread of the tests, where `asyncio.run` is then refused.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
