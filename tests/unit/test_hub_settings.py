"""hub.yaml: each mistake is refused before anything starts, with file, line, key and mend."""

import datetime
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from autograder.errors import HubError
from autograder.hub.check import check_hub
from autograder.hub.hub import Hub
from autograder.hub.load import load_settings
from tests.integration.hub_here import PROJECT
from tests.integration.servers_here import free_ports

GOOD = """\
courses:
  dask:
    instructors: [ines]
    graders: [gil]
    learners: [lea, luca]
  accelerator:
    instructors: [igor]
    learners: [lea]
    profile: large
people:
  ines: {full_name: Ines Instructor}
  igor:
  gil:
  lea: {profile: small}
  luca:
profiles:
  small: {memory_gib: 1, cpu_cores: 1, processes: 128, kit_profile: smoke}
  large: {memory_gib: 4, cpu_cores: 2, processes: 4096, kit_profile: laptop}
idle: {kernel_after_minutes: 60, server_after_minutes: 30, check_every_minutes: 5}
network: {address: 127.0.0.1, port: 8000, hub_port: 8081, proxy_port: 8001, exchange_port: 8002}
storage: {folder: state, database: "", exchange_database: ""}
sign_in: {kind: passwords, shortest_password: 10}
spawner: {kind: local, starting_at_once: 10, most_servers: 200, start_timeout_s: 120}
exchange: {submission_mib: 100, files: 1000, attempts_kept: 20, idle_s: 60}
"""


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    settings = load_settings(_file(tmp_path, GOOD))
    assert settings.groups()["instructor-dask"] == ["ines", "course-dask"]
    assert settings.profile(settings.people["lea"].profile).processes == 128


def test_the_example_of_the_kit_is_right() -> None:
    settings = load_settings(PROJECT / "hub-config" / "hub.yaml")
    assert set(settings.courses) == {"dask", "accelerator"}


