"""The staircase kernel against general solvers on the same programmes, in one run.

    python bench/kernel.py            one, three and ten weather years; one year with every solver that is installed
    python bench/kernel.py --threads 2   the kernel on two cores (one year uses one)
    python bench/kernel.py --quick    one year and the default plan against PIQP and Clarabel only
    python bench/kernel.py --full     every solver on every case (hours)
    python bench/kernel.py --json     one JSON object instead of the table

Each solver runs in a process of its own, so that memory can be told apart. Times are medians, ratios those of
processor time. PIQP (`pip install piqp`) is the strongest general solver that was found.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from kiban.linear import Staircase, solve

HOURS = 8760
PEERS = ("piqp", "clarabel", "highs simplex", "highs hipo", "pypsa highs")


def weather(years: int, site: int | None = None) -> dict[str, np.ndarray]:
    """Synthetic hours of a windy northern site: sun, two winds, load, price and the grid's carbon.

    `site` numbers places with hours of their own.
    """
    parts = []
    for year in range(years):
        rng = np.random.default_rng([20260401, year] if site is None else [20260401, year, site])
        hour, day = np.arange(HOURS) % 24, np.arange(HOURS) / 24.0

        def wander(memory: float, rng: np.random.Generator = rng) -> np.ndarray:
            noise = rng.standard_normal(HOURS) * np.sqrt(1 - memory**2)
            noise[0] = 0.0
            return lfilter([1.0], [1.0, -memory], noise)

        length = 12.0 + 3.2 * np.sin(2 * np.pi * (day - 80) / 365)
        height = np.clip(np.cos((hour - 12) * np.pi / length), 0, None)
        clouds = np.repeat(rng.uniform(0.15, 1.0, 365), 24)
        sun = np.clip(height * (0.75 + 0.25 * np.sin(2 * np.pi * (day - 80) / 365)) * clouds, 0, 1)
        winds = [np.clip(strength + 0.28 * wander(0.97), 0, 1) for strength in (0.28, 0.42)]
        price = np.clip(
            0.0115 - 0.006 * sun + 0.003 * np.exp(-(((hour - 18.5) / 2.2) ** 2)) + 0.002 * wander(0.9), 1e-5, None
        )
        carbon = np.clip(0.46 - 0.16 * sun + 0.02 * wander(0.9), 0.1, 0.6)
        load = 80.0 + 2.4 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.standard_normal(HOURS)
        pue = 1.12 + 0.02 * np.clip(np.sin(2 * np.pi * (day - 110) / 365), 0, None)
        parts.append(
            {
                "sun": sun,
                "wind": winds[0],
                "offshore": winds[1],
                "price": price,
                "carbon": carbon,
                "load": load,
                "pue": pue,
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


COSTS = {"sun": 15.7, "wind": 36.2, "offshore": 54.7, "power": 4.3, "energy": 3.1, "wire": 9.9, "gas": 10.8}
LIMITS = {
    "sun": 1500.0,
    "wind": 600.0,
    "offshore": 600.0,
    "power": 1000.0,
    "energy": 10000.0,
    "wire": 150.0,
    "gas": 150.0,
}
GAS = 0.016


def design(years: int, *, clean: bool, deferral: bool, hours: dict[str, np.ndarray] | None = None) -> Staircase:
    """Wind, sun, battery, grid and gas for a data centre; 24/7 clean share and deferrable compute as asked.

    `hours` are those of `weather`, of the site without number where they are not given.
    """
    w, weight = weather(years) if hours is None else hours, 1.0 / years
    steps = HOURS * years
    programme = Staircase(steps, HOURS)
    for name, cost in COSTS.items():
        programme.add_capacity(name, cost=cost, upper=LIMITS[name])
    programme.add_row("balance", equal=w["pue"] * (w["load"] if deferral else w["load"] * 1.25))
    for name in ("sun", "wind", "offshore"):
        programme.add_capacity_term("balance", name, w[name])
    programme.add_variable("import", cost=(w["price"] + 0.004 * w["carbon"]) * weight, capacity="wire")
    programme.add_variable("burn", cost=GAS * weight, capacity="gas")
    programme.add_variable("charge", capacity="power")
    programme.add_variable("discharge", capacity="power")
    programme.add_variable("state", capacity="energy")
    programme.add_variable("waste")
    signs = {"import": 1.0, "burn": 1.0, "discharge": 1.0, "charge": -1.0, "waste": -1.0}
    for name, sign in signs.items():
        programme.add_term("balance", name, sign)
    programme.add_row("storage", equal=0.0)
    programme.add_term("storage", "state")
    programme.add_term("storage", "state", -0.99995, lagged=True)
    programme.add_term("storage", "charge", -0.95)
    programme.add_term("storage", "discharge", 1.0 / 0.95)
    if deferral:
        arrivals = 0.25 * w["load"]
        programme.add_variable("served", upper=108.0 - w["load"])
        programme.add_variable("backlog", upper=24.0 * 20.0)
        programme.add_term("balance", "served", -w["pue"])
        programme.add_row("queue", equal=arrivals)
        programme.add_term("queue", "backlog")
        programme.add_term("queue", "backlog", -1.0, lagged=True)
        programme.add_term("queue", "served")
    if clean:
        demand = float((w["load"] * 1.25 * w["pue"]).sum()) * weight
        programme.add_total("clean", upper=0.1 * demand)
        programme.add_total_term("clean", "import", w["carbon"] / 0.62 * weight)
        programme.add_total_term("clean", "burn", weight)
    return programme


def default_plan() -> Staircase:
    """The programme of the default example's first cooling system."""
    from kiban.planning.preparation import prepare
    from kiban.planning.programme import write_programme
    from kiban.scenario.examples import load_scenario

    preparation = prepare(load_scenario("tomakomai"))
    return write_programme(preparation.resources_for(preparation.cooling_systems[0]))


