#include "loaders/onnx/functions.hpp"

#include <algorithm>

namespace linnet::internal::onnx {
namespace {

/// The cycle that closes when the last function on `path` calls `first`: "a -> b -> a".
std::string describe_cycle(const std::vector<LocalFunction>& functions, const std::vector<std::size_t>& path,
                           std::size_t first) {
  constexpr std::size_t kShown = 8;
  const auto begin = std::find(path.begin(), path.end(), first);
  const auto length = static_cast<std::size_t>(path.end() - begin);
  std::string out;
  for (std::size_t i = 0; i < std::min(length, kShown); ++i) {
    out += text("\"", printable(functions[begin[static_cast<std::ptrdiff_t>(i)]].proto.name), "\" -> ");
  }
  if (length > kShown) out += text("(", length - kShown, " more) -> ");
  return out + text("\"", printable(functions[first].proto.name), "\"");
}

}  // namespace

std::string describe(const FunctionProto& function) {
  std::string out = text("function \"", printable(function.name), "\"");
  if (!function.domain.empty()) out += text(" (domain ", printable(function.domain), ")");
  return out;
}

FunctionTable::FunctionTable(const std::vector<Span>& functions, const Options& options) {
  functions_.resize(functions.size());
  for (std::size_t i = 0; i < functions.size(); ++i) {
    FunctionProto& proto = functions_[i].proto;
    read(proto, functions[i]);
    if (proto.name.empty()) invalid_model("a function at byte ", functions[i].offset(), " has no name");
    if (!by_name_.emplace(Key(canonical_domain(proto.domain), proto.name, proto.overload), i).second) {
      invalid_model(describe(proto), " is defined twice");
    }
  }

  std::vector<std::vector<std::size_t>> calls(functions_.size());
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    functions_[i].nodes = 1;
    for_each_node(functions_[i].proto.nodes, [&](const NodeProto& node) {
      ++functions_[i].nodes;
      if (const LocalFunction* callee = find(node))
        calls[i].push_back(static_cast<std::size_t>(callee - functions_.data()));
    });
  }
  measure(calls, options);
}

const LocalFunction* FunctionTable::find(const NodeProto& node) const {
  if (functions_.empty()) return nullptr;
  const auto found = by_name_.find(Key(canonical_domain(node.domain), node.op_type, node.overload));
  return found == by_name_.end() ? nullptr : &functions_[found->second];
}

/// Depth first, callees before callers, with a path instead of recursion.
void FunctionTable::measure(const std::vector<std::vector<std::size_t>>& calls, const Options& options) {
  enum class State : std::uint8_t { kNew, kOnPath, kDone };
  std::vector<State> states(functions_.size(), State::kNew);
  std::vector<std::size_t> next_call(functions_.size(), 0);
  std::vector<std::size_t> path;
  for (std::size_t root = 0; root < functions_.size(); ++root) {
    if (states[root] != State::kNew) continue;
    path.push_back(root);
    states[root] = State::kOnPath;
    while (!path.empty()) {
      const std::size_t current = path.back();
      LocalFunction& function = functions_[current];
      if (next_call[current] == calls[current].size()) {
        states[current] = State::kDone;
        path.pop_back();
        continue;
      }
      const std::size_t callee = calls[current][next_call[current]];
      if (states[callee] == State::kOnPath) {
        invalid_model(describe(functions_[callee].proto), " calls itself: ", describe_cycle(functions_, path, callee));
      }
      if (states[callee] == State::kNew) {
        path.push_back(callee);
        states[callee] = State::kOnPath;
        continue;
      }
      // The call's own node is counted already; the callee's count includes the call.
      function.nodes = saturating_sum(function.nodes, functions_[callee].nodes - 1);
      function.depth = std::max(function.depth, functions_[callee].depth + 1);
      ++next_call[current];
    }
  }
  if (options.limits.nesting == 0) return;
  for (const LocalFunction& function : functions_) {
    if (function.depth > options.limits.nesting) {
      fail(ErrorCode::kLimitExceeded, describe(function.proto), " calls functions nested ", function.depth,
           " deep; the limit (Options::limits.nesting) is ", options.limits.nesting);
    }
  }
}

}  // namespace linnet::internal::onnx
