"""How long a reader waits for a slider: from the event in the browser to the repainted optimum."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from .conftest import Watched

# All hours of the year; each lever by the name on its slider and where it starts, None for its lowest value.
LEVERS = {
    "Clean share, hour by hour": 0.55,
    "Grid connection, at most": 20.0,
    "Longest wait": 12.0,
    "Battery, energy": None,
}
MOVES = 12


def measures(page: Any, name: str) -> list[float]:
    found = page.evaluate("(name) => performance.getEntriesByName(name).map((one) => one.duration)", name)
    return [float(duration) for duration in found]


def middle_and_high(durations: list[float]) -> tuple[float, float]:
    ordered = sorted(durations)
    return statistics.median(ordered), ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)]


@pytest.mark.slow
@pytest.mark.parametrize("label", LEVERS)
def test_every_move_of_a_slider_repaints_the_optimum(watched: Watched, label: str) -> None:
    page = watched.page
    watched.open("/en/build?base=tomakomai")
    watched.settle()
    slider = page.get_by_label(label, exact=True)
    start = LEVERS[label]
    if start is None:
        slider.press("Home")
    else:
        slider.fill(str(start))
    page.wait_for_timeout(200)
    watched.settle()
    page.wait_for_timeout(900)
    watched.settle()
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.url, request.post_data or "")) if "/plans" in request.url
            and request.method == "POST" else None)  # fmt: skip
    heat = page.locator("canvas").first
    drawn = heat.evaluate("(canvas) => { canvas.dataset.mark = 'same'; return canvas.width; }")
    page.evaluate("() => performance.clearMeasures()")
    slider.focus()
    for number in range(MOVES):
        page.keyboard.press("ArrowRight")
        # The answer to this move, not to the one that follows at rest.
        page.wait_for_function(
            "(count) => performance.getEntriesByName('kiban-answer').length >= count", arg=number + 1
        )
    answers, repaints = measures(page, "kiban-answer"), measures(page, "kiban-repaint")
    median, high = middle_and_high(answers[:MOVES])
    repaint, longest = middle_and_high(repaints[:MOVES])
    print(f"\n{label}: event to repaint median {median:.0f} ms, 95th percentile {high:.0f} ms; "
          f"repaint alone {repaint:.1f} and {longest:.1f} ms over {len(answers[:MOVES])} moves")  # fmt: skip
    assert len(answers) >= MOVES
    # While it moves, one cooling system is asked for in short, and the hours are not read again.
    moving = [body for address, body in sent if address.endswith("view=short")]
    assert len(moving) >= MOVES * 0.8
    assert all('"cooling":"keep"' in body for body in moving)
    assert heat.evaluate("(canvas) => canvas.dataset.mark") == "same"
    assert drawn > 0
    at_rest: list[str] = []
    page.on("request", lambda request: at_rest.append(request.post_data or "") if request.url.endswith("/plans")
            and request.method == "POST" else None)  # fmt: skip
    page.keyboard.press("ArrowLeft")
    watched.wait_until(lambda: any('"cooling":"all"' in body for body in at_rest))
    watched.settle()
    assert watched.faults == []


def test_every_answer_is_painted(watched: Watched) -> None:
    """The part that depends on the page alone: drawing an answer without its hours."""
    page = watched.page
    watched.open("/en/build?base=tomakomai&set.time.first_hour=336&set.time.hours=336")
    page.evaluate("() => performance.clearMeasures()")
    slider = page.get_by_label("Clean share, hour by hour", exact=True)
    slider.focus()
    for number in range(20):
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(
            "(count) => performance.getEntriesByName('kiban-repaint').length >= count", arg=number + 1
        )
    repaints = measures(page, "kiban-repaint")
    median, high = middle_and_high(repaints[:20])
    print(f"\nrepaint: median {median:.1f} ms, 95th percentile {high:.1f} ms")
    assert len(repaints) >= 20
    assert watched.faults == []
