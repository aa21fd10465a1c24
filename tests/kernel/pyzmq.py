"""Talks to a kernel as pyzmq does, and as nobody should; prints what came of it as a line of JSON.

    pyzmq.py CONNECTION    the text of a connection file
"""
import hashlib
import hmac
import json
import socket
import struct
import sys
import uuid

import zmq

connection = json.loads(sys.argv[1])
key = connection["key"].encode()
context = zmq.Context()
hack = "globalThis.hacked = true"


def signed(kind, content, key=key):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "py", "username": "", "date": "", "version": "5.4"}
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    signature = hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode()
    return header["msg_id"], [b"<IDS|MSG>", signature, *parts]


def connect(kind, channel):
    peer = context.socket(kind)
    peer.linger = 60_000
    peer.sndhwm = peer.rcvhwm = 0
    peer.rcvtimeo = peer.sndtimeo = 150_000
    peer.connect(f"tcp://{connection['ip']}:{connection[channel + '_port']}")
    return peer


def type_of(frames, asked):
    """The type of a reply, once its signature and its parent are known to be right."""
    at = frames.index(b"<IDS|MSG>")
    signature, parts = frames[at + 1], frames[at + 2 : at + 6]
    assert signature == hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode()
    assert json.loads(parts[1])["msg_id"] == asked, "a reply to something else"
    return json.loads(parts[0])["msg_type"]


def ask(peer):
    asked, frames = signed("kernel_info_request", {})
    peer.send_multipart(frames)
    return type_of(peer.recv_multipart(), asked)


def tcp(channel):
    peer = socket.create_connection((connection["ip"], connection[channel + "_port"]), timeout=150)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def greeting(mechanism=b"NULL", signature=b"\xff" + bytes(8) + b"\x7f", version=b"\x03\x00"):
    return signature + version + mechanism.ljust(20, b"\0") + b"\0" + bytes(31)


def ready(kind=b"DEALER"):
    properties = b"\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    body = b"\x05READY" + properties
    return bytes([4, len(body)]) + body


def in_pieces(channel):
    """Asks in ZMTP, byte by byte, and reads the reply."""
    peer = tcp(channel)
    asked, frames = signed("kernel_info_request", {})
    wire = greeting() + ready()
    for i, frame in enumerate(frames):
        more = i + 1 < len(frames)
        long = len(frame) > 255
        wire += bytes([more | 2 * long]) + struct.pack(">Q" if long else ">B", len(frame)) + frame
    for byte in wire:
        peer.sendall(bytes([byte]))
    stream = peer.makefile("rb")
    stream.read(64)
    got = []
    while True:
        flags = stream.read(1)[0]
        size = struct.unpack(">Q", stream.read(8))[0] if flags & 2 else stream.read(1)[0]
        frame = stream.read(size)
        if not flags & 4:
            got.append(frame)
            if not flags & 1:
                peer.close()
                return type_of(got, asked)


def greet_badly(channel):
    openings = [
        greeting(b"PLAIN"),
        greeting(b"CURVE"),
        greeting(b"\xff" * 20),
        greeting(version=b"\x00\x00"),
        greeting(version=b"\xff\xff"),
        greeting(signature=b"\x00" * 10),
        greeting(signature=b"\xff" * 10) * 1000,
        greeting()[:11],
        greeting() + ready(b"PUB"),
        greeting() + ready(b"X" * 200),
        greeting() + b"\x04\x05\x05READ",
        greeting() + b"\x04\x10\xffREADY" + bytes(10),
        greeting() + b"\x06" + b"\xff" * 8,
        greeting() + ready() + b"\x02" + b"\xff" * 8,
        greeting() + ready() + b"\xff" * 1000,
    ]
    for opening in openings:
        peer = tcp(channel)
        try:
            peer.sendall(opening)
        except OSError:
            pass  # it has hung up, as it may
        peer.close()


channels = ["shell", "control"]
peers = {channel: connect(zmq.DEALER, channel) for channel in channels}
found = {"asked": [ask(peer) for peer in peers.values()], "in pieces": [in_pieces(c) for c in channels]}

for channel in ["shell", "control", "stdin", "iopub", "hb"]:
    greet_badly(channel)

large = bytes(100_000_000)
for peer in peers.values():
    execution = {"code": hack, "silent": False}
    for _ in range(20):
        peer.send_multipart(signed("execute_request", execution, b"another key")[1])
    _, frames = signed("execute_request", execution)
    for count in range(1, len(frames)):
        peer.send_multipart(frames[:count])
        peer.send_multipart(frames[len(frames) - count :])
    peer.send_multipart([b""])
    peer.send(large, copy=False)
    _, frames = signed("execute_request", execution, b"another key")
    peer.send_multipart([*frames, large], copy=False)
found["behind what is wrong"] = [ask(peer) for peer in peers.values()]

flood = connect(zmq.DEALER, "shell")
_, frames = signed("execute_request", {"code": hack}, b"another key")
for _ in range(5000):
    flood.send_multipart(frames)
subscriber = connect(zmq.SUB, "iopub")
for i in range(2000):
    subscriber.subscribe(f"topic {i}")
heart = connect(zmq.REQ, "hb")
for i in range(200):
    heart.send(b"%d" % i)
    assert heart.recv() == b"%d" % i
found["behind a flood"] = [ask(connect(zmq.DEALER, channel)) for channel in channels] + [ask(flood)]

for peer in [*peers.values(), flood, subscriber, heart]:
    peer.close(0)
print(json.dumps(found), flush=True)
