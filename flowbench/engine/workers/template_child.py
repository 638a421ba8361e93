"""Template child: one Jinja template rendered in a sandbox, inside a process of its own; JSON in, text out.

Standard library and jinja2 only: `process.run_script` reads this file into a bare interpreter.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

MEMORY = 768 << 20  # bytes of address space
TEMPLATE = "<template>"  # as Jinja calls it in tracebacks


def main(asked: dict[str, Any], ask: Callable[[Any], Any]) -> dict[str, str]:
    """{"text": ...}, or {"error": text with the template's line}. asked: template, slots, limit (bytes of text)."""
    from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            """A field of the prompt comes before a method of the same name: `order.items`."""
            if isinstance(obj, dict) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    _limit()
    environment = Environment(undefined=StrictUndefined, autoescape=False, loader=None, keep_trailing_newline=True)
    environment.globals.clear()
    environment.filters["tojson"] = _as_json  # Jinja's own escapes it for HTML
    try:
        size, parts = 0, []
        for part in environment.from_string(asked["template"]).generate(asked["slots"]):
            parts.append(part)
            size += len(part.encode("utf-8", "surrogatepass"))
            if size > asked["limit"]:
                return {"error": f"it makes more than {asked['limit']} bytes of text"}
        return {"text": "".join(parts)}
    except TemplateSyntaxError as error:
        return {"error": f"line {error.lineno}: {error.message}"}
    except MemoryError:
        return {"error": "it needs too much memory"}
    except RecursionError:
        return {"error": "its parts are nested too deeply"}
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == TEMPLATE]
        text = str(error).partition("\n")[0] or type(error).__name__
        return {"error": f"line {lines[-1]}: {text}" if lines else text}


def _as_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=True)


def _limit() -> None:
    """Where the system can: no more address space, no core file."""
    import resource

    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue
