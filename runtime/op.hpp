// What an operator is: how its attributes are parsed, its shapes inferred, and the ordered list of its implementations.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/data_type.hpp"
#include "runtime/graph.hpp"
#include "runtime/node_view.hpp"
#include "runtime/parse_context.hpp"
#include "runtime/run_control.hpp"

namespace linnet {
enum class ElementMeaning : std::uint8_t;
}

namespace linnet::internal {

/// Domain of the operators that passes and loader put in, which no model can name.
inline constexpr const char* kOwnDomain = "linnet";

class Registry;
class ModelImpl;
struct Program;
struct ProgramInput;

/// Keeps packed weights, so that programs for different input shapes share them.
class PackedWeights {
 public:
  virtual ~PackedWeights() = default;
  /// The block made for this constant under this key, or a new one from `pack(memory)`. Errors: std::bad_alloc.
  virtual std::shared_ptr<const std::byte> get(const ConstantPtr& source, const std::string& key, std::size_t bytes,
                                               const std::function<void(std::byte*)>& pack) = 0;
};

/// Models of the bodies that run as such. Owned by the model around them.
class BodyModels {
 public:
  virtual ~BodyModels() = default;
  /// The one of this graph, made when it is first asked for.
  virtual ModelImpl& model_of(const std::shared_ptr<const Graph>& body) = 0;
};

/// Makes programs of the bodies of a node.
class BodyCompiler {
 public:
  virtual ~BodyCompiler() = default;
  /// Errors: those of `compile` in program.hpp.
  virtual std::shared_ptr<const Program> compile_body(const Graph& body, const std::vector<ProgramInput>& inputs) = 0;
  /// For a node with `staged_bodies`.
  virtual ModelImpl& model_of(const std::shared_ptr<const Graph>& body) = 0;
};

/// What `prepare` sees: all shapes are numbers.
class PrepareContext : public NodeView {
 public:
  PrepareContext(const NodeView& node, int threads, PackedWeights& weights, RunControl& control,
                 BodyCompiler* bodies = nullptr)
      : NodeView(node), threads_(threads), weights_(&weights), control_(&control), bodies_(bodies) {}
  /// The most threads a run may use; workers are numbered below it.
  int threads() const { return threads_; }
  PackedWeights& weights() const { return *weights_; }
  /// For sharing the work of preparing; its threads may be fewer than a run's.
  RunControl& control() const { return *control_; }
  /// Requires: the node has bodies.
  BodyCompiler& bodies() const { return *bodies_; }

