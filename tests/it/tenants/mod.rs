//! Test tenants, with mocks of both providers standing in for them.

mod doctor;
mod killed;
mod people;
mod standin;
mod window;
