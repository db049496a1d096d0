"""The errors a user can meet.

    QtuneError              every error that is not a bug; has a code of the catalogue and, where there is one, a fix
    ├── UsageError          the command line or a target makes no sense                        exit 2
    ├── ConfigError         settings, `.env` or a run config that cannot be used               exit 2
    ├── HubError            a hub did not give what was asked
    │   ├── Unreachable     no answer: DNS, TCP, TLS, a proxy, a deadline
    │   ├── Refused         an answer that says no: 401, 403, a gate, a rate limit
    │   ├── NotFound        the repository, revision or file is missing (or private)
    │   └── Nonsense        an answer that is not the hub's: a portal's HTML, broken JSON
    ├── DownloadError       bytes could not be fetched, verified or stored
    └── TrainError          the training child failed

`qtune explain CODE` prints the page behind each code.
"""

from __future__ import annotations

from qtune.core.text import Text


class QtuneError(Exception):
    """Something the user can mend.

    `code` is a code of the catalogue (DWN003), `message` what happened, `fix` what to do next.
    """

    exit_code = 1

    def __init__(self, code: str, message: Text, fix: Text | None = None) -> None:
        super().__init__(message.en)
        self.code = code
        self.message = message
        self.fix = fix


class UsageError(QtuneError):
    exit_code = 2


class ConfigError(QtuneError):
    exit_code = 2


class HubError(QtuneError):
    """`source` is the hub's name as in QTUNE_SOURCES, `status` the HTTP status where there was one."""

    def __init__(
        self,
        code: str,
        message: Text,
        fix: Text | None = None,
        *,
        source: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message, fix)
        self.source = source
        self.status = status
        self.retry_after = retry_after


class Unreachable(HubError):
    """`stage` is where the road ended: dns, tcp, tls, proxy, http or timeout."""

    def __init__(
        self,
        code: str,
        message: Text,
        fix: Text | None = None,
        *,
        source: str = "",
        stage: str = "http",
    ) -> None:
        super().__init__(code, message, fix, source=source)
        self.stage = stage


class Refused(HubError):
    pass


class NotFound(HubError):
    pass


class Nonsense(HubError):
    pass


class DownloadError(QtuneError):
    pass


class TrainError(QtuneError):
    pass
