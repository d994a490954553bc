// <linnet/tensor_file.hpp>: NumPy's .npy format as
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html describes it, and TensorProto of onnx.proto.
#include <linnet/tensor_file.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

#include "api/guard.hpp"
#include "loaders/loader.hpp"
#include "loaders/onnx/wire_writer.hpp"
#include "runtime/shape.hpp"

namespace linnet {

using internal::guarded;

namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr std::size_t kMagicBytes = 6;
constexpr std::size_t kMostHeaderBytes = 1 << 20;
constexpr std::size_t kMostRank = 64;

struct NamedType {
  const char* name;  ///< without the byte order
  DataType type;
};
constexpr NamedType kTypes[] = {
    {"f4", DataType::kFloat32}, {"f8", DataType::kFloat64}, {"f2", DataType::kFloat16}, {"V2", DataType::kBfloat16},
    {"b1", DataType::kBool},    {"i1", DataType::kInt8},    {"i2", DataType::kInt16},   {"i4", DataType::kInt32},
    {"i8", DataType::kInt64},   {"u1", DataType::kUint8},   {"u2", DataType::kUint16},  {"u4", DataType::kUint32},
    {"u8", DataType::kUint64},
};

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

struct Header {
  DataType type = DataType::kUndefined;
  bool fortran_order = false;
  Shape shape;
};

[[noreturn]] void damaged(const std::string& path, const char* what) {
  internal::invalid_argument(internal::printable(path), " is not a usable .npy file: ", what);
}

/// The text behind 'key': in a Python dictionary literal, without leading blanks.
std::optional<std::string_view> find_entry(std::string_view dictionary, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "'";
  std::size_t at = dictionary.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  at = dictionary.find(':', at + quoted.size());
  if (at == std::string_view::npos) return std::nullopt;
  at = dictionary.find_first_not_of(' ', at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  return dictionary.substr(at);
}

Shape parse_shape(std::string_view tuple, const std::string& path) {
  if (tuple.empty() || tuple[0] != '(') damaged(path, "the header has no shape");
  Shape shape;
  std::size_t at = 1;
  for (;;) {
    at = tuple.find_first_not_of(" ,", at);
    if (at == std::string_view::npos) damaged(path, "the shape does not end");
    if (tuple[at] == ')') return shape;
    std::int64_t size = 0;
    const auto [end, error] = std::from_chars(tuple.data() + at, tuple.data() + tuple.size(), size);
    if (error != std::errc() || size < 0) damaged(path, "a dimension of the shape is no number");
    shape.push_back(size);
    if (shape.size() > kMostRank) damaged(path, "the rank is above 64");
    at = static_cast<std::size_t>(end - tuple.data());
    if (at < tuple.size() && tuple[at] == 'L') ++at;  // Python 2 wrote long integers so
  }
}

[[noreturn]] void refuse_elements(const std::string& path, const char* elements) {
  internal::invalid_argument(internal::printable(path), " holds ", elements,
                             ", which a model cannot read; in Python: numpy.save(\"numbers.npy\", "
                             "numpy.array(a.tolist(), dtype=\"float32\"))");
}

DataType parse_type(std::string_view description, const std::string& path) {
  if (!description.empty() && description[0] == '[') refuse_elements(path, "structures (a record array)");
  if (description.size() < 3 || description[0] != '\'' || description[1] == '\'')
    damaged(path, "the header has no element type");
  const char order = description[1];
  const char kind = order == '<' || order == '>' || order == '|' || order == '=' ? description[2] : order;
  if (kind == 'O') refuse_elements(path, "Python objects (dtype=object, as lists of different lengths become)");
  if (kind == 'U' || kind == 'S') refuse_elements(path, "text");
  if (kind == 'M' || kind == 'm') refuse_elements(path, "dates or durations");
  if (description.size() < 5) damaged(path, "the header has no element type");
  const std::string_view name = description.substr(2, 2);
  for (const NamedType& entry : kTypes) {
    if (name != entry.name || description[4] != '\'') continue;
    if (order == '>' && size_of(entry.type) > 1) damaged(path, "big-endian data is not supported");
    return entry.type;
  }
  internal::invalid_argument(internal::printable(path), ": element type ",
                             internal::printable(description.substr(0, 8)), " is not supported");
}

/// Says what a file seems to be that is no .npy file. `start` is how it begins.
[[noreturn]] void refuse_other_file(const std::string& path, std::string_view start) {
  // A zip archive begins with the header of its first member: the length of its name at byte 26, the name at 30.
  // Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
  if (start.substr(0, 4) == std::string_view("PK\3\4", 4)) {
    const std::size_t length = start.size() < 30 ? 0 : static_cast<unsigned char>(start[26]);
    std::string_view name = start.substr(std::min<std::size_t>(start.size(), 30), length);
    if (name.size() > 4 && name.substr(name.size() - 4) == ".npy") {
      name.remove_suffix(4);
      internal::invalid_argument(internal::printable(path), " is an archive of arrays (.npz), the first is \"",
                                 internal::printable(name),
                                 "\"; give one array (.npy), in Python: numpy.save(\"array.npy\", numpy.load(\"",
                                 internal::printable(path), "\")[\"", internal::printable(name), "\"])");
    }
    damaged(path, "it is a zip archive; PyTorch's .pt files are such, too");
  }
  if (start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) damaged(path, "it is a pickle");
  if (start.empty()) damaged(path, "it is empty");
  damaged(path, "it does not begin with \\x93NUMPY");
}

Header read_header(std::FILE* file, const std::string& path) {
  unsigned char start[12];
  errno = 0;
  const std::size_t read = std::fread(start, 1, 10, file);
  if (read != 10 && std::ferror(file) != 0)  // a folder, for one
    internal::fail(ErrorCode::kIo, "cannot read ", internal::printable(path), ": ", std::strerror(errno));
  if (read != 10 || std::memcmp(start, kMagic, kMagicBytes) != 0) {
    std::string begin(reinterpret_cast<const char*>(start), read);
    begin.resize(read + 512);
    begin.resize(read + std::fread(begin.data() + read, 1, 512, file));
    refuse_other_file(path, begin);
  }
  std::size_t header_bytes = start[8] | static_cast<std::size_t>(start[9]) << 8;
  if (start[6] < 1 || start[6] > 3) damaged(path, "its version is not 1, 2 or 3");
  if (start[6] >= 2) {
    if (std::fread(start + 10, 1, 2, file) != 2) damaged(path, "the header is cut short");
    header_bytes |= static_cast<std::size_t>(start[10]) << 16 | static_cast<std::size_t>(start[11]) << 24;
  }
  if (header_bytes > kMostHeaderBytes) damaged(path, "the header is longer than 1 MiB");
  std::string dictionary(header_bytes, '\0');
  if (std::fread(dictionary.data(), 1, header_bytes, file) != header_bytes) damaged(path, "the header is cut short");
  const auto type = find_entry(dictionary, "descr");
  const auto order = find_entry(dictionary, "fortran_order");
  const auto shape = find_entry(dictionary, "shape");
  if (!type || !order || !shape) damaged(path, "the header lacks descr, fortran_order or shape");
  return {parse_type(*type, path), order->substr(0, 4) == "True", parse_shape(*shape, path)};
}

/// Column-major to row-major.
Tensor reorder(const Tensor& columns) {
  const Shape& shape = columns.shape();
  Tensor rows(columns.type(), shape);
  const std::size_t size = size_of(columns.type());
  const auto* from = static_cast<const std::byte*>(columns.data());
  auto* to = static_cast<std::byte*>(rows.data());
  std::vector<std::size_t> index(shape.size(), 0);
  for (std::size_t element = 0; element < rows.count(); ++element) {
    std::size_t source = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;)
      source = source * static_cast<std::size_t>(shape[axis]) + index[axis];
    std::memcpy(to + element * size, from + source * size, size);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < static_cast<std::size_t>(shape[axis])) break;
      index[axis] = 0;
    }
  }
  return rows;
}

