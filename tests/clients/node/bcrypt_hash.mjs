// A password and its hash, as Auth0 exports them.
export const PASSWORD = "correct horse battery staple";
export const HASH = "$2b$10$lZPhSrggiljvtzTHu/z8z.s2tmofZCFFgeK27ph9lSfyXZUSwupn2";
