// docs/operators.md says what the registrations and the tests' models say.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/onnx/opset_imports.hpp"
#include "loaders/onnx/proto.hpp"
#include "ops/ops.hpp"
#include "runtime/data_type.hpp"
#include "runtime/infer.hpp"
#include "runtime/value_type.hpp"
#include "tests/documents/page_part.hpp"
#include "tests/documents/torch_names.hpp"
#include "tests/support/model_index.hpp"

namespace linnet::internal {
namespace {

using test::expect_page_part;
using test::read_file;

constexpr const char* kPage = "docs/operators.md";

const std::vector<DataType> kTypes = {
    DataType::kFloat32,        DataType::kFloat64,      DataType::kFloat16,        DataType::kBfloat16,
    DataType::kInt8,           DataType::kInt16,        DataType::kInt32,          DataType::kInt64,
    DataType::kUint8,          DataType::kUint16,       DataType::kUint32,         DataType::kUint64,
    DataType::kBool,           DataType::kFloat8e4m3fn, DataType::kFloat8e4m3fnuz, DataType::kFloat8e5m2,
    DataType::kFloat8e5m2fnuz, DataType::kFloat8e8m0,   DataType::kFloat4e2m1,     DataType::kInt4,
    DataType::kUint4,          DataType::kInt2,         DataType::kUint2,          DataType::kString};

/// One node of an operator on inputs of a type, as far as infer takes it.
struct Sample {
  std::vector<Value> values;
  Node node;
};

/// Attributes without which there is no such node.
std::vector<NamedAttribute> attributes_for(const OpDef& op, DataType type) {
  if (op.name == "BitShift") return {{"direction", std::string("LEFT")}};
  if (op.name == "Cast") return {{"to", std::int64_t{1}}};
  if (op.name == "Concat") return {{"axis", std::int64_t{0}}};
  if (op.name == "Constant" || op.name == "ConstantOfShape") {
    const std::array<std::byte, 16> zero{};
    return {{"value", copy_constant(type, {1}, zero.data())}};
  }
  if (op.name == "Einsum") return {{"equation", std::string("ij,jk->ik")}};
  if (op.name == "DepthToSpace" || op.name == "SpaceToDepth") return {{"blocksize", std::int64_t{1}}};
  if (op.name == "GroupNormalization") return {{"num_groups", std::int64_t{1}}};
  if (op.name == "MaxPool" || op.name == "AveragePool" || op.name == "LpPool" || op.name == "MaxUnpool") {
    return {{"kernel_shape", std::vector<std::int64_t>{1, 1}}};
  }
  if (op.name == "RegexFullMatch") return {{"pattern", std::string("a")}};
  if (op.name == "Resize" || op.name == "Upsample") return {{"mode", std::string("linear")}};
  if (op.name == "BitCast") return {{"to", static_cast<std::int64_t>(type)}};
  if (op.name == "MaxRoiPool") return {{"pooled_shape", std::vector<std::int64_t>{1, 1}}};
  if (op.name == "MelWeightMatrix") return {{"output_datatype", static_cast<std::int64_t>(type)}};
  if (op.name == "RandomNormal" || op.name == "RandomUniform")
    return {{"shape", std::vector<std::int64_t>{2}}, {"dtype", static_cast<std::int64_t>(type)}};
  if (op.name == "LRN") return {{"size", std::int64_t{1}}};
  if (op.name == "QuantizeLinear" && !kFloatTypes.has(type) && type != DataType::kInt32)
    return {{"output_dtype", static_cast<std::int64_t>(type)}};  // else it gives uint8
  if (op.name == "ConcatFromSequence") return {{"axis", std::int64_t{0}}};
  if (op.name == "SequenceEmpty") return {{"dtype", static_cast<std::int64_t>(type)}};
  if (op.name == "TfIdfVectorizer") {
    const std::vector<std::int64_t> one = {0};
    std::vector<NamedAttribute> attributes = {{"mode", std::string("TF")},
                                              {"min_gram_length", std::int64_t{1}},
                                              {"ngram_counts", one},
                                              {"max_gram_length", std::int64_t{1}},
                                              {"ngram_indexes", one},
                                              {"max_skip_count", std::int64_t{0}},
                                              {"pool_strings", std::vector<std::string>{"a"}}};
    if (type != DataType::kString) attributes.back() = {"pool_int64s", one};
    return attributes;
  }
  if (op.name == "Split") return {{"num_outputs", std::int64_t{1}}};
  return {};
}

Value variable(DataType type, Dims dims) {
  Value value;
  value.type = {type, true, std::move(dims)};
  return value;
}

Value integers(const std::vector<std::int64_t>& elements) {
  Value value;
  value.constant = make_int64_constant(elements);
  value.type = type_of(*value.constant);
  return value;
}

Value ones(std::int64_t count) {
  const std::vector<float> elements(static_cast<std::size_t>(count), 1.0F);
  Value value;
  value.constant = copy_constant(DataType::kFloat32, {count}, elements.data());
  value.type = type_of(*value.constant);
  return value;
}

/// What an input may be.
std::vector<Value> candidates(const OpDef& op, DataType type) {
  // All inputs of a layer with one unit, of so many gates.
  const std::map<std::string, std::int64_t> gates = {{"GRU", 3}, {"LSTM", 4}, {"RNN", 1}};
  if (const auto found = gates.find(op.name); found != gates.end()) return {variable(type, {1, found->second, 1})};
  // With channels enough for every implementation.
  if (op.name == "GridSample") return {variable(type, {2, 16, 2, 2}), variable(DataType::kFloat32, {2, 2, 2, 2})};
  if (op.name == "DeformConv") return {variable(type, {1, 1, 1})};
  if (op.name == "MaxRoiPool") return {variable(type, {1, 1, 2, 2}), variable(type, {1, 5})};
  if (op.name == "STFT") return {variable(type, {1, 2, 1}), integers({1})};
  if (op.name == "NonMaxSuppression") return {variable(type, {1, 2, 4}), variable(type, {1, 1, 2})};
  if (op.name == "RotaryEmbedding") return {variable(type, {1, 1, 1, 2}), variable(type, {1, 1, 1})};
  if (op.name.find("Sequence") != std::string::npos && op.name != "ReverseSequence") {
    std::vector<Value> values = {variable(sequence_of(type), {2}), variable(type, {2, 2}), integers({0})};
    if (op.name == "SplitToSequence" || op.name == "SequenceConstruct") values.erase(values.begin());
    return values;
  }
  return {variable(type, {2, 2}),
          variable(type, {2}),
          integers({0}),
          integers({1}),
          integers({2, 2}),
          integers({0, 0, 0, 0}),
          variable(DataType::kBool, {2, 2}),
          variable(DataType::kBool, {2}),
          variable(type, {}),
          variable(DataType::kInt64, {2}),
          variable(DataType::kInt64, {2, 1}),
          variable(type, {2, 2, 2, 2}),
          variable(DataType::kInt64, {2, 2, 2, 2}),
          variable(DataType::kFloat32, {2, 2, 2, 2}),
          ones(2),
          variable(DataType::kFloat32, {})};
}

/// All inputs, of operators that want more than two kinds; else nothing.
std::vector<Value> inputs_for(const OpDef& op, DataType type) {
  const Value number = variable(DataType::kFloat32, {});
  if (op.name == "Col2Im") return {variable(type, {1, 1, 1}), integers({1}), integers({1})};
  if (op.name == "RoiAlign") {
    return {variable(type, {1, 8, 2, 2}), variable(type, {1, 4}), variable(DataType::kInt64, {1})};
  }
  if (op.name == "MelWeightMatrix") return {integers({1}), integers({2}), integers({2}), number, number};
  const bool is_convolution = op.name == "QLinearConv";
  if (!is_convolution && op.name != "QLinearMatMul") return {};
  const Value data = variable(type, is_convolution ? Dims{2, 2, 2, 2} : Dims{2, 2});
  const Value zero = variable(type, {});
  return {data, number, zero, data, number, zero, number, zero};
}

/// Whether infer takes the type of data in this node, whose outputs it sets.
bool infers(Sample& sample, DataType type) {
  try {
    infer_node(sample.node, sample.values, Options{}, {});
  } catch (const Error&) {
    return false;
  }
  const TensorType& output = sample.values[sample.node.outputs[0]].type;
  const bool first = !sample.node.inputs.empty() && element_type_of(sample.values[0].type.type) == type;
  const bool known = sample.node.op->facts.reveals ? output.type != DataType::kUndefined : output.known();
  return known && (first || element_type_of(output.type) == type);
}

/// Calls visitor(sample) for nodes of so many inputs that infer accepts with this type of data. Inputs 0 and 1 may be
/// any of the candidates, those behind them are like input 1 or like input 0: enough for every operator.
template <typename Visitor>
void for_each_sample(const OpDef& op, DataType type, int opset, std::size_t inputs, Visitor&& visitor) {
  AttributesPtr attributes;
  try {
    attributes = parse_node(op, opset, attributes_for(op, type), inputs, 1);
  } catch (const Error&) {
    return;
  }
  const std::vector<Value> given = inputs_for(op, type);
  const std::vector<Value> choices = given.empty() ? candidates(op, type) : given;
  const std::size_t kinds = std::min<std::size_t>(inputs, 2);
  std::size_t combinations = inputs > kinds ? 2 : 1;
  for (std::size_t i = 0; i < kinds; ++i) combinations *= choices.size();
  if (!given.empty()) combinations = inputs == given.size() ? 1 : 0;
  for (std::size_t combination = 0; combination < combinations; ++combination) {
    Sample sample;
    sample.node.op = &op;
    sample.node.opset = opset;
    sample.node.attributes = attributes;
    std::size_t rest = combination;
    std::size_t choice = 0;
    for (std::size_t i = 0; i < inputs; ++i) {
      if (i < kinds) {
        choice = rest % choices.size();
        rest /= choices.size();
      } else if (rest != 0) {
        choice = combination % choices.size();
      }
      if (!given.empty()) choice = i;
      sample.node.inputs.push_back(static_cast<ValueId>(sample.values.size()));
      sample.values.push_back(choices[choice]);
    }
    sample.node.outputs.push_back(static_cast<ValueId>(sample.values.size()));
    sample.values.emplace_back();
    if (infers(sample, type)) visitor(sample);
  }
}

/// What Implementation::accepts requires: all dimensions are known, and the elements that shapes depend on.
bool can_be_accepted(const Sample& sample) {
  const Node& node = sample.node;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const bool decides = node.op->inputs.has(i, kDecidesShapes);
    if (decides && sample.values[node.inputs[i]].constant == nullptr) return false;
  }
  return std::all_of(sample.values.begin(), sample.values.end(), [](const Value& value) {
    return std::all_of(value.type.dims.begin(), value.type.dims.end(), [](const Dim& dim) { return dim.known(); });
  });
}

/// What an operator does with its data: the types that infer takes, and which of them each implementation does, by
/// itself and when its backend is asked for.
struct Support {
  std::set<DataType> types;
  std::vector<std::set<DataType>> chosen;
  std::vector<std::set<DataType>> asked;
};

bool accepts(const Implementation& implementation, const Sample& sample, Backend backend) {
  Options options;
  options.backend = backend;
  if (implementation.accepts == nullptr) return true;
  return implementation.accepts(NodeView(sample.node, sample.values, options)).empty();
}

Support support_of(const OpDef& op) {
  Support support;
  support.chosen.resize(op.implementations.size());
  support.asked.resize(op.implementations.size());
  if (!op.bodies.empty()) {  // they take whatever their bodies take: tests/api/loop_test.cpp and its like run them
    support.types.insert(kTypes.begin(), kTypes.end());
    std::fill(support.chosen.begin(), support.chosen.end(), support.types);
    std::fill(support.asked.begin(), support.asked.end(), support.types);
    return support;
  }
  for (const DataType type : kTypes) {
    const auto look = [&](const Sample& sample) {
      support.types.insert(type);
      const bool known = can_be_accepted(sample);
      for (std::size_t i = 0; i < op.implementations.size(); ++i) {
        const Implementation& implementation = op.implementations[i];
        if (!known && implementation.accepts != nullptr) continue;
        if (accepts(implementation, sample, Backend::kAuto)) support.chosen[i].insert(type);
        if (accepts(implementation, sample, implementation.backend)) support.asked[i].insert(type);
      }
    };
    for (const int opset : {onnx::kNewestOpset, 17, 12, onnx::kOldestOpset}) {
      if (opset < op.since_opset || support.types.count(type) > 0) continue;
      for (std::size_t inputs = op.inputs.least();
           inputs <= std::min<std::size_t>(op.inputs.most(), op.inputs.least() + 2); ++inputs)
        for_each_sample(op, type, opset, inputs, look);
    }
  }
  return support;
}

std::string joined(const std::vector<std::string>& parts, const char* between = ", ") {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

/// "floats, int32": groups by their name, which the page explains.
std::string text_of(std::set<DataType> types) {
  const std::vector<std::pair<const char*, TypeSet>> groups = {{"stored", kStoredTypes}, {"any", kTensorTypes},
                                                               {"float8", kFloat8Types}, {"numbers", kNumericTypes},
                                                               {"floats", kFloatTypes},  {"integers", kIntegerTypes}};
  std::vector<std::string> parts;
  for (const auto& [name, group] : groups) {
    const TypeSet set = group;
    std::set<DataType> rest;
    std::size_t members = 0;
    for (const DataType type : kTypes) {
      if (set.has(type)) {
        members += types.count(type);
      } else if (types.count(type) > 0) {
        rest.insert(type);
      }
    }
    const auto all = static_cast<std::size_t>(
        std::count_if(kTypes.begin(), kTypes.end(), [&](DataType type) { return set.has(type); }));
    if (members < all) continue;
    parts.emplace_back(name);
    types = rest;
  }
  for (const DataType type : kTypes) {
    if (types.count(type) > 0) parts.push_back(name_of(type));
  }
  return joined(parts);
}

bool text_ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// "simd (float32), reference; asked for: onednn (float32)".
std::string implementations_of(const OpDef& op, const Support& support) {
  std::vector<std::string> chosen;
  std::vector<std::string> asked;
  for (std::size_t i = 0; i < op.implementations.size(); ++i) {
    const bool by_itself = !support.chosen[i].empty();
    // Whether one of bf16 takes a node depends on the CPU, which the page does not.
    const bool of_an_option = text_ends_with(op.implementations[i].name, " bf16");
    if (!by_itself && !of_an_option && support.asked[i].empty()) continue;  // not for this operator
    const std::set<DataType>& types = by_itself ? support.chosen[i] : support.asked[i];
    std::string text = op.implementations[i].name;
    if (!types.empty() && types != support.types) text += " (" + text_of(types) + ")";
    (by_itself ? chosen : asked).push_back(text);
  }
  return joined(chosen) + (asked.empty() ? "" : "; asked for: " + joined(asked));
}

/// Each name in backquotes.
std::string layers_of(const OpDef& op) {
  const auto found = names_in_torch().find(op.name);
  if (found == names_in_torch().end()) return {};
  return "`" + std::regex_replace(found->second, std::regex(", "), "`, `") + "`";
}

/// The promises that linnet_accuracy checks, by operator: the most ULP from the true value. Its table has rows
/// `{"Elu(1)", ..., BOUND},` of one line or more, where BOUND is a number or a constant with one.
std::map<std::string, std::string> promises() {
  std::map<std::string, std::string> constants;
  std::map<std::string, std::string> found;
  std::string row;
  std::istringstream source(read_file(LINNET_SOURCE_DIR "/tests/accuracy/accuracy.cpp"));
  const std::regex constant("constexpr double (k[A-Za-z]+) = ([0-9.]+).*");
  const std::regex bound(".*, ([A-Za-z0-9.]+)\\},");
  for (std::string line; std::getline(source, line);) {
    std::smatch match;
    if (std::regex_match(line, match, constant)) constants[match[1]] = match[2];
    if (line.rfind("    {\"", 0) == 0) row = line;
    if (row.empty() || !std::regex_match(line, match, bound)) continue;
    std::string name = row.substr(6, row.find_first_of("(\"", 6) - 6);
    if (name == "GeluTanh") name = "Gelu";
    const std::string text = match[1];
    const std::string number = constants.count(text) > 0 ? constants[text] : text;
    std::string& most = found[name];
    if (most.empty() || std::stod(most) < std::stod(number)) most = number;
    row.clear();
  }
  return found;
}

std::string row_of(const OpDef& op, const std::map<std::string, std::string>& bounds) {
  const Support support = support_of(op);
  EXPECT_FALSE(support.types.empty()) << op.name << ": no sample of it is found: attributes_for or candidates lack one";
  const bool from_the_first = op.since_opset <= onnx::kOldestOpset;
  const std::string opsets = from_the_first ? "all" : "from " + std::to_string(op.since_opset);
  const auto bound = bounds.find(op.name);
  const std::vector<std::string> cells = {op.name,
                                          opsets,
                                          text_of(support.types),
                                          implementations_of(op, support),
                                          bound == bounds.end() ? "" : bound->second,
                                          layers_of(op)};
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + (cell.empty() ? "|" : " |");
  return row + "\n";
}

TEST(OperatorsPage, ListsTheRegistrations) {
  if (!LINNET_WITH_ONEDNN) GTEST_SKIP() << "the page has oneDNN's implementations";
  const std::map<std::string, std::string> bounds = promises();
  EXPECT_EQ(bounds.count("Softmax") + bounds.count("Exp") + bounds.count("Relu"), 3U);
  std::string text = "| operator | opsets | types | implementations | ULP | in PyTorch |\n|---|---|---|---|---|---|\n";
  for (const OpDef* op : all_operators().all()) {
    if (op->domain.empty()) text += row_of(*op, bounds);
  }
  expect_page_part(kPage, "operators", text);
}

/// All operators of a model file's main graph that lie in ONNX's own domain, but for Constant.
std::set<std::string> operators_of(const std::string& path) {
  const std::string bytes = read_file(path);
  const auto model = onnx::read<onnx::ModelProto>(onnx::Span{bytes.data(), bytes.size(), bytes.data()});
  std::set<std::string> names;
  for (const onnx::Span span : model.graph.nodes) {
    const auto node = onnx::read<onnx::NodeProto>(span);
    if ((node.domain.empty() || node.domain == "ai.onnx") && node.op_type != "Constant")
      names.insert(std::string(node.op_type));
  }
  return names;
}

std::vector<std::vector<std::string>> rows_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream stream(line);
    rows.emplace_back();
    for (std::string cell; std::getline(stream, cell, '\t');) rows.back().push_back(cell);
  }
  return rows;
}

