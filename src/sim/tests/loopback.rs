//! The server answers over a real socket as the in-process door does. Real time, short waits.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use serde_json::Value;

use super::ACME;
use crate::clock::Clock;
use crate::sim::server::{self, Running};
use crate::sim::{Fault, FaultKind, LocalSettings, Op, Phase, World};

struct Shop {
    world: World,
    running: Running,
    client: Client,
    key: String,
}

fn shop(script: &str, build: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Shop {
    // Another test of this process may have installed it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let world = World::from_script(&format!("version = 1\n{script}"), 7).unwrap();
    let clock = Clock::starting_at("2026-11-20T08:00:00Z".parse().unwrap());
    let running = server::start(world.clone(), clock, 0, LocalSettings::default()).unwrap();
    let client = build(Client::builder().redirect(Policy::none()).no_proxy()).build().unwrap();
    let key = world.key_of("acme").unwrap();
    Shop { world, running, client, key }
}

impl Shop {
    fn url(&self, path: &str) -> String {
        format!("{}/api/v2/{path}", self.running.base_url())
    }

    async fn get(&self, path: &str) -> reqwest::Result<(u16, Value)> {
        let answer = self.client.get(self.url(path)).bearer_auth(&self.key).send().await?;
        let status = answer.status().as_u16();
        Ok((status, serde_json::from_slice(&answer.bytes().await?).unwrap_or(Value::Null)))
    }

    async fn invite(&self) -> reqwest::Result<u16> {
        let request = self.client.post(self.url("workspace-members")).bearer_auth(&self.key);
        let request = request.header("content-type", "application/json");
        let answer = request.body(r#"{"email":"new@agency.example","role":"view"}"#).send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await?;
        Ok(status)
    }
}

#[tokio::test]
async fn a_client_reads_writes_and_removes_over_a_socket() {
    let shop = shop(ACME, ClientBuilder::http1_only);
    assert!(shop.running.base_url().starts_with("http://127.0.0.1:"));
    let (status, body) = shop.get("workspaces/current").await.unwrap();
    assert_eq!((status, body["id"].as_str()), (200, shop.world.workspace_id("acme").as_deref()));
    assert_eq!(shop.invite().await.unwrap(), 200);
    assert_eq!(shop.get("workspace-members?limit=100").await.unwrap().1["items"].as_array().unwrap().len(), 4);
    let id = shop.world.members("acme").into_iter().find(|row| row.email == "new@agency.example").unwrap().id;
    let row = shop.url(&format!("workspace-members/{id}"));
    let typed = shop.client.delete(&row).bearer_auth(&shop.key).header("content-type", "application/json");
    let refused = typed.send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    assert!(refused.text().await.unwrap().contains("FST_ERR_CTP_EMPTY_JSON_BODY"));
    assert_eq!(shop.client.delete(&row).bearer_auth(&shop.key).send().await.unwrap().status().as_u16(), 200);
    let bare = shop.client.get(shop.url("workspaces/current")).send().await.unwrap();
    assert_eq!(bare.status().as_u16(), 401);
    let put = shop.client.put(shop.url("workspaces/current")).bearer_auth(&shop.key).send().await.unwrap();
    assert_eq!(put.status().as_u16(), 404);
    assert!(shop.world.requests().is_empty() && shop.world.request_count() >= 6, "counted, not recorded");
}

#[tokio::test]
async fn http_2_is_spoken_by_prior_knowledge() {
    let shop = shop(ACME, ClientBuilder::http2_prior_knowledge);
    let answer = shop.client.get(shop.url("workspaces/current")).bearer_auth(&shop.key).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
    shop.world.add_fault(Fault::once(FaultKind::LoseAnswer));
    assert!(shop.invite().await.is_err());
    assert_eq!(shop.world.writes("acme"), 1);
    assert_eq!(shop.get("workspaces/current").await.unwrap().0, 200, "only the one stream was reset");
}

#[tokio::test]
async fn lost_answers_reset_the_connection() {
    let shop = shop(ACME, ClientBuilder::http1_only);
    shop.world.add_fault(Fault::once(FaultKind::LoseRequest));
    shop.world.add_fault(Fault::once(FaultKind::LoseAnswer));
    assert!(!shop.invite().await.unwrap_err().is_timeout());
    assert_eq!(shop.world.writes("acme"), 0);
    assert!(!shop.invite().await.unwrap_err().is_timeout());
    assert_eq!(shop.world.writes("acme"), 1);
    shop.world.require_all_faults_fired().unwrap();
    assert_eq!(shop.get("workspaces/current").await.unwrap().0, 200);
}

#[tokio::test]
async fn a_hang_waits_for_the_clients_own_limit_and_holds_nobody_up() {
    let shop = shop(ACME, |client| client.http1_only().timeout(Duration::from_millis(100)));
    shop.world.add_fault(Fault::once(FaultKind::Hang));
    let (hung, other) = tokio::join!(shop.invite(), async {
        // Behind the one that hangs: faults fire in order of arrival.
        while shop.world.request_count() == 0 {
            tokio::task::yield_now().await;
        }
        shop.get("workspaces/current").await
    });
    assert!(hung.unwrap_err().is_timeout());
    assert_eq!(other.unwrap().0, 200);
}

#[tokio::test]
async fn redirects_and_retry_after_are_real_headers() {
    let shop = shop(ACME, ClientBuilder::http1_only);
    shop.world.add_fault(Fault::once(FaultKind::Redirect));
    shop.world.add_fault(Fault::once(FaultKind::throttled(Some(7))));
    let send = async || shop.client.get(shop.url("workspaces/current")).bearer_auth(&shop.key).send().await.unwrap();
    let redirect = send().await;
    assert_eq!((redirect.status().as_u16(), redirect.headers().contains_key("location")), (302, true));
    let throttled = send().await;
    assert_eq!((throttled.status().as_u16(), &throttled.headers()["retry-after"] == "7"), (429, true));
}

#[tokio::test]
async fn dropping_the_handle_stops_the_server() {
    let Shop { running, client, .. } = shop(ACME, ClientBuilder::http1_only);
    let url = running.base_url().to_owned();
    drop(running);
    assert!(client.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_watcher_acts_at_every_phase_of_a_request_over_a_socket() {
    let shop = shop(ACME, ClientBuilder::http1_only);
    let told = super::looked::watch(&shop.world);
    assert_eq!(shop.invite().await.unwrap(), 200);
    let create = Some(Op::MemberCreate);
    let phases = [(Phase::Arrived, false, 0), (Phase::Handled, true, 1), (Phase::Answering, true, 1)];
    assert_eq!(*told.lock().unwrap(), phases.map(|(phase, wrote, writes)| (create, phase, wrote, writes)));
    assert!(shop.world.effects("acme").is_empty(), "a server keeps no log until it is asked to");
    shop.world.record(World::RECORDED);
    let id = shop.world.members("acme").into_iter().find(|row| row.email == "new@agency.example").unwrap().id;
    let row = shop.url(&format!("workspace-members/{id}"));
    assert_eq!(shop.client.delete(&row).bearer_auth(&shop.key).send().await.unwrap().status().as_u16(), 200);
    assert_eq!(shop.world.effects("acme").len(), 1);
}
