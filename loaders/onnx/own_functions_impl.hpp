// What own functions are written with, and the texts themselves (function_text.hpp) by subject: own_layers.cpp,
// own_attention.cpp, own_grouped_attention.cpp, own_experts.cpp, own_quantized.cpp, own_control.cpp, own_training.cpp,
// own_sampling.cpp, own_features.cpp, own_decoding.cpp. The table that names them is in own_functions.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "loaders/onnx/own_functions.hpp"
#include "runtime/error.hpp"

namespace linnet::internal::onnx {

/// No number that products are made of is larger.
inline constexpr std::int64_t kMostSize = INT32_MAX;

/// A number that products can be made of: known, and not too large.
inline bool is_size(Dim dim) { return dim.known() && dim.value() > 0 && dim.value() <= kMostSize; }

/// Errors: kUnsupported where the rank of an input is not known.
std::size_t rank_of(const OwnCall& call, std::size_t input, const char* name);
/// Errors: kUnsupported where it is there.
void refuse_input(const OwnCall& call, std::size_t input, const char* name);
void refuse_output(const OwnCall& call, std::size_t output, const char* name);
/// An attribute that must have this value, or be left out. Errors: kUnsupported.
void require(const OwnCall& call, const char* name, std::int64_t wanted);
/// A node that the operator's kernel takes, which a library may be built without (LINNET_OPERATORS).
[[noreturn]] inline void refuse_without_kernel() { unsupported("this library was built without the operator"); }
/// Whether an attribute is there, and not 0.
bool is_set(const OwnCall& call, const char* name);
/// An attribute that counts something, and must be there. Errors: kInvalidModel.
std::int64_t count_of(const OwnCall& call, const char* name);
/// Text that makes `range`, 0, 1, ... as far as `of` goes along an axis; `s` is the size, as a list.
std::string range_along(const char* of, std::size_t axis);
/// A number as a text has it, whatever the locale.
std::string literal(double number);

// own_layers.cpp
std::string fused_matmul(const OwnCall& call);
std::string fused_gemm(const OwnCall& call);
std::string fused_conv(const OwnCall& call);
std::string skip_simplified_layer_normalization(const OwnCall& call);
std::string simplified_layer_normalization(const OwnCall& call);

// own_attention.cpp
/// ",scale=..." where the call has a scale, else nothing.
std::string scale_of(const OwnCall& call);
/// The scale of scores, as an attribute; by default 1 / sqrt(width).
std::string scale_literal(const OwnCall& call, std::int64_t width);
std::string rotary_embedding(const OwnCall& call);
std::string multi_head_attention(const OwnCall& call);
std::string decoder_masked_multi_head_attention(const OwnCall& call);
std::string attention(const OwnCall& call);
std::string quantized_attention(const OwnCall& call);

// own_grouped_attention.cpp
std::string group_query_attention(const OwnCall& call);

// own_decoding.cpp
std::string causal_conv_with_state(const OwnCall& call);
std::string linear_attention(const OwnCall& call);
std::string multimodal_rotary_embedding(const OwnCall& call);
std::string ngram_repeat_block(const OwnCall& call);
std::string gated_rms_norm(const OwnCall& call);
std::string gated_add(const OwnCall& call);

// own_experts.cpp
std::string mixture_of_experts(const OwnCall& call);
std::string quantized_mixture_of_experts(const OwnCall& call);

// own_quantized.cpp
std::string quantized_concat(const OwnCall& call);
std::string gather_block_quantized(const OwnCall& call);
std::string matmul_bnb4(const OwnCall& call);

// own_control.cpp
std::string scan_of_batches(const OwnCall& call);

// own_training.cpp
std::string batch_normalization(const OwnCall& call);
std::string adagrad(const OwnCall& call);
std::string adam(const OwnCall& call);
std::string momentum(const OwnCall& call);
std::string bernoulli(const OwnCall& call);

// own_sampling.cpp
std::string affine_grid(const OwnCall& call);
std::string center_crop_pad(const OwnCall& call);
std::string unfold_tensor(const OwnCall& call);
std::string crop_and_resize(const OwnCall& call);

// own_features.cpp
std::string array_feature_extractor(const OwnCall& call);
std::string cast_map(const OwnCall& call);
std::string scaler(const OwnCall& call);
std::string imputer(const OwnCall& call);
std::string linear_regressor(const OwnCall& call);
std::string linear_classifier(const OwnCall& call);
std::string feature_vectorizer(const OwnCall& call);

}  // namespace linnet::internal::onnx
