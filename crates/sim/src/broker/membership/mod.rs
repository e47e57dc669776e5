//! A broker's part in the cluster: its life with the controller, and what it knows of the others.

pub(in crate::broker) mod controller_link;
pub(in crate::broker) mod feed;
pub(in crate::broker) mod image;
pub(in crate::broker) mod lifecycle;
