"""The register: the life of a model step by step, what is refused, and a file that survives a kill and strangers."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.cases.forecasts import WIND, record

from kiban.errors import OutputError
from kiban.operation.forecast.model_bytes import pack, unpack
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.trained import TrainedForecast
from kiban.operation.forecast.training import Settings, TrainedModel, train
from kiban.operation.register import Judgement, Register, is_register

CASE = record(days=2, past_days=63)
AT = "2026-11-29T12:00:00+00:00"


@pytest.fixture(scope="module")
def models() -> list[TrainedModel]:
    model = train(CASE, Settings(horizon_hours=6, trees=3, issues_every_hours=12))
    return [replace(model, settings=replace(model.settings, seed=seed)) for seed in (1, 2, 3)]


@pytest.fixture
def kept(tmp_path: Path, models: list[TrainedModel]) -> Register:
    register = Register(tmp_path / "models.sqlite", create=True)
    for model in models:
        register.add(model, AT)
    return register


def verdict(rival: str, cost: float, other: float) -> Judgement:
    return Judgement(rival, cost, other, "2023-01-01", "2023-12-31")


def crown(kept: Register, version: str) -> None:
    kept.judge(version, verdict(kept.champion or "climatology", 9.0, 10.0), AT)
    kept.promote(version, AT)


def test_a_model_comes_back_equal(kept: Register, models: list[TrainedModel]) -> None:
    again = kept.load(models[0].version)
    assert again.version == models[0].version
    assert pack(again) == pack(models[0])
    said = [TrainedForecast(one, CASE, PersistenceForecast(CASE)).issue(20, 6)[WIND] for one in (models[0], again)]
    assert (said[0] == said[1]).all()
    levels = [one.series[WIND].errors.quantiles(np.full(6, 0.5), [0.1, 0.9]) for one in (models[0], again)]
    assert (levels[0] == levels[1]).all()


def test_the_life_of_models(kept: Register, models: list[TrainedModel]) -> None:
    one, two, three = (model.version for model in models)
    assert [entry.state for entry in kept.entries()] == ["challenger"] * 3
    assert kept.champion is None
    crown(kept, one)
    crown(kept, two)
    assert [entry.state for entry in kept.entries()] == ["former", "champion", "challenger"]
    assert kept.roll_back(AT) == one
    assert [entry.state for entry in kept.entries()] == ["champion", "former", "challenger"]
    kept.retire(three, AT)
    crown(kept, two)
    kept.retire(one, AT)
    assert [entry.state for entry in kept.entries()] == ["retired", "champion", "retired"]
    with pytest.raises(OutputError, match="no champion before"):
        kept.roll_back(AT)
    steps = [row.step for row in kept.history()]
    assert steps == [
        *["trained"] * 3, "judged", "promoted", "judged", "promoted", "rolled_back", "retired", "judged", "promoted",
        "retired",
    ]  # fmt: skip


def test_the_same_model_is_entered_once(kept: Register, models: list[TrainedModel]) -> None:
    kept.add(models[0], AT)
    assert len(kept.entries()) == 3


def test_only_what_costs_no_more_than_the_champion_of_now_is_promoted(
    kept: Register, models: list[TrainedModel]
) -> None:
    one, two, _ = (model.version for model in models)
    with pytest.raises(OutputError, match="not been judged"):
        kept.promote(one, AT)
    kept.judge(one, verdict("climatology", 12.5, 10.0), AT)
    with pytest.raises(OutputError, match=r"2\.5 million yen more than climatology"):
        kept.promote(one, AT)
    kept.judge(one, verdict("climatology", 10.0, 10.0), AT)
    kept.judge(two, verdict("climatology", 9.0, 10.0), AT)
    kept.promote(one, AT)
    # What was judged before there was this champion says nothing of it.
    with pytest.raises(OutputError, match="champion of now"):
        kept.promote(two, AT)
    kept.judge(two, verdict(one, 8.0, 10.0), AT)
    kept.promote(two, AT)
    assert kept.champion == two


def test_refusals(kept: Register, models: list[TrainedModel]) -> None:
    one, two, _ = (model.version for model in models)
    crown(kept, one)
    for act in (lambda: kept.promote(one, AT), lambda: kept.retire(one, AT)):
        with pytest.raises(OutputError, match="champion already"):
            act()
    kept.retire(two, AT)
    for act in (lambda: kept.promote(two, AT), lambda: kept.retire(two, AT)):
        with pytest.raises(OutputError, match="is retired"):
            act()
    with pytest.raises(OutputError, match=f"'{one[:-1]}x'.*{one}"):
        kept.load(f"{one[:-1]}x")


def test_what_is_no_register_is_left_alone(tmp_path: Path, kept: Register) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        Register(tmp_path / "none.sqlite")
    text = tmp_path / "text.sqlite"
    text.write_text("not a database, whatever its name says\n" * 50)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("create table theirs (a)")
    connection.close()
    for path in (text, other):
        before = path.read_bytes()
        for create in (True, False):
            with pytest.raises(OutputError, match="no register"):
                Register(path, create=create)
        assert path.read_bytes() == before
    with pytest.raises(OutputError, match="cannot be used"):
        Register(tmp_path / "no" / "such" / "folder.sqlite", create=True)
    assert is_register(kept.path)
    assert not is_register(text)
    assert not is_register(tmp_path / "none.sqlite")


def test_damaged_bytes_are_a_sentence(kept: Register, models: list[TrainedModel]) -> None:
    version = models[0].version
    with sqlite3.connect(kept.path) as connection:
        connection.execute("update model set content = ? where version = ?", (pack(models[0])[:-9], version))
    connection.close()
    with pytest.raises(OutputError, match="not those of a model"):
        kept.load(version)
    with pytest.raises(ValueError, match="behind it"):
        unpack(pack(models[0]) + b"x")


def test_one_who_writes_for_long_is_waited_for_and_then_named(
    kept: Register, models: list[TrainedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiban.operation.register.WAIT_FOR_WRITER_SECONDS", 0.05)
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(OutputError, match="in use by another process"):
        kept.retire(models[0].version, AT)
    other.execute("rollback")
    other.close()
    kept.retire(models[0].version, AT)


def add_and_die(path: Path, model: TrainedModel) -> None:
    """A process that is killed between the two rows of a new model."""
    Register._write = staticmethod(lambda *_: os._exit(9))  # type: ignore[method-assign]
    Register(path).add(model, AT)


def test_a_kill_leaves_all_of_a_step_or_nothing(tmp_path: Path, models: list[TrainedModel]) -> None:
    kept = Register(tmp_path / "models.sqlite", create=True)
    kept.add(models[0], AT)
    process = multiprocessing.get_context("fork").Process(target=add_and_die, args=(kept.path, models[1]))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert [entry.version for entry in kept.entries()] == [models[0].version]
    kept.add(models[1], AT)
    assert len(kept.entries()) == 2
