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

// The right-hand side of a complementarity equation: towards the target less a bounded second-order term (CENTRE), or
// the trial point's product pulled into its band (BAND).
template <class M>
INLINE Lanes pull(M mode, Lanes value, Lanes price, Lanes move, Lanes turn, const Side& side) {
  if (mode == CENTRE) return side.target - clipped(move * turn, -side.limit, side.limit);
  const Lanes trial = fma(side.trial_primal, move, value) * fma(side.trial_dual, turn, price);
  return clipped(clipped(trial, side.low, side.high) - trial, -side.high, side.high);
}

struct Gradient {
  Lanes gradient, pull, dual_residual, bound_residual;
};

// g/D of one variable, the pull of its bound on the capacity, and its dual and bound residuals.
template <class S, class M, class V, class Rows>
INLINE Gradient gradient_of(const S& structure, const System& s, M mode, V v, Integer hour, const Rows& lambdas,
                            const Rows& following, const Side& side) {
  const Integer place = (hour * structure.columns() + v) * LANES;
  const Lanes level = load(s.y + place);
  Lanes value = spread(1.0), price = ZERO, floor = spread(1.0);
  if (structure.floor(v) != NONE) {
    value = level;
    if (structure.floor(v) == SOME) {
      floor = datum(s, s.column_data, COLUMN_DATA * v + COLUMN_FLOOR, hour);
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
      paid = fma(datum(s, s.entry_data, e, hour), lambdas[structure.entry_row(e)], paid);
    });
    each(structure.next_from(v), structure.next_to(v), [&](auto e) INLINED {
      paid = fma(datum(s, s.lag_next, e, hour), following[structure.lag_row(e)], paid);
    });
    for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e)
      paid = fma(datum(s, s.total_data, e, hour), spread(s.q[s.total_row[e]]), paid);
    if (structure.bound(v) != NONE) paid -= load(s.u + spot);
    dual_residual = side.costs * datum(s, s.column_data, COLUMN_DATA * v + COLUMN_COST, hour) - side.keep * paid;
    product = -side.keep * value * price;
  } else if (structure.floor(v) != NONE) {
    product = pull(mode, value, price, load(s.dy + place), load(s.dz + place), side);
    if (structure.floor(v) == SOME) product *= floor;
  }
  const Lanes below = fma(spread(s.soft[v]), value, price);
  if (structure.bound(v) == NONE) return {(product - dual_residual * value) / below, ZERO, dual_residual, ZERO};

  const Lanes slack = load(s.r + spot), dual = load(s.u + spot);
  Lanes bounded = spread(1.0);
  if (structure.bound(v) == SOME) bounded = datum(s, s.column_data, COLUMN_DATA * v + COLUMN_BOUNDED, hour);
  const Lanes width = datum(s, s.column_data, COLUMN_DATA * v + COLUMN_WIDTH, hour);
  Lanes factor = ZERO, bound_residual = ZERO, slack_product;
  if (structure.capped(v)) factor = datum(s, s.column_data, COLUMN_DATA * v + COLUMN_FACTOR, hour);
  if (mode == AFFINE) {
    Lanes moved = -level - slack;
    if (structure.capped(v)) moved = fma(factor, spread(s.x[capacity]), moved);
    bound_residual = fma(side.keep, moved, side.rights * width);
    if (structure.bound(v) == SOME) bound_residual *= bounded;
    slack_product = -side.keep * slack * dual;
  } else {
    Lanes moved = width - level - slack - load(s.dy + place);
    if (structure.capped(v)) moved = fma(factor, spread(s.x[capacity] + s.dx[capacity]), moved);
    if (structure.bound(v) == SOME) moved *= bounded;
    slack_product = pull(mode, slack, dual, moved, load(s.du + spot), side);
    if (structure.bound(v) == SOME) slack_product *= bounded;
  }
  const Lanes base = fma(below, slack, dual * value);
  const Lanes inverse = spread(1.0) / base;
  const Lanes open = product - dual_residual * value;
  const Lanes pushed = fma(dual, bound_residual, -slack_product);
  const Lanes gradient = inverse * fma(slack, open, value * pushed);
  // factor (u (g/D - residual) + product) / r, with the division by r cancelled against 1/D's.
  Lanes pulled = ZERO;
  if (structure.capped(v)) pulled = factor * (inverse * fma(dual, open, -below * pushed));
  return {gradient, pulled, dual_residual, bound_residual};
}

