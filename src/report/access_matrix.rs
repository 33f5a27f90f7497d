//! The people × workspaces matrix: as a grid where it fits, a line per person or workspace where it does not, and as a sheet.
//!
//! What could not be read stands in it as such: in a grid a cell is empty only where somebody was seen not to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use super::cell::{Cell, printable};
use crate::domain::{Member, Role};

/// How much was seen of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All of its members.
    Whole,
    /// Some.
    Part,
    /// None.
    Not,
}

/// A column: a workspace.
#[derive(Debug, Clone)]
struct Place {
    name: String,
    shown: Shown,
}

/// What somebody is in one workspace. Ordered by what may be done with it, invitations behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    rank: usize,
    role: String,
    invited: bool,
}

impl Part {
    fn of(member: &Member) -> Self {
        let ranks = [Role::Owner, Role::Admin, Role::Editor, Role::View, Role::Client];
        let rank = ranks.iter().position(|role| *role == member.role).unwrap_or(ranks.len());
        Self { rank, role: printable(member.role.as_str()), invited: !member.accepted }
    }

    fn words(&self) -> String {
        if self.invited { format!("{} (invited)", self.role) } else { self.role.clone() }
    }

    /// One letter, for grids of many columns; an invitation has a mark behind it.
    fn letter(&self) -> String {
        let letter = self.role.chars().next().unwrap_or('?').to_ascii_uppercase();
        if self.invited { format!("{letter}?") } else { letter.to_string() }
    }
}

/// A row: a person.
#[derive(Debug, Clone, Default)]
struct Person {
    external: Option<bool>,
    parts: BTreeMap<usize, BTreeSet<Part>>,
}

/// Who is in which workspace.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    places: Vec<Place>,
    people: BTreeMap<String, Person>,
}

/// Narrowest and widest column of names.
const NAMES: std::ops::RangeInclusive<usize> = 12..=40;

/// What stands in a cell of which nothing is known.
const UNKNOWN: &str = "not seen";

impl Matrix {
    /// Adds a workspace with those of its rows that are wanted; workspaces come in config order.
    pub fn add<'m>(
        &mut self,
        workspace: &str,
        shown: Shown,
        rows: impl IntoIterator<Item = (&'m Member, Option<bool>)>,
    ) {
        let place = self.places.len();
        self.places.push(Place { name: workspace.to_owned(), shown });
        for (member, external) in rows {
            let person = self.people.entry(member.email.to_string()).or_default();
            person.external = external;
            person.parts.entry(place).or_default().insert(Part::of(member));
        }
    }

    /// Returns how many people are in it.
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// Tells whether somebody in it is from outside the agency's domains.
    pub fn has_external(&self) -> bool {
        self.people.values().any(|person| person.external == Some(true))
    }

    /// Writes it as a sheet: a row per person, a column per workspace, roles in the cells.
    pub fn sheet(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        let names = self.places.iter().map(|place| place.name.as_str());
        let header: Vec<String> = ["email", "external"].into_iter().chain(names).map(defused).collect();
        csv.write_record(header)?;
        for (email, person) in &self.people {
            let external = person.external.map_or("", |external| if external { "yes" } else { "no" });
            let cells = self.places.iter().enumerate().map(|(place, _)| self.cell(person, place, Part::words));
            csv.write_record(
                [defused(email), external.to_owned()].into_iter().chain(cells.map(|cell| defused(&cell))),
            )?;
        }
        csv.flush()
    }

    fn cell(&self, person: &Person, place: usize, word: impl Fn(&Part) -> String) -> String {
        match person.parts.get(&place) {
            Some(parts) => parts.iter().map(word).collect::<Vec<_>>().join(" + "),
            None if self.places[place].shown == Shown::Whole => String::new(),
            None => UNKNOWN.to_owned(),
        }
    }

