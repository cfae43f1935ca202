import { connect } from 'node:net';
import { parseCsv } from '../support/cli.ts';
import type { Run } from '../support/program.ts';
import { until } from '../support/wait.ts';
import { COLUMNS, counters } from './counters.ts';
import type { Family, Scenario, Sent } from './family.ts';
import type { Random } from './random.ts';

/*
 * Servers whose state changes: by the Runtime API at set points between requests, by checks that fail or succeed from the start, by errors
 * that are observed, by what they track. Requests go one after the other, each over a connection of its own. Nothing happens at a time of
 * its own: checks are made at the start, one after the other, and behind what puts a state in question, at once, and each step waits until nothing moves any more.
 */

/** A request, or a command of the Runtime API (`@` stands for the number of the scenario). */
interface Step extends Sent {
  readonly command: boolean;
}

const WANTS = ['', '', '', 'failed', 'busy', 'notFound', 'nothing', 'closing'];

const CHECKS = [
  '', '', '', '',
  'option httpchk\nhttp-check expect status 200', 'option httpchk GET /a\nhttp-check expect status 404', 'option httpchk\nhttp-check expect ! status 404', 'option httpchk HEAD / HTTP/1.1',
  'option httpchk\nhttp-check send meth GET uri /x hdr x-want failed', 'option httpchk\nhttp-check send meth GET uri /x hdr x-want notFound\nhttp-check expect status 404', 'option httpchk\nhttp-check send uri /x hdr x-want small\nhttp-check expect string hello',
  'option httpchk\nhttp-check send uri /x hdr x-want small\nhttp-check expect rstring ^good', 'option httpchk\nhttp-check send uri /x hdr x-want busy\nhttp-check disable-on-404', 'option httpchk\nhttp-check send uri /x hdr x-want notFound\nhttp-check disable-on-404',
  'option tcp-check\ntcp-check connect', 'option tcp-check\ntcp-check send "GET / HTTP/1.0\\r\\n\\r\\n"\ntcp-check expect string HTTP/1', 'option tcp-check\ntcp-check send "GET / HTTP/1.0\\r\\n\\r\\n"\ntcp-check expect rstring ^SSH', 'option ssl-hello-chk', 'option smtpchk', 'option redis-check', 'option mysql-check', 'option ldap-check', 'option pgsql-check user a',
]; // biome-ignore format: a table

const OPTIONS = [
  'option allbackups',
  'option redispatch',
  'retries 1',
  'option persist',
  'cookie SRV insert indirect',
  'default-server on-marked-down shutdown-sessions',
  'option log-health-checks',
  'hash-type consistent',
];
const BALANCE = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'uri', 'hdr(x-a)'];

const COMMANDS = [
  'set server a_@/s1 state maint', 'set server a_@/s1 state drain', 'set server a_@/s1 state ready', 'set server a_@/s2 state maint', 'set server a_@/s2 state ready', 'set server a_@/s3 state drain',
  'set server a_@/s1 weight 0', 'set server a_@/s1 weight 50%', 'set server a_@/s2 weight 3', 'set server a_@/s1 health down', 'set server a_@/s1 health up', 'set server a_@/s2 health stopping', 'set server a_@/s2 health down', 'set server a_@/s2 health up',
  'set server b_@/s1 state maint', 'set server b_@/s1 state ready', 'set server b_@/s1 health down', 'set server b_@/s1 health up', 'disable server a_@/s2', 'enable server a_@/s2', 'set weight a_@/s3 10', 'get weight a_@/s1', 'disable health a_@/s1', 'enable health a_@/s1',
  'shutdown sessions server a_@/s1', 'set maxconn server a_@/s1 5', 'disable frontend fe_@', 'enable frontend fe_@', 'get weight a_@/s2', 'disable server a_@/nobody',
]; // biome-ignore format: a table

