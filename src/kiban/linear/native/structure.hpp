// Which variables and rows an hour has, and which variable stands in which row: known to the compiler or read from tables.
//
// Rows that concern only their own hour come first (`local`), then the states: rows that a variable of the hour before
// is in. How wide the border is (capacities, total rows) and what the coefficients are is read from the tables in both.
#pragma once

#include "fixed.hpp"
#include "system.hpp"

namespace kiban {

// Whether a bound exists in no hour, in every hour, or in some.
enum Kind { NONE, ALL, SOME };

constexpr int MOST_COLUMNS = 24, MOST_ENTRIES = 48, MOST_LAGS = 8;

// The structure of an hour; entries and lagged entries are sorted by column, then by row.
struct Shape {
  int rows, local, columns, lags;
  int floor[MOST_COLUMNS], bound[MOST_COLUMNS], capped[MOST_COLUMNS], lag[MOST_COLUMNS];
  int entry_start[MOST_COLUMNS + 1], entry_row[MOST_ENTRIES];
  int lag_column[MOST_LAGS], lag_start[MOST_LAGS + 1], lag_row[MOST_LAGS];
};

constexpr int count_bounds(const Shape& shape, int column) {
  int count = 0;
  for (int v = 0; v < column; ++v) count += shape.bound[v] != NONE;
  return count;
}

// The first state of the hour before that a state's row is linked to; the number of states where there is none.
constexpr int find_link(const Shape& shape, int state) {
  int first = shape.rows - shape.local;
  for (int i = 0; i < shape.lags; ++i)
    for (int e = shape.lag_start[i]; e < shape.lag_start[i + 1]; ++e) {
      if (shape.lag_row[e] != shape.local + state) continue;
      const int v = shape.lag_column[i];
      // Entries are sorted by row.
      if (shape.entry_start[v] == shape.entry_start[v + 1]) continue;
      const int other = shape.entry_row[shape.entry_start[v]] - shape.local;
      first = other < first ? other : first;
    }
  return first;
}

// A structure that the compiler knows: every answer is a fixed number.
template <const Shape& D>
struct Known {
  INLINE explicit Known(const System&) {}
  INLINE Fixed<D.rows> rows() const { return {}; }
  INLINE Fixed<D.local> local() const { return {}; }
  INLINE Fixed<D.rows - D.local> states() const { return {}; }
  INLINE Fixed<D.columns> columns() const { return {}; }
  INLINE Fixed<count_bounds(D, D.columns)> bounds() const { return {}; }
  INLINE Fixed<D.lags> lags() const { return {}; }
  template <int V> INLINE Fixed<D.floor[V]> floor(Fixed<V>) const { return {}; }
  template <int V> INLINE Fixed<D.bound[V]> bound(Fixed<V>) const { return {}; }
  template <int V> INLINE Fixed<count_bounds(D, V)> cap(Fixed<V>) const { return {}; }
  template <int V> INLINE Fixed<D.capped[V]> capped(Fixed<V>) const { return {}; }
  template <int V> INLINE Fixed<D.lag[V]> lag(Fixed<V>) const { return {}; }
  template <int V> INLINE Fixed<D.entry_start[V]> entries_from(Fixed<V>) const { return {}; }
  template <int V> INLINE Fixed<D.entry_start[V + 1]> entries_to(Fixed<V>) const { return {}; }
  template <int E> INLINE Fixed<D.entry_row[E]> entry_row(Fixed<E>) const { return {}; }
  template <int I> INLINE Fixed<D.lag_column[I]> lag_column(Fixed<I>) const { return {}; }
  template <int I> INLINE Fixed<D.lag_start[I]> lagged_from(Fixed<I>) const { return {}; }
  template <int I> INLINE Fixed<D.lag_start[I + 1]> lagged_to(Fixed<I>) const { return {}; }
  template <int E> INLINE Fixed<D.lag_row[E]> lag_row(Fixed<E>) const { return {}; }
  // The entries that a variable has in the rows of the next hour: none where nothing looks back at it.
  template <int V> INLINE Fixed<D.lag[V] < 0 ? 0 : D.lag_start[D.lag[V] < 0 ? 0 : D.lag[V]]> next_from(Fixed<V>) const {
    return {};
  }
  template <int V> INLINE Fixed<D.lag[V] < 0 ? 0 : D.lag_start[D.lag[V] + 1]> next_to(Fixed<V>) const { return {}; }
  template <int A> INLINE Fixed<find_link(D, A)> linked_from(Fixed<A>) const { return {}; }
};

// Any structure, from the tables.
struct Tabled {
  const System& system;
  INLINE explicit Tabled(const System& s) : system(s) {}
  INLINE int rows() const { return static_cast<int>(system.rows); }
  INLINE int local() const { return static_cast<int>(system.local); }
  INLINE int states() const { return static_cast<int>(system.rows - system.local); }
  INLINE int columns() const { return static_cast<int>(system.columns); }
  INLINE int bounds() const { return static_cast<int>(system.capped); }
  INLINE int lags() const { return static_cast<int>(system.lags); }
  INLINE int floor(int v) const { return system.column_table[COLUMN_TABLE * v + FLOOR] > 0 ? SOME : NONE; }
  INLINE int cap(int v) const { return static_cast<int>(system.column_table[COLUMN_TABLE * v + CAP]); }
  INLINE int bound(int v) const { return cap(v) >= 0 ? SOME : NONE; }
  INLINE int capped(int v) const { return system.column_table[COLUMN_TABLE * v + CAPACITY] >= 0; }
  INLINE int lag(int v) const { return static_cast<int>(system.column_table[COLUMN_TABLE * v + LAG]); }
  INLINE int entries_from(int v) const { return static_cast<int>(system.entry_start[v]); }
  INLINE int entries_to(int v) const { return static_cast<int>(system.entry_start[v + 1]); }
  INLINE int entry_row(int e) const { return static_cast<int>(system.entry_row[e]); }
  INLINE int lag_column(int i) const { return static_cast<int>(system.lag_column[i]); }
  INLINE int lagged_from(int i) const { return static_cast<int>(system.lag_start[i]); }
  INLINE int lagged_to(int i) const { return static_cast<int>(system.lag_start[i + 1]); }
  INLINE int lag_row(int e) const { return static_cast<int>(system.lag_row[e]); }
  INLINE int next_from(int v) const { return lag(v) < 0 ? 0 : lagged_from(lag(v)); }
  INLINE int next_to(int v) const { return lag(v) < 0 ? 0 : lagged_to(lag(v)); }
  INLINE int linked_from(int a) const { return static_cast<int>(system.link_start[a]); }
};

// The numbers of one hour: a row of addresses, one for each datum of a column, an entry, a lagged entry and so on, which
// walks from hour to hour. Constants stay where they are.
struct Data {
  const double** at;
  const Integer* references;
  const double* data;
  int count, entries, lags, nexts, totals, capacities, rights;

