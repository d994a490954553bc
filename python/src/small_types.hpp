// Element types of 8 bits and less that NumPy lacks. The package ml_dtypes has them, with a byte for each element;
// where it is missing, arrays hold the bits as uint8, or int4 and int2 as int8. Linnet packs what is less than a byte.
#pragma once

#include <linnet/linnet.hpp>

#include <string_view>

namespace linnet::python {

/// ml_dtypes' name, which is PyTorch's too for float8; null for a type that NumPy has.
const char* ml_dtypes_name(DataType type);

/// The type that ml_dtypes calls so; kUndefined for other names.
DataType small_type_of(std::string_view ml_dtypes_name);

/// Whether several elements lie in a byte.
bool is_packed(DataType type);

/// Elements of a byte each, to be packed.
void pack(DataType type, const void* elements, std::size_t count, void* packed);

/// In place: `count` packed elements become bytes, signed integers with their sign.
void unpack(DataType type, void* elements, std::size_t count);

}  // namespace linnet::python
