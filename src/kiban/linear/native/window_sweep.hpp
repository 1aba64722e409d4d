// The sweeps over the hours of a window, each for windows abreast and for eight hours of one window abreast.
//
//     look     backward: move along the last direction, measure the point, factorise, eliminate the first right-hand side
//     aim      backward: eliminate the right-hand side of the corrector
//     mend     backward: eliminate what a direction leaves of its own equations
//     follow   forward: the direction, and how far it can be followed
//
// A Newton step of the interior point method, with D = z/y + u/r (+ curve) on the diagonal:
//     A dy = lack                                     lack = right - A y
//     D dy - A' dlambda = g                           g = - (c - A' lambda) + target/y - target/r, second order included
//     dz = (target - z dy)/y - z                      du = (target + u dy)/r - u
#pragma once

#include "window_chain.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

// The states before each hour of a block, of values or of steps; `earlier` belongs to the block before.
template <class Order>
INLINE Pair<Lanes> states_before(const Pair<Lanes>& own, const Pair<Lanes>& earlier, int hours) {
  Pair<Lanes> before = {Order::before(own.storage, earlier.storage), Order::before(own.backlog, earlier.backlog)};
  for (int lane = hours; lane < ABREAST; ++lane) before.storage[lane] = before.backlog[lane] = 0.0;
  return before;
}
template <class Order>
INLINE Pair<Lanes> prices_after(const Lanes price[ROWS], const Pair<Lanes>& later) {
  return {Order::after(price[STORAGE], later.storage), Order::after(price[BACKLOG], later.backlog)};
}

INLINE void move(Hour& hour, Lanes primal_step, Lanes dual_step) {
  for (int v = 0; v < AMOUNTS; ++v) {
    Amount& a = hour.amount[v];
    a.value = advanced(primal_step, a.value, a.step);
    a.room = advanced(primal_step, a.room, -a.step);
    a.floor_price = advanced(dual_step, a.floor_price, a.floor_step);
    a.limit_price = advanced(dual_step, a.limit_price, a.limit_step);
  }
  for (int row = 0; row < ROWS; ++row) hour.price[row] = advanced(dual_step, hour.price[row], hour.price_step[row]);
}

// The part of an hour in the measures, and D and g of its amounts without a target. By weak duality
//     right' lambda + sum of min(reduced cost, 0) * limit - curve / 2 * stored^2
// bounds the cost from below, whatever the prices (the curve by its tangent).
INLINE void measure(Hour& hour, const Lanes weighed[AMOUNTS], Measures& measures) {
  for (int row = 0; row < ROWS; ++row) {
    measures.lack = larger(magnitude(hour.lack[row]), measures.lack);
    measures.dual = more(hour.right[row], hour.price[row], measures.dual);
  }
  const Lanes bend = hour.curve * hour.amount[STORED].value;
  const Lanes half = 0.5 * bend * hour.amount[STORED].value;
  measures.primal += half;
  measures.dual -= half;
  for (int v = 0; v < AMOUNTS; ++v) {
    Amount& a = hour.amount[v];
    const Lanes reduced = v == STORED ? a.cost + bend - weighed[v] : a.cost - weighed[v];
    measures.primal = more(a.cost, a.value, measures.primal);
    measures.dual = more(smaller(reduced, ZERO), a.value + a.room, measures.dual);
    measures.product = more(a.value, a.floor_price, more(a.room, a.limit_price, measures.product));
    // 1/y, 1/r and 1/D = y r / (z r + u y + curve y r) with one division; all zero where y and r are.
    const Lanes both = a.value * a.room;
    Lanes stiff = more(a.floor_price, a.room, a.limit_price * a.value);
    if (v == STORED) stiff = more(hour.curve, both, stiff);
    const Lanes share = 1.0 / choose(a.value, both * stiff, spread(1.0));
    const Lanes stiff_share = stiff * share;
    a.over_value = a.room * stiff_share;
    a.over_room = a.value * stiff_share;
    a.ease = both * both * share;
    a.pull = -reduced;
  }
}

template <class Order>
INLINE void look(const Stretch& stretch, const Plant& plant, bool careful, Lanes primal_step, Lanes dual_step,
                 const Pair<Lanes>& before, Ahead<typename Order::Number>& ahead, Measures& measures) {
  for (int i = stretch.blocks - 1; i >= 0; --i) {
    Hour& hour = stretch.hours[i];
    const int hours = hours_in<Order>(stretch, i);
    move(hour, primal_step, dual_step);

    // The block before has not moved yet.
    Pair<Lanes> earlier = before;
    if (i > 0) {
      const Amount* amount = stretch.hours[i - 1].amount;
      earlier = {advanced(primal_step, amount[STORED].value, amount[STORED].step),
                 advanced(primal_step, amount[WAITING].value, amount[WAITING].step)};
    }
    const Amount* amount = hour.amount;
    open_rows(hour, plant, hour.right, [&](int v) INLINED { return amount[v].value; },
              states_before<Order>({amount[STORED].value, amount[WAITING].value}, earlier, hours), hour.lack);
    Lanes weighed[AMOUNTS];
    weigh(hour, plant, hour.price, prices_after<Order>(hour.price, ahead.price), weighed);
    ahead.price = {hour.price[STORAGE], hour.price[BACKLOG]};

    measure(hour, weighed, measures);
    eliminate_balance(hour, plant);
    eliminate_right(hour);
    factorise_back<Order>(hour, plant, hours, ahead.curvature);
    pull_back<Order>(hour, plant, hours, careful, ahead.slope);
  }
}

