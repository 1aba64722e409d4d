"""A policy package as its file gives it: a list of instruments under one tax law."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from kiban.errors import Problem, ScenarioError, limit_problems, nearest
from kiban.messages import Message
from kiban.outside import present_reach
from kiban.scenario.bounds import bound_values
from kiban.scenario.file import convert_dollars, explain_error, read_toml, yen_per_usd
from kiban.scenario.section import NonNegative, Section, Share
from kiban.scenario.shipped import SUFFIX, examples_folder, packages_folder

InstrumentKind = Literal[
    "tax_credit",
    "special_depreciation",
    "capital_grant",
    "production_credit",
    "property_tax_relief",
    "purchase_tax_relief",
    "loan_guarantee",
    "concessional_loan",
    "public_ownership",
    "carbon_price",
    "surcharge_relief",
    "network_relief",
]
Payer = Literal["national_treasury", "prefecture", "municipality", "ratepayers"]
Year = Annotated[int, Field(ge=2000, le=2100)]
Years = Annotated[int, Field(ge=0, le=50)]

_ALWAYS = {"kind", "law", "from_year", "to_year"}
_ON_ASSETS = {"assets", "rate"}
_KEYS: Mapping[str, set[str]] = {
    "tax_credit": {
        *_ON_ASSETS, "basis_reduction_share", "limit_share_of_tax", "carry_forward_years", "refundable", "cap_myen",
        "payer",
    },
    "special_depreciation": _ON_ASSETS,
    "capital_grant": {*_ON_ASSETS, "treatment", "cap_myen", "payer"},
    "production_credit": {"assets", "rate_myen_per_mwh", "years", "payer"},
    "property_tax_relief": {*_ON_ASSETS, "years", "state_refund_share"},
    "purchase_tax_relief": _ON_ASSETS,
    "loan_guarantee": {"rate", "fee_rate"},
    "concessional_loan": {"rate"},
    "public_ownership": set(),
    "carbon_price": {"price_myen_per_t"},
    "surcharge_relief": {"rate"},
    "network_relief": {"rate"},
}  # fmt: skip
_AMOUNTS = ("rate", "rate_myen_per_mwh", "price_myen_per_t")
_NEEDS_AMOUNT = {kind: next(key for key in _AMOUNTS if key in keys) for kind, keys in _KEYS.items() if keys}


class Instrument(Section):
    """One instrument; what it leaves out is taken from the measure of law that it names."""

    kind: InstrumentKind
    """What it is."""
    law: str | None = None
    """Id of the measure of law that gives its terms; absent is an instrument of the package's own."""
    assets: tuple[str, ...] = ()
    """Asset classes or groups that it covers; absent takes those of the measure."""
    rate: Share | None = None
    """Credit, grant or special depreciation per yen of cost; share of property tax, tax on purchases, surcharge or
    network charge that is let off; share of the debt that is guaranteed; nominal interest rate of a public loan."""
    rate_myen_per_mwh: NonNegative | None = None
    """Production credit, million yen/MWh."""
    price_myen_per_t: NonNegative | None = None
    """Carbon price, million yen/t."""
    years: Years | None = None
    """Years for which a production credit or a relief from property tax lasts."""
    from_year: Year | None = None
    """First calendar year in which spending is supported."""
    to_year: Year | None = None
    """Last calendar year in which spending is supported."""
    basis_reduction_share: Share | None = None
    """Share of a tax credit by which the cost to write off falls."""
    limit_share_of_tax: Share | None = None
    """Largest share of a year's corporate tax that a credit may take."""
    carry_forward_years: Years | None = None
    """Years for which an unused credit is kept."""
    refundable: bool | None = None
    """Whether an unused credit is paid out."""
    cap_myen: NonNegative | None = None
    """Most that is paid for each asset class, million yen."""
    treatment: Literal["reduces_basis", "taxed", "exempt"] = "reduces_basis"
    """Whether a grant lowers the cost to write off, is taxed as income, or neither."""
    state_refund_share: Share | None = None
    """Share of a relief from property tax that the state makes good to the municipality."""
    fee_rate: Share | None = None
    """Yearly fee of a guarantee per yen of guaranteed debt."""
    payer: Payer | None = None
    """Who pays; absent takes the bearer of the measure, else the national treasury."""

    @model_validator(mode="after")
    def _require_fitting_keys(self) -> Instrument:
        foreign = sorted(self.model_fields_set - _KEYS[self.kind] - _ALWAYS)
        if foreign:
            known = sorted(_KEYS[self.kind] | _ALWAYS - {"kind"})
            raise ValueError(Problem("package.foreign_key", kind=self.kind, names=tuple(foreign), known=tuple(known)))
        amount = self.amount_key
        if self.law is None and amount and getattr(self, amount) is None:
            raise ValueError(Problem("package.needs_amount", kind=self.kind, amount=amount))
        if self.law is None and "assets" in _KEYS[self.kind] and not self.assets:
            raise ValueError(Problem("package.needs_assets", kind=self.kind))
        if self.law is None and "years" in _KEYS[self.kind] and self.years is None:
            raise ValueError(Problem("package.needs_years", kind=self.kind))
        if self.from_year is not None and self.to_year is not None and self.to_year < self.from_year:
            raise ValueError(Problem("package.ends_early", first=self.from_year, last=self.to_year))
        return self

    @property
    def amount_key(self) -> str | None:
        """The key that says how large the support is; None for public ownership."""
        return _NEEDS_AMOUNT.get(self.kind)


