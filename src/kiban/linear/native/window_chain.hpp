// The chain of states: two prices and two states an hour, from the last hour to the first and back.
//
// With the amounts that touch no other hour eliminated, a Newton step of a window is
//     M_t dl_t + dx_t - E dx_(t-1) = rho_t            x: stored and waiting; l: the prices of their rows
//     D_t dx_t - dl_t + E dl_(t+1) = g_t              E = diag(kept, 1)
//
//          dl_1  dx_1  dl_2  dx_2  dl_3
//        [  M     1                     ]             Backward, E dl_(t+1) = v_(t+1) + V_(t+1) dx_t is what the hours
//        [ -1     D     E               ]             after t ask of its states:
//        [       -E     M     1         ]                 H_t = D_t + V_(t+1)      N_t = M_t + H_t^-1
//        [             -1     D     E   ]                 V_t = E N_t^-1 E
//        [                   -E     M   ]                 v_t = E N_t^-1 (rho_t - H_t^-1 (g_t - v_(t+1)))
//
// V_t and v_t are curvature and slope of the value function of the states at the beginning of hour t. Then forward
//     dl_t = N_t^-1 (rho_t - H_t^-1 (g_t - v_(t+1)) + E dx_(t-1))
//     dx_t = H_t^-1 (g_t - v_(t+1) + dl_t)
//
// Where hours stand abreast the chain alone runs lane by lane. Far from the optimum it is carried by N^-1 H^-1, two
// multiplications an hour (`careful` false); near it by the factors.
#pragma once

#include "window_hour.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

INLINE Pair<double> lane_of(const Pair<Lanes>& pair, int lane) { return {pair.storage[lane], pair.backlog[lane]}; }
INLINE Chain<double> lane_of(const Chain<Lanes>& chain, int lane) {
  return {{chain.state.first[lane], chain.state.slope[lane], chain.state.second[lane]},
          {chain.price.first[lane], chain.price.slope[lane], chain.price.second[lane]}};
}
INLINE void put(Pair<Lanes>& pair, int lane, const Pair<double>& value) {
  pair.storage[lane] = value.storage;
  pair.backlog[lane] = value.backlog;
}

// V of an hour from V of the next, and the factors that belong to the hour.
template <class Order>
INLINE void factorise_back(Hour& hour, const Plant& plant, int hours, Symmetric<typename Order::Number>& curvature) {
  const Pair<Lanes> ease = {hour.amount[STORED].ease, hour.amount[WAITING].ease};
  if constexpr (!Order::HOURS) {
    const Meeting<Lanes> meeting = meet(hour.local, ease, curvature);
    hour.chain = factorise(meeting, ease, curvature);
    curvature = step_back(meeting, plant.kept);
  } else {
    const double kept = plant.kept[0];
    Symmetric<Lanes> ahead{};
    for (int lane = hours - 1; lane >= 0; --lane) {
      const Symmetric<double> local = {hour.local.a[lane], hour.local.d[lane], hour.local.o[lane],
                                       hour.local.determinant[lane]};
      ahead.a[lane] = curvature.a;
      ahead.d[lane] = curvature.d;
      ahead.o[lane] = curvature.o;
      ahead.determinant[lane] = curvature.determinant;
      curvature = step_back(meet(local, lane_of(ease, lane), curvature), kept);
    }
    const Meeting<Lanes> meeting = meet(hour.local, ease, ahead);
    hour.chain = factorise(meeting, ease, ahead);
    hour.passage = pass_through(meeting, hour.local);
  }
}

// v_t from v_(t+1).
template <class Number>
INLINE Pair<Number> pulled(const Chain<Number>& chain, const Pair<Number>& right, const Pair<Number>& pull, Number kept,
                           const Pair<Number>& later) {
  return carried(solve(chain.price, right - solve(chain.state, pull - later)), kept);
}

template <class Order>
INLINE void pull_back(Hour& hour, const Plant& plant, int hours, bool careful, Pair<typename Order::Number>& slope) {
  if constexpr (!Order::HOURS) {
    hour.later = slope;
    slope = pulled(hour.chain, hour.row_right, hour.state_pull, plant.kept, slope);
  } else if (careful) {
    const double kept = plant.kept[0];
    for (int lane = hours - 1; lane >= 0; --lane) {
      put(hour.later, lane, slope);
      slope = pulled(lane_of(hour.chain, lane), lane_of(hour.row_right, lane), lane_of(hour.state_pull, lane), kept,
                     slope);
    }
  } else {
    const Pair<Lanes> own = pulled(hour.chain, hour.row_right, hour.state_pull, plant.kept, {ZERO, ZERO});
    const Passage<Lanes>& pass = hour.passage;
    const Lanes storage_storage = plant.kept * pass.storage_storage, storage_backlog = plant.kept * pass.storage_backlog;
    for (int lane = hours - 1; lane >= 0; --lane) {
      put(hour.later, lane, slope);
      slope = {more(storage_storage[lane], slope.storage, more(storage_backlog[lane], slope.backlog, own.storage[lane])),
               more(pass.backlog_storage[lane], slope.storage,
                   more(pass.backlog_backlog[lane], slope.backlog, own.backlog[lane]))};
    }
  }
}

// dl_t, and dx_t in the place of dx_(t-1).
template <class Number>
INLINE Pair<Number> pushed(const Chain<Number>& chain, const Pair<Number>& rows, const Pair<Number>& pull, Number kept,
                           Pair<Number>& states) {
  const Pair<Number> price = solve(chain.price, rows + carried(states, kept));
  states = solve(chain.state, pull + price);
  return price;
}

struct Motion {
  Pair<Lanes> states, price;                        // dx, dl
};
template <class Order>
INLINE Motion push_on(const Hour& hour, const Plant& plant, int hours, bool careful, Pair<typename Order::Number>& states) {
  const Pair<Lanes> pull = hour.state_pull - hour.later;
  const Pair<Lanes> rows = hour.row_right - solve(hour.chain.state, pull);
  if constexpr (!Order::HOURS) {
    const Pair<Lanes> price = pushed(hour.chain, rows, pull, plant.kept, states);
    return {states, price};
  } else if (careful) {
    Motion motion{};
    for (int lane = 0; lane < hours; ++lane) {
      put(motion.price, lane, pushed(lane_of(hour.chain, lane), lane_of(rows, lane), lane_of(pull, lane), plant.kept[0],
                                     states));
      put(motion.states, lane, states);
    }
    return motion;
  } else {
    Pair<Lanes> own{ZERO, ZERO}, before{ZERO, ZERO}, moved{ZERO, ZERO};
    pushed(hour.chain, rows, pull, plant.kept, own);
    const Passage<Lanes>& pass = hour.passage;
    const Lanes storage_storage = plant.kept * pass.storage_storage, storage_backlog = plant.kept * pass.storage_backlog;
    for (int lane = 0; lane < hours; ++lane) {
      put(before, lane, states);
      states = {more(storage_storage[lane], states.storage,
                    more(pass.backlog_storage[lane], states.backlog, own.storage[lane])),
                more(storage_backlog[lane], states.storage,
                    more(pass.backlog_backlog[lane], states.backlog, own.backlog[lane]))};
      put(moved, lane, states);
    }
    return {moved, solve(hour.chain.price, rows + carried(before, plant.kept))};
  }
}

}  // namespace kiban::window
