"""Only `kiban.whole_files` writes files; whoever else opens one for writing, renames one or makes one is found here."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.cases.sources import tree_of

import kiban

PACKAGE = Path(kiban.__file__).parent
WRITER = "whole_files.py"
# fmt: off
WRITING = frozenset({
    "write_text", "write_bytes", "touch", "rename", "hardlink_to", "symlink_to", "link_to", "link", "symlink",
    "renames", "truncate", "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile",
    "SpooledTemporaryFile", "mktemp", "copyfile", "copy2", "copytree", "make_archive", "unpack_archive",
    "extractall", "to_csv", "to_parquet", "to_excel", "to_feather", "to_pickle", "to_hdf", "to_netcdf", "savez",
    "savez_compressed", "savetxt", "tofile", "write_table", "write_feather", "savefig", "FileHandler",
    "export_to_netcdf", "writeModel",
})
# fmt: on
"""Names of functions that write, rename or make a file, in whichever library."""
MODES = {"open": 1, "fdopen": 1, "ZipFile": 1, "TarFile": 1}
"""Functions whose mode says whether they write, and its place, which is one less for a method (`path.open`)."""
ALLOWED: Mapping[tuple[str, str], str] = {
    ("commands/terminal.py", "open"): "the null device, in place of an output that is gone",
    ("operation/live/journal.py", "open"): "the journal, which only grows",
    ("report/plan/folder.py", "write_table"): "Parquet in memory",
    ("report/plan/workbook.py", "ZipFile"): "an archive in memory",
    ("linear/kernel/packing.py", "savez"): "an archive in memory",
    ("server/packing.py", "savez"): "an archive in memory",
    ("server/plan_files.py", "ZipFile"): "an archive in memory",
    ("server/audit_proof.py", "open"): "a copy of the log, which only grows",
    ("server/worker.py", "open"): "the system's own switch for who is killed first when memory runs out",
    ("server/running.py", "open"): "the lock of the server's folder, which stays empty",
}


def name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def writes(call: ast.Call) -> bool:
    """Whether a call may write a file; one whose mode cannot be read off may."""
    name = name_of(call)
    if name in WRITING:
        return True
    if name == "replace":
        # `Path.replace(target)`; a text's or a date's takes two arguments or named ones.
        return (len(call.args) == 1 and not call.keywords) or ast.unparse(call.func) == "os.replace"
    if name not in MODES:
        return False
    called = ast.unparse(call.func)
    if called == "os.open":
        return any(flag in ast.unparse(call) for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"))
    is_method = name == "open" and isinstance(call.func, ast.Attribute) and called not in {"io.open", "codecs.open"}
    place = MODES[name] - (1 if is_method else 0)
    mode = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), None)
    if mode is None:
        mode = call.args[place] if len(call.args) > place else ast.Constant("r")
    return not (isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not set(mode.value) & set("wax+"))


def writing_calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and writes(node):
            yield name_of(node), node.lineno


def found_in_the_package() -> Iterator[tuple[str, str, int]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for name, line in writing_calls(tree_of(path)):
            yield path.relative_to(PACKAGE).as_posix(), name, line


def test_nobody_else_writes_a_file() -> None:
    found = list(found_in_the_package())
    assert [
        f"{file} line {line}: {name}" for file, name, line in found if file != WRITER and (file, name) not in ALLOWED
    ] == []
    assert set(ALLOWED) <= {(file, name) for file, name, _ in found}
    assert {name for file, name, _ in found if file == WRITER} >= {"open", "rename", "replace", "hardlink_to"}


def test_one_module_writes_tables_for_people() -> None:
    """Each CSV begins with a byte order mark, which is written in one place."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"writer", "DictWriter"}
        and ast.unparse(node.value) == "csv"
    }
    assert found == {"report/table_file.py"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.write_text('a')", True),
        ("open(path)", False),
        ("open(path, 'rb')", False),
        ("open(path, 'w')", True),
        ("open(path, mode='r+b')", True),
        ("open(path, mode)", True),
        ("path.open('xb')", True),
        ("path.open(encoding='utf-8')", False),
        ("path.open('rb')", False),
        ("io.open(path, 'a')", True),
        ("os.open(path, os.O_RDONLY)", False),
        ("os.open(path, os.O_RDWR | os.O_CREAT)", True),
        ("os.replace(a, b)", True),
        ("path.replace(other)", True),
        ("text.replace('a', 'b')", False),
        ("dataclasses.replace(plan, name='a')", False),
        ("zipfile.ZipFile(raw)", False),
        ("zipfile.ZipFile(place, 'w')", True),
        ("tempfile.mkdtemp()", True),
        ("frame.to_csv(path)", True),
        ("np.savez(path, **arrays)", True),
    ],
)
def test_the_rule_itself(source: str, found: bool) -> None:
    assert any(True for _ in writing_calls(ast.parse(source))) is found
