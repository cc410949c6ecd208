# SPDX-License-Identifier: MIT
"""The carriers of a soak run: a lab PKI whose leafs come, end and are revoked; the web server that gives out their
certificates by TLS and can be made to fail; and the tokens that they sign, always fresh."""

import http.server
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import threading
import time

CALLVET = os.environ.get("CALLVET", "callvet")
HOUR = 3600


def callvet(*arguments):
    result = subprocess.run([CALLVET, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
                            stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise RuntimeError(f"callvet {arguments}: {result.stdout}{result.stderr}")
    return result.stdout.strip()


class WebServer:
    """Certificates by path over TLS. Paths below /hang, /garbage, /truncated, /reset, /huge and /slow misbehave."""

    def __init__(self, address, folder):
        self.address = address
        self.documents = {}
        self.failing = None  # "hang" or "garbage": all paths do so
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "web.pem", folder / "web.key")
        self.port = 0
        self.server = None
        self.start()

    def handler(self):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self):
                kind = web.failing or self.path.split("/")[1]
                if kind == "hang":
                    time.sleep(6)
                elif kind == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    self.close_connection = True
                else:
                    self.answer(kind)

            def answer(self, kind):
                good = web.documents["/cert.pem"]
                document = {"garbage": os.urandom(900), "truncated": good, "huge": b"x" * 200_000, "slow": good}.get(
                    kind, web.documents.get(self.path))
                try:
                    if document is None:
                        self.send_error(404)
                        return
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(document)))
                    self.end_headers()
                    if kind == "truncated":
                        self.wfile.write(document[: len(document) // 2])
                        self.close_connection = True
                    elif kind == "slow":
                        for byte in document[:6]:
                            self.wfile.write(bytes([byte]))
                            time.sleep(1)
                    else:
                        self.wfile.write(document)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        return Handler

    def start(self):
        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128
            allow_reuse_address = True

            def finish_request(server, request, client):  # pylint: disable=no-self-argument
                request.settimeout(10)
                with self.context.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, client)

            def handle_error(server, request, client):  # pylint: disable=no-self-argument
                pass

        self.server = Server((self.address, self.port), self.handler())
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def url(self, path):
        return f"https://{self.address}:{self.port}{path}"


class Carrier:
    """Two PKIs, `carrier` (trusted) and `stranger`; leafs by name; a CRL; web servers `good` and `bad`."""

    ROTATING_KEYS = 8

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for name in ("carrier", "stranger"):
            home = self.folder / name
            callvet("pki", "root", "--dir", home)
            callvet("pki", "intermediate", "--dir", home, "--issuer-cert", home / "root.pem", "--issuer-key", home / "root.key")
        self.revoked = []
        self.crl_number = 0
        self.write_crl()
        self.make_web_certificate()
        self.good, self.bad = (WebServer(address, self.folder) for address in ("127.0.0.1", "127.0.0.9"))
        for name, path, options in (
                ("leaf", "/cert.pem", ()), ("second", "/second.pem", ()), ("forwarder", "/forwarder.pem", ("--spc", "8765")),
                ("expired", "/expired.pem", ("--not-before", int(time.time()) - 2 * 24 * HOUR, "--not-after",
                                             int(time.time()) - 24 * HOUR))):
            self.leaf(name, path, *options)
        self.leaf("untrusted", "/untrusted.pem", who="stranger")
        self.bad.documents["/cert.pem"] = self.good.documents["/cert.pem"]
        for number in range(self.ROTATING_KEYS):
            callvet("pki", "key", "--out-key", self.folder / f"rotating-{number}.key", "--out-public-key",
                    self.folder / f"rotating-{number}.pub")

    def make_web_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,IP:127.0.0.9", "-keyout",
             str(self.folder / "web.key"), "-out", str(self.folder / "web.pem")],
            check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def leaf(self, name, path, *options, who="carrier", key=None):
        """A new signing certificate, published at `path`; with `key` one of the rotating keys."""
        home = self.folder / who
        target = self.folder / f"{name}.key"
        if "--spc" not in options:
            options = ("--spc", "4321", *options)
        if key is not None:
            shutil.copyfile(self.folder / f"rotating-{key % self.ROTATING_KEYS}.key", target)
            options += ("--key", target)
        else:
            options += ("--out-key", target)
        callvet("pki", "leaf", "--dir", home, "--issuer-cert", home / "intermediate.pem", "--issuer-key",
                home / "intermediate.key", "--out-cert", self.folder / f"{name}.pem", "--out-chain",
                self.folder / f"{name}-chain.pem", "--force", *options)
        self.good.documents[path] = (self.folder / f"{name}-chain.pem").read_bytes()

    def forget(self, name, path):
        self.good.documents.pop(path, None)
        for end in (".key", ".pem", "-chain.pem"):
            (self.folder / (name + end)).unlink(missing_ok=True)

    def write_crl(self):
        home = self.folder / "carrier"
        self.crl_number += 1
        new = self.folder / "crl.new"
        callvet("pki", "crl", "--issuer-cert", home / "intermediate.pem", "--issuer-key", home / "intermediate.key", "--number",
                self.crl_number, "--out", new, "--force", *(part for serial in self.revoked for part in ("--revoke", serial)))
        os.replace(new, self.folder / "crl.pem")

    def revoke(self, name):
        """Puts it on the CRL; whoever reads that from now on knows."""
        keep = self.folder / f"revoked-{name}.pem"
        shutil.copyfile(self.folder / f"{name}.pem", keep)
        self.revoked = [*self.revoked[-50:], keep]
        self.write_crl()

    def sign(self, orig, dest, *options, name="leaf", path="/cert.pem", server=None):
        return callvet("sign", "--key", self.folder / f"{name}.key", "--x5u", (server or self.good).url(path), "--orig",
                       "+" + orig, "--dest", "+" + dest, "--insecure-unchecked", *options)

    def divert(self, original, target):
        file = self.folder / "to-divert.txt"
        file.write_text(original + "\n")
        return callvet("sign", "--key", self.folder / "forwarder.key", "--x5u", self.good.url("/forwarder.pem"), "--ppt", "div",
                       "--div-from", file, "--dest", "+" + target, "--insecure-unchecked")

    def close(self):
        self.good.stop()
        self.bad.stop()


def number():
    """A number of the range that is for examples."""
    return f"1{random.randint(201, 989)}55501{random.randint(0, 99):02}"
