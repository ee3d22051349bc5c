//! Sessions joined to hosts: name server, resolver, MTA, mail server, mail client.
