"""Pages as Markdown: what is kept, what is dropped, and that no page holds the caller up."""

from __future__ import annotations

import asyncio

import pytest

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import aio, html_to_markdown
from flowbench.tools import html as module
from flowbench.tools.workers import POOL

PAGE = """<html><head><title>A page</title><style>p {color: red}</style><script>alert(1)</script></head><body>
<header>Head <nav>inner</nav></header><nav><a href="/x">away</a></nav><h1>One</h1><h3>Three</h3>
<p>Some <b>bold</b>, <em>soft</em> words. <img src="a.png" alt="cat"> after</p>
<form><input name="q"><button>Go</button>asked</form><aside>beside</aside><footer>Foot</footer></body></html>"""
LARGE = "<p>Some <b>bold</b> text and <a href='/x'>a link</a>.</p><ul><li>one</li><li>two</li></ul>" * 60_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        (" \n ", ""),
        ("<p></p>", ""),
        ("plain", "plain\n"),
        ("<p>a</p>\n\n<p>b</p>\n\n\n", "a\n\nb\n"),
        ("<title>It: is</title><p>x</p>", '---\ntitle: "It: is"\n---\n\nx\n'),
        ("<h1>a</h1><h2>b</h2><h6>c</h6>", "# a\n\n## b\n\n###### c\n"),
        ("<b>a</b> <strong>b</strong> <i>c</i> <em>d</em>", "**a** **b** *c* *d*\n"),
        ("<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>", "- a\n  - b\n    - c\n- d\n"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b\n"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "| A | B |\n| --- | --- |\n| 1 | 2 |\n",
        ),
        ('<pre><code class="language-python">x = 1\n</code></pre>', "```python\nx = 1\n```\n"),
        ("a<script>alert(1)</script><style>b {}</style> c", "a c\n"),
        ("日本 &amp; 😀 &eacute;", "日本 & 😀 é\n"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate\n"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_page_becomes_markdown(html: str, text: str) -> None:
    assert html_to_markdown(html) == text


def test_a_whole_page_keeps_everything_that_is_shown() -> None:
    text = html_to_markdown(PAGE)

    assert text.startswith("---\ntitle: A page\n---\n\n")
    assert text.endswith("Foot\n")
    assert not text.endswith("\n\n")
    for shown in ("Head", "[away](/x)", "# One", "### Three", "**bold**", "*soft*", "![cat](a.png)", "asked", "beside"):
        assert shown in text
    assert "alert" not in text
    assert "color" not in text


def test_clean_content_drops_navigation_forms_and_footers_and_keeps_the_header() -> None:
    text = html_to_markdown(PAGE, clean_content=True)

    for dropped in ("away", "inner", "asked", "Go", "beside", "Foot"):
        assert dropped not in text
    for kept in ("title: A page", "Head", "# One", "**bold**", "![cat](a.png)"):
        assert kept in text


def test_images_can_be_left_out_and_the_text_around_them_stays() -> None:
    text = html_to_markdown(PAGE, skip_images=True)

    assert "a.png" not in text
    assert "*soft* words. after" in text


def test_a_large_page_is_converted_elsewhere_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    here = html_to_markdown(LARGE[:8_000] + PAGE)
    monkeypatch.setattr(module, "SMALL", 100)
    monkeypatch.delattr(module, "convert")

    there = html_to_markdown(LARGE[:8_000] + PAGE)

    assert there == here
    assert POOL.processes > 0


def test_an_abort_ends_a_conversion_in_the_middle() -> None:
    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        html_to_markdown(LARGE, timeout_ms=60)


@pytest.mark.parametrize("html", ["<p>x", LARGE], ids=["small", "large"])
def test_an_abort_before_the_call_converts_nothing(html: str) -> None:
    token = CancelToken()
    token.abort()

    with pytest.raises(Aborted, match=r"^Aborted: User$"):
        html_to_markdown(html, token=token)
    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        html_to_markdown(html, timeout_ms=0)


def test_it_can_be_awaited() -> None:
    assert asyncio.run(aio.html_to_markdown("<b>x</b>", timeout_ms=60_000)) == "**x**\n"


def test_what_the_library_refuses_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "convert", lambda *_: {"error": "no such page"})

    with pytest.raises(tools.ConversionFailed, match=r"^Conversion error: no such page$"):
        html_to_markdown("x")


@pytest.mark.parametrize("tag", ["div", "blockquote", "table><tr><td", "ul><li"])
def test_a_page_that_nests_without_end_crashes_nothing(tag: str) -> None:
    html_to_markdown(f"<{tag}>" * (16_000 // (len(tag) + 2)))
    html_to_markdown(f"<{tag}>" * 30_000)