function backend(random: Random, id: number, name: string): string[] {
  const check = random.pick(CHECKS);
  const checked = check !== '' || random.chance(0.3);
  const servers = ['s1', 's2', 's3'].map((server) => {
    const words = [`server ${server} {addr:${random.chance(0.1) ? 'refused' : server}} cookie ${server}c`];
    if (name === 'a' && random.chance(0.12)) words.push(`track b_${id}/${server}`);
    else if (checked && random.chance(0.8))
      words.push(`check inter 1h fastinter 1ms fall ${1 + random.below(2)} rise 1`);
    else if (random.chance(0.15))
      words.push(
        `check inter 1h fastinter 1ms observe layer7 error-limit ${1 + random.below(3)} on-error ${random.pick(['mark-down', 'fail-check', 'sudden-death', 'fastinter'])}`,
      );
    if (random.chance(0.2)) words.push(`weight ${random.pick([0, 1, 5, 100])}`);
    if (random.chance(0.2)) words.push('backup');
    if (random.chance(0.1)) words.push('disabled');
    return words.join(' ');
  });
  return [
    `backend ${name}_${id}`,
    'log {addr:log} len 4096 local1',
    `balance ${random.pick(BALANCE)}`,
    ...random.some(3, () => random.pick(OPTIONS)),
    check,
    'timeout check 300ms',
    ...servers,
  ];
}

function make(random: Random, id: number): Scenario {
  const lines = [
    `frontend fe_${id}`,
    `bind {addr:fe_${id}}`,
    'log {addr:log} len 4096 local0',
    'option httplog',
    `use_backend b_${id} if { path_beg /b }`,
    ...random.some(1, () => `use_backend b_${id} if { nbsrv(a_${id}) lt 2 }`),
    `default_backend a_${id}`,
    ...backend(random, id, 'a'),
    ...backend(random, id, 'b'),
  ];
  const steps = Array.from({ length: 5 + random.below(8) }, (): Step => {
    if (random.chance(0.4)) return { bytes: random.pick(COMMANDS).replaceAll('@', String(id)), command: true };
    const want = random.pick(WANTS);
    const cookie = random.chance(0.3) ? `Cookie: SRV=${random.pick(['s1c', 's2c', 's3c'])}\r\n` : '';
    const bytes = `GET ${random.pick(['/', '/a', '/b', '/c'])} HTTP/1.1\r\nHost: a\r\nx-a: ${random.below(4)}\r\n${want === '' ? '' : `x-want: ${want}\r\n`}${cookie}Connection: close\r\n\r\n`;
    return { bytes, command: false };
  });
  return {
    family: states,
    id,
    lines: lines.flatMap((line) => line.split('\n')).filter(Boolean),
    connections: steps.map((step) => [step]),
    unordered: true,
  };
}

/** The answer to one request; null when nobody listens. */
function ask(host: string, port: number, bytes: string, ms: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect({ host, port });
  let text = '';
  const over = (answer: string | null): void => {
    clearTimeout(timer);
    socket.destroy();
    resolve(answer);
  };
  const timer = setTimeout(() => over(`${text}<open>`), ms);
  socket.on('connect', () => socket.write(bytes, 'latin1'));
  socket.on('data', (piece) => (text += piece.toString('latin1')));
  socket.on('end', () => over(text));
  socket.on('error', (error: NodeJS.ErrnoException) => over(error.code === 'ECONNREFUSED' ? null : `${text}<reset>`));
  return promise;
}

/** No check is under way; `first`: and those of the start have told whether their servers are up. */
function rests({ check_status = '', status = '' }: Record<string, string>, first: boolean): boolean {
  if (check_status.startsWith('* ')) return false;
  return !first || /^MAINT/.test(status) || !(check_status === 'INI' || / \d+\/\d+$/.test(status));
}

