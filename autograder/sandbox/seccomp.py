"""The filter of system calls: what no exercise needs, and what would get round another limit.

Memory that belongs to no process (memfd, System V shared memory) escapes the watchdog's sum and the quotas of the
scratch folders. The keyring is not part of any namespace. The others are large, seldom used doors into the host's
kernel. Sockets of most families are not part of the network namespace: AF_VSOCK, for one, leads from a virtual machine
to its host.
"""

import errno
import platform
import struct

# call → its number on x86-64 and on aarch64 (asm/unistd.h)
_DENIED = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "syslog": (103, 116),
}
# Those whose first argument is a family of addresses, of which these are let through: Unix, IPv4, IPv6, netlink.
_SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
_FAMILIES = (1, 2, 10, 16)
# A larger buffer of a socket holds memory that belongs to no process: setting one does nothing, and succeeds.
_SET_OPTION = (54, 208)
_SOL_SOCKET, _BUFFER_SIZES = 1, (7, 8)  # SO_SNDBUF, SO_RCVBUF
# machine → column above, and its number in the filter's data (linux/audit.h)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, (16, 24, 32)  # offsets in struct seccomp_data (little-endian)
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_X32_CALLS = 0x40000000  # x86-64's second table of calls, where the same ones have other numbers


def filter_program() -> bytes:
    """A BPF program for bubblewrap's --seccomp (linux/filter.h), or nothing on a machine whose numbers are not known
    here.

    A denied call fails with ENOSYS, as on a kernel without it, so that libraries fall back; so does every call of a
    foreign instruction set.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return b""
    column, audit_number = machine
    program = _Program()
    program.load(_MACHINE_AT)
    program.unless_equal(audit_number, "deny")
    program.load(_NUMBER_AT)
    program.jump(_JUMP_AT_LEAST, _X32_CALLS, "deny", "")
    for row in _DENIED.values():
        program.when_equal(row[column], "deny")
    for row in _SOCKETS.values():
        program.when_equal(row[column], "socket")
    program.when_equal(_SET_OPTION[column], "option")
    program.end("allow", _ALLOW)
    program.label("socket")
    program.load(_ARGUMENTS_AT[0])
    for family in _FAMILIES:
        program.when_equal(family, "allow")
    program.end("no family", _ERROR | errno.EAFNOSUPPORT)
    program.label("option")
    program.load(_ARGUMENTS_AT[1])
    program.unless_equal(_SOL_SOCKET, "allow")
    program.load(_ARGUMENTS_AT[2])
    for option in _BUFFER_SIZES:
        program.when_equal(option, "nothing")
    program.jump(_JUMP_EQUAL, 0, "allow", "allow")
    program.end("nothing", _ERROR | 0)
    program.end("deny", _ERROR | errno.ENOSYS)
    program.end("allow", _ALLOW)
    return program.bytes()


class _Program:
    """Instructions whose jumps name labels; a jump leads forward, to the next label of that name; "" goes on."""

    def __init__(self) -> None:
        self._instructions: list[tuple[int, int, str, str]] = []
        self._labels: list[tuple[str, int]] = []

    def load(self, offset: int) -> None:
        self.jump(_LOAD_WORD, offset, "", "")

    def when_equal(self, value: int, label: str) -> None:
        self.jump(_JUMP_EQUAL, value, label, "")

    def unless_equal(self, value: int, label: str) -> None:
        self.jump(_JUMP_EQUAL, value, "", label)

    def end(self, label: str, verdict: int) -> None:
        self.label(label)
        self.jump(_RETURN, verdict, "", "")

    def label(self, name: str) -> None:
        self._labels.append((name, len(self._instructions)))

    def jump(self, code: int, value: int, if_so: str, if_not: str) -> None:
        self._instructions.append((code, value, if_so, if_not))

    def bytes(self) -> bytes:
        return b"".join(
            struct.pack("<HBBI", code, self._distance(place, if_so), self._distance(place, if_not), value)
            for place, (code, value, if_so, if_not) in enumerate(self._instructions)
        )

    def _distance(self, place: int, label: str) -> int:
        """Instructions between the next one and the label."""
        if not label:
            return 0
        return next(at for name, at in self._labels if name == label and at > place) - place - 1
