"""Hold the built front end to its budget: python scripts/check_bundle.py.

The JavaScript that a page loads first may have 120 kB when compressed, that of all screens together 190 kB, and nothing
built may name another host. A page loads the texts of one language: of those the larger counts.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "src" / "kiban" / "server" / "static"
FIRST_BUDGET_KB = 120.0
WHOLE_BUDGET_KB = 190.0
LANGUAGES = ("en-", "ja-")
# Names of XML vocabularies and addresses in messages are not requests.
HARMLESS = ("http://www.w3.org/", "https://svelte.dev/")


def main() -> int:
    """Exit code 1 where the budget or the rule against other hosts is broken."""
    scripts = sorted(STATIC.glob("assets/*.js"))
    if not scripts:
        print(f"no built front end in {STATIC.name}: run npm ci and npm run build in web/")
        return 1
    first_loaded = find_first(STATIC)
    first = whole = texts = 0.0
    for path in scripts:
        size = len(gzip.compress(path.read_bytes(), 9, mtime=0)) / 1000
        if path.name.startswith(LANGUAGES):
            texts = max(texts, size)
        else:
            whole += size
            first += size if path.name in first_loaded else 0.0
        print(f"{size:7.1f} kB  {path.name}{'' if path.name in first_loaded else ', later'}")
    first, whole = first + texts, whole + texts
    print(f"{first:7.1f} kB of {FIRST_BUDGET_KB:.0f} kB JavaScript that a page loads first, compressed")
    print(f"{whole:7.1f} kB of {WHOLE_BUDGET_KB:.0f} kB of all screens")
    strangers = set()
    for path in [*scripts, *STATIC.glob("assets/*.css"), STATIC / "index.html"]:
        strangers |= set(re.findall(r"https?://[\w.-]+/?", path.read_text(encoding="utf-8")))
    strangers = {address for address in strangers if not address.startswith(HARMLESS)}
    if strangers:
        print(f"other hosts are named: {', '.join(sorted(strangers))}")
    return 1 if first > FIRST_BUDGET_KB or whole > WHOLE_BUDGET_KB or strangers else 0


def find_first(static: Path) -> set[str]:
    """Scripts that the page names and those that they import at once, by name."""
    waiting = re.findall(r"assets/([\w.-]+\.js)", (static / "index.html").read_text(encoding="utf-8"))
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = (static / "assets" / name).read_text(encoding="utf-8")
            # `import("./x.js")` comes later; `import{a}from"./x.js"` and `import"./x.js"` come at once.
            waiting += re.findall(r"""(?:from|import)\s*["'`]\./([\w.-]+\.js)["'`]""", text)
    return found


if __name__ == "__main__":
    sys.exit(main())
