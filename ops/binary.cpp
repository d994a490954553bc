#include "ops/binary.hpp"

#include <array>
#include <atomic>

#include "ops/broadcast_loops.hpp"
#include "ops/chunks.hpp"
#include "ops/element_types.hpp"
#include "ops/kernels/elementwise.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kSimdCost = 0.3;       // ns per element; memory sets the pace
constexpr double kReferenceCost = 2.0;  // for the 16-bit types
constexpr std::size_t kShortRun = 32;   // below this, a call per run costs more than gathering the operands
constexpr std::size_t kGathered = 512;  // elements gathered at once

struct State {
  BinaryOp op = BinaryOp::kAdd;
  kernels::BinaryKind kernel = kernels::BinaryKind::kAdd;  ///< of the same operator
  BroadcastLoops loops;
  DataType type = DataType::kUndefined;
  bool streamed = false;  ///< C, where it is neither A nor B
};

kernels::BinaryKind kernel_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return kernels::BinaryKind::kAdd;
    case BinaryOp::kSub:
      return kernels::BinaryKind::kSub;
    case BinaryOp::kMul:
      return kernels::BinaryKind::kMul;
    case BinaryOp::kDiv:
      return kernels::BinaryKind::kDiv;
  }
  return {};
}

template <BinaryOp kOp>
Prepared prepare(const PrepareContext& context) {
  auto state = std::make_shared<State>();
  state->op = kOp;
  state->kernel = kernel_of(kOp);
  state->loops = broadcast_loops(context.input_shape(0), context.input_shape(1));
  state->type = context.input_type(0);
  const std::int64_t elements = element_count(context.input_shape(0)) + element_count(context.input_shape(1)) +
                                element_count(context.output_shape(0));
  state->streamed = exceeds_caches(sizeof(float) * static_cast<std::size_t>(elements));
  Prepared prepared;
  prepared.state = state;
  return prepared;
}

struct Operands {
  const float* a;
  const float* b;
};

/// One kernel call per run along the inner axis.
void compute_runs(const State& state, const Operands& operands, std::size_t first, std::size_t size, float* to) {
  const bool a_repeats = state.loops.inner.a_stride == 0;
  const bool b_repeats = state.loops.inner.b_stride == 0;
  for_broadcast_runs(state.loops, first, size, [&](std::size_t c, std::size_t a, std::size_t b, std::size_t run) {
    kernels::binary(state.kernel, operands.a + a, a_repeats, operands.b + b, b_repeats, to + (c - first), run);
  });
}

/// For short runs: lines up the elements of a repeating operand, then one kernel call for many runs.
void compute_gathered(const State& state, const Operands& operands, std::size_t first, std::size_t size, float* to) {
  const BroadcastLoops& loops = state.loops;
  std::array<float, kGathered> a_line;
  std::array<float, kGathered> b_line;
  for (std::size_t done = 0; done < size; done += kGathered) {
    const std::size_t begin = first + done;
    const std::size_t count = std::min(kGathered, size - done);
    for_broadcast_runs(loops, begin, count, [&](std::size_t c, std::size_t a, std::size_t b, std::size_t run) {
      for (std::size_t i = 0; !loops.a_dense && i < run; ++i)
        a_line[c - begin + i] = operands.a[a + i * loops.inner.a_stride];
      for (std::size_t i = 0; !loops.b_dense && i < run; ++i)
        b_line[c - begin + i] = operands.b[b + i * loops.inner.b_stride];
    });
    const float* a = loops.a_dense ? operands.a + begin : a_line.data();
    const float* b = loops.b_dense ? operands.b + begin : b_line.data();
    kernels::binary(state.kernel, a, false, b, false, to + done, count);
  }
}

void run_simd(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const Operands operands = {static_cast<const float*>(args.inputs[0]), static_cast<const float*>(args.inputs[1])};
  auto* c = static_cast<float*>(args.outputs[0]);
  const Output output = {c, state.streamed && operands.a != c && operands.b != c};
  if (state.loops.outer.empty()) {
    const BroadcastLoops::Axis& all = state.loops.inner;
    for_stored_chunks(args.control, state.loops.count, kChunk, kSimdCost, output.streamed,
                      [&](std::size_t first, std::size_t size, kernels::Stores stores) {
                        kernels::binary(state.kernel, operands.a + first * all.a_stride, all.a_stride == 0,
                                        operands.b + first * all.b_stride, all.b_stride == 0, c + first, size, stores);
                      });
    return;
  }
  const bool gather = state.loops.inner.size < kShortRun;
  for_output_chunks(
      args.control, state.loops.count, kChunk, kSimdCost, output, [&](std::size_t first, std::size_t size, float* to) {
        gather ? compute_gathered(state, operands, first, size, to) : compute_runs(state, operands, first, size, to);
      });
}

