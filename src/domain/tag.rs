//! Tags: what one is, what carries it, and what a step does about one (contract section 10).
//!
//! Owns the words and which labels mean the same. Which tags there should be is the agency's to say, in `[[tags]]`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::TagId;
use super::fleet::Place;

/// What can carry a tag. The schema's prose names the numbers the other way round; its own value table and every client say 1 = account
/// (contract section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A sending account, known by its address.
    Account,
    /// A campaign, known by its id.
    Campaign,
}

impl ResourceKind {
    /// Returns the number the API knows it by.
    pub fn wire(self) -> u8 {
        match self {
            Self::Account => 1,
            Self::Campaign => 2,
        }
    }

    /// Reads the API's number; one of a kind this version does not know is none.
    pub fn of_wire(number: i64) -> Option<Self> {
        [Self::Account, Self::Campaign].into_iter().find(|kind| i64::from(kind.wire()) == number)
    }

    /// Returns the word, for one and for several.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Account => ("account", "accounts"),
            Self::Campaign => ("campaign", "campaigns"),
        }
    }
}

/// Why a text is no resource of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is empty, longer than {most} characters, or holds a comma, a space or a control character", most = ResourceId::MOST)]
pub struct BadResource;

/// What a resource is known by: the address of a sending account, lower-cased by nobody, or the id of a campaign. It enters a query in which
/// commas part one from the next, so it holds none.
///
/// Cheap to clone: a plan can name half a million of them, and each step of it is told of, sent and kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(Arc<str>);

impl ResourceId {
    /// The longest one: an address has at most 254 characters.
    pub const MOST: usize = 320;

    /// Takes one as the API or a person wrote it.
    pub fn parse(text: &str) -> Result<Self, BadResource> {
        let text = text.trim();
        let odd = |c: char| c == ',' || c.is_whitespace() || c.is_control();
        if text.is_empty() || text.chars().count() > Self::MOST || text.contains(odd) {
            return Err(BadResource);
        }
        Ok(Self(text.into()))
    }

    /// Returns it as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns it as it is compared: addresses are the same in any case, and lists write them each in its own.
    #[must_use]
    pub fn folded(&self, kind: ResourceKind) -> Self {
        if kind == ResourceKind::Account && self.0.bytes().any(|b| b.is_ascii_uppercase()) {
            return Self(self.0.to_ascii_lowercase().into());
        }
        self.clone()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl serde::Serialize for ResourceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ResourceId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A tag of one workspace.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Its label, as the API wrote it.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
}

impl Tag {
    /// Tells whether a label is this tag's: they are the same after trimming; whether the API tells cases apart is unpublished, so here they
    /// are told apart.
    pub fn is_called(&self, label: &str) -> bool {
        self.label.trim() == label.trim()
    }

    /// Tells whether it is described as is wanted: an empty description is none, and where none is wanted any does.
    pub fn is_described(&self, wanted: Option<&str>) -> bool {
        wanted.is_none_or(|wanted| self.description.as_deref().unwrap_or_default() == wanted)
    }
}

/// That something carries a tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagMapping {
    /// The tag.
    pub tag: TagId,
    /// What kind of thing carries it; none is a kind this version does not know.
    pub kind: Option<ResourceKind>,
    /// What carries it, as the API wrote it.
    pub resource: String,
}

/// Returns a label without what people write differently: case, spaces, dashes, underscores. Two labels that are the same so are near
/// duplicates. In a label that holds an address, dashes and underscores tell one address from another, so they stay.
pub fn loose(label: &str) -> String {
    let dashes = |c: char| matches!(c, '-' | '_' | '–' | '—') && !label.contains('@');
    let kept = label.chars().filter(|c| !c.is_whitespace() && !dashes(*c));
    kept.flat_map(char::to_lowercase).collect()
}

/// A tag that should be in some workspaces: one `[[tags]]` of keyholder.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagSpec {
    /// Its label.
    pub label: String,
    /// What it is for; none leaves what is there.
    pub description: Option<String>,
    /// Labels it had before: a tag that bears one is renamed, not duplicated.
    pub former: Vec<String>,
    /// The labels a workspace must have, all of them; none is every workspace.
    pub workspaces: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