std::string table_of(const char* first, const char* second, const std::map<std::string, std::set<std::string>>& rows) {
  std::string text = std::string("| ") + first + " | " + second + " |\n|---|---|\n";
  for (const auto& [name, members] : rows)
    text += "| " + name + " | " + joined({members.begin(), members.end()}) + " |\n";
  return text;
}

// What ONNX's node tests run through a function body, as the ledger of the conformance tests has it.
TEST(OperatorsPage, ListsWhatRunsThroughItsDefinition) {
  std::set<std::string> names;
  for (const std::vector<std::string>& row : rows_of(LINNET_SOURCE_DIR "/tests/conformance/must_pass.txt")) {
    if (row.size() < 2 || row[1] != "function") continue;
    for (const std::string& name : operators_of(LINNET_TEST_DATA_DIR "/node_tests/" + row[0] + "/model.onnx")) {
      if (all_operators().find("", name) == nullptr) names.insert(name);
    }
  }
  std::string text;
  std::string line;
  for (const std::string& name : names) {
    if (line.size() + name.size() > 110) {
      text += line + '\n';
      line.clear();
    }
    line += (line.empty() ? "" : " ") + name + (name == *names.rbegin() ? "." : ",");
  }
  text += line + '\n';
  expect_page_part(kPage, "definitions", text);
}

TEST(OperatorsPage, ListsTheLayersThatAreCompared) {
  std::map<std::string, std::set<std::string>> rows;
  for (const std::vector<std::string>& row : rows_of(LINNET_SOURCE_DIR "/models/index.tsv")) {
    if (row.size() < 6 || row[0] == "path") continue;
    std::string name = row[5].substr(0, row[5].find(" on "));
    if (name.back() == ',') name.pop_back();
    rows[name].merge(operators_of(LINNET_SOURCE_DIR "/models/" + row[0]));
  }
  expect_page_part(kPage, "layers", table_of("network", "operators that PyTorch's exporters write for it", rows));
}

}  // namespace
}  // namespace linnet::internal
