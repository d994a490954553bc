// Linnet: runs ONNX models on CPUs. This header is the whole C++ API for loading and running;
// <linnet/inspect.hpp> looks inside a model, <linnet/tensor_file.hpp> reads and writes .npy and ONNX tensor files.
//
//   linnet::Model model = linnet::Model::load("model.onnx");
//   linnet::Tensor x = linnet::Tensor::of<float>({4, 100});
//   ... fill x.data<float>() ...
//   std::vector<linnet::Tensor> y = model.run({x});
//
// Everything that fails throws linnet::Error. Nothing here prints, and nothing uses the network.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(_WIN32)
#define LINNET_API
#else
#define LINNET_API __attribute__((visibility("default")))
#endif

namespace linnet {

namespace internal {
class ModelImpl;
struct SessionAccess;
class SessionImpl;
class Stop;
}  // namespace internal

/// Element types, numbered as in ONNX's TensorProto.DataType.
enum class DataType : std::uint8_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8e4m3fn = 17,    ///< 4 bits of exponent, 3 of mantissa; NaN but no infinities
  kFloat8e4m3fnuz = 18,  ///< as above, without a negative zero
  kFloat8e5m2 = 19,      ///< 5 bits of exponent, 2 of mantissa; NaN and infinities
  kFloat8e5m2fnuz = 20,  ///< no infinities, no negative zero
  kUint4 = 21,           ///< packed, as the types of 4 and 2 bits all are: see bits_of
  kInt4 = 22,
  kFloat4e2m1 = 23,  ///< 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives; packed
  kFloat8e8m0 = 24,  ///< powers of two from 2^-127 to 2^127, and NaN
  kUint2 = 25,
  kInt2 = 26,
};

/// "float32", "int64", ...; "type 28" for a number that Linnet has no name for.
LINNET_API std::string name_of(DataType type);
/// Bits of one element; 0 for types without a fixed size (string, undefined, unknown). Of types below 8 bits several
/// elements lie in a byte, the first in the lowest bits, without gaps between rows; a tensor begins with a byte of its
/// own. The bits behind its last element mean nothing; what Linnet computes has zeros there.
LINNET_API std::size_t bits_of(DataType type) noexcept;
/// Bytes of one element; 0 for types without a fixed size (string, undefined, unknown) and for packed ones, whose
/// elements are less than a byte: bits_of.
LINNET_API std::size_t size_of(DataType type) noexcept;

enum class ErrorCode : std::uint8_t {
  kInvalidArgument = 1,   ///< the caller's input, option or buffer is wrong
  kInvalidModel = 2,      ///< the model breaks a rule of ONNX or is damaged
  kUnsupported = 3,       ///< the model is valid, but Linnet cannot run it
  kIo = 4,                ///< a file is missing or cannot be read or written
  kOutOfMemory = 5,       ///< the system refused memory
  kLimitExceeded = 6,     ///< a limit of Options::limits or the memory budget
  kCancelled = 7,         ///< CancelToken::cancel was called
  kDeadlineExceeded = 8,  ///< RunOptions::timeout has passed
  kRuntimeFault = 9,      ///< a fault that depends on the data, such as an index out of range
  kInternal = 10,         ///< a defect of Linnet
};

/// What every failing call throws. Copying never throws.
class LINNET_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);        ///< `message` is what what() returns
  ErrorCode code() const noexcept { return code_; }  ///< whose fault it is, for programs
  const char* what() const noexcept override;        ///< what, where and why, for people; never null

 private:
  ErrorCode code_;
  std::shared_ptr<const std::string> message_;
};

/// Concrete dimensions, outermost first. A scalar has none.
using Shape = std::vector<std::int64_t>;

/// Borrowed memory that a run reads. Dense, row-major, aligned to its element size. `shape` has `rank` entries and must
/// live as long as the view.
struct ConstTensorView {
  DataType type = DataType::kUndefined;  ///< of the elements
  const std::int64_t* shape = nullptr;   ///< sizes, outermost first
  std::size_t rank = 0;                  ///< number of dimensions; 0 for a scalar
  const void* data = nullptr;            ///< first element; may be null if there is none
};

/// Borrowed memory that a run writes. Dense, row-major, aligned to its element size.
struct TensorView {
  DataType type = DataType::kUndefined;  ///< of the elements
  const std::int64_t* shape = nullptr;   ///< sizes, outermost first
  std::size_t rank = 0;                  ///< number of dimensions; 0 for a scalar
  void* data = nullptr;                  ///< first element; may be null if there is none
  operator ConstTensorView() const { return {type, shape, rank, data}; }  ///< the same memory, to read from
};

