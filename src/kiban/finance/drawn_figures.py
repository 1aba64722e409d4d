"""What PAY answers in each draw: the figures that are kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.finance.ledger import PARTIES
from kiban.finance.payment import Payment


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a package does in each draw (draws,); money is million yen, present value."""

    fiscal_cost_myen: Array
    windfall_share: Array
    induced_it_mw: Array
    value_of_public_funds: Array
    """Infinite where nothing is spent net."""
    parties_myen: Array
    """What each party gains at its own rate (draws, parties); users value further compute at what they bid."""
    discount_rate: Array
    design_gap: Array
    """How far designs may be from the least cost, as a share of it; proven."""
    design_saving: Array
    """Where designs were solved anew: what that saved of the yearly cost; elsewhere not a number."""

    def without_first(self) -> Answers:
        """All but the first."""
        return Answers(**{field.name: getattr(self, field.name)[1:] for field in fields(self)})

    def around(self, known: Answers) -> Answers:
        """All but the first, moved by how `known` differs from the first: in proportion, and by the sum for parties."""
        found = {field.name: getattr(self, field.name)[1:] for field in fields(self)}
        for name in ("fiscal_cost_myen", "induced_it_mw", "value_of_public_funds"):
            found[name] = found[name] * _ratio(getattr(known, name)[0], getattr(self, name)[0])
        rest = _ratio(1.0 - known.windfall_share[0], 1.0 - self.windfall_share[0])
        found["windfall_share"] = 1.0 - (1.0 - found["windfall_share"]) * rest
        found["parties_myen"] = found["parties_myen"] + (known.parties_myen[0] - self.parties_myen[0])
        return Answers(**found)

    @classmethod
    def joined(cls, parts: Sequence[tuple[npt.NDArray[np.int64], Answers]], draws: int) -> Answers:
        """Answers of all draws from those of parts, each with its places."""
        found: dict[str, Array] = {}
        for field in fields(cls):
            first = getattr(parts[0][1], field.name)
            whole = np.empty((draws, *first.shape[1:]))
            for places, part in parts:
                whole[places] = getattr(part, field.name)
            found[field.name] = whole
        return cls(**found)


def own_answers(payment: Payment) -> Answers:
    """What the plan of a question answers, as one draw."""
    value, gains = payment.value_of_public_funds, payment.gains_myen
    parties = [gains["users"] if party == "users" else payment.party_values_myen[party] for party in PARTIES]
    return Answers(
        fiscal_cost_myen=np.array([payment.fiscal_cost_myen]),
        windfall_share=np.array([payment.support.windfall_share]),
        induced_it_mw=np.array([payment.induced_it_mw]),
        value_of_public_funds=np.array([np.inf if value is None else value]),
        parties_myen=np.array([parties]),
        discount_rate=np.array([payment.assumptions.discount_rate_real]),
        design_gap=np.zeros(1),
        design_saving=np.full(1, np.nan),
    )


def _ratio(known: float, found: float) -> float:
    """1 where either is nothing, or without end."""
    usable = np.isfinite(known) and np.isfinite(found) and found != 0 and known != 0
    return float(known / found) if usable else 1.0
