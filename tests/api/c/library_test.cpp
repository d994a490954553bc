// The C API's library functions, tensors, null handles, messages per thread, and lack of memory.
#include <gtest/gtest.h>

#include <linnet/inspect.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include "tests/api/c/c_handles.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

TEST(CLibrary, SaysWhatItIs) {
  EXPECT_STREQ(linnet_version(), version());
  EXPECT_EQ(linnet_c_api_version(), static_cast<std::uint32_t>(LINNET_C_API_VERSION));
  EXPECT_STREQ(linnet_isa(), isa());
  EXPECT_EQ(linnet_optimized_build() != 0, optimized_build());
  std::string reason;
  if (onednn_available(&reason)) {
    EXPECT_OK(linnet_onednn_available());
  } else {
    EXPECT_FAILS(linnet_onednn_available(), LINNET_UNSUPPORTED, reason.c_str());
  }
}

TEST(CLibrary, StatusesAreTheErrorCodes) {
  EXPECT_EQ(LINNET_INVALID_ARGUMENT, static_cast<int>(ErrorCode::kInvalidArgument));
  EXPECT_EQ(LINNET_INVALID_MODEL, static_cast<int>(ErrorCode::kInvalidModel));
  EXPECT_EQ(LINNET_UNSUPPORTED, static_cast<int>(ErrorCode::kUnsupported));
  EXPECT_EQ(LINNET_IO, static_cast<int>(ErrorCode::kIo));
  EXPECT_EQ(LINNET_OUT_OF_MEMORY, static_cast<int>(ErrorCode::kOutOfMemory));
  EXPECT_EQ(LINNET_LIMIT_EXCEEDED, static_cast<int>(ErrorCode::kLimitExceeded));
  EXPECT_EQ(LINNET_CANCELLED, static_cast<int>(ErrorCode::kCancelled));
  EXPECT_EQ(LINNET_DEADLINE_EXCEEDED, static_cast<int>(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(LINNET_RUNTIME_FAULT, static_cast<int>(ErrorCode::kRuntimeFault));
  EXPECT_EQ(LINNET_INTERNAL, static_cast<int>(ErrorCode::kInternal));
  EXPECT_STREQ(linnet_status_name(LINNET_OK), "ok");
  EXPECT_STREQ(linnet_status_name(LINNET_DEADLINE_EXCEEDED), "deadline exceeded");
  EXPECT_STREQ(linnet_status_name(LINNET_INTERNAL), "internal error");
  EXPECT_STREQ(linnet_status_name(11), "unknown status");
  EXPECT_STREQ(linnet_status_name(-1), "unknown status");
}

TEST(CLibrary, TypesAreThoseOfTheCppApi) {
  for (linnet_type type = LINNET_UNDEFINED; type <= LINNET_INT2; ++type) {
    EXPECT_EQ(linnet_type_name(type), name_of(static_cast<DataType>(type)));
    EXPECT_EQ(linnet_type_size(type), size_of(static_cast<DataType>(type)));
    EXPECT_EQ(linnet_type_bits(type), bits_of(static_cast<DataType>(type)));
  }
  EXPECT_STREQ(linnet_type_name(27), "unknown");
  EXPECT_STREQ(linnet_type_name(-1), "unknown");
  EXPECT_EQ(linnet_type_size(-1), 0U);
  EXPECT_EQ(linnet_type_size(257), 0U);
  EXPECT_EQ(LINNET_BACKEND_REFERENCE, static_cast<int>(Backend::kReference));
  EXPECT_EQ(LINNET_BACKEND_SIMD, static_cast<int>(Backend::kSimd));
  EXPECT_EQ(LINNET_BACKEND_ONEDNN, static_cast<int>(Backend::kOnednn));
  EXPECT_EQ(LINNET_PRECISION_BF16, static_cast<int>(Precision::kBf16));
  EXPECT_EQ(LINNET_LOG_ERROR, static_cast<int>(LogLevel::kError));
}

TEST(CTensorTest, OwnsZeroedMemory) {
  const std::int64_t shape[] = {3, 5};
  linnet_tensor* tensor = nullptr;
  EXPECT_OK(linnet_tensor_create(LINNET_INT32, shape, 2, &tensor));
  const CTensor owner(tensor);
  EXPECT_EQ(linnet_tensor_type(tensor), LINNET_INT32);
  EXPECT_EQ(linnet_tensor_rank(tensor), 2U);
  EXPECT_EQ(linnet_tensor_shape(tensor)[1], 5);
  EXPECT_EQ(linnet_tensor_count(tensor), 15U);
  EXPECT_EQ(linnet_tensor_bytes(tensor), 60U);
  const auto* const values = static_cast<const std::int32_t*>(linnet_tensor_data(tensor));
  EXPECT_TRUE(std::all_of(values, values + 15, [](std::int32_t value) { return value == 0; }));
  linnet_tensor* scalar = nullptr;
  EXPECT_OK(linnet_tensor_create(LINNET_FLOAT64, nullptr, 0, &scalar));
  EXPECT_EQ(linnet_tensor_count(scalar), 1U);
  linnet_tensor_destroy(scalar);
}

TEST(CTensorTest, RefusesWrongTypesAndShapes) {
  const std::int64_t negative[] = {2, -1};
  const std::int64_t huge[] = {INT64_MAX, 16};
  linnet_tensor* tensor = nullptr;
  EXPECT_EQ(linnet_tensor_create(LINNET_FLOAT32, negative, 2, &tensor), LINNET_INVALID_ARGUMENT);
  EXPECT_EQ(linnet_tensor_create(LINNET_FLOAT32, huge, 2, &tensor), LINNET_INVALID_ARGUMENT);
  EXPECT_EQ(linnet_tensor_create(LINNET_STRING, negative, 1, &tensor), LINNET_INVALID_ARGUMENT);
  EXPECT_FAILS(linnet_tensor_create(1000, negative, 1, &tensor), LINNET_INVALID_ARGUMENT, "type 1000 does not exist");
  EXPECT_FAILS(linnet_tensor_create(LINNET_FLOAT32, nullptr, 1, &tensor), LINNET_INVALID_ARGUMENT,
               "shape is NULL, but the rank is 1");
  EXPECT_EQ(tensor, nullptr);
}

TEST(CTensorTest, GoesThroughAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.npy";
  const CTensor written = c_tensor(sample_tensor({3, 4}));
  EXPECT_OK(linnet_tensor_write_npy(path.c_str(), written.get()));
  linnet_tensor* read = nullptr;
  EXPECT_OK(linnet_tensor_read_npy(path.c_str(), &read));
  const CTensor owner(read);
  EXPECT_EQ(bit_difference(view_of(read), view_of(written.get())), "");
  linnet_tensor* none = read;
  EXPECT_EQ(linnet_tensor_read_npy((path + ".missing").c_str(), &none), LINNET_IO);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(linnet_tensor_write_npy((folder.path() + "/no/such/x.npy").c_str(), read), LINNET_IO);
  EXPECT_EQ(linnet_tensor_read_proto(path.c_str(), &none), LINNET_INVALID_MODEL) << linnet_last_error();
  const std::string proto = LINNET_TEST_DATA_DIR "/node_tests/test_relu/test_data_set_0/input_0.pb";
  EXPECT_OK(linnet_tensor_read_proto(proto.c_str(), &none));
  EXPECT_EQ(linnet_tensor_type(none), LINNET_FLOAT32);
  EXPECT_EQ(linnet_tensor_rank(none), 3U);
  linnet_tensor_destroy(none);
}

/// Every function that takes a handle or an out-parameter, with NULL for it.
TEST(CNull, IsRefusedOrFineEverywhere) {
  const COptions options = c_options();
  const CModel model = c_model(small_network(), options.get());
  const CSession session = c_session(model.get());
  const char* const no_options = "options is NULL";
  EXPECT_FAILS(linnet_options_create(nullptr), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_threads(nullptr, 1), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_backend(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_precision(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_memory_budget(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_flush_denormals(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_program_cache(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_program_cache_bytes(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_copy_weights(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_allow_external_links(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_external_data_folder(nullptr, "."), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_add_external_data(nullptr, "w", "", 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_add_external_data(options.get(), nullptr, "", 0), LINNET_INVALID_ARGUMENT,
               "location is NULL");
  EXPECT_FAILS(linnet_options_add_external_data(options.get(), "w", nullptr, 1), LINNET_INVALID_ARGUMENT,
               "bytes is NULL");
  EXPECT_FAILS(linnet_options_set_dimension(options.get(), nullptr, 1), LINNET_INVALID_ARGUMENT, "name is NULL");
  EXPECT_FAILS(linnet_options_set_denoted_dimension(options.get(), nullptr, 1), LINNET_INVALID_ARGUMENT,
               "denotation is NULL");
  EXPECT_FAILS(linnet_options_add_initializer(options.get(), nullptr, LINNET_FLOAT32, nullptr, 0, ""),
               LINNET_INVALID_ARGUMENT, "name is NULL");
  EXPECT_FAILS(linnet_options_add_initializer(options.get(), "w", LINNET_FLOAT32, nullptr, 1, ""),
               LINNET_INVALID_ARGUMENT, "shape is NULL, but the rank is 1");
  EXPECT_FAILS(linnet_options_disable_pass(nullptr, "all"), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_disable_pass(options.get(), nullptr), LINNET_INVALID_ARGUMENT, "name is NULL");
  EXPECT_FAILS(linnet_options_set_limit(nullptr, 0, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_log(nullptr, nullptr, nullptr), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_options_set_thread_pool(nullptr, nullptr, nullptr, nullptr), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_run_options_create(nullptr), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_run_options_set_cancel_token(nullptr, nullptr), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_run_options_set_timeout(nullptr, 0), LINNET_INVALID_ARGUMENT, no_options);
  EXPECT_FAILS(linnet_cancel_token_create(nullptr), LINNET_INVALID_ARGUMENT, "token is NULL");

  linnet_model* loaded = nullptr;
  EXPECT_FAILS(linnet_model_load_file(nullptr, nullptr, &loaded), LINNET_INVALID_ARGUMENT, "path is NULL");
  EXPECT_FAILS(linnet_model_load_file("x", nullptr, nullptr), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_load_memory("x", 1, nullptr, nullptr), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_load_file_until(nullptr, nullptr, nullptr, &loaded), LINNET_INVALID_ARGUMENT,
               "path is NULL");
  EXPECT_FAILS(linnet_model_load_memory_until("x", 1, nullptr, nullptr, nullptr), LINNET_INVALID_ARGUMENT,
               "model is NULL");
  EXPECT_FAILS(linnet_model_trim(nullptr), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_EQ(linnet_model_input_count(nullptr), 0U);
  EXPECT_EQ(linnet_model_output_count(nullptr), 0U);
  EXPECT_EQ(linnet_model_data_decides_shapes(nullptr), 0);
  const linnet_value_info* info = nullptr;
  EXPECT_FAILS(linnet_model_input(nullptr, 0, &info), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_input(model.get(), 0, nullptr), LINNET_INVALID_ARGUMENT, "info is NULL");
  EXPECT_FAILS(linnet_model_output(nullptr, 0, &info), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_output(model.get(), 0, nullptr), LINNET_INVALID_ARGUMENT, "info is NULL");
  std::size_t number = 0;
  EXPECT_FAILS(linnet_model_input_index(nullptr, "x", &number), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_input_index(model.get(), nullptr, &number), LINNET_INVALID_ARGUMENT, "name is NULL");
  EXPECT_FAILS(linnet_model_input_index(model.get(), "x", nullptr), LINNET_INVALID_ARGUMENT, "index is NULL");
  EXPECT_FAILS(linnet_model_output_index(nullptr, "x", &number), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_output_index(model.get(), nullptr, &number), LINNET_INVALID_ARGUMENT, "name is NULL");
  EXPECT_FAILS(linnet_model_output_index(model.get(), "x", nullptr), LINNET_INVALID_ARGUMENT, "index is NULL");
  EXPECT_FAILS(linnet_model_run(nullptr, nullptr, 0, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT, "model is NULL");
  char* text = nullptr;
  EXPECT_FAILS(linnet_model_summary_json(nullptr, &text), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_summary_json(model.get(), nullptr), LINNET_INVALID_ARGUMENT, "json is NULL");
  EXPECT_FAILS(linnet_model_program_json(nullptr, nullptr, 0, &text), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_model_program_json(model.get(), nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT, "json is NULL");
  EXPECT_FAILS(linnet_pass_names_json(nullptr), LINNET_INVALID_ARGUMENT, "json is NULL");
  EXPECT_STREQ(linnet_value_info_name(nullptr), "");
  EXPECT_EQ(linnet_value_info_type(nullptr), LINNET_UNDEFINED);
  EXPECT_EQ(linnet_value_info_has_shape(nullptr), 0);
  EXPECT_EQ(linnet_value_info_rank(nullptr), 0U);
  std::int64_t size = 0;
  EXPECT_FAILS(linnet_value_info_dimension(nullptr, 0, &size, nullptr), LINNET_INVALID_ARGUMENT, "info is NULL");
  EXPECT_OK(linnet_model_input(model.get(), 0, &info));
  EXPECT_FAILS(linnet_value_info_dimension(info, 0, nullptr, nullptr), LINNET_INVALID_ARGUMENT, "size is NULL");

  linnet_session* made = nullptr;
  const char* const no_session = "session is NULL";
  EXPECT_FAILS(linnet_session_create(nullptr, &made), LINNET_INVALID_ARGUMENT, "model is NULL");
  EXPECT_FAILS(linnet_session_create(model.get(), nullptr), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_bind_input(nullptr, 0, 1, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_bind_output(nullptr, 0, 1, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_unbind_output(nullptr, 0), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_prepare(nullptr), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_prepare_until(nullptr, nullptr), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_run(nullptr, nullptr), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_run_tensors(nullptr, nullptr, 0, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT,
               no_session);
  EXPECT_FAILS(linnet_session_output(nullptr, 0, nullptr, nullptr, nullptr, nullptr), LINNET_INVALID_ARGUMENT,
               no_session);
  EXPECT_FAILS(linnet_session_run_profiled(nullptr, nullptr, 0, &number), LINNET_INVALID_ARGUMENT, no_session);
  EXPECT_FAILS(linnet_session_run_profiled(session.get(), nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT,
               "count is NULL");

  EXPECT_FAILS(linnet_session_run_profiled_nodes(nullptr, nullptr, nullptr, 0, &number), LINNET_INVALID_ARGUMENT,
               no_session);

  linnet_tensor* tensor = nullptr;
  EXPECT_FAILS(linnet_tensor_create(LINNET_FLOAT32, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT, "tensor is NULL");
  EXPECT_EQ(linnet_tensor_type(nullptr), LINNET_UNDEFINED);
  EXPECT_EQ(linnet_tensor_shape(nullptr), nullptr);
  EXPECT_EQ(linnet_tensor_rank(nullptr), 0U);
  EXPECT_EQ(linnet_tensor_count(nullptr), 0U);
  EXPECT_EQ(linnet_tensor_bytes(nullptr), 0U);
  EXPECT_EQ(linnet_tensor_data(nullptr), nullptr);
  EXPECT_FAILS(linnet_tensor_read_npy(nullptr, &tensor), LINNET_INVALID_ARGUMENT, "path is NULL");
  EXPECT_FAILS(linnet_tensor_read_npy("x", nullptr), LINNET_INVALID_ARGUMENT, "tensor is NULL");
  EXPECT_FAILS(linnet_tensor_write_npy(nullptr, nullptr), LINNET_INVALID_ARGUMENT, "path is NULL");
  EXPECT_FAILS(linnet_tensor_write_npy("x", nullptr), LINNET_INVALID_ARGUMENT, "tensor is NULL");
  EXPECT_FAILS(linnet_tensor_read_proto(nullptr, &tensor), LINNET_INVALID_ARGUMENT, "path is NULL");
  EXPECT_FAILS(linnet_tensor_write_proto(nullptr, tensor), LINNET_INVALID_ARGUMENT, "path is NULL");
  EXPECT_FAILS(linnet_tensor_write_proto("x", nullptr), LINNET_INVALID_ARGUMENT, "tensor is NULL");
  EXPECT_FAILS(linnet_tensor_read_proto("x", nullptr), LINNET_INVALID_ARGUMENT, "tensor is NULL");

  linnet_options_destroy(nullptr);
  linnet_model_destroy(nullptr);
  EXPECT_OK(linnet_session_destroy(nullptr));
  linnet_tensor_destroy(nullptr);
  linnet_run_options_destroy(nullptr);
  linnet_cancel_token_destroy(nullptr);
  linnet_cancel_token_cancel(nullptr);
  linnet_cancel_token_reset(nullptr);
  EXPECT_EQ(linnet_cancel_token_cancelled(nullptr), 0);
  linnet_string_free(nullptr);
}

TEST(CLastError, BelongsToItsThread) {
  EXPECT_EQ(linnet_session_run(nullptr, nullptr), LINNET_INVALID_ARGUMENT);
  std::string at_first = "not looked at";
  std::string later;
  std::thread([&] {
    at_first = linnet_last_error();
    linnet_tensor_read_npy(nullptr, nullptr);
    later = linnet_last_error();
  }).join();
  EXPECT_EQ(at_first, "");
  EXPECT_EQ(later, "tensor is NULL");
  EXPECT_STREQ(linnet_last_error(), "session is NULL");
  const COptions succeeds = c_options();
  EXPECT_STREQ(linnet_last_error(), "session is NULL") << "a call that succeeds leaves the message alone";
}

TEST(CLastError, OfAThreadWithoutAnyMemoryIsKept) {
  linnet_status status = LINNET_OK;
  std::string message;
  std::thread([&] {
    AllocationCounter::fail_from(1);
    status = linnet_session_run(nullptr, nullptr);
    const bool is_right = std::strcmp(linnet_last_error(), "out of memory") == 0;
    AllocationCounter::fail_none();
    message = is_right ? "out of memory" : linnet_last_error();
  }).join();
  EXPECT_EQ(status, LINNET_INVALID_ARGUMENT);
  EXPECT_EQ(message, "out of memory") << "instead of the text, for which there is none";
}

/// Fails every allocation in turn, or all from then on; expects a status each time and nothing leaked.
TEST(CMemory, LackOfItIsAStatus) {
  const std::string bytes = small_network();
  const Tensor x = sample_tensor({4, 20});
  const std::int64_t y_shape[] = {4, 5};
  float y[20];
  const auto whole_use = [&]() -> linnet_status {
    linnet_options* options = nullptr;
    linnet_model* model = nullptr;
    linnet_session* session = nullptr;
    linnet_tensor* input = nullptr;
    linnet_tensor* outputs[2] = {};
    char* json = nullptr;
    linnet_status status = linnet_options_create(&options);
    if (status == LINNET_OK) status = linnet_options_set_threads(options, 1);
    if (status == LINNET_OK) status = linnet_options_set_backend(options, LINNET_BACKEND_SIMD);
    // With one thread: the C library keeps or frees blocks of its own where threads come and go.
    if (status == LINNET_OK) status = linnet_model_load_memory(bytes.data(), bytes.size(), options, &model);
    if (status == LINNET_OK) status = linnet_options_disable_pass(options, "a name that is too long to need no memory");
    if (status == LINNET_OK) status = linnet_model_summary_json(model, &json);
    if (status == LINNET_OK) status = linnet_session_create(model, &session);
    if (status == LINNET_OK) status = bind_input(session, x);
    if (status == LINNET_OK) status = linnet_session_bind_output(session, 0, LINNET_FLOAT32, y_shape, 2, y);
    if (status == LINNET_OK) status = linnet_session_run(session, nullptr);
    if (status == LINNET_OK) status = linnet_tensor_create(LINNET_FLOAT32, x.shape().data(), 2, &input);
    const linnet_tensor* const inputs[] = {input};
    if (status == LINNET_OK) status = linnet_session_run_tensors(session, inputs, 1, outputs, 2, nullptr);
    linnet_string_free(json);
    for (linnet_tensor* output : outputs) linnet_tensor_destroy(output);
    linnet_tensor_destroy(input);
    linnet_session_destroy(session);
    linnet_model_destroy(model);
    linnet_options_destroy(options);
    return status;
  };
  ASSERT_EQ(whole_use(), LINNET_OK) << linnet_last_error();
  linnet_session_run(nullptr, nullptr);  // makes what the thread keeps its message in
  for (const bool from_then_on : {false, true}) {
    std::uint64_t n = 1;
    std::uint64_t refused = 0;
    for (;; ++n) {
      ASSERT_LT(n, 200000U);
      const std::int64_t live = AllocationCounter::live_blocks();
      if (from_then_on) {
        AllocationCounter::fail_from(n);
      } else {
        AllocationCounter::fail_nth(n);
      }
      const linnet_status status = whole_use();
      AllocationCounter::fail_none();
      if (!AllocationCounter::has_failed()) break;
      ASSERT_TRUE(status == LINNET_OK || status == LINNET_OUT_OF_MEMORY)
          << "allocation " << n << ": " << linnet_status_name(status) << ", " << linnet_last_error();
      if (status != LINNET_OK) {
        ++refused;
        ASSERT_STRNE(linnet_last_error(), "");
      }
      linnet_session_run(nullptr, nullptr);  // its message needs as much memory each time
      ASSERT_EQ(AllocationCounter::live_blocks(), live) << "allocation " << n << " failing leaks";
    }
    EXPECT_GT(refused, 50U);
    std::printf("%llu allocations failed in turn, %llu of them with a status\n", static_cast<unsigned long long>(n - 1),
                static_cast<unsigned long long>(refused));
  }
}

}  // namespace
}  // namespace linnet::test
