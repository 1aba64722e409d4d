"""Hold the built front end to its budget: python scripts/check_bundle.py.

The JavaScript that a page loads may have 120 kB when compressed, and nothing built may name another host. A page
loads the texts of one language: of those the larger counts.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "src" / "kiban" / "server" / "static"
BUDGET_KB = 120.0
LANGUAGES = ("en-", "ja-")
# Names of XML vocabularies and addresses in messages are not requests.
HARMLESS = ("http://www.w3.org/", "https://svelte.dev/")


def main() -> int:
    """Exit code 1 where the budget or the rule against other hosts is broken."""
    scripts = sorted(STATIC.glob("assets/*.js"))
    if not scripts:
        print(f"no built front end in {STATIC.name}: run npm ci and npm run build in web/")
        return 1
    total = texts = 0.0
    for path in scripts:
        size = len(gzip.compress(path.read_bytes(), 9, mtime=0)) / 1000
        if path.name.startswith(LANGUAGES):
            texts = max(texts, size)
        else:
            total += size
        print(f"{size:7.1f} kB  {path.name}")
    total += texts
    print(f"{total:7.1f} kB of {BUDGET_KB:.0f} kB JavaScript, compressed")
    strangers = set()
    for path in [*scripts, *STATIC.glob("assets/*.css"), STATIC / "index.html"]:
        strangers |= set(re.findall(r"https?://[\w.-]+/?", path.read_text(encoding="utf-8")))
    strangers = {address for address in strangers if not address.startswith(HARMLESS)}
    if strangers:
        print(f"other hosts are named: {', '.join(sorted(strangers))}")
    return 1 if total > BUDGET_KB or strangers else 0


if __name__ == "__main__":
    sys.exit(main())