/** Waits until nothing moves: all checks rest, and it looks the same twice. */
async function settled(run: Run, id: number, first: boolean): Promise<void> {
  let before = '';
  await until(
    `checks of scenario ${id} to be over`,
    async () => {
      const [a, b] = [await run.cli(`show stat a_${id} 4 -1`), await run.cli(`show stat b_${id} 4 -1`)];
      const rows = [...parseCsv(a), ...parseCsv(b)];
      const now = JSON.stringify(
        rows.map(({ status, check_status, chkfail, hanafail }) => [status, check_status, chkfail, hanafail]),
      );
      const same = now === before;
      before = now;
      return same && rows.every((row) => rests(row, first));
    },
    { every: 15 },
  );
}

/** Columns of states and checks; bytes to the client are another matter where an answer is made here. */
const CHECKED: readonly string[] = [
  ...COLUMNS.filter((column) => column !== 'bout'),
  ...[
    'check_status',
    'check_code',
    'chkfail',
    'chkdown',
    'hanafail',
    'tracked',
    'last_chk',
    'check_health',
    'check_rise',
    'check_fall',
  ],
];

/** Without the sessions of servers that health analysis has taken down. */
const withoutActive = (text: string): string =>
  text.replace(/(reason: Health analyze,.*\b)\d+(?= sessions active)/g, '$1');
const withoutWeights = (text: string): string => text.replace(/( status=MAINT.*?) weight=\d+/g, '$1');

const withoutDrain = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/ (remains in forced drain mode|is leaving forced drain but remains in drain mode)/.test(line))
    .join('\n');

/** Servers that change their state while requests come. */
export const states: Family = {
  name: 'states',
  sample: 5,
  head: `
global
    nbthread 1
    stats socket {sock:admin} level admin
    log-send-hostname lb
    spread-checks 0
    max-spread-checks 2s
defaults
    mode http
    timeout client 2s
    timeout connect 30ms
    timeout server 2s
`,
  accepted: [
    {
      name: 'weights of servers in maintenance',
      why: '`show stat` has the weight that a server in maintenance comes back with; HAProxy that which it had when it left.',
      shows: ({ part, haproxy, sluice }) =>
        (part === 'counters' || part === 'before') && withoutWeights(haproxy) === withoutWeights(sluice),
    },
    {
      name: 'lines of servers that drain',
      why: 'A line that a server remains in drain is written when it leaves one kind of drain; HAProxy 2.6 writes it at any other change, too, as that of its weight.',
      shows: ({ part, haproxy, sluice }) => part === 'log' && withoutDrain(haproxy) === withoutDrain(sluice),
    },
    {
      name: 'sessions that take their server down',
      why: 'With `on-marked-down shutdown-sessions` the response that marks its server down is sent and logged as it came; HAProxy logs it as shut.',
      lines: /on-marked-down shutdown-sessions/,
      shows: ({ part, haproxy, sluice }) => part === 'log' && haproxy.replace(/ D--- /g, ' ---- ') === sluice,
    },
    {
      name: 'sessions of servers that errors of traffic have marked down',
      why: 'The line is written beside the traffic thread, which may have ended the session with the error by then: `N sessions active` counts it or not.',
      lines: /\bon-error mark-down/,
      shows: ({ part, haproxy, sluice }) => part === 'log' && withoutActive(haproxy) === withoutActive(sluice),
    },
  ],
  make,
  async play(run, { id, connections }, on) {
    const observed = new Map<string, string>();
    await settled(run, id, true);
    observed.set('before', await counters(run, id, 0, CHECKED));
    for (const [index, [step]] of connections.entries()) {
      const { bytes, command } = step as Step;
      const answer = command
        ? await run.cli(bytes)
        : await ask(on.host, run.port(`fe_${id}`), bytes, /^x-want: nothing/m.test(bytes) ? 300 : 3000);
      await settled(run, id, false);
      observed.set(`${index}.0`, answer ?? '<refused>');
    }
    observed.set('counters', await counters(run, id, 300, CHECKED));
    // Checks reach the servers whenever they like; who served is in the answers.
    on.seen.length = 0;
    return observed;
  },
};
