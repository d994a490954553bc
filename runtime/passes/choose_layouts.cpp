// Images get their channels last, [N, spatial..., C], where that makes a graph faster. ONNX has [N, C, spatial...].
//
// Operators say what a layout gains them (OpFacts::channels_last), in copies of their output; many have no preference,
// and some know one layout only. Between nodes of different layouts stands a Transpose, which costs a copy. A node
// changes its layout wherever that lowers the sum, one at a time, and then islands that do not pay go. Edges of the
// graph keep ONNX's layout. A Transpose that the model has in such a place already is one less.
//
// With LINNET_LAYOUTS=last in the environment, all nodes that can have their channels last do, whatever it costs: tests
// of small models reach all forms so.
#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string_view>

#include "runtime/axis_order.hpp"
#include "runtime/evaluate.hpp"
#include "runtime/infer.hpp"
#include "runtime/passes/pass.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLeastRank = 3;  ///< of an image
constexpr int kMostRounds = 8;
constexpr double kOpenDimension = 16;  ///< stands for a dimension that is not known
constexpr int kTransposeOpset = 13;
constexpr std::size_t kMostReads = 64;  ///< of a node that a mask names

std::vector<std::size_t> counted(std::size_t rank) {
  std::vector<std::size_t> axes(rank);
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  return axes;
}

/// Of a Transpose to channels last, and of one back.
std::vector<std::size_t> last_order(std::size_t rank) { return to_channels_last(counted(rank)); }
std::vector<std::size_t> first_order(std::size_t rank) { return to_channels_first(counted(rank)); }

TensorType with_channels_last(const TensorType& type) { return {type.type, true, to_channels_last(type.dims)}; }

bool asks_for_all() {
  const char* const wanted = std::getenv("LINNET_LAYOUTS");
  return wanted != nullptr && std::string_view(wanted) == "last";
}

/// Which nodes have their channels last.
class Layouts {
 public:
  Layouts(PassContext& context, const OpDef& transpose) : context_(context), graph_(context.graph) {
    nodes_.resize(graph_.nodes.size());
    for (NodeId node = 0; node < graph_.nodes.size(); ++node) {
      context.stop.check();
      if (graph_.nodes[node].op == &transpose) {
        nodes_[node].transpose = transpose_of(node);
      } else if (has_images(node)) {
        nodes_[node].form = graph_.nodes[node].op->facts.channels_last(view(node));
        if (!can_be_transposed(node)) nodes_[node].form.reset();
      }
    }
  }

  bool any_gain() const {
    return std::any_of(nodes_.begin(), nodes_.end(),
                       [&](const NodeChoice& node) { return node.form && (all_ || node.form->gain > 0); });
  }

  /// Returns the number of nodes that change.
  std::size_t choose() {
    count_needs();
    if (!all_) {
      for (int round = 0; round < kMostRounds && improve(); ++round) context_.stop.check();
      drop_islands();
    }
    return static_cast<std::size_t>(
        std::count_if(nodes_.begin(), nodes_.end(), [](const NodeChoice& node) { return node.last; }));
  }

  bool is_last(NodeId node) const { return node != kNoNode && nodes_[node].last; }
  const ChannelsLast& form(NodeId node) const { return *nodes_[node].form; }
  bool is_image(NodeId node, std::size_t input) const {
    return nodes_[node].form && has_bit(nodes_[node].form->images, input);
  }
  /// The model's own: of ONNX's layout, or to it.
  enum class Own : std::uint8_t { kNone, kToLast, kToFirst };
  Own transpose(NodeId node) const { return node == kNoNode ? Own::kNone : nodes_[node].transpose; }

 private:
  struct NodeChoice {
    std::optional<ChannelsLast> form;  ///< what it can have
    bool last = false;                 ///< whether it has it
    Own transpose = Own::kNone;
    double cost = 0;    ///< of the island that it names
    NodeId island = 0;  ///< another node of it, or itself
  };
  struct ValueChoice {
    std::int64_t needs_first = 0, needs_last = 0;  ///< how many read it so
    double copy_cost = 0;
    bool counted = false;
  };

