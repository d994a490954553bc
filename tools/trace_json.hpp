// linnet run --trace: a traced run in the Trace Event Format, for chrome://tracing and ui.perfetto.dev.
#pragma once

#include <linnet/inspect.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace linnet::tools {

/// The JSON object form of the format: complete events ("X") in microseconds. Process 1 is the run, its threads are the
/// workers; a step lies on thread 0 with its operator's name, implementation and shapes, and its tasks lie on the
/// threads that ran them, those of thread 0 nested in the step; in a task of a chain lies what it spent on each node.
/// Requires: the events come from a session of `program`.
nlohmann::ordered_json trace_json(const ProgramSummary& program, const std::vector<TraceEvent>& events,
                                  const std::string& title);

}  // namespace linnet::tools
