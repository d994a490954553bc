#include "tools/trace_json.hpp"

#include <fmt/format.h>

#include <set>

#include "tools/arguments.hpp"

namespace linnet::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 1;

/// The names of a model may be any bytes; JSON text is UTF-8.
std::string utf8(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

Json metadata(const char* kind, const std::string& name, std::size_t thread) {
  return {{"name", kind}, {"ph", "M"}, {"pid", kProcess}, {"tid", thread}, {"args", {{"name", utf8(name)}}}};
}

Json complete_event(const TraceEvent& event, const std::string& name, const char* category) {
  return {{"name", name},
          {"cat", category},
          {"ph", "X"},
          {"ts", static_cast<double>(event.start_ns) / 1e3},
          {"dur", static_cast<double>(event.duration_ns) / 1e3},
          {"pid", kProcess},
          {"tid", event.worker}};
}

std::vector<std::string> texts_of(const std::vector<Shape>& shapes) {
  std::vector<std::string> texts;
  texts.reserve(shapes.size());
  for (const Shape& shape : shapes) texts.push_back(text_of(shape));
  return texts;
}

/// The nodes of the model that this one is made of, where it is of several.
void add_fused(Json& args, const NodeSummary& node) {
  for (const NodeOrigin& part : node.fused) args["fused"].push_back(utf8(fmt::format("{} {}", part.op, part.name)));
}

Json step_event(const TraceEvent& event, const StepSummary& step) {
  Json json = complete_event(event, utf8(operator_text(step)), "step");
  json["args"] = {{"step", event.step},
                  {"node", utf8(step.node.name)},
                  {"implementation", step.implementation},
                  {"inputs", texts_of(step.input_shapes)},
                  {"outputs", texts_of(step.output_shapes)}};
  add_fused(json["args"], step.node);
  return json;
}

/// What a task spent on a member of a chain or group; it lies in the task, on the task's thread.
Json member_event(const TraceEvent& event, const StepSummary& member) {
  Json json = complete_event(event, utf8(operator_text(member)), "node");
  json["args"] = {{"step", event.step},
                  {"task", event.task},
                  {"node", utf8(member.node.name)},
                  {"implementation", member.implementation},
                  {"inputs", texts_of(member.input_shapes)},
                  {"outputs", texts_of(member.output_shapes)}};
  add_fused(json["args"], member.node);
  return json;
}

Json task_event(const TraceEvent& event, const StepSummary& step) {
  Json json = complete_event(event, utf8(fmt::format("{} task {}", operator_text(step), event.task)), "task");
  json["args"] = {{"step", event.step}, {"task", event.task}};
  return json;
}

}  // namespace

Json trace_json(const ProgramSummary& program, const std::vector<TraceEvent>& events, const std::string& title) {
  Json list = Json::array();
  list.push_back(metadata("process_name", title, 0));
  std::set<std::size_t> threads = {0};
  for (const TraceEvent& event : events) threads.insert(event.worker);
  for (const std::size_t thread : threads)
    list.push_back(metadata("thread_name", thread == 0 ? "caller" : fmt::format("helper {}", thread), thread));
  for (const TraceEvent& event : events) {
    const StepSummary& step = program.steps.at(event.step);
    list.push_back(event.task == TraceEvent::kWholeStep    ? step_event(event, step)
                   : event.member == TraceEvent::kNoMember ? task_event(event, step)
                                                           : member_event(event, step.chain.at(event.member)));
  }
  return {{"traceEvents", std::move(list)}, {"displayTimeUnit", "ns"}, {"otherData", {{"linnet", version()}}}};
}

}  // namespace linnet::tools
