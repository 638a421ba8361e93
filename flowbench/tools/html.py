"""HTML: a page as Markdown. The one file that knows the library html-to-markdown."""

from __future__ import annotations

from typing import Any

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.process import ProcessError
from flowbench.tools.errors import ConversionFailed
from flowbench.tools.workers import POOL

SMALL = 16_384  # characters that are converted here: 1 to 10 ms; a process that has to start first takes 50
# Navigation by its tags alone: the library's own idea of it takes whole headers along.
CLUTTER = ["nav", "aside", "footer", "[role=navigation]", "[role=contentinfo]"]


def html_to_markdown(
    html: str,
    *,
    clean_content: bool = False,
    skip_images: bool = False,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> str:
    """A page, or part of one, as Markdown; abort raises Aborted, and ends the conversion wherever it is.

    Pages of any length convert in a process of their own: the library would hold this one's lock all the time (a
    quarter of a second for 1.5 MB), and cannot be stopped. The seed's own function neither listens nor lets go.

    Front matter has the page's title, if there is one. Headings are `#`, lists `-` and `1.` with two spaces per level,
    code is fenced with its language, tables have pipes; scripts and styles are left out. Ends with one newline; of an
    empty page nothing is left. clean_content: without navigation, forms, asides and footers; headers stay.
    skip_images: without images, and with the text around them. timeout_ms: milliseconds.
    Raises: ConversionFailed, Aborted.
    Source: pi-natives 18.2, htmlToMarkdown.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    html = html.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # lone surrogates are no text
    with profile_region("html_to_markdown"):
        if len(html) <= SMALL:
            return _told(convert(html, clean_content, skip_images))
        try:
            return _told(POOL.call(f"{__name__}:convert", html, clean_content, skip_images, token=token))
        except ProcessError as error:
            raise ConversionFailed(str(error).partition("\n")[0]) from error


def convert(html: str, clean_content: bool, skip_images: bool) -> dict[str, str]:
    """{"text": Markdown}, or {"error": text}; holds the interpreter's lock, and ends by itself alone."""
    from html_to_markdown import ConversionOptions, PreprocessingOptions
    from html_to_markdown import convert as to_markdown

    cleaning: dict[str, Any] = {"enabled": clean_content, "preset": "aggressive" if clean_content else "standard"}
    options = ConversionOptions(
        bullets="-",
        skip_images=skip_images,
        exclude_selectors=CLUTTER if clean_content else [],
        preprocessing=PreprocessingOptions(**cleaning, remove_navigation=False, remove_forms=clean_content),
    )
    try:
        text = to_markdown(html, options).content or ""
    except Exception as error:  # the library has a class for each of its troubles
        return {"error": str(error)}
    text = text.rstrip("\n")
    return {"text": f"{text}\n" if text else ""}


def _told(answer: dict[str, str]) -> str:
    if "error" in answer:
        raise ConversionFailed(answer["error"])
    return answer["text"]
