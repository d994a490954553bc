#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/ops/op_tester.hpp"
#include "tests/ops/text/text_test.hpp"

namespace linnet::internal {
namespace {

using Integers = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Texts = std::vector<std::string>;

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr const char* kModes[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"};

/// Trees as the attributes of opsets 1 and 3 have them.
struct Ensemble {
  Integers trees, nodes, features, yes, no, missing;
  Floats values;
  Texts modes;
  Integers weight_trees, weight_nodes, weight_ids;
  Floats weights;

  std::int64_t add(std::int64_t tree, const char* mode, std::int64_t feature = 0, float value = 0, bool nan = false) {
    std::int64_t node = 0;
    for (const std::int64_t other : trees) node += other == tree ? 1 : 0;
    trees.push_back(tree);
    nodes.push_back(node);
    features.push_back(feature);
    values.push_back(value);
    modes.emplace_back(mode);
    missing.push_back(nan ? 1 : 0);
    yes.push_back(0);
    no.push_back(0);
    return node;
  }
  void weigh(std::int64_t tree, std::int64_t node, std::int64_t id, float weight) {
    weight_trees.push_back(tree);
    weight_nodes.push_back(node);
    weight_ids.push_back(id);
    weights.push_back(weight);
  }
  std::size_t place(std::int64_t tree, std::int64_t node) const {
    std::size_t i = 0;
    while (trees[i] != tree || nodes[i] != node) ++i;
    return i;
  }
  /// The leaf where a row arrives.
  std::size_t leaf(std::int64_t tree, const std::vector<double>& row) const {
    std::size_t at = place(tree, 0);
    while (modes[at] != "LEAF") {
      const double x = row[static_cast<std::size_t>(features[at])];
      const auto value = static_cast<double>(values[at]);
      const bool holds = modes[at] == "BRANCH_LEQ"   ? x <= value
                         : modes[at] == "BRANCH_LT"  ? x < value
                         : modes[at] == "BRANCH_GTE" ? x >= value
                         : modes[at] == "BRANCH_GT"  ? x > value
                         : modes[at] == "BRANCH_EQ"  ? x == value
                                                     : x != value;
      at = place(tree, (holds || (missing[at] != 0 && std::isnan(x)) ? yes : no)[at]);
    }
    return at;
  }
  /// Aggregated weights of a row, without base values.
  std::vector<double> scores(const std::vector<double>& row, std::size_t targets, const std::string& how) const {
    std::vector<double> sums(targets);
    std::vector<bool> seen(targets);
    const std::int64_t count = *std::max_element(trees.begin(), trees.end()) + 1;
    for (std::int64_t tree = 0; tree < count; ++tree) {
      const std::size_t at = leaf(tree, row);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weight_trees[i] != tree || weight_nodes[i] != nodes[at]) continue;
        const auto target = static_cast<std::size_t>(weight_ids[i]);
        const auto weight = static_cast<double>(weights[i]);
        if (how == "MIN" || how == "MAX") {
          const bool better = how == "MIN" ? weight < sums[target] : weight > sums[target];
          if (!seen[target] || better) sums[target] = weight;
        } else {
          sums[target] += weight;
        }
        seen[target] = true;
      }
    }
    for (double& sum : sums) sum /= how == "AVERAGE" ? static_cast<double>(count) : 1;
    return sums;
  }
  OpTest test(const std::string& op, const std::string& kind, int opset = 3) const {
    OpTest test(op, opset, "ai.onnx.ml");
    test.ints("nodes_treeids", trees).ints("nodes_nodeids", nodes).ints("nodes_featureids", features);
    test.floats("nodes_values", values).strings("nodes_modes", modes).ints("nodes_truenodeids", yes);
    test.ints("nodes_falsenodeids", no).ints("nodes_missing_value_tracks_true", missing);
    test.ints(kind + "_treeids", weight_trees).ints(kind + "_nodeids", weight_nodes);
    test.ints(kind + "_ids", weight_ids).floats(kind + "_weights", weights);
    return test;
  }
  OpTest regressor(std::int64_t targets, int opset = 3) const {
    return test("TreeEnsembleRegressor", "target", opset).attribute("n_targets", targets);
  }
};

void grow(Ensemble& ensemble, std::int64_t tree, int depth, std::int64_t columns, std::int64_t targets,
          std::mt19937& random) {
  const auto below = [&](std::int64_t end) { return static_cast<std::int64_t>(random()) % end; };
  if (depth == 0 || below(6) == 0) {
    const std::int64_t node = ensemble.add(tree, "LEAF");
    for (std::int64_t target = 0; target < targets; ++target) {
      if (below(3) != 0) ensemble.weigh(tree, node, target, static_cast<float>(below(17) - 8) / 4);
    }
    return;
  }
  const std::int64_t node =
      ensemble.add(tree, kModes[below(6)], below(columns), static_cast<float>(below(5) - 2), below(3) == 0);
  const std::size_t place = ensemble.place(tree, node);
  for (Integers* children : {&ensemble.yes, &ensemble.no}) {
    const std::int64_t child = std::count(ensemble.trees.begin(), ensemble.trees.end(), tree);
    (*children)[place] = child;
    grow(ensemble, tree, depth - 1, columns, targets, random);
  }
}

Ensemble random_ensemble(std::int64_t trees, int depth, std::int64_t columns, std::int64_t targets, unsigned seed) {
  std::mt19937 random(seed);
  Ensemble ensemble;
  for (std::int64_t tree = 0; tree < trees; ++tree) grow(ensemble, tree, depth, columns, targets, random);
  return ensemble;
}

/// Small whole numbers, with NaN among them if asked for.
std::vector<double> random_rows(std::int64_t rows, std::int64_t columns, bool with_nan) {
  std::mt19937 random(7);
  std::vector<double> elements;
  for (std::int64_t i = 0; i < rows * columns; ++i) {
    const auto number = static_cast<double>(random() % 7) - 3;
    elements.push_back(with_nan && random() % 5 == 0 ? std::numeric_limits<double>::quiet_NaN() : number);
  }
  return elements;
}

void expect_scores(const Ensemble& ensemble, DataType type, std::int64_t rows, std::int64_t columns,
                   std::int64_t targets, const std::string& how, const Floats& base) {
  const std::vector<double> x = random_rows(rows, columns, type == DataType::kFloat32 || type == DataType::kFloat64);
  Floats y;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::vector<double> of_row(x.begin() + row * columns, x.begin() + (row + 1) * columns);
    const std::vector<double> scores = ensemble.scores(of_row, static_cast<std::size_t>(targets), how);
    for (std::size_t i = 0; i < scores.size(); ++i)
      y.push_back(static_cast<float>(scores[i] + (base.empty() ? 0.0 : static_cast<double>(base[i]))));
  }
  OpTest test = ensemble.regressor(targets);
  test.named(how + " of " + std::to_string(rows) + " rows, " + std::to_string(targets) + " targets");
  if (how != "SUM") test.attribute("aggregate_function", how);
  if (!base.empty()) test.floats("base_values", base);
  test.input(tensor_of(type, {rows, columns}, x)).expect<float>({rows, targets}, y).run();
}

