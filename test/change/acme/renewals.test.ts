import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Managed, RenewalHost } from '../../../src/change/acme/host.ts';
import { AcmeRenewals } from '../../../src/change/acme/renewals.ts';
import { newAcme } from '../../../src/config/keywords/acme.ts';
import type { AcmeConfig } from '../../../src/config/types.ts';
import { type AcmeDirectory, acmeDirectory } from '../../support/acme-directory.ts';
import { until } from '../../support/wait.ts';

const DAY = 86_400_000;
const at = { file: 'x.cfg', line: 1 };

interface World {
  readonly directory: AcmeDirectory;
  readonly renewals: AcmeRenewals;
  readonly installed: Map<string, string>;
  readonly keys: Map<string, KeyObject>;
  readonly tokens: Map<string, string>;
  readonly told: string[];
  readonly events: string[];
  readonly records: Map<string, string>;
  now: number;
  refuse: string | null;
  section(more?: Partial<AcmeConfig>): AcmeConfig;
}

async function world(t: TestContext): Promise<World> {
  const directory = await acmeDirectory(t);
  const accountKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const tokens = new Map<string, string>();
  const server = createServer((request, response) => {
    const token = request.url!.split('/').at(-1)!;
    response.end(`${token}.${tokens.get(token)}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  directory.httpPort = (server.address() as AddressInfo).port;
  const self = {
    directory,
    tokens,
    installed: new Map<string, string>(),
    keys: new Map<string, KeyObject>(),
    told: [] as string[],
    events: [] as string[],
    records: new Map<string, string>(),
    now: Date.now(),
    refuse: null as string | null,
    section: (more: Partial<AcmeConfig> = {}) =>
      ({ ...newAcme('le', at), directory: directory.url, map: 'virt@acme', ...more }) as AcmeConfig,
  };
  const host: RenewalHost = {
    now: () => self.now,
    validity(path) {
      const pem = self.installed.get(path);
      if (pem === undefined) return null;
      const { validFromDate, validToDate } = new X509Certificate(pem);
      return { from: validFromDate.getTime(), until: validToDate.getTime() };
    },
    keyOf: (path) => self.keys.get(path) ?? null,
    accountKey: () => accountKey,
    async install(path, pem) {
      if (self.refuse !== null) return self.refuse;
      self.installed.set(path, pem);
      return null;
    },
    async addToMap(_, entries) {
      for (const [key, value] of entries) tokens.set(key, value);
      return null;
    },
    async takeFromMap(_, keys) {
      for (const key of keys) tokens.delete(key);
      return null;
    },
    async textRecords(name) {
      const text = self.records.get(name);
      return text === undefined ? [] : [text];
    },
    tell: (level, text) => void self.told.push(`${level}: ${text}`),
    publish: (event) => void self.events.push(event),
    trust: () => ({ ca: null, verify: true }),
  };
  const renewals = new AcmeRenewals(host, { timeout: 2000, pollEvery: 20, patience: 5000 });
  t.after(() => renewals.close());
  return Object.assign(self, { renewals });
}

const managed = (section: AcmeConfig, path = '@site/www', domains = ['www.example.test']): Managed => ({
  path,
  section,
  domains,
});

test('a certificate that is not there is ordered at once, and planned anew for the last twelfth of its life', async (t) => {
  const w = await world(t);
  w.renewals.configure([managed(w.section())], true);
  await until('the certificate', () => w.installed.get('@site/www'));
  await until('the end of the order', () => w.renewals.list()[0]!.state === 'Scheduled');
  const [{ expires, scheduled, section }] = w.renewals.list() as [ReturnType<typeof w.renewals.list>[0]];
  assert.equal(section, 'le');
  assert.ok(Math.abs(expires! - scheduled! - (90 * DAY) / 12) < 1000);
  const leaf = new X509Certificate(w.installed.get('@site/www')!);
  assert.equal(leaf.publicKey.asymmetricKeyDetails!.namedCurve, 'secp384r1');
  assert.match(w.installed.get('@site/www')!, /-----BEGIN PRIVATE KEY-----\n[\s\S]+-----END PRIVATE KEY-----\n$/);
  assert.equal(w.tokens.size, 0);
  assert.deepEqual(w.told, ['notice: acme: @site/www: Successful update of the certificate.']);
  assert.deepEqual(w.events, ['acme newcert @site/www']);
});

test('one that lasts is left alone until it is due, or until it is asked for', async (t) => {
  const w = await world(t);
  w.renewals.configure([managed(w.section())], true);
  await until('the first', () => w.renewals.list()[0]!.state === 'Scheduled');
  w.renewals.configure([managed(w.section())], true);
  assert.equal(w.directory.issued.length, 1);
  assert.equal(w.renewals.renew('@site/other'), 'unknown');
  assert.equal(w.renewals.renew('@site/www'), null);
  assert.equal(w.renewals.renew('@site/www'), 'running');
  await until('the second', () => w.directory.issued.length === 2 && w.renewals.list()[0]!.state === 'Scheduled');
  w.now += 84 * DAY;
  w.renewals.configure([managed(w.section())], true);
  await until('the third', () => w.directory.issued.length === 3);
});

test('without the scheduler nothing is ordered unasked', async (t) => {
  const w = await world(t);
  w.renewals.configure([managed(w.section())], false);
  assert.deepEqual(
    w.renewals.list().map(({ state, scheduled }) => [state, scheduled]),
    [['Stopped', null]],
  );
  w.renewals.renew('@site/www');
  await until('the certificate', () => w.installed.size === 1);
});

test('a failure is told and tried again later, the later the more there were, or when the server says', async (t) => {
  const w = await world(t);
  w.directory.fail = { times: 1, status: 500, type: 'serverInternal' };
  w.renewals.configure([managed(w.section())], true);
  await until('the failure', () => w.told.length === 1);
  assert.match(w.told[0]!, /^alert: acme: @site\/www: not now \(serverInternal\): .*; next try at 20/);
  const wait = () => (w.renewals.list()[0]!.scheduled! - w.now) / 1000;
  assert.ok(wait() >= 54 && wait() <= 66, `${wait()} s`);
  w.directory.fail = { times: 1, status: 429, type: 'rateLimited', retryAfter: '3600' };
  w.renewals.renew('@site/www');
  await until('the second failure', () => w.told.length === 2);
  assert.ok(wait() >= 3600 && wait() < 3602, `${wait()} s`);
  w.refuse = 'no';
  w.renewals.renew('@site/www');
  await until('the third', () => w.told.length === 3);
  assert.match(w.told[2]!, /acme: @site\/www: no; next try/);
  assert.ok(wait() >= 216 && wait() <= 264, `${wait()} s`);
  w.refuse = null;
  w.renewals.renew('@site/www');
  await until('success', () => w.installed.size === 1);
});

test('dns-01 waits until somebody says that the record is there', async (t) => {
  const w = await world(t);
  const section = w.section({ challenge: 'dns-01', map: null, providerName: 'desec', acmeVars: 'a="b"' });
  w.renewals.configure([managed(section, '@site/www', ['a.example.test', 'b.example.test'])], true);
  await until('two events', () => w.events.length === 2);
  const [, thumb, record] =
    /^acme deploy @site\/www thumbprint "([\w-]{43})"\ndns-01-record "([\w-]{43})"\nprovider-name "desec"\nacme-vars "a=\\"b\\""\n\{/.exec(
      w.events[0]!,
    )!;
  assert.notEqual(thumb, record);
  for (const event of w.events) {
    const { identifier } = JSON.parse(event.slice(event.indexOf('\n{')));
    w.directory.records.set(identifier.value, /dns-01-record "(.*)"/.exec(event)![1]!);
  }
  assert.equal(w.renewals.challengeReady('@site/www', 'c.example.test'), null);
  assert.equal(w.renewals.challengeReady('@site/www', 'a.example.test'), 1);
  assert.equal(w.installed.size, 0);
  assert.equal(w.renewals.challengeReady('@site/www', 'b.example.test'), 0);
  await until('the certificate', () => w.installed.size === 1);
  assert.equal(w.renewals.challengeReady('@site/www', 'b.example.test'), null);
});

test('dns-01 can look for the record itself', async (t) => {
  const w = await world(t);
  const section = w.section({ challenge: 'dns-01', map: null, ready: ['dns'], dnsDelay: 20, dnsTimeout: 5000 });
  w.renewals.configure([managed(section)], true);
  await until('the event', () => w.events.length === 1);
  const record = /dns-01-record "(.*)"/.exec(w.events[0]!)![1]!;
  w.directory.records.set('www.example.test', record);
  w.records.set('_acme-challenge.www.example.test', record);
  await until('the certificate', () => w.installed.size === 1);
});

test('a record that never comes, and words that are never said, end in time', async (t) => {
  const w = await world(t);
  const section = { challenge: 'dns-01', map: null, dnsDelay: 20, dnsTimeout: 100 } as const;
  w.renewals.configure(
    [managed(w.section({ ...section, ready: ['dns'] }), 'a'), managed(w.section(section), 'b', ['b.example.test'])],
    true,
  );
  await until('both', () => w.told.length === 2);
  assert.match(w.told.find((one) => one.includes(' a: '))!, /no TXT record of _acme-challenge for www\.example\.test/);
  assert.match(
    w.told.find((one) => one.includes(' b: '))!,
    /nobody has said that the challenges of b\.example\.test are/,
  );
});

test('a key is used again where that is wanted', async (t) => {
  const w = await world(t);
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  w.keys.set('@site/www', key);
  w.renewals.configure([managed(w.section({ reuseKey: true }))], true);
  await until('the certificate', () => w.installed.size === 1);
  assert.equal(new X509Certificate(w.installed.get('@site/www')!).checkPrivateKey(key), true);
});

test('what is no longer wanted, or at the end of the process, is dropped without a word', async (t) => {
  const w = await world(t);
  const section = w.section({ challenge: 'dns-01', map: null });
  w.renewals.configure([managed(section)], true);
  await until('the event', () => w.events.length === 1);
  w.renewals.configure([], true);
  assert.deepEqual(w.renewals.list(), []);
  w.renewals.configure([managed(section)], true);
  await until('another', () => w.events.length === 2);
  w.renewals.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(w.told, []);
});