  NodeView view(NodeId node) const { return {graph_.nodes[node], graph_.values, context_.options}; }

  bool has_images(NodeId node) const {
    const NodeView view = this->view(node);
    return graph_.nodes[node].op->facts.channels_last != nullptr && inputs_known(view) && view.has_output(0) &&
           view.output(0).known() && view.output(0).dims.size() >= kLeastRank && view.input_count() <= kMostReads &&
           graph_.nodes[node].bodies.empty();
  }

  /// Neither strings nor several elements in a byte.
  bool can_be_transposed(NodeId node) const {
    const auto has_bytes = [&](ValueId value) { return bits_of(graph_.values[value].type.type) >= 8; };
    bool all = true;
    for_images(node, [&](ValueId value) { all = all && has_bytes(value); });
    for (const ValueId output : graph_.nodes[node].outputs) all = all && (output == kNoValue || has_bytes(output));
    return all;
  }

  Own transpose_of(NodeId node) const {
    const NodeView view = this->view(node);
    const auto* attributes = dynamic_cast<const AxisOrderAttributes*>(graph_.nodes[node].attributes.get());
    if (attributes == nullptr || !inputs_known(view) || view.input_rank(0) < kLeastRank) return Own::kNone;
    const std::vector<std::size_t> order = attributes->order(view.input_rank(0));
    if (order == last_order(order.size())) return Own::kToLast;
    return order == first_order(order.size()) ? Own::kToFirst : Own::kNone;
  }

  /// Elements of a value, each 1 to copy; none where a change of layout moves nothing.
  double copy_cost(ValueId value) const {
    double elements = 1, pixels = 1;
    const Dims& dims = graph_.values[value].type.dims;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const double size = dims[i].known() ? static_cast<double>(dims[i].value()) : kOpenDimension;
      elements *= size;
      if (i > 1) pixels *= size;
    }
    return pixels <= 1 ? 0 : elements;
  }

  /// What changes of the layout of a value cost as it is now.
  double cost(ValueId value) const {
    const Value& known = graph_.values[value];
    if (known.constant != nullptr) return 0;
    const ValueChoice& choice = values_[value];
    if (is_last(known.producer)) return choice.needs_first > 0 ? choice.copy_cost : 0;
    const bool given = transpose(known.producer) == Own::kToFirst;
    return choice.needs_last > 0 && !given ? choice.copy_cost : 0;
  }

  void count_needs() {
    values_.resize(graph_.values.size());
    for (NodeId node = 0; node < graph_.nodes.size(); ++node) {
      nodes_[node].last = nodes_[node].form.has_value();
      const std::vector<ValueId>& inputs = graph_.nodes[node].inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] == kNoValue) continue;
        if (is_image(node, i)) {
          ++values_[inputs[i]].needs_last;
          values_[inputs[i]].copy_cost = copy_cost(inputs[i]);
        } else if (transpose(node) != Own::kToLast) {
          ++values_[inputs[i]].needs_first;
        }
      }
      if (!nodes_[node].form) continue;
      for (const ValueId output : graph_.nodes[node].outputs) {
        if (output != kNoValue) values_[output].copy_cost = copy_cost(output);
      }
    }
    for (const ValueId output : graph_.outputs) ++values_[output].needs_first;
  }

  /// What the node and the values around it cost.
  double local_cost(NodeId node) const {
    double sum = is_last(node) ? -gain(node) : 0;
    for_images(node, [&](ValueId value) { sum += cost(value); });
    for (const ValueId output : graph_.nodes[node].outputs) {
      if (output != kNoValue) sum += cost(output);
    }
    return sum;
  }

  double gain(NodeId node) const { return form(node).gain * values_[graph_.nodes[node].outputs[0]].copy_cost; }

  template <typename Function>
  void for_images(NodeId node, Function function) const {
    const std::vector<ValueId>& inputs = graph_.nodes[node].inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != kNoValue && is_image(node, i)) function(inputs[i]);
    }
  }

  void flip(NodeId node) {
    nodes_[node].last = !nodes_[node].last;
    const int more = nodes_[node].last ? 1 : -1;
    for_images(node, [&](ValueId value) {
      values_[value].needs_last += more;
      values_[value].needs_first -= more;
    });
  }

  /// Whether any node changed.
  bool improve() {
    bool changed = false;
    for (NodeId node = 0; node < graph_.nodes.size(); ++node) {
      if (!nodes_[node].form) continue;
      const double before = local_cost(node);
      flip(node);
      if (local_cost(node) < before) {
        changed = true;
      } else {
        flip(node);
      }
    }
    return changed;
  }

  NodeId island_of(NodeId node) {
    while (nodes_[node].island != node) node = nodes_[node].island = nodes_[nodes_[node].island].island;
    return node;
  }

  /// Nodes that pass images to each other all change back where together they cost more than they gain.
  void drop_islands() {
    for (NodeId node = 0; node < nodes_.size(); ++node) {
      nodes_[node].island = node;
      if (!is_last(node)) continue;
      for_images(node, [&](ValueId value) {
        const NodeId producer = graph_.values[value].producer;
        if (is_last(producer)) nodes_[island_of(node)].island = island_of(producer);
      });
    }
    for (NodeId node = 0; node < nodes_.size(); ++node) {
      if (!is_last(node)) continue;
      double& sum = nodes_[island_of(node)].cost;
      const auto add = [&](ValueId value) {
        if (!values_[value].counted) sum += cost(value);
        values_[value].counted = true;
      };
      sum -= gain(node);
      for_images(node, add);
      for (const ValueId output : graph_.nodes[node].outputs) {
        if (output != kNoValue) add(output);
      }
    }
    for (NodeId node = 0; node < nodes_.size(); ++node) {
      if (is_last(node) && nodes_[island_of(node)].cost >= 0) flip(node);
    }
  }

  PassContext& context_;
  Graph& graph_;
  const bool all_ = asks_for_all();
  std::vector<NodeChoice> nodes_;    ///< beside the graph's
  std::vector<ValueChoice> values_;  ///< likewise
};

