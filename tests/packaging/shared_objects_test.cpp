// What the shared library and its modules export, import, need and weigh, read from the files that the build made.
#include <cxxabi.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/packaging/command.hpp"
#include "tests/packaging/elf_file.hpp"
#include "tests/support/model_index.hpp"

namespace linnet::test {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

const std::string kLibrary = LINNET_BINARY_DIR "/liblinnet.so";
const std::string kOnnxModule = LINNET_BINARY_DIR "/liblinnet_onnx.so";
const std::string kOnednnModule = LINNET_BINARY_DIR "/liblinnet_onednn.so";
const std::string kRegexModule = LINNET_BINARY_DIR "/liblinnet_regex.so";
const std::string kImageModule = LINNET_BINARY_DIR "/liblinnet_image.so";
const std::string kExtraModule = LINNET_BINARY_DIR "/liblinnet_extra.so";

/// The modules of this build.
std::vector<std::string> modules() {
  std::vector<std::string> paths;
  if (LINNET_WITH_ONNX_SCHEMAS) paths.push_back(kOnnxModule);
  if (LINNET_WITH_ONEDNN) paths.push_back(kOnednnModule);
  if (LINNET_WITH_REGEX) paths.push_back(kRegexModule);
  if (LINNET_WITH_EXTRA) paths.push_back(kExtraModule);
  if (LINNET_WITH_IMAGE) paths.push_back(kImageModule);
  return paths;
}

std::vector<std::string> library_and_modules() {
  std::vector<std::string> paths = modules();
  paths.push_back(kLibrary);
  return paths;
}

/// C++ names as in the source; others as they are.
std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? name.get() : symbol;
}

std::vector<std::string> demangled(std::vector<std::string> symbols) {
  std::transform(symbols.begin(), symbols.end(), symbols.begin(),
                 [](const std::string& symbol) { return demangled(symbol); });
  return symbols;
}

TEST(SharedObjects, TheReaderSeesWhatIsThere) {
  const ElfFile library = read_elf(kLibrary);
  EXPECT_THAT(demangled(library.exports), Contains("linnet::version()"));
  EXPECT_THAT(library.imports, Contains("memcpy"));
  EXPECT_THAT(library.needed, Contains("libc.so.6"));
}

// linnet_* are the C functions. Matched at the start, where the demangled names of templates of other libraries
// (std::vector<linnet::...>) have their own namespace.
TEST(SharedObjects, TheLibraryExportsLinnetOnly) {
  const std::vector<std::string> exports = demangled(read_elf(kLibrary).exports);
  EXPECT_THAT(exports, Each(AnyOf(StartsWith("linnet::"), StartsWith("linnet_"), StartsWith("typeinfo for linnet::"),
                                  StartsWith("typeinfo name for linnet::"), StartsWith("vtable for linnet::"))));
  EXPECT_THAT(exports, Each(Not(AnyOf(StartsWith("linnet::internal"), StartsWith("linnet::kernels")))));
}

TEST(SharedObjects, AModuleExportsItsCFunctionsOnly) {
  for (const std::string& module : modules()) {
    const std::vector<std::string> exports = read_elf(module).exports;
    EXPECT_FALSE(exports.empty()) << module;
    EXPECT_THAT(exports, Each(StartsWith("linnet_"))) << module;
  }
}

TEST(SharedObjects, NothingCanUseTheNetwork) {
  const std::vector<std::string> network = {
      "socket",          "socketpair",    "connect",     "bind",          "listen",
      "accept",          "accept4",       "send",        "sendto",        "sendmsg",
      "sendmmsg",        "recv",          "recvfrom",    "recvmsg",       "recvmmsg",
      "shutdown",        "setsockopt",    "getsockopt",  "getpeername",   "getsockname",
      "getaddrinfo",     "getaddrinfo_a", "getnameinfo", "gethostbyname", "gethostbyname2",
      "gethostbyname_r", "gethostbyaddr", "res_query",   "res_search",    "inet_addr",
      "inet_pton",       "getservbyname", "rcmd"};
  for (const std::string& path : library_and_modules()) {
    const auto imports = read_elf(path).imports;
    EXPECT_FALSE(imports.empty()) << path;
    for (const std::string& function : network) EXPECT_THAT(imports, Not(Contains(function))) << path;
  }
}

// syscall() would get around the list above: its uses in the sources are few, and each names what it calls.
TEST(SharedObjects, NothingCallsTheKernelByNumberButToWaitOpenFilesAndAskForTiles) {
  std::size_t calls = 0;
  for (const char* folder : {"api", "loaders", "ops", "runtime"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(LINNET_SOURCE_DIR "/") + folder)) {
      if (!entry.is_regular_file()) continue;
      const std::string text = read_file(entry.path());
      const std::string call = "syscall(";
      for (std::size_t at = text.find(call); at != std::string::npos; at = text.find(call, at + 1)) {
        ++calls;
        EXPECT_THAT(text.substr(at + call.size(), 20),
                    AnyOf(StartsWith("SYS_futex,"), StartsWith("SYS_openat2,"), StartsWith("SYS_arch_prctl,")))
            << entry.path();
      }
    }
  }
  EXPECT_GE(calls, 2U);
}

TEST(SharedObjects, TheLibraryNeedsTheSystemOnly) {
  if (LINNET_SANITIZED) GTEST_SKIP() << "a sanitizer adds libraries of its own";
  const char* const system = "(libc|libm|libstdc\\+\\+|libgcc_s|ld-linux.*)\\.so\\..*";
  EXPECT_THAT(read_elf(kLibrary).needed, Each(MatchesRegex(system)));
  for (const std::string& module : modules()) {
    const char* const own = module == kOnnxModule    ? "libprotobuf-lite\\.so.*"
                            : module == kRegexModule ? "libre2\\.so.*"
                            : module == kExtraModule ? "none"
                            : module == kImageModule ? "lib(jpeg|png16|tiff|webp|openjp2)\\.so.*"
                                                     : "libdnnl\\.so.*";
    EXPECT_THAT(read_elf(module).needed, Each(AnyOf(MatchesRegex(system), MatchesRegex(own)))) << module;
  }
}

// docs/embedding.md promises the sizes of g++ 12's code. Other compilers inline differently: half as much again is
// theirs.
#if !defined(__clang__) && __GNUC__ == 12
constexpr std::uintmax_t kUnit = 1024 * 1024;  // bytes
#else
constexpr std::uintmax_t kUnit = 1536 * 1024;
#endif

// ONNX's part counts, oneDNN's does not.
TEST(SharedObjects, AreSmall) {
  if (!LINNET_RELEASE) GTEST_SKIP() << "sizes are promised for the release build";
  const std::uintmax_t library = stripped_size(kLibrary);
  std::printf("liblinnet.so          %8ju bytes stripped\n", library);
  EXPECT_LE(library, 5 * kUnit / 2);
  if (LINNET_WITH_EXTRA) {
    const std::uintmax_t operators = stripped_size(kExtraModule);
    std::printf("liblinnet_extra.so    %8ju bytes stripped\n", operators);
    EXPECT_LE(operators, 7 * kUnit / 16);
  }
  if (!LINNET_WITH_ONNX_SCHEMAS) return;
  const std::uintmax_t module = stripped_size(kOnnxModule);
  std::printf("liblinnet_onnx.so     %8ju bytes stripped\n", module);
  EXPECT_LE(library + module, 4 * kUnit);
}

}  // namespace
}  // namespace linnet::test
