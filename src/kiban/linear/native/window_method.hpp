// Mehrotra's predictor and corrector for whatever can be swept: windows abreast, one window, a tree.
//
// A shape offers the four sweeps and says how sums and maxima of its lanes belong together. Each lane goes its own way
// where lanes are windows: its own target, its own step, its own end. A lane that has ended takes no more steps.
#pragma once

#include "window_sweep.hpp"
#include "window_task.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

// Share of the way to the nearest bound that a step takes.
constexpr double REACH = 0.995;
// The largest target as a share of the mean product; after a short step the products have drifted apart, and it may be all.
constexpr double MOST_TARGET = 0.1, SHORT_STEP = 0.3;
// From this gap on (relative, as the tolerance) directions are mended, and the chain runs with care.
constexpr double MENDED_BELOW = 1e-4;
// Where costs add up to less than this (the largest limit at the largest ordinary price is one), it is their size.
constexpr double SMALL = 0.25;
// Rows are open by no more than this part of the largest limit.
constexpr double OPEN_ROWS = 1e-9;
// From this gap on a point is kept for a window that follows: far enough from every bound to start from.
constexpr double KEPT_BELOW = 0.3;
// Steps shorter than this lead nowhere.
constexpr double STANDSTILL = 1e-9;

// How lanes ended.
struct Verdict {
  Lanes primal, dual, lack;
  Integer iterations[ABREAST];
  bool proven[ABREAST];
};

INLINE bool is_number(double value) { return value - value == 0.0; }

template <class Shape>
static Verdict optimise(const Task& task, Shape& shape, const Summary& summary) {
  Verdict verdict{};
  Lanes running = spread(1.0), unkept = spread(task.points ? 1.0 : 0.0), primal_step = ZERO, dual_step = ZERO;
  bool careful = false;
  for (Integer iteration = 0;; ++iteration) {
    Measures measures{ZERO, ZERO, ZERO, ZERO};
    shape.look(careful, primal_step, dual_step, measures);
    measures.primal += summary.constant;
    measures.dual += summary.constant;
    const Lanes size = magnitude(measures.primal) + SMALL;
    const Lanes gap = magnitude(measures.primal - measures.dual);
    const Lanes keeps = choose(unkept, choose(KEPT_BELOW * size - gap, running, ZERO), ZERO);
    if (largest(keeps) > 0.0) {
      shape.keep(keeps);
      unkept = choose(keeps, ZERO, unkept);
    }
    bool is_open = false;
    for (int lane = 0; lane < ABREAST; ++lane) {
      if (!(running[lane] > 0.0)) continue;
      verdict.primal[lane] = measures.primal[lane];
      verdict.dual[lane] = measures.dual[lane];
      verdict.lack[lane] = measures.lack[lane];
      verdict.iterations[lane] = iteration;
      verdict.proven[lane] = gap[lane] <= task.tolerance * size[lane] && measures.lack[lane] <= OPEN_ROWS;
      if (verdict.proven[lane] || iteration >= task.most_iterations) running[lane] = 0.0;
      is_open = is_open || running[lane] > 0.0;
    }
    if (!is_open) return verdict;
    const Lanes mends = choose(running, choose(MENDED_BELOW * size - gap, spread(1.0), ZERO), ZERO);
    careful = largest(mends) > 0.0;

    // The direction without a target, and how much of the products it leaves: what it leaves sets the target.
    const Lanes mean = measures.product / summary.bounds;
    Reach reach{spread(1.0), spread(1.0), ZERO, ZERO};
    shape.template follow<AFFINE>(careful, ZERO, reach);
    const Lanes primal = 1.0 / reach.primal, dual = 1.0 / reach.dual;
    const Lanes left = measures.product + primal * reach.first - dual * (measures.product + reach.first) -
                       primal * dual * (reach.first + reach.second);
    const Lanes share = larger(left, ZERO) / measures.product;
    const Lanes was_short = iteration > 0 ? SHORT_STEP - smaller(primal_step, dual_step) : ZERO;
    const Lanes most = choose(was_short, spread(1.0), spread(MOST_TARGET));
    const Lanes target = smaller(share * share * share, most) * mean;

    shape.aim(careful, target);
    reach = Reach{spread(REACH), spread(REACH), ZERO, ZERO};
    if (careful) {
      shape.template follow<DRAFT>(careful, ZERO, reach);
      shape.mend(careful);
      shape.template follow<MENDED>(careful, mends, reach);
    } else {
      shape.template follow<AIMED>(careful, ZERO, reach);
    }
    primal_step = choose(running, REACH / reach.primal, ZERO);
    dual_step = choose(running, REACH / reach.dual, ZERO);
    for (int lane = 0; lane < ABREAST; ++lane)
      if (!is_number(reach.first[lane]) || (primal_step[lane] < STANDSTILL && dual_step[lane] < STANDSTILL))
        running[lane] = primal_step[lane] = dual_step[lane] = 0.0;
  }
}

