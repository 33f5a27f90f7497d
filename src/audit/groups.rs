//! What is to be said of groups: who is in one and in no file, who should be in one and is not, who has still to answer, who refused, and
//! who is in somebody else's.
//!
//! One look over all groups at once, since a workspace may stand in another one than it should.

use std::collections::BTreeMap;

use super::judge::Judgement;
use crate::domain::{About, Finding, FindingCode, Link, LinkStatus, NotJudged, WorkspaceId, WorkspaceName};

/// A group that was looked at: its admin workspace, and the links under it.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The admin workspace.
    pub admin: &'a WorkspaceName,
    /// Its id.
    pub admin_id: &'a WorkspaceId,
    /// The links that were seen.
    pub links: &'a [Link],
    /// Why there may be more.
    pub incomplete: Option<&'a str>,
}

/// A workspace of our files.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    /// Its name.
    pub name: &'a WorkspaceName,
    /// Its id, where one is pinned or was seen.
    pub id: Option<&'a WorkspaceId>,
    /// Whether it is `off`: a file names it, but nothing is asked of it and nothing is wrong with where it is.
    pub off: bool,
    /// The admin workspace it is reached over; none has a key of its own.
    pub via: Option<&'a WorkspaceName>,
    /// The group it says itself that it is in; none where it was not asked.
    pub says: Option<Says>,
}

/// What a workspace says of the group it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// It is in none.
    None,
    /// It is in that of the admin workspace of this name, by this link.
    Group {
        /// The name, as the API has it.
        name: String,
        /// The link's id.
        link: Option<String>,
    },
    /// It could not be asked, and why.
    Unread(String),
}

/// Judges the groups. `clients` are all workspaces of the files, whatever was selected: one that is left out would look like none.
pub fn judge(groups: &[Group<'_>], clients: &[Client<'_>]) -> Judgement {
    let view = View { groups, clients };
    let mut judgement = Judgement::default();
    for group in groups {
        view.links(group, &mut judgement);
    }
    for client in clients {
        view.client(client, &mut judgement);
    }
    judgement.findings.sort();
    judgement.findings.dedup();
    judgement.not_judged.sort();
    judgement
}

struct View<'a> {
    groups: &'a [Group<'a>],
    clients: &'a [Client<'a>],
}

/// How much a link to a workspace says: one that stands hides an older refusal.
fn weight(status: &LinkStatus) -> u8 {
    match status {
        LinkStatus::Accepted => 0,
        LinkStatus::Other(_) => 1,
        LinkStatus::Pending => 2,
        LinkStatus::Rejected => 3,
    }
}

/// Returns for each sub workspace the link that says most, in the order of their ids.
fn telling<'a>(group: &Group<'a>) -> BTreeMap<&'a WorkspaceId, &'a Link> {
    let mut telling: BTreeMap<&WorkspaceId, &Link> = BTreeMap::new();
    for link in group.links {
        let most = telling.entry(&link.sub).or_insert(link);
        let rank = |link: &Link| (weight(&link.status), link.id.clone());
        if rank(link) < rank(most) {
            *most = link;
        }
    }
    telling
}

fn finding(
    code: FindingCode,
    workspace: (&WorkspaceName, Option<&WorkspaceId>),
    about: About,
    evidence: String,
    advice: String,
) -> Finding {
    let (name, id) = workspace;
    Finding {
        code,
        severity: code.severity(),
        workspace: Some(name.clone()),
        workspace_id: id.cloned(),
        about,
        evidence,
        advice,
        accepted: None,
    }
}

