from __future__ import annotations

import re
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kiban.planning.assumptions import rank_assumptions, resting_cost_myen
from kiban.planning.cost_groups import group_costs
from kiban.planning.design import design_rows
from kiban.planning.plan import LEAST_CAPACITIES, Change, Plan, Relaxation, Worth
from kiban.quantities import LANGUAGES, Language, MoneyFormat
from kiban.report.layout import align_numbers, render
from kiban.report.lines import NO_END, NO_START, break_lines
from kiban.report.names import money_of, site_name
from kiban.report.phrases import load_phrases
from kiban.report.plan.document import Circumstances, plan_document
from kiban.report.plan.tables import make_tables
from kiban.report.plan.terminal import plan_text, yearly_figures
from kiban.report.plan.words import (
    answer,
    assumed_sentences,
    built_capacities,
    cooling_sentences,
    hour_text,
    infeasible_sentences,
    proof_sentence,
    relaxation_sentence,
    valuable_worths,
    worth_now,
    worth_sentence,
)
from kiban.scenario import parse_scenario

BARE = {"name": "x", "site": {"latitude_deg": 43.0, "longitude_deg": 141.5}}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_phrases_with_the_same_blanks() -> None:
    english, japanese = load_phrases("en"), load_phrases("ja")
    assert list(english) == list(japanese)
    differing = {key for key in english if blanks(english[key]) != blanks(japanese[key])}
    assert not differing
    assert all(english.values())
    assert all(japanese.values())


def test_the_answer_in_english(plan: Plan) -> None:
    assert answer(plan, "en") == (
        "100 MW of AI load at Tomakomai East, 90 % clean hour by hour, costs at least ¥90.6 bn a year "
        "(¥261 per GPU-hour; power ¥14,600 per MWh): 213 MW solar PV, 30.0 MW tidal, a battery of 55.5 MW and 310 MWh, "
        "35.8 MW grid connection, 94.7 MW backup generation and the measure seal aisles, with direct liquid cooling."
    )


