"""``python -m core study``: usability studies without a page, and a new passphrase for their page."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from core.cli.faults import tell
from core.i18n import _
from core.study.access import Access
from core.study.backup import backup, restore
from core.study.faults import StudyError
from core.study.retention import delete_session, delete_study, purge
from core.study.server import open_store
from core.study.store import StudyStore


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``study`` to the command line."""
    parser = subparsers.add_parser(
        "study", help="list, export, photos, purge, delete, back up, restore, passphrase, simulate studies"
    )
    commands = parser.add_subparsers(dest="study_command", required=True, metavar="WHAT")
    commands.add_parser("list", help="print one JSON object a study")
    export = commands.add_parser("export", help="write a study's data to a folder")
    export.add_argument("study", metavar="ID")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    photos = commands.add_parser("photos", help="write a study's kept photos, decrypted, to one file")
    photos.add_argument("study", metavar="ID")
    photos.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    commands.add_parser("purge", help="delete sessions that are past their study's retention")
    remove = commands.add_parser("delete", help="delete a study, or one of its sessions, for good")
    remove.add_argument("study", metavar="ID")
    remove.add_argument("--session", metavar="ID", help="only this session")
    remove.add_argument("--yes", action="store_true", help="needed: there is no way back")
    save = commands.add_parser("backup", help="write all studies, with photos as encrypted, to one file")
    save.add_argument("file", type=Path, metavar="FILE.zip")
    load = commands.add_parser("restore", help="fill an empty database from such a file")
    load.add_argument("file", type=Path, metavar="FILE.zip")
    commands.add_parser("passphrase", help="print a new passphrase for the Studies page; the old one ends")
    trial = commands.add_parser(
        "simulate", help="check the statistics on studies with simulated participants"
    )
    trial.add_argument("--participants", type=int, default=40, metavar="N", help="in each study (40)")
    trial.add_argument("--seeds", type=int, default=200, metavar="N", help="how many studies (200)")
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Run one command; 2 with one sentence where what was asked for cannot be done, else 0.

    A simulation needs no database; it returns 1 where it does not find what was stated.
    """
    if args.study_command == "simulate":
        return _simulate(args)
    try:
        store = open_store()
        try:
            _COMMANDS[args.study_command](store, args)
        finally:
            store.database.close()
    except StudyError as error:
        tell(error.message)
        return 2
    return 0


def _simulate(args: argparse.Namespace) -> int:
    if args.participants < 4 or args.seeds < 1:
        args.usage_error("a simulation needs at least 4 participants and 1 seed")
    from core.study.simulate import run as simulate

    return simulate(args)


def _list(store: StudyStore, _args: argparse.Namespace) -> None:
    for study in store.studies():
        row = {
            "study_id": study.study_id,
            "title": study.title,
            "state": study.state,
            "version": study.version,
            "created_at": study.created_at.isoformat(),
            "sessions": dict(study.sessions),
        }
        print(json.dumps(row))


def _export(store: StudyStore, args: argparse.Namespace) -> None:
    data = store.load(args.study)
    # Only now: it brings a library for tables along, which no other command needs.
    from core.study.export import write_all

    write_all(data, args.out)
    print(_("Exported {count} sessions to {path}").format(count=len(data.sessions), path=args.out))


def _photos(store: StudyStore, args: argparse.Namespace) -> None:
    from core.study.kept_photos import photos_zip

    whole = photos_zip(store, args.study)
    try:
        args.out.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        message = _("The file {path} is there already. Please choose another.")
        raise StudyError(message.format(path=args.out)) from None
    args.out.write_bytes(whole)
    print(_("Written to {path}").format(path=args.out))


def _purge(store: StudyStore, _args: argparse.Namespace) -> None:
    done = purge(store)
    message = _("Deleted {sessions} sessions and {photos} photos without a session")
    print(message.format(sessions=done.sessions, photos=done.photos))


def _delete(store: StudyStore, args: argparse.Namespace) -> None:
    if not args.yes:
        raise StudyError(_("There is no way back from deleting. Add --yes where you are sure."))
    if args.session is None:
        delete_study(store, args.study)
    elif store.session(args.session).record.study_id != args.study:
        raise StudyError(_("This session belongs to another study."))
    else:
        delete_session(store, args.session, "researcher")
    print(_("Deleted"))


def _backup(store: StudyStore, args: argparse.Namespace) -> None:
    photos = backup(store, args.file)
    print(_("Written to {path}").format(path=args.file))
    if photos:
        tell(_("Keep the key of the photos somewhere else: it is not in the backup."))


def _restore(store: StudyStore, args: argparse.Namespace) -> None:
    print(_("Restored {count} studies").format(count=restore(store, args.file)))


def _passphrase(store: StudyStore, _args: argparse.Namespace) -> None:
    print(Access(store.database).new_passphrase())


_COMMANDS: dict[str, Callable[[StudyStore, argparse.Namespace], None]] = {
    "list": _list,
    "export": _export,
    "photos": _photos,
    "purge": _purge,
    "delete": _delete,
    "backup": _backup,
    "restore": _restore,
    "passphrase": _passphrase,
}