/// In the arithmetic of T: floats of 16 bits in float, integers modulo 2^bits.
template <typename T>
T computed(BinaryOp op, T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    const auto wide_a = static_cast<std::uint64_t>(a);
    const auto wide_b = static_cast<std::uint64_t>(b);
    switch (op) {
      case BinaryOp::kAdd:
        return static_cast<T>(wide_a + wide_b);
      case BinaryOp::kSub:
        return static_cast<T>(wide_a - wide_b);
      case BinaryOp::kMul:
        return static_cast<T>(wide_a * wide_b);
      case BinaryOp::kDiv:
        break;
    }
    if (b == 0) return 0;  // reported by the caller
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return static_cast<T>(0 - wide_a);  // the smallest number divided by -1 wraps to itself
    }
    return static_cast<T>(a / b);
  } else {
    using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const auto wide_a = static_cast<Wide>(a);
    const auto wide_b = static_cast<Wide>(b);
    switch (op) {
      case BinaryOp::kAdd:
        return static_cast<T>(wide_a + wide_b);
      case BinaryOp::kSub:
        return static_cast<T>(wide_a - wide_b);
      case BinaryOp::kMul:
        return static_cast<T>(wide_a * wide_b);
      case BinaryOp::kDiv:
        return static_cast<T>(wide_a / wide_b);
    }
    return a;
  }
}

constexpr std::size_t kNowhere = ~std::size_t{0};

void keep_least(std::atomic<std::size_t>& least, std::size_t index) {
  std::size_t seen = least.load(std::memory_order_relaxed);
  while (index < seen && !least.compare_exchange_weak(seen, index, std::memory_order_relaxed)) {
  }
}

template <typename T>
void compute_reference(const State& state, const RunArguments& args) {
  const BroadcastLoops& loops = state.loops;
  const auto* a_elements = static_cast<const T*>(args.inputs[0]);
  const auto* b_elements = static_cast<const T*>(args.inputs[1]);
  auto* c_elements = static_cast<T*>(args.outputs[0]);
  const bool may_fault = std::is_integral_v<T> && state.op == BinaryOp::kDiv;
  std::atomic<std::size_t> fault{kNowhere};
  for_chunks(args.control, loops.count, kChunk, kReferenceCost, [&](std::size_t first, std::size_t size) {
    for_broadcast_runs(loops, first, size, [&](std::size_t c, std::size_t a, std::size_t b, std::size_t run) {
      for (std::size_t i = 0; i < run; ++i) {
        const T divisor = b_elements[b + i * loops.inner.b_stride];
        if (may_fault && divisor == T{}) keep_least(fault, c + i);
        c_elements[c + i] = computed(state.op, a_elements[a + i * loops.inner.a_stride], divisor);
      }
    });
  });
  const std::size_t index = fault.load(std::memory_order_relaxed);
  if (index != kNowhere)
    fail(ErrorCode::kRuntimeFault, "integer division by zero at element ", index, " of the output");
}

void run_reference(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_type(state.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) compute_reference<T>(state, args);
  });
}

template <BinaryOp kOp>
std::vector<Implementation> implementations() {
  return {
      {"simd", Backend::kSimd, accepts_float32, prepare<kOp>, run_simd},
      {"reference", Backend::kReference, nullptr, prepare<kOp>, run_reference},
  };
}

}  // namespace

std::vector<Implementation> binary_implementations(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return implementations<BinaryOp::kAdd>();
    case BinaryOp::kSub:
      return implementations<BinaryOp::kSub>();
    case BinaryOp::kMul:
      return implementations<BinaryOp::kMul>();
    case BinaryOp::kDiv:
      return implementations<BinaryOp::kDiv>();
  }
  return {};
}

OpFacts binary_facts() {
  OpFacts facts;
  facts.in_place_inputs = {0, 1};
  return facts;
}

}  // namespace linnet::internal
