#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""held-server.py ROOT PORTFILE: serves ROOT on a free port of 127.0.0.1, which is written to PORTFILE once it listens.

Of each .deb half is sent, then a byte now and then, and the rest as soon as PORTFILE.go is there: what goes on meanwhile can be
looked at for as long as it takes.
"""
import functools
import http.server
import os
import sys
import time

root, port_file = sys.argv[1:]


class Handler(http.server.SimpleHTTPRequestHandler):
    def copyfile(self, source, outputfile):
        body = source.read()
        sent = len(body) // 2 if self.path.endswith(".deb") else len(body)
        outputfile.write(body[:sent])
        while sent + 1 < len(body) and not os.path.exists(port_file + ".go"):
            outputfile.write(body[sent:sent + 1])
            outputfile.flush()
            sent += 1
            time.sleep(0.05)
        outputfile.write(body[sent:])

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=root))
with open(port_file + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
