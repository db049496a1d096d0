"""One run of the doctor: read, look, tell; with --fix also write, look again, and say what is gone."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.commands import console
from qtune.commands.example import emptied, stands_in
from qtune.commands.looking import look
from qtune.commands.project import Project, here, survey
from qtune.commands.target import Target, read_target
from qtune.commands.wishes import wishes
from qtune.core.rundefaults import QUICKSTART
from qtune.doctor import examine as doctor
from qtune.doctor.examine import Options
from qtune.doctor.facts import SettingFact
from qtune.doctor.fork import from_fork
from qtune.doctor.outcome import Report, exit_code
from qtune.doctor.report.view import View
from qtune.doctor.schedule import Limits
from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.commands import copies
    from qtune.commands.doctor import Asked


class Examination:
    """`settings` is what was known when an error came; `answered`: the answer stands on stdout already;
    `seen` is the last report that was made."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.settings: tuple[SettingFact, ...] = ()
        self.answered = False
        self.copies: copies.Copies = ()
        self.seen: Report | None = None

    def run(self) -> int:
        asked = self.asked
        asked.check()
        if asked.write:
            from qtune.commands import copies

            self.copies = copies.wanted(asked.write)
        self.wishes = wishes(asked)
        if asked.facts is not None:
            survey(asked.env_file)  # for the language
            from qtune.commands import factsfile

            facts = factsfile.load(asked.facts)
            return self._tell(doctor.rejudge(facts, self._options(None)), replayed=True)
        project = self._open()
        if asked.list_:
            from qtune.commands import listing

            self._print(listing.render(self._options(project), asked.goal, asked.format, current()))
            return 0
        if asked.save is not None:
            from qtune.commands import factsfile

            factsfile.check_place(asked.save)
        target = read_target(asked.target, asked.goal, project.settings)
        report = self._look(project, target, self._options(project))
        if asked.save is not None:
            factsfile.save(report.facts, asked.save)
        self.seen = report
        try:
            if asked.diff:
                return self._show_diff(report, project)
            if asked.fix:
                return self._fix(report, project)
            return self._tell(report)
        finally:  # it is waited for by nobody, and stands also where nobody read the answer to its end
            self._keep()

    def _keep(self) -> None:
        """For the editor, unless this was but a part of what there is to see here."""
        asked = self.asked
        narrowed = asked.only or asked.skip or asked.offline or self.wishes.name != "default"
        if self.seen is not None and not narrowed:
            from qtune.doctor import lastreports

            lastreports.save(self.seen, here())

    def _open(self) -> Project:
        named = self.asked.env_file
        path = stands_in(named, self.wishes.profile)
        project = survey(path, change=emptied) if path != named else survey(path)
        self.settings = tuple(
            SettingFact(v.setting.key, v.shown, v.origin, v.problem) for v in project.settings
        )
        return project

    def _options(self, project: Project | None) -> Options:
        asked, wished = self.asked, self.wishes
        reason, offline = "--offline", asked.offline
        of_profile = f"--profile {wished.name}"
        if not offline and not wished.profile.network:
            offline, reason = True, of_profile
        if not offline and project is not None and project.settings.flag("HF_HUB_OFFLINE"):
            where = project.settings.origin("HF_HUB_OFFLINE").describe().to(current())
            offline, reason = True, f"HF_HUB_OFFLINE, {where}"
        without = wished.profile.without
        limits = Limits(wished.timeout_s, offline, reason, asked.no_speed, without, of_profile)
        excused = wished.profile.excused and from_fork(os.environ)
        options = Options(asked.only, wished.skip, limits, wished.network_errors, excused)
        doctor.check_names(options)  # an unknown name is told before anything is looked at
        return options

    def _look(self, project: Project, target: Target, options: Options) -> Report:
        return look(project, target, options, self.wishes.file, self.asked)

    def _show_diff(self, report: Report, project: Project) -> int:
        from qtune.commands import fixing

        changes = fixing.planned(report, project, unsafe=self.asked.unsafe_fixes)
        if self.asked.format != "text":
            sys.stderr.write(changes.diff())
            return self._tell(report)
        self._print(changes.diff())
        if not changes.writes_env:
            print(say("nothing to change in .env", ".env 无需修改"), file=sys.stderr)
        self._copy(report)
        return self._exit(report)

    def _copy(self, report: Report) -> None:
        if self.copies:
            from qtune.commands import copies

            copies.write(report, self._exit(report), self.copies)
            self.copies = ()

    def failed(self, error: BaseException, code: int) -> None:
        """The files that were asked for are whole documents too; a second error must not hide the first."""
        if self.copies:
            from qtune.commands import copies

            with contextlib.suppress(Exception):
                copies.write_failed(error, code, self.settings, self.copies)

    def _fix(self, report: Report, project: Project) -> int:
        from qtune.commands import fixing

        asked = self.asked
        as_text = asked.format == "text"
        changes = fixing.planned(report, project, unsafe=asked.unsafe_fixes)
        if not changes:
            if as_text:
                print(
                    say("nothing that --fix can mend", "没有 --fix 能处理的问题"), file=sys.stderr
                )
            return self._tell(report)
        if as_text:
            self._tell(report, fixing=True)
        if not fixing.agreed(changes, ask=not asked.yes):
            self._copy(report)
            return self._exit(report) if as_text else self._tell(report)
        fixing.make(changes)
        project = self._open()
        target = read_target(asked.target, asked.goal, project.settings)
        options = self._options(project)
        again = self._look(project, target, fixing.affected(changes, options))
        after = fixing.merged(report, again, changes, options)
        fixing.tell(changes, after)
        self.seen = after
        return self._tell(after, brief=as_text)

    def _tell(
        self,
        report: Report,
        *,
        replayed: bool = False,
        fixing: bool = False,
        brief: bool = False,
    ) -> int:
        code = self._exit(report)
        if not fixing:
            self._copy(report)
        if self.asked.format != "text":
            from qtune.commands import documents

            self._print(documents.write(report, self.asked.format, code))
            return code
        from qtune.doctor.report import terminal

        self.answered = True
        out = console.answer()
        view = View(
            lang=current(),
            width=max(40, out.width),
            verbosity=self.asked.verbose,
            glyphs=console.glyphs(sys.stdout),
            again=self._again(),
            onward=_onward(report),
            replayed=replayed,
            fixing=fixing,
        )
        console.show(
            out, terminal.summary(report, view) if brief else terminal.render(report, view)
        )
        return code

    def _print(self, text: str) -> None:
        self.answered = True
        sys.stdout.write(text)

    def _exit(self, report: Report) -> int:
        return exit_code(report, self.wishes.fail_on, self.wishes.strict)

    def _again(self) -> str:
        asked = self.asked
        words = ["qtune", "doctor"]
        words += [asked.target] if asked.target else []
        words += ["--for", asked.goal] if asked.goal != "train" else []
        words += ["--profile", asked.profile] if asked.profile else []
        words += ["--env-file", str(asked.env_file)] if asked.env_file else []
        return shlex.join(words)


def _onward(report: Report) -> str:
    """What comes after a clean report."""
    goal = report.facts.goal
    if goal.model == QUICKSTART:
        return "qtune run quickstart"
    if goal.kind == "download":
        return shlex.join(["qtune", "download", goal.model])
    if goal.run_config:
        return shlex.join(["qtune", "run", goal.run_config])
    return "qtune run sft.yaml" if Path("sft.yaml").exists() else "qtune init"
