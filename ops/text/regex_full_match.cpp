// RegexFullMatch: Y (bool, the shape of X) says of each text of X whether `pattern`, of RE2's syntax, matches all of
// it. Opsets 20 to newest. RE2 is in the module liblinnet_regex.so, which is opened when a model has a pattern. A
// pattern is compiled at load; what matching keeps for it RE2 makes during the first runs, within the bounds of the
// pattern.
#include <array>
#include <atomic>
#include <new>

#include "ops/shared/chunks.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/text/regex_api.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"
#include "runtime/module_loader.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 256;  // elements
constexpr double kCost = 200.0;      // ns per element

/// Errors: kUnsupported without the module.
const RegexApi& regex_api() {
  static std::string& reason = *new std::string;  // never destroyed: other threads may load while the process exits
  static const RegexApi* const kApi =
      module_api<RegexApiFunction>("liblinnet_regex.so", "linnet_regex_api", kRegexApiVersion, &reason);
  if (kApi == nullptr) unsupported("regular expressions are matched by RE2, and ", reason);
  return *kApi;
}

struct RegexAttributes : Attributes {
  RegexAttributes() = default;
  RegexAttributes(const RegexAttributes&) = delete;
  RegexAttributes& operator=(const RegexAttributes&) = delete;
  ~RegexAttributes() override {
    if (pattern != nullptr) regex_api().destroy(pattern);
  }
  RegexPattern* pattern = nullptr;
};

AttributesPtr parse(ParseContext& context) {
  const std::string pattern = context.get_string("pattern", "");
  if (!context.has("pattern")) invalid_model("attribute \"pattern\" is missing");
  const RegexApi& api = regex_api();
  auto attributes = new_shared<RegexAttributes>();
  std::array<char, 256> error{};
  const RegexStatus status =
      api.compile(pattern.data(), pattern.size(), &attributes->pattern, error.data(), error.size());
  if (status == RegexStatus::kOutOfMemory) throw std::bad_alloc();
  if (status != RegexStatus::kYes) invalid_model("pattern ", quoted(pattern), ": ", printable(error.data(), 200));
  return attributes;
}

void infer(InferContext& context) { context.set_output(0, context.input_dims(0)); }

void run(const RunArguments& args) {
  const RegexPattern* const pattern = static_cast<const RegexAttributes*>(args.state)->pattern;
  const std::vector<std::string>& x = held(args.inputs[0]).strings();
  auto* y = static_cast<std::uint8_t*>(args.outputs[0]);
  const auto matches = regex_api().matches;
  std::atomic<bool> out_of_memory = false;
  for_chunks(args.control, x.size(), kChunk, kCost, [&](std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count && !args.control.abandon_if_stopped(); ++i) {
      const RegexStatus status = matches(pattern, x[i].data(), x[i].size());
      if (status == RegexStatus::kOutOfMemory) out_of_memory = true;
      y[i] = status == RegexStatus::kYes ? 1 : 0;
    }
  });
  if (out_of_memory) throw std::bad_alloc();
}

constexpr OutputDef kOutputs[] = {{"Y", kBoolType}};

}  // namespace

void register_regex_full_match(Registry& registry) {
  OpDef op = text_op("RegexFullMatch", 20, kOneOfStrings, kOutputs, parse, infer, prepare_attributes, run);
  registry.add(std::move(op));
}

}  // namespace linnet::internal
