//! The sample fleet, built into the binary: the files of `workspaces/northwind/`.

use super::world::World;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../workspaces/northwind/", $path)))),*]
    };
}

/// The agency's own files; `world.toml` is the simulator's and not among them.
pub(super) const FILES: &[(&str, &str)] = files![
    "keyholder.toml",
    "workspaces/agency.toml",
    "workspaces/amberfield.toml",
    "workspaces/bluepine.toml",
    "workspaces/cedar-loop.toml",
    "workspaces/delmar.toml",
    "workspaces/eastgate.toml",
    "workspaces/fernhill.toml",
    "workspaces/goldcrest.toml",
    "workspaces/harrow-lane.toml",
    "workspaces/hollowell.toml",
    "workspaces/ironbridge.toml",
    "workspaces/juniper.toml",
    "workspaces/kestrel.toml",
    "workspaces/lindgren.toml",
    "workspaces/marlowe.toml",
    "workspaces/nordhaven.toml",
    "workspaces/old-mill.toml",
    "workspaces/orchard.toml",
    "workspaces/pemberton.toml",
    "workspaces/quickstep.toml",
    "workspaces/ravenswood.toml",
    "workspaces/silverline.toml",
];

const WORLD: &str = include_str!("../../workspaces/northwind/world.toml");

impl World {
    /// Makes the world of the sample fleet: two dozen client workspaces of an agency, one with a revoked key, one with a lapsed plan, one over its
    /// limit, two behind the agency's admin key, and a leaver in sixteen of them.
    pub fn northwind(seed: u64) -> Self {
        let mut world = Self::from_script(WORLD, seed).expect("the built-in script is read by a test");
        world.files = FILES;
        world
    }
}
