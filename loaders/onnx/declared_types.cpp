#include "loaders/onnx/declared_types.hpp"

#include <algorithm>

#include "loaders/onnx/tensor.hpp"
#include "runtime/log.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal::onnx {
namespace {

const char* name_of(TypeProto::Kind kind) {
  switch (kind) {
    case TypeProto::Kind::kNone:
      return "none";
    case TypeProto::Kind::kTensor:
      return "tensor";
    case TypeProto::Kind::kSequence:
      return "sequence";
    case TypeProto::Kind::kMap:
      return "map";
    case TypeProto::Kind::kOpaque:
      return "opaque";
    case TypeProto::Kind::kSparseTensor:
      return "sparse tensor";
    case TypeProto::Kind::kOptional:
      return "optional";
  }
  return "unknown";
}

Dim dimension(const DimensionProto& dim, std::size_t index, SymbolTable& symbols) {
  if (dim.kind != DimensionProto::Kind::kValue) return symbols.intern(dim.param, dim.denotation);
  if (dim.value == -1) return symbols.intern({}, dim.denotation);
  if (dim.value < 0) {
    invalid_model("dimension ", index, " is declared as ", dim.value,
                  "; one that is not fixed needs a name (dim_param) or nothing");
  }
  return {dim.value};
}

/// Errors: kUnsupported for keys that are neither int64 nor strings, and values that are no tensors.
DataType map_type(const TypeProto& type, const TypeProto& values) {
  if (values.kind != TypeProto::Kind::kTensor)
    unsupported("maps to values of kind ", name_of(values.kind), " are not supported");
  const DataType key = element_type(type.key_type);
  const DataType value = element_type(values.elem_type);
  if (!can_map(key, value)) unsupported("maps from ", key, " to ", value, " are not supported");
  return map_of(key, value);
}

/// PaddlePaddle's exporter names every open dimension so, whichever size each has.
constexpr std::string_view kNoName = "?";

}  // namespace

SymbolTable::SymbolTable(std::vector<std::string>& symbols, const Options& options)
    : symbols_(&symbols),
      options_(options),
      used_names_(options.dimensions.size()),
      used_denotations_(options.denoted_dimensions.size()) {
  for (const Sizes* sizes : {&options.dimensions, &options.denoted_dimensions}) {
    for (const auto& [name, size] : *sizes) {
      if (size < 0) invalid_argument("dimension \"", printable(name), "\" is to be ", size, ", expected a size from 0");
    }
  }
}

std::optional<std::size_t> SymbolTable::find(const Sizes& sizes, std::string_view name) {
  for (std::size_t i = 0; !name.empty() && i < sizes.size(); ++i) {
    if (sizes[i].first == name) return i;
  }
  return std::nullopt;
}

Dim SymbolTable::intern(std::string_view name, std::string_view denotation) {
  if (const auto given = find(options_.dimensions, name)) {
    used_names_[*given] = true;
    return {options_.dimensions[*given].second};
  }
  if (const auto given = find(options_.denoted_dimensions, denotation)) {
    used_denotations_[*given] = true;
    return {options_.denoted_dimensions[*given].second};
  }
  if (name.empty() || name == kNoName) return Dim::unknown();
  if (const std::uint32_t* index = indices_.find(name)) return Dim::symbol(*index);
  const auto index = static_cast<std::uint32_t>(symbols_->size());
  symbols_->emplace_back(name);
  indices_.insert(name, index);
  return Dim::symbol(index);
}

void SymbolTable::log_unused() const {
  const auto warn = [&](const Sizes& sizes, const std::vector<bool>& used, const char* kind) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (used[i]) continue;
      log(options_, LogLevel::kWarning, "a size is given for dimensions of the ", kind, " \"",
          printable(sizes[i].first), "\", but no open dimension of the model has it");
    }
  };
  warn(options_.dimensions, used_names_, "name");
  warn(options_.denoted_dimensions, used_denotations_, "denotation");
}

DataType value_type(const TypeProto& type) {
  switch (type.kind) {
    case TypeProto::Kind::kNone:
      return DataType::kUndefined;
    case TypeProto::Kind::kTensor:
      return element_type(type.elem_type);
    case TypeProto::Kind::kSequence:
    case TypeProto::Kind::kMap:
    case TypeProto::Kind::kOptional: {
      TypeProto inside;
      if (type.element.data != nullptr) inside = read<TypeProto>(type.element);
      if (type.kind == TypeProto::Kind::kMap) return map_type(type, inside);
      const bool optional = type.kind == TypeProto::Kind::kOptional;
      bool fits = inside.kind == (optional ? TypeProto::Kind::kSequence : TypeProto::Kind::kMap);
      fits = fits || inside.kind == TypeProto::Kind::kTensor;
      if (!fits) unsupported(name_of(type.kind), "s of kind ", name_of(inside.kind), " are not supported");
      const DataType within = value_type(inside);
      if (optional && is_sequence(within) && is_map(type_inside(within)))
        unsupported("optional sequences of maps are not supported");
      return optional ? optional_of(within) : sequence_of(within);
    }
    default:
      unsupported("values of kind ", name_of(type.kind), " are not supported");
  }
}

TensorType type_without_shape(DataType type) {
  if (is_map(type)) return {type, true, {Dim(2)}};
  if (is_sequence(type) || is_optional(type)) return {type, true, {Dim::unknown()}};
  return {type, false, {}};
}

TensorType declared_type(const TypeProto& type, SymbolTable& symbols, const Options& options, const std::string& what) {
  TensorType result;
  if (type.kind == TypeProto::Kind::kNone) return result;
  result = type_without_shape(value_type(type));
  if (!type.has_shape) return result;
  if (options.limits.rank != 0 && type.dims.size() > options.limits.rank) {
    fail(ErrorCode::kLimitExceeded, "rank ", type.dims.size(), " exceeds the limit of ", options.limits.rank,
         " (Options::limits.rank)");
  }
  result.ranked = true;
  result.dims.reserve(type.dims.size());
  for (const DimensionProto& dim : type.dims) result.dims.push_back(dimension(dim, result.dims.size(), symbols));
  const auto is_minus_one = [](const DimensionProto& dim) {
    return dim.kind == DimensionProto::Kind::kValue && dim.value == -1;
  };
  if (std::any_of(type.dims.begin(), type.dims.end(), is_minus_one)) {
    log(options, LogLevel::kWarning, what, " is declared with dimension -1, which is taken as open");
  }
  if (!all_known(result.dims)) return result;
  if (is_held(result.type)) {
    element_count(to_shape(result.dims));
  } else {
    byte_count(result.type, to_shape(result.dims));
  }
  return result;
}

void check_declared(const TensorType& declared, const TensorType& known, const std::vector<std::string>& symbols,
                    const Options& options, const std::string& what) {
  if (declared.type == DataType::kUndefined || known.type == DataType::kUndefined) return;
  if (declared.type != known.type) invalid_model(what, " is declared as ", declared.type, " but is ", known.type);
  if (!declared.ranked || !known.ranked) return;
  bool differs = declared.dims.size() != known.dims.size();
  for (std::size_t i = 0; !differs && i < declared.dims.size(); ++i) differs = declared.dims[i].differs(known.dims[i]);
  if (!differs) return;
  log(options, LogLevel::kWarning, what, " is declared with shape ", describe(declared.dims, symbols),
      " but has shape ", describe(known.dims, symbols), ", which is used");
}

}  // namespace linnet::internal::onnx
