//! The fleet: all workspaces of one root, with the agency's defaults, guards and presets, already checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{
    AccountPolicy, Colour, Email, KeyPolicy, PermissionWish, Register, Role, TagSpec, WorkspaceId, WorkspaceName,
};

/// What keyholder may do in a workspace; each includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Not a single request.
    Off,
    /// Reads only.
    Observe,
    /// Reads, and changes that only add: invitations, raising a role.
    AddOnly,
    /// Everything.
    Manage,
}

impl Mode {
    /// All modes with their words, weakest first.
    pub const WORDS: [(&'static str, Self); 4] =
        [("off", Self::Off), ("observe", Self::Observe), ("add-only", Self::AddOnly), ("manage", Self::Manage)];

    /// Reads the word of our files.
    pub fn parse(text: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(word, _)| *word == text).map(|(_, mode)| mode)
    }

    /// Returns the word of our files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::AddOnly => "add-only",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a key is kept. Never the key itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum KeyRef {
    /// An environment variable.
    Env(String),
    /// A file only its owner can read; relative to the root.
    File(PathBuf),
    /// A program and its arguments, run without a shell; prints the key.
    Command(Vec<String>),
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            // The arguments stay out: somebody will have put a secret there.
            Self::Command(words) => write!(f, "command {}", words.first().map_or("", String::as_str)),
        }
    }
}

impl fmt::Debug for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How the configuration says a workspace is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// With a key of its own.
    Own(KeyRef),
    /// With another workspace's key, acting as this one.
    Via(WorkspaceName),
}

/// The origin requests go to. https, unless the host is loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(url::Url);

/// Why a text is not a base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBaseUrl {
    /// Not a URL at all.
    #[error("it is not a URL")]
    NotAUrl,
    /// Neither https nor http.
    #[error("its scheme is neither https nor http")]
    Scheme,
    /// http to a host that is not this machine.
    #[error("http is allowed to this machine alone: the key would travel unencrypted")]
    Unencrypted,
    /// A user, password, path, query or fragment.
    #[error("it must be an origin alone, without user, path, query or fragment")]
    NotAnOrigin,
}

impl BaseUrl {
    /// Takes an origin such as `https://api.instantly.ai`.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let url = url::Url::parse(text).map_err(|_not_a_url| BadBaseUrl::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(BadBaseUrl::Scheme);
        }
        if url.host().is_none() {
            return Err(BadBaseUrl::NotAUrl);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(BadBaseUrl::Unencrypted);
        }
        let bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        if bare { Ok(Self(url)) } else { Err(BadBaseUrl::NotAnOrigin) }
    }

    /// Tells whether it is this very machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Tells whether requests travel encrypted; http is for this machine alone.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns scheme, host and port, without a slash at the end.
    pub fn origin(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin())
    }
}

/// The part of the published rate limit that may be used, above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// Requests a second and workspace that are published (contract section 4).
    pub const PUBLISHED_PER_SECOND: u32 = 100;

    /// Takes a share above 0 and at most 1.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// Returns how many requests one window of a second may hold, at least 1. The minute limit (6,000) is 60 times the second's, so it follows.
    pub fn places(self) -> u32 {
        // In range by construction: 0 < share <= 1, so the product is within 1..=100.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
        let places = (self.0 * f64::from(Self::PUBLISHED_PER_SECOND)).floor() as u32;
        places.max(1)
    }

    /// Returns the share as given.
    pub fn as_f64(self) -> f64 {
        self.0
    }
}

/// How many lanes may fail before no new lane starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FailureBudget {
    /// A number of lanes.
    Lanes(usize),
    /// A part of the selected lanes, in percent.
    Percent(f64),
}

impl FailureBudget {
    /// Reads `7` or `10%`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().strip_suffix('%') {
            Some(number) => number.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p)).map(Self::Percent),
            None => text.trim().parse().ok().map(Self::Lanes),
        }
    }

    /// Tells whether so many failed lanes out of so many are above the budget.
    pub fn exceeded(self, failed: usize, lanes: usize) -> bool {
        match self {
            Self::Lanes(most) => failed > most,
            #[expect(clippy::cast_precision_loss, reason = "fleets have thousands of lanes, not 2^52")]
            Self::Percent(most) => (failed as f64) * 100.0 > most * (lanes as f64),
        }
    }
}

impl fmt::Display for FailureBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lanes(most) => write!(f, "{most}"),
            Self::Percent(most) => write!(f, "{most}%"),
        }
    }
}

/// Removal limits: pending invitations, lowered admins and keys count as removals too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovalLimits {
    /// In one workspace and run.
    pub per_workspace: usize,
    /// In one run.
    pub per_run: usize,
    /// In a rolling day, over all runs of the ledger.
    pub per_day: usize,
}

/// What is never done, whoever asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Guards {
    /// People no step may touch.
    pub protected: BTreeSet<Email>,
    /// Accepted admins that must remain in a workspace.
    pub min_admins: usize,
    /// Removal limits.
    pub max_removals: RemovalLimits,
    /// Failure budget of a run.
    pub max_failures: FailureBudget,
    /// The workspaces that are reached over a group, by the ids of its admin workspace and of themselves, each with its name: their links
    /// are what keyholder itself stands on. Told by the files, not written under `[guards]`.
    pub reached_over: BTreeMap<(WorkspaceId, WorkspaceId), WorkspaceName>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            protected: BTreeSet::new(),
            min_admins: 1,
            max_removals: RemovalLimits { per_workspace: 3, per_run: 50, per_day: 100 },
            max_failures: FailureBudget::Percent(10.0),
            reached_over: BTreeMap::new(),
        }
    }
}

