"""A real S3 service for tests: Versity's gateway on a folder, built once as a Go module and kept."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nightfleet.depot.model import cache_dir
from tests.lab.cluster import wait_until

MODULE, VERSION = "github.com/versity/versitygw/cmd/versitygw", "v1.8.0"
KEY, SECRET = "AKNIGHT", 'a"secret/with+signs'
BUCKET = "night"
PORT = 7070


@dataclass(slots=True)
class Server:
    """The service on one address of this machine; its objects are files below `folder`."""

    address: str
    folder: Path
    child: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}:{PORT}"

    def objects(self) -> set[str]:
        """Return the keys in the bucket."""
        top = self.folder / BUCKET
        return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}

    def start(self) -> None:
        """Serve, and wait for the first answer."""
        (self.folder / BUCKET).mkdir(parents=True, exist_ok=True)
        argv = [str(program()), "--quiet", "--port", f"{self.address}:{PORT}", "posix", str(self.folder)]
        environment = os.environ | {"ROOT_ACCESS_KEY_ID": KEY, "ROOT_SECRET_ACCESS_KEY": SECRET}
        environment |= {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
        wait_until(self._answers, "the bucket's server to answer", 30)

    def stop(self) -> None:
        if self.child:
            self.child.kill()
            self.child.wait()
            self.child = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.endpoint, timeout=2).close()
        except urllib.error.HTTPError:
            return True  # it refuses who has no key
        except OSError:
            return False
        return True


def program() -> Path:
    """Return the server's program, built when it is not in the cache (three minutes)."""
    path = cache_dir().with_name("tools") / f"versitygw-{VERSION}"
    if not path.exists():
        build = path.parent / f"build-{os.getpid()}-{time.monotonic_ns()}"
        subprocess.run(
            ["go", "install", f"{MODULE}@{VERSION}"], env=os.environ | {"GOBIN": str(build)}, check=True
        )
        (build / "versitygw").replace(path)
        build.rmdir()
    return path


@contextmanager
def serving(address: str, folder: Path) -> Iterator[Server]:
    """Serve a bucket for as long as the block runs; write the operator's file of keys beside it."""
    server = Server(address, folder)
    (folder / "s3-credentials").write_text(
        f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()