 private:
  int threads_;
  PackedWeights* weights_;
  RunControl* control_;
  BodyCompiler* bodies_;
};

/// What a row-wise step does to some of its rows.
struct RowArguments {
  const void* state;          ///< that of Prepared
  const void* const* inputs;  ///< as in RunArguments, but for input 0
  const void* x;              ///< the rows of input 0
  void* y;                    ///< for the rows of output 0; does not overlap x
  std::size_t rows;
  std::size_t x_row_bytes;  ///< from the beginning of a row to that of the next: of a row, unless reads_padded
  std::size_t y_row_bytes;  ///< likewise, unless writes_padded
};

/// A step whose output 0 is made of `rows` rows, each from the same row of input 0 and from nothing else that a run
/// changes. Its result does not depend on how many rows are asked for at once.
struct RowWise {
  void (*run)(const RowArguments&) = nullptr;  ///< allocates nothing, locks nothing, never throws; null: not row-wise
  std::size_t rows = 0;
  std::size_t x_row_bytes = 0;
  std::size_t y_row_bytes = 0;
  double row_cost = 0.0;          ///< nanoseconds of one thread
  std::size_t weights_bytes = 0;  ///< read whatever the number of rows
  /// Whether rows may be padded to whole cache lines; what is behind a row may be read, or written to, and counts for
  /// nothing. Whole vectors pass from one step to the next faster than parts of them.
  bool reads_padded = false;
  bool writes_padded = false;
};

/// The most elements that a line-wise step is asked for at once.
inline constexpr std::size_t kLineElements = 1024;

/// What a line-wise step does to some neighbouring elements of its output.
struct LineArguments {
  const void* state;            ///< that of Prepared
  const void* const* inputs;    ///< of each the elements that belong to those of y; null for one left out
  std::uint64_t single_inputs;  ///< bit i: input i is one element, for all of y
  void* y;  ///< may be an input that OutputDef::over names, not single, wherever else it is read; overlaps no other
  std::size_t count;  ///< of y, 1 to kLineElements
  bool streamed;      ///< y had better go past the caches; it is there on return for every thread
};

/// A step whose output 0 is made element by element, from inputs that broadcast to its shape (or are one element, of
/// any shape) and from nothing else that a run changes. What an element becomes does not depend on its neighbours.
struct LineWise {
  void (*run)(const LineArguments&) = nullptr;  ///< allocates nothing, locks nothing, never throws; null: not line-wise
  double cost = 0.0;               ///< nanoseconds per element on one thread, from and to the first-level cache
  std::uint64_t takes_single = 0;  ///< bit i: input i may be one element; the others are as long as y
};

struct Prepared {
  std::shared_ptr<const void> state;  ///< what `run` needs besides pointers; may be null
  std::size_t workspace_bytes = 0;    ///< 64-byte aligned scratch memory during the step
  std::uint64_t unread_inputs = 0;    ///< bit i: input i was packed or otherwise consumed here, `run` does not read it
  RowWise row_wise = {};              ///< for chains of steps
  LineWise line_wise = {};            ///< for groups of steps
};

struct RunArguments {
  const void* state;
  const void* const* inputs;  ///< null for an input left out
  void* const* outputs;  ///< null for an output left out; each a Held (held.hpp) of an operator that reveals shapes
  void* workspace;
  RunControl& control;
};

struct Implementation {
  const char* name;  ///< "simd", "onednn", "reference", or what tells it from others
  Backend backend;   ///< kReference: always allowed, also when another backend is asked for
  /// Empty: yes. Otherwise the reason why not, in words. Null: always yes.
  std::string (*accepts)(const NodeView&);
  /// Null: no state, no workspace.
  Prepared (*prepare)(const PrepareContext&);
  /// Allocates nothing, locks nothing, throws only for faults that depend on the data (kRuntimeFault) and what
  /// RunControl throws.
  void (*run)(const RunArguments&);
};

/// What a fusion puts in the place of several nodes. Its output is output 0 of the last of them.
struct Replacement {
  const OpDef* op = nullptr;
  AttributesPtr attributes;
  std::vector<std::variant<ValueId, ConstantPtr>> inputs;  ///< kNoValue for one left out
  bool named_after_consumer = false;                       ///< what is left is the consumer, rather than the producer
};

/// A node and the only reader of its only output.
struct FusionContext {
  NodeView producer;
  NodeView consumer;
  std::size_t consumer_input;  ///< which input of the consumer the producer feeds
  const Registry& registry;
  std::uint64_t shared_inputs = 0;  ///< bit i: input i of the producer has other readers, too
};
using FusionHook = std::optional<Replacement> (*)(const FusionContext&);

/// A node on images whose channels, axis 1 in ONNX, stand last (ops/shared/layout.hpp). Its outputs are such images.
struct ChannelsLast {
  AttributesPtr attributes;  ///< of the node then
  /// Bit i: input i is such an image, too; the other inputs stay as they are. One of lower rank is a constant, which
  /// broadcasts.
  std::uint64_t images = 0;
  double gain = 0;  ///< what it saves, in copies of an output; below 0 where it loses
};

/// The elements that a node takes for an input, where not any will do.
struct WantedElements {
  ElementMeaning meaning{};  ///< kNumbers at first; see <linnet/inspect.hpp>
  std::int64_t low = INT64_MIN;
  std::int64_t high = INT64_MAX;       ///< included
  std::vector<std::int64_t> elements;  ///< where they depend on each other: these, in row-major order; else empty
  std::string what;                    ///< for people: "an index into axis 0 of size 30522"
};

/// Whether a mask names the input; masks name the first 64 of them.
constexpr bool has_bit(std::uint64_t mask, std::size_t input) { return input < 64 && (mask >> input & 1) != 0; }

/// What passes, planner and compiler know of an operator; they never look at its name.
struct OpFacts {
  int view_of = -1;  ///< output 0 has the bytes of this input, under another shape: no step is needed
  /// Further inputs that decide shapes than those declared so, where that depends on the node: bit i for input i. Null:
  /// none.
  std::uint64_t (*more_value_inputs)(const Node&) = nullptr;
  /// What the elements of this input must be for the node to run; nothing where any will do. Called when type and rank
  /// of every input are known. Every input that decides shapes and may be given at run time has an answer.
  std::optional<WantedElements> (*wanted_elements)(const NodeView&, std::size_t input) = nullptr;
  /// The run finds out the shapes of the outputs, and makes their memory. What reads one is compiled then: `infer` says
  /// of their dimensions what is known.
  bool reveals = false;
  bool deterministic = true;
  bool commutative = false;  ///< inputs 0 and 1 may change places
  /// Output 0 equals input 0, shape and type included, when the other outputs are unused. Called when type and rank of
  /// every input are known.
  bool (*is_identity)(const NodeView&) = nullptr;
  /// Nanoseconds that the node takes on constants, on one thread of a machine that stands for all, for operators whose
  /// work is more than in proportion to the elements they read and write. Null: in proportion. Requires: all shapes
  /// known.
  double (*folding_ns)(const NodeView&) = nullptr;
  /// The axis along which output 0 is input 0 with more behind it; nothing where it is not. Where the output has room
  /// for more, `run` only writes what is new (NodeView::output_has_room). Called when the ranks of all inputs are
  /// known. Null: never.
  std::optional<std::size_t> (*appends_along)(const NodeView&) = nullptr;
  /// The body that every run of the node goes through once, and whose outputs are the node's; nothing where that is not
  /// certain. The bodies have no inputs but captures. Called with what is known of the inputs.
  std::optional<std::size_t> (*taken_body)(const NodeView&) = nullptr;
  FusionHook absorb_addend = nullptr;      ///< takes in an element-wise sum with a constant
  FusionHook absorb_affine = nullptr;      ///< takes in a per-channel scale and shift
  FusionHook absorb_activation = nullptr;  ///< takes in an element-wise function as epilogue
  FusionHook absorb_transpose = nullptr;   ///< is or takes in a change of the order of axes
  /// The node with channels last; nothing where it cannot be. Called when type and rank of every input are known. Null:
  /// never.
  std::optional<ChannelsLast> (*channels_last)(const NodeView&) = nullptr;
};

/// How an operator uses the graphs in its attributes.
struct BodyUse {
  const char* attribute = nullptr;
  /// What is known of the inputs that the operator gives the body, when only the inputs of the node are known: there
  /// are as many as this sets. `assume`: what is likely may be taken for known (a carried value keeps its shape).
  void (*inputs)(const NodeView&, bool assume, std::vector<Value>& inputs) = nullptr;
  /// Whether the body's outputs bear out what was assumed. Null: nothing ever is.
  bool (*holds)(const Node&, const Graph& body) = nullptr;
  /// The node's input that an input of the body begins as, if shapes in the body depend on the elements of that one.
  /// Null: none.
  std::size_t (*begins_as)(std::size_t body_input) = nullptr;
};

inline constexpr std::size_t kVariadic = ~std::size_t{0};

/// What an operator does with an input or output; the bits of InputDef::uses and, where said, OutputDef::uses.
enum DeclaredUse : std::uint8_t {
  kMayBeLeftOut = 1,   ///< outputs, too
  kRepeated = 2,       ///< the last one: there may be any number of these; outputs, too
  kTypeOfFirst = 4,    ///< has the type of input 0
  kDecidesShapes = 8,  ///< shapes depend on its elements
  kShapeOnly = 16,     ///< outputs depend on its shape alone
  kMoved = 32,         ///< outputs hold its elements: moved, repeated, chosen or converted
  kJudgesTypes = 64,   ///< `infer` looks at the type itself: sequences, what depends on attributes; outputs, too
  kSpaced = 128        ///< its elements may have room between them: NodeView::input_extent says where they lie
};

/// An input as an operator declares it. The checks that follow from it are made before `infer` is called.
struct InputDef {
  const char* name;  ///< as ONNX spells it; "" for those of a repeated one, which are told by number
  TypeSet types;     ///< element types that may be given
  std::uint8_t uses = 0;
};

/// For OutputDef: the type of this input.
struct TypeOf {
  std::uint8_t input;
};

/// For OutputDef::over.
template <typename... Inputs>
constexpr std::uint8_t over(Inputs... inputs) {
  return static_cast<std::uint8_t>(((1U << inputs) | ...));
}

/// An output as an operator declares it. Storage and passes rely on it, and `infer` is held to it.
struct OutputDef {
  constexpr OutputDef(const char* name, TypeSet types, std::uint8_t uses = 0, std::uint8_t over = 0)
      : name(name), types(types), uses(uses), over(over) {}
  constexpr OutputDef(const char* name, TypeOf like, std::uint8_t uses = 0, std::uint8_t over = 0)
      : name(name), types({}), uses(uses), over(over), like(static_cast<std::int8_t>(like.input)) {}

