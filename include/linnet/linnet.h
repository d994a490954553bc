// Linnet's C API: what <linnet/linnet.hpp>, <linnet/value.hpp>, <linnet/inspect.hpp> (but for run_traced and
// input_uses) and <linnet/tensor_file.hpp> do, for C99 and for every language that can call C.
//
// - Handles are opaque pointers. What a function makes is the caller's to destroy, once; handles may be destroyed in
//   any order, and destroying NULL is fine. A handle that was destroyed must not be used again: that cannot be noticed.
// - Every function that can fail returns a linnet_status. A NULL where something is needed gives
//   LINNET_INVALID_ARGUMENT; lack of memory gives LINNET_OUT_OF_MEMORY. linnet_last_error has the message. When a
//   function fails, what its out-parameters pointed to is 0 or NULL.
// - Strings are UTF-8 as the model has them, end with a NUL, and are borrowed unless it says otherwise. In const
//   pointers to memory of a handle nothing may be written.
// - Flags are int32_t: 0 for no, anything else for yes.
// - Nothing here prints, throws, exits or uses the network.
//
// Thread-safety: as for the C++ API. A linnet_model and a linnet_cancel_token may be used by any threads at the same
// time; a linnet_session by one at a time (a second one is refused with LINNET_INVALID_ARGUMENT); all else as a
// variable: read by many, or changed by one.
//
// Versions: functions are never changed or removed, only added. In the shared library every function carries the symbol
// version of the API that it came with (LINNET_C_1, ...), so that a program that needs a newer library does not start
// with an older one. linnet_c_api_version says at run time what the library has.
#ifndef LINNET_LINNET_H_
#define LINNET_LINNET_H_

#include <stddef.h>  // NOLINT(modernize-deprecated-headers): this is C
#include <stdint.h>  // NOLINT(modernize-deprecated-headers): this is C

#if defined(_WIN32)
#define LINNET_C_API
#else
#define LINNET_C_API __attribute__((visibility("default")))
#endif

/// The version of the C API that this header describes.
#define LINNET_C_API_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/// What a call came to: one of the values below.
typedef int32_t linnet_status;
enum {
  LINNET_OK = 0,
  LINNET_INVALID_ARGUMENT = 1,   ///< an argument, input, option or buffer is wrong
  LINNET_INVALID_MODEL = 2,      ///< the model breaks a rule of ONNX or is damaged
  LINNET_UNSUPPORTED = 3,        ///< the model is valid, but Linnet cannot run it
  LINNET_IO = 4,                 ///< a file is missing or cannot be read or written
  LINNET_OUT_OF_MEMORY = 5,      ///< the system refused memory
  LINNET_LIMIT_EXCEEDED = 6,     ///< a limit (linnet_options_set_limit) or the memory budget
  LINNET_CANCELLED = 7,          ///< linnet_cancel_token_cancel was called
  LINNET_DEADLINE_EXCEEDED = 8,  ///< the time of linnet_run_options_set_timeout has passed
  LINNET_RUNTIME_FAULT = 9,      ///< a fault that depends on the data, such as an index out of range
  LINNET_INTERNAL = 10           ///< a defect of Linnet
};

/// Element types, numbered as in ONNX's TensorProto.DataType.
typedef int32_t linnet_type;
enum {
  LINNET_UNDEFINED = 0,
  LINNET_FLOAT32 = 1,
  LINNET_UINT8 = 2,
  LINNET_INT8 = 3,
  LINNET_UINT16 = 4,
  LINNET_INT16 = 5,
  LINNET_INT32 = 6,
  LINNET_INT64 = 7,
  LINNET_STRING = 8,
  LINNET_BOOL = 9,
  LINNET_FLOAT16 = 10,
  LINNET_FLOAT64 = 11,
  LINNET_UINT32 = 12,
  LINNET_UINT64 = 13,
  LINNET_COMPLEX64 = 14,
  LINNET_COMPLEX128 = 15,
  LINNET_BFLOAT16 = 16,
  LINNET_FLOAT8E4M3FN = 17,
  LINNET_FLOAT8E4M3FNUZ = 18,
  LINNET_FLOAT8E5M2 = 19,
  LINNET_FLOAT8E5M2FNUZ = 20,
  LINNET_UINT4 = 21,  ///< packed, as the types of 4 and 2 bits all are: see linnet_type_bits
  LINNET_INT4 = 22,
  LINNET_FLOAT4E2M1 = 23,
  LINNET_FLOAT8E8M0 = 24,
  LINNET_UINT2 = 25,
  LINNET_INT2 = 26
};

