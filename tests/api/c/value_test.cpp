// The C API's values: made, looked at, run, bound, and refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/api/c/c_handles.hpp"
#include "tests/api/value_models.hpp"
#include "tests/support/allocation_counter.hpp"

namespace linnet::test {
namespace {

using testing::ElementsAre;

CValue c_floats(const std::vector<std::int64_t>& shape, const std::vector<float>& elements) {
  linnet_value* made = nullptr;
  EXPECT_OK(linnet_value_create_tensor(LINNET_FLOAT32, shape.data(), shape.size(), elements.data(), &made));
  return CValue(made);
}

CValue c_strings(const std::vector<std::int64_t>& shape, const std::vector<const char*>& strings) {
  linnet_value* made = nullptr;
  EXPECT_OK(linnet_value_create_strings(shape.data(), shape.size(), strings.data(), nullptr, &made));
  return CValue(made);
}

CValue c_sequence(const std::vector<const linnet_value*>& items) {
  linnet_value* made = nullptr;
  EXPECT_OK(linnet_value_create_sequence(LINNET_FLOAT32, items.data(), items.size(), &made));
  return CValue(made);
}

std::vector<float> floats_of(const linnet_value* value) {
  const void* data = nullptr;
  EXPECT_OK(linnet_value_data(value, &data));
  const auto* const floats = static_cast<const float*>(data);
  return {floats, floats + linnet_value_count(value)};
}

std::vector<std::string> strings_of(const linnet_value* value) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < linnet_value_count(value); ++i) {
    const char* string = nullptr;
    std::size_t length = 0;
    EXPECT_OK(linnet_value_string(value, i, &string, &length));
    EXPECT_EQ(string[length], '\0');
    strings.emplace_back(string, length);
  }
  return strings;
}

CValue item_of(const linnet_value* sequence, std::size_t index) {
  linnet_value* item = nullptr;
  EXPECT_OK(linnet_value_item(sequence, index, &item));
  return CValue(item);
}

TEST(CValueTest, IsATensorOfNumbers) {
  const CValue value = c_floats({2, 1}, {3, 4});
  EXPECT_EQ(linnet_value_kind(value.get()), LINNET_KIND_TENSOR);
  EXPECT_EQ(linnet_value_type(value.get()), LINNET_FLOAT32);
  ASSERT_EQ(linnet_value_rank(value.get()), 2U);
  EXPECT_EQ(linnet_value_shape(value.get())[0], 2);
  EXPECT_EQ(linnet_value_count(value.get()), 2U);
  EXPECT_THAT(floats_of(value.get()), ElementsAre(3, 4));
  EXPECT_EQ(linnet_value_count(c_floats({}, {1}).get()), 1U);
  EXPECT_EQ(linnet_value_count(c_floats({3, 0}, {}).get()), 0U);
}

TEST(CValueTest, IsATensorOfStringsOfAnyBytes) {
  const char odd[] = "nul\0\xff";
  const std::array<const char*, 3> strings = {odd, nullptr, "abc"};
  const std::array<std::size_t, 3> lengths = {5, 0, 2};
  const std::int64_t shape[] = {3};
  linnet_value* made = nullptr;
  EXPECT_OK(linnet_value_create_strings(shape, 1, strings.data(), lengths.data(), &made));
  const CValue value(made);
  EXPECT_EQ(linnet_value_type(made), LINNET_STRING);
  EXPECT_THAT(strings_of(made), ElementsAre(std::string(odd, 5), "", "ab"));
  EXPECT_THAT(strings_of(c_strings({2}, {"until", "NUL"}).get()), ElementsAre("until", "NUL"));
  const char* string = nullptr;
  EXPECT_OK(linnet_value_string(made, 2, &string, nullptr));
  EXPECT_STREQ(string, "ab");
}

TEST(CValueTest, IsASequence) {
  CValue first = c_floats({2}, {1, 2});
  const CValue second = c_floats({}, {3});
  CValue value = c_sequence({first.get(), second.get()});
  first.reset();
  EXPECT_EQ(linnet_value_kind(value.get()), LINNET_KIND_SEQUENCE);
  EXPECT_EQ(linnet_value_type(value.get()), LINNET_FLOAT32);
  EXPECT_EQ(linnet_value_count(value.get()), 2U);
  EXPECT_EQ(linnet_value_rank(value.get()), 1U);
  const CValue item = item_of(value.get(), 0);
  value.reset();
  EXPECT_THAT(floats_of(item.get()), ElementsAre(1, 2));
  EXPECT_EQ(linnet_value_count(c_sequence({}).get()), 0U);
}