def test_the_answer_in_japanese(plan: Plan) -> None:
    assert answer(plan, "ja") == (
        "苫小牧東部のAI負荷100 MW(時間別クリーン電力比率90%)をまかなう費用は、年間で少なくとも906億円"
        "(GPU1時間あたり261円、電力14.6円/kWh)です。費用が最小となる設計は、太陽光 213 MW、tidal 30.0 MW、"
        "蓄電池 55.5 MW・310 MWh、系統連系 35.8 MW、非常用発電 94.7 MW、省エネ対策 seal aisles、冷却は直接液冷です。"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_of_a_plan_with_little_in_it(plan: Plan, language: Language) -> None:
    series = {"file": "load.csv", "column": "mw"}
    bare = replace(
        plan,
        scenario=parse_scenario({**BARE, "load": {"it_load_mw": series, "chip": "none"}}),
        cooling_system="given",
        capacities={"it_mw": 100.0, "battery_power_mw": 0.0},
        indicators={"it_energy_mwh_per_year": 692_916.0},
    )
    text = answer(bare, language)
    assert "79.1 MW" in text
    assert "43.00°, 141.50°" in text
    assert "GPU" not in text
    assert "{" not in text
    assert {"en": "nothing to build", "ja": "設備なし"}[language] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_caps_are_part_of_the_question(plan: Plan, language: Language) -> None:
    target = {"carbon_cap_t_per_year": 20_000.0, "water_cap_m3_per_year": 5_000.0}
    text = answer(replace(plan, scenario=parse_scenario({**BARE, "target": target})), language)
    assert "20,000 t" in text
    assert "5,000 m³" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_in_the_answer_has_more_than_three_digits(plan: Plan, language: Language) -> None:
    for number in re.findall(r"\d[\d,]*(?:\.\d+)?", answer(plan, language)):
        digits = number.replace(",", "").replace(".", "").lstrip("0").rstrip("0")
        assert len(digits) <= 3, number


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("kind", ["plan", "infeasible_plan"])
def test_a_page_fits_the_screen(kind: str, width: int, language: Language, request: pytest.FixtureRequest) -> None:
    shown = request.getfixturevalue(kind)
    text = render(plan_text(shown, language, width), width=width, colour=False)
    assert text.endswith("\n")
    for line in text.splitlines():
        assert cell_len(line) <= width, line
        assert line == line.rstrip()
    assert "\x1b" not in text
    assert not re.search(r"\{\w*\}", text)
    if width >= 80:
        assert "…" not in text.replace("snow.01 …", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_everything_that_was_asked_for(plan: Plan, language: Language) -> None:
    text = " ".join(render(plan_text(plan, language, 120), width=120, colour=False).split())
    phrases = load_phrases(language)
    for title in ("design", "costs", "worths", "year", "cooling", "proof", "assumed", "notes"):
        assert phrases[f"title.{title}"] in text
    assert {"en": "Not built: onshore wind", "ja": "採用されなかった設備: 陸上風力"}[language] in text
    assert {"en": "humidity and wind speed", "ja": "湿度、風速"}[language] in text
    assert {"en": "linearly: temperature_c 2 h, ghi_w_m2 1 h", "ja": "直線で補間: 気温2時間、全天日射1時間"}[
        language
    ] in text
    assert "grid.max_mw = 35.83" in text
    assert {"en": "* limit reached", "ja": "* 上限に到達"}[language] in text


def test_colour_only_where_it_was_asked_for(plan: Plan) -> None:
    assert "\x1b[" in render(plan_text(plan, "en", 80), width=80, colour=True)


def test_japanese_pages_hold_no_english_but_names_and_keys(plan: Plan) -> None:
    translated = replace(plan, capacities={"pv_mw": 1.0}, worths=plan.worths[:2])
    text = render(plan_text(translated, "ja", 120), width=120, colour=False)
    words = set(re.findall(r"[a-z]{4,}", re.sub(r"[\w.]+\.[\w.]+|tables/|kiban sources ID|tidal|Clarabel", "", text)))
    assert words <= {"site", "aisles", "seal"}, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_dollars_where_the_scenario_asks_for_them(plan: Plan, language: Language) -> None:
    scenario = parse_scenario({**BARE, "money": {"currency": "USD"}})
    text = render(plan_text(replace(plan, scenario=scenario), language, 120), width=120, colour=False)
    assert "¥" not in text
    assert "億円" not in text
    assert {"en": "US$604 m a year", "ja": "6.04億米ドル"}[language] in " ".join(text.split())


def test_the_rate_is_the_one_that_the_plan_used(plan: Plan) -> None:
    scenario = parse_scenario({**BARE, "money": {"currency": "USD", "yen_per_usd": 100.0}})
    assert money_of(replace(plan, scenario=scenario), "en").yen_per_usd == 150.0
    assert money_of(replace(plan, scenario=scenario, provenance=()), "en").yen_per_usd == 100.0


def test_dust_of_the_solver_is_not_built(plan: Plan) -> None:
    assert [capacity.subject for capacity in built_capacities(plan)] == [
        "pv", "tidal", "battery_power", "battery_energy", "it", "interconnection", "backup", "measure_seal_aisles",
    ]  # fmt: skip


def test_rows_of_the_design(plan: Plan) -> None:
    rows = {row.name: row for row in design_rows(plan)}
    assert rows["tidal_mw"].limit == 30.0
    assert rows["tidal_mw"].limit_key == "supply.tidal.max_mw"
    assert rows["tidal_mw"].factor == pytest.approx(0.4)
    assert rows["tidal_mw"].energy_mwh == pytest.approx(12 * 8760)
    assert rows["it_mw"].cost_myen == 79_650.0
    assert rows["pv_mw"].limit is None
    assert rows["battery_energy_mwh"].factor is None


def test_groups_of_cost_hold_every_item_once(plan: Plan) -> None:
    groups = group_costs(plan.costs)
    assert [item for group in groups for item in group.items] != []
    assert sum(len(group.items) for group in groups) == len(plan.costs)
    total = sum(group.fixed_myen + group.running_myen for group in groups)
    assert total == pytest.approx(plan.cost_myen_per_year)
    assert {group.name: group.running_myen for group in groups}["grid"] == pytest.approx(726.2)


@pytest.mark.parametrize(
    ("number", "english", "japanese"),
    [
        (0, "One more MW of grid connection saves ¥12.3 m", "系統連系を1 MW増やせると、年間1,230万円"),
        (1, "One point less of clean share saves ¥262 m", "クリーン電力比率の目標を1ポイント下げると、年間2.62億円"),
        (2, "One more MW of tidal saves ¥1.25 m", "tidalを1 MW増やせると、年間125万円"),
        (
            3,
            "One MW less of solar PV that must be built saves ¥500,000",
            "太陽光の最低容量を1 MW減らせると、年間50.0万円",
        ),
        (5, "One more hour of allowed delay saves ¥300,000", "計算の待ち時間を1時間延ばせると、年間30.0万円"),
        (7, "One more tonne of CO2 allowed saves ¥12,000", "CO2排出の上限を1 t緩めると、年間1.20万円"),
    ],
)
def test_the_price_of_a_constraint_in_words(plan: Plan, number: int, english: str, japanese: str) -> None:
    assert worth_sentence(plan.worths[number], MoneyFormat("en")) == f"{english} a year"
    assert worth_sentence(plan.worths[number], MoneyFormat("ja")) == f"{japanese}安くなる"


def test_a_constraint_without_a_phrase_of_its_own() -> None:
    worth = Worth("noise_of_fans", "site.noise", 2.0, "dB", 40.0)
    assert worth_sentence(worth, MoneyFormat("en")) == "One dB of noise of fans saves ¥2.00 m a year"


def test_the_value_that_holds_now_is_the_one_of_the_key(plan: Plan) -> None:
    now = [worth_now(worth, "en") for worth in plan.worths]
    assert now[0] == "grid.max_mw = 35.83"
    assert now[1] == "target.clean_share = 0.9"
    assert now[6] == "cooling.supply_temperature_c"


def test_worthless_constraints_are_not_named(plan: Plan) -> None:
    assert [worth.name for worth in valuable_worths(plan)][-1] == "carbon_cap"
    text = render(plan_text(replace(plan, worths=()), "en", 80), width=80, colour=False)
    assert "none of them binds" in text


def test_other_cooling_is_dearer(plan: Plan) -> None:
    assert cooling_sentences(plan, "en") == [
        "Direct liquid cooling is the cheapest.",
        "Immersion cooling would cost ¥127 m a year more (+0.140 %).",
        "Chilled-water cooling would cost ¥1.81 bn a year more (+2.00 %).",
    ]
    assert cooling_sentences(replace(plan, alternatives=()), "ja") == ["直接液冷(ほかの方式は候補にない)。"]


def test_a_bound_of_another_cooling_system_is_called_one(plan: Plan) -> None:
    bounded = replace(plan, alternatives=(replace(plan.alternatives[0], is_bound=True), *plan.alternatives[1:]))
    assert cooling_sentences(bounded, "en")[1] == "Immersion cooling would cost at least ¥127 m a year more (+0.140 %)."
    assert cooling_sentences(bounded, "ja")[1] == cooling_sentences(plan, "ja")[1].replace("高い", "以上高い")
    (table,) = [table for table in make_tables(bounded) if table.name == "alternatives"]
    assert ["lower bound" in str(row) for row in table.rows] == [False, True, False]
    document = plan_document(bounded, Circumstances("1", 0.0, 0.5, "instant"), short=True)
    assert [other["is_bound"] for other in document["alternatives"]] == [True, False]


def test_the_proof_has_every_digit(plan: Plan) -> None:
    assert proof_sentence(plan, "en") == (
        "The design costs 90,620.490000 and no design can cost less than 90,620.489994 million yen a year: "
        "relative gap 6.2e-11, by Clarabel in 59 steps."
    )
    assert proof_sentence(replace(plan, certificate=None), "en") == ""


def test_inputs_are_counted_by_origin_and_synthetic_ones_named(plan: Plan) -> None:
    counts, groups, synthetic = assumed_sentences(plan.provenance, "en")
    assert counts == "12 inputs: 1 verified, 7 assumed, 1 given, 1 derived, 2 synthetic."
    assert groups == "Assumed by subject: hydro 2, battery 1, chips 1, finance 1, exchange rate 1, site 1."
    assert synthetic == "Synthetic series (generated, not measured): humidity and wind speed, grid price."


def test_assumptions_are_ranked_by_the_cost_that_rests_on_them(plan: Plan) -> None:
    ranked = rank_assumptions(plan)
    assert [item.entry.name for item in ranked[:4]] == [
        "finance.discount_rate", "chip.life", "money.yen_per_usd", "battery.energy_capex",
    ]  # fmt: skip
    assert {item.entry.name: item.members for item in ranked}["hydro.monthly_shape.snow.01"] == 2
    assert sum(item.members for item in ranked) == len(plan.assumptions)


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("chip.gb200.liquid_cooled", 0.0),
        ("datacentre.equipment.life", 4250.0),
        ("datacentre.building.capex", 3000.0),
        ("cooling.direct_liquid.capex", 4250.0),
        ("cooling.immersion.supply_temperature_c", 0.0),
        ("us.grid.demand_charge", 300.0),
        ("grid.hokkaido.wheeling_energy_charge", 746.2),
        ("backup_diesel.fuel_cost", 30.9),
        ("backup_diesel.capex", 1244.0),
        ("site.tomakomai.water_price", 0.14),
        ("site.tomakomai.wind_onshore_mean_speed_100m", 0.0),
        ("pv.tilt_deg", 3350.0),
        ("wind.mast_height", 0.0),
    ],
)
def test_the_cost_that_rests_on_a_figure(plan: Plan, name: str, cost: float) -> None:
    assert resting_cost_myen(name, plan) == pytest.approx(cost)


