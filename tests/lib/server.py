#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""server.py ROOT PORTFILE: serves ROOT on a free port of 127.0.0.1, and misbehaves where told.

The port is written to PORTFILE once it listens. Every request is a line in PORTFILE.log: METHOD PATH RANGE STATUS, and "login"
where it came with one.
PORTFILE.faults, read at each request, says what goes wrong, a line each: "COUNT FAULT GLOB". The first line whose glob
matches the path is used, COUNT times (then requests are served as they should be). Faults:
  503       that status, with Retry-After: 0
  404       that status
  cut:N     the connection is closed after N bytes of the body
  corrupt   one byte of the body is another one
  ignore    a Range is answered with the whole file
  slow:N    N bytes a second, N of 10 or more
  stall     nothing is answered, ever
  stall:N   the same after N bytes of the body
  loop      a redirect to itself
  goto:URL  a redirect to URL and the path
  length:N  the length is said to be N
  endless   a body without end
  garbage   an answer that is not HTTP
  html      a web page in place of the file, with status 200
  swap:NAME after the answer, ROOT/NAME takes the place of ROOT/dists
"""
import fnmatch
import http.server
import os
import sys
import threading
import time

root, port_file = os.path.realpath(sys.argv[1]), sys.argv[2]
used, guard = {}, threading.Lock()


def fault_for(path):
    try:
        with open(port_file + ".faults", encoding="utf-8") as lines:
            faults = [line.split() for line in lines if line.strip()]
    except FileNotFoundError:
        return ""
    for number, (count, fault, glob) in enumerate(faults):
        if fnmatch.fnmatch(path, glob):
            with guard:
                key = (number, fault, glob)
                used[key] = used.get(key, 0) + 1
                return fault if used[key] <= int(count) else ""
    return ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, status):
        with guard, open(port_file + ".log", "a", encoding="utf-8") as log:
            login = " login" if "Authorization" in self.headers else ""
            log.write(f"{self.command} {self.path} {self.headers.get('Range', '-')} {status}{login}\n")

    def log_message(self, *_):
        pass

    def refuse(self, status, location=None):
        self.log(status)
        self.send_response(status)
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def body_range(self, size, fault):
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes=") or not wanted.endswith("-") or fault == "ignore":
            return 0
        return int(wanted[len("bytes="):-1])

    def send_body(self, body, fault):
        if fault.startswith("cut:"):
            self.wfile.write(body[:int(fault[4:])])
            self.close_connection = True
        elif fault.startswith("slow:"):
            step = int(fault[5:]) // 10
            for at in range(0, len(body), step):
                self.wfile.write(body[at:at + step])
                self.wfile.flush()
                time.sleep(0.1)
        elif fault.startswith("stall:"):
            self.wfile.write(body[:int(fault[6:])])
            self.wfile.flush()
            time.sleep(3600)
        elif fault == "endless":
            while True:
                self.wfile.write(bytes(1 << 16))
        else:
            self.wfile.write(body)
            self.close_connection = fault.startswith("length:")
        if fault.startswith("swap:"):
            os.rename(os.path.join(root, "dists"), os.path.join(root, "dists.before"))
            os.rename(os.path.join(root, fault[5:]), os.path.join(root, "dists"))

    def misbehave(self, fault):
        """Faults that need no file; whether this was one."""
        if fault in ("503", "404"):
            self.refuse(int(fault))
        elif fault == "loop":
            self.refuse(302, self.path)
        elif fault.startswith("goto:"):
            self.refuse(302, fault[5:] + self.path)
        elif fault == "stall":
            self.log("stall")
            time.sleep(3600)
        elif fault == "garbage":
            self.log("garbage")
            self.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            self.close_connection = True
        else:
            return False
        return True

    def do_GET(self):
        fault = fault_for(self.path)
        path = os.path.realpath(os.path.join(root, self.path.lstrip("/")))
        if self.misbehave(fault):
            return
        if not path.startswith(root + os.sep) or not os.path.isfile(path):
            return self.refuse(404)
        with open(path, "rb") as file:
            body = bytearray(file.read())
        start = self.body_range(len(body), fault)
        if start > len(body) or (start == len(body) and start > 0):
            return self.refuse(416)
        if fault == "corrupt":
            body[len(body) // 2] ^= 0xFF
        if fault == "html":
            body, start = b"<!DOCTYPE html><title>Log in to the guest network</title>", 0
        status = 206 if start else 200
        self.log(status)
        self.send_response(status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if fault != "endless":
            self.send_header("Content-Length", fault[7:] if fault.startswith("length:") else str(len(body) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "GET":
            self.send_body(bytes(body[start:]), fault)

    do_HEAD = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that went away is not news."""


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
