// Groups of elementwise steps: which steps are joined, and that a group gives every element what its steps give.
#include "runtime/element_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>

#include "runtime/error.hpp"
#include "runtime/find_element_groups.hpp"
#include "runtime/task_trace.hpp"
#include "runtime/thread_pool.hpp"

namespace linnet::internal {
namespace {

/// A list of steps on values that are named by characters.
class Steps {
 public:
  void input(char name, const Shape& shape) { value(name, shape).producer = kNoNode; }
  void constant(char name, const Shape& shape) {
    const std::vector<float> zeros(static_cast<std::size_t>(element_count(shape)));
    value(name, shape).constant = copy_constant(DataType::kFloat32, shape, zeros.data());
  }
  /// `line_wise`: whether it can join a group.
  void step(char output, const std::string& inputs, const Shape& shape, bool line_wise = true) {
    value(output, shape).producer = static_cast<NodeId>(inputs_.size());
    inputs_.emplace_back();
    for (const char name : inputs) {
      inputs_.back().push_back(id_of(name));
      ++readers_[views_[id_of(name)]];
    }
    outputs_.push_back(id_of(output));
    line_wise_.push_back(line_wise);
  }
  void view(char name, char of, const Shape& shape) {
    value(name, shape);
    views_[id_of(name)] = views_[id_of(of)];
  }
  void output(char name) { ++readers_[views_[id_of(name)]]; }

  std::vector<ElementGroupSteps> groups() const {
    std::vector<ElementStep> steps(inputs_.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (line_wise_[i]) steps[i] = {&inputs_[i], outputs_[i]};
    }
    return find_element_groups(steps, views_, readers_, values_);
  }

 private:
  static ValueId id_of(char name) { return static_cast<ValueId>(name - '!'); }
  Value& value(char name, const Shape& shape) {
    const ValueId id = id_of(name);
    if (id >= values_.size()) {
      values_.resize(id + 1);
      readers_.resize(id + 1, 0);
      while (views_.size() <= id) views_.push_back(static_cast<ValueId>(views_.size()));
    }
    values_[id].type = {DataType::kFloat32, true, to_dims(shape)};
    return values_[id];
  }

