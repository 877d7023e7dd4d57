//! **Policies under a lens**: what they say and did, shown to people.
//!
//! [`timeline`] draws when a use was announced, when it took effect, when collection began and since when people could say no, so that a
//! gap between the last two is seen at a glance. [`page`] says the same in plain words, a page per policy. [`plain`] is the one source of what people read, in Dutch and English.
//!
//! Values in, values out: no file, no network, no clock, no environment. No platform is known by name.

pub mod page;
pub mod plain;
pub mod timeline;
