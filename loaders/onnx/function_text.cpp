#include "loaders/onnx/function_text.hpp"

#include <charconv>
#include <cstring>

#include "loaders/onnx/proto.hpp"
#include "loaders/onnx/wire_writer.hpp"

namespace linnet::internal::onnx {
namespace {

// Numbers of the fields of NodeProto and AttributeProto.
constexpr std::uint32_t kNodeOfFunction = 7, kInput = 1, kOutput = 2, kOpType = 4, kAttribute = 5, kDomain = 7;
constexpr std::uint32_t kName = 1, kFloat = 2, kInt = 3, kString = 4, kFloats = 7, kInts = 8, kType = 20;

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

/// The value of an attribute, and its type.
void append_value(std::string& out, Pieces& pieces, ParseContext& attributes) {
  AttributeType type = AttributeType::kInt;
  if (pieces.take('"')) {
    type = AttributeType::kString;
    append_field(out, kString, {pieces.word("\"")});
    pieces.take('"');
  } else if (pieces.take('[')) {
    type = AttributeType::kInts;
    while (!pieces.take(']')) {
      append_number(out, kInts, static_cast<std::uint64_t>(number_of<std::int64_t>(pieces.word(",]"))));
      pieces.take(',');
    }
  } else {
    std::string_view name;
    if (pieces.take('@')) {
      if (pieces.take('@')) return append_list(out, pieces.word(",>"), attributes);
      name = pieces.word(":");
      pieces.take(':');
    }
    const std::string_view word = pieces.word(",>");
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
}

}  // namespace

std::string nodes_of_text(std::string_view nodes, ParseContext& attributes) {
  std::string out;
  for (Pieces pieces(nodes); !pieces.empty(); pieces.take(';')) {
    std::string node;
    do append_field(node, kOutput, {pieces.word(",=")});
    while (pieces.take(','));
    pieces.take('=');
    std::string_view op_type = pieces.word("<(");
    if (const std::size_t colon = op_type.find(':'); colon != std::string_view::npos) {
      append_field(node, kDomain, {op_type.substr(0, colon)});
      op_type.remove_prefix(colon + 1);
    }
    append_field(node, kOpType, {op_type});
    if (pieces.take('<')) {
      do {
        std::string attribute;
        append_field(attribute, kName, {pieces.word("=")});
        pieces.take('=');
        append_value(attribute, pieces, attributes);
        append_field(node, kAttribute, {attribute});
      } while (pieces.take(','));
      pieces.take('>');
    }
    pieces.take('(');
    if (pieces.front() != ')') {
      do append_field(node, kInput, {pieces.word(",)")});
      while (pieces.take(','));
    }
    pieces.take(')');
    append_field(out, kNodeOfFunction, {node});
  }
  return out;
}

}  // namespace linnet::internal::onnx