  std::vector<Value> values_;
  std::vector<ValueId> views_;
  std::vector<std::uint32_t> readers_;
  std::vector<std::vector<ValueId>> inputs_;
  std::vector<ValueId> outputs_;
  std::vector<bool> line_wise_;
};

using Groups = std::vector<ElementGroupSteps>;
const Shape kMatrix = {4, 8};

TEST(FindElementGroups, JoinsNeighboursOfOneSize) {
  Steps steps;
  steps.input('a', kMatrix);
  steps.input('b', {8});
  steps.step('c', "ab", kMatrix);
  steps.step('d', "c", kMatrix);
  steps.step('e', "dda", kMatrix);
  steps.output('e');
  EXPECT_EQ(steps.groups(), (Groups{{0, 1, 2}}));
}

TEST(FindElementGroups, JoinsWhatIsReadByMembersAlone) {
  Steps steps;
  steps.input('a', kMatrix);
  steps.step('b', "a", kMatrix);  // read by two members
  steps.step('c', "b", kMatrix);
  steps.step('d', "cb", kMatrix);  // also a graph output
  steps.step('e', "d", kMatrix);
  steps.output('d');
  steps.output('e');
  EXPECT_EQ(steps.groups(), (Groups{{0, 1, 2}}));
}

TEST(FindElementGroups, LeavesWhatAnotherStepReads) {
  Steps steps;
  steps.input('a', kMatrix);
  steps.step('b', "a", kMatrix);
  steps.step('c', "b", kMatrix, false);
  steps.step('d', "bc", kMatrix);
  steps.step('e', "d", kMatrix);
  steps.output('e');
  EXPECT_EQ(steps.groups(), (Groups{{2, 3}}));
}

TEST(FindElementGroups, LeavesOtherSizesAndEmptyTensors) {
  Steps steps;
  steps.input('a', {4, 1});
  steps.input('b', kMatrix);
  steps.step('c', "a", {4, 1});
  steps.step('d', "cb", kMatrix);
  steps.output('d');
  steps.input('e', {0, 8});
  steps.step('f', "e", {0, 8});
  steps.step('g', "f", {0, 8});
  steps.output('g');
  EXPECT_EQ(steps.groups(), Groups{});
}

TEST(FindElementGroups, SeesThroughViews) {
  Steps steps;
  steps.input('a', kMatrix);
  steps.step('b', "a", kMatrix);
  steps.view('c', 'b', {32});
  steps.step('d', "c", {32});
  steps.output('d');
  EXPECT_EQ(steps.groups(), (Groups{{0, 1}}));
}

TEST(FindElementGroups, LetsAStepWaitForOthersWhereThatTakesNoMemory) {
  // d = f(product) waits for the product e; so does c = a + b of graph inputs, but not where both were computed.
  for (const bool computed : {false, true}) {
    Steps steps;
    steps.input('a', kMatrix);
    steps.input('b', kMatrix);
    steps.input('w', kMatrix);
    steps.step('x', "w", kMatrix, false);
    steps.step('y', "w", kMatrix, false);
    steps.step('c', computed ? "xy" : "ab", kMatrix);
    steps.step('d', "x", kMatrix);
    steps.step('e', "w", kMatrix, false);
    steps.step('f', "cde", kMatrix);
    steps.output('f');
    EXPECT_EQ(steps.groups(), computed ? (Groups{{3, 5}}) : (Groups{{2, 3, 5}})) << computed;
  }
}

TEST(FindElementGroups, HasMembersUpToALimit) {
  constexpr char kFirst = '!';
  constexpr int kSteps = 70;
  Steps steps;
  steps.input(kFirst, kMatrix);
  for (int i = 1; i <= kSteps; ++i) {
    const auto from = static_cast<char>(kFirst + i - 1);
    steps.step(static_cast<char>(kFirst + i), {from}, kMatrix);
  }
  steps.output(static_cast<char>(kFirst + kSteps));
  const Groups groups = steps.groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].size(), ElementGroup::kMostMembers);
  EXPECT_EQ(groups[1].size(), kSteps - ElementGroup::kMostMembers);
}

/// y = 1 + the sum of all inputs. Bit i of `seen` is set when input i came as one element.
struct Sum {
  std::size_t inputs;
  std::vector<std::uint8_t> in_place_inputs;
  std::atomic<bool>* stop = nullptr;
  mutable std::atomic<std::uint64_t> seen{0};
  mutable std::atomic<std::size_t> most{0};
};

/// y may be the whole line of an input that it may overwrite, and touches no other.
void expect_apart(const Sum& state, const LineArguments& arguments) {
  const auto* const y = static_cast<const float*>(arguments.y);
  const std::vector<std::uint8_t>& in_place = state.in_place_inputs;
  for (std::size_t input = 0; input < state.inputs; ++input) {
    const auto* const x = static_cast<const float*>(arguments.inputs[input]);
    const bool single = has_bit(arguments.single_inputs, input);
    const bool may_be_y = !single && std::find(in_place.begin(), in_place.end(), input) != in_place.end();
    const bool apart = x + (single ? 1 : arguments.count) <= y || y + arguments.count <= x;
    EXPECT_TRUE(apart || (may_be_y && x == y)) << "input " << input;
  }
}

void add_lines(const LineArguments& arguments) {
  const auto& state = *static_cast<const Sum*>(arguments.state);
  expect_apart(state, arguments);
  auto* const y = static_cast<float*>(arguments.y);
  for (std::size_t i = 0; i < arguments.count; ++i) {
    float sum = 1.0F;
    for (std::size_t input = 0; input < state.inputs; ++input)
      sum += static_cast<const float*>(arguments.inputs[input])[has_bit(arguments.single_inputs, input) ? 0 : i];
    y[i] = sum;
  }
  state.seen.fetch_or(arguments.single_inputs);
  if (arguments.count > state.most.load()) state.most.store(arguments.count);
  if (state.stop != nullptr) state.stop->store(true);
}

