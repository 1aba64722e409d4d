// One sweep over the hours that factorises the normal equations of the hourly rows.
//
// With D the diagonal of the hourly variables, N = A D^-1 A' is block tridiagonal in the hours:
//
//            hour t-1   hour t            border
//     t-1  [  N          K'              |  H  ]      K   links the states of two hours
//     t    [  K          N      K'       |  H  ]      H   one column a capacity, one a total row
//     t+1  [             K      N        |  H  ]
//
// Each hour: assemble N, K and H; with X = K L^-T and G = X P^-1 of the hour before, N -= G X' and H -= G C; then
// N = L P L' (L has ones on its diagonal, P are the pivots) and C = L^-1 H. The border's matrix loses the sum of
// C' P^-1 C. Rows that concern only their own hour come first, so that only the few states reach the next hour. A
// segment's first hour looks back at the last hour of the segment before: E, a block as wide as the states, is swept
// along like a border column. A segment's last hour is left to the separators.
#pragma once

#include "structure.hpp"

namespace kiban {

// Smallest part of a pivot that is kept, relative to the pivot before elimination.
constexpr double PIVOT = 1e-15;
// Weight of the proximal term that keeps prices of rows without freedom from running away.
constexpr double PROXIMAL = 1e-11;

// What a variable's bounds put on it: 1/D; the share of its capacity's move that it takes; the curvature that
// the upper bound leaves when its capacity moves; the bound's factor.
struct Weight {
  Lanes inverse, share, bend, factor;
};

// D = z/y + u/r + soft, written without a division by what may be nearly zero:
//     1/D = y r / ((soft y + z) r + u y)
template <class S, class V>
INLINE Weight weigh(const S& structure, const System& s, const Data& data, V v, Integer hour) {
  const Integer place = (hour * structure.columns() + v) * LANES;
  Lanes value = spread(1.0), price = ZERO;
  if (structure.floor(v) != NONE) {
    value = load(s.y + place);
    if (structure.floor(v) == SOME) value = choose(data.column(v, COLUMN_FLOOR), value, spread(1.0));
    price = load(s.z + place);
  }
  const Lanes below = more(spread(s.soft[v]), value, price);
  if (structure.bound(v) == NONE) return {value / below, ZERO, ZERO, ZERO};
  const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
  const Lanes slack = load(s.r + spot), dual = load(s.u + spot);
  const Lanes weight = dual * value;
  const Lanes inverse = spread(1.0) / more(below, slack, weight);
  if (!structure.capped(v)) return {value * slack * inverse, ZERO, ZERO, ZERO};
  const Lanes factor = data.column(v, COLUMN_FACTOR);
  const Lanes scaled = inverse * factor;
  return {value * slack * inverse, weight * scaled, dual * below * scaled, factor};
}

// What the next hour needs of a variable that it looks back at: 1/D, the share, and 1/D times its coefficients.
template <class S, class V>
INLINE void carry_on(const S& structure, const System& s, const Data& data, V v, const Weight& weight, double* out) {
  store(out, weight.inverse);
  store(out + LANES, weight.share);
  out += 2 * LANES;
  each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
    store(out, weight.inverse * data.entry(e));
    out += LANES;
  });
  for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e) {
    store(out, weight.inverse * data.total(e));
    out += LANES;
  }
}

// What each segment's last hour hands to the hour after it.
inline void carry_ends(const System& given) {
  const System s = given;
  const Tabled structure(s);
  Data data(s, structure, s.scratch);
  const Integer size = s.carry_start[s.lags] * LANES;
  for (Integer g = 0; g < s.groups; ++g) {
    const Integer hour = g * s.steps + s.steps - 1;
    data.seek(hour);
    each(structure.lags(), [&](auto i) INLINED {
      const auto v = structure.lag_column(i);
      const Weight weight = weigh(structure, s, data, v, hour);
      carry_on(structure, s, data, v, weight, s.tails + g * size + s.carry_start[i] * LANES);
    });
  }
}

