//! Walking through a long list one page ahead: while the rows of a page are taken, the next one is on its way.
//!
//! Owns when the next page is asked for. What a page says and where the walk goes is `page`'s; when a request may be sent and when it is
//! tried again is `client`'s. A chain of a thousand rows a page is bound by its round trips alone then.

use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;

use super::client::Client;
use super::error::Error;
use super::operation::Operation;
use super::page::{Ask, Listing, Page, Pager};

/// How often the thread is given away for the next request to get from the client to its connection: it passes two tasks on its way.
const HANDS: usize = 3;

/// A request that was begun before its turn.
struct Begun<'a> {
    ask: Ask,
    came: Pin<Box<dyn Future<Output = Result<Bytes, Error>> + 'a>>,
}

impl Client {
    /// Walks through a list to its end like [`Client::walk`], and asks for each page as soon as the one before it has come. `take` takes the rows
    /// of a page, and keeps none.
    pub(super) async fn walk_ahead(
        &self,
        operation: Operation,
        pager: &mut Pager,
        mut take: impl FnMut(&mut Pager, &[u8]) -> Result<Page<()>, String>,
    ) -> Result<Listing<()>, Error> {
        let mut patience = self.patience();
        let mut listing = Listing::default();
        let mut begun: Option<Begun<'_>> = None;
        while let Some(ask) = pager.next().cloned() {
            // What was foretold and does not come next, as after a disk that is full, is given up.
            let came = match begun.take().filter(|begun| begun.ask == ask) {
                Some(begun) => begun.came.await,
                None => self.once(operation, &ask, patience.depth).await,
            };
            let error = match came {
                Ok(body) => {
                    begun = self.begin(operation, pager.ahead(&body), patience.depth + 1).await;
                    match take(pager, &body) {
                        Ok(page) => {
                            self.took(operation, &ask);
                            patience.turn();
                            listing.add(page);
                            continue;
                        }
                        Err(fault) => self.misread(operation, &fault),
                    }
                }
                Err(error) => error,
            };
            begun = None;
            self.again(operation, &mut patience, error).await?;
        }
        Ok(listing)
    }

    /// Begins to ask for a page, and returns once that is on its way, or waits for its pace.
    async fn begin(&self, operation: Operation, ask: Option<Ask>, depth: u32) -> Option<Begun<'_>> {
        let asked = ask?;
        let ask = asked.clone();
        let mut came: Begun<'_> =
            Begun { ask, came: Box::pin(async move { self.once(operation, &asked, depth).await }) };
        for _ in 0..HANDS {
            if let Poll::Ready(answer) = futures::poll!(came.came.as_mut()) {
                came.came = Box::pin(std::future::ready(answer));
                break;
            }
            tokio::task::yield_now().await;
        }
        Some(came)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::script::{Line, Stage};

    fn page(cursor: Option<&str>) -> Line {
        let mut page = json!({"items": [{"id": "a"}]});
        if let Some(cursor) = cursor {
            page["next_starting_after"] = cursor.into();
        }
        Line::Answer(200, page.to_string())
    }

    /// Walks, and tells how many requests had been sent when each page was taken; `fault` may refuse the page of a number.
    async fn walked(lines: impl IntoIterator<Item = Line>, mut fault: impl FnMut(usize) -> bool) -> (Vec<usize>, u64) {
        let stage = Stage::playing(lines);
        let mut pager = Pager::new("/api/v2/audit-logs", 1_000, &[]);
        let mut sent = Vec::new();
        let take = |pager: &mut Pager, body: &[u8]| {
            sent.push(stage.seen().len());
            if fault(sent.len()) {
                return Err("it cannot be read".to_owned());
            }
            let page = serde_json::from_slice(body).map_err(|why| why.to_string())?;
            Ok(pager.take(page, |_: Named| Ok(())))
        };
        let listing = stage.client.walk_ahead(Operation::TrailList, &mut pager, take).await.unwrap();
        assert_eq!(listing.complete, Ok(()));
        stage.ended();
        (sent, stage.tally.taken())
    }

    #[derive(Hash, serde::Deserialize)]
    struct Named {
        id: String,
    }

    impl crate::api::page::Row for Named {
        fn id(&self) -> Option<&str> {
            Some(&self.id)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_page_is_on_its_way_while_the_rows_of_one_are_taken() {
        let lines = [page(Some("c1")), page(Some("c2")), page(None)];
        assert_eq!(walked(lines, |_| false).await, (vec![2, 3, 3], 3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_came_early_is_judged_in_its_turn() {
        let lines = [page(Some("c1")), Line::Reset, Line::Throttle(Some("1")), page(None)];
        assert_eq!(walked(lines, |_| false).await, (vec![2, 4], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_a_page_that_cannot_be_read_is_asked_for_again_behind_it() {
        let lines = [page(Some("c1")), page(None), page(Some("c1")), page(None)];
        assert_eq!(walked(lines, |taken| taken == 1).await, (vec![2, 4, 4], 2));
    }
}
