"""Run the unit tests of the kernel's C++ under the address and undefined-behaviour sanitizers of gcc.

    python scripts/sanitize_native.py [TESTS]     `make sanitize`; a few minutes, needs g++ on Linux

The C++ is compiled with them into a copy of the package, and the tests import that copy. Before they do, a call that
writes beyond an array has to be caught: without that a run that finds nothing says nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NATIVE = "kiban/linear/native"
TESTS = tuple(
    f"tests/unit/test_{name}.py" for name in ("native_sweeps", "newton", "kernel", "kernel_batch", "window", "tree")
)
SANITIZE = (
    *("-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    # What these find the address sanitizer finds too; with them the window takes minutes to compile. Calls instead of
    # code in place halve the rest.
    *("-fno-sanitize=null,object-size,pointer-overflow", "--param", "asan-instrumentation-with-call-threshold=0"),
)
# What takes minutes there is Python's own work: the NumPy path, and windows by the thousand.
LEFT_OUT = "plain or hands_its_states_on or slide_over_a_year"
FOUND = 99
OVERRUN = """\
import ctypes
from kiban.linear.native.library import find_library
allocate = ctypes.CDLL(None).malloc
allocate.restype = ctypes.c_void_p
find_library().functions.kiban_processor(ctypes.c_void_p(allocate(ctypes.c_size_t(4))))
"""


def compile_sanitized(source: Path, place: Path) -> Path:
    """The package's sources in the folder `place`, with one library: of tables, at the middle level of x86-64.

    There every structure is read from tables; where the compiler knows a structure the same source takes it minutes.
    """
    sys.path.insert(0, str(ROOT))
    import hatch_build as hook

    made = place / "src"
    shutil.copytree(source, made, ignore=shutil.ignore_patterns("__pycache__", "kernel-*"))
    (place / "scenarios").symlink_to(ROOT / "scenarios")
    wanted = hook.levels.X86_64[1:2]
    (library,) = hook.compile_libraries((os.environ.get("CXX", "g++"),), wanted, place, extra=SANITIZE)
    shutil.copy(library, made / NATIVE)
    return made


def run_sanitized(source: Path, *command: str, quiet: bool = False) -> int:
    """Exit code of Python with `command`, kiban from the folder `source`; what is found ends it with `FOUND`."""
    runtime = [_find_runtime(name) for name in ("libasan.so", "libubsan.so")]
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(source),
        "LD_PRELOAD": " ".join(runtime),
        # Python itself leaks at its end; memory of the tests is Python's, so that its redzones are malloc's.
        "ASAN_OPTIONS": f"detect_leaks=0:exitcode={FOUND}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:exitcode={FOUND}",
        "PYTHONMALLOC": "malloc",
        "OMP_NUM_THREADS": "1",
    }
    said = subprocess.DEVNULL if quiet else None
    return subprocess.run((sys.executable, *command), cwd=ROOT, env=surroundings, stderr=said, check=False).returncode


def _find_runtime(name: str) -> str:
    return subprocess.run(
        (os.environ.get("CXX", "g++"), f"-print-file-name={name}"), capture_output=True, text=True, check=True
    ).stdout.strip()


def main() -> None:
    """Compile, see that an overrun is caught, run the tests."""
    tests = sys.argv[1:] or TESTS
    with tempfile.TemporaryDirectory(prefix="kiban-") as folder:
        source = compile_sanitized(ROOT / "src", Path(folder))
        caught = run_sanitized(source, "-c", OVERRUN, quiet=True)
        if caught != FOUND:
            sys.exit(f"A write beyond an array ended with exit code {caught}: the sanitizers do not look.")
        options = ("-q", "-p", "no:cacheprovider", "-n", "0", "-k", f"not ({LEFT_OUT})")
        sys.exit(run_sanitized(source, "-m", "pytest", *options, *tests))


if __name__ == "__main__":
    main()
