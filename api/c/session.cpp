// linnet_session.
#include <algorithm>

#include <linnet/inspect.hpp>

#include "api/c/status.hpp"
#include "api/session_access.hpp"
#include "runtime/session_impl.hpp"

namespace {

using linnet::Session;
using linnet::internal::check_shape;
using linnet::internal::give;
using linnet::internal::needed;
using linnet::internal::status_of;
using linnet::internal::type_of;

/// Calls call(session).
template <typename Call>
linnet_status with(linnet_session* session, const Call& call) {
  return status_of([&] { call(needed(session, "session").value); });
}

}  // namespace

extern "C" {

linnet_status linnet_session_create(const linnet_model* model, linnet_session** session) {
  return give(session, "session", [&] { return new linnet_session{needed(model, "model").value.session()}; });
}

linnet_status linnet_session_destroy(linnet_session* session) {
  if (session == nullptr) return LINNET_OK;
  return status_of([&] {
    linnet::internal::SessionAccess::impl(session->value).in_use().take();  // never given back
    delete session;
  });
}

linnet_status linnet_session_bind_input(linnet_session* session, size_t index, linnet_type type, const int64_t* shape,
                                        size_t rank, const void* data) {
  return with(session, [&](Session& value) {
    check_shape(shape, rank);
    value.bind_input(index, {type_of(type), shape, rank, data});
  });
}

linnet_status linnet_session_bind_output(linnet_session* session, size_t index, linnet_type type, const int64_t* shape,
                                         size_t rank, void* data) {
  return with(session, [&](Session& value) {
    check_shape(shape, rank);
    value.bind_output(index, {type_of(type), shape, rank, data});
  });
}

linnet_status linnet_session_unbind_output(linnet_session* session, size_t index) {
  return with(session, [&](Session& value) { value.unbind_output(index); });
}

linnet_status linnet_session_prepare(linnet_session* session) { return linnet_session_prepare_until(session, nullptr); }

linnet_status linnet_session_prepare_until(linnet_session* session, const linnet_run_options* until) {
  return with(session, [&](Session& value) { value.prepare(linnet::internal::run_options_of(until)); });
}

linnet_status linnet_session_run(linnet_session* session, const linnet_run_options* options) {
  return with(session, [&](Session& value) { value.run(linnet::internal::run_options_of(options)); });
}

linnet_status linnet_session_run_tensors(linnet_session* session, const linnet_tensor* const* inputs,
                                         size_t input_count, linnet_tensor** outputs, size_t output_count,
                                         const linnet_run_options* options) {
  return status_of([&] {
    const linnet::internal::OutputHandles<linnet_tensor> handles(outputs, output_count);
    Session& value = needed(session, "session").value;
    handles.check(linnet::internal::SessionAccess::impl(value).model().outputs().size());
    handles.set(
        value.run_views(linnet::internal::views_of(inputs, input_count), linnet::internal::run_options_of(options)));
  });
}

linnet_status linnet_session_output(const linnet_session* session, size_t index, linnet_type* type,
                                    const int64_t** shape, size_t* rank, const void** data) {
  linnet::ConstTensorView view;
  const linnet_status status = status_of([&] { view = needed(session, "session").value.output(index); });
  if (type != nullptr) *type = static_cast<linnet_type>(view.type);
  if (shape != nullptr) *shape = view.shape;
  if (rank != nullptr) *rank = view.rank;
  if (data != nullptr) *data = view.data;
  return status;
}

linnet_status linnet_session_carry(linnet_session* session, const char* output, const char* input) {
  return with(session, [&](Session& value) { value.carry(&needed(output, "output"), &needed(input, "input")); });
}

linnet_status linnet_session_carry_caches(linnet_session* session, size_t* count) {
  return with(session, [&](Session& value) {
    const size_t pairs = value.carry_caches().size();
    if (count != nullptr) *count = pairs;
  });
}

linnet_status linnet_session_reset(linnet_session* session) {
  return with(session, [&](Session& value) { value.reset(); });
}

linnet_status linnet_session_run_profiled(linnet_session* session, int64_t* nanoseconds, size_t capacity,
                                          size_t* count) {
  return give(count, "count", [&] {
    Session& value = needed(session, "session").value;
    if (capacity > 0) needed(nanoseconds, "nanoseconds");
    const std::vector<std::int64_t> times = linnet::run_profiled(value);
    std::copy_n(times.begin(), std::min(capacity, times.size()), nanoseconds);
    return times.size();
  });
}

linnet_status linnet_session_run_profiled_nodes(linnet_session* session, size_t* steps, int64_t* nanoseconds,
                                                size_t capacity, size_t* count) {
  return give(count, "count", [&] {
    Session& value = needed(session, "session").value;
    if (capacity > 0) {
      needed(steps, "steps");
      needed(nanoseconds, "nanoseconds");
    }
    const std::vector<linnet::NodeTime> times = linnet::run_profiled_nodes(value);
    for (std::size_t i = 0; i < std::min(capacity, times.size()); ++i) {
      steps[i] = times[i].step;
      nanoseconds[i] = times[i].nanoseconds;
    }
    return times.size();
  });
}

}  // extern "C"
