#include <map>
#include <random>

#include "tests/ops/op_tester.hpp"
#include "tests/ops/text/text_test.hpp"

namespace linnet::internal {
namespace {

using Integers = std::vector<std::int64_t>;

struct Case {
  const char* name = "";
  const char* mode = "TF";
  std::int64_t min_length = 1;
  std::int64_t max_length = 2;
  std::int64_t skips = 0;
  Integers counts = {0, 4};
  Integers indexes = {0, 1, 2, 3, 4, 5, 6};
  Integers pool = {2, 3, 5, 4, 5, 6, 7, 8, 6, 7};
  std::vector<float> weights = {};
};

/// By the definition: every n-gram of the row at every distance, looked up in a map.
std::vector<float> counted(const Case& c, const Integers& row) {
  std::map<Integers, std::size_t> grams;
  std::size_t gram = 0;
  for (std::size_t n = 1; n <= c.counts.size(); ++n) {
    const auto end = n < c.counts.size() ? static_cast<std::size_t>(c.counts[n]) : c.pool.size();
    for (auto i = static_cast<std::size_t>(c.counts[n - 1]); i < end; i += n) {
      const auto from = c.pool.begin() + static_cast<std::ptrdiff_t>(i);
      grams[Integers(from, from + static_cast<std::ptrdiff_t>(n))] = gram++;
    }
  }
  std::vector<float> counts(gram);
  for (std::int64_t n = c.min_length; n <= c.max_length; ++n) {
    for (std::int64_t distance = 1; distance <= (n == 1 ? 1 : c.skips + 1); ++distance) {
      for (std::int64_t first = 0; first + (n - 1) * distance < static_cast<std::int64_t>(row.size()); ++first) {
        Integers found;
        for (std::int64_t i = 0; i < n; ++i) found.push_back(row[static_cast<std::size_t>(first + i * distance)]);
        if (const auto at = grams.find(found); at != grams.end()) counts[at->second] += 1;
      }
    }
  }
  std::vector<float> y(static_cast<std::size_t>(1 + *std::max_element(c.indexes.begin(), c.indexes.end())));
  for (std::size_t i = 0; i < gram; ++i) {
    const float weight = c.weights.empty() ? 1 : c.weights[i];
    float& column = y[static_cast<std::size_t>(c.indexes[i])];
    if (c.mode == std::string("TF")) column += counts[i];
    if (c.mode == std::string("TFIDF")) column += counts[i] * weight;
    if (c.mode == std::string("IDF") && counts[i] > 0) column = weight;
  }
  return y;
}

OpTest vectorizer(const Case& c) {
  OpTest test("TfIdfVectorizer", 9);
  test.named(c.name).attribute("mode", std::string(c.mode)).attribute("min_gram_length", c.min_length);
  test.attribute("max_gram_length", c.max_length).attribute("max_skip_count", c.skips);
  test.ints("ngram_counts", c.counts).ints("ngram_indexes", c.indexes).ints("pool_int64s", c.pool);
  if (!c.weights.empty()) test.floats("weights", c.weights);
  return test;
}

std::vector<Case> cases() {
  const std::vector<float> weights = {1, 0.5F, 2, 3, 4, 0.25F, 10};
  return {
      {},
      {"bigrams", "TF", 2, 2},
      {"unigrams", "TF", 1, 1, 5},
      {"skips", "TF", 1, 2, 3},
      {"more skips than elements", "TF", 2, 2, 100},
      {"idf", "IDF", 1, 2, 1, {0, 4}, {0, 1, 2, 3, 4, 5, 6}, {2, 3, 5, 4, 5, 6, 7, 8, 6, 7}, weights},
      {"tfidf", "TFIDF", 1, 2, 1, {0, 4}, {0, 1, 2, 3, 4, 5, 6}, {2, 3, 5, 4, 5, 6, 7, 8, 6, 7}, weights},
      {"weights in other columns",
       "TFIDF",
       1,
       2,
       1,
       {0, 4},
       {6, 5, 4, 3, 2, 0, 1},
       {2, 3, 5, 4, 5, 6, 7, 8, 6, 7},
       weights},
      {"weights in one column",
       "TFIDF",
       1,
       2,
       1,
       {0, 4},
       {0, 0, 0, 0, 1, 1, 1},
       {2, 3, 5, 4, 5, 6, 7, 8, 6, 7},
       weights},
      {"idf in one column", "IDF", 1, 2, 1, {0, 4}, {0, 0, 0, 0, 1, 1, 1}, {2, 3, 5, 4, 5, 6, 7, 8, 6, 7}, weights},
      {"idf without weights", "IDF", 1, 2, 1},
      {"other columns", "TF", 1, 2, 0, {0, 4}, {6, 5, 9, 0, 0, 1, 2}},
      {"no unigrams", "TF", 2, 2, 0, {0, 0}, {0, 1, 2}, {5, 6, 7, 8, 6, 7}},
      {"trigrams", "TF", 1, 3, 2, {0, 2, 4}, {0, 1, 2, 3, 4}, {5, 6, 5, 6, 5, 6, 7, 6, 5, 6}},
      {"negative elements", "TF", 1, 1, 0, {0}, {0, 1}, {-1, INT64_MIN}},
      {"twice in the pool", "TF", 1, 1, 0, {0}, {0, 1, 2}, {5, 5, 6}},
      {"a pool that begins later", "TF", 1, 1, 0, {1}, {0, 1}, {9, 5, 6}},
  };
}

TEST(TfIdfVectorizer, AgreesWithTheDefinition) {
  const Integers row = {1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8, 5, 6, 5, 6, 7};
  for (const Case& c : cases()) {
    const std::vector<float> y = counted(c, row);
    const auto columns = static_cast<std::int64_t>(y.size());
    vectorizer(c).input<std::int64_t>({17}, row).expect<float>({columns}, y).run();
    const std::vector<std::int32_t> narrow(row.begin(), row.end());
    vectorizer(c).input<std::int32_t>({17}, narrow).expect<float>({columns}, y).run();
  }
}

TEST(TfIdfVectorizer, Rows) {
  std::mt19937 random(3);
  for (const Case& c : cases()) {
    Integers x;
    std::vector<float> y;
    for (int row = 0; row < 9; ++row) {
      Integers elements;
      for (int i = 0; i < 20; ++i) elements.push_back(static_cast<std::int64_t>(random() % 7) + 2);
      const std::vector<float> expected = counted(c, elements);
      x.insert(x.end(), elements.begin(), elements.end());
      y.insert(y.end(), expected.begin(), expected.end());
    }
    const auto columns = static_cast<std::int64_t>(y.size()) / 9;
    vectorizer(c).input<std::int64_t>({9, 20}, x).expect<float>({9, columns}, y).run();
  }
}

TEST(TfIdfVectorizer, EmptyTensors) {
  vectorizer({}).input<std::int64_t>({0}, {}).expect<float>({7}, {0, 0, 0, 0, 0, 0, 0}).run();
  vectorizer({}).input<std::int64_t>({0, 5}, {}).expect<float>({0, 7}, {}).run();
  vectorizer({}).input<std::int64_t>({1, 0}, {}).expect<float>({1, 7}, {0, 0, 0, 0, 0, 0, 0}).run();
  vectorizer({}).input<std::int64_t>({1}, {5}).expect<float>({7}, {0, 0, 1, 0, 0, 0, 0}).run();
}

TEST(TfIdfVectorizer, Symbols) {
  vectorizer({}).symbolic_input(DataType::kInt64, {"n", "c"}).expect_dims(DataType::kFloat32, {"n", 7}).infer_only();
  vectorizer({}).symbolic_input(DataType::kInt64, {"c"}).expect_dims(DataType::kFloat32, {7}).infer_only();
}

TEST(TfIdfVectorizer, Strings) {
  const auto test = [](const char* mode) {
    test::TextTest made("TfIdfVectorizer", 9);
    made.with(test::attribute("mode", mode))
        .with(test::attribute("min_gram_length", 1))
        .with(test::attribute("max_gram_length", 2))
        .with(test::attribute("max_skip_count", 1))
        .with(test::attribute("ngram_counts", Integers{0, 3}))
        .with(test::attribute("ngram_indexes", Integers{0, 1, 2, 3, 4}))
        .with(test::attribute("pool_strings", test::Texts{"b", "a", "", "a", "b", "b", "b"}))
        .with(test::attribute("weights", std::vector<float>{1, 2, 3, 4, 5}));
    return made;
  };
  const test::Texts x = {"a", "b", "b", "", "A", "b", "a", "b"};
  test("TF").strings({8}, x).expect<float>({5}, {4, 2, 1, 3, 2}).run();
  test("TFIDF").strings({1, 8}, x).expect<float>({1, 5}, {4, 4, 3, 12, 10}).run();
  test("IDF").strings({2, 4}, x).expect<float>({2, 5}, {1, 2, 3, 4, 5, 1, 2, 0, 4, 5}).run();
  test("TF").input<std::int64_t>({1}, {1}).refused(ErrorCode::kInvalidModel, "input X is int64, expected string");
}

TEST(TfIdfVectorizer, Refusals) {
  const auto refused = [](const Case& c, const char* words) {
    vectorizer(c).input<std::int64_t>({2}, {1, 2}).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused({"mode", "DF"}, "mode is \"DF\", expected one of TF, IDF, TFIDF");
  refused({"min", "TF", 0, 1}, "n-grams have 0 to 1 elements; expected 1 to 2, as many as ngram_counts has");
  refused({"max", "TF", 1, 3}, "n-grams have 1 to 3 elements");
  refused({"order", "TF", 2, 1}, "n-grams have 2 to 1 elements");
  refused({"skips", "TF", 1, 1, -1}, "max_skip_count is -1, expected 0 or more");
  refused({"far counts", "TF", 1, 2, 0, {0, 11}},
          "by ngram_counts the n-grams of 1 elements are [0,11) of a pool of 10 elements");
  refused({"counts", "TF", 1, 2, 0, {-1, 4}}, "by ngram_counts the n-grams of 1 elements are [-1,4) of a pool of 10");
  refused({"falling", "TF", 1, 2, 0, {5, 4}}, "by ngram_counts the n-grams of 1 elements are [5,4)");
  refused({"odd", "TF", 1, 2, 0, {0, 3}}, "by ngram_counts the n-grams of 2 elements are [3,10)");
  refused({"indexes", "TF", 1, 2, 0, {0, 4}, {0, 1}}, "the pool has 7 n-grams, but ngram_indexes has 2");
  refused({"index", "TF", 1, 2, 0, {0, 4}, {0, 1, 2, 3, 4, 5, -6}}, "ngram_indexes has -6, which is no column");
  refused({"index", "TF", 1, 2, 0, {0, 4}, {0, 1, 2, 3, 4, 5, INT64_MAX}}, "which is no column");
  refused({"no counts", "TF", 1, 2, 0, {}}, "attribute \"ngram_counts\" is missing or empty");
  refused({"no pool", "TF", 1, 2, 0, {0, 4}, {0}, {}}, "expected one of pool_strings and pool_int64s");
  Case weights;
  weights.weights = {1, 2};
  refused(weights, "weights has 2 elements, but the pool has 7 n-grams");
  vectorizer({}).input<float>({1}, {1}).expect_error(ErrorCode::kInvalidModel, "input X is float32").run();
  vectorizer({}).input<std::int64_t>({}, {1}).expect_error(ErrorCode::kInvalidModel, "input X has rank 0").run();
  vectorizer({})
      .strings("pool_strings", {"a"})
      .input<std::int64_t>({1}, {1})
      .expect_error(ErrorCode::kInvalidModel, "expected one of pool_strings and pool_int64s")
      .run();
}

}  // namespace
}  // namespace linnet::internal
