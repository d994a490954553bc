// StringNormalizer: Y holds the texts of X ([C] or [1,C]) that are none of `stopwords`, in their order; in lower or
// upper case, or as they are, as `case_change_action` (LOWER, UPPER, NONE) says. Where is_case_sensitive is 0, stop
// words are compared in lower case. Where nothing is left, Y is one empty text. Opsets 10 to newest.
// `locale` names a language in which letters have the case that Unicode gives them (en_US, and all others but the
// Turkic ones); texts are UTF-8. Deviations: see LetterCase. A text is a stop word as a whole; ONNX's reference also
// drops words within a text, empty texts, and accents, of which the specification says nothing.
#include <algorithm>
#include <optional>

#include "ops/shared/input_tables.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/text/dictionary.hpp"
#include "ops/text/letter_case.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

enum class CaseChange : std::uint8_t { kNone, kLower, kUpper };
constexpr NamedValue<CaseChange> kCaseChanges[] = {
    {"NONE", CaseChange::kNone}, {"LOWER", CaseChange::kLower}, {"UPPER", CaseChange::kUpper}};

struct NormalizerAttributes : Attributes {
  CaseChange change = CaseChange::kNone;
  bool folds = false;  ///< stop words are compared in lower case, and are so
  Dictionary stopwords;
  std::optional<LetterCase> letters;  ///< where they are looked at
};

bool is_utf8(std::string_view encoding) {
  for (const std::string_view name : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
    if (encoding == name) return true;
  }
  return false;
}

/// Errors: kUnsupported for a locale with another encoding or another case of letters.
void check_locale(const std::string& locale) {
  const std::string_view name = locale;
  const std::size_t point = name.find('.');
  if (point != name.npos && !is_utf8(name.substr(point + 1, name.find('@', point) - point - 1)))
    unsupported("locale ", quoted(locale), " has an encoding that is not UTF-8");
  const std::string_view language = name.substr(0, name.find_first_of("_-.@"));
  if (language == "tr" || language == "az")
    unsupported("locale ", quoted(locale), ": the dotless i of Turkic languages is not supported");
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<NormalizerAttributes>();
  const std::vector<std::string> stopwords = list_of_strings(context, "stopwords");
  const std::string locale = context.get_string("locale", "");
  attributes->change = named_value(context, "case_change_action", kCaseChanges);
  attributes->folds = context.get_int("is_case_sensitive", 0) == 0 && !stopwords.empty();
  if (attributes->folds || attributes->change != CaseChange::kNone) {
    check_locale(locale);
    attributes->letters.emplace();
  }
  for (std::string word : stopwords) {
    if (attributes->folds) attributes->letters->change(std::string(word), false, word);
    attributes->stopwords.add(word);
  }
  return attributes;
}

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  const bool row = dims.size() == 2 && !dims[0].differs(1);
  if (dims.size() != 1 && !row) invalid_model("input X has the shape ", dims, ", expected [C] or [1,C]");
  Dims some{Dim::unknown()};
  if (row) some.insert(some.begin(), std::int64_t{1});
  context.set_output(0, std::move(some));
}

Prepared prepare(const PrepareContext& context) {
  const std::int64_t count = element_count(context.input_shape(0));
  return {context.node().attributes, static_cast<std::size_t>(count) * sizeof(std::size_t)};
}

/// Writes the places of the texts that stay, and returns how many there are.
std::size_t find_kept(const NormalizerAttributes& state, const std::vector<std::string>& texts, RunControl& control,
                      std::size_t* kept) {
  std::size_t count = 0;
  std::string folded;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    control.check();
    if (state.folds) state.letters->change(texts[i], false, folded);
    const std::string& text = state.folds ? folded : texts[i];
    if (state.stopwords.find(text) == Dictionary::kNone) kept[count++] = i;
  }
  return count;
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const NormalizerAttributes*>(args.state);
  const Held& x = held(args.inputs[0]);
  auto* const kept = static_cast<std::size_t*>(args.workspace);
  const std::size_t count = find_kept(state, x.strings(), args.control, kept);
  Shape shape = x.shape();
  shape.back() = static_cast<std::int64_t>(std::max<std::size_t>(count, 1));
  Held& output = held(args.outputs[0]);
  std::vector<std::string>& y = output.make_strings(shape);
  if (count == 0) y[0].clear();
  for (std::size_t i = 0; i < count; ++i) {
    args.control.check();
    const std::string& text = x.strings()[kept[i]];
    if (state.change == CaseChange::kNone) {
      y[i] = text;
    } else {
      state.letters->change(text, state.change == CaseChange::kUpper, y[i]);
    }
  }
  output.check_budget();
}

}  // namespace

void register_string_normalizer(Registry& registry) {
  OpDef op = text_op("StringNormalizer", 10, kOneOfStrings, kYOfFirst, parse, infer, prepare, run);
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
