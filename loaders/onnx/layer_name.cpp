#include "loaders/onnx/layer_name.hpp"

namespace linnet::internal::onnx {
namespace {

/// Longer names are cut: they are for people.
constexpr std::size_t kMaxName = 200;

std::string_view property(const std::vector<Span>& metadata_props, std::string_view key) {
  for (const Span bytes : metadata_props) {
    const auto entry = read<StringStringEntryProto>(bytes);
    if (entry.key == key) return entry.value;
  }
  return {};
}

/// The strings of a list as Python prints it: ['', 'fc1', "it's"].
std::vector<std::string_view> python_list(std::string_view text) {
  std::vector<std::string_view> items;
  std::size_t at = 0;
  while ((at = text.find_first_of("'\"", at)) != std::string_view::npos) {
    const std::size_t begin = at + 1;
    std::size_t end = begin;
    while (end < text.size() && text[end] != text[at]) end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) return {};
    items.push_back(text.substr(begin, end - begin));
    at = end + 1;
  }
  return items;
}

/// What stands behind the last separator.
std::string_view last_part(std::string_view path, char separator) {
  return path.substr(path.rfind(separator) + 1);  // npos + 1 is 0
}

}  // namespace

std::string layer_name(const std::vector<Span>& metadata_props) {
  if (metadata_props.empty()) return {};
  const std::vector<std::string_view> scopes = python_list(property(metadata_props, "pkg.torch.onnx.name_scopes"));
  const std::vector<std::string_view> classes = python_list(property(metadata_props, "pkg.torch.onnx.class_hierarchy"));
  if (scopes.size() < 2) return {};
  const std::string_view scope = scopes[scopes.size() - 2].substr(0, kMaxName);
  std::string_view kind;
  if (classes.size() == scopes.size()) kind = last_part(classes[classes.size() - 2], '.').substr(0, kMaxName);
  if (scope.empty()) return std::string(kind);
  return kind.empty() ? std::string(scope) : text(scope, " (", kind, ")");
}

std::string source_line(const std::vector<Span>& metadata_props) {
  constexpr std::string_view kFile = "File \"";
  const std::string_view trace = property(metadata_props, "pkg.torch.onnx.stack_trace");
  std::size_t last = trace.rfind(kFile);
  if (last == std::string_view::npos) return {};
  // Of PyTorch's own modules, the line that calls them.
  for (std::size_t at = last; at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : trace.rfind(kFile, at - 1)) {
    const std::string_view frame = trace.substr(at, trace.find('\n', at) - at);
    if (frame.find("/torch/") != std::string_view::npos) continue;
    last = at;
    break;
  }
  std::string_view line = trace.substr(last + kFile.size());
  line = line.substr(0, line.find('\n'));
  const std::size_t quote = line.find('"');
  if (quote == std::string_view::npos) return {};
  return text(last_part(line.substr(0, quote), '/').substr(0, kMaxName), line.substr(quote + 1, kMaxName));
}

}  // namespace linnet::internal::onnx
