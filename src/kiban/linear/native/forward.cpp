// The forward sweep for every structure: for the affine direction, and for a correction of whichever kind.
#include "forward.hpp"
#include "stages.hpp"
#include "structures.hpp"

namespace kiban {

template <class S, class M>
void forward_in(const System& s, M mode, bool ends, int thread, Integer first, Integer end) {
  forward<S>(s, mode, ends, thread, first, end);
}

void sweep_forward(const System& s, int mode, bool ends, int thread, Integer first, Integer end) {
  if (mode == AFFINE)
    with_structure(s, [&](auto structure) {
      forward_in<decltype(structure)>(s, Fixed<AFFINE>{}, ends, thread, first, end);
    });
  else
    with_structure(s, [&](auto structure) {
      forward_in<decltype(structure)>(s, Correction{mode}, ends, thread, first, end);
    });
}

}  // namespace kiban
