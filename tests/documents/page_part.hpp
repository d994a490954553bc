// Parts of documentation pages that are made from the program. A part stands between two comments:
//
//   <!-- made: NAME -->
//   ...
//   <!-- end -->
//
// With LINNET_WRITE_DOCS=1 in the environment the tests write the parts instead of comparing them.
#pragma once

#include <string>

namespace linnet::test {

/// Fails unless the part `name` of the page (a path below the repository) is `text`, which ends with a newline.
void expect_page_part(const std::string& page, const std::string& name, const std::string& text);

}  // namespace linnet::test
