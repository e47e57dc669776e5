//! What an address fragment asks for. The scenario crate reads it; here is only which view that means.

use ackscope_scenario::link::{self, LinkError, Target, View};

/// What opens when nothing else is asked for, or what was asked for cannot be had.
pub const LANDING: &str = "acks-1-leader-crash";

/// A view of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The guided scenario, and the library below it.
    Landing,
    Gallery,
    Lab,
    About,
    /// A scenario and what is looked at in it.
    Scenario(Target),
    Broken(LinkError),
}

impl Route {
    /// Reads `location.hash`, with or without its `#`.
    pub fn parse(hash: &str) -> Route {
        match link::read(hash) {
            Ok(Target::Named { name, overrides, view })
                if overrides.is_empty() && view == View::default() =>
            {
                match name.as_str() {
                    "" => Route::Landing,
                    "gallery" => Route::Gallery,
                    "lab" => Route::Lab,
                    "about" => Route::About,
                    _ => Route::Scenario(Target::Named { name, overrides, view }),
                }
            }
            Ok(target) => Route::Scenario(target),
            Err(error) => Route::Broken(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::link::{LinkError, Target};

    use super::Route;

    #[test]
    fn short_names_are_views_and_the_rest_are_scenarios() {
        for (hash, route) in
            [("", Route::Landing), ("#", Route::Landing), ("#gallery", Route::Gallery), ("#lab", Route::Lab)]
        {
            assert_eq!(Route::parse(hash), route);
        }
        let Route::Scenario(Target::Named { name, .. }) = Route::parse("#healthy?t=2s") else {
            panic!("not a scenario")
        };
        assert_eq!(name, "healthy");
    }

    #[test]
    fn a_hostile_fragment_is_broken_and_nothing_worse() {
        assert_eq!(Route::parse("#<script>alert(1)</script>"), Route::Broken(LinkError::Damaged));
        assert_eq!(Route::parse("#v1.!!!!"), Route::Broken(LinkError::Damaged));
        assert_eq!(Route::parse("#v9.abc"), Route::Broken(LinkError::UnknownVersion));
    }
}
