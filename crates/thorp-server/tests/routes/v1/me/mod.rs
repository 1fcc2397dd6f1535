mod get;
mod likes;
mod runs;
