//! Member sets, wishes and rules at random: few people, so that rows collide, and every oddity the contract knows.

use keyholder::domain::fleet::RemovalLimits;
use keyholder::domain::{
    Email, Guards, Member, MemberId, Mode, PermissionWish, Permissions, Role, RunId, StepId, StepKind, UserId,
    WorkspaceId, WorkspaceName,
};
use keyholder::plan::{AccessWish, Doubt, Observed, Rules, Wish};
use proptest::prelude::*;
use proptest::sample::select;

/// The people of every generated workspace.
pub(crate) const PEOPLE: [&str; 7] = [
    "owner@agency.example",
    "boss@agency.example",
    "ann@agency.example",
    "bob@agency.example",
    "cleo@agency.example",
    "dan@agency.example",
    "eve@client.example",
];

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn person() -> impl Strategy<Value = Email> {
    select(&PEOPLE[..]).prop_map(email)
}

fn role() -> impl Strategy<Value = Role> {
    const WORDS: &[&str] = &["owner", "admin", "admin", "admin", "editor", "view", "client", "supervisor"];
    select(WORDS).prop_map(Role::observed)
}

fn permissions() -> impl Strategy<Value = Permissions> {
    proptest::collection::btree_set(select(&["unibox.all", "crm.view", "leads.move"][..]), 0..3)
        .prop_map(Permissions::of)
}

/// One row without its place: address, account, account's address, role, permissions, accepted.
type Row = (Email, Option<usize>, Option<Email>, Role, Option<Permissions>, bool);

fn row() -> impl Strategy<Value = Row> {
    (
        person(),
        proptest::option::weighted(0.9, 0..PEOPLE.len()),
        proptest::option::weighted(0.3, person()),
        role(),
        proptest::option::weighted(0.3, permissions()),
        proptest::bool::weighted(0.8),
    )
}

pub(crate) fn workspace_id(number: usize) -> WorkspaceId {
    WorkspaceId::parse(&format!("w-{number}")).unwrap()
}

fn member(workspace: usize, place: usize, (email, account, user_email, role, permissions, accepted): Row) -> Member {
    // Mostly the account belongs to the address; where it was drawn, to somebody else.
    let own = PEOPLE.iter().position(|known| *known == email.as_str()).unwrap_or(0);
    Member {
        id: MemberId::parse(&format!("m-{workspace}-{place}")).unwrap(),
        user_id: account.map(|other| {
            let account = if user_email.is_some() { other } else { own };
            UserId::parse(&format!("u-{account}")).unwrap()
        }),
        email,
        user_email,
        role,
        permissions,
        accepted,
        nickname: None,
        name: None,
        issuer_id: None,
        timestamp_created: "2026-01-01T00:00:00Z".to_owned(),
        workspace_id: workspace_id(workspace),
    }
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![6 => Just(Mode::Manage), 2 => Just(Mode::AddOnly), 1 => Just(Mode::Observe), 1 => Just(Mode::Off)]
}

pub(crate) fn observed(number: usize) -> impl Strategy<Value = Observed> {
    let rows = proptest::collection::vec(row(), 0..9);
    let owner = proptest::option::weighted(0.8, 0..PEOPLE.len());
    let incomplete = proptest::option::weighted(0.05, Just("a cursor came twice".to_owned()));
    // Belongings do not shrink; the rows beside them do.
    let things = (proptest::bool::weighted(0.2), any::<u64>());
    (rows, mode(), owner, incomplete, things).prop_map(move |(rows, mode, owner, incomplete, things)| Observed {
        workspace: WorkspaceName::parse(&format!("client-{number}")).unwrap(),
        id: workspace_id(number),
        mode,
        owner: owner.map(|account| UserId::parse(&format!("u-{account}")).unwrap()),
        members: rows.into_iter().enumerate().map(|(place, row)| member(number, place, row)).collect(),
        incomplete,
        acts_as: things.0,
        belongings: random::belongings(&mut fastrand::Rng::with_seed(things.1)).map(Box::new),
        tagging: None,
        links: None,
    })
}

fn permission_wish() -> impl Strategy<Value = PermissionWish> {
    prop_oneof![
        4 => Just(PermissionWish::Any),
        1 => Just(PermissionWish::RoleDefault),
        2 => permissions().prop_map(PermissionWish::Exactly),
    ]
}