    /// Draws the grid, in words where that fits into so many characters, else in letters. None where neither does and `always` is not
    /// asked.
    pub fn grid(&self, width: usize, always: bool) -> Option<String> {
        let wide = self.grid_of(Part::words, UNKNOWN);
        if widest(&wide) <= width {
            return Some(wide);
        }
        let letters = self.grid_of(Part::letter, "-");
        if widest(&letters) <= width || always { Some(format!("{letters}\n{}", self.legend())) } else { None }
    }

    fn grid_of(&self, word: impl Fn(&Part) -> String, unknown: &str) -> String {
        let heads = self.places.iter().map(|place| place.name.clone());
        let mut lines: Vec<Vec<String>> = vec![std::iter::once("PERSON".to_owned()).chain(heads).collect()];
        for (email, person) in &self.people {
            let name = marked(shortened(&printable(email), *NAMES.end()), person.external);
            let cells = (0..self.places.len()).map(|place| match self.cell(person, place, &word) {
                cell if cell == UNKNOWN => unknown.to_owned(),
                cell => cell,
            });
            lines.push(std::iter::once(name).chain(cells).collect());
        }
        aligned(&lines)
    }

    fn legend(&self) -> String {
        let parts = self.people.values().flat_map(|person| person.parts.values().flatten());
        let roles: BTreeSet<(usize, String, String)> = parts
            .map(|part| (part.rank, Part { invited: false, ..part.clone() }.letter(), part.role.clone()))
            .collect();
        let words: Vec<String> = roles.into_iter().map(|(_, letter, role)| format!("{letter} {role}")).collect();
        format!("{}; ? invited; - not seen\n", words.join(", "))
    }

    /// Draws a line per person: in how many workspaces they are, and as what in which.
    pub fn by_person(&self, width: usize) -> String {
        let asked = self.places.len();
        let mut rows = Vec::new();
        for (email, person) in &self.people {
            let mut groups: BTreeMap<Part, Vec<String>> = BTreeMap::new();
            for (place, parts) in &person.parts {
                for part in parts {
                    groups.entry(part.clone()).or_default().push(self.places[*place].name.clone());
                }
            }
            let groups = groups
                .into_iter()
                .map(|(part, names)| {
                    let all = (names.len() == asked && asked > 2).then(|| format!("all {asked}"));
                    Group { head: part.words(), join: " in ", names, all }
                })
                .collect();
            let bound = if self.places.iter().all(|place| place.shown == Shown::Whole) { "" } else { "≥ " };
            rows.push(Line {
                name: marked(printable(email), person.external),
                count: format!("{bound}{}", person.parts.len()),
                groups,
            });
        }
        lines("PERSON", "IN", "AS WHAT", &rows, width)
    }

    /// Draws a line per workspace: how many people are in it, and who as what.
    pub fn by_workspace(&self, width: usize) -> String {
        let mut rows = Vec::new();
        for (place, Place { name, shown }) in self.places.iter().enumerate() {
            let mut groups: BTreeMap<Part, Vec<String>> = BTreeMap::new();
            let mut count = 0_usize;
            for (email, person) in &self.people {
                if let Some(parts) = person.parts.get(&place) {
                    count += 1;
                    for part in parts {
                        groups.entry(part.clone()).or_default().push(marked(printable(email), person.external));
                    }
                }
            }
            let group = |(part, names): (Part, Vec<String>)| Group { head: part.words(), join: ": ", names, all: None };
            let groups = match shown {
                Shown::Not => vec![Group { head: "not read".to_owned(), join: "", names: Vec::new(), all: None }],
                Shown::Whole | Shown::Part => groups.into_iter().map(group).collect(),
            };
            let count = match shown {
                Shown::Whole => count.to_string(),
                Shown::Part => format!("≥ {count}"),
                Shown::Not => "?".to_owned(),
            };
            rows.push(Line { name: name.clone(), count, groups });
        }
        lines("WORKSPACE", "PEOPLE", "WHO", &rows, width)
    }
}