// Products are aimed at `target`, less what the direction without a target, which still stands in `step`, makes of them in
// the second order. The aims stand where the steps of the prices will:
//     y dz + z dy = target - y z - dy dz            with dz = - z (1 + dy/y) of that direction
//     r du - u dy = target - r u + dy du            with du = - u (1 - dy/r)
template <class Order>
INLINE void aim(const Stretch& stretch, const Plant& plant, bool careful, Lanes target,
                Pair<typename Order::Number>& slope) {
  for (int i = stretch.blocks - 1; i >= 0; --i) {
    Hour& hour = stretch.hours[i];
    for (int v = 0; v < AMOUNTS; ++v) {
      Amount& a = hour.amount[v];
      a.floor_step = more(a.step * a.floor_price, more(a.step, a.over_value, spread(1.0)), target);
      a.limit_step = less(target, a.step * a.limit_price, less(spread(1.0), a.step, a.over_room));
      a.pull += less(a.floor_step * a.over_value, a.limit_step, a.over_room);
    }
    eliminate_right(hour);
    pull_back<Order>(hour, plant, hours_in<Order>(stretch, i), careful, slope);
  }
}

// `before` are the steps of the states before, `next` those of the prices after the stretch. What amounts within their
// hour leave open shows in the rows; the two states leave something of their own equation as well.
template <class Order>
INLINE void mend(const Stretch& stretch, const Plant& plant, bool careful, const Pair<Lanes>& before,
                 const Pair<Lanes>& next, Pair<typename Order::Number>& slope) {
  Pair<Lanes> later = next;
  for (int i = stretch.blocks - 1; i >= 0; --i) {
    Hour& hour = stretch.hours[i];
    const Amount* amount = hour.amount;
    const Amount &stored = amount[STORED], &waiting = amount[WAITING];
    const int hours = hours_in<Order>(stretch, i);
    const Pair<Lanes> earlier = i > 0 ? Pair<Lanes>{stretch.hours[i - 1].amount[STORED].step,
                                                    stretch.hours[i - 1].amount[WAITING].step} : before;
    Lanes open[ROWS];
    open_rows(hour, plant, hour.lack, [&](int v) INLINED { return amount[v].step; },
              states_before<Order>({stored.step, waiting.step}, earlier, hours), open);
    const Lanes shared = hour.over_balance * open[BALANCE];
    hour.balance_right = open[BALANCE];
    hour.row_right = {less(open[STORAGE], hour.balance_storage, shared),
                      more(hour.balance_backlog, shared, open[BACKLOG])};

    const Pair<Lanes> after = prices_after<Order>(hour.price_step, later);
    later = {hour.price_step[STORAGE], hour.price_step[BACKLOG]};
    const auto stiffness = [&](const Amount& a) INLINED {
      return more(a.floor_price, a.over_value, a.limit_price * a.over_room);
    };
    hour.state_pull = {stored.pull + less(hour.price_step[STORAGE], plant.kept, after.storage) -
                           (stiffness(stored) + hour.curve) * stored.step,
                       waiting.pull + (hour.price_step[BACKLOG] - after.backlog) - stiffness(waiting) * waiting.step};
    pull_back<Order>(hour, plant, hours, careful, slope);
  }
}

// A direction without a target, with one, one that is to be mended, and what mends it in the lanes of `mends`.
enum Phase { AFFINE, AIMED, DRAFT, MENDED };

template <class Order, Phase PHASE>
INLINE void follow(const Stretch& stretch, const Plant& plant, bool careful, Lanes mends,
                   Pair<typename Order::Number>& states, Reach& reach) {
  constexpr bool ADDS = PHASE == MENDED;
  for (int i = 0; i < stretch.blocks; ++i) {
    Hour& hour = stretch.hours[i];
    const Motion motion = push_on<Order>(hour, plant, hours_in<Order>(stretch, i), careful, states);
    const Lanes price[ROWS] = {balance_step(hour, motion.price), motion.price.storage, motion.price.backlog};
    Lanes weighed[AMOUNTS], step[AMOUNTS];
    weigh(hour, plant, price, {ZERO, ZERO}, weighed);
    for (int row = 0; row < ROWS; ++row)
      hour.price_step[row] = ADDS ? advanced(mends, hour.price_step[row], price[row]) : price[row];
    for (int v = 0; v < STORED; ++v)
      step[v] = hour.amount[v].ease * (ADDS ? weighed[v] : hour.amount[v].pull + weighed[v]);
    step[STORED] = motion.states.storage;
    step[WAITING] = motion.states.backlog;

    for (int v = 0; v < AMOUNTS; ++v) {
      Amount& a = hour.amount[v];
      a.step = ADDS ? advanced(mends, a.step, step[v]) : step[v];
      if (PHASE == DRAFT) continue;
      const Lanes fall = a.step * a.over_value, rise = a.step * a.over_room;
      reach.primal = larger(larger(-fall, rise), reach.primal);
      if (PHASE == AFFINE) {
        reach.dual = larger(1.0 + larger(fall, -rise), reach.dual);
        reach.first = more(a.floor_price - a.limit_price, a.step, reach.first);
        reach.second = more(a.step, more(a.floor_price, fall, a.limit_price * rise), reach.second);
      } else {
        a.floor_step = more(a.floor_step, a.over_value, -a.floor_price) - a.floor_price * fall;
        a.limit_step = more(a.limit_price, rise, more(a.limit_step, a.over_room, -a.limit_price));
        const Lanes both = a.floor_price * a.limit_price;
        const Lanes share = 1.0 / choose(both, both, spread(1.0));
        reach.dual = larger(larger(-a.floor_step * a.limit_price, -a.limit_step * a.floor_price) * share, reach.dual);
        reach.first += a.floor_step + a.limit_step;
      }
    }
  }
}

}  // namespace kiban::window
