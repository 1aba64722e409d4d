"""The house rules that can be read off the source: one way of imports, plain names, small files, quick start."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from tests.cases.sources import tree_of

import kiban

PACKAGE = Path(kiban.__file__).parent
LEVELS = {
    "errors": 0,
    "quantities": 0,
    "calendar": 0,
    "arrays": 0,
    "messages": -1,  # errors and progress are made of it
    "progress": 0,
    "interruption": 0,
    "outside": 0,
    "version": 0,
    "whole_files": 0,
    "catalogue": 1,
    "physics": 1,
    "weather": 1,
    "linear": 1,
    "signing": 1,
    "tasks": 1,
    "figures": 2,
    "scenario": 2,
    "policy": 3,
    "market": 3,
    "planning": 4,
    "national": 5,
    "finance": 6,
    "operation": 6,
    "economy": 7,
    "report": 8,
    "server": 9,
    "commands": 10,
    "cli": 11,
}
ROOMS = {"national": ("study", "search", "result")}
"""Rooms of a part, in the order in which they may import: each itself and those before it."""
FACADE = "kiban"
HEAVY = ("pandas", "pvlib", "scipy", "pyarrow", "openpyxl", "clarabel", "highspy", "httpx")
VAGUE = re.compile(r"^_?(utils?|helpers?|managers?|base|misc|common|core)$")
MOST_LINES = 500
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of the house to which a module belongs; the facade is a part of its own."""
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else FACADE


def imports_in(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Every module of kiban that is imported anywhere in the tree, functions and type checking included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: a relative import"
            names = [
                f"{node.module}.{alias.name}" if node.module == FACADE else str(node.module) for alias in node.names
            ]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == FACADE)


def faults_in(tree: ast.AST, module: str) -> list[str]:
    """Imports that do not point down; equals of level 1 and more may not import each other."""
    faults, own = [], part_of(module)
    for line, name in imports_in(tree, module):
        other = part_of(name)
        # `from kiban import build` takes a name of the facade, not a part of the house.
        if other not in LEVELS:
            other = FACADE
        if own in {other, FACADE}:
            continue
        allowed = LEVELS[own] >= LEVELS["server"] if other == FACADE else LEVELS[other] < LEVELS[own]
        if not allowed:
            faults.append(f"{module} line {line} imports {name}")
    return faults


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    assert faults_in(tree_of(path), name_of(path)) == []


@pytest.mark.parametrize(
    ("module", "source", "fine"),
    [
        ("kiban.planning.plan", "from kiban.scenario import Scenario", True),
        ("kiban.planning.plan", "from kiban.planning.worths import x", True),
        ("kiban.scenario.file", "def f():\n    from kiban.planning import build", False),
        ("kiban.finance.paying", "from kiban.national.result.plan import x", True),
        ("kiban.national.result.plan", "from kiban.finance.ledger import x", False),
        ("kiban.weather.year", "import kiban.catalogue.facts", False),
        ("kiban.catalogue.facts", "from kiban import physics", False),
        ("kiban.errors", "from kiban.quantities import x", False),
        ("kiban.report.plan.words", "from kiban import build", False),
        ("kiban.cli", "import kiban", True),
        ("kiban.cli", "from kiban import __version__", True),
        ("kiban", "from kiban.report.plan.folder import save_plan", True),
        ("kiban.report.plan.words", "if TYPE_CHECKING:\n    from kiban.cli import app", False),
    ],
)
def test_the_rule_itself(module: str, source: str, fine: bool) -> None:
    assert (faults_in(ast.parse(source), module) == []) is fine


def room_of(module: str) -> tuple[str, int] | None:
    """The part of a module and the place of its room there; what stands in no room is above all; None without rooms."""
    pieces = module.split(".")
    rooms = ROOMS.get(part_of(module))
    if rooms is None:
        return None
    return part_of(module), rooms.index(pieces[2]) if len(pieces) > 2 and pieces[2] in rooms else len(rooms)


def room_faults_in(tree: ast.AST, module: str) -> list[str]:
    """Imports from a room above one's own, within a part with rooms."""
    faults, own = [], room_of(module)
    for line, name in imports_in(tree, module):
        other = room_of(name)
        if own is not None and other is not None and other[0] == own[0] and other[1] > own[1]:
            faults.append(f"{module} line {line} imports {name}")
    return faults


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(name_of(path))], ids=name_of)
def test_rooms_import_one_way(path: Path) -> None:
    assert room_faults_in(tree_of(path), name_of(path)) == []