impl View<'_> {
    /// What the links under an admin workspace say.
    fn links(&self, group: &Group<'_>, judgement: &mut Judgement) {
        let Group { admin, admin_id, .. } = group;
        // Which workspace its key opens is not known: it may be any that no file names.
        let unknown = self.clients.iter().find(|client| client.id.is_none());
        for (sub, link) in telling(group) {
            let ours = self.clients.iter().find(|client| client.id == Some(sub));
            let name = ours.map(|ours| ours.name.to_string()).or_else(|| link.sub_name.clone()).unwrap_or_default();
            let who = if name.is_empty() { format!("workspace {sub}") } else { format!("\"{name}\" ({sub})") };
            let word = ours.map_or_else(|| sub.to_string(), |ours| ours.name.to_string());
            let about = About::Sub { id: sub.clone(), name };
            if let (None, Some(unknown), LinkStatus::Accepted | LinkStatus::Other(_)) = (ours, unknown, &link.status) {
                let name = unknown.name;
                let why = format!(
                    "{who} has a link under it, and may be `{name}`, whose id is not known: write it into its file (`keyholder pin -w {name}`)"
                );
                let (code, workspace) = (FindingCode::GroupUnconfigured, (*admin).clone());
                judgement.not_judged.push(NotJudged { code, workspace, about, why });
                continue;
            }
            let (code, evidence, advice) = match &link.status {
                LinkStatus::Accepted | LinkStatus::Other(_) if ours.is_some() => continue,
                LinkStatus::Accepted => (
                    FindingCode::GroupUnconfigured,
                    format!("{who} is in the group of `{admin}` since {}, and no file names it", link.created),
                    format!(
                        "`keyholder discover --via {admin}` writes a file for it, or `keyholder groups remove {sub} --via {admin}` takes it out"
                    ),
                ),
                LinkStatus::Other(status) => (
                    FindingCode::GroupUnconfigured,
                    format!(
                        "{who} has a link under `{admin}` of status \"{status}\" since {}, and no file names it",
                        link.created
                    ),
                    "look at the group in the app: what this status means is not published".to_owned(),
                ),
                LinkStatus::Pending => (
                    FindingCode::GroupPending,
                    format!(
                        "{who} was invited into the group of `{admin}` {}, and its owner has not answered",
                        link.created
                    ),
                    format!(
                        "ask its owner to accept in the app; `keyholder groups remove {word} --via {admin}` withdraws the invitation"
                    ),
                ),
                LinkStatus::Rejected => (
                    FindingCode::GroupRejected,
                    format!("the owner of {who} refused to be in the group of `{admin}`; invited {}", link.created),
                    format!(
                        "ask its owner, then `keyholder groups invite {word} --via {admin}` asks again, or `keyholder groups remove {word} --via {admin}` tidies the link away"
                    ),
                ),
            };
            judgement.findings.push(finding(code, (admin, Some(admin_id)), about, evidence, advice));
        }
    }

    /// What is to be said of a workspace of ours.
    fn client(&self, client: &Client<'_>, judgement: &mut Judgement) {
        match (client.via, client.id) {
            _ if client.off => {}
            (Some(via), Some(id)) => self.reached_over(client, via, id, judgement),
            (None, _) => self.of_its_own(client, judgement),
            (Some(_), None) => {}
        }
    }

    fn reached_over(&self, client: &Client<'_>, via: &WorkspaceName, id: &WorkspaceId, judgement: &mut Judgement) {
        let (here, about) = ((client.name, client.id), About::Workspace);
        let Some(group) = self.groups.iter().find(|group| group.admin == via) else {
            return judgement.not_judged.push(not_judged(
                FindingCode::GroupMissing,
                client.name,
                format!("the links of `{via}` were not read"),
            ));
        };
        if telling(group).contains_key(id) {
            // It is in the group, or what keeps it out is told of its link.
            return;
        }
        let name = client.name;
        if let Some(other) = self.groups.iter().find(|other| other.admin != via && holds(other, id)) {
            let other = other.admin;
            let evidence = format!("it is in the group of `{other}`, and its file says `via = \"{via}\"`");
            let advice = format!(
                "write `via = \"{other}\"` into its file, or move it: `keyholder groups remove {name} --via {other}`, then `keyholder groups invite {name} --via {via}`"
            );
            return judgement.findings.push(finding(FindingCode::GroupOtherAdmin, here, about, evidence, advice));
        }
        match group.incomplete {
            Some(why) => judgement.not_judged.push(not_judged(
                FindingCode::GroupMissing,
                client.name,
                format!("the links of `{via}` were not read to their end: {why}"),
            )),
            None => judgement.findings.push(finding(
                FindingCode::GroupMissing,
                here,
                about,
                format!("its file says `via = \"{via}\"`, and no link of `{via}` leads to it"),
                format!("`keyholder groups invite {name} --via {via}`, and have its owner accept in the app; or give it a key of its own"),
            )),
        }
    }

    /// Tells whether all links under a workspace were seen.
    fn is_whole(&self, head: &Client<'_>) -> bool {
        self.groups.iter().any(|group| group.admin == head.name && group.incomplete.is_none())
    }

    /// A workspace with a key of its own may be in a group; only whose that is matters.
    fn of_its_own(&self, client: &Client<'_>, judgement: &mut Judgement) {
        let code = FindingCode::GroupOtherAdmin;
        let (name, link) = match &client.says {
            None | Some(Says::None) => return,
            Some(Says::Unread(why)) => return judgement.not_judged.push(not_judged(code, client.name, why.clone())),
            Some(Says::Group { name, link }) => (name, link),
        };
        let by_link = |group: &&Group<'_>| group.links.iter().any(|known| Some(known.id.as_str()) == link.as_deref());
        let by_id = |group: &&Group<'_>| client.id.is_some_and(|id| holds(group, id));
        if self.groups.iter().any(|group| by_link(&group) || by_id(&group)) {
            return;
        }
        // Each workspace with a key of its own may be the one that heads it.
        if let Some(unread) = self.clients.iter().find(|head| head.via.is_none() && !self.is_whole(head)) {
            let why = format!(
                "it is in the group of \"{name}\", and the links of `{}` were not read to their end",
                unread.name
            );
            return judgement.not_judged.push(not_judged(code, client.name, why));
        }
        judgement.findings.push(finding(
            code,
            (client.name, client.id),
            About::Workspace,
            format!("it says that it is in the group of \"{name}\", and no workspace of the files heads that group"),
            format!(
                "ask its owner who that is: whoever heads the group may do everything in it; its owner leaves it in the app, or name the \
                 admin workspace in your files and reach `{}` over it",
                client.name
            ),
        ));
    }
}