  /// The element type that follows for a node; kUndefined where it is not known yet, or `infer` chooses one of several.
  DataType type(const NodeView& node) const;
  /// Whether an output of a node may have this type.
  bool may_be(DataType type, const NodeView& node) const;

  const char* name;   ///< as ONNX spells it; "" for those of a repeated one, which are told by number
  TypeSet types;      ///< element types that it may have; none where it is `like` an input
  std::uint8_t uses;  ///< kMayBeLeftOut, kRepeated, kJudgesTypes
  /// Bit i: may take over the memory of input i, where both have as many elements, of one size. Each element is read
  /// before it is written, and nothing else is read of the input then.
  std::uint8_t over;
  std::int8_t like = -1;  ///< the input that it has the type of
};

/// The inputs or the outputs that an operator declares. Borrows an array that lives as long as the program.
template <typename Def>
class OperandTable {
 public:
  constexpr OperandTable() = default;
  template <std::size_t kCount>
  constexpr OperandTable(const Def (&operands)[kCount]) : first_(operands), count_(kCount) {}  // NOLINT(*-explicit-*)

  constexpr const Def* begin() const { return first_; }
  constexpr const Def* end() const { return first_ + count_; }
  /// The fewest and the most of a node; kVariadic for no limit.
  constexpr std::size_t least() const {
    std::size_t least = count_;
    while (least > 0 && (first_[least - 1].uses & kMayBeLeftOut) != 0) --least;
    return least;
  }
  constexpr std::size_t most() const { return count_ > 0 && has(count_ - 1, kRepeated) ? kVariadic : count_; }
  /// The one that says what operand `index` of a node is; null past the last.
  constexpr const Def* of(std::size_t index) const {
    if (index < count_) return first_ + index;
    return count_ > 0 && (first_[count_ - 1].uses & kRepeated) != 0 ? first_ + (count_ - 1) : nullptr;
  }
  /// Whether operand `index` of a node is declared with this use.
  constexpr bool has(std::size_t index, DeclaredUse use) const {
    const Def* operand = of(index);
    return operand != nullptr && (operand->uses & use) != 0;
  }
  /// For messages: its name, or its number where it has none.
  std::string name(std::size_t index) const;

