// Everything in a model that Linnet cannot run, for one error.
#pragma once

#include <string>

#include "runtime/error.hpp"

namespace linnet::internal::onnx {

class UnsupportedList {
 public:
  /// A line `what: reason` about a node.
  void add_node(const std::string& what, const std::string& reason) {
    ++nodes_;
    add(text(what, ": ", reason));
  }
  /// The same for one that reads so already.
  void add_node(const std::string& line) {
    ++nodes_;
    add(line);
  }
  /// A line about something else: an input, an initializer.
  void add_other(const std::string& what, const std::string& reason) { add(text(what, ": ", reason)); }

  /// Errors: kUnsupported with all lines (past kShown their number only), when there are any.
  void throw_if_any() const {
    if (count_ == 0) return;
    const char* subject = count_ != nodes_ ? " part" : " node";
    const char* owner = count_ != nodes_ ? " of the model" : "";
    std::string message =
        text(count_, subject, count_ == 1 ? "" : "s", owner, count_ == 1 ? " is" : " are", " not supported:", lines_);
    if (count_ > kShown) message += text("\n  and ", count_ - kShown, " more");
    throw Error(ErrorCode::kUnsupported, message);
  }

 private:
  static constexpr std::size_t kShown = 1000;
  void add(const std::string& line) {
    if (++count_ <= kShown) lines_ += text("\n  ", line);
  }
  std::size_t count_ = 0;
  std::size_t nodes_ = 0;
  std::string lines_;
};

}  // namespace linnet::internal::onnx
