// The part of OpTest that calls implementations.
#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstring>

#include "ops/kernels/targets.hpp"
#include "ops/ops.hpp"
#include "runtime/element_group.hpp"
#include "runtime/held.hpp"
#include "runtime/storage.hpp"
#include "runtime/thread_pool.hpp"
#include "tests/ops/op_tester.hpp"
#include "tests/support/allocation_counter.hpp"

namespace linnet::internal {
namespace {

/// Memory between two guards: a write into them is seen by intact(), a read by AddressSanitizer.
class GuardedBuffer {
 public:
  GuardedBuffer(std::size_t bytes, std::size_t misalignment)
      : bytes_(bytes),
        before_(kGuard + misalignment),
        total_(before_ + bytes + kGuard),
        memory_(allocate_aligned(total_)) {
    std::memset(memory_.get(), kPattern, total_);
    ASAN_POISON_MEMORY_REGION(memory_.get(), before_);
    ASAN_POISON_MEMORY_REGION(data() + bytes_, kGuard);
  }
  ~GuardedBuffer() { ASAN_UNPOISON_MEMORY_REGION(memory_.get(), total_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  std::byte* data() const { return memory_.get() + before_; }
  std::size_t bytes() const { return bytes_; }
  bool intact() const {
    ASAN_UNPOISON_MEMORY_REGION(memory_.get(), total_);
    const auto untouched = [](std::byte byte) { return byte == std::byte{kPattern}; };
    return std::all_of(memory_.get(), data(), untouched) &&
           std::all_of(data() + bytes_, memory_.get() + total_, untouched);
  }

 private:
  static constexpr std::size_t kGuard = 64;
  static constexpr unsigned char kPattern = 0xa5;
  std::size_t bytes_;
  std::size_t before_;
  std::size_t total_;
  std::shared_ptr<std::byte> memory_;
};

class FreshWeights : public PackedWeights {
 public:
  std::shared_ptr<const std::byte> get(const ConstantPtr&, const std::string&, std::size_t bytes,
                                       const std::function<void(std::byte*)>& pack) override {
    std::shared_ptr<std::byte> block = allocate_aligned(bytes);
    pack(block.get());
    return block;
  }
};

struct Setting {
  int threads = 1;
  bool aligned = true;
  std::vector<InPlace> in_place;  ///< inputs whose memory outputs take over
  bool in_group = false;          ///< as the only member of an element group

  std::string words() const {
    std::string out =
        text(threads, threads == 1 ? " thread" : " threads", aligned ? "" : ", memory aligned to elements only");
    for (const InPlace& pair : in_place)
      out += text(", output ", int{pair.output}, " in place over input ", int{pair.input});
    if (in_group) out += ", in a group";
    return out;
  }
};

std::size_t bytes_of(const TensorType& type) { return byte_count(type.type, to_shape(type.dims)); }

/// The step as a group of its own. Requires: it is line-wise and makes an element at least.
ElementGroup group_of(const OpTest::Case& item, const Prepared& prepared, int threads) {
  const NodeView view = item.view();
  ElementGroup::Member member;
  member.line = prepared.line_wise;
  member.state = prepared.state;
  member.over = item.op->outputs.of(0)->over;
  member.element_bytes = size_of(view.output(0).type);
  member.shape = view.output_shape(0);
  for (std::uint32_t i = 0; i < view.input_count(); ++i) {
    const bool read = view.has_input(i) && !has_bit(prepared.unread_inputs, i);
    member.inputs.emplace_back();
    if (!read) continue;
    member.inputs.back() = {ElementGroup::Source::From::kInput, i, size_of(view.input_type(i)), view.input_shape(i)};
  }
  return ElementGroup({std::move(member)}, threads);
}

/// One call of prepare and run; the outputs as tensors, null for those left out.
class Call {
 public:
  Call(const OpTest::Case& item, const Implementation& implementation, const std::vector<ConstantPtr>& inputs,
       const Setting& setting)
      : item_(item), implementation_(implementation), inputs_(inputs), setting_(setting) {}

  /// Nothing where the step cannot be run in this setting.
  std::vector<ConstantPtr> operator()() {
    Prepared prepared;
    FreshWeights weights;
    const std::shared_ptr<ThreadPool> pool = ThreadPool::shared(setting_.threads);
    RunControl control(pool.get(), setting_.threads);
    if (implementation_.prepare != nullptr)
      prepared = implementation_.prepare(PrepareContext(item_.view(), setting_.threads, weights, control));
    std::optional<ElementGroup> group;
    if (setting_.in_group) {
      if (prepared.line_wise.run == nullptr || bytes_of(item_.view().output(0)) == 0) return {};
      group = group_of(item_, prepared, setting_.threads);
      prepared.workspace_bytes = group->workspace_bytes();
      const std::vector<std::uint8_t>& over = group->in_place_inputs();
      const auto allowed = [&](const InPlace& pair) {
        return std::find(over.begin(), over.end(), pair.input) != over.end();
      };
      if (!std::all_of(setting_.in_place.begin(), setting_.in_place.end(), allowed)) return {};
    }
    const std::vector<const void*> inputs = place_inputs(prepared.unread_inputs);
    const std::vector<void*> outputs = place_outputs();
    const GuardedBuffer workspace(prepared.workspace_bytes, 0);
    constexpr double kLongWork = 1e9;
    control.parallel_for(2, kLongWork, [](std::size_t) {});  // starts the pool's threads
    const std::uint64_t before = test::AllocationCounter::allocations();
    if (group) {
      ElementGroup::run({&*group, inputs.data(), outputs.data(), workspace.data(), control});
    } else {
      implementation_.run({prepared.state.get(), inputs.data(), outputs.data(), workspace.data(), control});
    }
    const std::uint64_t allocations = test::AllocationCounter::allocations() - before;
    EXPECT_TRUE(allocations == 0 || may_allocate()) << allocations << " allocations in run";
    EXPECT_TRUE(workspace.intact()) << "written outside the workspace of " << workspace.bytes() << " bytes";
    check_inputs(prepared.unread_inputs);
    return collect_outputs();
  }

 private:
  /// What a run finds the shape of it makes memory for, and oneDNN is not ours.
  bool may_allocate() const { return reveals(item_.node) || implementation_.backend == Backend::kOnednn; }

  std::size_t misalignment(DataType type) const { return setting_.aligned ? 0 : size_of(type); }

  std::vector<const void*> place_inputs(std::uint64_t unread) {
    std::vector<const void*> pointers;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      input_buffers_.push_back(nullptr);
      if (inputs_[i] == nullptr) {
        pointers.push_back(nullptr);
        continue;
      }
      const Constant& tensor = *inputs_[i];
      input_buffers_.back() = std::make_unique<GuardedBuffer>(tensor.bytes, misalignment(tensor.type));
      const bool read = !has_bit(unread, i);
      if (read && tensor.bytes > 0) std::memcpy(input_buffers_.back()->data(), tensor.data, tensor.bytes);
      pointers.push_back(read ? input_buffers_.back()->data() : nullptr);  // as the compiler leaves it out
    }
    return pointers;
  }

  std::vector<void*> place_outputs() {
    const NodeView view = item_.view();
    std::vector<void*> pointers;
    for (std::size_t i = 0; i < item_.node.outputs.size(); ++i) {
      output_buffers_.push_back(nullptr);
      held_.emplace_back();
      if (item_.node.outputs[i] == kNoValue) {
        pointers.push_back(nullptr);
        continue;
      }
      if (reveals(item_.node)) {
        held_.back() = std::make_unique<Held>();
        pointers.push_back(held_.back().get());
        continue;
      }
      for (const InPlace& pair : setting_.in_place) {
        if (pair.output == i) output_buffers_.back() = input_buffers_[pair.input];
      }
      if (output_buffers_.back() == nullptr) {
        const TensorType& type = view.output(i);
        output_buffers_.back() = std::make_shared<GuardedBuffer>(bytes_of(type), misalignment(type.type));
      }
      pointers.push_back(output_buffers_.back()->data());
    }
    return pointers;
  }

  void check_inputs(std::uint64_t unread) const {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i] == nullptr) continue;
      EXPECT_TRUE(input_buffers_[i]->intact()) << "written beside input " << i;
      const bool copied = !has_bit(unread, i);
      const bool taken = std::any_of(setting_.in_place.begin(), setting_.in_place.end(),
                                     [&](const InPlace& pair) { return pair.input == i; });
      if (taken || !copied || inputs_[i]->bytes == 0) continue;
      EXPECT_EQ(std::memcmp(input_buffers_[i]->data(), inputs_[i]->data, inputs_[i]->bytes), 0)
          << "input " << i << " was written";
    }
  }

