import { HTTP_COLUMNS } from './counters.ts';
import type { Family } from './family.ts';
import { http } from './http.ts';
import { PROXY_ACCEPTED } from './proxy-accepted.ts';
import { proxyServer } from './proxy-origin.ts';
import { Random } from './random.ts';
import type { Exchange } from './requests.ts';
import { HEAD, scenario } from './scenario.ts';

/** PROXY protocol in front, to servers, or both: configurations and requests of the family `http`. */
export const proxy: Family = {
  name: 'proxy',
  sample: 20,
  accepted: PROXY_ACCEPTED,
  head: HEAD,
  columns: HTTP_COLUMNS,
  make(random, id) {
    const made = scenario(new Random(random.below(2 ** 32)), id);
    const front = random.chance(0.7);
    // An inner header may be there already.
    const connections = made.connections.map(([first, ...others]) => [
      { ...first!, bytes: first!.bytes.replace(/^PROXY .*\r\n/, '') },
      ...others,
    ]);
    return {
      family: proxy,
      id,
      lines: made.lines.flatMap((line) => {
        if (line.startsWith('bind ')) return [`bind {addr:fe_${id}}${front ? ' accept-proxy' : ''}`];
        if (line.startsWith('default_backend ')) return [...ruleLines(random), line];
        return [line.replace(/^(server (s\d) )\{addr:s\d\}/, (_, words, name) => words + serverWords(random, name))];
      }),
      connections: front ? connections.map((exchanges) => introduced(random, exchanges)) : connections,
    };
  },
  async servers(scope, saw) {
    const ports: Record<string, number> = {};
    for (const name of ['s1', 's2', 's3']) ports[`proxy${name}`] = await proxyServer(scope, name, saw);
    return ports;
  },
  play: http.play,
};

const FACTS =
  'src dst src_port dst_port fc_src fc_dst fc_src_port,length fc_dst_port fc_rcvd_proxy fc_pp_authority fc_pp_unique_id src_is_local dst_is_local unique-id'.split(
    ' ',
  );

function ruleLines(random: Random): string[] {
  return random.some(3, () =>
    random.pick([
      `http-request set-header x-from "%[${random.pick(FACTS)}] %[${random.pick(FACTS)}] %[${random.pick(FACTS)}]"`,
      `http-response set-header x-from "%[${random.pick(FACTS)}] %[${random.pick(FACTS)}]"`,
      'http-request set-src hdr_ip(x-ip)',
      'http-request set-src ipv6(2001:db8::5)',
      'http-request set-dst ipv4(192.0.2.80)',
      'http-request set-dst-port int(8443)',
      'http-request set-src-port int(1234)',
      'tcp-request connection reject if { src 192.0.2.66 }',
      'tcp-request session reject if { src 192.0.2.67 }',
      'http-request deny if { src 2001:db8::/32 }',
      'unique-id-format id-%[path]',
      'option forwardfor',
      'option originalto',
      'log-format "fe_line %ci %fi_masked %[src] %[dst] %[dst_port] %[fc_pp_authority] %ST %ts"'.replace(
        ' %fi_masked',
        '',
      ),
    ]),
  );
}

function serverWords(random: Random, name: string): string {
  if (random.chance(0.3)) return `{addr:${name}}`;
  return `{addr:proxy${name}} ${random.pick([
    'send-proxy',
    'send-proxy-v2',
    'send-proxy-v2 proxy-v2-options unique-id',
    'send-proxy-v2 proxy-v2-options crc32c',
    'send-proxy-v2 proxy-v2-options authority,crc32c,unique-id',
    'send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher',
    'send-proxy-v2-ssl',
    'send-proxy-v2-ssl-cn',
  ])}`;
}

/** The exchanges behind a header. */
function introduced(random: Random, [first, ...others]: readonly Exchange[]): Exchange[] {
  const header = random.chance(0.6) ? random.pick(GOOD) : random.pick(ODD);
  return [{ ...first!, bytes: header + first!.bytes }, ...others];
}