@pytest.mark.parametrize(
    ("module", "source", "fine"),
    [
        ("kiban.national.search.master", "from kiban.national.study.problem import x", True),
        ("kiban.national.search.master", "from kiban.national.search.subproblem import x", True),
        ("kiban.national.study.problem", "from kiban.national.search.master import x", False),
        ("kiban.national.study.problem", "def f():\n    import kiban.national.result.plan", False),
        ("kiban.national.search.master", "from kiban.national.result import plan", False),
        ("kiban.national.result.plan", "from kiban.national.building import x", False),
        ("kiban.national.building", "from kiban.national.result.plan import x", True),
        ("kiban.finance.national", "from kiban.national.study.problem import x", True),
    ],
)
def test_the_rule_of_rooms_itself(module: str, source: str, fine: bool) -> None:
    assert (room_faults_in(ast.parse(source), module) == []) is fine


def test_every_room_has_a_place() -> None:
    for part, rooms in ROOMS.items():
        assert {path.parent.name for path in (PACKAGE / part).glob("*/__init__.py")} == set(rooms)


def modules_imported(path: Path) -> set[str]:
    """Modules of kiban that a module imports anywhere, the names that it takes from them resolved to modules."""
    module, found = name_of(path), set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            taken = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in NAMES else str(node.module) for name in taken}
    return {name for name in found if name in NAMES and name != module}


NAMES = {name_of(path) for path in MODULES}


