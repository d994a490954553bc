// Owners of the C API's handles, and what several of its tests expect.
#pragma once

#include <linnet/linnet.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/api/sample_models.hpp"

namespace linnet::test {

template <auto kDestroy>
struct DestroyWith {
  template <typename Handle>
  void operator()(Handle* handle) const {
    kDestroy(handle);
  }
};
using COptions = std::unique_ptr<linnet_options, DestroyWith<linnet_options_destroy>>;
using CModel = std::unique_ptr<linnet_model, DestroyWith<linnet_model_destroy>>;
using CSession = std::unique_ptr<linnet_session, DestroyWith<linnet_session_destroy>>;
using CTensor = std::unique_ptr<linnet_tensor, DestroyWith<linnet_tensor_destroy>>;
using CValue = std::unique_ptr<linnet_value, DestroyWith<linnet_value_destroy>>;
using CRunOptions = std::unique_ptr<linnet_run_options, DestroyWith<linnet_run_options_destroy>>;
using CCancelToken = std::unique_ptr<linnet_cancel_token, DestroyWith<linnet_cancel_token_destroy>>;
using CString = std::unique_ptr<char, DestroyWith<linnet_string_free>>;

/// The status is `expected`, with this message.
#define EXPECT_FAILS(call, expected, message)   \
  do {                                          \
    EXPECT_EQ(call, expected);                  \
    EXPECT_STREQ(linnet_last_error(), message); \
  } while (false)

#define EXPECT_OK(call) EXPECT_EQ(call, LINNET_OK) << linnet_last_error()

inline COptions c_options(linnet_backend backend = LINNET_BACKEND_AUTO, std::int32_t threads = 1) {
  linnet_options* options = nullptr;
  EXPECT_OK(linnet_options_create(&options));
  EXPECT_OK(linnet_options_set_backend(options, backend));
  EXPECT_OK(linnet_options_set_threads(options, threads));
  return COptions(options);
}

inline CModel c_model(const std::string& bytes, const linnet_options* options) {
  linnet_model* model = nullptr;
  EXPECT_OK(linnet_model_load_memory(bytes.data(), bytes.size(), options, &model));
  return CModel(model);
}

inline CSession c_session(const linnet_model* model) {
  linnet_session* session = nullptr;
  EXPECT_OK(linnet_session_create(model, &session));
  return CSession(session);
}

inline CTensor c_tensor(const Tensor& tensor) {
  linnet_tensor* made = nullptr;
  EXPECT_OK(linnet_tensor_create(static_cast<linnet_type>(tensor.type()), tensor.shape().data(), tensor.shape().size(),
                                 &made));
  std::copy_n(static_cast<const char*>(tensor.data()), tensor.bytes(), static_cast<char*>(linnet_tensor_data(made)));
  return CTensor(made);
}

inline ConstTensorView view_of(linnet_tensor* tensor) {
  return {static_cast<DataType>(linnet_tensor_type(tensor)), linnet_tensor_shape(tensor), linnet_tensor_rank(tensor),
          linnet_tensor_data(tensor)};
}

inline linnet_status bind_input(linnet_session* session, const Tensor& tensor) {
  return linnet_session_bind_input(session, 0, static_cast<linnet_type>(tensor.type()), tensor.shape().data(),
                                   tensor.shape().size(), tensor.data());
}

inline ConstTensorView output_of(const linnet_session* session, std::size_t index) {
  linnet_type type = 0;
  ConstTensorView view;
  EXPECT_OK(linnet_session_output(session, index, &type, &view.shape, &view.rank, &view.data));
  view.type = static_cast<DataType>(type);
  return view;
}

}  // namespace linnet::test
