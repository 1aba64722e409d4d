// A window of operation with fixed capacities: what it is, and what is kept of each hour.
//
// Ten amounts of energy an hour, each between zero and a limit, in three rows:
//
//     balance   discharged - charged - pue served + imported + backed_up - curtailed + pue unserved = need
//     storage   stored - kept stored_before - gain charged + drain discharged                       = inflow
//     backlog   waiting - waiting_before + served + dropped                                         = arrival
//
// at the least sum of cost * amount, and of curve / 2 * stored^2 (what is stored at the end is worth less, the more).
//
//                  hour t-1            hour t
//                 [     S  B ]   [ C  D  Q  M  G  W  U  R  S  B ]
//     balance     [          ]   [ *  *  *  *  *  *  *          ]
//     storage     [  -kept   ]   [ *  *                    1    ]
//     backlog     [       -1 ]   [       *              *     1 ]
#pragma once

#include "state_block.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

typedef long long Integer;

enum { CHARGED, DISCHARGED, SERVED, IMPORTED, BACKED_UP, CURTAILED, UNSERVED, DROPPED, STORED, WAITING, AMOUNTS };
enum { BALANCE, STORAGE, BACKLOG, ROWS };

// One amount y in 0 <= y <= y + r, with the prices z of its floor and u of its limit. A limit of zero leaves all at zero.
struct Amount {
  Lanes value, room, floor_price, limit_price;      // y, r, z, u
  Lanes step, floor_step, limit_step;               // dy, dz, du
  Lanes ease;                                       // 1/D with D = z/y + u/r (+ curve)
  Lanes pull;                                       // g of D dy - A' dlambda = g
  Lanes over_value, over_room;                      // 1/y, 1/r
  Lanes cost;
};

// One hour of the windows that stand abreast, or eight hours of one window.
struct Hour {
  Amount amount[AMOUNTS];
  Lanes price[ROWS], price_step[ROWS];              // lambda, dlambda
  Lanes right[ROWS];                                // need, inflow, arrival
  Lanes lack[ROWS];                                 // right less what the amounts make of it
  Lanes pue, curve;

  // The balance eliminated: N its rows of A D^-1 A', h its rows of lack - A D^-1 g.
  Lanes over_balance;                               // 1/N_bb
  Lanes balance_storage, balance_backlog;           // N_bs, -N_bk
  Lanes balance_right;                              // h_b
  Lanes charged_left, discharged_left, served_left; // their coefficients in storage and backlog after that
  Symmetric<Lanes> local;                           // M: what is left of N in storage and backlog
  Pair<Lanes> row_right;                            // rho: what is left of h

  // The chain of states.
  Chain<Lanes> chain;
  Passage<Lanes> passage;                           // N^-1 H^-1, where hours stand abreast
  Pair<Lanes> state_pull;                           // g of the states
  Pair<Lanes> later;                                // v: slope of the later hours' value
};

// What does not change over the hours.
struct Plant {
  Lanes kept, gain, drain;
};

// Hours, or blocks of eight hours, that follow each other.
struct Stretch {
  Hour* hours;
  int blocks;
  int in_last;                                      // hours of the last block, where hours stand abreast
};

// Windows side by side: the hour before stands in the block before, lane by lane.
struct WindowsAbreast {
  typedef Lanes Number;
  static constexpr bool HOURS = false;
  static INLINE Lanes before(Lanes, Lanes earlier) { return earlier; }
  static INLINE Lanes after(Lanes, Lanes later) { return later; }
};
#if !defined(KIBAN_ONE_REGISTER)
// Eight hours of one window side by side: the hour before stands in the lane before.
struct HoursAbreast {
  typedef double Number;
  static constexpr bool HOURS = true;
  static INLINE Lanes before(Lanes own, Lanes earlier) {
    return Lanes{earlier[7], own[0], own[1], own[2], own[3], own[4], own[5], own[6]};
  }
  static INLINE Lanes after(Lanes own, Lanes later) {
    return Lanes{own[1], own[2], own[3], own[4], own[5], own[6], own[7], later[0]};
  }
};
#endif
template <class Order>
INLINE int hours_in(const Stretch& stretch, int block) {
  return Order::HOURS && block == stretch.blocks - 1 ? stretch.in_last : ABREAST;
}

// What a point is worth: sums and a maximum over the hours.
struct Measures {
  Lanes product;                                    // y z + r u
  Lanes primal, dual;                               // the cost of the point; what its prices prove, a lower bound
  Lanes lack;                                       // the largest violation of a row
};

// How far a direction can be followed (one over the step to the first bound), and what it makes of the products.
struct Reach {
  Lanes primal, dual;
  Lanes first, second;                              // (z - u) dy and dy (z/y + u/r) dy
};

// What comes after a stretch: the prices of its first rows, curvature and slope of its value in the states before it.
template <class Number>
struct Ahead {
  Pair<Lanes> price;
  Symmetric<Number> curvature;
  Pair<Number> slope;
};

}  // namespace kiban::window
