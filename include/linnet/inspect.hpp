// Looks inside a loaded model: graph before and after the passes, implementations chosen, memory plan, time per step.
#pragma once

#include <linnet/linnet.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace linnet {

/// A node as the model has it.
struct NodeOrigin {
  std::string op;    ///< operator, as ONNX spells it
  std::string name;  ///< may be empty
};

struct NodeSummary;

/// A graph that a node runs: a branch of an If, what a Loop or Scan repeats.
struct BodySummary {
  std::string attribute;  ///< of the node: "then_branch", "body", ...
  /// What the node gives it, then the values of the graphs around it that it reads.
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;  ///< value names
  std::vector<NodeSummary> nodes;    ///< in the order they run
};

/// One node of the graph.
struct NodeSummary {
  std::string name;                  ///< as in the model; may be empty
  std::string op;                    ///< operator, as ONNX spells it
  std::string domain;                ///< "" is ONNX's own
  int opset = 0;                     ///< version of the domain's operator set that the node was written for
  std::vector<std::string> inputs;   ///< value names; "" for an input left out
  std::vector<std::string> outputs;  ///< value names
  /// The part of the program that the model was exported from, as PyTorch's exporter notes it:
  /// "encoder.layers.0.fc1 (Linear)". Empty where the model does not say.
  std::string layer;
  std::string unsupported;  ///< why Linnet cannot run it, in words; empty in a model that was loaded
  /// The nodes of the model that passes joined to make this one, in order (a MatMul, the Add of its bias, a Relu);
  /// empty for a node that stands as the model has it.
  std::vector<NodeOrigin> fused;
  std::vector<BodySummary> bodies;  ///< the graphs that it runs, as they stand after the passes
};

/// Something in a model that Linnet cannot run.
struct UnsupportedPart {
  std::string what;    ///< `Foo node "x" (opset 13)`, `initializer "w"`, ...
  std::string reason;  ///< in words
  std::string layer;   ///< as NodeSummary::layer
  std::string source;  ///< the line that PyTorch's exporter notes: "model.py, line 12, in forward"; may be empty
};

/// What the model's writer says of it; empty where nothing is said. Bytes of the file, UTF-8 if the writer kept the
/// rule.
struct ModelMetadata {
  std::string producer_name;                  ///< program that wrote the model
  std::string producer_version;               ///< its version
  std::string domain;                         ///< reverse-DNS name of the model's namespace
  std::int64_t version = 0;                   ///< of the model itself
  std::string description;                    ///< of the model
  std::string graph_name;                     ///< of the main graph
  std::string graph_description;              ///< of the main graph
  std::map<std::string, std::string> custom;  ///< ONNX's metadata_props; of a key that comes twice, the first
};

/// The model as loaded, independent of input shapes.
struct ModelSummary {
  std::vector<ValueInfo> inputs;               ///< as Model::inputs
  std::vector<ValueInfo> outputs;              ///< as Model::outputs
  std::int64_t ir_version = 0;                 ///< of the ONNX file format
  std::map<std::string, std::int64_t> opsets;  ///< by domain; "" is ONNX's own
  std::string producer;                        ///< program that wrote the model, with its version
  ModelMetadata metadata;                      ///< what else the writer says
  /// After inlining functions and after the passes; load with `disabled_passes = {"all"}` to see the nodes before them.
  std::vector<NodeSummary> nodes;
  std::vector<std::pair<std::string, std::size_t>> passes;  ///< name and number of changes; in the order they ran
  std::size_t weights_bytes = 0;                            ///< initializers of the model as it stands after the passes
  std::vector<UnsupportedPart> unsupported;                 ///< the first 1000; empty in a model that was loaded
};

/// Why an implementation did not run.
struct Refusal {
  std::string implementation;  ///< as StepSummary::implementation
  std::string reason;          ///< in words
};

/// One step of a program.
struct StepSummary {
  NodeSummary node;            ///< of several: operators and names joined by "+", the inputs and outputs of the whole
  std::string implementation;  ///< "simd", "onednn", "reference", ...
  std::vector<Refusal> refusals;     ///< implementations that come earlier in the operator's list
  std::vector<Shape> input_shapes;   ///< in the order of node.inputs
  std::vector<Shape> output_shapes;  ///< in the order of node.outputs; -1: only a run knows
  std::size_t workspace_bytes = 0;   ///< arena memory that only this step uses
  /// The nodes that run as this one step, in order, block of rows by block of rows or line of elements by line; empty
  /// for a node of its own.
  std::vector<StepSummary> chain;
};

/// A block of the arena: the values that share it and the steps during which it is live.
struct BlockSummary {
  std::vector<std::string> values;  ///< names; one takes the place of another or is a view of it
  std::size_t offset = 0;           ///< bytes from the arena's start
  std::size_t bytes = 0;            ///< size
  std::size_t first_step = 0;       ///< the step that writes it first
  std::size_t last_step = 0;        ///< the last step that reads it
  bool workspace = false;           ///< no value, but the scratch memory of one step
};

/// The program for one set of input shapes.
struct ProgramSummary {
  std::vector<StepSummary> steps;           ///< in the order they run
  std::vector<BlockSummary> blocks;         ///< what lies where in the arena
  std::size_t arena_bytes = 0;              ///< memory of one session for this program
  std::size_t arena_lower_bound_bytes = 0;  ///< the most bytes that are live at once: no plan needs less
  std::size_t packed_weights_bytes = 0;     ///< copies of weights in the order in which kernels read them
  std::vector<ValueInfo> outputs;           ///< with the concrete shapes
};

