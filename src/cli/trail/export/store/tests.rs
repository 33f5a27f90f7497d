//! Laws of the files: whole after a cut at any byte, every record once.

use futures::FutureExt as _;

use super::*;
use crate::domain::TrailLine;

const HOME: &str = "0197a1c3-5f60-7d11-9a21-00000000aa01";
const DAY: Duration = Duration::from_hours(24);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn line(id: u32, moment: &str) -> TrailLine<'static> {
    TrailLine {
        id: format!("-record-{id}").into(),
        at: moment.to_owned().into(),
        activity: 34,
        user_id: Some("u-1".into()),
        user_name: Some("Noor \"N\" Haddad, \r\n=1+1".into()),
        api_key_id: None,
        from_api: Some(false),
        ip_address: Some("203.0.113.24".into()),
        user_agent: None,
        affected: Some(u64::from(id)),
        campaign_id: None,
        subsequence_id: None,
        list_id: None,
        webhook_id: None,
        metadata: Some("{\"a\":\"b,c\"}".into()),
    }
}

struct World {
    folder: tempfile::TempDir,
    place: Place,
}

impl World {
    fn of(form: Form) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { workspaces: folder.path().to_owned(), form, overlap: DAY, room: Room::default() };
        Self { folder, place }
    }

    fn open(&self, held: Option<&Exported>) -> Store {
        let stamp = Stamp::new("acme", HOME, at("2026-11-22T08:00:00Z"));
        let mut store = Store::open(&self.place, stamp, held.cloned()).unwrap();
        store.recollect(&self.place).now_or_never().expect("there is room").unwrap();
        store
    }

    /// Exports these lines, all of them asked for, and ends whole.
    fn export(&self, held: Option<&Exported>, lines: &[TrailLine<'_>]) -> Ended {
        let mut store = self.open(held);
        for line in lines {
            store.take(line).unwrap();
        }
        store.end(true, at("2026-11-22T08:00:00Z")).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("acme").join(format!("{name}.{}", self.place.form.as_str()))
    }

    /// The ids that stand in all files, in order.
    fn ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for name in ["2026-10", "2026-11", UNDATED] {
            let month = Month::parse(name);
            if !self.file(name).exists() {
                continue;
            }
            let whose = Whose { form: self.place.form, workspace_id: HOME, month };
            let scanned = scan(&self.file(name), whose, |id, _| ids.push(id.to_owned())).unwrap();
            assert_eq!(scanned.whole, scanned.length, "{name} is whole");
        }
        ids.sort();
        ids
    }

    fn wanted(&self, lines: &[TrailLine<'_>]) -> Vec<String> {
        let mut ids: Vec<String> = lines.iter().map(|line| self.place.form.id(&line.id).into_owned()).collect();
        ids.sort();
        ids
    }
}

fn first() -> Vec<TrailLine<'static>> {
    vec![
        line(3, "2026-11-02T00:00:00.000Z"),
        line(2, "2026-11-01T00:00:00.000Z"),
        line(1, "2026-10-31T23:59:59.999Z"),
        line(0, "no moment at all"),
    ]
}

/// What a later export is told: newer ones, one that was written down late, and what was there.
fn second() -> Vec<TrailLine<'static>> {
    let newer =
        [line(6, "2026-11-02T10:00:00.000Z"), line(5, "2026-11-02T09:00:00.000Z"), line(4, "2026-10-31T20:00:00Z")];
    newer.into_iter().chain(first()).collect()
}

#[test]
fn a_cut_at_any_byte_of_what_was_added_loses_no_record_and_doubles_none() {
    for form in [Form::Csv, Form::Ndjson] {
        let world = World::of(form);
        let held = world.export(None, &first()).held;
        let before: Vec<(PathBuf, u64)> = held
            .files
            .keys()
            .map(|name| world.folder.path().join("acme").join(name))
            .map(|path| (path.clone(), path.metadata().unwrap().len()))
            .collect();
        let after = world.export(Some(&held), &second()).held;
        assert_ne!(after, held);
        let bytes: Vec<Vec<u8>> = before.iter().map(|(path, _)| fs::read(path).unwrap()).collect();
        for (cut, (_, recorded)) in before.iter().enumerate() {
            // Every byte of one, every few of the others: each cut costs a sync.
            let step = if form == Form::Csv && cut == 1 { 1 } else { 11 };
            for end in (*recorded..=bytes[cut].len() as u64).step_by(step) {
                // This file was being written when it was cut; those before it were done, those behind not begun.
                for (place, (path, recorded)) in before.iter().enumerate() {
                    let length = match place.cmp(&cut) {
                        std::cmp::Ordering::Less => bytes[place].len(),
                        std::cmp::Ordering::Equal => usize::try_from(end).unwrap(),
                        std::cmp::Ordering::Greater => usize::try_from(*recorded).unwrap(),
                    };
                    fs::write(path, &bytes[place][..length]).unwrap();
                }
                let again = world.export(Some(&held), &second());
                assert_eq!(world.ids(), world.wanted(&second()), "{form:?}: cut at byte {end} of {cut}");
                assert_eq!(again.held, after, "what is recorded is what an export without a cut records");
                assert!(again.remarks.is_empty(), "{:?}", again.remarks);
            }
        }
    }
}

