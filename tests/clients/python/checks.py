"""Checks: one JSON line each, on standard output."""

import json
import sys
import traceback
from contextlib import contextmanager
from importlib.metadata import version


class Skip(Exception):
    """This place cannot show it; the reason is for people."""


class Client:
    """A client under test. Its flows go on after a failed one; its checks are told as they come."""

    def __init__(self, package, provider, pinned=True):
        self.name = f"{package} {version(package)} (Python)" if pinned else package
        self.provider = provider

    def tell(self, endpoint, behaviour, result, detail=""):
        line = {
            "client": self.name,
            "provider": self.provider,
            "endpoint": endpoint,
            "behaviour": behaviour,
            "verified_by": "SDK call",
            "result": result,
            "detail": detail,
        }
        print(json.dumps(line), flush=True)

    @contextmanager
    def check(self, endpoint, behaviour):
        """What must hold. The rest of a flow needs it, so a failure ends the flow."""
        try:
            yield
        except Skip as skip:
            self.tell(endpoint, behaviour, "skip", str(skip))
            raise
        except Exception as error:
            self.tell(endpoint, behaviour, "fail", f"{type(error).__name__}: {error}"[:1000])
            raise Skip("an earlier check failed") from error
        else:
            self.tell(endpoint, behaviour, "ok")

    def run(self, *flows):
        for flow in flows:
            try:
                flow()
            except Skip:
                pass
            except Exception:
                # Between checks: the script itself is wrong, or the ground of the flow is missing.
                error = traceback.format_exc(limit=-3)
                self.tell("-", flow.__name__.replace("_", " "), "fail", error[-1000:])


@contextmanager
def refused(kind, **expected):
    """The client must raise this error, with these attributes."""
    try:
        yield
    except kind as error:
        seen = {name: getattr(getattr(error, "details", error), name) for name in expected}
        assert seen == expected, f"expected {expected}, saw {seen}"
    else:
        raise AssertionError(f"expected {kind.__name__} with {expected}, but nothing was refused")


def equal(seen, expected):
    assert seen == expected, f"expected {expected!r}, saw {seen!r}"


def note(text):
    print(text, file=sys.stderr, flush=True)
