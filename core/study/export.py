"""A study as files to share: tables in CSV, JSONL and Parquet, a data dictionary, and metadata.

The folder follows Psych-DS 1 (:mod:`core.study.psych_ds`) and is an RO-Crate 1.1. The same data give the same
bytes. Parameters of recruiting panels are left out: they lead back to persons.
"""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from core.spreadsheet import csv_of
from core.study.export_tables import DataTable, tables_of
from core.study.methods import methods_paragraph
from core.study.records import StudyData

_ROOT_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MEDIA: Final = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
}


def write_all(data: StudyData, out: Path) -> tuple[Path, ...]:
    """Write every file of the export below a folder, which is made; returns their paths, sorted.

    Raises:
        OSError: the folder cannot be written to.
    """
    written = []
    for name, content in files_of(data).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return tuple(written)


def zip_of(data: StudyData) -> bytes:
    """The same files as one ZIP archive, in a folder named for the study."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files_of(data).items():
            entry = zipfile.ZipInfo(f"study-{slug(data.study_id)}/{name}", _ROOT_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def files_of(data: StudyData) -> dict[str, bytes]:
    """Every file of the export by its path, sorted."""
    tables = tables_of(data)
    study = slug(data.study_id)
    files: dict[str, bytes] = {}
    for table in tables:
        files[f"data/study-{study}_description-{table.name}_data.csv"] = csv_of(table.head, table.rows)
        files[f"products/{table.name}.parquet"] = _parquet(table)
    files["products/events.jsonl"] = "".join(f"{row.model_dump_json()}\n" for row in data.events).encode()
    files["documentation/data_dictionary.csv"] = dictionary(tables)
    files["documentation/methods.md"] = f"# Methods\n\n{methods_paragraph(data)}\n".encode()
    for version, design in sorted(data.designs.items()):
        whole = json.dumps(design.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
        files[f"documentation/design-v{version}.json"] = f"{whole}\n".encode()
    files["README.md"] = _readme(data).encode()
    files["CHANGES.md"] = f"# Changes\n\n1.0.0, {_day(data)}: exported by Retake.\n".encode()
    files["dataset_description.json"] = _json(_description(data, tables))
    files["ro-crate-metadata.json"] = _json(_crate(data, sorted(files)))
    return dict(sorted(files.items()))


def dictionary(tables: Sequence[DataTable]) -> bytes:
    """The data dictionary as CSV: one row a column of a table."""
    rows = [
        (table.name, column.name, column.kind, column.unit, column.description)
        for table in tables
        for column in table.columns
    ]
    return csv_of(("table", "column", "type", "unit", "description"), rows)


def slug(study_id: str) -> str:
    """A study's name in file names: letters and digits only."""
    return re.sub(r"[^A-Za-z0-9]+", "", study_id) or "study"


def _parquet(table: DataTable) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
    columns = [
        pa.array([row[place] for row in table.rows], kinds[column.kind])
        for place, column in enumerate(table.columns)
    ]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=list(table.head)), out)
    return out.getvalue()


def _readme(data: StudyData) -> str:
    title = _title(data)
    return (
        f"# {title}\n\n"
        f"Usability study {data.study_id}, recorded with Retake. One row an event, a task, a participant, an "
        "answer and a score; every column is described in documentation/data_dictionary.csv. Times are "
        "milliseconds on each session's own clock, which never goes back. A time that was not reached has "
        "its time under observation, and False in the column that ends in _reached.\n\n"
        "data/ holds the tables as CSV (UTF-8); products/ holds the same as Parquet, and the events as JSON "
        "lines. In the CSV files a text that a spreadsheet might run as a formula begins with an "
        "apostrophe.\n\n"
        "Participants are random codes. No photo, name, address or parameter of a recruiting panel is in it. "
        "Read free comments and notes before you share them: people may have written who they are.\n"
    )


def _description(data: StudyData, tables: Sequence[DataTable]) -> dict[str, Any]:
    """``dataset_description.json`` of Psych-DS: one variable a column, under whatever tables have it."""
    variables: dict[str, dict[str, str]] = {}
    for table in tables:
        for column in table.columns:
            one = variables.setdefault(
                column.name,
                {"@type": "PropertyValue", "name": column.name, "description": column.description},
            )
            if column.unit:
                one["unitText"] = column.unit
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": _title(data),
        "description": f"Usability study {data.study_id}: event logs, tasks, answers and scores.",
        "schemaVersion": "Psych-DS 1.5.1",
        "version": "1.0.0",
        "dateModified": _day(data),
        "variableMeasured": list(variables.values()),
    }


def _crate(data: StudyData, names: Sequence[str]) -> dict[str, Any]:
    """RO-Crate 1.1 metadata: the folder, and every file in it."""
    described = [
        {
            "@id": name,
            "@type": "File",
            "name": name.rsplit("/", 1)[-1],
            "encodingFormat": _MEDIA[Path(name).suffix],
        }
        for name in names
    ]
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": _title(data),
                "description": f"Usability study {data.study_id}: event logs, tasks, answers and scores.",
                "datePublished": _day(data),
                "license": {"@id": "#license"},
                "hasPart": [{"@id": name} for name in names],
            },
            {
                "@id": "#license",
                "@type": "CreativeWork",
                "name": "To be chosen by whoever publishes it",
                "description": "Until then all rights are reserved.",
            },
            *described,
        ],
    }


def _title(data: StudyData) -> str:
    return data.designs[max(data.designs)].title if data.designs else data.study_id


def _day(data: StudyData) -> str:
    """The day on which the study was last seen to go on: an export carries no time of its own making."""
    seen = [session.ended_at or session.last_seen_at for session in data.sessions]
    return max(seen).date().isoformat() if seen else "1970-01-01"


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
