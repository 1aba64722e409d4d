"""A trained model as bytes: a header in JSON and plain arrays, so that reading one runs no code."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import numpy as np

from kiban.arrays import Array
from kiban.operation.forecast.intervals import ConformalErrors
from kiban.operation.forecast.training import Origin, SeriesModel, Settings, TrainedModel
from kiban.operation.forecast.trees import trees_from_bytes

VERSION = 1


def pack(model: TrainedModel) -> bytes:
    """The bytes of a model; equal models have equal bytes."""
    header = {
        "version": VERSION,
        "settings": asdict(model.settings),
        "origin": asdict(model.origin),
        "series": {
            name: {"groups": one.groups, "lowest": one.errors.lowest, "highest": one.errors.highest}
            for name, one in model.series.items()
        },
    }
    file = io.BytesIO()
    _write(file, np.frombuffer(json.dumps(header).encode(), dtype=np.uint8))
    for one in model.series.values():
        _write(file, one.usual)
        _write(file, one.losses)
        for trees, errors in zip(one.trees, one.errors.errors, strict=True):
            _write(file, np.frombuffer(trees.to_bytes(), dtype=np.uint8))
            _write(file, errors)
    return file.getvalue()


def unpack(content: bytes) -> TrainedModel:
    """The model that `pack` was given; ValueError, KeyError or TypeError for anything else."""
    file = io.BytesIO(content)
    header = json.loads(_read(file).tobytes())
    if header["version"] != VERSION:
        raise ValueError(f"a model of version {header['version']}")
    series = {}
    for name, said in header["series"].items():
        groups = tuple((int(first), int(last)) for first, last in said["groups"])
        usual, losses = _read(file), _read(file)
        pairs = [(trees_from_bytes(_read(file).tobytes()), _read(file)) for _ in groups]
        errors = ConformalErrors(groups, tuple(one for _, one in pairs), said["lowest"], said["highest"])
        series[name] = SeriesModel(tuple(trees for trees, _ in pairs), groups, usual, errors, losses)
    if file.read(1):
        raise ValueError("a model with something behind it")
    return TrainedModel(series, Settings(**header["settings"]), Origin(**header["origin"]))


def _write(file: io.BytesIO, array: Array | np.ndarray[tuple[int], np.dtype[np.uint8]]) -> None:
    np.lib.format.write_array(file, array, allow_pickle=False)


def _read(file: io.BytesIO) -> Array:
    found: Array = np.lib.format.read_array(file, allow_pickle=False)
    return found
