// The sweep as a good script does it: Node's fetch (undici keeps the connections), a bounded pool, rows written as they come.
//
// usage: node sweep_node.mjs BASE ROOT IN_FLIGHT OUT
//
// Reads every key of ROOT/secrets, walks four lists of every workspace page by page, and writes one merged CSV a list into OUT.
// It asks what `keyholder report members webhooks lists jobs` asks, but not who each workspace is.
import { createWriteStream, readFileSync, readdirSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const LISTS = {
  members: ["/api/v2/workspace-members", ["id", "email", "user_id", "user_email", "nickname", "first", "last", "role",
    "timestamp_created", "workspace_id", "accepted", "issuer_id", "permissions"]],
  webhooks: ["/api/v2/webhooks", ["id", "organization", "campaign", "name", "target_hook_url", "event_type",
    "custom_interest_value", "timestamp_created", "status", "timestamp_error"]],
  lists: ["/api/v2/lead-lists", ["id", "organization_id", "has_enrichment_task", "owned_by", "name", "timestamp_created"]],
  jobs: ["/api/v2/background-jobs", ["id", "workspace_id", "user_id", "type", "entity_id", "entity_type", "progress",
    "status", "created_at", "updated_at"]],
};

const [base, root, inFlight, out] = process.argv.slice(2);

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function line(workspace, row, columns) {
  if (row.name !== null && typeof row.name === "object") ({ first: row.first, last: row.last } = row.name);
  return `${cell(workspace)},${columns.map((column) => cell(row[column])).join(",")}\n`;
}

async function get(url, key) {
  for (;;) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    if (answer.ok) return answer.json();
    await answer.arrayBuffer();
    if (answer.status !== 429) throw new Error(`${answer.status} ${url}`);
    await pause(1000 * Number(answer.headers.get("retry-after") ?? 1));
  }
}

async function walk({ path, columns, file, workspace, key }) {
  const first = `${base}${path}?limit=100`;
  for (let url = first; url; ) {
    const page = await get(url, key);
    let lines = "";
    for (const row of page.items) lines += line(workspace, row, columns);
    if (!file.write(lines)) await once(file, "drain");
    url = page.next_starting_after ? `${first}&starting_after=${page.next_starting_after}` : null;
  }
}

const secrets = join(root, "secrets");
const keys = readdirSync(secrets).filter((name) => name.endsWith(".key")).sort()
  .map((name) => [name.slice(0, -4), readFileSync(join(secrets, name), "utf8").trim()]);
const walks = [];
const files = [];
for (const [name, [path, columns]] of Object.entries(LISTS)) {
  const file = createWriteStream(join(out, `${name}.csv`)).setMaxListeners(0);
  file.write(`workspace,${columns.join(",")}\n`);
  files.push(file);
  for (const [workspace, key] of keys) walks.push({ path, columns, file, workspace, key });
}
// As many workers as may be in flight; each takes the next list that nobody walks.
let next = 0;
await Promise.all(Array.from({ length: Math.min(Number(inFlight), walks.length) }, async () => {
  while (next < walks.length) await walk(walks[next++]);
}));
for (const file of files) {
  file.end();
  await once(file, "finish");
}
