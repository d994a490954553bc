// The shared library takes operators that few networks have from its module, and says so where it cannot.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linnet/linnet.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/operator_module.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/model_index.hpp"
#include "tests/support/onnx_writer.hpp"

namespace linnet::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using Integers = std::vector<std::int64_t>;

const std::string kLibrary = LINNET_BINARY_DIR "/liblinnet.so";
const std::string kModule = LINNET_BINARY_DIR "/liblinnet_extra.so";

/// The C API of a shared library in a file. Each file is a library of its own, whose modules lie beside it.
class Library {
 public:
  explicit Library(const std::string& path) : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) ADD_FAILURE() << ::dlerror();
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  template <typename Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(::dlsym(handle_, name));
  }

 private:
  void* handle_;
};

#define LINNET_FUNCTION(library, name) (library).function<decltype(name)>(#name)

std::string encoder(const std::vector<Message>& attributes, DataType type) {
  return ModelWriter()
      .opset(20)
      .opset(4, "ai.onnx.ml")
      .input("x", type, {"N"})
      .output("y")
      .node("LabelEncoder", {"x"}, {"y"}, attributes, "n", "ai.onnx.ml")
      .bytes();
}

const std::string kDoubled =
    encoder({attribute("keys_int64s", Integers{1, 2}), attribute("values_int64s", Integers{2, 4})}, DataType::kInt64);

/// The message of the refusal; empty when the library loads the model.
std::string refusal(const Library& library, const std::string& model, linnet_status expected) {
  linnet_model* loaded = nullptr;
  const linnet_status status =
      LINNET_FUNCTION(library, linnet_model_load_memory)(model.data(), model.size(), nullptr, &loaded);
  EXPECT_EQ(status, expected);
  LINNET_FUNCTION(library, linnet_model_destroy)(loaded);
  return status == LINNET_OK ? std::string() : LINNET_FUNCTION(library, linnet_last_error)();
}

class ExtraModule : public testing::Test {
 protected:
  void SetUp() override {
    if (LINNET_SANITIZED) GTEST_SKIP() << "a library that is opened later lacks the sanitizer's runtime";
    if (!LINNET_WITH_EXTRA) GTEST_SKIP() << "built without the module";
    std::filesystem::copy_file(kLibrary, copy_);
  }
  const TemporaryFolder folder_;
  const std::string copy_ = folder_.path("liblinnet.so");  ///< of the library, with no modules beside it
};

TEST_F(ExtraModule, ItsOperatorsRun) {
  const Library library(kLibrary);
  linnet_options* options = nullptr;
  ASSERT_EQ(LINNET_FUNCTION(library, linnet_options_create)(&options), LINNET_OK);
  ASSERT_EQ(LINNET_FUNCTION(library, linnet_options_set_threads)(options, 2), LINNET_OK);
  linnet_model* model = nullptr;
  ASSERT_EQ(LINNET_FUNCTION(library, linnet_model_load_memory)(kDoubled.data(), kDoubled.size(), options, &model),
            LINNET_OK)
      << LINNET_FUNCTION(library, linnet_last_error)();
  Integers x(100000);  // enough for both threads
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int64_t>(i % 3);
  const auto size = static_cast<std::int64_t>(x.size());
  linnet_value* input = nullptr;
  ASSERT_EQ(LINNET_FUNCTION(library, linnet_value_create_tensor)(LINNET_INT64, &size, 1, x.data(), &input), LINNET_OK);
  linnet_value* output = nullptr;
  ASSERT_EQ(LINNET_FUNCTION(library, linnet_model_run_values)(model, &input, 1, &output, 1, nullptr), LINNET_OK);
  const void* y = nullptr;
  ASSERT_EQ(LINNET_FUNCTION(library, linnet_value_data)(output, &y), LINNET_OK);
  for (std::size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(static_cast<const std::int64_t*>(y)[i], x[i] == 0 ? -1 : 2 * x[i]) << i;
  LINNET_FUNCTION(library, linnet_value_destroy)(output);
  LINNET_FUNCTION(library, linnet_value_destroy)(input);
  LINNET_FUNCTION(library, linnet_model_destroy)(model);
  LINNET_FUNCTION(library, linnet_options_destroy)(options);
}

TEST_F(ExtraModule, ItsOwnErrorsArrive) {
  const Library library(kLibrary);
  EXPECT_THAT(refusal(library, encoder({}, DataType::kInt64), LINNET_INVALID_MODEL),
              HasSubstr("LabelEncoder node \"n\" (ai.onnx.ml opset 4): 0 lists of keys are given"));
  EXPECT_THAT(
      refusal(library,
              encoder({attribute("keys_floats", std::vector<float>{1}), attribute("values_int64s", Integers{2})},
                      DataType::kInt64),
              LINNET_INVALID_MODEL),
      HasSubstr("input X is int64, but the keys are float32"));
}

TEST_F(ExtraModule, HoldsWhatTheListMarks) {
  std::set<std::string> marked;
  std::ifstream list(LINNET_SOURCE_DIR "/ops/ops.list");
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::vector<std::string> names{std::istream_iterator<std::string>(words), {}};
    if (names.back() == "@extra") marked.insert(names.begin() + 1, names.end() - 1);
  }
  void* const handle = ::dlopen(kModule.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << ::dlerror();
  const auto operators = reinterpret_cast<internal::ModuleOperators>(::dlsym(handle, "linnet_extra_operators"));
  ASSERT_NE(operators, nullptr);
  std::set<std::string> held;
  for (const internal::OpDef* op : operators(internal::kBuildStamp)->all()) {
    held.insert(op->domain.empty() ? op->name : op->domain + "." + op->name);
  }
  EXPECT_EQ(held, marked);
}

TEST_F(ExtraModule, IsMissed) {
  const Library library(copy_);
  EXPECT_THAT(refusal(library, kDoubled, LINNET_UNSUPPORTED),
              EndsWith("LabelEncoder node \"n\" (ai.onnx.ml opset 4): its kernel is in a module, and the module "
                       "liblinnet_extra.so was not found beside the library (LINNET_MODULE_DIR names another folder)"));
}

TEST_F(ExtraModule, IsOfOneBuildWithTheLibrary) {
  std::string bytes = read_file(kModule);
  const std::string stamp = internal::kBuildStamp;
  const std::size_t at = bytes.find(stamp);
  ASSERT_NE(at, std::string::npos);
  bytes[at + stamp.size() - 1] ^= 1;
  folder_.write("liblinnet_extra.so", bytes);
  const Library library(copy_);
  EXPECT_THAT(refusal(library, kDoubled, LINNET_UNSUPPORTED),
              HasSubstr("the module liblinnet_extra.so belongs to another build of Linnet"));
}

}  // namespace
}  // namespace linnet::test