fn wish_about(email: Email) -> impl Strategy<Value = Wish> {
    let grantable = select(&["admin", "editor", "view"][..]).prop_map(Role::observed);
    let fixed = (grantable, permission_wish()).prop_map(|(role, permissions)| AccessWish::Fixed { role, permissions });
    let access = prop_oneof![5 => fixed, 1 => person().prop_map(AccessWish::Like)];
    let (present, absent, left, again) = (email.clone(), email.clone(), email.clone(), email);
    prop_oneof![
        3 => access.prop_map(move |access| Wish::Present { email: present.clone(), access, nickname: None }),
        3 => Just(Wish::Absent { email: absent }),
        3 => any::<u64>().prop_map(move |seed| {
            let leave = random::leave(&mut fastrand::Rng::with_seed(seed));
            Wish::Left { email: left.clone(), leave }
        }),
        1 => Just(Wish::Reinvited { email: again }),
    ]
}

/// Wishes about several people, one each.
pub(crate) fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    proptest::sample::subsequence(PEOPLE.to_vec(), 1..=PEOPLE.len())
        .prop_flat_map(|people| people.into_iter().map(|person| wish_about(email(person))).collect::<Vec<_>>())
}

fn doubt() -> impl Strategy<Value = Doubt> {
    let kind = proptest::option::weighted(0.8, select(&StepKind::ALL[..]));
    (1..4_usize, person(), kind, any::<bool>()).prop_map(|(workspace, subject, kind, running)| Doubt {
        workspace_id: workspace_id(workspace),
        subject: subject.to_string(),
        kind,
        step: StepId::of(b"a step of before"),
        run: RunId::parse("20261119T080000Z-0001").unwrap(),
        running,
    })
}

/// So many removals, a second apart.
pub(crate) fn removed(count: usize) -> Vec<jiff::Timestamp> {
    (0..count)
        .map(|second| jiff::Timestamp::from_second(1_795_000_000 + i64::try_from(second).unwrap()).unwrap())
        .collect()
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let limits = (0..5_usize, 0..8_usize, prop_oneof![2 => Just(100), 1 => 0..9_usize], 0..6_usize);
    let doubts = prop_oneof![4 => Just(Vec::new()), 1 => proptest::collection::vec(doubt(), 1..3)];
    (0..3_usize, limits, any::<bool>(), doubts).prop_map(
        |(min_admins, (per_workspace, per_run, per_day, before), boss, doubts)| Rules {
            guards: Guards {
                protected: if boss { [email("boss@agency.example")].into() } else { [].into() },
                min_admins,
                max_removals: RemovalLimits { per_workspace, per_run, per_day },
                ..Guards::default()
            },
            removed: removed(before),
            in_doubt: doubts.into_iter().collect(),
        },
    )
}

/// One workspace to three with wishes of their own.
pub(crate) fn fleet() -> impl Strategy<Value = Vec<(Observed, Vec<Wish>)>> {
    prop_oneof![
        (observed(1), wishes()).prop_map(|one| vec![one]),
        ((observed(1), wishes()), (observed(2), wishes()), (observed(3), wishes()))
            .prop_map(|(one, two, three)| vec![one, two, three]),
    ]
}

/// The same kinds of sets, drawn by a small generator: a hundred thousand in seconds, at the price of no shrinking.
pub(crate) mod random {
    use keyholder::domain::fleet::RemovalLimits;
    use keyholder::domain::{
        Campaign, CampaignId, Guards, KeyId, KeyInfo, Lead, LeadId, LeadList, LeadListId, Member, MemberId, Mode,
        PermissionWish, Permissions, Role, RunId, StepId, StepKind, TrailRecord, UserId, WorkspaceName,
    };
    use keyholder::plan::{AccessWish, Belongings, Doubt, Found, Leave, Observed, Rules, Wish};

    use super::{PEOPLE, email, removed, workspace_id};

    /// Makes one workspace with wishes, and rules, from a seed.
    pub(crate) fn one(seed: u64) -> (Vec<(Observed, Vec<Wish>)>, Rules) {
        let mut chance = fastrand::Rng::with_seed(seed);
        let rows = chance.usize(0..8);
        let members = (0..rows).map(|place| member(&mut chance, place)).collect();
        let mode = [Mode::Manage, Mode::Manage, Mode::Manage, Mode::AddOnly, Mode::Observe, Mode::Off];
        let observed = Observed {
            workspace: WorkspaceName::parse("client-1").unwrap(),
            id: workspace_id(1),
            mode: *chance.choice(&mode).unwrap(),
            owner: (chance.u8(0..5) > 0).then(|| account(&mut chance)),
            members,
            incomplete: (chance.u8(0..20) == 0).then(|| "a cursor came twice".to_owned()),
            acts_as: chance.u8(0..5) == 0,
            belongings: belongings(&mut chance).map(Box::new),
            tagging: None,
            links: None,
        };
        let wishes: Vec<&str> = PEOPLE.iter().filter(|_| chance.bool()).copied().collect();
        let wishes = wishes.into_iter().map(|person| wish(&mut chance, person)).collect();
        let rules = Rules {
            guards: Guards {
                protected: if chance.bool() { [email("boss@agency.example")].into() } else { [].into() },
                min_admins: chance.usize(0..3),
                max_removals: RemovalLimits {
                    per_workspace: chance.usize(0..5),
                    per_run: chance.usize(0..5),
                    per_day: if chance.bool() { 100 } else { chance.usize(0..8) },
                },
                ..Guards::default()
            },
            removed: removed(chance.usize(0..4)),
            in_doubt: (0..chance.usize(0..8) / 6).map(|_| doubt(&mut chance)).collect(),
        };
        (vec![(observed, wishes)], rules)
    }

