"""The clipboard: through the programs that reach it, with words where none does."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import ClipboardFailed, copy_to_clipboard, read_image_from_clipboard
from tests.need import need

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs of Linux")


def tiff() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), (255, 0, 0)).save(out, "TIFF")
    return out.getvalue()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts programs on a PATH of their own: each a body of sh."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cat", "sleep"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7")

    def put(**programs: str) -> None:
        for name, body in programs.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!{folder}/sh\n{body}\n")
            path.chmod(0o755)

    return put


def test_without_a_display_there_is_no_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)

    for use in (read_image_from_clipboard, lambda: copy_to_clipboard("x")):
        with pytest.raises(ClipboardFailed, match=r"^Failed to access clipboard: no display: "):
            use()


@pytest.mark.parametrize(("wayland", "wanted"), [(True, "wl-clipboard"), (False, "xclip")])
def test_a_program_that_is_missing_is_named(
    wayland: bool, wanted: str, bench: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if wayland:
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")

    with pytest.raises(ClipboardFailed, match=f"{wanted} is not installed: install it"):
        read_image_from_clipboard()


def test_a_picture_of_any_kind_is_read_as_png(bench: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "held").write_bytes(tiff())
    bench(xclip=f'case "$*" in *TARGETS*) echo TARGETS; echo image/tiff;; *image/tiff*) cat {tmp_path}/held;; esac')

    found = read_image_from_clipboard()

    assert found is not None
    assert (found.width, found.height, found.mime_type) == (3, 2, "image/png")
    assert found.data.startswith(b"\x89PNG")


def test_wayland_is_asked_first(bench: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "held").write_bytes(tiff())
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    bench(
        xclip="exit 9",
        wl_copy=f"cat > {tmp_path}/copied",
        wl_paste=f'case "$*" in *list-types*) echo image/tiff;; *) cat {tmp_path}/held;; esac',
    )

    copy_to_clipboard("héllo")

    assert read_image_from_clipboard() is not None
    assert (tmp_path / "copied").read_text(encoding="utf-8") == "héllo"


@pytest.mark.parametrize(
    "body",
    [
        "echo text/plain",
        "echo 'Error: target TARGETS not available' >&2; exit 1",
        'case "$*" in *TARGETS*) echo image/png;; *) echo "Error: target image/png not available" >&2; exit 1;; esac',
        'case "$*" in *TARGETS*) echo image/png;; esac',
    ],
    ids=["text", "empty", "gone meanwhile", "empty picture"],
)
def test_a_clipboard_without_a_picture_has_none(body: str, bench: Callable[..., None]) -> None:
    bench(xclip=body)

    assert read_image_from_clipboard() is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('echo "Error: Can\'t open display: :7" >&2; exit 1', "Failed to access clipboard: xclip: Error: Can't open"),
        ("exit 3", "Failed to access clipboard: xclip: exit code 3"),
        ('case "$*" in *TARGETS*) echo image/png;; *) echo junk;; esac', "Failed to encode clipboard image: "),
    ],
    ids=["display", "silent", "broken"],
)
def test_what_goes_wrong_is_told(body: str, told: str, bench: Callable[..., None]) -> None:
    bench(xclip=body)

    with pytest.raises(ClipboardFailed, match=told):
        read_image_from_clipboard()


def test_a_text_that_is_not_taken_is_told(bench: Callable[..., None]) -> None:
    bench(xclip="cat > /dev/null; echo no room >&2; exit 1")

    with pytest.raises(ClipboardFailed, match="Failed to access clipboard: xclip: no room"):
        copy_to_clipboard("x")


def test_reading_ends_with_its_token(bench: Callable[..., None]) -> None:
    bench(xclip="exec sleep 600")
    begun = time.monotonic()

    with pytest.raises(Aborted, match="Timeout"):
        read_image_from_clipboard(timeout_ms=200)

    assert time.monotonic() - begun < 30


def test_an_abort_before_it_begins_starts_nothing(bench: Callable[..., None], tmp_path: Path) -> None:
    bench(xclip=f"echo > {tmp_path}/started")
    token = CancelToken()
    token.abort()

    with pytest.raises(Aborted):
        read_image_from_clipboard(token=token)

    assert not (tmp_path / "started").exists()


@pytest.fixture
def display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    need(shutil.which("Xvfb") and shutil.which("xclip"), "Xvfb and xclip; the programs above stand in for them")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()  # written when it takes connections
    if not number:
        server.wait(30)
        pytest.skip("Xvfb does not start here")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", f":{number}")
    yield
    server.terminate()
    server.wait(30)


def test_a_real_clipboard_holds_a_text_and_a_picture(display: None, tmp_path: Path) -> None:
    copy_to_clipboard("héllo 日本")
    told = subprocess.run(["xclip", "-selection", "clipboard", "-out"], capture_output=True, timeout=60, check=True)
    nothing = read_image_from_clipboard()

    Image.new("RGB", (4, 3), (0, 0, 255)).save(tmp_path / "blue.png")
    subprocess.run(
        ["xclip", "-selection", "clipboard", "-target", "image/png", "-in", str(tmp_path / "blue.png")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=True,
    )  # fmt: skip
    found = read_image_from_clipboard()

    assert told.stdout.decode() == "héllo 日本"
    assert nothing is None
    assert found is not None
    assert (found.width, found.height) == (4, 3)
