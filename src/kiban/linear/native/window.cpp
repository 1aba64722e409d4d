// Windows of operation: thousands of them, as many side by side as a register holds.
#define KIBAN_ONE_REGISTER
#include "interface.hpp"
#include "window_method.hpp"

using namespace kiban;
using namespace kiban::window;

// The windows from `first` to before `end`.
KIBAN_EXPORT void kiban_solve_windows(const Task* task, Integer first, Integer end, void* room) {
  for (Integer start = first; start < end; start += ABREAST) {
    Integer windows[ABREAST];
    for (int lane = 0; lane < ABREAST; ++lane) windows[lane] = start + lane < end ? start + lane : start;
    const int count = static_cast<int>(end - start < ABREAST ? end - start : ABREAST);
    solve_lanes(*task, Placement<WindowsAbreast>{windows, 0, task->steps}, static_cast<Hour*>(room), count);
  }
}