    /// Makes a workspace in which hand-overs go through as often as not: everybody has an account of their own and most people a
    /// membership, listings are whole, most wishes are to leave.
    pub(crate) fn leavers(seed: u64) -> (Vec<(Observed, Vec<Wish>)>, Rules) {
        let (mut world, mut rules) = one(seed);
        let mut chance = fastrand::Rng::with_seed(!seed);
        let (observed, wishes) = &mut world[0];
        let here: Vec<usize> = (0..PEOPLE.len()).filter(|_| chance.u8(0..8) > 0).collect();
        observed.members = here
            .into_iter()
            .map(|place| Member {
                email: email(PEOPLE[place]),
                user_id: Some(UserId::parse(&format!("u-{place}")).unwrap()),
                user_email: (chance.u8(0..10) == 0).then(|| email(chance.choice(PEOPLE).unwrap())),
                accepted: chance.u8(0..8) > 0,
                ..member(&mut chance, place)
            })
            .collect();
        observed.mode = if chance.u8(0..10) == 0 { observed.mode } else { Mode::Manage };
        observed.incomplete = None;
        observed.owner = Some(UserId::parse("u-0").unwrap());
        let asked: Vec<&str> = PEOPLE[1..].iter().filter(|_| chance.u8(0..3) == 0).copied().collect();
        *wishes = asked
            .into_iter()
            .map(|person| match chance.u8(0..6) {
                0 => wish(&mut chance, person),
                _ => Wish::Left { email: email(person), leave: leave(&mut chance) },
            })
            .collect();
        if let Some(things) = &mut observed.belongings {
            // Most keys have one maker, and the key in use is there to be seen.
            for (place, record) in things.trail.rows.iter_mut().enumerate().filter(|_| chance.u8(0..6) > 0) {
                (record.activity, record.api_key_id) = (37, None);
                record.named = vec![format!("k-{place}")];
            }
            if let Some(key) = things.keys.rows.last_mut() {
                key.in_use = Some(true);
            }
        }
        rules.guards.max_removals = RemovalLimits { per_workspace: chance.usize(1..7), per_run: 9, per_day: 100 };
        rules.guards.min_admins = chance.usize(0..2);
        (world, rules)
    }

    fn id<T, E: std::fmt::Debug>(parse: fn(&str) -> Result<T, E>, text: &str) -> T {
        parse(text).unwrap()
    }

    fn somebody(chance: &mut fastrand::Rng) -> Option<UserId> {
        (chance.u8(0..8) > 0).then(|| account(chance))
    }

    fn found<T>(chance: &mut fastrand::Rng, most: usize, row: impl Fn(&mut fastrand::Rng, usize) -> T) -> Found<T> {
        let rows = (0..chance.usize(0..=most)).map(|place| row(chance, place)).collect();
        let incomplete = (chance.u8(0..16) == 0).then(|| "a page was missing".to_owned());
        Found { rows, incomplete }
    }