# text in GOOD → what stands there instead, the key that is named, and a word of what is expected or of the mend.
STATIC = {
    "typo at the top": ("idle:", "idel:", "idel", "did you mean `idle`"),
    "typo in courses": ("courses:", "course:", "course", "did you mean `courses`"),
    "typo in a course": ("    graders:", "    grader:", "courses.dask.grader", "did you mean `graders`"),
    "typo in a second course": ("    profile: large", "    profil: large", "courses.accelerator.profil", "`profile`"),
    "typo in a person": ("full_name", "fullname", "people.ines.fullname", "did you mean `full_name`"),
    "typo in a person's profile": ("lea: {profile", "lea: {profiles", "people.lea.profiles", "`profile`"),
    "typo in a profile": ("small: {memory_gib", "small: {memory_gb", "profiles.small.memory_gb", "`memory_gib`"),
    "typo in idle": (
        "kernel_after_minutes",
        "kernel_after_minute",
        "idle.kernel_after_minute",
        "`kernel_after_minutes`",
    ),
    "typo in network": ("proxy_port", "proxyport", "network.proxyport", "did you mean `proxy_port`"),
    "typo in storage": ("{folder:", "{folders:", "storage.folders", "did you mean `folder`"),
    "typo in sign_in": ("shortest_password", "shortest_pasword", "sign_in.shortest_pasword", "`shortest_password`"),
    "typo in spawner": ("most_servers", "max_servers", "spawner.max_servers", "did you mean `most_servers`"),
    "typo in exchange": ("attempts_kept", "attempt_kept", "exchange.attempt_kept", "did you mean `attempts_kept`"),
    "a key nobody knows": ("idle:", "colour: blue\nidle:", "colour", "expected: courses, people"),
    "a key written twice": ("  igor:\n", "  igor:\n  igor:\n", "people.igor", "delete one"),
    "a course written twice": ("  accelerator:\n", "  dask:\n", "courses.dask", "delete one"),
    "port as a word": ("port: 8000,", "port: web,", "network.port", "from 1 to 65535"),
    "port too large": ("port: 8000,", "port: 80000,", "network.port", "from 1 to 65535"),
    "port zero": ("hub_port: 8081", "hub_port: 0", "network.hub_port", "from 1 to 65535"),
    "two equal ports": ("proxy_port: 8001", "proxy_port: 8000", "network.proxy_port", "choose another port"),
    "exchange on the hub's port": (
        "exchange_port: 8002",
        "exchange_port: 8081",
        "network.exchange_port",
        "another port",
    ),
    "memory as a text": ("memory_gib: 1,", "memory_gib: 1G,", "profiles.small.memory_gib", "GiB"),
    "memory below what runs": ("memory_gib: 1,", "memory_gib: 0.1,", "profiles.small.memory_gib", "at least 0.5"),
    "memory without a value": ("memory_gib: 1,", "memory_gib: ,", "profiles.small.memory_gib", "GiB"),
    "memory infinite": ("memory_gib: 1,", "memory_gib: .inf,", "profiles.small.memory_gib", "GiB"),
    "half a core": ("cpu_cores: 1", "cpu_cores: 0.5", "profiles.small.cpu_cores", "whole number"),
    "no core": ("cpu_cores: 1", "cpu_cores: 0", "profiles.small.cpu_cores", "at least 1"),
    "too few processes": ("processes: 128", "processes: 8", "profiles.small.processes", "at least 64"),
    "a kit profile nobody knows": ("kit_profile: smoke", "kit_profile: tiny", "profiles.small.kit_profile", "laptop"),
    "a profile's unusable name": ("  small: {", "  Small!: {", "profiles.Small!", "small letters"),
    "a person's unknown profile": ("{profile: small}", "{profile: smal}", "people.lea.profile", "did you mean `small`"),
    "a course's unknown profile": ("profile: large", "profile: huge", "courses.accelerator.profile", "one of"),
    "idle of minus one": (
        "server_after_minutes: 30",
        "server_after_minutes: -1",
        "idle.server_after_minutes",
        "above 0",
    ),
    "idle as words": (
        "server_after_minutes: 30",
        "server_after_minutes: an hour",
        "idle.server_after_minutes",
        "minutes",
    ),
    "looks too seldom": ("check_every_minutes: 5", "check_every_minutes: 45", "idle.check_every_minutes", "at most 30"),
    "a list instead of a mapping": ("idle: {kernel_after_minutes: 60", "idle: [kernel_after_minutes: 60", "idle", ""),
    "a text instead of a mapping": (
        "sign_in: {kind: passwords, shortest_password: 10}",
        "sign_in: ldap",
        "sign_in",
        "kind",
    ),
    "another sign-in": ("kind: passwords", "kind: oauth", "sign_in.kind", "passwords"),
    "another spawner": ("kind: local", "kind: slurm", "spawner.kind", "local"),
    "a short password": ("shortest_password: 10", "shortest_password: 3", "sign_in.shortest_password", "from 8"),
    "no server at once": ("starting_at_once: 10", "starting_at_once: 0", "spawner.starting_at_once", "at least 1"),
    "a start in no time": ("start_timeout_s: 120", "start_timeout_s: 1", "spawner.start_timeout_s", "from 10"),
    "a learner nobody knows": ("[lea, luca]", "[leah, luca]", "courses.dask.learners.0", "did you mean `lea`"),
    "an instructor nobody knows": (
        "instructors: [igor]",
        "instructors: [otto]",
        "courses.accelerator.instructors.0",
        "otto",
    ),
    "a grader nobody knows": ("[gil]", "[gill]", "courses.dask.graders.0", "did you mean `gil`"),
    "learner and instructor": ("[lea, luca]", "[lea, ines]", "courses.dask.", "one role"),
    "learner and grader": ("graders: [gil]", "graders: [luca]", "courses.dask.", "one role"),
    "a learner twice": ("[lea, luca]", "[lea, lea]", "courses.dask.learners", "list of names"),
    "a name, not a list": ("learners: [lea, luca]", "learners: lea", "courses.dask.learners", "list of names"),
    "no instructor": ("instructors: [ines]", "instructors: []", "courses.dask.instructors", "at least one"),
    "instructors left out": ("    instructors: [ines]\n", "", "courses.dask.instructors", "add `instructors:`"),
    "a name with capitals": ("  igor:\n", "  Igor:\n", "people.Igor", "small letters"),
    "a name with a path": ("  igor:\n", "  ../igor:\n", "people.../igor", "small letters"),
    "a name with a space": ("  igor:\n", "  igor i:\n", "people.igor i", "small letters"),
    "a name that is too long": ("  igor:\n", f"  {'i' * 33}:\n", "people.", "at most 32"),
    "a name of the hub's own": ("  igor:\n", "  igor:\n  course-dask:\n", "people.course-dask", "another name"),
    "root as a name": ("  igor:\n", "  igor:\n  root:\n", "people.root", "another name"),
    "a number as a name": ("  igor:\n", "  igor:\n  12:\n", "people.12", "user name"),
    "an empty full name": ("Ines Instructor", "' '", "people.ines.full_name", "a text"),
    "a course's unusable name": ("  accelerator:\n", "  ../secret:\n", "courses.../secret", "small letters"),
    "a database of another kind": ('database: "",', 'database: "mysql://x/y",', "storage.database", "postgresql"),
    "an empty folder": ("folder: state", 'folder: ""', "storage.folder", "a folder"),
    "one database for both": (
        'database: "", exchange_database: ""',
        'database: "postgresql+psycopg://h/a", exchange_database: "postgresql+psycopg://h/a"',
        "storage.exchange_database",
        "of its own",
    ),
    "too few attempts kept": ("attempts_kept: 20", "attempts_kept: 0", "exchange.attempts_kept", "attempts"),
    "a submission of no size": ("submission_mib: 100", "submission_mib: none", "exchange.submission_mib", "submission"),
    "a key without its certificate": ("idle:", "tls: {key: a.pem}\nidle:", "tls.certificate", "add `certificate:`"),
    "a typo in tls": ("idle:", "tls: {key: a, cert: b}\nidle:", "tls.cert", "certificate"),
    "no people": (GOOD[GOOD.index("people:") : GOOD.index("profiles:")], "people: {}\n", "people", "user name"),
}


