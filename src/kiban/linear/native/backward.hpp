// The backward sweep: prices of rows from the border's solution, then every variable's direction, and the step along it.
//
//     L' dlambda = P^-1 (L^-1 h - C w - E (dlambda of the segment before)) - G' (dlambda of the next hour)
//     dy = g/D + 1/D (A' dlambda) + (share) dx
//
// Lower bounds: dz = (product - z dy) / y; upper bounds: dr = factor dx - dy + residual, du = (product - u dr) / r.
// The longest step that each hour allows and the sums from which the products along the way follow are measured on the way.
#pragma once

#include "forward.hpp"

namespace kiban {

// How the products change along the direction.
struct Measured {
  Lanes fall, rise, cross;
};

INLINE Measured load_measured(const double* at) {
  return {load(at + FALL * LANES), load(at + RISE * LANES), load(at + CROSS * LANES)};
}

INLINE void store_measured(double* at, const Measured& measured) {
  store(at + FALL * LANES, measured.fall);
  store(at + RISE * LANES, measured.rise);
  store(at + CROSS * LANES, measured.cross);
}

// The direction of one hour's variables from that of the rows of this hour and the next.
template <class S, class M, class Rows>
INLINE void recover(const S& structure, const System& s, const Data& data, M mode, Integer hour, const Rows& own, const Rows& following,
                    const Side& side, Measured& measured, double* capacity_check, double* total_check) {
  const Lanes one = spread(1.0);
  Lanes to_values = ZERO, to_prices = ZERO;  // inverse of the longest steps
  for (int k = 0; k < s.capacity_terms; ++k) {
    Lanes part = ZERO;
    const Integer row = s.capacity_row[k];
    each(structure.rows(), [&](auto i) INLINED {
      if (i == row) part = own[i];
    });
    double* at = capacity_check + s.capacity_border[k] * LANES;
    store(at, more(data.capacity(k), part, load(at)));
  }
  each(structure.columns(), [&](auto v) INLINED {
    const Integer place = (hour * structure.columns() + v) * LANES;
    const Lanes level = load(s.y + place);
    Lanes value = one, price = ZERO, floor = one, pair = one;
    if (structure.floor(v) != NONE) {
      value = level;
      price = load(s.z + place);
      if (structure.floor(v) == SOME) {
        floor = data.column(v, COLUMN_FLOOR);
        value = choose(floor, level, one);
        pair = choose(floor, value * price, one);
      } else {
        pair = value * price;
      }
    }
    Lanes paid = ZERO;
    each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
      paid = more(data.entry(e), own[structure.entry_row(e)], paid);
    });
    each(structure.next_from(v), structure.next_to(v), [&](auto e) INLINED {
      paid = more(data.lagged_next(e), following[structure.lag_row(e)], paid);
    });
    for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e)
      paid = more(data.total(e), spread(s.part_dq[s.total_row[e]]), paid);
    const Lanes below = more(spread(s.soft[v]), value, price);
    Lanes gradient = ZERO;
    if (mode != BORDER) gradient = load(s.gradients + place);
    // One division serves 1/D and the quotients at both bounds.
    Lanes at_floor, move;
    if (structure.bound(v) == NONE) {
      const Lanes joint = one / (below * pair);
      at_floor = joint * below;
      move = more(paid, value * pair * joint, gradient);
    } else {
      const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
      const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
      const Lanes slack = load(s.r + spot), dual = load(s.u + spot);
      Lanes bounded = one, upper_pair = slack * dual;
      if (structure.bound(v) == SOME) {
        bounded = data.column(v, COLUMN_BOUNDED);
        upper_pair = choose(bounded, upper_pair, one);
      }
      const Lanes weight = dual * value;
      const Lanes base = more(below, slack, weight);
      const Lanes pairs = pair * upper_pair;
      const Lanes joint = one / (base * pairs);
      const Lanes inverse = joint * pairs;
      at_floor = joint * base * upper_pair;
      const Lanes at_bound = joint * base * pair;
      move = more(paid, value * slack * inverse, gradient);
      const Lanes width = data.column(v, COLUMN_WIDTH);
      Lanes factor = ZERO, part_dx = ZERO;
      if (structure.capped(v)) {
        factor = data.column(v, COLUMN_FACTOR);
        part_dx = spread(s.part_dx[capacity]);
        move = more(weight * inverse * factor, part_dx, move);
      }
      Lanes shift, turn;
      if (mode == AFFINE) {
        Lanes open = -level - slack;
        if (structure.capped(v)) open = more(factor, spread(s.x[capacity]), open);
        shift = more(side.keep, open, side.rights * width) - move;
        if (structure.capped(v)) shift = more(factor, part_dx, shift);
        if (structure.bound(v) == SOME) shift *= bounded;
        turn = (-side.keep * slack * dual - dual * shift) * (dual * at_bound);
        if (structure.capped(v)) {
          double* at = capacity_check + capacity * LANES;
          store(at, more(factor, turn, load(at)));
        }
      } else {
        Lanes old = width - level - slack - load(s.dy + place), part = -move;
        if (structure.capped(v)) {
          old = more(factor, spread(s.x[capacity] + s.dx[capacity]), old);
          part = more(factor, part_dx, part);
        }
        if (structure.bound(v) == SOME) {
          old *= bounded;
          part *= bounded;
        }
        const Lanes old_turn = load(s.du + spot);
        Lanes product = ZERO;
        if (mode != BORDER) {
          product = pull(mode, slack, dual, old, old_turn, side);
          if (structure.bound(v) == SOME) product *= bounded;
        }
        turn = (product - dual * part) * (dual * at_bound);
        if (structure.capped(v)) {
          double* at = capacity_check + capacity * LANES;
          store(at, more(factor, turn, load(at)));
        }
        turn += old_turn;
        shift = old + part;
      }
      store(s.new_du + spot, turn);
      Lanes towards = shift;
      if (structure.bound(v) == SOME) {
        towards *= bounded;
        to_prices = larger(-bounded * (turn * slack * at_bound), to_prices);
      } else {
        to_prices = larger(-(turn * slack * at_bound), to_prices);
      }
      to_values = larger(-(towards * dual * at_bound), to_values);
      measured.fall = more(shift, dual, measured.fall);
      measured.rise = more(slack, turn, measured.rise);
      measured.cross = more(shift, turn, measured.cross);
    }
    for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e) {
      double* at = total_check + s.total_row[e] * LANES;
      store(at, more(data.total(e), move, load(at)));
    }
    if (structure.floor(v) != NONE) {
      Lanes turn;
      if (mode == AFFINE) {
        turn = (-side.keep * value * price - price * move) * (price * at_floor);
      } else {
        const Lanes old_move = load(s.dy + place), old_turn = load(s.dz + place);
        Lanes product = ZERO;
        if (mode != BORDER) product = pull(mode, value, price, old_move, old_turn, side);
        turn = more(product - price * move, price * at_floor, old_turn);
        move += old_move;
      }
      store(s.new_dz + place, turn);
      Lanes masked = move;
      if (structure.floor(v) == SOME) masked *= floor;
      to_values = larger(-(masked * price * at_floor), to_values);
      to_prices = larger(-(turn * value * at_floor), to_prices);
      measured.fall = more(masked, price, measured.fall);
      measured.rise = more(value, turn, measured.rise);
      measured.cross = more(masked, turn, measured.cross);
    } else if (mode != AFFINE) {
      move += load(s.dy + place);
    }
    store(s.new_dy + place, move);
  });
  store(s.ratios + (hour * RATIOS + TO_VALUES) * LANES, to_values);
  store(s.ratios + (hour * RATIOS + TO_PRICES) * LANES, to_prices);
}

