//! What an agency says of its clients' sending accounts (`[accounts]`): whose each is, and how much of its mail may bounce.
//!
//! Owns which of several rules about one mailbox counts. What is made of it is for the plan and for those who judge accounts.

use std::collections::BTreeMap;
use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::fleet::Place;
use super::{Email, WorkspaceName};

/// `[accounts]` of keyholder.toml, with its list of owners.
#[derive(Debug, Clone)]
pub struct AccountPolicy {
    /// Whose each mailbox is.
    pub owners: Owners,
    /// A list that says more of that, relative to the root, and where it is named.
    pub owners_file: Option<(String, Place)>,
    /// What stands before a person's address in the label of an owner's tag.
    pub tag_prefix: String,
    /// The largest part of an account's mail that may bounce.
    pub max_bounces: Rate,
    /// How many mails it must have sent before that part says anything.
    pub bounce_sample: u64,
}

impl AccountPolicy {
    /// What stands before the address, where the files do not say.
    pub const TAG_PREFIX: &'static str = "owner: ";

    /// Returns the label of a person's tag.
    pub fn label_of(&self, owner: &Email) -> String {
        let prefix = self.tag_prefix.as_str();
        // Without the blank it would be no owner's tag when it is read again.
        let blank = if prefix.ends_with(char::is_alphanumeric) { " " } else { "" };
        format!("{prefix}{blank}{owner}")
    }

    /// Returns what a label says the owner is, where it is the label of an owner's tag: case, and blanks around the prefix, do not
    /// matter, but that a prefix which ends as a word does is a word: with `of `, the tag `office` is nobody's. It may be no address:
    /// people write such tags by hand.
    pub fn named_by<'a>(&self, label: &'a str) -> Option<&'a str> {
        let prefix = self.tag_prefix.trim();
        let label = label.trim();
        let head = label.get(..prefix.len())?;
        let rest = label.get(prefix.len()..)?;
        let parted = !prefix.ends_with(char::is_alphanumeric) || rest.starts_with(char::is_whitespace);
        let named = rest.trim();
        (head.eq_ignore_ascii_case(prefix) && parted && !named.is_empty()).then_some(named)
    }

    /// Tells whether a label is that of anybody's owner's tag as this keeps them: the prefix, and an address.
    pub fn is_owners(&self, label: &str) -> bool {
        self.named_by(label).is_some_and(|named| Email::parse(named).is_ok())
    }

    /// Tells whether a label is of the kind that the owners of accounts keep: it begins with the prefix, or with the usual one. Such tags are
    /// `keyholder accounts owners sync`'s, and no `[[tags]]` may name one.
    pub fn keeps(&self, label: &str) -> bool {
        let begins = |prefix: &str| {
            let (prefix, label) = (prefix.trim(), label.trim());
            label.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        begins(&self.tag_prefix) || begins(Self::TAG_PREFIX)
    }

    /// Tells whether a label is that of a person's tag.
    pub fn names(&self, label: &str, owner: &Email) -> bool {
        self.named_by(label).is_some_and(|named| Email::observed(named) == *owner)
    }
}

impl Default for AccountPolicy {
    fn default() -> Self {
        Self {
            owners: Owners::default(),
            owners_file: None,
            tag_prefix: Self::TAG_PREFIX.to_owned(),
            max_bounces: Rate::per_hundred(5),
            bounce_sample: 20,
        }
    }
}

/// A part of a whole, to the hundredth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

impl Rate {
    const WHOLE: u32 = 10_000;

    /// Makes one of whole percents.
    pub const fn per_hundred(percent: u32) -> Self {
        Self(percent * 100)
    }

    /// Reads `5%` or `2.5%`, at most `100%`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?.trim_end();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 3 || part.len() > 2 {
            return None;
        }
        let hundredths: u32 = format!("{part:0<2}").parse().ok()?;
        let rate = whole.parse::<u32>().ok()? * 100 + hundredths;
        (rate <= Self::WHOLE).then_some(Self(rate))
    }

    /// Returns the part that so many of so many are, rounded; none of nothing.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        let scaled = u128::from(part) * u128::from(Self::WHOLE) + u128::from(whole) / 2;
        Some(Self(u32::try_from(scaled.checked_div(u128::from(whole))?).unwrap_or(u32::MAX)))
    }

    /// Returns it in hundredths of a percent.
    pub fn hundredths(self) -> u32 {
        self.0
    }

    /// Tells whether so many of so many are more than this, to the last one.
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(Self::WHOLE) > u128::from(self.0) * u128::from(whole)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match (part, part % 10) {
            (0, _) => write!(f, "{whole}%"),
            (_, 0) => write!(f, "{whole}.{}%", part / 10),
            _ => write!(f, "{whole}.{part:02}%"),
        }
    }
}

