//! What is registered with a tenant: its applications and their APIs, and what each of them may do.

mod backchannel;
mod client;
mod dialect;
mod grant;
mod preferences;
mod resource;
mod urls;

pub use backchannel::{Backchannel, Initiator};
pub use client::{ApiGrant, Client, GrantType, Kind, OrganizationUse, Secret};
pub use dialect::{Dialect, Profile};
pub use grant::{STANDARD, granted, narrowed};
pub use preferences::Preferences;
pub use resource::{Permission, Resource};
pub use urls::Urls;

/// The applications and APIs of a tenant, in the order in which they were registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    clients: Vec<Client>,
    resources: Vec<Resource>,
    /// How tokens are asked for.
    pub preferences: Preferences,
}

/// Another one has this identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identifier is taken")]
pub struct Taken;

impl Registry {
    /// One application of each kind besides the one that a mock is started for, so that any client
    /// finds one that it can be: a web application, a single-page app, a native app and a machine.
    pub fn add_samples(&mut self) {
        for kind in Kind::ALL {
            // Whoever registered such an application before keeps it.
            let _ = self.add_client(Client::sample(kind));
        }
    }

    /// Registers an application.
    pub fn add_client(&mut self, client: Client) -> Result<(), Taken> {
        if self.client(&client.id).is_some() {
            return Err(Taken);
        }
        self.clients.push(client);
        Ok(())
    }

    /// Registers an API.
    pub fn add_resource(&mut self, resource: Resource) -> Result<(), Taken> {
        if self.resource(&resource.identifier).is_some() {
            return Err(Taken);
        }
        self.resources.push(resource);
        Ok(())
    }

    /// The application with this `client_id`.
    pub fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The same, to be changed.
    pub fn client_mut(&mut self, id: &str) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.id == id)
    }

    /// All applications.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// Strikes an application off; false if there is none.
    pub fn remove_client(&mut self, id: &str) -> bool {
        let before = self.clients.len();
        self.clients.retain(|client| client.id != id);
        self.clients.len() < before
    }

    /// The API with this identifier, which is the `audience` of its tokens.
    pub fn resource(&self, identifier: &str) -> Option<&Resource> {
        self.resources
            .iter()
            .find(|resource| resource.identifier == identifier)
    }

    /// The API with this identifier or id, to be changed.
    pub fn resource_mut(&mut self, name: &str) -> Option<&mut Resource> {
        self.resources
            .iter_mut()
            .find(|resource| resource.identifier == name || resource.id() == name)
    }

    /// All APIs.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Strikes an API off by identifier or id; false if there is none.
    pub fn remove_resource(&mut self, name: &str) -> bool {
        let before = self.resources.len();
        self.resources
            .retain(|resource| resource.identifier != name && resource.id() != name);
        self.resources.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_once() {
        let mut registry = Registry::default();
        registry.add_samples();
        assert_eq!(registry.clients().len(), Kind::ALL.len());
        let again = Client::sample(Kind::Spa);
        assert_eq!(registry.add_client(again.clone()), Err(Taken));
        assert!(registry.remove_client(&again.id));
        assert!(!registry.remove_client(&again.id));
        assert_eq!(registry.add_client(again), Ok(()));
    }
}
