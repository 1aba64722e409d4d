// What Python hands over, and how it gets into the hours and out again.
#pragma once

#include "window.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

// A number of each window and step, `data[window * by_window + step * by_step]`; what is the same for all has strides of 0.
struct Series {
  const double* data;
  Integer by_window, by_step;
};

// Power in MW, energy in MWh, money in any unit per MWh. The order is that of `linear/window.py`.
struct Task {
  Integer steps;
  double step_hours, tolerance;
  Integer most_iterations;
  Series limit[AMOUNTS];                            // the limit of DROPPED is not read: all that arrives
  Series cost[DROPPED + 1];
  Series pue, arrival;
  Series kept, gain, drain;                         // from here on: one number a window
  Series stored, waiting;                           // before the first step
  Series stored_cost, waiting_cost, curve;          // after the last step
  double* amounts;                                  // (results, AMOUNTS, steps)
  double* prices;                                   // (results, ROWS, steps)
  double* measures;                                 // (results, MEASURED)
  Integer* counts;                                  // (results, 2): iterations, and 1 where the optimum is proven
  double* points;                                   // (POINT, steps) of each window, `by_point` apart; or none
  Integer by_result;                                // 1: the result of a window stands in its place; 0: in the only one
  Integer by_point;
  Integer shift;                                    // start from the points, so many steps on; from nothing where negative
};
enum { PRIMAL, DUAL, LACK, MEASURED };
// A point: values, prices of floors, prices of limits, prices of rows.
constexpr int POINT = 3 * AMOUNTS + ROWS;

// Amounts that need something to have arrived, or to be stored; that bring power, and that take it.
constexpr int COMPUTE[] = {SERVED, DROPPED, WAITING}, STORE[] = {CHARGED, DISCHARGED, STORED};
constexpr int SUPPLY[] = {DISCHARGED, IMPORTED, BACKED_UP, CURTAILED}, USE[] = {CHARGED, SERVED, UNSERVED};
constexpr int BOUGHT[] = {IMPORTED, BACKED_UP};

INLINE double at(const Series& series, Integer window, Integer step) {
  return series.data[window * series.by_window + step * series.by_step];
}

// Limits that are a smaller part of the largest one count as zero.
constexpr double NEGLIGIBLE = 1e-12;

// The windows in the lanes, and the steps that their hours stand for.
template <class Order>
struct Placement {
  const Integer* windows;                           // one a lane, or the one whose hours stand abreast
  Integer first, steps;                             // of the task

  INLINE Integer window(int lane) const { return windows[Order::HOURS ? 0 : lane]; }
  INLINE int blocks() const { return static_cast<int>(Order::HOURS ? (steps + ABREAST - 1) / ABREAST : steps); }
  INLINE Integer step(int block, int lane) const { return first + (Order::HOURS ? block * ABREAST + lane : block); }
  INLINE bool exists(int block, int lane) const { return step(block, lane) < first + steps; }
  INLINE Stretch stretch(Hour* hours) const {
    return {hours, blocks(), static_cast<int>(steps - ABREAST * (blocks() - 1))};
  }
  INLINE Lanes gather(const Series& series, int block) const {
    Lanes out;
    for (int lane = 0; lane < ABREAST; ++lane)
      out[lane] = at(series, window(lane), exists(block, lane) ? step(block, lane) : first);
    return out;
  }
};

// Units in which amounts and costs are near one, powers of two; one for all lanes where the lanes belong together.
struct Units {
  Lanes energy, money;
};

INLINE double power_of_two_above(double value) {
  if (!(value > 0.0)) return 1.0;
  const Integer bits = __builtin_bit_cast(Integer, value) & 0x7ff0000000000000LL;
  return 2.0 * __builtin_bit_cast(double, bits);
}
INLINE Lanes power_of_two_above(Lanes value) {
  Lanes out;
  for (int lane = 0; lane < ABREAST; ++lane) out[lane] = power_of_two_above(value[lane]);
  return out;
}

