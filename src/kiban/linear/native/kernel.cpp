// The kernel's door: one function a stage of the method, on a system that Python has laid out.
#include "backward.hpp"
#include "border.hpp"
#include "factor.hpp"
#include "forward.hpp"
#include "interface.hpp"
#include "structures.hpp"


namespace kiban {

template <class S>
void forward_in(const System& s, int mode, bool ends, int thread, Integer first, Integer end) {
  if (mode == AFFINE) return forward<S>(s, Fixed<AFFINE>{}, ends, thread, first, end);
  if (mode == CENTRE) return forward<S>(s, Fixed<CENTRE>{}, ends, thread, first, end);
  return forward<S>(s, Fixed<BAND>{}, ends, thread, first, end);
}

template <class S>
void backward_in(const System& s, int mode, int thread, Integer first, Integer end) {
  if (mode == AFFINE) return backward<S>(s, Fixed<AFFINE>{}, thread, first, end);
  if (mode == CENTRE) return backward<S>(s, Fixed<CENTRE>{}, thread, first, end);
  if (mode == BAND) return backward<S>(s, Fixed<BAND>{}, thread, first, end);
  return backward<Tabled>(s, BORDER, thread, first, end);
}

template <class S>
void factorise_in(const System& s, int thread, Integer first, Integer end) { factorise<S>(s, thread, first, end); }

template <>
void forward_in<Tabled>(const System& s, int mode, bool ends, int thread, Integer first, Integer end) {
  forward<Tabled>(s, mode, ends, thread, first, end);
}

template <>
void backward_in<Tabled>(const System& s, int mode, int thread, Integer first, Integer end) {
  backward<Tabled>(s, mode, thread, first, end);
}

}  // namespace kiban

using namespace kiban;

// The names of the system's places, in order.
KIBAN_EXPORT const char* kiban_fields() {
#define X(name) #name " "
  return KIBAN_SIZES(X) KIBAN_TABLES(X) KIBAN_ARRAYS(X);
#undef X
}

KIBAN_EXPORT Integer kiban_find_shape(const System* s) { return find_shape(*s); }

KIBAN_EXPORT void kiban_carry_ends(const System* s) { carry_ends(*s); }

KIBAN_EXPORT void kiban_factorise(const System* s, Integer thread, Integer first, Integer end) {
  with_structure(*s, [&](auto structure) { factorise_in<decltype(structure)>(*s, static_cast<int>(thread), first, end); });
}

// Zero where the border's matrix is singular.
KIBAN_EXPORT Integer kiban_close(const System* s) {
  close_segments(*s);
  return invert_border(*s);
}

KIBAN_EXPORT void kiban_forward(const System* s, Integer mode, Integer ends, Integer thread, Integer first, Integer end) {
  with_structure(*s, [&](auto structure) {
    forward_in<decltype(structure)>(*s, static_cast<int>(mode), ends != 0, static_cast<int>(thread), first, end);
  });
}

KIBAN_EXPORT void kiban_border(const System* s, Integer mode) { solve_direction(*s, static_cast<int>(mode)); }

KIBAN_EXPORT void kiban_backward(const System* s, Integer mode, Integer ends, Integer thread, Integer first, Integer end) {
  if (ends) return recover_ends(*s, static_cast<int>(mode), static_cast<int>(thread), first, end);
  with_structure(*s, [&](auto structure) {
    backward_in<decltype(structure)>(*s, static_cast<int>(mode), static_cast<int>(thread), first, end);
  });
}

KIBAN_EXPORT void kiban_move(const System* s, Integer mode) { move_border(*s, static_cast<int>(mode)); }
KIBAN_EXPORT Integer kiban_refine(const System* s) { return refine_border(*s); }
KIBAN_EXPORT void kiban_return(const System* s) { return_to_kept(*s); }
KIBAN_EXPORT void kiban_steps(const System* s) { measure_steps(*s); }

KIBAN_EXPORT void kiban_advance(const System* s, double primal, double dual, Integer thread, Integer first,
                                Integer end) {
  with_structure(*s, [&](auto structure) {
    advance<decltype(structure)>(*s, primal, dual, static_cast<int>(thread), first, end);
  });
}

KIBAN_EXPORT void kiban_advance_border(const System* s, double primal, double dual) { advance_border(*s, primal, dual); }
