"""Clipboard: the picture that it holds, and text into it; on Linux through wl-clipboard or xclip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.tools import pictures
from flowbench.tools.errors import ClipboardFailed
from flowbench.tools.pictures import Picture

LOOK_SECONDS = 0.02  # between two looks at the token
COPY_SECONDS = 10.0  # a clipboard that takes longer to be handed a text is none
NONE_THERE = ("not available", "nothing is copied", "no selection", "no suitable type")  # words of xclip and wl-paste
KINDS = ("image/png", "image/webp", "image/jpeg", "image/gif", "image/bmp", "image/tiff")


def read_image_from_clipboard(*, token: CancelToken | None = None, timeout_ms: float | None = None) -> Picture | None:
    """Abort raises Aborted, except on macOS and Windows, where nothing listens meanwhile. The picture that the
    clipboard holds, as PNG; None if it holds none.

    Raises: ClipboardFailed without a display, or without a program that reaches it; Aborted.
    Source: pi-natives clipboard.rs.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    with profile_region("clipboard.read_image"):
        if sys.platform in ("darwin", "win32"):
            try:
                return pictures.grabbed()
            except Exception as error:  # as each system likes
                raise ClipboardFailed(f"Failed to read clipboard image: {error}") from error
        wayland = _wayland()
        ask = ["wl-paste", "--list-types"] if wayland else _xclip("TARGETS")
        kinds = (_output(ask, token) or b"").decode("utf-8", "replace").split()
        kind = next((kind for kind in KINDS if kind in kinds), None)
        if kind is None:
            return None
        data = _output(["wl-paste", "--no-newline", "--type", kind] if wayland else _xclip(kind), token)
        if not data:
            return None
        try:
            return pictures.as_png(data)
        except Exception as error:  # a broken picture raises as its decoder likes
            raise ClipboardFailed(f"Failed to encode clipboard image: {error}") from error


def copy_to_clipboard(text: str) -> None:
    """Put a text into the clipboard. No abort: at most some seconds.

    On Linux a small program stays behind and holds it, until something else is copied.
    Raises: ClipboardFailed without a display, or without a program that reaches it.
    Source: pi-natives clipboard.rs.
    """
    data = text.encode("utf-16-le" if sys.platform == "win32" else "utf-8", "replace")
    if sys.platform == "darwin":
        command = ["pbcopy"]
    elif sys.platform == "win32":
        command = ["clip.exe"]
    elif _wayland():
        command = ["wl-copy", "--type", "text/plain;charset=utf-8"]
    else:
        command = ["xclip", "-selection", "clipboard", "-in"]
    with tempfile.TemporaryFile() as told:  # a pipe would not end before the program that stays behind does
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told, start_new_session=True
            )
        except OSError as error:
            raise ClipboardFailed(f"Failed to access clipboard: {command[0]}: {error.strerror}") from error
        try:
            child.communicate(data, timeout=COPY_SECONDS)
        except subprocess.TimeoutExpired as error:
            child.kill()
            child.communicate()
            raise ClipboardFailed(f"Failed to access clipboard: {command[0]} takes no text") from error
        if child.returncode:
            told.seek(0)
            why = told.read(1000).decode("utf-8", "replace").strip() or f"exit code {child.returncode}"
            raise ClipboardFailed(f"Failed to access clipboard: {command[0]}: {why}")


def _wayland() -> bool:
    """Whether wl-clipboard is the way; else xclip is. Raises: ClipboardFailed where neither can be."""
    wayland, x11 = bool(os.environ.get("WAYLAND_DISPLAY")), bool(os.environ.get("DISPLAY"))
    if not wayland and not x11:
        raise ClipboardFailed("Failed to access clipboard: no display: neither WAYLAND_DISPLAY nor DISPLAY is set")
    if wayland and shutil.which("wl-paste") and shutil.which("wl-copy"):
        return True
    if x11 and shutil.which("xclip"):
        return False
    wanted = "wl-clipboard" if wayland else "xclip"
    raise ClipboardFailed(
        f"Failed to access clipboard: {wanted} is not installed: install it with your system's packages"
    )


def _xclip(target: str) -> list[str]:
    return ["xclip", "-selection", "clipboard", "-out", "-target", target]


def _output(command: list[str], token: CancelToken) -> bytes | None:
    """What a program prints; None if it says that there is no such thing. Raises: ClipboardFailed, Aborted."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise ClipboardFailed(f"Failed to access clipboard: {command[0]}: {error.strerror}") from error
    with child:
        try:
            while True:
                token.heartbeat()
                try:
                    out, told = child.communicate(timeout=LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
                break
        finally:
            if child.poll() is None:
                child.kill()  # who owns the selection may never answer
    if child.returncode == 0:
        return out
    why = told.decode("utf-8", "replace").strip()
    if any(words in why.lower() for words in NONE_THERE):
        return None
    raise ClipboardFailed(f"Failed to access clipboard: {command[0]}: {why or f'exit code {child.returncode}'}")