#[test]
fn the_very_first_export_may_be_cut_at_any_byte_too() {
    let world = World::of(Form::Csv);
    let after = world.export(None, &first()).held;
    let path = world.file("2026-11");
    let bytes = fs::read(&path).unwrap();
    for end in 0..bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        let again = world.export(None, &first());
        assert_eq!(world.ids(), world.wanted(&first()), "cut at byte {end}");
        assert_eq!((again.held, again.remarks), (after.clone(), Vec::new()));
    }
}

#[test]
fn garbage_that_a_lost_disk_cache_left_behind_is_taken_off_and_said() {
    let world = World::of(Form::Csv);
    let held = world.export(None, &first()).held;
    let path = world.file("2026-11");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [whole.as_slice(), &[0; 100], b"\r\nmore\r\n"].concat()).unwrap();
    let again = world.export(Some(&held), &first());
    assert_eq!(again.remarks.len(), 1);
    assert!(again.remarks[0].contains("108 bytes that are no records"), "{:?}", again.remarks);
    assert_eq!((fs::read(&path).unwrap(), again.held), (whole, held));
}

#[test]
fn a_file_that_is_no_export_is_put_aside_and_never_written_into() {
    let world = World::of(Form::Csv);
    fs::create_dir(world.folder.path().join("acme")).unwrap();
    fs::write(world.file("2026-11"), "my own notes\r\nof november\r\n").unwrap();
    let ended = world.export(None, &first());
    assert!(ended.remarks[0].contains("2026-11.csv.changed-1"), "{:?}", ended.remarks);
    assert_eq!(world.ids(), world.wanted(&first()));
    let aside = world.folder.path().join("acme/2026-11.csv.changed-1");
    assert_eq!(fs::read_to_string(aside).unwrap(), "my own notes\r\nof november\r\n");
}

#[test]
fn the_mark_follows_the_newest_record_of_a_whole_listing_and_never_the_future() {
    let world = World::of(Form::Csv);
    let mut store = world.open(None);
    store.take(&line(1, "2026-11-02T00:00:00Z")).unwrap();
    let held = store.end(false, at("2026-11-22T08:00:00Z")).unwrap().held;
    assert_eq!((held.mark, held.complete_at), (None, None), "a listing that was cut moves nothing");
    let held = world.export(Some(&held), &[line(1, "2026-11-02T00:00:00Z")]).held;
    assert_eq!(held.mark, Some(at("2026-11-02T00:00:00Z")));
    assert_eq!(world.open(Some(&held)).since(DAY), Some(at("2026-11-01T00:00:00Z")));
    let held = world.export(Some(&held), &[line(2, "2099-01-01T00:00:00Z")]).held;
    assert_eq!(held.mark, Some(at("2026-11-22T08:00:00Z")));
    assert_eq!(held.files["2099-01.csv"].rows, 1);
    let held = world.export(Some(&held), &[]).held;
    assert_eq!(held.mark, Some(at("2026-11-22T08:00:00Z")), "nothing new moves nothing");
}

#[test]
fn what_is_older_than_what_was_asked_for_is_dropped_for_it_is_there() {
    let world = World::of(Form::Csv);
    let held = world.export(None, &first()).held;
    // An API that does not know the filter tells everything again.
    let ended = world.export(Some(&held), &first());
    assert_eq!(ended.tally, Tally { added: 0, known: 4, older: 0 });
    let later = world.export(Some(&held), &[line(9, "2026-11-20T00:00:00Z")]).held;
    let ended = world.export(Some(&later), &first());
    assert_eq!(
        ended.tally,
        Tally { added: 0, known: 1, older: 3 },
        "only the one without a moment is held against ids"
    );
}

