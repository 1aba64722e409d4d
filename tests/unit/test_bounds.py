"""Texts are bounded before they are read, numbers before they are used, problems before they are explained."""

from __future__ import annotations

import math
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.errors import MOST_PROBLEMS, ScenarioError, limit_problems
from kiban.outside import Reach, may_open, restrict, restricted
from kiban.scenario import bounds, file
from kiban.scenario.bounds import (
    LARGEST_NUMBER,
    LEAST_NUMBER,
    MOST_KEY_PARTS,
    MOST_LEVELS,
    bound_values,
    find_excess,
    load_toml,
)
from kiban.scenario.file import parse_scenario, place_of
from kiban.scenario.national_file import is_national, parse_national
from kiban.scenario.package import load_package, package_names, parse_package
from kiban.scenario.shipped import packages_folder

SITE = {"name": "x", "site": {"id": "tomakomai"}}


def code_of(text: str) -> str:
    problem = find_excess(text)
    return problem.code if problem is not None else ""


def dotted(parts: int, part: str = "a", between: str = ".") -> str:
    return between.join([part] * parts)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{dotted(MOST_KEY_PARTS)} = 1", ""),
        (f"{dotted(MOST_KEY_PARTS + 1)} = 1", "bounds.parts"),
        (f"[{dotted(MOST_KEY_PARTS + 1)}]", "bounds.parts"),
        (f"[[{dotted(MOST_KEY_PARTS + 1)}]]", "bounds.parts"),
        (f"x = {{{dotted(MOST_KEY_PARTS + 1)} = 1}}", "bounds.parts"),
        (f"x = [1, [{{{dotted(MOST_KEY_PARTS + 1)} = 1}}]]", "bounds.parts"),
        (f"{dotted(MOST_KEY_PARTS + 1, between=' . ')} = 1", "bounds.parts"),
        (dotted(MOST_KEY_PARTS + 1, '"a"') + " = 1", "bounds.parts"),
        (dotted(MOST_KEY_PARTS + 1, "'a'") + " = 1", "bounds.parts"),
        (dotted(MOST_KEY_PARTS + 1, '"\\""') + " = 1", "bounds.parts"),
        (f'a = "{dotted(99)}"\n', ""),
        (f"a = '{dotted(99)}'\n", ""),
        (f'a = """{dotted(99)}\n" "" {dotted(99)}"""\n', ""),
        (f"a = '''{dotted(99)}\n' '' {dotted(99)}'''\n", ""),
        (f"# {dotted(99)}\n", ""),
        (f'a = """x"""""\n{dotted(MOST_KEY_PARTS + 1)} = 1', "bounds.parts"),
        (f'a = "\\\\"\n{dotted(MOST_KEY_PARTS + 1)} = 1', "bounds.parts"),
        (f"a = '\\'\n{dotted(MOST_KEY_PARTS + 1)} = 1", "bounds.parts"),
        (f"a = \"\"\nb = ''\n{dotted(MOST_KEY_PARTS + 1)} = 1", "bounds.parts"),
        ("a = 1.5\n" * 100, ""),
        ("a = 1979-05-27T07:32:00.999999\n", ""),
        ("a = " + "1" * 1_001, "bounds.word"),
        ("a = 0x" + "f" * 5_000, "bounds.word"),
        ("k" * 1_001 + " = 1", "bounds.word"),
        ("a = " + "1" * 1_000, ""),
        ("a = " + "[" * (MOST_LEVELS + 1), "nesting"),
        ("a = " + "[" * MOST_LEVELS + "]" * MOST_LEVELS, ""),
        ("#" * (bounds.MOST_TOML_LETTERS + 1), "bounds.long"),
    ],
)
def test_what_a_text_holds_too_much_of(text: str, code: str) -> None:
    assert code_of(text) == code


