"""Bring numbers, command output and tables in the documentation up to date: python scripts/refresh_docs.py [PAGE ...].

In a page,

    44.9<!-- tomakomai.capacities.pv_mw -->       is a result from scenarios/tomakomai.golden.json, with three digits;
                                                  sums and products may be written, value["chip.life"] is a figure of
                                                  the catalogue, count.assumed is a count, pay.packages.tax_credit
                                                  is from scenarios/tomakomai.pay.golden.json and
                                                  national_pay.tax_credit from scenarios/japan.pay.golden.json,
                                                  run.synthetic from scenarios/tomakomai.run.golden.json
    <!-- holds: inzai.worths.pv_limit > 0 -->     is a statement on which a sentence rests; it must be true
    <!-- table: NAME -->...<!-- end -->           is a table made by a function of this file
    <!-- run: kiban build a.toml; show: answer --> stands before a console block, which is filled with the output;
                                                  `; within: 10 %` keeps what stands there while its words are the
                                                  same and no number is further off: where set-points are of equal
                                                  worth, an operation depends on the processor

A toml block that begins with a comment `# NAME.toml` is written to that file, a python block is run, and so
on down the page in a folder of its own, so that what a reader does in this order works. A toml block after
`<!-- fragment -->` is not a whole scenario, one after `<!-- refused -->` is in error on
purpose, one after `<!-- package -->` is a policy package.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import operator
import os
import pickle
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
NUMBER = re.compile(r"(?P<number>(?<![A-Za-z0-9_.])-?\d[\d,]*(?:\.\d+)?)<!-- (?P<expression>[^<>]+?) -->")
HOLDS = re.compile(r"<!-- holds: (?P<expression>.+?) -->")
TABLE = re.compile(r"(?P<head><!-- table: (?P<name>\w+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL)
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>run: (?P<command>[^;]+?)(?:; show: (?P<show>[\w, ]+))?(?:; within: (?P<within>\d+) %)?"
    r"|fragment|refused|package) -->\n)?"
    r"^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
FILE_NAME = re.compile(r"^# (?P<name>[\w.-]+\.toml)\b")
FACT = re.compile(r"^(value|low|high)\[")
WRITTEN = re.compile(r"\d[\d,]*(?:\.\d+)?")
DIGITS = 3
PERCENT = 100
PAY = {"tomakomai.pay": "pay", "japan.pay": "national_pay", "tomakomai.run": "run"}
"""Names of the golden results of PAY and RUN, and what pages call them."""
MYEN_IN_BN = 1000
MYEN_IN_OKU = 100
ANSWERS = (
    "kiban.economy.asking:economy_of_plan",
    "kiban.finance.on_others:impact_of_load",
    "kiban.finance.on_others:impact_of_study",
    "kiban.operation.running:run",
    "kiban.planning.building:build",
)
"""What commands of both languages ask for alike: they take each from its module when they run."""
OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
}
Known = Mapping[str, Any]


def pages() -> list[Path]:
    """All pages that are kept up to date."""
    return sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("scenarios/*.md")])


def refresh(page: Path) -> str:
    """The page with everything in it up to date; raises where an example fails or a statement does not hold."""
    text = page.read_text(encoding="utf-8")
    known = known_figures()
    for match in HOLDS.finditer(text):
        if evaluate(match["expression"], known) is not True:
            raise ValueError(f"{page.name}: '{match['expression']}' does not hold any more")
    text = NUMBER.sub(lambda m: f"{write_number(m['expression'], known)}<!-- {m['expression']} -->", text)
    text = TABLE.sub(lambda m: f"{m['head']}{TABLES[m['name']]()}{m['tail']}", text)
    with _own_folder():
        variables: dict[str, Any] = {"__name__": "example"}
        return BLOCK.sub(lambda match: _work(match, variables), text)


@cache
def known_figures() -> Known:
    """Golden results by example, figures of the catalogue by id with their ranges, and counts."""
    from kiban.catalogue import load_catalogue

    catalogue = load_catalogue()
    facts = catalogue.facts.values()
    golden = {
        path.name.removesuffix(".golden.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in ROOT.glob("scenarios/*.golden.json")
    }
    paid = {name: golden.pop(file) for file, name in PAY.items() if file in golden}
    for row in paid.get("national_pay", {}).values():
        # At the social rate, as the treasuries' net is, of which these are the parts.
        row["local_public_myen"] = sum(area["local_public_myen"] for area in row["areas"].values())
        row["state_myen"] = row["treasury_value_myen"] - row["local_public_myen"]
    counts: dict[str, int] = {"facts": len(catalogue.facts), "sources": len(catalogue.sources)}
    counts |= {"sites": len(catalogue.sites)}
    counts |= {status: sum(fact.status == status for fact in facts) for status in ("verified", "assumed")}
    counts |= {"worked_examples": len(golden)}
    for name in (name for name, figures in golden.items() if "candidates" not in figures):
        counts |= {f"{name}_{status}": count for status, count in count_inputs(name).items()}
    return {
        **golden,
        **paid,
        "count": counts,
        "value": {fact.id: fact.value for fact in facts},
        "low": {fact.id: fact.low for fact in facts},
        "high": {fact.id: fact.high for fact in facts},
    }


@cache
def inputs_of(example: str) -> tuple[Any, ...]:
    """Inputs of an example with their origin, without solving it."""
    import kiban

    return tuple(kiban.check(example).recorder)


def count_inputs(example: str) -> dict[str, int]:
    """Number of inputs of an example by status, and `inputs` for all."""
    from collections import Counter

    counted = Counter(entry.status for entry in inputs_of(example))
    statuses = ("verified", "assumed", "given", "derived", "synthetic")
    return {"inputs": counted.total(), **{status: counted[status] for status in statuses}}


def evaluate(expression: str, known: Known) -> Any:
    """Value of an expression of names, numbers, + - * / and comparisons; KeyError for an unknown name."""

    def value(node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=constant) if isinstance(constant, int | float | str):
                return constant
            case ast.Name(id=name):
                return known[name]
            case ast.Attribute(value=inner, attr=name):
                return value(inner)[name]
            case ast.Subscript(value=inner, slice=ast.Constant(value=name)):
                return value(inner)[name]
            case ast.BinOp(left=left, op=sign, right=right):
                return OPERATORS[type(sign)](value(left), value(right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return OPERATORS[type(sign)](value(left), value(right))
        raise ValueError(f"'{expression}' is not an expression of names, numbers and + - * /")

    return value(ast.parse(expression, mode="eval").body)


def write_number(expression: str, known: Known) -> str:
    """A count with all digits, a figure of the catalogue as it stands there, a result with three digits."""
    from kiban.quantities import format_given, format_number

    value = evaluate(expression, known)
    if isinstance(value, int):
        return f"{value:,}"
    return format_given(value) if FACT.match(expression) else format_number(value, DIGITS)


def blocks(text: str, language: str) -> list[re.Match[str]]:
    """Fenced blocks of one language, with the mark before them."""
    return [match for match in BLOCK.finditer(text) if match["language"] == language]


def is_near(text: str, other: str, share: float) -> bool:
    """Whether two texts have the same words, and each number of one is within a share of the other's."""
    if WRITTEN.sub("0", text).split() != WRITTEN.sub("0", other).split():
        return False
    numbers, others = ([float(number.replace(",", "")) for number in WRITTEN.findall(one)] for one in (text, other))
    return all(abs(one - two) <= share * max(abs(one), abs(two)) for one, two in zip(numbers, others, strict=True))


