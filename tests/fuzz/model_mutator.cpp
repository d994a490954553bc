#include "tests/fuzz/model_mutator.hpp"

#include <algorithm>
#include <array>

#include "tests/fuzz/model_tree.hpp"

namespace linnet::test {
namespace {

constexpr int kVarint = 0, kPiece = 2;
// Numbers of fields in onnx.proto.
constexpr int kNodeInput = 1, kNodeOutput = 2, kNodeType = 4, kGraphNode = 1;
constexpr int kTensorDims = 1, kTensorType = 2, kTensorData = 9;
constexpr int kDimValue = 1, kElementType = 1, kAttributeName = 1;

constexpr std::array<std::uint64_t, 14> kNumbers = {
    0, 1, 2, 3, 4, 7, 8, 16, 255, 0x7fffffff, 0x80000000, 0x7fffffffffffffff, 0x8000000000000000, ~std::uint64_t{0}};
constexpr std::array<std::uint64_t, 6> kSizes = {0, 1, 2, 3, 5, 17};

/// A field, and what the message around it is.
struct Place {
  Field* field;
  std::vector<Field>* around;
  Kind parent;
};

void find_places(std::vector<Field>& fields, Kind parent, std::vector<Place>& places) {
  for (Field& field : fields) {
    places.push_back({&field, &fields, parent});
    find_places(field.fields, field.kind, places);
  }
}

class Mutator {
 public:
  Mutator(std::vector<Field>& model, const std::vector<std::string>& operators, std::minstd_rand& random)
      : model_(model), operators_(operators), random_(random) {}

  void change() {
    places_.clear();
    find_places(model_, Kind::kModel, places_);
    if (places_.empty()) return;
    switch (pick(16)) {
      case 0:
      case 1:
        return change_size();
      case 2:
        return change_type();
      case 3:
        return change_operator();
      case 4:
        return change_edge();
      case 5:
        return repeat_or_remove();
      case 6:
        return add_node();
      default:
        return change_value();
    }
  }

 private:
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  template <typename List>
  const auto& one_of(const List& list) {
    return list[pick(list.size())];
  }
  /// A field for which `fits`; null where there is none.
  template <typename Fits>
  Place* any_place(Fits fits) {
    std::vector<Place*> found;
    for (Place& place : places_) {
      if (fits(place)) found.push_back(&place);
    }
    return found.empty() ? nullptr : one_of(found);
  }
  static bool is(const Place& place, Kind parent, int number) {
    return place.parent == parent && place.field->number == number;
  }
  static bool is_size(const Place& place) {
    return (is(place, Kind::kDim, kDimValue) || is(place, Kind::kTensor, kTensorDims)) &&
           place.field->wire_type == kVarint;
  }
  static bool is_type(const Place& place) {
    return (is(place, Kind::kTensorType, kElementType) || is(place, Kind::kTensor, kTensorType)) &&
           place.field->wire_type == kVarint;
  }
  static bool is_edge(const Place& place) {
    return is(place, Kind::kNode, kNodeInput) || is(place, Kind::kNode, kNodeOutput);
  }

  /// One size becomes another wherever it stands, and initializers get as many bytes.
  void change_size() {
    const Place* const chosen = any_place(is_size);
    if (chosen == nullptr) return;
    const std::uint64_t old = chosen->field->value;
    const std::uint64_t size = one_of(kSizes);
    for (const Place& place : places_) {
      if (is_size(place) && place.field->value == old) place.field->value = size;
    }
    fit_data(old, size);
  }

  void change_type() {
    const Place* const chosen = any_place(is_type);
    if (chosen == nullptr) return;
    const std::uint64_t old = chosen->field->value;
    const std::uint64_t type = 1 + pick(26);
    for (const Place& place : places_) {
      if (is_type(place) && place.field->value == old) place.field->value = type;
    }
    static constexpr std::uint64_t kBytes[] = {4, 4, 1, 1, 2, 2, 4, 8, 1, 1, 2, 8, 4, 8, 8, 16, 2};
    if (old < std::size(kBytes) && type < std::size(kBytes)) fit_data(kBytes[old], kBytes[type]);
  }

