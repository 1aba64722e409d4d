"""The documentation is true: examples run, scenarios parse, commands exist, numbers are those of the results."""

import importlib.util
import json
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kiban.errors import ScenarioError
from kiban.report.payment.document import PaymentDocument
from kiban.scenario import parse_scenario
from kiban.scenario.examples import example_names
from kiban.scenario.national_file import parse_national
from kiban.scenario.package import parse_package

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("scenarios/*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
SMALLEST = {"name": "page", "site": {"id": "tomakomai"}}
SMALLEST_NATIONAL = {"national": {"name": "page", "year": 2030}, "tranche": [{"id": "training", "it_load_mw": 100}]}
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
NAME = re.compile(r"[a-z]\w*(?:\.\w+)+")
TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<name>\w+)`")
TWO_COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/kiban build",
    'python3 -m venv .venv && .venv/bin/pip install ".[test]" && .venv/bin/python -m pytest -n 2',
)


@cache
def script(name):
    specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def marked(name):
    """Expressions behind the numbers of a page, in order of the alphabet."""
    return sorted(match["expression"] for match in script("refresh_docs").NUMBER.finditer(text_of(name)))


def both_languages(name):
    """Where a page stands: beside the same page of the other language, which asks commands for the same answers."""
    return name.replace("/ja/", "/").replace(".ja.", "."), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    sorted((page.relative_to(ROOT).as_posix() for page in script("refresh_docs").pages()), key=both_languages),
)
def test_a_page_is_up_to_date(name):
    """Runs every Python block and marked command of the page; numbers, output and tables are as they stand there."""
    assert script("refresh_docs").refresh(ROOT / name) == text_of(name), "run python scripts/refresh_docs.py"


def test_the_reference_is_up_to_date():
    written = script("write_scenario_reference").reference()
    assert written == text_of("docs/scenario.md"), "run python scripts/write_scenario_reference.py"


def test_the_reference_of_national_studies_is_up_to_date():
    written = script("write_scenario_reference").national_reference()
    assert written == text_of("docs/national.md"), "run python scripts/write_scenario_reference.py"


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_parses(name):
    for block in script("refresh_docs").blocks(text_of(name), "toml"):
        raw = tomllib.loads(block["body"])
        if block["mark"] == "refused":
            with pytest.raises(ScenarioError):
                parse_scenario(raw)
        elif block["mark"] == "package":
            parse_package({"name": "page", **raw})
        elif {"national", "interconnector", "build_limit"} & set(raw) or isinstance(raw.get("site"), list):
            parse_national({**SMALLEST_NATIONAL, **raw} if block["mark"] == "fragment" else raw)
        else:
            parse_scenario({**SMALLEST, **raw} if block["mark"] == "fragment" else raw)


def commands_in(text):
    """Arguments of every kiban command in console blocks and tables."""
    lines = [
        line.removeprefix("$ ")
        for block in script("refresh_docs").blocks(text, "console")
        for line in block["body"].splitlines()
        if line.startswith("$ ") or "&&" in line
    ]
    for line in lines:
        for part in line.split("&&"):
            words = shlex.split(part)
            if words and words[0].rsplit("/", 1)[-1] == "kiban":
                yield words[1:]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_exists(name):
    import typer.main

    from kiban.cli import app

    group = typer.main.get_command(app)
    for words in commands_in(text_of(name)):
        command = group.commands[words[0]]
        command.make_context(words[0], words[1:])  # raises for an unknown option or a wrong choice


@pytest.mark.parametrize("name", ["docs/index.md", "docs/ja/index.md"])
def test_the_table_of_commands_is_whole(name):
    import typer.main

    from kiban.cli import app

    group = typer.main.get_command(app)
    shown = re.findall(r"^\| `kiban ([\w-]+)([^`]*)` \|", text_of(name), re.MULTILINE)
    assert sorted(command for command, _ in shown) == sorted(group.commands)
    for command, rest in shown:
        known = {option for parameter in group.commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known


@cache
def anchors_of(path):
    """Anchors as GitHub makes them from the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name):
    page = ROOT / name
    for match in LINK.finditer(text_of(name)):
        target, _, anchor = match["target"].partition("#")
        if target.startswith(("http://", "https://")):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), match["target"]
        if anchor:
            assert anchor in anchors_of(path), match["target"]


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = [match["target"].partition("#")[0] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
        waiting += [
            (page.parent / target).resolve() for target in targets if target.endswith(".md") and ":" not in target
        ]
    assert {page.resolve() for page in PAGES} - {ROOT / "docs" / "kernel.md"} <= seen


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_two_commands_stand_each_on_one_line(name):
    lines = text_of(name).splitlines()
    for command in TWO_COMMANDS:
        assert lines.count(command) == 1
    # `.ci/run` takes the first line with these words.
    for words, command in zip((".venv/bin/kiban build", ".venv/bin/python -m pytest"), TWO_COMMANDS, strict=True):
        assert next(line for line in lines if words in line) == command


TRANSLATED = [("README.md", "README.ja.md")]
TRANSLATED += [(f"docs/{page}.md", f"docs/ja/{page}.md") for page in ("tutorial", "pay", "tax-credits", "operation")]


@pytest.mark.parametrize("pair", TRANSLATED)
def test_both_languages_quote_the_same_numbers(pair):
    # The unit may be another one, so the names of the figures are compared.
    english, japanese = ({figure for text in marked(name) for figure in NAME.findall(text)} for name in pair)
    assert english == japanese


def test_both_tutorials_have_the_same_scenarios():
    blocks = script("refresh_docs").blocks
    english, japanese = (
        [tomllib.loads(block["body"]) | {"name": ""} for block in blocks(text_of(name), "toml")]
        for name in ("docs/tutorial.md", "docs/ja/tutorial.md")
    )
    assert english == japanese


def test_the_japanese_page_of_pools_shows_what_the_english_one_runs():
    blocks = script("refresh_docs").blocks
    english, japanese = text_of("docs/scale.md"), text_of("docs/ja/scale.md")
    (run,), (shown,) = blocks(english, "python"), blocks(japanese, "py")
    assert run["body"] == shown["body"]
    typed = [[block["body"] for block in blocks(text, "console")] for text in (english, japanese)]
    assert typed[0] == typed[1]
    # What one types is what the block starts, by its own interpreter and port.
    for word in (word for line in typed[0][1].splitlines() for word in line.split()[2:]):
        assert f'"{word}"' in run["body"] or word.endswith(":8786") or word == "8786", word


def test_every_example_has_its_page_with_numbers():
    for name in example_names():
        assert len(marked(f"scenarios/{name}.md")) >= 5
        assert f"({name}.toml)" in text_of(f"scenarios/{name}.md")
        assert f"scenarios/{name}.md" in text_of("docs/index.md")


@pytest.mark.parametrize("pair", TRANSLATED)
def test_both_languages_name_the_same_tests_and_each_exists(pair):
    english, japanese = ({(m["file"], m["name"]) for m in TEST.finditer(text_of(name))} for name in pair)
    assert english == japanese
    for file, name in english:
        assert re.search(rf"^def {name}\(", text_of(file), re.MULTILINE), f"{file}::{name}"


def test_validation_names_tests_that_exist_with_the_tolerance_that_they_have():
    page = text_of("docs/validation.md")
    assert len(TEST.findall(page)) > 40
    for line in page.splitlines():
        for match in TEST.finditer(line):
            source = text_of(match["file"])
            assert re.search(rf"^def {match['name']}\(", source, re.MULTILINE), match[0]
            for tolerance in re.findall(r"`(\d[\d.e-]*)`", line):
                assert tolerance in source, f"{match[0]} does not hold {tolerance}"


SAID_OF_A_PAYMENT = {
    *("format", "version", "name", "title", "against_title", "packages", "sentence", "sentences", "assumptions"),
    *("residual", "findings", "years", "flow_rate", "details", "heading"),
}
"""What of a payment's JSON is no figure, or says of which years and at which rate figures are."""


def test_every_figure_of_a_payment_leads_to_its_formula_its_code_and_what_holds_it():
    table = text_of("docs/validation.md").partition("| figure in `--json` |")[2].partition("\n<!-- end")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    assert all(len(row) == 4 for row in rows)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert named == set(PaymentDocument.__annotations__) - SAID_OF_A_PAYMENT
    for figure, formula, code, held in rows:
        assert formula, figure
        for file in re.findall(r"`([\w/]+\.py)`", code) or [""]:
            assert (ROOT / "src" / "kiban" / file).is_file(), figure
        assert TEST.search(held), figure


def test_the_model_page_has_the_blocks_of_the_programme_in_their_order():
    headings = re.findall(r"^### \d+\. (.+)$", text_of("docs/model.md"), re.MULTILINE)
    source = text_of("src/kiban/planning/programme.py").partition("def write_programme(")[2].partition("\ndef ")[0]
    called = re.findall(r"^    add_(\w+)\(programme", source, re.MULTILINE)
    assert [heading.lower().replace(" ", "_") for heading in headings] == called


PATH = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+/|[\w.-]+\.(py|toml|csv|md|txt|lock)")


def named_paths(text):
    """Files and folders that a page names in code, alone or within a command."""
    for code in re.findall(r"`([^`\n]+)`", text):
        yield from (word for word in code.split() if PATH.fullmatch(word))


def test_contributing_names_files_that_exist():
    names = [name for name in named_paths(text_of("CONTRIBUTING.md")) if "NAME" not in name]
    made = {".venv/bin/python", ".venv/bin/kiban", ".venv/bin/pre-commit", "dist/"}
    assert len(names) > 80
    missing = [name for name in names if not (ROOT / name).exists() and not (ROOT / "src" / "kiban" / name).exists()]
    assert set(missing) <= made, "CONTRIBUTING.md names what is not there"


def test_contributing_runs_what_the_makefile_has():
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)`", text_of("CONTRIBUTING.md"))) <= targets
    assert {"env", "check", "test", "refresh", "web", "release"} <= targets
    declared = re.search(r"^\.PHONY: (.+)$", text_of("Makefile"), re.MULTILINE)[1]
    assert set(declared.split()) == targets


def test_a_credit_rate_walks_through_seven_files_at_most():
    walk = text_of("CONTRIBUTING.md").partition("## The walk of a credit rate\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d+\. `([\w/]+\.py)`: (.+)$", walk, re.MULTILINE)
    assert 3 <= len(steps) <= 7
    for file, text in steps:
        source = text_of(f"src/kiban/{file}")
        for name in re.findall(r"`(?:\w+\.)?(\w+)`", text):
            assert re.search(rf"\b{name}\b", source), f"{file} does not have {name}"


def test_the_lock_holds_every_dependency_with_hashes_and_names_no_index():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    extras = [name for extra in project["optional-dependencies"].values() for name in extra]
    lock = text_of("requirements.lock")
    entries = re.findall(r"^([a-z0-9.-]+)==(\S+)[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S+==", lock, re.MULTILINE))
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        versions = [version for name, version in entries if name == requirement.name.lower()]
        if requirement.name != "kiban":
            assert versions, f"{requirement} is not in requirements.lock: run make lock"
            assert all(requirement.specifier.contains(version) for version in versions), "run make lock"
    assert "//" not in lock
    assert "index" not in lock
    hooks = text_of(".pre-commit-config.yaml")
    assert set(re.findall(r"^ *- repo: (.+)$", hooks, re.MULTILINE)) == {"local"}


def test_the_table_of_benchmarks_is_whole():
    named = re.findall(r"^\| `(\w+\.py)` \|", text_of("bench/README.md"), re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in ROOT.glob("bench/*.py"))


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/images/*.svg")), ids=lambda path: path.name)
def test_a_picture_is_drawn_from_the_golden_plan(path):
    example = path.name.split(".")[0].removeprefix("week").removeprefix("-") or "tomakomai"
    golden = json.loads(text_of(f"scenarios/{example}.golden.json"))
    drawn = json.loads(re.search(r"<metadata>(.*?)</metadata>", path.read_text(encoding="utf-8"))[1])
    cost = drawn.pop("cost_myen_per_year")
    assert cost == pytest.approx(golden["cost_myen_per_year"], rel=1e-4)
    assert drawn == pytest.approx(golden["capacities"], rel=1e-3, abs=0.05)


def test_the_citation_is_whole_and_the_version_stands_in_one_place():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    citation = text_of("CITATION.cff")
    fields = dict(re.findall(r"^([\w-]+): (.+)$", citation, re.MULTILINE))
    assert fields["cff-version"] == "1.2.0"
    assert fields["license"] == project["license"]
    assert {"message", "title", "type"} <= set(fields)
    assert re.search(r"^authors:\n  - name: ", citation, re.MULTILINE)
    assert f"## {project['version']}" in text_of("CHANGELOG.md")
    assert "version" not in fields
    assert "version" not in json.loads(text_of("web/package.json"))
