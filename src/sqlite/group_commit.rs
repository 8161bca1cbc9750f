//! Group commit: one thread writes. It takes all waiting jobs into one transaction, and makes them durable with one sync.

use std::sync::mpsc::Receiver;

/// Runs the writer's thread until all senders are gone or `commit` fails. `commit` gets the first waiting job and the
/// further ones, until they have the size `enough` together. It makes them durable and reports to their senders.
///
/// # Errors
/// The error of `commit`. After it the durability of the last jobs is unknown, so the caller commits nothing more.
pub(crate) fn run_writer<J, E>(
    jobs: &Receiver<J>,
    enough: usize,
    size: impl Fn(&J) -> usize,
    mut commit: impl FnMut(Vec<J>) -> Result<(), E>,
) -> Result<(), E> {
    while let Ok(first) = jobs.recv() {
        let mut gathered_size = size(&first);
        let mut gathered = vec![first];
        while gathered_size < enough
            && let Ok(job) = jobs.try_recv()
        {
            gathered_size += size(&job);
            gathered.push(job);
        }
        commit(gathered)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn waiting_jobs_are_committed_together_up_to_the_size() {
        let (sender, jobs) = channel();
        for job in [3, 4, 5, 1, 9, 2] {
            sender.send(job).unwrap();
        }
        drop(sender);
        let mut committed = Vec::new();
        let ended = run_writer(
            &jobs,
            7,
            |job| *job,
            |jobs| {
                committed.push(jobs);
                if committed.len() < 3 { Ok(()) } else { Err("disk full") }
            },
        );
        assert_eq!(ended, Err("disk full"));
        assert_eq!(committed, [vec![3, 4], vec![5, 1, 9], vec![2]]);
    }
}
