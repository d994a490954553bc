// TfIdfVectorizer: how often each n-gram of a pool is in a row of X ([C] or [N,C]: strings, int32 or int64). Y
// (float32) is [columns] or [N,columns] with columns = 1 + the largest of `ngram_indexes`; n-gram i of the pool
// (pool_strings or pool_int64s) counts in column ngram_indexes[i]. The pool has the n-grams of n = 1, 2, ... one after
// the other, from place ngram_counts[n - 1] on. Those of min_gram_length to max_gram_length elements count. In a row,
// the elements of an n-gram are 1 to max_skip_count + 1 places apart, all by the same number; single elements count
// once. Mode TF: how often it is there. IDF: its weight, if it is there. TFIDF: both multiplied. `weights` are 1 where
// they are left out; that of n-gram i is weights[i]. What several n-grams put into one column is added up, but for IDF,
// where the last one counts; of an n-gram that is in the pool twice the last one does.
// Opsets 9 to newest. Deviation: ONNX's reference takes weights by column, where its text has them by n-gram.
#include <algorithm>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/named_value.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "ops/text/dictionary.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

using Integers = std::vector<std::int64_t>;
using Token = std::uint32_t;  ///< the number of an element among the different ones of the pool

constexpr std::uint32_t kNone = Dictionary::kNone;
constexpr double kCost = 20.0;  // ns per element and distance

enum class Mode : std::uint8_t { kTf, kIdf, kTfIdf };
constexpr NamedValue<Mode> kModes[] = {{"TF", Mode::kTf}, {"IDF", Mode::kIdf}, {"TFIDF", Mode::kTfIdf}};

/// The n-grams that count, as paths from a root by tokens.
class NGrams {
 public:
  /// Where a path leads from a node by a token; kNone: no n-gram begins so.
  std::uint32_t next(std::uint32_t node, Token token) const {
    const std::uint32_t step = steps_.find(step_of(node, token));
    return step == kNone ? kNone : step + 1;
  }
  /// The place of the n-gram in the pool; kNone: only longer ones come this way.
  std::uint32_t gram(std::uint32_t node) const { return grams_[node]; }

  void add(const Token* tokens, std::size_t length, std::uint32_t gram) {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < length; ++i) {
      node = steps_.add(step_of(node, tokens[i])) + 1;
      if (node == grams_.size()) grams_.push_back(kNone);
    }
    grams_[node] = gram;
  }

 private:
  static std::uint64_t step_of(std::uint32_t node, Token token) { return std::uint64_t{node} << 32 | token; }

  Dictionary steps_;                         ///< each leads to a node of its own, of the next number
  std::vector<std::uint32_t> grams_{kNone};  ///< by node; the root is 0
};

struct VectorizerAttributes : Attributes {
  Mode mode = Mode::kTf;
  std::int64_t max_length = 0;
  std::int64_t min_length = 0;
  std::int64_t max_skip_count = 0;
  std::int64_t columns = 0;
  Integers indexes;            ///< of the columns, by n-gram
  std::vector<float> weights;  ///< by n-gram; empty: 1
  bool of_strings = false;
  Dictionary tokens;  ///< of the elements of the pool
  NGrams grams;
};

Integers require_ints(ParseContext& context, const char* name) {
  Integers found = list_of_integers(context, name);
  if (found.empty()) invalid_model("attribute \"", name, "\" is missing or empty");
  return found;
}

/// The elements of the pool, by their numbers. Errors: kInvalidModel unless there is one pool.
std::vector<Token> parse_pool(ParseContext& context, VectorizerAttributes& attributes) {
  const std::vector<std::string> strings = list_of_strings(context, "pool_strings");
  const Integers integers = list_of_integers(context, "pool_int64s");
  if (strings.empty() == integers.empty()) invalid_model("expected one of pool_strings and pool_int64s");
  attributes.of_strings = !strings.empty();
  std::vector<Token> pool;
  pool.reserve(strings.size() + integers.size());
  for (const std::string& element : strings) pool.push_back(attributes.tokens.add(element));
  for (const std::int64_t element : integers)
    pool.push_back(attributes.tokens.add(static_cast<std::uint64_t>(element)));
  return pool;
}