// The variables of each segment's last hour, when all rows are known; once for every structure.
inline void recover_ends(const System& given, int mode, int thread, Integer first, Integer end) {
  const System s = given;
  const Tabled structure(s);
  double* scratch = s.scratch + thread * s.scratch_size;
  Data data(s, structure, scratch);
  Memory memory{data.end()};
  auto own = room(structure.rows(), memory), following = room(structure.rows(), memory);
  for (Integer g = first; g < end; ++g) {
    const Integer hour = g * s.steps + s.steps - 1;
    gather_first(s, s.work, reinterpret_cast<double*>(following.at), g);
    for (int i = 0; i < structure.rows(); ++i) own[i] = load(s.work + (hour * s.rows + i) * LANES);
    data.seek(hour);
    Measured measured = load_measured(s.measures + g * MEASURES * LANES);
    recover(structure, s, data, mode, hour, own, following, Side(s.par), measured,
            s.capacity_check + g * s.capacities * LANES, s.total_check + g * s.totals * LANES);
    store_measured(s.measures + g * MEASURES * LANES, measured);
  }
}

// What stands before a block of so many vectors, and is as large, is asked for: the sweep comes to it next.
INLINE void fetch_before(const double* block, Integer vectors) {
  for (Integer k = 1; k <= vectors; ++k) __builtin_prefetch(block - k * LANES);
}