    /// What people own and made; of everybody, as a look for everybody would keep it.
    pub(crate) fn belongings(chance: &mut fastrand::Rng) -> Option<Belongings> {
        if chance.u8(0..6) == 0 {
            return None;
        }
        let accounts = (0..PEOPLE.len()).filter(|_| chance.u8(0..12) > 0);
        let accounts = accounts.map(|number| UserId::parse(&format!("u-{number}")).unwrap()).collect();
        let keys = found(chance, 4, |chance, place| KeyInfo {
            id: id(KeyId::parse, &format!("k-{place}")),
            name: format!("key {place}"),
            scopes: Vec::new(),
            created: "2026-08-01T00:00:00Z".to_owned(),
            in_use: [Some(false), Some(false), None, Some(true)][chance.usize(0..4)],
        });
        let many = if chance.u8(0..40) == 0 { 900 } else { 6 };
        Some(Belongings {
            accounts,
            campaigns: found(chance, 5, |chance, place| Campaign {
                status: Some(1),
                owned_by: somebody(chance),
                created_by: somebody(chance),
                ..Campaign::of(id(CampaignId::parse, &format!("c-{place}")), &format!("campaign {place}"))
            }),
            lead_lists: found(chance, 3, |chance, place| LeadList {
                id: id(LeadListId::parse, &format!("l-{place}")),
                name: format!("list {place}"),
                owned_by: somebody(chance),
                created: None,
                enrichment: None,
            }),
            leads: found(chance, many, |chance, place| Lead {
                id: id(LeadId::parse, &format!("lead-{place:03}")),
                assigned_to: somebody(chance),
            }),
            keys,
            trail: found(chance, 6, |chance, place| TrailRecord {
                user_name: None,
                name: None,
                id: format!("r-{place}"),
                at: "2026-08-01T00:00:00Z".to_owned(),
                activity: [37, 37, 37, 37, 38, 1][chance.usize(0..6)],
                user_id: somebody(chance),
                api_key_id: (chance.u8(0..4) == 0).then(|| id(KeyId::parse, &format!("k-{}", chance.u8(0..4)))),
                webhook_id: None,
                affected: None,
                named: (0..chance.usize(0..8) / 3).map(|_| format!("k-{}", chance.u8(0..5))).collect(),
            }),
            ..Belongings::default()
        })
    }

    /// How somebody leaves.
    pub(crate) fn leave(chance: &mut fastrand::Rng) -> Leave {
        Leave {
            heir: (chance.u8(0..4) > 0).then(|| email(chance.choice(PEOPLE).unwrap())),
            revoke_keys: chance.bool(),
            until: (chance.u8(0..10) == 0).then(|| jiff::civil::date(2026, 12, 31)),
            known_accounts: (0..chance.usize(0..6) / 4).map(|_| account(chance)).collect(),
        }
    }

    fn doubt(chance: &mut fastrand::Rng) -> Doubt {
        Doubt {
            workspace_id: workspace_id(1),
            subject: email(chance.choice(PEOPLE).unwrap()).to_string(),
            kind: chance.choice(StepKind::ALL),
            step: StepId::of(b"a step of before"),
            run: RunId::parse("20261119T080000Z-0001").unwrap(),
            running: false,
        }
    }

    fn account(chance: &mut fastrand::Rng) -> UserId {
        UserId::parse(&format!("u-{}", chance.usize(0..PEOPLE.len()))).unwrap()
    }

    fn permissions(chance: &mut fastrand::Rng) -> Permissions {
        Permissions::of(["unibox.all", "crm.view", "leads.move"].into_iter().filter(|_| chance.bool()))
    }

    fn member(chance: &mut fastrand::Rng, place: usize) -> Member {
        let own = chance.usize(0..PEOPLE.len());
        let alias = chance.u8(0..3) == 0;
        let roles = ["owner", "admin", "admin", "admin", "editor", "view", "client", "supervisor"];
        Member {
            id: MemberId::parse(&format!("m-{place}")).unwrap(),
            email: email(PEOPLE[own]),
            user_id: match chance.u8(0..10) {
                0 => None,
                _ if alias => Some(account(chance)),
                _ => Some(UserId::parse(&format!("u-{own}")).unwrap()),
            },
            user_email: alias.then(|| email(chance.choice(PEOPLE).unwrap())),
            role: Role::observed(chance.choice(roles).unwrap()),
            permissions: (chance.u8(0..3) == 0).then(|| permissions(chance)),
            accepted: chance.u8(0..5) > 0,
            nickname: None,
            name: None,
            issuer_id: None,
            timestamp_created: "2026-01-01T00:00:00Z".to_owned(),
            workspace_id: workspace_id(1),
        }
    }

    fn wish(chance: &mut fastrand::Rng, person: &str) -> Wish {
        let email_of = email;
        let email = email(person);
        match chance.u8(0..8) {
            0..3 => Wish::Absent { email },
            3 => Wish::Left { email, leave: leave(chance) },
            4 => Wish::Reinvited { email },
            5 => {
                let access = AccessWish::Like(email_of(chance.choice(PEOPLE).unwrap()));
                Wish::Present { email, access, nickname: None }
            }
            _ => {
                let role = Role::observed(chance.choice(["admin", "editor", "view"]).unwrap());
                let permissions = match chance.u8(0..5) {
                    0 => PermissionWish::RoleDefault,
                    1 => PermissionWish::Exactly(permissions(chance)),
                    _ => PermissionWish::Any,
                };
                Wish::Present { email, access: AccessWish::Fixed { role, permissions }, nickname: None }
            }
        }
    }
}
