//! The bare floor: the least a program could do with the same libraries. The same pages, as many in flight, rows decoded into borrowed fields and
//! written as merged CSV; nothing paced, checked, ordered, repeated or written down. It asks nobody who they are.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use serde::de::{Deserializer, Error, IgnoredAny, Visitor};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::support;

/// A text that is borrowed from the answer unless it has escapes: `Option<Cow<str>>` by itself never borrows.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrows;
        impl<'de> Visitor<'de> for Borrows {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Borrows).map(Text)
    }
}

impl Text<'_> {
    fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of what may be absent.
fn or_none<'a>(text: Option<&'a Text<'_>>) -> &'a str {
    text.map_or("", Text::as_str)
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<'a, Row> {
    items: Vec<Row>,
    #[serde(borrow)]
    next_starting_after: Option<Text<'a>>,
}

/// A row that can be written.
trait Line {
    const FILE: &'static str;
    const PATH: &'static str;
    fn write(&self, out: &mut Out) -> csv::Result<()>;
}

/// What decodes a row of whatever lifetime.
trait Rows {
    type Row<'a>: Deserialize<'a> + Line;
}

macro_rules! list {
    ($rows:ident, $row:ident, $file:literal, $path:literal, { $($required:ident),* }, { $($optional:ident),* }, { $($other:ident: $type:ty),* }) => {
        #[derive(Deserialize)]
        struct $row<'a> {
            $(#[serde(borrow)] $required: Text<'a>,)*
            $(#[serde(borrow)] $optional: Option<Text<'a>>,)*
            $($other: $type,)*
        }

        impl Line for $row<'_> {
            const FILE: &'static str = $file;
            const PATH: &'static str = $path;
            fn write(&self, out: &mut Out) -> csv::Result<()> {
                $(out.write_field(self.$required.as_str())?;)*
                $(out.write_field(or_none(self.$optional.as_ref()))?;)*
                $(out.write_field(shown(&self.$other))?;)*
                out.write_record(None::<&[u8]>)
            }
        }

        struct $rows;
        impl Rows for $rows {
            type Row<'a> = $row<'a>;
        }
    };
}

fn shown<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a number, a flag, a list")
}

list!(Members, Member, "members", "/api/v2/workspace-members",
    { id, email, user_id, role, timestamp_created, workspace_id }, { user_email, nickname, issuer_id },
    { accepted: bool, permissions: Option<Vec<String>> });
list!(Webhooks, Webhook, "webhooks", "/api/v2/webhooks",
    { id, organization, target_hook_url, timestamp_created }, { campaign, name, event_type, timestamp_error },
    { status: Option<i8> });
list!(LeadLists, LeadList, "lists", "/api/v2/lead-lists",
    { id, organization_id, name, timestamp_created }, { owned_by }, { has_enrichment_task: Option<bool> });
list!(Jobs, Job, "jobs", "/api/v2/background-jobs",
    { id, workspace_id, status, created_at, updated_at }, { user_id, entity_id, entity_type }, { progress: Option<f64> });

/// A file that may be hashed as it is written.
struct Sink {
    file: File,
    hash: Option<Sha256>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink {
    fn end(self) {
        std::hint::black_box(self.hash.map(Digest::finalize));
    }
}

type Out = csv::Writer<Sink>;

fn begin(path: &Path, hashed: bool) -> Out {
    let file = File::create(path).expect("a file can be made");
    csv::WriterBuilder::new().buffer_capacity(64 * 1024).from_writer(Sink { file, hash: hashed.then(Sha256::new) })
}

fn end(out: Out) -> Sink {
    out.into_inner().map_err(|error| error.to_string()).expect("it can be written")
}

/// What is written: merged lists alone, or what a report writes too: each list in a folder of its workspace, all of that read, hashed and merged
/// in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Merged,
    Filed,
}

