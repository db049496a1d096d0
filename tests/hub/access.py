"""Who may read what on Hugging Face, and the exact refusal where somebody may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.hub.http import Request
from tests.hub.world import Repo, Token, User, World

MAIN = "main"

BAD_TOKEN = "Invalid credentials in Authorization header"
ANONYMOUS = "Invalid username or password."
DISABLED = "Access to this resource is disabled."
REGION = "This model is not available in your region."
NO_GATED_SCOPE = (
    "Please enable access to public gated repositories in your fine-grained token settings "
    "to view this repository."
)


class Refusal(Exception):
    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Caller:
    """Who asks: nobody, or a user through one of the user's tokens."""

    user: User | None = None
    token: Token | None = None


def caller(world: World, request: Request) -> Caller:
    """A bad token is refused everywhere, on public repositories too."""
    value = request.authorization
    if value is None:
        return Caller()
    scheme, _, secret = value.partition(" ")
    found = world.bearer("hf", secret.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise Refusal(401, BAD_TOKEN)
    return Caller(*found)


def visible(world: World, who: Caller, path: Mapping[str, str]) -> Repo:
    """The repository that a route names, if it exists for this caller. Gated ones do, to everybody."""
    dataset = path["kind"].startswith("datasets")
    repo = world.repo("hf", path["id"], "dataset" if dataset else "model")
    if repo is None or (repo.private and not _reads_private(who, repo)):
        # Deliberately the same for a missing repository and another's private one.
        if who.user is None:
            raise Refusal(401, ANONYMOUS)
        raise Refusal(404, "Repository not found", "RepoNotFound")
    if repo.disabled:
        raise Refusal(403, DISABLED)
    return repo


def at_revision(repo: Repo, revision: str) -> None:
    if revision not in (MAIN, "refs/heads/main", repo.commit):
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def readable(who: Caller, repo: Repo) -> None:
    """Refuse unless this caller may read the contents of the files."""
    if repo.region_blocked:
        raise Refusal(403, REGION.replace("model", repo.type))
    if not repo.gated:
        return
    refused = f"Access to {repo.type} {repo.id} is restricted"
    if who.user is None or who.token is None:
        message = f"{refused}. You must have access to it and be authenticated to access it."
        raise Refusal(401, f"{message} Please log in.", "GatedRepo")
    if who.user.owns(repo):
        return
    if who.token.role == "fineGrained" and not (
        who.token.can_read_gated or who.token.permits(repo, "repo.content.read")
    ):
        raise Refusal(403, NO_GATED_SCOPE)
    if repo.id in who.user.accepted:
        return
    if repo.id in who.user.pending:
        message = f"Your request to access {repo.type} {repo.id} is awaiting a review from the repo authors."
    elif repo.id in who.user.rejected:
        message = (
            f"Your request to access {repo.type} {repo.id} has been rejected by the repo's authors."
        )
    else:
        message = (
            f"{refused} and you are not in the authorized list. "
            f"Visit https://huggingface.co/{repo.page} to ask for access."
        )
    raise Refusal(403, message, "GatedRepo")


def writable(who: Caller, repo: Repo) -> None:
    """Refuse unless this caller may push. The wording is ours: the real one was not recorded."""
    if who.user is None or who.token is None:
        raise Refusal(401, ANONYMOUS)
    allowed = who.token.role == "write" or (
        who.token.role == "fineGrained" and who.token.permits(repo, "repo.write")
    )
    if not (allowed and who.user.owns(repo)):
        raise Refusal(403, "You don't have the rights to write to this repository.")


def _reads_private(who: Caller, repo: Repo) -> bool:
    if who.user is None or who.token is None or not who.user.owns(repo):
        return False
    return who.token.role != "fineGrained" or who.token.permits(repo, "repo.content.read")
