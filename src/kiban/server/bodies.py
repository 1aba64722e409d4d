"""What may be asked: the bodies of requests. A scenario itself is checked by its own schema, see `/api/v1/schema`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Changes = dict[Annotated[str, Field(min_length=1, max_length=200)], Any]
Packages = Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]], Field(max_length=50)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Mode = Literal["auto", "instant", "job"]
DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
LARGEST_LOAD_MW = 100_000.0
LONGEST_SESSION = 64
LARGEST_SEQUENCE = 2**53 - 1
SESSION = Annotated[str, Field(max_length=LONGEST_SESSION)]
SEQUENCE = Annotated[int, Field(ge=0, le=LARGEST_SEQUENCE)]


class Body(BaseModel):
    """What all bodies share: no unknown keys, attribute docstrings as descriptions."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, strict=True)


class Study(Body):
    """Which scenario: exactly one of `scenario`, `toml`, `example` and `plan`, and what differs from it."""

    scenario: dict[str, Any] | None = None
    """A scenario in JSON, as `/api/v1/schema` describes it."""
    toml: Annotated[str, Field(max_length=1_000_000)] | None = None
    """A scenario as the text of a TOML file."""
    example: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """The name of an example."""
    plan: Annotated[str, Field(min_length=1, max_length=40, pattern="^[A-Za-z0-9_-]+$")] | None = None
    """The id of a plan, whose scenario is taken."""
    changes: Changes = Field(default_factory=dict)
    """Dotted keys with new values; null removes a key. What follows `assumptions.` is one id of the catalogue."""
    packages: Packages | None = None
    """Policy packages, instead of those of the scenario."""
    insist: bool = False
    """Take values that are a hundred times outside of what is plausible, as `--insist` does."""


class Numbered(Body):
    """A question of a session, in which a newer question makes an older one void."""

    mode: Mode = "auto"
    """`instant` waits for the answer, `job` queues the work, `auto` decides by its size."""
    session: SESSION = ""
    """Any name for one user's row of questions, such as a browser tab."""
    sequence: SEQUENCE | None = None
    """Number of the question in its session; it is echoed."""


class Sharing(Body):
    """Say who may see what is one's own."""

    shared: bool
    """Whether everybody who has a token may see it, or its owner and admins only."""


class PlanQuestion(Study, Numbered):
    """Ask for the least-cost plan."""

    cooling: Literal["all", "keep"] = "all"
    """`keep` solves only the cooling system that was best in the session's last plan."""


class PayQuestion(Study, Numbered):
    """Ask who pays under a policy package, against another one."""

    package: Annotated[str, Field(min_length=1, max_length=80)] | dict[str, Any] | None = None
    """A package by name, or a package in JSON; absent takes `packages`, else those of the scenario."""
    rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Another rate of the package's only instrument."""
    rates: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    """The same for several packages, by name."""
    against: Annotated[str, Field(min_length=1, max_length=80)] = "none"
    """The package to compare with; `none` is no policy."""
    downside: bool = True
    """Whether to simulate what the treasuries may lose; false is quicker, as while a slider moves."""
    draws: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Joint draws over what is assumed, at most 1,000: how firm the answer is. It takes a job, and minutes."""


class CompareQuestion(Numbered):
    """Ask how plans differ from a base."""

    base: Study
    """The base."""
    others: Annotated[list[Study], Field(min_length=1)]
    """The others, at most four."""
    causes: bool = False
    """Whether to split each difference by the keys that cause it; solves once for each."""


class SweepQuestion(Study, Numbered):
    """Ask for the plans over a range of one key."""

    key: Annotated[str, Field(min_length=1, max_length=200)]
    """The dotted key."""
    values: Annotated[list[Finite], Field(min_length=1)]
    """Its values, at most 101."""


class FrontierQuestion(Study, Numbered):
    """Ask for the least cost against emissions or the clean share."""

    measure: Literal["emissions", "clean_share"] = "emissions"
    """What cost is traced against."""
    points: Annotated[int, Field(ge=2)] = 20
    """Designs from one end to the other, at most 101."""
    budget_myen_per_year: Annotated[Finite | None, Field(gt=0)] = None
    """Also find the best design that costs this at most."""


class RunQuestion(Study, Numbered):
    """Ask how the plan of a study runs when the hours ahead are not known."""

    forecast: Literal["synthetic", "perfect", "persistence", "climatology"] = "synthetic"
    """What is known ahead; `synthetic` errs as a weather model does."""
    hour: Literal["merit", "measured"] = "merit"
    """How an hour is met: in merit order of its window's prices, or solved again once it is measured."""
    horizon_hours: Annotated[Finite | None, Field(ge=1, le=8760)] = None
    """Length of a window; absent takes the catalogue's."""
    events: Annotated[str, Field(max_length=100_000)] = ""
    """What happens, dated, as the text of a TOML file of events."""
    first: Annotated[str, Field(pattern=DAY)] | None = None
    """First day that is operated, as 2023-01-31; with `last`, or neither."""
    last: Annotated[str, Field(pattern=DAY)] | None = None
    """Last day that is operated."""


class NationalQuestion(Numbered):
    """Ask for a plan of all Japan."""

    study: dict[str, Any] | None = None
    """A national study in JSON."""
    toml: Annotated[str, Field(max_length=1_000_000)] | None = None
    """A national study as the text of a TOML file."""
    example: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """The name of an example that is a national study."""
    changes: Changes = Field(default_factory=dict)
    """Dotted keys with new values."""
    insist: bool = False
    """Take values that are a hundred times outside of what is plausible, as `--insist` does."""


class ImpactQuestion(Numbered):
    """Ask what a load does to the prices and bills of others."""

    load_mw: Annotated[float, Field(ge=0, le=LARGEST_LOAD_MW, allow_inf_nan=False)]
    """The load, the same in every hour."""
    area: Annotated[str, Field(min_length=1, max_length=40)] = "all"
    """An area of the market, or `all`: spread over them as their demand is."""
    long_run: bool = False
    """Also with plants that enter, and with the load that is lost: takes minutes."""


class SessionQuestion(Body):
    """Ask for a cookie that holds a token."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    """The token."""
