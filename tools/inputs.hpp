// The inputs of a run: from files, or made from what the model does with them.
#pragma once

#include <linnet/inspect.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "tools/arguments.hpp"

namespace linnet::tools {

/// What inputs are made from.
struct InputArguments {
  std::vector<std::string> files;   ///< NAME=FILE.npy
  std::vector<std::string> ranges;  ///< NAME=LOW:HIGH
  bool make_up = false;             ///< inputs that no file gives get data of Linnet's choice

  /// Adds --input and --range. `what_else`: what an input gets that is not given, for the help.
  void add_to(CLI::App& command, const std::string& what_else);
};

struct Inputs {
  std::vector<Tensor> tensors;       ///< one per input of the model
  std::vector<std::string> origins;  ///< of each: "x.npy", "normal numbers", "integers from 0 to 9: an index into ..."
  std::vector<bool> made_up;         ///< of each: without --input or --range

  std::vector<ConstTensorView> views() const;
};

/// Whether the command can give it or show it: the rest is for the library's callers.
bool is_numbers(const ValueInfo& info);
/// Errors: kUnsupported naming the first of these inputs or outputs (`side`) that is no tensor of numbers.
void require_numbers(const std::vector<ValueInfo>& infos, const char* side);

/// --input's file, else numbers evenly spread over --range; else, if `make_up`, what suits the model (input_uses), with
/// a fixed seed: indices into the whole table, 1 for masks and for what shapes depend on, truth values, all values of
/// an 8-bit type, normal floats, other integers 0 and 1. Open dimensions take --dim, then 1. Errors: linnet::Error
/// naming the input, the option and what would be right; those of require_numbers.
Inputs make_inputs(const Model& model, const ModelArguments& arguments, const InputArguments& given);

/// One line for each input that no file gave: its type, shape and what it holds. "" where there are none.
std::string describe_made(const Model& model, const Inputs& inputs);

/// [{"name", "type", "shape", "data"}]
nlohmann::ordered_json json_of(const Model& model, const Inputs& inputs);

/// For with_inputs.
Error with_made_up(const Model& model, const Inputs& inputs, const Error& error);

/// Calls body; where it throws and inputs that decide indices, sizes or truth were made up, the message says so.
template <typename Body>
decltype(auto) with_inputs(const Model& model, const Inputs& inputs, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    throw with_made_up(model, inputs, error);
  }
}

}  // namespace linnet::tools