template <typename T>
constexpr DataType data_type_of();  // float, double, bool and the integers; specialised below

/// Owns a dense row-major array, 64-byte aligned and zeroed at first. Copies are deep.
/// Thread-safety: as a std::vector.
class LINNET_API Tensor {
 public:
  Tensor() = default;
  /// Errors: kInvalidArgument for a negative dimension, an overflowing size or a type without a size.
  Tensor(DataType type, Shape shape);
  /// Tensor::of<float>({4, 100}): as the constructor, with the type of the elements in C++.
  template <typename T>
  static Tensor of(Shape shape) {
    return Tensor(data_type_of<T>(), std::move(shape));
  }
  Tensor(const Tensor& other);                     ///< copies the elements
  Tensor& operator=(const Tensor& other);          ///< copies the elements
  Tensor(Tensor&&) noexcept = default;             ///< takes the elements over
  Tensor& operator=(Tensor&&) noexcept = default;  ///< takes the elements over

  DataType type() const noexcept { return type_; }           ///< of the elements
  const Shape& shape() const noexcept { return shape_; }     ///< sizes, outermost first
  std::size_t count() const noexcept { return count_; }      ///< elements
  std::size_t bytes() const noexcept;                        ///< of all elements together
  void* data() noexcept { return data_.get(); }              ///< first element, in row-major order
  const void* data() const noexcept { return data_.get(); }  ///< first element, in row-major order
  /// The elements as T. Errors: kInvalidArgument when the tensor holds another type.
  template <typename T>
  T* data() {
    require(data_type_of<T>());
    return static_cast<T*>(data());
  }
  /// The elements as T. Errors: kInvalidArgument when the tensor holds another type.
  template <typename T>
  const T* data() const {
    require(data_type_of<T>());
    return static_cast<const T*>(data());
  }
  /// Borrows the elements and the shape: valid until the tensor is assigned to, moved from or destroyed.
  TensorView view() noexcept { return {type_, shape_.data(), shape_.size(), data()}; }
  /// Borrows the elements and the shape, to read from.
  ConstTensorView view() const noexcept { return {type_, shape_.data(), shape_.size(), data()}; }

 private:
  struct Free {
    void operator()(void* memory) const noexcept;
  };
  void require(DataType type) const;
  DataType type_ = DataType::kUndefined;
  Shape shape_;
  std::size_t count_ = 0;
  std::unique_ptr<void, Free> data_;
};

/// One dimension of a model's input or output: a number, or (value < 0) any size, with the model's name for it if it
/// has one.
struct Dimension {
  std::int64_t value = -1;  ///< negative: any size
  std::string name;         ///< dimensions of one name have one size; empty if the model gives none
};

/// What a model takes for an input or gives as an output.
enum class ValueKind : std::uint8_t {
  kTensor = 0,            ///< of numbers, or of strings
  kSequence = 1,          ///< of tensors of one element type
  kOptional = 2,          ///< a tensor, or nothing
  kOptionalSequence = 3,  ///< a sequence, or nothing
  kMap = 4,               ///< values by keys, which are int64 or strings
  kMapSequence = 5,       ///< of maps of one type
};

/// An input of a model as the model declares it, or an output as far as it is known before the run. The type of the
/// elements is known always, the rank not: the shape of `x.squeeze()` depends on the sizes of x.
struct ValueInfo {
  std::string name;                          ///< as in the model
  DataType type = DataType::kUndefined;      ///< of the elements, a map's values; never kUndefined in a loaded model
  ValueKind kind = ValueKind::kTensor;       ///< what the elements are in
  bool has_shape = false;                    ///< false: even the rank is open, or it is no tensor
  std::vector<Dimension> shape;              ///< outermost first; empty unless has_shape
  DataType key_type = DataType::kUndefined;  ///< of maps: kInt64 or kString
};