def test_why_there_is_no_design_in_english(infeasible_plan: Plan) -> None:
    assert answer(infeasible_plan, "en") == (
        "No design serves 100 MW of AI load at Tomakomai East, 90 % clean hour by hour, within the limits of this "
        "scenario."
    )
    assert infeasible_sentences(infeasible_plan, "en") == {
        "title.collisions": [
            "grid.max_mw = 40 (grid connection)",
            "target.clean_share = 0.9 (hourly matched clean-energy share, 90 %)",
            "supply.pv.max_mw (solar PV)",
        ],
        "title.hours": [
            "With every limit held, 1,230 MWh a year are missing.",
            "Most is missing in the hours from 15 Jan 18:00, 1 Feb 07:30.",
        ],
        "title.relaxations": [
            "Set grid.max_mw = 61.3 (now 40): the plan would cost ¥119 bn a year.",
            "Set target.clean_share = 0.873 (87.3 %, now 90 %) and grid.max_mw = 45 (now 40): "
            "the plan would cost ¥121 bn a year.",
            "Each of these is enough by itself; the cheapest stands first.",
        ],
    }


def test_why_there_is_no_design_in_japanese(infeasible_plan: Plan) -> None:
    found = infeasible_sentences(infeasible_plan, "ja")
    assert answer(infeasible_plan, "ja").endswith("をまかなえる設計はありません。")
    assert found["title.relaxations"][0] == "grid.max_mw = 61.3(現在 40) にすると、年間費用1,190億円で実現できます。"
    assert found["title.collisions"][1] == "target.clean_share = 0.9(時間別クリーン電力比率、90%)"
    assert found["title.relaxations"][1].startswith("target.clean_share = 0.873(87.3%、現在 90%)")
    assert found["title.hours"][1] == "不足が最も大きい時間の始まり: 1月15日18時、2月1日7時30分。"


