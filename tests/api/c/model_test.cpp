// The C API's models: loading with every option, names and shapes, owned tensors, JSON.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <linnet/inspect.hpp>

#include <unistd.h>

#include <array>
#include <atomic>

#include "tests/api/c/c_handles.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

using nlohmann::json;

const std::string kSampler = LINNET_SOURCE_DIR "/models/activation_sampler/dynamo_external_dynamic.onnx";

class CModelTest : public testing::Test {
 protected:
  CModelTest() {
    Options options;
    options.threads = 1;
    expected_ = load(small_network(), options).run({x_});
  }
  COptions options_ = c_options();
  CModel model_ = c_model(small_network(), options_.get());
  Tensor x_ = sample_tensor({4, 20});
  std::vector<Tensor> expected_;
};

TEST_F(CModelTest, NamesItsInputsAndOutputs) {
  EXPECT_EQ(linnet_model_input_count(model_.get()), 1U);
  EXPECT_EQ(linnet_model_output_count(model_.get()), 2U);
  EXPECT_EQ(linnet_model_data_decides_shapes(model_.get()), 0);
  const linnet_value_info* info = nullptr;
  EXPECT_OK(linnet_model_input(model_.get(), 0, &info));
  EXPECT_STREQ(linnet_value_info_name(info), "x");
  EXPECT_EQ(linnet_value_info_type(info), LINNET_FLOAT32);
  EXPECT_EQ(linnet_value_info_has_shape(info), 1);
  ASSERT_EQ(linnet_value_info_rank(info), 2U);
  std::int64_t size = 0;
  const char* name = nullptr;
  EXPECT_OK(linnet_value_info_dimension(info, 0, &size, &name));
  EXPECT_EQ(size, -1);
  EXPECT_STREQ(name, "batch");
  EXPECT_OK(linnet_value_info_dimension(info, 1, &size, nullptr));
  EXPECT_EQ(size, 20);
  EXPECT_FAILS(linnet_value_info_dimension(info, 2, &size, &name), LINNET_INVALID_ARGUMENT,
               "dimension 2 does not exist: the rank is 2");
  EXPECT_EQ(size, 0);
  EXPECT_EQ(name, nullptr);
  EXPECT_OK(linnet_model_output(model_.get(), 1, &info));
  EXPECT_STREQ(linnet_value_info_name(info), "hidden");
  EXPECT_FAILS(linnet_model_output(model_.get(), 2, &info), LINNET_INVALID_ARGUMENT,
               "output 2 does not exist: the model has 2");
  EXPECT_EQ(info, nullptr);
}

TEST_F(CModelTest, FindsIndicesByName) {
  std::size_t index = 9;
  EXPECT_OK(linnet_model_output_index(model_.get(), "hidden", &index));
  EXPECT_EQ(index, 1U);
  EXPECT_OK(linnet_model_input_index(model_.get(), "x", &index));
  EXPECT_EQ(index, 0U);
  EXPECT_FAILS(linnet_model_output_index(model_.get(), "x", &index), LINNET_INVALID_ARGUMENT,
               "there is no output \"x\"; the model has \"y\", \"hidden\"");
}

TEST_F(CModelTest, RunsOwnedTensors) {
  const CTensor x = c_tensor(x_);
  const linnet_tensor* const inputs[] = {x.get()};
  linnet_tensor* outputs[2] = {};
  EXPECT_OK(linnet_model_run(model_.get(), inputs, 1, outputs, 2, nullptr));
  const CTensor y(outputs[0]);
  const CTensor hidden(outputs[1]);
  model_.reset();
  EXPECT_EQ(bit_difference(view_of(y.get()), expected_[0].view()), "");
  EXPECT_EQ(bit_difference(view_of(hidden.get()), expected_[1].view()), "");
}

TEST_F(CModelTest, GivesAsManyOutputsAsWanted) {
  const CTensor x = c_tensor(x_);
  const linnet_tensor* const inputs[] = {x.get()};
  linnet_tensor* outputs[3] = {x.get(), x.get(), x.get()};
  EXPECT_FAILS(linnet_model_run(model_.get(), inputs, 1, outputs, 3, nullptr), LINNET_INVALID_ARGUMENT,
               "3 outputs wanted, the model has 2");
  EXPECT_EQ(outputs[0], nullptr);
  EXPECT_EQ(outputs[2], nullptr);
  EXPECT_OK(linnet_model_run(model_.get(), inputs, 1, outputs, 1, nullptr));
  const CTensor y(outputs[0]);
  EXPECT_EQ(bit_difference(view_of(y.get()), expected_[0].view()), "");
  EXPECT_EQ(outputs[1], nullptr);
  EXPECT_OK(linnet_model_run(model_.get(), inputs, 1, nullptr, 0, nullptr));
  EXPECT_FAILS(linnet_model_run(model_.get(), inputs, 1, nullptr, 1, nullptr), LINNET_INVALID_ARGUMENT,
               "outputs is NULL");
}

