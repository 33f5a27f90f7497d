//! The simulator held against the contract, and its rules against each other.

mod assigned;
mod belongings;
mod bent;
mod contract;
mod daily;
mod faults;
mod figures;
mod groups;
mod keyring;
mod looked;
mod loopback;
mod rules;
mod scripted;
mod tags;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Local, LocalSettings, World};
use crate::api::transport::{Answer, Failure, Method, Request, Transport};
use crate::clock::Clock;
use crate::domain::fleet::BaseUrl;
use crate::domain::{Access, ApiKey, WorkspaceId};

/// Somebody who talks to a world in-process.
pub(super) struct Desk {
    pub(super) world: World,
    local: Arc<Local>,
    pub(super) clock: Clock,
    /// Longest wait for an answer.
    pub(super) timeout: Duration,
}

impl Desk {
    pub(super) fn at(world: World) -> Self {
        Self::with(world, LocalSettings::default())
    }

    pub(super) fn with(world: World, settings: LocalSettings) -> Self {
        let clock = Clock::starting_at("2026-11-20T08:00:00Z".parse().unwrap());
        let local = Arc::new(Local::new(world.clone(), clock, settings).limit_body(1024 * 1024));
        Self { world, local, clock, timeout: Duration::from_secs(30) }
    }

    pub(super) fn script(text: &str) -> Self {
        Self::at(World::from_script(&format!("version = 1\n{text}"), 7).unwrap())
    }

    /// Sends a request with a workspace's own key.
    pub(super) async fn send(
        &self,
        name: &str,
        method: Method,
        path: &str,
        body: Option<&str>,
    ) -> Result<Answer, Failure> {
        let key = ApiKey::parse(&self.world.key_of(name).unwrap()).unwrap();
        self.send_as(Access::Own(key), method, path, body).await
    }

    pub(super) async fn send_as(
        &self,
        access: Access,
        method: Method,
        path: &str,
        body: Option<&str>,
    ) -> Result<Answer, Failure> {
        let request = Request {
            method,
            base: BaseUrl::parse("http://127.0.0.1:1").unwrap(),
            path: format!("/api/v2/{path}"),
            access,
            body: body.map(str::to_owned),
            timeout: self.timeout,
        };
        self.local.send(request).await
    }

    /// Sends a request with an admin's key, acting as another workspace.
    pub(super) async fn send_via(&self, admin: &str, sub: &str, method: Method, path: &str) -> (u16, Value) {
        let key = ApiKey::parse(&self.world.key_of(admin).unwrap()).unwrap();
        let workspace = WorkspaceId::parse(sub).unwrap();
        let answer = self.send_as(Access::As { key, workspace }, method, path, None).await.unwrap();
        (answer.status, json(&answer))
    }

    pub(super) async fn get(&self, name: &str, path: &str) -> (u16, Value) {
        let answer = self.send(name, Method::Get, path, None).await.unwrap();
        (answer.status, json(&answer))
    }

    pub(super) async fn ask(&self, name: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(ToString::to_string);
        let answer = self.send(name, method, path, body.as_deref()).await.unwrap();
        (answer.status, json(&answer))
    }

    pub(super) async fn post(&self, name: &str, body: &str) -> (u16, Value) {
        let answer = self.send(name, Method::Post, "workspace-members", Some(body)).await.unwrap();
        (answer.status, json(&answer))
    }

    pub(super) async fn patch(&self, name: &str, id: &str, body: &str) -> (u16, Value) {
        let path = format!("workspace-members/{id}");
        let answer = self.send(name, Method::Patch, &path, Some(body)).await.unwrap();
        (answer.status, json(&answer))
    }

    pub(super) async fn delete(&self, name: &str, id: &str) -> (u16, Value) {
        let path = format!("workspace-members/{id}");
        let answer = self.send(name, Method::Delete, &path, None).await.unwrap();
        (answer.status, json(&answer))
    }

    /// Returns the id of the row with an address.
    pub(super) fn id(&self, name: &str, email: &str) -> String {
        self.world.members(name).into_iter().find(|row| row.email == email).unwrap().id
    }

    pub(super) fn emails(&self, name: &str) -> Vec<String> {
        self.world.members(name).into_iter().map(|row| row.email).collect()
    }
}

pub(super) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

/// A workspace with an owner, an admin and an editor.
pub(super) const ACME: &str = r#"
[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
editor = ["sdr@agency.example"]
"#;
