//! Lanes, workers, the dispatcher, stopping: how a plan becomes changes.
//!
//! One lane per workspace; what goes wrong in one changes nothing in another. Workers never print and never touch the ledger:
//! they tell the dispatcher, which alone writes it down, and wait for its word before a request leaves. It knows `api`, `pace`,
//! `plan`, `journal` and `domain`; it must not know how anything is shown.

pub mod access_look;
pub mod account_look;
mod answer;
pub mod belongings;
pub mod blind;
mod closing;
pub mod deck;
mod discard;
pub mod dispatcher;
pub mod end;
pub mod event;
mod footing;
pub mod foretell;
mod hand;
pub mod inventory;
pub mod keeper;
pub mod key_look;
mod key_past;
pub mod lane;
pub mod limit;
pub mod link_look;
mod links;
pub mod look;
mod lost_key;
mod making;
mod narrowing;
mod owner;
mod remake;
pub mod requests;
mod resume;
mod rotating;
pub mod settle;
pub mod step;
pub mod stop;
pub mod tag_length;
pub mod tag_look;
mod tag_seen;
mod tag_swap;
mod tagging;
pub mod talks;
mod things;
pub mod trail;
pub mod trouble;
mod whose;
pub mod work;
pub mod worker;
mod writing;

pub use access_look::{AccessSeen, Logins, look_at_access};
pub use account_look::{AccountQuest, look_at_accounts};
pub use belongings::Quest;
pub use deck::{Deck, Target};
pub use dispatcher::{Dispatched, dispatch};
pub use end::{LaneEnd, StepEnd};
pub use event::{Event, Logbook, Message};
pub use foretell::{LaneCost, Road, foretell};
pub use inventory::{InventoryQuest, TakeLine, take_inventory};
pub use keeper::{Keeper, NotKept, Nowhere, Secret};
pub use key_look::{NOT_READ, Ring, look_at_keys, observe_keys};
pub use key_past::{Made, Making};
pub use limit::Used;
pub use link_look::{Under, look_at_links, observe_groups, observe_links, who_answers};
pub use look::{Sight, observe};
pub use requests::{Forecast, chain, requests};
pub use stop::{Level, Stop, Why};
pub use tag_length::Length;
pub use tag_look::{Carrying, TagQuest, look_at_tags, observe_tags};
pub use talks::{Talking, Talks};
pub use trail::{TrailEnd, TrailHome, TrailTaker, TrailTold, read_trail};
pub use trouble::{LaneTrouble, TroubleKind};
pub use work::{Onward, Past, Standing, Task, Work};
pub use worker::apply;