TEST(TreeEnsembleRegressor, RandomTrees) {
  const Ensemble one = random_ensemble(19, 7, 5, 1, 1);
  for (const std::int64_t rows : {0, 1, 3, 16, 29, 64, 65, 149}) {
    expect_scores(one, DataType::kFloat32, rows, 5, 1, "SUM", {});
  }
  for (const char* how : {"SUM", "AVERAGE", "MIN", "MAX"}) {
    expect_scores(one, DataType::kFloat32, 17, 5, 1, how, {0.5F});
    expect_scores(random_ensemble(5, 4, 3, 3, 2), DataType::kFloat32, 17, 6, 3, how, {0.5F, -1, 2});
  }
  for (const DataType type : {DataType::kFloat64, DataType::kInt32, DataType::kInt64})
    expect_scores(one, type, 18, 5, 1, "SUM", {});
  expect_scores(random_ensemble(100, 8, 1000, 1, 3), DataType::kFloat32, 20, 1000, 1, "SUM", {});
  expect_scores(random_ensemble(3, 0, 1, 2, 4), DataType::kFloat32, 20, 2, 2, "SUM", {});  // leaves only
}

/// 1 where the comparison of x with the value holds, else 2.
Ensemble stump(const char* mode, float value, bool missing) {
  Ensemble ensemble;
  ensemble.add(0, mode, 0, value, missing);
  ensemble.add(0, "LEAF");
  ensemble.add(0, "LEAF");
  ensemble.yes[0] = 1;
  ensemble.no[0] = 2;
  ensemble.weigh(0, 1, 0, 1);
  ensemble.weigh(0, 2, 0, 2);
  return ensemble;
}

