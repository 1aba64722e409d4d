// The factorising sweep for every structure.
#include "factor.hpp"
#include "stages.hpp"
#include "structures.hpp"

namespace kiban {

template <class S>
void factorise_in(const System& s, int thread, Integer first, Integer end) { factorise<S>(s, thread, first, end); }

void factorise_system(const System& s, int thread, Integer first, Integer end) {
  with_structure(s, [&](auto structure) { factorise_in<decltype(structure)>(s, thread, first, end); });
}

}  // namespace kiban