using Source = ElementGroup::Source;
Source from_input(std::uint32_t index, const Shape& shape) {
  return {Source::From::kInput, index, sizeof(float), shape};
}
Source from_member(std::uint32_t index) { return {Source::From::kMember, index, sizeof(float), {}}; }

const std::vector<std::uint8_t> kAnywhere = {0, 1};
const std::vector<std::uint8_t> kNowhere = {};

ElementGroup::Member adder(const Shape& shape, std::vector<Source> inputs, std::uint64_t takes_single,
                           const std::vector<std::uint8_t>& in_place = kAnywhere, std::atomic<bool>* stop = nullptr) {
  ElementGroup::Member member;
  auto state = std::make_shared<Sum>();
  state->inputs = inputs.size();
  state->in_place_inputs = in_place;
  state->stop = stop;
  member.line = {add_lines, 1.0, takes_single};
  member.state = std::move(state);
  for (const std::uint8_t input : in_place) member.over = static_cast<std::uint8_t>(member.over | over(input));
  member.element_bytes = sizeof(float);
  member.shape = shape;
  member.inputs = std::move(inputs);
  return member;
}

/// Element `index` (row-major) of `shape`, of an operand that is broadcast to it.
float element_of(const std::vector<float>& operand, const Shape& operand_shape, const Shape& shape, std::size_t index) {
  std::size_t at = 0;
  std::size_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const std::size_t position = index % static_cast<std::size_t>(shape[axis]);
    index /= static_cast<std::size_t>(shape[axis]);
    const std::size_t missing = shape.size() - operand_shape.size();
    if (axis < missing) continue;
    const auto size = static_cast<std::size_t>(operand_shape[axis - missing]);
    if (size > 1) at += position * stride;
    stride *= size;
  }
  return operand[at];
}

std::vector<float> numbers(const Shape& shape, float first) {
  std::vector<float> made(static_cast<std::size_t>(element_count(shape)));
  std::iota(made.begin(), made.end(), first);
  return made;
}

struct Broadcast {
  Shape shape;
  Shape a, b;
};

TEST(ElementGroup, GivesEveryElementWhatItsMembersGive) {
  // c = a + b + 1; d = c + a + 1; e = d + c + 1
  const std::vector<Broadcast> cases = {
      {{}, {}, {}},
      {{1}, {1}, {1, 1}},
      {{7}, {7}, {}},
      {{3000}, {3000}, {1}},
      {{300, 300}, {300, 300}, {300}},
      {{300, 300}, {300, 1}, {300}},
      {{300, 300}, {300, 1}, {1, 300}},
      {{70, 1500}, {70, 1500}, {70, 1}},
      {{70, 1500}, {1500}, {70, 1}},
      {{500, 3}, {500, 3}, {3}},
      {{500, 3}, {500, 1}, {3}},
      {{5, 200, 64}, {5, 1, 64}, {200, 1}},
      {{2, 3, 4, 400}, {2, 1, 4, 1}, {3, 1, 400}},
      {{40, 1025}, {40, 1025}, {40, 1}},
  };
  for (const Broadcast& c : cases) {
    for (const std::uint64_t takes_single : {0U, 3U}) {
      for (const int threads : {1, 2, 3}) {
        SCOPED_TRACE(testing::Message() << testing::PrintToString(c.shape) << testing::PrintToString(c.a)
                                        << testing::PrintToString(c.b) << takes_single << ' ' << threads);
        std::vector<ElementGroup::Member> members;
        members.push_back(adder(c.shape, {from_input(0, c.a), from_input(1, c.b)}, takes_single));
        members.push_back(adder(c.shape, {from_member(0), from_input(0, c.a)}, takes_single));
        members.push_back(adder(c.shape, {from_member(1), from_member(0)}, takes_single));
        const auto first = std::static_pointer_cast<const Sum>(members.front().state);
        const ElementGroup group(std::move(members), threads);
        const std::vector<float> a = numbers(c.a, 1.0F);
        const std::vector<float> b = numbers(c.b, 0.5F);
        std::vector<float> y(static_cast<std::size_t>(element_count(c.shape)), -1.0F);
        std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
        const void* const inputs[] = {a.data(), b.data()};
        void* const outputs[] = {y.data()};
        ThreadPool pool(threads);
        RunControl control(&pool, threads);
        ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
        for (std::size_t i = 0; i < y.size(); ++i) {
          const float of_a = element_of(a, c.a, c.shape, i);
          const float sum = 1.0F + of_a + element_of(b, c.b, c.shape, i);
          ASSERT_EQ(y[i], 1.0F + (1.0F + sum + of_a) + sum) << i;
        }
        EXPECT_EQ(first->seen.load() & ~takes_single, 0U);
        EXPECT_LE(first->most.load(), kLineElements);
      }
    }
  }
}