@contextlib.contextmanager
def _own_folder() -> Iterator[None]:
    before, columns = Path.cwd(), os.environ.get("COLUMNS")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["COLUMNS"] = "80"
        try:
            yield
        finally:
            os.chdir(before)
            if columns is None:
                del os.environ["COLUMNS"]
            else:
                os.environ["COLUMNS"] = columns


class Answers:
    """Answers that commands have been given, by function and arguments: pages of both languages ask for the same."""

    def __init__(self) -> None:
        self._given: dict[bytes, tuple[Any, list[Any]]] = {}
        self._is_held = False

    def kept(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which answers a question once; what it reports on the way is reported each time."""

        def answer(*arguments: Any, report: Callable[[Any], None] = lambda _: None, **options: Any) -> Any:
            if not self._is_held:  # a module that was imported inside has kept this function
                return function(*arguments, report=report, **options)
            key = sha256(pickle.dumps((name, arguments, options))).digest()
            if key not in self._given:
                told: list[Any] = []

                def tell(message: Any) -> None:
                    told.append(message)
                    report(message)

                self._given[key] = function(*arguments, report=tell, **options), told
                return self._given[key][0]
            found, told = self._given[key]
            for message in told:
                report(message)
            return found

        return answer

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Inside, every function of `ANSWERS` answers a question once."""
        with contextlib.ExitStack() as stack:
            for name in ANSWERS:
                module, _, function = name.partition(":")
                place = importlib.import_module(module)
                stack.enter_context(patch.object(place, function, self.kept(name, getattr(place, function))))
            self._is_held = True
            try:
                yield
            finally:
                self._is_held = False


GIVEN = Answers()


def _work(match: re.Match[str], variables: dict[str, Any]) -> str:
    """Do what a block says; the block itself, a console block with its output."""
    language, body = match["language"], match["body"]
    if language == "toml" and (named := FILE_NAME.match(body)):
        Path(named["name"]).write_text(body, encoding="utf-8")
    elif language == "python":
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(body, "example", "exec"), variables)
    elif match["command"]:
        command = match["command"].strip()
        output = run_command(command, (match["show"] or "").replace(" ", "").split(","))
        stands = body.partition("\n")[2]
        if match["within"] and is_near(output, stands, int(match["within"]) / PERCENT):
            output = stands
        return f"<!-- {match['mark']} -->\n```{language}\n$ {command}\n{output}```"
    return match[0]


