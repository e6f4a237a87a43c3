"""The HTML report in a real browser.

Skipped where no Chromium is installed (Debian: ``apt install chromium chromium-driver``), in CI too: its machines have
none, and ``tests/test_reports.py`` checks there what can be checked without one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runstate.conformance.check import check_bytes
from runstate.conformance.reports import html
from runstate.modelling.svg import svg
from tests.browser.driver import CHROMEDRIVER, CHROMIUM, Browser
from tests.browser.made import hostile, many_runs

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (CHROMIUM and CHROMEDRIVER),
        reason="chromium and chromedriver are not installed: the browser tests need them",
    ),
]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
VISIBLE = "return [...document.querySelectorAll('#list .toggle .id')].map((e) => e.textContent)"
FOCUSED = "return document.activeElement.querySelector('.id')?.textContent"


def written(file: Path, logs: dict[str, bytes]) -> Path:
    judged = [check_bytes(data, file=name) for name, data in logs.items()]
    file.write_text("\n".join(html.lines(judged, svg)) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = sorted([*EXAMPLES.glob("*.sse"), *EXAMPLES.glob("*.jsonl")])
    return written(tmp_path_factory.mktemp("report") / "examples.html", {f.name: f.read_bytes() for f in files})


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(profiled: Browser) -> Browser:
    profiled.size(1280, 900)
    profiled.scheme("light")
    return profiled


def click(browser: Browser, selector: str) -> None:
    browser.js(f"document.querySelector({selector!r}).click()")


def search(browser: Browser, words: str) -> None:
    browser.js(f"const s = document.getElementById('search'); s.value = {words!r}; s.dispatchEvent(new Event('input'))")
    time.sleep(0.3)


def test_it_runs_without_a_fault_and_asks_for_nothing(browser: Browser, examples: Path) -> None:
    browser.requested()
    browser.open(examples)
    assert browser.js("return document.documentElement.dataset.ready") is not None
    assert [url for url in browser.requested() if not url.startswith("data:")] == [examples.as_uri()]
    assert browser.js("return performance.getEntriesByType('resource').length") == 0
    assert browser.log("browser") == []


def test_faults_come_first_and_the_order_can_be_changed(browser: Browser, examples: Path) -> None:
    browser.open(examples)
    ids = browser.js(VISIBLE)
    assert len(ids) == 9
    assert ids[0] == "run_0033"
    browser.js("const s = document.getElementById('sort'); s.value = 'log'; s.dispatchEvent(new Event('change'))")
    assert browser.js(VISIBLE)[0] == "run_0033"  # broken.jsonl is the first file too
    browser.js("const s = document.getElementById('sort'); s.value = 'longest'; s.dispatchEvent(new Event('change'))")
    assert browser.js(VISIBLE)[0] == "run_0046"


def test_filters_by_verdict_code_transition_and_words(browser: Browser, examples: Path) -> None:
    browser.open(examples)
    click(browser, "[data-verdict=open]")
    assert browser.js(VISIBLE) == ["run_0006", "run_0046"]
    assert browser.js("return document.querySelector('[data-verdict=open]').getAttribute('aria-pressed')") == "true"
    assert browser.js("return document.getElementById('count').textContent") == "2 runs of 9 match"
    click(browser, "[data-verdict=illegal]")
    assert browser.js(VISIBLE) == ["run_0033", "run_0006", "run_0046"]
    click(browser, "#clear")
    assert len(browser.js(VISIBLE)) == 9
    click(browser, "[data-code=RS107]")
    assert browser.js(VISIBLE) == ["run_0094"]
    click(browser, "[data-code=RS107]")
    browser.js(
        "[...document.querySelectorAll('.step')].find((b) => b.textContent.includes('submit_tool_outputs')).click()"
    )
    assert browser.js(VISIBLE) == ["run_0031"]
    click(browser, "#clear")
    search(browser, "BROKEN.jsonl stamp")
    assert browser.js(VISIBLE) == ["run_0033"]
    search(browser, "nothing has this")
    assert browser.js(VISIBLE) == []
    assert browser.js("return document.getElementById('nothing').hidden") is False


def test_the_counts_beside_the_transitions_are_those_of_the_filter(browser: Browser, examples: Path) -> None:
    browser.open(examples)
    buttons = browser.js(
        "return [...document.querySelectorAll('.step[data-edge] strong')].map((e) => +e.textContent.slice(1))"
    )
    for number, count in enumerate(buttons):
        browser.js(f"document.querySelectorAll('.step[data-edge]')[{number}].click()")
        assert 1 <= len(browser.js(VISIBLE)) <= count


def test_all_of_it_by_keyboard(browser: Browser, examples: Path) -> None:
    browser.open(examples)
    browser.press("Tab")
    assert browser.js("return document.activeElement.className") == "skip"
    browser.press("Enter")
    assert browser.js("return document.activeElement.id") == "runs"
    for _ in range(8):
        browser.press("Tab")
        if browser.js(FOCUSED):
            break
    assert browser.js(FOCUSED) == "run_0033"
    assert browser.js("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    assert browser.js("return document.activeElement.getAttribute('aria-expanded')") == "true"
    assert browser.js("return document.querySelectorAll('.finding').length") == 3
    browser.press("Left")
    assert browser.js("return document.querySelectorAll('.finding').length") == 0
    browser.press("Right")
    assert browser.js("return document.querySelectorAll('.finding').length") == 3
    browser.press("Down")
    assert browser.js(FOCUSED) == "run_0006"
    browser.press("End")
    assert browser.js(FOCUSED) == browser.js(VISIBLE)[-1]
    browser.press("Home", "Down", "Up")
    assert browser.js(FOCUSED) == "run_0033"


def test_hostile_names_do_nothing_but_show(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "hostile.html"
    page.write_text("\n".join(html.lines([hostile()], svg)), encoding="utf-8")
    browser.open(page)
    assert browser.js("return document.documentElement.dataset.ready") is not None
    browser.js("document.querySelectorAll('.toggle').forEach((b) => b.click())")
    assert browser.js("return window.broken ?? null") is None
    assert browser.js("return document.querySelectorAll('#list img, #list script').length") == 0
    said = browser.js("return document.body.innerText")
    assert "\\u202erun_drow\\u2066" in said
    assert "nul\\u0000bell\\u0007\\u001b[31m" in said
    assert not {"\u202e", "\x00", "\x1b"} & set(said)
    assert browser.log("browser") == []


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_contrast_is_enough(
    browser: Browser, examples: Path, width: int, scheme: str
) -> None:
    browser.size(width, 844)
    browser.scheme(scheme)
    browser.open(examples)
    browser.js("document.querySelectorAll('.toggle').forEach((b) => b.click())")
    assert browser.js("return document.documentElement.scrollWidth") == width
    assert browser.js(LOW_CONTRAST) == []


# Every text that is shown, against the first ground behind it that is not transparent (WCAG 2.2, 1.4.3: 4.5 to 1).
LOW_CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
function rgb(color, under) {
  canvas.clearRect(0, 0, 1, 1);
  if (under) { canvas.fillStyle = under; canvas.fillRect(0, 0, 1, 1); }
  canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}
const clear = (color) => rgb(color)[3] < 255;
function light([r, g, b]) {
  const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
function ground(element) {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (!clear(color)) return color;
  }
  return "white";
}
const low = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue;
  if (element.closest("script, style, title, desc, option, :disabled")) continue;
  const style = getComputedStyle(element), back = ground(element);
  const a = light(rgb(element.closest("svg") ? style.fill : style.color)), b = light(rgb(back));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) low.push([walker.currentNode.data.slice(0, 40), element.className.baseVal ?? element.className, ratio]);
}
return low;
"""