  /// Data of a tensor in which `from` became `to`: what was there, again and again.
  void fit_data(std::uint64_t from, std::uint64_t to) {
    for (const Place& place : places_) {
      if (!is(place, Kind::kTensor, kTensorData) || from == 0) continue;
      std::string& bytes = place.field->bytes;
      const std::size_t size = bytes.size() / from * to;
      if (size > 1 << 14) continue;
      const std::string old = bytes.empty() ? std::string(1, '\0') : bytes;
      bytes.clear();
      while (bytes.size() < size) bytes.append(old, 0, std::min(old.size(), size - bytes.size()));
    }
  }

  void change_operator() {
    Place* const chosen = any_place([](const Place& place) { return is(place, Kind::kNode, kNodeType); });
    if (chosen != nullptr) chosen->field->bytes = one_of(operators_);
  }

  /// A node reads or makes another value of the graph.
  void change_edge() {
    Place* const chosen = any_place(is_edge);
    const Place* const other = any_place(is_edge);
    if (chosen != nullptr) chosen->field->bytes = other->field->bytes;
  }

  /// Of a node, an attribute, an input or output, a size.
  void repeat_or_remove() {
    const Place* const chosen = any_place([](const Place& place) {
      return place.parent != Kind::kModel && place.parent != Kind::kAttribute && place.parent != Kind::kTensor;
    });
    if (chosen == nullptr) return;
    const Place& place = *chosen;
    const auto index = static_cast<std::ptrdiff_t>(place.field - place.around->data());
    if (pick(2) == 0) {
      place.around->erase(place.around->begin() + index);
    } else {
      const Field copy = *place.field;
      place.around->insert(place.around->begin() + index, copy);
    }
  }

  /// A node behind the others, which reads up to three of the graph's values and makes another's output anew.
  void add_node() {
    Place* const graph = any_place([](const Place& place) { return place.field->kind == Kind::kGraph; });
    const Place* const last = any_place([](const Place& place) { return is(place, Kind::kNode, kNodeOutput); });
    if (graph == nullptr || last == nullptr) return;
    Field node;
    node.number = kGraphNode;
    node.wire_type = kPiece;
    node.kind = Kind::kNode;
    for (std::size_t i = 0, count = 1 + pick(3); i < count; ++i) {
      node.fields.push_back(piece(kNodeInput, any_place(is_edge)->field->bytes));
    }
    const std::string made = last->field->bytes;
    last->field->bytes += '\'';
    node.fields.push_back(piece(kNodeOutput, made));
    node.fields.push_back(piece(kNodeType, one_of(operators_)));
    graph->field->fields.push_back(node);
  }

  static Field piece(int number, std::string bytes) {
    Field field;
    field.number = number;
    field.wire_type = kPiece;
    field.bytes = std::move(bytes);
    return field;
  }

  /// A number, an element of data, or the name of an attribute.
  void change_value() {
    Place* const chosen = any_place([](const Place& place) { return place.field->kind == Kind::kBytes; });
    if (chosen == nullptr) return;
    Field& field = *chosen->field;
    if (field.wire_type != kPiece) {
      field.value = pick(2) == 0 ? one_of(kNumbers) : field.value + 1 - 2 * pick(2);
    } else if (is(*chosen, Kind::kAttribute, kAttributeName)) {
      field.bytes =
          any_place([](const Place& place) { return is(place, Kind::kAttribute, kAttributeName); })->field->bytes;
    } else if (!field.bytes.empty() && !is_edge(*chosen)) {
      const std::uint64_t number = one_of(kNumbers);
      const std::size_t width = std::min<std::size_t>(std::size_t{1} << pick(4), field.bytes.size());
      const std::size_t at = pick(field.bytes.size() / width) * width;
      for (std::size_t i = 0; i < width; ++i) field.bytes[at + i] = static_cast<char>(number >> (8 * i));
    }
  }

  std::vector<Field>& model_;
  const std::vector<std::string>& operators_;
  std::minstd_rand& random_;
  std::vector<Place> places_;
};

}  // namespace

std::string mutated_model(std::string_view model, std::size_t most, const std::vector<std::string>& operators,
                          std::minstd_rand& random) {
  std::optional<std::vector<Field>> fields = read_fields(model, Kind::kModel);
  if (!fields) return "";
  // One change mostly: of several, some make a model that is refused.
  for (std::size_t i = 0, count = random() % 4 == 0 ? 2 : 1; i < count; ++i)
    Mutator(*fields, operators, random).change();
  std::string out = write_fields(*fields);
  return out.size() <= most ? out : "";
}

}  // namespace linnet::test