def run_command(command: str, show: list[str]) -> str:
    """Output of a kiban command line: all of it, or the named parts of its report (`problems` is stderr)."""
    from typer.testing import CliRunner

    from kiban.cli import app

    words = shlex.split(command)
    with GIVEN.held():
        result = CliRunner().invoke(app, words[1:], env={"LC_ALL": "C"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code not in {0, 2, 4} or (result.exit_code == 2) != ("problems" in show):
        raise ValueError(f"'{command}' ended with {result.exit_code}: {result.stderr}")
    if show == [""]:
        return result.stdout
    if show == ["problems"]:
        return result.stderr
    parts = _parts_of(result.stdout, "ja" if "ja" in words else "en")
    return "...\n".join(f"{parts[name].rstrip()}\n" for name in show)


def _parts_of(report: str, language: str) -> dict[str, str]:
    """A report cut at its titles; what stands before the first is the `answer`."""
    from kiban.report.phrases import phrase

    keys = ("design", "costs", "worths", "year", "cooling", "proof", "assumed", "notes")
    keys += ("collisions", "hours", "relaxations", "given", "will_use")
    titles = {phrase(f"title.{key}", language): key for key in keys}  # type: ignore[arg-type]
    bought = {"beside.title": "beside", "title": "bought", "bill": "bill", "peaks": "peaks"}
    titles |= {phrase(f"procurement.{key}", language): name for key, name in bought.items()}  # type: ignore[arg-type]
    if phrase("pay.title.parties", language) in report:  # type: ignore[arg-type]
        paid = ("parties", "support", "finance", "downside", "assumed", "proof")
        titles = {phrase(f"pay.title.{key}", language): key for key in paid}  # type: ignore[arg-type]
        places = ("areas", "prefectures", "sites")
        titles |= {phrase(f"national_pay.title.{key}", language): key for key in places}  # type: ignore[arg-type]
    impact = ("long_run", "adequacy", "notes")
    titles |= {phrase(f"impact.title_{key}", language): key for key in impact}  # type: ignore[arg-type]
    moved, unit = ("industries", "effects", "regions"), {"en": "¥ bn", "ja": "億円"}[language]
    titles |= {phrase(f"economy.title_{key}", language, unit=unit): key for key in moved}  # type: ignore[arg-type]
    people = {"economy.title_jobs": "jobs", "economy.title_skills": "skills"}
    grown = {f"growth.title_{key}": key for key in ("claims", "needs")}
    titles |= {phrase(key, language): name for key, name in (people | grown).items()}  # type: ignore[arg-type]
    run = ("regret", "costs", "run")
    titles |= {phrase(f"operation.title_{key}", language): key for key in run}  # type: ignore[arg-type]
    parts, current = {"answer": ""}, "answer"
    for line in report.splitlines(keepends=True):
        current = titles.get(line.strip(), current) if not line.startswith(" ") else current
        parts[current] = parts.get(current, "") + line
    return parts


def catalogue_table() -> str:
    """Figures of the catalogue by table: how many are verified and how many assumed."""
    from kiban.catalogue import load_catalogue

    counts: dict[str, list[int]] = {}
    for fact in load_catalogue().facts.values():
        row = counts.setdefault(fact.table, [0, 0])
        row[fact.status == "assumed"] += 1
    counts["**all**"] = [sum(row[0] for row in counts.values()), sum(row[1] for row in counts.values())]
    lines = [f"| {name} | {sum(row):,} | {row[0]:,} | {row[1]:,} |" for name, row in sorted(counts.items())]
    lines = [*lines[1:], lines[0]]
    return "\n".join(["| table | figures | verified | assumed |", "| --- | ---: | ---: | ---: |", *lines, ""])


def one_site_examples() -> list[str]:
    """Examples of one site that have a golden result."""
    from kiban.scenario.examples import example_names

    return [name for name in known_figures() if name in example_names()]


def examples_table() -> str:
    """Inputs of each example by status."""
    names = one_site_examples()
    head = "| example | inputs | verified | assumed | given | derived | synthetic |"
    lines = [head, f"| --- |{' ---: |' * 6}"]
    for name in sorted(names):
        counts = count_inputs(name)
        lines.append(f"| [{name}](../scenarios/{name}.md) | {' | '.join(str(count) for count in counts.values())} |")
    return "\n".join([*lines, ""])


def assumed_table() -> str:
    """Every assumed figure on which at least one example rests."""
    from kiban.catalogue import load_catalogue
    from kiban.quantities import format_given, unit_text

    facts = load_catalogue().facts
    names = sorted(one_site_examples())
    users: dict[str, list[str]] = {}
    for name in names:
        for entry in inputs_of(name):
            if entry.status == "assumed" and entry.name in facts:
                users.setdefault(entry.name, []).append(name[0].upper())
    lines = ["| figure | id | value | range | unit | used by |", "| --- | --- | ---: | --- | --- | --- |"]
    for key in sorted(users):
        fact = facts[key]
        span = "" if fact.low is None else f"{format_given(fact.low)} to {format_given(fact.high or 0.0)}"
        cells = (fact.name_en, f"`{key}`", format_given(fact.value), span, unit_text(fact.unit, "en"))
        lines.append(f"| {' | '.join(cells)} | {' '.join(sorted(users[key]))} |")
    return "\n".join([*lines, ""])


def _shown(value: float | None, digits: int = DIGITS) -> str:
    from kiban.quantities import format_number

    # Below it a figure, in MW or billion yen, is the solver's rounding.
    return "–" if value is None else format_number(value if abs(value) >= 1e-6 else 0.0, digits)


def _percent(value: float | None, places: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{places}f}"


def _money(value: float, language: str) -> str:
    """Billion yen in English, 億円 in Japanese."""
    return _shown(value / (MYEN_IN_OKU if language == "ja" else MYEN_IN_BN))


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def pay_figures_table() -> str:
    """Every figure of PAY with its formula, its code and what holds it, of the tables behind `kiban why`."""
    from kiban.figures.entries import main_entries
    from kiban.report.phrases import phrase

    rows = []
    for entry in main_entries("pay"):
        if not entry.is_text:
            names = dict.fromkeys(path.split(".")[0] for path in entry.paths)
            figure = entry.heading or ", ".join(f"`{name}`" for name in names)
            code = ", ".join(f"`{file}`" for file in entry.code)
            rows.append(f"| {figure} | {phrase(entry.formula, 'en')} ([more]({entry.page})) | {code} | {entry.held} |")
    head = ["| figure in `--json` | formula | computed in | held against; source |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, ""])


def packages_table(language: str) -> str:
    """The packages that come with kiban: title, law, instruments, amounts."""
    from kiban.policy.law import load_law
    from kiban.scenario.package import load_package, package_names

    law = load_law()
    ja = language == "ja"
    head = ["パッケージ", "題名", "手段", "根拠(状態)"] if ja else ["package", "title", "instruments", "law (status)"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for name in package_names():
        package = load_package(name)
        kinds, laws = [], []
        for item in package.instrument:
            amount = getattr(item, item.amount_key) if item.amount_key else None
            kinds.append(f"`{item.kind}`" + ("" if amount is None else f" {amount:g}"))
            if item.law is not None:
                laws.append(f"`{item.law}` ({law.measures[item.law].status})")
        own = ["–"] if not package.instrument else ["自前の仮定" if ja else "of its own (hypothetical)"]
        cells = [f"`{name}`", package.title_ja if ja else package.title_en, ", ".join(kinds) or "–"]
        lines.append(f"| {' | '.join([*cells, ', '.join(dict.fromkeys(laws)) or own[0]])} |")
    return "\n".join([*lines, ""])


def pay_packages_table(language: str) -> str:
    """What each package does to the default example."""
    head = {
        "en": ["package", "fiscal cost, ¥ bn", "treasuries net, ¥ bn", "support, ¥ bn", "windfall, %", "induced, MW",
               "equity gains, ¥ bn", "users gain, ¥ bn", "gain per yen of net public cost", "¥ per GPU-hour",
               "equity IRR, %"],
        "ja": ["パッケージ", "財政負担(億円)", "国・自治体の純収支(億円)", "支援額(億円)", "便乗(%)", "誘発(MW)",
               "出資者の利益(億円)", "利用者の利益(億円)", "純負担1円当たりの利益(円)", "GPU時間当たり(円)",
               "自己資本IRR(%)"],
    }[language]  # fmt: skip
    rows = []
    for name, row in known_figures()["pay"]["packages"].items():
        money = [_money(row[key], language) for key in ("fiscal_cost_myen", "treasury_value_myen", "support_myen")]
        gains = [_money(row["gains_myen"][party], language) for party in ("equity", "users")]
        share = "–" if row["support_myen"] < 1 else _percent(row["windfall_share"])
        value = row["value_of_public_funds"]
        rest = ["–" if value is None else _shown(value), _shown(row["yen_per_gpu_hour"]), _percent(row["equity_irr"])]
        rows.append([f"`{name.replace('_', '-')}`", *money, share, _shown(row["induced_it_mw"]), *gains, *rest])
    return _table(head, rows)


def instruments_table(part: str, language: str) -> str:
    """Instruments side by side; what no amount reaches says so."""
    head = {
        "en": ["instrument", "amount", "fiscal cost, ¥ bn", "induced, MW", "windfall, %", "clean share, %",
               "¥ per GPU-hour", "treasuries net, ¥ bn", "region, ¥ bn", "equity IRR, %"],
        "ja": ["手段", "率・額", "財政負担(億円)", "誘発(MW)", "便乗(%)", "クリーン比率(%)", "GPU時間当たり(円)",
               "国・自治体の純収支(億円)", "うち地元自治体(億円)", "自己資本IRR(%)"],
    }[language]  # fmt: skip
    rows = []
    for name, row in known_figures()["pay"][part].items():
        if not isinstance(row, dict):
            continue
        amount = f"{100 * row['amount']:.3g} %"
        if name == "production_credit":
            kwh = f"{1000 * row['amount']:.3g}"
            amount = f"{kwh} 円/kWh" if language == "ja" else f"¥{kwh} per kWh"
        if not row["reached"]:
            amount += "(届かず)" if language == "ja" else " (not enough)"
        rows.append(
            [
                f"`{name.replace('_', '-')}`", amount, _money(row["fiscal_cost_myen"], language),
                _shown(row["induced_it_mw"]), _percent(row["windfall_share"]), _percent(row["clean_share"]),
                _shown(row["yen_per_gpu_hour"]), _money(row["treasury_myen"], language),
                _money(row["region_myen"], language), _percent(row["equity_irr"]),
            ]
        )  # fmt: skip
    return _table(head, rows)


def elasticity_table(language: str) -> str:
    """The tax credit by elasticity of demand."""
    head = {
        "en": ["elasticity", "windfall, %", "induced, MW", "fiscal cost, ¥ bn", "cost per induced MW, ¥ bn",
               "gain per yen of net public cost", "the same without the price of risk"],
        "ja": ["弾力性", "便乗(%)", "誘発(MW)", "財政負担(億円)", "誘発1 MW当たり(億円)", "純負担1円当たりの利益(円)",
               "同、リスクの価格を除く"],
    }[language]  # fmt: skip
    rows = []
    for row in known_figures()["pay"]["elasticity"].values():
        each = row["cost_per_induced_mw_myen"]
        rows.append(
            [
                f"{row['elasticity']:g}", _percent(row["windfall_share"]), _shown(row["induced_it_mw"]),
                _money(row["fiscal_cost_myen"], language), "–" if each is None else _money(each, language),
                _shown(row["value_of_public_funds"]), _shown(row["value_without_risk_premium"]),
            ]
        )  # fmt: skip
    return _table(head, sorted(rows, key=lambda cells: float(cells[0])))


def draws_table(language: str) -> str:
    """The answer about the tax credit over joint draws."""
    head = {"en": ["figure", "P5", "P50", "P95"], "ja": ["項目", "P5", "P50", "P95"]}[language]
    names = {
        "fiscal_cost_myen": {"en": "fiscal cost, ¥ bn", "ja": "財政負担(億円)"},
        "windfall_share": {"en": "windfall, %", "ja": "便乗(%)"},
        "induced_it_mw": {"en": "induced, MW", "ja": "誘発(MW)"},
        "value_of_public_funds": {"en": "gain per yen of net public cost", "ja": "純負担1円当たりの利益(円)"},
    }
    rows = []
    for name, said in names.items():
        ends = [known_figures()["pay"]["draws"]["figures"][name][end] for end in ("low", "median", "high")]
        money, share = name == "fiscal_cost_myen", name == "windfall_share"
        rows.append([said[language], *((_money(end, language) if money else _percent(end) if share else _shown(end))
                                       for end in ends)])  # fmt: skip
    return _table(head, rows)


def tornado_table(language: str) -> str:
    """What one assumption alone moves of the tax credit's fiscal cost, the largest first."""
    head = {
        "en": ["assumption", "low to high", "fiscal cost, ¥ bn", "windfall, %"],
        "ja": ["仮定", "下限〜上限", "財政負担(億円)", "便乗(%)"],
    }[language]
    found = sorted(known_figures()["pay"]["draws"]["tornado"].items(),
                   key=lambda item: -abs(item[1]["at_high_myen"] - item[1]["at_low_myen"]))  # fmt: skip
    rows = []
    for row, swing in found:
        fact, to = _fact(row), "〜" if language == "ja" else " to "
        money = [_money(swing[end], language) for end in ("at_low_myen", "at_high_myen")]
        windfall = [_percent(swing[end]) for end in ("windfall_at_low", "windfall_at_high")]
        ends = [_shown(end) for end in (fact.low, fact.high)]
        rows.append(
            [f"{getattr(fact, f'name_{language}')} (`{row}`)", to.join(ends), to.join(money), to.join(windfall)]
        )
    return _table(head, rows)


def turns_table(language: str) -> str:
    """Where two instruments change places at the same fiscal cost as one assumption moves."""
    head = {
        "en": ["assumption", "value", "by", "better below it", "better above it"],
        "ja": ["仮定", "値", "何について", "下で優る手段", "上で優る手段"],
    }[language]
    goals = {
        "induced_it_mw": {"en": "induced load", "ja": "誘発"},
        "value_of_public_funds": {"en": "gain per yen", "ja": "1円当たりの利益"},
    }
    rows = [
        [f"{getattr(_fact(turn['row']), f'name_{language}')} (`{turn['row']}`)", _shown(turn["value"]),
         goals[turn["goal"]][language], f"`{turn['below']}`", f"`{turn['above']}`"]
        for turn in known_figures()["pay"]["draws"]["turns"]
    ]  # fmt: skip
    return _table(head, rows)


def _fact(row: str) -> Any:
    from kiban.catalogue import load_catalogue

    return load_catalogue().fact(row)


def national_packages_table(language: str) -> str:
    """What each package does to the national example."""
    head = {
        "en": ["package", "fiscal cost, ¥ bn", "windfall, %", "induced, MW", "moved, MW", "state net, ¥ bn",
               "prefectures and municipalities, ¥ bn", "ratepayers, ¥ bn", "gain per yen of net public cost"],
        "ja": ["パッケージ", "財政負担(億円)", "便乗(%)", "誘発(MW)", "移動(MW)", "国の純収支(億円)",
               "都道府県・市町村(億円)", "電気の需要家(億円)", "純負担1円当たりの利益(円)"],
    }[language]  # fmt: skip
    rows = []
    for name, row in known_figures()["national_pay"].items():
        rows.append(
            [
                f"`{name.replace('_', '-')}`", _money(row["fiscal_cost_myen"], language),
                _percent(row["support"]["windfall_share"]), _shown(row["induced_it_mw"]), _shown(row["moved_it_mw"]),
                _money(row["state_myen"], language), _money(row["local_public_myen"], language),
                _money(row["change_myen"]["ratepayers"], language), _shown(row["value_of_public_funds"]),
            ]
        )  # fmt: skip
    return _table(head, rows)


def national_areas_table(package: str, language: str) -> str:
    """What one package does in each grid area of the national example."""
    from kiban.report.phrases import phrase

    head = {
        "en": ["area", "MW without", "MW with", "of it induced", "of it moved", "fiscal cost, ¥ bn",
               "prefectures and municipalities, ¥ bn", "ratepayers, ¥ bn"],
        "ja": ["エリア", "政策なし(MW)", "政策あり(MW)", "うち誘発", "うち移動", "財政負担(億円)",
               "都道府県・市町村(億円)", "電気の需要家(億円)"],
    }[language]  # fmt: skip
    rows = [
        [
            phrase(f"area.{name}", language), *(f"{row[f'{key}_it_mw']:,.0f}" for key in ("without", "with")),  # type: ignore[arg-type]
            *(_shown(round(row[f"{key}_it_mw"], 1)) for key in ("induced", "moved")),
            *(_money(row[f"{key}_myen"], language) for key in ("fiscal_cost", "local_public", "ratepayers")),
        ]
        for name, row in known_figures()["national_pay"][package]["areas"].items()
    ]  # fmt: skip
    return _table(head, rows)


def _in_both(make: Callable[[str], str], name: str) -> Mapping[str, Callable[[], str]]:
    return {name: lambda: make("en"), f"{name}_ja": lambda: make("ja")}


TABLES: Mapping[str, Callable[[], str]] = {
    **_in_both(packages_table, "packages"),
    **_in_both(pay_packages_table, "pay_packages"),
    **_in_both(partial(instruments_table, "equal_cost"), "equal_cost"),
    **_in_both(partial(instruments_table, "equal_cost_large"), "equal_cost_large"),
    **_in_both(partial(instruments_table, "least"), "least"),
    **_in_both(elasticity_table, "elasticity"),
    **_in_both(draws_table, "draws"),
    **_in_both(tornado_table, "tornado"),
    **_in_both(turns_table, "turns"),
    **_in_both(national_packages_table, "national_packages"),
    **_in_both(partial(national_areas_table, "tax_credit"), "national_areas"),
    "catalogue": catalogue_table,
    "examples": examples_table,
    "assumed": assumed_table,
    "pay_figures": pay_figures_table,
}


if __name__ == "__main__":
    for path in [Path(name).resolve() for name in sys.argv[1:]] or pages():
        old, new = path.read_text(encoding="utf-8"), refresh(path)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)} refreshed")
