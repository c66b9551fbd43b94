"""Codes of authenticator applications (RFC 6238)."""

import base64
import hashlib
import hmac
import struct
import time


def code_of(secret, later=0):
    """The code of now, or of so many periods later."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    period = int(time.time()) // 30 + later
    digest = hmac.new(key, struct.pack(">Q", period), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
