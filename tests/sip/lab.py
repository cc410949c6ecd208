# SPDX-License-Identifier: MIT
"""A laboratory for the Kamailio module: a carrier with its certificate server, a callee, and kamailio itself. All
on loopback, on ports that were free; every process is started here and ended by its id."""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

CALLVET = os.environ["CALLVET"]
LIBRARY_FOLDER = os.environ["CALLVET_LIBRARY_FOLDER"]
MODULE = os.environ.get("CALLVET_MODULE", "")
SANITIZE = os.environ.get("CALLVET_SANITIZE", "")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
MODULES = next((str(p) for p in pathlib.Path("/usr/lib").glob("*/kamailio/modules")), "")
CALLER, CALLED = "439991001", "439991002"
PATIENCE = 60 if SANITIZE else 20


def why_not():
    """Why these tests cannot be run here, or None."""
    if not MODULE or not pathlib.Path(MODULE).exists():
        return "the Kamailio module was not built (see what CMake says of CALLVET_KAMAILIO)"
    for program in ("kamailio", "sipp", "kamcmd"):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            return f"{program} is not installed"
    return None


def run(*command, check=True, timeout=120):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout,
                            check=False, stdin=subprocess.DEVNULL)
    if check and result.returncode != 0:
        raise AssertionError(f"{command[0]} {command[1:4]}: {result.stdout}{result.stderr}")
    return result.stdout.strip()


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class CertificateServer:
    """Documents by path; /hang... answers after `hang` seconds, /fetched/N counts."""

    def __init__(self):
        self.documents = {}
        self.requests = []
        self.hang = 2.0
        lab = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                lab.requests.append(self.path)
                if self.path.startswith("/hang"):
                    time.sleep(lab.hang)
                document = lab.documents.get(self.path)
                if document is None and self.path.startswith(("/hang", "/any")):
                    document = lab.documents["/cert.pem"]
                if document is None:
                    self.send_error(404)
                    return
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(document)))
                    self.end_headers()
                    self.wfile.write(document)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.servers = [Server(("127.0.0.1", 0), Handler) for _ in range(2)]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def url(self, path, which=0):
        return f"http://127.0.0.1:{self.servers[which].server_address[1]}{path}"

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Lab:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callvet-sip-"))
        for name in ("carrier", "stranger"):
            folder = self.folder / name
            run(CALLVET, "pki", "root", "--dir", folder)
            run(CALLVET, "pki", "intermediate", "--dir", folder, "--issuer-cert", folder / "root.pem", "--issuer-key",
                folder / "root.key")
            self.leaf(name)
        now = int(time.time())
        self.leaf("carrier", "expired", "--not-before", now - 2 * 86400, "--not-after", now - 86400)
        self.leaf("carrier", "future", "--not-before", now + 86400, "--not-after", now + 2 * 86400)
        self.web = CertificateServer()
        read = lambda name: (self.folder / name).read_bytes()
        self.web.documents = {
            "/cert.pem": read("carrier/chain.pem"), "/copy.pem": read("carrier/chain.pem"),
            "/expired.pem": read("carrier/expired-chain.pem"), "/future.pem": read("carrier/future-chain.pem"),
            "/untrusted.pem": read("stranger/chain.pem"), "/empty.pem": b"", "/garbage.pem": b"\x00garbage" * 100}
        self.write_config()

    def leaf(self, who, name="leaf", *options):
        folder = self.folder / who
        chain = "chain.pem" if name == "leaf" else f"{name}-chain.pem"
        run(CALLVET, "pki", "leaf", "--dir", folder, "--issuer-cert", folder / "intermediate.pem", "--issuer-key",
            folder / "intermediate.key", "--spc", "1001", "--out-key", folder / f"{name}.key", "--out-cert",
            folder / f"{name}.pem", "--out-chain", folder / chain, *options)

    def write_config(self, name="callvet.json", policy=None, **changes):
        config = {
            "trust": {"anchors": str(self.folder / "carrier/root.pem")},
            "certificates": {"insecure_allow_http": True, "insecure_allow_private_addresses": True,
                             "insecure_allow_ports": [s.server_address[1] for s in self.web.servers]},
        }
        if policy is not None:
            (self.folder / f"policy-{name}").write_text(json.dumps(policy))
            config["policy"] = f"policy-{name}"
        config.update(changes)
        path = self.folder / name
        path.write_text(json.dumps(config))
        return path

    def sign(self, *options, who="carrier", key="leaf", x5u="/cert.pem", which=0, orig=CALLER, dest=CALLED, attest="B",
             header=None, payload=None):
        """`header`, `payload`: changes of the members; None removes one."""
        url = x5u if x5u.startswith("http") else self.web.url(x5u, which)
        if header is not None or payload is not None:
            members = [{"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": url},
                       {"attest": attest, "dest": {"tn": [dest]}, "iat": int(time.time()), "orig": {"tn": orig},
                        "origid": "de305d54-75b4-431b-adb2-eb6b9e546014"}]
            texts = []
            for good, changes in zip(members, (header, payload)):
                if isinstance(changes, str):
                    texts.append(changes)
                    continue
                merged = {**good, **(changes or {})}
                texts.append(json.dumps({k: v for k, v in merged.items() if v is not None}, separators=(",", ":")))
            options += ("--raw-header", texts[0], "--raw-payload", texts[1], "--token-only")
        out = run(CALLVET, "sign", "--key", self.folder / who / f"{key}.key", "--x5u", url, "--dest", "+" + dest,
                  *(("--orig", "+" + orig, "--attest", attest) if orig else ()), "--insecure-unchecked", *options)
        if header is not None or payload is not None:
            out = f"{out};info=<{url}>;alg=ES256;ppt=shaken"
        return out

    def close(self):
        self.web.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Callee:
    """Answers each INVITE with 486, anything else with 200, or as `answers` says by method, and keeps what came."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received = []
        self.answers = {}  # by method: the status lines that are sent, one after the other
        self.last = None  # what `answer` needs for the INVITE that came last
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                data, sender = self.socket.recvfrom(65535)
            except OSError:
                return
            text = data.decode("utf-8", "replace")
            within = re.search(r"^To:.*;tag=", text, re.M | re.I)
            contact = text.split(" ", 2)[1] if within else self.contact()
            method = text.split(" ", 1)[0]
            if method in ("ACK", "SIP/2.0"):
                continue
            self.received.append(text)
            copied = [line for line in text.split("\r\n\r\n")[0].split("\r\n")[1:]
                      if re.match(r"(Via|From|To|Call-ID|CSeq|Record-Route):", line, re.I)]
            copied = [line + ";tag=callee" if line.lower().startswith("to:") and ";tag=" not in line else line
                      for line in copied]
            if method == "INVITE":
                self.last = copied, sender, contact
            for status in self.answers.get(method, ["486 Busy Here" if method == "INVITE" else "200 OK"]):
                self.answer(status, copied, sender, contact)

    def contact(self):
        return f"sip:+{CALLED}@127.0.0.1:{self.port}"

    def answer(self, status, copied, sender, contact):
        contact = [f"Contact: <{contact}>"] if status[0] in "12" else []
        try:
            self.socket.sendto(("\r\n".join(["SIP/2.0 " + status, *copied, *contact, "Content-Length: 0", "", ""])).encode(),
                               sender)
        except OSError:
            pass

    def close(self):
        self.socket.close()


class Kamailio:
    """One running kamailio with `script`; `defines` are its -A options."""

    def __init__(self, lab, script, config=None, callee_port=None, workers=2, memory=256, **defines):
        self.lab = lab
        self.script = script
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kamailio-", dir=lab.folder))
        self.ctl = f"unix:{self.folder}/ctl"
        next_hop = f"sip:127.0.0.1:{callee_port or 9}"
        values = {"CALLVET_MODULE": MODULE, "CALLVET_CONFIG": str(config or lab.folder / "callvet.json"),
                  "CTL": self.ctl, "NEXT_HOP": next_hop, "WORKERS": workers, "WITH_REASON_ID": "",
                  "DIALOG_SECRET": "of the test alone", **defines}
        lua = HERE / "kemi.lua"
        if script.name == "kemi.cfg":
            text = lua.read_text().replace("NEXT_HOP\"", next_hop + '"')
            (self.folder / "kemi.lua").write_text(text)
            values["LUA_FILE"] = str(self.folder / "kemi.lua")
        options = []
        for name, value in values.items():
            if value == "":
                options += ["-A", name]
            else:
                options += ["-A", f"{name}={value}" if isinstance(value, int) else f'{name}="{value}"']
        environment = {**os.environ, "LD_LIBRARY_PATH": LIBRARY_FOLDER, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        if SANITIZE:
            environment["LD_PRELOAD"] = run("gcc", "-print-file-name=libasan.so")
            environment["ASAN_OPTIONS"] = "detect_leaks=0:handle_abort=1"
            environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
        self.log = self.folder / "log"
        self.process = subprocess.Popen(
            ["kamailio", "-f", str(script), "-L", MODULES, "-DD", "-E", "-m", str(memory), "-M", "16", "-Y",
             str(self.folder), "-l", f"udp:127.0.0.1:{self.port}", *options],
            stdout=subprocess.DEVNULL, stderr=self.log.open("wb"), stdin=subprocess.DEVNULL, env=environment,
            cwd=self.folder)
        self.wait_until_up()

    def wait_until_up(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if (self.folder / "ctl").exists() and self.is_ready():
                return
            time.sleep(0.05)
        text, code = self.log_text(), self.process.poll()
        self.close()
        raise AssertionError(f"kamailio did not come up, exit code {code}:\n{text[-3000:]}")

    def is_ready(self):
        processes = self.kamcmd("core.psx", check=False)
        if "callvet" in self.script.read_text() and "callvet fetcher" not in processes:
            return False
        return self.options() == 200

    def options(self):
        try:
            return Client(self.port).request("OPTIONS", patience=1).code
        except TimeoutError:
            return None

    def kamcmd(self, *arguments, check=True):
        return run("kamcmd", "-s", self.ctl, *arguments, check=check)

    def stats(self):
        return {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", self.kamcmd("callvet.stats"))}

    def processes(self, description=""):
        """Ids of the processes whose description has this text."""
        pids = []
        for block in self.kamcmd("core.psx").split("}"):
            pid = re.search(r"PID: (\d+)", block)
            if pid and description in block:
                pids.append(int(pid.group(1)))
        return pids

    def log_text(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def close(self):
        """Ends it; the seconds that this took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return time.monotonic() - begin

    def sanitizer_reports(self):
        return [line for line in self.log_text().splitlines()
                if re.search(r"AddressSanitizer|runtime error:|LeakSanitizer", line)]