/// Writes the graph anew, in the layouts chosen.
class Rewrite {
 public:
  Rewrite(PassContext& context, const Layouts& layouts, const OpDef& transpose)
      : context_(context), graph_(context.graph), layouts_(layouts), transpose_(transpose) {}

  void run() {
    std::vector<Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    forms_.resize(graph_.values.size());
    for (NodeId node = 0; node < nodes.size(); ++node) {
      if (!layouts_.is_last(node)) continue;
      for (const ValueId output : nodes[node].outputs) {
        if (output != kNoValue) forms_[output].made = false;
      }
    }
    for (NodeId node = 0; node < nodes.size(); ++node) {
      if (layouts_.is_last(node)) {
        turn(node, nodes[node]);
      } else if (layouts_.transpose(node) == Layouts::Own::kToLast && is_there(nodes[node])) {
        continue;
      } else {
        for (ValueId& input : nodes[node].inputs) {
          if (input != kNoValue) input = with_channels_first(standing_for(input));
        }
        if (layouts_.transpose(node) == Layouts::Own::kToFirst) {
          forms_[nodes[node].outputs[0]].last = nodes[node].inputs[0];
        }
      }
      add(std::move(nodes[node]));
    }
    for (ValueId& output : graph_.outputs) output = with_channels_first(standing_for(output));
  }

 private:
  ValueId standing_for(ValueId value) const {
    return value < forms_.size() && forms_[value].stands_for != kNoValue ? forms_[value].stands_for : value;
  }
  ValueId last_of(ValueId value) const { return value < forms_.size() ? forms_[value].last : kNoValue; }

  /// Whether what a Transpose of the model makes is there without it.
  bool is_there(const Node& node) {
    const ValueId last = last_of(standing_for(node.inputs[0]));
    if (last == kNoValue) return false;
    forms_[node.outputs[0]].stands_for = last;
    return true;
  }

  void add(Node&& node) {
    for (const ValueId output : node.outputs) {
      if (output != kNoValue) graph_.values[output].producer = static_cast<NodeId>(graph_.nodes.size());
    }
    graph_.nodes.push_back(std::move(node));
  }

