"""What is said of a week with units that commit: of a load that is delivered, and of what a load does to the uplift."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from kiban.cli import app
from kiban.market.committed_week import OFFERS, CommittedWeek, UnitsOfWeek, WeekPrices
from kiban.report.market.commitment import week_sentences, week_text


def week(load_mw: tuple[float, float]) -> CommittedWeek:
    def units(uplift_yen: float) -> UnitsOfWeek:
        return UnitsOfWeek(20, 12.0, 3.0, 1e7, uplift_yen, 1e-4)

    prices = WeekPrices((11.0, 22.0), (12.0, 23.0), 9.0, 1e9)
    return CommittedWeek(
        date(2024, 7, 22), ("tokyo", "kansai"), load_mw, dict.fromkeys(OFFERS, prices), units(47.3e6), units(40.0e6)
    )


def test_the_change_of_the_uplift_is_said_with_its_sign() -> None:
    (said,) = (one for one in week_sentences(week((1000.0, 0.0)), "en") if "beside the prices" in one)
    assert "¥47.3 m beside the prices makes sure that none loses (-¥7.30 m with the load)" in said
    (said,) = (one for one in week_sentences(week((1000.0, 0.0)), "ja") if "市場価格のほかに" in one)
    assert "4,730万円が要ります（負荷による増減-730万円）" in said


def test_prices_are_of_the_area_where_most_is_drawn_or_delivered() -> None:
    console = Console(width=140)
    for load_mw, area, price in (((100.0, -900.0), "Kansai", "22.00"), ((900.0, -100.0), "Tokyo", "11.00")):
        with console.capture() as written:
            console.print(week_text(week(load_mw), "en"))
        assert area in written.get()
        assert price in written.get()


def test_the_page_that_would_lack_the_week_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    asked = ("impact", "--load", "5", "--area", "tokyo", "--commitment", "2024-07-22", "--report", str(page))
    for language, said in (("en", "is not part of the page"), ("ja", "ページに入りません")):
        found = CliRunner().invoke(app, [*asked, "--lang", language])
        assert found.exit_code == 2
        assert said in found.output.replace("\n", " ")
    assert not page.exists()
