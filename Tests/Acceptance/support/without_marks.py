"""Runs a command in which setsockopt of one SOL_SOCKET option fails with EPERM, as in a sandbox.

strace can make setsockopt fail too, but not for one option only.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

SETSOCKOPT, ARCHITECTURE = {"x86_64": (54, 0xC000003E), "aarch64": (208, 0xC00000B7)}[platform.machine()]
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM
# Offsets in struct seccomp_data.
NUMBER, MACHINE, OPTION = 0, 4, 16 + 2 * 8


def program(option):
    """A BPF program: FAIL for setsockopt(_, _, option, …), ALLOW for all else."""
    steps = [
        (LOAD, 0, 0, MACHINE),
        (EQUALS, 0, 5, ARCHITECTURE),
        (LOAD, 0, 0, NUMBER),
        (EQUALS, 0, 3, SETSOCKOPT),
        (LOAD, 0, 0, OPTION),
        (EQUALS, 0, 1, option),
        (RETURN, 0, 0, FAIL),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps), len(steps)


def forbid(option):
    """Takes effect at once, also for what this process runs."""
    code, length = program(option)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HxxxxxxP", length, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for words in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SECCOMP, FILTER, header, 0, 0)):
        if prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    forbid(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
