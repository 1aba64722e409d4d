"""Ways to buy power that cannot be: one sentence each on the command line, in both languages, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiban.cli import app

CAMPUS = """
[site]
name = "Bench"
latitude_deg = 35.8
longitude_deg = 140.1
area = "tokyo"
utc_offset_hours = 9
[time]
hours = 24
[weather]
source = "none"
[load]
it_load_mw = 20
deferrable_share = 0
firm_shape = "flat"
it_annual_cost_myen_per_mw = 1.0
chip = "none"
[cooling]
pue = 1.2
[battery]
enabled = false
[grid]
price_myen_per_mwh = 0.012
clean_share = 0.2
emission_factor_t_per_mwh = 0.4
max_mw = 30
[backup]
technology = "none"
critical_share = 0
"""
PLANT = "[procurement.plant.far]\navailability = 0.3\n"
REFUSED = {
    "contract power below the least load": (
        "[procurement]\ntariff_date = '2026-11'\ncontract_power_mw = 20",
        "procurement.contract_power_mw", "20 MW", "24 MW",
    ),
    "contract power beyond the connection": (
        "[procurement]\ntariff_date = '2026-11'\ncontract_power_mw = 31",
        "procurement.contract_power_mw", "31 MW", "30 MW",
    ),
    "a plant in an area that no line joins": (
        f"{PLANT}area = 'okinawa'\nmarket_price_myen_per_mwh = 0.01", "procurement.plant.far.area", "okinawa", "tokyo",
    ),
    "a plant in an area that is none": (
        f"{PLANT}area = 'kantou'", "procurement.plant.far.area", "kantou", "kansai",
    ),
    "a plant in another area without a price there": (
        f"{PLANT}area = 'tohoku'", "procurement.plant.far.market_price_myen_per_mwh", "tohoku", "",
    ),
    "a plant without a price": (
        f"{PLANT}technology = 'hydro'", "procurement.plant.far.price_myen_per_mwh", "hydro", "",
    ),
    "a tariff from before the first": (
        "[procurement]\ntariff_date = '2019-04'", "procurement.tariff_date", "2019-04", "2025-10",
    ),
    "a wheeled plant of another company": (
        f"{PLANT}way = 'self_wheeling'\nowner = 'other'\nannual_cost_myen_per_mw = 5", "procurement.plant.far", "", "",
    ),
    "a wheeled plant that is leased": (
        f"{PLANT}way = 'self_wheeling'\nowner = 'leased'\nannual_cost_myen_per_mw = 5", "procurement.plant.far", "", "",
    ),
    "a wheeled plant for tenants": (
        f"[procurement]\nserves_tenants = true\n{PLANT}way = 'self_wheeling'\nannual_cost_myen_per_mw = 5",
        "procurement", "far", "",
    ),
    "more exemption than a data centre may have": (
        "[procurement]\ntariff_date = '2026-11'\nsurcharge_reduction_share = 0.8",
        "procurement.surcharge_reduction_share", "0.8", "0.4",
    ),
    "an exemption of a business that sells too much for its power": (
        "[procurement]\ntariff_date = '2026-11'\nsurcharge_reduction_share = 0.4\nsales_myen_per_year = 100000",
        "procurement.surcharge_reduction_share", "2.1", "5.2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_sentence(name: str, language: str, tmp_path: Path) -> None:
    section, key, given, other = REFUSED[name]
    head = "" if section.startswith("[procurement]") else "[procurement]\ntariff_date = '2026-11'\n"
    path = tmp_path / "bad.toml"
    path.write_text(f'name = "Bad"\n{CAMPUS}{head}{section}\n', encoding="utf-8")
    result = CliRunner().invoke(app, ["build", str(path), "--lang", language], env={"LC_ALL": "C"})
    assert result.exit_code == 2, result.output
    said = [line for line in result.stderr.splitlines() if not line.endswith(" ...")]
    assert len(said) == 1, said
    assert result.stdout == ""
    for word in (key, given, other):
        assert word in said[0]
    assert (said[0].count("。") >= 1) == (language == "ja")