@given(st.text(alphabet="a.\"'\\ \n=[]{}#1,", max_size=80))
def test_no_text_hides_a_long_key_from_the_look_over(text: str) -> None:
    """Whatever tomllib reads without a long key is let through, and it never sees a longer one than is allowed."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    monstrous = f"{text}\n{dotted(MOST_KEY_PARTS + 1, 'z')} = 1"
    tomllib.loads(monstrous)  # what stands behind a valid text is still a key
    assert code_of(monstrous) == "bounds.parts"
    assert load_toml(text) == raw


def test_the_case_that_filled_twenty_gigabytes_takes_no_memory() -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from kiban.errors import ScenarioError\nfrom kiban.scenario.bounds import load_toml\n"
        "try:\n    load_toml('.'.join(['a'] * 99_000) + ' = 1')\nexcept ScenarioError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"line 1 has a key of more than {MOST_KEY_PARTS} parts" in done.stdout


def test_nothing_is_looked_over_twice() -> None:
    """Texts that open what they never close; looked over again from each sign, they would take minutes."""
    most = bounds.MOST_TOML_LETTERS
    for text in ('"""' + '\\"""' * 45_000, '"' * most, "'" * most, "a=[" + "{a.b=1}," * 20_000, "[ " + " " * 190_000):
        assert find_excess(text) is None


@pytest.mark.parametrize("kind", ["scenario", "national", "package"])
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (math.nan, "is nan; it must be a finite number"),
        (math.inf, "is inf; it must be a finite number"),
        (1.1e15, "is 1100000000000000.0; it must be at most 1e+15"),
        (-(10**16), "is -10000000000000000; it must be at least -1e+15"),
        (10**400, "is 1e400; it must be at most 1e+15"),
        (1 << 40_000, "is 1e12042; it must be at most 1e+15"),
        (5e-324, "is 5e-324; it must be at least 1e-15"),
        (-9e-16, "is -9e-16; it must be at most -1e-15"),
    ],
    ids=["nan", "inf", "large", "small", "longer", "longest", "near zero", "near zero from below"],
)
def test_a_number_that_nothing_can_calculate_with(kind: str, number: float, said: str) -> None:
    parse, raw = {
        "scenario": (parse_scenario, {**SITE, "load": {"it_load_mw": number}, "nonsense": 1}),
        "national": (parse_national, {"national": {"name": "x", "gap": number}, "tranche": [], "nonsense": 1}),
        "package": (
            parse_package,
            {"instrument": [{"kind": "carbon_price", "price_usd_per_t": number}], "nonsense": 1},
        ),
    }[kind]
    with pytest.raises(ScenarioError) as caught:
        parse(raw)
    told = [str(problem) for problem in caught.value.problems]
    assert [sentence for sentence in told if said in sentence], told
    assert [sentence for sentence in told if "nonsense is not a known key" in sentence], told
    about = {"scenario": "it_load", "national": "gap", "package": "price"}[kind]
    assert len([sentence for sentence in told if about in sentence]) == 1, told


def test_numbers_up_to_the_largest_are_left_alone() -> None:
    raw = {"a": [LARGEST_NUMBER, -LARGEST_NUMBER, 0, -0.0, LEAST_NUMBER, -LEAST_NUMBER, True], "tokens_per_year": 1e19}
    assert bound_values(raw) == (raw, [])
    assert bound_values({"a": [{"tokens_per_year": 1.1e20}]})[1][0].key == "a.0.tokens_per_year"


def test_a_mapping_that_nests_or_holds_too_much() -> None:
    deep: dict[str, object] = {}
    for _ in range(2 * MOST_LEVELS):
        deep = {"a": deep}
    with pytest.raises(ScenarioError, match="nests too deeply"):
        parse_scenario({**SITE, **deep})
    with pytest.raises(ScenarioError, match="holds more than"):
        parse_scenario({**SITE, "weather": {"years": [2020] * bounds.MOST_VALUES}})


@pytest.mark.parametrize("key", ["x_usd", "area_usd_per_mw"])
@pytest.mark.parametrize("value", [{"scale": {}}, {"scale": "2"}, {"scale": True}, 10**400, "x", [1], None])
def test_dollars_that_are_no_number(key: str, value: object) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario({**SITE, "site": {"id": "tomakomai", key: value}})


def test_problems_are_explained_up_to_a_hundred_and_known_keys_once() -> None:
    raw = {**SITE, **{f"k{number}": 1 for number in range(1500)}}
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(raw)
    problems = caught.value.problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert str(problems[-1]) == "More is wrong: only the first 100 problems are listed; mend these first."
    assert sum("known keys here are" in str(problem) for problem in problems) == 1
    assert str(problems[1]) == "scenario: k1 is not a known key; see the list of known keys above."


def test_what_is_explained_is_looked_at_once(monkeypatch) -> None:
    """The work is counted: each location is read once, and only a hundred problems look for a key like theirs."""
    calls = {"_plain": 0, "hint": 0, "place_of": 0}

    def counted(name, call):
        def count(*arguments):
            calls[name] += 1
            return call(*arguments)

        return count

    for name in calls:
        monkeypatch.setattr(file, name, counted(name, getattr(file, name)))
    with pytest.raises(ScenarioError):
        parse_scenario({**SITE, **{f"k{number}": 1 for number in range(5_000)}})
    assert calls == {"_plain": 5_000, "hint": MOST_PROBLEMS + 1, "place_of": MOST_PROBLEMS + 1}


@pytest.mark.parametrize(
    "raw",
    [
        {"national": {"name": "x", "sites": [f"s{n}" for n in range(20_000)]}, "tranche": []},
        {"national": {"name": "x"}, "tranche": [], "assumptions": {f"a{n}": 1.0 for n in range(20_000)}},
        {"national": {"name": "x"}, "tranche": [], "area": {f"a{n}": {} for n in range(20_000)}},
        {
            "national": {"name": "x"},
            "tranche": [{"id": "t", "it_load_mw": 1}],
            "policy": {"packages": [f"p{n}" for n in range(50)]},
        },
    ],
    ids=["sites", "assumptions", "areas", "packages"],
)
def test_a_national_study_is_explained_up_to_a_hundred_too(raw: dict[str, object]) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_national(raw)
    assert 1 < len(caught.value.problems) <= MOST_PROBLEMS + 1


def test_many_problems_are_not_even_looked_for() -> None:
    def endless():
        while True:
            yield caught

    with pytest.raises(ScenarioError) as error:
        parse_scenario({})
    caught = error.value.problems[0]
    assert len(limit_problems(endless())) == MOST_PROBLEMS + 1


def test_the_line_of_a_key_is_that_of_the_nearest_table() -> None:
    text = 'name = "x"\n[site]\nid = "a"\n[supply.pv]\n[[site]]\nid = "b"\n[load]\nx_usd = 1\n'
    lines = {
        ("site", "id"): 3,
        ("site", "area"): 2,
        ("supply", "pv", "max_mw"): 4,
        ("load", "x_myen"): 8,
        ("name",): 1,
    }
    for key, line in lines.items():
        assert str(place_of("f", text, key)) == f"f line {line}"
    assert place_of("f", text, ("grid", "x")) == "f"


def test_a_long_line_is_looked_at_once() -> None:
    """Looked at again from each of its blanks, it would take an hour."""
    assert place_of("f", f"[a{' ' * 190_000}.b]\n[c {' ' * 190_000}", ("d",)) == "f"


def test_a_file_that_would_eat_memory_is_no_national_study(tmp_path) -> None:
    (tmp_path / "x.toml").write_text(f"{dotted(90_000)} = 1\n[national]\n")
    assert not is_national(tmp_path / "x.toml")


def test_names_that_no_file_can_have() -> None:
    for name in ("a" * 300, "a" * 5_000, "nul\0nul"):
        with pytest.raises(ScenarioError, match="neither a file nor a policy package"):
            load_package(name)
        with pytest.raises(ScenarioError):
            parse_national({"national": {"name": "x", "sites_file": name}, "tranche": []})


def test_a_process_that_has_served_is_free_again(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    before = restrict(Reach())
    try:
        assert not may_open(tmp_path / "a.csv")
    finally:
        restrict(before)
    assert may_open(tmp_path / "a.csv")


def test_who_may_open_no_files_gets_packages_by_name_only(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text('secret_key = "x"\n')
    with pytest.raises(ScenarioError, match="secret_key is not a known key"):
        load_package("secret")
    with restricted(Reach()):
        for name in ("secret", "absent", "./secret", str(tmp_path / "secret"), "x.toml"):
            with pytest.raises(ScenarioError, match="neither a file nor a policy package"):
                load_package(name)
        assert load_package(package_names()[0]).name == package_names()[0]
        assert may_open(packages_folder() / "none.toml")
        assert not may_open(tmp_path / "secret")
        assert not may_open(packages_folder() / ".." / ".." / "pyproject.toml")
    assert may_open(tmp_path / "secret")
