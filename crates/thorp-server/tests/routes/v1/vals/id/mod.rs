mod delete;
mod get;
mod patch;
mod runs;
mod versions;