// C' P^-1 C of one hour, added to a lower triangle: two columns against two at a time.
template <class Rows, class Inverse>
INLINE void add_square(const double* cover, double* square, Rows rows, const Inverse& inverse, Memory memory, int over) {
  auto first = room(rows, memory), second = room(rows, memory);  // two columns of P^-1 C
  int k = 0;
  for (; k + 1 < over; k += 2) {
    double* top = square + (k * (k + 1) / 2) * LANES;
    double* low = top + (k + 1) * LANES;
    each(rows, [&](auto i) INLINED {
      first[i] = load(cover + (i * over + k) * LANES) * inverse[i];
      second[i] = load(cover + (i * over + k + 1) * LANES) * inverse[i];
    });
    for (int other = 0; other < k; other += 2) {
      Lanes a = load(top + other * LANES), b = load(top + (other + 1) * LANES);
      Lanes c = load(low + other * LANES), d = load(low + (other + 1) * LANES);
      each(rows, [&](auto i) INLINED {
        const Lanes left = load(cover + (i * over + other) * LANES);
        const Lanes right = load(cover + (i * over + other + 1) * LANES);
        a = more(first[i], left, a);
        b = more(first[i], right, b);
        c = more(second[i], left, c);
        d = more(second[i], right, d);
      });
      store(top + other * LANES, a);
      store(top + (other + 1) * LANES, b);
      store(low + other * LANES, c);
      store(low + (other + 1) * LANES, d);
    }
    Lanes a = load(top + k * LANES), c = load(low + k * LANES), d = load(low + (k + 1) * LANES);
    each(rows, [&](auto i) INLINED {
      const Lanes left = load(cover + (i * over + k) * LANES), right = load(cover + (i * over + k + 1) * LANES);
      a = more(first[i], left, a);
      c = more(second[i], left, c);
      d = more(second[i], right, d);
    });
    store(top + k * LANES, a);
    store(low + k * LANES, c);
    store(low + (k + 1) * LANES, d);
  }
  if (k < over) {
    double* top = square + (k * (k + 1) / 2) * LANES;
    each(rows, [&](auto i) INLINED { first[i] = load(cover + (i * over + k) * LANES) * inverse[i]; });
    for (int other = 0; other <= k; ++other) {
      Lanes a = load(top + other * LANES);
      each(rows, [&](auto i) INLINED { a = more(first[i], load(cover + (i * over + other) * LANES), a); });
      store(top + other * LANES, a);
    }
  }
}

// Where a group keeps what it sums, and a thread what it carries from hour to hour.
struct FactorSums {
  double *square, *edges, *edge_cover, *capacity_sum, *mixed_sum, *total_sum, *carry, *head;
};

