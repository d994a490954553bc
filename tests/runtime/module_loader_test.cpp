#include "runtime/module_loader.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace linnet::test {
namespace {

using internal::open_module;
using testing::HasSubstr;

class ModuleLoader : public testing::Test {
 protected:
  ModuleLoader() {
    if (const char* given = std::getenv("LINNET_MODULE_DIR")) before_ = given;
    std::string pattern = (std::filesystem::temp_directory_path() / "linnet_module_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ModuleLoader() override {
    if (before_) {
      ::setenv("LINNET_MODULE_DIR", before_->c_str(), 1);
    } else {
      ::unsetenv("LINNET_MODULE_DIR");
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
  std::optional<std::string> before_;
};

TEST_F(ModuleLoader, SaysThatAModuleIsMissing) {
  std::string reason;
  EXPECT_EQ(open_module("liblinnet_nothing.so", &reason), nullptr);
  EXPECT_THAT(reason, HasSubstr("the module liblinnet_nothing.so was not found"));
}

TEST_F(ModuleLoader, SaysWhyAModuleCannotBeOpened) {
  std::ofstream(folder_ / "liblinnet_broken.so") << "no library";
  ::setenv("LINNET_MODULE_DIR", folder_.c_str(), 1);
  std::string reason;
  EXPECT_EQ(open_module("liblinnet_broken.so", &reason), nullptr);
  EXPECT_THAT(reason, HasSubstr("the module liblinnet_broken.so cannot be opened: "));
}

TEST_F(ModuleLoader, LooksInNoFolderThatIsRelative) {
  std::ofstream(folder_ / "liblinnet_broken.so") << "no library";
  const auto working = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  ::setenv("LINNET_MODULE_DIR", ".", 1);
  std::string reason;
  EXPECT_EQ(open_module("liblinnet_broken.so", &reason), nullptr);
  EXPECT_THAT(reason, HasSubstr("was not found"));
  std::filesystem::current_path(working);
}

TEST_F(ModuleLoader, OpensWhatIsThere) {
  // A system library under a module's name: any loadable object will do.
  std::filesystem::path library;
  for (const char* candidate :
       {"/lib/x86_64-linux-gnu/libz.so.1", "/lib/x86_64-linux-gnu/libdl.so.2", "/lib/aarch64-linux-gnu/libdl.so.2"}) {
    if (library.empty() && std::filesystem::exists(candidate)) library = candidate;
  }
  if (library.empty()) GTEST_SKIP() << "no library to try it with";
  std::filesystem::copy_file(std::filesystem::canonical(library), folder_ / "liblinnet_there.so");
  ::setenv("LINNET_MODULE_DIR", folder_.c_str(), 1);
  std::string reason;
  EXPECT_NE(open_module("liblinnet_there.so", &reason), nullptr) << reason;
}

}  // namespace
}  // namespace linnet::test
