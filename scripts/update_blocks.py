"""Write what each block of the programme says in four hours: python scripts/update_blocks.py; review the diff."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "golden" / "blocks"

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tests.cases.blocks import CASES, write_block

    for old in FOLDER.glob("*.lp"):
        old.unlink()
    for case in CASES:
        (FOLDER / f"{case}.lp").write_text(write_block(case), encoding="utf-8")
