#include "python/src/binding.hpp"

#include "python/src/gil.hpp"
#include "python/src/options.hpp"

namespace linnet::python {
namespace {

DataType type_of_number(int type) {
  const auto known = static_cast<DataType>(type);
  if (type < 0 || type > static_cast<int>(DataType::kInt2) || bits_of(known) == 0)
    throw Error(ErrorCode::kInvalidArgument, "element type " + std::to_string(type) + " is not supported");
  return known;
}

}  // namespace

PythonBinding::PythonBinding(nb::object owner)
    : owner_(std::move(owner)),
      model_(nb::cast<PythonModel&>(owner_)),
      session_(model_.model().session()),
      inputs_(model_.model().inputs().size()),
      outputs_(model_.model().outputs().size()) {}

void PythonBinding::check_idle() const {
  if (running_) throw Error(ErrorCode::kInvalidArgument, "this binding is running in another thread");
}

void PythonBinding::check_output(std::size_t index) const {
  if (index >= outputs_.size())
    throw Error(ErrorCode::kInvalidArgument, "output " + std::to_string(index) + " does not exist");
}

void PythonBinding::bind_input(std::size_t index, nb::handle array) {
  check_idle();
  const ValueInfo& info = model_.model().inputs().at(index);
  if (!is_numbers(info)) {
    bind_value(session_, index, value_of(array, info, input_text(model_.model(), index)));
    inputs_[index].bound = true;
    inputs_[index].array.reset();
    return;
  }
  BorrowedArray borrowed(array, BorrowedArray::Use::kRead, info.type, input_text(model_.model(), index));
  borrowed.make_dense();
  session_.bind_input(index, borrowed.view());
  inputs_[index].bound = true;
  inputs_[index].array = std::move(borrowed);
}

void PythonBinding::bind_input_memory(std::size_t index, int type, const Shape& shape, std::uintptr_t address) {
  check_idle();
  BorrowedArray memory(type_of_number(type), shape, reinterpret_cast<void*>(address));
  session_.bind_input(index, memory.view());
  inputs_[index].bound = true;
  inputs_[index].array = std::move(memory);
}

void PythonBinding::bind_output(std::size_t index, nb::handle array) {
  check_idle();
  check_output(index);
  const std::string what = output_text(model_.model(), index);
  BorrowedArray borrowed(array, BorrowedArray::Use::kWrite, DataType::kUndefined, what);
  if (!borrowed.dense())
    throw Error(ErrorCode::kInvalidArgument, what + ": an array to write to must be contiguous and aligned");
  session_.bind_output(index, borrowed.view());
  outputs_[index] = {Output::Kind::kArray, std::move(borrowed), nb::borrow(array)};
}

void PythonBinding::bind_output_memory(std::size_t index, int type, const Shape& shape, std::uintptr_t address) {
  check_idle();
  check_output(index);
  BorrowedArray memory(type_of_number(type), shape, reinterpret_cast<void*>(address));
  session_.bind_output(index, memory.view());
  outputs_[index] = {Output::Kind::kMemory, std::move(memory), nb::none()};
}

void PythonBinding::bind_output_new(std::size_t index) {
  check_idle();
  check_output(index);
  session_.unbind_output(index);
  outputs_[index] = {Output::Kind::kNew, std::nullopt, nb::none()};
}

void PythonBinding::unbind_inputs() {
  check_idle();
  for (Input& input : inputs_) {
    input.bound = false;
    input.array.reset();
  }
}

void PythonBinding::unbind_outputs() {
  check_idle();
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    session_.unbind_output(i);
    outputs_[i] = {};
  }
}

void PythonBinding::run(const RunOptions& options) {
  const Timer timer(options);
  check_idle();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].bound && !inputs_[i].carried)
      throw Error(ErrorCode::kInvalidArgument, input_text(model_.model(), i) + " is not bound");
  }
  struct Running {
    explicit Running(bool& flag) : flag(flag) { flag = true; }
    ~Running() { flag = false; }
    bool& flag;
  };
  const Running running(running_);
  bool any_new = false;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].kind != Output::Kind::kNew) continue;
    any_new = true;
    session_.unbind_output(i);
  }
  const auto late = [&](std::size_t i) {  // there is no shape before the run
    return model_.model().data_decides_shapes() || !is_numbers(model_.model().outputs()[i]);
  };
  if (any_new && !model_.model().data_decides_shapes()) without_gil([&] { session_.prepare(timer.left()); });
  for (std::size_t i = 0; any_new && i < outputs_.size(); ++i) {
    if (outputs_[i].kind != Output::Kind::kNew || late(i)) continue;
    const ConstTensorView made = session_.output(i);
    void* data = nullptr;
    outputs_[i].array = new_array(Framework::kNumpy, made, &data);
    session_.bind_output(i, TensorView{made.type, made.shape, made.rank, data});
  }
  run_session(session_, model_, timer.left(), [this] {
    std::vector<ConstTensorView> views;
    for (Input& input : inputs_) views.push_back(input.array ? input.array->view() : ConstTensorView{});
    return views;
  });
  for (std::size_t i = 0; any_new && i < outputs_.size(); ++i) {
    if (outputs_[i].kind != Output::Kind::kNew) continue;
    if (!is_numbers(model_.model().outputs()[i]))
      outputs_[i].array = object_of(Framework::kNumpy, output_value(session_, i));
    else if (late(i))
      outputs_[i].array = copied_array(Framework::kNumpy, session_.output(i));
    else
      finish_array(session_.output(i));
  }
}

void PythonBinding::carry(const std::string& output, const std::string& input) {
  check_idle();
  session_.carry(output, input);
  inputs_[model_.model().input_index(input)].carried = true;
}

std::vector<std::pair<std::string, std::string>> PythonBinding::carry_caches() {
  check_idle();
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const State& state : session_.carry_caches()) {
    inputs_[model_.model().input_index(state.input)].carried = true;
    pairs.emplace_back(state.output, state.input);
  }
  return pairs;
}

void PythonBinding::reset() {
  check_idle();
  session_.reset();
}

nb::object PythonBinding::output(std::size_t index) const {
  check_idle();
  check_output(index);
  return outputs_[index].array.is_valid() ? outputs_[index].array : nb::none();
}

}  // namespace linnet::python
