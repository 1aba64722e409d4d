"""The scripts behind the documentation: what they print and what they refuse."""

import ast
import importlib.util
from pathlib import Path

import pytest
from tests.unit.test_cli import QUICK

from kiban.planning import building
from kiban.scenario import read_scenario

ROOT = Path(__file__).resolve().parents[2]


def script(name):
    specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


refresh_docs = script("refresh_docs")
make_release = script("make_release")
problems_of = make_release.problems_of
KNOWN = {"a": {"b": 2.0, "c": 0.5}, "value": {"x.y": 4.5}, "count": {"n": 12345}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [("a.b * 100", 200.0), ("a.b / a.c - 1", 3.0), ('value["x.y"] + 1', 5.5), ("a.b > a.c", True), ("a.b == 2", True)],
)
def test_expressions(expression, value):
    assert refresh_docs.evaluate(expression, KNOWN) == value


@pytest.mark.parametrize(
    ("text", "is_near"),
    [
        ("cost 1,234.5 MW\n", True),
        ("cost   1,200 MW\n", True),
        ("cost 1,100 MW\n", False),
        ("price 1,234.5 MW\n", False),
        ("cost 1,234.5 MW 3\n", False),
        ("cost - MW\n", False),
    ],
)
def test_what_is_near_has_the_same_words(text, is_near):
    assert refresh_docs.is_near(text, "cost 1,234.5 MW\n", 0.1) is is_near


@pytest.mark.parametrize("expression", ["__import__('os')", "a.b ** 2", "[1, 2]", "(lambda: 1)()"])
def test_anything_else_is_no_expression(expression):
    with pytest.raises((ValueError, KeyError)):
        refresh_docs.evaluate(expression, KNOWN)


@pytest.mark.parametrize(
    ("expression", "said"),
    [("a.b * 123.456", "247"), ('value["x.y"]', "4.5"), ("count.n", "12,345"), ("a.c / 3", "0.167")],
)
def test_numbers(expression, said):
    assert refresh_docs.write_number(expression, KNOWN) == said


@pytest.fixture
def page(tmp_path):
    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_stale_number_is_replaced(page):
    text = refresh_docs.refresh(page("About 1,000.5<!-- count.sites --> sites, not 3.\n"))
    assert text == "About 30<!-- count.sites --> sites, not 3.\n"


def test_a_statement_that_does_not_hold_is_refused(page):
    with pytest.raises(ValueError, match="does not hold any more"):
        refresh_docs.refresh(page("<!-- holds: count.sites > 1000 -->\n"))


def test_a_python_block_that_fails_is_a_failure(page):
    with pytest.raises(AssertionError):
        refresh_docs.refresh(page("```python\nassert 1 == 2\n```\n"))


def test_output_is_written_below_its_command(page):
    text = (
        '```toml\n# a.toml\nname = "x"\n```\n<!-- run: kiban check a.toml; show: problems -->\n```console\nold\n```\n'
    )
    new = refresh_docs.refresh(page(text))
    assert "old" not in new
    assert "$ kiban check a.toml\nreading inputs ...\nerror: a.toml: site is missing; add it.\n" in new


def test_a_command_that_fails_unexpectedly_is_a_failure(page):
    with pytest.raises(ValueError, match="ended with 2"):
        refresh_docs.refresh(page("<!-- run: kiban check nowhere; show: answer -->\n```console\n```\n"))


def test_what_commands_of_both_languages_ask_for_is_solved_once(page, tmp_path, monkeypatch):
    """Each language says it in its words, what is asked otherwise is solved, and nothing is kept for others."""
    solved, build = [], building.build

    def counted(scenario, *, report):
        solved.append(scenario.load.it_load_mw)
        return build(scenario, report=report)

    monkeypatch.setattr(building, "build", counted)
    monkeypatch.chdir(tmp_path)
    Path("quick.toml").write_text(QUICK, encoding="utf-8")
    Path("more.toml").write_text(QUICK.replace("it_load_mw = 10", "it_load_mw = 11"), encoding="utf-8")
    commands = ("kiban build quick.toml", "kiban build quick.toml --lang ja", "kiban build more.toml")
    english, japanese, more = (refresh_docs.run_command(command, [""]) for command in commands)
    assert solved == [10.0, 11.0]
    assert english.startswith("10 MW of AI load at ")
    assert more.startswith("11 MW of AI load at ")
    assert "MW" in japanese
    assert "AI load" not in japanese
    told, inside = [], []
    with refresh_docs.GIVEN.held():
        kept = building.build
        kept(read_scenario("quick.toml"), report=inside.append)
    kept(read_scenario("quick.toml"), report=told.append)
    assert solved == [10.0, 11.0, 10.0]
    assert [one.code for one in inside] == [one.code for one in told]
    assert building.build is counted


def test_a_release_has_a_dated_section_a_clean_tree_and_a_new_tag():
    assert problems_of("1.2.0", "# Changes\n\n## 1.2.0 (2027-01-31)\n", "", ["v1.1.0"]) == []
    unreleased, changed, tagged = problems_of("1.2.0", "## 1.2.0 (unreleased)\n", " M README.md\n", ["v1.2.0"])
    assert '"## 1.2.0 (YYYY-MM-DD)"' in unreleased
    assert changed.endswith(" M README.md")
    assert "v1.2.0 exists" in tagged


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("scripts/*.py"), *ROOT.glob("bench/*.py")]),
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_what_a_script_imports_from_the_house_exists(path):
    """Benchmarks and most scripts are run by hand: a name that has moved would be noticed late."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "kiban":
            for alias in node.names:
                if not hasattr(importlib.import_module(node.module), alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "kiban":
                    importlib.import_module(alias.name)


def test_the_list_of_parts_has_the_hash_of_each():
    report = {
        "install": [
            {
                "metadata": {"name": "Typing_Extensions", "version": "4.1"},
                "download_info": {"archive_info": {"hashes": {"sha256": "ab"}}},
            }
        ]
    }
    part = {"name": "typing.extensions", "version": "4.1", "licenses": []}
    found = make_release.add_hashes({"bomFormat": "CycloneDX", "components": [part]}, report)
    assert found == {
        "bomFormat": "CycloneDX",
        "components": [part | {"hashes": [{"alg": "SHA-256", "content": "ab"}]}],
    }
    with pytest.raises(ValueError, match="which pip did not install"):
        make_release.add_hashes({"components": [part | {"version": "4.2"}]}, report)
