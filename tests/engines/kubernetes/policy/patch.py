"""Two edits of kube-network-policies 0.8.0: patch.py DIRECTORY, a copy of its sources.

Kernels without nft's own queue expression (`netlink receive: no such file or directory`) have the older NFQUEUE target,
which nft can use as well. And without NRI the agent's plugin is nil, which it does not expect of a packet whose address
it does not know.
"""

from __future__ import annotations

import sys
from pathlib import Path

QUEUE = """queue := &expr.Queue{Num: uint16(c.config.QueueID)}
	if c.config.FailOpen {
		queue.Flag = expr.QueueFlagBypass
	}"""
LOOKUP = "\t\t\tpodKey := c.nriPlugin"
GUARD = "\t\t\tif c.nriPlugin == nil {\n\t\t\t\treturn nil\n\t\t\t}\n"
IMPORT = '"github.com/google/nftables/expr"\n'
TARGET = """
// queueExpr is the xtables target NFQUEUE, revision 3: the queue's number, and how many queues there are.
func (c *Controller) queueExpr() expr.Any {
	b := make([]byte, 6)
	copy(b, binaryutil.NativeEndian.PutUint16(uint16(c.config.QueueID)))
	copy(b[2:], binaryutil.NativeEndian.PutUint16(1))
	u := xt.Unknown(b)
	return &expr.Target{Name: "NFQUEUE", Rev: 3, Info: &u}
}
"""


def replaced(text: str, old: str, new: str, *, times: int) -> str:
    """`text` with every `old` replaced. Another count than expected means other sources than these edits are for."""
    if text.count(old) != times:
        raise SystemExit(f"patch.py: expected {times} of {old!r}, found {text.count(old)}")
    return text.replace(old, new)


def main() -> None:
    path = Path(sys.argv[1], "pkg/networkpolicy/controller.go")
    text = path.read_text()
    text = replaced(text, QUEUE, "queue := c.queueExpr()", times=2)
    text = replaced(text, LOOKUP, GUARD + LOOKUP, times=1)
    text = replaced(text, IMPORT, IMPORT + '\t"github.com/google/nftables/xt"\n', times=1)
    path.write_text(text + TARGET)


if __name__ == "__main__":
    main()
