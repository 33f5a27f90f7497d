//! The real binary, as a child process with a cleared environment, against the simulator on loopback; one file per
//! command or concern.
#![expect(clippy::unwrap_used, reason = "all of it is test code, helpers too")]

mod accounts;
mod apply;
mod approval;
mod check;
mod damage;
mod demo;
mod disk;
mod evidence;
mod files;
mod groups;
mod help;
mod init;
mod key_audit;
mod keys;
mod keys_create;
mod keys_revoke;
mod keys_rotate;
mod keys_world;
mod killed;
mod knobs;
mod leaving;
mod ledger;
mod members;
mod network;
mod output;
mod owner;
mod people;
mod pin;
mod prune;
mod races;
mod report;
mod runs;
mod selection;
mod signals;
mod spreadsheets;
mod tags;
mod tags_assign;
mod tags_world;
mod tee;
mod trail;
mod trial;
mod undo;
mod verify;
mod world;