/// What a model takes for an input or gives as an output.
typedef int32_t linnet_kind;
enum {
  LINNET_KIND_TENSOR = 0,             ///< of numbers, or of strings
  LINNET_KIND_SEQUENCE = 1,           ///< of tensors of one element type
  LINNET_KIND_OPTIONAL = 2,           ///< a tensor, or nothing
  LINNET_KIND_OPTIONAL_SEQUENCE = 3,  ///< a sequence, or nothing
  LINNET_KIND_MAP = 4,                ///< values by keys, which are int64 or strings
  LINNET_KIND_MAP_SEQUENCE = 5        ///< of maps of one type
};

/// Whose kernels run.
typedef int32_t linnet_backend;
enum { LINNET_BACKEND_AUTO = 0, LINNET_BACKEND_ONEDNN = 1, LINNET_BACKEND_SIMD = 2, LINNET_BACKEND_REFERENCE = 3 };

/// What the arithmetic is done in. LINNET_PRECISION_BF16: as linnet::Precision::kBf16 in <linnet/linnet.hpp>.
typedef int32_t linnet_precision;
enum { LINNET_PRECISION_F32 = 0, LINNET_PRECISION_BF16 = 1 };

/// How much a log line matters.
typedef int32_t linnet_log_level;
enum { LINNET_LOG_DEBUG = 0, LINNET_LOG_INFO = 1, LINNET_LOG_WARNING = 2, LINNET_LOG_ERROR = 3 };

/// Bounds on what a model may ask for.
typedef int32_t linnet_limit;
enum {
  LINNET_LIMIT_FILE_BYTES = 0,    ///< of the model, and of each file of external data
  LINNET_LIMIT_NODES = 1,         ///< nodes after inlining functions
  LINNET_LIMIT_NESTING = 2,       ///< subgraphs and functions within each other
  LINNET_LIMIT_RANK = 3,          ///< dimensions of a tensor
  LINNET_LIMIT_FOLDED_BYTES = 4,  ///< bytes made by constant folding at load
  LINNET_LIMIT_FOLDING_NS = 5     ///< nanoseconds of constant folding at load, estimated: the same on every machine
};

typedef struct linnet_options linnet_options;          ///< how to load a model
typedef struct linnet_model linnet_model;              ///< a loaded model; immutable
typedef struct linnet_value_info linnet_value_info;    ///< name, type and shape of a model's input or output
typedef struct linnet_session linnet_session;          ///< one thread's use of a model: its memory and bound buffers
typedef struct linnet_tensor linnet_tensor;            ///< an array that owns its memory
typedef struct linnet_value linnet_value;              ///< a tensor of numbers or strings, a map or sequence; immutable
typedef struct linnet_run_options linnet_run_options;  ///< token and time limit of runs
typedef struct linnet_cancel_token linnet_cancel_token;  ///< cancels runs

/// The message of the last call of this thread that failed, or "" if none has. Valid until the next call of this thread
/// that fails. Never NULL.
LINNET_C_API const char* linnet_last_error(void);
/// "ok", "invalid argument", ...; "unknown status" for a number that is none. Never NULL.
LINNET_C_API const char* linnet_status_name(linnet_status status);
/// The library's version, as "0.1.0".
LINNET_C_API const char* linnet_version(void);
/// LINNET_C_API_VERSION of the library that was loaded; smaller than the header's: it lacks functions.
LINNET_C_API uint32_t linnet_c_api_version(void);
/// The instruction set that the own kernels run on: "avx512", "avx2", "sse4", "neon", "scalar".
LINNET_C_API const char* linnet_isa(void);
/// Whether the library itself was compiled with optimisation.
LINNET_C_API int32_t linnet_optimized_build(void);
/// LINNET_OK if oneDNN can be used, else LINNET_UNSUPPORTED, with the reason in linnet_last_error.
LINNET_C_API linnet_status linnet_onednn_available(void);
/// *json becomes a list of the names of all passes, in the order they run, to be freed with linnet_string_free.
LINNET_C_API linnet_status linnet_pass_names_json(char** json);
/// Frees a string that a function gave away. NULL is fine.
LINNET_C_API void linnet_string_free(char* string);