def run_child(case: dict[str, object]) -> dict[str, object]:
    """Build and solve one case with one solver in this process."""
    years, solver, repeats = int(case["years"]), str(case["solver"]), int(case["repeats"])
    design(1, clean=True, deferral=True)
    start = time.perf_counter()
    if case.get("plan"):
        programme = default_plan()
    else:
        programme = design(years, clean=bool(case["clean"]), deferral=bool(case["deferral"]))
    build = time.perf_counter() - start
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    extra: dict[str, object] = {}
    solver_of = {
        "kernel": _kernel, "piqp": _piqp, "clarabel": _clarabel, "highs simplex": _highs, "highs hipo": _highs,
        "pypsa highs": _pypsa,
    }[solver]  # fmt: skip
    if solver == "kernel":
        _kernel(design(1, clean=bool(case["clean"]), deferral=bool(case["deferral"])), solver, {}, case)
    times, processor = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        objective, iterations = solver_of(programme, solver, extra, case)
        times.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    if solver == "kernel":
        # All of the kernel's memory is arrays, which can be counted; its warm-up has raised the process's peak.
        tracemalloc.start()
        solver_of(programme, solver, extra, case)
        memory = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        extra |= _floor(programme, case)
    return {
        "build_s": build, "solve_s": statistics.median(times),
        "processor_s": statistics.median(processor), "iterations": iterations, "objective": objective,
        "memory_mb": memory, **extra,
    }  # fmt: skip


def _kernel(programme: Staircase, solver: str, extra: dict[str, object], case: dict[str, object]) -> tuple[float, int]:
    from kiban.linear.kernel.method import solve_kernel

    answer = solve_kernel(programme, threads=int(case["threads"]))
    if answer.solution is not None:
        extra["gap"] = answer.solution.certificate.relative_gap
        return answer.solution.certificate.primal, answer.iterations
    # What a user would wait for: the kernel, then the solver that answers in its place.
    fallback = solve(programme, "clarabel").certificate
    extra["fell_back"] = True
    extra["note"] = f"THE KERNEL GAVE UP ({answer.reason}); the time includes {fallback.solver}"
    return fallback.primal, answer.iterations


