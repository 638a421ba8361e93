"""Texts of every kind of cell and escape, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

CELLS = (
    *"ab  \t\x01\n\x85日本語é…\xad\u200b\u200d\u0301\ufe0fㅁㅤ가ลא",
    *(
        "e\u0301",
        "⚠️",
        "⚠",
        "👨‍👩‍👧",
        "👍🏽",
        "1\ufe0f\u20e3",
        "🇩🇪",
        "\u1100\u1161",
        "क्षि",
        "👩🏾‍🚀",
        "❤️‍🔥",
        "a\u200d🚀",
    ),
)
ESCAPES = (
    *("\x1b[31m", "\x1b[0m", "\x1b[1;4m", "\x1b[38;5;196m", "\x1b[4:3m", "\x1b[58;5;9m", "\x1b[2K", "\x1b(B", "\x1b7"),
    *(
        "\x1b]8;;http://x\x07",
        "\x1b]8;;\x1b\\",
        "\x1b]66;s=2;ab\x07",
        "\x1b]66;w=3;日\x1b\\",
        "\x1bPq\x1b\\",
        "\x1b_p\x07",
    ),
    *("\x1b", "\x1b[", "\x1b]0;t"),
)

texts = st.lists(st.sampled_from(CELLS + ESCAPES) | st.text(max_size=3), max_size=14).map("".join)
plain_escapes = st.lists(st.sampled_from(CELLS + ESCAPES[:11]), max_size=14).map(
    "".join
)  # whole, and not of scaled text
