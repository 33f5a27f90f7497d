//! What a fleet should come to, by a few rules in plain words. It knows the simulated world and what the agency's files say, and nothing of
//! plans.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Stage;

/// What carries a tag: 1 and an address, or 2 and a campaign's id.
pub(crate) type Carrier = (u8, String);

/// A tag with what carries it; one that was made since the beginning has no id to be known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) told: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) on: BTreeSet<Carrier>,
}

/// A tag that the files name.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) label: &'static str,
    pub(crate) told: Option<&'static str>,
    pub(crate) former: Vec<&'static str>,
    /// The tier it is for; none is every workspace.
    pub(crate) tier: Option<&'static str>,
}

/// Whose mailboxes the files say are: an address, or all of a domain, or all that begin so.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) mailbox: &'static str,
    pub(crate) owner: &'static str,
}

/// What a command is about.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Sync { prune: bool },
    Put { label: &'static str, on: bool, which: Which, create: bool },
    Owners,
}

/// Which campaigns or accounts are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// Accounts whose address begins and ends so.
    Accounts(&'static str, &'static str),
    /// Campaigns whose name begins so.
    Campaigns(&'static str),
    /// Accounts that carry a tag.
    Tagged(&'static str),
}

/// What the agency's files say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(crate) specs: Vec<Spec>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) prefix: &'static str,
}

/// A workspace.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) mode: &'static str,
    pub(crate) tier: &'static str,
    pub(crate) members: Vec<&'static str>,
    pub(crate) accounts: Vec<String>,
    /// Ids and names.
    pub(crate) campaigns: Vec<(String, String)>,
    pub(crate) rows: Vec<Row>,
}

/// How many writes of each kind that may not be done twice are needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) made: usize,
    pub(crate) altered: usize,
    pub(crate) deleted: usize,
}

/// What people write differently and mean the same.
fn near(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let address = text.contains('@');
        text.to_lowercase().replace(|c: char| c.is_whitespace() || !address && (c == '-' || c == '_'), "")
    };
    bare(one) == bare(other)
}

impl Row {
    fn is(&self, label: &str) -> bool {
        self.label.trim() == label
    }
}

/// Reads the tags of a workspace as they are.
pub(crate) fn rows(stage: &Stage, workspace: &str, known: Option<&BTreeSet<String>>) -> Vec<Row> {
    let mappings = stage.world.mappings(workspace);
    let row = |tag: keyholder::sim::SimTag| {
        let own = mappings.iter().filter(|mapping| mapping.tag_id == tag.id);
        Row {
            on: own.map(|mapping| (mapping.resource_type, mapping.resource.clone())).collect(),
            label: tag.label,
            told: tag.description,
            id: Some(tag.id).filter(|id| known.is_none_or(|known| known.contains(id))),
        }
    };
    let mut rows: Vec<Row> = stage.world.tags(workspace).into_iter().map(row).collect();
    rows.sort();
    rows
}

impl Files {
    /// Whom a label of an owner's tag names.
    fn named(&self, label: &str) -> Option<String> {
        let label = label.trim().to_lowercase();
        let prefix = self.prefix.trim().to_lowercase();
        let rest = label.strip_prefix(prefix.as_str())?;
        // A prefix that is a word is parted from the person by a blank.
        let parted = !prefix.ends_with(char::is_alphanumeric) || rest.starts_with(' ');
        let rest = rest.trim().to_owned();
        (parted && !rest.is_empty()).then_some(rest)
    }

    /// Whose an account is: an address before a pattern, and of several patterns only where they agree.
    fn owner(&self, account: &str) -> Option<&'static str> {
        let account = account.to_lowercase();
        if let Some(rule) = self.rules.iter().find(|rule| rule.mailbox == account) {
            return Some(rule.owner);
        }
        let fits = |rule: &&Rule| match rule.mailbox.split_once('*') {
            Some((head, tail)) => account.starts_with(head) && account.ends_with(tail),
            None => false,
        };
        let said: BTreeSet<&str> = self.rules.iter().filter(fits).map(|rule| rule.owner).collect();
        if said.len() == 1 { said.first().copied() } else { None }
    }
}