def circles_in(arrows: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Modules that import each other in a circle: what is left when modules without open imports go, both ways."""
    left = {name: set(others) for name, others in arrows.items()}
    while True:
        wanted = set().union(*left.values()) if left else set()
        gone = {name for name, others in left.items() if not others & left.keys() or name not in wanted}
        if not gone:
            return [sorted(left)] if left else []
        left = {name: others - gone for name, others in left.items() if name not in gone}


def test_no_circle_of_modules_exists() -> None:
    arrows = {name_of(path): modules_imported(path) for path in MODULES}
    # The facade hands names on; who is above it takes them from there.
    arrows.pop(FACADE)
    assert circles_in(arrows) == []


@pytest.mark.parametrize(
    ("arrows", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, [["b", "c"]]),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [["a", "b"]]),
    ],
)
def test_a_circle_is_found(arrows: dict[str, set[str]], circle: list[list[str]]) -> None:
    assert circles_in(arrows) == circle


CALCULATING = frozenset(
    {"linear", "physics", "weather", "policy", "market", "planning", "national", "finance", "economy"}
)
FORMATTING = ("report", "server", "commands", "cli")
TAKEN: Mapping[str, Collection[str]] = {
    # What is read off a finished plan, and facts that need no calculation.
    "report": {
        "kiban.economy.spread.add",
        "kiban.national.study.candidates.coastline",
        "kiban.planning.assumptions.group_by_subject",
        "kiban.planning.assumptions.group_families",
        "kiban.planning.assumptions.rank_assumptions",
        "kiban.planning.assumptions.subject_of",
        "kiban.planning.cost_groups.group_costs",
        "kiban.planning.cost_groups.group_of",
        "kiban.planning.design.capacity_parts",
        "kiban.planning.design.design_rows",
        "kiban.planning.hours.describe_hours",
        "kiban.planning.making.describe_making",
        "kiban.planning.provenance.catalogue_source",
        "kiban.policy.law.load_law",
        "kiban.weather.typical.typical_stations",
    },
    # The questions of a server and of a command line.
    "server": {
        "kiban.finance.on_others.days_of_load",
        "kiban.finance.on_others.impact_of_load",
        "kiban.finance.on_others.year_of_market",
        "kiban.market.campus.bare_load",
        "kiban.finance.joint_draws.with_draws",
        "kiban.national.building.build_national",
        "kiban.planning.building.build",
        "kiban.planning.frontier.trace",
        "kiban.planning.making.edition_of_answers",
        "kiban.planning.swept.plan_figures",
        "kiban.planning.swept.swept_tasks",
    },
    "commands": {
        "kiban.finance.compared.instrument_rows",
        "kiban.finance.comparison.answer",
        "kiban.finance.comparison.as_they_are_wanted",
        "kiban.finance.comparison.equal_cost_wanted",
        "kiban.finance.comparison.least_public_money_wanted",
        "kiban.finance.comparison.sweep_wanted",
        "kiban.economy.asking.economy_of_plan",
        "kiban.economy.asking.economy_of_study",
        "kiban.economy.asking.read_prefecture",
        "kiban.economy.growth_needs.compare_claims",
        "kiban.economy.limits.limits_of_study",
        "kiban.economy.limits.limits_text",
        "kiban.finance.joint_draws.with_draws",
        "kiban.finance.on_others.check_week",
        "kiban.finance.on_others.commit_week_of",
        "kiban.finance.on_others.impact_of_load",
        "kiban.finance.on_others.impact_of_plan",
        "kiban.finance.on_others.impact_of_study",
        "kiban.finance.connecting.compare_connections",
        "kiban.finance.policy_points.point_tasks",
        "kiban.finance.race.race",
        "kiban.finance.things.what_is",
        "kiban.national.building.build_national",
        "kiban.national.result.movement.move_compute",
        "kiban.national.study.assembly.write_problem",
        "kiban.planning.anywhere.read_coordinates",
        "kiban.planning.anywhere.scenario_at",
        "kiban.planning.building.build",
        "kiban.planning.frontier.trace",
        "kiban.planning.making.edition_of_answers",
    },
    "cli": {"kiban.planning.building.build"},
}
"""Functions of the parts that calculate which the parts that format may call; results and constants may be read."""
ASKED = frozenset({"kiban.finance.paying.Question", "kiban.finance.national.NationalQuestion"})
"""Classes that calculate when they are asked; only a server and a command line ask."""
NUMERICAL = ("numpy", "scipy", "pandas", "statistics")
SHOWING: Mapping[str, str] = {
    "kiban.report.payment.workbook_rows": "the type of a row of years",
    "kiban.report.plan.folder": "hours as a Parquet file",
    "kiban.report.plan.hours": "means of hours for charts, with the digits that are shown",
    "kiban.report.plan.record": "the type of a plan's time",
    "kiban.report.plan.workbook": "times as Excel counts them",
    "kiban.server.packing": "hours as bytes of the store",
}
"""Modules of the parts that format which know arrays, and for what."""


def names_taken(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Modules and names that are taken from the parts that calculate."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and part_of(node.module) in CALCULATING:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "*") for alias in node.names if part_of(alias.name) in CALCULATING)


@cache
def functions_of(module: str) -> frozenset[str]:
    """Names of the functions of a module, those among them that it takes from others and hands on."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path.with_suffix(".py")
    tree = tree_of(file if file.is_file() else path / "__init__.py")
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return frozenset(own | {name for source, name in names_taken(tree) if name in functions_of(source)})


def calculations_in(tree: ast.AST, module: str) -> list[str]:
    """Functions that a part which formats may not call, whole modules, and arrays where none are shown."""
    part = part_of(module)
    faults = []
    for source, name in names_taken(tree):
        whole = name == "*" or f"{source}.{name}" in NAMES
        calls = whole or name in functions_of(source) or f"{source}.{name}" in ASKED
        asks = f"{source}.{name}" in ASKED and part in {"server", "commands"}
        if calls and not asks and f"{source}.{name}" not in TAKEN[part]:
            faults.append(f"{module} takes {source}.{name}")
    if module not in SHOWING:
        imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        tops = {(node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imported}
        faults += [f"{module} knows {top}" for top in sorted(tops) if top.split(".")[0] in NUMERICAL]
    return faults


@pytest.mark.parametrize("path", [path for path in MODULES if part_of(name_of(path)) in FORMATTING], ids=name_of)
def test_what_formats_calculates_nothing(path: Path) -> None:
    assert calculations_in(tree_of(path), name_of(path)) == []


def test_what_may_be_taken_is_there_and_is_taken() -> None:
    taken = {
        (part_of(name_of(path)), f"{source}.{name}") for path in MODULES for source, name in names_taken(tree_of(path))
    }
    assert {(part, name) for part, names in TAKEN.items() for name in names} <= taken
    knowing = {name_of(path) for path in MODULES if re.search(r"\b(import|from) (numpy|pandas)\b", path.read_text())}
    assert set(SHOWING) <= knowing


@pytest.mark.parametrize(
    ("module", "source", "fine"),
    [
        ("kiban.report.plan.words", "from kiban.planning.plan import Plan", True),
        ("kiban.report.plan.words", "from kiban.planning.design import MEASURE, design_rows", True),
        ("kiban.report.plan.words", "def f():\n    from kiban.planning.building import build", False),
        ("kiban.report.plan.words", "from kiban.planning import build", False),
        ("kiban.report.plan.words", "from kiban.planning import building", False),
        ("kiban.report.plan.words", "import kiban.finance.metrics", False),
        ("kiban.report.plan.words", "from kiban.finance.metrics import irr", False),
        ("kiban.report.plan.words", "from kiban.finance.paying import Question", False),
        ("kiban.report.plan.words", "import numpy as np", False),
        ("kiban.report.plan.hours", "import numpy as np", True),
        ("kiban.server.tasks", "from kiban.planning.building import build", True),
        ("kiban.server.tasks", "from kiban.planning.evaluation import name_capacities", False),
        ("kiban.server.payments", "from kiban.finance.paying import InfeasibleError, Question", True),
        ("kiban.server.tasks", "from scipy.optimize import brentq", False),
    ],
)
def test_the_rule_about_calculation_itself(module: str, source: str, fine: bool) -> None:
    assert (calculations_in(ast.parse(source), module) == []) is fine


SERVERLESS = ("kiban.cli", "kiban.commands.report", "kiban.commands.paying", "kiban.commands.national", "kiban.report")


@pytest.mark.parametrize("module", SERVERLESS)
def test_no_command_but_serve_needs_the_server(module: str) -> None:
    """Neither at the top nor inside a function; `kiban serve` fetches the server when it runs."""
    paths = [path for path in MODULES if name_of(path) == module or name_of(path).startswith(f"{module}.")]
    assert paths
    found = {name for path in paths for name in modules_imported(path) if part_of(name) == "server"}
    assert found == set()


def test_the_command_line_loads_no_server() -> None:
    loaded = set(fresh("import sys, kiban.cli, kiban.report.page; print(*sys.modules)").split())
    assert {name for name in loaded if name.startswith(("kiban.server", "fastapi", "sqlalchemy"))} == set()


def test_every_part_has_a_level() -> None:
    found = {part_of(name_of(path)) for path in MODULES}
    assert found - {FACADE} <= set(LEVELS)


# What only hands down files and has no module of its own to list.
UNLISTED = ("kiban", "kiban.server.migrations", "kiban.server.migrations.versions")
PACKAGES = [path for path in MODULES if path.name == "__init__.py" and name_of(path) not in UNLISTED]


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_a_package_lists_its_modules_with_a_line_each(path: Path) -> None:
    rows = re.findall(r"^ *([a-z0-9_]+) {2,}\S", ast.get_docstring(tree_of(path)) or "", re.MULTILINE)
    rooms = [file.parent.name for file in path.parent.glob("*/__init__.py")]
    modules = [file.stem for file in path.parent.glob("*.py") if file != path]
    assert sorted(rows) == sorted({*rooms, *modules} - {"migrations"})


def numbers_in(path: Path) -> Iterator[tuple[str, float]]:
    """Constants of a module that are plain numbers."""
    for node in tree_of(path).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Constant):
            continue
        value = node.value.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((name.id, value) for name in targets if isinstance(name, ast.Name) and name.id.isupper())


def test_no_constant_has_one_name_and_many_values() -> None:
    # A format has a version of its own, and the kernel is read as one page of its own.
    kernel = PACKAGE / "linear" / "kernel"
    values: dict[str, set[float]] = {}
    for path in MODULES:
        if kernel not in path.parents:
            for name, value in numbers_in(path):
                values.setdefault(name, set()).add(value)
    assert len(values) > 100
    assert {name: found for name, found in values.items() if len(found) > 1 and name != "VERSION"} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_a_telling_name_and_one_subject(path: Path) -> None:
    assert not VAGUE.match(path.stem)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    tops = [node for node in tree_of(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in tops if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in tops if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} & set(HEAVY) == set()


def fresh(code: str) -> str:
    surroundings = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings, check=True)
    return done.stdout


@pytest.mark.parametrize("module", ["kiban", "kiban.cli", "kiban.planning", "kiban.scenario", "kiban.weather"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    loaded = set(fresh(f"import sys, {module}; print(*sys.modules)").split())
    assert loaded & set(HEAVY) == set()


def test_the_facade_loads_nothing_at_all() -> None:
    loaded = set(fresh("import sys, kiban; print(*sys.modules)").split())
    assert {name for name in loaded if name.startswith("kiban")} == {"kiban"}
    assert loaded & {"numpy", "pydantic", "typer", "rich"} == set()


def test_help_loads_only_what_it_says() -> None:
    """A command imports what it needs when it runs: that, and no clock, is what keeps help quick."""
    said, *loaded = fresh(
        "import sys; from typer.testing import CliRunner; before = set(sys.modules); from kiban.cli import app\n"
        "print(CliRunner().invoke(app, ['--help']).exit_code, *set(sys.modules) - before)"
    ).split()
    assert said == "0"
    parts = {part_of(name) for name in loaded if name.startswith("kiban.")}
    assert parts <= {"cli", "commands", *(part for part, level in LEVELS.items() if level <= 0)}
    assert set(loaded) & {"numpy", "pydantic", "sqlalchemy", "fastapi", *HEAVY} == set()