class Reply:
    def __init__(self, text):
        self.text = text
        self.code = int(text.split(" ", 2)[1])

    def header(self, name):
        found = re.search(rf"^{re.escape(name)}: *(.*?)\r$", self.text, re.M | re.I)
        return found.group(1) if found else None


class Client:
    """A SIP client that sends one request at a time over UDP."""

    count = 0

    def __init__(self, port):
        self.server = ("127.0.0.1", port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.provisional = []
        self.call_ids = set()  # of what was sent from here

    def build(self, method="INVITE", headers=(), caller=CALLER, called=CALLED, to_tag="", body="", branch=None,
              call_id=None, cseq=None):
        Client.count += 1
        self.branch = branch or f"z9hG4bK{os.getpid()}x{Client.count}"
        self.call_id = call_id or f"{os.getpid()}-{Client.count}@example.org"
        self.call_ids.add(self.call_id)
        lines = [f"{method} sip:+{called}@127.0.0.1:{self.server[1]} SIP/2.0",
                 f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={self.branch}",
                 f"From: <sip:+{caller}@caller.example.org>;tag=caller",
                 f"To: <sip:+{called}@callee.example.org>{to_tag}", f"Call-ID: {self.call_id}",
                 f"CSeq: 1 {cseq or method}", f"Contact: <sip:test@127.0.0.1:{self.port}>", "Max-Forwards: 70", *headers,
                 f"Content-Length: {len(body)}", "", body]
        return "\r\n".join(lines)

    def send(self, text):
        self.socket.sendto(text.encode("utf-8", "surrogateescape"), self.server)

    def receive(self, patience=20.0, cseq=None):
        end = time.monotonic() + patience
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("no final answer")
            self.socket.settimeout(left)
            try:
                reply = Reply(self.socket.recv(65535).decode("utf-8", "replace"))
            except socket.timeout:
                raise TimeoutError("no final answer") from None
            call_id = reply.header("Call-ID") or ""
            if call_id.startswith(f"{os.getpid()}-") and call_id not in self.call_ids:
                continue  # repeated for a client that had this port before
            if cseq and cseq not in (reply.header("CSeq") or ""):
                self.other = reply
                continue
            if reply.code < 200:
                self.provisional.append(reply)
                continue
            return reply

    def ack(self, reply):
        """For a final answer that is no 2xx."""
        self.send(self.build("ACK", branch=self.branch, call_id=self.call_id,
                             to_tag=";" + reply.header("To").split(";", 1)[1] if ";" in reply.header("To") else ""))

    def request(self, method="INVITE", headers=(), patience=20.0, **options):
        self.send(self.build(method, headers, **options))
        reply = self.receive(patience, cseq=method)
        if method == "INVITE":
            self.ack(reply)
        return reply