impl TagSpec {
    /// Tells whether it should be in a workspace of these labels.
    pub fn is_for(&self, labels: &BTreeMap<String, String>) -> bool {
        self.workspaces.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// What a step does about a tag.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TagChange {
    /// Make a tag (POST).
    Create {
        /// Its label.
        label: String,
        /// Its description.
        description: Option<String>,
    },
    /// Give a tag another label, or another description (PATCH).
    Alter {
        /// The tag.
        tag: TagId,
        /// The label it had, where it gets another.
        from: Option<String>,
        /// The label it is to have.
        label: String,
        /// The description it is to have; none leaves it as it is.
        description: Option<String>,
    },
    /// Delete a tag that nothing carries (DELETE).
    Delete {
        /// The tag.
        tag: TagId,
        /// Its label.
        label: String,
    },
    /// Put a tag on resources, or take it off (POST toggle-resource, which in spite of its name sets).
    Assign {
        /// The tag's label; its id is what the step rests on.
        label: String,
        /// Of which kind they are.
        on: ResourceKind,
        /// At most [`TagChange::MOST`] of them, in order, each without the wanted state when the plan was drawn.
        resources: Vec<ResourceId>,
        /// Whether it is put on or taken off.
        assign: bool,
    },
}

impl TagChange {
    /// The most resources one call is about; no maximum is published (contract section 10), and a mapping look-up reads them back with one
    /// request.
    pub const MOST: usize = 100;

    /// How many resources are named one by one where a step is told in a few words.
    const NAMED: usize = 3;

    /// Returns what it is put on or taken off, where it is about any.
    pub fn resources(&self) -> &[ResourceId] {
        if let Self::Assign { resources, .. } = self { resources } else { &[] }
    }

    /// Returns the label of the tag it is about, as it is wanted to be.
    pub fn label(&self) -> &str {
        match self {
            Self::Create { label, .. }
            | Self::Alter { label, .. }
            | Self::Delete { label, .. }
            | Self::Assign { label, .. } => label,
        }
    }

    /// Returns the wanted state in a few words.
    pub fn wanted(&self) -> String {
        match self {
            Self::Create { .. } => "there".to_owned(),
            Self::Alter { from: Some(from), description: None, .. } => format!("renamed from \"{from}\""),
            Self::Alter { from: Some(from), .. } => format!("renamed from \"{from}\", described"),
            Self::Alter { from: None, description, .. } => {
                format!("described \"{}\"", description.as_deref().unwrap_or_default())
            }
            Self::Delete { .. } => "absent".to_owned(),
            Self::Assign { on, resources, assign, .. } => {
                let (one, several) = on.words();
                let word = if resources.len() == 1 { one } else { several };
                let verb = if *assign { "on" } else { "off" };
                let kind = match on {
                    // An address says what it is of.
                    ResourceKind::Account => String::new(),
                    ResourceKind::Campaign => format!("{word} "),
                };
                match &resources[..] {
                    few @ [_, ..] if few.len() <= Self::NAMED => {
                        let few: Vec<&str> = few.iter().map(ResourceId::as_str).collect();
                        format!("{verb} {kind}{}", few.join(", "))
                    }
                    // Of several batches of one label each is told by where it begins and ends.
                    [first, .., last] => format!("{verb} {} {word} ({first} to {last})", resources.len()),
                    _ => format!("{verb} no {several}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_an_account_and_two_is_a_campaign() {
        assert_eq!((ResourceKind::Account.wire(), ResourceKind::Campaign.wire()), (1, 2));
        assert_eq!(ResourceKind::of_wire(2), Some(ResourceKind::Campaign));
        assert_eq!(ResourceKind::of_wire(3), None);
    }

    #[test]
    fn a_resource_never_reaches_out_of_its_place_in_a_query() {
        assert_eq!(ResourceId::parse(" noor+x@mail.example ").unwrap().as_str(), "noor+x@mail.example");
        for odd in ["", " ", "a,b@x.example", "a b@x.example", "a\nb", &"a".repeat(321)] {
            assert!(ResourceId::parse(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn what_a_tag_is_put_on_is_named_where_it_is_little_and_else_by_where_it_begins_and_ends() {
        let wanted = |of: usize, on, assign| {
            let resources = (0..of).map(|one| ResourceId::parse(&format!("r{one:02}")).unwrap()).collect();
            TagChange::Assign { label: "VIP".to_owned(), on, resources, assign }.wanted()
        };
        assert_eq!(wanted(1, ResourceKind::Account, true), "on r00");
        assert_eq!(wanted(3, ResourceKind::Account, false), "off r00, r01, r02");
        assert_eq!(wanted(1, ResourceKind::Campaign, true), "on campaign r00");
        assert_eq!(wanted(2, ResourceKind::Campaign, true), "on campaigns r00, r01");
        assert_eq!(wanted(100, ResourceKind::Account, false), "off 100 accounts (r00 to r99)");
    }

    #[test]
    fn labels_that_people_write_differently_are_near_duplicates() {
        assert_eq!(loose("Team – North_1"), loose("team-north 1"));
        assert_ne!(loose("team north"), loose("team south"));
        assert_ne!(loose("owner: anna-lena@mail.example"), loose("owner: annalena@mail.example"));
        assert_eq!(loose("Owner:Anna@mail.example"), loose("owner: anna@mail.example"));
    }
}