/// Which implementations may run. kOnednn takes oneDNN wherever it can, whose activations and softmax are less accurate
/// and which allocates in every run; kReference is plain loops, for comparison.
enum class Backend : std::uint8_t { kAuto, kOnednn, kSimd, kReference };
/// In which arithmetic float32 models run.
/// kBf16: matrix products with constant weights round their operands to bfloat16 and sum in float32; everything else
/// stays float32. About twice as fast, with 2 to 3 correct digits. On CPUs without bfloat16 arithmetic a warning is
/// logged and float32 is used.
enum class Precision : std::uint8_t { kF32, kBf16 };
/// How much a log line matters.
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// Bounds on what a model may ask for; all are on by default. 0 switches one off.
struct Limits {
  std::size_t file_bytes = std::size_t{1} << 40;     ///< of the model, and of each file of external data
  std::size_t nodes = 1000000;                       ///< after inlining functions
  std::size_t nesting = 64;                          ///< subgraphs and functions within each other
  std::size_t rank = 64;                             ///< dimensions of a tensor
  std::size_t folded_bytes = std::size_t{64} << 20;  ///< made by constant folding at load
  /// Time of constant folding at load, in nanoseconds, as estimated from operators, types and shapes alone: the same on
  /// every machine. What is past this or past folded_bytes is computed in every run instead.
  std::size_t folding_ns = 1000000000;
};

/// The caller's own threads, for Linnet to run its loops on instead of its own. Both functions may be called by any
/// thread that loads or runs, at the same time too, and must not throw. Linnet starts no thread then. The result has
/// the same bits as with any other number of threads.
struct ThreadPoolFunctions {
  void* context = nullptr;  ///< handed to both; must live as long as the models loaded with it and their sessions
  /// How many threads may be at work at once, the one that calls parallel_for included; at least 1. Asked at load.
  int (*concurrency)(void* context) = nullptr;
  /// Calls task(task_context, index) once for every index below `count`, on any threads (the calling one alone is as
  /// good), and returns when all calls have returned and what they wrote can be seen. `count` is at most what
  /// `concurrency` said. An exception that leaves it ends the process, as some calls may still be under way.
  void (*parallel_for)(void* context, std::size_t count, void (*task)(void* task_context, std::size_t index),
                       void* task_context) = nullptr;
};

/// Bytes that stand for a file of external data.
struct ExternalBuffer {
  std::string location;        ///< the file's name as the model has it, such as "model.onnx.data"
  const void* data = nullptr;  ///< read while the model is loaded, which copies what it needs
  std::size_t size = 0;        ///< in bytes
};

/// What a session keeps from one run to the next: an output of the model that is an input of the next run.
struct State {
  std::string input;   ///< is no input of the model any more
  std::string output;  ///< of the same element type; stays an output
};

/// How a model is loaded and run. The defaults are good.
struct Options {
  int threads = 0;                        ///< 0: as many as the CPUs this process may use, or as `thread_pool` has
  Backend backend = Backend::kAuto;       ///< which implementations may run
  Precision precision = Precision::kF32;  ///< in which arithmetic
  std::size_t memory_budget = 0;          ///< bytes for the arena of one session; 0: the machine's memory,
                                          ///< or what its control groups (a container) leave of it
  bool flush_denormals = false;           ///< treat denormal floats as zero during runs; the caller's mode is restored
  std::size_t program_cache = 16;         ///< programs (one per set of input shapes) kept by a model, and by a session
  std::size_t program_cache_bytes = std::size_t{256} << 20;  ///< of these programs; the newest is always kept
  bool copy_weights = false;          ///< copy all weights at load, so that a file cut short later does no harm
  bool allow_external_links = false;  ///< accept external data behind links that lead out of its folder, and files
                                      ///< with several hard links
  std::string external_data_folder;   ///< where files of external data lie; empty: beside the model's file, or beside
                                      ///< the file that a link to the model leads to
  std::vector<ExternalBuffer> external_data;  ///< taken before any file; needed only while the model is loaded
  std::vector<std::string> disabled_passes;   ///< names as `linnet inspect` prints them; "all" for every pass
  Limits limits;                              ///< what a model may ask for
  /// Sizes of dimensions that the model leaves open, by the names that it gives them ("batch"), as if the model had
  /// them so. A name that the model does not have is logged as a warning.
  std::vector<std::pair<std::string, std::int64_t>> dimensions;
  /// The same by denotation ("DATA_BATCH"); `dimensions` goes before.
  std::vector<std::pair<std::string, std::int64_t>> denoted_dimensions;
  /// What takes the place of the model's initializers of these names: of the same element type and shape. The model's
  /// own value is not read, nor is the file that would hold it. Copied; needed only while the model is loaded.
  std::vector<std::pair<std::string, ConstTensorView>> initializers;
  /// States of sessions. Each is zeros at first and after Session::reset. Its open dimensions are then those of other
  /// inputs that the model gives the same name, else those of the output where they are known, else 0: a cache that is
  /// empty, and grows.
  std::vector<State> states;
  /// Receives log lines; empty: nothing is logged.
  std::function<void(LogLevel, std::string_view)> log;
  /// Both functions set: the caller's threads do the work. Neither: Linnet's own.
  ThreadPoolFunctions thread_pool;
};