  std::vector<ConstantPtr> collect_outputs() const {
    const NodeView view = item_.view();
    std::vector<ConstantPtr> results;
    for (std::size_t i = 0; i < output_buffers_.size(); ++i) {
      results.push_back(nullptr);
      if (held_[i] != nullptr) results.back() = copy_constant(held_[i]->type(), held_[i]->shape(), held_[i]->data());
      if (output_buffers_[i] == nullptr) continue;
      EXPECT_TRUE(output_buffers_[i]->intact()) << "written outside output " << i;
      const TensorType& type = view.output(i);
      results.back() = copy_constant(type.type, to_shape(type.dims), output_buffers_[i]->data());
    }
    return results;
  }

  const OpTest::Case& item_;
  const Implementation& implementation_;
  const std::vector<ConstantPtr>& inputs_;
  Setting setting_;
  std::vector<std::shared_ptr<GuardedBuffer>> input_buffers_;
  std::vector<std::shared_ptr<GuardedBuffer>> output_buffers_;
  std::vector<std::unique_ptr<Held>> held_;  ///< beside them, of an operator that reveals shapes
};

/// The outputs of the node that may take over the memory of an input, and those inputs.
std::vector<InPlace> in_place_of(const OpTest::Case& item) {
  const NodeView view = item.view();
  std::vector<InPlace> pairs;
  for (std::size_t output = 0; output < view.output_count(); ++output) {
    for (std::size_t input = 0; input < view.input_count(); ++input) {
      if (!view.has_output(output) || !has_bit(item.op->outputs.of(output)->over, input)) continue;
      if (!view.has_input(input) || view.input_constant(input) != nullptr) continue;
      if (bits_of(view.input_type(input)) != bits_of(view.output(output).type)) continue;
      if (bytes_of(view.input(input)) != bytes_of(view.output(output))) continue;
      pairs.push_back({static_cast<std::uint8_t>(output), static_cast<std::uint8_t>(input)});
    }
  }
  return pairs;
}

