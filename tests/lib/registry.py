# SPDX-License-Identifier: Apache-2.0
"""A registry that serves one OCI layout for reading: registry.py LAYOUT MODE LOG; prints its port. MODE, words with commas between:
token (a bearer token is asked for, anonymous), login (a token for user:secret only), basic (Basic, user:secret), redirect (blobs are
elsewhere), lie (manifests are others than asked for), cut (each blob ends early once), large (blobs never end). LOG gets a line a
request: method, host, path, and whether it had credentials."""
import base64
import http.server
import json
import os
import sys

LAYOUT, MODE, LOG = sys.argv[1], set(sys.argv[2].split(",")), sys.argv[3]
PAIR = "Basic " + base64.b64encode(b"user:secret").decode()
CUT = set()


def blob(digest):
    path = os.path.join(LAYOUT, "blobs", "sha256", digest.removeprefix("sha256:"))
    return open(path, "rb").read() if os.path.exists(path) else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def ask(self):
        if "basic" in MODE:
            return self.answer(401, WWW_Authenticate='Basic realm="tests"')
        return self.answer(401, WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{PORT}/token",service="tests",'
                                                 'scope="repository:team/base:pull,push"')

    def token(self):
        if "login" in MODE and self.headers.get("Authorization") != PAIR:
            return self.answer(401)
        return self.answer(200, json.dumps({"token": "let-me-in"}).encode())

    def manifest(self, reference):
        index = json.load(open(os.path.join(LAYOUT, "index.json")))
        if reference == "v1":
            reference = index["manifests"][0]["digest"]
        body = blob(reference)
        if body is None:
            return self.answer(404)
        if "lie" in MODE:
            body += b" "
        kind = json.loads(body).get("mediaType", "application/json")
        return self.answer(200, body, Content_Type=kind)

    def content(self, digest):
        body = blob(digest)
        host = self.headers["Host"]
        if body is None:
            return self.answer(404)
        if "redirect" in MODE and not self.path.startswith("/elsewhere"):
            other = "127.0.0.1" if host.startswith("localhost") else "localhost"
            return self.answer(307, Location=f"http://{other}:{PORT}/elsewhere/{digest}")
        if "large" in MODE:
            body += bytes(1 << 20)
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        if "cut" in MODE and digest not in CUT:
            CUT.add(digest)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return None
        if start:
            return self.answer(206, body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
        return self.answer(200, body)

    def do_GET(self):
        with open(LOG, "a") as log:
            print(self.command, self.headers["Host"].split(":")[0], self.path.split("?")[0],
                  "known" if "Authorization" in self.headers else "unknown", file=log)
        path = self.path.split("?")[0]
        if path == "/token":
            return self.token()
        if path.startswith("/elsewhere/"):
            return self.content(path.split("/")[-1])
        if MODE & {"token", "login"} and self.headers.get("Authorization") != "Bearer let-me-in":
            return self.ask()
        if "basic" in MODE and self.headers.get("Authorization") != PAIR:
            return self.ask()
        parts = path.split("/")
        if parts[:4] == ["", "v2", "team", "base"] and parts[4] == "manifests":
            return self.manifest(parts[5])
        if parts[:4] == ["", "v2", "team", "base"] and parts[4] == "blobs":
            return self.content(parts[5])
        return self.answer(404)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that has had enough is none."""


server = Server(("127.0.0.1", 0), Handler)
PORT = server.server_address[1]
print(PORT, flush=True)
server.serve_forever()
