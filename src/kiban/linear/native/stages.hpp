// The sweeps as functions of a mode that is read at run time, each compiled in a unit of its own for every structure.
#pragma once

#include "system.hpp"

namespace kiban {

void factorise_system(const System& s, int thread, Integer first, Integer end);
void sweep_forward(const System& s, int mode, bool ends, int thread, Integer first, Integer end);
void sweep_backward(const System& s, int mode, int thread, Integer first, Integer end);

}  // namespace kiban
