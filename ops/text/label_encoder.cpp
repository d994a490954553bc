// LabelEncoder (ai.onnx.ml): Y holds for each element of X the value that stands beside it in a list of keys, or the
// default where it is no key. Any shape. X has the type of the keys, Y that of the values.
//   Opset 4: keys_strings, keys_int64s, keys_floats or keys_tensor; values_* likewise; default_string ("_Unused"),
//   default_int64 (-1), default_float (-0) or default_tensor. Tensors: strings and all numeric types. NaN is one key,
//   as are 0 and -0. 2: no tensors; keys are the same where their bits are. Of a key that is there twice the last one
//   counts. 1: classes_strings; strings become their first places there, int64 the strings at these places.
// CategoryMapper (opset 1): strings of cats_strings become the int64 beside them in cats_int64s, int64 the strings.
// Where Y holds strings, the loader puts EncodeToStrings (of Linnet's own domain) in the node's place.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/sized_elements.hpp"
#include "ops/text/dictionary.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLine = 256;    // elements that are looked up at a time
constexpr std::size_t kChunk = 4096;  // elements
constexpr double kCost = 50.0;        // ns per element

/// A list of elements of one type: texts, or numbers as an array.
struct List {
  DataType type = DataType::kUndefined;
  std::vector<std::string> texts;
  std::vector<std::byte> numbers;

  std::size_t size() const { return type == DataType::kString ? texts.size() : numbers.size() / size_of(type); }
  void set(DataType number_type, const void* elements, std::size_t count) {
    type = number_type;
    const auto* const bytes = static_cast<const std::byte*>(elements);
    numbers.assign(bytes, bytes + count * size_of(type));
  }
  void set(std::vector<std::string> strings) {
    type = DataType::kString;
    texts = std::move(strings);
  }
  /// Errors: kInvalidModel for types that can be no labels.
  void set(const Constant& tensor, const char* name) {
    if (tensor.type == DataType::kString) return set(held(tensor.data).strings());
    if (!kNumericTypes.has(tensor.type))
      invalid_model("attribute \"", name, "\" is ", tensor.type, ", expected strings or numbers");
    set(tensor.type, tensor.data, static_cast<std::size_t>(tensor.count()));
  }
};

/// Numbers [first, first + count) of an array, such that those that are one key are equal.
void load_keys(DataType type, bool bitwise, const void* numbers, std::size_t first, std::size_t count,
               std::uint64_t* keys) {
  if (!kFloatTypes.has(type)) return load_line(type, numbers, first, count, keys);
  double line[kLine];
  load_line(type, numbers, first, count, line);
  for (std::size_t i = 0; i < count; ++i) {
    double key = line[i];
    if (!bitwise && std::isnan(key)) key = std::numeric_limits<double>::quiet_NaN();
    if (!bitwise && key == 0) key = 0;
    std::memcpy(&keys[i], &key, sizeof key);
  }
}

/// What is looked up where.
struct Table {
  DataType key_type = DataType::kUndefined;
  bool bitwise = false;
  Dictionary keys;
  std::vector<std::size_t> places;  ///< of values, by the numbers of the keys
  List values;                      ///< behind them the default

  /// Errors: kInvalidModel for keys and values of different numbers.
  void set_keys(const List& list, bool first_counts) {
    key_type = list.type;
    const std::size_t count = list.size();
    if (count + 1 != values.size()) invalid_model("there are ", count, " keys, but ", values.size() - 1, " values");
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t number = 0;
      if (key_type != DataType::kString) load_keys(key_type, bitwise, list.numbers.data(), i, 1, &number);
      const std::uint32_t key = key_type == DataType::kString ? keys.add(list.texts[i]) : keys.add(number);
      const bool is_new = key == places.size();
      if (is_new) places.push_back(0);
      if (is_new || !first_counts) places[key] = i;
    }
  }

  /// The places of the values for elements [first, first + count) of an input, at most kLine.
  void look_up(const void* x, std::size_t first, std::size_t count, std::size_t* found) const {
    std::uint64_t numbers[kLine];
    if (key_type != DataType::kString) load_keys(key_type, bitwise, x, first, count, numbers);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t key =
          key_type == DataType::kString ? keys.find(held(x).strings()[first + i]) : keys.find(numbers[i]);
      found[i] = key == Dictionary::kNone ? values.size() - 1 : places[key];
    }
  }
};

