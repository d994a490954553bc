#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// By trying all values of all labels. The equation has an output term, letters only, and no dimension that repeats.
template <typename T>
ConstantPtr contracted(const std::string& equation, const std::vector<ConstantPtr>& operands) {
  using Sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;
  std::vector<std::string> terms(1);
  for (const char c : equation.substr(0, equation.find("->"))) {
    if (c == ',') {
      terms.emplace_back();
    } else {
      terms.back() += c;
    }
  }
  const std::string output = equation.substr(equation.find("->") + 2);
  std::map<char, std::int64_t> sizes, values;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    for (std::size_t axis = 0; axis < terms[i].size(); ++axis) sizes[terms[i][axis]] = operands[i]->shape[axis];
  }
  std::int64_t total = 1;
  for (const auto& [label, size] : sizes) total *= size;
  Shape shape;
  for (const char label : output) shape.push_back(sizes[label]);
  const auto index = [&](const std::string& term) {
    std::int64_t at = 0;
    for (const char label : term) at = at * sizes[label] + values[label];
    return static_cast<std::size_t>(at);
  };
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(data_type_of<T>(), shape, &data);
  std::vector<Sum> sums(static_cast<std::size_t>(result->count()), 0);
  for (std::int64_t position = 0; position < total; ++position) {
    std::int64_t rest = position;
    for (const auto& [label, size] : sizes) {
      values[label] = rest % size;
      rest /= size;
    }
    Sum product = 1;
    for (std::size_t i = 0; i < terms.size(); ++i) product *= static_cast<Sum>(operands[i]->as<T>()[index(terms[i])]);
    sums[index(output)] += product;
  }
  for (std::size_t i = 0; i < sums.size(); ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(sums[i]);
  return result;
}

template <typename T>
void check(const std::string& equation, const std::vector<Shape>& shapes, const Tolerance& tolerance,
           const std::vector<std::string>& implementations = {}, double low = -1, double high = 1) {
  std::vector<ConstantPtr> operands;
  OpTest test("Einsum", 12);
  test.named(text(equation, " ", data_type_of<T>())).attribute("equation", equation);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    operands.push_back(random_tensor(data_type_of<T>(), shapes[i], low, high, static_cast<unsigned>(i) + 1));
    test.input(operands.back());
  }
  if (!implementations.empty()) test.expect_implementations(implementations);
  test.expect(contracted<T>(equation, operands)).tolerance(tolerance).run();
}

const Tolerance kTolerance = close(2e-6, 2e-6);
const std::vector<std::string> kProduct = {"simd", "reference"};
const std::vector<std::string> kLoops = {"reference"};

