//! How many requests a plan will take, and about how long.

use std::time::Duration;

use super::draw::Plan;
use crate::domain::{Change, StepKind, TagChange};

/// What a plan will cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Forecast {
    /// Requests, all workspaces together, when nothing goes wrong.
    pub requests: usize,
    /// Seconds until the slowest workspace is done.
    pub seconds: f64,
}

/// What the writing half of one workspace will cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneForecast {
    /// The workspace.
    pub name: String,
    /// Its requests.
    pub requests: usize,
    /// Those of them that must wait for each other.
    pub chain: usize,
}

/// Rows a page carries (contract section 3).
const PAGE: usize = 100;

/// What the steps of one workspace cost beside the identity and the member lists before and after.
#[derive(Debug, Default)]
struct Cost {
    /// Requests that are one step's own.
    own: usize,
    /// Campaigns and lead lists that change hands, and whether a key is revoked: their lists are read once before and once after.
    campaigns: usize,
    lead_lists: usize,
    revokes: bool,
    tags: Tagging,
    /// Whether anything is about a person: only then the member list is read before and after.
    people: bool,
}

/// What steps about tags cost beside their writes.
#[derive(Debug, Default)]
struct Tagging {
    /// Whether there are any: the list of tags is read before.
    any: bool,
    /// Whether a tag itself changes, or a made one is looked for: the list of tags is read afterwards.
    changed: bool,
    /// Whether one is deleted: what carries tags is read just before.
    deleted: bool,
    /// Resources that are looked up afterwards, a hundred at a time.
    resources: usize,
}

impl Tagging {
    fn take(&mut self, change: &Change) {
        let Change::Tag(change) = change else { return };
        self.any = true;
        match change {
            TagChange::Create { .. } | TagChange::Alter { .. } => self.changed = true,
            TagChange::Delete { .. } => (self.changed, self.deleted) = (true, true),
            TagChange::Assign { resources, .. } => self.resources += resources.len(),
        }
    }

    /// Counts the reads that cannot be done without: which tags there are, before and where one changed after; and what carries them after.
    fn least(&self) -> usize {
        usize::from(self.any) + usize::from(self.changed) + self.resources.div_ceil(PAGE)
    }

    /// Counts the reads of a run: besides, what carries a tag is read just before it is deleted. How many mappings there are a plan does not
    /// say, so that is one page.
    fn reads(&self) -> usize {
        self.least() + usize::from(self.deleted)
    }
}

impl Cost {
    fn of<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut cost = Self::default();
        for change in changes {
            cost.people |= change.person().is_some();
            cost.tags.take(change);
            cost.own += match change.kind() {
                StepKind::CampaignHandOver => {
                    cost.campaigns += 1;
                    1
                }
                StepKind::LeadListHandOver => {
                    cost.lead_lists += 1;
                    1
                }
                // What it is about is read before and after: the leads it names, or who owns the workspace.
                StepKind::LeadsReassign | StepKind::OwnerTransfer => 3,
                // The list of keys is read again just before.
                StepKind::KeyCreate | StepKind::KeyRevoke => {
                    cost.revokes = true;
                    // The new key of a rotation is asked who it opens, once made and once stored.
                    2 + if matches!(change, Change::CreateKey { replaces: Some(_), .. }) { 2 } else { 0 }
                }
                StepKind::MemberInvite
                | StepKind::TagCreate
                | StepKind::TagRename
                | StepKind::TagDescribe
                | StepKind::TagDelete
                | StepKind::TagAssign
                | StepKind::TagUnassign
                | StepKind::GroupInvite
                | StepKind::GroupRemove => 1,
                StepKind::MemberRemove if matches!(change, Change::StayAbsent { .. }) => 0,
                // The row is read again just before.
                StepKind::MemberSetRole | StepKind::MemberRemove => 2,
            };
        }
        cost
    }

    /// Counts them all. How many campaigns there are beside those of a plan it does not say, so a listing has the pages of these alone.
    fn requests(&self) -> usize {
        let Self { own, campaigns, lead_lists, revokes, tags, people: _ } = self;
        own + 2 * campaigns.div_ceil(PAGE) + 2 * lead_lists.div_ceil(PAGE) + usize::from(*revokes) + tags.reads()
    }
}