struct LabelAttributes : Attributes {
  bool of_classes = false;  ///< opset 1, and CategoryMapper
  Table table;              ///< of these from strings
  Table backwards;          ///< of these to strings
};

/// Null where it depends on the input's type, which is not known yet.
const Table* table_of(const NodeView& node) {
  const auto& attributes = node.attributes<LabelAttributes>();
  const DataType type = node.input_type(0);
  if (attributes.of_classes && type == DataType::kUndefined) return nullptr;
  return attributes.of_classes && type != DataType::kString ? &attributes.backwards : &attributes.table;
}

/// Strings that become `numbers`, or (where there are none) their places.
void parse_classes(ParseContext& context, const char* name, std::vector<std::int64_t> numbers, bool first_counts,
                   LabelAttributes& attributes) {
  std::vector<std::string> classes = list_of_strings(context, name);
  if (classes.empty()) invalid_model("attribute \"", name, "\" is missing or empty");
  attributes.of_classes = true;
  List texts;
  texts.set(classes);
  for (std::size_t i = numbers.size(); i < classes.size(); ++i) numbers.push_back(static_cast<std::int64_t>(i));
  numbers.resize(classes.size() + 1);
  List places;
  places.set(DataType::kInt64, numbers.data(), classes.size());
  numbers.back() = context.get_int("default_int64", -1);
  classes.push_back(context.get_string("default_string", "_Unused"));
  attributes.table.values.set(DataType::kInt64, numbers.data(), numbers.size());
  attributes.table.set_keys(texts, first_counts);
  attributes.backwards.values.set(std::move(classes));
  attributes.backwards.set_keys(places, first_counts);
}

/// The list that is given under one of its names: with "keys", keys_strings and so on. Errors: kInvalidModel unless it
/// is exactly one.
List parse_list(ParseContext& context, const std::string& name) {
  List list;
  int given = 0;
  if (std::vector<std::string> texts = list_of_strings(context, name + "_strings"); !texts.empty()) {
    list.set(std::move(texts));
    ++given;
  }
  if (const auto numbers = list_of_integers(context, name + "_int64s"); !numbers.empty()) {
    list.set(DataType::kInt64, numbers.data(), numbers.size());
    ++given;
  }
  if (const auto numbers = context.get_floats(name + "_floats")) {
    list.set(DataType::kFloat32, numbers->data(), numbers->size());
    ++given;
  }
  const std::string tensor_name = name + "_tensor";
  if (const ConstantPtr tensor = context.opset() >= 4 ? context.get_tensor(tensor_name) : nullptr) {
    list.set(*tensor, tensor_name.c_str());
    ++given;
  }
  if (given != 1) invalid_model(given, " lists of ", name, " are given (", name, "_strings and others), expected one");
  return list;
}

/// Puts one element more behind the values. Errors: kInvalidModel for a tensor of another type or size.
void parse_default(ParseContext& context, List& values) {
  // Writers give those of other types, too.
  std::string text = context.get_string("default_string", "_Unused");
  const std::int64_t integer = context.get_int("default_int64", -1);
  const auto number = static_cast<double>(context.get_float("default_float", -0.0F));
  List given;
  if (const ConstantPtr tensor = context.opset() >= 4 ? context.get_tensor("default_tensor") : nullptr) {
    given.set(*tensor, "default_tensor");
    if (given.type != values.type || given.size() != 1)
      invalid_model("default_tensor has ", given.size(), " elements of ", given.type, ", expected one of ",
                    values.type);
    if (values.type == DataType::kString) text = given.texts[0];
  } else if (values.type != DataType::kString) {
    given.numbers.resize(size_of(values.type));
    kFloatTypes.has(values.type) ? store_line(values.type, &number, 0, 1, given.numbers.data())
                                 : store_line(values.type, &integer, 0, 1, given.numbers.data());
  }
  values.numbers.insert(values.numbers.end(), given.numbers.begin(), given.numbers.end());
  if (values.type == DataType::kString) values.texts.push_back(std::move(text));
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<LabelAttributes>();
  if (context.opset() == 1) {
    parse_classes(context, "classes_strings", {}, true, *attributes);
    return attributes;
  }
  Table& table = attributes->table;
  const List keys = parse_list(context, "keys");
  table.values = parse_list(context, "values");
  parse_default(context, table.values);
  table.bitwise = context.opset() < 4;
  table.set_keys(keys, false);
  return attributes;
}

