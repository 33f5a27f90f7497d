//! Which campaigns or sending accounts are meant: the query of every command about them, as typed and checked.
//!
//! Owns the query language, the same everywhere. It reads nothing: it is asked of what was read.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};

use crate::config::did_you_mean;
use crate::domain::codes::{ACCOUNT_STATUS, CAMPAIGN_STATUS, Codes, PROVIDER, WARMUP_STATUS};
use crate::domain::{Campaign, ResourceId, ResourceKind, SendingAccount};
use crate::plan::Tagging;
use crate::report::cell::printable;
use crate::trouble::{Exit, Trouble};

/// What is asked of campaigns or of sending accounts: terms that must all hold.
#[derive(Debug, Clone)]
pub struct Query {
    kind: ResourceKind,
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Term {
    /// The name of a campaign, the address of an account.
    Name(GlobMatcher),
    /// Exactly this id, or this address.
    Id(String),
    /// Any of these numbers.
    Status(Vec<i64>),
    Warmup(Vec<i64>),
    Provider(Vec<i64>),
    /// It carries a tag of this label.
    Tag(String),
}

/// The words a term can begin with.
const CAMPAIGN_WORDS: [&str; 4] = ["name", "id", "status", "tag"];
const ACCOUNT_WORDS: [&str; 6] = ["name", "id", "status", "tag", "provider", "warmup"];

impl Query {
    /// Takes everything of a kind.
    pub fn all(kind: ResourceKind) -> Self {
        Self { kind, terms: Vec::new() }
    }

    /// Reads a query: terms parted by commas or blanks. `flag` is where it was typed.
    pub fn parse(kind: ResourceKind, text: &str, flag: &str) -> Result<Self, Trouble> {
        let bad = |what: String| Trouble::new(Exit::Usage, format!("{what} ({flag}); nothing was sent"));
        let words = split(text).map_err(|what| bad(what).advise("`keyholder help tags` tells what a query can say"))?;
        if words.is_empty() {
            return Err(bad("the query is empty".to_owned()).advise("say `*` where all of them are meant"));
        }
        let mut query = Self::all(kind);
        for word in words {
            query.terms.push(term(kind, &word).map_err(|(what, advice)| {
                let trouble = bad(what);
                advice.into_iter().fold(trouble, Trouble::advise)
            })?);
        }
        Ok(query)
    }

    /// Adds that a name or address must match a glob.
    pub fn named(mut self, glob: &str, flag: &str) -> Result<Self, Trouble> {
        let bad = |(what, _): Bad| Trouble::new(Exit::Usage, format!("{what} ({flag})"));
        self.terms.push(name(glob).map_err(bad)?);
        Ok(self)
    }

    /// Adds that the state must be one of some, parted by `|`.
    pub fn of_status(mut self, words: &str, flag: &str) -> Result<Self, Trouble> {
        let bad = |(what, advice): Bad| {
            let trouble = Trouble::new(Exit::Usage, format!("{what} ({flag})"));
            advice.into_iter().fold(trouble, Trouble::advise)
        };
        let codes = if self.kind == ResourceKind::Campaign { CAMPAIGN_STATUS } else { ACCOUNT_STATUS };
        self.terms.push(Term::Status(several(codes, "status", words).map_err(bad)?));
        Ok(self)
    }

    /// Adds that it must carry a tag.
    #[must_use]
    pub fn tagged(mut self, label: &str) -> Self {
        self.terms.push(Term::Tag(label.trim().to_owned()));
        self
    }

    /// Returns what kind it is about.
    pub fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// Returns the labels whose tags must be looked at to answer it.
    pub fn labels(&self) -> BTreeSet<String> {
        let label = |term: &Term| if let Term::Tag(label) = term { Some(label.clone()) } else { None };
        self.terms.iter().filter_map(label).collect()
    }

    /// Tells whether a campaign is meant.
    pub fn takes_campaign(&self, campaign: &Campaign, tagging: &Tagging) -> bool {
        let id = campaign.id.as_str();
        self.terms.iter().all(|term| match term {
            Term::Name(glob) => glob.is_match(campaign.name.trim()),
            Term::Id(wanted) => wanted == id,
            Term::Status(codes) => campaign.status.is_some_and(|status| codes.contains(&status)),
            Term::Tag(label) => carries(tagging, label, ResourceKind::Campaign, id),
            Term::Warmup(_) | Term::Provider(_) => false,
        })
    }

    /// Tells whether a sending account is meant.
    pub fn takes_account(&self, account: &SendingAccount, tagging: &Tagging) -> bool {
        let any = |codes: &[i64], code: Option<i64>| code.is_some_and(|code| codes.contains(&code));
        self.terms.iter().all(|term| match term {
            Term::Name(glob) => glob.is_match(account.email.trim()),
            Term::Id(wanted) => wanted.eq_ignore_ascii_case(account.email.trim()),
            Term::Status(codes) => any(codes, account.status),
            Term::Warmup(codes) => any(codes, account.warmup_status),
            Term::Provider(codes) => any(codes, account.provider),
            Term::Tag(label) => carries(tagging, label, ResourceKind::Account, &account.email),
        })
    }

