// The formulas of one hour: its rows, its columns, and the elimination of its balance.
#pragma once

#include "window.hpp"

namespace kiban::inline KIBAN_WIDTH::window {

// Stands on the diagonal of rows in which nothing can move; far below anything else (amounts and costs are near one).
constexpr double NOTHING = 1e-40;

// `value + step by` in the lanes that take a step.
INLINE Lanes advanced(Lanes step, Lanes value, Lanes by) { return choose(step, more(step, by, value), value); }

// A' (balance, storage, backlog): what the prices of this hour's rows, and of the next hour's states, make of each amount.
INLINE void weigh(const Hour& hour, const Plant& plant, const Lanes price[ROWS], const Pair<Lanes>& next,
                  Lanes out[AMOUNTS]) {
  const Lanes metered = hour.pue * price[BALANCE];
  out[CHARGED] = -more(plant.gain, price[STORAGE], price[BALANCE]);
  out[DISCHARGED] = more(plant.drain, price[STORAGE], price[BALANCE]);
  out[SERVED] = price[BACKLOG] - metered;
  out[IMPORTED] = price[BALANCE];
  out[BACKED_UP] = price[BALANCE];
  out[CURTAILED] = -price[BALANCE];
  out[UNSERVED] = metered;
  out[DROPPED] = price[BACKLOG];
  out[STORED] = less(price[STORAGE], plant.kept, next.storage);
  out[WAITING] = price[BACKLOG] - next.backlog;
}

// `right` less the rows of a column of amounts (values or steps), where the states before stand at `before`.
template <class Column>
INLINE void open_rows(const Hour& hour, const Plant& plant, const Lanes right[ROWS], Column&& amount,
                      const Pair<Lanes>& before, Lanes out[ROWS]) {
  out[BALANCE] = right[BALANCE] - ((amount(DISCHARGED) - amount(CHARGED)) +
                                   (amount(IMPORTED) + amount(BACKED_UP) - amount(CURTAILED)) +
                                   hour.pue * (amount(UNSERVED) - amount(SERVED)));
  out[STORAGE] = right[STORAGE] - (amount(STORED) - plant.kept * before.storage) +
                 (plant.gain * amount(CHARGED) - plant.drain * amount(DISCHARGED));
  out[BACKLOG] = right[BACKLOG] - (amount(WAITING) - before.backlog) - (amount(SERVED) + amount(DROPPED));
}

// What eliminating the balance leaves of the other two rows. The amounts of an hour that touch no other hour make
//     balance   [ c + d + plain + pue^2 q        .                     .   ]     c, d, q, r   1/D of C, D, Q, R
//     storage   [ gain c + drain d      gain^2 c + drain^2 d           .   ]     plain        of M, G, W, pue^2 times U
//     backlog   [ - pue q                        0                   q + r ]     N of the hour
// and M is what is left of the lower right block. Where one amount dominates, the plain difference would be rounding, so
// entries and determinant are written as sums over pairs and triples of columns (Lagrange; Cauchy and Binet).
INLINE void eliminate_balance(Hour& hour, const Plant& plant) {
  const Lanes c = hour.amount[CHARGED].ease, d = hour.amount[DISCHARGED].ease;
  const Lanes q = hour.amount[SERVED].ease, r = hour.amount[DROPPED].ease;
  const Lanes square = hour.pue * hour.pue;
  const Lanes plain = more(square, hour.amount[UNSERVED].ease,
                          hour.amount[IMPORTED].ease + hour.amount[BACKED_UP].ease + hour.amount[CURTAILED].ease);
  const Lanes metered = square * q;
  const Lanes rest = plain + metered, without_served = c + d + plain;
  const Lanes storage = more(plant.gain, c, plant.drain * d);
  const Lanes power = more(plant.gain * plant.gain, c, plant.drain * plant.drain * d);
  const Lanes loss = plant.drain - plant.gain;
  const Lanes trade = loss * loss * (c * d);
  const Lanes over = 1.0 / (without_served + metered + NOTHING);

  hour.over_balance = over;
  hour.balance_storage = storage;
  hour.balance_backlog = hour.pue * q;
  hour.charged_left = less(loss * d, plant.gain, rest) * over;
  hour.discharged_left = more(loss, c, plant.drain * rest) * over;
  hour.served_left = without_served * over;
  hour.local.a = more(more(power, rest, trade), over, spread(NOTHING));
  hour.local.d = more(q, hour.served_left, r) + NOTHING;
  hour.local.o = storage * (hour.balance_backlog * over);
  hour.local.determinant =
      more(more(more(power, plain, trade), q + r, power * (metered * r)), over, NOTHING * (hour.local.a + hour.local.d));
}

// The right-hand side once the balance is eliminated: of
//     h = lack - A D^-1 g,    rho = h - (N_.b / N_bb) h_b
// each amount with the coefficient that the balance leaves to it.
INLINE void eliminate_right(Hour& hour) {
  const auto moved = [&](int v) INLINED { return hour.amount[v].ease * hour.amount[v].pull; };
  const Lanes charged = moved(CHARGED), discharged = moved(DISCHARGED), served = moved(SERVED);
  const Lanes plain = less(hour.lack[BALANCE] - ((moved(IMPORTED) + moved(BACKED_UP)) - moved(CURTAILED)), hour.pue,
                           moved(UNSERVED));
  const Lanes power = charged - discharged, compute = hour.pue * served;
  hour.balance_right = plain + power + compute;
  hour.row_right.storage =
      less(less(hour.lack[STORAGE], hour.balance_storage * hour.over_balance, plain + compute), charged,
           hour.charged_left) -
      discharged * hour.discharged_left;
  hour.row_right.backlog =
      less(more(hour.balance_backlog * hour.over_balance, plain + power, hour.lack[BACKLOG]), served, hour.served_left) -
      moved(DROPPED);
  hour.state_pull = {hour.amount[STORED].pull, hour.amount[WAITING].pull};
}

// The step of the balance's price, from those of the other two rows: (h_b - N_bs dl_s - N_bk dl_k) / N_bb.
INLINE Lanes balance_step(const Hour& hour, const Pair<Lanes>& price) {
  return hour.over_balance *
         more(hour.balance_backlog, price.backlog, less(hour.balance_right, hour.balance_storage, price.storage));
}

}  // namespace kiban::window