/// One line of a compact form.
struct Line {
    name: String,
    count: String,
    groups: Vec<Group>,
}

/// Those of a line that are alike: a role, and in which workspaces, or who.
struct Group {
    head: String,
    join: &'static str,
    names: Vec<String>,
    all: Option<String>,
}

impl Group {
    /// Says it with at most so many names.
    fn say(&self, most: usize) -> String {
        let Self { head, join, names, all } = self;
        match (all, names.len()) {
            (Some(all), _) => format!("{head}{join}{all}"),
            (None, 0) => head.clone(),
            (None, count) if count <= most => format!("{head}{join}{}", names.join(", ")),
            (None, count) if most == 0 => format!("{head}{join}{count}"),
            (None, count) => format!("{head}{join}{} and {} more", names[..most].join(", "), count - most),
        }
    }
}

/// Draws lines whose last column takes the room there is: as many names as fit, the rest counted; where not even the counts fit, on more lines.
fn lines(name: &str, count: &str, last: &str, rows: &[Line], width: usize) -> String {
    let longest = rows.iter().map(|row| chars(&row.name)).max().unwrap_or(0);
    let most = (width * 2 / 5).clamp(*NAMES.start(), *NAMES.end());
    let names = longest.clamp(*NAMES.start(), most).max(chars(name));
    let counts = rows.iter().map(|row| chars(&row.count)).max().unwrap_or(0).max(chars(count));
    let indent = names + counts + 4;
    let room = width.saturating_sub(indent).max(30);
    let mut text = String::new();
    let mut line = |name: &str, count: &str, last: &str| {
        let (name, pad) = (shortened(name, names), counts.saturating_sub(chars(count)));
        let gap = names - chars(&name);
        let _infallible = writeln!(text, "{}", format!("{name}{:gap$}  {:pad$}{count}  {last}", "", "").trim_end());
    };
    line(name, count, last);
    for row in rows {
        for (at, said) in fitted(&row.groups, room).into_iter().enumerate() {
            if at == 0 { line(&row.name, &row.count, &said) } else { line("", "", &said) }
        }
    }
    text
}

/// How many names of a group are tried at most; more would make a line, not a list.
const MOST: usize = 12;