    /// Returns everything that is meant of what was read in a workspace, in order; beside it what is meant and has no id that could be
    /// sent.
    pub fn chosen(&self, tagging: &Tagging) -> (Vec<ResourceId>, Vec<String>) {
        let ids: Vec<&str> = match self.kind {
            ResourceKind::Campaign => {
                let campaigns = tagging.campaigns.rows.iter();
                campaigns.filter(|one| self.takes_campaign(one, tagging)).map(|one| one.id.as_str()).collect()
            }
            ResourceKind::Account => {
                let accounts = tagging.accounts.rows.iter();
                accounts.filter(|one| self.takes_account(one, tagging)).map(|one| one.email.as_str()).collect()
            }
        };
        let mut odd = Vec::new();
        let mut chosen = BTreeSet::new();
        for id in ids {
            match ResourceId::parse(id) {
                Ok(resource) => drop(chosen.insert(resource)),
                Err(_) => odd.push(id.to_owned()),
            }
        }
        (chosen.into_iter().collect(), odd)
    }
}

fn carries(tagging: &Tagging, label: &str, kind: ResourceKind, id: &str) -> bool {
    let Ok(resource) = ResourceId::parse(id) else { return false };
    tagging.called(label).any(|tag| tagging.carries(&tag.id, kind, &resource))
}

/// One word of a query, and whether its value was between quotes from its beginning.
struct Word {
    text: String,
    quoted: bool,
}

/// Parts a query into words; between double quotes commas and blanks part nothing.
fn split(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut open = false;
    for c in text.chars() {
        match c {
            '"' => {
                open = !open;
                word.get_or_insert_with(|| Word { text: String::new(), quoted: true });
            }
            c if !open && (c == ',' || c.is_whitespace()) => words.extend(word.take()),
            c => word.get_or_insert_with(|| Word { text: String::new(), quoted: false }).text.push(c),
        }
    }
    words.extend(word);
    if open { Err("a quote is opened and not closed".to_owned()) } else { Ok(words) }
}

/// What is wrong with a term, and what to write.
type Bad = (String, Vec<String>);

fn term(kind: ResourceKind, word: &Word) -> Result<Term, Bad> {
    let known: &[&str] = if kind == ResourceKind::Campaign { &CAMPAIGN_WORDS } else { &ACCOUNT_WORDS };
    let (key, value) = match word.text.split_once(':') {
        Some((key, value)) if !word.quoted => (key.to_ascii_lowercase(), value),
        _ => return name(&word.text),
    };
    // An address is what an account is named by.
    let key = if kind == ResourceKind::Account && key == "email" { "name" } else { key.as_str() };
    if !known.contains(&key) {
        let shown = printable(key);
        let what = format!("`{shown}:` is nothing that a query about {} can ask", kind.words().1);
        let near = did_you_mean(key, known.iter().copied());
        let quoted = format!("a name with a colon in it is written between quotes: '\"{}\"'", printable(&word.text));
        return Err((what, near.into_iter().chain([quoted]).collect()));
    }
    if value.trim().is_empty() {
        return Err((format!("`{key}:` says nothing"), vec![format!("write it like `{key}:{}`", sample(key))]));
    }
    match key {
        "name" => name(value),
        "id" => Ok(Term::Id(value.trim().to_owned())),
        "status" if kind == ResourceKind::Campaign => several(CAMPAIGN_STATUS, key, value).map(Term::Status),
        "status" => several(ACCOUNT_STATUS, key, value).map(Term::Status),
        "provider" => several(PROVIDER, key, value).map(Term::Provider),
        "warmup" => several(WARMUP_STATUS, key, value).map(Term::Warmup),
        _ => Ok(Term::Tag(value.trim().to_owned())),
    }
}

fn sample(key: &str) -> &'static str {
    match key {
        "name" => "*north*",
        "id" => "ID",
        "provider" => "google",
        "tag" => "\"Team North\"",
        _ => "active",
    }
}

fn several(codes: Codes, key: &str, value: &str) -> Result<Vec<i64>, Bad> {
    let one = |word: &str| {
        codes.parse(word).ok_or_else(|| {
            (
                format!("`{}` is no {key} that is known", printable(word)),
                did_you_mean(word, codes.words()).into_iter().collect(),
            )
        })
    };
    value.split('|').map(one).collect()
}