TEST(ElementGroup, HandsOverOneElementWhereAMemberTakesIt) {
  const Shape shape = {10, 500};
  std::vector<ElementGroup::Member> members;
  members.push_back(adder(shape, {from_input(0, shape), from_input(1, {10, 1}), from_input(2, {})}, 0b110));
  members.push_back(adder(shape, {from_member(0), from_input(1, {10, 1})}, 0));
  const auto first = std::static_pointer_cast<const Sum>(members.front().state);
  const ElementGroup group(std::move(members), 1);
  const std::vector<float> x = numbers(shape, 0.0F), column = numbers({10, 1}, 3.0F), one = {0.25F};
  std::vector<float> y(x.size());
  std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
  const void* const inputs[] = {x.data(), column.data(), one.data()};
  void* const outputs[] = {y.data()};
  RunControl control(nullptr, 1);
  ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], 2.25F + x[i] + 2.0F * column[i / 500]) << i;
  EXPECT_EQ(first->seen.load(), 0b110U);
}

TEST(ElementGroup, TakesOverTheMemoryOfInputsAsLongAsTheOutput) {
  const Shape shape = {40, 300};
  const auto group_of = [&](const std::vector<std::uint8_t>& of_last) {
    std::vector<ElementGroup::Member> members;
    members.push_back(adder(shape, {from_input(0, shape), from_input(1, {300})}, 0, kNowhere));
    members.push_back(adder(shape, {from_member(0), from_input(2, shape)}, 0, of_last));
    return ElementGroup(std::move(members), 1);
  };
  EXPECT_EQ(group_of(kAnywhere).in_place_inputs(), (std::vector<std::uint8_t>{0, 2}));
  EXPECT_EQ(group_of(kNowhere).in_place_inputs(), (std::vector<std::uint8_t>{0}));
  const ElementGroup group = group_of(kAnywhere);
  for (const std::size_t place : {0U, 2U}) {
    std::vector<float> in[3] = {numbers(shape, 1.0F), numbers({300}, 2.0F), numbers(shape, 3.0F)};
    const std::vector<float> a = in[0], b = in[1], c = in[2];
    std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
    const void* const inputs[] = {in[0].data(), in[1].data(), in[2].data()};
    void* const outputs[] = {in[place].data()};
    RunControl control(nullptr, 1);
    ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_EQ(in[place][i], 1.0F + (1.0F + a[i] + b[i % 300]) + c[i]) << i;
  }
}

TEST(ElementGroup, KeepsALineThatItsReaderMayNotOverwrite) {
  const Shape shape = {5000};
  const std::vector<std::uint8_t> second = {1};
  std::vector<ElementGroup::Member> members;
  members.push_back(adder(shape, {from_input(0, shape)}, 0));
  members.push_back(adder(shape, {from_member(0)}, 0, kNowhere));
  members.push_back(adder(shape, {from_member(0), from_member(1)}, 0, second));
  members.push_back(adder(shape, {from_member(2), from_input(1, {})}, 0, kNowhere));
  members.push_back(adder(shape, {from_member(3)}, 0, kNowhere));
  const ElementGroup group(std::move(members), 1);
  const std::vector<float> x = numbers(shape, 0.0F), one = {0.5F};
  std::vector<float> y(x.size());
  std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
  const void* const inputs[] = {x.data(), one.data()};
  void* const outputs[] = {y.data()};
  RunControl control(nullptr, 1);
  ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], 2.0F * x[i] + 6.5F) << i;
}

