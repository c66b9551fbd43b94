// Applications under test, each at a port of its own.
import { createServer } from "node:http";

/** Serves requests at a free port of this machine. Answers the origin. */
export async function listen(handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://localhost:${server.address().port}`;
}
