// One sweep over the hours that factorises the normal equations of the hourly rows.
//
// With D the diagonal of the hourly variables, N = A D^-1 A' is block tridiagonal in the hours:
//
//            hour t-1   hour t            border
//     t-1  [  N          K'              |  H  ]      K   links the states of two hours
//     t    [  K          N      K'       |  H  ]      H   one column a capacity, one a total row
//     t+1  [             K      N        |  H  ]
//
// Each hour: assemble N, K and H; N -= (K L^-T)(K L^-T)', H -= (K L^-T) C of the hour before; N = L L', C = L^-1 H.
// The border's matrix loses the sum of C' C. Rows that concern only their own hour come first, so that only the few
// states reach the next hour. A segment's first hour looks back at the last hour of the segment before: `edge`, a block
// as wide as the states, is swept along like a border column. A segment's last hour is left to the separators.
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
INLINE Weight weigh(const S& structure, const System& s, V v, Integer hour) {
  const Integer place = (hour * structure.columns() + v) * LANES;
  Lanes value = spread(1.0), price = ZERO;
  if (structure.floor(v) != NONE) {
    value = load(s.y + place);
    if (structure.floor(v) == SOME)
      value = choose(datum(s, s.column_data, COLUMN_DATA * v + COLUMN_FLOOR, hour), value, spread(1.0));
    price = load(s.z + place);
  }
  const Lanes below = fma(spread(s.soft[v]), value, price);
  if (structure.bound(v) == NONE) return {value / below, ZERO, ZERO, ZERO};
  const Integer spot = (hour * structure.bounds() + structure.cap(v)) * LANES;
  const Lanes slack = load(s.r + spot), dual = load(s.u + spot);
  const Lanes weight = dual * value;
  const Lanes inverse = spread(1.0) / fma(below, slack, weight);
  if (!structure.capped(v)) return {value * slack * inverse, ZERO, ZERO, ZERO};
  const Lanes factor = datum(s, s.column_data, COLUMN_DATA * v + COLUMN_FACTOR, hour);
  return {value * slack * inverse, weight * inverse * factor, dual * below * inverse * factor, factor};
}

// What the next hour needs of a variable that it looks back at: 1/D, the share, and both times its coefficients.
template <class S, class V>
INLINE void carry_on(const S& structure, const System& s, V v, Integer hour, const Weight& weight, double* out) {
  store(out, weight.inverse);
  store(out + LANES, weight.share);
  out += 2 * LANES;
  each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
    store(out, weight.inverse * datum(s, s.entry_data, e, hour));
    out += LANES;
  });
  for (int e = static_cast<int>(s.total_start[v]); e < s.total_start[v + 1]; ++e) {
    store(out, weight.inverse * datum(s, s.total_data, e, hour));
    out += LANES;
  }
}

// What each segment's last hour hands to the hour after it.
template <class S>
INLINE void carry_ends(const System& s) {
  const S structure(s);
  const Integer size = s.carry_start[s.lags] * LANES;
  for (Integer g = 0; g < s.groups; ++g) {
    const Integer hour = g * s.steps + s.steps - 1;
    each(structure.lags(), [&](auto i) INLINED {
      const auto v = structure.lag_column(i);
      carry_on(structure, s, v, hour, weigh(structure, s, v, hour), s.tails + g * size + s.carry_start[i] * LANES);
    });
  }
}

// The matrix of products of the columns of `right` (`rows` by `over`), added to a lower triangle.
template <class Rows>
INLINE void add_square(const double* right, double* square, Rows rows, int over) {
  for (int k = 0; k < over; ++k) {
    double* at = square + (k * (k + 1) / 2) * LANES;
    int other = 0;
    for (; other + 1 <= k; other += 2) {
      Lanes first = load(at + other * LANES), second = load(at + (other + 1) * LANES);
      each(rows, [&](auto i) INLINED {
        const Lanes own = load(right + (i * over + k) * LANES);
        first = fma(own, load(right + (i * over + other) * LANES), first);
        second = fma(own, load(right + (i * over + other + 1) * LANES), second);
      });
      store(at + other * LANES, first);
      store(at + (other + 1) * LANES, second);
    }
    for (; other <= k; ++other) {
      Lanes sum = load(at + other * LANES);
      each(rows, [&](auto i) INLINED {
        sum = fma(load(right + (i * over + k) * LANES), load(right + (i * over + other) * LANES), sum);
      });
      store(at + other * LANES, sum);
    }
  }
}

