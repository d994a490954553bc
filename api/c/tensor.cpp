// linnet_tensor.
#include <linnet/tensor_file.hpp>

#include <string>

#include "api/c/status.hpp"

namespace {

using linnet::Shape;
using linnet::Tensor;
using linnet::internal::give;
using linnet::internal::needed;
using linnet::internal::status_of;

}  // namespace

extern "C" {

linnet_status linnet_tensor_create(linnet_type type, const int64_t* shape, size_t rank, linnet_tensor** tensor) {
  return give(tensor, "tensor", [&] {
    linnet::internal::check_shape(shape, rank);
    return new linnet_tensor{Tensor(linnet::internal::type_of(type), Shape(shape, shape + rank))};
  });
}

void linnet_tensor_destroy(linnet_tensor* tensor) { delete tensor; }

linnet_type linnet_tensor_type(const linnet_tensor* tensor) {
  return tensor != nullptr ? static_cast<linnet_type>(tensor->value.type()) : LINNET_UNDEFINED;
}

const int64_t* linnet_tensor_shape(const linnet_tensor* tensor) {
  return tensor != nullptr ? tensor->value.shape().data() : nullptr;
}

size_t linnet_tensor_rank(const linnet_tensor* tensor) { return tensor != nullptr ? tensor->value.shape().size() : 0; }

size_t linnet_tensor_count(const linnet_tensor* tensor) { return tensor != nullptr ? tensor->value.count() : 0; }

size_t linnet_tensor_bytes(const linnet_tensor* tensor) { return tensor != nullptr ? tensor->value.bytes() : 0; }

void* linnet_tensor_data(linnet_tensor* tensor) { return tensor != nullptr ? tensor->value.data() : nullptr; }

linnet_status linnet_tensor_read_npy(const char* path, linnet_tensor** tensor) {
  return give(tensor, "tensor", [&] { return new linnet_tensor{linnet::read_npy(&needed(path, "path"))}; });
}

linnet_status linnet_tensor_write_npy(const char* path, const linnet_tensor* tensor) {
  return status_of([&] {
    const std::string name(&needed(path, "path"));
    linnet::write_npy(name, needed(tensor, "tensor").value.view());
  });
}

linnet_status linnet_tensor_read_proto(const char* path, linnet_tensor** tensor) {
  return give(tensor, "tensor", [&] { return new linnet_tensor{linnet::read_tensor_proto(&needed(path, "path"))}; });
}

linnet_status linnet_tensor_write_proto(const char* path, const linnet_tensor* tensor) {
  return status_of([&] {
    const std::string name(&needed(path, "path"));
    linnet::write_tensor_proto(name, needed(tensor, "tensor").value.view());
  });
}

}  // extern "C"