/// Which mailboxes a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mailbox {
    /// This one.
    Exact(Email),
    /// All whose address matches, in lower case.
    Matching(String),
}

impl Mailbox {
    /// Reads an address, or a glob over addresses: a text with `*`, `?`, `[` or `{`. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_ascii();
        if !text.contains(['*', '?', '[', '{']) {
            return Email::parse(text)
                .map(Self::Exact)
                .map_err(|bad| format!("this is not an e-mail address: {}", bad.why));
        }
        let folded = text.to_ascii_lowercase();
        match glob(&folded) {
            Ok(_) if folded.chars().all(|c| !c.is_control() && !c.is_whitespace()) => Ok(Self::Matching(folded)),
            Ok(_) => Err("an address holds no blank".to_owned()),
            Err(error) => Err(format!("this is not a glob: {}", error.kind())),
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(email) => email.fmt(f),
            Self::Matching(glob) => f.pad(glob),
        }
    }
}

fn glob(text: &str) -> Result<globset::Glob, globset::Error> {
    GlobBuilder::new(text).build()
}

/// Whose some mailboxes are: one line of a file of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRule {
    /// Which mailboxes.
    pub mailbox: Mailbox,
    /// The person.
    pub owner: Email,
    /// The only workspace it is about; none is all.
    pub workspace: Option<WorkspaceName>,
    /// Where it stands.
    pub place: Place,
}

/// What the rules say of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owned<'a> {
    /// It is this person's.
    By(&'a OwnerRule),
    /// Rules of one rank say different people; one rule for each of them.
    Disputed(Vec<&'a OwnerRule>),
    /// No rule is about it.
    Nobody,
}

/// All rules. A rule about one workspace comes before one about all, and of those an address before a glob.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    rules: Vec<OwnerRule>,
    exact: BTreeMap<Email, Vec<usize>>,
    globs: GlobSet,
    matching: Vec<usize>,
}

impl Owners {
    /// Puts rules together.
    pub fn of(rules: Vec<OwnerRule>) -> Result<Self, globset::Error> {
        let mut exact: BTreeMap<Email, Vec<usize>> = BTreeMap::new();
        let mut globs = GlobSetBuilder::new();
        let mut matching = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            match &rule.mailbox {
                Mailbox::Exact(email) => exact.entry(email.clone()).or_default().push(at),
                Mailbox::Matching(text) => {
                    globs.add(glob(text)?);
                    matching.push(at);
                }
            }
        }
        Ok(Self { rules, exact, globs: globs.build()?, matching })
    }

    /// Returns the rules in the order of the files.
    pub fn rules(&self) -> &[OwnerRule] {
        &self.rules
    }

    /// Says whose an account of a workspace is.
    pub fn of_account(&self, workspace: &WorkspaceName, account: &Email) -> Owned<'_> {
        let exact: Vec<&OwnerRule> = self.exact.get(account).into_iter().flatten().map(|at| &self.rules[*at]).collect();
        let here = |rule: &&OwnerRule| rule.workspace.as_ref() == Some(workspace);
        let everywhere = |rule: &&OwnerRule| rule.workspace.is_none();
        let matching: Vec<&OwnerRule> = if self.matching.is_empty() {
            Vec::new()
        } else {
            self.globs.matches(account.as_str()).into_iter().map(|at| &self.rules[self.matching[at]]).collect()
        };
        let ranks: [Vec<&OwnerRule>; 4] = [
            exact.iter().copied().filter(here).collect(),
            matching.iter().copied().filter(here).collect(),
            exact.iter().copied().filter(everywhere).collect(),
            matching.iter().copied().filter(everywhere).collect(),
        ];
        let Some(of_rank) = ranks.into_iter().find(|rank| !rank.is_empty()) else { return Owned::Nobody };
        let mut people: BTreeMap<&Email, &OwnerRule> = BTreeMap::new();
        for rule in of_rank {
            people.entry(&rule.owner).or_insert(rule);
        }
        match people.len() {
            1 => people.into_values().next().map_or(Owned::Nobody, Owned::By),
            _ => Owned::Disputed(people.into_values().collect()),
        }
    }
}

impl PartialEq for Owners {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(mailbox: &str, owner: &str, workspace: Option<&str>, line: usize) -> OwnerRule {
        OwnerRule {
            mailbox: Mailbox::parse(mailbox).unwrap(),
            owner: Email::parse(owner).unwrap(),
            workspace: workspace.map(|name| WorkspaceName::parse(name).unwrap()),
            place: Place { file: "owners.csv".into(), line, column: 1 },
        }
    }

