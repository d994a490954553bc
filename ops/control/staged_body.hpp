// Bodies that are compiled during the run, as models of their own: what they are compiled for follows from data.
#pragma once

#include <memory>
#include <vector>

#include "ops/shared/known_input.hpp"
#include "runtime/held.hpp"
#include "runtime/op.hpp"
#include "runtime/session_impl.hpp"

namespace linnet::internal {

/// Implementation::accepts of those for nodes with Node::staged_bodies.
std::string accepts_staged_bodies(const NodeView& node);

/// A body, and the types of what it captures.
class StagedBody {
 public:
  StagedBody() = default;
  StagedBody(const PrepareContext& context, std::size_t body);

  ModelImpl& model() const { return *model_; }
  /// Outputs of the node around it.
  std::size_t node_outputs() const { return node_outputs_; }

 private:
  ModelImpl* model_ = nullptr;
  std::vector<KnownInput> captures_;
  std::size_t first_capture_ = 0;
  std::size_t own_inputs_ = 0;
  std::size_t node_outputs_ = 0;
  friend class BodySession;
};

/// A session of a body's model, given back in the end. Its outputs stay as they are until it runs again.
class BodySession {
 public:
  explicit BodySession(const StagedBody& body);
  ~BodySession();
  BodySession(const BodySession&) = delete;
  BodySession& operator=(const BodySession&) = delete;

  void bind_input(std::size_t input, const ConstTensorView& view) { session_->bind_input(input, view); }
  /// `inputs`: those of the node.
  void bind_captures(const void* const* inputs);
  void run(const RunControl& control) { session_->run(control.stop()); }
  ConstTensorView output(std::size_t output) const { return session_->output(output); }
  void copy_output(std::size_t output, Held& to) const;

 private:
  const StagedBody& body_;
  std::unique_ptr<SessionImpl> session_;
};

}  // namespace linnet::internal