 private:
  const Def* first_ = nullptr;
  std::size_t count_ = 0;
};
using InputTable = OperandTable<InputDef>;
using OutputTable = OperandTable<OutputDef>;

struct OpDef {
  // Not inlined into every function that registers an operator: they are as long as the rest of it.
  OpDef();
  OpDef(const OpDef&);
  OpDef(OpDef&&) noexcept;
  OpDef& operator=(const OpDef&);
  OpDef& operator=(OpDef&&) noexcept;
  ~OpDef();

  std::string name;    ///< as ONNX spells it
  std::string domain;  ///< "" is ONNX's own
  int since_opset = 1;
  /// In ONNX's order. Checked by `check_inputs` of infer.hpp: a node may have more inputs than these only where a pass
  /// gave it some.
  InputTable inputs;
  /// In ONNX's order. Of those that ONNX asks for, a node may lack any behind the first: what nobody reads is not made.
  OutputTable outputs;
  /// Never null in the result. parse_node sees to attributes that it did not ask for.
  AttributesPtr (*parse)(ParseContext&) = nullptr;
  void (*infer)(InferContext&) = nullptr;
  /// The element type of an output whose declaration leaves it open, for when the rank of an input is not known yet and
  /// `infer` cannot be called. Looks at attributes and at types of inputs only. Null: not known then.
  DataType (*output_type)(const NodeView&, std::size_t output) = nullptr;
  std::vector<Implementation>
      implementations;  ///< in order of preference; the reference stands last and accepts all that infer accepts
  std::vector<BodyUse> bodies;  ///< for operators that run graphs
  /// Of a node that may have tensors of strings among its inputs or as its result: the operator of Linnet's own domain
  /// that takes its place then, with the same attributes; null for none. Without it, what moves elements
  /// (kMoved, OpFacts::view_of) moves handles of strings. Errors: kUnsupported. Called with what is known of
  /// the inputs' types.
  const char* (*string_form)(const NodeView&) = nullptr;
  /// Whether Node::staged_bodies must be set, beyond what the bodies themselves demand. Null: never.
  bool (*needs_staged_bodies)(const Node&) = nullptr;
  OpFacts facts;
};

struct Fusion;

/// Operators by domain and name, and what patterns of them become. Thread-safety: immutable once filled.
class Registry {
 public:
  /// Requires: no operator of this name yet.
  void add(OpDef definition);
  void add(Fusion fusion);
  /// Null when there is none. "ai.onnx" is the same domain as "".
  const OpDef* find(std::string_view domain, std::string_view name) const;
  std::vector<const OpDef*> all() const;
  /// In the order in which they were added; see pattern.hpp.
  const std::vector<std::shared_ptr<const Fusion>>& fusions() const { return fusions_; }

 private:
  std::map<std::pair<std::string, std::string>, OpDef, std::less<>> definitions_;
  std::vector<std::shared_ptr<const Fusion>> fusions_;
};

/// Whether the run finds out the shapes of the node's outputs.
inline bool reveals(const Node& node) { return node.op->facts.reveals || node.staged_bodies; }

/// Attributes of operators that have none.
struct NoAttributes : Attributes {};
AttributesPtr parse_nothing(ParseContext&);

}  // namespace linnet::internal