function v2(command: number, family: number, payload: Buffer, length = payload.length): string {
  const head = Buffer.from([
    0x0d,
    0x0a,
    0x0d,
    0x0a,
    0,
    0x0d,
    0x0a,
    0x51,
    0x55,
    0x49,
    0x54,
    0x0a,
    command,
    family,
    length >> 8,
    length & 255,
  ]);
  return Buffer.concat([head, payload]).toString('latin1');
}
const V4 = Buffer.from([192, 0, 2, 7, 192, 0, 2, 80, 0x12, 0x67, 0, 80]);
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000080', 'hex'),
  Buffer.from([0x12, 0x67, 0, 80]),
]);
const tlv = (type: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([type, 0, value.length]), Buffer.from(value, 'latin1')]);

const GOOD: readonly string[] = [
  'PROXY TCP4 192.0.2.7 192.0.2.80 4711 80\r\n',
  'PROXY TCP4 192.0.2.66 192.0.2.80 4711 443\r\n',
  'PROXY TCP4 192.0.2.67 192.0.2.80 1 65535\r\n',
  'PROXY TCP6 2001:db8::7 2001:db8::80 4711 80\r\n',
  'PROXY UNKNOWN\r\n',
  'PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n',
  v2(0x21, 0x11, V4),
  v2(0x21, 0x21, V6),
  v2(0x20, 0x00, Buffer.alloc(0)),
  v2(0x20, 0x11, V4),
  v2(0x21, 0x11, Buffer.concat([V4, tlv(2, 'www.example.com'), tlv(5, 'an-id')])),
  v2(0x21, 0x11, Buffer.concat([V4, tlv(4, 'xxxx'), tlv(0xe0, 'own')])),
]; // biome-ignore format: a table

const ODD: readonly string[] = [
  '', 'PROXY\r\n', 'PROXY TCP4\r\n', 'PROXY TCP4 192.0.2.7 192.0.2.80 4711\r\n', 'PROXY TCP4 192.0.2.7 192.0.2.80 4711 80 x\r\n', 'PROXY TCP4 192.0.2.7 192.0.2.80 4711 99999\r\n',
  'PROXY TCP4 2001:db8::7 2001:db8::80 4711 80\r\n', 'PROXY TCP6 192.0.2.7 192.0.2.80 4711 80\r\n', 'PROXY TCP4 192.0.2.300 192.0.2.80 4711 80\r\n', 'PROXY TCP4 192.0.2.7 192.0.2.80 4711 80\n',
  'PROXY UDP4 192.0.2.7 192.0.2.80 4711 80\r\n', 'proxy TCP4 192.0.2.7 192.0.2.80 4711 80\r\n', 'PROXY  TCP4 192.0.2.7 192.0.2.80 4711 80\r\n', `PROXY UNKNOWN ${'x'.repeat(120)}\r\n`,
  'PROXY TCP4 192.0.2.7 192.0.2.80 04711 080\r\n', 'PROXY TCP4 192.0.2.7 192.0.2.80 -1 80\r\n', 'PROXY TCP4 192.0.2.7 192.0.2.80  80\r\n',
  v2(0x21, 0x11, V4.subarray(0, 8)), v2(0x22, 0x11, V4), v2(0x31, 0x11, V4), v2(0x21, 0x12, V4), v2(0x21, 0x31, Buffer.alloc(216)), v2(0x21, 0x00, V4), v2(0x21, 0x41, V4),
  v2(0x21, 0x11, Buffer.concat([V4, Buffer.from([2, 0, 50, 97])])), v2(0x21, 0x11, Buffer.concat([V4, tlv(3, 'badc')])), v2(0x21, 0x11, V4, 2000), v2(0x20, 0x11, Buffer.alloc(3)),
]; // biome-ignore format: a table
