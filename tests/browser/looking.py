"""What is wrong with a page as it stands: foreign text, raw keys, letters on letters, boxes beyond the window."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

TEXT = Path(__file__).resolve().parents[2] / "web" / "src" / "text"
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
# In Japanese pages a site's or package's own English stays out; sources keep the language of their title.
MAY_BE_JAPANESE = ".brand, .tongues, [lang=ja]"
MAY_BE_ENGLISH = ".brand, .tongues, [lang=en], .note, code, pre"
WIDTHS = (375, 1600)
AXE_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}

_SHOWN = """(without) => {
  const copy = document.body.cloneNode(true);
  for (const node of copy.querySelectorAll(without + ', script, style')) node.remove();
  return copy.innerText + ' ' + [...copy.querySelectorAll('[aria-label]')].map(n => n.ariaLabel).join(' ');
}"""
_OUTSIDE = """(width) => [...document.querySelectorAll('main *, header *, footer *')].filter(node => {
  const box = node.getBoundingClientRect();
  return box.width > 0 && box.right > width + 1 && !node.closest('.scroll, svg, .sr, .uplot, .side, pre');
}).map(node => node.outerHTML.slice(0, 120))"""
_OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('.figure svg')) {
    const letters = [...svg.querySelectorAll('text')].filter(n => n.textContent.trim());
    const boxes = letters.map(n => [n.textContent, n.getBoundingClientRect()]);
    boxes.forEach(([a, x], i) => boxes.slice(i + 1).forEach(([b, y]) => {
      const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
      const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
      if (wide > 2 && high > 5) found.push(`${a} / ${b}`);
    }));
  }
  return found;
}"""
_CUT = """() => [...document.querySelectorAll('.figure svg')].flatMap(svg => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(n => n.textContent.trim()).filter(n => {
    const letters = n.getBoundingClientRect();
    return letters.left < box.left - 2 || letters.right > box.right + 2;
  }).map(n => n.textContent);
})"""


def texts(language: str) -> dict[str, str]:
    """The texts of the screens."""
    return dict(json.loads((TEXT / f"{language}.json").read_text(encoding="utf-8")))


def wrong_words(page: Any, language: str) -> list[str]:
    """Raw keys, unfilled blanks and text of the other language."""
    own, other = texts(language), texts("ja" if language == "en" else "en")
    shown = str(page.evaluate(_SHOWN, MAY_BE_JAPANESE if language == "en" else MAY_BE_ENGLISH))
    found = [key for key in own if "." in key and re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", shown)]
    found += re.findall(r"\{\w+\}|undefined|NaN|\[object", shown)
    if language == "en":
        return found + [shown[max(hit.start() - 20, 0) : hit.end() + 20] for hit in JAPANESE.finditer(shown)][:5]
    return found + [
        text for key, text in other.items() if len(text) > 6 and text != own[key] and "{" not in text and text in shown
    ]


def wrong_layout(page: Any, width: int) -> list[str]:
    """What is wider than the window, letters of a chart that lie on each other, and letters that are cut off."""
    found = [] if page.evaluate("() => document.documentElement.scrollWidth") <= width else ["the page is too wide"]
    return [*found, *page.evaluate(_OUTSIDE, width), *page.evaluate(_OVERLAPS), *page.evaluate(_CUT)]


def wrong_for_readers(page: Any) -> list[Any]:
    """What axe finds against WCAG 2.1 AA."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=AXE_RULES).response["violations"]
    return [(item["id"], [node["html"][:160] for node in item["nodes"][:3]]) for item in found]


def press_until(page: Any, selector: str, most: int = 120) -> None:
    """Press Tab until an element of that kind has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
    pytest.fail(f"Tab never reached {selector}")
