#include "runtime/planner.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

using Order = std::vector<std::uint32_t>;

/// Above this many blocks, quadratic placement is too slow: one linear sweep in step order does it.
constexpr std::size_t kMostQuadraticBlocks = 2000;
/// Pairs of blocks that the search may look at in all; about 10 ms.
constexpr std::size_t kSearchPairs = 4000000;

bool live_together(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

std::size_t checked_sum(const std::vector<Block>& blocks) {
  std::size_t sum = 0;
  for (const Block& block : blocks) {
    if (__builtin_add_overflow(sum, block.bytes, &sum))
      fail(ErrorCode::kLimitExceeded, "the values of a run need more bytes than 64 bits can count");
  }
  return sum;
}

/// (key, value): one sort serves all keys.
using Keyed = std::vector<std::pair<std::size_t, std::size_t>>;

/// The numbers of the blocks by their keys, the least first; equal ones as they stand.
Order sorted_by(const std::vector<Block>& blocks, std::size_t (*key)(const Block&)) {
  Keyed keyed;
  keyed.reserve(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) keyed.emplace_back(key(blocks[i]), i);
  std::sort(keyed.begin(), keyed.end());
  Order order;
  order.reserve(blocks.size());
  for (const auto& [unused, block] : keyed) order.push_back(static_cast<std::uint32_t>(block));
  return order;
}

std::size_t first_step(const Block& block) { return block.first; }
std::size_t last_step(const Block& block) { return block.last; }
// What is most comes first.
std::size_t most_bytes(const Block& block) { return ~block.bytes; }
std::size_t longest(const Block& block) { return ~(block.last - block.first); }
std::size_t most_bytes_and_steps(const Block& block) {
  std::size_t product = 0;
  return __builtin_mul_overflow(block.bytes, block.last - block.first + 1, &product) ? 0 : ~product;
}

/// Puts the blocks down in this order, each at the lowest offset where it fits among those that live beside it.
class GreedyPlacement {
 public:
  explicit GreedyPlacement(const std::vector<Block>& blocks) : blocks_(blocks) { by_offset_.reserve(blocks.size()); }

  /// Arena bytes; gives up, with the bytes so far, as soon as they reach `give_up_at`.
  std::size_t place(const Order& order, std::vector<std::size_t>& offsets, std::size_t give_up_at) {
    by_offset_.clear();
    std::size_t arena = 0;
    for (const std::uint32_t id : order) {
      const Block& block = blocks_[id];
      std::size_t offset = 0;
      for (const std::uint32_t other : by_offset_) {
        if (!live_together(block, blocks_[other])) continue;
        if (offsets[other] >= offset + block.bytes) break;
        offset = std::max(offset, offsets[other] + blocks_[other].bytes);
      }
      offsets[id] = offset;
      arena = std::max(arena, offset + block.bytes);
      if (arena >= give_up_at) return arena;
      const auto lower = [&](std::uint32_t a, std::uint32_t b) { return offsets[a] < offsets[b]; };
      by_offset_.insert(std::upper_bound(by_offset_.begin(), by_offset_.end(), id, lower), id);
    }
    return arena;
  }

 private:
  const std::vector<Block>& blocks_;
  std::vector<std::uint32_t> by_offset_;
};

/// Best fit in step order with a list of free gaps; for very many blocks.
std::size_t sweep(const std::vector<Block>& blocks, std::vector<std::size_t>& offsets) {
  const Order by_first = sorted_by(blocks, first_step);
  const Order by_last = sorted_by(blocks, last_step);
  std::map<std::size_t, std::size_t> gaps;                 // offset -> bytes
  std::set<std::pair<std::size_t, std::size_t>> by_bytes;  // (bytes, offset)
  std::size_t arena = 0;
  const auto add_gap = [&](std::size_t offset, std::size_t bytes) {
    auto next = gaps.lower_bound(offset);
    if (next != gaps.begin()) {
      const auto previous = std::prev(next);
      if (previous->first + previous->second == offset) {
        offset = previous->first;
        bytes += previous->second;
        by_bytes.erase({previous->second, previous->first});
        gaps.erase(previous);
      }
    }
    if (next != gaps.end() && offset + bytes == next->first) {
      bytes += next->second;
      by_bytes.erase({next->second, next->first});
      gaps.erase(next);
    }
    gaps.emplace(offset, bytes);
    by_bytes.emplace(bytes, offset);
  };
  std::size_t ended = 0;
  for (const std::uint32_t id : by_first) {
    for (; ended < by_last.size() && blocks[by_last[ended]].last < blocks[id].first; ++ended) {
      if (blocks[by_last[ended]].bytes > 0) add_gap(offsets[by_last[ended]], blocks[by_last[ended]].bytes);
    }
    const std::size_t bytes = blocks[id].bytes;
    const auto fit = by_bytes.lower_bound({bytes, 0});
    if (bytes == 0 || fit == by_bytes.end()) {
      offsets[id] = bytes == 0 ? 0 : arena;
      arena += bytes;
      continue;
    }
    const auto [gap_bytes, offset] = *fit;
    by_bytes.erase(fit);
    gaps.erase(offset);
    offsets[id] = offset;
    if (gap_bytes > bytes) {
      gaps.emplace(offset + bytes, gap_bytes - bytes);
      by_bytes.emplace(gap_bytes - bytes, offset + bytes);
    }
  }
  return arena;
}

/// xorshift64*, so that a plan is the same on every machine.
class Random {
 public:
  std::size_t below(std::size_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::size_t>((state_ * 0x2545F4914F6CDD1DULL) >> 11) % bound;
  }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15ULL;
};

class Search {
 public:
  Search(const std::vector<Block>& blocks, MemoryPlan& best)
      : blocks_(blocks), placement_(blocks), best_(best), offsets_(blocks.size()) {}

  bool done() const { return best_.arena_bytes == best_.lower_bound_bytes; }

  void try_order(const Order& order) {
    if (done()) return;
    const std::size_t arena = placement_.place(order, offsets_, best_.arena_bytes);
    if (arena >= best_.arena_bytes) return;
    best_.arena_bytes = arena;
    best_.offsets = offsets_;
    best_order_ = order;
  }

  /// Swaps two blocks of the best order and keeps what is no worse.
  void climb() {
    const std::size_t count = blocks_.size();
    if (count < 3 || best_order_.empty()) return;
    Random random;
    Order order = best_order_;
    std::size_t current = best_.arena_bytes;
    for (std::size_t trial = kSearchPairs / (count * count) + 16; trial > 0 && !done(); --trial) {
      const std::size_t a = random.below(count);
      const std::size_t b = random.below(count);
      std::swap(order[a], order[b]);
      const std::size_t arena = placement_.place(order, offsets_, current + 1);
      if (arena > current) {
        std::swap(order[a], order[b]);
        continue;
      }
      current = arena;
      if (arena < best_.arena_bytes) {
        best_.arena_bytes = arena;
        best_.offsets = offsets_;
      }
    }
  }

 private:
  const std::vector<Block>& blocks_;
  GreedyPlacement placement_;
  MemoryPlan& best_;
  std::vector<std::size_t> offsets_;
  Order best_order_;
};

}  // namespace

