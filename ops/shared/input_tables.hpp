// Inputs that several operators declare alike.
#pragma once

#include "runtime/data_type.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

inline constexpr InputDef kOneOfFloats[] = {{"X", kFloatTypes}};
inline constexpr InputDef kInputOfFloats[] = {{"input", kFloatTypes}};
inline constexpr InputDef kInputOfNumbers[] = {{"input", kNumericTypes}};
inline constexpr InputDef kTwoOfNumbers[] = {{"A", kNumericTypes}, {"B", kNumericTypes, kTypeOfFirst}};
inline constexpr InputDef kOneOfStrings[] = {{"X", kStringType}};

}  // namespace linnet::internal
