//! What a test can ask the world afterwards, what it is told meanwhile, and what reads show after a write.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{ACME, Desk};
use crate::api::transport::Method;
use crate::sim::{Fault, FaultKind, Hand, Op, Phase, RepeatInvite, World};

const INVITE: &str = r#"{"email":"new@agency.example","role":"view"}"#;
const LAG: &str = "[settings]\nlag = \"5s\"\n";

impl Desk {
    async fn listed(&self) -> Vec<String> {
        let page = self.get("acme", "workspace-members?limit=100").await.1;
        page["items"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_lag_reads_show_a_change_only_when_its_time_has_come() {
    let desk = Desk::script(&format!("{LAG}{ACME}"));
    let (status, made) = desk.post("acme", INVITE).await;
    assert_eq!((status, made["email"].as_str()), (200, Some("new@agency.example")), "a write answers the true state");
    let path = format!("workspace-members/{}", made["id"].as_str().unwrap());
    desk.clock.sleep(Duration::from_millis(4_999)).await;
    assert_eq!((desk.listed().await.len(), desk.get("acme", &path).await.0), (3, 404));
    assert_eq!(desk.emails("acme").len(), 4, "the world itself knows");
    desk.clock.sleep(Duration::from_millis(1)).await;
    assert_eq!((desk.listed().await.len(), desk.get("acme", &path).await.0), (4, 200));
}

#[tokio::test(start_paused = true)]
async fn with_a_lag_every_change_shows_in_its_own_time_and_writes_act_on_what_is_true() {
    let desk = Desk::script(&format!("{LAG}{ACME}"));
    let (ops, sdr) = (desk.id("acme", "ops@agency.example"), desk.id("acme", "sdr@agency.example"));
    let second = || desk.clock.sleep(Duration::from_secs(1));
    assert_eq!(desk.delete("acme", &sdr).await.0, 200);
    second().await;
    assert_eq!(desk.patch("acme", &ops, r#"{"role":"view"}"#).await.1["role"], "view");
    second().await;
    assert_eq!(desk.delete("acme", &sdr).await.0, 404, "it is gone, whatever a read shows");
    desk.world.hand("acme", &Hand::Remove { email: "founder@agency.example".into() });
    let role = async || desk.get("acme", &format!("workspace-members/{ops}")).await.1["role"].clone();
    assert_eq!((desk.listed().await.len(), role().await), (3, "admin".into()));
    desk.clock.sleep(Duration::from_secs(3)).await;
    assert_eq!((desk.listed().await.len(), role().await), (2, "admin".into()));
    second().await;
    assert_eq!((desk.listed().await.len(), role().await), (2, "view".into()));
    second().await;
    assert_eq!(desk.listed().await, ["ops@agency.example"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_landing_lags_from_when_it_was_due() {
    let fault = "[[fault]]\nkind = \"late\"\nafter = \"10s\"\n";
    let desk = Desk::script(&format!("{LAG}{ACME}{fault}"));
    desk.send("acme", Method::Post, "workspace-members", Some(INVITE)).await.unwrap_err();
    desk.clock.sleep(Duration::from_millis(14_999)).await;
    assert_eq!(desk.listed().await.len(), 3);
    desk.clock.sleep(Duration::from_millis(1)).await;
    assert_eq!(desk.listed().await.len(), 4);
}

#[tokio::test]
async fn a_script_sets_what_a_repeated_invitation_answers() {
    let answers = [
        ("invalid", RepeatInvite::Invalid, 400, 1),
        ("conflict", RepeatInvite::Conflict, 409, 1),
        ("duplicate", RepeatInvite::Duplicate, 200, 2),
        ("echo", RepeatInvite::Echo, 200, 1),
    ];
    for (word, setting, status, effects) in answers {
        let desk = Desk::script(&format!("[settings]\nrepeat_invite = \"{word}\"\n{ACME}"));
        assert_eq!((desk.world.settings().repeat_invite, desk.world.settings().lag), (setting, Duration::ZERO));
        assert_eq!(desk.post("acme", INVITE).await.0, 200);
        assert_eq!((desk.post("acme", INVITE).await.0, desk.world.effects("acme").len()), (status, effects), "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_write_that_took_effect_is_told_with_whom_it_met_and_how_late() {
    let desk = Desk::script(&format!("{ACME}\n[[workspace]]\nname = \"other\"\nowner = \"boss@other.example\"\n"));
    desk.world.add_fault(Fault::once(FaultKind::Late { after: Duration::from_secs(20) }));
    desk.world.add_fault(Fault::once(FaultKind::LoseRequest));
    desk.world.add_fault(Fault::once(FaultKind::LoseAnswer));
    let sdr = desk.id("acme", "sdr@agency.example");
    let invite = async || desk.send("acme", Method::Post, "workspace-members", Some(INVITE)).await;
    for _ in 0..3 {
        invite().await.unwrap_err();
    }
    assert_eq!(desk.post("acme", INVITE).await.0, 400, "refused is no effect");
    desk.clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(desk.patch("acme", &sdr, r#"{"role":"view"}"#).await.0, 200);
    assert_eq!(desk.delete("acme", &sdr).await.0, 200);
    desk.world.configure(|settings| settings.repeat_invite = RepeatInvite::Duplicate);
    desk.clock.sleep(Duration::from_mins(1)).await;
    desk.get("acme", "workspaces/current").await;
    let told: Vec<_> = desk.world.effects("acme").into_iter().collect();
    let short: Vec<_> = told
        .iter()
        .map(|effect| (effect.operation, &*effect.email, &*effect.role, effect.moment.as_secs(), effect.late))
        .collect();
    assert_eq!(
        short,
        [
            (Op::MemberCreate, "new@agency.example", "view", 0, false),
            (Op::MemberPatch, "sdr@agency.example", "view", 2, false),
            (Op::MemberDelete, "sdr@agency.example", "view", 2, false),
            (Op::MemberCreate, "new@agency.example", "view", 20, true),
        ]
    );
    assert_eq!((&told[1].row, told.len()), (&sdr, desk.world.writes("acme")));
    assert!(desk.world.effects("other").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_effects_are_bounded_like_the_log() {
    let desk = Desk::script(ACME);
    desk.world.record(1);
    let id = desk.id("acme", "sdr@agency.example");
    for role in ["view", "admin"] {
        assert_eq!(desk.patch("acme", &id, &format!(r#"{{"role":"{role}"}}"#)).await.0, 200);
    }
    let kept: Vec<String> = desk.world.effects("acme").into_iter().map(|effect| effect.role).collect();
    assert_eq!((kept, desk.world.writes("acme")), (vec!["admin".to_owned()], 2));
}

/// A phase of a request: its operation, the phase, whether it wrote, the world's writes so far.
pub(super) type Told = (Option<Op>, Phase, bool, usize);

/// Notes every phase with what the world itself says of its writes at that moment.
pub(super) fn watch(world: &World) -> Arc<Mutex<Vec<Told>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (into, there) = (Arc::clone(&told), world.clone());
    world.at_request(move |seen, phase| {
        into.lock().unwrap().push((seen.operation, phase, seen.wrote, there.writes("acme")));
    });
    told
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_told_before_after_and_when_the_answer_leaves() {
    let desk = Desk::script(ACME);
    let told = watch(&desk.world);
    desk.post("acme", INVITE).await;
    desk.world.add_fault(Fault::once(FaultKind::LoseAnswer));
    let id = desk.id("acme", "new@agency.example");
    desk.send("acme", Method::Delete, &format!("workspace-members/{id}"), None).await.unwrap_err();
    let (create, delete) = (Some(Op::MemberCreate), Some(Op::MemberDelete));
    assert_eq!(
        *told.lock().unwrap(),
        [
            (create, Phase::Arrived, false, 0),
            (create, Phase::Handled, true, 1),
            (create, Phase::Answering, true, 1),
            (delete, Phase::Arrived, false, 1),
            (delete, Phase::Handled, true, 2),
        ],
        "a lost answer is never about to be sent"
    );
}
