"""Pack a release and tag it: python scripts/make_release.py. Writes sdist, wheel and SBOM (CycloneDX) to dist/.

Before it, write the version into pyproject.toml, give its section in CHANGELOG.md the day instead of "unreleased",
commit and run `make test`; after it, push the tag. The SBOM lists what an installation of the wheel brings on this day.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


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


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = problems_of(version, changelog, _said("git", "status", "--porcelain"), _said("git", "tag").split())
    if found:
        sys.exit("\n".join(found))
    shutil.rmtree(DIST, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST)
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "venv", "--without-pip", folder)
        _run(sys.executable, "-m", "pip", "--python", folder, "install", "--quiet", *DIST.glob("*.whl"))
        sbom = ("--output-reproducible", "--pyproject", "pyproject.toml", "-o", DIST / f"kiban-{version}.cdx.json")
        _run(sys.executable, "-m", "cyclonedx_py", "environment", *sbom, folder)
    _run("git", "tag", "--annotate", f"v{version}", "--message", f"kiban {version}")
    print(f"dist/ holds {', '.join(sorted(path.name for path in DIST.iterdir()))}; the tag is v{version}, not pushed.")


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _run(*command: str | Path) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
