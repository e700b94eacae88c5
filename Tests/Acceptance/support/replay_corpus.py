#!/usr/bin/python3
"""replay_corpus.py FOLDER: sends the inputs of libmicrohttpd's `fuzz_request` to the admin of a running echod.

FOLDER is `src/fuzz/corpus` of an unpacked libmicrohttpd 1.0.10 or later; it is LGPL and stays out of this repository.
`make prove CORPUS=FOLDER` runs this. An input is ten bytes of configuration for the fuzzer, which we do not have, and
then segments: two bytes, little-endian, with what to do in the upper two bits and the length of what follows in the others.
"""

import collections
import pathlib
import struct
import sys

import echod
import wire

SEND, EXPECTED_BODY, SEND_AND_PUMP, NEW_CONNECTION = range(4)


def connections(data):
    """The segments that an input sends, a list for each of its connections."""
    sent = [[]]
    data = data[10:]
    while len(data) >= 2:
        (head,) = struct.unpack("<H", data[:2])
        action, size = head >> 14, head & 0x3FFF
        segment, data = data[2 : 2 + size], data[2 + size :]
        if action == NEW_CONNECTION:
            sent.append([])
        if action != EXPECTED_BODY and segment:
            sent[-1].append(segment)
    return [segments for segments in sent if segments]


def inputs(folder):
    files = sorted(folder.glob("**/fuzz_request-*.bin"))
    # Those named after another harness have a different form.
    files += sorted(file for file in folder.glob("known-findings/K[1-7]*.bin") if "fuzz_" not in file.name)
    assert len(files) > 100, f"{folder} holds no corpus: name src/fuzz/corpus of libmicrohttpd 1.0.10 or later"
    return files


def main(folder):
    statuses, sent, files = collections.Counter(), 0, inputs(folder)
    # Most are addressed to the host `x`, which the guards would refuse before anything else.
    with echod.Echod("--admin-host", "x") as service:
        own = service.process.descriptors
        for file in files:
            for segments in connections(file.read_bytes()):
                try:
                    replies = wire.send(service.admin[0], segments, method_is_sure=False)
                except BaseException:
                    print(f"{file}: {segments}")
                    raise
                sent += 1
                statuses.update([reply.status for reply in replies] or ["no reply"])
                assert service.get("/livez").code == 200, file
        assert service.state == "serving"
        echod.eventually(lambda: service.process.descriptors <= own, "every connection is let go")
        wire.check_log(service)
        print(f"{len(files)} inputs, {sent} connections, no crash; log of {len(service.log)} bytes")
        print(", ".join(f"{status}: {number}" for status, number in sorted(statuses.items(), key=str)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
