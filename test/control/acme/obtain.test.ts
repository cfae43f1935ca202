import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AcmeClient, type ClientOptions } from '../../../src/control/acme/client.ts';
import { obtain, type Preparation, type Task } from '../../../src/control/acme/obtain.ts';
import { type AcmeDirectory, acmeDirectory } from '../../support/acme-directory.ts';

const ecdsa = () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;

function client(directory: AcmeDirectory, key: KeyObject, more: Partial<ClientOptions> = {}): AcmeClient {
  const settings = { directory: directory.url, key, contact: 'ops@example.test', external: null };
  const times = { pollEvery: 10, patience: 3000, timeout: 2000 };
  return new AcmeClient({ ...settings, ...times, ca: null, verify: true, ...more }, new AbortController().signal);
}

/** Answers http-01 challenges as a frontend with a map does. */
async function answering(
  t: TestContext,
  directory: AcmeDirectory,
): Promise<Preparation & { readonly tokens: Map<string, string> }> {
  const tokens = new Map<string, string>();
  const server = createServer((request, response) => {
    response.end(tokens.get(request.url!.replace('/.well-known/acme-challenge/', '')) ?? 'nothing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  directory.httpPort = (server.address() as AddressInfo).port;
  return {
    tokens,
    type: 'http-01',
    async prepare(tasks) {
      for (const { challenge, keyAuthorization } of tasks) tokens.set(challenge.token, keyAuthorization);
    },
    async clear(tasks) {
      for (const { challenge } of tasks) tokens.delete(challenge.token);
    },
  };
}

for (const [name, accountKey, key] of [
  ['ECDSA', ecdsa(), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['RSA', ...Array.from({ length: 2 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)],
  ['an account of Ed25519', generateKeyPairSync('ed25519').privateKey, ecdsa()],
] as [string, KeyObject, KeyObject][])
  test(`a certificate is ordered, its names are shown to be ours, and it is for our key: ${name}`, async (t) => {
    const directory = await acmeDirectory(t);
    const preparation = await answering(t, directory);
    const domains = ['www.example.test', 'example.test'];
    const wanted = { domains, profile: null, accountKey, key };
    const chain = await obtain(client(directory, accountKey), wanted, preparation);
    const leaf = new X509Certificate(chain);
    assert.equal(leaf.checkPrivateKey(key), true);
    assert.equal(leaf.subject, 'CN=www.example.test');
    assert.equal(leaf.subjectAltName, 'DNS:www.example.test, DNS:example.test');
    assert.equal(leaf.checkIssued(new X509Certificate(directory.ca)), true);
    assert.equal(preparation.tokens.size, 0, 'nothing is left of the challenges');
  });

test('an account is found again by its key', async (t) => {
  const directory = await acmeDirectory(t);
  const preparation = await answering(t, directory);
  const wanted = { domains: ['a.example.test'], profile: null, accountKey: ecdsa(), key: ecdsa() };
  await obtain(client(directory, wanted.accountKey), wanted, preparation);
  await obtain(client(directory, wanted.accountKey), wanted, preparation);
  assert.equal(directory.issued.length, 2);
});

test('an account is bound to one elsewhere', async (t) => {
  const directory = await acmeDirectory(t);
  const preparation = await answering(t, directory);
  const external = { keyId: 'kid-1', macKey: randomBytes(32), alg: 'HS256' } as const;
  directory.external = external;
  const wanted = { domains: ['a.example.test'], profile: null, accountKey: ecdsa(), key: ecdsa() };
  await assert.rejects(obtain(client(directory, wanted.accountKey), wanted, preparation), {
    type: 'externalAccountRequired',
  });
  await obtain(client(directory, wanted.accountKey, { external }), wanted, preparation);
  assert.equal(directory.issued.length, 1);
});

test('a nonce that is refused is followed by another, three times', async (t) => {
  const directory = await acmeDirectory(t);
  const preparation = await answering(t, directory);
  const wanted = { domains: ['a.example.test'], profile: null, accountKey: ecdsa(), key: ecdsa() };
  directory.badNonces = 2;
  await obtain(client(directory, wanted.accountKey), wanted, preparation);
  directory.badNonces = 3;
  await assert.rejects(obtain(client(directory, wanted.accountKey), wanted, preparation), { type: 'badNonce' });
});

test('a challenge that is not answered rightly is told with what the server found', async (t) => {
  const directory = await acmeDirectory(t);
  const preparation = await answering(t, directory);
  const cleared: readonly Task[][] = [];
  const idle: Preparation = {
    ...preparation,
    prepare: async () => {},
    clear: async (tasks) => void (cleared as Task[][]).push([...tasks]),
  };
  const wanted = { domains: ['a.example.test'], profile: null, accountKey: ecdsa(), key: ecdsa() };
  await assert.rejects(obtain(client(directory, wanted.accountKey), wanted, idle), {
    type: 'unauthorized',
    message:
      /^found 'nothing' for a\.example\.test \(unauthorized\): the authorization of a\.example\.test is invalid$/,
  });
  assert.equal(cleared.length, 1);
});

test('what the server says of a limit is kept: its type, and how long to wait', async (t) => {
  const directory = await acmeDirectory(t);
  const preparation = await answering(t, directory);
  directory.fail = { times: 1, status: 429, type: 'rateLimited', retryAfter: '120' };
  const wanted = { domains: ['a.example.test'], profile: null, accountKey: ecdsa(), key: ecdsa() };
  await assert.rejects(obtain(client(directory, wanted.accountKey), wanted, preparation), {
    name: 'AcmeError',
    type: 'rateLimited',
    retryAfter: 120_000,
  });
});

test('servers that misbehave end in an error, in time', async (t) => {
  const wanted = { domains: ['a.example.test'], profile: null, accountKey: ecdsa(), key: ecdsa() };
  const preparation: Preparation = { type: 'http-01', prepare: async () => {}, clear: async () => {} };
  const against = async (listener: Parameters<typeof createServer>[1]) => {
    const server = createServer(listener!);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.closeAllConnections());
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const directory = { url } as AcmeDirectory;
    return obtain(client(directory, wanted.accountKey, { timeout: 300 }), wanted, preparation);
  };
  await assert.rejects(
    against(() => {}),
    /^AcmeError: GET http.*: no whole answer within 300 ms$/,
  );
  await assert.rejects(
    against((_, response) => void response.end('x'.repeat(3_000_000))),
    /more than 1048576 bytes/,
  );
  await assert.rejects(
    against((_, response) => void response.end('{}')),
    /not a directory of ACME/,
  );
  await assert.rejects(
    against((_, response) => void response.end('[')),
    /not an object of JSON/,
  );
  await assert.rejects(
    against((request) => void request.socket.destroy()),
    /the connection was cut/,
  );
  await assert.rejects(
    obtain(client({ url: 'ftp://x/' } as AcmeDirectory, wanted.accountKey), wanted, preparation),
    /not a URL of http/,
  );
});