TEST(TreeEnsembleRegressor, EveryComparison) {
  const float least = std::numeric_limits<float>::denorm_min();
  const Floats numbers = {-kInf, -1, -least, -0.0F, 0, least, 1, std::nextafter(1.0F, 2.0F), kInf, kNan};
  const auto count = static_cast<std::int64_t>(numbers.size());
  for (const char* mode : kModes) {
    for (const float value : numbers) {
      for (const bool missing : {false, true}) {
        const Ensemble ensemble = stump(mode, value, missing);
        Floats y;
        for (const float x : numbers) y.push_back(static_cast<float>(ensemble.leaf(0, {static_cast<double>(x)})));
        ensemble.regressor(1)
            .named(std::string(mode) + " " + std::to_string(value))
            .input<float>({count, 1}, numbers)
            .expect<float>({count, 1}, y)
            .run();
      }
    }
  }
}

TEST(TreeEnsembleRegressor, DoublesAndTensors) {
  const double value = 1.0 + 0x1p-40;
  const auto with_tensors = [&](const char* weights, ConstantPtr tensor) {
    OpTest test("TreeEnsembleRegressor", 3, "ai.onnx.ml");
    test.ints("nodes_treeids", {0, 0, 0}).ints("nodes_nodeids", {0, 1, 2}).ints("nodes_featureids", {0, 0, 0});
    test.attribute("nodes_values_as_tensor", tensor_of<double>({3}, {value, 0, 0}));
    test.strings("nodes_modes", {"BRANCH_LEQ", "LEAF", "LEAF"}).ints("nodes_truenodeids", {1, 0, 0});
    test.ints("nodes_falsenodeids", {2, 0, 0}).attribute("n_targets", std::int64_t{1});
    test.ints("target_treeids", {0, 0}).ints("target_nodeids", {1, 2}).ints("target_ids", {0, 0});
    return test.attribute(weights, std::move(tensor)).attribute("base_values_as_tensor", tensor_of<double>({1}, {3}));
  };
  with_tensors("target_weights_as_tensor", tensor_of<double>({2}, {0.25, 0.5}))
      .input<double>({3, 1}, {1.0, value, 1.0 + 0x1p-39})
      .expect<float>({3, 1}, {3.25F, 3.25F, 3.5F})
      .run();
  with_tensors("target_weights_as_tensor", tensor_of<std::int64_t>({2}, {1, 2}))
      .input<float>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "attribute \"target_weights_as_tensor\" is a tensor of int64")
      .run();
}

TEST(TreeEnsembleRegressor, Transforms) {
  Ensemble ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.weights = {0.25F, 0.75F};
  ensemble.regressor(1)
      .attribute("post_transform", "PROBIT")
      .input<float>({1, 1}, {1})
      .expect<float>({1, 1}, {0.6743F})
      .tolerance(close(0, 1e-3))
      .run();
  ensemble.regressor(1)
      .attribute("post_transform", "LOGISTIC")
      .input<float>({1, 1}, {1})
      .expect<float>({1, 1}, {0.75F})
      .run();
  ensemble.weigh(0, 1, 1, 1);
  ensemble.weigh(0, 2, 1, -1);
  const auto two = [&](const char* transform, const Floats& y) {
    ensemble.regressor(2)
        .attribute("post_transform", transform)
        .input<float>({1, 1}, {1})
        .expect<float>({1, 2}, y)
        .tolerance(ulp(2))
        .run();
  };
  two("SOFTMAX", {0.85195280F, 0.14804720F});
  two("LOGISTIC", {0.67917870F, 0.26894143F});
  two("SOFTMAX_ZERO", {0.85195280F, 0.14804720F});
}

