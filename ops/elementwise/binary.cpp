#include "ops/elementwise/binary.hpp"

#include <array>

#include "ops/elementwise/arithmetic.hpp"
#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/elementwise.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/first_fault.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 16384;
constexpr double kSimdCost = 0.3;       // ns per element; memory sets the pace
constexpr double kHalfCost = 0.1;       // for the 16-bit types, in the cache
constexpr double kReferenceCost = 2.0;  // for the same
constexpr double kLineCost = 0.1;       // for float32, in the cache
constexpr std::uint64_t kBothInputs = 0b11;
constexpr std::size_t kShortRun = 32;   // below this, a call per run costs more than gathering the operands
constexpr std::size_t kGathered = 512;  // elements gathered at once

struct State {
  kernels::BinaryKind kernel = kernels::BinaryKind::kAdd;
  BroadcastLoops loops;
  bool streamed = false;  ///< C, where it is neither A nor B
};

struct ReferenceState {
  DataType type = DataType::kUndefined;
  ArithmeticLine line = nullptr;
  bool by_kernel = false;  ///< 16-bit floats, by `kernel`
  kernels::BinaryKind kernel = kernels::BinaryKind::kAdd;
  bool may_fault = false;  ///< integers are divided
  std::size_t count = 0;
  BroadcastLoops a, b;  ///< beside C
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

void run_line(const LineArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  kernels::binary(state.kernel, static_cast<const float*>(args.inputs[0]), has_bit(args.single_inputs, 0),
                  static_cast<const float*>(args.inputs[1]), has_bit(args.single_inputs, 1),
                  static_cast<float*>(args.y), args.count, stores_of(args.streamed));
  if (args.streamed) kernels::finish_streams();
}

template <BinaryOp kOp>
Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->kernel = kernel_of(kOp);
  state->loops = broadcast_loops(context.input_shape(0), context.input_shape(1));
  const std::int64_t elements = element_count(context.input_shape(0)) + element_count(context.input_shape(1)) +
                                element_count(context.output_shape(0));
  state->streamed = exceeds_caches(sizeof(float) * static_cast<std::size_t>(elements));
  Prepared prepared;
  prepared.state = state;
  prepared.line_wise = {run_line, kLineCost, kBothInputs};
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

Arithmetic arithmetic_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return Arithmetic::kAdd;
    case BinaryOp::kSub:
      return Arithmetic::kSub;
    case BinaryOp::kMul:
      return Arithmetic::kMul;
    case BinaryOp::kDiv:
      return Arithmetic::kDiv;
  }
  return {};
}

/// Index of the first element that is 0, or `count`.
std::size_t first_zero(std::size_t element_bytes, const void* elements, std::size_t count) {
  return visit_size(element_bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* begin = static_cast<const T*>(elements);
    return static_cast<std::size_t>(std::find(begin, begin + count, T{0}) - begin);
  });
}

/// Of `count` elements, at most kLinedUp; 16-bit floats are widened to float.
void compute(const ReferenceState& state, const void* a, const void* b, std::size_t count, void* c) {
  if (state.by_kernel) return kernels::binary_halves(half_type(state.type), state.kernel, a, b, count, c);
  if (computed_type(state.type) == state.type) return state.line(a, b, count, c);
  float a_floats[kLinedUp];
  float b_floats[kLinedUp];
  load_line(state.type, a, 0, count, a_floats);
  load_line(state.type, b, 0, count, b_floats);
  state.line(a_floats, b_floats, count, a_floats);
  store_line(state.type, a_floats, 0, count, c);
}

std::shared_ptr<ReferenceState> reference_state(const PrepareContext& context, Arithmetic operation) {
  const Shape c = context.output_shape(0);
  auto state = new_shared<ReferenceState>();
  state->type = context.input_type(0);
  state->line = arithmetic_line(operation, state->type);
  state->may_fault = operation == Arithmetic::kDiv && kIntegerTypes.has(state->type);
  state->count = static_cast<std::size_t>(element_count(c));
  state->a = broadcast_loops(c, context.input_shape(0));
  state->b = broadcast_loops(c, context.input_shape(1));
  return state;
}

void run_reference_line(const LineArguments& args) {
  compute(*static_cast<const ReferenceState*>(args.state), args.inputs[0], args.inputs[1], args.count, args.y);
}

}  // namespace

void run_arithmetic(const RunArguments& args) {
  const auto& state = *static_cast<const ReferenceState*>(args.state);
  const std::size_t bytes = size_of(state.type);
  auto* c = static_cast<std::byte*>(args.outputs[0]);
  FirstFault fault;
  const double cost = state.by_kernel ? kHalfCost : kReferenceCost;
  for_chunks(args.control, state.count, kChunk, cost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      LineBuffer a_line, b_line;
      const void* a = line_up(state.a, bytes, args.inputs[0], first, count, &a_line);
      const void* b = line_up(state.b, bytes, args.inputs[1], first, count, &b_line);
      if (state.may_fault) {
        const std::size_t zero = first_zero(bytes, b, count);
        if (zero < count) fault.note(first + zero);
      }
      compute(state, a, b, count, c + first * bytes);
    });
  });
  fail_if_divided_by_zero(fault);
}

Prepared prepare_arithmetic(const PrepareContext& context, Arithmetic operation) {
  auto state = reference_state(context, operation);
  Prepared prepared;
  if (!state->may_fault) prepared.line_wise = {run_reference_line, kReferenceCost, 0};
  prepared.state = std::move(state);
  return prepared;
}

namespace {

template <BinaryOp kOp>
Prepared prepare_half(const PrepareContext& context) {
  auto state = reference_state(context, arithmetic_of(kOp));
  state->by_kernel = true;
  state->kernel = kernel_of(kOp);
  Prepared prepared;
  prepared.line_wise = {run_reference_line, kHalfCost, 0};
  prepared.state = std::move(state);
  return prepared;
}

template <BinaryOp kOp>
std::vector<Implementation> implementations() {
  const auto prepare_reference = [](const PrepareContext& context) {
    return prepare_arithmetic(context, arithmetic_of(kOp));
  };
  return {
      {"simd", Backend::kSimd, accepts_float32, prepare<kOp>, run_simd},
      {"simd half", Backend::kSimd, accepts_half, prepare_half<kOp>, run_arithmetic},
      {"reference", Backend::kReference, nullptr, prepare_reference, run_arithmetic},
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
  facts.channels_last = same_in_any_layout;
  return facts;
}

}  // namespace linnet::internal