def test_an_explanation_without_a_way_out(infeasible_plan: Plan) -> None:
    lost = replace(
        infeasible_plan.infeasibility, collisions=(LEAST_CAPACITIES,), hours=(), shortfall_mwh=0.0, relaxations=()
    )
    found = infeasible_sentences(replace(infeasible_plan, infeasibility=lost), "en")
    assert found["title.collisions"] == ["The least capacities and the battery's hours contradict each other"]
    japanese = infeasible_sentences(replace(infeasible_plan, infeasibility=lost), "ja")
    assert japanese["title.collisions"] == ["下限の容量と蓄電池の時間数が両立しません"]
    assert "title.hours" not in found
    assert found["title.relaxations"] == ["No change of the limits was found that is enough."]


@given(st.floats(min_value=0.01, max_value=1e6), st.floats(min_value=0.01, max_value=1e6), st.sampled_from(LANGUAGES))
def test_what_the_user_is_told_to_type_is_enough(current: float, needed: float, language: Language) -> None:
    scenario = parse_scenario(BARE)
    stub = Plan("infeasible", scenario, "given", {}, {}, {}, (), (), None, {}, None, (), ())  # type: ignore[arg-type]
    change = Change("grid.max_mw", current, needed, "MW")
    text = relaxation_sentence(Relaxation((change,), 100.0), stub, language)
    typed = float(re.search(r"grid\.max_mw = ([\d.]+)", text).group(1))  # type: ignore[union-attr]
    assert typed >= needed * (1 - 1e-8) if needed > current else typed <= needed * (1 + 1e-8)


