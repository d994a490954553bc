// What a TensorProto becomes, and where its bytes lie. What is refused: tests/hostile/tensors_test.cpp.
#include "loaders/onnx/tensor.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/data_type.hpp"
#include "tests/loaders/temporary_folder.hpp"
#include "tests/loaders/toy_operators.hpp"

namespace linnet::test {
namespace {

using internal::ConstantPtr;
using internal::MappedFile;
using internal::onnx::ExternalData;
using internal::onnx::read;
using internal::onnx::read_tensor;
using internal::onnx::Span;
using internal::onnx::TensorProto;
using testing::ElementsAre;

ConstantPtr read_from(const std::shared_ptr<const MappedFile>& file, const Options& options = {},
                      std::size_t offset = 0) {
  ExternalData external(options);
  const char* data = reinterpret_cast<const char*>(file->data());
  return read_tensor(read<TensorProto>(Span{data + offset, file->size() - offset, data}), {file, &external, &options});
}

ConstantPtr read_bytes(const Message& message, const Options& options = {}) {
  return read_from(MappedFile::copy(message.str().data(), message.str().size()), options);
}

template <typename T>
std::vector<T> elements(const ConstantPtr& constant) {
  return std::vector<T>(constant->as<T>(), constant->as<T>() + constant->count());
}

TEST(ReadTensor, TakesEveryTypeFromRawData) {
  const DataType types[] = {DataType::kFloat32, DataType::kUint8,   DataType::kInt8,   DataType::kUint16,
                            DataType::kInt16,   DataType::kInt32,   DataType::kInt64,  DataType::kBool,
                            DataType::kFloat16, DataType::kFloat64, DataType::kUint32, DataType::kUint64,
                            DataType::kBfloat16};
  for (const DataType type : types) {
    std::string bytes(6 * size_of(type), '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(type == DataType::kBool ? i % 2 : i);
    const ConstantPtr constant = read_bytes(raw_tensor(type, {2, 3}, bytes));
    EXPECT_EQ(constant->type, type);
    EXPECT_THAT(constant->shape, ElementsAre(2, 3));
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(constant->data), constant->bytes), bytes) << name_of(type);
  }
}

TEST(ReadTensor, TakesEveryTypeFromItsList) {
  EXPECT_THAT(elements<float>(read_bytes(tensor_header(DataType::kFloat32, {2}).float32(4, 1.5f).float32(4, -2))),
              ElementsAre(1.5f, -2.0f));
  EXPECT_THAT(elements<double>(read_bytes(tensor_header(DataType::kFloat64, {1}).float64(10, 1.5))), ElementsAre(1.5));
  EXPECT_THAT(elements<std::int64_t>(read_bytes(tensor_header(DataType::kInt64, {2}).packed(7, {-1, INT64_MAX}))),
              ElementsAre(-1, INT64_MAX));
  EXPECT_THAT(elements<std::int32_t>(read_bytes(tensor_header(DataType::kInt32, {2}).packed(5, {-7, INT32_MIN}))),
              ElementsAre(-7, INT32_MIN));
  EXPECT_THAT(elements<std::int32_t>(read_bytes(tensor_header(DataType::kInt32, {1}).varint(5, 0xffffffff))),
              ElementsAre(-1))
      << "32 bits of it count";
  EXPECT_THAT(elements<std::int16_t>(read_bytes(tensor_header(DataType::kInt16, {1}).packed(5, {-32768}))),
              ElementsAre(-32768));
  EXPECT_THAT(elements<std::int8_t>(read_bytes(tensor_header(DataType::kInt8, {2}).packed(5, {-128, 127}))),
              ElementsAre(-128, 127));
  EXPECT_THAT(elements<std::uint8_t>(read_bytes(tensor_header(DataType::kUint8, {1}).packed(5, {255}))),
              ElementsAre(255));
  EXPECT_THAT(elements<std::uint16_t>(read_bytes(tensor_header(DataType::kUint16, {1}).packed(5, {65535}))),
              ElementsAre(65535));
  EXPECT_THAT(elements<std::uint32_t>(read_bytes(tensor_header(DataType::kUint32, {1}).packed(11, {4294967295}))),
              ElementsAre(4294967295u));
  EXPECT_THAT(elements<std::uint64_t>(read_bytes(tensor_header(DataType::kUint64, {1}).varint(11, UINT64_MAX))),
              ElementsAre(UINT64_MAX));
  EXPECT_THAT(elements<bool>(read_bytes(tensor_header(DataType::kBool, {3}).packed(5, {0, 1, 2}))),
              ElementsAre(false, true, true));
  // 1.0 as bits in the two 16-bit formats.
  EXPECT_THAT(elements<std::uint16_t>(read_bytes(tensor_header(DataType::kFloat16, {1}).packed(5, {0x3c00}))),
              ElementsAre(0x3c00));
  EXPECT_THAT(elements<std::uint16_t>(read_bytes(tensor_header(DataType::kBfloat16, {1}).packed(5, {0x3f80}))),
              ElementsAre(0x3f80));
}

TEST(ReadTensor, TakesSmallTypesFromRawDataAndFromTheirList) {
  const std::string bytes("\x21\xf3\x84\0\xff", 5);
  const std::vector<std::int64_t> list = {0x21, 0xf3, 0x84, 0, 0xff};
  for (const auto& [type, count] : {std::pair<DataType, std::int64_t>{DataType::kFloat8e4m3fn, 5},
                                    {DataType::kFloat8e4m3fnuz, 5},
                                    {DataType::kFloat8e5m2, 5},
                                    {DataType::kFloat8e5m2fnuz, 5},
                                    {DataType::kFloat8e8m0, 5},
                                    {DataType::kFloat4e2m1, 9},
                                    {DataType::kInt4, 9},
                                    {DataType::kUint4, 10},
                                    {DataType::kInt2, 17},
                                    {DataType::kUint2, 20}}) {
    for (const ConstantPtr& constant :
         {read_bytes(raw_tensor(type, {count}, bytes)), read_bytes(tensor_header(type, {count}).packed(5, list))}) {
      EXPECT_EQ(constant->type, type);
      EXPECT_EQ(constant->count(), count) << name_of(type);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(constant->data), constant->bytes), bytes) << name_of(type);
    }
  }
  EXPECT_EQ(read_bytes(tensor_header(DataType::kInt4, {0}))->bytes, 0U);
}

