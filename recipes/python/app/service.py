"""Answers GET /time?zone=Area/City with the time there, and GET /healthy."""
import datetime
import http.server
import json
import os
import signal
import sys
import urllib.parse
import zoneinfo


def time_in(zone):
    return datetime.datetime.now(zoneinfo.ZoneInfo(zone)).isoformat(timespec="seconds")


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        zone = urllib.parse.parse_qs(url.query).get("zone", ["UTC"])[0]
        if url.path == "/healthy":
            return self.answer(200, {"healthy": True})
        if url.path != "/time":
            return self.answer(404, {"error": "there is only /time and /healthy"})
        try:
            self.answer(200, {"zone": zone, "time": time_in(zone)})
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            self.answer(400, {"error": f"no such time zone: {zone}"})


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", "8000"))), Service).serve_forever()