TEST(CValueTest, RefusesWrongElements) {
  const std::int64_t shape[] = {2, -1};
  const std::array<const char*, 2> strings = {"a", nullptr};
  const std::array<std::size_t, 2> lengths = {1, 1};
  const float data[2] = {};
  linnet_value* made = nullptr;
  EXPECT_FAILS(linnet_value_create_strings(shape, 1, strings.data(), nullptr, &made), LINNET_INVALID_ARGUMENT,
               "strings[1] is NULL");
  EXPECT_FAILS(linnet_value_create_strings(shape, 1, strings.data(), lengths.data(), &made), LINNET_INVALID_ARGUMENT,
               "strings[1] is NULL");
  EXPECT_FAILS(linnet_value_create_strings(shape, 1, nullptr, nullptr, &made), LINNET_INVALID_ARGUMENT,
               "strings is NULL");
  EXPECT_FAILS(linnet_value_create_strings(shape, 2, strings.data(), nullptr, &made), LINNET_INVALID_ARGUMENT,
               "strings: shape [2,-1] has a negative dimension");
  EXPECT_FAILS(linnet_value_create_tensor(LINNET_STRING, shape, 1, data, &made), LINNET_INVALID_ARGUMENT,
               "a value cannot be made of a view of string");
  EXPECT_FAILS(linnet_value_create_tensor(LINNET_FLOAT32, shape, 1, nullptr, &made), LINNET_INVALID_ARGUMENT,
               "the view has no data (null)");
  EXPECT_FAILS(linnet_value_create_tensor(LINNET_FLOAT32, nullptr, 1, data, &made), LINNET_INVALID_ARGUMENT,
               "shape is NULL, but the rank is 1");
  EXPECT_FAILS(linnet_value_create_tensor(300, shape, 1, data, &made), LINNET_INVALID_ARGUMENT,
               "type 300 does not exist");
  EXPECT_FAILS(linnet_value_create_sequence(LINNET_FLOAT32, nullptr, 1, &made), LINNET_INVALID_ARGUMENT,
               "items is NULL");
  const linnet_value* const nothing = nullptr;
  EXPECT_FAILS(linnet_value_create_sequence(LINNET_FLOAT32, &nothing, 1, &made), LINNET_INVALID_ARGUMENT,
               "item 0 is nothing, expected a tensor of float32");
  EXPECT_EQ(made, nullptr);
}

TEST(CValueTest, RefusesWhatItIsNot) {
  const CValue numbers = c_floats({1}, {1});
  const CValue texts = c_strings({1}, {"a"});
  const CValue sequence = c_sequence({numbers.get()});
  const void* data = this;
  const char* string = "?";
  std::size_t length = 7;
  linnet_value* item = nullptr;
  EXPECT_FAILS(linnet_value_data(texts.get(), &data), LINNET_INVALID_ARGUMENT,
               "the value is string, not a tensor of numbers");
  EXPECT_EQ(data, nullptr);
  EXPECT_FAILS(linnet_value_string(numbers.get(), 0, &string, &length), LINNET_INVALID_ARGUMENT,
               "the value is float32, not a tensor of strings");
  EXPECT_EQ(string, nullptr);
  EXPECT_EQ(length, 0U);
  EXPECT_FAILS(linnet_value_string(texts.get(), 1, &string, &length), LINNET_INVALID_ARGUMENT,
               "string 1 of a tensor of 1");
  EXPECT_FAILS(linnet_value_item(texts.get(), 0, &item), LINNET_INVALID_ARGUMENT,
               "the value is string, not a sequence");
  EXPECT_FAILS(linnet_value_item(sequence.get(), 1, &item), LINNET_INVALID_ARGUMENT, "item 1 of a sequence of 1");
}