/// A named onboarding template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// The role it grants.
    pub role: Role,
    /// The permissions it grants.
    pub permissions: PermissionWish,
}

/// Settings of every run, from `[defaults]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// Where requests go.
    pub base_url: BaseUrl,
    /// Mode of workspaces that name none.
    pub mode: Mode,
    /// Share of the published limit.
    pub share: Share,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Wait before an ambiguous creation is judged; at least twice the timeout.
    pub settle: Duration,
    /// Longest run; lanes beyond it are parked.
    pub deadline: Duration,
}

impl Defaults {
    /// The published API's origin.
    pub const BASE_URL: &'static str = "https://api.instantly.ai";
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            base_url: BaseUrl::parse(Self::BASE_URL).expect("a constant that is an https origin"),
            mode: Mode::Observe,
            share: Share(0.5),
            timeout: Duration::from_secs(30),
            settle: Duration::from_mins(1),
            deadline: Duration::from_hours(1),
        }
    }
}

/// A place in one of our files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the root where it lies in it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// One client workspace, as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Unique name.
    pub name: WorkspaceName,
    /// The pinned identity; needed before any write.
    pub id: Option<WorkspaceId>,
    /// How it is reached.
    pub reach: Reach,
    /// What may be done there.
    pub mode: Mode,
    /// Labels for selection.
    pub labels: BTreeMap<String, String>,
    /// The program and arguments that store another key where `key` leads, without a shell; it reads the secret on its standard input.
    pub store: Option<Vec<String>>,
    /// Name for people.
    pub display_name: Option<String>,
    /// Share of the published limit, where it differs from the default.
    pub share: Share,
    /// Where its table begins.
    pub place: Place,
}

/// A whole root, checked.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The folder with `keyholder.toml`.
    pub root: PathBuf,
    /// The agency's name.
    pub agency: Option<String>,
    /// Its colour, for pages.
    pub colour: Option<Colour>,
    /// Domains whose addresses are not external.
    pub domains: BTreeSet<String>,
    /// Settings of every run.
    pub defaults: Defaults,
    /// Guards.
    pub guards: Guards,
    /// The agency's own presets.
    pub presets: BTreeMap<String, Preset>,
    /// What is asked of keys.
    pub key_policy: KeyPolicy,
    /// What is known of keys.
    pub register: Register,
    /// The tags there should be, in the order of the file.
    pub tags: Vec<TagSpec>,
    /// What is said of sending accounts.
    pub accounts: AccountPolicy,
    /// The workspaces in config order: files by name, tables as they stand.
    pub workspaces: Vec<Workspace>,
}

impl Fleet {
    /// Finds a workspace by its name.
    pub fn workspace(&self, name: &WorkspaceName) -> Option<&Workspace> {
        self.workspaces.iter().find(|workspace| workspace.name == *name)
    }

    /// Returns the workspaces that are reached over a group, by the ids of its admin workspace and of themselves; one that is `off` is not
    /// reached at all.
    pub fn reached_over(&self) -> BTreeMap<(WorkspaceId, WorkspaceId), WorkspaceName> {
        let over = |workspace: &Workspace| {
            let Reach::Via(admin) = &workspace.reach else { return None };
            let admin = self.workspace(admin)?.id.clone()?;
            (workspace.mode != Mode::Off).then_some(((admin, workspace.id.clone()?), workspace.name.clone()))
        };
        self.workspaces.iter().filter_map(over).collect()
    }

    /// Tells whether an address lies outside the agency's domains; `None` where the agency names none.
    pub fn is_external(&self, email: &Email) -> Option<bool> {
        (!self.domains.is_empty()).then(|| !self.domains.contains(email.domain()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_travel_unencrypted_off_this_machine() {
        assert_eq!(BaseUrl::parse("http://api.instantly.ai"), Err(BadBaseUrl::Unencrypted));
        assert_eq!(BaseUrl::parse("http://127.0.0.1.example.com"), Err(BadBaseUrl::Unencrypted));
        assert_eq!(BaseUrl::parse("https://user@api.instantly.ai"), Err(BadBaseUrl::NotAnOrigin));
        assert_eq!(BaseUrl::parse("ftp://127.0.0.1"), Err(BadBaseUrl::Scheme));
        assert!(BaseUrl::parse("http://127.0.0.1:8080").is_ok());
        assert!(BaseUrl::parse("http://[::1]:8080/").is_ok());
        assert_eq!(BaseUrl::parse("https://api.instantly.ai/").unwrap().origin(), "https://api.instantly.ai");
    }

    #[test]
    fn a_share_is_places_in_a_second() {
        assert_eq!(Share::new(0.5).unwrap().places(), 50);
        assert_eq!(Share::new(1.0).unwrap().places(), 100);
        assert_eq!(Share::new(0.001).unwrap().places(), 1);
        assert!(Share::new(0.0).is_none() && Share::new(1.01).is_none() && Share::new(f64::NAN).is_none());
    }

    #[test]
    fn a_failure_budget_counts_lanes_or_percent() {
        assert!(!FailureBudget::parse("10%").unwrap().exceeded(2, 20));
        assert!(FailureBudget::parse("10%").unwrap().exceeded(3, 20));
        assert!(FailureBudget::parse("0").unwrap().exceeded(1, 20));
        assert_eq!(FailureBudget::parse("-1"), None);
        assert_eq!(FailureBudget::parse("101%"), None);
    }
}
