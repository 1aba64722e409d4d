// The border of the Newton system: separators (last hours of segments), then capacities and total rows.
//
// What the hours leave of the system is small and dense. First the separators of each block of the horizon, which also
// close it into a circle; then, with x the capacities and slacks of total rows and q the prices of total rows,
//
//     [ M + Z/X + U/R + f'' + soft    (G - E)' ] [ dx ]   [ right                ]
//     [ G - E                         T        ] [ dq ] = [ -(what totals leave) ]
//
// with f the curved costs: their slopes, f'' and what the slopes lack are written by Python (`kernel/slopes.py`).
// M, G and T are the sums that the sweep left (`matrix`): quasi-definite, M positive and T negative. Capacities and total
// rows that no hour knows come last in each; the sweep leaves nothing of them.
#pragma once

#include "factor.hpp"

namespace kiban {

// What the border's equations may be left open by, in scaled units, before they are refined.
constexpr double REFINE_ABOVE = 1e-9;
// Weight of the proximal term on prices of total rows: absolute, and relative to the diagonal.
constexpr double PROXIMAL_TOTAL = 1e-13, PROXIMAL_TOTAL_SHARE = 1e-3;
constexpr double EPSILON = 2.220446049250313e-16;
constexpr double TINY = 1e-300;

INLINE double absolute(double a) { return a < 0 ? -a : a; }
INLINE double greater(double a, double b) { return a > b ? a : b; }
INLINE double clip(double a, double low, double high) { return a < low ? low : a > high ? high : a; }

// Factorise the separators of every block and add up the border's matrix.
//
// `separator[block]` gets a dense Cholesky factor with inverse diagonal, `screen[block]` the border's columns swept by it.
inline void close_segments(const System& s) {
  const Integer states = s.rows - s.local, over = s.capacities + s.totals, order = s.segments * states;
  for (Integer k = 0; k < over * over; ++k) s.matrix[k] = 0.0;
  for (Integer g = 0; g < s.groups; ++g) {
    const double* square = s.square + g * (over * (over + 1) / 2) * LANES;
    for (Integer k = 0; k < over; ++k)
      for (Integer other = 0; other <= k; ++other, square += LANES) s.matrix[k * over + other] += summed(load(square));
    for (Integer k = 0; k < s.capacities; ++k)
      s.matrix[k * over + k] += summed(load(s.capacity_sum + (g * s.capacities + k) * LANES));
    for (Integer q = 0; q < s.totals; ++q) {
      double* row = s.matrix + (s.capacities + q) * over;
      for (Integer k = 0; k < s.capacities; ++k)
        row[k] -= summed(load(s.mixed_sum + ((g * s.totals + q) * s.capacities + k) * LANES));
      for (Integer other = 0; other <= q; ++other)
        row[s.capacities + other] -= summed(load(s.total_sum + ((g * s.totals + q) * s.totals + other) * LANES));
    }
  }
  for (Integer b = 0; b < (states > 0 ? s.blocks : 0); ++b) {
    double* block = s.block_scratch;
    double* separator = s.separator + b * order * order;
    double* screen = s.screen + b * order * over;
    for (Integer k = 0; k < order * order; ++k) block[k] = 0.0;
    for (Integer k = 0; k < order * over; ++k) screen[k] = 0.0;
    for (Integer k = 0; k < order; ++k) s.size_scratch[k] = 0.0;
    for (Integer i = 0; i < s.segments; ++i) {
      const Integer segment = b * s.segments + i, g = segment / LANES, lane = segment % LANES;
      const Integer own = i * states, left = ((i + s.segments - 1) % s.segments) * states;
      for (Integer a = 0; a < states; ++a) {
        s.size_scratch[own + a] += s.last_diagonal[(g * states + a) * LANES + lane];
        for (Integer c = 0; c < states; ++c) {
          const Integer at = ((g * states + a) * states + c) * LANES + lane;
          block[(own + a) * order + own + c] += s.last[at];
          block[(left + a) * order + left + c] -= s.edges[at];
          block[(own + a) * order + left + c] += s.last_edge[at];
          block[(left + c) * order + own + a] += s.last_edge[at];
        }
        for (Integer k = 0; k < over; ++k) {
          const Integer at = ((g * states + a) * over + k) * LANES + lane;
          screen[(own + a) * over + k] += s.last_cover[at];
          screen[(left + a) * over + k] -= s.edge_cover[at];
        }
      }
    }
    for (Integer i = 0; i < order; ++i) {
      const double pivot = greater(block[i * order + i], 0.0) + PIVOT * s.size_scratch[i];
      const double inverse = pivot > 0.0 ? 1.0 / __builtin_sqrt(pivot) : 1.0;
      separator[i * order + i] = inverse;
      for (Integer k = 0; k < over; ++k) screen[i * over + k] *= inverse;
      for (Integer row = i + 1; row < order; ++row) {
        const double below = block[row * order + i] * inverse;
        separator[row * order + i] = below;
        for (Integer k = i + 1; k <= row; ++k) block[row * order + k] -= below * separator[k * order + i];
        for (Integer k = 0; k < over; ++k) screen[row * over + k] -= below * screen[i * over + k];
      }
    }
    for (Integer i = 0; i < order; ++i)
      for (Integer k = 0; k < over; ++k)
        for (Integer other = 0; other <= k; ++other)
          s.matrix[k * over + other] += screen[i * over + k] * screen[i * over + other];
  }
  for (Integer k = 0; k < over; ++k)
    for (Integer other = 0; other < k; ++other) s.matrix[other * over + k] = s.matrix[k * over + other];
}

INLINE double value_of(const System& s, Integer k) { return s.border_floor[k] > 0.0 ? s.x[k] : 1.0; }

// What the bounds and the curve of a capacity add to the diagonal.
INLINE double stiffness(const System& s, Integer k) {
  return s.zx[k] / value_of(s, k) + (s.border_bounded[k] > 0.0 ? s.ux[k] / s.rx[k] : 0.0) + s.border_curvature[k];
}

// What one unit more of a capacity costs, at the present slope of its curve.
INLINE double marginal(const System& s, Integer k) { return s.border_cost[k] + s.border_slope[k]; }

// By how much an upper bound and its slack disagree; rounding counts as agreement.
INLINE double room_left(const System& s, Integer k, double rights, double keep) {
  const double left = rights * s.border_width[k] - keep * (s.x[k] + s.rx[k]);
  const double size = 4.0 * EPSILON * (absolute(s.x[k]) + absolute(s.border_width[k]));
  return s.border_bounded[k] > 0.0 && absolute(left) > keep * size ? left : 0.0;
}

// Write the border's matrix, scaled, and invert it with partial pivoting; false where it is singular.
inline bool invert_border(const System& s) {
  const Integer size = s.border, order = s.border + s.border_totals, over = s.capacities + s.totals;
  double* full = s.border_matrix;
  for (Integer k = 0; k < order * order; ++k) full[k] = 0.0;
  for (Integer i = 0; i < s.capacities; ++i)
    for (Integer k = 0; k < s.capacities; ++k) full[i * order + k] = s.matrix[i * over + k];
  for (Integer q = 0; q < s.border_totals; ++q) {
    double* row = full + (size + q) * order;
    if (q < s.totals) {
      for (Integer k = 0; k < s.capacities; ++k) row[k] = s.matrix[(s.capacities + q) * over + k];
      for (Integer k = 0; k < s.totals; ++k) row[size + k] = s.matrix[(s.capacities + q) * over + s.capacities + k];
    }
    for (Integer k = 0; k < size; ++k) row[k] -= s.e[q * size + k];
    for (Integer k = 0; k < size; ++k) full[k * order + size + q] = row[k];
  }
  for (Integer k = 0; k < size; ++k) full[k * order + k] += stiffness(s, k) + s.border_soft[k];
  for (Integer k = size; k < order; ++k)
    full[k * order + k] -= PROXIMAL_TOTAL * (PROXIMAL_TOTAL_SHARE + absolute(full[k * order + k]));
  for (Integer i = 0; i < order; ++i) {
    double most = TINY;
    for (Integer k = 0; k < order; ++k) most = greater(absolute(full[i * order + k]), most);
    s.border_scale[i] = 1.0 / __builtin_sqrt(most);
  }
  double* left = s.border_scratch;
  double* inverse = s.border_inverse;
  for (Integer i = 0; i < order; ++i)
    for (Integer k = 0; k < order; ++k) {
      full[i * order + k] *= s.border_scale[i] * s.border_scale[k];
      left[i * order + k] = full[i * order + k];
      inverse[i * order + k] = i == k ? 1.0 : 0.0;
    }
  for (Integer i = 0; i < order; ++i) {
    Integer pivot = i;
    for (Integer row = i + 1; row < order; ++row)
      if (absolute(left[row * order + i]) > absolute(left[pivot * order + i])) pivot = row;
    if (!(absolute(left[pivot * order + i]) > 0.0)) return false;
    if (pivot != i)
      for (Integer k = 0; k < order; ++k) {
        const double one = left[i * order + k], two = inverse[i * order + k];
        left[i * order + k] = left[pivot * order + k], left[pivot * order + k] = one;
        inverse[i * order + k] = inverse[pivot * order + k], inverse[pivot * order + k] = two;
      }
    for (Integer row = i + 1; row < order; ++row) {
      const double share = left[row * order + i] / left[i * order + i];
      if (share == 0.0) continue;
      for (Integer k = i + 1; k < order; ++k) left[row * order + k] -= share * left[i * order + k];
      for (Integer k = 0; k < order; ++k) inverse[row * order + k] -= share * inverse[i * order + k];
    }
  }
  for (Integer i = order - 1; i >= 0; --i)
    for (Integer k = 0; k < order; ++k) {
      double value = inverse[i * order + k];
      for (Integer j = i + 1; j < order; ++j) value -= left[i * order + j] * inverse[j * order + k];
      inverse[i * order + k] = value / left[i * order + i];
    }
  return true;
}

// `part_dx` and `part_dq` from right-hand sides of capacities (`size` numbers) and total rows, refined twice.
inline void solve_border(const System& s, const double* right_x, const double* right_q) {
  const Integer size = s.border, order = s.border + s.border_totals;
  double* scaled = s.border_scratch;
  double* found = scaled + order;
  double* open = found + order;
  for (Integer k = 0; k < size; ++k) scaled[k] = right_x[k] * s.border_scale[k];
  for (Integer q = 0; q < s.border_totals; ++q) scaled[size + q] = -right_q[q] * s.border_scale[size + q];
  for (Integer i = 0; i < order; ++i) found[i] = 0.0;
  for (int pass = 0; pass < 3; ++pass) {
    for (Integer i = 0; i < order; ++i) {
      double value = scaled[i];
      if (pass > 0)
        for (Integer k = 0; k < order; ++k) value -= s.border_matrix[i * order + k] * found[k];
      open[i] = value;
    }
    for (Integer i = 0; i < order; ++i) {
      double value = 0.0;
      for (Integer k = 0; k < order; ++k) value += s.border_inverse[i * order + k] * open[k];
      found[i] += value;
    }
  }
  for (Integer k = 0; k < size; ++k) s.part_dx[k] = found[k] * s.border_scale[k];
  for (Integer q = 0; q < s.border_totals; ++q) s.part_dq[q] = found[size + q] * s.border_scale[size + q];
}

INLINE double sum_groups(const System& s, const double* array, Integer quantities, Integer k) {
  double total = 0.0;
  for (Integer g = 0; g < s.groups; ++g) total += summed(load(array + (g * quantities + k) * LANES));
  return total;
}

// `right`, what the sweep leaves of the border's right-hand side, and in `ends` the swept one of the separators.
inline void gather_right(const System& s) {
  const Integer states = s.rows - s.local, over = s.capacities + s.totals, order = s.segments * states;
  for (Integer k = 0; k < over; ++k)
    s.right[k] = (k < s.capacities ? sum_groups(s, s.capacity_pull, s.capacities, k)
                                   : sum_groups(s, s.total_pull, s.totals, k - s.capacities)) +
                 sum_groups(s, s.swept, over, k);
  for (Integer b = 0; b < (states > 0 ? s.blocks : 0); ++b) {
    double* ends = s.ends + b * order;
    const double* separator = s.separator + b * order * order;
    const double* screen = s.screen + b * order * over;
    for (Integer i = 0; i < order; ++i) ends[i] = 0.0;
    for (Integer i = 0; i < s.segments; ++i) {
      const Integer segment = b * s.segments + i, g = segment / LANES, lane = segment % LANES;
      const Integer own = i * states, left = ((i + s.segments - 1) % s.segments) * states;
      for (Integer a = 0; a < states; ++a) {
        ends[own + a] += s.last_right[(g * states + a) * LANES + lane];
        ends[left + a] -= s.edge_right[(g * states + a) * LANES + lane];
      }
    }
    for (Integer i = 0; i < order; ++i) {
      for (Integer k = 0; k < i; ++k) ends[i] -= separator[i * order + k] * ends[k];
      ends[i] *= separator[i * order + i];
      for (Integer k = 0; k < over; ++k) s.right[k] += screen[i * over + k] * ends[i];
    }
  }
}

// The separators' part of the solution, in lanes, from that of the border.
inline void spread_ends(const System& s) {
  const Integer states = s.rows - s.local, over = s.capacities + s.totals, order = s.segments * states;
  for (Integer k = 0; k < s.capacities; ++k) s.solution[k] = s.part_dx[k];
  for (Integer q = 0; q < s.totals; ++q) s.solution[s.capacities + q] = s.part_dq[q];
  for (Integer b = 0; b < (states > 0 ? s.blocks : 0); ++b) {
    double* ends = s.ends + b * order;
    const double* separator = s.separator + b * order * order;
    const double* screen = s.screen + b * order * over;
    for (Integer i = order - 1; i >= 0; --i) {
      for (Integer k = 0; k < over; ++k) ends[i] -= screen[i * over + k] * s.solution[k];
      for (Integer k = i + 1; k < order; ++k) ends[i] -= separator[k * order + i] * ends[k];
      ends[i] *= separator[i * order + i];
    }
    for (Integer i = 0; i < s.segments; ++i) {
      const Integer segment = b * s.segments + i;
      for (Integer a = 0; a < states; ++a)
        s.separators[((segment / LANES) * states + a) * LANES + segment % LANES] = ends[i * states + a];
    }
  }
}

// Places in `results`.
enum Result { PRIMAL_VALUE, DUAL_VALUE, PRIMAL_RESIDUAL, DUAL_RESIDUAL, PRODUCTS, TO_PRIMAL, TO_DUAL, FALLS, RISES, CROSSES };

// What the point is worth and what it leaves open, in scaled units, after a forward sweep of mode AFFINE.
inline void measure(const System& s) {
  double sums[4] = {0.0, 0.0, 0.0, 0.0}, worst_primal = 0.0, worst_dual = 0.0;
  for (Integer g = 0; g < s.groups; ++g) {
    const double* at = s.measures + g * MEASURES * LANES;
    for (int k = 0; k < 4; ++k) sums[k] += summed(load(at + k * LANES));
    worst_primal = greater(largest(load(at + PRIMAL * LANES)), worst_primal);
    worst_dual = greater(largest(load(at + DUAL * LANES)), worst_dual);
  }
  double primal = sums[COST], dual = sums[WORTH] - sums[WIDTH], product = sums[PRODUCT];
  for (Integer q = 0; q < s.border_totals; ++q) {
    double used = q < s.totals ? sum_groups(s, s.total_level, s.totals, q) : 0.0;
    for (Integer k = 0; k < s.border; ++k) used += s.e[q * s.border + k] * s.x[k];
    s.residual_q[q] = s.q_right[q] - used;
    worst_primal = greater(absolute(s.residual_q[q]) / (1.0 + absolute(s.q_right[q])), worst_primal);
    dual += s.q_right[q] * s.q[q];
  }
  for (Integer k = 0; k < s.border; ++k) {
    double paid = k < s.capacities ? sum_groups(s, s.capacity_paid, s.capacities, k) : 0.0;
    for (Integer q = 0; q < s.border_totals; ++q) paid += s.e[q * s.border + k] * s.q[q];
    s.residual_x[k] = marginal(s, k) - paid - s.zx[k] + s.ux[k];
    s.residual_room[k] = room_left(s, k, 1.0, 1.0);
    worst_primal = greater(absolute(s.residual_room[k]), worst_primal);
    worst_dual = greater(absolute(s.residual_x[k]) / (1.0 + absolute(marginal(s, k))), worst_dual);
    primal += s.border_cost[k] * s.x[k];
    dual -= s.ux[k] * s.border_width[k];
    product += (s.border_floor[k] > 0.0 ? s.x[k] * s.zx[k] : 0.0) + s.rx[k] * s.ux[k];
  }
  s.results[PRIMAL_VALUE] = primal;
  s.results[DUAL_VALUE] = dual;
  s.results[PRIMAL_RESIDUAL] = worst_primal;
  s.results[DUAL_RESIDUAL] = worst_dual;
  s.results[PRODUCTS] = product;
}

// The right-hand side of a complementarity equation of the border: see `pull` of the hours.
inline double pull_border(const System& s, int mode, double value, double price, double move, double turn) {
  const double target = s.par[TARGET], high = target * s.par[BAND_HIGH];
  if (mode == CENTRE) return target - clip(move * turn, -s.par[BAND_HIGH], s.par[BAND_HIGH]);
  const double trial = (value + s.par[TRIAL_PRIMAL] * move) * (price + s.par[TRIAL_DUAL] * turn);
  return clip(clip(trial, target * s.par[BAND_LOW], high) - trial, -high, high);
}

// After the forward sweep: the border's right-hand sides and its part of the direction.
inline void solve_direction(const System& s, int mode) {
  const bool whole = mode == AFFINE && s.par[KEEP] == 1.0;
  gather_right(s);
  if (whole) measure(s);
  for (Integer k = 0; k < s.border; ++k) {
    const double value = value_of(s, k);
    double dual_residual = 0.0, room = 0.0, at_floor, at_room;
    if (mode == AFFINE) {
      dual_residual = whole ? s.residual_x[k] + s.border_lead[k] : s.par[COSTS] * marginal(s, k);
      room = whole ? s.residual_room[k] : room_left(s, k, s.par[RIGHTS], s.par[KEEP]);
      at_floor = -s.par[KEEP] * value * s.zx[k];
      at_room = -s.par[KEEP] * s.rx[k] * s.ux[k];
    } else {
      at_floor = pull_border(s, mode, value, s.zx[k], s.dx[k], s.dzx[k]);
      at_room = pull_border(s, mode, s.rx[k], s.ux[k], s.drx[k], s.dux[k]);
    }
    s.floor_product[k] = s.border_floor[k] > 0.0 ? at_floor : 0.0;
    s.room_product[k] = s.border_bounded[k] > 0.0 ? at_room : 0.0;
    s.open_x[k] = -dual_residual + s.floor_product[k] / value + (s.ux[k] * room - s.room_product[k]) / s.rx[k];
  }
  for (Integer q = 0; q < s.border_totals; ++q)
    s.open_q[q] = mode != AFFINE ? 0.0 : whole ? s.residual_q[q] : s.par[RIGHTS] * s.q_right[q];
  // Kept apart: what remains of these after the direction is known is refined.
  double* right_x = s.border_scratch + 3 * (s.border + s.border_totals);
  double* right_q = right_x + s.border;
  for (Integer k = 0; k < s.border; ++k) right_x[k] = s.open_x[k] + (k < s.capacities ? s.right[k] : 0.0);
  for (Integer q = 0; q < s.border_totals; ++q) right_q[q] = s.open_q[q] - (q < s.totals ? s.right[s.capacities + q] : 0.0);
  solve_border(s, right_x, right_q);
  if (mode == BAND) {
    const Integer size = s.border;
    for (Integer k = 0; k < size; ++k) {
      s.kept[k] = s.dx[k];
      s.kept[size + k] = s.drx[k];
      s.kept[2 * size + k] = s.dzx[k];
      s.kept[3 * size + k] = s.dux[k];
    }
    for (Integer q = 0; q < s.border_totals; ++q) s.kept[4 * size + q] = s.dq[q];
  }
  spread_ends(s);
}

// Take the border's part of the direction (mode AFFINE) or add it to the direction.
inline void move_border(const System& s, int mode) {
  for (Integer k = 0; k < s.border; ++k) {
    const double value = value_of(s, k), dx = s.part_dx[k];
    const double at_floor = mode == BORDER ? 0.0 : s.floor_product[k];
    const double at_room = mode == BORDER ? 0.0 : s.room_product[k];
    const double room = mode == AFFINE ? room_left(s, k, s.par[RIGHTS], s.par[KEEP]) : 0.0;
    const double drx = s.border_bounded[k] > 0.0 ? room - dx : 0.0;
    const double dzx = s.border_floor[k] > 0.0 ? (at_floor - s.zx[k] * dx) / value : 0.0;
    const double dux = s.border_bounded[k] > 0.0 ? (at_room - s.ux[k] * drx) / s.rx[k] : 0.0;
    const double old = mode == AFFINE ? 0.0 : 1.0;
    s.dx[k] = old * s.dx[k] + dx;
    s.drx[k] = old * s.drx[k] + drx;
    s.dzx[k] = old * s.dzx[k] + dzx;
    s.dux[k] = old * s.dux[k] + dux;
  }
  for (Integer q = 0; q < s.border_totals; ++q) s.dq[q] = (mode == AFFINE ? 0.0 : s.dq[q]) + s.part_dq[q];
}

// What the direction leaves of the border's equations; true, with the next part solved for, where that matters.
inline bool refine_border(const System& s) {
  double worst = 0.0;
  for (Integer k = 0; k < s.border; ++k) {
    double open = s.open_x[k] - stiffness(s, k) * s.part_dx[k];
    for (Integer q = 0; q < s.border_totals; ++q) open += s.e[q * s.border + k] * s.part_dq[q];
    if (k < s.capacities) open += sum_groups(s, s.capacity_check, s.capacities, k);
    s.open_x[k] = open;
    worst = greater(absolute(open) / (1.0 + absolute(marginal(s, k))), worst);
  }
  for (Integer q = 0; q < s.border_totals; ++q) {
    double open = s.open_q[q];
    for (Integer k = 0; k < s.border; ++k) open -= s.e[q * s.border + k] * s.part_dx[k];
    if (q < s.totals) open -= sum_groups(s, s.total_check, s.totals, q);
    s.open_q[q] = open;
    worst = greater(absolute(open) / (1.0 + absolute(s.q_right[q])), worst);
  }
  if (!(worst > REFINE_ABOVE)) return false;
  solve_border(s, s.open_x, s.open_q);
  const Integer order = s.segments * (s.rows - s.local);
  for (Integer k = 0; k < s.blocks * order; ++k) s.ends[k] = 0.0;
  spread_ends(s);
  return true;
}

// The direction that the last one of mode BAND corrected.
inline void return_to_kept(const System& s) {
  const Integer size = s.border;
  for (Integer k = 0; k < size; ++k) {
    s.dx[k] = s.kept[k];
    s.drx[k] = s.kept[size + k];
    s.dzx[k] = s.kept[2 * size + k];
    s.dux[k] = s.kept[3 * size + k];
  }
  for (Integer q = 0; q < s.border_totals; ++q) s.dq[q] = s.kept[4 * size + q];
}

// The longest steps to the boundary, and how the sum of products changes with the primal step, the dual one, and both.
inline void measure_steps(const System& s) {
  double primal = 1e-30, dual = 1e-30, fall = 0.0, rise = 0.0, cross = 0.0;
  for (Integer g = 0; g < s.groups; ++g) {
    const double* at = s.measures + g * MEASURES * LANES;
    Lanes to_values = ZERO, to_prices = ZERO;
    for (Integer hour = g * s.steps; hour < (g + 1) * s.steps; ++hour) {
      to_values = larger(load(s.ratios + (hour * RATIOS + TO_VALUES) * LANES), to_values);
      to_prices = larger(load(s.ratios + (hour * RATIOS + TO_PRICES) * LANES), to_prices);
    }
    primal = greater(largest(to_values), primal);
    dual = greater(largest(to_prices), dual);
    fall += summed(load(at + FALL * LANES));
    rise += summed(load(at + RISE * LANES));
    cross += summed(load(at + CROSS * LANES));
  }
  for (Integer k = 0; k < s.border; ++k) {
    if (s.border_floor[k] > 0.0) {
      primal = greater(-s.dx[k] / s.x[k], primal);
      dual = greater(-s.dzx[k] / s.zx[k], dual);
      fall += s.dx[k] * s.zx[k];
      rise += s.x[k] * s.dzx[k];
      cross += s.dx[k] * s.dzx[k];
    }
    if (s.border_bounded[k] > 0.0) {
      primal = greater(-s.drx[k] / s.rx[k], primal);
      dual = greater(-s.dux[k] / s.ux[k], dual);
      fall += s.drx[k] * s.ux[k];
      rise += s.rx[k] * s.dux[k];
      cross += s.drx[k] * s.dux[k];
    }
  }
  s.results[TO_PRIMAL] = 1.0 / primal;
  s.results[TO_DUAL] = 1.0 / dual;
  s.results[FALLS] = fall;
  s.results[RISES] = rise;
  s.results[CROSSES] = cross;
}

// Move the border's part of the point along the direction.
inline void advance_border(const System& s, double step_primal, double step_dual) {
  for (Integer k = 0; k < s.border; ++k) {
    s.x[k] += step_primal * s.dx[k];
    s.rx[k] += step_primal * s.drx[k];
    s.zx[k] += step_dual * s.dzx[k];
    s.ux[k] += step_dual * s.dux[k];
  }
  for (Integer q = 0; q < s.border_totals; ++q) s.q[q] += step_dual * s.dq[q];
}

}  // namespace kiban
