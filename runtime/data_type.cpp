#include "runtime/data_type.hpp"

namespace linnet {

std::string name_of(DataType type) {
  switch (type) {
    case DataType::kUndefined:
      return "undefined";
    case DataType::kFloat32:
      return "float32";
    case DataType::kUint8:
      return "uint8";
    case DataType::kInt8:
      return "int8";
    case DataType::kUint16:
      return "uint16";
    case DataType::kInt16:
      return "int16";
    case DataType::kInt32:
      return "int32";
    case DataType::kInt64:
      return "int64";
    case DataType::kString:
      return "string";
    case DataType::kBool:
      return "bool";
    case DataType::kFloat16:
      return "float16";
    case DataType::kFloat64:
      return "float64";
    case DataType::kUint32:
      return "uint32";
    case DataType::kUint64:
      return "uint64";
    case DataType::kComplex64:
      return "complex64";
    case DataType::kComplex128:
      return "complex128";
    case DataType::kBfloat16:
      return "bfloat16";
    case DataType::kFloat8e4m3fn:
      return "float8e4m3fn";
    case DataType::kFloat8e4m3fnuz:
      return "float8e4m3fnuz";
    case DataType::kFloat8e5m2:
      return "float8e5m2";
    case DataType::kFloat8e5m2fnuz:
      return "float8e5m2fnuz";
    case DataType::kUint4:
      return "uint4";
    case DataType::kInt4:
      return "int4";
    case DataType::kFloat4e2m1:
      return "float4e2m1";
    case DataType::kFloat8e8m0:
      return "float8e8m0";
    case DataType::kUint2:
      return "uint2";
    case DataType::kInt2:
      return "int2";
  }
  return "type " + std::to_string(static_cast<int>(type));
}

std::size_t bits_of(DataType type) noexcept {
  switch (type) {
    case DataType::kUint2:
    case DataType::kInt2:
      return 2;
    case DataType::kUint4:
    case DataType::kInt4:
    case DataType::kFloat4e2m1:
      return 4;
    case DataType::kUint8:
    case DataType::kInt8:
    case DataType::kBool:
    case DataType::kFloat8e4m3fn:
    case DataType::kFloat8e4m3fnuz:
    case DataType::kFloat8e5m2:
    case DataType::kFloat8e5m2fnuz:
    case DataType::kFloat8e8m0:
      return 8;
    case DataType::kUint16:
    case DataType::kInt16:
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return 16;
    case DataType::kFloat32:
    case DataType::kInt32:
    case DataType::kUint32:
      return 32;
    case DataType::kFloat64:
    case DataType::kInt64:
    case DataType::kUint64:
    case DataType::kComplex64:
      return 64;
    case DataType::kComplex128:
      return 128;
    case DataType::kString:
    case DataType::kUndefined:
      return 0;
  }
  return 0;
}

std::size_t size_of(DataType type) noexcept { return bits_of(type) / 8; }

}  // namespace linnet