void check_lengths(const VectorizerAttributes& attributes, std::size_t lengths) {
  const auto longest = static_cast<std::int64_t>(lengths);
  if (attributes.min_length < 1 || attributes.min_length > attributes.max_length || attributes.max_length > longest) {
    invalid_model("n-grams have ", attributes.min_length, " to ", attributes.max_length, " elements; expected 1 to ",
                  longest, ", as many as ngram_counts has");
  }
  if (attributes.max_skip_count < 0)
    invalid_model("max_skip_count is ", attributes.max_skip_count, ", expected 0 or more");
}

/// Errors: kInvalidModel unless the pool is cut into n-grams by `counts`, one for every index.
void add_grams(const std::vector<Token>& pool, const Integers& counts, VectorizerAttributes& attributes) {
  const Integers& indexes = attributes.indexes;
  std::size_t gram = 0;
  for (std::size_t n = 1; n <= counts.size(); ++n) {
    const std::int64_t first = counts[n - 1];
    const std::int64_t end = n < counts.size() ? counts[n] : static_cast<std::int64_t>(pool.size());
    if (first < 0 || first > end || end > static_cast<std::int64_t>(pool.size()) ||
        (end - first) % static_cast<std::int64_t>(n) != 0) {
      invalid_model("by ngram_counts the n-grams of ", n, " elements are [", first, ",", end, ") of a pool of ",
                    pool.size(), " elements");
    }
    const bool counted =
        n >= static_cast<std::size_t>(attributes.min_length) && n <= static_cast<std::size_t>(attributes.max_length);
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); i += n, ++gram) {
      if (counted) attributes.grams.add(pool.data() + i, n, static_cast<std::uint32_t>(gram));
    }
  }
  if (gram != indexes.size()) invalid_model("the pool has ", gram, " n-grams, but ngram_indexes has ", indexes.size());
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<VectorizerAttributes>();
  if (!context.has("mode")) invalid_model("attribute \"mode\" is missing");
  attributes->mode = named_value(context, "mode", kModes);
  attributes->max_length = context.require_int("max_gram_length");
  attributes->min_length = context.require_int("min_gram_length");
  attributes->max_skip_count = context.require_int("max_skip_count");
  const Integers counts = require_ints(context, "ngram_counts");
  attributes->indexes = require_ints(context, "ngram_indexes");
  check_lengths(*attributes, counts.size());
  for (const std::int64_t index : attributes->indexes) {
    if (index < 0 || index >= INT32_MAX) invalid_model("ngram_indexes has ", index, ", which is no column");
    attributes->columns = std::max(attributes->columns, index + 1);
  }
  add_grams(parse_pool(context, *attributes), counts, *attributes);
  auto weights = context.get_floats("weights");
  if (!weights || weights->empty()) return attributes;
  if (weights->size() != attributes->indexes.size()) {
    invalid_model("weights has ", weights->size(), " elements, but the pool has ", attributes->indexes.size(),
                  " n-grams");
  }
  if (attributes->mode != Mode::kTf) attributes->weights = std::move(*weights);
  return attributes;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<VectorizerAttributes>();
  require_type(context, 0, "X", attributes.of_strings ? kStringType : kIndexTypes);
  const Dims& x = context.input_dims(0);
  if (x.size() != 1 && x.size() != 2) invalid_model("input X has rank ", x.size(), ", expected 1 or 2");
  Dims y{attributes.columns};
  if (x.size() == 2) y.insert(y.begin(), x[0]);
  context.set_output(0, std::move(y));
}

struct State {
  std::shared_ptr<const VectorizerAttributes> attributes;
  DataType type = DataType::kUndefined;
  std::size_t max_distance = 0;
  std::size_t rows = 0;
  std::size_t row_size = 0;
  // Workspace offsets:
  std::size_t tokens = 0;  ///< of all rows
  std::size_t counts = 0;  ///< by n-gram, of each worker
  std::size_t counts_bytes = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape x = context.input_shape(0);
  state->attributes = std::static_pointer_cast<const VectorizerAttributes>(context.node().attributes);
  state->type = context.input_type(0);
  state->rows = x.size() == 2 ? static_cast<std::size_t>(x[0]) : 1;
  state->row_size = static_cast<std::size_t>(x.back());
  // Elements further apart than a row is long are not in it; single ones have no distance.
  const std::int64_t furthest = state->attributes->max_length == 1 ? 1 : std::max<std::int64_t>(x.back(), 1);
  state->max_distance = static_cast<std::size_t>(std::min(state->attributes->max_skip_count, furthest - 1)) + 1;
  WorkspaceLayout layout;
  state->tokens = layout.add(static_cast<std::size_t>(element_count(x)) * sizeof(Token));
  state->counts_bytes = (state->attributes->indexes.size() * sizeof(std::uint32_t) + 63) / 64 * 64;
  state->counts = layout.add(state->counts_bytes * static_cast<std::size_t>(context.threads()));
  return {state, layout.bytes()};
}

