mod delete;
mod get;
mod put;