// The rows of a segment's last hour: the states are the separators, the local rows follow; once for every structure.
__attribute__((noinline)) inline void substitute_last_hour(const System& given, int mode, Integer g, Memory memory) {
  const System s = given;
  const int rows = static_cast<int>(s.rows), local = static_cast<int>(s.local), states = rows - local;
  const Integer over = s.capacities + s.totals, hour = g * s.steps + s.steps - 1;
  const double* lower = s.lower + hour * (rows * (rows + 1) / 2) * LANES;
  const double* cover = s.cover + hour * rows * over * LANES;
  auto own = room(rows, memory);
  for (int a = 0; a < states; ++a) own[local + a] = load(s.separators + (g * states + a) * LANES);
  for (int i = local - 1; i >= 0; --i) {
    Lanes value = mode == BORDER ? ZERO : load(s.work + (hour * rows + i) * LANES);
    for (Integer k = 0; k < over; ++k) value = less(value, load(cover + (i * over + k) * LANES), spread(s.solution[k]));
    value *= load(lower + (i * (i + 1) / 2 + i) * LANES);
    for (int k = i + 1; k < rows; ++k) value = less(value, load(lower + (k * (k + 1) / 2 + i) * LANES), own[k]);
    own[i] = value;
  }
  for (int i = 0; i < rows; ++i) {
    const Integer at = (hour * rows + i) * LANES;
    store(s.work + at, own[i]);
    store(s.new_dlambdas + at, mode == AFFINE ? own[i] : own[i] + load(s.dlambdas + at));
  }
}

// The sweep over the groups from `first` to `end`; the variables of segments' last hours wait for `recover_ends`.
template <class S, class M>
INLINE void backward(const System& given, M mode, int thread, Integer first, Integer end) {
  const System s = given;  // a copy that no store can change
  const S structure(s);
  const auto rows = structure.rows();
  const auto local = structure.local();
  const auto states = structure.states();
  const int over = static_cast<int>(s.capacities + s.totals);
  const Integer triangle = rows * (rows + Fixed<1>{}) / 2;
  const Side side(s.par);
  double* scratch = s.scratch + thread * s.scratch_size;
  Data data(s, structure, scratch);
  double* gathered = data.end();
  Memory memory{gathered + states * LANES};
  auto own = room(rows, memory);        // dlambda of this hour
  auto following = room(rows, memory);  // dlambda of the next hour
  auto left = room(states, memory);     // dlambda of the last hour of the segment before

  for (Integer g = first; g < end; ++g) {
    double* capacity_check = s.capacity_check + g * s.capacities * LANES;
    double* total_check = s.total_check + g * s.totals * LANES;
    clear(capacity_check, s.capacities);
    clear(total_check, s.totals);
    gather(s.separators, gathered, states, s.before, g, states * LANES, 0);
    substitute_last_hour(given, mode, g, memory);
    each(states, [&](auto a) INLINED { left[a] = load(gathered + a * LANES); });
    each(rows, [&](auto i) INLINED { following[i] = load(s.work + ((g * s.steps + s.steps - 1) * rows + i) * LANES); });
    Measured measured{ZERO, ZERO, ZERO};
    data.seek(g * s.steps + s.steps - 2);

    for (Integer j = s.steps - 2; j >= 0; --j) {
      const Integer hour = g * s.steps + j;
      const double* lower = s.lower + hour * triangle * LANES;
      const double* cover = s.cover + hour * rows * over * LANES;
      fetch_before(lower, triangle);
      fetch_before(cover, rows * over);
      fetch_before(s.edge + hour * states * states * LANES, states * states);
      fetch_before(s.link + (hour + 1) * states * states * LANES, states * states);
      fetch_before(s.work + hour * rows * LANES, rows);
      fetch_before(s.y + hour * structure.columns() * LANES, structure.columns());
      fetch_before(s.z + hour * structure.columns() * LANES, structure.columns());
      fetch_before(s.r + hour * structure.bounds() * LANES, structure.bounds());
      fetch_before(s.u + hour * structure.bounds() * LANES, structure.bounds());
      if (mode != BORDER) fetch_before(s.gradients + hour * structure.columns() * LANES, structure.columns());
      if (mode != AFFINE) {
        fetch_before(s.dlambdas + hour * rows * LANES, rows);
        fetch_before(s.dy + hour * structure.columns() * LANES, structure.columns());
        fetch_before(s.dz + hour * structure.columns() * LANES, structure.columns());
        fetch_before(s.du + hour * structure.bounds() * LANES, structure.bounds());
      }
      each(rows, [&](auto i) INLINED { own[i] = mode == BORDER ? ZERO : load(s.work + (hour * rows + i) * LANES); });
      for (int k = 0; k < over; ++k) {
        const Lanes w = spread(s.solution[k]);
        each(rows, [&](auto i) INLINED { own[i] = less(own[i], load(cover + (i * over + k) * LANES), w); });
      }
      each_back(Fixed<0>{}, rows, [&](auto i) INLINED {
        Lanes value = own[i];
        if (i >= local)
          each(states, [&](auto c) INLINED {
            value = less(value, load(s.edge + ((hour * states + i - local) * states + c) * LANES), left[c]);
          });
        value *= load(lower + (i * (i + 1) / 2 + i) * LANES);
        if (i >= local)
          each(states, [&](auto c) INLINED {
            if (i - local >= structure.linked_from(c))
              value = less(value, load(s.link + (((hour + 1) * states + c) * states + i - local) * LANES),
                           following[local + c]);
          });
        each(i + Fixed<1>{}, rows, [&](auto k) INLINED {
          value = less(value, load(lower + (k * (k + 1) / 2 + i) * LANES), own[k]);
        });
        own[i] = value;
      });
      each(rows, [&](auto i) INLINED {
        const Integer at = (hour * rows + i) * LANES;
        store(s.work + at, own[i]);
        store(s.new_dlambdas + at, mode == AFFINE ? own[i] : own[i] + load(s.dlambdas + at));
      });
      recover(structure, s, data, mode, hour, own, following, side, measured, capacity_check, total_check);
      each(rows, [&](auto i) INLINED { following[i] = own[i]; });
      data.previous();
    }
    store_measured(s.measures + g * MEASURES * LANES, measured);
  }
}

