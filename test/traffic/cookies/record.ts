/**
 * Records what the installed haproxy does in every case: `node test/traffic/cookies/record.ts`, which writes `recorded.json`. Not a test.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CASES, type CookieCase, line, OPTION_LINES, withDates, withoutDates } from './cases.ts';

const received = new Map<string, { server: string; cookies: string[] }>();
const letters = new Map<string, string>();

const origin = http.createServer((request, response) => {
  const id = String(request.headers['x-case']);
  const raw = request.rawHeaders;
  const cookies = raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === 'cookie');
  received.set(id, { server: String(request.headers['x-server']), cookies });
  const spec = CASES[Number(id)]!;
  for (const value of spec.response) response.appendHeader('set-cookie', value);
  for (const header of spec.header ?? [])
    response.appendHeader(header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 2));
  response.writeHead(spec.status ?? 200).end();
});

const backends = [...new Set(CASES.map(backendOf))];

function backendOf(spec: CookieCase): string {
  return JSON.stringify([spec.cookie, spec.options ?? []]);
}

function configuration(port: number, originPort: number, logPort: number): string {
  const lines = [
    'global', `  log 127.0.0.1:${logPort} format raw local0`, 'defaults', '  mode http', '  log global', '  timeout client 5s', '  timeout server 5s',
    '  timeout connect 5s', '  http-send-name-header x-server', 'frontend front', `  bind 127.0.0.1:${port}`, '  declare capture request len 20',
    '  http-request capture req.hdr(x-case) id 0', '  log-format "%[capture.req.hdr(0)] %tsc"', '  use_backend %[req.hdr(x-backend)]',
  ]; // biome-ignore format: a table
  backends.forEach((backend, i) => {
    const [cookie, options] = JSON.parse(backend) as [string, string[]];
    lines.push(
      `backend b${i}`,
      '  balance first',
      `  cookie SRV ${cookie}`,
      ...options.map((option) => `  ${OPTION_LINES[option]}`),
    );
    const servers = [
      ['a', ' cookie A'],
      ['b', ' cookie B'],
      ['down', ' cookie D disabled'],
      ['twin', ' cookie D'],
      ['bare', ''],
    ];
    if (options.includes('bare')) servers.unshift(servers.pop()!);
    for (const [name, rest] of servers) lines.push(`  server ${name} 127.0.0.1:${originPort}${rest}`);
    if (options.length > 0) lines.push(`  server alone 127.0.0.1:${originPort} cookie Z disabled`);
  });
  return lines.join('\n') + '\n';
}

async function record(id: number, port: number): Promise<string> {
  const spec = CASES[id]!;
  const now = Math.floor(Date.now() / 1000);
  const head = [
    `${spec.method ?? 'GET'} / HTTP/1.1`, 'host: x', 'connection: close', `x-case: ${id}`, `x-backend: b${backends.indexOf(backendOf(spec))}`,
    ...spec.request.map((value) => `cookie: ${withDates(value, now)}`),
  ]; // biome-ignore format: a table
  if (spec.requestHeader) head.push(spec.requestHeader);
  if (spec.method === 'POST' || spec.method === 'PUT') head.push('content-length: 0');
  const client = net.connect(port, '127.0.0.1');
  client.write(head.join('\r\n') + '\r\n\r\n');
  let answer = '';
  for await (const data of client) answer += data;
  for (let i = 0; i < 200 && !letters.has(String(id)); i++) await delay(2);
  const toClient = answer.split('\r\n').filter((header) => /^(set-cookie|cache-control):/i.test(header));
  const { server, cookies } = received.get(String(id)) ?? { server: '-', cookies: [] };
  const dated = (text: string) => withoutDates(text, now);
  return line({
    server,
    letters: letters.get(String(id))!.slice(2),
    toServer: cookies.map(dated),
    toClient: toClient.map(dated),
  });
}

const log = createSocket('udp4').on('message', (message) => {
  const [id, state] = message.toString().trim().split(' ');
  letters.set(id!, state!);
});
log.bind(0, '127.0.0.1');
await once(log, 'listening');
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const probe = net.createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, 'close');
const folder = mkdtempSync(join(tmpdir(), 'record-'));
const file = join(folder, 'haproxy.cfg');
writeFileSync(file, configuration(port, (origin.address() as AddressInfo).port, log.address().port));
const haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
try {
  await delay(700);
  const recorded: string[] = [];
  for (let id = 0; id < CASES.length; id++) recorded.push(await record(id, port));
  const version = execFileSync('haproxy', ['-v'], { encoding: 'utf8' }).split(' ')[2];
  writeFileSync(
    new URL('recorded.json', import.meta.url),
    JSON.stringify({ version, observed: recorded }, null, 1) + '\n',
  );
} finally {
  haproxy.kill();
  origin.close();
  log.close();
  rmSync(folder, { recursive: true });
}