TEST(Einsum, MultipliesMatrices) {
  check<float>("ij,jk->ik", {{3, 4}, {4, 5}}, kTolerance, kProduct);
  check<float>("ij,jk->ki", {{3, 4}, {4, 5}}, kTolerance, kProduct);
  check<float>("ji,kj->ik", {{4, 3}, {5, 4}}, kTolerance, kProduct);
  check<float>("bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}, kTolerance, kProduct);
  check<float>("bij,jk->bik", {{2, 3, 4}, {4, 5}}, kTolerance, kProduct);
  check<float>("bhqd,bhkd->bhqk", {{2, 3, 4, 5}, {2, 3, 6, 5}}, kTolerance, kProduct);
  check<float>("bqhd,bkhd->bhqk", {{2, 4, 3, 5}, {2, 6, 3, 5}}, kTolerance, kProduct);
  check<float>("bhqk,bkhd->bqhd", {{2, 3, 4, 6}, {2, 6, 3, 5}}, kTolerance, kProduct);
  check<float>("btd,dhk->bthk", {{2, 7, 6}, {6, 3, 4}}, kTolerance, kProduct);
  check<float>("bthk,hkd->btd", {{2, 7, 3, 4}, {3, 4, 6}}, kTolerance, kProduct);
  check<float>("bthk,khd->btd", {{2, 7, 3, 4}, {4, 3, 6}}, kTolerance, kProduct);
  check<float>("nchw,cd->ndhw", {{2, 5, 3, 4}, {5, 6}}, kTolerance, kProduct);
  check<float>("ij,j->i", {{3, 40}, {40}}, kTolerance, kProduct);
  check<float>("i,i->", {{100}, {100}}, kTolerance, kProduct);
  check<float>("bi,bi->b", {{9, 30}, {9, 30}}, kTolerance, kProduct);
  check<float>("iij,jk->ik", {{4, 4, 5}, {5, 6}}, kTolerance, kProduct);  // a diagonal of one operand
  check<float>("ij,jk->ik", {{70, 300}, {300, 90}}, close(1e-5, 1e-5), kProduct);
  check<double>("bqhd,bkhd->bhqk", {{2, 4, 3, 5}, {2, 6, 3, 5}}, close(1e-14, 1e-14), kProduct);
  check<Float16>("ij,kj->ki", {{3, 4}, {5, 4}}, close(0x1p-10, 1e-3), kProduct);
  check<Bfloat16>("ij,kj->ki", {{3, 4}, {5, 4}}, close(0x1p-7, 1e-2), kProduct);
}

TEST(Einsum, ContractsAnything) {
  check<float>("ij->ji", {{3, 4}}, exact(), kLoops);
  check<float>("ijk->kj", {{3, 4, 5}}, kTolerance, kLoops);
  check<float>("ii->i", {{5, 5}}, exact(), kLoops);
  check<float>("ii->", {{5, 5}}, kTolerance, kLoops);
  check<float>("iji->j", {{3, 4, 3}}, kTolerance, kLoops);
  check<float>("ij->", {{30, 40}}, kTolerance, kLoops);
  check<float>("->", {{}}, exact(), kLoops);
  check<float>(",ij->ij", {{}, {3, 4}}, ulp(1), kLoops);
  check<float>("i,j->ij", {{3}, {4}}, ulp(1), kProduct);
  check<float>("i,i->i", {{3}, {3}}, ulp(1), kLoops);
  check<float>("ij,ij->ij", {{3, 4}, {3, 4}}, ulp(1), kLoops);
  check<float>("ij,kl->jl", {{3, 4}, {5, 6}}, kTolerance, kLoops);  // i and k are summed in one operand alone
  check<float>("ab,bc,cd->ad", {{3, 4}, {4, 5}, {5, 6}}, kTolerance, kLoops);
  check<float>("i,i,i,i->i", {{7}, {7}, {7}, {7}}, close(1e-6, 0), kLoops);
  check<float>("aA,Ab->ab", {{2, 3}, {3, 4}}, kTolerance, kProduct);
  check<float>("ij,jk->ik", {{3, 0}, {0, 5}}, exact(), kLoops);
  check<float>("ij,jk->ik", {{0, 4}, {4, 5}}, exact(), kLoops);
  check<float>("ijk,kl->l", {{2, 0, 3}, {3, 4}}, exact(), kLoops);
  check<float>("ij,ij->ij", {{200, 70}, {200, 70}}, ulp(1), kLoops);
}

TEST(Einsum, TakesEveryType) {
  check<std::int8_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, -128, 128);
  check<std::int16_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, -32768, 32768);
  check<std::int32_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, -2e9, 2e9);
  check<std::int64_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, -9e18, 9e18);
  check<std::uint8_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, 0, 256);
  check<std::uint16_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, 0, 65536);
  check<std::uint32_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, 0, 4e9);
  check<std::uint64_t>("ij,jk->ik", {{3, 4}, {4, 5}}, exact(), kLoops, 0, 1.8e19);
  check<double>("ij,kl->jl", {{3, 4}, {5, 6}}, close(1e-14, 1e-14), kLoops);
  check<Float16>("ij->j", {{3, 4}}, ulp(1), kLoops);
  check<Bfloat16>("ij->j", {{3, 4}}, ulp(1), kLoops);
}

/// The equation stands for another one, with other shapes.
void check_same(const std::string& equation, const std::vector<Shape>& shapes, const std::string& plain,
                const std::vector<Shape>& plain_shapes, const Shape& result) {
  std::vector<ConstantPtr> operands, plain_operands;
  OpTest test("Einsum", 12);
  test.named(equation).attribute("equation", equation);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto seed = static_cast<unsigned>(i) + 1;
    test.input(random_tensor(DataType::kFloat32, shapes[i], -1, 1, seed));
    plain_operands.push_back(random_tensor(DataType::kFloat32, plain_shapes[i], -1, 1, seed));
  }
  const ConstantPtr expected = contracted<float>(plain, plain_operands);
  test.expect(copy_constant(DataType::kFloat32, result, expected->data)).tolerance(kTolerance).run();
}

TEST(Einsum, ReadsEveryFormOfEquation) {
  const auto same = [](const std::string& equation, const std::vector<Shape>& shapes, const std::string& plain,
                       const Shape& result) { check_same(equation, shapes, plain, shapes, result); };
  same(" i j , jk -> i k ", {{3, 4}, {4, 5}}, "ij,jk->ik", {3, 5});
  same("ij,jk", {{3, 4}, {4, 5}}, "ij,jk->ik", {3, 5});
  same("ba", {{3, 4}}, "ba->ab", {4, 3});
  same("aB", {{3, 4}}, "aB->Ba", {4, 3});
  same("ii", {{3, 3}}, "ii->", {});
  same("...ij,...jk->...ik", {{2, 3, 4, 5}, {2, 3, 5, 6}}, "abij,abjk->abik", {2, 3, 4, 6});
  same("i...,i...", {{3, 4}, {3, 4}}, "ia,ia->a", {4});
  same("...i,j", {{2, 3}, {4}}, "ai,j->aij", {2, 3, 4});
  same("...ij->...ji", {{4, 5}}, "ij->ji", {5, 4});
  same("...ij->ij", {{3, 4, 5}}, "aij->ij", {4, 5});
  same("ij->...ij", {{4, 5}}, "ij->ij", {4, 5});
  same("i...->...", {{4, 5}}, "ia->a", {5});
}