/// Errors: kOutOfMemory.
LINNET_API ModelSummary summarize(const Model& model);
/// What a file holds, also where Linnet cannot run it: `unsupported` is empty if it can. The nodes are those before the
/// passes; the nodes of subgraphs that cannot run stand behind the node that they belong to, below its name. Element
/// types and shapes behind unsupported nodes are not known (kUndefined). Errors: those of Model::load but kUnsupported.
LINNET_API ModelSummary summarize_file(const std::string& path, const Options& options = {});
/// Compiles (or takes from the cache) the program for these inputs; the data is read only where shapes depend on it.
LINNET_API ProgramSummary summarize_program(const Model& model, const std::vector<ConstTensorView>& inputs);

/// The summaries as JSON objects, their members named as in the structs above; those of a step's node stand beside the
/// step's own, and a pass is {"name", "changes"}. `linnet inspect --json` prints them. An open dimension is its name or
/// null; a shape that is open altogether is null. Bytes that are no UTF-8 become U+FFFD.
LINNET_API std::string to_json(const ModelSummary& summary);
LINNET_API std::string to_json(const ProgramSummary& summary);
/// A JSON list of strings.
LINNET_API std::string to_json(const std::vector<std::string>& list);

/// The instruction set the own kernels run on: "avx512", "avx2", "sse4", "neon", "scalar".
LINNET_API const char* isa() noexcept;
/// Whether the library itself was compiled with optimisation.
LINNET_API bool optimized_build() noexcept;
/// Whether oneDNN can be used; otherwise `reason` (may be null) receives why not.
LINNET_API bool onednn_available(std::string* reason) noexcept;
/// Every pass, in the order they run; the last two, "chain_rows" and "group_elements", join steps of a program rather
/// than nodes.
LINNET_API std::vector<std::string> pass_names();

/// What a node or step does, for people: its operator, of a fused node, a chain or a group all it is made of:
/// "MatMul+Add+Relu".
LINNET_API std::string operator_text(const NodeSummary& node);
LINNET_API std::string operator_text(const StepSummary& step);

/// What the elements of an input are to the model.
enum class ElementMeaning : std::uint8_t {
  kNumbers,  ///< numbers to compute with
  kIndices,  ///< positions in a table or along an axis
  kSizes,    ///< shapes, lengths, axes and the like: other shapes depend on them
  kTruth,    ///< true or false: 1 or 0 where the type is no boolean
};

/// What a model does with the elements of one of its inputs, as far as its operators tell: what to know for making data
/// on which it can run.
struct InputUse {
  ElementMeaning meaning = ElementMeaning::kNumbers;  ///< what they are
  std::int64_t low = INT64_MIN;                       ///< least element that every reader takes
  std::int64_t high = INT64_MAX;                      ///< largest, included
  std::vector<std::int64_t>
      elements;        ///< elements that depend on each other: these, row-major; empty where any will do
  std::string reason;  ///< who says so, in words; empty where nobody does
};

/// How the model uses each of its inputs when they have these shapes. Errors: kInvalidArgument for another number of
/// shapes; what inferring the shapes of the nodes throws.
LINNET_API std::vector<InputUse> input_uses(const Model& model, const std::vector<Shape>& shapes);

/// Runs the bound session once, timing every step; the i-th entry belongs to step i of the program. Nanoseconds.
LINNET_API std::vector<std::int64_t> run_profiled(Session& session);

/// The time of one node in a profiled run.
struct NodeTime {
  std::size_t step = 0;          ///< index into ProgramSummary::steps
  std::size_t member = 0;        ///< index into StepSummary::chain; 0 for a node of its own
  std::int64_t nanoseconds = 0;  ///< of the run
};

/// As run_profiled, by node: the members of a chain or group stand one by one in its place, in their order. Their times
/// add up to that of the step: each has the share that the threads spent on it.
LINNET_API std::vector<NodeTime> run_profiled_nodes(Session& session);

/// A stretch of time in a traced run: a step as a whole, one of the tasks that the step was cut into, or what a task
/// spent on one member of a chain or group: of a group on all lines of a block, taken together, as if the members had
/// run one after the other.
struct TraceEvent {
  /// `task` of a step as a whole.
  static constexpr std::size_t kWholeStep = static_cast<std::size_t>(-1);
  /// `member` of a step and of a task as a whole.
  static constexpr std::size_t kNoMember = static_cast<std::size_t>(-1);

  std::size_t step = 0;            ///< index into ProgramSummary::steps
  std::size_t task = kWholeStep;   ///< number of the task in its loop; kWholeStep for the step itself
  std::size_t worker = 0;          ///< the thread that ran it; 0 is the caller's, which runs every step
  std::int64_t start_ns = 0;       ///< since the run began
  std::int64_t duration_ns = 0;    ///< from start to end
  std::size_t member = kNoMember;  ///< index into StepSummary::chain, of what a task spent on a member
};

/// Runs the bound session once and tells what ran when and where: every step, every task of the loops in it, and, where
/// the step is a chain or group, every member in every task; sorted by start, what holds others before them. A step
/// that runs as one piece has no tasks. Timing costs about 0.1 us a task.
LINNET_API std::vector<TraceEvent> run_traced(Session& session);

}  // namespace linnet
