"""The endpoints that the SDKs know, read from their code: what a provider has, mocked or not."""

import json
import re
from pathlib import Path

import auth0
import stytch


def tell(provider, method, path):
    # A parameter stands there as an expression, whose last word is its name.
    path = re.sub(r"\{[^{}]*?(\w+)\W*\}", r"{\1}", path)
    print(json.dumps({"provider": provider, "published": f"{method.upper()} {path}"}), flush=True)


def stytch_endpoints():
    asked = re.compile(r'url_for\(\s*f?"([^"]+)".*?sync_client\.(\w+)\(', re.S)
    for product in ("consumer", "b2b"):
        for file in sorted(Path(stytch.__file__).parent.glob(f"{product}/api/*.py")):
            # The fraud product has a host of its own.
            if not file.name.startswith("fraud"):
                for path, method in asked.findall(file.read_text()):
                    tell("stytch", method.removesuffix("_form"), path)


def auth0_endpoints():
    folder = Path(auth0.__file__).parent
    asked = re.compile(r'client_wrapper\.httpx_client\.request\(\s*f?"([^"]+)",.*?method="(\w+)"', re.S)
    for file in sorted(folder.glob("management/**/raw_client.py")):
        for path, method in asked.findall(file.read_text()):
            tell("auth0", method, f"/api/v2/{path}")
    asked = re.compile(r'self\.(?:client\.)?(?:authenticated_)?(post|get)\(\s*f"\{self\.protocol\}://\{self\.domain\}([^"?]+)', re.S)
    for file in sorted(folder.glob("authentication/*.py")):
        if "async" not in file.name:
            for method, path in asked.findall(file.read_text()):
                tell("auth0", method, path)


if __name__ == "__main__":
    stytch_endpoints()
    auth0_endpoints()
