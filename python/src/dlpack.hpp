// The structures of the DLPack protocol, version 1.0: https://dmlc.github.io/dlpack/latest/c_api.html
#pragma once

#include <cstdint>

namespace linnet::python::dlpack {

constexpr std::int32_t kCpu = 1;       ///< DLDevice::type of ordinary memory
constexpr std::int32_t kCudaHost = 3;  ///< pinned, and ordinary to the CPU

enum class Code : std::uint8_t { kInt = 0, kUint = 1, kFloat = 2, kBfloat = 4, kComplex = 5, kBool = 6 };

struct Device {
  std::int32_t type;
  std::int32_t id;
};

struct ElementType {
  Code code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct Tensor {
  void* data;
  Device device;
  std::int32_t rank;
  ElementType type;
  std::int64_t* shape;
  std::int64_t* strides;  ///< in elements; null: row-major without gaps
  std::uint64_t byte_offset;
};

/// In a capsule named "dltensor"; who takes it renames the capsule to "used_dltensor" and calls `deleter` in the end.
struct Managed {
  Tensor tensor;
  void* context;
  void (*deleter)(Managed*);
};

/// In a capsule named "dltensor_versioned".
struct ManagedVersioned {
  std::uint32_t major;
  std::uint32_t minor;
  void* context;
  void (*deleter)(ManagedVersioned*);
  std::uint64_t flags;
  Tensor tensor;
};
constexpr std::uint64_t kReadOnly = 1;  ///< in ManagedVersioned::flags
constexpr std::uint64_t kCopied = 2;    ///< likewise: the memory is not that of the array it was asked of

}  // namespace linnet::python::dlpack