TEST(TreeEnsembleRegressor, ShapesAreInferred) {
  const Ensemble ensemble = stump("BRANCH_LT", 0, false);
  ensemble.regressor(1)
      .symbolic_input(DataType::kFloat32, {"n", "c"})
      .expect_dims(DataType::kFloat32, {"n", 1})
      .infer_only();
  ensemble.regressor(1, 1).input<float>({3}, {-1, 0, 0}).expect<float>({1, 1}, {1}).run();
}

TEST(TreeEnsembleRegressor, AListThatIsVeryDeep) {
  Ensemble ensemble;
  const std::int64_t depth = 3000;
  for (std::int64_t i = 0; i < depth; ++i) {
    ensemble.trees.push_back(0);
    ensemble.nodes.push_back(i);
    ensemble.features.push_back(0);
    ensemble.values.push_back(static_cast<float>(i));
    ensemble.modes.emplace_back(i % 2 == 0 && i + 2 < depth ? "BRANCH_LEQ" : "LEAF");
    ensemble.missing.push_back(0);
    ensemble.yes.push_back(i + 1);
    ensemble.no.push_back(i + 2);
    if (ensemble.modes.back() == "LEAF") ensemble.weigh(0, i, 0, static_cast<float>(i));
  }
  ensemble.regressor(1).input<float>({3, 1}, {-1, 1500, 9999}).expect<float>({3, 1}, {1, 1501, 2998}).run();
}

TEST(TreeEnsembleRegressor, Refusals) {
  const auto refused = [](const Ensemble& ensemble, const char* words) {
    ensemble.regressor(1).input<float>({1, 1}, {0}).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  Ensemble ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.no[0] = 3;
  refused(ensemble, "node 0 of tree 0 leads to node 3, which is not there");
  ensemble.no[0] = 0;
  refused(ensemble, "node 0 of the trees is reached twice");
  ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.nodes[2] = 1;
  refused(ensemble, "node 1 of tree 0 is there twice");
  ensemble.nodes[2] = -1;
  refused(ensemble, "a node has the number -1");
  ensemble = stump("BRANCH_MEMBER", 0, false);
  refused(ensemble, "nodes_modes has \"BRANCH_MEMBER\"");
  ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.features[0] = 1;
  refused(ensemble, "rows of X have 1 elements, but the trees look at element 1");
  ensemble.features[0] = -1;
  refused(ensemble, "a node looks at feature -1");
  ensemble.features.pop_back();
  refused(ensemble, "nodes_featureids has 2 elements, expected 3 as nodes_nodeids has");
  ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.weight_ids[1] = 1;
  refused(ensemble, "a weight is of target 1, but there are 1");
  ensemble.weight_ids[1] = 0;
  ensemble.weight_nodes[1] = 9;
  refused(ensemble, "a weight is of node 9 of tree 0, which is not there");
  refused(Ensemble(), "there are no nodes");
  ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.regressor(0).input<float>({1, 1}, {0}).expect_error(ErrorCode::kInvalidModel, "n_targets is 0").run();
  ensemble.regressor(1)
      .input<std::uint8_t>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input X is uint8")
      .run();
  ensemble.regressor(1).input<float>({1, 1, 1}, {0}).expect_error(ErrorCode::kInvalidModel, "input X has rank 3").run();
  ensemble.regressor(1)
      .floats("base_values", {1, 2})
      .input<float>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "base_values has 2 elements, expected 1")
      .run();
  ensemble.regressor(1)
      .attribute("aggregate_function", "MEDIAN")
      .input<float>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "MEDIAN")
      .run();
}

/// Weights of the leaves for x <= 0 and for x > 0, by class.
struct Leaves {
  std::vector<std::pair<std::int64_t, float>> low, high;
};

Ensemble classes_of(const Leaves& leaves) {
  Ensemble ensemble = stump("BRANCH_LEQ", 0, false);
  ensemble.weight_trees.clear();
  ensemble.weight_nodes.clear();
  ensemble.weight_ids.clear();
  ensemble.weights.clear();
  for (const auto& [id, weight] : leaves.low) ensemble.weigh(0, 1, id, weight);
  for (const auto& [id, weight] : leaves.high) ensemble.weigh(0, 2, id, weight);
  return ensemble;
}

