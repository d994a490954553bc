// The boundary between the core and liblinnet_onednn.so, the module that holds everything linked against oneDNN: a
// table of functions on plain structs. No type of the standard library and no exception crosses it, so the core needs
// no oneDNN header and no oneDNN at all. Every primitive is made for ONE thread and leaves the OpenMP settings of the
// calling thread as they were; more threads are put to work by slicing (ops/onednn/onednn_slices.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::internal {

inline constexpr std::uint32_t kOnednnApiVersion = 2;

enum class OnednnEltwise : std::int32_t {
  kNone,
  kRelu,      ///< x < 0 ? alpha * x : x
  kLogistic,  ///< 1 / (1 + exp(-x))
  kTanh,
  kElu,          ///< x < 0 ? alpha * (exp(x) - 1) : x
  kHardSigmoid,  ///< max(0, min(1, alpha * x + beta))
  kGeluErf,
  kGeluTanh,
  kExp,
  kClip,  ///< max(alpha, min(beta, x))
};

struct OnednnActivation {
  OnednnEltwise kind = OnednnEltwise::kNone;
  float alpha = 0.0F;
  float beta = 0.0F;
};

/// dst[i] = activation(src[i]) for i < count. src == dst is allowed.
struct OnednnEltwiseProblem {
  OnednnActivation activation;
  std::int64_t count = 0;
};

/// Softmax (or its logarithm) over the middle axis of a dense [outer, axis, inner] tensor. src == dst is allowed.
struct OnednnSoftmaxProblem {
  std::int64_t outer = 1, axis = 1, inner = 1;
  bool logarithm = false;
};

/// What is added to the product; its element type is f32. One value per row, [m, 1], is left out: oneDNN 3.2 has only
/// its scalar reference code for it.
enum class OnednnBias : std::int32_t {
  kNone,
  kScalar,  ///< [1]
  kRow,     ///< [n], the same for every row
  kMatrix,  ///< [m, n], rows bias_row_stride apart
};

/// dst = activation(alpha * A B + bias) with A [m, k], B [k, n], dst [m, n], all f32 unless said otherwise. A beta that
/// is not 1 is the caller's: it passes beta * C as bias. Strides count elements; of each matrix's two strides one must
/// be 1 (a transposed A has a_row_stride 1). Sizes are at least 1. Several rows of dst that do not follow each other
/// (dst_row_stride > n) keep oneDNN 3.2 from its best code, and from reading a blocked B.
struct OnednnMatmulProblem {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t a_row_stride = 0, a_column_stride = 1;
  /// B is read in the primitive's own layout, as OnednnApi::pack writes it; the strides below are then not used.
  bool packed_b = false;
  /// A and the packed B are bfloat16 (B is rounded by OnednnApi::pack), sums and everything else float32. Requires:
  /// packed_b.
  bool bfloat16 = false;
  std::int64_t b_row_stride = 0, b_column_stride = 1;
  std::int64_t dst_row_stride = 0;
  float alpha = 1.0F;
  OnednnBias bias = OnednnBias::kNone;
  std::int64_t bias_row_stride = 0;
  OnednnActivation activation;
};

/// Where one execution reads and writes. Pointers that the problem has no use for may be null.
struct OnednnBuffers {
  const void* src = nullptr;      ///< eltwise and softmax: src; matmul: A
  const void* weights = nullptr;  ///< matmul: B, plain or packed
  const void* bias = nullptr;
  void* dst = nullptr;
  /// OnednnApi::workspace_bytes bytes, 64-byte aligned, not shared with a concurrent execution.
  void* workspace = nullptr;
};

enum class OnednnStatus : std::int32_t { kOk, kOutOfMemory, kUnsupported, kFailed };

/// Made for one problem. Thread-safety: immutable to its users; any number of threads may execute it at once, each with
/// buffers of its own.
struct OnednnPrimitive;

struct OnednnApi {
  std::uint32_t version;        ///< kOnednnApiVersion
  const char* library_version;  ///< "3.2.0"

  /// On kOk *primitive is set; it is the caller's to destroy. `contexts` executions at once go without allocation by
  /// this module (oneDNN itself allocates a little in every execution); more are possible.
  OnednnStatus (*create_eltwise)(const OnednnEltwiseProblem* problem, std::int32_t contexts,
                                 OnednnPrimitive** primitive) noexcept;
  OnednnStatus (*create_softmax)(const OnednnSoftmaxProblem* problem, std::int32_t contexts,
                                 OnednnPrimitive** primitive) noexcept;
  OnednnStatus (*create_matmul)(const OnednnMatmulProblem* problem, std::int32_t contexts,
                                OnednnPrimitive** primitive) noexcept;
  void (*destroy)(OnednnPrimitive* primitive) noexcept;

  /// oneDNN's name of the code it chose: "brg:avx512_core", "jit:avx512_core", "ref:any", ... Lives as long as the
  /// primitive.
  const char* (*implementation)(const OnednnPrimitive* primitive) noexcept;
  std::size_t (*workspace_bytes)(const OnednnPrimitive* primitive) noexcept;

  /// Of a matmul with packed_b: bytes of the packed B, and a name of its layout. Primitives with the same [k, n] and
  /// the same name can share one packed B; the layout is chosen so that this is so for every m wherever oneDNN allows
  /// it. The name lives as long as the primitive.
  std::size_t (*packed_bytes)(const OnednnPrimitive* primitive) noexcept;
  const char* (*packed_layout)(const OnednnPrimitive* primitive) noexcept;
  /// Writes packed_bytes bytes to `packed` (64-byte aligned) from B [k, n] with these strides, one of which is 1.
  OnednnStatus (*pack)(const OnednnPrimitive* primitive, const float* b, std::int64_t row_stride,
                       std::int64_t column_stride, void* packed) noexcept;

  OnednnStatus (*execute)(const OnednnPrimitive* primitive, const OnednnBuffers* buffers) noexcept;
};

/// The module's one exported symbol: "linnet_onednn_api". Null when it does not have this version or oneDNN does not
/// start.
using OnednnApiFunction = const OnednnApi* (*)(std::uint32_t version);

}  // namespace linnet::internal
