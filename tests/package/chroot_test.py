#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Installs the packages of a folder in a clean chroot and lives through a package's life there:

    chroot_test.py FOLDER-WITH-DEBS

Started by hand, by tools/package --test, since it needs root, a mirror and some minutes. Each step is told; the
first that is not as it should be ends the test. The chroot is kept then."""

import ctypes
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

CALLER, CALLED, X5U = "+12155550100", "+12155550101", "https://cert.example.org/lab.pem"
AS_CALLVET = ("setpriv", "--reuid", "callvet", "--regid", "callvet", "--init-groups", "--")


def say(text):
    print(text, flush=True)


def expect(condition, what, shown=""):
    if not condition:
        sys.exit(f"FAILED: {what}\n{shown}")
    say(f"  ok: {what}")


class Chroot:
    def __init__(self, packages):
        self.packages = packages
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="callvet-chroot-"))
        self.root.chmod(0o755)

    def make(self):
        """Debian's minimum, with the archives that this machine uses. That minimum is kept for a day."""
        sources = pathlib.Path("/etc/apt/sources.list.d/debian.sources")
        text = sources.read_text(encoding="utf-8") if sources.exists() else ""
        mirror = re.search(r"(?m)^URIs:\s*(\S+)", text)
        release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
        suite = release["VERSION_CODENAME"]
        cache = self.packages[0].parent.resolve() / "debootstrap"  # of downloads, and of what they become
        cache.mkdir(exist_ok=True)
        base, log = cache / f"{suite}.tar", self.root.with_suffix(".log")
        if not base.exists() or base.stat().st_mtime < time.time() - 86400:
            with open(log, "w", encoding="utf-8") as out:
                done = subprocess.run(["debootstrap", "--variant=minbase", f"--cache-dir={cache}", suite, self.root,
                                       mirror.group(1) if mirror else "http://deb.debian.org/debian"],
                                      stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
            expect(done.returncode == 0, f"debootstrap made a clean {suite}", f"see {log}")
            subprocess.run(["tar", "-C", self.root, "--exclude=./proc/*", "--exclude=./sys/*", "-cf", base, "."], check=True)
        else:
            subprocess.run(["tar", "-C", self.root, "-xpf", base], check=True)
        say(f"  clean {suite} in {self.root}")
        if mirror:
            (self.root / "etc/apt/sources.list").unlink(missing_ok=True)
            shutil.copy(sources, self.root / "etc/apt/sources.list.d/")
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (self.root / "usr/sbin/policy-rc.d").chmod(0o755)
        subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
        for package in self.packages:
            shutil.copy(package, self.root / "root")
        self.apt("update")

    def close(self):
        subprocess.run(["umount", self.root / "proc"], check=False)
        shutil.rmtree(self.root)
        for suffix in (".log", ".service", ".strace"):
            self.root.with_suffix(suffix).unlink(missing_ok=True)

    def run(self, *command, code=0, text=None, **environment):
        done = subprocess.run(["chroot", self.root, *map(str, command)], capture_output=True, text=True, input=text or "",
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                                   "DEBIAN_FRONTEND": "noninteractive", **environment}, timeout=900, check=False)
        if code is not None and done.returncode != code:
            sys.exit(f"FAILED: {command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def apt(self, *arguments, **environment):
        return self.run("apt-get", "-y", "--no-install-recommends", *arguments, **environment)

    def path(self, path):
        return self.root / path.lstrip("/")

    def owner(self, path):
        return self.run("stat", "-c", "%U:%G %a", path).strip()


def without_network():
    """From here on this process and its children have a loopback of their own: port 8080 is free there."""
    clone_newnet = 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newnet) != 0:
        sys.exit(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def make_lab(chroot):
    lab = "/root/lab"
    chroot.run("callvet", "pki", "root", "--dir", lab)
    chroot.run("callvet", "pki", "intermediate", "--dir", lab, "--issuer-cert", f"{lab}/root.pem", "--issuer-key", f"{lab}/root.key")
    chroot.run("callvet", "pki", "leaf", "--dir", lab, "--issuer-cert", f"{lab}/intermediate.pem", "--issuer-key",
               f"{lab}/intermediate.key", "--spc", "4321")


def sign(chroot):
    return chroot.run("callvet", "sign", "--key", "/root/lab/leaf.key", "--x5u", X5U, "--orig", CALLER, "--dest", CALLED).strip()


def check_sbom(chroot, path):
    """It names the file that is installed, and packages that are. Their versions are those that it was built with."""
    document = json.loads(chroot.path(path).read_text())
    subject, *others = document["packages"]
    files = [found for found in chroot.run("dpkg", "-L", subject["name"]).split()
             if found.endswith("/" + subject["packageFileName"]) and chroot.path(found).is_file()]
    digest = hashlib.sha256(chroot.path(files[0]).read_bytes()).hexdigest()
    expect(subject["checksums"][0]["checksumValue"] == digest, f"{pathlib.Path(path).name} has the SHA-256 of {files[0]}")
    linked = {one["relatedSpdxElement"] for one in document["relationships"] if one["relationshipType"] == "DYNAMIC_LINK"}
    installed = dict(line.split(" ") for line in chroot.run("dpkg-query", "-W", "-f", "${Package} ${Version}\n").splitlines())
    missing = [one["name"] for one in others if one["SPDXID"] in linked and one["name"] not in installed]
    expect(linked and not missing, f"and names the {len(linked)} packages with libraries that it needs", str(missing))
    for one in others:
        if one["SPDXID"] in linked and installed[one["name"]] != one["versionInfo"]:
            say(f"    built with {one['name']} {one['versionInfo']}, here is {installed[one['name']]}")


def check_command(chroot, version):
    say("== The command")
    text = chroot.run("callvet", "--version")
    say("    " + text.strip().replace("\n", "\n    "))
    commit = re.search(r"\.([0-9a-f]{7})-1$", version)
    expect(text.startswith("callvet ") and re.search(r"commit: +[0-9a-f]{40}\n", text), "callvet --version knows its commit")
    expect(not commit or f" {commit.group(1)}" in text, "which is the package's")
    make_lab(chroot)
    chroot.path("/root/identity.txt").write_text(sign(chroot))
    verify = ("callvet", "verify", "--identity-file", "/root/identity.txt", "--dest", CALLED, "--anchors", "/root/lab/root.pem",
              "--cert", "/root/lab/chain.pem", "--json", "--orig")
    good = json.loads(chroot.run(*verify, CALLER))
    expect(good["reason"] == "verified", "a good call is verified")
    bad = json.loads(chroot.run(*verify, "+12155550199", code=1))
    expect(bad["reason"] == "orig-mismatch", "a spoofed one is not: orig-mismatch")
    documents = ("man/man1/callvet.1.gz", "man/man5/callvet.json.5.gz", "man/man5/callvet-policy.5.gz",
                 "bash-completion/completions/callvet", "doc/callvet/callvet.spdx.json",
                 "doc/libcallvet1/libcallvet1.spdx.json", "doc/kamailio-callvet-module/kamailio-callvet-module.spdx.json")
    missing = [name for name in documents if not chroot.path("/usr/share/" + name).exists()]
    expect(not missing, "manual pages, completion and SBOMs are there", str(missing))
    for name in documents[4:]:
        check_sbom(chroot, "/usr/share/" + name)


class Service:
    """ExecStart of the unit as its user, in a network of its own. strace shows what the sandbox would have to allow."""

    def __init__(self, chroot):
        unit = chroot.path("/lib/systemd/system/callvet.service").read_text()
        command = re.search(r"(?m)^ExecStart=(.*)$", unit).group(1).split()
        self.trace = chroot.root.with_suffix(".strace")
        self.log = open(chroot.root.with_suffix(".service"), "w+", encoding="utf-8")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify = chroot.path("/run/notify")
        notify.unlink(missing_ok=True)
        self.manager.bind(str(notify))
        notify.chmod(0o777)
        self.manager.settimeout(60)
        traced = ["strace", "-f", "-qq", "-o", self.trace] if shutil.which("strace") else []
        self.process = subprocess.Popen(
            [*traced, "chroot", chroot.root, *AS_CALLVET, *command], stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": "/run/notify"}, start_new_session=True)
        self.told = self.manager.recv(100)

    def pid(self):
        """Of callvet itself, strace being its parent."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else self.process.pid

    def get(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
        connection.request("POST" if body else "GET", path, body=json.dumps(body) if body else None,
                           headers={"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or "null")

    def reload(self, until):
        os.kill(self.pid(), signal.SIGHUP)
        for _ in range(200):
            answer = self.get("/readyz")
            if until(answer):
                break
            time.sleep(0.1)
        return answer

    def stop(self):
        os.kill(self.pid(), signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.seek(0)
        return code, self.log.read()


def allowed_calls(chroot):
    """What the unit's SystemCallFilter lines leave, as systemd on this machine knows its sets."""
    def members(name):
        if not name.startswith("@"):
            return {name}
        found = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
        names = re.findall(r"(?m)^ {4}(@?[a-z0-9_-]+)$", found.stdout)
        return set().union(*(members(one) for one in names))
    allowed = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", chroot.path("/lib/systemd/system/callvet.service").read_text()):
        for name in line.lstrip("~").split():
            allowed = allowed - members(name) if line.startswith("~") else allowed | members(name)
    return allowed


def check_sandbox(chroot, service):
    if not service.trace.exists():
        return say("  (strace is not here: the unit's system call filter was not compared)")
    lines = service.trace.read_text(errors="replace").splitlines()
    start = next(i for i, line in enumerate(lines) if 'execve("/usr/bin/callvet"' in line)
    lines = lines[start + 1:]
    used = {found.group(1) for line in lines if (found := re.match(r"\d+ +([a-z_0-9]+)\(", line))}
    refused = sorted(used - allowed_calls(chroot))
    expect(not refused, f"the unit's filter allows all {len(used)} system calls that the service made", str(refused))
    expect(not any("PROT_WRITE|PROT_EXEC" in line for line in lines), "no memory is writable and executable")
    families = {found.group(1) for line in lines if (found := re.match(r"\d+ +socket\((AF_[A-Z0-9]+)", line))}
    expect(families <= {"AF_INET", "AF_INET6", "AF_UNIX"}, f"address families: {', '.join(sorted(families))}")


def check_service(chroot):
    say("== The service, as it is after the installation")
    expect(chroot.owner("/var/lib/callvet") == "callvet:callvet 750" and chroot.owner("/var/cache/callvet") == "callvet:callvet 750",
           "its directories belong to the user callvet")
    expect(chroot.owner("/etc/callvet/callvet.json") == "root:root 644", "its configuration does not")
    service = Service(chroot)
    expect(service.told == b"READY=1", "it tells its manager that it is up")
    expect(service.get("/healthz")[0] == 200, "/healthz answers 200")
    status, answer = service.get("/readyz")
    say(f"    {answer}")
    expect(status == 503 and "anchors" in answer["detail"], "/readyz answers 503 and names the empty directory")
    call = {"from": CALLER, "to": CALLED, "identity": sign(chroot).removeprefix("Identity:").strip()}
    status, answer = service.get("/v1/calls", call)
    expect(status == 200 and answer["verstat"] != "TN-Validation-Passed", f"without anchors nothing passes: {answer['reason']}")
    shutil.copy(chroot.path("/root/lab/root.pem"), chroot.path("/etc/callvet/anchors/lab.pem"))
    config = chroot.path("/etc/callvet/callvet.json")
    chroot.path("/etc/callvet/lab-chain.pem").write_bytes(chroot.path("/root/lab/chain.pem").read_bytes())
    config.write_text(config.read_text().replace('"certificates": {', '"certificates": {\n    "files": "lab-chain.pem",'))
    answer = service.reload(lambda answer: answer[0] == 200)
    expect(answer[0] == 200, "an anchor, a certificate and SIGHUP: /readyz answers 200", str(answer))
    call["identity"] = sign(chroot).removeprefix("Identity:").strip()
    status, answer = service.get("/v1/calls", call)
    expect(answer["verstat"] == "TN-Validation-Passed", "a good call passes", str(answer))
    status, answer = service.get("/v1/calls", {**call, "from": "+12155550199"})
    expect(answer["reason"] == "orig-mismatch", "a spoofed one does not: orig-mismatch")
    status, answer = service.get("/stir/v1/verification", {"verificationRequest": {
        "time": int(time.time()), "identity": call["identity"], "from": {"tn": CALLER[1:]}, "to": {"tn": [CALLED[1:]]}}})
    expect(answer["verificationResponse"]["verstat"] == "TN-Validation-Passed", "ATIS-1000082: TN-Validation-Passed")
    code, log = service.stop()
    expect(code == 0, "SIGTERM ends it in order", log)
    expect("not-ready" in log, "its log says that it was not ready")
    check_sandbox(chroot, service)
    check_service_that_keeps_and_fetches(chroot, config)


def check_service_that_keeps_and_fetches(chroot, config):
    """With evidence, and a certificate that is asked for by name: what that needs the sandbox allows too."""
    say("== The service with evidence and downloads")
    before = config.read_text()
    text = before.replace('"files": "lab-chain.pem",', "").replace('//, "evidence"', ', "evidence"')
    expect(text.count("lab-chain.pem") == 0 and "\n  , \"evidence\"" in text, "its configuration can be changed so")
    config.write_text(text)
    chroot.path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")  # which can be asked, and is not there
    service = Service(chroot)
    call = {"from": CALLER, "to": CALLED, "identity": sign(chroot).removeprefix("Identity:").strip()}
    status, answer = service.get("/v1/calls", call)
    expect(status == 200 and answer["verstat"] != "TN-Validation-Passed", f"no network, no certificate: {answer['reason']}", str(answer))
    code, log = service.stop()
    expect(code == 0, "SIGTERM ends it in order", log)
    kept = chroot.run("callvet", "evidence", "find", "--store", "/var/lib/callvet/calls.db", "--json")
    expect(answer["evidence_id"] in kept, "the call's record is in the store", kept)
    check_sandbox(chroot, service)
    config.write_text(before)


def check_others(chroot):
    say("== Library and Kamailio module")
    flags = chroot.run("pkg-config", "--cflags", "--libs", "callvet").split()
    chroot.run("gcc", "-std=c11", "/usr/share/doc/libcallvet-dev/examples/verify.c", "-o", "/root/verify", *flags)
    soname = re.search(r"NEEDED +(libcallvet\S+)", subprocess.run(
        ["objdump", "-p", chroot.path("/root/verify")], capture_output=True, text=True, check=True).stdout).group(1)
    expect(soname == "libcallvet.so.1", "the example is built by pkg-config, and needs libcallvet.so.1")
    invite = (f"INVITE sip:{CALLED}@callee.example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
              f"From: <sip:{CALLER}@caller.example.org>;tag=1\r\nTo: <sip:{CALLED}@callee.example.org>\r\nCall-ID: 1@example.org\r\n"
              f"CSeq: 1 INVITE\r\nIdentity: {sign(chroot).removeprefix('Identity:').strip()}\r\nContent-Length: 0\r\n\r\n")
    with open(chroot.path("/root/invite.sip"), "w", encoding="utf-8", newline="") as out:
        out.write(invite)
    said = chroot.run("/root/verify", "/etc/callvet/callvet.json", "/root/invite.sip")
    expect("TN-Validation-Passed" in said, "and verifies a call by the service's configuration")
    for config in ("redirect", "inline"):
        said = chroot.run("kamailio", "-c", "-A", 'DIALOG_SECRET="0123456789abcdef0123456789abcdef"', "-f", f"/usr/share/doc/kamailio-callvet-module/examples/{config}.cfg")
        expect("config file ok" in said, f"kamailio -c takes {config}.cfg with the module", said)


def repack(package, folder, version, change=None):
    """The same package as a later version."""
    tree = pathlib.Path(tempfile.mkdtemp(prefix="callvet-repack-"))
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version:.*$", f"Version: {version}", control.read_text()))
    if change:
        change(tree)
    name = folder / f"callvet_{version}_upgrade.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, name], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return "/root/" + name.name


def check_upgrade(chroot, package):
    say("== Upgrade")
    config = chroot.path("/etc/callvet/callvet.json")
    edited = config.read_text()
    chroot.apt("install", repack(package, chroot.path("/root"), "99.1-1"))
    expect("99.1-1" in chroot.run("dpkg-query", "-W", "callvet"), "to 99.1")
    expect(config.read_text() == edited, "keeps the edited configuration")

    def change(tree):
        shipped = tree / "etc/callvet/callvet.json"
        shipped.write_text(shipped.read_text() + "// of a later version\n")
    chroot.apt("install", "-o", "Dpkg::Options::=--force-confdef", repack(package, chroot.path("/root"), "99.2-1", change))
    expect(config.read_text() == edited, "to 99.2, whose default is another one: keeps it too")
    expect("of a later version" in chroot.path("/etc/callvet/callvet.json.dpkg-dist").read_text(), "the new default lies beside it")
    expect(chroot.owner("/var/lib/callvet") == "callvet:callvet 750", "directories stay as they were")


def check_removal_of_mounts_and_links(chroot, package):
    """Neither can be removed as a directory is; the scripts go on."""
    chroot.apt("install", "/root/" + package.name)
    data, anchors, shared = (chroot.path(path) for path in ("/var/lib/callvet", "/etc/callvet/anchors", "/root/anchors"))
    shared.mkdir()
    (shared / "lab.pem").write_text("")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", data], check=True)

    def purge(**environment):
        shutil.rmtree(anchors)
        anchors.symlink_to("/root/anchors")
        said = chroot.apt("purge", "callvet", **environment)
        expect(os.path.ismount(data) and not any(data.iterdir()), "purge leaves an empty mount point", said)
        expect(not os.path.lexists(chroot.path("/etc/callvet")) and (shared / "lab.pem").exists(),
               "and takes the link away, not what it names", said)
        expect("is kept" not in said, "of which it says nothing", said)
    purge()
    chroot.apt("install", "/root/" + package.name)
    (data / "calls.db").write_text("records")
    purge(CALLVET_PURGE_DATA="yes")
    expect(chroot.run("getent", "passwd", "callvet", code=None) == "", "with CALLVET_PURGE_DATA=yes the user is gone too")
    subprocess.run(["umount", data], check=True)
    data.rmdir()


def check_removal(chroot, package):
    say("== Removal")
    evidence = chroot.path("/var/lib/callvet/calls.db")
    evidence.write_text("records")
    chroot.path("/var/cache/callvet/x").write_text("")
    chroot.apt("remove", "callvet")
    expect(not chroot.path("/usr/bin/callvet").exists(), "the program is gone")
    expect(evidence.exists() and chroot.path("/etc/callvet/callvet.json").exists(), "configuration and data are kept")
    said = chroot.apt("purge", "callvet")
    expect(not chroot.path("/etc/callvet/callvet.json").exists() and not chroot.path("/var/cache/callvet").exists(),
           "purge removes configuration and cache")
    expect(evidence.exists() and chroot.path("/etc/callvet/anchors/lab.pem").exists(), "and keeps the operator's data")
    expect("/var/lib/callvet is kept" in said, "which it says", said)
    chroot.apt("install", "/root/" + package.name)
    expect(evidence.exists() and chroot.owner("/var/lib/callvet") == "callvet:callvet 750", "installed again it has its data")
    chroot.path("/etc/callvet/purge-data").write_text("")
    chroot.apt("purge", "callvet")
    expect(not any(chroot.path(path).exists() for path in ("/var/lib/callvet", "/var/cache/callvet", "/etc/callvet")),
           "purge with /etc/callvet/purge-data leaves nothing")
    expect(chroot.run("getent", "passwd", "callvet", code=None) == "", "no user either")
    chroot.apt("install", "/root/" + package.name)
    chroot.path("/var/lib/callvet/calls.db").write_text("records")
    chroot.apt("purge", "callvet", CALLVET_PURGE_DATA="yes")
    expect(not chroot.path("/var/lib/callvet").exists(), "nor does CALLVET_PURGE_DATA=yes")
    check_removal_of_mounts_and_links(chroot, package)
    chroot.apt("purge", "libcallvet-dev", "libcallvet1", "kamailio-callvet-module")
    left = [str(path) for top in ("etc", "usr", "var") for path in chroot.path(top).rglob("*callvet*")]
    expect(not left, "of all four packages nothing is left", str(left))


def main():
    packages = sorted(pathlib.Path(sys.argv[1]).glob("*.deb"))
    packages = [package for package in packages if "dbgsym" not in package.name]
    callvet = next(package for package in packages if package.name.startswith("callvet_"))
    version = callvet.name.split("_")[1]
    chroot = Chroot(packages)
    say("== A clean chroot")
    chroot.make()
    chroot.apt("install", *("/root/" + package.name for package in packages))
    expect("ii" in chroot.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "callvet"), f"apt installed {version} of {len(packages)} packages")
    chroot.apt("install", "gcc", "libc6-dev", "pkg-config")
    without_network()
    check_command(chroot, version)
    check_service(chroot)
    check_others(chroot)
    check_upgrade(chroot, callvet)
    check_removal(chroot, callvet)
    chroot.close()
    say("All good.")


if __name__ == "__main__":
    main()