/// Bytes of one element; 0 for types without a fixed size (string, undefined, unknown) and for packed ones, whose
/// elements are less than a byte.
LINNET_C_API size_t linnet_type_size(linnet_type type);
/// Bits of one element; 0 for types without a fixed size. Of types below 8 bits several elements lie in a byte, the
/// first in the lowest bits, without gaps between rows; a tensor's bytes are rounded up.
LINNET_C_API size_t linnet_type_bits(linnet_type type);
/// "float32", "int64", ...; "unknown" for a number that is no type of Linnet's. Never NULL.
LINNET_C_API const char* linnet_type_name(linnet_type type);

/// A task of a loop: see linnet_options_set_thread_pool.
typedef void (*linnet_task)(void* task_context, size_t index);
/// How many threads may be at work at once, the one that calls parallel_for included; at least 1. Asked at load.
typedef int32_t (*linnet_concurrency)(void* context);
/// Calls task(task_context, index) once for every index below `count`, on any threads (the calling one alone is as
/// good), and returns when all calls have returned and what they wrote can be seen. `count` is at most what
/// linnet_concurrency said. A C++ exception that leaves it ends the process, as some calls may still be under way.
typedef void (*linnet_parallel_for)(void* context, size_t count, linnet_task task, void* task_context);
/// Receives a log line, with a NUL after its `length` bytes, in the thread of the call that it is about.
typedef void (*linnet_log)(void* context, linnet_log_level level, const char* line, size_t length);

/// Options as they are at first: all CPUs, best kernels, limits on. Loading copies what is set; the handle may be
/// changed or destroyed afterwards.
LINNET_C_API linnet_status linnet_options_create(linnet_options** options);
LINNET_C_API void linnet_options_destroy(linnet_options* options);
/// 0: as many as the CPUs this process may use, or as the thread pool has. More than 1024 or less than 0 is refused at
/// load.
LINNET_C_API linnet_status linnet_options_set_threads(linnet_options* options, int32_t threads);
LINNET_C_API linnet_status linnet_options_set_backend(linnet_options* options, linnet_backend backend);
LINNET_C_API linnet_status linnet_options_set_precision(linnet_options* options, linnet_precision precision);
/// Bytes for the working memory of one session; 0: the machine's memory.
LINNET_C_API linnet_status linnet_options_set_memory_budget(linnet_options* options, size_t bytes);
/// Treat denormal floats as zero during runs; the caller's mode is restored.
LINNET_C_API linnet_status linnet_options_set_flush_denormals(linnet_options* options, int32_t flush);
/// Programs (one per set of input shapes) kept by a model, and by a session.
LINNET_C_API linnet_status linnet_options_set_program_cache(linnet_options* options, size_t programs);
/// Bytes of these programs; the newest is always kept.
LINNET_C_API linnet_status linnet_options_set_program_cache_bytes(linnet_options* options, size_t bytes);
/// Copy all weights at load, so that a file cut short later does no harm.
LINNET_C_API linnet_status linnet_options_set_copy_weights(linnet_options* options, int32_t copy);
/// Accept external data behind links that lead out of its folder, and files with several hard links.
LINNET_C_API linnet_status linnet_options_set_allow_external_links(linnet_options* options, int32_t allow);
/// Where files of external data lie; NULL or "": beside the model's file, or beside the file that a link to the model
/// leads to.
LINNET_C_API linnet_status linnet_options_set_external_data_folder(linnet_options* options, const char* folder);
/// Gives `size` bytes that stand for the file `location` of external data, as the model names it. They are taken before
/// any file and must stay as they are until the models that need them are loaded; loading copies what it needs.
LINNET_C_API linnet_status linnet_options_add_external_data(linnet_options* options, const char* location,
                                                            const void* bytes, size_t size);
