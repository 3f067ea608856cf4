"""The API server of a site, by the operator's kubeconfig: plain JSON, and patience while it changes places.

The official client brings the configuration and the transport. Objects stay what the server sent: an upgrade
talks to servers of two versions, and a typed model of one of them refuses what the other may say.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nightfleet.errors import NightfleetError
from nightfleet.home import state_dir
from nightfleet.site import Site

Object = dict[str, Any]
CONNECT, READ = 5.0, 30.0  # seconds
PATIENCE = 120.0  # seconds in which an API server that restarts, or an endpoint that moves, comes back
MERGE = "application/merge-patch+json"


class Refused(Exception):
    """The API server answered, and the answer was no."""

    def __init__(self, status: int, answer: Object) -> None:
        super().__init__(answer.get("message") or f"HTTP {status}")
        self.status = status
        self.answer = answer


class Api:
    """Requests to the API server. Transport errors and 5xx are tried again for `patience` seconds."""

    def __init__(self, kubeconfig: Path, patience: float = PATIENCE) -> None:
        from kubernetes.client import Configuration  # takes a third of a second to import
        from kubernetes.config import ConfigException, new_client_from_config

        self.patience = patience
        self._where = str(kubeconfig)
        try:
            settings: Any = Configuration()
            settings.retries = False
            self._client: Any = new_client_from_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), client_configuration=settings
            )
        except (ConfigException, OSError) as error:
            raise NightfleetError(
                f"this kubeconfig opens no cluster: {error}", self._where, "`nightfleet converge` writes it"
            ) from error

    @classmethod
    def of(cls, site: Site, patience: float = PATIENCE) -> "Api":
        """Return the API server of a site. NightfleetError when this operator has no kubeconfig for it."""
        path = state_dir(site.site) / "kubeconfig"
        if not path.exists():
            raise NightfleetError(
                "no cluster was made from here",
                str(path),
                f"`nightfleet converge --site {site.site}` begins one",
            )
        return cls(path, patience)

    def get(self, path: str, **query: str) -> Object:
        """Return an object or a list. Refused(404) when it is not there."""
        return self._request("GET", path + (f"?{urlencode(query)}" if query else ""))

    def find(self, path: str) -> Object | None:
        """Return an object, None when it is not there."""
        try:
            return self.get(path)
        except Refused as no:
            if no.status == 404:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Object]:
        """Return what a list holds."""
        found: list[Object] = self.get(path, **query)["items"]
        return found

    def patch(self, path: str, change: Mapping[str, Any]) -> Object:
        """Merge a change into an object."""
        return self._request("PATCH", path, change, MERGE)

    def post(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object, or call a subresource."""
        return self._request("POST", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> Object:
        """Replace an object."""
        return self._request("PUT", path, body)

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is fine."""
        try:
            self._request("DELETE", path)
        except Refused as no:
            if no.status != 404:
                raise

    def text(self, path: str) -> str:
        """Return what is no JSON, such as /metrics."""
        return self._raw("GET", path, None, "").decode(errors="replace")

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = "application/json"
    ) -> Object:
        answer: Object = json.loads(self._raw(method, path, body, kind) or b"{}")
        return answer

    def _raw(self, method: str, path: str, body: Mapping[str, Any] | None, kind: str) -> bytes:
        from urllib3.exceptions import HTTPError

        end = time.monotonic() + self.patience
        while True:
            try:
                return self._once(method, path, body, kind)
            except HTTPError as error:
                why = str(error)
            except Refused as no:
                if no.status < 500:
                    raise
                why = str(no)
            if time.monotonic() > end:
                raise NightfleetError(
                    f"the API server has not answered for {self.patience:.0f} s: {why}",
                    self._client.configuration.host,
                    "nightfleet doctor",
                )
            time.sleep(0.5)

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, kind: str) -> bytes:
        headers = {"Accept": "application/json", **({"Content-Type": kind} if body is not None else {})}
        answer = self._client.rest_client.pool_manager.request(
            method,
            self._client.configuration.host + path,
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            timeout=_timeout(),
            retries=False,
        )
        if answer.status >= 400:
            raise Refused(answer.status, _status(answer.data))
        data: bytes = answer.data
        return data


def _timeout() -> Any:
    from urllib3 import Timeout

    return Timeout(connect=CONNECT, read=READ)


def _status(data: bytes) -> Object:
    """Read an answer that says no: a Status, or text of whoever stands before the API server."""
    try:
        answer = json.loads(data)
    except ValueError:
        return {"message": data.decode(errors="replace").strip()[:300]}
    return answer if isinstance(answer, dict) else {"message": str(answer)}