// One hour of group `g`; what a structure that is read from tables needs for its blocks comes from `memory`.
template <class S, class Last>
INLINE void factor_hour(const S& structure, const System& s, const Data& data, Last is_last, Integer g, Integer j,
                        const FactorSums& sums, Memory memory) {
  const auto rows = structure.rows();
  const auto local = structure.local();
  const auto states = structure.states();
  const int capacities = static_cast<int>(s.capacities), totals = static_cast<int>(s.totals);
  const int over = capacities + totals;
  const Integer hour = g * s.steps + j, triangle = rows * (rows + Fixed<1>{}) / 2;
  const Lanes one = spread(1.0), pad = load(s.pads + g * LANES);
  double* carry = sums.carry;

  auto block = room(rows * rows, memory);     // N, then L below the diagonal, lower triangle
  auto diagonal = room(rows, memory);         // of N before elimination
  auto inverse = room(rows, memory);          // P^-1
  auto look = room(states * states, memory);  // K
  auto side = room(states * states, memory);  // K towards the segment before, then E
  auto across = room(states * states, memory);  // X
  auto link = room(states * states, memory);    // G
  auto column = room(rows, memory);             // one column of C
  double* right = s.cover + hour * rows * over * LANES;  // H, then C

  each(rows * rows, [&](auto k) INLINED { block[k] = ZERO; });
  each(states * states, [&](auto k) INLINED { look[k] = ZERO; });
  for (int k = 0; k < rows * over; ++k) store(right + k * LANES, ZERO);
  for (int k = 0; k < s.capacity_terms; ++k) {
    double* at = right + (s.capacity_row[k] * over + s.capacity_border[k]) * LANES;
    store(at, load(at) + data.capacity(k));
  }

  // The hour before: N += B D^-1 B', K = B D^-1 A', H += B (share), for its variables looked back at.
  if (j == 0)
    for (int k = 0; k < s.carry_start[s.lags]; ++k) store(carry + k * LANES, load(sums.head + k * LANES));
  else if (j == 1)
    for (int k = 0; k < s.carry_start[s.lags]; ++k)
      store(carry + k * LANES, choose(pad, load(sums.head + k * LANES), load(carry + k * LANES)));
  each(structure.lags(), [&](auto i) INLINED {
    const auto v = structure.lag_column(i);
    const double* from = carry + s.carry_start[i] * LANES;
    const Lanes weight = load(from), share = load(from + LANES);
    from += 2 * LANES;
    each(structure.lagged_from(i), structure.lagged_to(i), [&](auto e) INLINED {
      const Lanes coefficient = data.lagged(e);
      const auto row = structure.lag_row(e);
      const Lanes weighted = coefficient * weight;
      each(structure.lagged_from(i), e + Fixed<1>{}, [&](auto other) INLINED {
        Lanes& at = block[row * rows + structure.lag_row(other)];
        at = more(weighted, data.lagged(other), at);
      });
      if (structure.capped(v)) {
        double* at = right + (row * over + s.column_table[COLUMN_TABLE * v + CAPACITY]) * LANES;
        store(at, more(coefficient, share, load(at)));
      }
      const double* next = from;
      each(structure.entries_from(v), structure.entries_to(v), [&](auto other) INLINED {
        Lanes& at = look[(row - local) * states + structure.entry_row(other) - local];
        at = more(coefficient, load(next), at);
        next += LANES;
      });
      for (int other = static_cast<int>(s.total_start[v]); other < s.total_start[v + 1]; ++other) {
        double* at = right + (row * over + capacities + s.total_row[other]) * LANES;
        store(at, more(coefficient, load(next), load(at)));
        next += LANES;
      }
    });
  });

  // This hour: N += A D^-1 A', H += A (share) for capacities, A D^-1 (total's coefficient) for totals.
  each(structure.columns(), [&](auto v) INLINED {
    const Weight w = weigh(structure, s, data, v, hour);
    const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
    const int totals_from = static_cast<int>(s.total_start[v]), totals_to = static_cast<int>(s.total_start[v + 1]);
    each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
      const Lanes coefficient = data.entry(e);
      const auto row = structure.entry_row(e);
      const Lanes weighted = coefficient * w.inverse;
      each(structure.entries_from(v), e + Fixed<1>{}, [&](auto other) INLINED {
        Lanes& at = block[row * rows + structure.entry_row(other)];
        at = more(weighted, data.entry(other), at);
      });
      if (structure.capped(v)) {
        double* at = right + (row * over + capacity) * LANES;
        store(at, more(coefficient, w.share, load(at)));
      }
      for (int other = totals_from; other < totals_to; ++other) {
        double* at = right + (row * over + capacities + s.total_row[other]) * LANES;
        store(at, more(weighted, data.total(other), load(at)));
      }
    });
    for (int e = totals_from; e < totals_to; ++e) {
      const Lanes coefficient = data.total(e);
      const Integer q = s.total_row[e];
      for (int other = totals_from; other <= e; ++other) {
        double* at = sums.total_sum + (q * totals + s.total_row[other]) * LANES;
        store(at, more(coefficient * w.inverse, data.total(other), load(at)));
      }
      if (structure.capped(v)) {
        double* at = sums.mixed_sum + (q * capacities + capacity) * LANES;
        store(at, more(coefficient, w.share, load(at)));
      }
    }
    if (structure.capped(v)) {
      double* at = sums.capacity_sum + capacity * LANES;
      store(at, more(w.bend, w.factor, load(at)));
    }
    if (structure.lag(v) >= 0) carry_on(structure, s, data, v, w, carry + s.carry_start[structure.lag(v)] * LANES);
  });
  each(rows, [&](auto i) INLINED {
    block[i * rows + i] += spread(PROXIMAL);
    diagonal[i] = block[i * rows + i];
  });

  // What the hour before determines; the first hour that exists looks at the segment before instead.
  each(states * states, [&](auto k) INLINED {
    if (j == 0) {
      side[k] = look[k] * (one - pad);
    } else if (j == 1) {
      side[k] = look[k] * pad;
      look[k] = look[k] * (one - pad);
    } else {
      side[k] = ZERO;
    }
  });
  if (j > 0) {
    const double* past = s.lower + (hour - 1) * triangle * LANES;
    const double* past_cover = right - states * over * LANES;
    const double* past_edge = s.edge + (hour - 1) * states * states * LANES;
    // As K is, so G is zero before the first state that a row is linked to: storages do not look at each other.
    each(states, [&](auto a) INLINED {
      const auto linked = structure.linked_from(a);
      each(linked, states, [&](auto c) INLINED {
        const auto row = local + c;
        Lanes value = look[a * states + c];
        each(linked, c, [&](auto d) INLINED {
          value = less(value, across[a * states + d], load(past + (row * (row + 1) / 2 + local + d) * LANES));
        });
        across[a * states + c] = value;
        link[a * states + c] = value * load(past + (row * (row + 1) / 2 + row) * LANES);
        store(s.link + ((hour * states + a) * states + c) * LANES, link[a * states + c]);
      });
    });
    each(states, [&](auto a) INLINED {
      const auto linked = structure.linked_from(a);
      each(a + Fixed<1>{}, [&](auto c) INLINED {
        Lanes& at = block[(local + a) * rows + local + c];
        each(later(linked, structure.linked_from(c)), states,
             [&](auto d) INLINED { at = less(at, link[a * states + d], across[c * states + d]); });
      });
      each(states, [&](auto k) INLINED {
        each(linked, states, [&](auto d) INLINED {
          side[a * states + k] =
              less(side[a * states + k], link[a * states + d], load(past_edge + (d * states + k) * LANES));
        });
      });
    });
    for (int k = 0; k < over; ++k)
      each(states, [&](auto a) INLINED {
        double* at = right + ((local + a) * over + k) * LANES;
        Lanes value = load(at);
        each(structure.linked_from(a), states, [&](auto d) INLINED {
          value = less(value, link[a * states + d], load(past_cover + (d * over + k) * LANES));
        });
        store(at, value);
      });
  }

  // N = L P L'; in a segment's last hour only what is local.
  each(rows, [&](auto i) INLINED {
    inverse[i] = ZERO;
    if (i < local || !is_last) {
      const Lanes pivot = more(spread(PIVOT), diagonal[i], larger(block[i * rows + i], ZERO));
      inverse[i] = one / choose(pivot, pivot, one);
      each(i + Fixed<1>{}, rows, [&](auto row) INLINED {
        const Lanes below = block[row * rows + i] * inverse[i];
        each(i + Fixed<1>{}, row + Fixed<1>{}, [&](auto k) INLINED {
          // Rows before `row` hold L already: times the pivot's row is what stood there.
          block[row * rows + k] = less(block[row * rows + k], below, k < row ? column[k] : block[row * rows + i]);
        });
        column[row] = block[row * rows + i];
        block[row * rows + i] = below;
        if (i >= local)
          each(states, [&](auto k) INLINED {
            side[(row - local) * states + k] =
                less(side[(row - local) * states + k], below, side[(i - local) * states + k]);
          });
      });
    }
  });
  each(rows, [&](auto i) INLINED {
    each(i, [&](auto k) INLINED {
      store(s.lower + (hour * triangle + i * (i + 1) / 2 + k) * LANES, block[i * rows + k]);
    });
    store(s.lower + (hour * triangle + i * (i + 1) / 2 + i) * LANES, inverse[i]);
  });
  // C = L^-1 H, column by column.
  for (int k = 0; k < over; ++k)
    each(rows, [&](auto i) INLINED {
      Lanes value = load(right + (i * over + k) * LANES);
      each(i, [&](auto d) INLINED {
        if (d < local || !is_last) value = less(value, block[i * rows + d], column[d]);
      });
      column[i] = value;
      if (i > 0) store(right + (i * over + k) * LANES, value);
    });

  if (!is_last) {
    add_square(right, sums.square, rows, inverse, memory, over);
    each(states * states, [&](auto k) INLINED {
      store(s.edge + (hour * states * states + k) * LANES, side[k]);
    });
    each(states, [&](auto a) INLINED {
      each(states, [&](auto k) INLINED {
        double* at = sums.edges + (a * states + k) * LANES;
        Lanes sum = load(at);
        each(states, [&](auto i) INLINED {
          sum = more(side[i * states + a] * inverse[local + i], side[i * states + k], sum);
        });
        store(at, sum);
      });
      for (int k = 0; k < over; ++k) {
        double* at = sums.edge_cover + (a * over + k) * LANES;
        Lanes sum = load(at);
        each(states, [&](auto i) INLINED {
          sum = more(side[i * states + a] * inverse[local + i], load(right + ((local + i) * over + k) * LANES), sum);
        });
        store(at, sum);
      }
    });
  } else {
    add_square(right, sums.square, local, inverse, memory, over);
    each(states, [&](auto a) INLINED {
      store(s.last_diagonal + (g * states + a) * LANES, diagonal[local + a]);
      each(states, [&](auto k) INLINED {
        const int high = a > k ? a : k, low = a > k ? k : a;
        store(s.last + ((g * states + a) * states + k) * LANES, block[(local + high) * rows + local + low]);
        store(s.last_edge + ((g * states + a) * states + k) * LANES, side[a * states + k]);
      });
      for (int k = 0; k < over; ++k)
        store(s.last_cover + ((g * states + a) * over + k) * LANES, load(right + ((local + a) * over + k) * LANES));
    });
  }
}