AttributesPtr parse_categories(ParseContext& context) {
  auto attributes = new_shared<LabelAttributes>();
  std::vector<std::int64_t> numbers = list_of_integers(context, "cats_int64s");
  const std::size_t texts = list_of_strings(context, "cats_strings").size();
  if (numbers.size() != texts) invalid_model("cats_int64s has ", numbers.size(), " elements, cats_strings ", texts);
  parse_classes(context, "cats_strings", std::move(numbers), false, *attributes);
  return attributes;
}

DataType output_type(const NodeView& node, std::size_t) {
  const Table* const table = table_of(node);
  return table == nullptr ? DataType::kUndefined : table->values.type;
}

const char* encode_to_strings(const NodeView& node) {
  return output_type(node, 0) == DataType::kString ? "EncodeToStrings" : nullptr;
}

void infer(InferContext& context) {
  const Table& table = *table_of(context);
  const DataType type = context.input_type(0);
  if (type != table.key_type) invalid_model("input X is ", type, ", but the keys are ", table.key_type);
  if ((table.values.type == DataType::kString) != context.node().op->facts.reveals)
    unsupported("the element type of input X must be known from the model");
  context.set_output(0, table.values.type, context.input_dims(0));
}

struct State {
  AttributesPtr attributes;  ///< own the table
  const Table* table = nullptr;
  Shape shape;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->attributes = context.node().attributes;
  state->table = table_of(context);
  state->shape = context.input_shape(0);
  return {state};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::byte* const values = state.table->values.numbers.data();
  const std::size_t bytes = size_of(state.table->values.type);
  const auto elements = static_cast<std::size_t>(element_count(state.shape));
  for_chunks(args.control, elements, kChunk, kCost, [&](std::size_t first, std::size_t count) {
    std::size_t places[kLine];
    for (const std::size_t end = first + count; first < end; first += kLine) {
      const std::size_t size = std::min(kLine, end - first);
      state.table->look_up(args.inputs[0], first, size, places);
      std::byte* const y = static_cast<std::byte*>(args.outputs[0]) + first * bytes;
      visit_size(bytes, [&](auto tag) {
        using T = typename decltype(tag)::type;
        for (std::size_t i = 0; i < size; ++i)
          reinterpret_cast<T*>(y)[i] = reinterpret_cast<const T*>(values)[places[i]];
      });
    }
  });
}

void run_to_strings(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  Held& output = held(args.outputs[0]);
  std::vector<std::string>& y = output.make_strings(state.shape);
  std::size_t bytes = 0;
  std::size_t places[kLine];
  for (std::size_t first = 0; first < y.size(); first += kLine) {
    args.control.check();
    const std::size_t size = std::min(kLine, y.size() - first);
    state.table->look_up(args.inputs[0], first, size, places);
    for (std::size_t i = 0; i < size; ++i) {
      const std::string& text = state.table->values.texts[places[i]];
      bytes += text.size();
      output.check_budget(bytes);
      y[first + i] = text;
    }
  }
}

constexpr InputDef kInputs[] = {{"X", kStoredTypes | kStringType, kJudgesTypes}};
constexpr OutputDef kOutputs[] = {{"Y", kStoredTypes | kStringType, kJudgesTypes}};

}  // namespace

void register_label_encoder(Registry& registry) {
  OpDef op = text_op("LabelEncoder", 1, kInputs, kOutputs, parse, infer, prepare, run);
  op.domain = "ai.onnx.ml";
  op.output_type = output_type;
  op.string_form = encode_to_strings;
  registry.add(op);
  op.name = "CategoryMapper";
  op.parse = parse_categories;
  registry.add(std::move(op));
  op = text_op("EncodeToStrings", 1, kInputs, kOutputs, parse, infer, prepare, run_to_strings);
  op.domain = kOwnDomain;
  op.output_type = output_type;
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
