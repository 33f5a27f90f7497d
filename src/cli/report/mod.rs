//! `keyholder report`: bulk reports over every client.

pub mod judge;