@pytest.mark.parametrize("name", STATIC)
def test_a_mistake_is_refused_with_file_line_key_and_mend(name: str, tmp_path: Path) -> None:
    old, new, key, word = STATIC[name]
    assert GOOD.count(old) >= 1, "the example has changed"
    file = _file(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(HubError) as caught:
        load_settings(file, "hub.yaml")
    error = caught.value
    assert re.search(r"^hub\.yaml, line \d+", error.where), error.where
    if "valid YAML" not in error.what:
        assert f"key {key}" in error.where, str(error)
    assert error.mend, str(error)
    assert word in str(error), str(error)


def test_there_are_fifty_mistakes_and_more() -> None:
    assert len(STATIC) + len(HERE) >= 60


def test_the_line_is_the_one_on_which_the_key_stands(tmp_path: Path) -> None:
    text = GOOD.replace("[gil]", "[gill]")
    expected = next(number for number, line in enumerate(text.splitlines(), 1) if "gill" in line)
    with pytest.raises(HubError, match=rf"line {expected}, key courses.dask.graders.0"):
        load_settings(_file(tmp_path, text), "hub.yaml")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "courses: [\n", "\0", "courses: &a {x: *a}\n"])
def test_what_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        load_settings(_file(tmp_path, text), "hub.yaml")
    assert "hub.yaml" in caught.value.where


def test_a_missing_file_says_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"hub-config/hub\.yaml"):
        load_settings(tmp_path / "none.yaml")


# What only this machine shows: name → what is changed, the key that is named, a word of the error.
Change = Callable[[dict[str, Any], Path], None]


def _not_built(settings: dict[str, Any], folder: Path) -> None:
    (folder / "state/courses/dask/nbgrader_config.py").unlink()


def _unknown_course(settings: dict[str, Any], folder: Path) -> None:
    settings["courses"]["dasc"] = settings["courses"].pop("dask")


def _too_much_memory(settings: dict[str, Any], folder: Path) -> None:
    settings["profiles"]["small"]["memory_gib"] = 4_000


def _unknown_address(settings: dict[str, Any], folder: Path) -> None:
    settings["network"]["address"] = "no-such-host.invalid"


def _foreign_address(settings: dict[str, Any], folder: Path) -> None:
    settings["network"]["address"] = "192.0.2.1"