def _floor(programme: Staircase, case: dict[str, object]) -> dict[str, object]:
    """What one iteration must move, how fast memory is, and where the time of one more solve goes."""
    from kiban.linear.kernel.layout import lay_out
    from kiban.linear.kernel.method import solve_kernel
    from kiban.linear.kernel.newton import Newton
    from kiban.linear.kernel.stages import find_stages
    from kiban.linear.kernel.structure import read_form, scale_form

    form = read_form(programme)
    scale_form(form)
    moved = Newton(find_stages(), form, lay_out(form)).bytes_per_iteration()
    spent = {"factorise": 0.0, "solve": 0.0, "advance": 0.0}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        method = getattr(Newton, name)

        def measured(*arguments: object, **keywords: object) -> object:
            start = time.perf_counter()
            result = method(*arguments, **keywords)
            spent[name] += time.perf_counter() - start
            return result

        setattr(Newton, name, measured)
        yield
        setattr(Newton, name, method)

    with timed("factorise"), timed("solve"), timed("advance"):
        start = time.perf_counter()
        solve_kernel(programme, threads=int(case["threads"]))
        whole = time.perf_counter() - start
    shares = {
        "factorisation": spent["factorise"] / whole, "directions": spent["solve"] / whole,
        "step": spent["advance"] / whole, "rest": 1.0 - sum(spent.values()) / whole,
    }  # fmt: skip
    return {"bytes_per_iteration": moved, "bandwidth_gb_s": bandwidth(), "shares": shares}


def _piqp(programme: Staircase, solver: str, extra: dict[str, object], case: dict[str, object]) -> tuple[float, int]:
    return solve_piqp(programme, extra)


def solve_piqp(programme: Staircase, extra: dict[str, object] | None = None) -> tuple[float, int]:
    """PIQP's objective of a programme, and its iterations; a note where it did not solve it."""
    import piqp
    import scipy.sparse as sp

    from kiban.linear.flat import flatten

    flat = flatten(programme)
    equal = flat.row_lower == flat.row_upper
    matrix = sp.csr_matrix(flat.matrix)
    quadratic = sp.csc_matrix((flat.cost.size, flat.cost.size))
    qp = piqp.SparseSolver()
    qp.settings.eps_abs = qp.settings.eps_rel = 1e-8
    qp.setup(
        quadratic, flat.cost, sp.csc_matrix(matrix[equal]), flat.row_lower[equal], sp.csc_matrix(matrix[~equal]),
        flat.row_lower[~equal], flat.row_upper[~equal], flat.lower, flat.upper,
    )  # fmt: skip
    status = qp.solve()
    if status != piqp.PIQP_SOLVED and extra is not None:
        extra["note"] = str(status)
    return float(flat.cost @ qp.result.x) + flat.constant, int(qp.result.info.iter)


def _clarabel(
    programme: Staircase, solver: str, extra: dict[str, object], case: dict[str, object]
) -> tuple[float, int]:
    from kiban.linear.clarabel import solve_clarabel
    from kiban.linear.flat import flatten

    flat = flatten(programme)
    _, point, _, iterations = solve_clarabel(flat, tolerance=1e-8)
    return float(flat.cost @ point) + flat.constant, iterations


def _highs(programme: Staircase, solver: str, extra: dict[str, object], case: dict[str, object]) -> tuple[float, int]:
    import highspy

    from kiban.linear.flat import flatten
    from kiban.linear.highs import _model

    flat = flatten(programme)
    highs = highspy.Highs()
    highs.setOptionValue("log_to_console", False)
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    if solver == "highs hipo":
        highs.setOptionValue("solver", "hipo")
        highs.setOptionValue("run_crossover", "off")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "highs.log"
        if solver == "highs hipo":
            highs.setOptionValue("output_flag", True)
            highs.setOptionValue("log_file", str(log))
        highs.passModel(_model(highspy, flat))
        highs.run()
        words = log.read_text() if log.exists() else ""
    information = highs.getInfo()
    simplex, interior = int(information.simplex_iteration_count), int(information.ipm_iteration_count)
    # Without its extras, or where it fails, HiGHS runs another method; its log says which.
    if solver == "highs hipo" and ("Hipo: Solved" not in words or interior <= 0 or simplex > 0):
        extra["note"] = f"NOT HIPO: {simplex} simplex and {interior} other iterations"
    return float(information.objective_function_value) + flat.constant, max(simplex, interior)


