"""What all sections of a scenario share: frozen, no unknown keys, and inputs that may be a series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Life = Annotated[float, Field(ge=0.1, le=200)]
"""Years, as `*.life` in `catalogue/tables/ranges.csv`; the annuity divides by what a life discounts."""


class Section(BaseModel):
    """A part of a scenario; attribute docstrings are the help text of the schema."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False, strict=True
    )


class Document(Section):
    """What a file holds as a whole, and the folder against which file names in it are read."""

    insist: bool = False
    """Take prices, costs, loads and sizes that are a hundred times outside of what is plausible (or `--insist`)."""

    _folder: Path = PrivateAttr(default_factory=Path)

    @property
    def folder(self) -> Path:
        """The folder against which file names in it are read."""
        return self._folder

    def placed_in(self, folder: Path) -> Self:
        """The same, its file names read against `folder`."""
        moved = self.model_copy()
        moved._folder = folder
        return moved

    def insisting(self, insist: bool = True) -> Self:
        """The same, taking implausible values if `insist`; what already insists does not stop."""
        return self.model_copy(update={"insist": True}) if insist else self


class SeriesReference(Section):
    """A named column of a CSV, workbook or Parquet file; rows with a column `time` are put where their times say."""

    file: str
    """Path of the file, relative to the scenario file."""
    column: str
    """Name of the column."""
    scale: float = 1.0
    """Factor that brings the column to the key's unit."""


HourlyInput = float | SeriesReference
NonNegativeHourly = NonNegative | SeriesReference
ShareHourly = Share | SeriesReference
