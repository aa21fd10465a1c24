"""Runs one measurement of a kernel by Jupyter's own clients and prints it as a line of JSON.

    measure.py KERNEL cells FILE       run all at once: cells whose outputs are lost or elsewhere
    measure.py KERNEL nbclient FILE    the same, one after the other, by nbclient
    measure.py KERNEL stops N SETUP CODE   press Stop N times: how often all is kept
    measure.py KERNEL overhead N       milliseconds of a cell that does nothing
    measure.py KERNEL memory N         megabytes of the kernel's process before and after N cells

FILE holds a list of [code, ends of the outputs].
"""
import json
import queue
import re
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel


def clean(text):
    return re.sub(r"\x1b\[\d+m", "", text)


def text_of(output):
    content = output.get("content", output)
    if "traceback" in content:
        return "\n".join(content["traceback"])
    return clean(content.get("text") or content.get("data", {}).get("text/plain", ""))


def joined(outputs):
    """The texts of outputs, those of neighbouring prints as one, as front ends show them."""
    texts, last = [], None
    for output in outputs:
        name = output.get("content", output).get("name")
        if name is not None and name == last:
            texts[-1] += text_of(output)
        else:
            texts.append(text_of(output))
        last = name
    return texts


def judge(cells, got):
    """How many cells lack an output that they should have, and how many have one of another."""
    lost = misplaced = 0
    for (_, ends), texts in zip(cells, got):
        missing = [end for end in ends if not any(text.endswith(end) for text in texts)]
        strange = [t for t in texts if not any(t.endswith(end) for end in ends)]
        lost += bool(missing)
        misplaced += bool(strange) or (not missing and len(texts) != len(ends))
    return {"cells": len(cells), "lost": lost, "misplaced": misplaced}


class Kernel:
    def __init__(self, name):
        self.manager, self.client = start_new_kernel(kernel_name=name, startup_timeout=60)

    def run_all(self, codes, quiet=1.5, timeout=600):
        ids = [self.client.execute(code) for code in codes]
        outputs = {each: [] for each in ids}
        waiting, until, replied = set(ids), time.time() + timeout, None
        while time.time() < until:
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
                parent = message["parent_header"].get("msg_id")
                if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                    outputs.setdefault(parent, []).append(message)
                replied = time.time() if not waiting else None
            except queue.Empty:
                if replied and time.time() - replied > quiet:
                    break
            while waiting:
                try:
                    waiting.discard(self.client.get_shell_msg(timeout=0)["parent_header"]["msg_id"])
                except queue.Empty:
                    break
            if not waiting and replied is None:
                replied = time.time()
        return [joined(outputs[each]) for each in ids]

    def run(self, code, stop_after=None, timeout=10):
        """The status and outputs of a cell, and the seconds that it took to end, from Stop if it is pressed."""
        began = time.time()
        identity, outputs, status, idle = self.client.execute(code), [], None, False
        while time.time() - began < timeout + (stop_after or 0) and not (status and idle):
            if stop_after is not None and time.time() - began > stop_after:
                self.manager.interrupt_kernel()
                began, stop_after = time.time(), None
            try:
                message = self.client.get_iopub_msg(timeout=0.005)
                if message["parent_header"].get("msg_id") == identity:
                    if message["msg_type"] == "status":
                        idle = message["content"]["execution_state"] == "idle"
                    elif message["msg_type"] != "execute_input":
                        outputs.append(message)
            except queue.Empty:
                pass
            try:
                message = self.client.get_shell_msg(timeout=0)
                if message["parent_header"].get("msg_id") == identity:
                    status = message["content"]["status"]
            except queue.Empty:
                pass
            if not self.manager.is_alive():
                return "died", [], time.time() - began
        return status, joined(outputs), time.time() - began

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def cells(name, file):
    tasks = json.load(open(file))
    kernel = Kernel(name)
    try:
        return judge(tasks, kernel.run_all([code for code, _ in tasks]))
    finally:
        kernel.close()


def by_nbclient(name, file):
    import nbclient
    import nbformat

    tasks = json.load(open(file))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code, _ in tasks])
    nbclient.NotebookClient(book, timeout=120, kernel_name=name).execute()
    return judge(tasks, [joined(cell.outputs) for cell in book.cells])


def stops(name, count, setup, code):
    kept, times = 0, []
    kernel = None
    for i in range(int(count)):
        if kernel is None:
            kernel = Kernel(name)
            kernel.run(setup, timeout=60)
            kernel.run("let keeps = 0;")
        before = kernel.run("++keeps")[1]
        status, _, seconds = kernel.run(code, stop_after=0.6 + 0.01 * (i % 10))
        after = kernel.run("keeps", timeout=5)[1] if status in ("ok", "error") else None
        if before and after == before:
            kept += 1
            times.append(1000 * seconds)
        else:
            kernel.close()
            kernel = None
    if kernel:
        kernel.close()
    return {
        "stops": int(count),
        "kept": kept,
        "median": round(statistics.median(times)) if times else None,
        "worst": round(max(times)) if times else None,
    }


def overhead(name, count):
    kernel = Kernel(name)
    for _ in range(5):
        kernel.run("1")
    times = [1000 * kernel.run(str(i))[2] for i in range(int(count))]
    kernel.close()
    return {"median": round(statistics.median(times), 1), "p95": round(sorted(times)[int(0.95 * len(times))], 1)}


def memory(name, count):
    kernel = Kernel(name)
    pid = kernel.manager.provisioner.process.pid

    def resident():
        status = open(f"/proc/{pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    sizes = []
    for i in range(10):
        kernel.run_all([f"console.log({j}); {j}" for j in range(int(count) // 10)], quiet=0.2)
        sizes.append(round(resident()))
    kernel.close()
    return {"cells": int(count), "megabytes": sizes}


if __name__ == "__main__":
    _, kernel_name, what, *rest = sys.argv
    measurements = {"cells": cells, "nbclient": by_nbclient, "stops": stops, "overhead": overhead, "memory": memory}
    print(json.dumps(measurements[what](kernel_name, *rest)))
