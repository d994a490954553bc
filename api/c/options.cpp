// linnet_options, linnet_run_options and linnet_cancel_token.
#include <chrono>
#include <string>

#include "api/c/status.hpp"

namespace {

using linnet::Options;
using linnet::internal::check_shape;
using linnet::internal::enumerator;
using linnet::internal::give;
using linnet::internal::invalid_argument;
using linnet::internal::needed;
using linnet::internal::status_of;
using linnet::internal::type_of;

/// Calls change(options).
template <typename Change>
linnet_status set(linnet_options* options, const Change& change) {
  return status_of([&] { change(needed(options, "options").value); });
}

std::size_t& limit_of(linnet::Limits& limits, linnet_limit limit) {
  switch (limit) {
    case LINNET_LIMIT_FILE_BYTES:
      return limits.file_bytes;
    case LINNET_LIMIT_NODES:
      return limits.nodes;
    case LINNET_LIMIT_NESTING:
      return limits.nesting;
    case LINNET_LIMIT_RANK:
      return limits.rank;
    case LINNET_LIMIT_FOLDED_BYTES:
      return limits.folded_bytes;
    case LINNET_LIMIT_FOLDING_NS:
      return limits.folding_ns;
    default:
      invalid_argument("limit ", limit, " does not exist");
  }
}

}  // namespace

extern "C" {

linnet_status linnet_options_create(linnet_options** options) {
  return give(options, "options", [] { return new linnet_options(); });
}

void linnet_options_destroy(linnet_options* options) { delete options; }

linnet_status linnet_options_set_threads(linnet_options* options, int32_t threads) {
  return set(options, [&](Options& value) { value.threads = threads; });
}

linnet_status linnet_options_set_backend(linnet_options* options, linnet_backend backend) {
  return set(options,
             [&](Options& value) { value.backend = enumerator(backend, linnet::Backend::kReference, "backend"); });
}

linnet_status linnet_options_set_precision(linnet_options* options, linnet_precision precision) {
  return set(options,
             [&](Options& value) { value.precision = enumerator(precision, linnet::Precision::kBf16, "precision"); });
}

linnet_status linnet_options_set_memory_budget(linnet_options* options, size_t bytes) {
  return set(options, [&](Options& value) { value.memory_budget = bytes; });
}

linnet_status linnet_options_set_flush_denormals(linnet_options* options, int32_t flush) {
  return set(options, [&](Options& value) { value.flush_denormals = flush != 0; });
}

linnet_status linnet_options_set_program_cache(linnet_options* options, size_t programs) {
  return set(options, [&](Options& value) { value.program_cache = programs; });
}

linnet_status linnet_options_set_program_cache_bytes(linnet_options* options, size_t bytes) {
  return set(options, [&](Options& value) { value.program_cache_bytes = bytes; });
}

linnet_status linnet_options_set_copy_weights(linnet_options* options, int32_t copy) {
  return set(options, [&](Options& value) { value.copy_weights = copy != 0; });
}

linnet_status linnet_options_set_allow_external_links(linnet_options* options, int32_t allow) {
  return set(options, [&](Options& value) { value.allow_external_links = allow != 0; });
}

linnet_status linnet_options_set_external_data_folder(linnet_options* options, const char* folder) {
  return set(options, [&](Options& value) { value.external_data_folder = folder != nullptr ? folder : ""; });
}

linnet_status linnet_options_add_external_data(linnet_options* options, const char* location, const void* bytes,
                                               size_t size) {
  return set(options, [&](Options& value) {
    if (bytes == nullptr && size > 0) invalid_argument("bytes is NULL");
    value.external_data.push_back({&needed(location, "location"), bytes, size});
  });
}

linnet_status linnet_options_set_dimension(linnet_options* options, const char* name, int64_t size) {
  return set(options, [&](Options& value) { value.dimensions.emplace_back(&needed(name, "name"), size); });
}

linnet_status linnet_options_set_denoted_dimension(linnet_options* options, const char* denotation, int64_t size) {
  return set(options,
             [&](Options& value) { value.denoted_dimensions.emplace_back(&needed(denotation, "denotation"), size); });
}

linnet_status linnet_options_add_initializer(linnet_options* options, const char* name, linnet_type type,
                                             const int64_t* shape, size_t rank, const void* data) {
  return set(options, [&](Options& value) {
    check_shape(shape, rank);
    value.initializers.emplace_back(&needed(name, "name"), linnet::ConstTensorView{type_of(type), shape, rank, data});
  });
}

linnet_status linnet_options_add_state(linnet_options* options, const char* input, const char* output) {
  return set(options, [&](Options& value) {
    value.states.push_back({&needed(input, "input"), &needed(output, "output")});
  });
}

linnet_status linnet_options_disable_pass(linnet_options* options, const char* name) {
  return set(options, [&](Options& value) { value.disabled_passes.emplace_back(&needed(name, "name")); });
}

linnet_status linnet_options_set_limit(linnet_options* options, linnet_limit limit, size_t value) {
  return set(options, [&](Options& all) { limit_of(all.limits, limit) = value; });
}

linnet_status linnet_options_set_log(linnet_options* options, linnet_log log, void* context) {
  return set(options, [&](Options& value) {
    if (log == nullptr) {
      value.log = nullptr;
      return;
    }
    value.log = [log, context](linnet::LogLevel level, std::string_view line) {
      const std::string terminated(line);
      log(context, static_cast<linnet_log_level>(level), terminated.c_str(), terminated.size());
    };
  });
}

linnet_status linnet_options_set_thread_pool(linnet_options* options, linnet_concurrency concurrency,
                                             linnet_parallel_for parallel_for, void* context) {
  return set(options, [&](Options& value) {
    if ((concurrency == nullptr) != (parallel_for == nullptr))
      invalid_argument(concurrency == nullptr ? "concurrency" : "parallel_for", " is NULL, the other function is not");
    value.thread_pool = {context, concurrency, parallel_for};
  });
}

linnet_status linnet_run_options_create(linnet_run_options** options) {
  return give(options, "options", [] { return new linnet_run_options(); });
}

void linnet_run_options_destroy(linnet_run_options* options) { delete options; }

linnet_status linnet_run_options_set_cancel_token(linnet_run_options* options, const linnet_cancel_token* token) {
  return status_of([&] { needed(options, "options").value.cancel = token != nullptr ? &token->value : nullptr; });
}

linnet_status linnet_run_options_set_timeout(linnet_run_options* options, int64_t nanoseconds) {
  return status_of([&] {
    linnet::RunOptions& value = needed(options, "options").value;
    if (nanoseconds < 0) invalid_argument("timeout is ", nanoseconds, " ns, expected 0 (none) or more");
    value.timeout = std::chrono::nanoseconds(nanoseconds);
  });
}

linnet_status linnet_cancel_token_create(linnet_cancel_token** token) {
  return give(token, "token", [] { return new linnet_cancel_token(); });
}

void linnet_cancel_token_destroy(linnet_cancel_token* token) { delete token; }

void linnet_cancel_token_cancel(linnet_cancel_token* token) {
  if (token != nullptr) token->value.cancel();
}

void linnet_cancel_token_reset(linnet_cancel_token* token) {
  if (token != nullptr) token->value.reset();
}

int32_t linnet_cancel_token_cancelled(const linnet_cancel_token* token) {
  return token != nullptr && token->value.cancelled() ? 1 : 0;
}

}  // extern "C"
