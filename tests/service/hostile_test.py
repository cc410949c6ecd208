#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile clients: the service keeps answering good ones, its memory stays bounded, and it does not crash."""

import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from support import CALLED, CALLER, PATIENCE, TOKENS, Lab, Server  # noqa: E402

BODY = json.dumps({"verificationRequest": {"from": {"tn": CALLER}, "to": {"tn": [CALLED]}, "time": 1}})
GOOD = (f"POST /stir/v1/verification HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}").encode()
# AddressSanitizer keeps freed memory for a while, on purpose.
MAX_MIB = 900 if "asan" in os.environ.get("CALLVET", "") else 300


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.server = Server(cls.lab, limits={"request_ms": 3000, "connections": 1000, "workers": 4})

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.lab.close()

    def tearDown(self):
        self.assert_good_client()
        self.assertIsNone(self.server.process.poll())
        self.assertLess(self.server.memory_mib(), MAX_MIB)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)

    def assert_good_client(self):
        status, _, text = self.server.verify(None)
        self.assertEqual((status, text), (200, '{"verificationResponse":{"verstat":"No-TN-Validation"}}'))

    def answer(self, *parts, half_close=False):
        """What comes back before the connection ends or nothing more comes."""
        got = b""
        with self.connect() as client:
            try:
                for part in parts:
                    client.sendall(part)
                if half_close:
                    client.shutdown(socket.SHUT_WR)
                while part := client.recv(65536):
                    got += part
            except OSError:
                pass
        return got

    def test_slowloris(self):
        clients = [self.connect() for _ in range(200)]
        for client in clients:
            client.sendall(b"POST /stir/v1/verification HTTP/1.1\r\nHost: x\r\n")
        for n in range(8):
            self.assert_good_client()
            for client in clients:
                try:
                    client.sendall(b"X-%d: 1\r\n" % n)
                except OSError:
                    pass
            time.sleep(0.5)
        ended = 0
        for client in clients:
            client.settimeout(PATIENCE)
            try:
                ended += client.recv(100) == b""
            except ConnectionError:
                ended += 1
            client.close()
        self.assertEqual(ended, len(clients))

    def test_slow_bodies(self):
        clients = [self.connect() for _ in range(200)]
        for client in clients:
            client.sendall(GOOD[:-5])
        self.assert_good_client()
        for client in clients:
            client.settimeout(PATIENCE)
            try:
                self.assertEqual(client.recv(100), b"")
            except ConnectionError:
                pass
            client.close()

    def test_a_body_of_a_gigabyte(self):
        size = 1 << 30
        head = (f"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n").encode()
        self.assertTrue(self.answer(head).startswith(b"HTTP/1.1 413 "))
        with self.connect() as client:
            client.sendall(head)
            sent = 0
            try:
                while sent < size:
                    sent += client.send(b" " * 65536)
            except OSError:
                pass
            self.assertLess(sent, 64 << 20)

    def test_headers(self):
        many = b"".join(b"X-%d: 1\r\n" % n for n in range(100_000))
        self.assertIn(self.answer(b"GET / HTTP/1.1\r\n", many, b"\r\n")[:13], (b"HTTP/1.1 431 ", b""))
        self.assertIn(self.answer(b"GET / HTTP/1.1\r\nX: ", b"a" * (1 << 20))[:13], (b"HTTP/1.1 431 ", b""))
        self.assertIn(self.answer(b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n")[:13], (b"HTTP/1.1 414 ",))
        ranges = b"Range: bytes=" + b"0-," * 3000 + b"0-\r\n"
        got = self.answer(b"GET /app.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + ranges + b"\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 200 "))
        self.assertLess(len(got), 100_000)
        # Nor are any promised.
        for method in (b"GET", b"HEAD"):
            got = self.answer(method + b" /app.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertTrue(got.startswith(b"HTTP/1.1 200 "), got[:300])
            self.assertNotIn(b"Accept-Ranges: bytes", got)

    def test_two_readers_never_disagree(self):
        for bad in (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                    b"Content-Length: +5\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length : 5\r\n", b"A: 1\r\n folded\r\n",
                    b"A: \x00\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"No colon\r\n", b"Host: y\r\n",
                    b"Content-Type: application/json\r\nContent-Type: text/plain\r\n"):
            got = self.answer(b"POST /v1/calls HTTP/1.1\r\nHost: x\r\n" + bad + b"\r\nhello")
            self.assertRegex(got, rb"^HTTP/1.1 (400|501) ", bad)
            self.assertEqual(got.count(b"HTTP/1.1"), 1)
        for line in (b"GET / HTTP/2.0", b"GET  / HTTP/1.1", b"GET /", b"\x16\x03\x01", b"GET / HTTP/1.1\n"):
            self.assertRegex(self.answer(line + b"\r\n\r\n"), rb"^HTTP/1.1 (400|505) ", line)

    def test_deep_json(self):
        deep = b"[" * 100_000
        for path in (b"/v1/calls", b"/stir/v1/verification", b"/v1/decode"):
            got = self.answer(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
                              b"Content-Length: %d\r\n\r\n" % len(deep) + deep)
            self.assertTrue(got.startswith(b"HTTP/1.1 400 "), got[:200])

    def test_half_closed_sockets(self):
        self.assertIn(b"No-TN-Validation", self.answer(GOOD, half_close=True))
        self.assertEqual(self.answer(GOOD[:40], half_close=True), b"")
        self.assertEqual(self.answer(b"", half_close=True), b"")

    def test_tls_garbage_and_noise(self):
        for noise in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500), os.urandom(4096), b"\x00" * 4096,
                      b"\r\n" * 50_000, b"\xff\xfe" * 100):
            self.answer(noise, half_close=True)
            self.assert_good_client()

    def test_two_thousand_idle_connections(self):
        idle = []
        for _ in range(2000):
            idle.append(self.connect())
            if len(idle) % 200 == 0:
                self.assert_good_client()
        for _ in range(20):
            self.assert_good_client()
        for client in idle:
            client.close()

    def test_clients_that_never_read(self):
        clients = []
        for _ in range(30):
            client = self.connect()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(0.2)
            try:
                for _ in range(200):
                    client.sendall(b"GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n")
            except OSError:
                pass
            clients.append(client)
            self.assert_good_client()
        for client in clients:
            client.close()

    def test_batches_are_bounded(self):
        """More batches than allowed get 503 at once, and those that are sent slowly hinder nobody."""
        head = b"POST /v1/calls:batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        clients = [self.connect() for _ in range(8)]
        for client in clients:
            client.sendall(head)
        time.sleep(0.5)
        self.assert_good_client()
        refused = 0
        for client in clients:
            client.settimeout(1)
            try:
                refused += client.recv(100).startswith(b"HTTP/1.1 503 ")
            except OSError:
                pass
            client.close()
        self.assertEqual(refused, 4)

    def test_batch_lines_are_bounded(self):
        got = self.answer(b"POST /v1/calls:batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", b"x" * 1000000)
        self.assertIn(b"body-invalid", got)
        got = self.answer(b"POST /v1/calls:batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", half_close=True)
        self.assertIn(b"body-invalid", got)

    def test_overload_is_answered(self):
        stop = threading.Event()
        statuses = set()

        def flood():
            while not stop.is_set():
                with self.connect() as client:
                    client.sendall(GOOD * 50)
                    got = b""
                    try:
                        while got.count(b"HTTP/1.1 ") < 50 and (part := client.recv(65536)):
                            got += part
                    except OSError:
                        pass
                    statuses.update(part[:3] for part in got.split(b"HTTP/1.1 ")[1:])

        threads = [threading.Thread(target=flood) for _ in range(16)]
        for thread in threads:
            thread.start()
        time.sleep(3)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual(statuses, {b"200", b"503"})

    def test_others_do_not_wait_behind_calls_whose_certificate_server_hangs(self):
        hosts = [f"127.0.0.{n}" for n in (2, 3, 4)]  # of each only so many are asked at a time
        silent = [socket.create_server((host, 0), backlog=64) for host in hosts]  # accept, and say nothing
        ports = [server.getsockname()[1] for server in silent]
        server = Server(self.lab, verification={"deadline_ms": 20000}, limits={"workers": 2, "request_ms": 30000},
                        certificates={"files": [], "insecure_allow_private_addresses": True,
                                      "insecure_allow_ports": ports})
        answers = []
        signed = [self.lab.sign("--insecure-unchecked", x5u=f"https://{host}:{port}/{n}.pem")
                  for host, port in zip(hosts, ports) for n in range(4)]
        threads = [threading.Thread(target=lambda identity=identity: answers.append(server.verify(identity)))
                   for identity in signed]
        try:
            for thread in threads:
                thread.start()
            waiting = f"callvet_certificate_waiting {len(signed)}"
            while waiting not in server.request("GET", "/metrics", token=TOKENS["read-evidence"])[2]:
                self.assertEqual(answers, [], "they should still wait")
                time.sleep(0.05)
            for _ in range(20):
                self.assertEqual(server.verify(None)[0], 200)
            self.assertEqual(answers, [], "they should still wait")
        finally:
            for listener in silent:
                listener.close()  # which ends their connections
            for thread in threads:
                thread.join()
            self.assertEqual(server.stop(), 0)
        self.assertEqual({json.loads(text)["verificationResponse"]["verstat"] for _, _, text in answers},
                         {"No-TN-Validation"})


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