TEST_F(CModelTest, RefusesWrongInputsOfARun) {
  const CTensor x = c_tensor(x_);
  const CTensor narrow = c_tensor(sample_tensor({4, 19}));
  const linnet_tensor* const inputs[] = {narrow.get(), nullptr};
  linnet_tensor* output = nullptr;
  EXPECT_FAILS(linnet_model_run(model_.get(), inputs, 1, &output, 1, nullptr), LINNET_INVALID_ARGUMENT,
               "input \"x\": the model wants float32 [batch,20], got float32 [4,19]");
  EXPECT_FAILS(linnet_model_run(model_.get(), inputs, 0, &output, 1, nullptr), LINNET_INVALID_ARGUMENT,
               "0 inputs given, the model wants 1");
  EXPECT_FAILS(linnet_model_run(model_.get(), inputs, 2, &output, 1, nullptr), LINNET_INVALID_ARGUMENT,
               "inputs[1] is NULL");
  EXPECT_FAILS(linnet_model_run(model_.get(), nullptr, 1, &output, 1, nullptr), LINNET_INVALID_ARGUMENT,
               "inputs is NULL");
}

TEST_F(CModelTest, LoadsFilesAndSaysWhatIsWrongWithThem) {
  linnet_model* model = nullptr;
  EXPECT_OK(linnet_model_load_file(kSampler.c_str(), nullptr, &model));
  EXPECT_EQ(linnet_model_input_count(model), 1U);
  linnet_model_destroy(model);
  EXPECT_EQ(linnet_model_load_file("no/such/model.onnx", nullptr, &model), LINNET_IO);
  EXPECT_EQ(model, nullptr);
  EXPECT_NE(std::string(linnet_last_error()).find("no/such/model.onnx"), std::string::npos) << linnet_last_error();
  EXPECT_EQ(linnet_model_load_memory("\xff\xff", 2, nullptr, &model), LINNET_INVALID_MODEL) << linnet_last_error();
  EXPECT_FAILS(linnet_model_load_memory(nullptr, 10, nullptr, &model), LINNET_INVALID_ARGUMENT,
               "no model given (null)");
}

TEST_F(CModelTest, SummariesAreTheJsonOfTheCppApi) {
  char* text = nullptr;
  EXPECT_OK(linnet_model_summary_json(model_.get(), &text));
  const json summary = json::parse(CString(text).get());
  EXPECT_EQ(summary["inputs"][0]["name"], "x");
  EXPECT_EQ(summary["inputs"][0]["shape"], json::parse(R"(["batch", 20])"));
  EXPECT_EQ(summary["opsets"][""], 13);
  EXPECT_FALSE(summary["nodes"].empty());
  EXPECT_GT(summary["weights_bytes"], 3000);

  const CTensor x = c_tensor(x_);
  const linnet_tensor* const inputs[] = {x.get()};
  EXPECT_OK(linnet_model_program_json(model_.get(), inputs, 1, &text));
  const json program = json::parse(CString(text).get());
  EXPECT_FALSE(program["steps"].empty());
  EXPECT_EQ(program["outputs"][0]["shape"], json::parse("[4, 5]"));
  EXPECT_EQ(program["steps"][0]["input_shapes"][0], json::parse("[4, 20]"));
  EXPECT_FAILS(linnet_model_program_json(model_.get(), inputs, 0, &text), LINNET_INVALID_ARGUMENT,
               "0 inputs given, the model wants 1");
  EXPECT_EQ(text, nullptr);

  EXPECT_OK(linnet_pass_names_json(&text));
  EXPECT_EQ(json::parse(CString(text).get()), json(pass_names()));
}

