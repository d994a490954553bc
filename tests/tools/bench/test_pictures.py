"""tools/bench/pictures.py: what the pictures show, and that every text fits."""

import unittest
import xml.etree.ElementTree as ElementTree

from samples import figures, results

import pictures
import drawing as svg  # which pictures made importable

SVG = "{http://www.w3.org/2000/svg}"


def networks_drawing(sample: dict) -> str:
    return pictures.networks_svg({**sample, "networks": {"cases": sample["cases"]}})


def layers_drawing(sample: dict) -> str:
    """Of a network with a layer at half of the peak, and one far above it."""
    title = sample["cases"][0]["title"] if sample["cases"] else "none"
    layers = [{"title": title, "us": 1.0, "flops": 5e4}, {"title": "Conv [1,2]", "us": 0.1, "flops": 1e9}]
    case = {"title": title, "peaks": results()["cases"][0]["peaks"], "layers": layers}
    return pictures.layers_svg(sample, case)


DRAWINGS = (pictures.latency_svg, pictures.roofline_svg, networks_drawing, layers_drawing)


def bars(drawing: str) -> dict[str, float]:
    """Width of every bar by its tooltip."""
    root = ElementTree.fromstring(drawing)
    found = {bar.findtext(f"{SVG}title"): float(bar.get("width")) for bar in root.iter(f"{SVG}rect") if bar.find(f"{SVG}title") is not None}
    return found


def texts(drawing: str) -> list[str]:
    return [text.text for text in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def places(drawing: str) -> list[tuple[float, float, float, str]]:
    """(left, right, y, text) of every text."""
    result = []
    for text in ElementTree.fromstring(drawing).iter(f"{SVG}text"):
        width = svg.text_width(text.text, float(text.get("font-size", svg.FONT)), text.get("font-weight") == "bold")
        x, anchor = float(text.get("x")), text.get("text-anchor")
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        result.append((left, left + width, float(text.get("y")), text.text))
    return result


def hard_sample() -> dict:
    """Names of 200 characters, times of seconds, shares far beyond the axis, and an engine that is missing."""
    sample = results()
    case = sample["cases"][0]
    sample["machine"]["cpu"] = "Intel Xeon Platinum " * 10
    case["title"] = "W" * 200
    case["engines"]["torch"] = {"1": figures(9.87e8)}
    case["flops"] *= 100000
    del case["engines"]["openvino"]
    sample["cases"] = [case] * 3 + results()["cases"]
    return sample


class Pictures(unittest.TestCase):
    def test_times_have_three_digits(self):
        expected = {0.0135: "0.0135 µs", 0.2: "0.200 µs", 2.0: "2.00 µs", 242.4: "242 µs", 1120: "1.12 ms"}
        self.assertEqual({time: pictures.time_text(time) for time in expected}, expected)
        self.assertEqual(pictures.time_text(1234567), "1235 ms")

    def test_bars_are_as_long_as_the_ratios_to_the_best_peer(self):
        drawing = pictures.latency_svg(results())
        width = bars(drawing)
        self.assertAlmostEqual(width["Linnet: 0.200 µs, threads: 1"], 0.1 * width["ONNX Runtime: 2.00 µs, threads: 1"], delta=0.11)
        self.assertAlmostEqual(width["OpenVINO: 5.00 µs, threads: 2"], 2.5 * width["ONNX Runtime: 2.00 µs, threads: 1"], delta=0.3)
        # 10 times: cut at the axis' end, and its number tells.
        self.assertEqual(width["PyTorch: 20.0 µs, threads: 1"], width["OpenVINO: 5.00 µs, threads: 2"])
        for number in ("0.10", "1.00", "2.50", "10.00"):
            self.assertIn(number, texts(drawing))

    def test_an_engine_that_is_missing_has_no_bar(self):
        sample = results()
        del sample["cases"][0]["engines"]["linnet"]
        self.assertEqual(len(bars(pictures.latency_svg(sample))), 3)

    def test_shares_of_the_limits_are_bars(self):
        drawing = pictures.roofline_svg(results())
        width = list(bars(drawing).values())
        self.assertEqual(len(width), 2)
        self.assertAlmostEqual(width[0] / width[1], 0.1568 / 0.3266, places=2)
        self.assertIn("16 %", texts(drawing))

    def test_layers_are_bars_by_the_peak_of_one_thread(self):
        width = list(bars(layers_drawing(results())).values())
        self.assertAlmostEqual(width[0] / width[1], 0.5 / pictures.FULL_LAYER, places=2)  # the second is cut

    def test_they_explain_themselves(self):
        latency, roofline, networks, layers = (" ".join(texts(draw(results()))) for draw in DRAWINGS)
        for part in ("A CPU (Zen 4)", "below 1: Linnet is faster", "time of a run ÷", "ONNX Runtime", "ratio", "time"):
            self.assertIn(part, latency)
        for part in ("A CPU (Zen 4)", "100 %: the machine's limit", "share of the machine's limit", "reading the weights"):
            self.assertIn(part, roofline)
        self.assertIn("whole networks, one sample, on A CPU (Zen 4)", networks)
        self.assertNotIn("PyTorch", networks)
        for part in ("one thread of A CPU (Zen 4)", "100 %: the peak", "Winograd", "50 %"):
            self.assertIn(part, layers)

    def test_every_text_lies_within_the_drawing_and_none_on_another(self):
        for draw in DRAWINGS:
            for sample in (results(), hard_sample()):
                drawing = draw(sample)
                height = float(ElementTree.fromstring(drawing).get("height"))
                found = places(drawing)
                for left, right, y, text in found:
                    self.assertGreaterEqual(left, 0, text)
                    self.assertLessEqual(right, svg.WIDTH, text)
                    self.assertLess(y, height, text)
                for number, (left, right, y, text) in enumerate(found):
                    for other_left, other_right, other_y, other in found[number + 1 :]:
                        if abs(y - other_y) < 10:
                            self.assertTrue(right <= other_left or other_right <= left, f"{text} | {other}")

    def test_no_text_lies_on_a_bar(self):
        for draw in DRAWINGS:
            root = ElementTree.fromstring(draw(hard_sample()))
            rects = [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
            ends = max(float(rect.get("x")) + float(rect.get("width")) for rect in rects)
            starts = min(float(rect.get("x")) for rect in rects)
            top = min(float(rect.get("y")) for rect in rects)
            bottom = max(float(rect.get("y")) + float(rect.get("height")) for rect in rects)
            for left, right, y, text in places(draw(hard_sample())):
                if top < y < bottom:
                    self.assertTrue(right <= starts or left >= ends, text)

    def test_they_have_colours_for_dark_backgrounds(self):
        for draw in DRAWINGS:
            self.assertIn("prefers-color-scheme: dark", draw(results()))

    def test_no_cases_give_a_valid_drawing(self):
        sample = results()
        sample["cases"] = []
        for draw in DRAWINGS:
            self.assertIn("Linnet", " ".join(texts(draw(sample))))


class Text(unittest.TestCase):
    def test_what_is_too_long_is_shortened_in_the_middle(self):
        self.assertEqual(svg.fitted("short", 100), "short")
        shortened = svg.fitted("encoder.layer.0.attention.weight", 100)
        self.assertTrue(shortened.startswith("enco") and shortened.endswith("ght") and "…" in shortened, shortened)
        self.assertLessEqual(svg.text_width(shortened), 100)
        self.assertEqual(svg.fitted("WWWW", 5), "")


if __name__ == "__main__":
    unittest.main()