/// Gives the dimensions that the model leaves open under this name ("batch") a size, as if the model had them so.
LINNET_C_API linnet_status linnet_options_set_dimension(linnet_options* options, const char* name, int64_t size);
/// The same by denotation ("DATA_BATCH"); a size by name goes before.
LINNET_C_API linnet_status linnet_options_set_denoted_dimension(linnet_options* options, const char* denotation,
                                                                int64_t size);
/// Puts an array (dense, row-major) in the place of the model's initializer of this name, of the same element type and
/// shape. `shape` and `data` must stay as they are until the models that need them are loaded; loading copies them.
LINNET_C_API linnet_status linnet_options_add_initializer(linnet_options* options, const char* name, linnet_type type,
                                                          const int64_t* shape, size_t rank, const void* data);
/// Lets sessions keep a state: the model's output of this name is its input of that name in the next run. The input is
/// no input of the model any more. See linnet_session_reset.
LINNET_C_API linnet_status linnet_options_add_state(linnet_options* options, const char* input, const char* output);
/// Switches one more pass off by name; "all" for every pass. Unknown names are refused at load.
LINNET_C_API linnet_status linnet_options_disable_pass(linnet_options* options, const char* name);
/// 0 switches the limit off.
LINNET_C_API linnet_status linnet_options_set_limit(linnet_options* options, linnet_limit limit, size_t value);
/// Sends log lines to `log`; NULL: nothing is logged, as at first. `log` and `context` must stay good as long as models
/// loaded with it and their sessions; `log` may be called by any thread that loads or runs and must not throw.
LINNET_C_API linnet_status linnet_options_set_log(linnet_options* options, linnet_log log, void* context);
/// Runs loops on the caller's threads instead of Linnet's; NULL for both functions: Linnet's own again. Both may be
/// called by any thread that loads or runs, at the same time too, and must not throw; `context` must live as long as
/// models loaded with it and their sessions. Results have the same bits as with any other number of threads.
LINNET_C_API linnet_status linnet_options_set_thread_pool(linnet_options* options, linnet_concurrency concurrency,
                                                          linnet_parallel_for parallel_for, void* context);

/// Loads a model from a file; external data is looked for where `options` say, in the file's folder otherwise.
/// `options` may be NULL.
LINNET_C_API linnet_status linnet_model_load_file(const char* path, const linnet_options* options,
                                                  linnet_model** model);
/// Loads a model from `size` bytes, which are copied. A model with external data is refused unless `options` say where
/// it is. `options` may be NULL.
LINNET_C_API linnet_status linnet_model_load_memory(const void* bytes, size_t size, const linnet_options* options,
                                                    linnet_model** model);
/// As linnet_model_load_file, ended early with LINNET_CANCELLED or LINNET_DEADLINE_EXCEEDED as `until`, which may be
/// NULL, says; but not within ONNX's own library.
LINNET_C_API linnet_status linnet_model_load_file_until(const char* path, const linnet_options* options,
                                                        const linnet_run_options* until, linnet_model** model);
/// As linnet_model_load_memory, ended early as `until` says.
LINNET_C_API linnet_status linnet_model_load_memory_until(const void* bytes, size_t size, const linnet_options* options,
                                                          const linnet_run_options* until, linnet_model** model);