TEST(CModelJson, EscapesHostileNames) {
  const std::string name = "a\"\\\n\x01\xff\xc3\xa9\xed\xa0\x80";
  ModelWriter writer = model().opset(13).input("x", DataType::kFloat32, {name, 2});
  const std::string bytes = writer.node("Relu", {"x"}, {"y"}).output("y", DataType::kFloat32).bytes();
  linnet_model* model = nullptr;
  if (linnet_model_load_memory(bytes.data(), bytes.size(), nullptr, &model) != LINNET_OK) {
    GTEST_FAIL() << linnet_last_error();
  }
  const CModel owner(model);
  char* text = nullptr;
  EXPECT_OK(linnet_model_summary_json(model, &text));
  const json summary = json::parse(CString(text).get());
  EXPECT_EQ(summary["inputs"][0]["shape"][0], "a\"\\\n\x01\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

// Every option changes what it should.

TEST(COptionsTest, ThreadsBackendAndPrecision) {
  const COptions options = c_options(LINNET_BACKEND_REFERENCE, 2000);
  const std::string bytes = small_network();
  linnet_model* model = nullptr;
  EXPECT_FAILS(linnet_model_load_memory(bytes.data(), bytes.size(), options.get(), &model), LINNET_INVALID_ARGUMENT,
               "option threads is 2000, expected 0 (all CPUs) to 1024");
  EXPECT_OK(linnet_options_set_threads(options.get(), 1));
  const CModel reference = c_model(bytes, options.get());
  const CTensor x = c_tensor(sample_tensor({4, 20}));
  const linnet_tensor* const inputs[] = {x.get()};
  char* text = nullptr;
  EXPECT_OK(linnet_model_program_json(reference.get(), inputs, 1, &text));
  const json program = json::parse(CString(text).get());
  for (const json& step : program["steps"]) EXPECT_EQ(step["implementation"], "reference");
  EXPECT_OK(linnet_options_set_precision(options.get(), LINNET_PRECISION_BF16));
  EXPECT_NE(c_model(bytes, options.get()), nullptr);
  EXPECT_FAILS(linnet_options_set_backend(options.get(), 4), LINNET_INVALID_ARGUMENT, "backend 4 does not exist");
  EXPECT_FAILS(linnet_options_set_backend(options.get(), -1), LINNET_INVALID_ARGUMENT, "backend -1 does not exist");
  EXPECT_FAILS(linnet_options_set_precision(options.get(), 2), LINNET_INVALID_ARGUMENT, "precision 2 does not exist");
}

/// y = w, which is float32 [2] in the file w.bin.
std::string model_with_external_data() {
  return model()
      .initializer("w", external_tensor(DataType::kFloat32, {2}, {{"location", "w.bin"}}))
      .node("Identity", {"w"}, {"y"})
      .output("y")
      .bytes();
}

TEST(COptionsTest, ExternalDataFromAFolderAndFromBytes) {
  const TemporaryFolder folder;
  folder.write("data/w.bin", "12345678");
  const std::string bytes = model_with_external_data();
  linnet_model* refused = nullptr;
  EXPECT_FAILS(linnet_model_load_memory(bytes.data(), bytes.size(), nullptr, &refused), LINNET_UNSUPPORTED,
               "1 part of the model is not supported:\n  initializer \"w\": the data is in the file \"w.bin\", but the "
               "model was loaded from memory and has no "
               "folder; linnet_options_set_external_data_folder names one, linnet_options_add_external_data gives the "
               "bytes of files");
  const COptions with_folder = c_options();
  EXPECT_OK(linnet_options_set_external_data_folder(with_folder.get(), folder.path("data").c_str()));
  EXPECT_NE(c_model(bytes, with_folder.get()), nullptr);
  EXPECT_OK(linnet_options_set_external_data_folder(with_folder.get(), nullptr));
  EXPECT_EQ(linnet_model_load_memory(bytes.data(), bytes.size(), with_folder.get(), &refused), LINNET_UNSUPPORTED);
  const COptions with_bytes = c_options();
  EXPECT_OK(linnet_options_add_external_data(with_bytes.get(), "w.bin", "12345678", 8));
  EXPECT_NE(c_model(bytes, with_bytes.get()), nullptr);
}

TEST(COptionsTest, MessagesNameThemAsCDoes) {
  const TemporaryFolder folder;
  folder.write("outside.bin", "12345678");
  const std::string path = folder.write("model/m.onnx", model_with_external_data());
  ASSERT_EQ(::symlink("../outside.bin", folder.path("model/w.bin").c_str()), 0);
  linnet_model* refused = nullptr;
  const std::string name = "\"" + path + "\": ";
  EXPECT_FAILS(
      linnet_model_load_file(path.c_str(), nullptr, &refused), LINNET_INVALID_MODEL,
      (name + "initializer \"w\": external data \"w.bin\" is reached through a symbolic link that leads out of the "
              "model's folder; linnet_options_set_allow_external_links accepts it")
          .c_str());
  const COptions options = c_options();
  EXPECT_OK(linnet_options_set_limit(options.get(), LINNET_LIMIT_FILE_BYTES, 10));
  EXPECT_EQ(linnet_model_load_file(path.c_str(), options.get(), &refused), LINNET_LIMIT_EXCEEDED);
  EXPECT_NE(std::string(linnet_last_error()).find("the limit (LINNET_LIMIT_FILE_BYTES) is 10"), std::string::npos)
      << linnet_last_error();
}

TEST(COptionsTest, MemoryBudgetAndLimits) {
  const COptions options = c_options();
  EXPECT_OK(linnet_options_set_memory_budget(options.get(), 100));
  EXPECT_OK(linnet_options_set_program_cache(options.get(), 1));
  EXPECT_OK(linnet_options_set_program_cache_bytes(options.get(), 1));
  EXPECT_OK(linnet_options_set_copy_weights(options.get(), 1));
  EXPECT_OK(linnet_options_set_allow_external_links(options.get(), 1));
  const CModel model = c_model(small_network(), options.get());
  const CTensor x = c_tensor(sample_tensor({4096, 20}));
  const linnet_tensor* const inputs[] = {x.get()};
  linnet_tensor* y = nullptr;
  EXPECT_EQ(linnet_model_run(model.get(), inputs, 1, &y, 1, nullptr), LINNET_LIMIT_EXCEEDED) << linnet_last_error();
  struct Case {
    linnet_limit limit;
    std::size_t value;
  };
  for (const Case& limit :
       {Case{LINNET_LIMIT_FILE_BYTES, 10}, Case{LINNET_LIMIT_NODES, 2}, Case{LINNET_LIMIT_RANK, 1}}) {
    const COptions limited = c_options();
    EXPECT_OK(linnet_options_set_limit(limited.get(), limit.limit, limit.value));
    linnet_model* refused = nullptr;
    const std::string bytes = small_network();
    EXPECT_EQ(linnet_model_load_memory(bytes.data(), bytes.size(), limited.get(), &refused), LINNET_LIMIT_EXCEEDED)
        << "limit " << limit.limit << ": " << linnet_last_error();
    EXPECT_OK(linnet_options_set_limit(limited.get(), limit.limit, 0));
    EXPECT_NE(c_model(bytes, limited.get()), nullptr) << "limit " << limit.limit << " switched off";
  }
  EXPECT_OK(linnet_options_set_limit(options.get(), LINNET_LIMIT_NESTING, 1));
  EXPECT_OK(linnet_options_set_limit(options.get(), LINNET_LIMIT_FOLDED_BYTES, 1));
  EXPECT_OK(linnet_options_set_limit(options.get(), LINNET_LIMIT_FOLDING_NS, 1));
  EXPECT_FAILS(linnet_options_set_limit(options.get(), 6, 1), LINNET_INVALID_ARGUMENT, "limit 6 does not exist");
}

TEST(COptionsTest, DimensionsAndInitializers) {
  const COptions options = c_options();
  const std::array<std::int64_t, 1> shape = {24};
  std::array<float, 24> bias{};
  EXPECT_OK(linnet_options_set_dimension(options.get(), "batch", 3));
  EXPECT_OK(linnet_options_set_denoted_dimension(options.get(), "DATA_BATCH", 4));
  EXPECT_OK(linnet_options_add_initializer(options.get(), "b1", LINNET_FLOAT32, shape.data(), 1, bias.data()));
  const CModel model = c_model(small_network(), options.get());
  const linnet_value_info* info = nullptr;
  EXPECT_OK(linnet_model_input(model.get(), 0, &info));
  std::int64_t size = 0;
  const char* name = nullptr;
  EXPECT_OK(linnet_value_info_dimension(info, 0, &size, &name));
  EXPECT_EQ(size, 3);
  EXPECT_OK(linnet_options_add_initializer(options.get(), "no such", LINNET_FLOAT32, shape.data(), 1, bias.data()));
  linnet_model* refused = nullptr;
  const std::string bytes = small_network();
  EXPECT_FAILS(linnet_model_load_memory(bytes.data(), bytes.size(), options.get(), &refused), LINNET_INVALID_ARGUMENT,
               "a value is given for the initializer \"no such\", which the model does not have");
}

TEST(COptionsTest, PassesAreSwitchedOffByName) {
  const auto nodes_with = [](const char* pass) {
    const COptions options = c_options();
    if (pass != nullptr) {
      EXPECT_OK(linnet_options_disable_pass(options.get(), pass));
    }
    const CModel model = c_model(small_network(), options.get());
    char* text = nullptr;
    EXPECT_OK(linnet_model_summary_json(model.get(), &text));
    return json::parse(CString(text).get())["nodes"].size();
  };
  EXPECT_EQ(nodes_with("all"), 6U);
  EXPECT_LT(nodes_with(nullptr), 6U);
  const COptions options = c_options();
  EXPECT_OK(linnet_options_disable_pass(options.get(), "fuse_everything"));
  linnet_model* model = nullptr;
  const std::string bytes = small_network();
  EXPECT_EQ(linnet_model_load_memory(bytes.data(), bytes.size(), options.get(), &model), LINNET_INVALID_ARGUMENT);
}

TEST(COptionsTest, DenormalsAreFlushed) {
  const std::string bytes = model()
                                .input("x", DataType::kFloat32, {64})
                                .node("Add", {"x", "x"}, {"y"})
                                .output("y", DataType::kFloat32, {64})
                                .bytes();
  Tensor x = Tensor::of<float>({64});
  for (std::size_t i = 0; i < 64; ++i) x.data<float>()[i] = 1e-40f;
  for (const int flush : {0, 1}) {
    const COptions options = c_options(LINNET_BACKEND_SIMD);
    EXPECT_OK(linnet_options_set_flush_denormals(options.get(), flush));
    const CModel model = c_model(bytes, options.get());
    const CSession session = c_session(model.get());
    EXPECT_OK(bind_input(session.get(), x));
    EXPECT_OK(linnet_session_run(session.get(), nullptr));
    EXPECT_EQ(static_cast<const float*>(output_of(session.get(), 0).data)[0] == 0.0f, flush == 1);
  }
}

TEST(COptionsTest, LogLinesArrive) {
  std::vector<std::string> lines;
  const COptions options = c_options();
  const linnet_log keep = [](void* context, linnet_log_level level, const char* line, std::size_t length) {
    EXPECT_GE(level, LINNET_LOG_DEBUG);
    EXPECT_LE(level, LINNET_LOG_ERROR);
    EXPECT_EQ(std::string(line).size(), length);
    static_cast<std::vector<std::string>*>(context)->emplace_back(line);
  };
  EXPECT_OK(linnet_options_set_log(options.get(), keep, &lines));
  c_model(small_network(), options.get());
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.front().rfind("loaded 6 nodes", 0), 0U) << lines.front();
  lines.clear();
  EXPECT_OK(linnet_options_set_log(options.get(), nullptr, nullptr));
  c_model(small_network(), options.get());
  EXPECT_TRUE(lines.empty());
}

struct CountingPool {
  std::atomic<int> loops{0};
  static std::int32_t concurrency(void*) { return 3; }
  static void parallel_for(void* context, std::size_t count, linnet_task task, void* task_context) {
    static_cast<CountingPool*>(context)->loops.fetch_add(1);
    for (std::size_t index = count; index-- > 0;) task(task_context, index);
  }
};

TEST(COptionsTest, TheCallersThreadPool) {
  const Tensor x = sample_tensor({301, 64});
  Options one_thread;
  one_thread.threads = 1;
  const Tensor expected = load(wide_network(), one_thread).run({x}).front();
  CountingPool pool;
  const COptions options = c_options(LINNET_BACKEND_AUTO, 0);
  EXPECT_OK(
      linnet_options_set_thread_pool(options.get(), CountingPool::concurrency, CountingPool::parallel_for, &pool));
  const CModel model = c_model(wide_network(), options.get());
  const CSession session = c_session(model.get());
  EXPECT_OK(bind_input(session.get(), x));
  EXPECT_OK(linnet_session_run(session.get(), nullptr));
  EXPECT_EQ(bit_difference(output_of(session.get(), 0), expected.view()), "");
  EXPECT_GT(pool.loops.load(), 0);
  EXPECT_FAILS(linnet_options_set_thread_pool(options.get(), CountingPool::concurrency, nullptr, &pool),
               LINNET_INVALID_ARGUMENT, "parallel_for is NULL, the other function is not");
  EXPECT_FAILS(linnet_options_set_thread_pool(options.get(), nullptr, CountingPool::parallel_for, &pool),
               LINNET_INVALID_ARGUMENT, "concurrency is NULL, the other function is not");
  EXPECT_OK(linnet_options_set_thread_pool(options.get(), nullptr, nullptr, nullptr));
}

}  // namespace
}  // namespace linnet::test
