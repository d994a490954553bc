// Read ahead of each of ONNX's definitions of operators (onnx/defs/*/*.cc). What Linnet asks them for stays: names,
// attributes with their defaults, types, bodies. Left out is
//
// - what describes inputs, outputs and attributes to people, and where a definition stands;
// - propagation of data: inference does it only when told to, and the version converter does not tell it to;
// - inference of types and shapes of operators since opset 7. Only the version converter infers, and here it is given
//   models from before opset 7 only. Their adapters need the shapes: before opset 7, broadcasting was an attribute.
//
// The macros bear the names of OpSchema's functions and call them without what is left out.
#pragma once

#include <functional>

// All that declares functions of these names.
#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"

namespace ONNX_NAMESPACE {

/// The opset since which a definition holds; in its own body a constant of the same name hides this one. Functions
/// that several definitions share keep their inference.
constexpr int kSinceVersion = 0;

/// Gives a schema its inference, or is empty and leaves `inference` without a caller.
template <int since_version, typename Inference>
std::function<void(OpSchema&)> inference_before_opset_7(Inference inference) {
  if constexpr (since_version < 7) {
    return [inference](OpSchema& schema) { schema.TypeAndShapeInferenceFunction(inference); };
  } else {
    return nullptr;
  }
}

}  // namespace ONNX_NAMESPACE

#undef ONNX_OPERATOR_SET_SCHEMA_EX
#define ONNX_OPERATOR_SET_SCHEMA_EX(name, domain, domain_name, version, in_static_opset, definition) \
  class ONNX_OPERATOR_SET_SCHEMA_CLASS_NAME(domain, version, name);                                  \
  template <>                                                                                        \
  OpSchema GetOpSchema<ONNX_OPERATOR_SET_SCHEMA_CLASS_NAME(domain, version, name)>() {               \
    constexpr int kSinceVersion [[maybe_unused]] = version;                                          \
    return (definition).SetName(#name).SetDomain(domain_name).SinceVersion(version);                 \
  }

#define TypeAndShapeInferenceFunction(...) FillUsing(inference_before_opset_7<kSinceVersion>(__VA_ARGS__))
#define PartialDataPropagationFunction(...) FillUsing(nullptr)
#define Input(index, name, description, ...) Input(index, name, "", __VA_ARGS__)
#define Output(index, name, description, ...) Output(index, name, "", __VA_ARGS__)
#define Attr(name, description, ...) Attr(name, "", __VA_ARGS__)
