/**
 * Records what the installed haproxy chooses in every scenario: `node test/traffic/balance/record.ts`, which writes `recorded.json`.
 * Not a test: it is run by hand when scenarios are added.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SCENARIOS, type Scenario } from './scenarios.ts';

/** A request that waits at the origin: which server it was sent to, and its response. */
type Arrival = { server: string; response: http.ServerResponse };
let onArrival: ((arrival: Arrival) => void) | null = null;

const origin = http.createServer((request, response) => {
  const server = String(request.headers['x-server']);
  if (request.headers['x-hold'] !== undefined) onArrival?.({ server, response });
  else response.end(server);
});

function configuration(socket: string, port: number, originPort: number): string {
  const lines = [
    'global', `  stats socket ${socket} level admin`, '  nbthread 1', 'defaults', '  mode http', '  timeout client 30s', '  timeout server 30s',
    '  timeout connect 5s', '  http-send-name-header x-server', '  http-reuse never', 'frontend front', `  bind 127.0.0.1:${port}`,
    '  http-request set-src hdr(x-source) if { req.hdr(x-source) -m found }', '  use_backend %[req.hdr(x-scenario)]',
  ]; // biome-ignore format: a table
  SCENARIOS.forEach((scenario, s) => {
    lines.push(`backend s${s}`, `  balance ${scenario.balance}`);
    if (scenario.hashType) lines.push(`  hash-type ${scenario.hashType}`);
    if (scenario.factor) lines.push(`  hash-balance-factor ${scenario.factor}`);
    if (scenario.allBackups) lines.push('  option allbackups');
    scenario.servers.forEach((server, i) => {
      const id = server.id ? ` id ${server.id}` : '';
      lines.push(
        `  server ${i + 1} 127.0.0.1:${originPort} weight ${server.weight}${id}` +
          (server.backup ? ' backup' : '') + (server.maxconn ? ` maxconn ${server.maxconn}` : ''),
      ); // biome-ignore format: one line of the file
    });
  });
  return lines.join('\n') + '\n';
}

async function tell(socket: string, command: string): Promise<void> {
  const client = net.connect(socket);
  client.end(command + '\n');
  let answer = '';
  for await (const data of client) answer += data;
  if (answer.trim() !== '') throw new Error(`${command}: ${answer}`);
}

async function record(scenario: Scenario, s: number, port: number, socket: string): Promise<string> {
  const chosen: number[] = [];
  const running: { arrival: Arrival; done: Promise<unknown> }[] = [];
  const ask = (key: string | null, hold: boolean): Promise<string> => {
    const headers: Record<string, string> = { 'x-scenario': `s${s}`, connection: 'close' };
    const asPath = key !== null && /^(uri|url_param)/.test(scenario.balance);
    if (key !== null && scenario.balance === 'source') headers['x-source'] = key;
    else if (key !== null && !asPath) headers['x-key'] = key;
    if (hold) headers['x-hold'] = '1';
    return new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port, path: asPath ? key : '/', headers }, (response) => {
        let body = '';
        response.on('data', (data) => {
          body += data;
        });
        response.on('end', () => resolve(body));
      }).on('error', reject); // biome-ignore format: a chain
    });
  };
  for (const step of scenario.steps) {
    if (step.do === 'get') chosen.push(Number(await ask(step.key, false)));
    else if (step.do === 'take') {
      const arrived = new Promise<Arrival>((resolve) => {
        onArrival = resolve;
      });
      const done = ask(step.key, true);
      const arrival = await Promise.race([arrived, delay(2000).then(() => null)]);
      if (arrival === null) throw new Error(`${scenario.name}: a request waits in a queue`);
      running.push({ arrival, done });
      chosen.push(Number(arrival.server));
    } else if (step.do === 'end') {
      const { arrival, done } = running[step.take]!;
      arrival.response.end('x');
      await done;
      await delay(2);
    } else if (step.do === 'weight') await tell(socket, `set server s${s}/${step.server} weight ${step.weight}`);
    else await tell(socket, `set server s${s}/${step.server} state ${step.to}`);
  }
  for (const { arrival, done } of running) {
    arrival.response.end('x');
    await done;
  }
  return chosen.join(' ');
}

const folder = mkdtempSync(join(tmpdir(), 'record-'));
const socket = join(folder, 'socket');
const file = join(folder, 'haproxy.cfg');
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const probe = net.createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, 'close');
writeFileSync(file, configuration(socket, port, (origin.address() as AddressInfo).port));
const haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
try {
  await delay(700);
  const recorded: Record<string, string> = {};
  for (const [s, scenario] of SCENARIOS.entries()) recorded[scenario.name] = await record(scenario, s, port, socket);
  const version = execFileSync('haproxy', ['-v'], { encoding: 'utf8' }).split(' ')[2];
  writeFileSync(
    new URL('recorded.json', import.meta.url),
    JSON.stringify({ version, chosen: recorded }, null, 1) + '\n',
  );
} finally {
  haproxy.kill();
  origin.close();
  rmSync(folder, { recursive: true });
}
