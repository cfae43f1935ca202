import { type Answer, dump, error, info, nothing } from '../answer.ts';
import type { Call, Command } from '../registry.ts';
import { processUptime } from '../time.ts';
import { RUNTIME_VERSION } from '../version.ts';

const COLUMN = 15;

function row(...values: (string | number)[]): string {
  return `${values.map((value) => String(value).padEnd(COLUMN)).join(' ')}\n`;
}

/** One process is both the master and its only worker. */
function showProc({ control }: Call): Answer {
  const { reloads, model } = control;
  const uptime = processUptime(Date.now() - model.startedAt);
  return dump([
    row('#<PID>', '<type>', '<reloads>', '<uptime>', '<version>'),
    row(process.pid, 'master', `${reloads.done} [failed: ${reloads.failed}]`, uptime, RUNTIME_VERSION),
    '# workers\n',
    row(process.pid, 'worker', 0, uptime, RUNTIME_VERSION),
  ]);
}

/** Reads the configuration again and puts it in force; tells how that went, with what a start would have said. */
async function reload({ control, session }: Call): Promise<Answer> {
  if (session.transaction) return error('A reload is no part of a transaction; commit or abort it first.');
  const { ok, text } = await control.reload({
    ...session.origin,
    surface: session.where === 'master' ? 'master-cli' : 'cli-socket',
  });
  if (session.where === 'master') session.closing = true;
  return dump(`Success=${ok ? 1 : 0}\n--\n${text.replace(/\n*$/, '')}\n`);
}

function debugMode({ args, session }: Call): Answer {
  if (!args[0]) return info(`mcli-debug-mode is ${session.workerCommands ? 'ON' : 'OFF'}`);
  if (args[0] !== 'on' && args[0] !== 'off') return error("'mcli-debug-mode' expects 'on' or 'off'.");
  session.workerCommands = args[0] === 'on';
  return nothing;
}

/** Prefixes of the master CLI: listed by `help`, taken off before commands are looked up. */
const prefix = () => error('A command is expected after the prefix.');

export const masterCommands: readonly Command[] = [
  {
    words: '@<relative pid>',
    args: '',
    help: 'send a command to the <relative pid> process',
    level: 'user',
    where: 'master',
    about: '`@1 <command>`: one command; `@1`: all later ones; `@@1 <commands>`: the rest of the connection.',
    run: prefix,
  },
  {
    words: '@!<pid>',
    args: '',
    help: 'send a command to the <pid> process',
    level: 'user',
    where: 'master',
    run: prefix,
  },
  {
    words: '@master',
    args: '',
    help: 'send a command to the master process',
    level: 'user',
    where: 'master',
    run: prefix,
  },
  { words: 'show proc', args: '', help: 'show processes status', level: 'operator', where: 'master', run: showProc },
  {
    words: 'reload',
    args: '',
    help: 'achieve a soft-reload (-sf) of haproxy',
    level: 'operator',
    where: 'master',
    about: 'Answers `Success=1` or `Success=0`, `--`, and what was said meanwhile; then closes.',
    run: reload,
  },
  {
    words: 'hard-reload',
    args: '',
    help: 'achieve a hard-reload (-st) of haproxy',
    level: 'operator',
    where: 'master',
    about: 'The same here, where no old process stays behind.',
    run: reload,
  },
  {
    words: 'mcli-debug-mode',
    args: '[on|off]',
    help: null,
    level: 'admin',
    where: 'master',
    about: "Makes the worker's commands available without prefix.",
    run: debugMode,
  },
];

/** The same on stats sockets, which HAProxy does not have. */
export const reloadCommand: Command = {
  words: 'reload',
  args: '',
  help: 'read the configuration again and apply the differences',
  level: 'admin',
  where: 'worker',
  own: true,
  about: 'As `reload` of the master CLI. A configuration with errors changes nothing.',
  run: reload,
};
