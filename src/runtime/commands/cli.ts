import { dump, error, info, nothing } from '../answer.ts';
import { helpText } from '../help.ts';
import { hasLevel, type Level } from '../levels.ts';
import { hintFor } from '../mistakes.ts';
import type { Call, Command } from '../registry.ts';
import { parseDuration } from '../time.ts';

const PROMPT_HELP = [
  'Usage: prompt [help | n | i | p | timed]*',
  'Changes the default prompt and interactive mode. Available options:',
  '  help    display this help',
  '  n       set to single-command mode (no prompt, single command)',
  '  i       set to interactive mode only (no prompt, multi-command)',
  '  p       set to prompt+interactive mode (prompt + multi-command)',
  '  timed   toggle displaying the current date in the prompt',
  'Without any argument, toggles between n/i->p, p->n.',
].join('\n');

function prompt({ args, session }: Call) {
  if (args.length === 0) return set(!session.prompting, !session.prompting);
  for (const arg of args) {
    if (!['n', 'i', 'p', 'timed'].includes(arg)) return error(PROMPT_HELP);
  }
  for (const arg of args) {
    if (arg === 'timed') {
      session.timed = !session.timed;
      if (session.timed) set(true, true);
    } else set(arg === 'p', arg !== 'n');
  }
  return nothing;

  function set(prompting: boolean, interactive: boolean) {
    session.prompting = prompting;
    session.interactive = interactive;
    return nothing;
  }
}

function setTimeout_({ args, session }: Call) {
  if (args[0] !== 'cli') {
    const hint = hintFor(['set', 'timeout', ...args]);
    return error(`'set timeout' only supports 'cli'.${hint === null ? '' : `\n${hint}`}`);
  }
  if (!args[1]) return error('Expects an integer value.');
  const ms = parseDuration(args[1], 's');
  if (ms === null || ms < 1) return error('Invalid timeout value.');
  session.connection.timeout = ms;
  return nothing;
}

function setSeverity({ args, session }: Call) {
  const [output] = args;
  if (output !== 'none' && output !== 'number' && output !== 'string') {
    return error("one of 'none', 'number', 'string' is a required argument");
  }
  session.severity = output;
  return nothing;
}

function lower({ session }: Call, level: Level) {
  if (!hasLevel(session.level, level)) return error('Permission denied');
  session.level = level;
  session.expert = false;
  session.experimental = false;
  return nothing;
}

function mode({ args, session }: Call, which: 'expert' | 'experimental') {
  if (!args[0]) return info(`${which}-mode is ${session[which] ? 'ON' : 'OFF'}`);
  session[which] = args[0] === 'on';
  return nothing;
}

function showSockets({ session }: Call) {
  const rows = session.sockets().map((socket) => `${socket.name} ${socket.level} all\n`);
  return dump(['# socket lvl processes\n', ...rows]);
}

/** Commands about the connection itself. */
export const cliCommands: readonly Command[] = [
  {
    words: 'help',
    args: '[<command>]',
    help: null,
    level: 'user',
    where: 'both',
    about:
      'Lists the commands, or those that begin with the given words; for unknown words those that look most like them.',
    run: ({ args, session }) => info(helpText(session.registry, session, args)),
  },
  {
    words: 'prompt',
    args: '[help | n | i | p | timed]*',
    help: null,
    level: 'user',
    where: 'both',
    about:
      'n: one line, then close; i: stay open; p: stay open and prompt; timed: prompt with the uptime, or without it. Without argument: toggles p and n.',
    run: prompt,
  },
  {
    words: 'quit',
    args: '',
    help: null,
    level: 'user',
    where: 'both',
    about: 'Closes the connection; the rest of the line is dropped.',
    run: ({ session }) => session.quit(),
  },
  {
    words: 'echo',
    args: '<text>',
    help: 'print text to the output',
    level: 'user',
    where: 'both',
    run: ({ args }) => info(`${args.join(' ')}\n`),
  },
  {
    words: 'set timeout',
    args: '[cli] <delay>',
    help: 'change a timeout setting',
    level: 'user',
    where: 'worker',
    about: 'Idle timeout of this connection; a bare number counts seconds.',
    run: setTimeout_,
  },
  {
    words: 'set severity-output',
    args: '[none|number|string]',
    help: 'set presence of severity level in feedback information',
    level: 'user',
    where: 'both',
    run: setSeverity,
  },
  {
    words: 'show cli level',
    args: '',
    help: 'display the level of the current CLI session',
    level: 'user',
    where: 'both',
    run: ({ session }) => info(session.level),
  },
  {
    words: 'show cli sockets',
    args: '',
    help: 'dump list of cli sockets',
    level: 'user',
    where: 'both',
    run: showSockets,
  },
  {
    words: 'operator',
    args: '',
    help: 'lower the level of the current CLI session to operator',
    level: 'user',
    where: 'both',
    run: (call) => lower(call, 'operator'),
  },
  {
    words: 'user',
    args: '',
    help: 'lower the level of the current CLI session to user',
    level: 'user',
    where: 'both',
    run: (call) => lower(call, 'user'),
  },
  {
    words: 'expert-mode',
    args: '[on|off]',
    help: null,
    level: 'admin',
    where: 'both',
    about: 'Shows or sets the mode that unlocks expert commands on this connection.',
    run: (call) => mode(call, 'expert'),
  },
  {
    words: 'experimental-mode',
    args: '[on|off]',
    help: null,
    level: 'admin',
    where: 'both',
    about: 'Shows or sets the mode that unlocks experimental commands on this connection.',
    run: (call) => mode(call, 'experimental'),
  },
];
