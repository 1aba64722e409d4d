// Made by scripts/write_shapes.py from the programmes that kiban writes; do not edit.
#pragma once

#include "structure.hpp"

namespace kiban {

constexpr Shape SHAPES[] = {
    // a campus: battery, deferrable load, grid, backup
    {3, 1, 8, 2,
     {1, 1, 1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 0, 1, 1},
     {-1, -1, -1, 0, -1, 1, -1, -1},
     {0, 1, 3, 5, 6, 8, 9, 10, 11},
     {0, 0, 1, 0, 1, 1, 0, 2, 2, 0, 0},
     {3, 5},
     {0, 1, 2},
     {1, 2}},
    // without a grid
    {3, 1, 7, 2,
     {1, 1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 0, 1},
     {-1, -1, -1, 0, -1, 1, -1},
     {0, 1, 3, 5, 6, 8, 9, 10},
     {0, 0, 1, 0, 1, 1, 0, 2, 2, 0},
     {3, 5},
     {0, 1, 2},
     {1, 2}},
    // without deferrable load
    {2, 1, 6, 1,
     {1, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1, 1},
     {-1, -1, -1, 0, -1, -1},
     {0, 1, 3, 5, 6, 7, 8},
     {0, 0, 1, 0, 1, 1, 0, 0},
     {3},
     {0, 1},
     {1}},
    // without a grid and deferrable load
    {2, 1, 5, 1,
     {1, 1, 1, 1, 1},
     {0, 1, 1, 1, 1},
     {0, 1, 1, 1, 1},
     {-1, -1, -1, 0, -1},
     {0, 1, 3, 5, 6, 7},
     {0, 0, 1, 0, 1, 1, 0},
     {3},
     {0, 1},
     {1}},
};

}  // namespace kiban
