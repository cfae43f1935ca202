import { type Answer, dump, error, nothing, notice, warning } from '../answer.ts';
import { hasLevel } from '../levels.ts';
import type { Call, Command } from '../registry.ts';
import { LEVELS, SOURCES, type TraceSource, VERBOSITIES } from '../trace/trace.ts';

const SOURCES_HEAD = 'Supported trace sources and states (.=stopped, w=waiting, R=running) :';

const STATES = { stopped: '.', waiting: 'w', running: 'R' } as const;

function traceCommand(call: Call): Answer {
  const [name, what, value, ...rest] = call.args;
  if (!name)
    return warning(
      [
        SOURCES_HEAD,
        ' [.] 0          : not a source, will immediately stop all traces',
        ...SOURCES.map(sourceLine),
      ].join('\n'),
    );
  if (name === '0') {
    for (const source of SOURCES) source.state = 'stopped';
    return notice('All traces now stopped');
  }
  const source = SOURCES.find((one) => one.name === name);
  if (!source) return error('No such trace source');
  switch (what) {
    case undefined:
      return warning(
        `Supported commands:\n  event     : list/enable/disable source-specific event reporting\n  level     : list/set trace reporting level\n  pause     : pause and automatically restart after a specific event\n  sink      : list/set event sinks\n  start     : start immediately or after a specific event\n  stop      : stop immediately or after a specific event\n  verbosity : list/set trace output verbosity`,
      );
    case 'event':
      return setEvents(source.enabled, source, value);
    case 'level':
      return choose(LEVELS, source.level, value, 'level', (level) => {
        source.level = level;
      });
    case 'verbosity':
      return choose(VERBOSITIES, source.verbosity, value, 'verbosity', (verbosity) => {
        source.verbosity = verbosity;
      });
    case 'sink':
      return setSink(call, source, value);
    case 'start':
    case 'stop':
    case 'pause':
      return act(source, what, value);
    case 'lock':
    case 'follow':
      return error(`Does not apply: events of source '${name}' belong to no object that could be followed.`);
    default:
      return error(`Unknown trace keyword '${[what, value, ...rest].filter(Boolean).join(' ')}'`);
  }
}

function sourceLine({ state, name, description }: TraceSource): string {
  return ` [${STATES[state]}] ${name.padEnd(10)} : ${description}`;
}

/** Lists events, or switches one (`+x`, `-x`, `!x`), `all` or `none`. */
function setEvents(set: Set<string>, source: TraceSource, word: string | undefined): Answer {
  if (!word) {
    const rows = source.events.map(
      (event) => `  ${set.has(event.name) ? '+' : '-'} ${event.name.padEnd(12)} : ${event.description}`,
    );
    return warning([`Supported events for source ${source.name} (+=enabled, -=disabled):`, ...rows].join('\n'));
  }
  if (word === 'all' || word === 'any') for (const event of source.events) set.add(event.name);
  else if (word === 'none') set.clear();
  else {
    const sign = /^[+\-!]/.exec(word)?.[0] ?? '+';
    const name = word.replace(/^[+\-!]/, '');
    if (!source.events.some((event) => event.name === name)) return error('No such trace event');
    if (sign === '+' || (sign === '!' && !set.has(name))) set.add(name);
    else set.delete(name);
  }
  return nothing;
}

function choose<T extends string>(
  all: readonly T[],
  now: T,
  word: string | undefined,
  what: string,
  set: (value: T) => void,
): Answer {
  if (!word)
    return warning(
      [`Supported values of ${what} (*=current):`, ...all.map((one) => ` ${one === now ? '*' : ' '} ${one}`)].join(
        '\n',
      ),
    );
  const value = all.find((one) => one === word);
  if (value === undefined) return error(`No such trace ${what}`);
  set(value);
  return nothing;
}

function setSink({ control }: Call, source: TraceSource, name: string | undefined): Answer {
  const { rings } = control.logs;
  if (!name) {
    const rows = ['none', ...rings.keys()].map(
      (one) => `  ${one === (source.sink?.name ?? 'none') ? '*' : ' '} ${one}`,
    );
    return warning([`Supported sinks for source ${source.name} (*=current):`, ...rows].join('\n'));
  }
  const ring = rings.get(name) ?? null;
  if (!ring && name !== 'none') return error('No such trace sink');
  source.sink = ring;
  return nothing;
}

function act(source: TraceSource, action: 'start' | 'stop' | 'pause', word: string | undefined): Answer {
  if (word && word !== 'now') return setEvents(source.actions[action], source, word);
  if (!word) return setEvents(source.actions[action], source, undefined);
  source.state = action === 'start' ? 'running' : action === 'stop' ? 'stopped' : 'waiting';
  return nothing;
}

function showTrace({ args, session }: Call): Answer {
  const [name] = args;
  if (!name) {
    const lines = SOURCES.map(
      ({ state, name, sink, description }) =>
        ` [${STATES[state]}] ${name.padEnd(10)} -> ${sink?.name ?? 'none'} [drp ${sink?.dropped ?? 0}]  [${description}]\n`,
    );
    return dump([`${SOURCES_HEAD}\n`, ...lines]);
  }
  if (!hasLevel(session.level, 'operator')) return error('Permission denied');
  const source = SOURCES.find((one) => one.name === name);
  if (!source) return error('No such trace source');
  const { sink, enabled, actions } = source;
  const mark = (set: ReadonlySet<string>, event: string) => (set.has(event) ? '+' : '-');
  return dump([
    `Trace status for ${name}:\n`,
    `  - sink: ${sink?.name ?? 'none'} [${sink?.dropped ?? 0} dropped]\n`,
    '  - event name   :     report    start    stop    pause\n',
    ...source.events.map(
      ({ name: event }) =>
        `    ${event.padEnd(12)} :        ${mark(enabled, event)}        ${mark(actions.start, event)}        ${mark(actions.stop, event)}       ${mark(actions.pause, event)}\n`,
    ),
  ]);
}

/** Traces of this program's own sources. */
export const traceCommands: readonly Command[] = [
  {
    words: 'trace',
    args: '[<module>|0] [cmd [args...]]',
    help: 'manage live tracing (empty to list, 0 to stop all)',
    level: 'operator',
    where: 'worker',
    about:
      'Sources: `cli`, `change`. `trace <source> sink buf0`, `trace <source> verbosity clean`, `trace <source> start now`, then `show events buf0 -w`.',
    run: traceCommand,
  },
  {
    words: 'show trace',
    args: '[<module>]',
    help: 'show live tracing state',
    level: 'user',
    where: 'worker',
    run: showTrace,
  },
];