/// Sessions keep what they need: they and runs under way go on.
LINNET_C_API void linnet_model_destroy(linnet_model* model);
/// Frees what the model keeps for later runs: sessions of its pool that are not in use, and programs that no session
/// uses. Both are made again when they are needed; packed weights stay.
LINNET_C_API linnet_status linnet_model_trim(const linnet_model* model);
/// Number of inputs, initializers not counted; 0 for NULL.
LINNET_C_API size_t linnet_model_input_count(const linnet_model* model);
/// Number of outputs; 0 for NULL.
LINNET_C_API size_t linnet_model_output_count(const linnet_model* model);
/// Whether what a run computes decides the shape of a value: shapes of outputs are then known after a run only. 0 for
/// NULL.
LINNET_C_API int32_t linnet_model_data_decides_shapes(const linnet_model* model);
/// *info is borrowed from the model.
LINNET_C_API linnet_status linnet_model_input(const linnet_model* model, size_t index, const linnet_value_info** info);
/// *info is borrowed from the model.
LINNET_C_API linnet_status linnet_model_output(const linnet_model* model, size_t index, const linnet_value_info** info);
/// The position of the input with this name. The message of the error lists the names there are.
LINNET_C_API linnet_status linnet_model_input_index(const linnet_model* model, const char* name, size_t* index);
/// The position of the output with this name. The message of the error lists the names there are.
LINNET_C_API linnet_status linnet_model_output_index(const linnet_model* model, const char* name, size_t* index);
/// Runs on a session of a pool that the model keeps. `inputs`: one per input of the model. On success the first
/// `output_count` of `outputs` are new tensors, the caller's to destroy; output_count may be less than the model has.
/// `options` may be NULL.
LINNET_C_API linnet_status linnet_model_run(const linnet_model* model, const linnet_tensor* const* inputs,
                                            size_t input_count, linnet_tensor** outputs, size_t output_count,
                                            const linnet_run_options* options);
/// *json becomes what the model holds (nodes after the passes, opsets, metadata, inputs, outputs, bytes of weights), to
/// be freed with linnet_string_free.
LINNET_C_API linnet_status linnet_model_summary_json(const linnet_model* model, char** json);
/// *json becomes what a file holds, also where Linnet cannot run it: its "unsupported" is an empty list if it can;
/// nodes are those before the passes. To be freed with linnet_string_free. `options` may be NULL.
LINNET_C_API linnet_status linnet_file_summary_json(const char* path, const linnet_options* options, char** json);
/// *json becomes the program for these inputs (steps with the implementation chosen and why others were not, memory
/// plan, output shapes), to be freed with linnet_string_free.
LINNET_C_API linnet_status linnet_model_program_json(const linnet_model* model, const linnet_tensor* const* inputs,
                                                     size_t input_count, char** json);

/// The name, without a NUL that it may hold; "" for NULL.
LINNET_C_API const char* linnet_value_info_name(const linnet_value_info* info);
/// The element type (of a map's values), known even where the rank is open; LINNET_UNDEFINED for NULL.
LINNET_C_API linnet_type linnet_value_info_type(const linnet_value_info* info);
/// What the elements are in; LINNET_KIND_TENSOR for NULL. What is no tensor, or one of LINNET_STRING, is given and
/// taken as a linnet_value.
LINNET_C_API linnet_kind linnet_value_info_kind(const linnet_value_info* info);
/// Of the keys of maps, LINNET_INT64 or LINNET_STRING; LINNET_UNDEFINED where there are none, and for NULL.
LINNET_C_API linnet_type linnet_value_info_key_type(const linnet_value_info* info);
/// 0 if even the rank is open until the run, for what is no tensor, and for NULL.
LINNET_C_API int32_t linnet_value_info_has_shape(const linnet_value_info* info);
/// Number of dimensions; 0 for NULL.
LINNET_C_API size_t linnet_value_info_rank(const linnet_value_info* info);
/// *size becomes the size of dimension `axis`, or -1 if it is open; *name, unless `name` is NULL, the model's name for
/// an open one, or "".
LINNET_C_API linnet_status linnet_value_info_dimension(const linnet_value_info* info, size_t axis, int64_t* size,
                                                       const char** name);

/// A session for one thread at a time; different sessions of a model run in parallel.
LINNET_C_API linnet_status linnet_session_create(const linnet_model* model, linnet_session** session);
/// Refused with LINNET_INVALID_ARGUMENT, and nothing destroyed, while another thread is in the session.
LINNET_C_API linnet_status linnet_session_destroy(linnet_session* session);
/// Input `index` is read from this memory at every run until bound anew. The memory (dense, row-major, aligned to its
/// element size) stays the caller's and must not overlap any output; `shape`, `rank` numbers, is copied.
LINNET_C_API linnet_status linnet_session_bind_input(linnet_session* session, size_t index, linnet_type type,
                                                     const int64_t* shape, size_t rank, const void* data);
