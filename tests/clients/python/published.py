"""The endpoints that the SDKs know, read from their code: what a provider has, mocked or not."""

import json
import re
from pathlib import Path

import auth0
import stytch


def tell(provider, method, path, parameters=()):
    # A parameter stands there as an expression, whose last word is its name.
    path = re.sub(r"\{[^{}]*?(\w+)\W*\}", r"{\1}", path)
    line = {"provider": provider, "published": f"{method.upper()} {path}", "parameters": sorted(set(parameters))}
    print(json.dumps(line), flush=True)


def stytch_endpoints():
    asked = re.compile(r'url_for\(\s*f?"([^"]+)".*?sync_client\.(\w+)\(', re.S)
    named = re.compile(r'^ +"(\w+)": |data\["(\w+)"\]', re.M)
    for product in ("consumer", "b2b"):
        for file in sorted(Path(stytch.__file__).parent.glob(f"{product}/api/*.py")):
            # The fraud product has a host of its own.
            if not file.name.startswith("fraud"):
                text = file.read_text()
                for found in asked.finditer(text):
                    path, method = found.groups()
                    # What is sent stands before the address, behind the documentation.
                    sent = text[:found.start()].rpartition("# noqa")[2]
                    parameters = (a or b for a, b in named.findall(sent))
                    tell("stytch", method.removesuffix("_form"), path, parameters)


def auth0_endpoints():
    folder = Path(auth0.__file__).parent
    asked = re.compile(r'client_wrapper\.httpx_client\.request\(\s*f?"([^"]+)",.*?method="(\w+)"', re.S)
    for file in sorted(folder.glob("management/**/raw_client.py")):
        text = file.read_text()
        for found in asked.finditer(text):
            path, method = found.groups()
            sent = re.split(r"headers=|request_options=", text[found.end():], maxsplit=1)[0]
            tell("auth0", method, f"/api/v2/{path}", re.findall(r'"(\w+)":', sent))
    asked = re.compile(r'self\.(?:client\.)?(?:authenticated_)?(post|get)\(\s*f"\{self\.protocol\}://\{self\.domain\}([^"?]+)', re.S)
    for file in sorted(folder.glob("authentication/*.py")):
        if "async" not in file.name:
            for method, path in asked.findall(file.read_text()):
                tell("auth0", method, path)


if __name__ == "__main__":
    stytch_endpoints()
    auth0_endpoints()
