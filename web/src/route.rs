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
    /// The word about it, and the row of the table of agreement that a badge leads to.
    About(Option<String>),
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
                    "about" => Route::About(None),
                    _ => Route::Scenario(Target::Named { name, overrides, view }),
                }
            }
            Ok(Target::Named { name, view: View { selection: Some(row), .. }, .. }) if name == "about" => {
                Route::About(Some(row))
            }
            Ok(target) => Route::Scenario(target),
            Err(error) => Route::Broken(error),
        }
    }
}

/// The address of a recorded run's row in the table of agreement.
pub fn row_of(recorded_run: &str) -> String {
    let view = View { selection: Some(recorded_run.to_owned()), ..View::default() };
    format!("#{}", link::to_named("about", &[], &view))
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::link::{LinkError, Target};

    use super::{Route, row_of};

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
        assert_eq!(
            Route::parse(&row_of("kip101-loss@3.9.1")),
            Route::About(Some("kip101-loss@3.9.1".to_owned()))
        );
        assert_eq!(Route::parse("#about"), Route::About(None));
    }

    #[test]
    fn a_hostile_fragment_is_broken_and_nothing_worse() {
        assert_eq!(Route::parse("#<script>alert(1)</script>"), Route::Broken(LinkError::Damaged));
        assert_eq!(Route::parse("#v1.!!!!"), Route::Broken(LinkError::Damaged));
        assert_eq!(Route::parse("#v9.abc"), Route::Broken(LinkError::UnknownVersion));
    }
}
