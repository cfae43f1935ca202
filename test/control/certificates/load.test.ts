import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseBindLine } from '../../../src/config/bind.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { loadCertificates } from '../../../src/control/certificates/load.ts';
import { optionsText } from '../../../src/model/certificates/crt-list-line.ts';
import { textOf } from '../../../src/model/certificates/shared-bytes.ts';
import { issue, ocspResponse } from '../../support/pki.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
after(() => rmSync(folder, { recursive: true }));

const ca = issue({ name: 'Test CA', ca: true });
const other = issue({ name: 'Other CA', ca: true });
const site = issue({ name: 'site.test', dns: ['site.test', 'WWW.site.test', '*.sub.site.test'], issuer: ca });
const alt = issue({ name: 'alt.test', issuer: ca, type: 'rsa' });

function file(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function dir(name: string): void {
  mkdirSync(join(folder, name), { recursive: true });
}

function loadBind(words: string, global = '', sections = '') {
  const text = `global
 crt-base ${folder}
 ca-base ${folder}
 ${global}
${sections}
frontend f
 mode http
 timeout client 1s
 bind 127.0.0.1:1
`;
  const { config, diagnostics } = loadConfig({ texts: [{ name: 't.cfg', text }], env: {} });
  assert.ok(config !== null, diagnostics.map((d) => d.text).join('\n'));
  const [frontend] = config.proxies;
  const line = ['127.0.0.1:1', 'ssl', ...words.split(' ')];
  const { binds } = parseBindLine(line, { at: frontend!.binds[0]!.at, tls: config.global });
  const { certificates, problems } = loadCertificates({ ...config, proxies: [{ ...frontend!, binds }] });
  const told = problems.map(({ text: one }) =>
    one.replaceAll(folder, 'DIR').replace("'bind 127.0.0.1:1' in section 'frontend' : ", ''),
  );
  return { certificates, told };
}

file('site.pem', site.pem);
file('alt.pem', alt.key + alt.certificate + ca.certificate);

test('leaf, chain and key are taken in any order; names are in small letters, each once', () => {
  const { certificates, told } = loadBind('crt site.pem crt alt.pem');
  assert.deepEqual(told, []);
  const [one, two] = certificates.certificates;
  assert.equal(one!.path, join(folder, 'site.pem'));
  assert.deepEqual(one!.content.names, ['site.test', 'www.site.test', '*.sub.site.test']);
  assert.deepEqual([one!.content.keyType, two!.content.keyType], ['ecdsa', 'rsa']);
  assert.equal(textOf(two!.content.chain), alt.certificate + ca.certificate);
  assert.equal(textOf(two!.content.key!), alt.key);
});

test('what is wrong with a certificate is told as HAProxy does', () => {
  file('mismatch.pem', site.certificate + alt.key);
  file('nokey.pem', site.certificate);
  file('garbage.pem', 'garbage\n');
  file('badchain.pem', `${site.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);
  file(
    'encrypted.pem',
    `${site.certificate}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n`,
  );
  const alert = (name: string) => loadBind(`crt ${name}`).told[0]!.replace(/: (?!DIR)[^:]*$/, ': REASON');
  assert.equal(
    loadBind('crt absent.pem').told[0],
    "unable to stat SSL certificate from file 'DIR/absent.pem' : No such file or directory.",
  );
  assert.equal(
    loadBind('crt mismatch.pem').told[0],
    "inconsistencies between private key and certificate loaded 'DIR/mismatch.pem'.",
  );
  assert.equal(loadBind('crt nokey.pem').told[0], "No Private Key found in 'DIR/nokey.pem.key'.");
  assert.equal(
    loadBind('crt garbage.pem').told[0],
    "unable to load certificate from file 'DIR/garbage.pem': no start line.",
  );
  assert.equal(alert('badchain.pem'), "unable to load certificate chain from file 'DIR/badchain.pem': REASON");
  assert.match(
    loadBind('crt encrypted.pem').told[0]!,
    /^the private key in 'DIR\/encrypted.pem' is encrypted, .*openssl pkey/,
  );
});

test('key, issuer and OCSP response beside a certificate are found, unless they are not to be', () => {
  file('parts.crt', site.certificate);
  file('parts.crt.key', site.key);
  file('parts.crt.issuer', ca.certificate);
  const response = ocspResponse(ca, site);
  file('parts.crt.ocsp', response);
  const { certificates, told } = loadBind('crt parts.crt');
  assert.deepEqual(told, []);
  const { content, files } = certificates.certificates[0]!;
  const found = Object.fromEntries(
    Object.entries(files).map(([kind, path]) => [kind, path?.slice(folder.length + 1) ?? null]),
  );
  assert.deepEqual(found, {
    crt: 'parts.crt',
    key: 'parts.crt.key',
    ocsp: 'parts.crt.ocsp',
    issuer: 'parts.crt.issuer',
    sctl: null,
  });
  assert.deepEqual(Buffer.from(content.ocsp!), response);
  assert.equal(
    loadBind('crt parts.crt', 'ssl-load-extra-files none').told[0],
    "No Private Key found in 'DIR/parts.crt'.",
  );
  file('parts.key', site.key);
  assert.deepEqual(loadBind('crt parts.crt', 'ssl-load-extra-files key\n ssl-load-extra-del-ext').told, []);
});

test('a response that cannot be used is left out, and without an issuer it is a mistake', () => {
  const staple = (name: string, response: Uint8Array | string, issuer = ca) => {
    file(`${name}.pem`, site.pem);
    file(`${name}.pem.issuer`, issuer.certificate);
    file(`${name}.pem.ocsp`, response);
    return loadBind(`crt ${name}.pem`);
  };
  const gone = staple('gone', ocspResponse(ca, site, { nextUpdate: Date.now() - 3_600_000 }));
  assert.deepEqual(gone.told, ['Loading: OCSP single response: no longer valid. Content will be ignored.']);
  assert.equal(gone.certificates.certificates[0]!.content.ocsp, null);
  const wrong = staple('wrong', ocspResponse(ca, alt));
  assert.deepEqual(wrong.told, [
    'Loading: OCSP single response: Certificate ID does not match certificate and issuer. Content will be ignored.',
  ]);
  assert.match(
    staple('stranger', ocspResponse(ca, site), other).told[0]!,
    /^'DIR\/stranger.pem.issuer' is not an issuer\.$/,
  );
  file('alone.pem', site.pem);
  file('alone.pem.ocsp', ocspResponse(ca, site));
  assert.match(loadBind('crt alone.pem').told[0]!, /impossible to compute the OCSP certificate ID/);
});

test('a bundle is a certificate for each type of key, a folder all that is in it', () => {
  file('both.pem.rsa', alt.pem);
  file('both.pem.ecdsa', site.pem);
  const bundle = loadBind('crt both.pem').certificates;
  assert.deepEqual(
    bundle.certificates.map(({ path }) => path.slice(folder.length)),
    ['/both.pem.ecdsa', '/both.pem.rsa'],
  );
  dir('all');
  file('all/b.pem', alt.pem);
  file('all/a.crt', site.certificate);
  file('all/a.crt.key', site.key);
  file('all/.hidden', 'x');
  const all = loadBind('crt all').certificates;
  assert.deepEqual(
    all.lists[0]!.entries.map(({ certificate }) => certificate.slice(folder.length)),
    ['/all/a.crt', '/all/b.pem'],
  );
  assert.equal(all.lists[0]!.folder, true);
});

test('a crt-list has options, filters and comments; its mistakes are told with file and line', () => {
  const list = (name: string, text: string) => loadBind(`crt-list ${file(name, text)}`);
  file('ca.pem', ca.certificate);
  const { certificates, told } = list(
    'good.list',
    '# comment\nsite.pem [alpn h2 verify optional ca-file ca.pem ssl-min-ver TLSv1.3] *.site.test !www.site.test\n\nalt.pem\n',
  );
  assert.deepEqual(told, []);
  assert.deepEqual(certificates.lists[0]!.entries, [
    {
      line: 2,
      certificate: join(folder, 'site.pem'),
      options: { alpn: ['h2'], verify: 'optional', caFile: join(folder, 'ca.pem'), minVersion: 'TLSv1.3' },
      words: {},
      filters: ['*.site.test', '!www.site.test'],
    },
    { line: 4, certificate: join(folder, 'alt.pem'), options: null, words: {}, filters: [] },
  ]);
  assert.deepEqual(
    certificates.trusts.map(({ path }) => path),
    [join(folder, 'ca.pem')],
  );
  const mistakes: readonly (readonly [string, string])[] = [
    ['site.pem [bogus x]\n', 'parsing [DIR/bad.list:1]: unknown ssl keyword bogus.'],
    ['site.pem', 'parsing [DIR/bad.list:1]: Missing LF on last line, file might have been truncated at position 9.'],
    ['\n[alpn h2] site.pem\n', 'parsing [DIR/bad.list:2]: file must start with a cert.'],
    ['site.pem [alpn]\n', "parsing [DIR/bad.list:1]: ssl args out of '[]' for alpn."],
    [
      'site.pem [verify maybe]\n',
      "'verify' : unknown verify method 'maybe', only 'none', 'optional', and 'required' are supported.",
    ],
    ['none.pem\n', "unable to stat SSL certificate from file 'DIR/none.pem' : No such file or directory."],
  ];
  for (const [text, alert] of mistakes) assert.equal(list('bad.list', text).told[0], `'crt-list' : ${alert}`);
  assert.equal(
    loadBind('crt-list /absent').told[0],
    "'crt-list' : cannot open file '/absent' : No such file or directory.",
  );
});

test('authorities, revocation lists and ticket keys are read, and their mistakes told', () => {
  assert.deepEqual(loadBind('crt site.pem ca-file absent verify required').told.slice(0, 2), [
    "Couldn't open the ca-file 'DIR/absent' (No such file or directory).",
    "'ca-file' : unable to load DIR/absent",
  ]);
  file('keys', `${'A'.repeat(64)}\n`.repeat(4));
  assert.equal(loadBind(`crt site.pem tls-ticket-keys ${folder}/keys`).certificates.ticketKeys[0]!.keys.length, 3);
  file('few', `${'A'.repeat(64)}\n`);
  assert.equal(
    loadBind(`crt site.pem tls-ticket-keys ${folder}/few`).told[0],
    "'DIR/few' : please supply at least 3 keys in the tls-tickets-file.",
  );
});

test('a key that everybody can read earns a warning', () => {
  file('open.pem', site.pem, 0o644);
  assert.deepEqual(loadBind('crt open.pem').told, [
    "everybody on this machine can read the private key in 'DIR/open.pem': take that right away (chmod o-r).",
  ]);
  file('open.keys', `${'A'.repeat(64)}\n`.repeat(3), 0o644);
  assert.deepEqual(loadBind(`crt site.pem tls-ticket-keys ${folder}/open.keys`).told, [
    "everybody on this machine can read the ticket keys in 'DIR/open.keys': take that right away (chmod o-r).",
  ]);
});

test('a crt-store names certificates by alias and by file', () => {
  file('store.crt', site.certificate);
  file('store.key', site.key);
  const store = `crt-store web
 crt-base ${folder}
 key-base ${folder}
 load crt store.crt key store.key alias one ocsp-update off
 load crt alt.pem
`;
  const { certificates, told } = loadBind('crt @web/one crt @web/alt.pem', '', store);
  assert.deepEqual(told, []);
  assert.deepEqual(certificates.binds[0]!.sources, [
    { certificates: ['@web/one'] },
    { certificates: [join(folder, 'alt.pem')] },
  ]);
  assert.equal(certificates.certificates[0]!.ocspUpdate, false);
});

describe('words of crt-stores in a crt-list', () => {
  file('apart.crt', site.certificate);
  file('apart.key', site.key);
  file('other.key', site.key);
  file('ca.crt', ca.certificate);
  file('apart.resp', ocspResponse(ca, site));
  file('apart.sct', Buffer.from([0, 4, 0, 2, 1, 2]));
  file('bundle.pem.ecdsa', site.pem);
  const listed = (text: string, words = '', sections = '') => {
    const path = file('words.list', text);
    return loadBind(`crt-list ${path}${words}`, `key-base ${folder}`, sections);
  };

  test('name the files of a certificate, and what is done with it', () => {
    const { certificates, told } = listed(
      'apart.crt [key apart.key ocsp apart.resp issuer ca.crt sctl apart.sct jwt on alpn h2] a.test\n',
    );
    assert.deepEqual(told, [
      "the timestamps in 'DIR/apart.sct' are not sent, which is beyond Node's TLS: those within the certificate are.",
    ]);
    const [one] = certificates.certificates;
    const at = (name: string) => join(folder, name);
    assert.deepEqual(one!.files, {
      ...{ crt: at('apart.crt'), key: at('apart.key'), ocsp: at('apart.resp') },
      ...{ issuer: at('ca.crt'), sctl: at('apart.sct') },
    });
    assert.equal(textOf(one!.content.key!), site.key);
    assert.equal(one!.content.issuer, ca.certificate);
    assert.equal(one!.content.sctl?.length, 6);
    assert.ok(one!.content.ocsp !== null);
    assert.equal(one!.jwt, true);
    assert.equal(
      optionsText(certificates.lists[0]!.entries[0]!),
      '[alpn h2\0 key apart.key ocsp apart.resp issuer ca.crt sctl apart.sct jwt on]',
    );
  });

  test('have to be the same wherever a certificate is listed', () => {
    const clash = (text: string, words = '', sections = '') =>
      listed(text, words, sections).told.map((one) => one.replace("'crt-list' : ", ''));
    const twice =
      "'DIR/apart.crt' in crt-list 'DIR/words.list' line 2, is already defined with incompatible parameters:";
    assert.deepEqual(clash('apart.crt [key apart.key] a.test\napart.crt [key apart.key] b.test\n'), []);
    assert.deepEqual(clash('apart.crt [key apart.key]\napart.crt [key other.key]\n'), [
      `${twice}\n - different parameter 'key' : previously 'apart.key' vs 'other.key'.`,
    ]);
    assert.deepEqual(clash('apart.crt [key apart.key ocsp-update off]\napart.crt\n'), [
      `${twice}\n - different parameter 'key' : previously 'apart.key' vs nothing\n- different parameter 'ocsp-update' : previously 'off' vs nothing.`,
    ]);
    assert.deepEqual(clash('site.pem b.test\nsite.pem [ocsp-update on] a.test\n'), [
      `${twice.replace('apart.crt', 'site.pem')}\n - different parameter 'ocsp-update' : previously nothing vs 'on'.`,
    ]);
    assert.deepEqual(clash('site.pem [ocsp-update on]\n', ' crt site.pem'), [
      "'DIR/site.pem' in crt-list 'DIR/words.list' line 1, is already defined with incompatible parameters:\n - different parameter 'ocsp-update' : previously nothing vs 'on'.",
    ]);
  });

  test('may be left out where a crt-store says them, and be no others', () => {
    const store = `crt-store
 crt-base ${folder}
 key-base ${folder}
 load crt apart.crt key apart.key
`;
    const text = 'apart.crt a.test\napart.crt [key apart.key] b.test\n';
    assert.deepEqual(listed(text, ` crt ${folder}/apart.crt`, store).told, []);
    assert.match(
      listed('apart.crt [key other.key]\n', '', store).told[0]!,
      /line 1, is already defined .*\n - different parameter 'key' : previously 'apart.key' vs 'other.key'\.$/,
    );
  });

  test('and others that have no effect here are taken, and told with -V', () => {
    assert.deepEqual(listed('site.pem [ktls on npn http/1.1 alpn h2] a.test\n').told, [
      "parsing [DIR/words.list:1]: 'ktls' has no effect here: what is encrypted is moved through buffers.",
      "parsing [DIR/words.list:1]: 'npn' has no effect here: clients have used ALPN for many years: set alpn.",
    ]);
  });

  test('that cannot be followed are refused', () => {
    const mistakes: readonly (readonly [string, string])[] = [
      ['apart.crt [key]', "parsing [DIR/words.list:1]: ssl args out of '[]' for key."],
      ['apart.crt [key absent]', "cannot open the file 'DIR/absent'."],
      ['apart.crt [ocsp apart.resp]', "No Private Key found in 'DIR/apart.crt'."],
      [
        'site.pem [ocsp-update maybe]',
        "parsing [DIR/words.list:1]: cannot parse 'ocsp-update' value 'maybe', 'on' or 'off' is expected.",
      ],
      [
        'site.pem [alias x]',
        "parsing [DIR/words.list:1]: 'alias' is not supported here. Lines of a crt-store give another name.",
      ],
      [
        'site.pem [crt x]',
        "parsing [DIR/words.list:1]: 'crt' is not supported here. The file of the certificate is what the line begins with.",
      ],
      [
        'bundle.pem [ocsp-update on]',
        "Can't load 'DIR/bundle.pem'. Using crt-store keyword is not compatible with multi certificates bundle.",
      ],
      ['new.pem [acme le domains a.test]', "acme 'le' was used on a crt line, but no 'le' section exists!"],
    ];
    for (const [text, alert] of mistakes)
      assert.equal(listed(`${text}\n`).told[0]?.replaceAll(folder, 'DIR'), `'crt-list' : ${alert}`);
  });

  test('order a certificate, and its stand-in is there until then', () => {
    const { certificates, told } = listed(
      'ordered.pem [acme le domains a.test,b.test]\n',
      '',
      'acme le\n directory https://127.0.0.1:1/dir\n contact a@a.test\n map virt@acme\n',
    );
    assert.deepEqual(told, []);
    const [one] = certificates.certificates;
    assert.deepEqual(one!.order, {
      ...{ section: 'le', domains: ['a.test', 'b.test'] },
      ...{ crt: join(folder, 'ordered.pem'), key: null },
    });
    assert.deepEqual(one!.content.names.slice(0, 2), ['a.test', 'b.test']);
    assert.equal(one!.content.notAfter, 0);
  });
});

test('timestamps of certificate transparency in a file are read, and that they are not sent is told', () => {
  file('stamped.pem', site.pem);
  file('stamped.pem.sctl', Buffer.from([0, 4, 0, 2, 1, 2]));
  const { certificates, told } = loadBind('crt stamped.pem');
  assert.equal(certificates.certificates[0]!.content.sctl?.length, 6);
  assert.deepEqual(told, [
    "the timestamps in 'DIR/stamped.pem.sctl' are not sent, which is beyond Node's TLS: those within the certificate are.",
  ]);
});
