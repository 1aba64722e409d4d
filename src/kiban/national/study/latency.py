"""Round trips over fibre: from great circles to milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from kiban.catalogue import Catalogue

MS_PER_S = 1000.0
M_PER_KM = 1000.0


@dataclass(frozen=True, slots=True)
class Fibre:
    """What a round trip depends on: route length over great circle, speed of light in fibre, equipment."""

    route_factor: float
    speed_m_s: float
    equipment_ms: float


def read_fibre(catalogue: Catalogue) -> Fibre:
    """The catalogue's coefficients."""
    return Fibre(
        route_factor=catalogue.value("national.fibre_route_factor"),
        speed_m_s=catalogue.value("national.fibre_speed"),
        equipment_ms=catalogue.value("national.round_trip_equipment"),
    )


def round_trip_ms(distance_km: float, fibre: Fibre) -> float:
    """Both ways over a route of `route_factor` times the great circle, plus equipment, ms."""
    return 2 * distance_km * fibre.route_factor * M_PER_KM / fibre.speed_m_s * MS_PER_S + fibre.equipment_ms
