#include "python/src/model.hpp"

#include <algorithm>

#include "python/src/gil.hpp"
#include "python/src/options.hpp"
#include "python/src/value.hpp"

namespace linnet::python {
namespace {

bool all_dense(const std::vector<BorrowedArray>& arrays) {
  for (const BorrowedArray& array : arrays) {
    if (!array.dense()) return false;
  }
  return true;
}

}  // namespace

/// A session taken from the pool. It goes back with no output bound to anybody's buffer, whatever happens; inputs are
/// bound anew by the next run.
class PythonModel::Lease {
 public:
  explicit Lease(PythonModel& owner) : owner_(owner), slot_(owner.idle_.take()) {
    if (slot_ == nullptr) slot_ = std::make_unique<Slot>(owner.model_.session());
    slot_->session.reset();
  }
  ~Lease() {
    try {
      for (std::size_t i = 0; i < owner_.model_.outputs().size(); ++i) slot_->session.unbind_output(i);
      slot_ = owner_.idle_.give_back(slot_);  // one that is no longer needed, or nothing
    } catch (...) {                           // no memory to keep it: the next run makes another
      slot_.reset();
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Slot& slot() const { return *slot_; }

 private:
  PythonModel& owner_;
  std::unique_ptr<Slot> slot_;
};

std::string input_text(const Model& model, std::size_t index) {
  return "input \"" + model.inputs().at(index).name + "\"";
}

std::string output_text(const Model& model, std::size_t index) {
  return "output \"" + model.outputs().at(index).name + "\"";
}

std::vector<ConstTensorView> views_of(std::vector<BorrowedArray>& arrays) {
  std::vector<ConstTensorView> views;
  views.reserve(arrays.size());
  for (BorrowedArray& array : arrays) views.push_back(array.view());
  return views;
}

PythonModel::PythonModel(Model model) : model_(std::move(model)), numbers_only_(has_numbers_only(model_)) {}

void check_input_count(const Model& model, std::size_t given) {
  const std::size_t wanted = model.inputs().size();
  if (given == wanted) return;
  throw Error(ErrorCode::kInvalidArgument,
              std::to_string(given) + " inputs given, the model wants " + std::to_string(wanted));
}

std::vector<BorrowedArray> PythonModel::borrow_inputs(const std::vector<nb::object>& inputs) const {
  const std::vector<ValueInfo>& infos = model_.inputs();
  check_input_count(model_, inputs.size());
  std::vector<BorrowedArray> arrays;
  arrays.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    arrays.emplace_back(inputs[i], BorrowedArray::Use::kRead, infos[i].type, input_text(model_, i));
  return arrays;
}

void PythonModel::start_profile() {
  if (!numbers_only_)
    throw Error(ErrorCode::kUnsupported, "runs with strings, sequences or optionals cannot be profiled");
  profile_.start();
}

void PythonModel::trim() {
  idle_.take_all();
  without_gil([&] { model_.trim(); });  // a thread that compiles may want the lock, for a log line
}

/// Binds the inputs and compiles for their shapes. Where that may take long, the interpreter's lock is free meanwhile.
void PythonModel::prepare(Slot& slot, std::vector<BorrowedArray>& inputs, const RunOptions& options) const {
  bool warm = slot.shapes.size() == inputs.size() && all_dense(inputs);
  for (std::size_t i = 0; warm && i < inputs.size(); ++i) warm = inputs[i].shape() == slot.shapes[i];
  const auto bind_and_prepare = [&] {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].make_dense();
      slot.session.bind_input(i, inputs[i].view());
    }
    slot.session.prepare(options);
  };
  if (warm) {
    bind_and_prepare();
    return;
  }
  slot.shapes.clear();
  without_gil(bind_and_prepare);
  for (const BorrowedArray& input : inputs) slot.shapes.push_back(input.shape());
}

void run_session(Session& session, PythonModel& model, const RunOptions& options,
                 const std::function<std::vector<ConstTensorView>()>& inputs) {
  Profile& profile = model.profile();
  if (!profile.takes_run()) {
    without_gil([&] { session.run(options); });
    return;
  }
  ProfiledRun run;
  without_gil([&] { run = profile.measure(session, model.model(), inputs(), options); });
  profile.add(std::move(run));
}

std::vector<nb::object> PythonModel::run(const std::vector<nb::object>& inputs, const std::vector<std::size_t>& wanted,
                                         const std::vector<nb::object>& given, Framework framework,
                                         const RunOptions& options) {
  if (!numbers_only_) return run_values(inputs, wanted, given, framework, options);
  const Timer timer(options);
  std::vector<BorrowedArray> arrays = borrow_inputs(inputs);
  std::vector<BorrowedArray> buffers;
  std::vector<nb::object> results;
  buffers.reserve(wanted.size());
  results.reserve(wanted.size());
  const Lease lease(*this);
  Session& session = lease.slot().session;
  prepare(lease.slot(), arrays, timer.left());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i < given.size() && !given[i].is_none()) {
      const std::string what = output_text(model_, wanted[i]);
      buffers.emplace_back(given[i], BorrowedArray::Use::kWrite, DataType::kUndefined, what);
      if (!buffers.back().dense())
        throw Error(ErrorCode::kInvalidArgument, what + ": an array to write to must be contiguous and aligned");
      session.bind_output(wanted[i], buffers.back().view());
      results.push_back(given[i]);
      continue;
    }
    if (model_.data_decides_shapes()) {  // there is no shape before the run
      results.emplace_back();
      continue;
    }
    const ConstTensorView made = session.output(wanted[i]);
    void* data = nullptr;
    results.push_back(new_array(framework, made, &data));
    session.bind_output(wanted[i], TensorView{made.type, made.shape, made.rank, data});
  }
  run_session(session, *this, timer.left(), [&arrays] { return views_of(arrays); });
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i < given.size() && !given[i].is_none()) continue;
    if (model_.data_decides_shapes())
      results[i] = copied_array(framework, session.output(wanted[i]));
    else
      finish_array(session.output(wanted[i]));
  }
  return results;
}

std::vector<nb::object> PythonModel::run_values(const std::vector<nb::object>& inputs,
                                                const std::vector<std::size_t>& wanted,
                                                const std::vector<nb::object>& given, Framework framework,
                                                const RunOptions& options) const {
  const Timer timer(options);
  if (std::any_of(given.begin(), given.end(), [](const nb::object& array) { return !array.is_none(); }))
    throw Error(ErrorCode::kUnsupported, "a model with strings, sequences or optionals does not write to given arrays");
  const std::vector<Value> values = values_of(model_, inputs);
  std::vector<Value> made;
  without_gil([&] { made = linnet::run_values(model_, values, timer.left()); });
  std::vector<nb::object> results;
  results.reserve(wanted.size());
  for (const std::size_t index : wanted) results.push_back(object_of(framework, made.at(index)));
  return results;
}

}  // namespace linnet::python
