// oneDNN's C handles as owners, and its status codes as exceptions inside the module.
#pragma once

#include <dnnl.h>

#include <memory>
#include <new>

#include "ops/onednn/onednn_api.hpp"

namespace linnet::internal::onednn {

/// Thrown inside the module only; the functions of the table turn it into a status.
struct Failure {
  OnednnStatus status;
};

inline void check(dnnl_status_t status) {
  if (status == dnnl_success) return;
  if (status == dnnl_out_of_memory) throw Failure{OnednnStatus::kOutOfMemory};
  throw Failure{status == dnnl_unimplemented ? OnednnStatus::kUnsupported : OnednnStatus::kFailed};
}

/// Runs `body` and says how it ended.
template <typename Body>
OnednnStatus guarded(const Body& body) noexcept {
  try {
    body();
    return OnednnStatus::kOk;
  } catch (const Failure& failure) {
    return failure.status;
  } catch (const std::bad_alloc&) {
    return OnednnStatus::kOutOfMemory;
  } catch (...) {
    return OnednnStatus::kFailed;
  }
}

struct Destroy {
  void operator()(dnnl_engine_t engine) const noexcept { dnnl_engine_destroy(engine); }
  void operator()(dnnl_stream_t stream) const noexcept { dnnl_stream_destroy(stream); }
  void operator()(dnnl_memory_t memory) const noexcept { dnnl_memory_destroy(memory); }
  void operator()(dnnl_memory_desc_t desc) const noexcept { dnnl_memory_desc_destroy(desc); }
  void operator()(dnnl_primitive_t primitive) const noexcept { dnnl_primitive_destroy(primitive); }
  void operator()(dnnl_primitive_desc_t desc) const noexcept { dnnl_primitive_desc_destroy(desc); }
  void operator()(dnnl_primitive_attr_t attributes) const noexcept { dnnl_primitive_attr_destroy(attributes); }
  void operator()(dnnl_post_ops_t post_ops) const noexcept { dnnl_post_ops_destroy(post_ops); }
};
using Engine = std::unique_ptr<dnnl_engine, Destroy>;
using Stream = std::unique_ptr<dnnl_stream, Destroy>;
using Memory = std::unique_ptr<dnnl_memory, Destroy>;
using MemoryDesc = std::unique_ptr<dnnl_memory_desc, Destroy>;
using Primitive = std::unique_ptr<dnnl_primitive, Destroy>;
using PrimitiveDesc = std::unique_ptr<dnnl_primitive_desc, Destroy>;
using PrimitiveAttributes = std::unique_ptr<dnnl_primitive_attr, Destroy>;
using PostOps = std::unique_ptr<dnnl_post_ops, Destroy>;

/// For oneDNN's functions that write a handle: `created<Stream>([&](auto* out) { return dnnl_stream_create(out, ...);
/// })`.
template <typename Owner, typename Create>
Owner created(const Create& create) {
  typename Owner::pointer handle = nullptr;
  check(create(&handle));
  return Owner(handle);
}

/// A CPU engine that lives as long as the process. Errors: Failure.
dnnl_engine_t engine();

/// Attributes that leave the scratchpad to the caller.
PrimitiveAttributes user_scratchpad_attributes();

/// oneDNN's name and parameters of an activation. Requires: not kNone.
struct EltwiseKind {
  dnnl_alg_kind_t algorithm;
  float alpha, beta;
};
EltwiseKind eltwise_kind(const OnednnActivation& activation);

/// While it lives, OpenMP code called by this thread uses this thread alone.
class OneThread {
 public:
  OneThread() noexcept;
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_before_;
};

}  // namespace linnet::internal::onednn