/// Cancels runs and loads from any thread. All members are thread-safe and signal-safe.
class CancelToken {
 public:
  /// Ends the runs and loads that have this token, and all later ones, with kCancelled.
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  /// Later runs go on again.
  void reset() noexcept { cancelled_.store(false, std::memory_order_relaxed); }
  /// Whether cancel was called since the last reset.
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

 private:
  friend class internal::Stop;
  std::atomic<bool> cancelled_{false};
};

/// What may end a run early, its compiling for new shapes included, or a load. Both are looked at about every 0.5 ms of
/// work; a run that is complete by then succeeds.
struct RunOptions {
  const CancelToken* cancel = nullptr;  ///< null: nothing cancels. Must live as long as the run or load
  std::chrono::nanoseconds timeout{0};  ///< 0: no deadline
};

class Session;
struct TraceEvent;
LINNET_API std::vector<std::int64_t> run_profiled(Session& session);  // <linnet/inspect.hpp>
LINNET_API std::vector<TraceEvent> run_traced(Session& session);      // <linnet/inspect.hpp>

/// One thread's use of a model: an arena and bound buffers. Keeps the model alive.
/// Thread-safety: one thread at a time; a call that finds another under way is refused (kInvalidArgument) and changes
/// nothing. Different sessions of one model run in parallel.
class LINNET_API Session {
 public:
  Session(Session&&) noexcept;             ///< `other` can then only be assigned to or destroyed
  Session& operator=(Session&&) noexcept;  ///< `other` can then only be assigned to or destroyed
  ~Session();

  /// Input `index` (in the order of Model::inputs) is read from this memory at every run until bound anew. The memory
  /// stays the caller's and must not overlap any output. Errors: kInvalidArgument, saying what the model wants.
  void bind_input(std::size_t index, const ConstTensorView& view);
  /// Output `index` (in the order of Model::outputs) is written to this memory at every run until bound anew. Its type
  /// and shape must be those that the inputs lead to; run and prepare check that (Model::data_decides_shapes: run
  /// alone). Errors: kInvalidArgument.
  void bind_output(std::size_t index, const TensorView& view);
  /// Output `index` goes to memory of the session again (as at first).
  void unbind_output(std::size_t index);

  /// Compiles for the shapes of the inputs bound now and reserves all memory, so that the next run allocates nothing
  /// (as far as Model::data_decides_shapes allows). Ended early, it leaves nothing behind, and the next call begins
  /// anew.
  void prepare(const RunOptions& options = {});
  /// Runs on the bound inputs. A warm run (shapes seen before) allocates nothing, takes no lock, and with one thread
  /// makes no system call; only with Backend::kOnednn oneDNN itself allocates, and where Model::data_decides_shapes.
  /// After an error, kCancelled and kDeadlineExceeded included, the session is as good as new; outputs are unspecified.
  void run(const RunOptions& options = {});
  /// The result of the last run: the bound memory, or the session's, valid until the next run or prepare. Of a cache
  /// that is carried over and grows where it lies, a copy, made at the first call. Errors: kOutOfMemory for that.
  ConstTensorView output(std::size_t index) const;
  /// The output is a state of this session alone: from the next run on its value is the input of the run after it, as
  /// with Options::states. The input stays an input that no run has to be given: the next run reads what is bound to
  /// it, if anything is, and later ones what the run before made; bound anew, it takes the state's place once. An
  /// output that is the input with more behind it (Concat), whom only attention or nobody reads besides, grows where it
  /// lies: a run writes what is new, and nothing is copied but when its memory grows, by half. Errors:
  /// kInvalidArgument where the model does not have them, they do not fit, or one of them is a state's already.
  void carry(const std::string& output, const std::string& input);
  /// `carry` for the caches of a decoder: every output whose name is an input's but for "present" in place of "past" or
  /// "past_key_values" ("present.0.key"). Returns the pairs. Errors: those of carry, and kInvalidArgument when there
  /// is none; nothing is carried then.
  std::vector<State> carry_caches();
  /// Every state (Options::states, carry) is zeros again for the next run. A run that fails leaves states as they were.
  void reset();

  /// Binds, runs and, for outputs without a caller's buffer (data == nullptr or fewer given), leaves the result in
  /// output(i).
  void run(const std::vector<ConstTensorView>& inputs, const std::vector<TensorView>& outputs,
           const RunOptions& options = {});
  /// Owned tensors in and out. Nothing is bound afterwards. In this form and the others inputs are given in the model's
  /// order, without those that are carried.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs, const RunOptions& options = {});
  /// The same, on borrowed inputs.
  std::vector<Tensor> run_views(const std::vector<ConstTensorView>& inputs, const RunOptions& options = {});

