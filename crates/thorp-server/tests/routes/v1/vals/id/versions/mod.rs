mod get;
mod post;
mod version;
