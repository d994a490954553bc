#include "tools/command_page.hpp"

#include <fstream>
#include <iterator>

#include "tests/tools/run_linnet.hpp"

namespace linnet::tools {
namespace {

TEST(CommandPage, IsWhatTheHelpSays) {
  const Said said = run_linnet({"--command-line-page"});
  EXPECT_EQ(said.status, 0);
  std::ifstream file(LINNET_SOURCE_DIR "/docs/command-line.md");
  EXPECT_EQ(said.out, std::string(std::istreambuf_iterator<char>(file), {}))
      << "write it anew: build/linnet --command-line-page > docs/command-line.md";
}

}  // namespace
}  // namespace linnet::tools