/// Bytes from the position to the end; nothing when the file cannot tell.
std::optional<std::size_t> bytes_left(std::FILE* file) {
  const long here = std::ftell(file);
  if (here < 0 || std::fseek(file, 0, SEEK_END) != 0) return std::nullopt;
  const long end = std::ftell(file);
  if (end < here || std::fseek(file, here, SEEK_SET) != 0) return std::nullopt;
  return static_cast<std::size_t>(end - here);
}

const char* npy_name(DataType type) {
  for (const NamedType& entry : kTypes) {
    if (entry.type == type) return entry.name;
  }
  internal::invalid_argument("a tensor of ", type, " cannot be written as .npy");
}

void write_file(const std::string& path, const std::string& header, const void* data, std::size_t bytes) {
  const File file(std::fopen(path.c_str(), "wbe"));
  const bool written = file != nullptr && std::fwrite(header.data(), 1, header.size(), file.get()) == header.size() &&
                       (bytes == 0 || std::fwrite(data, 1, bytes, file.get()) == bytes) && std::fflush(file.get()) == 0;
  if (!written) internal::fail(ErrorCode::kIo, "cannot write ", internal::printable(path), ": ", std::strerror(errno));
}

}  // namespace

Tensor read_npy(const std::string& path) {
  return guarded([&] {
    const File file(std::fopen(path.c_str(), "rbe"));
    if (file == nullptr)
      internal::fail(ErrorCode::kIo, "cannot open ", internal::printable(path), ": ", std::strerror(errno));
    const Header header = read_header(file.get(), path);
    const std::size_t bytes = internal::byte_count(header.type, header.shape);
    const std::optional<std::size_t> left = bytes_left(file.get());
    if (left && *left < bytes)
      internal::invalid_argument(internal::printable(path), ": shape ", header.shape, " needs ", bytes,
                                 " bytes, the file has ", *left);
    Tensor tensor(header.type, header.shape);
    if (bytes > 0 && std::fread(tensor.data(), 1, bytes, file.get()) != bytes) damaged(path, "the data is cut short");
    return header.fortran_order && header.shape.size() > 1 ? reorder(tensor) : std::move(tensor);
  });
}