    fn told(owners: &Owners, workspace: &str, account: &str) -> String {
        let workspace = WorkspaceName::parse(workspace).unwrap();
        match owners.of_account(&workspace, &Email::observed(account)) {
            Owned::By(rule) => rule.owner.to_string(),
            Owned::Disputed(rules) => {
                rules.iter().map(|rule| rule.place.line.to_string()).collect::<Vec<_>>().join("/")
            }
            Owned::Nobody => "nobody".to_owned(),
        }
    }

    #[test]
    fn a_rule_about_one_workspace_comes_first_and_of_those_an_address_before_a_glob() {
        let owners = Owners::of(vec![
            rule("*@north.example", "glob@agency.example", None, 1),
            rule("Noor@north.example", "noor@agency.example", None, 2),
            rule("*@north.example", "here@agency.example", Some("acme"), 3),
            rule("tomas@north.example", "tomas@agency.example", Some("acme"), 4),
        ])
        .unwrap();
        assert_eq!(told(&owners, "acme", "noor@north.example"), "here@agency.example");
        assert_eq!(told(&owners, "acme", "TOMAS@north.example"), "tomas@agency.example");
        assert_eq!(told(&owners, "globex", "noor@NORTH.example"), "noor@agency.example");
        assert_eq!(told(&owners, "globex", "tomas@north.example"), "glob@agency.example");
        assert_eq!(told(&owners, "globex", "tomas@south.example"), "nobody");
    }

    #[test]
    fn two_globs_that_say_different_people_are_told_with_both_lines_and_the_same_person_is_no_dispute() {
        let owners = Owners::of(vec![
            rule("*@north.example", "ana@agency.example", None, 1),
            rule("sales*", "ben@agency.example", None, 2),
            rule("*.example", "Ana@agency.example", None, 3),
        ])
        .unwrap();
        assert_eq!(told(&owners, "acme", "sales1@north.example"), "1/2");
        assert_eq!(told(&owners, "acme", "noor@north.example"), "ana@agency.example");
    }

    #[test]
    fn a_look_alike_address_is_somebody_elses() {
        let owners = Owners::of(vec![rule("ida@north.example", "ana@agency.example", None, 1)]).unwrap();
        assert_eq!(told(&owners, "acme", "ıda@north.example"), "nobody");
    }

    #[test]
    fn what_is_neither_an_address_nor_a_glob_is_refused() {
        for text in ["", "noor", "noor@", "[a", "{a,b", "* @north.example"] {
            assert!(Mailbox::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_owners_tag_is_known_whatever_its_case_and_blanks() {
        let policy = AccountPolicy::default();
        let ana = Email::parse("ana@agency.example").unwrap();
        assert_eq!(policy.label_of(&ana), "owner: ana@agency.example");
        for label in ["owner: ana@agency.example", " Owner:Ana@Agency.example ", "OWNER:  ana@agency.example"] {
            assert!(policy.names(label, &ana), "{label}");
        }
        assert_eq!(policy.named_by("owner: noor"), Some("noor"));
        for label in ["owner:", "owner", "co-owner: ana@agency.example", "own", "ówner: x", ""] {
            assert_eq!(policy.named_by(label), None, "{label}");
        }
    }

    #[test]
    fn a_prefix_that_ends_as_a_word_does_is_a_word() {
        let policy = AccountPolicy { tag_prefix: "of ".to_owned(), ..AccountPolicy::default() };
        let ana = Email::parse("ana@agency.example").unwrap();
        for label in ["office", "Offer", "of", "often sent@once.example", "off@agency.example"] {
            assert_eq!(policy.named_by(label), None, "{label}");
        }
        assert!(policy.names("OF  Ana@agency.example", &ana) && policy.is_owners("of ana@agency.example"));
        assert_eq!(policy.named_by("of north"), Some("north"));
        assert!(!policy.is_owners("of north"), "only an address says whose it is");
        for prefix in ["of", "of ", "owner: ", "owner:", "für"] {
            let policy = AccountPolicy { tag_prefix: prefix.to_owned(), ..AccountPolicy::default() };
            assert!(policy.names(&policy.label_of(&ana), &ana), "{prefix}");
        }
    }

    #[test]
    fn a_rate_is_read_compared_and_written_to_the_hundredth_of_a_percent() {
        for (text, written) in [("5%", "5%"), (" 2.5 %", "2.5%"), ("0.05%", "0.05%"), ("100%", "100%"), ("0%", "0%")] {
            assert_eq!(Rate::parse(text).unwrap().to_string(), written);
        }
        for text in ["5", "-5%", "100.01%", "%", "5.%", ".5%", "1e2%", "5.123%", "999999999999%"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
        let five = Rate::per_hundred(5);
        assert!(!five.is_exceeded(1, 20) && five.is_exceeded(2, 20) && !five.is_exceeded(0, 0));
        assert_eq!(Rate::of(31, 412).unwrap().to_string(), "7.52%");
        assert_eq!(Rate::of(1, 0), None);
    }
}
