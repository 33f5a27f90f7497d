//! Belongings of a script: what stands in a `[[workspace]]` beside its rows. Everything but names and kinds is optional.
//!
//! ```toml
//! campaigns = [{ name = "Q4", owner = "noor@agency.example", creator = "noor@agency.example", count = 3, status = 1, agent = false, sends = 120 }]
//! lead_lists = [{ name = "Dentists", owner = "noor@agency.example", count = 1, created = "2026-08-08T08:08:08Z" }]
//! leads = [{ count = 40, assigned = "noor@agency.example", uploaded = "noor@agency.example", campaign = "Q4", list = "Dentists" }]
//! accounts = [{ email = "noor@mail.example", count = 2, added_by = "noor@agency.example", modified_by = "ops@agency.example", status = 1,
//!   warmup = 1, provider = 2, daily_limit = 30, score = 98, sent = 24, bounced = 0, days = [{ date = "2026-11-18", sent = 28, bounced = 9 }] }]
//! tags = [{ label = "owner: noor", description = "Noor's", created = "2026-08-08T08:08:08Z", accounts = ["noor@mail.example"], campaigns = ["Q4"] }]
//! keys = [{ name = "zapier", scopes = ["leads:all"], by = "noor@agency.example", record = "name", created = "2026-08-08T08:08:08Z", used = "2026-10-10T10:10:10Z", count = 1 }]
//! webhooks = [{ target = "https://hooks.example/in", name = "CRM", by = "noor@agency.example", event = "reply_received", status = 1 }]
//! jobs = [{ kind = "import-leads", by = "noor@agency.example", status = "in-progress", count = 1 }]
//! trail = [{ activity = 1, by = "noor@agency.example", at = "2026-11-02T08:00:00Z", count = 5, affected = 12 }, { activity = 11, key = "zapier" }]
//! billing = { plan = "Growth", price = 37, leads = 1000, used = 400, credits = 2000, credits_left = 690, until = "2026-12-01T00:00:00Z",
//!   cancel_at = "2026-12-01T00:00:00Z", cancelled = false }
//! long_trail = { rows = 100000, newest = "2026-11-20T00:00:00Z", apart = "1m" }
//! ```
//!
//! `sends` is about what a campaign sends on a working day, since it was made; what it gets is by chance. What is not said of billing is usual. A
//! `long_trail` stands among the other records and is never stored. `sent` and `bounced` are what each account sends on every day, `days` what it sends on days unlike the others. Tags may bear one label;
//! `all_accounts = true` puts one on every account. People are named by address or user id. `record` says how the trail names a key that somebody made: `absent` (not at all), `name`, or any
//! other word: by its id too, in a member of that name. `used` is when the trail last saw the key act. Keys may bear one name.

use jiff::Timestamp;

use super::name;
use super::settings::{KeyRecord, KeyShown, Labels, Settings};
use super::state::State;
use super::things::put::{
    Accounts, Billing, Campaigns, Day, Jobs, Key, LeadLists, Leads, LongTrail, Mappings, Put, Records, Tag, Webhook,
    Which,
};
use super::tree::{ScriptError, Table};

/// Reads the belongings of a workspace, except its keys.
pub(super) fn read(table: &mut Table) -> Result<Vec<Put>, ScriptError> {
    let mut all = Vec::new();
    for table in table.tables("campaigns")? {
        all.push(campaigns(table)?.into());
    }
    for table in table.tables("lead_lists")? {
        all.push(lead_lists(table)?.into());
    }
    for table in table.tables("leads")? {
        all.push(leads(table)?.into());
    }
    for table in table.tables("accounts")? {
        all.push(accounts(table)?.into());
    }
    for table in table.tables("webhooks")? {
        all.push(webhook(table)?.into());
    }
    for table in table.tables("jobs")? {
        all.push(jobs(table)?.into());
    }
    for table in table.tables("trail")? {
        all.push(records(table)?.into());
    }
    for table in table.tables("tags")? {
        all.extend(tags(table)?);
    }
    if let Some(node) = table.take("billing") {
        all.push(billing(node.table("billing")?)?.into());
    }
    if let Some(node) = table.take("long_trail") {
        all.push(long_trail(node.table("long_trail")?)?.into());
    }
    Ok(all)
}