TEST(ReadTensor, MakesBoolsZeroOrOne) {
  const ConstantPtr constant = read_bytes(raw_tensor(DataType::kBool, {4}, std::string("\0\1\2\xff", 4)));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(constant->data), 4), std::string("\0\1\1\1", 4));
}

TEST(ReadTensor, ScalarsAndEmptyTensors) {
  EXPECT_THAT(elements<float>(read_bytes(tensor<float>({}, {3}))), ElementsAre(3));
  EXPECT_EQ(read_bytes(tensor_header(DataType::kFloat32, {0}))->bytes, 0u);
  const ConstantPtr huge = read_bytes(tensor_header(DataType::kFloat32, {0, INT64_MAX, INT64_MAX}));
  EXPECT_EQ(huge->bytes, 0u);
  EXPECT_EQ(huge->count(), 0);
  EXPECT_EQ(read_bytes(tensor_header(DataType::kFloat32, {2}).float32(4, 1).float32(4, 2).bytes(9, ""))->bytes, 8u)
      << "an empty raw_data beside a list is none";
}

TEST(ReadTensor, KeepsNanInfinitiesAndDenormals) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ConstantPtr constant =
      read_bytes(tensor<float>({4}, {nan, INFINITY, -INFINITY, std::numeric_limits<float>::denorm_min()}));
  EXPECT_TRUE(std::isnan(constant->as<float>()[0]));
  EXPECT_EQ(constant->as<float>()[3], std::numeric_limits<float>::denorm_min());
}