void expect_classes(const Leaves& leaves, const Integers& labels, const Floats& base, const char* transform,
                    const Integers& y, const Floats& z) {
  const std::int64_t columns = static_cast<std::int64_t>(z.size()) / 2;
  OpTest test = classes_of(leaves).test("TreeEnsembleClassifier", "class");
  test.named(transform).ints("classlabels_int64s", labels).attribute("post_transform", transform);
  if (!base.empty()) test.floats("base_values", base);
  test.input<float>({2, 1}, {-1, 1})
      .expect<std::int64_t>({2}, y)
      .expect<float>({2, columns}, z)
      .tolerance(close(3e-6, 0))
      .run();
}

TEST(TreeEnsembleClassifier, TwoClassesAsOnnxRuntimeHasThem) {
  const Leaves both{{{0, 0.3F}, {1, 0.7F}}, {{0, 0.8F}, {1, 0.2F}}};
  expect_classes(both, {0, 1}, {}, "NONE", {1, 1}, {0.3F, 0.7F, 0.8F, 0.2F});
  expect_classes(both, {0, 1}, {}, "LOGISTIC", {1, 1}, {0.5744425F, 0.66818774F, 0.6899745F, 0.549834F});
  expect_classes(both, {0, 1}, {}, "SOFTMAX", {1, 1}, {0.40131232F, 0.59868765F, 0.6456563F, 0.35434368F});
  expect_classes(both, {0, 1}, {0.1F}, "NONE", {1, 1}, {0.4F, 0.7F, 0.9F, 0.2F});
  expect_classes(both, {0, 1}, {0.1F, 0.25F}, "NONE", {1, 1}, {-0.55F, 0.55F, -1.05F, 1.05F});
  const Leaves second{{{1, 0.7F}}, {{1, 0.2F}}};
  expect_classes(second, {3, 7}, {}, "NONE", {7, 3}, {0, 0.7F, 0, 0.2F});
  expect_classes(second, {3, 7}, {}, "LOGISTIC", {7, 3}, {0.5F, 0.66818774F, 0.5F, 0.549834F});
  expect_classes(second, {3, 7}, {}, "SOFTMAX_ZERO", {7, 3}, {0, 1, 0, 1});
  expect_classes(second, {3, 7}, {0.1F}, "NONE", {7, 3}, {0, 0.7F, 0, 0.2F});
  expect_classes(second, {3, 7}, {0.1F, 0.25F}, "NONE", {3, 3}, {0, 0.25F, 0, 0.25F});
  const Leaves first{{{0, 0.7F}}, {{0, 0.2F}}};
  expect_classes(first, {3, 7}, {}, "NONE", {7, 3}, {0.3F, 0.7F, 0.8F, 0.2F});
  expect_classes(first, {3, 7}, {}, "LOGISTIC", {7, 3}, {0.33181226F, 0.66818774F, 0.450166F, 0.549834F});
  expect_classes(first, {3, 7}, {}, "SOFTMAX", {7, 3}, {0.3F, 0.7F, 0.8F, 0.2F});
  expect_classes(first, {3, 7}, {0.1F}, "NONE", {7, 3}, {0.2F, 0.8F, 0.7F, 0.3F});
  expect_classes(first, {3, 7}, {0.1F, 0.25F}, "NONE", {7, 3}, {0.8F, 0, 0.3F, 0});
  expect_classes(first, {3, 7}, {0.1F, 0.25F}, "SOFTMAX", {7, 3}, {0.6899745F, 0.31002554F, 0.5744425F, 0.42555746F});
  const Leaves negative{{{0, 0.7F}}, {{0, -0.2F}}};
  expect_classes(negative, {3, 7}, {}, "NONE", {7, 3}, {-0.7F, 0.7F, 0.2F, -0.2F});
  expect_classes(negative, {3, 7}, {}, "LOGISTIC", {7, 3}, {0.33181226F, 0.66818774F, 0.549834F, 0.45016605F});
  expect_classes(negative, {3, 7}, {0.1F}, "NONE", {7, 3}, {-0.8F, 0.8F, 0.1F, -0.1F});
  expect_classes(negative, {3, 7}, {0.1F, 0.25F}, "NONE", {7, 3}, {0.8F, 0, -0.1F, 0});
}

