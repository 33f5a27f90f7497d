//! The permits of a run: how many requests may be in flight over all workspaces, and who of those that wait goes next.
//!
//! Who is deepest goes first: a listing is a chain, each page asks for the next, and the longest chain of the fleet decides when all is done.
//! A chain that is at its hundredth page is more likely to have a hundred more than one that has not begun, and it takes one permit; so a giant
//! reads on at the pace of its answers while thousands of small workspaces share the others. Among equals it is first come, first served.
//!
//! Owns the queue. How many there are is [`breadth`](super::breadth)'s; it must not know workspaces.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::breadth::Breadth;
use super::operation::Operation;

/// The permits. Cheap to share.
#[derive(Debug)]
pub struct Permits {
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    breadth: Breadth,
    out: usize,
    /// Those who wait: the deepest first, among equals who came first.
    waiting: BTreeMap<(Reverse<u32>, u64), oneshot::Sender<Leave>>,
    came: u64,
    /// Answers and the time they took, for the mean round trip.
    answers: u32,
    took: Duration,
    widest: usize,
}

impl Book {
    /// Takes one out, where there is one.
    fn take(&mut self) -> bool {
        let free = self.out < self.breadth.now();
        if free {
            self.out += 1;
            self.widest = self.widest.max(self.out);
        }
        free
    }
}

/// One permit; a permit of the ledger to write is another thing. Dropped, it is given back.
#[derive(Debug)]
#[must_use = "a dropped one is given back"]
pub struct Leave {
    home: Option<Arc<Permits>>,
}

impl Permits {
    /// Makes permits whose number finds itself, at most so many.
    pub fn adaptive(most: usize) -> Arc<Self> {
        Self::of(Breadth::adaptive(most))
    }

    /// Makes so many permits (at least 1).
    pub fn fixed(number: usize) -> Arc<Self> {
        Self::of(Breadth::fixed(number))
    }

    fn of(breadth: Breadth) -> Arc<Self> {
        let book =
            Book { breadth, out: 0, waiting: BTreeMap::new(), came: 0, answers: 0, took: Duration::ZERO, widest: 0 };
        Arc::new(Self { book: Mutex::new(book) })
    }

    /// Waits for a permit; `depth` is how many answers of the same chain came before. Cancel-safe: a wait that is dropped takes none.
    pub async fn acquire(self: &Arc<Self>, depth: u32) -> Leave {
        let waits = {
            let mut book = self.book();
            if book.waiting.is_empty() && book.take() {
                return self.permit();
            }
            let (tell, told) = oneshot::channel();
            let came = book.came;
            book.came += 1;
            book.waiting.insert((Reverse(depth), came), tell);
            told
        };
        // One that gave up may stand before others who could go.
        self.pass_on();
        waits.await.expect("who waits is told before the permits are gone, for it holds them")
    }

    /// Takes a permit if one is free and nobody waits.
    pub fn try_acquire(self: &Arc<Self>) -> Option<Leave> {
        let mut book = self.book();
        let free = book.waiting.is_empty() && book.take();
        drop(book);
        free.then(|| self.permit())
    }

    /// Returns how many are free now.
    pub fn available(&self) -> usize {
        let book = self.book();
        book.breadth.now().saturating_sub(book.out)
    }

    /// Returns how many there can be.
    pub fn most(&self) -> usize {
        self.book().breadth.most()
    }

    /// Allows at most so many from now on, where the number finds itself; tells whether it does.
    pub fn narrow(&self, most: usize) -> bool {
        self.book().breadth.narrow(most)
    }

    /// Tells whether the number stays what it is: because it was asked for, or because there is room for the fewest alone.
    pub fn is_fixed(&self) -> bool {
        self.book().breadth.is_fixed()
    }

    /// Returns how many were out at once, at most.
    pub fn widest(&self) -> usize {
        self.book().widest
    }

    /// Returns the mean time from sending to answer, once anything was answered.
    pub fn round_trip(&self) -> Option<Duration> {
        let book = self.book();
        book.took.checked_div(book.answers)
    }

    fn permit(self: &Arc<Self>) -> Leave {
        Leave { home: Some(Arc::clone(self)) }
    }

    /// Lets those go who can, the deepest first.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let next = {
                let mut book = self.book();
                if book.waiting.is_empty() || !book.take() {
                    return;
                }
                book.waiting.pop_first()
            };
            // Who no longer waits leaves it to the next.
            let unwanted = next.and_then(|(_, tell)| tell.send(self.permit()).err());
            if let Some(mut permit) = unwanted {
                permit.home = None;
                self.book().out -= 1;
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // The book is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// Gives it back with what it was good for: an answer after so long.
    pub(super) fn answered(self, operation: Operation, took: Duration) {
        if let Some(home) = &self.home {
            let mut book = home.book();
            let waits = !book.waiting.is_empty();
            book.breadth.answered(operation, took, waits);
            book.answers = book.answers.saturating_add(1);
            book.took = book.took.saturating_add(took);
        }
    }

    /// Gives it back: no connection could be had.
    pub(super) fn failed(self) {
        if let Some(home) = &self.home {
            home.book().breadth.failed();
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.book().out -= 1;
            home.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_deepest_goes_first_and_among_equals_who_came_first() {
        let permits = Permits::fixed(1);
        let held = permits.acquire(0).await;
        let mut waits: Vec<_> = [(0, 'a'), (3, 'b'), (0, 'c'), (7, 'd'), (3, 'e')]
            .into_iter()
            .map(|(depth, name)| {
                let permits = Arc::clone(&permits);
                Box::pin(async move { (name, permits.acquire(depth).await) })
            })
            .collect();
        for wait in &mut waits {
            assert!(wait.now_or_never().is_none());
        }
        drop(held);
        let mut order = String::new();
        while !waits.is_empty() {
            let ((name, permit), _, others) = futures::future::select_all(waits).await;
            order.push(name);
            waits = others;
            drop(permit);
        }
        assert_eq!(order, "dbeac");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_none_whether_told_already_or_not() {
        let permits = Permits::fixed(2);
        let held = (permits.acquire(0).await, permits.acquire(0).await);
        let mut told = Box::pin(permits.acquire(5));
        let mut waits: Vec<_> = (0..1000).map(|_| Box::pin(permits.acquire(9))).collect();
        assert!((&mut told).now_or_never().is_none());
        for wait in &mut waits {
            assert!(wait.now_or_never().is_none());
        }
        drop(waits);
        let mut last = Box::pin(permits.acquire(1));
        assert!((&mut last).now_or_never().is_none());
        drop(held);
        // Told, but never looked at.
        drop(told);
        drop(last.await);
        assert_eq!(permits.available(), 2);
        assert!(permits.try_acquire().is_some() && permits.book().waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn more_of_them_let_those_go_who_wait() {
        let permits = Permits::adaptive(512);
        let mut out: Vec<Leave> = (0..64).filter_map(|_| permits.try_acquire()).collect();
        assert!(out.len() == 64 && permits.try_acquire().is_none());
        let mut waits: Vec<_> = (0..10).map(|_| Box::pin(permits.acquire(0))).collect();
        assert!(waits.iter_mut().all(|wait| wait.now_or_never().is_none()));
        for _ in 0..5 {
            out.pop().unwrap().answered(Operation::MemberList, Duration::from_millis(50));
        }
        // Five came back, and five more may be out.
        let gone = waits.iter_mut().filter_map(futures::FutureExt::now_or_never).collect::<Vec<_>>();
        assert_eq!((gone.len(), permits.widest()), (10, 69));
        assert_eq!(permits.round_trip(), Some(Duration::from_millis(50)));
    }
}
