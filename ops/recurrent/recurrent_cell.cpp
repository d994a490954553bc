#include "ops/recurrent/recurrent_cell.hpp"

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
  invalid_model("activation \"", name, "\" is unknown, expected one of ", names);
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

double value_of(const CellActivation& activation, double x) {
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

void activate(const CellForm& form, std::size_t index, double* line, std::size_t count) {
  const kernels::Activation clip = {ActivationKind::kClip, -form.clip, form.clip};
  for (std::size_t i = 0; i < count; ++i) {
    const double x = form.clip > 0 ? kernels::activation_reference(clip, line[i]) : line[i];
    line[i] = value_of(form.activations[index], x);
  }
}

void activate(const CellForm& form, std::size_t index, float* line, std::size_t count) {
  const CellActivation& activation = form.activations[index];
  if (form.clip > 0) kernels::apply_activation({ActivationKind::kClip, -form.clip, form.clip}, line, line, count);
  if (activation.function == CellFunction::kKernel) {
    return kernels::apply_activation(activation.parameters, line, line, count);
  }
  for (std::size_t i = 0; i < count; ++i) line[i] = static_cast<float>(value_of(activation, line[i]));
}

/// line[i] += weights[i] * state[i]
template <typename T>
void add_peephole(const T* weights, const T* state, std::size_t count, T* line) {
  for (std::size_t i = 0; i < count; ++i) line[i] += weights[i] * state[i];
}

template <typename T>
void finish_rnn(const CellForm& form, const CellRow<T>& row) {
  activate(form, 0, row.gates, row.hidden);
  std::copy_n(row.gates, row.hidden, row.h);
}

template <typename T>
void finish_gru(const CellForm& form, const CellRow<T>& row) {
  const std::size_t hidden = row.hidden;
  const T* const z = row.gates;
  T* const candidate = row.gates + 2 * hidden;
  if (form.linear_before_reset) {
    for (std::size_t i = 0; i < hidden; ++i) candidate[i] += row.reset[i];
  }
  activate(form, 1, candidate, hidden);
  for (std::size_t i = 0; i < hidden; ++i) row.h[i] = (1 - z[i]) * candidate[i] + z[i] * row.h[i];
}

template <typename T>
void finish_lstm(const CellForm& form, const CellRow<T>& row) {
  const std::size_t hidden = row.hidden;
  T* const i = row.gates;
  T* const o = row.gates + hidden;
  T* const f = row.gates + 2 * hidden;
  T* const g = row.gates + 3 * hidden;
  if (row.peepholes == nullptr && !form.input_forget) {
    activate(form, 0, i, 3 * hidden);
  } else {
    if (row.peepholes != nullptr) add_peephole(row.peepholes, row.c, hidden, i);
    activate(form, 0, i, hidden);
    if (form.input_forget) {
      for (std::size_t k = 0; k < hidden; ++k) f[k] = 1 - i[k];
    } else {
      add_peephole(row.peepholes + 2 * hidden, row.c, hidden, f);
      activate(form, 0, f, hidden);
    }
  }
  activate(form, 1, g, hidden);
  for (std::size_t k = 0; k < hidden; ++k) {
    row.c[k] = f[k] * row.c[k] + i[k] * g[k];
    g[k] = row.c[k];
  }
  if (row.peepholes != nullptr) add_peephole(row.peepholes + hidden, row.c, hidden, o);
  if (row.peepholes != nullptr || form.input_forget) activate(form, 0, o, hidden);
  activate(form, 2, g, hidden);
  for (std::size_t k = 0; k < hidden; ++k) row.h[k] = o[k] * g[k];
}

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

template <typename T>
void open_reset_gate(const CellForm& form, const CellRow<T>& row) {
  activate(form, 0, row.gates, 2 * row.hidden);
  const T* const r = row.gates + row.hidden;
  const T* const from = form.linear_before_reset ? row.reset : row.h;
  for (std::size_t i = 0; i < row.hidden; ++i) row.reset[i] = r[i] * from[i];
}

template <typename T>
void finish_cell(const CellForm& form, const CellRow<T>& row) {
  switch (form.cell) {
    case RecurrentCell::kRnn:
      return finish_rnn(form, row);
    case RecurrentCell::kGru:
      return finish_gru(form, row);
    case RecurrentCell::kLstm:
      return finish_lstm(form, row);
  }
}

template void open_reset_gate(const CellForm&, const CellRow<float>&);
template void open_reset_gate(const CellForm&, const CellRow<double>&);
template void finish_cell(const CellForm&, const CellRow<float>&);
template void finish_cell(const CellForm&, const CellRow<double>&);

}  // namespace linnet::internal
