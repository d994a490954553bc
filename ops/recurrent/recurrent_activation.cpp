#include "ops/recurrent/recurrent_activation.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

using kernels::ActivationKind;

struct NamedFunction {
  const char* name;
  CellFunction function;
  ActivationKind kind;
  bool has_alpha;
  bool has_beta;
  float alpha;
  float beta;
};

constexpr NamedFunction kFunctions[] = {
    {"Relu", CellFunction::kKernel, ActivationKind::kRelu, false, false, 0.0F, 0.0F},
    {"Tanh", CellFunction::kKernel, ActivationKind::kTanh, false, false, 0.0F, 0.0F},
    {"Sigmoid", CellFunction::kKernel, ActivationKind::kSigmoid, false, false, 0.0F, 0.0F},
    {"Affine", CellFunction::kAffine, ActivationKind::kNone, true, true, 1.0F, 0.0F},
    {"LeakyRelu", CellFunction::kKernel, ActivationKind::kLeakyRelu, true, false, 0.01F, 0.0F},
    {"ThresholdedRelu", CellFunction::kThresholdedRelu, ActivationKind::kNone, true, false, 1.0F, 0.0F},
    {"ScaledTanh", CellFunction::kScaledTanh, ActivationKind::kNone, true, true, 1.0F, 1.0F},
    {"HardSigmoid", CellFunction::kKernel, ActivationKind::kHardSigmoid, true, true, 0.2F, 0.5F},
    {"Elu", CellFunction::kKernel, ActivationKind::kElu, true, false, 1.0F, 0.0F},
    {"Softsign", CellFunction::kSoftsign, ActivationKind::kNone, false, false, 0.0F, 0.0F},
    {"Softplus", CellFunction::kKernel, ActivationKind::kSoftplus, false, false, 0.0F, 0.0F},
};

char lower_case(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool same_name(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

const NamedFunction& function_named(const std::string& name) {
  std::string names;
  for (const NamedFunction& function : kFunctions) {
    if (same_name(name, function.name)) return function;
    names += text(names.empty() ? "" : ", ", function.name);
  }
  invalid_model("activation \"", printable(name), "\" is unknown, expected one of ", names);
}

/// Hands out a list of parameters, function by function.
class Parameters {
 public:
  Parameters(const char* name, const std::vector<float>& values, std::size_t functions, std::size_t takers)
      : name_(name), values_(values), one_each_(values.size() == functions) {
    if (values.size() > takers && !one_each_) {
      invalid_model(name, " has ", values.size(), " values, but ", takers, " of the ", functions,
                    " activations take one");
    }
  }

  float next(bool taken, float otherwise) {
    if (!taken && !one_each_) return otherwise;
    if (next_ == values_.size()) return otherwise;
    const float value = values_[next_++];
    if (!taken) return otherwise;
    if (!std::isfinite(value)) {
      invalid_model(name_, " is ", value, " at index ", next_ - 1, ", expected a finite number");
    }
    return value;
  }

 private:
  const char* name_;
  const std::vector<float>& values_;
  bool one_each_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<CellActivation> cell_activations(const std::vector<std::string>& names, const std::vector<float>& alphas,
                                             const std::vector<float>& betas) {
  std::size_t alpha_takers = 0, beta_takers = 0;
  for (const std::string& name : names) {
    alpha_takers += function_named(name).has_alpha ? 1 : 0;
    beta_takers += function_named(name).has_beta ? 1 : 0;
  }
  Parameters alpha("activation_alpha", alphas, names.size(), alpha_takers);
  Parameters beta("activation_beta", betas, names.size(), beta_takers);
  std::vector<CellActivation> activations;
  for (const std::string& name : names) {
    const NamedFunction& function = function_named(name);
    activations.push_back(
        {function.function,
         {function.kind, alpha.next(function.has_alpha, function.alpha), beta.next(function.has_beta, function.beta)}});
  }
  return activations;
}

double cell_activation(const CellActivation& activation, double x) {
  const double alpha = activation.parameters.alpha;
  const double beta = activation.parameters.beta;
  switch (activation.function) {
    case CellFunction::kKernel:
      return kernels::activation_reference(activation.parameters, x);
    case CellFunction::kAffine:
      return alpha * x + beta;
    case CellFunction::kThresholdedRelu:
      return x >= alpha || std::isnan(x) ? x : 0.0;
    case CellFunction::kScaledTanh:
      return alpha * std::tanh(beta * x);
    case CellFunction::kSoftsign:
      return x / (1 + std::fabs(x));
  }
  return x;
}

}  // namespace linnet::internal