def _tls(**wrong: Any) -> Change:
    def change(settings: dict[str, Any], folder: Path) -> None:
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        own = make_certificate(key, certificate, wrong.get("days", (-1, 30)))
        if wrong.get("other_key"):
            key.write_bytes(_key_text(ec.generate_private_key(ec.SECP256R1())))
        if wrong.get("no_certificate"):
            certificate.write_text("nothing", encoding="utf-8")
        if wrong.get("no_key"):
            key.write_text("nothing", encoding="utf-8")
        if wrong.get("missing"):
            certificate.unlink()
        key.chmod(wrong.get("mode", 0o600))
        assert own
        settings["tls"] = {"key": str(key), "certificate": str(certificate)}

    return change


HERE: dict[str, tuple[Change, str, str]] = {
    "a course that is not built": (_not_built, "courses.dask", "autograder hub build"),
    "a course that does not exist": (_unknown_course, "courses.dasc", "there is no such course"),
    "more memory than there is": (_too_much_memory, "profiles.small.memory_gib", "than this machine has"),
    "an address nobody knows": (_unknown_address, "network.address", "address"),
    "an address of another machine": (_foreign_address, "network.port", "cannot listen"),
    "an expired certificate": (_tls(days=(-30, -1)), "tls.certificate", "has expired"),
    "a certificate of tomorrow": (_tls(days=(1, 30)), "tls.certificate", "not valid yet"),
    "a key of another certificate": (_tls(other_key=True), "tls.key", "does not belong"),
    "no certificate in the file": (_tls(no_certificate=True), "tls.certificate", "no certificate"),
    "no key in the file": (_tls(no_key=True), "tls.key", "no private key"),
    "a missing certificate": (_tls(missing=True), "tls.certificate", "cannot be read"),
    "a key that others may read": (_tls(mode=0o644), "tls.key", "chmod 600"),
}


@pytest.mark.parametrize("name", HERE)
def test_a_mistake_that_only_this_machine_shows_is_refused(name: str, tmp_path: Path) -> None:
    change, key, word = HERE[name]
    with pytest.raises(HubError) as caught:
        check_hub(_hub(tmp_path, change))
    assert re.search(rf"hub\.yaml, line \d+, key {re.escape(key)}$", caught.value.where), str(caught.value)
    assert word in str(caught.value)
    assert caught.value.mend


def test_what_is_right_on_this_machine_is_taken(tmp_path: Path) -> None:
    assert check_hub(_hub(tmp_path, _tls())) == []


@pytest.mark.parametrize("key", ["port", "hub_port", "proxy_port", "exchange_port"])
def test_a_port_that_is_taken_is_refused(key: str, tmp_path: Path) -> None:
    hub = _hub(tmp_path, lambda settings, folder: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", hub.settings.network.ports[key]))
        other.listen()
        with pytest.raises(HubError, match=f"key network.{key}: ") as caught:
            check_hub(hub)
        assert "ss -ltnp" in caught.value.mend
        assert check_hub(hub, running=True) == []


def test_a_broken_course_is_named_and_left_out(tmp_path: Path) -> None:
    hub = _hub(tmp_path, _not_built)
    hub.places.broken_file.write_text('{"dask": "exercise.yaml, line 3: the key title is missing"}', encoding="utf-8")
    (said,) = check_hub(hub)
    assert said.startswith("left out: dask: exercise.yaml, line 3")
    assert hub.served() == ["accelerator"]
    assert hub.courses_of("lea") == {"accelerator": "learners"}


def make_certificate(key_file: Path, certificate_file: Path, days: tuple[int, int]) -> bool:
    """A certificate for localhost, valid from and until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .sign(key, hashes.SHA256())
    )
    key_file.write_bytes(_key_text(key))
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return True


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _hub(folder: Path, change: Change) -> Hub:
    """A hub whose courses look built, on free ports, after the change."""
    settings = yaml.safe_load(GOOD)
    settings["network"] = dict(zip(("port", "hub_port", "proxy_port", "exchange_port"), free_ports(4), strict=True))
    settings["storage"] = {"folder": str(folder / "state")}
    for course in settings["courses"]:
        built = folder / "state" / "courses" / course
        built.mkdir(parents=True)
        (built / "nbgrader_config.py").touch()
    (folder / "state" / "hub").mkdir()
    change(settings, folder)
    file = folder / "hub.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return Hub.open(file)


def _file(folder: Path, text: str) -> Path:
    file = folder / "hub.yaml"
    file.write_text(text, encoding="utf-8")
    return file
