// LINNET_DISPATCH(Function)(arguments...) calls the version of a function exported with HWY_EXPORT that suits this CPU
// and LINNET_ISA. Warm, it neither locks nor allocates.
#ifndef LINNET_OPS_KERNELS_DISPATCH_H_
#define LINNET_OPS_KERNELS_DISPATCH_H_

#include "ops/kernels/highway_config.h"

#include "hwy/highway.h"
#include "ops/kernels/targets.hpp"

#define LINNET_DISPATCH(function) (::linnet::kernels::initialize_targets(), HWY_DYNAMIC_DISPATCH(function))

#endif  // LINNET_OPS_KERNELS_DISPATCH_H_
