"""What hub.yaml says, held against this machine, before anything is started."""

import datetime
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from autograder.errors import HubError
from autograder.hub.courses import is_built
from autograder.hub.hub import Hub
from autograder.hub.load import Mistake
from autograder.hub.programs import require_programs
from autograder.hub.server_spec import profile_of
from autograder.sandbox.limits import GIB


def check_hub(hub: Hub, *, running: bool = False) -> list[str]:
    """Everything that can be known before the start; sentences on what is left out.

    Args:
        running: the hub itself may hold its ports.

    Raises:
        HubError: the first mistake, with file, line, key and mend.
    """
    require_programs()
    hub.places.make()
    for step in (_courses, _memory, _tls, *(() if running else (_ports,))):
        step(hub)
    return [f"left out: {course}: {why}" for course, why in hub.broken.items()]


def _refuse(hub: Hub, mistake: Mistake) -> None:
    raise mistake.error(hub.file, str(hub.file))


def _courses(hub: Hub) -> None:
    for course in hub.settings.courses:
        if course in hub.broken:
            continue
        if course not in hub.catalogue.course_files:
            known = ", ".join(sorted(hub.catalogue.course_files)) or "none"
            mistake = Mistake(
                ("courses", course),
                "there is no such course",
                came=course,
                expected=f"one of: {known}",
                mend="correct the name, or write its course.yaml",
            )
            _refuse(hub, mistake)
        if not is_built(hub, course):
            mistake = Mistake(
                ("courses", course),
                "the course is not built",
                came=f"nothing in {hub.places.course(course)}",
                expected="a course directory",
                mend="run `autograder hub build`, or `make hub`, which does",
            )
            _refuse(hub, mistake)


def _memory(hub: Hub) -> None:
    """One server of each profile must fit the machine."""
    total_gib = _memory_gib()
    for account in hub.accounts():
        profile = profile_of(hub, account)
        if profile.memory_gib > total_gib:
            name = next(name for name in hub.settings.profile_names if hub.settings.profile(name) == profile)
            mistake = Mistake(
                ("profiles", name, "memory_gib"),
                "one server may use more memory than this machine has",
                came=f"{profile.memory_gib:g}",
                expected=f"at most {total_gib:.1f}",
                mend="make it smaller, or take a larger machine",
            )
            _refuse(hub, mistake)


def _memory_gib() -> float:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024 / GIB
    return float("inf")


def _ports(hub: Hub) -> None:
    network = hub.settings.network
    for key, port in network.ports.items():
        address = network.address if key == "port" else "127.0.0.1"
        try:
            family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except socket.gaierror as error:
            _refuse(
                hub,
                Mistake(
                    ("network", "address"),
                    "this address is unknown",
                    came=f"{address}: {error.strerror}",
                    expected="an address of this machine, for example 127.0.0.1",
                    mend="correct it; `ip address` lists them",
                ),
            )
        except OSError as error:
            _refuse(
                hub,
                Mistake(
                    ("network", key),
                    "the hub cannot listen on this port",
                    came=f"{address}:{port}: {error.strerror}",
                    expected="a port that nobody else uses",
                    mend="choose another, or end what uses it: `ss -ltnp` names it (is a hub running already?)",
                ),
            )


def _tls(hub: Hub) -> None:
    """Key and certificate: there, readable, private, one pair, and valid today."""
    tls = hub.settings.tls
    if tls is None:
        return

    def wrong(key: str, what: str, came: str, mend: str) -> None:
        expected = "the file of a certificate, PEM" if key == "certificate" else "the file of its private key, PEM"
        _refuse(hub, Mistake(("tls", key), what, came=came, expected=expected, mend=mend))

    key_file, certificate_file = hub.root / tls.key, hub.root / tls.certificate
    key_text, certificate_text = _file(key_file, "key", wrong), _file(certificate_file, "certificate", wrong)
    if stat.S_IMODE(key_file.stat().st_mode) & 0o077:
        mode = oct(stat.S_IMODE(key_file.stat().st_mode))
        wrong("key", "others may read the private key", mode, f"chmod 600 {key_file}")
    try:
        certificate = x509.load_pem_x509_certificates(certificate_text)[0]
    except ValueError as error:
        wrong("certificate", "this is no certificate", str(error), "give a file that begins with BEGIN CERTIFICATE")
        return
    try:
        key = load_pem_private_key(key_text, password=None)
    except (ValueError, TypeError) as error:
        mend = "give a file that begins with BEGIN PRIVATE KEY"
        wrong("key", "this is no private key without a password", str(error), mend)
        return
    now = datetime.datetime.now(datetime.UTC)
    if certificate.not_valid_after_utc < now:
        came = f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
        wrong("certificate", "the certificate has expired", came, "renew it")
    if certificate.not_valid_before_utc > now:
        came = f"valid from {certificate.not_valid_before_utc:%Y-%m-%d}"
        wrong("certificate", "the certificate is not valid yet", came, "look at the machine's clock, or wait")
    form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        wrong("key", "the key does not belong to the certificate", tls.key, "give the key with which it was requested")


def _file(path: Path, key: str, wrong: Callable[[str, str, str, str], None]) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        wrong(key, "the file cannot be read", f"{path}: {error.strerror}", "correct the path, or who may read it")
        raise HubError("the file cannot be read", where=str(path)) from error
