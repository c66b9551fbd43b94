"""Checks: one JSON line each, on standard output."""

import json
import os
import sys
import traceback
from contextlib import contextmanager
from importlib.metadata import version


class Skip(Exception):
    """This place cannot show it; the reason is for people."""

    told = False
    """Whether a check has told it."""


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
            skip.told = True
            raise
        except Exception as error:
            self.tell(endpoint, behaviour, "fail", f"{type(error).__name__}: {error}"[:1000])
            failed = Skip("an earlier check failed")
            failed.told = True
            raise failed from error
        else:
            self.tell(endpoint, behaviour, "ok")

    def run(self, *flows):
        for flow in flows:
            try:
                flow()
            except Skip as skip:
                # Whoever looks at a tenant wants to know what was left out.
                if not skip.told and os.environ.get("CUTOVER_CLIENTS_MOCK") != "1":
                    self.tell("-", flow.__name__.replace("_", " "), "skip", str(skip))
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
