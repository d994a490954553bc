// Operators that run graphs, in forms of old opsets.
#include <cstddef>
#include <string>

#include "loaders/onnx/own_functions_impl.hpp"

namespace linnet::internal::onnx {

/// Scan of opset 8 has a batch as first axis of everything: a scan of batches whose body is a scan of later opsets.
std::string scan_of_batches(const OwnCall& call) {
  if (call.attributes.opset() > 8) refuse_without_kernel();
  refuse_input(call, 0, "sequence_lens");
  const std::size_t inputs = call.node.inputs.size(), outputs = call.node.outputs.size();
  if (inputs < 2) invalid_model(inputs, " inputs, expected sequence_lens and what is scanned");
  const auto names = [](const char* letter, std::size_t first, std::size_t end) {
    std::string list;
    for (std::size_t i = first; i < end; ++i) list += text(i == first ? "" : ",", letter, i);
    return list;
  };
  const std::string within = names("b", 1, inputs), made = names("p", 0, outputs);
  return text(names("o", 0, outputs), "=Scan<num_scan_inputs=", inputs - 1, ",body=^", within, ":", made, ":", made,
              "=Scan<&body,num_scan_inputs=@num_scan_inputs:0,scan_input_directions=&directions>(", within, ");^>(",
              names("i", 1, inputs), ");");
}

}  // namespace linnet::internal::onnx
