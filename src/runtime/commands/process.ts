import type { Activity } from '../../model/messages.ts';
import { isTaskProfiling, setTaskProfiling } from '../../model/task-profiling.ts';
import { anonymise } from '../anon.ts';
import { type Answer, dump, error, info, nothing } from '../answer.ts';
import { memoryPools, openFiles, platformFacts, sharedObjects } from '../process/facts.ts';
import { loopDelays, setProfiling } from '../process/profile.ts';
import type { Call, Command } from '../registry.ts';

async function activityOf({ control }: Call): Promise<Activity[]> {
  return (await control.traffic.ask({ kind: 'activity' })) as Activity[];
}

/** A line for each figure: the sum, then each thread's. */
async function showActivity(call: Call): Promise<Answer> {
  const threads = await activityOf(call);
  const asked = call.args[0] ?? '-1';
  if (!/^-?\d+$/.test(asked) || Number(asked) > threads.length)
    return error(`Thread ID number must be between -1 and ${threads.length}`);
  const chosen = Number(asked) > 0 ? threads.slice(Number(asked) - 1, Number(asked)) : threads;
  const figures = ['loops', 'connections', 'streams', 'timers', 'bytesOut', 'idlePercent'] as const;
  const lines = figures.map((name) => {
    const values = chosen.map((thread) => thread[name]);
    const sum = values.reduce((total, value) => total + value, 0);
    const shown = name === 'idlePercent' ? Math.round(sum / Math.max(1, values.length)) : sum;
    return `${name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}: ${shown}${Number(asked) === 0 ? '' : ` [ ${values.join(' ')} ]`}\n`;
  });
  return dump([`thread_id: 1 (1..${threads.length})\n`, `date_now: ${(Date.now() / 1000).toFixed(6)}\n`, ...lines]);
}

async function showThreads(call: Call): Promise<Answer> {
  const threads = await activityOf(call);
  const lines = threads.map(
    (thread) =>
      `  Thread ${thread.thread + 1} : act=${thread.streams > 0 ? 1 : 0} loops=${thread.loops} conns=${thread.connections} streams=${thread.streams} timers=${thread.timers} idle=${thread.idlePercent}%\n`,
  );
  return dump([`* Control thread : pid=${process.pid} idle=${call.control.idlePercent}%\n`, ...lines]);
}

/** What the control thread's event loop holds, and what the traffic threads do. */
async function showTasks(call: Call): Promise<Answer> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const threads = await activityOf(call);
  const total =
    [...counts.values()].reduce((sum, count) => sum + count, 0) +
    threads.reduce((sum, thread) => sum + thread.streams + thread.timers, 0);
  const row = (name: string, count: number) => `  ${name.padEnd(30)} ${count}\n`;
  return dump([
    `Running tasks: ${total} (${threads.length + 1} threads)\n`,
    ...[...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => row(`control:${kind}`, count)),
    ...threads.flatMap((thread) => [
      row(`traffic ${thread.thread + 1}:streams`, thread.streams),
      row(`traffic ${thread.thread + 1}:timers`, thread.timers),
    ]),
  ]);
}

function showPools({ args }: Call): Answer {
  let pools = memoryPools();
  const match = args.includes('match') ? (args[args.indexOf('match') + 1] ?? '') : null;
  if (match !== null) pools = pools.filter((pool) => pool.name.startsWith(match));
  if (args.includes('byname')) pools.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (args.includes('bysize')) pools.sort((a, b) => b.allocated - a.allocated);
  if (args.includes('byusage')) pools.sort((a, b) => b.used - a.used);
  const most = Number(args.find((arg) => /^\d+$/.test(arg)) ?? pools.length);
  const shown = pools.slice(0, most);
  const sum = (field: 'allocated' | 'used') => shown.reduce((total, pool) => total + pool[field], 0);
  return dump([
    'Dumping pools usage of the control thread.\n',
    ...shown.map((pool) => `  - Pool ${pool.name} : ${pool.allocated} bytes allocated, ${pool.used} used\n`),
    `Total: ${shown.length} pools, ${sum('allocated')} bytes allocated, ${sum('used')} used.\n`,
  ]);
}

function setProfile({ control, args }: Call): Answer {
  const [what, value] = args;
  if (what === 'memory')
    return error("Does not apply: memory is managed by the JavaScript engine; 'show pools' tells its use.");
  if (what !== 'tasks') return error("Expects either 'tasks' or 'memory'.");
  if (value !== 'on' && value !== 'auto' && value !== 'off') return error("Expects either 'on', 'auto', or 'off'.");
  setTaskProfiling(control.model, value === 'on');
  setProfiling(value === 'on');
  return nothing;
}

function showProfiling({ control, args }: Call): Answer {
  if (
    args[0] &&
    !['all', 'status', 'tasks', 'memory', 'byaddr', 'bytime', 'byctx', 'aggr'].includes(args[0]) &&
    !/^\d+$/.test(args[0])
  ) {
    return error(
      "Expects either 'all', 'status', 'tasks', 'memory', 'byaddr', 'bytime', 'byctx', 'aggr' or a max number of output lines.",
    );
  }
  const on = isTaskProfiling(control.model);
  setProfiling(on);
  return dump([
    `Per-task CPU profiling              : ${(on ? 'on' : 'off').padEnd(8)} # set profiling tasks {on|auto|off}\n`,
    'Memory usage profiling              : off      # set profiling memory {on|off}\n',
    ...loopDelays().map(
      ({ percentile, ms }) => `  event loop delay ${String(percentile).padStart(5)}% : ${ms.toFixed(3)} ms\n`,
    ),
  ]);
}

