#include "runtime/float_mode.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace linnet::internal {
namespace {

#if defined(__x86_64__)
constexpr unsigned long kFlushBits = 0x8040;  // flush to zero (bit 15), denormals are zero (bit 6)
unsigned long read_mode() { return _mm_getcsr(); }
void write_mode(unsigned long mode) { _mm_setcsr(static_cast<unsigned>(mode)); }
#elif defined(__aarch64__)
constexpr unsigned long kFlushBits = 1UL << 24;  // FPCR.FZ
unsigned long read_mode() {
  unsigned long mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
void write_mode(unsigned long mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
constexpr unsigned long kFlushBits = 0;
unsigned long read_mode() { return 0; }
void write_mode(unsigned long) {}
#endif

}  // namespace

FloatMode::FloatMode(bool flush) noexcept : saved_(read_mode()) {
  const unsigned long wanted = flush ? saved_ | kFlushBits : saved_ & ~kFlushBits;
  changed_ = wanted != saved_;
  if (changed_) write_mode(wanted);
}

FloatMode::~FloatMode() {
  if (changed_) write_mode(saved_);
}

}  // namespace linnet::internal