TEST(CValueTest, NullIsNothing) {
  EXPECT_EQ(linnet_value_kind(nullptr), LINNET_KIND_OPTIONAL);
  EXPECT_EQ(linnet_value_type(nullptr), LINNET_UNDEFINED);
  EXPECT_EQ(linnet_value_shape(nullptr), nullptr);
  EXPECT_EQ(linnet_value_rank(nullptr), 0U);
  EXPECT_EQ(linnet_value_count(nullptr), 0U);
  linnet_value_destroy(nullptr);
  const void* data = nullptr;
  const char* string = nullptr;
  linnet_value* item = nullptr;
  EXPECT_FAILS(linnet_value_data(nullptr, &data), LINNET_INVALID_ARGUMENT, "value is NULL");
  EXPECT_FAILS(linnet_value_string(nullptr, 0, &string, nullptr), LINNET_INVALID_ARGUMENT, "value is NULL");
  EXPECT_FAILS(linnet_value_item(nullptr, 0, &item), LINNET_INVALID_ARGUMENT, "value is NULL");
  const CValue value = c_floats({1}, {1});
  EXPECT_FAILS(linnet_value_data(value.get(), nullptr), LINNET_INVALID_ARGUMENT, "data is NULL");
  EXPECT_FAILS(linnet_value_string(value.get(), 0, nullptr, nullptr), LINNET_INVALID_ARGUMENT, "string is NULL");
  EXPECT_FAILS(linnet_value_item(value.get(), 0, nullptr), LINNET_INVALID_ARGUMENT, "item is NULL");
  EXPECT_FAILS(linnet_value_create_tensor(LINNET_FLOAT32, nullptr, 0, &data, nullptr), LINNET_INVALID_ARGUMENT,
               "value is NULL");
  EXPECT_FAILS(linnet_value_create_strings(nullptr, 0, &string, nullptr, nullptr), LINNET_INVALID_ARGUMENT,
               "value is NULL");
  EXPECT_FAILS(linnet_value_create_sequence(LINNET_FLOAT32, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT,
               "value is NULL");
  EXPECT_FAILS(linnet_value_read_proto("x", 0, nullptr), LINNET_INVALID_ARGUMENT, "value is NULL");
  EXPECT_FAILS(linnet_value_read_proto(nullptr, 0, &item), LINNET_INVALID_ARGUMENT, "path is NULL");
  EXPECT_FAILS(linnet_value_read_proto("x", 6, &item), LINNET_INVALID_ARGUMENT, "kind 6 does not exist");
  EXPECT_FAILS(linnet_model_run_values(nullptr, nullptr, 0, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT,
               "model is NULL");
  EXPECT_FAILS(linnet_session_run_values(nullptr, nullptr, 0, nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT,
               "session is NULL");
  EXPECT_FAILS(linnet_session_bind_value(nullptr, 0, nullptr), LINNET_INVALID_ARGUMENT, "session is NULL");
  EXPECT_FAILS(linnet_session_output_value(nullptr, 0, &item), LINNET_INVALID_ARGUMENT, "session is NULL");
  EXPECT_EQ(linnet_value_info_kind(nullptr), LINNET_KIND_TENSOR);
}

TEST(CValueTest, IsAMap) {
  const std::int64_t two = 2;
  const std::array<std::int64_t, 2> numbers = {9, 4};
  linnet_value* made = nullptr;
  EXPECT_OK(linnet_value_create_tensor(LINNET_INT64, &two, 1, numbers.data(), &made));
  const CValue keys(made);
  const CValue values = c_strings({2}, {"nine", "four"});
  EXPECT_OK(linnet_value_create_map(keys.get(), values.get(), &made));
  const CValue map(made);
  EXPECT_EQ(linnet_value_kind(map.get()), LINNET_KIND_MAP);
  EXPECT_EQ(linnet_value_type(map.get()), LINNET_STRING);
  EXPECT_EQ(linnet_value_count(map.get()), 2U);
  EXPECT_EQ(linnet_value_rank(map.get()), 1U);
  EXPECT_OK(linnet_value_keys(map.get(), &made));
  const CValue its_keys(made);
  const void* data = nullptr;
  EXPECT_OK(linnet_value_data(its_keys.get(), &data));
  EXPECT_EQ(static_cast<const std::int64_t*>(data)[0], 4);
  EXPECT_OK(linnet_value_values(map.get(), &made));
  EXPECT_THAT(strings_of(CValue(made).get()), ElementsAre("four", "nine"));
  EXPECT_FAILS(linnet_value_keys(keys.get(), &made), LINNET_INVALID_ARGUMENT, "the value is int64, not a map");
  EXPECT_FAILS(linnet_value_create_map(nullptr, values.get(), &made), LINNET_INVALID_ARGUMENT, "keys is NULL");
  EXPECT_EQ(linnet_value_info_key_type(nullptr), LINNET_UNDEFINED);
}

TEST(CValueTest, KindsAreThoseOfTheCppApi) {
  EXPECT_EQ(LINNET_KIND_TENSOR, static_cast<int>(ValueKind::kTensor));
  EXPECT_EQ(LINNET_KIND_SEQUENCE, static_cast<int>(ValueKind::kSequence));
  EXPECT_EQ(LINNET_KIND_OPTIONAL, static_cast<int>(ValueKind::kOptional));
  EXPECT_EQ(LINNET_KIND_OPTIONAL_SEQUENCE, static_cast<int>(ValueKind::kOptionalSequence));
  EXPECT_EQ(LINNET_KIND_MAP, static_cast<int>(ValueKind::kMap));
  EXPECT_EQ(LINNET_KIND_MAP_SEQUENCE, static_cast<int>(ValueKind::kMapSequence));
}

TEST(CValueTest, IsReadFromAFile) {
  const std::string folder = LINNET_TEST_DATA_DIR "/node_tests/test_sequence_insert_at_back/test_data_set_0/";
  linnet_value* made = nullptr;
  EXPECT_OK(linnet_value_read_proto((folder + "input_0.pb").c_str(), LINNET_KIND_SEQUENCE, &made));
  const CValue sequence(made);
  EXPECT_EQ(linnet_value_kind(made), LINNET_KIND_SEQUENCE);
  EXPECT_EQ(linnet_value_type(made), LINNET_INT64);
  EXPECT_EQ(linnet_value_count(made), 3U);
  EXPECT_OK(linnet_value_read_proto((folder + "input_1.pb").c_str(), LINNET_KIND_TENSOR, &made));
  const CValue tensor(made);
  EXPECT_EQ(linnet_value_kind(made), LINNET_KIND_TENSOR);
  EXPECT_EQ(linnet_value_read_proto((folder + "missing.pb").c_str(), LINNET_KIND_TENSOR, &made), LINNET_IO);
  EXPECT_EQ(made, nullptr);
}

TEST(CValueRun, SequencesThroughModelAndSession) {
  const COptions options = c_options();
  const CModel model = c_model(sequence_model(), options.get());
  const linnet_value_info* info = nullptr;
  EXPECT_OK(linnet_model_input(model.get(), 0, &info));
  EXPECT_EQ(linnet_value_info_kind(info), LINNET_KIND_SEQUENCE);
  EXPECT_EQ(linnet_value_info_type(info), LINNET_FLOAT32);
  EXPECT_EQ(linnet_value_info_has_shape(info), 0);

  const CValue x = c_floats({1}, {5});
  const CValue s = c_sequence({x.get()});
  const linnet_value* const inputs[] = {s.get(), x.get()};
  linnet_value* outputs[3] = {};
  EXPECT_OK(linnet_model_run_values(model.get(), inputs, 2, outputs, 2, nullptr));
  const CValue longer(outputs[0]);
  const CValue first(outputs[1]);
  EXPECT_EQ(linnet_value_count(longer.get()), 2U);
  EXPECT_THAT(floats_of(item_of(longer.get(), 1).get()), ElementsAre(5));
  EXPECT_THAT(floats_of(first.get()), ElementsAre(5));

  const CSession session = c_session(model.get());
  const linnet_value* const again[] = {longer.get(), x.get()};
  EXPECT_OK(linnet_session_run_values(session.get(), again, 2, outputs, 1, nullptr));
  const CValue longest(outputs[0]);
  EXPECT_EQ(linnet_value_count(longest.get()), 3U);
  EXPECT_FAILS(linnet_session_run_values(session.get(), again, 2, outputs, 3, nullptr), LINNET_INVALID_ARGUMENT,
               "3 outputs wanted, the model has 2");
  const linnet_value* const wrong[] = {nullptr, x.get()};
  EXPECT_FAILS(linnet_model_run_values(model.get(), wrong, 2, outputs, 2, nullptr), LINNET_INVALID_ARGUMENT,
               "input \"s\": the model wants sequence(float32), got nothing");
  EXPECT_EQ(outputs[0], nullptr);
  EXPECT_FAILS(linnet_model_run_values(model.get(), nullptr, 2, outputs, 2, nullptr), LINNET_INVALID_ARGUMENT,
               "inputs is NULL");
}

TEST(CValueRun, StringsStayBound) {
  const COptions options = c_options();
  const CModel model = c_model(strings_model(), options.get());
  const CSession session = c_session(model.get());
  EXPECT_OK(linnet_session_bind_value(session.get(), 0, c_strings({1, 2}, {"a", "b"}).get()));
  for (int run = 0; run < 2; ++run) {
    EXPECT_OK(linnet_session_run(session.get(), nullptr));
    linnet_value* made = nullptr;
    EXPECT_OK(linnet_session_output_value(session.get(), 0, &made));
    const CValue y(made);
    EXPECT_THAT(strings_of(y.get()), ElementsAre("a", "b"));
    EXPECT_EQ(linnet_value_shape(y.get())[0], 2);
  }
  EXPECT_TRUE(static_cast<const bool*>(output_of(session.get(), 1).data)[0]);
  EXPECT_FAILS(linnet_session_output(session.get(), 0, nullptr, nullptr, nullptr, nullptr), LINNET_INVALID_ARGUMENT,
               "output \"y\" is string, which is no tensor of numbers: take it as a value");
  const std::int64_t shape[] = {1, 2};
  EXPECT_FAILS(linnet_session_bind_input(session.get(), 0, LINNET_STRING, shape, 2, shape), LINNET_INVALID_ARGUMENT,
               "input 0: a view of string is no tensor of numbers: bind a value");
  EXPECT_OK(linnet_session_run(session.get(), nullptr));
}

TEST(CValueRun, NothingGoesInAndOut) {
  const COptions options = c_options();
  const CModel model = c_model(optional_model(), options.get());
  const linnet_value* nothing = nullptr;
  const CValue x = c_floats({1}, {5});
  linnet_value* outputs[2] = {x.get(), x.get()};
  EXPECT_OK(linnet_model_run_values(model.get(), &nothing, 1, outputs, 2, nullptr));
  const CValue there(outputs[0]);
  EXPECT_EQ(linnet_value_type(there.get()), LINNET_BOOL);
  EXPECT_EQ(outputs[1], nullptr);
  const CSession session = c_session(model.get());
  EXPECT_OK(linnet_session_bind_value(session.get(), 0, nullptr));
  EXPECT_OK(linnet_session_run(session.get(), nullptr));
  EXPECT_OK(linnet_session_output_value(session.get(), 1, &outputs[1]));
  EXPECT_EQ(outputs[1], nullptr);
  EXPECT_OK(linnet_session_bind_value(session.get(), 0, x.get()));
  EXPECT_OK(linnet_session_run(session.get(), nullptr));
  EXPECT_OK(linnet_session_output_value(session.get(), 1, &outputs[1]));
  const CValue same(outputs[1]);
  EXPECT_THAT(floats_of(same.get()), ElementsAre(5));
}

/// Lack of memory is a status, and what was made before it is freed.
TEST(CValueRun, LackOfMemoryIsAStatus) {
  const COptions options = c_options();
  const CModel model = c_model(sequence_model(), options.get());
  const CValue x = c_floats({100}, std::vector<float>(100, 1.0F));
  const linnet_value* const item = x.get();
  std::uint64_t refused = 0;
  const auto body = [&] {
    linnet_value* s = nullptr;
    linnet_value* outputs[2] = {};
    linnet_status status = linnet_value_create_sequence(LINNET_FLOAT32, &item, 1, &s);
    const linnet_value* const inputs[] = {s, item};
    if (status == LINNET_OK) status = linnet_model_run_values(model.get(), inputs, 2, outputs, 2, nullptr);
    linnet_value_destroy(s);
    linnet_value_destroy(outputs[0]);
    linnet_value_destroy(outputs[1]);
    return status;
  };
  EXPECT_OK(body());
  for (std::uint64_t n = 1;; ++n) {
    ASSERT_LT(n, 100000U);
    const std::int64_t live = AllocationCounter::live_blocks();
    AllocationCounter::fail_nth(n);
    const linnet_status status = body();
    AllocationCounter::fail_none();
    if (!AllocationCounter::has_failed()) break;
    ASSERT_TRUE(status == LINNET_OK || status == LINNET_OUT_OF_MEMORY) << n << ": " << linnet_last_error();
    if (status != LINNET_OK) ++refused;
    linnet_session_run(nullptr, nullptr);  // its message needs as much memory each time
    ASSERT_LE(AllocationCounter::live_blocks(), live + 1) << "allocation " << n << " failing leaks";
  }
  EXPECT_GT(refused, 5U);
}

}  // namespace
}  // namespace linnet::test
