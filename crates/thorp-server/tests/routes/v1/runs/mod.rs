mod get;
mod save;