void write_tokens(const State& state, const void* x, std::size_t first, Token* tokens) {
  const Dictionary& known = state.attributes->tokens;
  for (std::size_t i = 0; i < state.row_size; ++i) {
    if (state.type == DataType::kString) {
      tokens[i] = known.find(held(x).strings()[first + i]);
    } else {
      std::uint64_t element = 0;
      load_line(state.type, x, first + i, 1, &element);
      tokens[i] = known.find(element);
    }
  }
}

/// Counts the n-grams of `least` to `most` elements, so far apart, that begin with this token.
void count_from(const NGrams& grams, const Token* token, const Token* end, std::int64_t least, std::int64_t most,
                std::size_t distance, std::uint32_t* counts) {
  std::uint32_t node = 0;
  for (std::int64_t length = 1; length <= most; ++length) {
    node = *token == kNone ? kNone : grams.next(node, *token);
    if (node == kNone) return;
    const std::uint32_t gram = grams.gram(node);
    if (length >= least && gram != kNone && counts[gram] != UINT32_MAX) ++counts[gram];
    if (static_cast<std::size_t>(end - token) <= distance) return;
    token += distance;
  }
}

void count_row(const State& state, const Token* row, std::uint32_t* counts, RunControl& control) {
  const VectorizerAttributes& attributes = *state.attributes;
  const Token* const end = row + state.row_size;
  for (std::size_t distance = 1; distance <= state.max_distance; ++distance) {
    if (control.abandon_if_stopped()) return;
    const std::int64_t least = distance == 1 ? attributes.min_length : std::max<std::int64_t>(attributes.min_length, 2);
    for (const Token* token = row; token < end; ++token)
      count_from(attributes.grams, token, end, least, attributes.max_length, distance, counts);
  }
}

void write_row(const VectorizerAttributes& attributes, const std::uint32_t* counts, float* y) {
  std::fill_n(y, attributes.columns, 0.0F);
  for (std::size_t gram = 0; gram < attributes.indexes.size(); ++gram) {
    if (counts[gram] == 0) continue;
    const float weight = attributes.weights.empty() ? 1.0F : attributes.weights[gram];
    float& column = y[attributes.indexes[gram]];
    column = attributes.mode == Mode::kIdf ? weight : column + static_cast<float>(counts[gram]) * weight;
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const VectorizerAttributes& attributes = *state.attributes;
  auto* const workspace = static_cast<std::byte*>(args.workspace);
  const double steps = static_cast<double>(state.row_size) * static_cast<double>(state.max_distance);
  const double work = static_cast<double>(state.rows) * steps * kCost;
  args.control.parallel_for(state.rows, work, [&](std::size_t row, std::size_t worker) {
    const std::size_t first = row * state.row_size;
    Token* const tokens = reinterpret_cast<Token*>(workspace + state.tokens) + first;
    auto* const counts = reinterpret_cast<std::uint32_t*>(workspace + state.counts + worker * state.counts_bytes);
    std::fill_n(counts, attributes.indexes.size(), 0);
    write_tokens(state, args.inputs[0], first, tokens);
    count_row(state, tokens, counts, args.control);
    write_row(attributes, counts,
              static_cast<float*>(args.outputs[0]) + row * static_cast<std::size_t>(attributes.columns));
  });
}

constexpr InputDef kInputs[] = {{"X", kIndexTypes | kStringType}};
constexpr OutputDef kOutputs[] = {{"Y", kFloat32Type}};

}  // namespace

void register_tf_idf_vectorizer(Registry& registry) {
  OpDef op = text_op("TfIdfVectorizer", 9, kInputs, kOutputs, parse, infer, prepare, run);
  registry.add(std::move(op));
}

}  // namespace linnet::internal