// The largest limit, and the largest cost of an amount that is used in the ordinary course.
template <class Order>
static Units measure_units(const Task& task, const Placement<Order>& place, bool together) {
  Lanes energy = ZERO, ordinary = ZERO, any = ZERO;
  for (int i = 0; i < place.blocks(); ++i) {
    for (int v = 0; v < AMOUNTS; ++v) {
      if (v == DROPPED) continue;
      const Lanes limit = place.gather(task.limit[v], i);
      energy = larger(v <= DROPPED ? limit * task.step_hours : limit, energy);
    }
    for (int v = 0; v <= DROPPED; ++v) any = larger(magnitude(place.gather(task.cost[v], i)), any);
    for (int v : BOUGHT) ordinary = larger(magnitude(place.gather(task.cost[v], i)), ordinary);
  }
  energy = larger(place.gather(task.stored, 0), larger(place.gather(task.waiting, 0), energy));
  ordinary = larger(magnitude(place.gather(task.stored_cost, 0)), ordinary);
  ordinary = larger(magnitude(place.gather(task.waiting_cost, 0)), ordinary);
  ordinary = choose(ordinary, ordinary, any);
  if (together) {
    energy = spread(largest(energy));
    ordinary = spread(largest(ordinary));
  }
  return {power_of_two_above(energy), power_of_two_above(ordinary)};
}

// What is possible in a window up to a step. An amount that cannot move is no variable: with it the window would have no
// point strictly inside its bounds, and prices without a bound.
struct Possible {
  double arrived;                                   // compute that may wait, MWh
  double held;                                      // what is stored, as long as nothing could be charged or discharged
  bool holds;                                       // something is stored, or could be
  bool stuck;
};
// Energy of a step that an amount may reach, MWh; for CURTAILED what is available.
INLINE double limit_at(const Task& task, int amount, Integer window, Integer step) {
  return at(task.limit[amount], window, step) * (amount <= DROPPED ? task.step_hours : 1.0);
}
INLINE Possible at_start(const Task& task, Integer window, double negligible) {
  const double stored = at(task.stored, window, 0);
  return {at(task.waiting, window, 0), stored, stored > negligible, true};
}
INLINE void pass(Possible& possible, const Task& task, Integer window, Integer step, double negligible) {
  const double charge = limit_at(task, CHARGED, window, step);
  const double supply = limit_at(task, IMPORTED, window, step) + limit_at(task, BACKED_UP, window, step) +
                        limit_at(task, CURTAILED, window, step);
  possible.arrived += at(task.arrival, window, step) * task.step_hours;
  possible.held *= at(task.kept, window, 0);
  possible.holds = possible.holds || (charge > negligible && supply > negligible);
  possible.stuck = possible.stuck && charge <= negligible && limit_at(task, DISCHARGED, window, step) <= negligible &&
                   possible.held <= limit_at(task, STORED, window, step);
}

// What is known of the lanes beside their hours.
struct Summary {
  Lanes bounds;                                     // how many bounds there are
  Lanes constant;                                   // the cost of what is decided beforehand
  Lanes decided;                                    // whether anything is
};

// Without a point to start from, amounts stand in the middle and prices so much above what the costs ask.
constexpr double START = 0.1;
// The point of a similar window is left so far inside its limits, and its prices above zero.
constexpr double INSIDE = 1e-3, ABOVE = 3e-3;

INLINE Lanes point_at(const Task& task, int quantity, const Lanes& steps, const Integer windows[ABREAST]) {
  Lanes out = ZERO;
  for (int lane = 0; lane < ABREAST; ++lane)
    if (steps[lane] >= 0.0)
      out[lane] = task.points[windows[lane] * task.by_point + quantity * task.steps + static_cast<Integer>(steps[lane])];
  return out;
}

