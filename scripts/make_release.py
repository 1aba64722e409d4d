"""Pack a release and tag it: python scripts/make_release.py. Writes sdist, wheel and SBOM (CycloneDX) to dist/.

The wheel holds the compiled kernel of every level of the instruction set of x86-64, built by ziglang against the C
library of 2012 (glibc 2.17), and runs on any Linux since; who has another machine installs from the sdist.

Before it, write the version into pyproject.toml, give its section in CHANGELOG.md the day instead of "unreleased",
commit and run `make test`; after it, push the tag. The SBOM lists what an installation of the wheel brings on this day,
each part with its licence and with the SHA-256 of the file that was installed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from kiban.linear.native.levels import X86_64

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
COMPILER = (sys.executable, "-m", "ziglang", "c++", "-target", "x86_64-linux-gnu.2.17")
PLATFORM = "manylinux_2_17_x86_64"


def problems_of(version: str, changelog: str, changed: str, tags: Collection[str]) -> list[str]:
    """Why this tree is no release: one sentence for each reason.

    `changed` is what `git status --porcelain` prints, `tags` are the tags that exist.
    """
    found = []
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d{{2}}-\d{{2}}\)$", changelog, re.MULTILINE):
        found.append(f'CHANGELOG.md has no section "## {version} (YYYY-MM-DD)": write one, or date the one there is.')
    if changed:
        found.append(f"The tree has changes that are not committed; commit them:\n{changed.rstrip()}")
    if f"v{version}" in tags:
        found.append(f"The tag v{version} exists: write the next version into pyproject.toml.")
    return found


def pack(goal: Path) -> None:
    """Write the sdist, and the wheel that is built from it, into the folder `goal`."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        sys.exit("The wheel of a release is built on Linux on x86-64.")
    tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    surroundings = {**os.environ, "CXX": shlex.join(COMPILER), "KIBAN_BUILD_LEVELS": "all", "PATH": tools}
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, surroundings=surroundings)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        missing = [level for level in X86_64 if f"kiban/linear/native/kernel-{level}.so" not in names]
        if missing:
            sys.exit(f"{wheel.name} has no library of {', '.join(missing)}: see what the compiler said above.")
        # It looks into the libraries, and refuses what a system of that age would not load.
        repair = ("auditwheel", "repair", "--plat", PLATFORM, "--wheel-dir", goal)
        _run(sys.executable, "-m", *repair, wheel, surroundings=surroundings)
        (sdist,) = Path(folder).glob("*.tar.gz")
        shutil.move(sdist, goal)


def write_sbom(environment: Path, wheels: Sequence[Path], goal: Path) -> None:
    """Install wheels into an empty environment and write what came with them: parts, licences, hashes."""
    report = environment / "installed.json"
    pip = ("pip", "--python", environment, "install", "--quiet", "--report", report)
    _run(sys.executable, "-m", *pip, *wheels)
    written = ("--output-reproducible", "--pyproject", "pyproject.toml", "-o", goal)
    _run(sys.executable, "-m", "cyclonedx_py", "environment", *written, environment)
    sbom = json.loads(goal.read_text(encoding="utf-8"))
    hashed = add_hashes(sbom, json.loads(report.read_text(encoding="utf-8")))
    goal.write_text(json.dumps(hashed, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def add_hashes(sbom: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """The SBOM with the SHA-256 that pip's report has of each part; ValueError where it has none of one."""
    known = {}
    for item in report["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        known[_plain(name), version] = item["download_info"]["archive_info"]["hashes"]["sha256"]
    parts = []
    for part in sbom["components"]:
        key = (_plain(part["name"]), part["version"])
        if key not in known:
            raise ValueError(f"the SBOM names {' '.join(key)}, which pip did not install")
        parts.append(part | {"hashes": [{"alg": "SHA-256", "content": known[key]}]})
    return {**sbom, "components": parts}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = problems_of(version, changelog, _said("git", "status", "--porcelain"), _said("git", "tag").split())
    if found:
        sys.exit("\n".join(found))
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    pack(DIST)
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        write_sbom(Path(folder), tuple(DIST.glob("*.whl")), DIST / f"kiban-{version}.cdx.json")
    _run("git", "tag", "--annotate", f"v{version}", "--message", f"kiban {version}")
    print(f"dist/ holds {', '.join(sorted(path.name for path in DIST.iterdir()))}; the tag is v{version}, not pushed.")


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _run(*command: str | Path, surroundings: Mapping[str, str] | None = None) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=ROOT, check=True, env=surroundings)


if __name__ == "__main__":
    main()
