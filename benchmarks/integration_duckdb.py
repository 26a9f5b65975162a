# SPDX-License-Identifier: EUPL-1.2
"""The peer: DuckDB with PostgreSQL attached and the file as Parquet, the REST source by urllib.

Runs in an environment of its own and needs nothing of ours. Reads one JSON document from standard
input (dsn, extension, csv, url, keys, at_once, seconds) and prints how many answers it gave.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
import urllib.request
from pathlib import Path

import duckdb

ADDRESS = "SELECT straat, huisnummer, postcode, pand FROM adressen WHERE id = ?"
PERSONS = "SELECT naam, geboren FROM pg.public.personen WHERE adres = ?"


def main() -> int:
    """Answer for some seconds, some at a time."""
    given = json.load(sys.stdin)
    database = duckdb.connect()
    database.execute(f"LOAD '{given['extension']}'")
    database.execute(f"ATTACH '{given['dsn']}' AS pg (TYPE postgres, READ_ONLY)")
    parquet = Path(given["csv"]).with_suffix(".parquet")
    rows = f"FROM read_csv('{given['csv']}', all_varchar = true)"
    database.execute(f"COPY ({rows}) TO '{parquet}' (FORMAT parquet)")
    database.execute(f"CREATE VIEW adressen AS FROM '{parquet}'")
    keys, answers, stop = itertools.cycle(given["keys"]), itertools.count(), threading.Event()
    turn = threading.Lock()

    def work() -> None:
        cursor = database.cursor()
        while not stop.is_set():
            with turn:
                key = next(keys)
            (address,) = cursor.execute(ADDRESS, [key]).fetchall()
            persons = cursor.execute(PERSONS, [key]).fetchall()
            url = f"{given['url']}?id={address[3]}"  # of ours, on loopback
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
                building = json.load(answer)["panden"][0]
            assert persons
            assert building["id"] == address[3]
            next(answers)

    threads = [threading.Thread(target=work) for _ in range(given["at_once"])]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(given["seconds"])
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"per_second": next(answers) / (time.monotonic() - begin)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