TEST(ElementGroup, CutsLinesOfCostlyMembersShort) {
  constexpr double kCost = 2000.0;            // ns per element
  constexpr double kLongestBlock = 500000.0;  // ns
  for (const Shape& shape : {Shape{3000}, Shape{50, 200}}) {
    std::vector<ElementGroup::Member> members;
    members.push_back(adder(shape, {from_input(0, shape), from_input(1, {shape.back()})}, 0));
    members.push_back(adder(shape, {from_member(0)}, 0));
    members.back().line.cost = kCost;
    const ElementGroup group(std::move(members), 1);
    const std::vector<float> x = numbers(shape, 0.0F), row = numbers({shape.back()}, 1.0F);
    std::vector<float> y(x.size());
    std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
    const void* const inputs[] = {x.data(), row.data()};
    void* const outputs[] = {y.data()};
    RunControl control(nullptr, 1);
    TaskTrace trace(1, TaskTrace::Takes::kMembers);
    control.set_trace(&trace);
    ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
    const std::size_t blocks = trace.workers()[0].size() / 2;
    EXPECT_GE(static_cast<double>(blocks) * kLongestBlock, static_cast<double>(x.size()) * kCost);
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], 2.0F + x[i] + row[i % row.size()]) << i;
  }
}

TEST(ElementGroup, NeedsNoMoreLinesThanAreReadLater) {
  const Shape shape = {100000};
  const auto workspace_of = [&](std::size_t count) {
    std::vector<ElementGroup::Member> members;
    members.push_back(adder(shape, {from_input(0, shape)}, 0));
    for (std::uint32_t i = 1; i < count; ++i) members.push_back(adder(shape, {from_member(i - 1)}, 0));
    return ElementGroup(std::move(members), 1).workspace_bytes();
  };
  EXPECT_LT(workspace_of(20), workspace_of(2) + 1024) << "a chain needs one line, whatever its length";
}

TEST(ElementGroup, StopsBetweenBlocks) {
  const Shape shape = {1 << 20};
  std::atomic<bool> stop{false};
  std::vector<ElementGroup::Member> members;
  members.push_back(adder(shape, {from_input(0, shape)}, 0));
  members.push_back(adder(shape, {from_member(0)}, 0, kAnywhere, &stop));
  const ElementGroup group(std::move(members), 1);
  const std::vector<float> x(1 << 20, 0.0F);
  std::vector<float> y(x.size());
  std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
  const void* const inputs[] = {x.data()};
  void* const outputs[] = {y.data()};
  RunControl control(nullptr, 1);
  control.set_stop(&stop);
  try {
    ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
    ADD_FAILURE() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_EQ(y.front(), 2.0F);
  EXPECT_EQ(y.back(), 0.0F);
}

TEST(ElementGroup, TellsOnceABlockWhatEachMemberTook) {
  const Shape shape = {100000};
  std::vector<ElementGroup::Member> members;
  members.push_back(adder(shape, {from_input(0, shape)}, 0));
  members.push_back(adder(shape, {from_member(0)}, 0));
  const ElementGroup group(std::move(members), 1);
  const std::vector<float> x(100000, 0.0F);
  std::vector<float> y(x.size());
  std::vector<std::max_align_t> workspace(group.workspace_bytes() / sizeof(std::max_align_t) + 1);
  const void* const inputs[] = {x.data()};
  void* const outputs[] = {y.data()};
  RunControl control(nullptr, 1);
  TaskTrace trace(1, TaskTrace::Takes::kMembers);
  control.set_trace(&trace);
  ElementGroup::run({&group, inputs, outputs, workspace.data(), control});
  const std::vector<TaskTime>& times = trace.workers()[0];
  ASSERT_GT(times.size(), 2U);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i].index, i / 2);
    EXPECT_EQ(times[i].member, i % 2);
    EXPECT_GT(times[i].end, times[i].start);
    if (i > 0) {
      EXPECT_GE(times[i].start, times[i - 1].end);
    }
  }
}

}  // namespace
}  // namespace linnet::internal
