#include "formats/Json.h"
#include "formats/Zip.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::formats;
using testing::AllOf;
using testing::HasSubstr;

namespace {

std::string messageOf(std::string_view text) {
  auto json = parseJson(text, "model.keras", "config.json");
  return json ? "accepted: " + json->dump() : toString(json.error());
}

std::string repeated(std::string_view text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i)
    result += text;
  return result;
}

} // namespace

TEST(Json, keepsTheOrderOfKeys) {
  EXPECT_EQ(parseJson(R"({"b": [1, -2, 2.5, true, null, {}], "a": "x"})", "f")->dump(),
            R"({"b":[1,-2,2.5,true,null,{}],"a":"x"})");
}

TEST(Json, theLastOfTwoEqualKeysCounts) {
  EXPECT_EQ(parseJson(R"({"a": [1], "b": 2, "a": {"c": 3}})", "f")->dump(),
            R"({"a":{"c":3},"b":2})");
}

TEST(Json, pythonsBareWordsBecomeStrings) {
  auto json = parseJson(R"([NaN, Infinity, -Infinity, "NaN \" Infinity", "\\", NaN])", "f");
  ASSERT_TRUE(json) << toString(json.error());
  EXPECT_EQ(json->dump(), R"(["NaN","Infinity","-Infinity","NaN \" Infinity","\\","NaN"])");
}

TEST(Json, numbersBeyondTheIntegersStayNumbers) {
  auto json = parseJson(
      "[1000000000000000000000000000000, 1e400, -1e999, 1e-400, 9223372036854775807]", "f");
  ASSERT_TRUE(json) << toString(json.error());
  EXPECT_EQ((*json)[0].get<double>(), 1e30);
  EXPECT_TRUE((*json)[0].is_number_float());
  EXPECT_EQ((*json)[1], "Infinity");
  EXPECT_EQ((*json)[2], "-Infinity");
  EXPECT_EQ((*json)[3].get<double>(), 0.0);
  EXPECT_EQ((*json)[4].get<int64_t>(), INT64_MAX);
}

TEST(Json, depthIsLimitedWhateverTheNesting) {
  EXPECT_TRUE(parseJson(repeated("[", 500) + repeated("]", 500), "f"));
  for (std::string text : {repeated("[", 501) + repeated("]", 501), repeated("{\"a\":", 6000),
                           repeated("[{\"a\":", 1000000)})
    EXPECT_THAT(messageOf(text), AllOf(HasSubstr("nested"), HasSubstr("depth"),
                                       HasSubstr("config.json"), HasSubstr("model.keras")));
}

TEST(Json, whatIsNotJsonIsNamedWithItsPosition) {
  EXPECT_THAT(messageOf("{\n  'a': 1}"),
              AllOf(HasSubstr("'config.json': is not JSON"), HasSubstr("line 2, column 3")));
  EXPECT_THAT(messageOf("[NaN, NaN, ?]"), HasSubstr("line 1, column 12"));
  EXPECT_THAT(messageOf("[1] 2"), HasSubstr("is not JSON"));
  EXPECT_THAT(messageOf("nan"), HasSubstr("is not JSON"));
  EXPECT_THAT(messageOf("[-NaN]"), HasSubstr("is not JSON"));
}

TEST(Json, whatEndsEarlySaysSo) {
  for (std::string_view text : {"", "  ", "{\"a\": [1, 2", "{\"a", "{\"a\\", "[1,", "tru"})
    EXPECT_THAT(messageOf(text), HasSubstr("is not JSON: ends early"));
}

TEST(Json, whatIsNotUtf8IsRefused) {
  for (std::string_view text : {"\"\xff\xfe\"", "\"\xc0\x80\"", "\"\xe0\x80\x80\"",
                                "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\xc3"})
    EXPECT_THAT(messageOf(text), HasSubstr("UTF-8"));
  EXPECT_EQ(
      parseJson("\xef\xbb\xbf\"\xce\xba\xe2\x82\xac\xf0\x9f\x90\x9d\"", "f")->get<std::string>(),
      "\xce\xba\xe2\x82\xac\xf0\x9f\x90\x9d");
}

TEST(Json, aHostileNumberOfKeysTakesLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 300000; ++i)
    text += "\"" + std::to_string(i) + "\":1,";
  EXPECT_EQ(parseJson(text + "\"end\":0}", "f")->size(), 300001u);
}

TEST(Json, damagedAndHostileConfigsOfKerasFilesAreRefused) {
  for (auto [name, word] :
       {std::pair{"config_not_json_keras", "is not JSON"},
        std::pair{"config_truncated_json_keras", "is not JSON: ends early"},
        std::pair{"config_not_utf8_keras", "UTF-8"}, std::pair{"json_depth_bomb_keras", "depth"},
        std::pair{"json_depth_bomb_objects_keras", "depth"},
        std::pair{"nested_sequential_400_keras", "nested"}}) {
    SCOPED_TRACE(name);
    auto bytes = readFile("test/formats/data/refuse/" + std::string(name) + "/model.keras");
    ASSERT_TRUE(bytes);
    auto archive = ZipArchive::open(std::move(*bytes), "model.keras");
    ASSERT_TRUE(archive) << toString(archive.error());
    auto config = archive->read("config.json");
    ASSERT_TRUE(config) << toString(config.error());
    EXPECT_THAT(messageOf({reinterpret_cast<const char *>(config->data()), config->size()}),
                AllOf(HasSubstr("'config.json'"), HasSubstr(word)));
  }
}
