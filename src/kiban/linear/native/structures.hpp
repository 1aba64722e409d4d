// The structures of an hour that the compiler knows; `shapes.hpp` lists them.
#pragma once

#include "shapes.hpp"

namespace kiban {

constexpr int SHAPE_COUNT = sizeof(SHAPES) / sizeof(SHAPES[0]);

// Where eight numbers need more than one register, blocks do not stay in registers and such a build takes minutes: there
// all structures are read from tables.
constexpr int KNOWN_COUNT = PARTS == 1 ? SHAPE_COUNT : 0;

// Whether a datum is one in every hour.
inline bool is_one(const System& s, Integer reference) {
  return s.references[s.reference_count + reference] == 0 && s.data[s.references[reference]] == 1.0;
}

inline bool matches(const System& s, const Shape& shape) {
  if (s.rows != shape.rows || s.local != shape.local || s.columns != shape.columns || s.lags != shape.lags) return false;
  for (int v = 0; v < shape.columns; ++v) {
    const Integer* table = s.column_table + COLUMN_TABLE * v;
    const Integer floor = table[FLOOR] <= 0 ? NONE : is_one(s, COLUMN_DATA * v + COLUMN_FLOOR) ? ALL : SOME;
    const Integer bound = table[CAP] < 0 ? NONE : is_one(s, COLUMN_DATA * v + COLUMN_BOUNDED) ? ALL : SOME;
    if (floor != shape.floor[v] || bound != shape.bound[v]) return false;
    if ((table[CAPACITY] >= 0) != shape.capped[v] || table[LAG] != shape.lag[v]) return false;
    if (s.entry_start[v + 1] != shape.entry_start[v + 1]) return false;
    for (Integer e = s.entry_start[v]; e < s.entry_start[v + 1]; ++e)
      if (s.entry_row[e] != shape.entry_row[e]) return false;
  }
  for (int i = 0; i < shape.lags; ++i) {
    if (s.lag_column[i] != shape.lag_column[i] || s.lag_start[i + 1] != shape.lag_start[i + 1]) return false;
    for (Integer e = s.lag_start[i]; e < s.lag_start[i + 1]; ++e)
      if (s.lag_row[e] != shape.lag_row[e]) return false;
  }
  return true;
}

// The number of the system's structure among `SHAPES`, -1 where it is none of them.
inline Integer find_shape(const System& s) {
  for (int shape = 0; shape < KNOWN_COUNT; ++shape)
    if (matches(s, SHAPES[shape])) return shape;
  return -1;
}

// Do `body` with the structure of the system, known or read from tables.
template <int N = 0, class Body>
INLINE void with_structure(const System& s, Body&& body) {
  if constexpr (N == KNOWN_COUNT) {
    body(Tabled(s));
  } else if (s.shape == N) {
    body(Known<SHAPES[N]>(s));
  } else {
    with_structure<N + 1>(s, body);
  }
}

}  // namespace kiban
