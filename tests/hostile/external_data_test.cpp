// Models that reach for files they must not have (section X).
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/hostile/refusal.hpp"
#include "tests/loaders/temporary_folder.hpp"

namespace linnet::test {
namespace {

/// model/model.onnx with float32 [2] from external data; around it: model/w.bin (64 bytes), outside.bin, and every kind
/// of file that is none.
class HostileExternalData : public testing::Test {
 protected:
  HostileExternalData() {
    folder_.write("outside.bin", std::string(64, '\1'));
    folder_.write("model/w.bin", std::string(64, '\1'));
    folder_.write("model/twice.bin", std::string(64, '\1'));
    folder_.write("model/sub/s.bin", std::string(64, '\1'));
    folder_.write("model2/w.bin", std::string(64, '\1'));
    make(::link(path("model/twice.bin").c_str(), path("model/again.bin").c_str()));
    make(::symlink("../outside.bin", path("model/link.bin").c_str()));
    make(::symlink("w.bin", path("model/inside.bin").c_str()));
    make(::symlink("..", path("model/up").c_str()));
    make(::symlink("sub", path("model/way").c_str()));
    make(::symlink("../model2/w.bin", path("model/beside.bin").c_str()));
    make(::symlink("/proc/self/environ", path("model/environment").c_str()));
    make(::symlink("pipe", path("model/to_pipe").c_str()));
    make(::symlink("twice.bin", path("model/to_twice").c_str()));
    make(::symlink("loop", path("model/loop").c_str()));
    make(::symlink("nothing", path("model/dangling").c_str()));
    make(::mkfifo(path("model/pipe").c_str(), 0600));
  }
  std::string path(const char* name) const { return folder_.path(name); }
  static void make(int result) { ASSERT_EQ(result, 0); }

  std::string model_with(const Entries& entries, const Shape& shape = {2}) const {
    return folder_.write("model/model.onnx", with_initializer(external_tensor(DataType::kFloat32, shape, entries)));
  }
  void refuse(const char* name, const Entries& entries, const std::vector<std::string>& parts,
              ErrorCode code = ErrorCode::kInvalidModel, const Shape& shape = {2}) const {
    const std::string file = model_with(entries, shape);
    expect_refusal(name, code, parts, [&] { Model::load(file); });
  }
  void refuse_location(const char* name, const std::string& location, const std::vector<std::string>& parts,
                       ErrorCode code = ErrorCode::kInvalidModel) const {
    refuse(name, {{"location", location}}, parts, code);
  }

