"""Options of the tools for pages, pictures and the clipboard."""

from __future__ import annotations

from flowbench.blueprint.tool_options.base import Timed, ToolOptions


class HtmlToMarkdown(Timed, frozen=True):
    """Turns an HTML page into Markdown. html: the page. clean_content: leave out navigation, forms and footers.
    skip_images: leave out images. timeout_ms: milliseconds that it may take.
    """

    tool = "html_to_markdown"
    principal, needed = "html", ("html",)
    html: str | None = None
    clean_content: bool | None = None
    skip_images: bool | None = None


class EncodeSixel(ToolOptions, frozen=True):
    """Turns a picture into the SIXEL sequence that terminals draw. path: of a PNG, JPEG, WebP or GIF. data: the picture
    itself, in base64. width: pixels. height: pixels.
    """

    tool = "encode_sixel"
    principal, needed = "path", ("width", "height")
    path: str | None = None
    data: bytes | None = None
    width: int | None = None
    height: int | None = None


class DecodeSixel(ToolOptions, frozen=True):
    """Turns a SIXEL sequence into a PNG, in base64. data: the sequence. path: of a file with it."""

    tool = "decode_sixel"
    principal = "data"
    data: str | None = None
    path: str | None = None


class ReadImage(Timed, frozen=True):
    """Takes the picture that the clipboard holds, as a PNG in base64, or null. timeout_ms: milliseconds that it may
    take.
    """

    tool, danger = "read_image_from_clipboard", "reads the clipboard"


class CopyText(ToolOptions, frozen=True):
    """Puts a text into the clipboard. text: the text."""

    tool, principal, needed, danger = "copy_to_clipboard", "text", ("text",), "replaces what the clipboard holds"
    text: str | None = None
