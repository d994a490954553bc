// Outputs that several operators declare alike: of the type of input 0; some may take over its memory.
#pragma once

#include "runtime/op.hpp"

namespace linnet::internal {

inline constexpr OutputDef kYOfFirst[] = {{"Y", TypeOf{0}}};
inline constexpr OutputDef kYOverFirst[] = {{"Y", TypeOf{0}, 0, over(0)}};
inline constexpr OutputDef kOutputOfFirst[] = {{"output", TypeOf{0}}};
inline constexpr OutputDef kOutputOverFirst[] = {{"output", TypeOf{0}, 0, over(0)}};
/// Of two operands that broadcast.
inline constexpr OutputDef kCOverBoth[] = {{"C", TypeOf{0}, 0, over(0, 1)}};

}  // namespace linnet::internal
