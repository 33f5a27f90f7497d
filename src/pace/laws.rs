//! Laws of pacing, in virtual time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _, stream};
use proptest::prelude::*;
use tokio::time::Instant;

use super::{CAP, Pacer, Ticket};
use crate::clock::Clock;

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> Clock {
    Clock::starting_at(jiff::Timestamp::UNIX_EPOCH)
}

fn in_virtual_time<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

/// Tells the most requests any half-open window of a second holds.
fn fullest_window(arrivals: &mut [Instant]) -> usize {
    arrivals.sort_unstable();
    (0..arrivals.len())
        .map(|first| arrivals[first..].partition_point(|arrival| *arrival < arrivals[first] + SECOND))
        .max()
        .unwrap_or(0)
}

/// Sends one request that arrives `shift` after it is sent and is answered `latency` after it arrived; without latency it
/// is never answered. Returns when it arrived.
async fn request(pacer: &Arc<Pacer>, clock: Clock, shift: Duration, latency: Option<Duration>) -> Instant {
    let mut ticket = pacer.admit().await;
    ticket.sent();
    let arrived = clock.instant() + shift;
    match latency {
        Some(latency) => {
            clock.sleep(shift + latency).await;
            ticket.answered();
        }
        None => drop(ticket),
    }
    arrived
}

async fn send(pacer: &Arc<Pacer>) -> Ticket {
    let mut ticket = pacer.admit().await;
    ticket.sent();
    ticket
}