  template <class S>
  INLINE Data(const System& s, const S& structure, double* memory)
      : at(reinterpret_cast<const double**>(memory)), references(s.references), data(s.data),
        count(static_cast<int>(s.reference_count)), entries(COLUMN_DATA * structure.columns()),
        lags(entries + structure.entries_from(structure.columns())),
        nexts(lags + structure.lagged_from(structure.lags())),
        totals(nexts + structure.lagged_from(structure.lags())), capacities(static_cast<int>(s.capacity_references)),
        rights(static_cast<int>(s.right_references)) {}

  INLINE void seek(Integer hour) {
    for (int i = 0; i < count; ++i) at[i] = data + references[i] + hour * references[count + i];
  }
  INLINE void walk(Integer direction) {
    // Whole numbers, many at once.
    typedef Integer Addresses __attribute__((vector_size(64 / PARTS), aligned(8), may_alias));
    Integer* place = reinterpret_cast<Integer*>(at);
    const Integer* stride = references + count;
    for (int i = 0; i < count; i += PART)
      *reinterpret_cast<Addresses*>(place + i) += *reinterpret_cast<const Addresses*>(stride + i) * (8 * direction);
  }
  INLINE void next() { walk(1); }
  INLINE void previous() { walk(-1); }
  INLINE double* end() const { return reinterpret_cast<double*>(at + count); }

  INLINE Lanes column(int v, int kind) const { return load(at[COLUMN_DATA * v + kind]); }
  INLINE Lanes entry(int e) const { return load(at[entries + e]); }
  INLINE Lanes lagged(int e) const { return load(at[lags + e]); }
  INLINE Lanes lagged_next(int e) const { return load(at[nexts + e]); }
  INLINE Lanes total(int e) const { return load(at[totals + e]); }
  INLINE Lanes capacity(int k) const { return load(at[capacities + k]); }
  INLINE Lanes right(int i) const { return load(at[rights + i]); }
};

INLINE void clear(double* place, Integer count) {
  for (Integer k = 0; k < count; ++k) store(place + k * LANES, ZERO);
}

// For each lane of a group, `size` quantities of another segment: `target[q, lane] = source[segment[lane], q]`.
INLINE void gather(const double* source, double* target, int size, const Integer* segment, Integer group,
                   Integer stride, Integer offset) {
  for (int lane = 0; lane < LANES; ++lane) {
    const Integer other = segment[group * LANES + lane];
    const double* start = source + (other / LANES) * stride + offset + other % LANES;
    for (int q = 0; q < size; ++q) target[q * LANES + lane] = start[q * LANES];
  }
}

// Row quantities of the first hour that exists in the segment after each lane's.
INLINE void gather_first(const System& s, const double* source, double* target, Integer group) {
  for (int lane = 0; lane < LANES; ++lane) {
    const Integer other = s.after[group * LANES + lane];
    const Integer hour = (other / LANES) * s.steps + static_cast<Integer>(s.pads[other]);
    for (Integer q = 0; q < s.rows; ++q)
      target[q * LANES + lane] = source[(hour * s.rows + q) * LANES + other % LANES];
  }
}

}  // namespace kiban
