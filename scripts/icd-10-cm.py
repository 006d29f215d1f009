"""Makes reference/icd-10-cm.csv.gz of the tabular list of ICD-10-CM (public domain, CDC/NCHS and CMS), which the package
simple-icd-10-cm carries:

    pip install --target /tmp/icd simple-icd-10-cm==1.5.0
    PYTHONPATH=/tmp/icd python3 scripts/icd-10-cm.py

The same package gives the same bytes. reference/README.md names the source and the version.
"""

import csv
import gzip
import io
import pathlib

import simple_icd_10_cm as icd

DISPLAY_BYTES = 256  # width of `display` in contracts/fields.ts: what is longer would be left out by ingest


def rows():
    # A block of one category, such as B20, bears the name of that category and is listed twice.
    for code in dict.fromkeys(icd.get_all_codes(True)):
        if icd.is_chapter(code) or (icd.is_block(code) and not icd.is_category(code)):
            continue
        above = icd.get_ancestors(code)
        chapter = above[-1] if above else code
        title = icd.get_description(chapter).rsplit(" (", 1)[0]  # without the range of its codes
        display = " ".join(icd.get_description(code).split())
        if len(display.encode()) > DISPLAY_BYTES:
            raise SystemExit(f"{code}: the description is longer than {DISPLAY_BYTES} bytes")
        yield code, "true" if icd.is_leaf(code) else "false", display, f"{chapter} {title}", code[:3]


text = io.StringIO()
writer = csv.writer(text, lineterminator="\n")
writer.writerow(["code", "billable", "description", "chapter", "category"])
writer.writerows(rows())
target = pathlib.Path(__file__).parent.parent / "reference" / "icd-10-cm.csv.gz"
# Without a name and a time of its own, so that the bytes follow from the content alone.
target.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
print(f"{text.getvalue().count(chr(10)) - 1} codes, {target.stat().st_size} bytes")
