"""A password and its hash, as Auth0 exports them."""

PASSWORD = "correct horse battery staple"
HASH = "$2b$10$lZPhSrggiljvtzTHu/z8z.s2tmofZCFFgeK27ph9lSfyXZUSwupn2"