std::size_t lower_bound(const std::vector<Block>& blocks) {
  Keyed starts;  // (step, bytes)
  Keyed ends;
  for (const Block& block : blocks) {
    starts.emplace_back(block.first, block.bytes);
    ends.emplace_back(block.last, block.bytes);
  }
  std::sort(starts.begin(), starts.end());
  std::sort(ends.begin(), ends.end());
  std::size_t live = 0;
  std::size_t most = 0;
  std::size_t ended = 0;
  for (const auto& [step, bytes] : starts) {
    for (; ended < ends.size() && ends[ended].first < step; ++ended) live -= ends[ended].second;
    live += bytes;
    most = std::max(most, live);
  }
  return most;
}

MemoryPlan plan_memory(const std::vector<Block>& blocks) {
  const std::size_t sum = checked_sum(blocks);
  MemoryPlan plan;
  plan.offsets.assign(blocks.size(), 0);
  plan.lower_bound_bytes = lower_bound(blocks);
  if (blocks.size() > kMostQuadraticBlocks) {
    plan.arena_bytes = sweep(blocks, plan.offsets);
    return plan;
  }
  if (sum == 0) return plan;
  plan.arena_bytes = sum + 1;  // worse than any placement
  Search search(blocks, plan);
  for (const auto key : {most_bytes, most_bytes_and_steps, longest, first_step})
    search.try_order(sorted_by(blocks, key));
  search.climb();
  return plan;
}

std::string check_plan(const std::vector<Block>& blocks, const MemoryPlan& plan) {
  if (plan.offsets.size() != blocks.size()) return text(plan.offsets.size(), " offsets for ", blocks.size(), " blocks");
  const Order by_first = sorted_by(blocks, first_step);
  // The blocks live at the current step, by offset; a new one may overlap none of its neighbours there.
  std::map<std::size_t, std::uint32_t> live;
  std::multimap<std::size_t, std::size_t> ends;  // last step -> offset
  for (const std::uint32_t id : by_first) {
    const Block& block = blocks[id];
    const std::size_t offset = plan.offsets[id];
    if (offset % kArenaAlignment != 0)
      return text("block ", id, " lies at ", offset, ", which is not aligned to ", kArenaAlignment);
    if (offset > plan.arena_bytes || block.bytes > plan.arena_bytes - offset)
      return text("block ", id, " ends past the arena");
    if (block.bytes == 0) continue;
    while (!ends.empty() && ends.begin()->first < block.first) {
      live.erase(ends.begin()->second);
      ends.erase(ends.begin());
    }
    const auto next = live.lower_bound(offset);
    if (next != live.end() && next->first < offset + block.bytes)
      return text("blocks ", id, " and ", next->second, " overlap");
    if (next != live.begin()) {
      const auto previous = std::prev(next);
      if (previous->first + blocks[previous->second].bytes > offset)
        return text("blocks ", previous->second, " and ", id, " overlap");
    }
    live.emplace(offset, id);
    ends.emplace(block.last, offset);
  }
  return "";
}

}  // namespace linnet::internal
