// oidc-provider on a free loopback port, for the tests: see process.py, which starts it.
//
//   node server.mjs PACKAGES < CONFIGURATION
//
// PACKAGES is the folder with its node_modules. The first line of standard input is JSON:
// {"clients": [...], "access_token_seconds": 60, "people": {"eve": {"email": ...}}}, with the claims
// of people in which they differ from others. Its address is the one line on standard output.
// It ends with its standard input, so that it never outlives who started it.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// Notices of the package that this is no production set-up; standard output is for the address.
console.info = console.error;

// An import by name would look beside this file only.
const { Provider } = createRequire(`${process.argv[2]}/`)("oidc-provider");

const lines = createInterface({ input: process.stdin });
lines.on("close", () => process.exit(0));
const [line] = await once(lines, "line");
const { clients, access_token_seconds, people } = JSON.parse(line);

const server = createServer();
await once(server.listen(0, "127.0.0.1"), "listening");
const address = `http://127.0.0.1:${server.address().port}`;

// The store is the package's own in memory, and so are the pages to sign in and to consent.
const provider = new Provider(address, {
  clients,
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    registration: { enabled: true },
    // Every resource is known, and its tokens are for it alone.
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, audience) => ({
        audience,
        scope: "notes:read",
        accessTokenTTL: access_token_seconds,
      }),
    },
    revocation: { enabled: true },
    userinfo: { enabled: true },
  },
  // Whoever signs in is taken at her word: the name she types in is her account.
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true, ...people[sub] }),
  }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: access_token_seconds, RefreshToken: 86400, Grant: 86400, Session: 86400 },
});
provider.on("server_error", (_, error) => console.error(error));
server.on("request", provider.callback());
console.log(address);