/// Output `index` is written to this memory (dense, row-major, aligned to its element size) at every run; it is checked
/// against the shape of the result at run.
LINNET_C_API linnet_status linnet_session_bind_output(linnet_session* session, size_t index, linnet_type type,
                                                      const int64_t* shape, size_t rank, void* data);
/// Output `index` goes to memory of the session again, as at first.
LINNET_C_API linnet_status linnet_session_unbind_output(linnet_session* session, size_t index);
/// Compiles for the shapes bound now and reserves all memory, so that the next run allocates nothing (as far as
/// linnet_model_data_decides_shapes allows).
LINNET_C_API linnet_status linnet_session_prepare(linnet_session* session);
/// As linnet_session_prepare, ended early as `until`, which may be NULL, says. The next call then begins anew.
LINNET_C_API linnet_status linnet_session_prepare_until(linnet_session* session, const linnet_run_options* until);
/// Runs on the bound inputs. `options` may be NULL. A warm run allocates nothing, takes no lock, and with one thread
/// makes no system call; only with LINNET_BACKEND_ONEDNN oneDNN itself allocates. After an error the session is as good
/// as new; outputs are unspecified.
LINNET_C_API linnet_status linnet_session_run(linnet_session* session, const linnet_run_options* options);
/// Owned tensors in and out, as linnet_model_run, on this session. Bound buffers are unbound.
LINNET_C_API linnet_status linnet_session_run_tensors(linnet_session* session, const linnet_tensor* const* inputs,
                                                      size_t input_count, linnet_tensor** outputs, size_t output_count,
                                                      const linnet_run_options* options);
/// The result of the last run: the bound memory, or the session's, valid until the next run or prepare. Each of the
/// out-parameters may be NULL. Refused for what is no tensor of numbers: linnet_session_output_value.
LINNET_C_API linnet_status linnet_session_output(const linnet_session* session, size_t index, linnet_type* type,
                                                 const int64_t** shape, size_t* rank, const void** data);
/// The output is a state of this session: its value is the input of the next run. The input stays one that no run has
/// to be given: the next run reads what is bound to it, if anything is.
LINNET_C_API linnet_status linnet_session_carry(linnet_session* session, const char* output, const char* input);
/// The same for the caches of a decoder: every output whose name is an input's but for "present" in place of "past" or
/// "past_key_values". How many there are goes to `count`, which may be NULL; none is an error.
LINNET_C_API linnet_status linnet_session_carry_caches(linnet_session* session, size_t* count);
/// Every state (linnet_options_add_state, linnet_session_carry) is zeros again for the next run, as at first.
LINNET_C_API linnet_status linnet_session_reset(linnet_session* session);
/// Runs once and times every step. *count becomes the number of steps; the first `capacity` times, in nanoseconds, go
/// to `nanoseconds`, which may be NULL if capacity is 0.
LINNET_C_API linnet_status linnet_session_run_profiled(linnet_session* session, int64_t* nanoseconds, size_t capacity,
                                                       size_t* count);
/// The same by node: where a step is a chain ("chain" in linnet_model_program_json is not empty), its nodes stand one
/// by one in its place, in their order, with times that add up to the chain's. *count becomes the number of nodes; of
/// the first `capacity`, steps[i] becomes the index of the step and nanoseconds[i] the time. Both may be NULL if
/// capacity is 0.
LINNET_C_API linnet_status linnet_session_run_profiled_nodes(linnet_session* session, size_t* steps,
                                                             int64_t* nanoseconds, size_t capacity, size_t* count);

/// A dense row-major array, 64-byte aligned and zeroed.
LINNET_C_API linnet_status linnet_tensor_create(linnet_type type, const int64_t* shape, size_t rank,
                                                linnet_tensor** tensor);
