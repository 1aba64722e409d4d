"""Boosted regression trees as plain arrays: what a fitted model is when it is kept, and how it answers.

scikit-learn fits them; to answer, nothing but these numbers is needed, and reading them runs no code.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Trees:
    """The sum of a constant and of trees, whose nodes stand one behind the other, shape `(nodes,)`.

    A row goes to the first of a node's two `children`, shape `(nodes, 2)`, where its `feature` is at most the
    `threshold`, else to the second; a leaf points to itself and has the `value` that it adds. `roots` has shape
    `(trees,)`.
    """

    constant: float
    roots: Ints
    feature: Ints
    threshold: Array
    children: Ints
    value: Array
    depth: int

    def predict(self, features: Array) -> Array:
        """The value of each row of `features`, shape `(rows, columns)` to `(rows,)`."""
        flat, row_starts = features.ravel(), np.arange(len(features)) * features.shape[1]
        children = self.children.ravel()
        total = np.full(len(features), self.constant)
        for root in self.roots:
            node = np.full(len(features), root, dtype=np.intp)
            for _ in range(self.depth):
                is_above = flat.take(row_starts + self.feature.take(node)) > self.threshold.take(node)
                node = children.take(2 * node + is_above)
            total += self.value.take(node)
        return total

    def to_bytes(self) -> bytes:
        """An archive of arrays."""
        # Arrays of NumPy one behind the other: an archive would hold the time at which it was made.
        file = io.BytesIO()
        header = np.array([self.constant, float(self.depth)])
        for part in (header, self.roots, self.feature, self.threshold, self.children, self.value):
            np.lib.format.write_array(file, part, allow_pickle=False)
        return file.getvalue()


def trees_from_bytes(content: bytes) -> Trees:
    """What `Trees.to_bytes` wrote; ValueError for anything else."""
    file = io.BytesIO(content)
    header, *parts = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(6))
    if header.shape != (2,) or file.read(1):
        raise ValueError("these bytes hold no trees")
    roots, feature, threshold, children, value = parts
    return Trees(float(header[0]), roots, feature, threshold, children, value, depth=int(header[1]))


def trees_of(model: HistGradientBoostingRegressor) -> Trees:
    """The trees of a fitted model of squared error on numbers without gaps."""
    nodes = [stage[0].nodes for stage in model._predictors]
    starts = np.cumsum([0, *(len(part) for part in nodes)])
    joined = np.concatenate(nodes)
    shift = np.repeat(starts[:-1], [len(part) for part in nodes])
    leaf = joined["is_leaf"].astype(bool)
    own = np.arange(len(joined))
    children = [np.where(leaf, own, joined[side] + shift) for side in ("left", "right")]
    return Trees(
        constant=float(np.ravel(model._baseline_prediction)[0]),
        roots=starts[:-1].astype(np.int32),
        feature=np.where(leaf, 0, joined["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, joined["num_threshold"]),
        children=np.column_stack(children).astype(np.int32),
        value=np.where(leaf, joined["value"], 0.0),
        depth=int(joined["depth"].max()),
    )
