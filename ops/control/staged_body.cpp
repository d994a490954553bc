#include "ops/control/staged_body.hpp"

namespace linnet::internal {

std::string accepts_staged_bodies(const NodeView& node) {
  return node.node().staged_bodies ? "" : "the bodies can be compiled before the run";
}

StagedBody::StagedBody(const PrepareContext& context, std::size_t body)
    : model_(&context.bodies().model_of(context.node().bodies[body].graph)),
      first_capture_(context.node().bodies[body].first_capture),
      own_inputs_(context.node().bodies[body].own_inputs),
      node_outputs_(context.output_count()) {
  const std::size_t captures = context.node().bodies[body].graph->inputs.size() - own_inputs_;
  for (std::size_t i = 0; i < captures; ++i) captures_.emplace_back(context, first_capture_ + i);
}

BodySession::BodySession(const StagedBody& body) : body_(body), session_(body.model().take_session()) {}

BodySession::~BodySession() {
  session_->unbind_all();
  body_.model().give_back(std::move(session_));
}

void BodySession::bind_captures(const void* const* inputs) {
  for (std::size_t i = 0; i < body_.captures_.size(); ++i)
    session_->bind_input(body_.own_inputs_ + i, body_.captures_[i].view(inputs[body_.first_capture_ + i]));
}

void BodySession::copy_output(std::size_t output, Held& to) const { copy_to(to, session_->output(output)); }

}  // namespace linnet::internal