// Stretches whose lanes are windows of their own, or the hours of one.
template <class Order>
struct Alone {
  typedef typename Order::Number Number;
  const Task& task;
  const Placement<Order>& place;
  const Units& units;
  Stretch stretch;
  Plant plant;

  static INLINE void sum(Lanes& value) {
    if (Order::HOURS) value = spread(summed(value));
  }
  static INLINE void maximum(Lanes& value) {
    if (Order::HOURS) value = spread(largest(value));
  }
  INLINE void look(bool careful, Lanes primal_step, Lanes dual_step, Measures& measures) {
    Ahead<Number> ahead{};
    window::look<Order>(stretch, plant, careful, primal_step, dual_step, {ZERO, ZERO}, ahead, measures);
    sum(measures.product);
    sum(measures.primal);
    sum(measures.dual);
    maximum(measures.lack);
  }
  template <Phase PHASE>
  INLINE void follow(bool careful, Lanes mends, Reach& reach) {
    Pair<Number> states{};
    window::follow<Order, PHASE>(stretch, plant, careful, mends, states, reach);
    sum(reach.first);
    sum(reach.second);
    maximum(reach.primal);
    maximum(reach.dual);
  }
  INLINE void aim(bool careful, Lanes target) {
    Pair<Number> slope{};
    window::aim<Order>(stretch, plant, careful, target, slope);
  }
  INLINE void keep(Lanes chosen) { keep_points(task, place, units, stretch.hours, chosen); }
  INLINE void mend(bool careful) {
    Pair<Number> slope{};
    window::mend<Order>(stretch, plant, careful, {ZERO, ZERO}, {ZERO, ZERO}, slope);
  }
};

INLINE void report(const Task& task, Integer window, const Verdict& verdict, const Units& units, int lane) {
  const double energy = units.energy[lane], money = units.money[lane];
  const Integer result = window * task.by_result;
  double* measures = task.measures + result * MEASURED;
  measures[PRIMAL] = verdict.primal[lane] * energy * money;
  measures[DUAL] = verdict.dual[lane] * energy * money;
  measures[LACK] = verdict.lack[lane] * energy;
  task.counts[2 * result] = verdict.iterations[lane];
  task.counts[2 * result + 1] = verdict.proven[lane];
}

// The windows in the lanes, from the task to its results.
template <class Order>
static void solve_lanes(const Task& task, const Placement<Order>& place, Hour* hours, int windows) {
  const Units units = measure_units(task, place, Order::HOURS);
  Summary summary = load_hours(task, place, units, hours);
  Alone<Order> shape{task, place, units, place.stretch(hours), load_plant(task, place)};
  shape.sum(summary.bounds);
  shape.sum(summary.constant);
  shape.maximum(summary.decided);
  summary.bounds = larger(summary.bounds, spread(1.0));
  const Verdict verdict = optimise(task, shape, summary);
  store_hours(task, place, units, hours, Order::HOURS ? ABREAST : windows);
  for (int lane = 0; lane < windows; ++lane) {
    report(task, place.window(lane), verdict, units, lane);
    if (summary.decided[lane] > 0.0) complete(task, place.window(lane), 0, NEGLIGIBLE * units.energy[lane]);
  }
}

}  // namespace kiban::window