/// When it comes, by how much its arrival shifts, how long the answer takes (or that none comes), all in microseconds.
fn arrivals() -> impl Strategy<Value = Vec<(u64, u64, Option<u64>)>> {
    let cap = u64::try_from(CAP.as_micros()).unwrap();
    prop::collection::vec((0u64..4_000_000, 0..cap, prop::option::weighted(0.9, 0u64..3_000_000)), 1..250)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_second_at_the_server_sees_more_than_n(places in 1u32..60, requests in arrivals(), at_once: bool) {
        let fullest = in_virtual_time(async {
            let clock = clock();
            let pacer = Pacer::new(clock, places);
            let mut arrived = join_all(requests.iter().map(|(start, shift, latency)| {
                let (pacer, start) = (&pacer, if at_once { 0 } else { *start });
                async move {
                    clock.sleep(Duration::from_micros(start)).await;
                    request(pacer, clock, Duration::from_micros(*shift), latency.map(Duration::from_micros)).await
                }
            }))
            .await;
            fullest_window(&mut arrived)
        });
        prop_assert!(fullest <= places as usize, "{fullest} in a second, {places} places");
    }

    #[test]
    fn throughput_is_what_the_guarantee_permits(places in 5u32..100, rtt in 1u64..400) {
        let rtt = Duration::from_millis(rtt);
        let (count, took) = in_virtual_time(async {
            let clock = clock();
            let pacer = Pacer::new(clock, places);
            let count = places * 12;
            join_all((0..count).map(|_| request(&pacer, clock, Duration::ZERO, Some(rtt)))).await;
            (count, clock.elapsed().saturating_sub(rtt))
        });
        let bound = f64::from(places) / (1.0 + rtt.min(CAP).as_secs_f64());
        // The first n go at once, so n requests fewer took the time.
        let rate = f64::from(count - places) / took.as_secs_f64();
        prop_assert!(rate >= 0.95 * bound, "{rate} of {bound}");
    }

    #[test]
    fn nothing_is_lost_when_waits_are_cancelled(places in 1u32..8, patience in prop::collection::vec(0u64..2_500, 1..60)) {
        in_virtual_time(async {
            let clock = clock();
            let pacer = Pacer::new(clock, places);
            // Everyone leaves after a while: some waiting, some with a place reserved, some with a request in flight.
            join_all(patience.iter().enumerate().map(|(index, patience)| {
                let pacer = &pacer;
                async move {
                    let work = async {
                        let mut ticket = pacer.admit().await;
                        clock.sleep(Duration::from_millis(3)).await;
                        if index % 3 == 0 {
                            return;
                        }
                        ticket.sent();
                        clock.sleep(Duration::from_millis(40)).await;
                        ticket.answered();
                    };
                    tokio::select! { () = work => {}, () = clock.sleep(Duration::from_millis(*patience)) => {} }
                }
            }))
            .await;
            clock.sleep(SECOND + CAP).await;
            // All places are there again, at once.
            let tickets = join_all((0..places).map(|_| pacer.admit())).now_or_never();
            prop_assert_eq!(tickets.map(|tickets| tickets.len()), Some(places as usize));
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn n_requests_are_admitted_at_once_and_the_next_a_second_later() {
    let clock = clock();
    let pacer = Pacer::new(clock, 50);
    let tickets: Vec<_> = join_all((0..50).map(|_| send(&pacer))).now_or_never().unwrap();
    assert_eq!(pacer.next_free(), Some(clock.instant() + SECOND + CAP));
    tickets.into_iter().for_each(Ticket::answered);
    assert_eq!(pacer.next_free(), Some(clock.instant() + SECOND));
    drop(pacer.admit().await);
    assert_eq!(clock.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_request_holds_its_place_for_the_window_and_the_cap() {
    let clock = clock();
    let pacer = Pacer::new(clock, 1);
    drop(send(&pacer).await);
    drop(pacer.admit().await);
    assert_eq!(clock.elapsed(), SECOND + CAP);
}

#[tokio::test(start_paused = true)]
async fn places_that_another_process_spent_come_free_when_it_said() {
    let clock = clock();
    let pacer = Pacer::new(clock, 3);
    pacer.occupy(Some(2), clock.instant() + Duration::from_millis(400));
    let mut one = pacer.admit().await;
    one.sent();
    assert_eq!(clock.elapsed(), Duration::ZERO, "one was left");
    drop(pacer.admit().await);
    assert_eq!(clock.elapsed(), Duration::from_millis(400));
    assert_eq!(pacer.held(), (1, Some(clock.instant() + Duration::from_millis(650))), "its own is told on");
    pacer.occupy(None, clock.instant() + Duration::from_secs(1));
    drop(pacer.admit().await);
    assert_eq!(clock.elapsed(), Duration::from_millis(1_400), "none is all there are");
}

#[tokio::test(start_paused = true)]
async fn a_reserved_place_is_held_until_it_is_dropped() {
    let clock = clock();
    let pacer = Pacer::new(clock, 1);
    let reserved = pacer.admit().await;
    assert!(pacer.next_free().is_none());
    tokio::join!(async { drop(pacer.admit().await) }, async {
        clock.sleep(Duration::from_secs(9)).await;
        drop(reserved);
    });
    assert_eq!(clock.elapsed(), Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn who_asks_first_is_served_first() {
    let clock = clock();
    let pacer = Pacer::new(clock, 2);
    let order = Mutex::new(Vec::new());
    join_all((0..20).map(|index| {
        let (pacer, order) = (&pacer, &order);
        async move {
            let ticket = send(pacer).await;
            order.lock().unwrap().push(index);
            ticket.answered();
        }
    }))
    .await;
    assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_slow_lane_does_not_delay_another() {
    let clock = clock();
    let (slow, quick) = (Pacer::new(clock, 1), Pacer::new(clock, 50));
    send(&slow).await.throttled(Some(Duration::from_secs(500)));
    let (_, quick_took) = tokio::join!(slow.admit(), async {
        join_all((0..50).map(|_| request(&quick, clock, Duration::ZERO, Some(Duration::from_millis(5))))).await;
        clock.elapsed()
    });
    assert_eq!(quick_took, Duration::from_millis(5));
    assert!(clock.elapsed() >= Duration::from_secs(500));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_rejections_slows_once_and_honours_the_hint() {
    let clock = clock();
    let pacer = Pacer::new(clock, 8);
    let burst: Vec<_> = join_all((0..8).map(|_| send(&pacer))).await;
    clock.sleep(Duration::from_millis(20)).await;
    for ticket in burst {
        ticket.throttled(Some(Duration::from_secs(7)));
    }
    let resumed = pacer.next_free().unwrap();
    assert!(resumed >= clock.instant() + Duration::from_secs(7));
    assert!(resumed <= clock.instant() + Duration::from_secs(7) + CAP);
    clock.sleep_until(resumed).await;
    // All eight places were held, so this is no bucket that punishes bursts: half of them go at once, not a sixteenth.
    let again = join_all((0..4).map(|_| send(&pacer))).now_or_never().expect("half is allowed at once");
    assert!(pacer.admit().now_or_never().is_none());
    drop(again);
}

#[tokio::test(start_paused = true)]
async fn what_was_halved_grows_back_evenly() {
    let clock = clock();
    let pacer = Pacer::new(clock, 40);
    let burst: Vec<_> = join_all((0..40).map(|_| send(&pacer))).await;
    for ticket in burst {
        ticket.throttled(Some(SECOND));
    }
    clock.sleep(SECOND + CAP + Duration::from_millis(5)).await;
    for (seconds, allowed) in [(0, 20), (5, 30), (9, 40)] {
        clock.sleep(Duration::from_secs(seconds)).await;
        let mut tickets = Vec::new();
        while let Some(ticket) = pacer.admit().now_or_never() {
            tickets.push(ticket);
        }
        // Two a second come back; the millisecond of the timer may hide one.
        assert!((allowed - 1..=allowed).contains(&tickets.len()), "{} of {allowed}", tickets.len());
    }
}

#[tokio::test(start_paused = true)]
async fn rejections_in_a_row_pause_longer_and_never_beyond_the_cap() {
    let clock = clock();
    let pacer = Pacer::seeded(clock, 1, 11);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let ticket = send(&pacer).await;
        clock.sleep(Duration::from_millis(1)).await;
        ticket.throttled(None);
        pauses.push(pacer.next_free().unwrap() - clock.instant());
    }
    assert!(pauses[0] <= SECOND && pauses[4] >= Duration::from_secs(8), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(30)), "{pauses:?}");
    let ticket = send(&pacer).await;
    clock.sleep(Duration::from_millis(1)).await;
    ticket.answered();
    let ticket = send(&pacer).await;
    clock.sleep(Duration::from_millis(1)).await;
    ticket.throttled(None);
    assert!(pacer.next_free().unwrap() - clock.instant() <= SECOND, "an answer lets pauses begin small again");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_with_places_to_spare_leads_to_even_spacing() {
    let clock = clock();
    let pacer = Pacer::new(clock, 20);
    send(&pacer).await.throttled(Some(SECOND));
    let mut sent = Vec::new();
    for _ in 0..20 {
        let ticket = send(&pacer).await;
        sent.push(clock.instant());
        ticket.answered();
    }
    let narrowest = sent.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    // Ten a second at first, growing by one a second: never two closer than a twelfth of a second.
    assert!(narrowest >= Duration::from_millis(80), "{narrowest:?}");
    // After a calm minute with everything grown back, bursts are tried again.
    clock.sleep(Duration::from_mins(2)).await;
    assert_eq!(join_all((0..20).map(|_| send(&pacer))).now_or_never().map(|tickets| tickets.len()), Some(20));
}

#[tokio::test(start_paused = true)]
async fn a_slowdown_makes_reserved_tickets_stale() {
    let pacer = Pacer::new(clock(), 4);
    let reserved = pacer.admit().await;
    assert!(!reserved.is_stale());
    send(&pacer).await.throttled(None);
    assert!(reserved.is_stale());
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_is_known_at_once_by_all_who_wait() {
    let clock = clock();
    let pacer = Pacer::new(clock, 1);
    let ticket = send(&pacer).await;
    let deadline = clock.instant() + Duration::from_hours(1);
    let waiting = join_all((0..5).map(|_| pacer.admit_before(deadline)));
    let (admitted, ()) = tokio::join!(waiting, async {
        clock.sleep(Duration::from_millis(10)).await;
        ticket.throttled(Some(Duration::MAX));
    });
    assert!(admitted.iter().all(Option::is_none));
    assert_eq!(clock.elapsed(), Duration::from_millis(10));
    assert!(pacer.admit_before(deadline).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_full_pacer_gives_up_at_the_deadline() {
    let clock = clock();
    let pacer = Pacer::new(clock, 1);
    let _held = pacer.admit().await;
    assert!(pacer.admit_before(clock.instant() + SECOND).await.is_none());
    assert_eq!(clock.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiters_go_by_the_hundred() {
    let clock = clock();
    let pacer = Pacer::new(clock, 100);
    let moments: BTreeSet<Instant> = stream::iter(0..1000)
        .map(|_| async {
            let ticket = send(&pacer).await;
            ticket.answered();
            clock.instant()
        })
        .buffer_unordered(1000)
        .collect()
        .await;
    // A hundred at once, ten times.
    assert_eq!(moments.len(), 10);
    assert_eq!(clock.elapsed(), Duration::from_secs(9));
}

/// A server that counts per sliding second, with a foreign tool that spends part of it evenly.
struct Shared {
    limit: usize,
    foreign_every: Duration,
    taken: Mutex<Vec<Instant>>,
}

impl Shared {
    /// Tells whether one more request fits now. The foreign tool never yields.
    fn takes(&self, clock: Clock) -> bool {
        let now = clock.instant();
        let mut taken = self.taken.lock().unwrap();
        taken.retain(|moment| *moment + SECOND > now);
        let foreign = SECOND.as_micros() / self.foreign_every.as_micros();
        let fits = taken.len() + usize::try_from(foreign).unwrap() < self.limit;
        if fits {
            taken.push(now);
        }
        fits
    }
}

#[tokio::test(start_paused = true)]
async fn beside_other_tools_it_settles_at_what_is_left_and_loses_nothing() {
    let clock = clock();
    let server = Shared { limit: 100, foreign_every: Duration::from_millis(25), taken: Mutex::default() };
    let pacer = Pacer::seeded(clock, 100, 3);
    let (done, rejected) = (Mutex::new(0_u32), Mutex::new(0_u32));
    let one = || async {
        loop {
            let ticket = send(&pacer).await;
            clock.sleep(Duration::from_millis(20)).await;
            if server.takes(clock) {
                ticket.answered();
                *done.lock().unwrap() += 1;
                return;
            }
            ticket.throttled(None);
            *rejected.lock().unwrap() += 1;
        }
    };
    join_all((0..6000).map(|_| one())).await;
    let (done, rejected, took) = (*done.lock().unwrap(), *rejected.lock().unwrap(), clock.elapsed().as_secs_f64());
    assert_eq!(done, 6000);
    // Sixty a second are left. Two thirds of them are won, for at most one rejection in fifty.
    assert!(f64::from(done) / took >= 40.0, "{done} in {took} s");
    assert!(rejected * 50 <= done, "{rejected} rejections");
}
