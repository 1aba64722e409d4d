"""Laws that every plan obeys, on small random sites: conservation, money, scaling, monotony and worths."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.cases import FEATURES, resources, scaled, with_delay

from kiban.errors import SolverError
from kiban.linear import solve
from kiban.planning.choice import choose
from kiban.planning.evaluation import compute_costs, compute_hourly, compute_indicators, tranche_energy
from kiban.planning.programme import write_programme
from kiban.planning.schedule import tidy
from kiban.planning.stored_energy import follow_stored_energy
from kiban.planning.worths import compute_worths

POWER_MW = 1e-6
laws = settings(max_examples=30)


def solved(site):
    solution = solve(write_programme(site))
    assume(solution.status == "optimal")
    return solution


def shown(site):
    """The optimum as a plan shows it: the battery does not charge and discharge at once to burn energy."""
    return tidy(site, solved(site))


def slack(cost):
    """What the solver may leave open; revenue may bring a cost near to zero, so there is an absolute part."""
    return 1e-8 * (abs(cost) + 1e4)


def cost_of(site):
    """Least cost; infinite where there is no design."""
    solution = solve(write_programme(site))
    return solution.certificate.primal if solution.certificate else np.inf


@laws
@given(resources(known=FEATURES))
def test_energy_balances_every_hour(site):
    solution = shown(site)
    hourly = compute_hourly(site, solution)
    zero = np.zeros(site.steps)
    sources = [f"{s.name}_{'available_' if s.is_free else ''}mw" for s in site.supply]
    sources += ["import_mw", "backup_mw", *(f"{storage.discharge}_mw" for storage in site.storages)]
    sinks = [*(f"{storage.charge}_mw" for storage in site.storages), "export_mw", "curtailment_mw"]
    supplied = sum((hourly.get(name, zero) for name in sources), zero)
    net = supplied - sum((hourly.get(name, zero) for name in sinks), zero)
    assert net == pytest.approx(hourly["load_mw"], rel=0, abs=POWER_MW)
    served = site.firm_mw + hourly.get("served_mw", zero) - hourly.get("unserved_mw", zero)
    served = served + sum((hourly[f"{tranche.capacity}_mw"] for tranche in site.tranches), zero)
    assert hourly["it_load_mw"] == pytest.approx(served, rel=0, abs=POWER_MW)


@laws
@given(resources(known=FEATURES))
def test_schedule_stays_within_what_is_built(site):
    solution = shown(site)
    hourly, built = compute_hourly(site, solution), solution.capacities
    zero = np.zeros(site.steps)
    available = sum((hourly[f"{s.name}_available_mw"] for s in site.supply if s.is_free), zero)
    if not site.has_energy_to_waste:
        # Free output may also be stored first and then find no use.
        available = available + sum((hourly[f"{storage.discharge}_mw"] for storage in site.storages), zero)
    limits = {
        "import_mw": built.get("interconnection"),
        "backup_mw": built.get("backup"),
        "it_load_mw": built["it"],
        "backlog_mwh": site.max_backlog_mwh,
        "unserved_mw": site.firm_mw,
        "curtailment_mw": available,
    }
    for storage in site.storages:
        limits[f"{storage.charge}_mw"] = storage.charge_power_ratio * built[storage.charge_power]
        limits[f"{storage.discharge}_mw"] = built[storage.power]
        limits[f"{storage.state}_mwh"] = built[storage.energy]
    if site.grid is not None:
        limits["export_mw"] = min(site.grid.max_export_mw, built["interconnection"]) * np.asarray(
            site.grid.export_share
        )
        limits["import_mw"] = built["interconnection"] * np.asarray(site.grid.import_share)
        if site.grid.import_limit_mw is not None:
            limits["import_mw"] = np.minimum(limits["import_mw"], site.grid.import_limit_mw)
    limits |= {f"{s.name}_mw": built[s.name] * s.availability for s in site.supply if not s.is_free}
    for name, limit in limits.items():
        if name in hourly:
            assert (hourly[name] >= -POWER_MW).all(), name
            assert (hourly[name] <= np.asarray(limit) + POWER_MW).all(), name


@laws
@given(resources(known=FEATURES, required=("battery", "deferrable")))
def test_battery_and_backlog_conserve(site):
    solution = shown(site)
    hourly = {name: column.reshape(-1, site.block_steps) for name, column in compute_hourly(site, solution).items()}
    battery, hours = site.battery, site.step_hours
    stored = hourly["state_of_charge_mwh"]
    before = np.roll(stored, 1, axis=1)
    if not battery.cyclic:
        before[:, 0] = battery.initial_share * solution.capacities[battery.usable]
        assert (stored[:, -1] >= before[:, 0] - POWER_MW).all()
    kept = before * (1.0 - battery.self_discharge_per_hour) ** hours
    gained = battery.charge_efficiency * hourly["charge_mw"] - hourly["discharge_mw"] / battery.discharge_efficiency
    assert stored == pytest.approx(kept + gained * hours, rel=0, abs=POWER_MW)

    served = hourly["served_mw"] + hourly.get("dropped_mw", 0.0)
    waiting = hourly["backlog_mwh"]
    change = (hourly["arrivals_mw"] - served) * hours
    assert waiting == pytest.approx(np.roll(waiting, 1, axis=1) + change, rel=0, abs=POWER_MW)
    assert served.sum(axis=1) == pytest.approx(hourly["arrivals_mw"].sum(axis=1), rel=1e-6)


@laws
@given(resources(known=FEATURES, required=("battery",)))
def test_battery_does_one_thing_at_a_time(site):
    solution = shown(site)
    if not site.has_energy_to_waste:
        both = np.minimum(solution.hourly["charge"], solution.hourly["discharge"])
        assert both == pytest.approx(np.zeros(site.steps), rel=0, abs=POWER_MW)


@laws
@given(resources(known=FEATURES))
def test_costs_add_up_to_the_objective(site):
    solution = shown(site)
    assert sum(compute_costs(site, solution).values()) == pytest.approx(solution.certificate.primal, rel=1e-7, abs=1e-4)


@laws
@given(resources(known=FEATURES))
def test_targets_and_caps_hold(site):
    # Of the plan: an optimum may buy and sell in the same hour to count energy as sold, which no connection does.
    try:
        plan = choose([(site, solved(site))], [solve])[0]
    except SolverError:
        assume(False)
    assume(plan.solution.status == "optimal")
    site, solution = plan.resources, tidy(plan.resources, plan.solution)
    hourly, costs = compute_hourly(site, solution), compute_costs(site, solution)
    unclean = follow_stored_energy(site, solution)
    if unclean is not None:
        hourly["unclean_mw"] = unclean
    indicators = compute_indicators(site, solution, hourly, costs)
    if site.clean_share is not None:
        assert indicators["clean_share"] >= site.clean_share - 1e-7
    if site.carbon_cap_t_per_year is not None:
        assert indicators["emissions_t_per_year"] <= site.carbon_cap_t_per_year * (1 + 1e-7) + 1e-6
    if site.water_cap_m3_per_year is not None:
        assert indicators["water_m3_per_year"] <= site.water_cap_m3_per_year * (1 + 1e-7) + 1e-6
    firm = sum(s.firm_share * solution.capacities[s.name] for s in site.supply)
    assert solution.capacities.get("backup", 0.0) + firm >= site.critical_mw - POWER_MW


@laws
@given(resources(known=FEATURES), st.sampled_from([0.5, 2.0, 10.0]))
def test_cost_is_proportional_to_size(site, factor):
    assert solved(scaled(site, factor)).certificate.primal == pytest.approx(
        factor * solved(site).certificate.primal, rel=1e-7, abs=1e-3
    )


@laws
@given(resources(required=("deferrable",)), st.integers(0, 24), st.integers(1, 12))
def test_more_delay_never_costs_more(site, hours, more):
    patient, eager = cost_of(with_delay(site, hours + more)), cost_of(with_delay(site, hours))
    assert patient <= eager + slack(eager)


@laws
@given(resources(required=("clean_share",)), st.floats(0.0, 1.0))
def test_lower_clean_share_never_costs_more(site, part):
    assert cost_of(replace(site, clean_share=site.clean_share * part)) <= cost_of(site) + slack(cost_of(site))


@laws
@given(resources(required=("supply_limits", "grid_limit", "battery_limits")), st.floats(0.01, 3.0))
def test_higher_limits_never_cost_more(site, more):
    assert cost_of(relaxed(site, 1.0 + more)) <= cost_of(site) + slack(cost_of(site))


def relaxed(site, factor):
    """The same site with every upper limit times `factor`."""
    battery, grid, backup = site.battery, site.grid, site.backup
    cold = site.cooling_storage
    return replace(
        site,
        cooling_storage=cold and replace(cold, max_energy_mwh=cold.max_energy_mwh * factor),
        supply=tuple(replace(supply, max_mw=supply.max_mw * factor) for supply in site.supply),
        battery=battery
        and replace(
            battery,
            max_power_mw=battery.max_power_mw * factor,
            max_energy_mwh=battery.max_energy_mwh * factor,
        ),
        grid=grid and replace(grid, max_mw=grid.max_mw * factor, max_export_mw=grid.max_export_mw * factor),
        backup=backup and replace(backup, max_mw=backup.max_mw * factor),
        max_it_mw=site.max_it_mw * factor,
    )


@laws
@given(resources(known=FEATURES, required=("measures",), most_blocks=1))
def test_measures_are_the_best_of_all_choices(site):
    solution = solved(site)
    names = [measure.name for measure in site.measures]
    groups = {measure.name: measure.group for measure in site.measures}
    costs = {}
    for chosen in itertools.product((0.0, 1.0), repeat=len(names)):
        taken = [groups[name] for name, value in zip(names, chosen, strict=True) if value and groups[name]]
        if len(set(taken)) < len(taken):
            continue
        programme = write_programme(site)
        for name, value in zip(names, chosen, strict=True):
            programme.capacities[name] = replace(programme.capacities[name], lower=value, upper=value, integer=False)
        held = solve(programme)
        costs[chosen] = held.certificate.primal if held.certificate else np.inf
    assert solution.certificate.primal == pytest.approx(min(costs.values()), rel=1e-7)
    choice = tuple(float(round(solution.capacities[name])) for name in names)
    assert costs[choice] == pytest.approx(min(costs.values()), rel=1e-7)


def _with_supply(site, name, **change):
    supply = tuple(replace(option, **change) if option.name == name else option for option in site.supply)
    return replace(site, supply=supply)


def moved(site, worth, by):
    """The site with the limit of a worth relaxed by `by` of its units (tightened where negative)."""
    part, _, bound = worth.name.rpartition("_")
    sign = -1.0 if bound == "least" else 1.0
    limit = worth.limit + sign * by
    key = "min" if bound == "least" else "max"
    if worth.name == "clean_share":
        return replace(site, clean_share=(worth.limit - by) / 100)
    if worth.name == "adequacy":
        return replace(site, critical_share=(worth.limit - by) / 100)
    if worth.name in {"carbon_cap", "water_cap"}:
        return replace(site, **{f"{worth.name}_{'t' if part == 'carbon' else 'm3'}_per_year": limit})
    if worth.name == "backup_hours":
        return replace(site, backup=replace(site.backup, permitted_hours_per_year=limit))
    if worth.name == "import_limit":
        return replace(site, grid=replace(site.grid, import_limit_mw=site.grid.import_limit_mw + by))
    if worth.name == "export_limit":
        return replace(site, grid=replace(site.grid, max_export_mw=limit))
    if worth.name == "delay":
        longer = with_delay(site, site.max_delay_hours + 1).max_backlog_mwh
        return replace(site, max_backlog_mwh=site.max_backlog_mwh + by * (longer - site.max_backlog_mwh))
    if part == "battery_power":
        return replace(site, battery=replace(site.battery, **{f"{key}_power_mw": limit}))
    if part == "battery_energy":
        return replace(site, battery=replace(site.battery, **{f"{key}_energy_mwh": limit}))
    if part == "cooling_storage_energy":
        return replace(site, cooling_storage=replace(site.cooling_storage, **{f"{key}_energy_mwh": limit}))
    if part == "interconnection":
        return replace(site, grid=replace(site.grid, **{f"{key}_mw": limit}))
    if part == "backup":
        return replace(site, backup=replace(site.backup, **{f"{key}_mw": limit}))
    if part == "it":
        return replace(site, **{f"{key}_it_mw": limit})
    return _with_supply(site, part, **{f"{key}_mw": limit})


@laws
@given(resources(required=("supply_limits",), most_blocks=1))
def test_worths_are_the_saving_of_a_small_relaxation(site):
    """A worth lies between what relaxing saves and what tightening costs; the two meet where the optimum is unique."""
    solution = solved(site)
    cost = solution.certificate.primal
    for worth in compute_worths(site, solution, None):
        step = 1e-3 if worth.unit in {"point", "h"} else 1e-3 * max(worth.limit, 1.0)
        noise = 3e-9 * abs(cost) / step + 1e-4 * worth.saving_myen
        gained = (cost - cost_of(moved(site, worth, step))) / step
        assert worth.saving_myen >= gained - noise, worth.name
        if worth.limit - step > 0:
            lost = (cost_of(moved(site, worth, -step)) - cost) / step
            assert worth.saving_myen <= lost + noise, worth.name


@laws
@given(resources(), st.floats(-0.02, 0.02), st.floats(-0.1, 0.1))
def test_worth_of_supply_temperature(site, energy, water):
    """One degree more changes PUE and WUE; a thousandth of that change saves a thousandth of the worth."""
    solution = solved(site)
    cost = solution.certificate.primal
    pue = site.pue * (1.0 + energy * np.linspace(0.5, 1.5, site.steps))
    wue = site.wue_m3_per_mwh * (1.0 + water * np.linspace(1.5, 0.5, site.steps))
    # Another hour as the peak is a kink that a thousandth of the change does not reach.
    assume(np.argmax(pue * site.firm_mw) == np.argmax(site.pue * site.firm_mw))
    worths = {worth.name: worth for worth in compute_worths(site, solution, (24.0, pue, wue))}

    def changed(part):
        return replace(
            site,
            pue=site.pue + part * (pue - site.pue),
            wue_m3_per_mwh=site.wue_m3_per_mwh + part * (wue - site.wue_m3_per_mwh),
        )

    step = 1e-3
    forth = (cost - cost_of(changed(step))) / step
    back = (cost_of(changed(-step)) - cost) / step
    assume(np.isfinite(forth) and np.isfinite(back))
    noise = 3e-9 * abs(cost) / step + 1e-4 * abs(forth) + 1e-3 * abs(forth - back)
    low, high = max(min(forth, back), 0.0), max(forth, back, 0.0)
    assert low - noise <= worths["supply_temperature"].saving_myen <= high + noise


@laws
@given(resources(required=("tranches",)), st.floats(0.0, 0.02))
def test_a_better_price_never_serves_less(site, more):
    """Raising every price of compute raises what is earned, and never lowers the energy that is served."""
    dearer = replace(
        site, tranches=tuple(replace(t, price_myen_per_mwh=t.price_myen_per_mwh + more) for t in site.tranches)
    )
    before, after = solved(site), solved(dearer)

    def energy(solution):
        return sum(tranche_energy(site, tranche, solution) for tranche in site.tranches)

    scale = 1.0 + abs(before.certificate.primal)
    assert after.certificate.primal <= before.certificate.primal + 1e-7 * scale
    gained = before.certificate.primal - after.certificate.primal
    assert energy(before) * more - 1e-6 * scale <= gained <= energy(after) * more + 1e-6 * scale