/// Requires that the campaign and list that leads are in are there, and what carries a tag.
pub(super) fn check(state: &State, workspace: usize, what: &Put, line: usize) -> Result<(), ScriptError> {
    let wrong = |said: &str, what: &str, called: &str| {
        ScriptError::at(line, format!("{said} the {what} `{called}`, which is not there"))
    };
    let campaign = |called: &String| state.campaign_called(workspace, called).is_some();
    match what {
        Put::Leads(leads) => match (&leads.campaign, &leads.list) {
            (Some(called), _) if !campaign(called) => Err(wrong("leads are in", "campaign", called)),
            (_, Some(called)) if state.list_called(workspace, called).is_none() => {
                Err(wrong("leads are in", "list", called))
            }
            _ => Ok(()),
        },
        Put::Mappings(mappings) => {
            let named = |which: &Which| if let Which::Named(names) = which { names.clone() } else { Vec::new() };
            let account = |email: &String| state.account_carrier(workspace, email).is_some();
            let (accounts, campaigns) = (named(&mappings.accounts), named(&mappings.campaigns));
            match (accounts.iter().find(|email| !account(email)), campaigns.iter().find(|called| !campaign(called))) {
                (Some(email), _) => Err(wrong("a tag is on", "account", email)),
                (_, Some(called)) => Err(wrong("a tag is on", "campaign", called)),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn campaigns(mut table: Table) -> Result<Campaigns, ScriptError> {
    let what = Campaigns {
        count: table.number("count")?.unwrap_or(1),
        owner: word(&mut table, "owner")?,
        creator: word(&mut table, "creator")?,
        name: word(&mut table, "name")?,
        status: table.number("status")?.unwrap_or(1),
        by_agent: table.truth("agent")?.unwrap_or(false),
        id: id(&mut table)?,
        created: moment(&mut table, "created")?,
        sends: table.number("sends")?.unwrap_or(0),
    };
    table.finish()?;
    Ok(what)
}

fn lead_lists(mut table: Table) -> Result<LeadLists, ScriptError> {
    let what = LeadLists {
        count: table.number("count")?.unwrap_or(1),
        owner: word(&mut table, "owner")?,
        name: word(&mut table, "name")?,
        id: id(&mut table)?,
        created: moment(&mut table, "created")?,
    };
    table.finish()?;
    Ok(what)
}

fn leads(mut table: Table) -> Result<Leads, ScriptError> {
    let what = Leads {
        count: table.number("count")?.unwrap_or(1),
        assigned_to: word(&mut table, "assigned")?,
        uploaded_by: word(&mut table, "uploaded")?,
        campaign: word(&mut table, "campaign")?,
        list: word(&mut table, "list")?,
    };
    table.finish()?;
    Ok(what)
}

fn accounts(mut table: Table) -> Result<Accounts, ScriptError> {
    let usual = Accounts::nobodys(1);
    let (sent, bounced) = (table.number("sent")?, table.number("bounced")?);
    let days = table.tables("days")?.into_iter().map(day).collect::<Result<_, _>>()?;
    let what = Accounts {
        count: table.number("count")?.unwrap_or(usual.count),
        added_by: word(&mut table, "added_by")?,
        modified_by: word(&mut table, "modified_by")?,
        email: word(&mut table, "email")?,
        status: table.number("status")?.unwrap_or(usual.status),
        created: moment(&mut table, "created")?,
        warmup: table.number("warmup")?,
        provider: table.number("provider")?.unwrap_or(usual.provider),
        daily_limit: table.number("daily_limit")?.unwrap_or(usual.daily_limit),
        score: table.number("score")?,
        every_day: sent.or(bounced).map(|_| (sent.unwrap_or(0), bounced.unwrap_or(0))),
        days,
    };
    table.finish()?;
    Ok(what)
}

fn day(mut table: Table) -> Result<Day, ScriptError> {
    let date = table.need_text("date")?;
    let wrong = |_no_date| ScriptError::at(date.line, "`date` must be a day such as `2026-11-18`");
    let day = Day {
        date: date.value.parse().map_err(wrong)?,
        sent: table.number("sent")?.unwrap_or(0),
        bounced: table.number("bounced")?.unwrap_or(0),
    };
    table.finish()?;
    Ok(day)
}

/// Reads a tag and what carries it.
fn tags(mut table: Table) -> Result<Vec<Put>, ScriptError> {
    let label = table.need_text("label")?.value;
    let mut names = |member: &'static str| -> Result<Vec<String>, ScriptError> {
        Ok(table.texts(member)?.unwrap_or_default().into_iter().map(|text| text.value).collect())
    };
    let (accounts, campaigns) = (Which::Named(names("accounts")?), Which::Named(names("campaigns")?));
    let all = table.truth("all_accounts")?.unwrap_or(false);
    let tag = Tag {
        label: label.clone(),
        description: word(&mut table, "description")?,
        id: id(&mut table)?,
        created: moment(&mut table, "created")?,
    };
    table.finish()?;
    let accounts = if all { Which::All } else { accounts };
    let on = Mappings { tag: tag.id.clone().unwrap_or(label), accounts, campaigns };
    Ok(vec![tag.into(), on.into()])
}

fn webhook(mut table: Table) -> Result<Webhook, ScriptError> {
    let what = Webhook {
        name: word(&mut table, "name")?,
        target: table.need_text("target")?.value,
        by: word(&mut table, "by")?,
        event: word(&mut table, "event")?,
        status: table.number("status")?.unwrap_or(1),
        created: moment(&mut table, "created")?,
    };
    table.finish()?;
    Ok(what)
}

fn jobs(mut table: Table) -> Result<Jobs, ScriptError> {
    let what = Jobs {
        count: table.number("count")?.unwrap_or(1),
        by: word(&mut table, "by")?,
        kind: table.need_text("kind")?.value,
        status: word(&mut table, "status")?.unwrap_or_else(|| "in-progress".to_owned()),
        created: moment(&mut table, "created")?,
    };
    table.finish()?;
    Ok(what)
}

fn records(mut table: Table) -> Result<Records, ScriptError> {
    let line = table.line;
    let what = Records {
        count: table.number("count")?.unwrap_or(1),
        activity: table
            .number("activity")?
            .ok_or_else(|| ScriptError::at(line, "`activity` is missing: the code of what was done"))?,
        by: word(&mut table, "by")?,
        key: word(&mut table, "key")?,
        at: moment(&mut table, "at")?,
        affected: table.number("affected")?,
    };
    table.finish()?;
    Ok(what)
}

fn long_trail(mut table: Table) -> Result<LongTrail, ScriptError> {
    let line = table.line;
    let newest = moment(&mut table, "newest")?;
    let what = LongTrail {
        rows: table.number("rows")?.unwrap_or(0),
        newest: newest.ok_or_else(|| ScriptError::at(line, "`newest` is missing: the moment of the last record"))?,
        apart: table.duration("apart")?.unwrap_or(std::time::Duration::from_mins(1)),
    };
    table.finish()?;
    Ok(what)
}

fn billing(mut table: Table) -> Result<Billing, ScriptError> {
    let (credits, left) = (table.number("credits")?, table.number("credits_left")?);
    let what = Billing {
        plan: word(&mut table, "plan")?,
        price: table.number("price")?,
        leads: table.number("leads")?,
        used: table.number("used")?,
        credits: credits.map(|credits| (credits, left.unwrap_or(credits))),
        until: moment(&mut table, "until")?,
        cancel_at: moment(&mut table, "cancel_at")?,
        cancelled: table.truth("cancelled")?.unwrap_or(false),
    };
    table.finish()?;
    Ok(what)
}

/// Reads keys, and whether they are dead. Those of a workspace's own first listing have secrets of their names.
pub(super) fn keys(mut table: Table) -> Result<(Key, bool), ScriptError> {
    let line = table.line;
    let by = word(&mut table, "by")?;
    let usual = if by.is_some() { KeyRecord::Name } else { KeyRecord::Absent };
    let scopes = table.texts("scopes")?.map(|scopes| scopes.into_iter().map(|scope| scope.value).collect());
    let what = Key {
        count: table.number("count")?.unwrap_or(1),
        name: word(&mut table, "name")?.unwrap_or_else(|| "main".to_owned()),
        scopes: scopes.unwrap_or_else(|| vec!["all:all".to_owned()]),
        by,
        record: word(&mut table, "record")?.map_or(usual, key_record),
        created: moment(&mut table, "created")?,
        used: moment(&mut table, "used")?,
    };
    let dead = table.truth("dead")?.unwrap_or(false);
    table.finish()?;
    if dead && what.count != 1 {
        Err(ScriptError::at(line, "only one key at a time is `dead`"))
    } else {
        Ok((what, dead))
    }
}

/// Reads the settings that are about belongings.
pub(super) fn settings(table: &mut Table, rest: Settings) -> Result<Settings, ScriptError> {
    let shown = [("whole", KeyShown::Whole), ("masked", KeyShown::Masked), ("absent", KeyShown::Absent)];
    let labels = [("exact", Labels::Exact), ("any-case", Labels::AnyCase), ("repeated", Labels::Repeated)];
    let dropped = table.texts("drop_filters")?.unwrap_or_default();
    Ok(Settings {
        assign_lag: table.duration("assign_lag")?.unwrap_or(rest.assign_lag),
        assign_most: table.number("assign_most")?,
        drop_filters: dropped.into_iter().map(|name| name.value).collect(),
        owners_are_members: table.truth("owners_are_members")?.unwrap_or_default(),
        key_shown: table.choice("key_shown", &shown)?.unwrap_or_default(),
        key_record: word(table, "key_record")?.map(key_record).unwrap_or_default(),
        keep_own_key: table.truth("keep_own_key")?.unwrap_or_default(),
        labels: table.choice("labels", &labels)?.unwrap_or_default(),
        toggle_ignores_unknown: table.truth("toggle_ignores_unknown")?.unwrap_or_default(),
        toggle_most: table.number("toggle_most")?,
        end_date_included: table.truth("end_date_included")?.unwrap_or_default(),
        untold_tags: table.truth("untold_tags")?.unwrap_or_default(),
        ..rest
    })
}

fn key_record(word: String) -> KeyRecord {
    match word.as_str() {
        "absent" => KeyRecord::Absent,
        "name" => KeyRecord::Name,
        _ => KeyRecord::Id(word.into()),
    }
}

fn word(table: &mut Table, name: &'static str) -> Result<Option<String>, ScriptError> {
    Ok(table.text(name)?.map(|text| text.value))
}

fn id(table: &mut Table) -> Result<Option<String>, ScriptError> {
    let Some(text) = table.text("id")? else { return Ok(None) };
    match name::read(&text.value) {
        Some(_) => Ok(Some(text.value)),
        None => Err(ScriptError::at(text.line, "`id` must be a UUID")),
    }
}

fn moment(table: &mut Table, name: &'static str) -> Result<Option<Timestamp>, ScriptError> {
    let moment = table.moment(name)?;
    Ok(moment.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
}