function showFd({ args }: Call): Answer {
  const wanted = args.find((arg) => /\d$/.test(arg));
  const fd = wanted === undefined ? null : Number(wanted.replace(/^.*\//, ''));
  const files = openFiles().filter((file) => fd === null || file.fd === fd);
  return dump(files.map((file) => `${String(file.fd).padStart(7)} : ${file.target}\n`));
}

function showDev({ session }: Call): Answer {
  return dump(
    platformFacts().flatMap(([section, facts]) => [
      `${section}\n`,
      ...facts.map(([name, value]) => `  ${name}: ${anonymise(value, name === 'arguments' ? session.anonKey : 0)}\n`),
    ]),
  );
}

/** What looks into the memory of a C process. */
const DEBUG_DEV = [
  'abort',
  'bug',
  'check',
  'close',
  'deadlock',
  'delay',
  'exit',
  'fd',
  'hex',
  'loop',
  'panic',
  'sched',
  'stream',
  'sym',
  'task',
  'tkill',
  'warn',
];

const foreign = [
  ...DEBUG_DEV.map((name) => ({
    words: `debug dev ${name}`,
    args: '',
    what: 'handles the memory and threads of a C program',
  })),
  { words: 'httpclient', args: '<method> <URI>', what: "sends requests with HAProxy's internal client; use curl" },
].map(
  ({ words, args, what }): Command => ({
    words,
    args,
    help: 'does not apply to this program',
    level: 'admin',
    where: 'worker',
    mode: 'expert',
    about: `Does not apply: it ${what}.`,
    run: () => error(`Does not apply: '${words}' ${what}.`),
  }),
);

/** The biggest answer that `debug dev write` makes. */
const MOST_DOTS = 1e9;

function* dots(count: number): Generator<string> {
  for (let left = Math.min(count, MOST_DOTS); left > 0; left -= 4096) yield '.'.repeat(Math.min(left, 4096));
}

/** The process as its developers see it. */
export const processCommands: readonly Command[] = [
  {
    words: 'show activity',
    args: '[-1|0|thread_num]',
    help: 'show per-thread activity stats (for support/developers)',
    level: 'operator',
    where: 'worker',
    about: '-1: sums and threads; 0: sums only.',
    run: showActivity,
  },
  {
    words: 'show threads',
    args: '',
    help: 'show some threads debugging information',
    level: 'user',
    where: 'worker',
    run: showThreads,
  },
  { words: 'show tasks', args: '', help: 'show running tasks', level: 'user', where: 'worker', run: showTasks },
  {
    words: 'show pools',
    args: '[by*] [match <pfx>] [nb]',
    help: 'report information about the memory pools usage',
    level: 'user',
    where: 'worker',
    about: "The spaces of the control thread's heap.",
    run: showPools,
  },
  {
    words: 'show profiling',
    args: '[<what>|<#lines>|<opts>]*',
    help: 'show profiling state (all,status,tasks,memory)',
    level: 'admin',
    where: 'worker',
    about: "With profiling on: how late the control thread's callbacks run; `cpu_ns_tot` and its like tell of streams.",
    run: showProfiling,
  },
  {
    words: 'set profiling',
    args: '<what> {auto|on|off}',
    help: 'enable/disable resource profiling (tasks,memory)',
    level: 'admin',
    where: 'worker',
    run: setProfile,
  },
  {
    words: 'show fd',
    args: '[-!plcfbs]* [num]',
    help: 'dump list of file descriptors in use or a specific one',
    level: 'operator',
    where: 'worker',
    about: 'As the system lists them; filters are accepted and select nothing here.',
    run: showFd,
  },
  {
    words: 'show libs',
    args: '',
    help: 'show loaded object files and libraries',
    level: 'operator',
    where: 'worker',
    run: () => dump(sharedObjects().map(({ address, path }) => `${address} ${path}\n`)),
  },
  { words: 'show dev', args: '', help: 'show debug info for developers', level: 'user', where: 'worker', run: showDev },
  {
    words: 'debug counters',
    args: '[?|all|bug|cnt|chk|glt]*',
    help: 'dump/reset rare event counters',
    level: 'operator',
    where: 'worker',
    about: 'This program keeps none: the list is empty.',
    run: () => dump('Count     Type Location function(): "condition" [comment]\n'),
  },
  {
    words: 'debug dev hash',
    args: '[msg]',
    help: 'return msg hashed if anon is set',
    level: 'user',
    where: 'worker',
    run: ({ args, session }) => info(anonymise(args.join(' '), session.anonKey)),
  },
  {
    words: 'debug dev log',
    args: '[msg] ...',
    help: 'send this msg to global logs',
    level: 'admin',
    where: 'worker',
    mode: 'expert',
    run({ args, control }) {
      control.logs.send(null, 6, args.join(' '));
      return nothing;
    },
  },
  {
    words: 'debug dev write',
    args: '[size]',
    help: 'write that many bytes in return',
    level: 'admin',
    where: 'worker',
    mode: 'expert',
    run: ({ args }) => dump(dots(Number(args[0] ?? 1) || 1)),
  },
  ...foreign,
];