std::vector<Setting> settings_for(const OpTest::Case& item) {
  std::vector<Setting> settings = {{1, true, {}}, {1, false, {}}, {2, true, {}}, {1, false, {}, true}};
  std::vector<InPlace> together;
  for (const InPlace& pair : in_place_of(item)) {
    settings.push_back({1, true, {pair}});
    settings.push_back({2, false, {pair}});
    if (pair.output == 0) settings.push_back({1, true, {pair}, true});
    const auto has_one = [&](const InPlace& other) { return other.output == pair.output || other.input == pair.input; };
    if (std::none_of(together.begin(), together.end(), has_one)) together.push_back(pair);
  }
  if (together.size() > 1) settings.push_back({2, true, together});
  return settings;
}

/// Names of the instruction sets to run an implementation on; the scalar ones run once.
std::vector<std::string> instruction_sets(const Implementation& implementation) {
  if (implementation.backend != Backend::kSimd) return {""};
  const std::vector<const char*> targets = kernels::supported_targets();
  return {targets.begin(), targets.end()};
}

void expect_same(const std::vector<ConstantPtr>& actual, const std::vector<ConstantPtr>& expected,
                 const Tolerance& tolerance, const char* to_what) {
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == nullptr || i >= expected.size() || expected[i] == nullptr) continue;
    EXPECT_EQ(actual[i]->shape, expected[i]->shape) << "output " << i << ", compared with " << to_what;
    if (actual[i]->shape != expected[i]->shape) continue;
    const auto count = static_cast<std::size_t>(expected[i]->count());
    const std::string found = difference(actual[i]->type, count, actual[i]->data, expected[i]->data, tolerance);
    EXPECT_TRUE(found.empty()) << "output " << i << ", compared with " << to_what << ": " << found;
  }
}

