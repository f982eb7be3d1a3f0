"""Programs that do not outlive the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def die_with_parent(parent: int | None = None, number: int = signal.SIGTERM) -> None:
    """Ask the kernel to send us `number` when our parent dies, however it dies. Survives `exec`, not `fork`.

    `parent` is the process that must be alive now, where the caller knows it: should it have died before we asked,
    the signal is sent at once. Linux only; elsewhere nothing happens, and a killed supervisor can leave programs.
    """
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), number)
