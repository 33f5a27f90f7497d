//! Lanes: one future per workspace, many at once, one's panic nobody else's.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt as _, Stream, StreamExt as _, stream};

/// A lane that panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

/// Lanes alive at once. A lane that waits (for its pace, a Retry-After, a settle time) holds no permit but does hold a few
/// kilobytes, so this bounds memory, not speed: a fleet of a thousand never queues here.
pub const ALIVE: usize = 1024;

/// Runs one future per item, at most [`ALIVE`] at a time, and yields each result with its place as it ends.
pub fn each<'a, I, T, F, Fut>(items: I, start: F) -> impl Stream<Item = (usize, Result<T, Panicked>)> + 'a
where
    I: IntoIterator + 'a,
    F: FnMut(I::Item) -> Fut + 'a,
    Fut: Future<Output = T> + 'a,
    T: 'a,
{
    at_most(ALIVE, items, start)
}

/// Runs one future per item, at most so many at a time, and yields each result with its place as it ends.
pub fn at_most<'a, I, T, F, Fut>(
    most: usize,
    items: I,
    mut start: F,
) -> impl Stream<Item = (usize, Result<T, Panicked>)> + 'a
where
    I: IntoIterator + 'a,
    F: FnMut(I::Item) -> Fut + 'a,
    Fut: Future<Output = T> + 'a,
    T: 'a,
{
    in_stretches(items)
        .map(move |(place, item)| {
            let lane = AssertUnwindSafe(start(item)).catch_unwind();
            async move { (place, lane.await.map_err(|_panic| Panicked)) }
        })
        .buffer_unordered(most)
}

/// Lanes that may be begun and not yet taken where each is taken in the items' order. A lane that is ahead waits for its turn with all it
/// has read, so this bounds memory whatever the fleet's size; a lane that hangs holds up only those so far behind it. Twice what can be in
/// flight, so that a slow lane costs the others nothing as long as it is no slower than two rounds of them.
pub const AHEAD: usize = 1024;

/// Lanes alive at once that hold an open file each and all they read, as those of a report do. They read their lists side by side, so that
/// fewer of them have as much in flight.
pub const HOLDING: usize = 256;

/// Runs one future per item and yields the results in the items' order, each as soon as its turn has come. At most [`AHEAD`] lanes are
/// begun and not yet taken.
pub fn in_turn<'a, I, T, F, Fut>(items: I, mut start: F) -> impl Stream<Item = Result<T, Panicked>> + 'a
where
    I: IntoIterator + 'a,
    F: FnMut(I::Item) -> Fut + 'a,
    Fut: Future<Output = T> + 'a,
    T: 'a,
{
    in_stretches(items)
        .map(move |(_place, item)| {
            let lane = AssertUnwindSafe(start(item)).catch_unwind();
            async move { lane.await.map_err(|_panic| Panicked) }
        })
        .buffered(AHEAD)
}

/// Lanes that are begun at a stretch. In between, what was begun gets to the network and what was answered is taken: else the first row waits
/// until a thousand lanes have opened their files.
const STRETCH: usize = 64;

/// Yields items with their places, and the thread after every stretch of them.
fn in_stretches<I: IntoIterator>(items: I) -> impl Stream<Item = (usize, I::Item)> {
    stream::iter(items.into_iter().enumerate()).then(|(place, item)| async move {
        if place > 0 && place % STRETCH == 0 {
            tokio::task::yield_now().await;
        }
        (place, item)
    })
}

/// Runs one future per item and returns the results in the items' order.
pub async fn all<'a, I, T, F, Fut>(items: I, start: F) -> Vec<Result<T, Panicked>>
where
    I: IntoIterator + 'a,
    F: FnMut(I::Item) -> Fut + 'a,
    Fut: Future<Output = T> + 'a,
    T: 'a,
{
    let mut ended: Vec<(usize, Result<T, Panicked>)> = each(items, start).collect().await;
    ended.sort_by_key(|(place, _)| *place);
    ended.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::cell::Cell;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn results_stand_in_the_order_of_the_items_and_a_panic_is_one_lanes_own() {
        let clock = Clock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let results = all([3_u64, 1, 2], |seconds| async move {
            clock.sleep(Duration::from_secs(seconds)).await;
            assert!(seconds != 1, "one lane fails");
            seconds
        })
        .await;
        assert_eq!(results, [Ok(3), Err(Panicked), Ok(2)]);
        assert_eq!(clock.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_that_are_ahead_wait_for_their_turn_and_never_pile_up() {
        let clock = Clock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let (begun, taken, most) = (Cell::new(0_usize), Cell::new(0_usize), Cell::new(0_usize));
        let lanes = in_turn(0..AHEAD * 4, |place| {
            begun.set(begun.get() + 1);
            most.set(most.get().max(begun.get() - taken.get()));
            async move {
                // Every hundredth hangs for a while, the first of all too.
                clock.sleep(Duration::from_secs(if place % 100 == 0 { 60 } else { 1 })).await;
                place
            }
        });
        futures::pin_mut!(lanes);
        let mut order = Vec::new();
        while let Some(place) = lanes.next().await {
            taken.set(taken.get() + 1);
            order.push(place.unwrap());
        }
        assert_eq!(order, (0..AHEAD * 4).collect::<Vec<_>>());
        // The one that is being taken was begun before the next one is.
        assert!(most.get() <= AHEAD + 1, "{}", most.get());
        assert!(clock.elapsed() < Duration::from_mins(6), "{:?}", clock.elapsed());
    }
}