// An hour at the point of the window's predecessor, as far as that reaches.
template <class Order>
INLINE void start_from_point(const Task& task, const Placement<Order>& place, const Units& units, int block,
                             const Lanes limit[AMOUNTS], Hour& hour) {
  Lanes steps = spread(-1.0), known = ZERO;
  Integer windows[ABREAST];
  for (int lane = 0; lane < ABREAST; ++lane) {
    windows[lane] = place.window(lane);
    const Integer step = place.step(block, lane) + task.shift;
    if (place.exists(block, lane) && step < task.steps) {
      steps[lane] = static_cast<double>(step);
      known[lane] = 1.0;
    }
  }
  for (int v = 0; v < AMOUNTS; ++v) {
    Amount& a = hour.amount[v];
    const Lanes takes = choose(known, limit[v], ZERO);
    const Lanes value = point_at(task, v, steps, windows) / units.energy;
    a.value = choose(takes, clipped(value, INSIDE * limit[v], (1.0 - INSIDE) * limit[v]), a.value);
    a.room = choose(takes, limit[v] - a.value, a.room);
    a.floor_price = choose(takes, point_at(task, AMOUNTS + v, steps, windows) / units.money + ABOVE, a.floor_price);
    a.limit_price = choose(takes, point_at(task, 2 * AMOUNTS + v, steps, windows) / units.money + ABOVE, a.limit_price);
  }
  for (int row = 0; row < ROWS; ++row) hour.price[row] = point_at(task, 3 * AMOUNTS + row, steps, windows) / units.money;
}

template <class Order>
static Summary load_hours(const Task& task, const Placement<Order>& place, const Units& units, Hour* hours) {
  Summary summary{ZERO, ZERO, ZERO};
  Possible possible[ABREAST];
  Lanes all_that_arrives = ZERO;
  const Lanes negligible = NEGLIGIBLE * units.energy;
  for (int lane = 0; lane < (Order::HOURS ? 1 : ABREAST); ++lane) {
    const Integer window = place.window(lane);
    possible[lane] = at_start(task, window, negligible[lane]);
    for (Integer step = 0; step < place.first; ++step) pass(possible[lane], task, window, step, negligible[lane]);
    all_that_arrives[lane] = at(task.waiting, window, 0);
    for (Integer step = 0; step < task.steps; ++step)
      all_that_arrives[lane] += at(task.arrival, window, step) * task.step_hours;
  }
  if (Order::HOURS) all_that_arrives = spread(all_that_arrives[0]);
  const Lanes one = spread(1.0), energy = one / units.energy, money = one / units.money;

  for (int i = 0; i < place.blocks(); ++i) {
    Hour& hour = hours[i];
    Lanes exists = ZERO, arrived = ZERO, holds = ZERO, held = ZERO, first = ZERO, last = ZERO;
    for (int lane = 0; lane < ABREAST; ++lane) {
      if (!place.exists(i, lane)) continue;
      const Integer step = place.step(i, lane);
      Possible& now = possible[Order::HOURS ? 0 : lane];
      pass(now, task, place.window(lane), step, negligible[lane]);
      exists[lane] = 1.0;
      arrived[lane] = now.arrived;
      holds[lane] = now.holds;
      held[lane] = now.stuck ? now.held : 0.0;
      first[lane] = step == 0;
      last[lane] = step == task.steps - 1;
    }

    Lanes limit[AMOUNTS];
    for (int v = 0; v < AMOUNTS; ++v) {
      const Lanes given = v == DROPPED ? 2.0 * all_that_arrives : place.gather(task.limit[v], i);
      limit[v] = choose(exists, (v < DROPPED ? given * task.step_hours : given) * energy, ZERO);
      limit[v] = choose(limit[v] - NEGLIGIBLE, limit[v], ZERO);
    }
    for (int v : COMPUTE) limit[v] = choose(arrived - negligible, limit[v], ZERO);
    for (int v : STORE) limit[v] = choose(holds, limit[v], ZERO);
    // What can only be held is no choice: no bound that it might touch.
    limit[STORED] = choose(held - negligible, 2.0 * held * energy, limit[STORED]);
    // Where nothing takes power, what is available is curtailed; where nothing brings it, the load is not served.
    Lanes use = ZERO, supply = ZERO;
    for (int v : USE) use += limit[v];
    for (int v : SUPPLY) supply += limit[v];
    const Lanes moves = choose(use, supply, ZERO);
    const Lanes pue = choose(exists, place.gather(task.pue, i), ZERO);
    hour.right[BALANCE] = choose(moves, pue * limit[UNSERVED] - limit[CURTAILED], ZERO);
    summary.constant += choose(moves, ZERO, choose(use, place.gather(task.cost[UNSERVED], i) * limit[UNSERVED],
                                                   place.gather(task.cost[CURTAILED], i) * limit[CURTAILED])) * money;
    for (int v : USE) limit[v] = choose(moves, limit[v], ZERO);
    for (int v : SUPPLY) limit[v] = choose(moves, limit[v], ZERO);
    const Lanes open = choose(arrived - negligible, choose(holds, moves, ZERO), ZERO);
    summary.decided = choose(exists, choose(open, summary.decided, one), summary.decided);

    for (int v = 0; v < AMOUNTS; ++v) {
      Lanes cost = ZERO;
      if (v <= DROPPED) cost = place.gather(task.cost[v], i) * money;
      if (v == STORED) cost = choose(last, place.gather(task.stored_cost, i) * money, ZERO);
      if (v == WAITING) cost = choose(last, place.gather(task.waiting_cost, i) * money, ZERO);
      Amount& a = hour.amount[v];
      a = Amount{};
      a.cost = choose(limit[v], cost, ZERO);
      a.value = a.room = 0.5 * limit[v];
      a.floor_price = choose(limit[v], larger(a.cost, ZERO) + START, ZERO);
      a.limit_price = choose(limit[v], larger(-a.cost, ZERO) + START, ZERO);
      summary.bounds += choose(limit[v], spread(2.0), ZERO);
    }
    for (int row = 0; row < ROWS; ++row) hour.price[row] = hour.price_step[row] = ZERO;
    hour.pue = pue;
    hour.curve = choose(last, place.gather(task.curve, i) * units.energy * money, ZERO);
    hour.right[STORAGE] = choose(first, place.gather(task.kept, i) * place.gather(task.stored, i) * energy, ZERO);
    hour.right[BACKLOG] =
        choose(exists, place.gather(task.arrival, i) * (task.step_hours * energy), ZERO) +
        choose(first, place.gather(task.waiting, i) * energy, ZERO);
    hour.later = Pair<Lanes>{};
    if (task.shift >= 0) start_from_point(task, place, units, i, limit, hour);
  }
  return summary;
}

