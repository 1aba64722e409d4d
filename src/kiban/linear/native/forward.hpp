// The forward sweep of one right-hand side.
//
// Eliminating dy leaves N dlambda + H w = h with h = (what the rows leave open) - A g/D, where g is the right-hand side
// of a variable: its reduced cost left open, and the complementarity products at its bounds. The sweep computes h hour
// by hour, substitutes it into L, and sums what the border needs of it. In mode AFFINE it measures the point as well.
#pragma once

#include "structure.hpp"

namespace kiban {

// The parameters of a right-hand side, in every lane.
struct Side {
  Lanes keep, rights, costs, target, trial_primal, trial_dual, low, high, limit;
  INLINE explicit Side(const double* par)
      : keep(spread(par[KEEP])), rights(spread(par[RIGHTS])), costs(spread(par[COSTS])), target(spread(par[TARGET])),
        trial_primal(spread(par[TRIAL_PRIMAL])), trial_dual(spread(par[TRIAL_DUAL])),
        low(spread(par[TARGET] * par[BAND_LOW])), high(spread(par[TARGET] * par[BAND_HIGH])),
        limit(spread(par[BAND_HIGH])) {}
};

// A mode that is not AFFINE, which the compiler knows, and otherwise read at run time.
struct Correction {
  int mode;
  INLINE bool operator==(Mode other) const { return other != AFFINE && mode == other; }
  INLINE bool operator!=(Mode other) const { return !(*this == other); }
  INLINE operator int() const { return mode; }
};

// The right-hand side of a complementarity equation: towards the target less a bounded second-order term (CENTRE), or
// the trial point's product pulled into its band (BAND).
template <class M>
INLINE Lanes pull(M mode, Lanes value, Lanes price, Lanes move, Lanes turn, const Side& side) {
  if (mode == CENTRE) return side.target - clipped(move * turn, -side.limit, side.limit);
  const Lanes trial = more(side.trial_primal, move, value) * more(side.trial_dual, turn, price);
  return clipped(clipped(trial, side.low, side.high) - trial, -side.high, side.high);
}

struct Gradient {
  Lanes gradient, pull, dual_residual, bound_residual;
};

// g/D of one variable, the pull of its bound on the capacity, and its dual and bound residuals.
template <class S, class M, class V, class Rows>
INLINE Gradient gradient_of(const S& structure, const System& s, const Data& data, M mode, V v, Integer hour, const Rows& lambdas,
                            const Rows& following, const Side& side) {
  const Integer place = (hour * structure.columns() + v) * LANES;
  const Lanes level = load(s.y + place);
  Lanes value = spread(1.0), price = ZERO, floor = spread(1.0);
  if (structure.floor(v) != NONE) {
    value = level;
    if (structure.floor(v) == SOME) {
      floor = data.column(v, COLUMN_FLOOR);
      value = choose(floor, level, spread(1.0));
    }
    price = load(s.z + place);
  }
  const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
  const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
  Lanes dual_residual = ZERO, product = ZERO;
  if (mode == AFFINE) {
    Lanes paid = price;
    each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
      paid = more(data.entry(e), lambdas[structure.entry_row(e)], paid);
    });
    each(structure.next_from(v), structure.next_to(v), [&](auto e) INLINED {
      paid = more(data.lagged_next(e), following[structure.lag_row(e)], paid);
    });
    for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e)
      paid = more(data.total(e), spread(s.q[s.total_row[e]]), paid);
    if (structure.bound(v) != NONE) paid -= load(s.u + spot);
    dual_residual = side.costs * data.column(v, COLUMN_COST) - side.keep * paid;
    product = -side.keep * value * price;
  } else if (structure.floor(v) != NONE) {
    product = pull(mode, value, price, load(s.dy + place), load(s.dz + place), side);
    if (structure.floor(v) == SOME) product *= floor;
  }
  const Lanes below = more(spread(s.soft[v]), value, price);
  if (structure.bound(v) == NONE) return {(product - dual_residual * value) / below, ZERO, dual_residual, ZERO};

  const Lanes slack = load(s.r + spot), dual = load(s.u + spot);
  Lanes bounded = spread(1.0);
  if (structure.bound(v) == SOME) bounded = data.column(v, COLUMN_BOUNDED);
  const Lanes width = data.column(v, COLUMN_WIDTH);
  Lanes factor = ZERO, bound_residual = ZERO, slack_product;
  if (structure.capped(v)) factor = data.column(v, COLUMN_FACTOR);
  if (mode == AFFINE) {
    Lanes moved = -level - slack;
    if (structure.capped(v)) moved = more(factor, spread(s.x[capacity]), moved);
    bound_residual = more(side.keep, moved, side.rights * width);
    if (structure.bound(v) == SOME) bound_residual *= bounded;
    slack_product = -side.keep * slack * dual;
  } else {
    Lanes moved = width - level - slack - load(s.dy + place);
    if (structure.capped(v)) moved = more(factor, spread(s.x[capacity] + s.dx[capacity]), moved);
    if (structure.bound(v) == SOME) moved *= bounded;
    slack_product = pull(mode, slack, dual, moved, load(s.du + spot), side);
    if (structure.bound(v) == SOME) slack_product *= bounded;
  }
  const Lanes base = more(below, slack, dual * value);
  const Lanes inverse = spread(1.0) / base;
  const Lanes open = product - dual_residual * value;
  const Lanes pushed = more(dual, bound_residual, -slack_product);
  const Lanes gradient = inverse * more(slack, open, value * pushed);
  // factor (u (g/D - residual) + product) / r, with the division by r cancelled against 1/D's.
  Lanes pulled = ZERO;
  if (structure.capped(v)) pulled = factor * (inverse * more(dual, open, -below * pushed));
  return {gradient, pulled, dual_residual, bound_residual};
}

