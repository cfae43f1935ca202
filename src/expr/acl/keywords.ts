/** ACL keywords that stand for a sample fetch with a match method: `path_beg` = `path -m beg`. */

import { isFetch } from '../compile.ts';

export interface AclKeyword {
  readonly name: string;
  readonly fetch: string;
  readonly method: string;
}

const SUFFIXES = ['beg', 'dir', 'dom', 'end', 'len', 'reg', 'sub'];

/** A criterion with all suffixes, and without any (a text match). */
function family(name: string, fetch: string): AclKeyword[] {
  return [
    { name, fetch, method: 'str' },
    ...SUFFIXES.map((suffix) => ({ name: `${name}_${suffix}`, fetch, method: suffix })),
  ];
}

const all: readonly AclKeyword[] = [
  ...family('base', 'base'),
  ...family('cook', 'req.cook'),
  ...family('hdr', 'req.hdr'),
  { name: 'http_auth_group', fetch: 'http_auth_group', method: 'str' },
  { name: 'method', fetch: 'method', method: 'str' },
  ...family('path', 'path'),
  { name: 'payload', fetch: 'req.payload', method: 'bin' },
  { name: 'payload_lv', fetch: 'req.payload_lv', method: 'bin' },
  { name: 'req.ssl_ver', fetch: 'req.ssl_ver', method: 'int' },
  { name: 'req_rdp_cookie', fetch: 'req.rdp_cookie', method: 'str' },
  { name: 'req_rdp_cookie_cnt', fetch: 'req.rdp_cookie_cnt', method: 'int' },
  { name: 'req_ssl_sni', fetch: 'req.ssl_sni', method: 'str' },
  { name: 'req_ssl_ver', fetch: 'req.ssl_ver', method: 'int' },
  { name: 'req_ver', fetch: 'req.ver', method: 'str' },
  { name: 'resp_ver', fetch: 'res.ver', method: 'str' },
  ...family('scook', 'res.cook'),
  ...family('shdr', 'res.hdr'),
  { name: 'ssl_fc_sni_end', fetch: 'ssl_fc_sni', method: 'end' },
  { name: 'ssl_fc_sni_reg', fetch: 'ssl_fc_sni', method: 'reg' },
  ...family('url', 'url'),
  ...family('urlp', 'urlp'),
];

/** Those whose fetch works here, by name. */
export const ACL_KEYWORDS: ReadonlyMap<string, AclKeyword> = new Map(
  all.filter((keyword) => isFetch(keyword.fetch)).map((keyword) => [keyword.name, keyword]),
);
