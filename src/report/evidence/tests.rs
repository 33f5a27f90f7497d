//! Tests of the folder of evidence as a whole.
