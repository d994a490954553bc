// The documentation hangs together: links lead somewhere, what pages name is there, lines are short.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/model_index.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = LINNET_SOURCE_DIR;

/// Folders that hold no pages of the project: what was built or fetched.
bool is_foreign(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name[0] == '.' || name.rfind("build", 0) == 0 || name == "shared" || name == "html" || name == "node_modules";
}

std::vector<fs::path> files_below(const fs::path& root, const std::set<std::string>& extensions) {
  std::vector<fs::path> files;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator(); ++at) {
    if (at->is_directory() && is_foreign(at->path())) at.disable_recursion_pending();
    if (at->is_regular_file() && extensions.count(at->path().extension().string()) > 0) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

bool is_fence(const std::string& line) {
  return line.find_first_not_of(' ') == line.find("```") && line.find("```") != std::string::npos;
}

/// Without what stands in fences: examples hold brackets that are no links.
std::string prose_of(const std::string& page) {
  std::string text;
  bool code = false;
  for (const std::string& line : lines_of(page)) {
    if (is_fence(line)) {
      code = !code;
    } else if (!code) {
      text += line + '\n';
    }
  }
  return text;
}

/// What stands in single backquotes.
std::vector<std::string> code_spans(const std::string& prose) {
  std::vector<std::string> spans;
  const std::regex pattern("`([^`\n]+)`");
  for (std::sregex_iterator at(prose.begin(), prose.end(), pattern), end; at != end; ++at) spans.push_back((*at)[1]);
  return spans;
}

/// The targets of all links but those to other hosts.
std::vector<std::string> links_of(const std::string& prose) {
  std::vector<std::string> targets;
  const std::string text = std::regex_replace(prose, std::regex("`[^`\n]*`"), "");
  const std::regex pattern("\\]\\(([^)\\s]+)\\)");
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    const std::string target = (*at)[1];
    if (target.find("://") == std::string::npos && target.rfind("mailto:", 0) != 0) targets.push_back(target);
  }
  return targets;
}

/// The anchors that headings become: lower case, blanks to hyphens, other signs away.
std::set<std::string> anchors_of(const std::string& prose) {
  std::set<std::string> anchors;
  for (const std::string& line : lines_of(prose)) {
    if (line.empty() || line[0] != '#') continue;
    std::string anchor;
    for (const char c : line.substr(std::min(line.size(), line.find_first_not_of("# ")))) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0) {
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else if (c == ' ' || c == '-') {
        anchor += '-';
      }
    }
    anchors.insert(anchor);
  }
  return anchors;
}

/// All pages, by path; the text without code.
const std::map<fs::path, std::string>& pages() {
  static const std::map<fs::path, std::string> all = [] {
    std::map<fs::path, std::string> made;
    for (const fs::path& file : files_below(kRoot, {".md"})) made[file] = prose_of(read_file(file.string()));
    return made;
  }();
  return all;
}

std::string name_of_page(const fs::path& page) { return fs::relative(page, kRoot).string(); }

TEST(Pages, LinksLeadSomewhere) {
  ASSERT_GT(pages().size(), 20U);
  for (const auto& [page, prose] : pages()) {
    for (const std::string& link : links_of(prose)) {
      const std::string file = link.substr(0, link.find('#'));
      const fs::path target = file.empty() ? page : (page.parent_path() / file).lexically_normal();
      EXPECT_TRUE(fs::exists(target)) << name_of_page(page) << ": " << link;
      if (link.find('#') == std::string::npos || pages().count(target) == 0) continue;
      EXPECT_EQ(anchors_of(pages().at(target)).count(link.substr(link.find('#') + 1)), 1U)
          << name_of_page(page) << ": " << link;
    }
  }
}

TEST(Pages, EveryPageOfDocsIsReachedFromTheReadme) {
  std::set<fs::path> seen;
  std::vector<fs::path> open = {kRoot / "README.md"};
  while (!open.empty()) {
    const fs::path page = open.back();
    open.pop_back();
    if (pages().count(page) == 0 || !seen.insert(page).second) continue;
    for (const std::string& link : links_of(pages().at(page)))
      open.push_back((page.parent_path() / link.substr(0, link.find('#'))).lexically_normal());
  }
  for (const auto& [page, prose] : pages()) {
    if (name_of_page(page).rfind("docs/", 0) != 0 || page.filename() == "main_page.md") continue;  // Doxygen's
    EXPECT_EQ(seen.count(page), 1U) << name_of_page(page);
  }
}

// `runtime/op.hpp` and the like, from the repository's root or from the page's folder.
TEST(Pages, FilesThatTheyNameAreThere) {
  const std::regex path("[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+\\.(hpp|cpp|h|c|md|py|sh|txt|list|json|svg|cmake)");
  for (const auto& [page, prose] : pages()) {
    for (const std::string& span : code_spans(prose)) {
      if (!std::regex_match(span, path)) continue;
      const fs::path folder = *fs::path(span).begin();
      const bool ours = fs::exists(kRoot / folder) || fs::exists(page.parent_path() / folder);
      if (!ours || is_foreign(folder)) continue;
      const bool there = fs::exists(kRoot / span) || fs::exists(page.parent_path() / span);
      EXPECT_TRUE(there) << name_of_page(page) << ": " << span;
    }
  }
}

TEST(Pages, ConstantsThatTheyNameAreThere) {
  std::string sources;
  for (const char* folder : {"api", "include", "loaders", "ops", "runtime", "tools"}) {
    for (const fs::path& file : files_below(kRoot / folder, {".hpp", ".cpp", ".h"}))
      sources += read_file(file.string());
  }
  const std::regex constant("k[A-Z][A-Za-z0-9]+");
  for (const auto& [page, prose] : pages()) {
    for (const std::string& span : code_spans(prose)) {
      if (!std::regex_match(span, constant)) continue;
      EXPECT_NE(sources.find(span), std::string::npos) << name_of_page(page) << ": " << span;
    }
  }
}

std::size_t characters(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// A row of a table is one line, however long.
TEST(Pages, LinesAreShort) {
  for (const auto& [page, prose] : pages()) {
    std::size_t number = 0;
    for (const std::string& line : lines_of(read_file(page.string()))) {
      ++number;
      if (line.rfind("| ", 0) == 0) continue;
      EXPECT_LE(characters(line), 120U) << name_of_page(page) << ':' << number;
    }
  }
}

}  // namespace
}  // namespace linnet::test