template <class Order>
INLINE Plant load_plant(const Task& task, const Placement<Order>& place) {
  return {place.gather(task.kept, 0), place.gather(task.gain, 0), place.gather(task.drain, 0)};
}

// The first steps of a window in which something has arrived, and in which something is or could be stored.
struct Beginning {
  Integer arrives, holds;
};
static Beginning begin(const Task& task, Integer window, double negligible) {
  Beginning beginning{task.steps, task.steps};
  Possible possible = at_start(task, window, negligible);
  for (Integer step = 0; step < task.steps; ++step) {
    pass(possible, task, window, step, negligible);
    if (possible.arrived > negligible && beginning.arrives == task.steps) beginning.arrives = step;
    if (possible.holds && beginning.holds == task.steps) beginning.holds = step;
  }
  return beginning;
}

// What was decided beforehand in a step, and the prices of rows in which nothing could move: what one unit more on the
// right-hand side would cost (where nothing brings power: what one unit less would save). `next` are the prices of the
// states after the step.
//     balance, nothing takes power     less is curtailed, or the cheapest supply
//     balance, nothing brings power    the dearest use
//     backlog, nothing has arrived     serve it, drop it, or let it wait
//     storage, nothing to hold         discharge it, or keep it
static void complete_step(const Task& task, Integer window, Integer step, const Beginning& beginning, double negligible,
                          const Pair<double>& next) {
  const Integer steps = task.steps;
  double* amounts = task.amounts + window * task.by_result * AMOUNTS * steps + step;
  double* prices = task.prices + window * task.by_result * ROWS * steps + step;
  double &balance = prices[BALANCE * steps], &storage = prices[STORAGE * steps], &backlog = prices[BACKLOG * steps];
  const auto least = [](double& price, double other) INLINED { price = other < price ? other : price; };
  const auto most = [](double& price, double other) INLINED { price = other > price ? other : price; };
  const auto can = [&](int v) INLINED { return limit_at(task, v, window, step) > negligible; };
  const auto cost = [&](int v) INLINED { return at(task.cost[v], window, step); };
  const double kept = at(task.kept, window, 0), gain = at(task.gain, window, 0), drain = at(task.drain, window, 0);
  const double pue = at(task.pue, window, step);
  const bool holds = step >= beginning.holds, has_arrived = step >= beginning.arrives;
  const bool charges = can(CHARGED) && holds, discharges = can(DISCHARGED) && holds, serves = can(SERVED) && has_arrived;

  if (!charges && !serves && !can(UNSERVED)) {
    amounts[CURTAILED * steps] = at(task.limit[CURTAILED], window, step);
    balance = -cost(CURTAILED);
    for (int v : BOUGHT)
      if (can(v)) least(balance, cost(v));
    if (discharges) least(balance, cost(DISCHARGED) - drain * storage);
  } else if (!discharges && !can(IMPORTED) && !can(BACKED_UP) && !can(CURTAILED)) {
    amounts[UNSERVED * steps] = at(task.limit[UNSERVED], window, step);
    balance = 0.0;
    if (can(UNSERVED)) most(balance, cost(UNSERVED) / pue);
    if (serves) most(balance, (backlog - cost(SERVED)) / pue);
    if (charges) most(balance, -(cost(CHARGED) + gain * storage));
  }
  const bool is_last = step == steps - 1;
  if (!has_arrived) {
    backlog = cost(DROPPED);
    if (can(SERVED)) least(backlog, cost(SERVED) + pue * balance);
    if (can(WAITING)) least(backlog, is_last ? at(task.waiting_cost, window, 0) : next.backlog);
  }
  if (!holds) {
    storage = 0.0;
    if (can(STORED)) storage = is_last ? at(task.stored_cost, window, 0) : kept * next.storage;
    if (can(DISCHARGED)) least(storage, (cost(DISCHARGED) - balance) / drain);
  }
}

