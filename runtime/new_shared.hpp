// Objects with several owners.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace linnet::internal {

/// `object`, which its last owner gives to `destroy`. Errors: std::bad_alloc; the object is destroyed then, too.
std::shared_ptr<void> own(void* object, void (*destroy)(void*));

template <typename T>
void destroy(void* object) {
  delete static_cast<T*>(object);
}

/// What std::make_shared is for, in the many places that prepare work: an allocation more, but no class of its own for
/// every T, which takes half a kilobyte of code, names and relocations.
template <typename T, typename... Arguments>
std::shared_ptr<T> new_shared(Arguments&&... arguments) {
  T* const object = new T(std::forward<Arguments>(arguments)...);
  return std::shared_ptr<T>(own(const_cast<std::remove_const_t<T>*>(object), destroy<T>), object);
}

}  // namespace linnet::internal