impl Forecast {
    /// Counts the requests of a plan's writing half; how long that takes says whoever knows how far it is and who pays, told what each workspace
    /// costs.
    pub fn of(plan: &Plan, time: impl FnOnce(&[LaneForecast]) -> Duration) -> Self {
        let mut lanes = Vec::new();
        let mut begin = 0;
        for planned in &plan.workspaces {
            // Items stand workspace by workspace, in the order of `workspaces`.
            let count = plan.items[begin..].iter().take_while(|item| item.step.workspace == planned.name).count();
            let items = &plan.items[begin..begin + count];
            begin += count;
            let steps = || items.iter().filter(|item| item.sends()).map(|item| &item.step);
            let cost = Cost::of(steps().map(|step| &step.change));
            let writes = cost.requests();
            if writes > 0 {
                let listing = if cost.people { planned.members.div_ceil(PAGE).max(1) } else { 0 };
                let requests = 1 + listing + writes + listing;
                let chain = requests - spared(steps().map(|step| step.beside_others().map(|_about| step.kind())));
                lanes.push(LaneForecast { name: planned.name.clone(), requests, chain });
            }
        }
        let requests = lanes.iter().map(|lane| lane.requests).sum();
        Self { requests, seconds: time(&lanes).as_secs_f64() }
    }
}

/// Counts the round trips that are spared where steps of one kind that stand together go together: each stretch of them begins with one and
/// doubles with every round trip. Of a step that goes alone no kind is given.
fn spared(kinds: impl Iterator<Item = Option<StepKind>>) -> usize {
    let (mut spared, mut stretch, mut of) = (0, 0_usize, None);
    for kind in kinds.chain([None]) {
        if kind != of || kind.is_none() {
            spared += stretch - stretch.checked_ilog2().map_or(0, |doublings| doublings as usize + 1);
            (stretch, of) = (0, kind);
        }
        stretch += usize::from(kind.is_some());
    }
    spared
}

