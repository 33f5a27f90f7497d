//! What keyholder must never do, so that tests can be seen to notice it.
//!
//! Built with the feature `blind-resend` a lost write is sent again without looking. The proofs must fail with such a binary, or they
//! would not notice a keyholder that does the same by mistake. It says what it is, and speaks to nothing but this machine.

/// Tells whether lost writes are sent again without looking.
pub const RESENDS: bool = cfg!(feature = "blind-resend");

/// What such a binary says of itself at every start.
#[cfg(feature = "blind-resend")]
pub const NOTICE: &str =
    "this keyholder was built with `blind-resend`: it sends lost writes again without looking; for tests alone";
