"""Style: which colours, attributes and hyperlink are on at a place of a text, so that a next line can take them up.

Source: pi-natives text.rs, AnsiState and WrapState; parameters with colons, underline colours and overlines besides.
"""

from __future__ import annotations

from flowbench.tools.text.escapes import LINK_END, link, sgr

_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 5: "blink", 6: "blink", 7: "inverse", 8: "hidden", 9: "strike"}
_ON |= {53: "overline"}
_OFF = {21: ("bold",), 22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 25: ("blink",), 27: ("inverse",)}
_OFF |= {28: ("hidden",), 29: ("strike",), 39: ("colour",), 49: ("ground",), 55: ("overline",), 59: ("line colour",)}
_LONG = {38: "colour", 48: "ground", 58: "line colour"}
_ORDER = (*dict.fromkeys(_ON.values()), "colour", "ground", "line colour")
_DRAWN = {"underline": "24", "strike": "29"}  # what would be drawn on, up to the edge of the terminal


class Style:
    """What is on; empty at the beginning of a text."""

    __slots__ = ("_codes", "_link")

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._link = ""

    def see(self, escape: str) -> None:
        """Take in an escape; one that changes no style changes nothing."""
        if (parameters := sgr(escape)) is not None:
            self._set(parameters)
        elif (address := link(escape)) is not None:
            self._link = escape if address else ""

    def colours(self) -> str:
        """The sequence that turns on, from nothing, all but the link; "" for nothing."""
        codes = self._codes
        return f"\x1b[{';'.join(codes[slot] for slot in _ORDER if slot in codes)}m" if codes else ""

    def resumed(self) -> str:
        """What a next line begins with."""
        return self.colours() + self._link

    def paused(self) -> str:
        """What a line ends with that goes on in a next one: no underline and no link to the edge of the terminal."""
        drawn = [off for slot, off in _DRAWN.items() if slot in self._codes]
        return (f"\x1b[{';'.join(drawn)}m" if drawn else "") + self.unlinked()

    def unlinked(self) -> str:
        """The end of the link, if one is open."""
        return LINK_END if self._link else ""

    def _set(self, parameters: str) -> None:
        words = parameters.split(";")
        at = 0
        while at < len(words):
            word = words[at]
            code = int((word.partition(":")[0] or "0")[:6])
            at += 1
            if code == 0:
                self._codes.clear()
            elif word == "4:0":
                self._codes.pop("underline", None)
            elif code in _ON:
                self._codes[_ON[code]] = word
            elif code in _LONG:
                if ":" not in word:
                    length = {"5": 2, "2": 4}.get(words[at] if at < len(words) else "", 0)
                    word = ";".join([word, *words[at : at + length]])
                    at += max(length, 1)
                    if not length:
                        continue
                self._codes[_LONG[code]] = word
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self._codes["colour"] = word
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self._codes["ground"] = word
            else:
                for slot in _OFF.get(code, ()):
                    self._codes.pop(slot, None)
