#include "host/Text.h"

#include "base/Utf8.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::host;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

TextRules rules(bool lower, bool strip, const Json &split, const Json &ngrams = nullptr) {
  return TextRules({{"lower", lower}, {"strip", strip}, {"split", split}, {"ngrams", ngrams}});
}

// All numbers of this file are TensorFlow 2.21's.

TEST(Text, CaseAndWhiteSpaceAreAsciis) {
  EXPECT_THAT(rules(true, false, nullptr).tokensOf("ÉTÉ ABC ÄÖ"), ElementsAre("ÉtÉ abc ÄÖ"));
  EXPECT_THAT(rules(false, false, "whitespace")
                  .tokensOf("a\u00a0b\x0b"
                            "c\x1c"
                            "d\u2003e  f\x0c\ng\u0085h "),
              ElementsAre("a\u00a0b",
                          "c\x1c"
                          "d\u2003e",
                          "f", "g\u0085h"));
  EXPECT_THAT(rules(false, false, "whitespace").tokensOf(" \t\n"), IsEmpty());
}

TEST(Text, AllOfAsciisPunctuationGoes) {
  std::string all;
  for (char c = ' '; c < 127; ++c)
    all.push_back(c);
  EXPECT_THAT(rules(false, true, nullptr).tokensOf(all),
              ElementsAre(" 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"));
}

TEST(Text, CharactersAreCodePoints) {
  EXPECT_THAT(rules(false, false, "character").tokensOf("aé\u0301😀b"),
              ElementsAre("a", "é", "\u0301", "😀", "b"));
}

TEST(Text, NgramsComeByLength) {
  TextRules upToThree = rules(false, false, "whitespace", {1, 2, 3});
  EXPECT_THAT(upToThree.ngramsOf({"a", "b", "c"}),
              ElementsAre("a", "b", "c", "a b", "b c", "a b c"));
  EXPECT_THAT(upToThree.ngramsOf({"d"}), ElementsAre("d"));
  EXPECT_THAT(rules(false, false, "whitespace", {3, 2}).ngramsOf({"a", "b", "c"}),
              ElementsAre("a b c", "a b", "b c"));
  EXPECT_THAT(upToThree.ngramsOf({}), IsEmpty());
}

TEST(Utf8, TellsCharactersFromOtherBytes) {
  for (const char *good : {"", "a", "é", "\u2028", "😀", "\U0010ffff"})
    EXPECT_TRUE(isUtf8(good)) << good;
  // Cut off, a lone continuation, too long, a surrogate, too large, a byte that never is.
  for (const char *bad :
       {"\xc3", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xff"})
    EXPECT_FALSE(isUtf8(bad)) << bad;
  for (char32_t code : {U'a', U'é', U'\u2028', U'😀'}) {
    std::string text;
    appendUtf8(text, code);
    EXPECT_EQ(firstCharacter(text).code, code);
    EXPECT_EQ(firstCharacter(text).bytes, text.size());
  }
}

} // namespace
