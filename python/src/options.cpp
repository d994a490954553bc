#include "python/src/options.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <functional>
#include <map>

#include "python/src/gil.hpp"

namespace linnet::python {
namespace {

namespace nb = nanobind;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::kInvalidArgument, why); }

template <typename T>
T value_of(const std::string& name, nb::handle value) {
  T result{};
  if (!nb::try_cast<T>(value, result)) {
    refuse("option " + name + ": " + std::string(nb::repr(value).c_str()) + " is not a usable value");
  }
  return result;
}

template <typename T>
T one_of(const std::string& name, nb::handle value, const std::map<std::string, T>& choices) {
  const auto text = value_of<std::string>(name, value);
  const auto found = choices.find(text);
  if (found != choices.end()) return found->second;
  std::string known;
  for (const auto& choice : choices) known += (known.empty() ? "" : ", ") + choice.first;
  refuse("option " + name + " is \"" + text + "\", expected one of: " + known);
}

/// Calls `callable` with the interpreter's lock. Lines that come while the interpreter ends are dropped.
std::function<void(LogLevel, std::string_view)> log_function(nb::handle callable) {
  if (PyCallable_Check(callable.ptr()) == 0) refuse("option log must be callable, as log(severity, text)");
  const auto release = [](PyObject* object) { with_gil([object] { Py_DECREF(object); }); };
  Py_INCREF(callable.ptr());
  const std::shared_ptr<PyObject> held(callable.ptr(), release);
  return [held](LogLevel level, std::string_view text) {
    with_gil([&] {
      try {
        nb::handle(held.get())(static_cast<int>(level), nb::str(text.data(), text.size()));
      } catch (nb::python_error& error) {
        error.discard_as_unraisable("linnet's log function");
      }
    });
  };
}

Limits limits_from(nb::handle value) {
  Limits limits;
  const std::map<std::string, std::size_t*> fields = {
      {"file_bytes", &limits.file_bytes},     {"nodes", &limits.nodes},
      {"nesting", &limits.nesting},           {"rank", &limits.rank},
      {"folded_bytes", &limits.folded_bytes}, {"folding_ns", &limits.folding_ns}};
  for (const auto& [key, size] : value_of<nb::dict>("limits", value)) {
    const auto name = value_of<std::string>("limits", key);
    const auto field = fields.find(name);
    if (field == fields.end())
      refuse("option limits: there is no limit \"" + name +
             "\"; there are file_bytes, nodes, nesting, rank, folded_bytes, folding_ns");
    *field->second = value_of<std::size_t>("limits[\"" + name + "\"]", size);
  }
  return limits;
}

std::vector<std::pair<std::string, std::int64_t>> sizes_from(const std::string& name, nb::handle value) {
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  for (const auto& [key, size] : value_of<nb::dict>(name, value)) {
    const auto dimension = value_of<std::string>(name, key);
    std::string whose = name;
    whose.append("[\"").append(dimension).append("\"]");
    sizes.emplace_back(dimension, value_of<std::int64_t>(whose, size));
  }
  return sizes;
}

void set_initializers(LoadOptions& options, const std::string& name, nb::handle value) {
  for (const auto& [key, array] : value_of<nb::dict>(name, value)) {
    const auto initializer = value_of<std::string>(name, key);
    BorrowedArray& borrowed = options.arrays.emplace_back(array, BorrowedArray::Use::kRead, DataType::kUndefined,
                                                          "initializer \"" + initializer + "\"");
    borrowed.make_dense();
    options.initializers.emplace_back(initializer, borrowed.view());
  }
}