// Where a group keeps what it sums over the hours, and the rows and variables of its neighbours.
struct ForwardSums {
  Lanes cost, worth, bound_worth, product, worst_primal, worst_dual;
  double *capacity_pull, *capacity_paid, *total_pull, *total_level, *swept, *edge_right;
  const double *first_rows, *level_head, *gradient_head;
};

// One hour of group `g`. With `ends` only the gradients that the hours after the segments look back at are computed.
template <class S, class M, class Last>
INLINE void forward_hour(const S& structure, const System& s, const Data& data, M mode, bool ends, Last is_last,
                         Integer g, Integer j, const Side& side, ForwardSums& sums, Memory memory) {
  const auto rows = structure.rows();
  const auto local = structure.local();
  const auto states = structure.states();
  const auto columns = structure.columns();
  const int over = static_cast<int>(s.capacities + s.totals);
  const Integer hour = g * s.steps + j, triangle = rows * (rows + Fixed<1>{}) / 2;

  auto right = room(rows, memory);      // h, then L^-1 h
  auto residual = room(rows, memory);   // what the rows leave open
  auto lambdas = room(rows, memory);    // prices of this hour's rows
  auto following = room(rows, memory);  // prices of the next hour's rows
  auto scaled = room(rows, memory);     // P^-1 L^-1 h

  each(rows, [&](auto i) INLINED {
    right[i] = ZERO;
    if (mode == AFFINE) {
      lambdas[i] = load(s.lambdas + (hour * rows + i) * LANES);
      following[i] = load(is_last ? sums.first_rows + i * LANES : s.lambdas + ((hour + 1) * rows + i) * LANES);
      const Lanes b = data.right(i);
      residual[i] = side.rights * b;
      sums.worth = more(b, lambdas[i], sums.worth);
    }
  });
  if (mode == AFFINE)
    for (int k = 0; k < s.capacity_terms; ++k) {
      const Integer row = s.capacity_row[k], column = s.capacity_border[k];
      const Lanes coefficient = data.capacity(k);
      const Lanes part = side.keep * spread(s.x[column]);
      Lanes paid = ZERO;
      each(rows, [&](auto i) INLINED {
        if (i == row) {
          residual[i] = less(residual[i], coefficient, part);
          paid = lambdas[i];
        }
      });
      double* at = sums.capacity_paid + column * LANES;
      store(at, more(coefficient, paid, load(at)));
    }
  if (!ends)
    each(structure.lags(), [&](auto i) INLINED {
      const auto v = structure.lag_column(i);
      Lanes past_level, past_gradient;
      if (j == 0) {
        past_level = load(sums.level_head + v * LANES);
        past_gradient = load(sums.gradient_head + v * LANES);
      } else {
        past_level = load(s.y + ((hour - 1) * columns + v) * LANES);
        past_gradient = load(s.gradients + ((hour - 1) * columns + v) * LANES);
        if (j == 1) {
          const Lanes pad = load(s.pads + g * LANES);
          past_level = choose(pad, load(sums.level_head + v * LANES), past_level);
          past_gradient = choose(pad, load(sums.gradient_head + v * LANES), past_gradient);
        }
      }
      each(structure.lagged_from(i), structure.lagged_to(i), [&](auto e) INLINED {
        const Lanes coefficient = data.lagged(e);
        const auto row = structure.lag_row(e);
        right[row] = less(right[row], coefficient, past_gradient);
        if (mode == AFFINE) residual[row] = less(residual[row], coefficient, side.keep * past_level);
      });
    });

  each(columns, [&](auto v) INLINED {
    if (ends && structure.lag(v) < 0) return;
    const Gradient at_v = gradient_of(structure, s, data, mode, v, hour, lambdas, following, side);
    const Integer place = (hour * columns + v) * LANES;
    store(s.gradients + place, at_v.gradient);
    if (ends) return;
    const Lanes level = load(s.y + place);
    const Lanes held = side.keep * level;
    each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
      const Lanes coefficient = data.entry(e);
      const auto row = structure.entry_row(e);
      right[row] = less(right[row], coefficient, at_v.gradient);
      if (mode == AFFINE) residual[row] = less(residual[row], coefficient, held);
    });
    for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e) {
      const Lanes coefficient = data.total(e);
      double* at = sums.total_pull + s.total_row[e] * LANES;
      store(at, more(coefficient, at_v.gradient, load(at)));
      if (mode == AFFINE) {
        double* used = sums.total_level + s.total_row[e] * LANES;
        store(used, more(coefficient, level, load(used)));
      }
    }
    const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
    if (structure.capped(v)) {
      double* at = sums.capacity_pull + capacity * LANES;
      store(at, load(at) + at_v.pull);
    }
    if (mode == AFFINE) {
      sums.cost = more(data.column(v, COLUMN_COST), level, sums.cost);
      sums.worst_dual = larger(magnitude(at_v.dual_residual), sums.worst_dual);
      if (structure.floor(v) != NONE) sums.product = more(level, load(s.z + place), sums.product);
      if (structure.bound(v) != NONE) {
        const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
        const Lanes dual = load(s.u + spot);
        sums.product = more(load(s.r + spot), dual, sums.product);
        sums.bound_worth = more(data.column(v, COLUMN_WIDTH), dual, sums.bound_worth);
        sums.worst_primal = larger(magnitude(at_v.bound_residual), sums.worst_primal);
        if (structure.capped(v)) {
          double* at = sums.capacity_paid + capacity * LANES;
          store(at, more(data.column(v, COLUMN_FACTOR), dual, load(at)));
        }
      }
    }
  });
  if (ends) return;
  if (mode == AFFINE)
    each(rows, [&](auto i) INLINED {
      sums.worst_primal = larger(magnitude(residual[i]), sums.worst_primal);
      right[i] += residual[i];
    });

  // h -= G (L^-1 h) of the hour before; then L^-1 h.
  const double* lower = s.lower + hour * triangle * LANES;
  if (j > 0)
    each(states, [&](auto a) INLINED {
      each(structure.linked_from(a), states, [&](auto c) INLINED {
        right[local + a] = less(right[local + a], load(s.link + ((hour * states + a) * states + c) * LANES),
                                load(s.work + ((hour - 1) * rows + local + c) * LANES));
      });
    });
  each(rows, [&](auto i) INLINED {
    Lanes value = right[i];
    each(i, [&](auto k) INLINED {
      if (k < local || !is_last) value = less(value, load(lower + (i * (i + 1) / 2 + k) * LANES), right[k]);
    });
    right[i] = value;
    scaled[i] = value * load(lower + (i * (i + 1) / 2 + i) * LANES);
    store(s.work + (hour * rows + i) * LANES, value);
  });
  // C' P^-1 (L^-1 h), and the same for the states of the segment before.
  const double* cover = s.cover + hour * rows * over * LANES;
  for (int k = 0; k < over; ++k) {
    Lanes sum = load(sums.swept + k * LANES);
    each(rows, [&](auto i) INLINED {
      if (i < local || !is_last) sum = more(load(cover + (i * over + k) * LANES), scaled[i], sum);
    });
    store(sums.swept + k * LANES, sum);
  }
  each(states, [&](auto a) INLINED {
    if (is_last) {
      store(s.last_right + (g * states + a) * LANES, right[local + a]);
    } else {
      Lanes sum = load(sums.edge_right + a * LANES);
      each(states, [&](auto i) INLINED {
        sum = more(load(s.edge + ((hour * states + i) * states + a) * LANES), scaled[local + i], sum);
      });
      store(sums.edge_right + a * LANES, sum);
    }
  });
}