/// A file that is large enough to be mapped and holds one TensorProto, whose raw_data begins at a multiple of 64 plus
/// `shift`.
std::shared_ptr<const MappedFile> mapped_tensor(const TemporaryFolder& folder, DataType type, std::size_t count,
                                                std::size_t shift, std::size_t* begin) {
  const std::string data(internal::array_bytes(type, count), '\1');
  for (std::size_t padding = 0;; ++padding) {
    const Message message = Message()
                                .bytes(12, std::string(padding, ' '))
                                .raw(raw_tensor(type, {static_cast<std::int64_t>(count)}, data).str());
    *begin = message.str().size() - data.size();
    if (*begin % 64 == shift) return MappedFile::open(folder.write("tensor.pb", message.str()), 0);
  }
}

TEST(ReadTensor, LeavesFloatsInTheMapAndCopiesTheRest) {
  const TemporaryFolder folder;
  std::size_t begin = 0;
  const auto aligned = mapped_tensor(folder, DataType::kFloat32, 50000, 4, &begin);
  ASSERT_FALSE(aligned->is_private());
  EXPECT_EQ(read_from(aligned)->data, aligned->data() + begin);
  EXPECT_EQ(read_from(aligned)->owner, aligned);

  Options copy;
  copy.copy_weights = true;
  const ConstantPtr copied = read_from(aligned, copy);
  EXPECT_NE(copied->data, aligned->data() + begin);
  EXPECT_NE(copied->owner, aligned);

  for (const auto& [type, shift] : {std::pair{DataType::kInt64, 8}, {DataType::kBool, 0}}) {
    const auto file = mapped_tensor(folder, type, 80000, static_cast<std::size_t>(shift), &begin);
    const ConstantPtr constant = read_from(file);
    EXPECT_NE(constant->data, file->data() + begin) << name_of(type) << " at " << shift;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(constant->data) % 64, 0u);
    EXPECT_EQ(constant->data[constant->bytes - 1], std::byte{1});
  }
}

TEST(ReadTensor, LeavesFloatsAtAnyAddressAndAlignsThemWhenAsked) {
  const TemporaryFolder folder;
  for (const auto& [type, shift] : {std::pair{DataType::kFloat32, 3},
                                    {DataType::kFloat64, 4},
                                    {DataType::kFloat16, 1},
                                    {DataType::kBfloat16, 63},
                                    {DataType::kFloat8e5m2, 3},
                                    {DataType::kInt4, 5}}) {
    SCOPED_TRACE(name_of(type));
    std::size_t begin = 0;
    const auto file = mapped_tensor(folder, type, 300000, static_cast<std::size_t>(shift), &begin);
    const ConstantPtr constant = read_from(file);
    EXPECT_EQ(constant->data, file->data() + begin);
    EXPECT_EQ(constant->owner, file);
    const std::byte* elements = constant->aligned();
    if (size_of(type) > 1) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(elements) % 64, 0u);
    }
    EXPECT_EQ(std::memcmp(elements, constant->data, constant->bytes), 0);
    EXPECT_EQ(constant->aligned(), elements) << "copied once";
    EXPECT_EQ(internal::Constant(*constant).aligned(), elements) << "and shared";
  }
}

TEST(ReadTensor, LeavesFloatsInMemoryAtAnyAddress) {
  std::string bytes = tensor<float>({2000}, std::vector<float>(2000, 1.5F)).str();
  while (bytes.find(bytes_of(std::vector<float>{1.5F})) % 4 != 1) bytes = Message().bytes(12, "?").raw(bytes).str();
  const auto file = MappedFile::copy(bytes.data(), bytes.size());
  const ConstantPtr constant = read_from(file);
  EXPECT_EQ(constant->owner, file);
  EXPECT_EQ(constant->as<float>()[1999], 1.5F);
}

TEST(ReadTensor, DoesNotKeepAFileForSmallTensors) {
  const auto file = MappedFile::copy(tensor<float>({2}, {1, 2}).str().data(), tensor<float>({2}, {1, 2}).str().size());
  const ConstantPtr constant = read_from(file);
  EXPECT_EQ(file.use_count(), 1);
  EXPECT_THAT(elements<float>(constant), ElementsAre(1, 2));
}

}  // namespace
}  // namespace linnet::test