  TemporaryFolder folder_;
};

TEST_F(HostileExternalData, AFileBesideTheModelIsTaken) {
  EXPECT_EQ(Model::load(model_with({{"location", "w.bin"}})).outputs().size(), 1u);
  EXPECT_EQ(Model::load(model_with({{"location", "sub/s.bin"}, {"offset", "56"}, {"length", "8"}})).outputs().size(),
            1u);
  EXPECT_EQ(Model::load(model_with({{"location", "w.bin"}, {"offset", "3"}})).outputs().size(), 1u) << "unaligned";
}

TEST_F(HostileExternalData, LinksThatStayInTheFolderAreTaken) {
  EXPECT_EQ(Model::load(model_with({{"location", "inside.bin"}})).outputs().size(), 1u);
  EXPECT_EQ(Model::load(model_with({{"location", "way/s.bin"}})).outputs().size(), 1u);
}

/// The model may be a link to anywhere, for the caller named it. That opens its target's folder to it, and no other.
TEST_F(HostileExternalData, ALinkToTheModelOpensOneFolderMore) {
  folder_.write("blobs/model", with_initializer(external_tensor(DataType::kFloat32, {2}, {{"location", "w.bin"}})));
  folder_.write("blobs/data", std::string(64, '\1'));
  folder_.write("blobs_of_others/data", std::string(64, '\1'));
  folder_.write("snapshot/readme", "");
  make(::symlink("../blobs/model", path("snapshot/model.onnx").c_str()));
  const std::string data = path("snapshot/w.bin");
  const auto load = [&] { return Model::load(path("snapshot/model.onnx")); };
  make(::symlink("../blobs_of_others/data", data.c_str()));
  expect_refusal("another folder", ErrorCode::kInvalidModel, {"leads out of the model's folder"}, load);
  make(::unlink(data.c_str()));
  make(::symlink("../blobs/../outside.bin", data.c_str()));
  expect_refusal("through the folder to another", ErrorCode::kInvalidModel, {"leads out of the model's folder"}, load);
  make(::unlink(data.c_str()));
  make(::symlink("../blobs/data", data.c_str()));
  EXPECT_EQ(load().outputs().size(), 1u);
}

TEST_F(HostileExternalData, LocationsOutsideTheFolder) {
  const char* rule = "it must name a file in the model's folder or below";
  refuse_location("parent", "../outside.bin",
                  {"initializer \"w\": external data location \"../outside.bin\" contains \"..\"", rule});
  refuse_location("hidden parent", "sub/../../outside.bin", {"contains \"..\""});
  refuse_location("harmless parent", "sub/../w.bin", {"contains \"..\""});
  refuse_location("parent at the end", "sub/..", {"contains \"..\""});
  refuse_location("absolute", path("outside.bin"), {"is absolute"});
  refuse_location("/proc", "/proc/self/environ", {"is absolute"});
  refuse_location("/dev/zero", "/dev/zero", {"is absolute"});
  refuse_location("empty", "", {"external data location \"\" is empty"});
  refuse_location("nul", std::string("w.bin\0/../x", 11), {"contains a NUL byte"});
  refuse_location("backslash", "..\\outside.bin", {"contains a backslash"});
  refuse_location("drive", "C:\\w.bin", {"contains a backslash"});
  refuse_location("UNC", "\\\\host\\share\\w.bin", {"contains a backslash"});
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += "d/";
  refuse_location("10,000 folders", deep + "w.bin", {"is too long"});
  refuse("no location", {{"offset", "0"}}, {"external_data has no location"});
}

TEST_F(HostileExternalData, LinksAndThingsThatAreNoFiles) {
  refuse_location("symbolic link", "link.bin",
                  {"\"link.bin\" is reached through a symbolic link that leads out of the model's folder",
                   "Options::allow_external_links"});
  refuse_location("linked parent", "up/outside.bin", {"symbolic link that leads out"});
  refuse_location("link to a sibling whose name begins alike", "beside.bin", {"symbolic link that leads out"});
  refuse_location("link to what no folder holds", "environment", {"symbolic link that leads out"});
  refuse_location("link to a pipe inside", "to_pipe", {"is not a regular file"}, ErrorCode::kIo);
  refuse_location("link to a file with hard links", "to_twice", {"hard links"});
  refuse_location("link to itself", "loop", {"cannot open external data \"loop\""}, ErrorCode::kIo);
  refuse_location("dangling link", "dangling", {"cannot open external data \"dangling\": No such file"},
                  ErrorCode::kIo);
  refuse_location("hard link", "twice.bin", {"is a file with 2 hard links", "Options::allow_external_links"});
  refuse_location("missing", "none.bin", {"cannot open external data \"none.bin\": No such file or directory"},
                  ErrorCode::kIo);
  refuse_location("pipe", "pipe", {"\"pipe\" is not a regular file"}, ErrorCode::kIo);
  refuse_location("folder", "sub", {"\"sub\" is not a regular file"}, ErrorCode::kIo);
  refuse_location("the folder itself", ".", {"is not a regular file"}, ErrorCode::kIo);
  refuse_location("a file as folder", "w.bin/x", {"cannot open external data"}, ErrorCode::kIo);

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = path("model/s");
  ASSERT_LT(socket_path.size(), sizeof address.sun_path);
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  refuse_location("socket", "s", {"cannot open external data \"s\""}, ErrorCode::kIo);
  ::close(listener);
}

TEST_F(HostileExternalData, RangesOutsideTheFile) {
  const auto range = [&](const char* name, const std::string& offset, const std::string& length,
                         const std::vector<std::string>& parts) {
    Entries entries{{"location", "w.bin"}};
    if (!offset.empty()) entries.emplace_back("offset", offset);
    if (!length.empty()) entries.emplace_back("length", length);
    refuse(name, entries, parts);
  };
  range("offset past the end", "65", "", {"the data is at bytes 65 to 65 + 8 of \"w.bin\", which has only 64 bytes"});
  range("end past the end", "57", "8", {"57 to 57 + 8", "only 64 bytes"});
  range("largest offset", "9223372036854775807", "", {"only 64 bytes"});
  range("offset overflows", "9223372036854775808", "", {"offset \"9223372036854775808\", which is no decimal number"});
  range("largest unsigned", "18446744073709551615", "", {"is no decimal number"});
  range("wrong length", "0", "4", {"external_data has length 4, but the shape needs 8 bytes"});
  range("longer length", "0", "64", {"has length 64, but the shape needs 8"});
  for (const char* text : {"-1", "+1", "0x10", " 1", "1 ", "1e3", "1.0", "one"}) {
    range(text, text, "",
          {"external_data has offset \"" + std::string(text) + "\", which is no decimal number from 0 to 2^63 - 1"});
    range(text, "", text, {"external_data has length \"" + std::string(text) + "\""});
  }
  refuse("no bytes past the end", {{"location", "w.bin"}, {"offset", "65"}}, {"only 64 bytes"},
         ErrorCode::kInvalidModel, {0});
  refuse("2^40 elements", {{"location", "w.bin"}}, {"0 + 4398046511104", "only 64 bytes"}, ErrorCode::kInvalidModel,
         {std::int64_t{1} << 40});
  refuse("duplicate key", {{"location", "w.bin"}, {"offset", "0"}, {"offset", "8"}},
         {"external_data has the key \"offset\" twice"});
  refuse("duplicate location", {{"location", "w.bin"}, {"location", "sub/s.bin"}}, {"the key \"location\" twice"});
}

TEST_F(HostileExternalData, BesideOtherData) {
  const auto refuse_tensor = [&](const char* name, const Message& tensor, const char* part) {
    const std::string file = folder_.write("model/model.onnx", with_initializer(tensor));
    expect_refusal(name, ErrorCode::kInvalidModel, {part}, [&] { Model::load(file); });
  };
  const Entries entries{{"location", "w.bin"}};
  refuse_tensor("raw", external_tensor(DataType::kFloat32, {2}, entries).bytes(9, "12345678"),
                "given twice, in external data and in raw_data");
  refuse_tensor("list", external_tensor(DataType::kFloat32, {2}, entries).float32(4, 1),
                "given twice, in external data and in float_data");
}

TEST_F(HostileExternalData, AModelFromMemoryHasNoFolder) {
  expect_refused(
      "memory", with_initializer(external_tensor(DataType::kFloat32, {2}, {{"location", "w.bin"}})),
      ErrorCode::kUnsupported,
      {"initializer \"w\": the data is in the file \"w.bin\", but the model was loaded from memory and has no folder",
       "Options::external_data_folder", "Options::external_data gives"});
}

TEST_F(HostileExternalData, AGivenFolderIsALimitToo) {
  Options options;
  options.external_data_folder = path("model");
  const auto refuse_given = [&](const char* location, ErrorCode code, const char* part) {
    expect_refused(location, with_initializer(external_tensor(DataType::kFloat32, {2}, {{"location", location}})), code,
                   {part}, options);
  };
  refuse_given("../outside.bin", ErrorCode::kInvalidModel, "contains \"..\"");
  refuse_given("link.bin", ErrorCode::kInvalidModel, "leads out of the model's folder");
  refuse_given("none.bin", ErrorCode::kIo, "cannot open external data \"none.bin\"");
  options.external_data_folder = path("nowhere");
  refuse_given("w.bin", ErrorCode::kIo, "nowhere\" of external data: No such file or directory");
}

TEST_F(HostileExternalData, GivenBytesHaveTheirSize) {
  const std::string bytes(64, '\1');
  const auto refuse_given = [&](const char* name, const Entries& entries, const ExternalBuffer& given, ErrorCode code,
                                const char* part, std::size_t limit = 0) {
    Options options;
    options.external_data = {given};
    options.limits.file_bytes = limit;
    const std::string file = with_initializer(external_tensor(DataType::kFloat32, {2}, entries));
    expect_refused(name, file, code, {part}, options);
  };
  const Entries entries{{"location", "w.bin"}};
  refuse_given("too short", entries, {"w.bin", bytes.data(), 7}, ErrorCode::kInvalidModel, "which has only 7 bytes");
  refuse_given("null", entries, {"w.bin", nullptr, 64}, ErrorCode::kInvalidArgument, "are null");
  refuse_given("too long", entries, {"w.bin", bytes.data(), 64}, ErrorCode::kLimitExceeded, "bytes; the limit", 10);
  refuse_given("another", entries, {"v.bin", bytes.data(), 64}, ErrorCode::kUnsupported, "the file \"w.bin\"");
  refuse_given("beyond", {{"location", "w.bin"}, {"offset", "60"}}, {"w.bin", bytes.data(), 64},
               ErrorCode::kInvalidModel, "60 to 60 + 8");
}

TEST_F(HostileExternalData, OverlappingRangesAreFine) {
  const Model loaded = Model::load(folder_.write(
      "model/model.onnx",
      model()
          .initializer("a", external_tensor(DataType::kFloat32, {4}, {{"location", "w.bin"}}))
          .initializer("b", external_tensor(DataType::kFloat32, {4}, {{"location", "w.bin"}, {"offset", "8"}}))
          .node("Add", {"a", "b"}, {"y"})
          .output("y")
          .bytes()));
  EXPECT_EQ(loaded.outputs().size(), 1u);
}

TEST_F(HostileExternalData, TheLimitOnFilesHoldsForThem) {
  folder_.write("model/big.bin", std::string(5000, '\1'));
  Options options;
  options.limits.file_bytes = 4000;
  const std::string file = model_with({{"location", "big.bin"}});
  expect_refusal("big", ErrorCode::kLimitExceeded, {"\"big.bin\" has 5000 bytes"}, [&] { Model::load(file, options); });
}

}  // namespace
}  // namespace linnet::test
