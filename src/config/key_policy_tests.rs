//! `[key_policy]`: what it can say, and every slip at its place.
