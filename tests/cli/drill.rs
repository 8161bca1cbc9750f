//! `titian drill`: it closes and opens in the middle of a storm, and its books agree.

use super::program::titian;

#[test]
fn a_drill_closes_three_scopes_opens_them_in_stages_and_the_books_agree() {
    let run = titian(&["drill", "close", "--tps", "60", "--seed", "3"]);
    let text = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, 0, "{text}");
    assert!(text.contains("the books agree"), "{text}");
    assert_eq!(text.matches("last byte on the wire").count(), 3, "{text}");
    let refused = "approves it from a second browser: 403, e31 made this proposal";
    assert!(text.contains(refused), "{text}");
    assert_eq!(text.matches(" orders admitted, ").count(), 5, "five stages open: {text}");
}

#[test]
fn a_mistyped_drill_is_refused() {
    let run = titian(&["drill", "clsoe"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("close"), "{}", run.stderr);
}
