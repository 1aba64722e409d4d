// Made by scripts/write_shapes.py from the programmes that kiban writes; do not edit.
#pragma once

#include "structure.hpp"

namespace kiban {

constexpr Shape SHAPES[] = {
    {3, 1, 8, 2,
     {1, 1, 1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 0, 1, 1},
     {-1, -1, -1, 0, -1, 1, -1, -1},
     {0, 1, 3, 5, 6, 8, 9, 10, 11},
     {0, 0, 1, 0, 1, 1, 0, 2, 2, 0, 0},
     {3, 5}, {0, 1, 2}, {1, 2}},
};

}  // namespace kiban