/// Sweeps the four lists of every key of a root.
pub(crate) fn floor(base: &str, root: &Path, in_flight: usize, out: &Path, written: Written) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).http1_only();
    let client = client.pool_max_idle_per_host(in_flight).build().expect("a client can be made");
    let keys = support::keys(root);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let filed = written == Written::Filed;
    let names = [Member::FILE, Webhook::FILE, LeadList::FILE, Job::FILE];
    let merged_lists = names.map(|name| RefCell::new(begin(&out.join(format!("{name}.csv")), filed)));
    let [members, webhooks, lists, jobs] = &merged_lists;
    let (client, folders) = (&client, out.join("workspaces"));
    runtime.block_on(async {
        let walks = keys.iter().enumerate().flat_map(|(place, key)| {
            let folder = filed.then(|| folders.join(place.to_string()));
            [
                Box::pin(keep::<Members>(client, base, key, members, folder.clone())) as LocalBoxFuture<'_, ()>,
                Box::pin(keep::<Webhooks>(client, base, key, webhooks, folder.clone())),
                Box::pin(keep::<LeadLists>(client, base, key, lists, folder.clone())),
                Box::pin(keep::<Jobs>(client, base, key, jobs, folder)),
            ]
        });
        futures::stream::iter(walks).buffer_unordered(in_flight).for_each(|()| async {}).await;
    });
    let mut piece = vec![0; 256 * 1024];
    for (name, merged) in names.into_iter().zip(merged_lists) {
        let mut merged = end(merged.into_inner());
        for place in (0..keys.len()).filter(|_| filed) {
            merge(&folders.join(place.to_string()).join(format!("{name}.csv")), &mut piece, &mut merged);
        }
        merged.end();
    }
}

/// Walks one list of one workspace to its end, into the merged file or into one of its own.
async fn keep<R: Rows>(
    client: &reqwest::Client,
    base: &str,
    key: &str,
    merged: &RefCell<Out>,
    folder: Option<PathBuf>,
) {
    let Some(folder) = folder else { return walk::<R>(client, base, key, merged).await };
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let own = RefCell::new(begin(&folder.join(format!("{}.csv", <R::Row<'_> as Line>::FILE)), true));
    walk::<R>(client, base, key, &own).await;
    end(own.into_inner()).end();
}

/// Reads a file, hashes it and writes it behind another.
fn merge(path: &Path, piece: &mut [u8], merged: &mut Sink) {
    let mut file = File::open(path).expect("it was written");
    let mut hash = Sha256::new();
    loop {
        match file.read(piece).expect("it can be read") {
            0 => break,
            read => {
                hash.update(&piece[..read]);
                merged.write_all(&piece[..read]).expect("it can be written");
            }
        }
    }
    std::hint::black_box(hash.finalize());
}

/// Walks the audit log of the first key of a root to its end, a thousand records a page, decodes the cursors and keeps nothing; returns the
/// seconds it took. What a chain is bound by besides its latency is the simulator's timer and the sending of half a megabyte a page.
pub(crate) fn chain(base: &str, root: &Path) -> f64 {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client =
        reqwest::Client::builder().no_proxy().tls_certs_only([]).http1_only().build().expect("a client can be made");
    let key = support::keys(root).swap_remove(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    let before = support::now();
    runtime.block_on(async {
        let first = format!("{base}/api/v2/audit-logs?limit=1000");
        let mut next = Some(first.clone());
        while let Some(url) = next {
            let answer = client.get(url).bearer_auth(&key).send().await.expect("it answers");
            let body = answer.bytes().await.expect("whole");
            let page: Page<'_, IgnoredAny> = serde_json::from_slice(&body).expect("a page");
            assert!(!page.items.is_empty(), "a page has rows");
            next = page.next_starting_after.map(|after| format!("{first}&starting_after={}", after.as_str()));
        }
    });
    before.elapsed().as_secs_f64()
}

/// Walks one list of one workspace to its end.
async fn walk<R: Rows>(client: &reqwest::Client, base: &str, key: &str, out: &RefCell<Out>) {
    let first = format!("{base}{}?limit=100", <R::Row<'_> as Line>::PATH);
    let mut next = Some(first.clone());
    while let Some(url) = next {
        let answer = client.get(url).bearer_auth(key).send().await.expect("it answers");
        assert!(answer.status().is_success(), "{}", answer.status());
        let body = answer.bytes().await.expect("whole");
        let text = std::str::from_utf8(&body).expect("UTF-8");
        let page: Page<'_, R::Row<'_>> = serde_json::from_str(text).expect("a page");
        let mut out = out.borrow_mut();
        page.items.iter().try_for_each(|row| row.write(&mut out)).expect("it can be written");
        next = page.next_starting_after.map(|after| format!("{first}&starting_after={}", after.as_str()));
    }
}