class Package(Section):
    """A policy: instruments that hold together under one tax law."""

    name: str = ""
    """Short name; absent takes the name of the file."""
    title_en: str = ""
    """Title in English."""
    title_ja: str = ""
    """Title in Japanese."""
    description_en: str = ""
    """What it is and rests on, in English."""
    description_ja: str = ""
    """What it is and rests on, in Japanese."""
    tax_law: Literal["japan", "united-states", "none"] | None = None
    """Whose tax law holds; absent takes that of the scenario's country, none is a world without taxes."""
    instrument: tuple[Instrument, ...] = ()
    """The support; none of it is the tax law alone."""

    @property
    def amount(self) -> float | None:
        """How large the support of a package with one instrument is; None where it has more, or the law says it."""
        if len(self.instrument) != 1 or self.instrument[0].amount_key is None:
            return None
        value: float | None = getattr(self.instrument[0], self.instrument[0].amount_key)
        return value

    def scaled(self, rate: float) -> Package:
        """The same package with another rate of its only instrument; `ScenarioError` where that has no meaning."""
        if len(self.instrument) != 1 or self.instrument[0].amount_key is None:
            raise ScenarioError(Problem("package.no_single_rate", self.name))
        only = self.instrument[0]
        given = {key: getattr(only, key) for key in only.model_fields_set} | {str(only.amount_key): float(rate)}
        try:
            changed = Instrument.model_validate(given)
        except ValidationError as error:
            raise ScenarioError(explain_error(error, self.name, "", model=Instrument)) from None
        return self.model_copy(update={"instrument": (changed,)})


def package_names() -> tuple[str, ...]:
    """Names of the packages that come with kiban, sorted."""
    return tuple(sorted(path.stem for path in packages_folder().glob(f"*{SUFFIX}")))


def load_package(source: Package | str | Path, folder: Path | None = None) -> Package:
    """A package as it is, the one of that name, or the one in a file, looked for in `folder` and in the working folder.

    Raises `ScenarioError` with every problem of the file, or the nearest name.
    """
    if isinstance(source, Package):
        return source
    name = str(source)
    if name in package_names():
        return read_package(packages_folder() / f"{name}{SUFFIX}")
    # Who may open no files is not even told which there are.
    if present_reach().files:
        paths = [place / name for place in _places(folder)]
        path = next((path for path in paths if _is_file(path)), paths[0])
        if _is_file(path) or Path(name).suffix or Path(name).name != name:
            return read_package(path)
    near = nearest(name, package_names())
    remedy = "nearest" if near else "package.names"
    raise ScenarioError(Problem("package.unknown", remedy=remedy, name=name, near=near, names=package_names()))


def _places(folder: Path | None) -> tuple[Path, ...]:
    """Where a user keeps packages: beside the scenario, unless that came with kiban, and in the working folder."""
    return (Path(),) if folder is None or folder == examples_folder() else (folder, Path())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def read_package(path: str | Path) -> Package:
    """The package in a TOML file; raises `ScenarioError` with every problem of the file."""
    path = Path(path)
    text, raw = read_toml(path)
    if not raw:
        raise ScenarioError(Problem("empty", str(path), remedy="package.start"))
    return parse_package({"name": path.stem, **raw}, where=str(path), text=text)


def parse_package(raw: Mapping[str, Any], *, where: str = "package", text: str = "") -> Package:
    """The package in a plain mapping; keys in US dollars are converted at the catalogue's rate."""
    bounded, unbounded = bound_values(raw, where)
    problems = [replace(problem, where=problem.where or where) for problem in unbounded]
    try:
        package = Package.model_validate_json(json.dumps(convert_dollars(bounded, yen_per_usd(bounded)), default=str))
    except ValidationError as error:
        problems = limit_problems([*explain_error(error, where, text, unbounded, Package), *problems])
    if problems:
        raise ScenarioError([_place(problem, where, text) for problem in problems])
    return package


def _place(problem: Problem, where: str, text: str) -> Problem:
    """The problem with the instrument counted from one, and with the line of that instrument's key."""
    found = re.match(r"instrument\.(\d+)\.?(.*)", problem.key)
    if not found:
        return problem
    number, key = int(found.group(1)), found.group(2)
    lines, starts = _instruments_in(text)
    key_name = f"instrument {number + 1}{f' {key}' if key else ''}"
    if number >= len(starts):
        return replace(problem, key=key_name)
    block = lines[starts[number] : (*starts, len(lines))[number + 1]]
    inside = next((row for row, line in enumerate(block) if key and re.match(rf"\s*{re.escape(key)}\s*=", line)), 0)
    return replace(problem, where=Message("at.key_line", file=where, line=starts[number] + inside + 1), key=key_name)


@lru_cache(maxsize=4)
def _instruments_in(text: str) -> tuple[list[str], list[int]]:
    """The lines of a package's text, and those in which an instrument begins."""
    lines = text.splitlines()
    return lines, [row for row, line in enumerate(lines) if re.match(r"\s*\[\[\s*instrument\s*\]\]", line)]