/// Counts the fewest requests in which a plan could be carried out and seen: in each workspace that is written to one question who it is,
/// one write a step, and one closing look, which is the pages of the member list and of what was handed over or revoked. Reading a row
/// again just before it is removed is care, not need, and is not in it.
pub fn least(plan: &Plan) -> usize {
    let mut least = 0;
    let mut begin = 0;
    for planned in &plan.workspaces {
        let count = plan.items[begin..].iter().take_while(|item| item.step.workspace == planned.name).count();
        let sent = plan.items[begin..begin + count].iter().filter(|item| item.sends());
        begin += count;
        let mut tags = Tagging::default();
        let kinds: Vec<StepKind> =
            sent.inspect(|item| tags.take(&item.step.change)).map(|item| item.step.kind()).collect();
        if kinds.is_empty() {
            continue;
        }
        let of = |kind: StepKind| kinds.iter().filter(|other| **other == kind).count();
        let members =
            [StepKind::MemberInvite, StepKind::MemberSetRole, StepKind::MemberRemove].map(of).iter().sum::<usize>();
        let looks = [
            if members > 0 { planned.members.div_ceil(PAGE).max(1) } else { 0 },
            of(StepKind::CampaignHandOver).div_ceil(PAGE),
            of(StepKind::LeadListHandOver).div_ceil(PAGE),
            // A step of leads is a page of them.
            of(StepKind::LeadsReassign),
            (of(StepKind::KeyCreate) + of(StepKind::KeyRevoke)).div_ceil(PAGE),
            of(StepKind::OwnerTransfer),
            tags.least(),
        ];
        least += 1 + kinds.len() + looks.iter().sum::<usize>();
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        CampaignId, Email, KeyId, LeadId, LeadListId, MemberId, ResourceId, ResourceKind, TagId, Thing, UserId,
    };

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn hand_over(thing: Thing) -> Change {
        let to = Some(UserId::parse("u-2").unwrap());
        Change::HandOver { thing, email: email("a@x.example"), heir: email("h@x.example"), to }
    }

    fn campaign(number: usize) -> Change {
        hand_over(Thing::Campaign { id: CampaignId::parse(&format!("c-{number}")).unwrap(), name: "c".to_owned() })
    }

    fn cost(changes: &[Change]) -> usize {
        Cost::of(changes.iter()).requests()
    }

    #[test]
    fn a_hand_over_is_one_write_and_its_share_of_the_pages_before_and_after() {
        assert_eq!(cost(&[campaign(1)]), 1 + 2);
        let many: Vec<Change> = (0..200).map(campaign).collect();
        assert_eq!(cost(&many), 200 + 2 * 2);
        let list = hand_over(Thing::LeadList { id: LeadListId::parse("l-1").unwrap(), name: "l".to_owned() });
        assert_eq!(cost(&[campaign(1), list]), 2 + 2 + 2);
        let leads = hand_over(Thing::Leads { ids: vec![LeadId::parse("lead-1").unwrap()] });
        assert_eq!(cost(&[leads.clone(), leads]), 2 * 3);
    }

    #[test]
    fn steps_that_go_together_wait_for_each_other_in_doublings() {
        let invite = Some(StepKind::MemberInvite);
        for (length, round_trips) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (1_000, 10)] {
            assert_eq!(length - spared(std::iter::repeat_n(invite, length)), round_trips, "{length}");
        }
        let stretches = [(invite, 3), (None, 2), (invite, 7), (Some(StepKind::CampaignHandOver), 3)];
        let kinds = stretches.into_iter().flat_map(|(kind, length)| std::iter::repeat_n(kind, length));
        assert_eq!(spared(kinds), 1 + 4 + 1);
    }

    #[test]
    fn a_key_is_one_write_and_the_list_before_and_after() {
        let key = |id: &str| Change::Revoke {
            key: KeyId::parse(id).unwrap(),
            name: "k".to_owned(),
            email: Some(email("a@x.example")),
            record: Some("r-1".to_owned()),
        };
        assert_eq!(cost(&[key("k-1")]), 1 + 1 + 1);
        assert_eq!(cost(&[key("k-1"), key("k-2")]), 2 * 2 + 1);
    }

    #[test]
    fn tags_are_listed_once_and_what_carries_them_is_looked_up_a_hundred_at_a_time() {
        let create = Change::Tag(TagChange::Create { label: "north".to_owned(), description: None });
        assert_eq!(cost(std::slice::from_ref(&create)), 1 + 1 + 1);
        let assign = |from: usize| {
            let ids = (from..from + 100).map(|number| ResourceId::parse(&format!("a{number}@x.example")).unwrap());
            let (label, on) = ("north".to_owned(), ResourceKind::Account);
            Change::Tag(TagChange::Assign { label, on, resources: ids.collect(), assign: true })
        };
        let fifty: Vec<Change> = (0..50).map(|number| assign(number * 100)).collect();
        assert_eq!(cost(&fifty), 50 + 1 + 50);
        let delete = Change::Tag(TagChange::Delete { tag: TagId::parse("t-1").unwrap(), label: "north".to_owned() });
        assert_eq!(cost(&[delete]), 1 + 1 + 1 + 1);
    }

    #[test]
    fn a_removal_is_one_write_and_its_row_and_an_absence_costs_nothing() {
        let remove = Change::Remove { member: MemberId::parse("m-1").unwrap(), email: email("a@x.example") };
        assert_eq!(cost(&[remove]), 2);
        assert_eq!(cost(&[Change::StayAbsent { email: email("a@x.example") }]), 0);
    }
}