// Factorise every hour of the groups from `first` to `end`.
template <class S>
INLINE void factorise(const System& s, int thread, Integer first, Integer end) {
  const S structure(s);
  const auto rows = structure.rows();
  const auto local = structure.local();
  const auto states = structure.states();
  const auto columns = structure.columns();
  const int capacities = static_cast<int>(s.capacities), totals = static_cast<int>(s.totals);
  const int over = capacities + totals;
  const int carried = static_cast<int>(s.carry_start[s.lags]);
  const Integer triangle = rows * (rows + Fixed<1>{}) / 2;
  const Lanes one = spread(1.0);

  Memory memory{s.scratch + thread * s.scratch_size};
  auto block = room(rows * rows, memory);       // N, then L with inverse diagonal, lower triangle
  auto diagonal = room(rows, memory);           // of N before elimination
  auto look = room(states * states, memory);    // K
  auto side = room(states * states, memory);    // K towards the segment before
  auto chain = room(states * states, memory);   // K L^-T
  double* right = memory.next;                  // H, then C
  double* carry = right + rows * over * LANES;
  double* head = carry + carried * LANES;

  for (Integer g = first; g < end; ++g) {
    double* square = s.square + g * (over * (over + 1) / 2) * LANES;
    double* edges = s.edges + g * states * states * LANES;
    double* edge_cover = s.edge_cover + g * states * over * LANES;
    double* capacity_sum = s.capacity_sum + g * capacities * LANES;
    double* mixed_sum = s.mixed_sum + g * totals * capacities * LANES;
    double* total_sum = s.total_sum + g * totals * totals * LANES;
    for (int k = 0; k < over * (over + 1) / 2; ++k) store(square + k * LANES, ZERO);
    for (int k = 0; k < states * states; ++k) store(edges + k * LANES, ZERO);
    for (int k = 0; k < states * over; ++k) store(edge_cover + k * LANES, ZERO);
    for (int k = 0; k < capacities; ++k) store(capacity_sum + k * LANES, ZERO);
    for (int k = 0; k < totals * capacities; ++k) store(mixed_sum + k * LANES, ZERO);
    for (int k = 0; k < totals * totals; ++k) store(total_sum + k * LANES, ZERO);
    gather(s.tails, head, carried, s.before, g, carried * LANES, 0);
    const Lanes pad = load(s.pads + g * LANES);

    for (Integer j = 0; j < s.steps; ++j) {
      const Integer hour = g * s.steps + j;
      const bool is_last = j == s.steps - 1;
      each(rows * rows, [&](auto k) INLINED { block[k] = ZERO; });
      each(states * states, [&](auto k) INLINED { look[k] = ZERO; });
      for (int k = 0; k < rows * over; ++k) store(right + k * LANES, ZERO);
      for (int k = 0; k < s.capacity_terms; ++k) {
        double* at = right + (s.capacity_row[k] * over + s.capacity_border[k]) * LANES;
        store(at, load(at) + datum(s, s.capacity_data, k, hour));
      }

      // The hour before: N += B D^-1 B', K = B D^-1 A', H += B (share), for its variables looked back at.
      if (j == 0)
        for (int k = 0; k < carried; ++k) store(carry + k * LANES, load(head + k * LANES));
      else if (j == 1)
        for (int k = 0; k < carried; ++k)
          store(carry + k * LANES, choose(pad, load(head + k * LANES), load(carry + k * LANES)));
      each(structure.lags(), [&](auto i) INLINED {
        const auto v = structure.lag_column(i);
        const double* from = carry + s.carry_start[i] * LANES;
        const Lanes weight = load(from), share = load(from + LANES);
        from += 2 * LANES;
        each(structure.lagged_from(i), structure.lagged_to(i), [&](auto e) INLINED {
          const Lanes coefficient = datum(s, s.lag_data, e, hour);
          const auto row = structure.lag_row(e);
          const Lanes weighted = coefficient * weight;
          each(structure.lagged_from(i), e + Fixed<1>{}, [&](auto other) INLINED {
            Lanes& at = block[row * rows + structure.lag_row(other)];
            at = fma(weighted, datum(s, s.lag_data, other, hour), at);
          });
          if (structure.capped(v)) {
            double* at = right + (row * over + s.column_table[COLUMN_TABLE * v + CAPACITY]) * LANES;
            store(at, fma(coefficient, share, load(at)));
          }
          const double* next = from;
          each(structure.entries_from(v), structure.entries_to(v), [&](auto other) INLINED {
            Lanes& at = look[(row - local) * states + structure.entry_row(other) - local];
            at = fma(coefficient, load(next), at);
            next += LANES;
          });
          for (int other = static_cast<int>(s.total_start[v]); other < s.total_start[v + 1]; ++other) {
            double* at = right + (row * over + capacities + s.total_row[other]) * LANES;
            store(at, fma(coefficient, load(next), load(at)));
            next += LANES;
          }
        });
      });

      // This hour: N += A D^-1 A', H += A (share) for capacities, A D^-1 (total's coefficient) for totals.
      each(columns, [&](auto v) INLINED {
        const Weight w = weigh(structure, s, v, hour);
        const Integer capacity = s.column_table[COLUMN_TABLE * v + CAPACITY];
        const int totals_from = static_cast<int>(s.total_start[v]), totals_to = static_cast<int>(s.total_start[v + 1]);
        each(structure.entries_from(v), structure.entries_to(v), [&](auto e) INLINED {
          const Lanes coefficient = datum(s, s.entry_data, e, hour);
          const auto row = structure.entry_row(e);
          const Lanes weighted = coefficient * w.inverse;
          each(structure.entries_from(v), e + Fixed<1>{}, [&](auto other) INLINED {
            Lanes& at = block[row * rows + structure.entry_row(other)];
            at = fma(weighted, datum(s, s.entry_data, other, hour), at);
          });
          if (structure.capped(v)) {
            double* at = right + (row * over + capacity) * LANES;
            store(at, fma(coefficient, w.share, load(at)));
          }
          for (int other = totals_from; other < totals_to; ++other) {
            double* at = right + (row * over + capacities + s.total_row[other]) * LANES;
            store(at, fma(weighted, datum(s, s.total_data, other, hour), load(at)));
          }
        });
        for (int e = totals_from; e < totals_to; ++e) {
          const Lanes coefficient = datum(s, s.total_data, e, hour);
          const Integer q = s.total_row[e];
          for (int other = totals_from; other <= e; ++other) {
            double* at = total_sum + (q * totals + s.total_row[other]) * LANES;
            store(at, fma(coefficient * w.inverse, datum(s, s.total_data, other, hour), load(at)));
          }
          if (structure.capped(v)) {
            double* at = mixed_sum + (q * capacities + capacity) * LANES;
            store(at, fma(coefficient, w.share, load(at)));
          }
        }
        if (structure.capped(v)) {
          double* at = capacity_sum + capacity * LANES;
          store(at, fma(w.bend, w.factor, load(at)));
        }
        if (structure.lag(v) >= 0) carry_on(structure, s, v, hour, w, carry + s.carry_start[structure.lag(v)] * LANES);
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
        const double* past_cover = s.cover + ((hour - 1) * rows + local) * over * LANES;
        const double* past_edge = s.edge + (hour - 1) * states * states * LANES;
        // K L^-T, row by row.
        each(states, [&](auto a) INLINED {
          each(states, [&](auto c) INLINED {
            const auto row = local + c;
            Lanes value = look[a * states + c];
            each(c, [&](auto d) INLINED {
              value = less(value, chain[a * states + d], load(past + (row * (row + 1) / 2 + local + d) * LANES));
            });
            value *= load(past + (row * (row + 1) / 2 + row) * LANES);
            chain[a * states + c] = value;
            store(s.link + ((hour * states + a) * states + c) * LANES, value);
          });
        });
        each(states, [&](auto a) INLINED {
          each(a + Fixed<1>{}, [&](auto c) INLINED {
            Lanes& at = block[(local + a) * rows + local + c];
            each(states, [&](auto d) INLINED { at = less(at, chain[a * states + d], chain[c * states + d]); });
          });
          each(states, [&](auto k) INLINED {
            each(states, [&](auto d) INLINED {
              side[a * states + k] =
                  less(side[a * states + k], chain[a * states + d], load(past_edge + (d * states + k) * LANES));
            });
          });
        });
        for (int k = 0; k < over; ++k)
          each(states, [&](auto a) INLINED {
            double* at = right + ((local + a) * over + k) * LANES;
            Lanes value = load(at);
            each(states, [&](auto d) INLINED {
              value = less(value, chain[a * states + d], load(past_cover + (d * over + k) * LANES));
            });
            store(at, value);
          });
      }

      // N = L L', the diagonal of L inverted; in a segment's last hour only what is local.
      each(rows, [&](auto i) INLINED {
        if (i < local || !is_last) {
          const Lanes pivot = fma(spread(PIVOT), diagonal[i], larger(block[i * rows + i], ZERO));
          const Lanes inverse = one / root(choose(pivot, pivot, one));
          block[i * rows + i] = inverse;
          each(i + Fixed<1>{}, rows, [&](auto row) INLINED { block[row * rows + i] *= inverse; });
          each(i + Fixed<1>{}, rows, [&](auto row) INLINED {
            each(i + Fixed<1>{}, row + Fixed<1>{}, [&](auto k) INLINED {
              block[row * rows + k] = less(block[row * rows + k], block[row * rows + i], block[k * rows + i]);
            });
          });
          if (i >= local)
            each(states, [&](auto k) INLINED {
              side[(i - local) * states + k] *= inverse;
              each(i + Fixed<1>{}, rows, [&](auto row) INLINED {
                side[(row - local) * states + k] =
                    less(side[(row - local) * states + k], block[row * rows + i], side[(i - local) * states + k]);
              });
            });
        }
      });
      each(rows, [&](auto i) INLINED {
        each(i + Fixed<1>{}, [&](auto k) INLINED {
          store(s.lower + (hour * triangle + i * (i + 1) / 2 + k) * LANES, block[i * rows + k]);
        });
      });
      // C = L^-1 H, column by column.
      double* cover = s.cover + hour * rows * over * LANES;
      for (int k = 0; k < over; ++k)
        each(rows, [&](auto i) INLINED {
          Lanes value = load(right + (i * over + k) * LANES);
          each(i, [&](auto d) INLINED {
            if (d < local || !is_last)
              value = less(value, block[i * rows + d], load(right + (d * over + k) * LANES));
          });
          if (i < local || !is_last) {
            value *= block[i * rows + i];
            store(cover + (i * over + k) * LANES, value);
          }
          store(right + (i * over + k) * LANES, value);
        });

      if (!is_last) {
        add_square(right, square, rows, over);
        each(states * states, [&](auto k) INLINED {
          store(s.edge + (hour * states * states + k) * LANES, side[k]);
        });
        each(states, [&](auto a) INLINED {
          each(states, [&](auto k) INLINED {
            double* at = edges + (a * states + k) * LANES;
            Lanes sum = load(at);
            each(states, [&](auto i) INLINED { sum = fma(side[i * states + a], side[i * states + k], sum); });
            store(at, sum);
          });
          for (int k = 0; k < over; ++k) {
            double* at = edge_cover + (a * over + k) * LANES;
            Lanes sum = load(at);
            each(states, [&](auto i) INLINED {
              sum = fma(side[i * states + a], load(right + ((local + i) * over + k) * LANES), sum);
            });
            store(at, sum);
          }
        });
      } else {
        add_square(right, square, local, over);
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
  }
}

}  // namespace kiban