def test_ten_thousand_runs_stay_usable(browser: Browser, tmp_path: Path) -> None:
    page = written(tmp_path / "many.html", {"many.jsonl": many_runs(10_000)})
    begun = time.perf_counter()
    browser.open(page)
    ready = browser.js("return +document.documentElement.dataset.ready")
    took = time.perf_counter() - begun
    figures: dict[str, Any] = {"megabytes": page.stat().st_size / 1e6, "load s": took, "script ms": ready}
    assert browser.js("return document.querySelectorAll('#list .run').length") == 50
    assert "10,000 runs" in browser.js("return document.getElementById('count').textContent")
    timed = "const t = performance.now(); {}; document.body.offsetHeight; return performance.now() - t"
    figures["filter ms"] = browser.js(timed.format("document.querySelector('[data-verdict=illegal]').click()"))
    figures["page ms"] = browser.js(timed.format("document.querySelector('.pager .on').click()"))
    assert browser.js("return document.querySelector('.pager .at').textContent").startswith("Page 2 of ")
    click(browser, "#clear")
    search(browser, "run_09999")
    assert browser.js(VISIBLE) == ["run_09999"]
    print("\n", figures)  # noqa: T201 - the figures of the documentation
    assert figures["megabytes"] < 12
    assert took < 10
    assert figures["filter ms"] < 1000


def test_print_shows_what_was_found(browser: Browser, examples: Path) -> None:
    browser.open(examples)
    browser.js("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.js("return document.querySelectorAll('.finding').length") == 6
    browser.js("window.dispatchEvent(new Event('afterprint'))")
    assert browser.js("return document.querySelectorAll('.finding').length") == 0
    pdf = browser.devtools("Page.printToPDF", printBackground=True)["data"]
    assert len(pdf) > 10_000
    assert browser.js("return document.querySelectorAll('.finding').length") == 0
