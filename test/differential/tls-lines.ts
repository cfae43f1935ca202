import type { Random } from './random.ts';

const FACTS =
  `ssl_fc ssl_fc_cipher ssl_fc_protocol ssl_fc_sni ssl_fc_alpn ssl_fc_alg_keysize ssl_fc_use_keysize ssl_fc_has_crt ssl_fc_has_sni ssl_fc_has_early ssl_fc_npn
  ssl_fc_session_key,length ssl_fc_cipherlist_bin,hex ssl_fc_cipherlist_bin(1),hex ssl_fc_eclist_bin,hex ssl_fc_ecformats_bin,hex
  ssl_fc_err ssl_fc_err_str fc_err fc_err_str ssl_c_used ssl_c_verify ssl_c_err ssl_c_ca_err ssl_c_ca_err_depth ssl_c_s_dn ssl_c_s_dn(cn) ssl_c_i_dn(cn)
  ssl_c_i_dn ssl_c_serial,hex ssl_c_sha1,hex ssl_c_version ssl_c_key_alg ssl_c_sig_alg ssl_c_der,length ssl_c_notafter,length ssl_f_s_dn ssl_f_i_dn(cn)
  ssl_f_serial,hex ssl_f_sha1,hex ssl_f_key_alg ssl_f_sig_alg ssl_f_version ssl_f_der,length ssl_f_notbefore,length`
    .trim()
    .split(/\s+/);
const BACK_FACTS =
  'ssl_bc ssl_bc_cipher ssl_bc_protocol ssl_bc_alpn ssl_bc_alg_keysize ssl_bc_use_keysize ssl_s_s_dn ssl_s_i_dn(cn) ssl_s_key_alg ssl_s_sig_alg ssl_s_version ssl_s_serial,length ssl_bc_err ssl_bc_err_str bc_err bc_err_str'.split(
    ' ',
  );

/** Words of a `bind` line behind its address. */
export function bindWords(random: Random, http2: boolean): string {
  // What other words of the line mean for one of the list is not the same in all versions.
  if (!http2 && random.chance(0.25))
    return `ssl crt-list sites.crt-list alpn http/1.1${random.chance(0.5) ? ' strict-sni' : ''}`;
  const some = (p: number, ...words: string[]): string[] => (random.chance(p) ? [random.pick(words)] : []);
  return [
    'ssl',
    random.pick([
      'crt site.pem',
      'crt site.pem crt api.pem',
      'crt site-ec.pem crt site.pem',
      'crt api.pem crt site.pem strict-sni',
    ]),
    http2 ? 'alpn h2,http/1.1' : random.pick(['alpn h2,http/1.1', 'alpn http/1.1', 'alpn h2']),
    ...some(
      0.5,
      'verify optional ca-file users.pem',
      'verify required ca-file users.pem',
      'verify optional ca-file users.pem crt-ignore-err all ca-ignore-err all',
      'verify required ca-file users.pem crt-ignore-err all',
      'verify optional ca-file users.pem crl-file users.crl',
      'verify required ca-file users.pem crt-ignore-err 10,23 crl-file users.crl',
      'verify none',
    ),
    ...some(
      0.4,
      'ssl-min-ver TLSv1.3',
      'ssl-max-ver TLSv1.2',
      'force-tlsv12',
      'force-tlsv13',
      'no-tlsv13',
      'ssl-min-ver TLSv1.0 ciphers ALL@SECLEVEL=0',
    ),
    ...some(0.3, 'ciphers ECDHE-RSA-AES128-GCM-SHA256', 'ciphers AES128-SHA:ECDHE+AESGCM', 'prefer-client-ciphers'),
    ...some(0.2, 'ciphersuites TLS_CHACHA20_POLY1305_SHA256', 'ciphersuites TLS_AES_128_GCM_SHA256'),
    ...some(0.2, 'curves P-256', 'curves P-384:P-256', 'ecdhe secp384r1'),
    ...some(0.2, 'no-tls-tickets'),
  ].join(' ');
}

/** How the log tells of TLS. */
export function logLines(random: Random): string[] {
  if (random.chance(0.5)) return [];
  return random.pick([
    ['option httpslog'],
    [`error-log-format 'fe_line %ci %[fc_err] %[fc_err_str] %[ssl_fc_err,length] %[ssl_c_err] %[ssl_fc_sni] %ST'`],
    [`log-format 'fe_line %ci %sslc %sslv %[ssl_fc_sni] %[ssl_c_s_dn(cn)] %[ssl_c_verify] %[bc_err] %ST %B'`],
  ]);
}

/** Rules about TLS. */
export function ruleLines(random: Random, front: boolean): string[] {
  const lines = random.some(3, () =>
    random.pick([
      `http-request set-header x-tls "${random.pick(FACTS)}=%[${random.pick(FACTS)}] %[${random.pick(FACTS)}]"`,
      `http-response set-header x-tls "%[${random.pick(FACTS)}] %[${random.pick(FACTS)}]"`,
      `http-response set-header x-server-tls "%[${random.pick(BACK_FACTS)}] %[${random.pick(BACK_FACTS)}] %[${random.pick(BACK_FACTS)}]"`,
      `http-request deny deny_status 403 if { ${random.pick(FACTS)} -m found } { path_beg /a }`,
      'http-request deny deny_status 421 if { ssl_fc_sni -m found } !{ ssl_fc_sni,strcmp(txn.host) eq 0 }',
      'http-request set-var(txn.host) req.hdr(host),lower',
      'redirect scheme https code 301 if !{ ssl_fc }',
      'http-request deny if { ssl_c_verify gt 0 }',
      'http-request set-header x-forwarded-proto https if { ssl_fc }',
      'tcp-request session reject if { ssl_fc_sni no.example.com }',
      'tcp-request content reject if { ssl_c_used 1 } { ssl_c_verify 10 }',
      'http-response set-header strict-transport-security max-age=5 if { ssl_fc }',
    ]),
  );
  return front || random.chance(0.5) ? lines : [];
}

/** Address and words of server `name`. */
export function serverWords(random: Random, name: string): string {
  if (random.chance(0.4)) return `{addr:${name}}`;
  const some = (p: number, ...words: string[]): string[] => (random.chance(p) ? [random.pick(words)] : []);
  return [
    random.chance(0.06) ? `{addr:${name}}` : `{addr:tls${name}}`,
    'ssl',
    random.pick([
      'verify none',
      'verify none',
      'verify required ca-file authority.pem',
      'verify required ca-file authority.pem verifyhost app.example',
      'verify required ca-file authority.pem verifyhost other.example',
      'verify required ca-file users.pem',
    ]),
    // Without one, versions differ in what they ask for.
    random.pick([
      'sni str(app.example)',
      'sni str(app.example)',
      'sni req.hdr(host)',
      'sni ssl_fc_sni',
      'sni str(other.example)',
    ]),
    ...some(0.4, 'alpn h2,http/1.1', 'alpn http/1.1', 'alpn h2'),
    ...some(0.3, 'crt ann.pem'),
    ...some(0.3, 'ssl-max-ver TLSv1.2', 'force-tlsv13', 'ssl-min-ver TLSv1.2'),
    ...some(0.2, 'ciphers ECDHE-ECDSA-AES128-GCM-SHA256', 'ciphersuites TLS_AES_128_GCM_SHA256'),
    ...some(0.2, 'no-ssl-reuse', 'no-tls-tickets'),
  ].join(' ');
}
