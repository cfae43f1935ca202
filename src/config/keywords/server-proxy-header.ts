/** Options of servers that are told of the client by the PROXY protocol. */

import type { ServerDraft } from '../draft-server.ts';
import type { Option, OptionResult } from './option.ts';
import { flag, type Input, value } from './server-option.ts';

const PROXY_V2_OPTIONS = ['ssl', 'cert-cn', 'cert-key', 'cert-sig', 'ssl-cipher', 'authority', 'crc32c', 'unique-id'];

function parseProxyV2Options({ draft, value: word }: Input): OptionResult {
  const options = word.split(',');
  const unknown = options.find((option) => !PROXY_V2_OPTIONS.includes(option));
  if (unknown !== undefined) return `'${unknown}' : proxy v2 option not implemented`;
  draft.proxyV2Options = [...new Set([...draft.proxyV2Options, ...options])];
  // As in HAProxy: without a version, the header of the first one is sent.
  draft.sendProxy ||= 1;
  return undefined;
}

/** `set-proxy-v2-tlv-fmt(<id>) <fmt>`: a TLV whose value is a log-format. */
function parseProxyTlv({ draft, words, index, value: format }: Input): OptionResult {
  const id = /\((.*)\)$/.exec(words[index]!)?.[1];
  const type = id !== undefined && /^(0x[0-9a-f]+|\d+)$/i.test(id) ? Number(id) : -1;
  if (type < 0 || type > 255) return `'set-proxy-v2-tlv-fmt' : could not convert TLV ID, it is a number from 0 to 255`;
  if (format === '') return `'set-proxy-v2-tlv-fmt' : missing value`;
  draft.proxyTlvs = [...draft.proxyTlvs.filter((tlv) => tlv.type !== type), { type, format }];
  return undefined;
}

function sendProxyV2(draft: ServerDraft, options: readonly string[]): void {
  draft.sendProxy = 2;
  draft.proxyV2Options = [...new Set([...draft.proxyV2Options, ...options])];
}

function sendNoProxyV2(draft: ServerDraft, options: readonly string[]): void {
  if (draft.sendProxy === 2) draft.sendProxy = 0;
  draft.proxyV2Options = draft.proxyV2Options.filter((option) => !options.includes(option));
}

/** Which header it is sent, and what is in it. */
export const SERVER_PROXY_HEADER_OPTIONS: Option<ServerDraft>[] = [
  flag('send-proxy', (draft) => {
    draft.sendProxy ||= 1;
  }),
  flag('no-send-proxy', (draft) => {
    if (draft.sendProxy === 1) draft.sendProxy = 0;
  }),
  flag('send-proxy-v2', (draft) => {
    draft.sendProxy = 2;
  }),
  flag('no-send-proxy-v2', (draft) => {
    if (draft.sendProxy === 2) draft.sendProxy = 0;
  }),
  flag('send-proxy-v2-ssl', (draft) => sendProxyV2(draft, ['ssl']), { tls: true }),
  flag('send-proxy-v2-ssl-cn', (draft) => sendProxyV2(draft, ['ssl', 'cert-cn']), { tls: true }),
  flag('no-send-proxy-v2-ssl', (draft) => sendNoProxyV2(draft, ['ssl']), { notDynamic: true, tls: true }),
  flag('no-send-proxy-v2-ssl-cn', (draft) => sendNoProxyV2(draft, ['ssl', 'cert-cn']), {
    notDynamic: true,
    tls: true,
  }),
  value('proxy-v2-options', '<option>,[...]', 'a list of options', parseProxyV2Options),
  {
    name: 'set-proxy-v2-tlv-fmt',
    takes: 1,
    args: '(<id>) <fmt>',
    status: 'works',
    parameter: true,
    parse: parseProxyTlv,
  },
];
