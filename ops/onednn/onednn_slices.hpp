// Puts more than one thread to work on a problem whose rows are independent: oneDNN primitives are made for one thread
// each, and this cuts the rows into slices for RunControl::parallel_for. The cut depends on the problem only, so the
// result does not depend on the number of threads.
#pragma once

#include <algorithm>
#include <atomic>

#include "ops/onednn/onednn_backend.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Primitives for slices of `slice_rows` rows and for what is left at the end.
struct OnednnSlices {
  std::int64_t rows = 0;
  std::int64_t slice_rows = 1;
  std::int64_t row_elements = 1;  ///< for the user: what a row is
  OnednnPrimitivePtr whole;       ///< null when there are fewer than slice_rows rows
  OnednnPrimitivePtr last;        ///< null when slice_rows divides rows
  std::size_t worker_bytes = 0;   ///< workspace of one worker

  std::size_t count() const { return static_cast<std::size_t>((rows + slice_rows - 1) / slice_rows); }
};

/// `make(rows)` returns the OnednnPrimitivePtr for so many rows. Requires: slice_rows > 0. Errors: those of `make`.
template <typename Make>
OnednnSlices make_onednn_slices(std::int64_t rows, std::int64_t slice_rows, const Make& make) {
  OnednnSlices slices;
  slices.rows = rows;
  slices.slice_rows = slice_rows;
  if (rows >= slice_rows) slices.whole = make(slice_rows);
  if (rows % slice_rows != 0) slices.last = make(rows % slice_rows);
  const OnednnApi* api = onednn_api(nullptr);
  for (const OnednnPrimitivePtr* primitive : {&slices.whole, &slices.last}) {
    if (*primitive != nullptr)
      slices.worker_bytes = std::max(slices.worker_bytes, api->workspace_bytes(primitive->get()));
  }
  slices.worker_bytes = (slices.worker_bytes + 63) / 64 * 64;
  return slices;
}

/// Executes every slice; `buffers_of(first_row)` says where the slice that starts there reads and writes (its workspace
/// is set here). Requires: args.workspace has threads() * worker_bytes bytes. `work`: nanoseconds of the whole on one
/// thread. Errors: those of check_onednn.
template <typename BuffersOf>
void execute_onednn_slices(const OnednnSlices& slices, const RunArguments& args, double work,
                           const BuffersOf& buffers_of) {
  const OnednnApi* api = onednn_api(nullptr);
  std::atomic<OnednnStatus> status{OnednnStatus::kOk};
  args.control.parallel_for(slices.count(), work, [&](std::size_t slice, std::size_t worker) {
    const std::int64_t first_row = static_cast<std::int64_t>(slice) * slices.slice_rows;
    const bool is_whole = first_row + slices.slice_rows <= slices.rows;
    OnednnBuffers buffers = buffers_of(first_row);
    buffers.workspace = static_cast<std::byte*>(args.workspace) + worker * slices.worker_bytes;
    const OnednnStatus result = api->execute(is_whole ? slices.whole.get() : slices.last.get(), &buffers);
    if (result != OnednnStatus::kOk) status.store(result, std::memory_order_relaxed);
  });
  check_onednn(status.load(std::memory_order_relaxed));
}

}  // namespace linnet::internal
