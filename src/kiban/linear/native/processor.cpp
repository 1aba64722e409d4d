// The registers from which levels.py reads what the processor and the operating system carry.
#include "interface.hpp"

#if defined(__x86_64__)
#include <cpuid.h>

namespace {

constexpr unsigned FEATURES = 1, EXTENDED_FEATURES = 7, FURTHER_FEATURES = 0x80000001;
constexpr unsigned HAS_XGETBV = 1u << 27;

// The state that the operating system saves when it changes threads: without it wide registers may not be used.
unsigned saved_state() {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

} // namespace

// Leaf 1 ECX, leaf 7 EBX, leaf 80000001 ECX and XCR0, each 0 where the processor does not have it.
KIBAN_EXPORT void kiban_processor(unsigned registers[4]) {
    unsigned a, b, c, d;
    for (int i = 0; i < 4; ++i) registers[i] = 0;
    if (__get_cpuid(FEATURES, &a, &b, &c, &d)) registers[0] = c;
    if (__get_cpuid_count(EXTENDED_FEATURES, 0, &a, &b, &c, &d)) registers[1] = b;
    if (__get_cpuid(FURTHER_FEATURES, &a, &b, &c, &d)) registers[2] = c;
    if (registers[0] & HAS_XGETBV) registers[3] = saved_state();
}

#else

KIBAN_EXPORT void kiban_processor(unsigned registers[4]) {
    for (int i = 0; i < 4; ++i) registers[i] = 0;
}

#endif
