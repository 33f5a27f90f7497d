use std as _;