// The sweep over the groups from `first` to `end`; with `ends` only the gradients that the hours after the segments
// look back at are computed.
template <class S, class M>
INLINE void forward(const System& s, M mode, bool ends, int thread, Integer first, Integer end) {
  const S structure(s);
  const auto rows = structure.rows();
  const auto local = structure.local();
  const auto states = structure.states();
  const auto columns = structure.columns();
  const int capacities = static_cast<int>(s.capacities), totals = static_cast<int>(s.totals);
  const int over = capacities + totals;
  const Integer triangle = rows * (rows + Fixed<1>{}) / 2;
  const Side side(s.par);

  Memory memory{s.scratch + thread * s.scratch_size};
  auto right = room(rows, memory);      // h, then L^-1 h
  auto residual = room(rows, memory);   // what the rows leave open
  auto lambdas = room(rows, memory);    // prices of this hour's rows
  auto following = room(rows, memory);  // prices of the next hour's rows
  auto before = room(states, memory);   // L^-1 h of the states of the hour before
  double* first_rows = memory.next;
  double* level_head = first_rows + rows * LANES;
  double* gradient_head = level_head + columns * LANES;

  for (Integer g = first; g < end; ++g) {
    Lanes cost = ZERO, worth = ZERO, bound_worth = ZERO, product = ZERO, worst_primal = ZERO, worst_dual = ZERO;
    double* capacity_pull = s.capacity_pull + g * capacities * LANES;
    double* capacity_paid = s.capacity_paid + g * capacities * LANES;
    double* total_pull = s.total_pull + g * totals * LANES;
    double* total_level = s.total_level + g * totals * LANES;
    double* swept = s.swept + g * over * LANES;
    double* edge_right = s.edge_right + g * states * LANES;
    for (int k = 0; k < capacities; ++k) store(capacity_pull + k * LANES, ZERO);
    for (int k = 0; k < capacities; ++k) store(capacity_paid + k * LANES, ZERO);
    for (int k = 0; k < totals; ++k) store(total_pull + k * LANES, ZERO);
    for (int k = 0; k < totals; ++k) store(total_level + k * LANES, ZERO);
    for (int k = 0; k < over; ++k) store(swept + k * LANES, ZERO);
    for (int k = 0; k < states; ++k) store(edge_right + k * LANES, ZERO);
    if (structure.lags() > 0 && !ends) {
      const Integer offset = (s.steps - 1) * columns * LANES, stride = s.steps * columns * LANES;
      gather(s.y, level_head, columns, s.before, g, stride, offset);
      gather(s.gradients, gradient_head, columns, s.before, g, stride, offset);
    }
    gather_first(s, s.lambdas, first_rows, g);
    const Lanes pad = load(s.pads + g * LANES);

    for (Integer j = ends ? s.steps - 1 : 0; j < s.steps; ++j) {
      const Integer hour = g * s.steps + j;
      const bool is_last = j == s.steps - 1;
      each(rows, [&](auto i) INLINED {
        right[i] = ZERO;
        if (mode == AFFINE) {
          lambdas[i] = load(s.lambdas + (hour * rows + i) * LANES);
          following[i] =
              is_last ? load(first_rows + i * LANES) : load(s.lambdas + ((hour + 1) * rows + i) * LANES);
          const Lanes b = datum(s, s.right_data, i, hour);
          residual[i] = side.rights * b;
          worth = fma(b, lambdas[i], worth);
        }
      });
      if (mode == AFFINE)
        for (int k = 0; k < s.capacity_terms; ++k) {
          const Integer row = s.capacity_row[k], column = s.capacity_border[k];
          const Lanes coefficient = datum(s, s.capacity_data, k, hour);
          const Lanes part = side.keep * spread(s.x[column]);
          Lanes paid = ZERO;
          each(rows, [&](auto i) INLINED {
            if (i == row) {
              residual[i] = less(residual[i], coefficient, part);
              paid = lambdas[i];
            }
          });
          double* at = capacity_paid + column * LANES;
          store(at, fma(coefficient, paid, load(at)));
        }
      if (!ends)
        each(structure.lags(), [&](auto i) INLINED {
          const auto v = structure.lag_column(i);
          Lanes past_level, past_gradient;
          if (j == 0) {
            past_level = load(level_head + v * LANES);
            past_gradient = load(gradient_head + v * LANES);
          } else {
            past_level = load(s.y + ((hour - 1) * columns + v) * LANES);
            past_gradient = load(s.gradients + ((hour - 1) * columns + v) * LANES);
            if (j == 1) {
              past_level = choose(pad, load(level_head + v * LANES), past_level);
              past_gradient = choose(pad, load(gradient_head + v * LANES), past_gradient);
            }
          }
          each(structure.lagged_from(i), structure.lagged_to(i), [&](auto e) INLINED {
            const Lanes coefficient = datum(s, s.lag_data, e, hour);
            const auto row = structure.lag_row(e);
            right[row] = less(right[row], coefficient, past_gradient);
            if (mode == AFFINE) residual[row] = less(residual[row], coefficient, side.keep * past_level);
          });
        });

      each(columns, [&](auto v) INLINED {
        if (ends && structure.lag(v) < 0) return;
        const Gradient at_v = gradient_of(structure, s, mode, v, hour, lambdas, following, side);
        const Integer place = (hour * columns + v) * LANES;
        store(s.gradients + place, at_v.gradient);
        if (ends) return;
        const Lanes level = load(s.y + place);
        const Lanes held = side.keep * level;
        each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
          const Lanes coefficient = datum(s, s.entry_data, e, hour);
          const auto row = structure.entry_row(e);
          right[row] = less(right[row], coefficient, at_v.gradient);
          if (mode == AFFINE) residual[row] = less(residual[row], coefficient, held);
        });
        for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e) {
          const Lanes coefficient = datum(s, s.total_data, e, hour);
          double* at = total_pull + s.total_row[e] * LANES;
          store(at, fma(coefficient, at_v.gradient, load(at)));
          if (mode == AFFINE) {
            double* used = total_level + s.total_row[e] * LANES;
            store(used, fma(coefficient, level, load(used)));
          }
        }
        const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
        if (structure.capped(v)) {
          double* at = capacity_pull + capacity * LANES;
          store(at, load(at) + at_v.pull);
        }
        if (mode == AFFINE) {
          cost = fma(datum(s, s.column_data, COLUMN_DATA * v + COLUMN_COST, hour), level, cost);
          worst_dual = larger(magnitude(at_v.dual_residual), worst_dual);
          if (structure.floor(v) != NONE) product = fma(level, load(s.z + place), product);
          if (structure.bound(v) != NONE) {
            const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
            const Lanes dual = load(s.u + spot);
            product = fma(load(s.r + spot), dual, product);
            bound_worth = fma(datum(s, s.column_data, COLUMN_DATA * v + COLUMN_WIDTH, hour), dual, bound_worth);
            worst_primal = larger(magnitude(at_v.bound_residual), worst_primal);
            if (structure.capped(v)) {
              double* at = capacity_paid + capacity * LANES;
              store(at, fma(datum(s, s.column_data, COLUMN_DATA * v + COLUMN_FACTOR, hour), dual, load(at)));
            }
          }
        }
      });
      if (ends) continue;
      if (mode == AFFINE)
        each(rows, [&](auto i) INLINED {
          worst_primal = larger(magnitude(residual[i]), worst_primal);
          right[i] += residual[i];
        });

      // h -= (K L^-T) (L^-1 h) of the hour before; then L^-1 h.
      const double* lower = s.lower + hour * triangle * LANES;
      if (j > 0)
        each(states, [&](auto a) INLINED {
          each(states, [&](auto c) INLINED {
            right[local + a] =
                less(right[local + a], load(s.link + ((hour * states + a) * states + c) * LANES), before[c]);
          });
        });
      each(rows, [&](auto i) INLINED {
        Lanes value = right[i];
        each(i, [&](auto k) INLINED {
          if (k < local || !is_last) value = less(value, load(lower + (i * (i + 1) / 2 + k) * LANES), right[k]);
        });
        if (i < local || !is_last) {
          value *= load(lower + (i * (i + 1) / 2 + i) * LANES);
          store(s.work + (hour * rows + i) * LANES, value);
        }
        right[i] = value;
      });
      each(states, [&](auto a) INLINED { before[a] = right[local + a]; });
      // C' (L^-1 h), and the same for the states of the segment before.
      const double* cover = s.cover + hour * rows * over * LANES;
      for (int k = 0; k < over; ++k) {
        Lanes sum = load(swept + k * LANES);
        each(rows, [&](auto i) INLINED {
          if (i < local || !is_last) sum = fma(load(cover + (i * over + k) * LANES), right[i], sum);
        });
        store(swept + k * LANES, sum);
      }
      each(states, [&](auto a) INLINED {
        if (is_last) {
          store(s.last_right + (g * states + a) * LANES, right[local + a]);
        } else {
          Lanes sum = load(edge_right + a * LANES);
          each(states, [&](auto i) INLINED {
            sum = fma(load(s.edge + ((hour * states + i) * states + a) * LANES), right[local + i], sum);
          });
          store(edge_right + a * LANES, sum);
        }
      });
    }
    if (ends) continue;
    double* measures = s.measures + g * MEASURES * LANES;
    store(measures + COST * LANES, cost);
    store(measures + WORTH * LANES, worth);
    store(measures + WIDTH * LANES, bound_worth);
    store(measures + PRODUCT * LANES, product);
    store(measures + PRIMAL * LANES, worst_primal);
    store(measures + DUAL * LANES, worst_dual);
  }
}

}  // namespace kiban