def _pypsa(programme: Staircase, solver: str, extra: dict[str, object], case: dict[str, object]) -> tuple[float, int]:
    import logging

    import pandas as pd
    import pypsa

    logging.disable(logging.WARNING)
    w = weather(1)
    network = pypsa.Network()
    network.set_snapshots(pd.RangeIndex(HOURS))
    for bus in ("power", "battery", "queue"):
        network.add("Bus", bus)
    network.add("Load", "firm", bus="power", p_set=w["pue"] * w["load"])
    for name in ("sun", "wind", "offshore"):
        network.add(
            "Generator",
            name,
            bus="power",
            p_nom_extendable=True,
            p_nom_max=LIMITS[name],
            capital_cost=COSTS[name],
            p_max_pu=w[name],
        )
    network.add(
        "Generator",
        "import",
        bus="power",
        p_nom_extendable=True,
        p_nom_max=LIMITS["wire"],
        capital_cost=COSTS["wire"],
        marginal_cost=w["price"] + 0.004 * w["carbon"],
    )
    network.add(
        "Generator",
        "burn",
        bus="power",
        p_nom_extendable=True,
        p_nom_max=LIMITS["gas"],
        capital_cost=COSTS["gas"],
        marginal_cost=GAS,
    )
    network.add(
        "Store",
        "state",
        bus="battery",
        e_nom_extendable=True,
        e_nom_max=LIMITS["energy"],
        e_cyclic=True,
        capital_cost=COSTS["energy"],
        standing_loss=0.00005,
    )
    network.add(
        "Link",
        "charge",
        bus0="power",
        bus1="battery",
        efficiency=0.95,
        p_nom_extendable=True,
        p_nom_max=LIMITS["power"],
        capital_cost=COSTS["power"],
    )
    network.add("Link", "discharge", bus0="battery", bus1="power", efficiency=0.95, p_nom_extendable=True)
    network.add("Load", "arrivals", bus="queue", p_set=-0.25 * w["load"])
    network.add("Store", "backlog", bus="queue", e_nom=24.0 * 20.0, e_cyclic=True)
    network.add(
        "Link", "served", bus0="queue", bus1="power", p_nom=1.0, p_max_pu=108.0 - w["load"], efficiency=-w["pue"]
    )

    def one_inverter(network: pypsa.Network, snapshots: object) -> None:
        """Charge and discharge share one converter, as they do in the programme."""
        size = network.model.variables["Link-p_nom"]
        network.model.add_constraints(size.loc["charge"] - 0.95 * size.loc["discharge"] == 0, name="one-inverter")

    status, condition = network.optimize(
        solver_name="highs", log_to_console=False, extra_functionality=one_inverter, include_objective_constant=False
    )
    iterations = network.model.solver_model.getInfo().simplex_iteration_count
    if condition != "optimal":
        extra["note"] = f"{status}, {condition}"
    return float(network.objective), int(iterations)


def bandwidth() -> float:
    """Bytes a second that a copy of memory moves, in GB/s: best of five."""
    source, target = np.ones(12_500_000), np.zeros(12_500_000)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * source.nbytes / best / 1e9


