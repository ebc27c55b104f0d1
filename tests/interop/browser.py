#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""browser.py PAGE [--width N] [--height N] [--dark] [--no-script] STEP...: opens a page in a headless Chromium and works with it as a
person does, by real clicks and keys (DevTools protocol, over a pipe).

  type SELECTOR TEXT     clicks on the element, then types
  click SELECTOR         clicks on the middle of it
  hover SELECTOR         moves the pointer there
  key NAME               Enter, Escape, Tab
  eval EXPRESSION        prints its value as JSON
  shot FILE              a picture of the whole page; shot-of SELECTOR FILE: of that element alone
  pdf FILE               as it is printed

Fails where the page asks for anything but itself, or the browser complains about it (a script's error, a breach of the content security
policy).
"""
import argparse, base64, json, os, pathlib, shutil, subprocess, sys, tempfile

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-extensions --hide-scrollbars --remote-debugging-pipe""".split()
KEYS = {"Enter": 13, "Escape": 27, "Tab": 9}


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="ashlar-browser-")
        to_read, self.out = os.pipe()
        self.inp, to_write = os.pipe()

        def descriptors():
            os.dup2(to_read, 203)
            os.dup2(to_write, 204)
            os.dup2(203, 3)
            os.dup2(204, 4)

        self.process = subprocess.Popen(["chromium", *FLAGS, f"--user-data-dir={self.profile}", "about:blank"], close_fds=False,
                                        preexec_fn=descriptors, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.number, self.session, self.events, self.scripts = b"", 0, None, [], True

    def end(self):
        os.close(self.out)
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.inp, 1 << 16)
            if not piece:
                raise SystemExit("browser.py: the browser ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"browser.py: {method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, event):
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.receive())

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Network", "Runtime", "Log":
            self.call(domain + ".enable")

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"browser.py: {expression}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    def settle(self):
        """Until what was done has been drawn; without script nothing is, by the time that a step is answered."""
        if self.scripts:
            self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")

    def box(self, selector):
        box = self.evaluate(f"""(() => {{
          const element = document.querySelector({json.dumps(selector)});
          if (!element) return null;
          element.scrollIntoView({{block: "nearest", behavior: "instant"}});
          const box = element.getBoundingClientRect();
          return {{x: box.x, y: box.y, width: box.width, height: box.height, left: scrollX, top: scrollY}};
        }})()""")
        if not box:
            raise SystemExit(f"browser.py: there is no '{selector}'")
        return box

    def mouse(self, kind, selector, **more):
        box = self.box(selector)
        self.call("Input.dispatchMouseEvent", type=kind, x=box["x"] + box["width"] / 2, y=box["y"] + box["height"] / 2, **more)

    def click(self, selector):
        for kind in "mouseMoved", "mousePressed", "mouseReleased":
            self.mouse(kind, selector, **({} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}))

    def key(self, name):
        for kind in "keyDown", "keyUp":
            text = {"text": "\r"} if name == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=KEYS[name], **text)

    def picture(self, file, selector=None):
        options = {"captureBeyondViewport": True}
        if selector:
            box = self.box(selector)
            options["clip"] = {"x": box["x"] + box["left"], "y": box["y"] + box["top"], "width": box["width"], "height": box["height"], "scale": 1}
        else:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            options["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        pathlib.Path(file).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **options)["data"]))

    def complaints(self, page):
        self.evaluate_if_possible()
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent" and parameters["request"]["url"].split("#")[0] not in (page, "about:blank"):
                yield "asks for " + parameters["request"]["url"][:200]
            if event.get("method") == "Runtime.exceptionThrown":
                yield json.dumps(parameters["exceptionDetails"])
            if event.get("method") == "Log.entryAdded":
                yield parameters["entry"]["text"]

    def evaluate_if_possible(self):
        """A last round trip, so that all events of before have come."""
        self.call("Page.getLayoutMetrics")


def step(browser, words):
    name = words.pop(0)
    if name == "type":
        browser.click(words.pop(0))
        browser.call("Input.insertText", text=words.pop(0))
    elif name == "click":
        browser.click(words.pop(0))
    elif name == "hover":
        browser.mouse("mouseMoved", words.pop(0))
    elif name == "key":
        browser.key(words.pop(0))
    elif name == "eval":
        print(json.dumps(browser.evaluate(words.pop(0)), ensure_ascii=False))
    elif name == "shot":
        browser.picture(words.pop(0))
    elif name == "shot-of":
        selector = words.pop(0)
        browser.picture(words.pop(0), selector)
    elif name == "pdf":
        pathlib.Path(words.pop(0)).write_bytes(base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"]))
    else:
        raise SystemExit(f"browser.py: there is no step '{name}'")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--no-script", action="store_true")
    options, words = parser.parse_known_args()
    page = pathlib.Path(options.page).resolve().as_uri()
    browser = Browser()
    try:
        browser.attach()
        browser.call("Emulation.setDeviceMetricsOverride", width=options.width, height=options.height, deviceScaleFactor=1, mobile=False)
        if options.dark:
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        if options.no_script:
            browser.call("Emulation.setScriptExecutionDisabled", value=True)
            browser.scripts = False
        problem = browser.call("Page.navigate", url=page).get("errorText")
        if problem:
            raise SystemExit(f"browser.py: {page}: {problem}")
        browser.wait_for("Page.loadEventFired")
        while words:
            step(browser, words)
            browser.settle()
        complaints = list(browser.complaints(page))
    finally:
        browser.end()
    for complaint in complaints:
        print("browser.py:", complaint, file=sys.stderr)
    return 1 if complaints else 0


sys.exit(main())
