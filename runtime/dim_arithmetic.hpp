// What is known of sums and slices of dimensions that are not known yet: what Concat makes of a cache and new keys is
// as long as a Range from the one's length to that of both, and a table of positions is sliced to as many as there are.
#pragma once

#include "runtime/shape.hpp"

namespace linnet::internal {

// Sizes made of symbols are symbols of their own, with indices that Graph::symbols does not have: equal sizes that are
// made alike have equal ones. Different sizes have different ones but by chance, about 1 in 2^31 for sums, 1 in 2^23
// for multiples, and nothing is inferred from symbols once the sizes of a run are known.

/// Unknown where it cannot be told, or may be negative. Requires: a or b is not a number.
Dim sum(Dim a, Dim b);
/// a - b. Known are differences that are a symbol or 0. Requires: a or b is not a number.
Dim difference(Dim a, Dim b);

/// The sum of `times` times `size`: what windows make of a batch of images. Unknown where it cannot be told. Requires:
/// times > 0.
Dim multiple(Dim size, std::int64_t times);

/// The smaller of `size`, a symbol, and `most`. Requires: most > 0.
Dim at_most(Dim size, std::int64_t most);
/// Whether `dim` is at_most(size, some number): where it broadcasts with `size`, that is what results. 1 in 2^20 others
/// look the same.
bool is_at_most(Dim dim, Dim size);

}  // namespace linnet::internal
