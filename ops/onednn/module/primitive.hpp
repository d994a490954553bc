// What stands behind the opaque OnednnPrimitive: a oneDNN primitive and sets of prebuilt execution arguments.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "ops/onednn/module/handles.hpp"

namespace linnet::internal {

struct OnednnPrimitive {
 public:
  /// One argument: what oneDNN calls it, its description, and which of the caller's pointers it is.
  struct Argument {
    int id;
    onednn::MemoryDesc description;
    void* (*pointer)(const OnednnBuffers&);
  };

  /// Takes the arguments and adds the scratchpad. `contexts`: executions at once that find their arguments ready.
  /// Errors: Failure, std::bad_alloc.
  OnednnPrimitive(const dnnl_primitive_desc* description, std::vector<Argument> arguments, int contexts);
  ~OnednnPrimitive();

  const char* implementation() const { return implementation_.c_str(); }
  std::size_t workspace_bytes() const { return workspace_bytes_; }
  /// The description of an argument; null when there is none of this id.
  dnnl_memory_desc_t description_of(int id) const;
  /// Errors: Failure, std::bad_alloc.
  void execute(const OnednnBuffers& buffers) const;

  /// Of a matmul with packed weights; set by make_matmul, empty otherwise.
  std::string packed_layout;

 private:
  struct Context;
  std::unique_ptr<Context> make_context() const;
  std::unique_ptr<Context> take_context() const;
  void give_back(std::unique_ptr<Context> context) const noexcept;

  onednn::Primitive primitive_;
  std::string implementation_;
  std::size_t workspace_bytes_ = 0;
  std::vector<Argument> arguments_;
  /// Contexts that nobody uses at the moment. A thread takes one by swapping null in, so there is nothing to wait for.
  mutable std::vector<std::atomic<Context*>> idle_;
  mutable std::atomic<bool> executed_{false};
};

namespace onednn {

/// Shorthands for Argument::pointer.
void* src_of(const OnednnBuffers& buffers);
void* weights_of(const OnednnBuffers& buffers);
void* bias_of(const OnednnBuffers& buffers);
void* dst_of(const OnednnBuffers& buffers);

/// A copy of the description that the primitive descriptor has for `query`.
MemoryDesc queried(const dnnl_primitive_desc* description, dnnl_query_t query);

std::unique_ptr<OnednnPrimitive> make_eltwise(const OnednnEltwiseProblem& problem, int contexts);
std::unique_ptr<OnednnPrimitive> make_softmax(const OnednnSoftmaxProblem& problem, int contexts);
std::unique_ptr<OnednnPrimitive> make_matmul(const OnednnMatmulProblem& problem, int contexts);
void pack_weights(const OnednnPrimitive& matmul, const float* b, std::int64_t row_stride, std::int64_t column_stride,
                  void* packed);

}  // namespace onednn
}  // namespace linnet::internal