LINNET_C_API void linnet_tensor_destroy(linnet_tensor* tensor);
/// LINNET_UNDEFINED for NULL.
LINNET_C_API linnet_type linnet_tensor_type(const linnet_tensor* tensor);
/// Borrowed from the tensor, linnet_tensor_rank numbers; NULL for NULL.
LINNET_C_API const int64_t* linnet_tensor_shape(const linnet_tensor* tensor);
/// 0 for NULL.
LINNET_C_API size_t linnet_tensor_rank(const linnet_tensor* tensor);
/// Number of elements; 0 for NULL.
LINNET_C_API size_t linnet_tensor_count(const linnet_tensor* tensor);
/// Bytes of all elements; 0 for NULL.
LINNET_C_API size_t linnet_tensor_bytes(const linnet_tensor* tensor);
/// The elements, to read and write; NULL for NULL.
LINNET_C_API void* linnet_tensor_data(linnet_tensor* tensor);
/// Reads a .npy file (versions 1 to 3, C or Fortran order, little-endian).
LINNET_C_API linnet_status linnet_tensor_read_npy(const char* path, linnet_tensor** tensor);
/// Writes a .npy file, version 1.0, in C order.
LINNET_C_API linnet_status linnet_tensor_write_npy(const char* path, const linnet_tensor* tensor);
/// Reads a serialized ONNX TensorProto (a .pb file of ONNX's tests).
LINNET_C_API linnet_status linnet_tensor_read_proto(const char* path, linnet_tensor** tensor);
/// Writes a serialized ONNX TensorProto, which holds every element type.
LINNET_C_API linnet_status linnet_tensor_write_proto(const char* path, const linnet_tensor* tensor);

/// A tensor of numbers: copies the elements (dense, row-major) at `data`. Nothing, an optional that is not there, is a
/// value of NULL.
LINNET_C_API linnet_status linnet_value_create_tensor(linnet_type type, const int64_t* shape, size_t rank,
                                                      const void* data, linnet_value** value);
/// A tensor of strings: copies one string for each element of the shape, in row-major order. String i has lengths[i]
/// bytes, of any kind; with `lengths` NULL they all end with a NUL.
LINNET_C_API linnet_status linnet_value_create_strings(const int64_t* shape, size_t rank, const char* const* strings,
                                                       const size_t* lengths, linnet_value** value);
/// A sequence of `count` tensors of this element type, which may be LINNET_STRING, or of maps whose values have it. It
/// shares what is in the items, which stay the caller's to destroy.
LINNET_C_API linnet_status linnet_value_create_sequence(linnet_type type, const linnet_value* const* items,
                                                        size_t count, linnet_value** value);
/// A map from each key (int64 or strings) to the value beside it: tensors of one dimension and one size, which it
/// copies. Its keys are in ascending order; of one that is there twice the last value counts.
LINNET_C_API linnet_status linnet_value_create_map(const linnet_value* keys, const linnet_value* values,
                                                   linnet_value** value);
LINNET_C_API void linnet_value_destroy(linnet_value* value);
/// LINNET_KIND_TENSOR, LINNET_KIND_MAP or LINNET_KIND_SEQUENCE (of maps, too); LINNET_KIND_OPTIONAL for NULL, which is
/// an optional that is not there.
LINNET_C_API linnet_kind linnet_value_kind(const linnet_value* value);
/// Of the elements, in a sequence too, and of a map's values; LINNET_UNDEFINED for NULL.
LINNET_C_API linnet_type linnet_value_type(const linnet_value* value);
/// Borrowed from the value, linnet_value_rank numbers; of a sequence or map its count. NULL for NULL.
LINNET_C_API const int64_t* linnet_value_shape(const linnet_value* value);
/// 0 for NULL; 1 for a sequence or map.
LINNET_C_API size_t linnet_value_rank(const linnet_value* value);
/// Number of elements of a tensor, of items of a sequence, of entries of a map; 0 for NULL.
LINNET_C_API size_t linnet_value_count(const linnet_value* value);
/// *data becomes the elements of a tensor of numbers (dense, row-major), borrowed from the value. Refused with
/// LINNET_INVALID_ARGUMENT for strings, sequences and maps.
LINNET_C_API linnet_status linnet_value_data(const linnet_value* value, const void** data);
/// *string becomes element `index` of a tensor of strings, in row-major order, borrowed from the value; a NUL stands
/// behind its *length bytes, among which there may be others. `length` may be NULL.
LINNET_C_API linnet_status linnet_value_string(const linnet_value* value, size_t index, const char** string,
                                               size_t* length);
