// Eight numbers side by side, one for each segment of the horizon that is swept at the same time.
//
// The compiler maps the type to whatever registers the machine has: one of 512 bits, two of 256, four of 128.
// What a lane computes depends on nothing but the order written here.
#pragma once

#define INLINE inline __attribute__((always_inline))
#define INLINED __attribute__((always_inline))

namespace kiban {

constexpr int LANES = 8;

typedef double Lanes __attribute__((vector_size(64)));
typedef long long Mask __attribute__((vector_size(64)));
// The same in memory that may stand at any multiple of one number.
typedef double Stored __attribute__((vector_size(64), aligned(8), may_alias));

INLINE Lanes load(const double* place) { return *reinterpret_cast<const Stored*>(place); }
INLINE void store(double* place, Lanes value) { *reinterpret_cast<Stored*>(place) = value; }
INLINE Lanes spread(double value) { return Lanes{value, value, value, value, value, value, value, value}; }
constexpr Lanes ZERO = {};

#if defined(KIBAN_NO_FMA) || !(defined(__FMA__) || defined(__aarch64__))
// a b + c, each operation rounded.
INLINE Lanes fma(Lanes a, Lanes b, Lanes c) { return a * b + c; }
#elif defined(__clang__)
// a b + c, rounded once.
INLINE Lanes fma(Lanes a, Lanes b, Lanes c) { return __builtin_elementwise_fma(a, b, c); }
#elif defined(__AVX512F__)
INLINE Lanes fma(Lanes a, Lanes b, Lanes c) {
  return __builtin_ia32_vfmaddpd512_mask(a, b, c, static_cast<unsigned char>(-1), 4);
}
#elif defined(__AVX2__)
typedef double Half __attribute__((vector_size(32)));
INLINE Lanes fma(Lanes a, Lanes b, Lanes c) {
  const Half low = __builtin_ia32_vfmaddpd256(__builtin_shufflevector(a, a, 0, 1, 2, 3),
                                              __builtin_shufflevector(b, b, 0, 1, 2, 3),
                                              __builtin_shufflevector(c, c, 0, 1, 2, 3));
  const Half high = __builtin_ia32_vfmaddpd256(__builtin_shufflevector(a, a, 4, 5, 6, 7),
                                               __builtin_shufflevector(b, b, 4, 5, 6, 7),
                                               __builtin_shufflevector(c, c, 4, 5, 6, 7));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}
#else
INLINE Lanes fma(Lanes a, Lanes b, Lanes c) {
  Lanes result;
  for (int lane = 0; lane < LANES; ++lane) result[lane] = __builtin_fma(a[lane], b[lane], c[lane]);
  return result;
}
#endif

// c - a b.
INLINE Lanes less(Lanes c, Lanes a, Lanes b) { return fma(-a, b, c); }

// The larger and the smaller of two numbers, lane by lane; the second where the first is not a number.
INLINE Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }
INLINE Lanes smaller(Lanes a, Lanes b) { return a < b ? a : b; }
// `yes` in the lanes where `mask` is positive, else `no`.
INLINE Lanes choose(Lanes mask, Lanes yes, Lanes no) { return mask > ZERO ? yes : no; }
INLINE Lanes clipped(Lanes value, Lanes low, Lanes high) { return smaller(larger(value, low), high); }
INLINE Lanes magnitude(Lanes a) {
  return reinterpret_cast<Lanes>(reinterpret_cast<Mask>(a) & (reinterpret_cast<Mask>(ZERO) + 0x7fffffffffffffffLL));
}

INLINE Lanes root(Lanes a) {
#if defined(__clang__)
  return __builtin_elementwise_sqrt(a);
#elif defined(__AVX512F__)
  return __builtin_ia32_sqrtpd512_mask(a, a, static_cast<unsigned char>(-1), 4);
#else
  Lanes result;
  for (int lane = 0; lane < LANES; ++lane) result[lane] = __builtin_sqrt(a[lane]);
  return result;
#endif
}

// The sum of all lanes, first to last, and the largest.
INLINE double summed(Lanes a) {
  double total = a[0];
  for (int lane = 1; lane < LANES; ++lane) total += a[lane];
  return total;
}
INLINE double largest(Lanes a) {
  double found = a[0];
  for (int lane = 1; lane < LANES; ++lane) found = a[lane] > found ? a[lane] : found;
  return found;
}

}  // namespace kiban
