// What a library says of itself.
#include "interface.hpp"

// The build gives the digest of all sources, so that a library from other sources than those beside it is recognised.
KIBAN_EXPORT const char *kiban_sources() { return KIBAN_SOURCES; }

#if defined(_WIN32)
// Windows calls this when it loads the library; the runtime library, which is not linked, would bring it.
extern "C" int DllMainCRTStartup(void *, unsigned, void *) { return 1; }
#endif