#[test]
fn months_that_come_in_any_order_are_opened_again_and_again() {
    let world = World::of(Form::Csv);
    let months: Vec<TrailLine<'_>> =
        (0..60).map(|id| line(id, &format!("2026-{:02}-01T00:00:00Z", id % 12 + 1))).collect();
    let held = world.export(None, &months).held;
    assert_eq!(held.files.len(), 12);
    assert!(held.files.values().all(|file| file.rows == 5));
    let ended = world.export(None, &months);
    assert_eq!(ended.tally.added, 0, "without a word of the ledger all is read back");
    assert_eq!(ended.held.files, held.files);
}

#[test]
fn files_that_another_workspace_left_under_the_name_are_put_aside_and_never_cut() {
    for form in [Form::Csv, Form::Ndjson] {
        let world = World::of(form);
        let other = Stamp::new("acme", "0197a1c3-5f60-7d11-9a21-00000000bb02", at("2026-11-22T08:00:00Z"));
        let mut store = Store::open(&world.place, other, None).unwrap();
        for line in first() {
            store.take(&line).unwrap();
        }
        let theirs = store.end(true, at("2026-11-22T08:00:00Z")).unwrap().held;
        let kept = fs::read(world.file("2026-11")).unwrap();
        // Ours had another name before, and the very same lengths: what is recorded of it is not true of these.
        let before = Exported { folder: "globex".to_owned(), ..theirs };
        for held in [None, Some(&before)] {
            fs::write(world.file("2026-11"), &kept).unwrap();
            let ended = world.export(held, &first());
            assert!(
                ended.remarks.iter().any(|said| said.contains("2026-11.") && said.contains("changed-")),
                "{form:?}"
            );
            assert_eq!(world.ids(), world.wanted(&first()), "{form:?}");
        }
        let aside = world.file("2026-11").with_extension(format!("{}.changed-1", form.as_str()));
        assert_eq!(fs::read(aside).unwrap(), kept, "{form:?}");
    }
}

#[test]
fn a_record_that_comes_again_at_a_distance_stands_once() {
    for form in [Form::Csv, Form::Ndjson] {
        let world = World::of(form);
        let again: Vec<TrailLine<'_>> = first().into_iter().chain([first().remove(1), first().remove(3)]).collect();
        let ended = world.export(None, &again);
        assert_eq!(world.ids(), world.wanted(&first()), "{form:?}");
        assert_eq!((ended.tally.added, ended.tally.known), (4, 2), "{form:?}");
        assert!(ended.held.files.values().map(|file| file.rows).sum::<u64>() == 4);
    }
}

#[test]
fn files_that_are_read_whole_are_known_a_few_at_a_time_and_marked_ones_do_not_wait() {
    let world = World::of(Form::Ndjson);
    let lines: Vec<TrailLine<'_>> = (0..900).map(|id| line(id, "2026-11-20T10:00:00Z")).collect();
    let names: Vec<String> = (0..12).map(|number| format!("client-{number}")).collect();
    let now = at("2026-11-22T08:00:00Z");
    let mut length = 0;
    for name in &names {
        let mut store = Store::open(&world.place, Stamp::new(name.as_str(), HOME, now), None).unwrap();
        for line in &lines {
            store.take(line).unwrap();
        }
        length = store.end(false, now).unwrap().held.files.values().map(|file| file.length).sum();
    }
    // Room for four of them.
    let place = &Place { room: Room::of(length.next_multiple_of(64 * 1024) * 4), ..world.place.clone() };
    let mut waiting: Vec<_> = names
        .iter()
        .map(|name| {
            let lane = async move {
                let mut store = Store::open(place, Stamp::new(name.as_str(), HOME, now), None).unwrap();
                store.recollect(place).await.unwrap();
                store
            };
            lane.boxed_local()
        })
        .collect();
    let mut known: Vec<Store> = Vec::new();
    let (mut most, mut ended) = (0, 0);
    while ended < names.len() {
        waiting.retain_mut(|lane| lane.now_or_never().map(|store| known.push(store)).is_none());
        most = most.max(known.len());
        assert!(known.iter().all(|store| store.known.ids.len() == lines.len()));
        // The first to come ends.
        drop(known.remove(0));
        ended += 1;
    }
    assert_eq!(most, 4);

    let marked = world.export(None, &lines[..3]).held;
    let _all = place.room.take(u64::MAX).now_or_never().unwrap();
    let mut store = Store::open(place, Stamp::new("acme", HOME, now), Some(marked)).unwrap();
    store.recollect(place).now_or_never().expect("what has a mark reads back no more than its overlap").unwrap();
}
