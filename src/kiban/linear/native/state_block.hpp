// The 2 x 2 blocks of the two states of a window (storage, backlog).
//
//     storage   [ a  o ]
//     backlog   [ o  d ]
//
// Near an optimum the entries of a block span twenty decades, and a d - o^2 would be nothing but rounding. Every block
// here is a sum or an inverse of positive ones, and so is its determinant, which is carried along:
//     det (A + B) = det A + det B + (a_A d_B + d_A a_B - 2 o_A o_B),    the bracket is never negative
//     det A^-1    = 1 / det A
// `Number` is eight numbers side by side, or one where the hours of one window follow each other.
#pragma once

#include "lanes.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

using kiban::larger, kiban::less, kiban::more;
INLINE double larger(double a, double b) { return a > b ? a : b; }
INLINE double more(double a, double b, double c) { return a * b + c; }
INLINE double less(double c, double a, double b) { return c - a * b; }

template <class Number>
struct Pair {
  Number storage, backlog;
};
template <class Number>
INLINE Pair<Number> operator+(const Pair<Number>& a, const Pair<Number>& b) {
  return {a.storage + b.storage, a.backlog + b.backlog};
}
template <class Number>
INLINE Pair<Number> operator-(const Pair<Number>& a, const Pair<Number>& b) {
  return {a.storage - b.storage, a.backlog - b.backlog};
}
// E x with E = diag(kept, 1): what the states of an hour are at the beginning of the next.
template <class Number>
INLINE Pair<Number> carried(const Pair<Number>& pair, Number kept) {
  return {kept * pair.storage, pair.backlog};
}

template <class Number>
struct Symmetric {
  Number a, d, o, determinant;
};
template <class Number>
INLINE Symmetric<Number> operator+(const Symmetric<Number>& one, const Symmetric<Number>& other) {
  const Number mixed = less(more(one.a, other.d, one.d * other.a), 2.0 * one.o, other.o);
  return {one.a + other.a, one.d + other.d, one.o + other.o,
          one.determinant + other.determinant + larger(mixed, Number{})};
}

// A block as L P L' with L = [1 0; slope 1] and P diagonal, its pivots inverted. Solving with the factors leaves an error
// along what the block hardly resists, where it is harmless; multiplying by an inverse would leave it everywhere.
template <class Number>
struct Factors {
  Number first, slope, second;
};
template <class Number>
INLINE Pair<Number> solve(const Factors<Number>& factors, const Pair<Number>& right) {
  const Number backlog = factors.second * less(right.backlog, factors.slope, right.storage);
  return {less(factors.first * right.storage, factors.slope, backlog), backlog};
}

// A full 2 x 2 block: how a move of the states passes through an hour.
template <class Number>
struct Passage {
  Number storage_storage, storage_backlog, backlog_storage, backlog_backlog;
};

// Two blocks that belong together, each over one common denominator. With T = diag(ease) the inverse stiffness of an
// hour's states, V what the hours after it add to that stiffness, and M the block of the hour's prices,
//     H^-1 = (T^-1 + V)^-1 = state / whole        N = M + H^-1 = sum / whole        det N = bottom / whole
// H^-1 needs no T^-1, so a state that cannot move may have an ease of zero; N^-1 is the adjugate of `sum` over `bottom`.
template <class Number>
struct Meeting {
  Number bend;                              // 1 + t_storage V_a, the first pivot of T^-1 + V times t_storage
  Number both;                              // det T
  Number state_a, state_d, state_o, whole;
  Number sum_a, sum_d, sum_o, bottom;
};
template <class Number>
INLINE Meeting<Number> meet(const Symmetric<Number>& local, const Pair<Number>& ease, const Symmetric<Number>& ahead) {
  Meeting<Number> m;
  const Number d = ease.backlog * ahead.d;
  m.bend = ease.storage * ahead.a + 1.0;
  m.both = ease.storage * ease.backlog;
  m.whole = more(m.both, ahead.determinant, m.bend + d);
  m.state_a = ease.storage * (d + 1.0);
  m.state_d = ease.backlog * m.bend;
  m.state_o = -(m.both * ahead.o);
  m.sum_a = more(local.a, m.whole, m.state_a);
  m.sum_d = more(local.d, m.whole, m.state_d);
  m.sum_o = more(local.o, m.whole, m.state_o);
  const Number mixed = less(more(local.a, m.state_d, local.d * m.state_a), 2.0 * local.o, m.state_o);
  m.bottom = more(local.determinant, m.whole, m.both) + larger(mixed, Number{});
  return m;
}

// V of the hour before: E N^-1 E.
template <class Number>
INLINE Symmetric<Number> step_back(const Meeting<Number>& m, Number kept) {
  const Number over = 1.0 / m.bottom;
  const Number square = kept * kept * over;
  return {square * m.sum_d, m.sum_a * over, -(kept * over * m.sum_o), square * m.whole};
}

// The factors of H and N.
template <class Number>
struct Chain {
  Factors<Number> state, price;
};
// N^-1 H^-1: the adjugate of sum = M whole + state, times state, where state times its own adjugate is `both whole`.
template <class Number>
INLINE Passage<Number> pass_through(const Meeting<Number>& m, const Symmetric<Number>& local) {
  const Number over = 1.0 / m.bottom;
  return {over * (less(local.d * m.state_a, local.o, m.state_o) + m.both),
          over * less(local.d * m.state_o, local.o, m.state_d),
          over * less(local.a * m.state_o, local.o, m.state_a),
          over * (less(local.a * m.state_d, local.o, m.state_o) + m.both)};
}
template <class Number>
INLINE Chain<Number> factorise(const Meeting<Number>& m, const Pair<Number>& ease, const Symmetric<Number>& ahead) {
  const Number state = 1.0 / (m.bend * m.whole), sum = 1.0 / (m.sum_a * m.bottom);
  const Number over_whole = m.bend * state, over_bottom = m.sum_a * sum, over_sum = m.bottom * sum;
  const Number first = ease.storage * (m.whole * state);
  return {{first, ahead.o * first, m.state_d * over_whole},
          {m.whole * over_sum, m.sum_o * over_sum, m.sum_a * over_bottom}};
}

}  // namespace kiban::window
