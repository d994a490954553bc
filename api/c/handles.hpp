// What the opaque handles of <linnet/linnet.h> are.
#pragma once

#include <linnet/linnet.h>

#include <linnet/value.hpp>

struct linnet_options {
  linnet::Options value;
};

struct linnet_model {
  linnet::Model value;
};

struct linnet_session {
  linnet::Session value;
};

struct linnet_tensor {
  linnet::Tensor value;
};

/// Never nothing, which is a null pointer.
struct linnet_value {
  linnet::Value value;
};

struct linnet_run_options {
  linnet::RunOptions value;
};

struct linnet_cancel_token {
  linnet::CancelToken value;
};

namespace linnet::internal {

/// Infos are borrowed from the model, so their handles are the addresses of the model's own.
inline const linnet_value_info* handle_of(const ValueInfo& info) {
  return reinterpret_cast<const linnet_value_info*>(&info);
}
inline const ValueInfo& info_of(const linnet_value_info& handle) { return reinterpret_cast<const ValueInfo&>(handle); }

}  // namespace linnet::internal
