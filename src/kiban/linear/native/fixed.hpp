// Numbers that may be known to the compiler.
//
// `Fixed<3>` is the number 3 as a type. What is computed from fixed numbers is fixed; a loop over a fixed range is
// written out, a loop over integers is a loop. So the sweeps are written once: for a structure that the compiler knows
// (everything fixed, blocks in registers) and for one that is read from tables.
#pragma once

#include "lanes.hpp"

namespace kiban {

template <int N>
struct Fixed {
  constexpr operator int() const { return N; }
};

template <int A, int B>
constexpr Fixed<A + B> operator+(Fixed<A>, Fixed<B>) { return {}; }
template <int A, int B>
constexpr Fixed<A - B> operator-(Fixed<A>, Fixed<B>) { return {}; }
template <int A, int B>
constexpr Fixed<A * B> operator*(Fixed<A>, Fixed<B>) { return {}; }

template <int A, int B>
constexpr Fixed<(A > B ? A : B)> later(Fixed<A>, Fixed<B>) { return {}; }
constexpr int later(int a, int b) { return a > b ? a : b; }

template <int First, int Last, class Body>
INLINE void each(Fixed<First>, Fixed<Last>, Body&& body) {
  if constexpr (First < Last) {
    body(Fixed<First>{});
    each(Fixed<First + 1>{}, Fixed<Last>{}, body);
  }
}
template <class Body>
INLINE void each(int first, int last, Body&& body) {
  for (int i = first; i < last; ++i) body(i);
}
template <int Last, class Body>
INLINE void each(Fixed<Last> last, Body&& body) { each(Fixed<0>{}, last, body); }
template <class Body>
INLINE void each(int last, Body&& body) { each(0, last, body); }

// From the last to the first.
template <int First, int Last, class Body>
INLINE void each_back(Fixed<First>, Fixed<Last>, Body&& body) {
  if constexpr (First < Last) {
    body(Fixed<Last - 1>{});
    each_back(Fixed<First>{}, Fixed<Last - 1>{}, body);
  }
}
template <class Body>
INLINE void each_back(int first, int last, Body&& body) {
  for (int i = last - 1; i >= first; --i) body(i);
}

// Room for as many lanes as a number says: in registers where it is fixed, else from a stack of memory.
template <int N>
struct Block {
  Lanes at[N > 0 ? N : 1];
  INLINE Lanes& operator[](int i) { return at[i]; }
  INLINE const Lanes& operator[](int i) const { return at[i]; }
};
struct Borrowed {
  Lanes* at;
  INLINE Lanes& operator[](int i) { return at[i]; }
  INLINE const Lanes& operator[](int i) const { return at[i]; }
};

struct Memory {
  double* next;
};
template <int N>
INLINE Block<N> room(Fixed<N>, Memory&) { return {}; }
INLINE Borrowed room(int size, Memory& memory) {
  Lanes* at = reinterpret_cast<Lanes*>(memory.next);
  memory.next += size * LANES;
  return {at};
}

}  // namespace kiban