TEST(Einsum, Broadcasts) {
  check_same("...ij,...jk->...ik", {{1, 3, 2, 4}, {2, 1, 4, 3}}, "bij,ajk->abik", {{3, 2, 4}, {2, 4, 3}}, {2, 3, 2, 3});
  check_same("...ij,...jk->...ik", {{3, 2, 4}, {4, 5}}, "aij,jk->aik", {{3, 2, 4}, {4, 5}}, {3, 2, 5});
  check_same("ij,jk->ik", {{3, 1}, {4, 5}}, "i,jk->ik", {{3}, {4, 5}}, {3, 5});
  check_same("bij,bjk->bik", {{1, 3, 4}, {2, 4, 5}}, "ij,bjk->bik", {{3, 4}, {2, 4, 5}}, {2, 3, 5});
  check_same("ij,ij->ij", {{1, 4}, {3, 1}}, "j,i->ij", {{4}, {3}}, {3, 4});
}

TEST(Einsum, KnowsSymbols) {
  OpTest("Einsum", 12)
      .attribute("equation", "bij,bjk->bik")
      .symbolic_input(DataType::kFloat32, {"n", "t", 4})
      .symbolic_input(DataType::kFloat32, {"n", 4, "?"})
      .expect_dims(DataType::kFloat32, {"n", "t", "?"})
      .infer_only();
  OpTest("Einsum", 12)
      .attribute("equation", "...i,...i->...")
      .symbolic_input(DataType::kFloat32, {"n", 3, 4})
      .symbolic_input(DataType::kFloat32, {3, 4})
      .expect_dims(DataType::kFloat32, {"n", 3})
      .infer_only();
}

TEST(Einsum, SaysWhatIsWrong) {
  const auto refused = [](const std::string& equation, const std::vector<Shape>& shapes, const char* words) {
    OpTest test("Einsum", 12);
    test.named(equation).attribute("equation", equation);
    for (const Shape& shape : shapes) test.random_input(DataType::kFloat32, shape, -1, 1);
    test.expect_error(ErrorCode::kInvalidModel, words).run();
  };
  refused("", {{2}}, "attribute \"equation\" is missing or empty");
  refused("i1->i", {{2, 2}}, "the equation has \"1\", expected letters");
  refused("i.j->i", {{2, 2}}, "the equation has \".\", expected letters");
  refused("i->j->i", {{2}}, "the equation has \"-\", expected letters");
  refused("...i...->i", {{2}}, "the equation has a term with two ellipses");
  refused("ij->ii", {{2, 2}}, "the equation repeats label i in its output term");
  refused("ij->ik", {{2, 2}}, "the equation has label k in its output term, but in no operand");
  refused("ij,jk->ik", {{2, 3}}, "the equation has 2 operands, but there are 1 inputs");
  refused("ij->i", {{2, 3, 4}}, "operand 0 has rank 3, but its term \"ij\" has 2 labels");
  refused("ij...->i", {{2}}, "operand 0 has rank 1, but its term \"ij...\" has 2 labels beside the ellipsis");
  refused(std::string(200, 'i') + "->i", {{2, 2}}, "and more\" has 200 labels");
  refused("ij,jk->ik", {{2, 3}, {4, 5}}, "label j is 3 in one operand and 4 in another");
  refused("...i,...i->i", {{2, 3}, {4, 3}}, "dimension 0 of the ellipsis is 2 in one operand and 4 in another");
  refused("ii->i", {{2, 3}}, "label i is 2 and 3 in operand 0");
  OpTest("Einsum", 12)
      .attribute("equation", "i,i->")
      .random_input(DataType::kFloat32, {2}, -1, 1)
      .random_input(DataType::kFloat64, {2}, -1, 1)
      .expect_error(ErrorCode::kInvalidModel, "input 1 is float64, but input 0 is float32")
      .run();
  OpTest("Einsum", 12)
      .attribute("equation", "i->")
      .random_input(DataType::kBool, {2}, 0, 1)
      .expect_error(ErrorCode::kInvalidModel, "input 0 is bool, expected one of")
      .run();
}

}  // namespace
}  // namespace linnet::internal
