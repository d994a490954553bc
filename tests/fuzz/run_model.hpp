// What the fuzzers ask of a model that may be anything.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::test {

/// A model that loads must run, or throw linnet::Error, within its memory budget and deadline, and give the same bits
/// twice, unless an operator may draw random numbers; else the process ends here. A checksum of the bytes chooses the
/// size of unknown dimensions and the backend, and the bytes themselves fill the inputs. Returns whether it ran.
bool run_model(const std::uint8_t* data, std::size_t size);

}  // namespace linnet::test
