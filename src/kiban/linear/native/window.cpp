// Windows of operation: thousands of them, eight side by side, or one at once with its hours side by side.
#include "interface.hpp"
#include "window_method.hpp"

using namespace kiban;
using namespace kiban::window;

namespace {

template <class Order>
void solve_lanes(const Task& task, const Placement<Order>& place, Hour* hours, int windows) {
  const Units units = measure_units(task, place, Order::HOURS);
  Summary summary = load_hours(task, place, units, hours);
  Alone<Order> shape{task, place, units, place.stretch(hours), load_plant(task, place)};
  shape.sum(summary.bounds);
  shape.sum(summary.constant);
  shape.maximum(summary.decided);
  summary.bounds = larger(summary.bounds, spread(1.0));
  const Verdict verdict = optimise(task, shape, summary);
  store_hours(task, place, units, hours, Order::HOURS ? LANES : windows);
  for (int lane = 0; lane < windows; ++lane) {
    report(task, place.window(lane), verdict, units, lane);
    if (summary.decided[lane] > 0.0) complete(task, place.window(lane), 0, NEGLIGIBLE * units.energy[lane]);
  }
}

}  // namespace

// Bytes of the task, for whoever lays it out.
KIBAN_EXPORT Integer kiban_task_bytes() { return sizeof(Task); }

// Bytes of room that windows of so many steps need, at an address that is a multiple of 64.
KIBAN_EXPORT Integer kiban_window_bytes(Integer steps) { return steps * static_cast<Integer>(sizeof(Hour)); }

// The windows from `first` to before `end`, eight at a time.
KIBAN_EXPORT void kiban_solve_windows(const Task* task, Integer first, Integer end, void* room) {
  for (Integer start = first; start < end; start += LANES) {
    Integer windows[LANES];
    for (int lane = 0; lane < LANES; ++lane) windows[lane] = start + lane < end ? start + lane : start;
    const int count = static_cast<int>(end - start < LANES ? end - start : LANES);
    solve_lanes(*task, Placement<WindowsAbreast>{windows, 0, task->steps}, static_cast<Hour*>(room), count);
  }
}

// One window, as soon as possible.
KIBAN_EXPORT void kiban_solve_window(const Task* task, Integer window, void* room) {
  solve_lanes(*task, Placement<HoursAbreast>{&window, 0, task->steps}, static_cast<Hour*>(room), 1);
}