 private:
  friend class Model;
  friend struct internal::SessionAccess;
  friend LINNET_API std::vector<std::int64_t> run_profiled(Session& session);
  friend LINNET_API std::vector<TraceEvent> run_traced(Session& session);
  Session(std::shared_ptr<internal::ModelImpl> model, std::unique_ptr<internal::SessionImpl> impl);
  std::shared_ptr<internal::ModelImpl> model_;
  std::unique_ptr<internal::SessionImpl> impl_;
};

/// A loaded model: immutable, its weights shared by all sessions and copies of this handle.
/// Thread-safety: every member may be called from any thread at any time.
class LINNET_API Model {
 public:
  /// From a file; external data is looked for where `options` say, in the file's folder otherwise.
  /// `until` may end the load, but for the time within ONNX's own library. Errors: kCancelled, kDeadlineExceeded too.
  static Model load(const std::string& path, const Options& options = {}, const RunOptions& until = {});
  /// From memory, which is copied. External data comes from Options::external_data or external_data_folder; without
  /// them a model that has some is refused.
  static Model load(const void* bytes, std::size_t size, const Options& options = {}, const RunOptions& until = {});

  Model(const Model&);                 ///< another handle to the same model
  Model& operator=(const Model&);      ///< another handle to the same model
  Model(Model&&) noexcept;             ///< `other` can then only be assigned to or destroyed
  Model& operator=(Model&&) noexcept;  ///< `other` can then only be assigned to or destroyed
  ~Model();

  const std::vector<ValueInfo>& inputs() const;   ///< without initializers; valid as long as a handle exists
  const std::vector<ValueInfo>& outputs() const;  ///< valid as long as a handle exists
  /// Index of an input by name. Errors: kInvalidArgument, listing the names there are.
  std::size_t input_index(std::string_view name) const;
  /// Index of an output by name. Errors: kInvalidArgument, listing the names there are.
  std::size_t output_index(std::string_view name) const;

  /// Whether what a run computes decides the shape of a value (NonZero, NonMaxSuppression, a loop that ends by data):
  /// the shapes of outputs are then known after a run only, and runs may allocate.
  bool data_decides_shapes() const noexcept;

  /// A new session, with nothing bound. It keeps the model alive.
  Session session() const;
  /// Runs on a session from a pool that the model keeps. Inputs in the order of inputs(), results in that of outputs().
  /// Errors: as Session::run.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs, const RunOptions& options = {}) const;
  /// The same, on borrowed inputs.
  std::vector<Tensor> run_views(const std::vector<ConstTensorView>& inputs, const RunOptions& options = {}) const;

  /// Frees what the model keeps for later runs: sessions of its pool that are not in use, and programs that no session
  /// uses. Both are made again when they are needed; packed weights stay.
  void trim() const noexcept;

  /// For <linnet/inspect.hpp>.
  const std::shared_ptr<internal::ModelImpl>& impl() const noexcept { return impl_; }

 private:
  explicit Model(std::shared_ptr<internal::ModelImpl> impl);
  std::shared_ptr<internal::ModelImpl> impl_;
};

/// "0.1.0"
LINNET_API const char* version() noexcept;

template <>
constexpr DataType data_type_of<float>() {
  return DataType::kFloat32;
}
template <>
constexpr DataType data_type_of<double>() {
  return DataType::kFloat64;
}
template <>
constexpr DataType data_type_of<bool>() {
  return DataType::kBool;
}
template <>
constexpr DataType data_type_of<std::int8_t>() {
  return DataType::kInt8;
}
template <>
constexpr DataType data_type_of<std::int16_t>() {
  return DataType::kInt16;
}
template <>
constexpr DataType data_type_of<std::int32_t>() {
  return DataType::kInt32;
}
template <>
constexpr DataType data_type_of<std::int64_t>() {
  return DataType::kInt64;
}
template <>
constexpr DataType data_type_of<std::uint8_t>() {
  return DataType::kUint8;
}
template <>
constexpr DataType data_type_of<std::uint16_t>() {
  return DataType::kUint16;
}
template <>
constexpr DataType data_type_of<std::uint32_t>() {
  return DataType::kUint32;
}
template <>
constexpr DataType data_type_of<std::uint64_t>() {
  return DataType::kUint64;
}

}  // namespace linnet
