// The packed weights of a model, made once and shared by its programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "runtime/op.hpp"

namespace linnet::internal {

/// Thread-safety: get may be called from several threads; one packs at a time.
class WeightsStore : public PackedWeights {
 public:
  /// Of everything that it keeps together; get refuses more (kLimitExceeded).
  explicit WeightsStore(std::size_t most_bytes = SIZE_MAX) : most_bytes_(most_bytes) {}

  std::shared_ptr<const std::byte> get(const ConstantPtr& source, const std::string& key, std::size_t bytes,
                                       const std::function<void(std::byte*)>& pack) override;
  std::size_t total_bytes() const;
  /// For the child of a fork: empty, if another thread was packing. What programs hold stays theirs.
  void start_anew_after_fork() noexcept;

 private:
  struct Entry {
    ConstantPtr source;  ///< keeps the address, which is the key, from being reused
    std::shared_ptr<const std::byte> packed;
  };
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  /// Address and type of the source, bytes of what is packed, and the packer's key: a key that forgets something never
  /// gives less memory than was asked for.
  using Where = std::tuple<const void*, DataType, std::size_t, std::string>;
  std::map<Where, Entry> entries_;
  std::size_t total_bytes_ = 0;
};

}  // namespace linnet::internal
