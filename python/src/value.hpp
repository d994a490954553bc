// What is no array of numbers in Python and in Linnet: arrays of strings, dicts, lists, None.
#pragma once

#include <linnet/value.hpp>

#include <string>
#include <vector>

#include "python/src/array.hpp"

namespace linnet::python {

/// Whether what the info tells of is an array of numbers, which is borrowed instead of copied.
bool is_numbers(const ValueInfo& info);
/// Whether all inputs and outputs are.
bool has_numbers_only(const Model& model);

/// A copy of a Python object: an array or what becomes one (of str or bytes for strings, which are UTF-8 then), a list
/// or tuple of them for a sequence, a dict for a map, None for an optional that is not there. Errors: kInvalidArgument,
/// which begin with `what`.
Value value_of(nb::handle object, const ValueInfo& info, const std::string& what);
/// One for each input of the model.
std::vector<Value> values_of(const Model& model, const std::vector<nb::object>& objects);

/// A new array (of str objects for strings: bytes that are no UTF-8 become lone surrogates, as os.fsdecode has them), a
/// list of arrays or dicts, a dict (of Python's own numbers and str), or None.
nb::object object_of(Framework framework, const Value& value);

}  // namespace linnet::python