void write_npy(const std::string& path, const ConstTensorView& tensor) {
  guarded([&] {
    const Shape shape(tensor.shape, tensor.shape + tensor.rank);
    const std::size_t bytes = internal::byte_count(tensor.type, shape);
    std::string header = internal::text("{'descr': '", size_of(tensor.type) == 1 ? "|" : "<", npy_name(tensor.type),
                                        "', 'fortran_order': False, 'shape': (");
    for (const std::int64_t size : shape) header += internal::text(size, ",");
    header += "), }";
    header.append(63 - (10 + header.size()) % 64, ' ');  // the data starts at a multiple of 64
    header += '\n';
    if (header.size() > 0xffff)
      internal::invalid_argument("a shape of rank ", tensor.rank, " does not fit a .npy header");
    const unsigned char start[10] = {0x93,
                                     'N',
                                     'U',
                                     'M',
                                     'P',
                                     'Y',
                                     1,
                                     0,
                                     static_cast<unsigned char>(header.size() & 0xff),
                                     static_cast<unsigned char>(header.size() >> 8)};
    write_file(path, std::string(reinterpret_cast<const char*>(start), sizeof start) + header, tensor.data, bytes);
  });
}

Tensor read_tensor_proto(const std::string& path) {
  return guarded([&] {
    const internal::ConstantPtr constant = internal::read_tensor_proto_file(path);
    Tensor tensor(constant->type, constant->shape);
    if (constant->bytes > 0) std::memcpy(tensor.data(), constant->data, constant->bytes);
    return tensor;
  });
}

void write_tensor_proto(const std::string& path, const ConstTensorView& tensor) {
  using internal::onnx::append_field;
  using internal::onnx::append_field_header;
  using internal::onnx::append_number;
  using internal::onnx::append_varint;
  constexpr std::uint32_t kDims = 1, kDataType = 2, kRawData = 9;  // fields of TensorProto
  guarded([&] {
    const Shape shape(tensor.shape, tensor.shape + tensor.rank);
    if (bits_of(tensor.type) == 0) internal::invalid_argument("a tensor of ", tensor.type, " cannot be written");
    const std::size_t bytes = internal::byte_count(tensor.type, shape);
    std::string dims;
    for (const std::int64_t size : shape) append_varint(dims, static_cast<std::uint64_t>(size));
    std::string header;
    append_field(header, kDims, {dims});
    append_number(header, kDataType, static_cast<std::uint64_t>(tensor.type));
    append_field_header(header, kRawData, bytes);
    write_file(path, header, tensor.data, bytes);
  });
}

}  // namespace linnet