  void turn(NodeId id, Node& node) {
    const std::size_t rank = graph_.values[node.outputs[0]].type.dims.size();
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId& input = node.inputs[i];
      if (input == kNoValue) continue;
      input = standing_for(input);
      input = layouts_.is_image(id, i) ? with_channels_last(input, rank) : with_channels_first(input);
    }
    node.attributes = layouts_.form(id).attributes;
    for (ValueId& output : node.outputs) {
      if (output == kNoValue) continue;
      const ValueId first = output;
      Value value;
      value.type = internal::with_channels_last(graph_.values[first].type);
      output = graph_.add_value(graph_.value_names[first], std::move(value));
      forms_[first].last = output;
    }
  }

  /// A Transpose of a value in front of what is added next.
  ValueId transposed(ValueId from, ValueId to, const std::vector<std::size_t>& order) {
    Node node;
    node.op = &transpose_;
    node.opset = kTransposeOpset;
    node.name = graph_.value_names[from];
    node.attributes = transpose_attributes(order);
    node.inputs = {from};
    node.outputs = {to};
    add(std::move(node));
    return to;
  }

  AttributesPtr transpose_attributes(const std::vector<std::size_t>& order) const {
    return parse_node(transpose_, kTransposeOpset, {{"perm", std::vector<std::int64_t>(order.begin(), order.end())}}, 1,
                      1);
  }

  /// The value itself, made from its other form when it is first asked for.
  ValueId with_channels_first(ValueId value) {
    if (value >= forms_.size() || forms_[value].made) return value;
    forms_[value].made = true;
    return transposed(forms_[value].last, value, first_order(graph_.values[value].type.dims.size()));
  }

  /// Of a constant, whose rank may be less, with as many axes as `rank` says.
  ValueId with_channels_last(ValueId value, std::size_t rank) {
    const ValueId known = last_of(value);
    if (known != kNoValue && graph_.values[known].type.dims.size() == rank) return known;
    ValueId made = kNoValue;
    if (graph_.values[value].constant != nullptr) {
      made = turned_constant(value, rank);
    } else {
      Value last;
      last.type = internal::with_channels_last(graph_.values[value].type);
      made = transposed(value, graph_.add_value(graph_.value_names[value], std::move(last)), last_order(rank));
    }
    if (value < forms_.size()) forms_[value].last = made;
    return made;
  }

  /// A constant, whose rank may be less: it broadcasts.
  ValueId turned_constant(ValueId value, std::size_t rank) {
    const ConstantPtr& constant = graph_.values[value].constant;
    auto widened = new_shared<Constant>(*constant);
    widened->shape.insert(widened->shape.begin(), rank - constant->shape.size(), 1);
    const ValueId from = graph_.add_constant(graph_.value_names[value], widened);
    Node node;
    node.op = &transpose_;
    node.opset = kTransposeOpset;
    node.attributes = transpose_attributes(last_order(rank));
    node.inputs = {from};
    Value last;
    last.type = internal::with_channels_last(graph_.values[from].type);
    const ValueId to = graph_.add_value(graph_.value_names[value], std::move(last));
    node.outputs = {to};
    graph_.values[to].constant = evaluate(NodeView(node, graph_.values, context_.options), context_.stop).front();
    return to;
  }

  PassContext& context_;
  Graph& graph_;
  const Layouts& layouts_;
  const OpDef& transpose_;

  struct Forms {
    bool made = true;               ///< whether it is there as the graph had it
    ValueId last = kNoValue;        ///< the same with channels last, where it is there
    ValueId stands_for = kNoValue;  ///< what is read instead of one that is no longer made
  };
  std::vector<Forms> forms_;  ///< by value of the graph as it was
};

}  // namespace

std::size_t choose_layouts(PassContext& context) {
  const Backend backend = context.options.backend;
  if (backend != Backend::kAuto && backend != Backend::kSimd) return 0;
  const OpDef* transpose = context.registry.find("", "Transpose");
  if (transpose == nullptr) return 0;
  Layouts layouts(context, *transpose);
  if (!layouts.any_gain()) return 0;
  const std::size_t changed = layouts.choose();
  if (changed > 0) Rewrite(context, layouts, *transpose).run();
  return changed;
}

}  // namespace linnet::internal
