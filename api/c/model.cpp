// linnet_model and linnet_value_info.
#include <linnet/inspect.hpp>

#include "api/c/status.hpp"

namespace {

using linnet::Model;
using linnet::Options;
using linnet::ValueInfo;
using linnet::internal::copied;
using linnet::internal::give;
using linnet::internal::info_of;
using linnet::internal::invalid_argument;
using linnet::internal::needed;
using linnet::internal::run_options_of;
using linnet::internal::status_of;
using linnet::internal::views_of;

const Options& options_of(const linnet_options* options) {
  static const Options& defaults = *new Options();
  return options != nullptr ? options->value : defaults;
}

const Model& model_of(const linnet_model* handle) { return needed(handle, "model").value; }

const linnet_value_info* entry(const std::vector<ValueInfo>& infos, size_t index, const char* kind) {
  if (index >= infos.size()) invalid_argument(kind, " ", index, " does not exist: the model has ", infos.size());
  return linnet::internal::handle_of(infos[index]);
}

}  // namespace

extern "C" {

linnet_status linnet_model_load_file(const char* path, const linnet_options* options, linnet_model** model) {
  return linnet_model_load_file_until(path, options, nullptr, model);
}

linnet_status linnet_model_load_memory(const void* bytes, size_t size, const linnet_options* options,
                                       linnet_model** model) {
  return linnet_model_load_memory_until(bytes, size, options, nullptr, model);
}

linnet_status linnet_model_load_file_until(const char* path, const linnet_options* options,
                                           const linnet_run_options* until, linnet_model** model) {
  return give(model, "model", [&] {
    return new linnet_model{
        Model::load(std::string(&needed(path, "path")), options_of(options), run_options_of(until))};
  });
}

linnet_status linnet_model_load_memory_until(const void* bytes, size_t size, const linnet_options* options,
                                             const linnet_run_options* until, linnet_model** model) {
  return give(model, "model",
              [&] { return new linnet_model{Model::load(bytes, size, options_of(options), run_options_of(until))}; });
}

void linnet_model_destroy(linnet_model* model) { delete model; }

linnet_status linnet_model_trim(const linnet_model* model) {
  return status_of([&] { model_of(model).trim(); });
}

size_t linnet_model_input_count(const linnet_model* model) {
  return model != nullptr ? model->value.inputs().size() : 0;
}

size_t linnet_model_output_count(const linnet_model* model) {
  return model != nullptr ? model->value.outputs().size() : 0;
}

int32_t linnet_model_data_decides_shapes(const linnet_model* model) {
  return model != nullptr && model->value.data_decides_shapes() ? 1 : 0;
}

linnet_status linnet_model_input(const linnet_model* model, size_t index, const linnet_value_info** info) {
  return give(info, "info", [&] { return entry(model_of(model).inputs(), index, "input"); });
}

linnet_status linnet_model_output(const linnet_model* model, size_t index, const linnet_value_info** info) {
  return give(info, "info", [&] { return entry(model_of(model).outputs(), index, "output"); });
}

linnet_status linnet_model_input_index(const linnet_model* model, const char* name, size_t* index) {
  return give(index, "index", [&] { return model_of(model).input_index(&needed(name, "name")); });
}

linnet_status linnet_model_output_index(const linnet_model* model, const char* name, size_t* index) {
  return give(index, "index", [&] { return model_of(model).output_index(&needed(name, "name")); });
}

linnet_status linnet_model_run(const linnet_model* model, const linnet_tensor* const* inputs, size_t input_count,
                               linnet_tensor** outputs, size_t output_count, const linnet_run_options* options) {
  return status_of([&] {
    const linnet::internal::OutputHandles<linnet_tensor> handles(outputs, output_count);
    const Model& value = model_of(model);
    handles.check(value.outputs().size());
    handles.set(value.run_views(views_of(inputs, input_count), linnet::internal::run_options_of(options)));
  });
}

linnet_status linnet_model_summary_json(const linnet_model* model, char** json) {
  return give(json, "json", [&] { return copied(linnet::to_json(linnet::summarize(model_of(model)))); });
}

linnet_status linnet_file_summary_json(const char* path, const linnet_options* options, char** json) {
  return give(json, "json", [&] {
    return copied(linnet::to_json(linnet::summarize_file(&needed(path, "path"), options_of(options))));
  });
}

linnet_status linnet_model_program_json(const linnet_model* model, const linnet_tensor* const* inputs,
                                        size_t input_count, char** json) {
  return give(json, "json", [&] {
    const Model& value = model_of(model);
    return copied(linnet::to_json(linnet::summarize_program(value, views_of(inputs, input_count))));
  });
}

const char* linnet_value_info_name(const linnet_value_info* info) {
  return info != nullptr ? info_of(*info).name.c_str() : "";
}

linnet_type linnet_value_info_type(const linnet_value_info* info) {
  return info != nullptr ? static_cast<linnet_type>(info_of(*info).type) : LINNET_UNDEFINED;
}

linnet_type linnet_value_info_key_type(const linnet_value_info* info) {
  return info != nullptr ? static_cast<linnet_type>(info_of(*info).key_type) : LINNET_UNDEFINED;
}

linnet_kind linnet_value_info_kind(const linnet_value_info* info) {
  return info != nullptr ? static_cast<linnet_kind>(info_of(*info).kind) : LINNET_KIND_TENSOR;
}

int32_t linnet_value_info_has_shape(const linnet_value_info* info) {
  return info != nullptr && info_of(*info).has_shape ? 1 : 0;
}

size_t linnet_value_info_rank(const linnet_value_info* info) {
  return info != nullptr ? info_of(*info).shape.size() : 0;
}

linnet_status linnet_value_info_dimension(const linnet_value_info* info, size_t axis, int64_t* size,
                                          const char** name) {
  if (name != nullptr) *name = nullptr;
  return give(size, "size", [&] {
    const ValueInfo& value = info_of(needed(info, "info"));
    if (axis >= value.shape.size())
      invalid_argument("dimension ", axis, " does not exist: the rank is ", value.shape.size());
    if (name != nullptr) *name = value.shape[axis].name.c_str();
    return value.shape[axis].value < 0 ? std::int64_t{-1} : value.shape[axis].value;
  });
}

}  // extern "C"