/// *item becomes tensor or map `index` of a sequence, which shares the elements and is the caller's to destroy.
LINNET_C_API linnet_status linnet_value_item(const linnet_value* value, size_t index, linnet_value** item);
/// *keys becomes the keys of a map, which share its elements and are the caller's to destroy.
LINNET_C_API linnet_status linnet_value_keys(const linnet_value* value, linnet_value** keys);
/// *values becomes the values of a map, beside its keys; the same holds.
LINNET_C_API linnet_status linnet_value_values(const linnet_value* value, linnet_value** values);
/// Reads a serialized TensorProto (of numbers or strings), SequenceProto or OptionalProto of ONNX; which, `kind` says.
/// *value is NULL for an optional that is not there.
LINNET_C_API linnet_status linnet_value_read_proto(const char* path, linnet_kind kind, linnet_value** value);
/// As linnet_model_run, with inputs and outputs of every kind. A tensor or sequence stands for an optional that is
/// there, NULL for one that is not, among `inputs` and among `outputs`.
LINNET_C_API linnet_status linnet_model_run_values(const linnet_model* model, const linnet_value* const* inputs,
                                                   size_t input_count, linnet_value** outputs, size_t output_count,
                                                   const linnet_run_options* options);
/// The same on this session. Bound buffers and values are unbound.
LINNET_C_API linnet_status linnet_session_run_values(linnet_session* session, const linnet_value* const* inputs,
                                                     size_t input_count, linnet_value** outputs, size_t output_count,
                                                     const linnet_run_options* options);
/// Input `index` is this value at every run until bound anew. The session shares the value, which stays the caller's to
/// destroy at any time. NULL: an optional that is not there.
LINNET_C_API linnet_status linnet_session_bind_value(linnet_session* session, size_t index, const linnet_value* value);
/// *value becomes a copy of the result of the last run, the caller's to destroy; NULL for an optional that is not
/// there.
LINNET_C_API linnet_status linnet_session_output_value(const linnet_session* session, size_t index,
                                                       linnet_value** value);

/// Options of runs: no token, no time limit at first. May be used for any number of runs.
LINNET_C_API linnet_status linnet_run_options_create(linnet_run_options** options);
LINNET_C_API void linnet_run_options_destroy(linnet_run_options* options);
/// Runs stop soon after the token is cancelled (LINNET_CANCELLED). NULL: no token. The token must live as long as runs
/// with these options.
LINNET_C_API linnet_status linnet_run_options_set_cancel_token(linnet_run_options* options,
                                                               const linnet_cancel_token* token);
/// Every run may take this long (LINNET_DEADLINE_EXCEEDED); 0: no limit. Less than 0 is refused.
LINNET_C_API linnet_status linnet_run_options_set_timeout(linnet_run_options* options, int64_t nanoseconds);

LINNET_C_API linnet_status linnet_cancel_token_create(linnet_cancel_token** token);
LINNET_C_API void linnet_cancel_token_destroy(linnet_cancel_token* token);
/// Stops runs under way and to come, until reset. From any thread, and from a signal handler. NULL is fine.
LINNET_C_API void linnet_cancel_token_cancel(linnet_cancel_token* token);
/// Runs go on again. NULL is fine.
LINNET_C_API void linnet_cancel_token_reset(linnet_cancel_token* token);
/// Whether it was cancelled; 0 for NULL.
LINNET_C_API int32_t linnet_cancel_token_cancelled(const linnet_cancel_token* token);

#ifdef __cplusplus
}
#endif

#endif  // LINNET_LINNET_H_