/// Says groups with as many names as fit on one line; who may do most comes first, and is named before the others are.
fn fitted(groups: &[Group], room: usize) -> Vec<String> {
    let mut said: Vec<String> = groups.iter().map(|group| group.say(0)).collect();
    for (place, group) in groups.iter().enumerate() {
        let others = said.iter().map(|said| chars(said) + 2).sum::<usize>() - chars(&said[place]) - 2;
        let fits = |most: &usize| chars(&group.say(*most)) + others <= room;
        if let Some(most) = (0..=MOST).rev().find(fits) {
            said[place] = group.say(most);
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for said in said {
        match lines.last_mut().filter(|line| chars(line) + chars(&said) + 2 <= room) {
            Some(line) => *line = format!("{line}; {said}"),
            None => lines.push(said),
        }
    }
    lines
}

/// Puts columns under each other.
fn aligned(lines: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        for (place, cell) in line.iter().enumerate() {
            match widths.get_mut(place) {
                Some(width) => *width = chars(cell).max(*width),
                None => widths.push(chars(cell)),
            }
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{:pad$}", "", pad = width - chars(cell)))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn marked(name: String, external: Option<bool>) -> String {
    if external == Some(true) { format!("{name} *") } else { name }
}

fn widest(text: &str) -> usize {
    text.lines().map(chars).max().unwrap_or(0)
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Shortens a name in its middle: what stands at its end, as the domain of an address does, tells as much as its beginning.
fn shortened(text: &str, most: usize) -> String {
    let length = chars(text);
    if length <= most {
        return text.to_owned();
    }
    let tail = most / 2;
    let head = text.chars().take(most - tail - 1);
    head.chain(std::iter::once('…')).chain(text.chars().skip(length - tail)).collect()
}

fn defused(text: &str) -> String {
    Cell::text(text).for_csv().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, MemberId, WorkspaceId};

    fn member(email: &str, role: &str, accepted: bool) -> Member {
        Member {
            id: MemberId::parse("m-1").unwrap(),
            email: Email::observed(email),
            user_id: None,
            user_email: None,
            role: Role::observed(role),
            permissions: None,
            accepted,
            nickname: None,
            name: None,
            issuer_id: None,
            timestamp_created: String::new(),
            workspace_id: WorkspaceId::parse("w-1").unwrap(),
        }
    }

    fn small() -> Matrix {
        let mut matrix = Matrix::default();
        let (ann, bo) = (member("ann@agency.example", "admin", true), member("bo@client.example", "view", false));
        matrix.add("acme", Shown::Whole, [(&ann, Some(false)), (&bo, Some(true))]);
        matrix.add("birch", Shown::Whole, [(&ann, Some(false))]);
        matrix.add("cedar", Shown::Not, []);
        matrix
    }

    #[test]
    fn a_grid_that_fits_has_words_and_what_was_not_read_is_no_absence() {
        let told = small().grid(80, false).unwrap();
        assert_eq!(
            told,
            "PERSON               acme            birch  cedar\n\
             ann@agency.example   admin           admin  not seen\n\
             bo@client.example *  view (invited)         not seen\n"
        );
        let letters = small().grid(45, false).unwrap();
        assert_eq!(
            letters,
            "PERSON               acme  birch  cedar\n\
             ann@agency.example   A     A      -\n\
             bo@client.example *  V?           -\n\
             \n\
             A admin, V view; ? invited; - not seen\n"
        );
        assert_eq!(small().grid(20, false), None);
        assert!(small().grid(20, true).is_some());
    }

    #[test]
    fn the_sheet_says_of_every_cell_what_is_known() {
        let mut out = Vec::new();
        let mut matrix = small();
        let formula = member("=cmd@agency.example", "view", true);
        matrix.add("=dune", Shown::Part, [(&formula, Some(false))]);
        matrix.sheet(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "email,external,acme,birch,cedar,'=dune\r\n\
             '=cmd@agency.example,no,,,not seen,view\r\n\
             ann@agency.example,no,admin,admin,not seen,not seen\r\n\
             bo@client.example,yes,view (invited),,not seen,not seen\r\n"
        );
    }

    #[test]
    fn lines_say_as_many_names_as_fit_and_count_the_rest() {
        let mut matrix = Matrix::default();
        let ann = member("ann@agency.example", "view", true);
        let admin = member("ann@agency.example", "admin", true);
        for place in 0..200 {
            matrix.add(&format!("client-{place:03}"), Shown::Whole, [(if place < 3 { &admin } else { &ann }, None)]);
        }
        let told = matrix.by_person(80);
        assert_eq!(
            told,
            "PERSON               IN  AS WHAT\nann@agency.example  200  admin in client-000, client-001 and 1 more; view in 197\n"
        );
        let told = matrix.by_person(120);
        assert!(
            told.contains("admin in client-000, client-001, client-002; view in client-003, client-004 and 195 more"),
            "{told}"
        );
        assert!(matrix.by_workspace(80).contains("client-000         1  admin: ann@agency.example\n"));
    }

    #[test]
    fn whoever_is_everywhere_is_said_to_be_and_bounds_stay_bounds() {
        let mut matrix = small();
        assert!(matrix.by_person(80).contains("ann@agency.example   ≥ 2  admin in acme, birch\n"));
        assert!(matrix.by_workspace(80).contains("cedar              ?  not read\n"));
        matrix.places.truncate(2);
        let ann = member("ann@agency.example", "admin", true);
        matrix.add("dune", Shown::Whole, [(&ann, None)]);
        assert!(matrix.by_person(80).contains("  3  admin in all 3\n"), "{}", matrix.by_person(80));
    }
}