impl Place {
    fn manages(&self) -> bool {
        self.mode == "manage"
    }

    pub(crate) fn writes(&self) -> bool {
        self.manages() || self.mode == "add-only"
    }

    fn called(&self, label: &str) -> Vec<usize> {
        (0..self.rows.len()).filter(|at| self.rows[*at].is(label)).collect()
    }

    fn make(&mut self, label: &str, told: Option<&str>) {
        let (label, told) = (label.to_owned(), told.map(str::to_owned));
        self.rows.push(Row { label, told, id: None, on: BTreeSet::new() });
    }

    fn specs<'a>(&self, files: &'a Files) -> Vec<&'a Spec> {
        files.specs.iter().filter(|spec| spec.tier.is_none_or(|tier| tier == self.tier)).collect()
    }

    /// Does what is wished until nothing is left to do; tells in how many goes, and with how many writes.
    pub(crate) fn settle(&mut self, files: &Files, wish: &Wish) -> (usize, Needed) {
        let (mut goes, mut needed) = (0, Needed::default());
        if !self.writes() {
            return (goes, needed);
        }
        loop {
            let before = self.rows.clone();
            match wish {
                Wish::Sync { prune } => self.sync(files, *prune, &mut needed),
                Wish::Put { label, on, which, create } => self.put((*label, *on), *which, *create, files, &mut needed),
                Wish::Owners => self.owners(files, &mut needed),
            }
            self.rows.sort();
            if self.rows == before {
                return (goes, needed);
            }
            goes += 1;
        }
    }

    /// One tag that the files name.
    fn present(&mut self, spec: &Spec, needed: &mut Needed) {
        let there = self.called(spec.label);
        let described = |row: &Row| spec.told.is_none() || row.told.as_deref() == spec.told;
        if let [only] = there[..]
            && !described(&self.rows[only])
            && self.manages()
        {
            self.rows[only].told = spec.told.map(str::to_owned);
            needed.altered += 1;
        }
        if !there.is_empty() {
            return;
        }
        let former: Vec<usize> = spec.former.iter().flat_map(|former| self.called(former)).collect();
        let beside = |at: &usize| near(&self.rows[*at].label, spec.label) && !(former.len() == 1 && former[0] == *at);
        if former.len() > 1 || (0..self.rows.len()).any(|at| beside(&at)) {
            return;
        }
        match former[..] {
            [only] if self.manages() => {
                let told = self.rows[only].told.take();
                spec.label.clone_into(&mut self.rows[only].label);
                self.rows[only].told = spec.told.map(str::to_owned).or(told);
                needed.altered += 1;
            }
            [_] => {}
            _ => {
                self.make(spec.label, spec.told);
                needed.made += 1;
            }
        }
    }

    fn sync(&mut self, files: &Files, prune: bool, needed: &mut Needed) {
        let before = self.rows.clone();
        let specs = self.specs(files);
        for spec in &specs {
            self.present(spec, needed);
        }
        if !prune || !self.manages() {
            return;
        }
        let called = |label: &str| before.iter().filter(|row| row.is(label)).collect::<Vec<_>>();
        for row in before.iter().filter(|row| row.on.is_empty()) {
            let named = specs.iter().find(|spec| near(spec.label, &row.label));
            let goes = match named {
                Some(spec) if row.is(spec.label) => {
                    // Of several that bear it one stays: what most things carry, else the oldest.
                    let mut all = called(spec.label);
                    all.sort_by_key(|row| (std::cmp::Reverse(row.on.len()), row.id.clone()));
                    all[0].id != row.id
                }
                // A leftover, where the right one is there.
                _ if specs.iter().any(|spec| spec.former.iter().any(|former| row.is(former))) => specs
                    .iter()
                    .any(|spec| spec.former.iter().any(|former| row.is(former)) && !called(spec.label).is_empty()),
                Some(spec) => !called(spec.label).is_empty(),
                None => true,
            };
            let spared = named.is_none() && files.named(&row.label).is_some();
            if goes && !spared {
                self.rows.retain(|other| other.id.is_none() || other.id != row.id);
                needed.deleted += 1;
            }
        }
        // Of several of one label, the one that stays is described once the others are gone.
        for spec in specs.iter().filter(|spec| called(spec.label).len() > 1) {
            if let ([only], Some(told)) = (&self.called(spec.label)[..], spec.told)
                && self.rows[*only].told.as_deref() != Some(told)
            {
                self.rows[*only].told = Some(told.to_owned());
                needed.altered += 1;
            }
        }
    }

    fn meant(&self, which: Which) -> BTreeSet<Carrier> {
        let accounts = || self.accounts.iter().map(|account| (1, account.clone()));
        match which {
            Which::Accounts(head, tail) => {
                let fits = |one: &Carrier| {
                    let address = one.1.to_lowercase();
                    address.starts_with(head) && address.ends_with(tail)
                };
                accounts().filter(fits).collect()
            }
            Which::Campaigns(head) => {
                let named = self.campaigns.iter().filter(|(_, name)| name.to_lowercase().starts_with(head));
                named.map(|(id, _)| (2, id.clone())).collect()
            }
            Which::Tagged(label) => {
                let tags: Vec<&Row> = self.rows.iter().filter(|row| row.is(label)).collect();
                accounts().filter(|one| tags.iter().any(|tag| tag.on.contains(one))).collect()
            }
        }
    }

    fn put(
        &mut self,
        (label, on): (&'static str, bool),
        which: Which,
        create: bool,
        files: &Files,
        needed: &mut Needed,
    ) {
        let meant = self.meant(which);
        if meant.is_empty() {
            return;
        }
        if on && self.called(label).is_empty() {
            let spec = self.specs(files).into_iter().find(|spec| spec.label == label).cloned();
            let made = Spec { label, told: None, former: Vec::new(), tier: None };
            if let Some(spec) = spec.or_else(|| create.then_some(made)) {
                self.present(&spec, needed);
            }
        }
        let [only] = self.called(label)[..] else { return };
        let carried = &mut self.rows[only].on;
        if on {
            carried.extend(meant);
        } else if self.mode == "manage" {
            carried.retain(|one| !meant.contains(one));
        }
    }

    fn owners(&mut self, files: &Files, needed: &mut Needed) {
        let mut theirs: BTreeMap<&str, (String, Vec<Carrier>)> = BTreeMap::new();
        for account in &self.accounts {
            let Some(owner) = files.owner(account) else { continue };
            let one = (1, account.clone());
            let ours = format!("{}{owner}", files.prefix);
            let mut names: Vec<&Row> =
                self.rows.iter().filter(|row| files.named(&row.label).as_deref() == Some(owner)).collect();
            names.sort_by_key(|row| (!row.is(&ours), row.label.trim(), row.id.clone()));
            let label = names.first().map_or(ours, |row| row.label.trim().to_owned());
            let has = names.iter().any(|row| row.is(&label) && row.on.contains(&one));
            if has || self.members.contains(&owner) {
                theirs.entry(owner).or_insert((label, Vec::new())).1.push(one);
            }
        }
        let before = self.rows.clone();
        for (owner, (label, accounts)) in theirs {
            if self.called(&label).is_empty() {
                self.make(&label, Some(&format!("whose sending accounts these are: {owner}; kept by keyholder")));
                needed.made += 1;
            }
            let [only] = self.called(&label)[..] else { continue };
            for one in accounts {
                self.rows[only].on.insert(one.clone());
                for other in before.iter().filter(|row| files.named(&row.label).is_some() && !row.is(&label)) {
                    // Of two tags of one label it cannot be told which is meant.
                    if let ([only], true) = (&self.called(other.label.trim())[..], self.manages()) {
                        self.rows[*only].on.remove(&one);
                    }
                }
            }
        }
    }
}
