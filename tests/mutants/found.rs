//! Runs the simulation with each mutant. A module of `tests/simulation` in the copy that `tests/mutants` makes.

use titian::mutation::activate;

use crate::list::MUTANTS;

/// A simulation that does not find deliberate errors proves nothing when it passes.
#[test]
fn every_mutant_is_found() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut found = Vec::new();
    for mutant in &MUTANTS {
        activate(Some(mutant.name));
        // As many as the simulation itself runs: some mutants need a rare meeting of faults.
        let caught = (1..=900).find_map(|seed| {
            let run = std::panic::catch_unwind(|| super::run(seed, 300));
            let error = run.err()?;
            let text = error.downcast_ref::<String>().cloned();
            let text = text.or_else(|| error.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some((seed, text.unwrap_or_default()))
        });
        activate(None);
        found.push((mutant, caught));
    }
    std::panic::set_hook(quiet);
    let mut missed = Vec::new();
    for (mutant, caught) in &found {
        match caught {
            Some((seed, text)) => {
                let (name, line) = (mutant.name, text.lines().next().unwrap_or_default());
                println!("{name}: seed {seed}: {line}");
            }
            None => missed.push(format!("{} (it {})", mutant.name, mutant.breaks)),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:#?}");
}
