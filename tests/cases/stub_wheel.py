"""A wheel that is called kiban and holds nothing, for what installs one."""

from __future__ import annotations

import zipfile
from pathlib import Path

VERSION = "0.0.1"


def write_wheel(folder: Path) -> Path:
    """Write the wheel and return its path."""
    path = folder / f"kiban-{VERSION}-py3-none-any.whl"
    place = f"kiban-{VERSION}.dist-info"
    parts = {
        "kiban_stub.py": "",
        f"{place}/METADATA": f"Metadata-Version: 2.1\nName: kiban\nVersion: {VERSION}\n",
        f"{place}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*parts, f"{place}/RECORD"))
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**parts, f"{place}/RECORD": record}.items():
            wheel.writestr(name, text)
    return path