/// What is known of a shape that the run finds out.
void expect_fits(const TensorType& type, const Shape& shape, std::size_t output) {
  if (!type.ranked) return;
  ASSERT_EQ(type.dims.size(), shape.size()) << "rank of output " << output;
  for (std::size_t i = 0; i < shape.size(); ++i)
    EXPECT_FALSE(type.dims[i].differs(shape[i])) << "dimension " << i << " of output " << output;
}

bool same_bytes(const Constant& a, const Constant& b) {
  return a.bytes == b.bytes && (a.bytes == 0 || std::memcmp(a.data, b.data, a.bytes) == 0);
}

}  // namespace

std::vector<std::uint64_t> OpTest::constant_masks() const {
  const OpDef* op = all_operators().find(domain_, op_);
  std::uint64_t always = 0;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs_.size(), 64); ++i) {
    if (!inputs_[i].given) continue;
    all |= std::uint64_t{1} << i;
    const bool decides = op != nullptr && op->inputs.has(i, kDecidesShapes);
    if (inputs_[i].always_constant || decides) always |= std::uint64_t{1} << i;
  }
  always &= all;
  std::vector<std::uint64_t> masks = {always, all};
  for (std::size_t i = 1; i < std::min<std::size_t>(inputs_.size(), 4); ++i) {
    if (inputs_[i].given) masks.push_back(always | std::uint64_t{1} << i);
  }
  std::sort(masks.begin() + 1, masks.end());
  masks.erase(std::unique(masks.begin() + 1, masks.end()), masks.end());
  masks.erase(std::remove(masks.begin() + 1, masks.end(), always), masks.end());
  return masks;
}

void OpTest::run() {
  SCOPED_TRACE(title());
  try {
    for (const std::uint64_t mask : constant_masks()) run_case(mask);
    check_commutative();
  } catch (const Error& error) {
    ADD_FAILURE() << "unexpected error: " << error.what();
  }
}

void OpTest::check_commutative() const {
  const OpDef* op = all_operators().find(domain_, op_);
  if (op == nullptr || !op->facts.commutative || inputs_.size() < 2 || error_ || swapped_) return;
  if (std::any_of(outputs_.begin(), outputs_.end(), [](const Output& output) { return output.tensor == nullptr; }))
    return;
  SCOPED_TRACE("inputs 0 and 1 swapped, for facts.commutative");
  OpTest swapped = *this;
  swapped.swapped_ = true;
  swapped.inputs_[0] = inputs_[1];
  swapped.inputs_[1] = inputs_[0];
  swapped.only_ = op->implementations.back().name;
  swapped.identity_.reset();
  swapped.accepting_.reset();
  if (tolerance_.kind == Tolerance::Kind::kExact) swapped.tolerance_ = ulp(0);
  swapped.run_case(0);
}

void OpTest::check_types(const Case& item) const {
  const NodeView view = item.view();
  for (std::size_t i = 0; i < item.node.outputs.size(); ++i) {
    if (item.node.outputs[i] == kNoValue) continue;
    const TensorType& type = view.output(i);
    ASSERT_TRUE(reveals(item.node) || (type.ranked && all_known(type.dims)))
        << "the shape of output " << i << " is not known though all inputs are";
    if (i >= outputs_.size() || outputs_[i].tensor == nullptr) continue;
    ASSERT_EQ(name_of(outputs_[i].type), name_of(type.type)) << "type of output " << i;
    if (reveals(item.node)) {
      expect_fits(type, outputs_[i].tensor->shape, i);
      continue;
    }
    ASSERT_EQ(text(outputs_[i].tensor->shape), text(type.dims)) << "shape of output " << i;
  }
}

