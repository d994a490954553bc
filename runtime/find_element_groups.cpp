#include "runtime/find_element_groups.hpp"

#include <algorithm>
#include <set>

#include "runtime/data_type.hpp"
#include "runtime/element_group.hpp"

namespace linnet::internal {
namespace {

class Finder {
 public:
  Finder(const std::vector<ElementStep>& steps, const std::vector<ValueId>& views,
         const std::vector<std::uint32_t>& readers, const std::vector<Value>& values)
      : steps_(steps),
        views_(views),
        readers_(readers),
        values_(values),
        taken_(steps.size(), false),
        maker_(values.size(), kNoStep),
        read_(values.size(), 0) {}

  std::vector<ElementGroupSteps> run() {
    for (std::uint32_t step = 0; step < steps_.size(); ++step) {
      if (steps_[step].inputs != nullptr) maker_[steps_[step].output] = step;
    }
    std::vector<ElementGroupSteps> groups;
    for (std::uint32_t last = static_cast<std::uint32_t>(steps_.size()); last-- > 0;) {
      if (steps_[last].inputs == nullptr || taken_[last]) continue;
      ElementGroupSteps group = grow(last);
      if (group.size() < 2) continue;
      for (const std::uint32_t step : group) taken_[step] = true;
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  static constexpr std::uint32_t kNoStep = ~std::uint32_t{0};

  /// From the last member back: when a step is looked at, all its readers that can be members are.
  ElementGroupSteps grow(std::uint32_t last) {
    count_ = count_of(steps_[last].output);
    if (count_ == 0) return {};
    earliest_ = last;
    candidates_.clear();
    ElementGroupSteps group = {last};
    read_inputs(last);
    while (!candidates_.empty() && group.size() < ElementGroup::kMostMembers) {
      const std::uint32_t step = *candidates_.rbegin();
      candidates_.erase(step);
      if (!joins(step)) continue;
      if (step + 1 == earliest_) earliest_ = step;
      group.push_back(step);
      read_inputs(step);
    }
    for (const ValueId value : touched_) read_[value] = 0;
    touched_.clear();
    std::reverse(group.begin(), group.end());
    return group;
  }

  void read_inputs(std::uint32_t step) {
    for (const ValueId input : *steps_[step].inputs) {
      if (input == kNoValue) continue;
      const ValueId value = views_[input];
      ++read_[value];
      touched_.push_back(value);
      const std::uint32_t maker = maker_[value];
      if (maker != kNoStep && !taken_[maker]) candidates_.insert(maker);
    }
  }

  bool joins(std::uint32_t step) const {
    const ValueId output = steps_[step].output;
    return read_[output] == readers_[output] && count_of(output) == count_ && (step + 1 == earliest_ || may_wait(step));
  }

  std::size_t count_of(ValueId value) const {
    return static_cast<std::size_t>(element_count(values_[value].type.dims).value());
  }

  std::size_t bytes_of(ValueId value) const { return array_bytes(values_[value].type.type, count_of(value)); }

  bool may_wait(std::uint32_t step) const {
    std::size_t bytes = 0;
    for (const ValueId input : *steps_[step].inputs) {
      if (input == kNoValue) continue;
      const Value& value = values_[views_[input]];
      if (value.constant == nullptr && value.producer != kNoNode) bytes += bytes_of(input);
    }
    return bytes <= bytes_of(steps_[step].output);
  }

  const std::vector<ElementStep>& steps_;
  const std::vector<ValueId>& views_;
  const std::vector<std::uint32_t>& readers_;
  const std::vector<Value>& values_;
  std::vector<bool> taken_;
  std::vector<std::uint32_t> maker_;  ///< by value: the line-wise step that makes it
  // Of the group that grows:
  std::vector<std::uint32_t> read_;  ///< by value: how often members read it
  std::vector<ValueId> touched_;
  std::set<std::uint32_t> candidates_;
  std::size_t count_ = 0;
  std::uint32_t earliest_ = 0;  ///< of the members that nothing outside stands between
};

}  // namespace

std::vector<ElementGroupSteps> find_element_groups(const std::vector<ElementStep>& steps,
                                                   const std::vector<ValueId>& views,
                                                   const std::vector<std::uint32_t>& readers,
                                                   const std::vector<Value>& values) {
  return Finder(steps, views, readers, values).run();
}

}  // namespace linnet::internal
