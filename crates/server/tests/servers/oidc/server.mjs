// Providers for tests: three on loopback, each at an address of its own. Says where they are on one line of JSON, and ends when its input ends.
//
// Whoever comes is signed in at once, as the account below; `login_hint=decline` declines.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Provider } from 'oidc-provider';
import { exportJWK, generateKeyPair } from 'jose';

const REDIRECT = 'http://127.0.0.1:9/sign-in/back';
// Where a portal sends people back to: the one of the tests in Rust, and those named as arguments.
const PORTALS = ['http://127.0.0.1:7390/nl/sign-in/back', ...process.argv.slice(2)];
const ACCOUNT = {
  sub: 'person-1',
  x_id: '900719925474099312',
  roles: ['privacy-team'],
  email: 'anna@example.nl',
  email_verified: true,
  // What is no account's id: a name that can be changed, and a number of another system.
  x_name: 'Anna.V',
  x_number: 4711,
};
// Counts the sign-ins: a number that is another each time.
let turns = 0;

async function keys() {
  const made = await Promise.all(['RS256', 'ES256', 'EdDSA'].map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true, crv: alg === 'EdDSA' ? 'Ed25519' : undefined });
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `key-${alg}` };
  }));
  return { keys: made };
}

function client(id, method, alg, subjectTypes) {
  return {
    client_id: id,
    ...(method === 'none' ? {} : { client_secret: 'a secret: with % + signs & more' }),
    token_endpoint_auth_method: method,
    id_token_signed_response_alg: alg,
    // Where subjects are pairwise, addresses at several hosts would need a document that ties them together.
    redirect_uris: [REDIRECT, `${REDIRECT}/other`, ...(subjectTypes[0] === 'public' ? PORTALS : [])],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    scope: 'openid email account',
    subject_type: subjectTypes[0],
    require_auth_time: true,
  };
}

async function start(subjectTypes) {
  let answer;
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      client('by:basic', 'client_secret_basic', 'RS256', subjectTypes),
      client('by-post', 'client_secret_post', 'ES256', subjectTypes),
      client('by-none', 'none', 'EdDSA', subjectTypes),
    ],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
    jwks: await keys(),
    cookies: { keys: ['for tests only'] },
    scopes: ['openid', 'email', 'account'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], account: ['x_id', 'x_name', 'x_number', 'x_turn', 'roles'] },
    // The claims go into the ID token, not only to the endpoint for them.
    conformIdTokenClaims: false,
    subjectTypes,
    pairwiseIdentifier: async (_, accountId, { clientId }) => `other-${accountId}-${clientId}`,
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ ...ACCOUNT, x_turn: (turns += 1) }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
      grant.addOIDCScope('openid email account');
      await grant.save();
      return grant;
    },
  });
  const pages = provider.callback();
  answer = async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return pages(request, response);
    try {
      const { params } = await provider.interactionDetails(request, response);
      const result = params.login_hint === 'decline' ? { error: 'access_denied' } : { login: { accountId: ACCOUNT.sub } };
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  };
  return issuer;
}

console.log = console.info = console.warn = console.error;
const addresses = {
  public: await start(['public']),
  pairwise: await start(['pairwise']),
  both: await start(['public', 'pairwise']),
};
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
