// The kernel's door: one function a stage of the method, on a system that Python has laid out.
#include "backward.hpp"
#include "border.hpp"
#include "interface.hpp"
#include "stages.hpp"
#include "structures.hpp"

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
  factorise_system(*s, static_cast<int>(thread), first, end);
}

// Zero where the border's matrix is singular.
KIBAN_EXPORT Integer kiban_close(const System* s) {
  close_segments(*s);
  return invert_border(*s);
}

KIBAN_EXPORT void kiban_forward(const System* s, Integer mode, Integer ends, Integer thread, Integer first, Integer end) {
  sweep_forward(*s, static_cast<int>(mode), ends != 0, static_cast<int>(thread), first, end);
}

KIBAN_EXPORT void kiban_border(const System* s, Integer mode) { solve_direction(*s, static_cast<int>(mode)); }

KIBAN_EXPORT void kiban_backward(const System* s, Integer mode, Integer ends, Integer thread, Integer first, Integer end) {
  if (ends)
    recover_ends(*s, static_cast<int>(mode), static_cast<int>(thread), first, end);
  else
    sweep_backward(*s, static_cast<int>(mode), static_cast<int>(thread), first, end);
}

KIBAN_EXPORT void kiban_move(const System* s, Integer mode) { move_border(*s, static_cast<int>(mode)); }
KIBAN_EXPORT Integer kiban_refine(const System* s) { return refine_border(*s); }
KIBAN_EXPORT void kiban_return(const System* s) { return_to_kept(*s); }
KIBAN_EXPORT void kiban_steps(const System* s) { measure_steps(*s); }

KIBAN_EXPORT void kiban_advance(const System* s, double primal, double dual, double least, Integer thread, Integer first,
                                 Integer end) {
  advance(*s, primal, dual, least, static_cast<int>(thread), first, end);
}

KIBAN_EXPORT void kiban_advance_border(const System* s, double primal, double dual) {
  advance_border(*s, primal, dual);
}