void OpTest::run_case(std::uint64_t constants) {
  std::string which = "constant inputs:";
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (has_bit(constants, i)) which += text(" ", i);
  }
  SCOPED_TRACE(which);
  Case item;
  try {
    item = parse_case(constants);
    infer_node(item.node, item.values, item.options, item.symbols);
  } catch (const Error& error) {
    report(error);
    return;
  }
  const bool had_failure = ::testing::Test::HasFailure();
  check_types(item);
  if (!had_failure && ::testing::Test::HasFailure()) return;

  std::vector<ConstantPtr> expected;
  for (const Output& output : outputs_) expected.push_back(output.tensor);
  expected.resize(item.node.outputs.size());
  const std::vector<Implementation>& list = item.op->implementations;
  std::vector<std::string> accepting;
  bool ran = item.op->facts.view_of >= 0;
  // From the last: the reference makes the outputs that it is asked for.
  for (std::size_t i = list.size(); i-- > 0;) {
    item.options.backend = list[i].backend;
    if (list[i].accepts != nullptr && !list[i].accepts(item.view()).empty()) continue;
    accepting.insert(accepting.begin(), list[i].name);
    if (!only_.empty() && only_ != list[i].name && list[i].backend != Backend::kReference) continue;
    for (const std::string& isa : instruction_sets(list[i])) run_implementation(item, list[i], isa, expected);
    ran = true;
  }
  item.options.backend = options_.backend;
  EXPECT_TRUE(ran || item.node.attributes->constant_value() != nullptr) << "no implementation accepts the node";
  if (accepting_ && constants == constant_masks().front()) {
    EXPECT_EQ(text(*accepting_), text(accepting)) << "the implementations that accept";
  }
  if (error_) return;
  check_identity(item);
  check_facts(item, expected);
  if (constants == constant_masks().front()) check_less_known(expected);
}

void OpTest::run_implementation(const Case& item, const Implementation& implementation, const std::string& isa,
                                std::vector<ConstantPtr>& expected) const {
  if (!isa.empty()) {
    ASSERT_TRUE(kernels::set_isa(isa)) << isa;
  }
  std::vector<ConstantPtr> inputs;
  for (const Input& input : inputs_) inputs.push_back(input.tensor);
  std::vector<ConstantPtr> first;
  for (const Setting& setting : settings_for(item)) {
    SCOPED_TRACE(text(implementation.name, isa.empty() ? "" : " on ", isa, ", ", setting.words()));
    try {
      const std::vector<ConstantPtr> actual = Call(item, implementation, inputs, setting)();
      if (actual.empty()) continue;
      if (error_) {
        ADD_FAILURE() << "no error, but expected: " << error_words_;
        continue;
      }
      if (first.empty()) {
        first = actual;
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
          if (implementation.backend == Backend::kReference && expected[i] == nullptr) expected[i] = actual[i];
        }
        expect_same(actual, expected, tolerance_for(implementation.name), "what is expected");
      } else {
        expect_same(actual, first, exact(), "the first run");
      }
    } catch (const Error& error) {
      report(with_node(item.node, error));
    }
  }
  if (!isa.empty()) kernels::set_isa("auto");
}

void OpTest::check_facts(const Case& item, const std::vector<ConstantPtr>& expected) const {
  const OpFacts& facts = item.op->facts;
  if (expected.empty() || expected[0] == nullptr) return;
  if (facts.view_of >= 0) {
    EXPECT_TRUE(same_bytes(*inputs_[static_cast<std::size_t>(facts.view_of)].tensor, *expected[0]))
        << "facts.view_of does not hold";
  }
  const bool only_output =
      std::all_of(item.node.outputs.begin() + 1, item.node.outputs.end(), [](ValueId id) { return id == kNoValue; });
  if (facts.is_identity != nullptr && only_output && facts.is_identity(item.view())) {
    const Constant& input = *inputs_[0].tensor;
    EXPECT_TRUE(input.type == expected[0]->type && input.shape == expected[0]->shape && same_bytes(input, *expected[0]))
        << "facts.is_identity does not hold";
  }
  if (const ConstantPtr value = item.node.attributes->constant_value()) {
    EXPECT_TRUE(value->type == expected[0]->type && value->shape == expected[0]->shape &&
                same_bytes(*value, *expected[0]))
        << "Attributes::constant_value does not hold";
  }
}

}  // namespace linnet::internal
