// A C function around the public API, for ctypes: liblinnet_neighbour.so, linked to the shared library.
#include <cstdio>
#include <linnet/linnet.hpp>

/// Runs the model on ones and writes the first `count` floats of its first output. Null, or what went wrong; the text
/// is overwritten by the next call.
extern "C" __attribute__((visibility("default"))) const char* linnet_neighbour_run(const char* path, float* output,
                                                                                   std::size_t count) {
  static char text[512];
  try {
    const linnet::Model model = linnet::Model::load(path);
    std::vector<linnet::Tensor> inputs;
    for (const linnet::ValueInfo& info : model.inputs()) {
      linnet::Shape shape;
      for (const linnet::Dimension& dimension : info.shape) shape.push_back(dimension.value < 0 ? 1 : dimension.value);
      inputs.push_back(linnet::Tensor::of<float>(shape));
      for (std::size_t i = 0; i < inputs.back().count(); ++i) inputs.back().data<float>()[i] = 1.0F;
    }
    const linnet::Tensor result = model.run(inputs).front();
    if (result.count() < count) throw linnet::Error(linnet::ErrorCode::kInvalidArgument, "the output is smaller");
    for (std::size_t i = 0; i < count; ++i) output[i] = result.data<float>()[i];
    return nullptr;
  } catch (const std::exception& error) {
    std::snprintf(text, sizeof text, "%s", error.what());
    return text;
  }
}