INLINE Pair<double> state_prices(const Task& task, Integer window, Integer step) {
  if (step >= task.steps) return {0.0, 0.0};
  const double* prices = task.prices + window * task.by_result * ROWS * task.steps + step;
  return {prices[STORAGE * task.steps], prices[BACKLOG * task.steps]};
}

// The steps of a window from the last to `first`.
static void complete(const Task& task, Integer window, Integer first, double negligible) {
  const Beginning beginning = begin(task, window, negligible);
  for (Integer step = task.steps - 1; step >= first; --step)
    complete_step(task, window, step, beginning, negligible, state_prices(task, window, step + 1));
}

// The points of the lanes in `chosen`, for a window that follows.
template <class Order>
static void keep_points(const Task& task, const Placement<Order>& place, const Units& units, const Hour* hours,
                        Lanes chosen) {
  for (int i = 0; i < place.blocks(); ++i) {
    const auto keep = [&](int quantity, Lanes value) INLINED {
      for (int lane = 0; lane < ABREAST; ++lane)
        if (chosen[lane] > 0.0 && place.exists(i, lane))
          task.points[place.window(lane) * task.by_point + quantity * task.steps + place.step(i, lane)] = value[lane];
    };
    for (int v = 0; v < AMOUNTS; ++v) {
      const Amount& a = hours[i].amount[v];
      keep(v, a.value * units.energy);
      keep(AMOUNTS + v, a.floor_price * units.money);
      keep(2 * AMOUNTS + v, a.limit_price * units.money);
    }
    for (int row = 0; row < ROWS; ++row) keep(3 * AMOUNTS + row, hours[i].price[row] * units.money);
  }
}

// The lanes below `lanes` into the results, in the caller's units.
template <class Order>
static void store_hours(const Task& task, const Placement<Order>& place, const Units& units, const Hour* hours, int lanes) {
  for (int i = 0; i < place.blocks(); ++i) {
    const Hour& hour = hours[i];
    for (int v = 0; v < AMOUNTS; ++v) {
      const Lanes value = hour.amount[v].value * units.energy / (v <= DROPPED ? task.step_hours : 1.0);
      for (int lane = 0; lane < lanes; ++lane)
        if (place.exists(i, lane))
          task.amounts[(place.window(lane) * task.by_result * AMOUNTS + v) * task.steps + place.step(i, lane)] = value[lane];
    }
    for (int row = 0; row < ROWS; ++row) {
      const Lanes value = hour.price[row] * units.money;
      for (int lane = 0; lane < lanes; ++lane)
        if (place.exists(i, lane))
          task.prices[(place.window(lane) * task.by_result * ROWS + row) * task.steps + place.step(i, lane)] = value[lane];
    }
  }
}
}  // namespace kiban::window
