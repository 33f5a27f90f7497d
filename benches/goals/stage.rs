//! Whole runs in this process and in virtual time: what the schedule makes of latency and pace, with no machine in between.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyholder::api::transport::{Method, Request, Transport as _};
use keyholder::clock::Clock;
use keyholder::domain::fleet::BaseUrl;
use keyholder::domain::{Access, ApiKey};
use keyholder::sim::{Local, LocalSettings, Op, World, root};

use crate::inside::{self, Said};

const ORIGIN: &str = "http://127.0.0.1:9";

/// An agency with its simulated API.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) root: PathBuf,
    road: LocalSettings,
    clock: Clock,
    runtime: tokio::runtime::Runtime,
    _home: tempfile::TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: u8,
    pub(crate) out: String,
    pub(crate) err: String,
    /// Virtual seconds.
    pub(crate) took: f64,
    /// Requests of its own; beside another tool, a reading of webhooks is that one's.
    pub(crate) requests: usize,
    /// 429s of its own.
    pub(crate) rejected: usize,
    /// The world's clock when it began.
    pub(crate) began: Duration,
}

impl Stage {
    /// Makes a stage; `share` is of the published limit.
    pub(crate) fn new(world: World, away: Duration, jitter: Duration, share: f64) -> Self {
        let home = crate::support::folder();
        let root = home.path().join("agency");
        root::write(&world, &root, ORIGIN).expect("a root can be written");
        let file = root.join("keyholder.toml");
        let text = fs::read_to_string(&file).expect("the root has a file");
        fs::write(file, format!("{text}share = {share}\ndeadline = \"6h\"\n")).expect("it can be written");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.expect("a runtime can be made");
        let start = "2026-11-20T08:00:00Z".parse().expect("a moment");
        let clock = runtime.block_on(async { Clock::starting_at(start) });
        Self {
            world,
            root,
            road: LocalSettings { latency: away, jitter, seed: 7, serves: None },
            clock,
            runtime,
            _home: home,
        }
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.run_beside(words, 0)
    }

    /// Runs a command while another tool sends so many requests a second into every workspace.
    pub(crate) fn run_beside(&self, words: &[&str], foreign: u32) -> Ended {
        self.runtime.block_on(async {
            self.world.record(usize::MAX);
            let before = self.world.requests().len();
            let began = self.clock.elapsed();
            let clock = Clock::starting_at(self.clock.now());
            let transport = Arc::new(Local::new(self.world.clone(), self.clock, self.road));
            let Said { exit, out, err } = tokio::select! {
                biased;
                said = Box::pin(inside::run(&self.root, words, clock, transport)) => said,
                () = Box::pin(self.others(foreign)) => unreachable!("it goes on"),
            };
            let took = clock.elapsed().as_secs_f64();
            let (requests, rejected) = self.own(before, foreign > 0);
            Ended { exit, out, err, took, requests, rejected, began }
        })
    }

    /// Is the other tool: evenly, and whatever is answered.
    async fn others(&self, each_second: u32) {
        if each_second == 0 {
            return std::future::pending().await;
        }
        let road = &Local::new(self.world.clone(), self.clock, LocalSettings { seed: 8, ..self.road });
        let second = Duration::from_secs(1);
        let keys = self.world.names().into_iter().filter_map(|name| self.world.key_of(&name));
        // Each asks once a second, at a moment of its own.
        let lanes =
            keys.flat_map(|key| (0..each_second).map(move |at| (key.clone(), at))).map(|(key, at)| async move {
                let request = Request {
                    method: Method::Get,
                    base: BaseUrl::parse(ORIGIN).expect("an origin"),
                    path: "/api/v2/webhooks?limit=1".to_owned(),
                    access: Access::Own(ApiKey::parse(&key).expect("it is a key")),
                    body: None,
                    timeout: Duration::from_secs(30),
                };
                self.clock.sleep(second * at / each_second).await;
                loop {
                    let (_whatever, ()) = futures::join!(road.send(request.clone()), self.clock.sleep(second));
                }
            });
        futures::future::join_all(lanes).await;
    }

    /// Counts requests since so many, and their 429s, without those of the other tool where there was one.
    fn own(&self, since: usize, beside: bool) -> (usize, usize) {
        let seen = self.world.requests();
        let own = seen.iter().skip(since).filter(|seen| !beside || seen.operation != Some(Op::WebhookList));
        own.fold((0, 0), |(all, rejected), seen| (all + 1, rejected + usize::from(seen.status == Some(429))))
    }
}

impl Ended {
    /// Requires that it went well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.exit, 0, "{}\n{}", self.out, self.err);
        self
    }
}
