#include "tests/documents/page_part.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/model_index.hpp"

namespace linnet::test {

void expect_page_part(const std::string& page, const std::string& name, const std::string& text) {
  const std::string path = std::string(LINNET_SOURCE_DIR "/") + page;
  std::string content = read_file(path);
  const std::string opening = "<!-- made: " + name + " -->\n";
  const std::size_t begin = content.find(opening);
  ASSERT_NE(begin, std::string::npos) << page << " has no " << opening;
  const std::size_t first = begin + opening.size();
  const std::size_t end = content.find("<!-- end -->", first);
  ASSERT_NE(end, std::string::npos) << page;
  const std::string expected = "\n" + text + "\n";
  if (const char* write = std::getenv("LINNET_WRITE_DOCS"); write != nullptr && *write == '1') {
    content.replace(first, end - first, expected);
    std::ofstream(path) << content;
    return;
  }
  EXPECT_EQ(content.substr(first, end - first), expected)
      << "To write it anew: LINNET_WRITE_DOCS=1 build/documents_test";
}

}  // namespace linnet::test
