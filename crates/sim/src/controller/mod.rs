//! (being written)

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerTimer {}
