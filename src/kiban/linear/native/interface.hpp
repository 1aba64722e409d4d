// How a function is handed to Python: by its plain C name, while everything else stays inside the library.
#pragma once

#if defined(_WIN32)
#define KIBAN_EXPORT extern "C" __declspec(dllexport)
#else
#define KIBAN_EXPORT extern "C" __attribute__((visibility("default")))
#endif
