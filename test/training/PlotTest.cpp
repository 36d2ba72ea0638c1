#include "training/Plot.h"

#include "Message.h"
#include "Temporary.h"
#include "formats/Image.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::training;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

std::vector<Curve> curves() {
  return {{"loss", {0.9, 0.5, 0.3}, {0.8, 0.4, 0.6}, Direction::down},
          {"accuracy", {0.5, 0.8, 0.9}, {0.6, 0.7, 0.95}, Direction::up}};
}

size_t countOf(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(Plot, CurvesAreTakenFromTheLogs) {
  std::vector<Logs> epochs = {{{"accuracy", 0.5}, {"loss", 2}, {"val_loss", 3}},
                              {{"accuracy", 0.6}, {"loss", 1}},
                              {{"accuracy", 0.7}, {"loss", 0.5}, {"val_loss", 2}}};
  std::vector<std::string> up = {"accuracy"};
  std::vector<Curve> found = curvesOf(epochs, up);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "loss");
  EXPECT_THAT(found[0].train, ElementsAre(2, 1, 0.5));
  EXPECT_THAT(found[0].validation, ElementsAre(3, testing::IsNan(), 2));
  EXPECT_EQ(found[0].direction, Direction::down);
  EXPECT_EQ(found[1].direction, Direction::up);
  EXPECT_TRUE(found[1].validation.empty());
}

TEST(Plot, NamesItsCurvesAndTheBestEpoch) {
  std::string svg = plotSvg(curves(), "digits <&>");
  EXPECT_THAT(svg, AllOf(HasSubstr(">digits &lt;&amp;&gt;<"), HasSubstr(">loss<"),
                         HasSubstr(">accuracy<"), HasSubstr(">training<"),
                         HasSubstr(">validation<"), HasSubstr("best 0.4 in epoch 2"),
                         HasSubstr("best 0.95 in epoch 3"), HasSubstr(">epoch<")));
  EXPECT_EQ(countOf(svg, "stroke-dasharray"), 3u); // two curves, and the legend
}

TEST(Plot, WithoutValidationTheTrainingsBestIsMarked) {
  std::vector<Curve> one = {{"loss", {0.9, 0.2, 0.3}, {}, Direction::down}};
  std::string svg = plotSvg(one, "m");
  EXPECT_THAT(svg, AllOf(HasSubstr("best 0.2 in epoch 2"), Not(HasSubstr("validation"))));
}

TEST(Plot, TakesAnyValues) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double> &values : {std::vector<double>{},
                                            {1},
                                            {0, 0, 0},
                                            {nan, nan},
                                            {1, nan, 2, 3},
                                            {1e9, -1e9},
                                            {1e-9, 2e-9},
                                            {1e16, 1e16 + 2},
                                            {3e38, -3e38},
                                            {HUGE_VAL, 1},
                                            std::vector<double>(1000, 0.5)}) {
    std::vector<Curve> one = {{"loss", values, values, Direction::down}};
    std::string svg = plotSvg(one, "m");
    EXPECT_THAT(svg, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
    EXPECT_TRUE(plotPng(one, "é"));
  }
  EXPECT_THAT(plotSvg({}, "nothing"), HasSubstr("</svg>"));
}

TEST(Plot, IsAPngOfTwiceTheSizeWithTheLinesColors) {
  auto png = plotPng(curves(), "digits");
  ASSERT_TRUE(png) << toString(png.error());
  auto image = formats::readImage(*png, "plot", formats::ColorMode::rgb);
  ASSERT_TRUE(image) << toString(image.error());
  EXPECT_EQ(image->width, 1840);
  EXPECT_EQ(image->height, 744);
  auto has = [&](std::array<uint8_t, 3> color) {
    for (size_t i = 0; i < image->pixels.size(); i += 3)
      if (std::equal(color.begin(), color.end(), image->pixels.begin() + static_cast<long>(i)))
        return true;
    return false;
  };
  EXPECT_TRUE(has({0x00, 0x72, 0xb2}));
  EXPECT_TRUE(has({0xd5, 0x5e, 0x00}));
  EXPECT_EQ(image->pixels[0], 255);
}

TEST(Plot, IsWrittenAsItsNameSays) {
  TemporaryFolder folder("plot");
  ASSERT_TRUE(writePlot(folder / "a.svg", curves(), "m"));
  ASSERT_TRUE(writePlot(folder / "a.png", curves(), "m"));
  char first = 0;
  EXPECT_EQ(std::ifstream(folder / "a.svg").get(first).good() ? first : 0, '<');
  EXPECT_EQ(std::ifstream(folder / "a.png").get(first).good() ? first : 0, '\x89');
  EXPECT_EQ(refusal(writePlot("a.pdf", curves(), "m")),
            "a.pdf: a plot is a PNG or an SVG file; let its name end in .png or .svg");
}

} // namespace
