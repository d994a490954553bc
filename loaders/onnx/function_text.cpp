#include "loaders/onnx/function_text.hpp"

#include <charconv>
#include <cstring>
#include <utility>

#include "loaders/onnx/own_functions_impl.hpp"
#include "loaders/onnx/proto.hpp"
#include "loaders/onnx/wire_writer.hpp"

namespace linnet::internal::onnx {
namespace {

// Numbers of the fields of GraphProto, NodeProto and AttributeProto.
constexpr std::uint32_t kNodeOfGraph = 1, kInputOfGraph = 11, kOutputOfGraph = 12;
constexpr std::uint32_t kNodeOfFunction = 7, kInput = 1, kOutput = 2, kOpType = 4, kAttribute = 5, kDomain = 7;
constexpr std::uint32_t kName = 1, kFloat = 2, kInt = 3, kString = 4, kGraph = 6, kFloats = 7, kInts = 8, kType = 20,
                        kParameter = 21;

/// Takes pieces from the front of a text.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : left_(text) { skip_spaces(); }
  bool empty() const { return left_.empty(); }
  char front() const { return left_.empty() ? '\0' : left_.front(); }
  bool take(char c) {
    if (front() != c) return false;
    left_.remove_prefix(1);
    skip_spaces();
    return true;
  }
  /// Up to one of `ends`; may be empty.
  std::string_view word(const char* ends) {
    std::string_view result = left_.substr(0, left_.find_first_of(ends));
    left_.remove_prefix(result.size());
    while (!result.empty() && is_space(result.back())) result.remove_suffix(1);
    return result;
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\n'; }
  void skip_spaces() {
    while (!left_.empty() && is_space(left_.front())) left_.remove_prefix(1);
  }
  std::string_view left_;
};

void append_float(std::string& out, std::uint32_t field, float value) {
  append_varint(out, field << 3 | 5);
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(bits >> shift & 0xff);
}

/// Whatever the locale.
template <typename Number>
Number number_of(std::string_view word) {
  Number number{};
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

/// A list of the call. Errors: kInvalidModel where it is not there.
void append_list(std::string& out, std::string_view name, ParseContext& attributes) {
  const auto values = attributes.get_floats(name);
  if (!values) invalid_model("attribute \"", name, "\" is missing");
  for (const float value : *values) append_float(out, kFloats, value);
  append_number(out, kType, static_cast<std::uint64_t>(AttributeType::kFloats));
}

/// A reference to an attribute of the call.
void append_parameter(std::string& out, std::string_view name, ParseContext& attributes) {
  attributes.ignore(name);
  append_field(out, kParameter, {name});
}

void append_nodes(std::string& out, std::uint32_t field, Pieces& pieces, ParseContext& attributes);

/// Names of values up to a colon, each a ValueInfoProto.
void append_ends(std::string& out, std::uint32_t field, Pieces& pieces) {
  do {
    std::string info;
    append_field(info, kName, {pieces.word(",:")});
    append_field(out, field, {info});
  } while (pieces.take(','));
  pieces.take(':');
}

void append_graph(std::string& out, Pieces& pieces, ParseContext& attributes) {
  std::string graph;
  append_ends(graph, kInputOfGraph, pieces);
  append_ends(graph, kOutputOfGraph, pieces);
  append_nodes(graph, kNodeOfGraph, pieces, attributes);
  append_field(out, kGraph, {graph});
}

/// The value of an attribute, and its type, which it returns; that of a reference is not known.
AttributeType append_value(std::string& out, Pieces& pieces, ParseContext& attributes) {
  AttributeType type = AttributeType::kInt;
  if (pieces.take('"')) {
    type = AttributeType::kString;
    append_field(out, kString, {pieces.word("\"")});
    pieces.take('"');
  } else if (pieces.take('^')) {
    type = AttributeType::kGraph;
    append_graph(out, pieces, attributes);
    pieces.take('^');
  } else if (pieces.take('[')) {
    type = AttributeType::kInts;
    while (!pieces.take(']')) {
      const std::string_view word = pieces.word(",]");
      if (word.find('.') != std::string_view::npos) {
        type = AttributeType::kFloats;
        append_float(out, kFloats, number_of<float>(word));
      } else {
        append_number(out, kInts, static_cast<std::uint64_t>(number_of<std::int64_t>(word)));
      }
      pieces.take(',');
    }
  } else {
    std::string_view name;
    if (pieces.take('&')) {
      append_parameter(out, pieces.word(",>"), attributes);
      return AttributeType::kUndefined;
    }
    if (pieces.take('@')) {
      if (pieces.take('@')) {
        append_list(out, pieces.word(",>)"), attributes);
        return AttributeType::kFloats;
      }
      name = pieces.word(":");
      pieces.take(':');
    }
    const std::string_view word = pieces.word(",>)");
    if (word.find_first_of(".f") != std::string_view::npos) {  // inf has no point
      type = AttributeType::kFloat;
      const auto value = number_of<float>(word);
      append_float(out, kFloat, name.empty() ? value : attributes.get_float(name, value));
    } else {
      const auto value = number_of<std::int64_t>(word);
      append_number(out, kInt, static_cast<std::uint64_t>(name.empty() ? value : attributes.get_int(name, value)));
    }
  }
  append_number(out, kType, static_cast<std::uint64_t>(type));
  return type;
}

/// A Constant for a literal among the inputs of a node; returns its name.
std::string append_constant(std::string& out, std::uint32_t field, Pieces& pieces, ParseContext& attributes) {
  std::string name = text("#", out.size());
  std::string node, value;
  const AttributeType type = append_value(value, pieces, attributes);
  append_field(value, kName,
               {type == AttributeType::kInts     ? "value_ints"
                : type == AttributeType::kInt    ? "value_int"
                : type == AttributeType::kFloats ? "value_floats"
                                                 : "value_float"});
  append_field(node, kOutput, {name});
  append_field(node, kOpType, {"Constant"});
  append_field(node, kAttribute, {value});
  append_field(out, field, {node});
  return name;
}

/// Up to the end of the text, or of the graph.
void append_nodes(std::string& out, std::uint32_t field, Pieces& pieces, ParseContext& attributes) {
  for (; !pieces.empty() && pieces.front() != '^'; pieces.take(';')) {
    std::string node;
    do append_field(node, kOutput, {pieces.word(",=")});
    while (pieces.take(','));
    pieces.take('=');
    std::string_view op_type = pieces.word("<(;");
    if (pieces.front() == ';') {
      append_field(node, kInput, {std::exchange(op_type, "Identity")});
    }
    if (const std::size_t colon = op_type.find(':'); colon != std::string_view::npos) {
      append_field(node, kDomain, {op_type.substr(0, colon)});
      op_type.remove_prefix(colon + 1);
    }
    append_field(node, kOpType, {op_type});
    if (pieces.take('<')) {
      do {
        std::string attribute;
        const bool same = pieces.take('&');
        const std::string_view name = pieces.word("=,>");
        append_field(attribute, kName, {name});
        if (same) {
          append_parameter(attribute, name, attributes);
        } else {
          pieces.take('=');
          append_value(attribute, pieces, attributes);
        }
        append_field(node, kAttribute, {attribute});
      } while (pieces.take(','));
      pieces.take('>');
    }
    if (pieces.take('(') && pieces.front() != ')') {
      do {
        const bool literal = pieces.front() != '\0' && std::strchr("[@-0123456789", pieces.front()) != nullptr;
        append_field(node, kInput,
                     {literal ? append_constant(out, field, pieces, attributes) : std::string(pieces.word(",)"))});
      } while (pieces.take(','));
    }
    pieces.take(')');
    append_field(out, field, {node});
  }
}

bool holds(std::string_view condition, const OwnCall& call) {
  const std::size_t sign = condition.find_first_of("<=");
  if (sign == std::string_view::npos) return call.has_input(number_of<std::size_t>(condition));
  const std::string_view name = condition.substr(0, sign), wanted = condition.substr(sign + 1);
  if (condition[sign] == '=') return call.attributes.get_string(name, "") == wanted;
  const bool literal = name.front() >= '0' && name.front() <= '9';
  const std::int64_t value = literal ? number_of<std::int64_t>(name) : call.attributes.get_int(name, 0);
  return value < number_of<std::int64_t>(wanted);
}

void demand(std::string_view what, const OwnCall& call) {
  const std::size_t sign = what.find('=');
  const std::string name(what.substr(0, sign));
  if (what.find(',') != std::string_view::npos) {
    const std::string_view wanted = what.substr(sign + 1);
    const std::string value = call.attributes.get_string(name, std::string(wanted.substr(0, wanted.find(','))));
    const bool whole = value.find(',') == std::string::npos;
    if (whole && text(",", wanted, ",").find(text(",", value, ",")) != std::string::npos) return;
    invalid_model(name, " is \"", printable(value), "\", expected one of ", wanted);
  }
  if (sign != std::string_view::npos) {
    require(call, name.c_str(), number_of<std::int64_t>(what.substr(sign + 1)));
  } else if (!call.has_input(number_of<std::size_t>(what))) {
    unsupported("input ", what, " is left out");
  }
}

void append_order(std::string& out, bool to_second, const OwnCall& call) {
  const std::size_t rank = rank_of(call, 0, "0");
  if (rank < 2) invalid_model("input 0 has rank ", rank, ", expected 2 or more");
  out += '0';
  if (to_second) out += text(",", rank - 1);
  for (std::size_t axis = 1; axis + 1 < rank; ++axis) out += text(",", axis + (to_second ? 0 : 1));
  if (!to_second) out += ",1";
}

/// The text with everything chosen.
void append_chosen(std::string& out, std::string_view from, const OwnCall& call) {
  while (!from.empty()) {
    const std::string_view plain = from.substr(0, from.find_first_of("{!$"));
    out += plain;
    from.remove_prefix(plain.size());
    if (from.empty()) return;
    std::size_t end = 1;
    if (from[0] == '!') {
      end = from.find(';');
      demand(from.substr(1, end - 1), call);
    } else if (from[0] == '$') {
      append_order(out, from[1] == '<', call);
    } else {
      std::size_t otherwise = 0;
      for (int depth = 0; depth > 0 || from[end] != '}'; ++end) {
        if (from[end] == '{') ++depth;
        if (from[end] == '}') --depth;
        if (from[end] == '|' && depth == 0) otherwise = end + 1;
      }
      const std::size_t first = from.find('?') + 1;
      append_chosen(out,
                    holds(from.substr(1, first - 2), call) ? from.substr(first, otherwise - 1 - first)
                                                           : from.substr(otherwise, end - otherwise),
                    call);
    }
    from.remove_prefix(end + 1);
  }
}

}  // namespace

std::string numbered(std::string_view pattern, std::initializer_list<std::int64_t> numbers) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
    } else {
      out += text(numbers.begin()[pattern[++i] - 'a']);
    }
  }
  return out;
}

std::string nodes_of_text(std::string_view nodes, const OwnCall& call) {
  std::string out, chosen;
  append_chosen(chosen, nodes, call);
  Pieces pieces(chosen);
  append_nodes(out, kNodeOfFunction, pieces, call.attributes);
  return out;
}

}  // namespace linnet::internal::onnx
