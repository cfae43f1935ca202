import type { Ring } from '../../control/types.ts';
import { type Answer, dump, error, notice, warning } from '../answer.ts';
import { hasLevel } from '../levels.ts';
import type { Call, Command } from '../registry.ts';
import type { Session } from '../session.ts';

/** Lines kept for a client that reads slower than they come; older ones are lost to it. */
const BACKLOG = 1024;

function showEvents({ args, control, session }: Call): Answer {
  const [name, ...options] = args;
  const { rings } = control.logs;
  if (!name) return listing([...rings.values()]);
  if (!hasLevel(session.level, 'operator')) return error('Permission denied');
  const ring = rings.get(name);
  if (!ring) return error('No such event sink');
  if (ring.type === 'fd') return notice('Nothing to report for this sink');
  const flags = { wait: false, fresh: false, zero: false };
  for (const option of options) {
    if (!/^-[wn0]+$/.test(option)) return error('unknown option');
    flags.wait ||= option.includes('w');
    flags.fresh ||= option.includes('n');
    flags.zero ||= option.includes('0');
  }
  const end = flags.zero ? '\0' : '\n';
  const history = flags.fresh ? [] : ring.lines();
  if (!flags.wait) return dump(history.map((line) => line + end));
  return dump(follow(session, ring, history, end));
}

function listing(rings: readonly Ring[]): Answer {
  const rows = rings.map(
    (ring) => `    ${ring.name.padEnd(10)} : type=${ring.type}, ${ring.dropped} dropped, ${ring.description}`,
  );
  return warning(
    ['Supported events sinks are listed below. Add -0(zero), -w(wait), -n(new). Any key to stop.', ...rows].join('\n'),
  );
}

/** The history, then every new line, until the client sends anything, closes its side or goes away. */
async function* follow(session: Session, ring: Ring, history: readonly string[], end: string): AsyncGenerator<string> {
  const queue: string[] = [...history];
  let stopped = false;
  let wake: (() => void) | null = null;
  const unfollow = ring.follow((line) => {
    if (queue.length >= BACKLOG) queue.shift();
    queue.push(line);
    wake?.();
  });
  const stop = () => {
    stopped = true;
    wake?.();
  };
  const unwatch = [session.connection.anyInput(stop), session.connection.onceEnded(stop)];
  try {
    for (;;) {
      if (queue.length > 0)
        yield queue
          .splice(0)
          .map((line) => line + end)
          .join('');
      else if (stopped) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    }
  } finally {
    unfollow();
    for (const give of unwatch) give();
  }
}

/** Rings of log lines. */
export const eventCommands: readonly Command[] = [
  {
    words: 'show events',
    args: '[<sink>] [-w] [-n] [-0]',
    help: 'show event sink state',
    level: 'user',
    where: 'worker',
    about:
      '-w: wait for new lines, until anything is typed; -n: only new lines; -0: end lines with NUL. Reading a sink needs level operator.',
    run: showEvents,
  },
];
