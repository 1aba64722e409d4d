"""Every remedy that any message offers is applied as it is said, and what it was offered for is gone."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from tests.remedies import Case, Ground, check, templates
from tests.unit import test_remedies

pytestmark = pytest.mark.slow

ROOMS = (
    "amounts", "commands", "economies", "finances", "handover", "impact", "market_files", "national", "operations",
    "others", "packages", "pooled", "procurement", "scenario_files", "services", "serving", "signing", "tables",
    "versions", "weather_files", "weather_rows", "why",
)  # fmt: skip
CASES: dict[str, Case] = {}
for room in ROOMS:
    found = import_module(f"tests.remedies.{room}").CASES
    assert not CASES.keys() & found.keys()
    CASES |= found
HELD = {
    **dict.fromkeys(("queue_full",), "server/test_problems.py::test_too_many_jobs"),
    "own_queue_full": "server/test_ownership.py::test_one_planner_does_not_fill_the_queue_of_all",
    **dict.fromkeys(("answers_full", "own_answers_full"), "server/test_answers.py::test_too_many_questions_that_wait"),
    "superseded": "server/test_plans.py::test_an_older_question_of_a_session_is_dropped",
    "connections_full": "server/test_bounds.py::test_a_connection_too_many_is_told_so",
    "bounds.body_slow": "server/test_bounds.py::test_half_a_body_is_answered_and_closed",
    "sign_in_state": "server/test_sign_in.py::test_an_answer_counts_once_and_only_in_the_browser_that_asked",
    **dict.fromkeys(
        ("sign_in_refused", "sign_in_claims"),
        "server/test_sign_in.py::test_a_new_key_of_the_provider_is_asked_for",
    ),
    "sign_in_group": "server/test_sign_in.py::test_a_browser_is_shown_why_it_failed_and_what_to_do",
    "sign_in_provider": "server/test_sign_in.py::test_a_provider_that_is_away_is_502_and_tokens_still_open",
    "no_journal": "server/test_runs.py::test_the_server_sends_what_a_journal_says",
    **dict.fromkeys(
        ("signing.no_token", "signing.other_token"),
        "unit/test_timestamp.py::test_nothing_is_signed_where_the_authority_fails",
    ),
    "signing.no_address": "unit/test_timestamp.py::test_what_is_no_address_is_refused_before_the_passphrase",
    "signing.offline": "unit/test_timestamp.py::test_nobody_is_asked_where_none_may_be",
    "signing.no_library": "unit/test_timestamp.py::test_without_the_package_it_says_how_to_get_it",
    "signing.no_roots": "unit/test_timestamp.py::test_what_holds_no_certificate_is_refused",
    "signing.not_stamped": "unit/test_timestamp.py::test_a_signature_without_a_stamp_has_none",
    "signing.false_stamp": "unit/test_timestamp.py::test_a_stamp_of_another_signature_or_authority_does_not_hold",
    "answers.driver": "unit/test_answers_kept.py::test_without_the_driver_it_says_what_to_install",
    "command.resume_alone": "unit/test_resuming.py::test_what_cannot_be_resumed_is_said",
    "command.pool_alone": "unit/test_pooled_draws.py::test_a_pool_without_draws_is_refused",
    "pool.other_inputs": "unit/test_pooled_draws.py::test_a_worker_with_other_inputs_says_so",
    **dict.fromkeys(
        ("pool.unlike", "pool.edition"),
        "unit/test_pools.py::test_workers_that_would_answer_with_other_bits_are_refused",
    ),
    "pool.no_kiban": "server/test_dask_pool.py::test_a_worker_without_kiban_is_named",
    "pool.open_worker": "server/test_dask_pool.py::test_a_link_without_tls_beyond_this_machine_is_not_used",
    "pool.lost": "server/test_dask_pool.py::test_a_scheduler_that_dies_is_told_and_what_was_kept_is_not_done_again",
    "pool.no_worker": "server/test_dask_pool.py::test_a_scheduler_without_workers_is_not_waited_for_without_end",
    "pool.away": "server/test_dask_pool.py::test_nobody_at_the_address",
    "pool.no_certificate": "server/test_dask_pool.py::test_tls_needs_certificates_of_the_file_or_of_dask",
    "pool.not_installed": "server/test_dask_pool.py::test_without_the_extra_it_says_what_to_install",
    "pool.slurm": "server/test_slurm_pool.py::test_what_slurm_would_not_take_is_told_at_once",
    "pool.folder": "server/test_slurm_pool.py::test_a_folder_that_cannot_be_written_is_named",
    "not_owner": "server/test_ownership.py::test_what_is_not_shared_is_not_there_for_others",
    "forecast.unmeasured": "server/test_forecasts.py::test_a_champion_that_is_taken_out_of_use_says_nothing_any_more",
    "forecast.needs_real_clock": "server/test_forecasts.py::test_a_weather_service_has_nothing_to_say_of_other_times",
    "forecast.no_hours": "unit/test_weather_forecast.py::test_what_the_model_does_not_reach_is_left_out",
    "source.future": "unit/test_live_telemetry.py::test_the_future_is_refused",
    **dict.fromkeys(
        ("native.level", "native.not_built", "native.not_carried"),
        "unit/test_native_library.py::test_each_level_can_be_asked_for",
    ),
    **dict.fromkeys(
        ("burning", "limit_it", "paid_to_build", "paid_to_run"),
        "unit/test_remedies.py::test_what_earns_without_end_is_named_and_the_remedies_work",
    ),
}
"""Remedies that need what only another test has, as a gate before the jobs or a provider: the test that does it."""
KEEPERS = {
    "fault",
    "worker",
    "bounds.memory",
    "store.full",
    "store.locked",
    "store.away",
    "store.damaged",
    "store.starts",
}
"""What whoever keeps the server is told to do: look at a log, make room, restore a copy, wait."""


def test_every_remedy_has_its_case() -> None:
    told = [set(CASES), set(test_remedies.CASES), set(HELD), KEEPERS]
    assert set(templates()) == set().union(*told)
    assert sum(map(len, told)) == len(templates())


@pytest.mark.parametrize("place", sorted(set(HELD.values())))
def test_the_tests_that_hold_the_others_are_there(place: str) -> None:
    file, _, name = place.partition("::")
    text = Path(__file__).parents[1].joinpath(file).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(", text, re.MULTILINE)


@pytest.mark.parametrize("remedy", CASES)
def test_what_a_remedy_says_is_enough(remedy, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(remedy, CASES[remedy], Ground(tmp_path, monkeypatch))
