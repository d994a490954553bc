// Everything in a model that Linnet cannot run, for one error or a list.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <linnet/inspect.hpp>

#include "runtime/graph.hpp"

namespace linnet::internal {

class UnsupportedList {
 public:
  /// A node, or a value that no node makes: it counts only where an output of the model needs it.
  void add_node(UnsupportedPart part, NodeId node) { add(std::move(part), {node, kNoValue}); }
  void add_value(UnsupportedPart part, ValueId value) { add(std::move(part), {kNoNode, value}); }
  /// What counts always.
  void add(UnsupportedPart part) { add(std::move(part), {kNoNode, kNoValue}); }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  /// The first kShown of them.
  const std::vector<UnsupportedPart>& parts() const { return parts_; }
  /// The node that part `index` is about; kNoNode when it is about none.
  NodeId node(std::size_t index) const { return entries_[index].node; }

  /// Drops what is not needed; returns how many that were.
  std::size_t keep_needed(const std::vector<bool>& needed_nodes, const std::vector<bool>& needed_values) {
    const auto is_needed = [&](const Entry& entry) {
      if (entry.node != kNoNode) return static_cast<bool>(needed_nodes[entry.node]);
      return entry.value == kNoValue || needed_values[entry.value];
    };
    std::vector<Entry> entries;
    std::vector<UnsupportedPart> parts;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!is_needed(entries_[i])) continue;
      entries.push_back(entries_[i]);
      if (i < parts_.size()) parts.push_back(std::move(parts_[i]));
    }
    const std::size_t dropped = entries_.size() - entries.size();
    entries_ = std::move(entries);
    parts_ = std::move(parts);
    return dropped;
  }

  /// Errors: kUnsupported with all lines (past kShown their number only), when there are any.
  void throw_if_any() const {
    if (empty()) return;
    const bool nodes_only =
        std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.node != kNoNode; });
    std::string message = text(size(), nodes_only ? " node" : " part", size() == 1 ? "" : "s",
                               nodes_only ? "" : " of the model", size() == 1 ? " is" : " are", " not supported:");
    for (const UnsupportedPart& part : parts_) message += text("\n  ", part.what, ": ", part.reason);
    if (size() > parts_.size()) message += text("\n  and ", size() - parts_.size(), " more");
    throw Error(ErrorCode::kUnsupported, message);
  }

 private:
  static constexpr std::size_t kShown = 1000;
  struct Entry {
    NodeId node;
    ValueId value;
  };
  void add(UnsupportedPart part, Entry entry) {
    if (entries_.size() < kShown) parts_.push_back(std::move(part));
    entries_.push_back(entry);
  }
  std::vector<Entry> entries_;
  std::vector<UnsupportedPart> parts_;  ///< beside the first of entries_
};

}  // namespace linnet::internal
