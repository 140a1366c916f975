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
# machine → column above, and its number in the filter's data (linux/audit.h)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # offsets in struct seccomp_data (little-endian)
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
    # Each is a list of instructions; a jump counts from the next one.
    denied = [row[column] for row in _DENIED.values()]
    sockets = [row[column] for row in _SOCKETS.values()]
    families = [
        (_LOAD_WORD, 0, 0, _FIRST_ARGUMENT_AT),
        *((_JUMP_EQUAL, len(_FAMILIES) - place, 0, family) for place, family in enumerate(_FAMILIES)),
        (_RETURN, 0, 0, _ERROR | errno.EAFNOSUPPORT),
    ]
    numbers = [
        *((_JUMP_EQUAL, len(denied) - place + len(sockets) + len(families), 0, call) for place, call in enumerate(denied)),
        *((_JUMP_EQUAL, len(sockets) - 1 - place, 0, call) for place, call in enumerate(sockets[:-1])),
        (_JUMP_EQUAL, 0, len(families), sockets[-1]),
    ]
    rest = [*numbers, *families]
    program = [
        (_LOAD_WORD, 0, 0, _MACHINE_AT),
        (_JUMP_EQUAL, 0, len(rest) + 3, audit_number),
        (_LOAD_WORD, 0, 0, _NUMBER_AT),
        (_JUMP_AT_LEAST, len(rest) + 1, 0, _X32_CALLS),
        *rest,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