/// Tells whether a group has a workspace in it.
fn holds(group: &Group<'_>, id: &WorkspaceId) -> bool {
    group.links.iter().any(|link| link.sub == *id && link.status == LinkStatus::Accepted)
}

fn not_judged(code: FindingCode, workspace: &WorkspaceName, why: String) -> NotJudged {
    NotJudged { code, workspace: workspace.clone(), about: About::Workspace, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LinkId;

    fn id(text: &str) -> WorkspaceId {
        WorkspaceId::parse(text).unwrap()
    }

    fn name(text: &str) -> WorkspaceName {
        WorkspaceName::parse(text).unwrap()
    }

    fn link(link: &str, sub: &str, status: &str) -> Link {
        Link {
            id: LinkId::parse(link).unwrap(),
            admin: id("a-1"),
            sub: id(sub),
            status: LinkStatus::observed(status),
            sub_name: (status == "accepted").then(|| format!("{sub} Ltd")),
            admin_name: None,
            created: "2026-08-01T00:00:00Z".to_owned(),
        }
    }

    /// Judges the links of `agency`, and of `other`, with one workspace of our files.
    fn said(agency: &[Link], other: &[Link], client: &Client<'_>) -> Vec<(String, String)> {
        let (agency_name, other_name, admin, other_id) = (name("agency"), name("other"), id("a-1"), id("a-2"));
        let group = |admin, admin_id, links| Group { admin, admin_id, links, incomplete: None };
        let mut groups = vec![group(&agency_name, &admin, agency), group(&other_name, &other_id, other)];
        // What has a key of its own was asked for its links as well.
        groups.extend(client.id.filter(|_| client.via.is_none()).map(|id| group(client.name, id, &[])));
        let judgement = judge(&groups, std::slice::from_ref(client));
        assert!(judgement.not_judged.is_empty(), "{:?}", judgement.not_judged);
        let told = |finding: &Finding| (finding.code.to_string(), finding.workspace.clone().unwrap().to_string());
        judgement.findings.iter().map(told).collect()
    }

    fn told(code: &str, workspace: &str) -> Vec<(String, String)> {
        vec![(code.to_owned(), workspace.to_owned())]
    }

    #[test]
    fn a_workspace_of_the_files_is_missing_pending_refused_elsewhere_or_there() {
        let (globex, agency, sub) = (name("globex"), name("agency"), id("s"));
        let client = Client { name: &globex, id: Some(&sub), off: false, via: Some(&agency), says: None };
        assert_eq!(said(&[link("l", "s", "accepted")], &[], &client), []);
        assert_eq!(said(&[], &[], &client), told("group-missing", "globex"));
        assert_eq!(said(&[link("l", "s", "pending")], &[], &client), told("group-pending", "agency"));
        assert_eq!(said(&[link("l", "s", "rejected")], &[], &client), told("group-rejected", "agency"));
        assert_eq!(said(&[], &[link("l", "s", "accepted")], &client), told("group-other-admin", "globex"));
        let again = [link("l", "s", "rejected"), link("k", "s", "pending")];
        assert_eq!(said(&again, &[], &client), told("group-pending", "agency"), "an older refusal says nothing more");
        let stands = [link("l", "s", "rejected"), link("k", "s", "accepted")];
        assert_eq!(said(&stands, &[], &client), []);
    }

    #[test]
    fn who_is_in_the_group_and_in_no_file_is_told_with_the_command_that_adopts_it() {
        let (globex, sub) = (name("globex"), id("s"));
        let client = Client { name: &globex, id: Some(&sub), off: false, via: None, says: None };
        assert_eq!(said(&[link("l", "t", "accepted")], &[], &client), told("group-unconfigured", "agency"));
        assert_eq!(said(&[link("l", "s", "accepted")], &[], &client), [], "with a key of its own it is configured too");
        let agency = name("agency");
        let (admin, links) = (id("a-1"), [link("l", "t", "accepted")]);
        let group = Group { admin: &agency, admin_id: &admin, links: &links, incomplete: None };
        let finding = judge(&[group], &[]).findings.remove(0);
        assert!(finding.evidence.contains("t Ltd") && finding.advice.contains("discover --via agency"), "{finding:?}");
        assert_eq!(finding.about, About::Sub { id: id("t"), name: "t Ltd".to_owned() });
    }

    #[test]
    fn a_group_that_nobody_of_ours_heads_is_told_and_ours_is_not() {
        let (globex, sub) = (name("globex"), id("s"));
        let says = |link: &str| Some(Says::Group { name: "Northwind".to_owned(), link: Some(link.to_owned()) });
        let client = |says| Client { name: &globex, id: Some(&sub), off: false, via: None, says };
        assert_eq!(said(&[], &[], &client(says("x"))), told("group-other-admin", "globex"));
        assert_eq!(said(&[link("x", "s", "accepted")], &[], &client(says("x"))), []);
        assert_eq!(said(&[], &[], &client(Some(Says::None))), []);
    }

    #[test]
    fn what_was_not_read_to_its_end_proves_no_absence() {
        let (globex, agency, sub, admin) = (name("globex"), name("agency"), id("s"), id("a-1"));
        let over = Client { name: &globex, id: Some(&sub), off: false, via: Some(&agency), says: None };
        let says = Some(Says::Group { name: "Northwind".to_owned(), link: None });
        let own = Client { says, via: None, ..over.clone() };
        let unasked = Client { says: Some(Says::Unread("403".to_owned())), via: None, ..over.clone() };
        let cut = Group { admin: &agency, admin_id: &admin, links: &[], incomplete: Some("cut") };
        for client in [&over, &own, &unasked] {
            let judgement = judge(std::slice::from_ref(&cut), std::slice::from_ref(client));
            assert_eq!((judgement.findings.len(), judgement.not_judged.len()), (0, 1), "{client:?}");
        }
        assert_eq!(judge(&[], &[over]).not_judged.len(), 1);
    }

    #[test]
    fn of_a_workspace_that_is_off_nothing_is_said_and_its_file_names_it_all_the_same() {
        let (globex, agency, sub) = (name("globex"), name("agency"), id("s"));
        for via in [None, Some(&agency)] {
            let client = Client { name: &globex, id: Some(&sub), off: true, via, says: None };
            assert_eq!(said(&[link("l", "s", "accepted")], &[], &client), []);
            assert_eq!(said(&[], &[], &client), []);
        }
    }

    #[test]
    fn whose_group_it_is_is_not_judged_while_a_workspace_that_may_head_it_was_not_read() {
        let (globex, agency, sub, admin) = (name("globex"), name("agency"), id("s"), id("a-1"));
        let says = Some(Says::Group { name: "Northwind".to_owned(), link: Some("x".to_owned()) });
        let own = Client { name: &globex, id: Some(&sub), off: false, via: None, says };
        let group = Group { admin: &globex, admin_id: &sub, links: &[], incomplete: None };
        for off in [false, true] {
            let head = Client { name: &agency, id: Some(&admin), off, via: None, says: None };
            let judgement = judge(std::slice::from_ref(&group), &[own.clone(), head]);
            assert_eq!(judgement.findings, [], "{off}");
            assert!(judgement.not_judged[0].why.contains("the links of `agency`"), "{:?}", judgement.not_judged);
        }
    }

    #[test]
    fn a_workspace_whose_id_is_not_known_may_be_any_that_no_file_names() {
        let (globex, agency, admin) = (name("globex"), name("agency"), id("a-1"));
        let unpinned = Client { name: &globex, id: None, off: false, via: None, says: None };
        let links = [link("l", "s", "accepted"), link("k", "t", "pending")];
        let group = Group { admin: &agency, admin_id: &admin, links: &links, incomplete: None };
        let judgement = judge(&[group], &[unpinned]);
        assert!(judgement.findings.iter().all(|finding| finding.code == FindingCode::GroupPending));
        let [unjudged] = &judgement.not_judged[..] else { panic!("{judgement:?}") };
        assert!(unjudged.why.contains("keyholder pin -w globex"), "{unjudged:?}");
    }

    #[test]
    fn the_order_of_links_and_workspaces_changes_nothing() {
        let (agency, admin) = (name("agency"), id("a-1"));
        let links = [link("l", "s", "pending"), link("k", "t", "accepted"), link("j", "s", "rejected")];
        let back: Vec<Link> = links.iter().rev().cloned().collect();
        let judged =
            |links: &[Link]| judge(&[Group { admin: &agency, admin_id: &admin, links, incomplete: None }], &[]);
        assert_eq!(judged(&links), judged(&back));
        assert_eq!(judged(&links).findings.len(), 2);
    }
}
