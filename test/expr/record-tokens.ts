/**
 * Records in golden/tokens.json what HAProxy 3.4 gives for tokens of all kinds: `HAPROXY=... node test/expr/record-tokens.ts`. Keys
 * and tokens are made anew each time.
 */

import { spawn } from 'node:child_process';
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listeningPorts } from '../support/ports.ts';
import { aesWrap, agree, direct, gcmWrap, json, rsaWrap, seal, type Wrap } from './tokens.ts';

/** An expression of the token, which stands in front of it, and what it needs. */
export interface TokenCase {
  readonly what: string;
  readonly converter: string;
  readonly token: string;
  /** `txn.jwk` and `txn.alg`. */
  readonly vars: Readonly<Record<string, string>>;
}

export interface TokenAnswers {
  readonly files: Readonly<Record<string, string>>;
  /** `value` is what HAProxy gives by default, `allowed` with all algorithms and unsigned tokens; null: nothing. */
  readonly cases: readonly (TokenCase & { value: string | null; allowed: string | null })[];
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
const curves = Object.fromEntries(
  ['P-256', 'P-384', 'P-521', 'secp256k1'].map((namedCurve) => [namedCurve, generateKeyPairSync('ec', { namedCurve })]),
);
const ec = curves['P-256']!;
const secret = (bits: number) => Buffer.alloc(bits / 8, 'key');
const jwk = (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' }));
const oct = (key: Buffer) => JSON.stringify({ kty: 'oct', k: key.toString('base64url') });

const ENCRYPTIONS = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'];
const AGREEMENTS = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'];

function encrypted(): TokenCase[] {
  const cases: TokenCase[] = [];
  const add = (what: string, token: string, key: string) =>
    cases.push({ what, converter: 'jwt_decrypt_jwk(txn.jwk)', token, vars: { jwk: key } });
  const sealed = (alg: string, enc: string, wrap: Wrap, more?: object) => seal(alg, enc, alg, wrap, undefined, more);
  const hashes: [string, string | null][] = [
    ['RSA1_5', null],
    ['RSA-OAEP', 'sha1'],
    ['RSA-OAEP-256', 'sha256'],
    ['RSA-OAEP-384', 'sha384'],
  ];
  for (const [alg, hash] of hashes) add(alg, sealed(alg, 'A128GCM', rsaWrap(rsa.publicKey, hash)), jwk(rsa.privateKey));
  for (const bits of [128, 192, 256]) {
    const key = secret(bits);
    add(`A${bits}KW`, sealed(`A${bits}KW`, 'A256GCM', aesWrap(key)), oct(key));
    add(`A${bits}GCMKW`, sealed(`A${bits}GCMKW`, 'A256GCM', gcmWrap(key)), oct(key));
    add(`dir ${bits}`, seal('dir', `A${bits}GCM`, 'dir', direct, key), oct(key));
  }
  for (const alg of AGREEMENTS)
    for (const enc of ENCRYPTIONS)
      add(`${alg} ${enc}`, sealed(alg, enc, agree(alg, enc, ec.publicKey)), jwk(ec.privateKey));
  for (const [curve, { publicKey, privateKey }] of Object.entries(curves))
    add(curve, sealed('ECDH-ES', 'A128GCM', agree('ECDH-ES', 'A128GCM', publicKey)), jwk(privateKey));
  for (const parties of [{ apu: 'QWxpY2U', apv: 'Qm9i' }, { apu: 'QWxpY2U' }, { apv: 'Qm9i' }, { apu: '', apv: '' }]) {
    const wrap = agree('ECDH-ES+A192KW', 'A128GCM', ec.publicKey, parties);
    add(`parties ${JSON.stringify(parties)}`, sealed('ECDH-ES+A192KW', 'A128GCM', wrap), jwk(ec.privateKey));
  }
  const other = curves['P-384']!;
  const agreed = (more: object = {}) =>
    sealed('ECDH-ES', 'A128GCM', agree('ECDH-ES', 'A128GCM', ec.publicKey), { kid: 'a', ...more });
  const { x, y, ...point } = ec.publicKey.export({ format: 'jwk' });
  add('another curve', agreed({ epk: other.publicKey.export({ format: 'jwk' }) }), jwk(ec.privateKey));
  add('half a point', agreed({ epk: { ...point, x } }), jwk(ec.privateKey));
  add('a point beside the curve', agreed({ epk: { ...point, x, y: x } }), jwk(ec.privateKey));
  add('no point', agreed({ epk: undefined }), jwk(ec.privateKey));
  add('parties not in base64url', agreed({ apu: '***' }), jwk(ec.privateKey));
  add('a public key', agreed(), jwk(ec.publicKey));
  add('a key of another curve', agreed(), jwk(other.privateKey));
  add('a key of RSA', agreed(), jwk(rsa.privateKey));
  add('a secret', agreed(), oct(secret(128)));
  add('no key', agreed(), '{"kty":"EC"}');
  add('compressed', agreed({ zip: 'DEF' }), jwk(ec.privateKey));
  add('critical', agreed({ crit: ['x'], x: 1 }), jwk(ec.privateKey));
  const parts = agreed().split('.');
  add('a key where none is wanted', [parts[0], 'AAAA', ...parts.slice(2)].join('.'), jwk(ec.privateKey));
  add(
    'wrapped for another key',
    [json({ alg: 'RSA1_5', enc: 'A128GCM' }), ...parts.slice(1)].join('.'),
    jwk(rsa.privateKey),
  );
  return cases;
}

const BODY = `${json({ alg: 'x' })}.${json({ iss: 'me' })}`;

function signed(): TokenCase[] {
  const cases: TokenCase[] = [];
  const add = (alg: string, key: string, code: string, body = BODY) => {
    const token = code === '-' ? body : `${body}.${code}`;
    const what = `${alg} by ${key}, ${cases.length}`;
    cases.push({ what, converter: `jwt_verify(txn.alg,${key})`, token, vars: { alg } });
  };
  const code = (digest: string, key: KeyObject, more: object = {}) =>
    sign(digest, Buffer.from(BODY), { key, dsaEncoding: 'ieee-p1363', ...more }).toString('base64url');
  for (const bits of [256, 384, 512]) {
    const digest = `sha${bits}`;
    const mac = createHmac(digest, 'secret').update(BODY).digest('base64url');
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    add(`HS${bits}`, 'secret', mac);
    add(`HS${bits}`, 'other', mac);
    add(`RS${bits}`, 'rsa.pem', code(digest, rsa.privateKey));
    add(`ES${bits}`, 'ec.pem', code(digest, ec.privateKey));
    for (const saltLength of [bits / 8, 0, 20])
      add(`PS${bits}`, 'rsa.pem', code(digest, rsa.privateKey, { padding, saltLength }));
    add(`PS${bits}`, 'pss.pem', code(digest, pss.privateKey, { saltLength: bits / 8 }));
    add(`PS${bits}`, 'rsa.pem', code(digest, rsa.privateKey));
    add(`RS${bits}`, 'rsa.pem', code(digest, rsa.privateKey, { padding, saltLength: bits / 8 }));
    add(`RS${bits}`, 'pss.pem', code(digest, pss.privateKey, { saltLength: bits / 8 }));
    add(`RS${bits}`, 'ec.pem', code(digest, ec.privateKey));
    add(`PS${bits}`, 'ec.pem', code(digest, ec.privateKey));
    add(`ES${bits}`, 'rsa.pem', code(digest, rsa.privateKey));
  }
  for (const tail of ['', 'AAAA', '***', '-', '.']) {
    add('none', 'secret', tail);
    add('HS256', 'secret', tail);
    add('RS256', 'rsa.pem', tail);
    add('None', 'secret', tail);
  }
  add('none', 'secret', '', '.');
  for (const alg of ['EdDSA', 'constructor', '__proto__']) add(alg, 'rsa.pem', 'AAAA');
  return cases;
}

/** What the program gives for the cases, under lines of the global section. */
async function answers(
  cases: readonly TokenCase[],
  folder: string,
  globals: readonly string[],
): Promise<(string | null)[]> {
  const port = await freePort();
  const converters = [...new Set(cases.map(({ converter }) => converter))];
  const lines = [
    'global',
    '  tune.bufsize 32768',
    ...globals.map((line) => `  ${line}`),
    'defaults',
    '  mode http',
    '  timeout client 5s',
    'frontend fe',
    `  bind 127.0.0.1:${port}`,
    ...['jwk', 'alg'].map((name) => `  http-request set-var(txn.${name}) req.fhdr(${name})`),
    ...converters.map(
      (converter, i) => `  http-request set-var(txn.value) req.fhdr(token),${converter} if { req.fhdr(n) ${i} }`,
    ),
    '  http-request return status 200 content-type text/plain lf-string "%[var(txn.value)]" if { var(txn.value) -m found }',
    '  http-request return status 204',
  ];
  writeFileSync(join(folder, 'haproxy.cfg'), `${lines.join('\n')}\n`);
  const child = spawn(process.env['HAPROXY'] ?? 'haproxy', ['-db', '-q', '-f', 'haproxy.cfg'], {
    cwd: folder,
    stdio: 'inherit',
  });
  while (!listeningPorts().has(port)) await new Promise((resolve) => setTimeout(resolve, 50));
  const ask = ({ token, converter, vars }: TokenCase) =>
    new Promise<string | null>((resolve, reject) => {
      const headers = { token, n: String(converters.indexOf(converter)), ...vars };
      const sent = request({ host: '127.0.0.1', port, headers, agent: false }, async (response) => {
        const body = Buffer.concat(await response.toArray()).toString();
        resolve(response.statusCode === 200 ? body : null);
      });
      sent.on('error', reject).end();
    });
  const values: (string | null)[] = [];
  for (const one of cases) values.push(await ask(one));
  child.kill();
  return values;
}

async function record(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'record-'));
  const pem = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const files = { 'rsa.pem': pem(rsa), 'ec.pem': pem(ec), 'pss.pem': pem(pss), secret: '', other: '' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const cases = [...encrypted(), ...signed()];
  const value = await answers(cases, folder, []);
  const allowed = await answers(cases, folder, ['jwt.allow_none_alg', 'jwt.decrypt_alg_list ALL']);
  const result: TokenAnswers = {
    files,
    cases: cases.map((one, i) => ({ ...one, value: value[i]!, allowed: allowed[i]! })),
  };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  writeFileSync(process.env['GOLDEN'] ?? new URL('golden/tokens.json', import.meta.url).pathname, text);
  rmSync(folder, { recursive: true });
}

await record();
