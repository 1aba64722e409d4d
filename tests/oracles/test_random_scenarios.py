"""Random scenarios of the whole schema, each judged: a plan as HiGHS finds it (1e-6 of its cost), a proof of none, or a
refusal.

`python -m tests.oracles.scenario_judge` judges as many more as one likes.
"""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from tests.cases.scenarios import draw_scenario, given_keys, schema_keys
from tests.oracles.scenario_judge import judge

SEEDS = 300
AT_ONCE = 10
BY_PYPSA = 60
"""Every so many seeds are solved by PyPSA's account of the site as well."""
NEVER_DRAWN = frozenset({"weather.fill_gaps_hours", "weather.clip_negative_w_m2"})
"""Keys of files of measured rows, which have tests of their own: a plan does not see them."""


@pytest.fixture(autouse=True)
def quiet():
    """PyPSA and linopy tell of each of their steps."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore")  # what PyPSA and linopy warn of is theirs
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_random_scenarios(first, tmp_path):
    found = Counter()
    for seed in range(first, first + AT_ONCE):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            found[judge(seed, folder, with_pypsa=seed % BY_PYPSA == 0)] += 1
        except Exception as error:
            error.add_note(f"of seed {seed}")
            raise
    assert found["plan"] >= AT_ONCE // 5  # else little is judged


def test_every_key_of_the_schema_is_drawn(tmp_path):
    drawn = {key for seed in range(SEEDS) for key in given_keys(draw_scenario(seed, tmp_path))}
    assert sorted(set(schema_keys()) - drawn - NEVER_DRAWN) == []
    assert drawn <= set(schema_keys())


def test_a_seed_is_the_same_scenario_whenever_it_is_drawn(tmp_path):
    assert [draw_scenario(seed, tmp_path) for seed in range(5)] == [draw_scenario(seed, tmp_path) for seed in range(5)]
