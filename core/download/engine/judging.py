"""A file is whole: into the store if its hash is right, else what is in doubt of it is fetched anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtune.core.download.digest import Digests, Hasher
from qtune.core.download.engine.blame import Redo, Trial, redo
from qtune.core.download.engine.intervals import Stretch
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.engine.verifier import Verifier
from qtune.core.download.events import FileDone
from qtune.core.download.failures import verdict, wrong_bytes
from qtune.core.text import Text

if TYPE_CHECKING:
    from qtune.core.download.engine.run import Run


class Judging:
    """Thread-safe: of one file nobody else judges at the same time."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.verifier = Verifier(self._judge, run.fail)

    def look(self, job: Job) -> None:
        """Some of it has come."""
        if job.opened and not job.small:
            self.verifier.look(job, whole=job.part.frontier == job.file.size)

    def came_whole(self, outlet: Outlet, job: Job, content: bytearray, digests: Digests) -> None:
        """A small file, never partly on the disk."""
        self._run.came(len(content))
        if digests.match(job.file):
            self._write_whole(job, content)
            job.sent.add(outlet.name)
            self._keep(job, digests)
        else:
            self._once_more(job, [Stretch(0, job.file.size, outlet.name)])

    def is_empty(self, job: Job) -> None:
        """Nothing is asked for; the listing's hash must be that of nothing."""
        digests = Hasher(job.file).digests()
        if digests.match(job.file):
            self._write_whole(job, b"")
            self._keep(job, digests)
        else:
            self._run.fail(wrong_bytes(job.file, self._run.outlets[0].supplier))

    def _write_whole(self, job: Job, content: bytes | bytearray) -> None:
        job.part.path.parent.mkdir(parents=True, exist_ok=True)
        job.part.path.write_bytes(content)

    def _judge(self, job: Job, digests: Digests) -> None:
        if digests.match(job.file):
            self._keep(job, digests)
        else:
            with job.part.lock:
                here = list(job.part.done)
            self._once_more(job, here)

    def _keep(self, job: Job, digests: Digests) -> None:
        manifest = self._run.errand.manifest
        order = [outlet.name for outlet in self._run.outlets]
        senders = tuple(sorted(job.sent, key=order.index))
        self._run.errand.check()
        job.part.close()
        lister = manifest.listed_by
        self._run.errand.store.keep(
            job.file, manifest.commit, digests, "+".join(senders), lister.name
        )
        self._run.keeps(job)
        sha256, file = digests.sha256, job.file
        self._run.line.tell(FileDone(file.path, file.size, sha256, senders, lister.title))
        for name, error in job.guilty.items():
            self._run.give_up(self._run.outlet(name), error, job)

    def _once_more(self, job: Job, here: list[Stretch]) -> None:
        if job.trial is not None:
            here = self._put_back(job, job.trial)
        self._let_return(job)
        able = [s.name for s in self._run.errand.roster.active() if s.name not in job.excluded]
        lister = self._run.errand.manifest.listed_by.name
        plan = redo(here, job.earlier, able, lister, cleared=job.cleared, tried=job.tried)
        if plan is None:
            last = self._run.outlet(next((s.source for s in reversed(here)), lister))
            wrong = wrong_bytes(job.file, last.supplier)
            self._run.fail(
                verdict(job.file, [*self._run.errand.roster.errors, *job.excluded.values(), wrong])
            )
            return
        self._run.line.say(_anew(job, plan))
        job.earlier = ()
        if not job.small:
            for start, end in plan.forget:
                job.part.forget(start, end)
            self.verifier.start_over(job)
        job.sent &= {stretch.source for stretch in job.part.done}
        if plan.suspect is not None:
            self._try(job, plan, plan.suspect)
        if plan.only is not None:
            self._let_rest(job, plan.only)
        self._run.board.free_again(job, plan.forget)

    def _try(self, job: Job, plan: Redo, suspect: str) -> None:
        outlet = self._run.outlet(suspect)
        error = wrong_bytes(job.file, outlet.supplier)
        known = suspect == outlet.name  # not another program, whose partial file it was
        if known:
            self._run.exclude(outlet, error, job)
        if known and plan.proved:
            job.cleared.clear()  # whoever was tried was tried beside this one
            self._run.give_up(outlet, error, job)
        elif not job.small:
            job.trial = Trial(suspect, plan.forget)
            if known:
                job.guilty[suspect] = error

    def _let_rest(self, job: Job, only: str) -> None:
        job.tried.add(only)
        for outlet in self._run.outlets:
            if outlet.name != only and outlet.name not in job.excluded:
                job.resting.add(outlet.name)
                self._run.exclude(outlet, wrong_bytes(job.file, outlet.supplier), job)

    def _let_return(self, job: Job) -> bool:
        resting, job.resting = job.resting, set()
        for name in resting:
            self._run.board.readmit(job, name)
        return bool(resting)

    def call_off(self, job: Job) -> bool:
        """Who was to replace a suspect's bytes is gone: may those that were not asked meanwhile send again?"""
        trial, job.trial = job.trial, None
        if trial is not None:
            job.guilty.pop(trial.suspect, None)
            self._run.board.readmit(job, trial.suspect)
        return self._let_return(job) or trial is not None

    def _put_back(self, job: Job, trial: Trial) -> list[Stretch]:
        """The suspect's bytes were not what is wrong, or not alone: they are as good as the other's."""
        job.trial = None
        job.cleared.add(trial.suspect)
        job.guilty.pop(trial.suspect, None)
        self._run.board.readmit(job, trial.suspect)
        if trial.complete:
            for start, old in trial.aside:
                job.part.write(start, memoryview(old), trial.suspect)
            for start, end in trial.ranges:
                job.part.attribute(start, end, trial.suspect)
            if self._run.outlet(trial.suspect).name == trial.suspect:
                job.sent.add(trial.suspect)
        with job.part.lock:
            return list(job.part.done)


def _anew(job: Job, plan: Redo) -> Text:
    path = job.file.path
    if sum(end - start for start, end in plan.forget) == job.file.size:
        return Text(
            f"{path}: the hash is wrong; fetching it once more from the start",
            f"{path}：哈希不符，从头重新下载一次",
        )
    return Text(
        f"{path}: the hash is wrong; fetching what is in doubt of it once more",
        f"{path}：哈希不符，重新下载其中可疑的部分",
    )
