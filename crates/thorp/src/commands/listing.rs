//! Lists that the town gives page by page: the part that is wanted, and a table of it.

use crate::cli::TownArgs;
use crate::client::{Client, api::Page, query};
use crate::failure::Failure;
use crate::output::style::FAINT;
use crate::output::{self, table::Table};
use clap::Args;
use serde::de::DeserializeOwned;

/// Which part of a list is wanted.
#[derive(Args, Debug)]
pub(crate) struct SliceArgs {
    /// How many to list, at most 100
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// How many to pass over
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u32,
}

impl SliceArgs {
    /// The query of the part, with other conditions.
    pub(crate) fn query(&self, others: &[(&str, Option<String>)]) -> String {
        let mut parts = others.to_vec();
        parts.push(("offset", (self.offset > 0).then(|| self.offset.to_string())));
        parts.push(("limit", Some(self.limit.to_string())));
        query(&parts)
    }

    /// Prints the list at `path`, which has this part's query: as the town's JSON, or a row for each thing.
    pub(crate) fn print<T: DeserializeOwned, const N: usize>(
        &self,
        client: &Client,
        town: &TownArgs,
        path: &str,
        headings: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        let reply = client.get(path)?;
        if town.json {
            output::data(&reply.body);
            return Ok(());
        }
        let page: Page<T> = reply.read()?;
        let mut table = Table::new(&headings);
        page.data.iter().for_each(|thing| table.row(row(thing)));
        output::line(table.render());
        self.tell_more(&page);
        Ok(())
    }

    /// Says how to go on, if the list does.
    fn tell_more<T>(&self, page: &Page<T>) {
        if page.links.next.is_some() {
            output::note(format!(
                "{FAINT}more: --offset {}{FAINT:#}",
                self.offset + self.limit
            ));
        }
    }
}
