# SPDX-License-Identifier: Apache-2.0
"""What the parts of tests/emu/gdb_test share: a machine, a gdb that is spoken to line by line, and counting."""
import os
import re
import select
import signal
import subprocess
import threading
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "eterna")
LIMIT_S = 120      # processor seconds of a machine
ANSWER_S = 100     # real seconds for an answer of gdb's
PATIENCE_S = 900   # real seconds after which something is certainly stuck

tally = {"passed": 0, "failed": 0}


def verdict(good, what, detail=""):
    tally["passed" if good else "failed"] += 1
    if good:
        print(f"ok   {what}", flush=True)
    else:
        print(f"FAIL {what}\n     {detail}", flush=True)


class Machine:
    """ETERNA with one guest that gdb can attach to; cannot, where `port` is None."""

    def __init__(self, options, port, words, log, limit_s=LIMIT_S):
        self.text = ""
        self.process = subprocess.Popen(
            [os.path.join(TREE, "tools/eterna-run"), "--machine", options.machine, "--image", options.image,
             "--timeout", str(limit_s)] + (["--gdb", str(port)] if port else [])
            + (["--cpu-model", options.cpu_model] if options.cpu_model else []) + words,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.log = open(log, "wb")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            data = self.process.stdout.read1(65536)
            if not data:
                return
            self.log.write(data)
            self.log.flush()
            self.text += data.decode("utf-8", "replace")

    def wait_for(self, pattern):
        end = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.text):
            if self.process.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self):
        """The exit status of a machine that ends by itself soon."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.reader.join(10)
        self.log.close()


class Gdb:
    """A gdb that is spoken to line by line; each answer ends with an echo of ours."""

    def __init__(self, program, log):
        self.process = subprocess.Popen([program, "-nx", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.log = open(log, "w")
        self.count = 0
        for line in ("set pagination off", "set confirm off", "set width 0", "set style enabled off",
                     "set remotetimeout 60", "set tcp connect-timeout 60"):
            self.ask(line)

    def ask(self, command, patience=ANSWER_S):
        """Its answer; Ctrl-C after `patience` seconds without one."""
        self.say(command)
        return self.hear(patience)

    def say(self, command):
        self.count += 1
        self.command = command
        self.process.stdin.write(f"{command}\necho @@{self.count}@@\\n\n".encode())
        self.process.stdin.flush()

    def hear(self, patience=ANSWER_S):
        mark = f"@@{self.count}@@"
        text = ""
        while mark not in text:
            if not select.select([self.process.stdout], [], [], patience)[0]:
                self.process.send_signal(signal.SIGINT)
                patience = ANSWER_S
                continue
            data = os.read(self.process.stdout.fileno(), 65536).decode("utf-8", "replace")
            if not data:
                break
            text += data
        text = text.replace("(gdb) ", "").replace(mark, "")
        self.log.write(f">>> {self.command}\n{text}\n")
        self.log.flush()
        return text.strip()

    def quit(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def first_words(options):
    """What `monitor` is told of the row."""
    return [(f"monitor {options.first}", r"^$")] if options.first else []


def run_checks(gdb, checks, patience=ANSWER_S):
    for command, pattern in checks:
        answer = gdb.ask(command, patience)
        if pattern is not None:
            shown = answer if len(answer) < 300 else answer[:300] + "..."
            verdict(re.search(pattern, answer, re.S) is not None, f"{command}   =~   {pattern}", shown.replace("\n", "\n     "))