using Setter = std::function<void(LoadOptions&, const std::string&, nb::handle)>;

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> kSetters = {
      {"threads", [](Options& o, const std::string& n, nb::handle v) { o.threads = value_of<int>(n, v); }},
      {"backend",
       [](Options& o, const std::string& n, nb::handle v) {
         o.backend = one_of<Backend>(n, v,
                                     {{"auto", Backend::kAuto},
                                      {"onednn", Backend::kOnednn},
                                      {"simd", Backend::kSimd},
                                      {"reference", Backend::kReference}});
       }},
      {"precision",
       [](Options& o, const std::string& n, nb::handle v) {
         o.precision = one_of<Precision>(n, v, {{"f32", Precision::kF32}, {"bf16", Precision::kBf16}});
       }},
      {"memory_budget",
       [](Options& o, const std::string& n, nb::handle v) { o.memory_budget = value_of<std::size_t>(n, v); }},
      {"flush_denormals",
       [](Options& o, const std::string& n, nb::handle v) { o.flush_denormals = value_of<bool>(n, v); }},
      {"program_cache",
       [](Options& o, const std::string& n, nb::handle v) { o.program_cache = value_of<std::size_t>(n, v); }},
      {"program_cache_bytes",
       [](Options& o, const std::string& n, nb::handle v) { o.program_cache_bytes = value_of<std::size_t>(n, v); }},
      {"copy_weights", [](Options& o, const std::string& n, nb::handle v) { o.copy_weights = value_of<bool>(n, v); }},
      {"allow_external_links",
       [](Options& o, const std::string& n, nb::handle v) { o.allow_external_links = value_of<bool>(n, v); }},
      {"external_data_folder",
       [](Options& o, const std::string& n, nb::handle v) { o.external_data_folder = value_of<std::string>(n, v); }},
      {"external_data",
       [](Options& o, const std::string& n, nb::handle v) {
         // The caller's keywords hold memoryviews, which keep their bytes where they are.
         for (const auto& [location, view] : value_of<nb::dict>(n, v)) {
           Py_buffer bytes;
           if (PyObject_GetBuffer(view.ptr(), &bytes, PyBUF_SIMPLE) != 0) throw nb::python_error();
           o.external_data.push_back(
               {value_of<std::string>(n, location), bytes.buf, static_cast<std::size_t>(bytes.len)});
           PyBuffer_Release(&bytes);
         }
       }},
      {"disabled_passes", [](Options& o, const std::string& n,
                             nb::handle v) { o.disabled_passes = value_of<std::vector<std::string>>(n, v); }},
      {"dimensions", [](Options& o, const std::string& n, nb::handle v) { o.dimensions = sizes_from(n, v); }},
      {"denoted_dimensions",
       [](Options& o, const std::string& n, nb::handle v) { o.denoted_dimensions = sizes_from(n, v); }},
      {"initializers", set_initializers},
      {"states",
       [](Options& o, const std::string& n, nb::handle v) {
         for (const auto& [input, output] : value_of<nb::dict>(n, v))
           o.states.push_back({value_of<std::string>(n, input), value_of<std::string>(n, output)});
       }},
      {"limits", [](Options& o, const std::string&, nb::handle v) { o.limits = limits_from(v); }},
      {"log",
       [](Options& o, const std::string&, nb::handle v) {
         if (!v.is_none()) o.log = log_function(v);
       }},
  };
  return kSetters;
}

}  // namespace

LoadOptions options_from(const nb::dict& keywords) {
  LoadOptions options;
  for (const auto& [key, value] : keywords) {
    const auto name = value_of<std::string>("name", key);
    const auto setter = setters().find(name);
    if (setter == setters().end()) {
      std::string message = "there is no option \"" + name + "\"; there are:";
      const char* separator = " ";
      for (const auto& entry : setters()) {
        message.append(separator).append(entry.first);
        separator = ", ";
      }
      refuse(message);
    }
    setter->second(options, name, value);
  }
  return options;
}

RunOptions run_options_from(const CancelToken* cancel, std::optional<double> timeout) {
  constexpr double kMostSeconds = 1e9;  // far beyond any run, well within 63 bits of nanoseconds
  RunOptions options;
  options.cancel = cancel;
  if (!timeout.has_value()) return options;
  if (!(*timeout > 0)) refuse("timeout must be a positive number of seconds");
  const double nanoseconds = (*timeout < kMostSeconds ? *timeout : kMostSeconds) * 1e9;
  options.timeout = std::chrono::nanoseconds(nanoseconds < 1 ? 1 : static_cast<std::int64_t>(nanoseconds));
  return options;
}

RunOptions Timer::left() const {
  RunOptions options = options_;
  if (options.timeout.count() == 0) return options;
  const auto used = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_);
  options.timeout = std::max(options.timeout - used, std::chrono::nanoseconds(1));
  return options;
}

}  // namespace linnet::python
