// One window of operation at once, with eight of its hours side by side.
#include "interface.hpp"
#include "window_method.hpp"

using namespace kiban;
using namespace kiban::window;

// Bytes of the task, for whoever lays it out.
KIBAN_EXPORT Integer kiban_task_bytes() { return sizeof(Task); }

// Bytes of room that windows of so many steps need, at an address that is a multiple of 64.
KIBAN_EXPORT Integer kiban_window_bytes(Integer steps) { return steps * static_cast<Integer>(sizeof(Hour)); }

// One window, as soon as possible.
KIBAN_EXPORT void kiban_solve_window(const Task* task, Integer window, void* room) {
  solve_lanes(*task, Placement<HoursAbreast>{&window, 0, task->steps}, static_cast<Hour*>(room), 1);
}
