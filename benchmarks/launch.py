"""Run a command and write, as JSON, what it and its children used.

A process of its own that imports nothing large: the kernel counts a parent's memory as its new child's.
"""

import json
import os
import subprocess
import sys
import time

begin = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
usage = {
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "wall_seconds": time.monotonic() - begin,
    "peak_megabytes": used.ru_maxrss / 1024,
}
print(json.dumps(usage))
sys.exit(process.returncode)
