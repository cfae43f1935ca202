import type { Ring } from '../../control/types.ts';

/** Detail of what is traced, least first. */
export const LEVELS = ['user', 'proto', 'state', 'data', 'developer'] as const;
export type TraceLevel = (typeof LEVELS)[number];

/** How much is told of an event. */
export const VERBOSITIES = ['quiet', 'clean', 'minimal', 'simple', 'advanced', 'complete'] as const;
export type Verbosity = (typeof VERBOSITIES)[number];

interface EventRow {
  readonly name: string;
  readonly description: string;
  readonly level: TraceLevel;
}

/** Something that can be traced. */
export interface TraceSource {
  readonly name: string;
  readonly description: string;
  readonly events: readonly EventRow[];
  /** Names of the events that are reported. */
  readonly enabled: Set<string>;
  state: 'stopped' | 'waiting' | 'running';
  level: TraceLevel;
  verbosity: Verbosity;
  sink: Ring | null;
  /** Events that start, pause, stop the trace. */
  readonly actions: Record<'start' | 'pause' | 'stop', Set<string>>;
}

function source(name: string, description: string, events: readonly EventRow[]): TraceSource {
  return {
    name,
    description,
    events,
    enabled: new Set(events.map((event) => event.name)),
    state: 'stopped',
    level: 'user',
    verbosity: 'quiet',
    sink: null,
    actions: { start: new Set(), pause: new Set(), stop: new Set() },
  };
}

/** The sources of this process. */
export const SOURCES: readonly TraceSource[] = [
  source('cli', 'Runtime API', [
    { name: 'session_new', description: 'client connected', level: 'user' },
    { name: 'session_end', description: 'client left', level: 'user' },
    { name: 'command', description: 'command received', level: 'user' },
    { name: 'answer', description: 'answer made', level: 'proto' },
  ]),
  source('change', 'Changes to the running configuration', [
    { name: 'apply', description: 'change asked for', level: 'user' },
    { name: 'done', description: 'change made', level: 'user' },
    { name: 'failed', description: 'change refused', level: 'user' },
  ]),
];

/** Reports an event. Costs next to nothing while the source is stopped; `detail` is only asked for when it is printed. */
export function trace(name: 'cli' | 'change', event: string, detail: () => string): void {
  const target = SOURCES.find((one) => one.name === name)!;
  if (target.state === 'stopped') return;
  if (target.state === 'waiting' && target.actions.start.has(event)) target.state = 'running';
  if (target.state !== 'running') return;
  report(target, event, detail);
  if (target.actions.pause.has(event)) target.state = 'waiting';
  if (target.actions.stop.has(event)) target.state = 'stopped';
}

function report(target: TraceSource, event: string, detail: () => string): void {
  const row = target.events.find((one) => one.name === event)!;
  if (!target.sink || !target.enabled.has(event) || LEVELS.indexOf(row.level) > LEVELS.indexOf(target.level)) return;
  const text = target.verbosity === 'quiet' ? '' : ` : ${detail().replace(/[\x00-\x1f\x7f]+/g, ' ')}`;
  target.sink.write(`[00|${target.name}|${LEVELS.indexOf(row.level)}] ${row.name}${text}`);
}
