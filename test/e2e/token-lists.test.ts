import assert from 'node:assert/strict';
import { createCipheriv, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';

const SECRET = Buffer.from('0123456789abcdef');

/** A token whose contents the secret itself has encrypted (RFC 7518, section 4.5). */
function direct(text: string): string {
  const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const header = url(Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A128GCM' })));
  const iv = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-128-gcm', SECRET, iv).setAAD(Buffer.from(header));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return [header, '', url(iv), url(sealed), url(cipher.getAuthTag())].join('.');
}

const config = (list: string): string => `
    global
        stats socket {sock:admin} level admin
        ${list}
    defaults
        mode http
        timeout client 5s
    frontend web
        bind {addr:web}
        http-request return status 200 content-type text/plain lf-string "%[req.hdr(token),jwt_decrypt_secret(${SECRET.toString('base64')})]"
`;

test(
  'a list of algorithms holds for all rules, from the reload on that brings it',
  unlessHaproxy26('it decrypts no tokens'),
  async (t) => {
    const run = await start(t, config('# none'));
    const told = async () => (await get(run.port('web'), '/', `token: ${direct('contents')}`)).body.toString().trim();
    assert.equal(await told(), 'contents');
    for (const [list, expected] of [
      ['jwt.decrypt_alg_list A128KW:RSA-OAEP', ''],
      ['jwt.decrypt_alg_list A128KW:dir', 'contents'],
      ['jwt.decrypt_alg_list ALL:!dir', ''],
      ['jwt.decrypt_enc_list A256GCM', ''],
    ] as const) {
      run.rewrite(config(list));
      assert.match(await run.cli('reload'), /^Success=1/);
      assert.equal(await told(), expected, list);
    }
  },
);

test(
  'tokens without a signature are valid where the file says so, and after a reload that says so',
  unlessHaproxy26('it takes them'),
  async (t) => {
    const unsigned = (line: string) =>
      config(line)
        .replace('jwt_decrypt_secret(MDEyMzQ1Njc4OWFiY2RlZg==)', 'jwt_verify(txn.alg,secret)')
        .replace(
          '        http-request return',
          '        http-request set-var(txn.alg) str(none)\n        http-request return',
        );
    const run = await start(t, unsigned('# none'));
    const told = async () => (await get(run.port('web'), '/', 'token: a.b.')).body.toString().trim();
    assert.equal(await told(), '-2');
    run.rewrite(unsigned('jwt.allow_none_alg'));
    assert.match(await run.cli('reload'), /^Success=1/);
    assert.equal(await told(), '1');
  },
);

test('a variable chooses among the keys that rules of any proxy name', async (t) => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [known, unknown] = [pair(), pair()];
  const pem = ({ publicKey }: ReturnType<typeof pair>) => publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const named = (rule: string) => `
    global
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout client 5s
    frontend web
        bind {addr:web}
        http-request set-var(txn.key) req.hdr(key)
        http-request return status 200 content-type text/plain lf-string "%[req.hdr(token),jwt_verify(ES256,txn.key)]"
    frontend other
        bind {addr:other}
        ${rule}
`;
  const rule = 'http-request deny if { req.hdr(token),jwt_verify(ES256,{dir}/known.pem) 1 }';
  const run = await start(t, named(rule), { files: { 'known.pem': pem(known), 'unknown.pem': pem(unknown) } });
  const signature = sign('sha256', Buffer.from('a.b'), { key: known.privateKey, dsaEncoding: 'ieee-p1363' });
  const told = async (key: string) => {
    const token = `token: a.b.${signature.toString('base64url')}`;
    return (await get(run.port('web'), '/', `key: ${run.dir}/${key}`, token)).body.toString().trim();
  };
  assert.equal(await told('known.pem'), '1');
  assert.equal(await told('unknown.pem'), '-5');
  if (isHaproxy) return;
  run.rewrite(named('# none'));
  assert.match(await run.cli('reload'), /^Success=1/);
  assert.equal(await told('known.pem'), '-5');
});
