"""Files of a bucket, read by ranges through the client that s3fs opens."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Mapping
from typing import Any

from ..errors import BadFileError
from ..extras import by_extra
from .address import Address
from .store import Known, Listed, Passing, RemoteStore

_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_ONCE = {"retries": {"total_max_attempts": 1}}  # who reads tries again: :func:`~.store.patiently`
_MOST_LISTED = 1 << 18  # names in a folder
_GONE = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_REFUSED = frozenset({"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})
_PASSING = frozenset({"SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "Throttling"})


class S3Store(RemoteStore):
    """The keys below an address; `options` are those of s3fs's ``S3FileSystem``."""

    def __init__(self, address: Address, options: Mapping[str, Any]) -> None:
        with by_extra("addresses of S3", "remote"):
            from aiohttp import ClientError
            from botocore import exceptions
            from fsspec.asyn import sync
            from s3fs import S3FileSystem
        self._errors, self._sync, self._shown = exceptions, sync, address.shown
        self._cut = ClientError  # which a body that ends too early raises
        how = {**address.user, **options, "config_kwargs": {**_ONCE, **(options.get("config_kwargs") or {})}}
        self._fs: Any = S3FileSystem(skip_instance_cache=True, **how)
        bucket, _, self._below = address.base.partition("://")[2].partition("/")
        self._bucket = bucket.rpartition("@")[2]

    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        """Return the bytes of a range; see :meth:`.store.RemoteStore.read`."""
        answer: tuple[bytes, Known] = self._ask(name, self._get, start, stop)
        return answer

    def listed(self, below: str) -> list[Listed]:
        """Return what the bucket has below a prefix, one step down."""
        answer: list[Listed] = self._ask(below, self._list)
        return answer

    def _key(self, name: str) -> str:
        return f"{self._below}/{name}" if self._below else name

    def _ask(self, name: str, call: Any, *arguments: Any) -> Any:
        try:
            return self._sync(self._fs.loop, call, name, *arguments)
        except self._errors.ClientError as error:
            raise self._said(name, error.response) from None
        except self._errors.NoCredentialsError:
            found = "no credentials: give storage_options, or set AWS_ACCESS_KEY_ID and its like, or anon=True"
            raise PermissionError(errno.EACCES, found, name) from None
        except (self._errors.BotoCoreError, self._cut, asyncio.TimeoutError, TimeoutError, ConnectionError) as error:
            raise Passing(type(error).__name__) from None
        except OSError as error:  # s3fs has its own for what a server says
            cause = error.__cause__
            response = getattr(cause, "response", None)
            raise (
                self._said(name, response) if isinstance(response, dict) else Passing(type(error).__name__)
            ) from None

    def _said(self, name: str, response: Mapping[str, Any]) -> Exception:
        """Return the error for what a server says is wrong."""
        code = str(response.get("Error", {}).get("Code", ""))
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _PASSING or status >= 500 or status == 429:
            return Passing(f"status {status} {code}")
        if code in _GONE:
            return FileNotFoundError(errno.ENOENT, f"nothing there: {code}", name)
        if code in _REFUSED:
            found = f"that it may not be read: {code}; credentials belong in storage_options, or the environment"
            return PermissionError(errno.EACCES, found, name)
        return OSError(errno.EIO, f"status {status} {code}", name)

    async def _get(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        client = await self._fs.set_session()
        place, last = {"Bucket": self._bucket, "Key": self._key(name)}, max(stop, start + 1) - 1
        try:
            got = await client.get_object(**place, Range=f"bytes={start}-{last}", **self._fs.req_kw)
        except self._errors.ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) not in ("InvalidRange", "416"):
                raise
            said = await client.head_object(**place, **self._fs.req_kw)  # of an object that has no such byte
            return b"", Known(int(said["ContentLength"]), said.get("ETag", ""))
        found = _RANGE.fullmatch(got.get("ContentRange", ""))
        if found is None:
            remedy = "Use a server that knows ranges."
            raise BadFileError(f"{self._shown}/{name}", "bytes of a file, by ranges", "all of the file", remedy)
        size = int(found[3])
        if int(found[1]) != start or int(found[2]) != min(stop, size) - 1:
            raise Passing("another range than was asked for")
        pieces: list[bytes] = []
        left = stop - start
        async with got["Body"] as body:
            while left > 0 and (piece := await body.read(left)):
                pieces.append(piece)
                left -= len(piece)
        return b"".join(pieces), Known(size, got.get("ETag", ""))

    async def _list(self, below: str) -> list[Listed]:
        client = await self._fs.set_session()
        prefix = "".join(f"{part}/" for part in (self._below, below) if part)
        found: list[Listed] = []
        pages = client.get_paginator("list_objects_v2")
        async for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/", **self._fs.req_kw):
            found += [Listed(one["Prefix"][len(prefix) : -1], True) for one in page.get("CommonPrefixes", ())]
            found += [Listed(one["Key"][len(prefix) :], False) for one in page.get("Contents", ())]
            if len(found) > _MOST_LISTED:
                raise BadFileError(f"{self._shown}/{below}", f"at most {_MOST_LISTED} names", "more", "Give a session.")
        return [one for one in found if one.name]
