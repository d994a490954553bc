// .npy files that are none, and what is said of them.
#include <linnet/tensor_file.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loaders/temporary_folder.hpp"
#include "tests/support/tensor_difference.hpp"

namespace linnet::test {
namespace {

/// Version 1.0, with this description of the elements and no data.
std::string npy(const std::string& description) {
  std::string header = "{'descr': " + description + ", 'fortran_order': False, 'shape': (0,), }\n";
  std::string file = "\x93NUMPY";
  file += std::string("\1\0", 2);
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header;
}

/// The header of a zip archive's first member.
std::string zip_of(const std::string& name) {
  std::string header = "PK\3\4" + std::string(22, '\0');
  header += static_cast<char>(name.size());
  return header + std::string(3, '\0') + name + "the rest";
}

TEST(TensorProtoFiles, KeepEveryType) {
  const TemporaryFolder folder;
  for (int number = 1; number <= static_cast<int>(DataType::kInt2); ++number) {
    const auto type = static_cast<DataType>(number);
    if (type == DataType::kString || type == DataType::kComplex64 || type == DataType::kComplex128) continue;
    for (const Shape& shape : {Shape{3, 300}, Shape{}, Shape{0, 5}, Shape{7}}) {
      Tensor tensor(type, shape);
      for (std::size_t i = 0; i < tensor.bytes(); ++i)
        static_cast<unsigned char*>(tensor.data())[i] = static_cast<unsigned char>(type == DataType::kBool ? i % 2 : i);
      const std::string path = folder.path() + "/x.pb";
      write_tensor_proto(path, tensor.view());
      const Tensor read = read_tensor_proto(path);
      EXPECT_EQ(bit_difference(read.view(), tensor.view()), "") << name_of(type);
    }
  }
}

TEST(WriteNpy, SaysWhatItCannotHold) {
  const TemporaryFolder folder;
  const Tensor tensor(DataType::kInt4, {3});
  EXPECT_EQ(tensor.bytes(), 2U);
  EXPECT_EQ(tensor.count(), 3U);
  try {
    write_npy(folder.path() + "/x.npy", tensor.view());
    ADD_FAILURE() << "was written";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a tensor of int4 cannot be written as .npy");
  }
}

TEST(ReadNpy, SaysWhatAFileSeemsToBe) {
  struct Case {
    const char* name;
    std::string bytes;
    std::vector<std::string> parts;
  };
  const Case cases[] = {
      {"npz",
       zip_of("weights.npy"),
       {"is an archive of arrays (.npz), the first is \"weights\"", "numpy.save(\"array.npy\", numpy.load(",
        "[\"weights\"]"}},
      {"other archive", zip_of("archive/data.pkl"), {"is not a usable .npy file: it is a zip archive"}},
      {"cut archive", "PK\3\4", {"it is a zip archive"}},
      {"empty archive name", zip_of(""), {"it is a zip archive"}},
      {"pickle", "\x80\4\x95", {"it is a pickle"}},
      {"empty", "", {"it is empty"}},
      {"text", "1 2 3\n", {"it does not begin with \\x93NUMPY"}},
      {"objects", npy("'|O'"), {"holds Python objects (dtype=object", "numpy.array(a.tolist(), dtype=\"float32\")"}},
      {"text elements", npy("'<U5'"), {"holds text"}},
      {"byte strings", npy("'|S12'"), {"holds text"}},
      {"dates", npy("'<M8[ns]'"), {"holds dates or durations"}},
      {"structures", npy("[('a', '<f4'), ('b', '<i8')]"), {"holds structures (a record array)"}},
      {"complex", npy("'<c8'"), {"element type '<c8'", "is not supported"}},
      {"no type", npy("''"), {"the header has no element type"}},
      {"big-endian", npy("'>f4'"), {"big-endian data is not supported"}},
  };
  const TemporaryFolder folder;
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    try {
      read_npy(folder.write("x.npy", each.bytes));
      ADD_FAILURE() << "was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      for (const std::string& part : each.parts) EXPECT_THAT(error.what(), testing::HasSubstr(part));
    }
  }
  EXPECT_EQ(read_npy(folder.write("x.npy", npy("'<f4'"))).shape(), (Shape{0}));
}

}  // namespace
}  // namespace linnet::test