// The last hour of a segment, once for every structure.
__attribute__((noinline)) inline void forward_last_hour(const System& given, int mode, bool ends, Integer g,
                                                        ForwardSums& sums, double* references, Memory memory) {
  const System s = given;
  const Tabled structure(s);
  Data data(s, structure, references);
  data.seek(g * s.steps + s.steps - 1);
  forward_hour(structure, s, data, mode, ends, true, g, s.steps - 1, Side(s.par), sums, memory);
}

// The sweep over the groups from `first` to `end`.
template <class S, class M>
INLINE void forward(const System& given, M mode, bool ends, int thread, Integer first, Integer end) {
  const System s = given;  // a copy that no store can change
  const S structure(s);
  const auto rows = structure.rows();
  const auto columns = structure.columns();
  const int over = static_cast<int>(s.capacities + s.totals), states = structure.states();
  const Side side(s.par);
  double* scratch = s.scratch + thread * s.scratch_size;
  Data data(s, structure, scratch);
  double* first_rows = data.end();
  double* level_head = first_rows + rows * LANES;
  double* gradient_head = level_head + columns * LANES;
  const Memory memory{gradient_head + columns * LANES};

  for (Integer g = first; g < end; ++g) {
    ForwardSums sums{ZERO, ZERO, ZERO, ZERO, ZERO, ZERO,
                     s.capacity_pull + g * s.capacities * LANES, s.capacity_paid + g * s.capacities * LANES,
                     s.total_pull + g * s.totals * LANES, s.total_level + g * s.totals * LANES,
                     s.swept + g * over * LANES, s.edge_right + g * states * LANES,
                     first_rows, level_head, gradient_head};
    clear(sums.capacity_pull, s.capacities);
    clear(sums.capacity_paid, s.capacities);
    clear(sums.total_pull, s.totals);
    clear(sums.total_level, s.totals);
    clear(sums.swept, over);
    clear(sums.edge_right, states);
    gather_first(s, s.lambdas, first_rows, g);
    if (!ends) {
      if (structure.lags() > 0) {
        const Integer offset = (s.steps - 1) * columns * LANES, stride = s.steps * columns * LANES;
        gather(s.y, level_head, columns, s.before, g, stride, offset);
        gather(s.gradients, gradient_head, columns, s.before, g, stride, offset);
      }
      data.seek(g * s.steps);
      for (Integer j = 0; j < s.steps - 1; ++j) {
        forward_hour(structure, s, data, mode, false, Fixed<0>{}, g, j, side, sums, memory);
        data.next();
      }
    }
    ForwardSums whole = sums;
    forward_last_hour(given, mode, ends, g, whole, scratch, memory);
    if (ends) continue;
    double* measures = s.measures + g * MEASURES * LANES;
    store(measures + COST * LANES, whole.cost);
    store(measures + WORTH * LANES, whole.worth);
    store(measures + WIDTH * LANES, whole.bound_worth);
    store(measures + PRODUCT * LANES, whole.product);
    store(measures + PRIMAL * LANES, whole.worst_primal);
    store(measures + DUAL * LANES, whole.worst_dual);
  }
}

}  // namespace kiban
