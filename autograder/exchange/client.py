"""The client: what nbgrader's side sends and gets. Refusals of the service come back as the KitErrors that they were.

A request that got no answer is sent again: the service takes the same bytes for the same attempt.
"""

import hashlib
import io
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from urllib3.util import Retry, Timeout

from autograder.errors import KitError
from autograder.exchange.container import (
    MEDIA_TYPE,
    Bounds,
    FileEntry,
    Manifest,
    Unpacker,
    changed,
    container_size_bytes,
)
from autograder.exchange.names import file_names
from autograder.exchange.refusals import FIELDS

URL_VARIABLE, TOKEN_VARIABLE = "AUTOGRADER_EXCHANGE_URL", "JUPYTERHUB_API_TOKEN"
NAMES_VARIABLE = "AUTOGRADER_NAMES"  # of a JSON file on a course's server: user name → full name
PART_BYTES = 2**17
OPEN_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# A question waits 7 s in all. What carries work waits 39 s: a hub notices within 30 s that its service was killed.
AGAIN = Retry(
    total=4,
    backoff_factor=0.5,
    backoff_max=8,
    allowed_methods=None,
    status_forcelist=(429, 502, 503, 504),
    raise_on_status=False,
)
AGAIN_LONGER = AGAIN.new(total=8)
# What a course releases is trusted as to its size; names are checked all the same.
ANYTHING = Bounds(size_mib=2**20, files=100_000, what="the answer")


class ExchangeAnswer(KitError):
    """What the exchange refused, or that it did not answer."""

    status = 0


class LocalFiles(io.RawIOBase):
    """Files below a folder, hashed, to be read as one container; read again from the start where a request is sent
    again. Links are not followed.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self.folder = folder
        listed = sorted(names)
        file_names(listed, str(folder))
        self.manifest = Manifest(files=tuple(self._entry(name) for name in listed))
        self._parts = self._read_all()
        self._left = b""
        self._position = 0

    def __len__(self) -> int:
        return container_size_bytes(self.manifest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(self._parts, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        self._position += count
        return count

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        assert (offset, whence) == (0, 0), "it is only read again from the start"
        self._parts, self._left, self._position = self._read_all(), b"", 0
        return 0

    def _read_all(self) -> Iterator[bytes]:
        yield self.manifest.head()
        for entry in self.manifest.files:
            left = entry.size_bytes
            with self._open(entry.name) as file:
                while left and (part := file.read(min(PART_BYTES, left))):
                    left -= len(part)
                    yield part
            if left:
                raise changed(entry.name)

    def _entry(self, name: str) -> FileEntry:
        with self._open(name) as file:
            sha256, size_bytes = hashlib.sha256(), 0
            while part := file.read(PART_BYTES):
                sha256.update(part)
                size_bytes += len(part)
        return FileEntry(name=name, size_bytes=size_bytes, sha256=sha256.hexdigest())

    def _open(self, name: str) -> io.FileIO:
        path = self.folder / name
        try:
            file = io.FileIO(os.open(path, OPEN_SAFELY), "r")
        except OSError as error:
            raise KitError(
                "a file cannot be read", where=str(path), came=str(error), mend="close or mend it"
            ) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise KitError("this is no file", where=str(path), mend="remove it from the folder")
        return file


class ExchangeClient:
    """Talks to one exchange as one user."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/") + "/api"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._pool = urllib3.PoolManager(timeout=Timeout(connect=10, read=300))

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ, url: str = "") -> "ExchangeClient":
        """By what the hub sets for the server that this runs in. Raises KitError outside of one."""
        url, token = url or environment.get(URL_VARIABLE, ""), environment.get(TOKEN_VARIABLE, "")
        for name, value in ((URL_VARIABLE, url), (TOKEN_VARIABLE, token)):
            if not value:
                raise KitError(
                    "the exchange is reached from a server of the hub only",
                    where=f"environment variable {name}",
                    came="not set",
                    mend="sign in to the hub and work in the server that it starts; the operator finds more in"
                    " docs/exchange.md",
                )
        return cls(url, token)

    def get(self, *path: str, **query: str) -> Any:
        """What is at an address. Raises ExchangeAnswer."""
        return self._json(self._ask("GET", path, query))

    def put(self, *path: str, body: Any) -> Any:
        """Sets what is at an address. Raises ExchangeAnswer."""
        return self._json(self._ask("PUT", path, {}, json.dumps(body).encode()))

    def delete(self, *path: str) -> Any:
        """Removes what is at an address. Raises ExchangeAnswer."""
        return self._json(self._ask("DELETE", path, {}))

    def send(self, method: str, *path: str, files: LocalFiles, **query: str) -> Any:
        """Sends files. Raises ExchangeAnswer, KitError."""
        return self._json(self._ask(method, path, query, files, MEDIA_TYPE, len(files)))

    @contextmanager
    def received(self, *path: str, beside: Path) -> Iterator[Path]:
        """A folder with the files of an address, whole and checked, in the folder `beside`, to be renamed; what is not
        renamed is removed. Raises ExchangeAnswer, KitError.
        """
        beside.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(dir=beside, prefix=".exchange-"))
        try:
            folder = holder / "files"
            folder.mkdir()
            self._receive(path, folder)
            yield folder
        finally:
            shutil.rmtree(holder)

    def _receive(self, path: tuple[str, ...], folder: Path) -> None:
        response = self._ask("GET", path, {}, streamed=True)
        unpacker = Unpacker(ANYTHING)
        target: Any = None
        try:
            for chunk in response.stream(PART_BYTES):
                for what, value in unpacker.take(chunk):
                    if what == "file":
                        written = folder / value.name
                        written.parent.mkdir(parents=True, exist_ok=True)
                        target = written.open("xb")
                    elif what == "bytes":
                        target.write(value)
                    else:
                        target.close()
            unpacker.finish()
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer(self.url, error) from error
        finally:
            if target is not None:
                target.close()
            response.release_conn()

    def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str],
        body: Any = None,
        kind: str = "application/json",
        size_bytes: int = 0,
        streamed: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = "/".join([self.url, *(quote(part, safe="") for part in path)])
        url += f"?{urlencode(query)}" if query else ""
        headers = self._headers | ({"Content-Type": kind} if body is not None else {})
        headers |= {"Content-Length": str(size_bytes)} if size_bytes else {}
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                preload_content=not streamed,
                redirect=False,
                retries=AGAIN_LONGER if streamed or size_bytes else AGAIN,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer(self.url, error) from error
        if response.status >= 300:
            raise _refused(response, url)
        return response

    @staticmethod
    def _json(response: urllib3.BaseHTTPResponse) -> Any:
        return json.loads(response.data)


def _refused(response: urllib3.BaseHTTPResponse, url: str) -> ExchangeAnswer:
    try:
        told = json.loads(response.data)["error"]
        answer = ExchangeAnswer(**{field: str(told.get(field, "")) for field in FIELDS})
    except (ValueError, LookupError, TypeError, AttributeError):
        answer = ExchangeAnswer(
            "the exchange did not answer",
            where=url,
            came=f"status {response.status}, from something before it",
            mend="try again in a minute; if it lasts, tell the operator of the hub",
        )
    answer.status = response.status
    return answer


def _no_answer(url: str, error: Exception) -> ExchangeAnswer:
    return ExchangeAnswer(
        "the exchange did not answer",
        where=url,
        came=f"{type(error).__name__}: {error}"[:300],
        mend="try again in a minute: nothing is sent twice; if it lasts, tell the operator of the hub",
    )
