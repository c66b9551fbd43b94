"""How often a script asks test tenants: under published limits, and not without end.

The mocks are asked as fast as one likes; `place` starts this only against tenants.
"""

import http.client
import os
import threading
import time
from urllib.parse import urlsplit

MOST_REQUESTS = 2000
"""Requests of one script, all hosts together."""
BURST = 2
LONGEST_PAUSE = 300.0


class Pace:
    """So many requests a second, a few at once, and none in a pause that was asked for."""

    def __init__(self, per_second):
        self.every = 1 / per_second
        self.full = self.paused = 0.0
        self.made = 0
        self.lock = threading.Lock()

    def turn(self):
        with self.lock:
            self.made += 1
            now = time.monotonic()
            full = max(self.full, now)
            self.full = full + self.every
            at = max(now, full - self.every * (BURST - 1), self.paused)
        time.sleep(max(0.0, at - time.monotonic()))

    def heed(self, status, retry_after):
        if status == 429:
            try:
                seconds = min(float(retry_after), LONGEST_PAUSE)
            except (TypeError, ValueError):
                seconds = 1.0
            with self.lock:
                self.paused = max(self.paused, time.monotonic() + seconds)
                # Then one by one: who asked for a pause has an empty bucket.
                self.full = max(self.full, self.paused + self.every * (BURST - 1))


def keep(auth0, stytch):
    """From now on every request of this process waits for its turn."""
    auth0 = urlsplit(f"//{auth0}").netloc.lower()
    stytch = urlsplit(stytch).netloc.lower()
    paces = {
        auth0: Pace(float(os.environ.get("CUTOVER_AUTH0_RATE") or 1)),
        stytch: Pace(float(os.environ.get("CUTOVER_STYTCH_RATE") or 5)),
    }

    def pace(host, port, default):
        bare = f"[{host}]" if ":" in host else host
        found = paces.get(f"{bare}:{port}".lower())
        return found or (paces.get(bare.lower()) if port in (None, default) else None)

    def turn(found):
        if found is None:
            return
        if sum(one.made for one in paces.values()) >= MOST_REQUESTS:
            raise RuntimeError(f"this script has made {MOST_REQUESTS} requests, the most it may make")
        found.turn()

    over_http_client(pace, turn)
    over_httpx(pace, turn)
    over_aiohttp(pace, turn)


def over_http_client(pace, turn):
    """`urllib`, `requests` and whatever stands on them."""
    connection = http.client.HTTPConnection
    putrequest, getresponse = connection.putrequest, connection.getresponse

    def paced(self, method, url, *args, **kwargs):
        turn(pace(self.host, self.port, self.default_port))
        return putrequest(self, method, url, *args, **kwargs)

    def heard(self, *args, **kwargs):
        response = getresponse(self, *args, **kwargs)
        if found := pace(self.host, self.port, self.default_port):
            found.heed(response.status, response.headers.get("retry-after"))
        return response

    connection.putrequest, connection.getresponse = paced, heard


def over_httpx(pace, turn):
    import httpx

    def of(request):
        url = request.url
        return pace(url.host, url.port, None)

    sync, later = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def send(self, request):
        turn(of(request))
        response = sync(self, request)
        if found := of(request):
            found.heed(response.status_code, response.headers.get("retry-after"))
        return response

    async def send_later(self, request):
        # A script does one thing at a time: nobody else waits meanwhile.
        turn(of(request))
        response = await later(self, request)
        if found := of(request):
            found.heed(response.status_code, response.headers.get("retry-after"))
        return response

    httpx.HTTPTransport.handle_request = send
    httpx.AsyncHTTPTransport.handle_async_request = send_later


def over_aiohttp(pace, turn):
    """Stytch's client, where it asks asynchronously."""
    try:
        from aiohttp import ClientRequest, ClientResponse
    except ImportError:
        return
    send = ClientRequest.send

    async def paced(self, connection):
        turn(pace(self.url.host, self.url.port, self.url.port))
        return await send(self, connection)

    begin = ClientResponse.start

    async def heard(self, connection):
        response = await begin(self, connection)
        if found := pace(self.url.host, self.url.port, self.url.port):
            found.heed(self.status, self.headers.get("retry-after"))
        return response

    ClientRequest.send, ClientResponse.start = paced, heard
