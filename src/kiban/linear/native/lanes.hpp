// Eight numbers side by side, one for each segment of the horizon that is swept at the same time.
//
// They fill one register of 512 bits, two of 256 or four of 128, whatever the machine has. What a lane computes depends
// on nothing but the order written here: no operation is reordered, and a product and a sum are rounded one after the
// other everywhere, so that every level of the instruction set gives the same bytes.
//
// A unit that defines KIBAN_ONE_REGISTER has only as many lanes as one register holds (`ABREAST`): what has no need of eight
// is faster so, and the compiler has no more to do than for 512 bits.
#pragma once

#define INLINE inline __attribute__((always_inline))
#define INLINED __attribute__((always_inline))

#if defined(KIBAN_ONE_REGISTER)
#define KIBAN_WIDTH one_register
#else
#define KIBAN_WIDTH all_lanes
#endif

namespace kiban::inline KIBAN_WIDTH {

constexpr int LANES = 8;

// How many numbers a register holds.
#if defined(__AVX512F__)
constexpr int PART = 8;
#elif defined(__AVX__)
constexpr int PART = 4;
#else
constexpr int PART = 2;
#endif
#if defined(KIBAN_ONE_REGISTER)
constexpr int PARTS = 1;
#else
constexpr int PARTS = LANES / PART;
#endif
constexpr int ABREAST = PART * PARTS;

typedef double Part __attribute__((vector_size(8 * PART)));
typedef long long PartBits __attribute__((vector_size(8 * PART)));
// The same in memory that may stand at any multiple of one number.
typedef double StoredPart __attribute__((vector_size(8 * PART), aligned(8), may_alias));

struct Lanes {
  Part part[PARTS];
  INLINE double operator[](int lane) const { return part[lane / PART][lane % PART]; }
  INLINE double& operator[](int lane) { return reinterpret_cast<double*>(part)[lane]; }
};

// Part by part; the compiler writes the loop out.
#define EACH_PART(expression) \
  Lanes result; \
  for (int i = 0; i < PARTS; ++i) result.part[i] = expression; \
  return result

INLINE Lanes operator+(Lanes a, Lanes b) { EACH_PART(a.part[i] + b.part[i]); }
INLINE Lanes operator-(Lanes a, Lanes b) { EACH_PART(a.part[i] - b.part[i]); }
INLINE Lanes operator*(Lanes a, Lanes b) { EACH_PART(a.part[i] * b.part[i]); }
INLINE Lanes operator/(Lanes a, Lanes b) { EACH_PART(a.part[i] / b.part[i]); }
INLINE Lanes operator+(Lanes a, double b) { EACH_PART(a.part[i] + b); }
INLINE Lanes operator-(Lanes a, double b) { EACH_PART(a.part[i] - b); }
INLINE Lanes operator*(Lanes a, double b) { EACH_PART(a.part[i] * b); }
INLINE Lanes operator/(Lanes a, double b) { EACH_PART(a.part[i] / b); }
INLINE Lanes operator+(double a, Lanes b) { EACH_PART(a + b.part[i]); }
INLINE Lanes operator-(double a, Lanes b) { EACH_PART(a - b.part[i]); }
INLINE Lanes operator*(double a, Lanes b) { EACH_PART(a * b.part[i]); }
INLINE Lanes operator/(double a, Lanes b) { EACH_PART(a / b.part[i]); }
INLINE Lanes operator-(Lanes a) { EACH_PART(-a.part[i]); }
INLINE Lanes& operator+=(Lanes& a, Lanes b) { return a = a + b; }
INLINE Lanes& operator-=(Lanes& a, Lanes b) { return a = a - b; }
INLINE Lanes& operator*=(Lanes& a, Lanes b) { return a = a * b; }

INLINE Lanes load(const double* place) { EACH_PART(*reinterpret_cast<const StoredPart*>(place + i * PART)); }
INLINE void store(double* place, Lanes value) {
  for (int i = 0; i < PARTS; ++i) *reinterpret_cast<StoredPart*>(place + i * PART) = value.part[i];
}
INLINE Lanes spread(double value) { EACH_PART((Part{} + value)); }
constexpr Lanes ZERO = {};

// a b + c and c - a b.
INLINE Lanes more(Lanes a, Lanes b, Lanes c) { return a * b + c; }
INLINE Lanes less(Lanes c, Lanes a, Lanes b) { return c - a * b; }

// The larger and the smaller of two numbers, lane by lane; the second where the first is not a number.
INLINE Lanes larger(Lanes a, Lanes b) { EACH_PART((a.part[i] > b.part[i] ? a.part[i] : b.part[i])); }
INLINE Lanes smaller(Lanes a, Lanes b) { EACH_PART((a.part[i] < b.part[i] ? a.part[i] : b.part[i])); }
INLINE Lanes clipped(Lanes value, Lanes low, Lanes high) { return smaller(larger(value, low), high); }
// `yes` in the lanes where `mask` is positive, else `no`.
INLINE Lanes choose(Lanes mask, Lanes yes, Lanes no) {
  EACH_PART((mask.part[i] > Part{} ? yes.part[i] : no.part[i]));
}
INLINE Lanes magnitude(Lanes a) {
  EACH_PART(reinterpret_cast<Part>(reinterpret_cast<PartBits>(a.part[i]) & (PartBits{} + 0x7fffffffffffffffLL)));
}

// The sum of all lanes, first to last, and the largest.
INLINE double summed(Lanes a) {
  double total = a[0];
  for (int lane = 1; lane < ABREAST; ++lane) total += a[lane];
  return total;
}
INLINE double largest(Lanes a) {
  double found = a[0];
  for (int lane = 1; lane < ABREAST; ++lane) found = a[lane] > found ? a[lane] : found;
  return found;
}

}  // namespace kiban
