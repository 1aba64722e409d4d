// The backward sweep for every structure: for the affine direction, and for a correction of whichever kind.
#include "backward.hpp"
#include "stages.hpp"
#include "structures.hpp"

namespace kiban {

template <class S, class M>
void backward_in(const System& s, M mode, int thread, Integer first, Integer end) {
  backward<S>(s, mode, thread, first, end);
}

void sweep_backward(const System& s, int mode, int thread, Integer first, Integer end) {
  if (mode == AFFINE)
    with_structure(s, [&](auto structure) {
      backward_in<decltype(structure)>(s, Fixed<AFFINE>{}, thread, first, end);
    });
  else
    with_structure(s, [&](auto structure) {
      backward_in<decltype(structure)>(s, Correction{mode}, thread, first, end);
    });
}

}  // namespace kiban