TEST(TreeEnsembleClassifier, OneAndManyClasses) {
  const Leaves one{{{0, 0.7F}}, {{0, -0.2F}}};
  expect_classes(one, {3}, {}, "LOGISTIC", {1, 0}, {0.7F, -0.2F});
  expect_classes(one, {3}, {0.5F}, "NONE", {1, 1}, {1.2F, 0.3F});
  const Leaves three{{{0, 0.5F}, {2, 0.5F}}, {{1, -2}}};
  expect_classes(three, {5, 6, 7}, {}, "NONE", {5, 6}, {0.5F, 0, 0.5F, 0, -2, 0});
  expect_classes(three, {5, 6, 7}, {0, 0, 1}, "NONE", {7, 7}, {0.5F, 0, 1.5F, 0, -2, 1});
  expect_classes(three, {5, 6, 7}, {}, "SOFTMAX", {5, 6},
                 {0.38365173F, 0.23269653F, 0.38365173F, 0.46831053F, 0.06337894F, 0.46831053F});
}

TEST(TreeEnsembleClassifier, LabelsOnly) {
  classes_of({{{0, 0.5F}, {2, 0.5F}}, {{1, -2}}})
      .test("TreeEnsembleClassifier", "class")
      .ints("classlabels_int64s", {5, 6, 7})
      .input<float>({2, 1}, {-1, 1})
      .expect<std::int64_t>({2}, {5, 6})
      .run();
}

TEST(TreeEnsembleClassifier, Refusals) {
  const Ensemble ensemble = classes_of({{{0, 0.5F}}, {{1, -2}}});
  ensemble.test("TreeEnsembleClassifier", "class")
      .input<float>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "neither of classlabels_int64s and classlabels_strings is given")
      .run();
  ensemble.test("TreeEnsembleClassifier", "class")
      .ints("classlabels_int64s", {1})
      .input<float>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "a weight is of target 1, but there are 1")
      .run();
  ensemble.test("TreeEnsembleClassifier", "class")
      .ints("classlabels_int64s", {1, 2, 3})
      .floats("base_values", {1, 2, 3, 4})
      .input<float>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "base_values has 4 elements for 3 classes")
      .run();
}

// Opset 5

/// Splits on feature 0: the first one leads to leaf 0 or to the second one, that to leaves 1 and 2.
OpTest ensemble5(const std::vector<double>& modes, const Floats& splits, const Floats& members, DataType type,
                 const Integers& missing = {0, 0}) {
  OpTest test("TreeEnsemble", 5, "ai.onnx.ml");
  const auto doubles = [](const Floats& list) { return std::vector<double>(list.begin(), list.end()); };
  const auto tensor = [&](const Floats& list) {
    return tensor_of(type, {static_cast<std::int64_t>(list.size())}, doubles(list));
  };
  test.attribute("n_targets", std::int64_t{1}).ints("tree_roots", {0}).ints("nodes_featureids", {0, 0});
  test.attribute("nodes_modes", tensor_of(DataType::kUint8, {2}, modes)).attribute("nodes_splits", tensor(splits));
  test.ints("nodes_truenodeids", {0, 1}).ints("nodes_trueleafs", {1, 1});
  test.ints("nodes_falsenodeids", {1, 2}).ints("nodes_falseleafs", {0, 1});
  test.ints("nodes_missing_value_tracks_true", missing);
  test.attribute("leaf_weights", tensor({1, 10, 100})).ints("leaf_targetids", {0, 0, 0});
  if (!members.empty()) test.attribute("membership_values", tensor(members));
  return test;
}

TEST(TreeEnsemble, TypesModesAndSets) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat64, DataType::kFloat16}) {
    ensemble5({0, 3}, {0, 1}, {}, type)
        .input(tensor_of(type, {4, 1}, {-1, 0, 1, 2}))
        .expect(tensor_of(type, {4, 1}, {1, 1, 100, 10}))
        .run();
    ensemble5({6, 6}, {0, 0}, {1, 2, 3, kNan, 2, 4, kNan}, type)
        .input(tensor_of(type, {5, 1}, {0, 1, 2, 3, 4}))
        .expect(tensor_of(type, {5, 1}, {100, 1, 1, 1, 10}))
        .run();
  }
  ensemble5({6, 4}, {0, 7}, {5, kNan}, DataType::kFloat32, {1, 0})
      .input<float>({4, 1}, {kNan, 5, 7, 8})
      .expect<float>({4, 1}, {1, 1, 10, 100})
      .run();
  ensemble5({6, 4}, {0, 7}, {5}, DataType::kFloat32, {0, 1})
      .input<float>({4, 1}, {kNan, 5, 7, 8})
      .expect<float>({4, 1}, {10, 1, 10, 100})
      .run();
}