// The last hour of a segment, once for every structure.
__attribute__((noinline)) inline void factor_last_hour(const System& given, Integer g, const FactorSums& sums,
                                                       double* references, Memory memory) {
  const System s = given;
  const Tabled structure(s);
  Data data(s, structure, references);
  data.seek(g * s.steps + s.steps - 1);
  factor_hour(structure, s, data, true, g, s.steps - 1, sums, memory);
}

// Factorise every hour of the groups from `first` to `end`.
template <class S>
INLINE void factorise(const System& given, int thread, Integer first, Integer end) {
  const System s = given;  // a copy that no store can change
  const S structure(s);
  const int over = static_cast<int>(s.capacities + s.totals), states = structure.states();
  const int carried = static_cast<int>(s.carry_start[s.lags]);
  double* scratch = s.scratch + thread * s.scratch_size;
  Data data(s, structure, scratch);
  FactorSums sums;
  sums.carry = data.end();
  sums.head = sums.carry + carried * LANES;
  const Memory memory{sums.head + carried * LANES};

  for (Integer g = first; g < end; ++g) {
    sums.square = s.square + g * (over * (over + 1) / 2) * LANES;
    sums.edges = s.edges + g * states * states * LANES;
    sums.edge_cover = s.edge_cover + g * states * over * LANES;
    sums.capacity_sum = s.capacity_sum + g * s.capacities * LANES;
    sums.mixed_sum = s.mixed_sum + g * s.totals * s.capacities * LANES;
    sums.total_sum = s.total_sum + g * s.totals * s.totals * LANES;
    clear(sums.square, over * (over + 1) / 2);
    clear(sums.edges, states * states);
    clear(sums.edge_cover, states * over);
    clear(sums.capacity_sum, s.capacities);
    clear(sums.mixed_sum, s.totals * s.capacities);
    clear(sums.total_sum, s.totals * s.totals);
    gather(s.tails, sums.head, carried, s.before, g, carried * LANES, 0);
    data.seek(g * s.steps);
    for (Integer j = 0; j < s.steps - 1; ++j) {
      factor_hour(structure, s, data, Fixed<0>{}, g, j, sums, memory);
      data.next();
    }
    factor_last_hour(given, g, sums, scratch, memory);
  }
}

}  // namespace kiban