// Move the hourly part of the point along the direction. Of every slack and price of a bound at least a share `least`
// is left, however far the others go.
inline void advance(const System& given, double step_primal, double step_dual, double least, int thread, Integer first,
                    Integer end) {
  const System s = given;  // a copy that no store can change
  const Tabled structure(s);
  Data data(s, structure, s.scratch + thread * s.scratch_size);
  const Lanes primal = spread(step_primal), dual = spread(step_dual), left = spread(least);
  data.seek(first * s.steps);
  for (Integer hour = first * s.steps; hour < end * s.steps; ++hour, data.next()) {
    each(structure.columns(), [&](auto v) INLINED {
      const Integer place = (hour * structure.columns() + v) * LANES;
      const Lanes level = load(s.y + place), move = load(s.dy + place);
      if (structure.bound(v) != NONE) {
        const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
        const Lanes slack = load(s.r + spot);
        Lanes open = data.column(v, COLUMN_WIDTH) - level - slack - move;
        if (structure.capped(v)) {
          const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
          const Lanes factor = data.column(v, COLUMN_FACTOR);
          open = more(factor, spread(s.x[capacity] + s.dx[capacity]), open);
        }
        Lanes share = primal;
        if (structure.bound(v) == SOME)
          share *= data.column(v, COLUMN_BOUNDED);
        const Lanes price = load(s.u + spot);
        store(s.r + spot, larger(more(share, open, slack), slack * left));
        store(s.u + spot, larger(more(dual, load(s.du + spot), price), price * left));
      }
      Lanes moved = more(primal, move, level);
      if (structure.floor(v) != NONE) {
        const Lanes held = larger(moved, level * left), price = load(s.z + place);
        moved = structure.floor(v) == SOME ? choose(data.column(v, COLUMN_FLOOR), held, moved) : held;
        store(s.z + place, larger(more(dual, load(s.dz + place), price), price * left));
      }
      store(s.y + place, moved);
    });
  }
  const Integer from = first * s.steps * s.rows, to = end * s.steps * s.rows;
  for (Integer i = from; i < to; ++i)
    store(s.lambdas + i * LANES, more(dual, load(s.dlambdas + i * LANES), load(s.lambdas + i * LANES)));
}

}  // namespace kiban