def measure(case: dict[str, object]) -> dict[str, object] | None:
    """Run one case in a process of its own; None where the solver is not there or did not finish."""
    command = [sys.executable, __file__, "--child", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  {case['solver']}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def policies() -> dict[str, float]:
    """451 policy points of one year, each bounded to 1e-5, in units of one solve."""
    from kiban.linear.parametric import CostDirection, solve_plane

    programme = design(1, clean=True, deferral=True)
    solve(programme)
    start = time.perf_counter()
    solve(programme)
    one = time.perf_counter() - start
    credit = CostDirection({name: -COSTS[name] for name in ("sun", "wind", "offshore", "power", "energy")}, {})
    carbon = CostDirection({}, {"import": 0.001 * weather(1)["carbon"], "burn": np.full(HOURS, 0.001 * 0.37)})
    rates = np.array([(a, b) for a in np.linspace(0, 0.5, 41) for b in np.linspace(0, 20, 11)])
    start = time.perf_counter()
    result = solve_plane(programme, [credit, carbon], rates, tolerance=1e-5)
    spent = time.perf_counter() - start
    return {
        "points": len(rates), "solves": len(result.solved), "seconds": spent, "in_single_solves": spent / one,
        "largest_relative_gap": float(result.relative_gap.max()),
    }  # fmt: skip


def main() -> None:
    """Measure, then print the table or the object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--child")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_child(json.loads(options.child))))
        return
    cases = [(1, True, True), (1, None, None)]
    if not options.quick:
        cases = [(y, c, d) for y in (1, 3, 10) for c in (False, True) for d in (False, True)] + [(1, None, None)]
    result: dict[str, object] = {"cases": [], "threads": options.threads, "load_before": os.getloadavg()[0]}
    for years, clean, deferral in cases:
        peers = PEERS if options.full or (years == 1 and deferral) else ("piqp", "clarabel")
        peers = ("piqp", "clarabel") if options.quick else peers
        base = {"years": years, "clean": clean, "deferral": deferral, "threads": options.threads}
        base["plan"] = clean is None
        repeats = 5 if years < 10 else 3
        found = {"kernel": measure(base | {"solver": "kernel", "repeats": repeats})}
        for peer in peers:
            if peer == "pypsa highs" and (years > 1 or clean or not deferral):
                continue
            fast = peer in {"piqp", "clarabel"} and years == 1
            found[peer] = measure(base | {"solver": peer, "repeats": 3 if fast else 1})
        case = _summarise(base, found)
        result["cases"].append(case)  # type: ignore[attr-defined]
        if not options.json:
            _print(case)
        name = "default_plan" if base["plan"] else {1: "one_year", 3: "three_years", 10: "ten_years"}[years]
        if (clean, deferral) == (True, True) or name not in result:
            result[name] = case
    if not options.quick:
        result["policies"] = policies()
        if not options.json:
            print("policies", result["policies"])
    if options.json:
        print(json.dumps(result))


def _summarise(base: dict[str, object], found: dict[str, dict[str, object] | None]) -> dict[str, object]:
    kernel = found["kernel"] or {}
    mine, objective, floor = kernel.get("solve_s"), kernel.get("objective"), None
    if "bytes_per_iteration" in kernel:
        floor = kernel["bytes_per_iteration"] / (kernel["bandwidth_gb_s"] * 1e9) * kernel["iterations"]
    others = {name: answer for name, answer in found.items() if name != "kernel" and answer}
    ratio, differences = {}, []
    if mine is not None:
        ratio = {name: answer["processor_s"] / kernel["processor_s"] for name, answer in others.items()}
        differences = [abs(answer["objective"] - objective) / max(1.0, abs(objective)) for answer in others.values()]
    return {
        **base, "kernel_s": mine, "iterations": kernel.get("iterations"), "fell_back": kernel.get("fell_back", False),
        "floor_s": floor, "over_floor": mine / floor if floor else None, "ratio": ratio,
        "objective_rel_diff": max(differences, default=None), "solvers": found,
    }  # fmt: skip


def _print(case: dict[str, object]) -> None:
    words = (
        ["the default plan"]
        if case["plan"]
        else [
            f"{case['years']} year(s)",
            "clean share" if case["clean"] else "no share",
            "deferral" if case["deferral"] else "no deferral",
        ]
    )
    print(", ".join(words))
    for name, found in case["solvers"].items():  # type: ignore[attr-defined]
        if found is None:
            print(f"  {name:14s} not available, or failed (see above)")
            continue
        kernel = case["solvers"]["kernel"]  # type: ignore[index]
        ratio = found["processor_s"] / kernel["processor_s"] if kernel else float("nan")
        print(
            f"  {name:14s} build {found['build_s']:6.2f} s  solve {found['solve_s']:8.3f} s"
            f"  processor {found['processor_s']:8.3f} s  ratio {ratio:7.1f}"
            f"  iterations {found['iterations']:7d}  memory {found['memory_mb']:6.0f} MB"
            f"  objective {found['objective']:.8g}"
            f"  {found.get('note', '')}",
            flush=True,
        )
    kernel = case["solvers"]["kernel"]  # type: ignore[index]
    if kernel:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in kernel["shares"].items())
        print(
            f"  floor {case['floor_s']:.3f} s at {kernel['bandwidth_gb_s']:.0f} GB/s: the kernel takes"
            f" {case['over_floor']:.1f} times as long ({shares})",
            flush=True,
        )
    if case["objective_rel_diff"] is not None:
        print(f"  largest difference of objectives {case['objective_rel_diff']:.1e}", flush=True)


if __name__ == "__main__":
    main()