fn name(glob: &str) -> Result<Term, Bad> {
    let made = GlobBuilder::new(glob.trim()).case_insensitive(true).literal_separator(false).build();
    match made {
        Ok(glob) => Ok(Term::Name(glob.compile_matcher())),
        Err(error) => Err((
            format!("`{}` is no glob: {}", printable(glob), error.kind()),
            vec![
                "`*` stands for any text, `?` for one character; put `[` before a sign that is meant as it is"
                    .to_owned(),
            ],
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CampaignId, Tag, TagId};

    fn campaign(id: &str, name: &str, status: i64) -> Campaign {
        Campaign { status: Some(status), ..Campaign::of(CampaignId::parse(id).unwrap(), name) }
    }

    fn account(email: &str, status: i64, provider: i64) -> SendingAccount {
        SendingAccount {
            email: email.to_owned(),
            status: Some(status),
            provider: Some(provider),
            ..SendingAccount::default()
        }
    }

    fn world() -> Tagging {
        let mut tagging = Tagging::default();
        tagging.campaigns.rows =
            vec![campaign("c1", "North: Q4, launch", 1), campaign("c2", "South", 2), campaign("c3", "north again", 77)];
        tagging.accounts.rows = vec![account("Ann@north.example", 1, 2), account("bo@south.example", -1, 3)];
        let tag = TagId::parse("t1").unwrap();
        tagging.tags.rows = vec![Tag { id: tag.clone(), label: "Team North".to_owned(), description: None }];
        for (kind, id) in [(ResourceKind::Campaign, "c2"), (ResourceKind::Account, "ann@North.example")] {
            tagging.note(tag.clone(), kind, &ResourceId::parse(id).unwrap());
        }
        tagging
    }

    fn chosen(kind: ResourceKind, text: &str) -> String {
        let query = Query::parse(kind, text, "--x").unwrap();
        let (chosen, odd) = query.chosen(&world());
        assert!(odd.is_empty());
        chosen.iter().map(ResourceId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn all_terms_of_a_query_must_hold() {
        let of = |text| chosen(ResourceKind::Campaign, text);
        assert_eq!(of("*"), "c1 c2 c3");
        assert_eq!(of("NORTH*"), "c1 c3");
        assert_eq!(of("name:north*, status:active"), "c1");
        assert_eq!(of("status:active|paused"), "c1 c2");
        assert_eq!(of("status:77"), "c3");
        assert_eq!(of("tag:\"Team North\""), "c2");
        assert_eq!(of("tag:\"team north\""), "", "labels are told apart by case");
        assert_eq!(of("\"North: Q4, launch\""), "c1");
        assert_eq!(of("id:c2 status:active"), "");
        assert_eq!(of("South"), "c2", "a text without `*` is the whole name");
        let of = |text| chosen(ResourceKind::Account, text);
        assert_eq!(of("*@north.example"), "Ann@north.example");
        assert_eq!(of("id:ANN@NORTH.example"), "Ann@north.example");
        assert_eq!(of("provider:google"), "Ann@north.example");
        assert_eq!(of("email:*south* provider:microsoft,status:connection-error"), "bo@south.example");
        assert_eq!(of("tag:\"Team North\" status:active"), "Ann@north.example");
        assert_eq!(of("warmup:active"), "", "what the API does not tell holds for nobody");
    }

    #[test]
    fn a_query_that_says_nothing_known_is_refused_with_what_is_near() {
        for (kind, text, words) in [
            (ResourceKind::Campaign, "", "say `*`"),
            (ResourceKind::Campaign, "  , ", "say `*`"),
            (ResourceKind::Campaign, "stats:active", "did you mean `status`?"),
            (ResourceKind::Campaign, "status:actve", "did you mean `active`?"),
            (ResourceKind::Campaign, "provider:google", "is nothing that a query about campaigns can ask"),
            (ResourceKind::Campaign, "status:", "write it like"),
            (ResourceKind::Campaign, "Q4: launch", "between quotes"),
            (ResourceKind::Campaign, "\"open", "not closed"),
            (ResourceKind::Campaign, "[", "no glob"),
            (ResourceKind::Account, "provider:gogle", "did you mean `google`?"),
        ] {
            let trouble = Query::parse(kind, text, "--x").unwrap_err();
            let told = format!("{trouble} {}", trouble.advice.join(" "));
            assert_eq!(trouble.exit, Exit::Usage, "{told}");
            assert!(told.contains(words) && told.contains("nothing was sent"), "{text}: {told}");
        }
    }

    #[test]
    fn the_labels_it_asks_about_are_told() {
        let query = Query::parse(ResourceKind::Account, "tag:A tag:B name:x", "--x").unwrap();
        assert_eq!(query.labels(), ["A".to_owned(), "B".to_owned()].into());
        assert_eq!(Query::all(ResourceKind::Campaign).tagged(" C ").labels(), ["C".to_owned()].into());
    }
}