def test_the_year_of_a_real_weather_year_is_named() -> None:
    real = parse_scenario({**BARE, "weather": {"source": "nasa-power", "years": [2022]}})
    assert hour_text("2022-01-15 18:00", real, "en") == "15 Jan 2022 18:00"
    assert hour_text("2022-01-15 18:00", real, "ja") == "2022年1月15日18時"
    assert hour_text("noon", real, "en") == "noon"


def test_the_name_of_the_place() -> None:
    assert site_name(parse_scenario({**BARE, "site": {"id": "inzai"}}), "ja") == "印西"
    assert site_name(parse_scenario({**BARE, "site": {"id": "inzai", "name": "Ours"}}), "ja") == "Ours"


def test_figures_of_the_year_that_are_zero_are_left_out(plan: Plan) -> None:
    names = [name for name, _ in yearly_figures(plan, "en")]
    assert "Grid export" not in names
    assert "Compute not served" not in names
    assert dict(yearly_figures(plan, "en"))["Clean share"] == "90.0 % (target 90 %)"
    assert dict(yearly_figures(plan, "ja"))["計算の費用(全費用込み)"] == "GPU1時間あたり261円"


japanese = st.text(alphabet="計画の電力をMW、。(価格)「系統」90% ab", max_size=60)


@given(st.one_of(japanese, st.text(alphabet="ab c,. 5MW=%", max_size=60)), st.integers(min_value=6, max_value=40))
def test_breaking_lines_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = break_lines(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


@given(st.text(alphabet="計画の電力系統価格、。「」", min_size=1, max_size=80), st.integers(min_value=16, max_value=40))
def test_japanese_lines_neither_begin_nor_end_with_the_wrong_mark(text: str, width: int) -> None:
    if re.search(r"[、。」]{5}|[「]{5}", text):
        return  # so many marks in a row leave no place to break
    for before, after in zip(break_lines(text, width), break_lines(text, width)[1:], strict=False):
        assert after[0] not in NO_START
        assert before[-1] not in NO_END


def test_a_number_stays_with_its_unit_and_a_key_with_its_value() -> None:
    assert break_lines("the plant has 44.9 MW, and more", 18) == ["the plant has", "44.9 MW, and more"]
    assert break_lines("for now (grid.max_mw = 40)", 22) == ["for now", "(grid.max_mw = 40)"]
    assert break_lines("", 10) == [""]


@given(st.lists(st.floats(min_value=0, max_value=1e5), min_size=1, max_size=8))
def test_decimal_points_stand_under_each_other(values: list[float]) -> None:
    texts = [f"{value:.{number % 3}f}" for number, value in enumerate(values)] + ["–", "5*", "7 MW"]
    heading, padded = align_numbers("GWh", texts)
    assert len({cell_len(text) for text in [heading, *padded]}) == 1
    points = {text.index(".") for text in padded if "." in text}
    assert len(points) <= 1


def test_every_table_names_units_and_origin(plan: Plan) -> None:
    tables = {table.name: table for table in make_tables(plan)}
    assert set(tables) == {"capacities", "costs", "indicators", "worths", "alternatives", "assumptions", "provenance"}
    for table in tables.values():
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert "unit" in table.columns
        assert {"explanation_en", "source"} & set(table.columns)
    indicators = tables["indicators"]
    for row in indicators.rows:
        cells = dict(zip(indicators.columns, row, strict=True))
        assert cells["explanation_en"], cells["name"]
        assert cells["explanation_ja"], cells["name"]
