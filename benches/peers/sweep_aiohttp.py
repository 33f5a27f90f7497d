"""The sweep as a good script does it: asyncio and aiohttp, one session, a bounded pool, rows written as they come.

usage: sweep_aiohttp.py BASE ROOT IN_FLIGHT OUT

Reads every key of ROOT/secrets, walks four lists of every workspace page by page, and writes one merged CSV a list into OUT.
It asks what `keyholder report members webhooks lists jobs` asks, but not who each workspace is.
"""

import asyncio
import csv
import json
import pathlib
import sys

import aiohttp

LISTS = {
    "members": (
        "/api/v2/workspace-members",
        ["id", "email", "user_id", "user_email", "nickname", "first", "last", "role", "timestamp_created",
         "workspace_id", "accepted", "issuer_id", "permissions"],
    ),
    "webhooks": (
        "/api/v2/webhooks",
        ["id", "organization", "campaign", "name", "target_hook_url", "event_type", "custom_interest_value",
         "timestamp_created", "status", "timestamp_error"],
    ),
    "lists": (
        "/api/v2/lead-lists",
        ["id", "organization_id", "has_enrichment_task", "owned_by", "name", "timestamp_created"],
    ),
    "jobs": (
        "/api/v2/background-jobs",
        ["id", "workspace_id", "user_id", "type", "entity_id", "entity_type", "progress", "status", "created_at",
         "updated_at"],
    ),
}


def flat(row):
    """Puts what is nested where the columns are."""
    name = row.get("name")
    if isinstance(name, dict):
        row["first"], row["last"] = name.get("first"), name.get("last")
    permissions = row.get("permissions")
    if permissions is not None:
        row["permissions"] = " ".join(permissions)
    return row


async def get(session, url, key, pool):
    """Asks once, and again after a 429."""
    while True:
        async with pool:
            async with session.get(url, headers={"authorization": f"Bearer {key}"}) as answer:
                if answer.status != 429:
                    answer.raise_for_status()
                    return json.loads(await answer.read())
                pause = float(answer.headers.get("retry-after", "1"))
        await asyncio.sleep(pause)


async def walk(session, base, path, workspace, key, pool, writer):
    """Walks one list of one workspace to its end."""
    first = url = f"{base}{path}?limit=100"
    while url:
        page = await get(session, url, key, pool)
        for row in page["items"]:
            writer.writerow({"workspace": workspace, **flat(row)})
        after = page.get("next_starting_after")
        url = f"{first}&starting_after={after}" if after else None


async def main(base, root, in_flight, out):
    keys = {
        path.stem: path.read_text().strip() for path in sorted(pathlib.Path(root, "secrets").glob("*.key"))
    }
    pool = asyncio.Semaphore(in_flight)
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:
        files, walks = [], []
        for name, (path, columns) in LISTS.items():
            file = open(pathlib.Path(out, f"{name}.csv"), "w", newline="", encoding="utf-8")
            files.append(file)
            writer = csv.DictWriter(file, ["workspace", *columns], extrasaction="ignore")
            writer.writeheader()
            walks += [walk(session, base, path, workspace, key, pool, writer) for workspace, key in keys.items()]
        await asyncio.gather(*walks)
        for file in files:
            file.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