/// Two stumps: 1 or 10 by feature 0, 5 or 20 by feature 1, whichever is at most 0.
OpTest stumps5(std::int64_t aggregate) {
  OpTest test("TreeEnsemble", 5, "ai.onnx.ml");
  test.attribute("n_targets", std::int64_t{1}).ints("tree_roots", {1, 0}).ints("nodes_featureids", {0, 1});
  test.attribute("nodes_modes", tensor_of<std::uint8_t>({2}, {0, 0}));
  test.attribute("nodes_splits", tensor_of<float>({2}, {0, 0})).attribute("aggregate_function", aggregate);
  test.ints("nodes_truenodeids", {0, 2}).ints("nodes_trueleafs", {1, 1});
  test.ints("nodes_falsenodeids", {1, 3}).ints("nodes_falseleafs", {1, 1});
  test.attribute("leaf_weights", tensor_of<float>({4}, {1, 10, 5, 20})).ints("leaf_targetids", {0, 0, 0, 0});
  return test.input<float>({3, 2}, {0, 0, 1, 0, 1, 1});
}

TEST(TreeEnsemble, Aggregates) {
  stumps5(0).expect<float>({3, 1}, {3, 7.5F, 15}).run();
  stumps5(1).expect<float>({3, 1}, {6, 15, 30}).run();
  stumps5(2).expect<float>({3, 1}, {1, 5, 10}).run();
  stumps5(3).expect<float>({3, 1}, {5, 10, 20}).run();
  stumps5(4).expect_error(ErrorCode::kInvalidModel, "aggregate_function is 4, expected 0 to 3").run();
  stumps5(1)
      .attribute("post_transform", std::int64_t{5})
      .expect_error(ErrorCode::kInvalidModel, "post_transform is 5, expected 0 to 4")
      .run();
}

TEST(TreeEnsemble, Refusals) {
  const auto refused = [](OpTest test, const char* words) {
    test.input<float>({1, 1}, {0}).expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused(ensemble5({7, 3}, {0, 1}, {}, DataType::kFloat32), "nodes_modes has 7");
  refused(ensemble5({6, 6}, {0, 1}, {1, kNan}, DataType::kFloat32), "membership_values has fewer sets");
  ensemble5({0, 0}, {0, 1}, {}, DataType::kFloat32)
      .input<std::int64_t>({1, 1}, {0})
      .expect_error(ErrorCode::kInvalidModel, "input X is int64")
      .run();
}

}  // namespace
}  // namespace linnet::internal

namespace linnet::test {
namespace {

using Integers = std::vector<std::int64_t>;
using Floats = std::vector<float>;

TEST(TreeEnsembleClassifier, LabelsThatAreStrings) {
  TextTest("TreeEnsembleClassifier", 3, "ai.onnx.ml")
      .with(attribute("nodes_treeids", Integers{0, 0, 0}))
      .with(attribute("nodes_nodeids", Integers{0, 1, 2}))
      .with(attribute("nodes_featureids", Integers{0, 0, 0}))
      .with(attribute("nodes_values", Floats{0, 0, 0}))
      .with(attribute("nodes_modes", Texts{"BRANCH_LEQ", "LEAF", "LEAF"}))
      .with(attribute("nodes_truenodeids", Integers{1, 0, 0}))
      .with(attribute("nodes_falsenodeids", Integers{2, 0, 0}))
      .with(attribute("class_treeids", Integers{0, 0}))
      .with(attribute("class_nodeids", Integers{1, 2}))
      .with(attribute("class_ids", Integers{0, 2}))
      .with(attribute("class_weights", Floats{1, 3}))
      .with(attribute("classlabels_strings", Texts{"a", "b", "c"}))
      .input<float>({3, 1}, {-1, 0, 1})
      .expect_strings({3}, {"a", "a", "c"})
      .expect<float>({3, 3}, {1, 0, 0, 1, 0, 0, 0, 0, 3})
      .run();
}

}  // namespace
}  // namespace linnet::test
