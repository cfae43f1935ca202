import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';
import { type Run, runToEnd, start } from '../support/program.ts';
import { type Syslog, syslog } from '../support/syslog.ts';
import type { Scope } from '../support/wait.ts';
import { counters } from './counters.ts';
import type { Scenario } from './family.ts';
import { lineOf } from './log-line.ts';
import { server } from './origin.ts';
import { FILES } from './scenario.ts';
import type { Patience } from './talk.ts';

/** What one program did with a scenario: named texts that have to be the same. */
export type Observed = ReadonlyMap<string, string>;

/** Servers, log receiver and ports that both programs get. */
export interface Stage {
  /** Address of loopback that this run has for itself: other tests take ports of 127.0.0.1 meanwhile. */
  readonly host: string;
  readonly ports: Record<string, number>;
  readonly log: Syslog;
  /** What servers have seen since it was last emptied. */
  readonly seen: string[];
}

/** Sets up what both programs are run between; the scenarios are of one family. */
export async function stage(scope: Scope, scenarios: readonly Scenario[]): Promise<Stage> {
  const seen: string[] = [];
  const saw = (text: string) => seen.push(text);
  const log = await syslog(scope);
  const ports: Record<string, number> = { log: log.port, refused: await freePort() };
  for (const name of ['s1', 's2', 's3']) ports[name] = (await server(scope, name, saw)).port;
  Object.assign(ports, await scenarios[0]?.family.servers?.(scope, saw));
  for (const { id } of scenarios) ports[`fe_${id}`] = await freePort();
  const host = `127.${1 + (process.pid % 250)}.${1 + (Date.now() % 250)}.1`;
  return { host, ports, log, seen };
}

/** The configuration of these scenarios, and of which of them each line is. */
function configuration(
  scenarios: readonly Scenario[],
  host: string,
): {
  text: string;
  owners: ({ id: number; line: string } | null)[];
} {
  const lines = scenarios[0]?.family.head.trim().split('\n') ?? [];
  const owners: ({ id: number; line: string } | null)[] = lines.map(() => null);
  for (const { id, lines: own } of scenarios) {
    for (const line of own) {
      lines.push(
        line
          .replace(/\bsmall\b/, `small_${id}`)
          .replace(/\b(tbl(?:ip|srv)?)\b/g, `$1_${id}`)
          .replaceAll('fe_line', `fe_${id}`)
          .replace(/^bind \{addr:/, `bind ${host}:{port:`),
      );
      owners.push({ id, line });
    }
  }
  return { text: `${lines.join('\n')}\n`, owners };
}

const filesOf = ([first]: readonly Scenario[]): Record<string, string> => ({ ...FILES, ...first?.family.files });

/** A line that a program refused. */
export interface Refusal {
  readonly id: number;
  readonly line: string;
  readonly why: string;
}

/** The lines of the scenarios that `program` does not take, each with what it says. */
export async function refused(
  program: string,
  scenarios: readonly Scenario[],
  { host, ports }: Stage,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (;;) {
    const left = without(scenarios, refusals);
    const { text, owners } = configuration(left, host);
    const exit = await runToEnd(text, { program, argv: ['-c', '-f', '{config}'], ports, files: filesOf(left) });
    if (exit.code === 0 || left.length === 0) return refusals;
    const before = refusals.length;
    for (const [why, at] of exit.stderr.matchAll(/^(?:\[ALERT\]|\s+parsing ).*?haproxy\.cfg:(\d+)\b.*$/gm)) {
      const owner = owners[Number(at) - 1];
      if (owner != null) refusals.push({ ...owner, why });
    }
    if (refusals.length > before) continue;
    for (const [why, id] of exit.stderr.matchAll(/^\[ALERT\].*?(?:fe|[abdefgq])_(\d+)\b.*$/gm))
      refusals.push({ id: Number(id), line: '', why });
    if (refusals.length === before)
      throw new Error(`${program} refuses the whole: ${exit.stderr.replace(/^\[(?!ALERT).*\n/gm, '')}`);
  }
}

/** Whether it has an address where clients come in. */
export const listens = ({ lines }: Scenario): boolean => lines.some((line) => /^\s*bind\s/.test(line));

/** The scenarios without the lines that were refused, and without those refused as a whole or left without an address to listen on. */
export function without(scenarios: readonly Scenario[], refusals: readonly Refusal[]): Scenario[] {
  return scenarios
    .filter(({ id }) => !refusals.some((one) => one.id === id && one.line === ''))
    .map((one) => ({
      ...one,
      lines: one.lines.filter((line) => !refusals.some((refusal) => refusal.id === one.id && refusal.line === line)),
    }))
    .filter((left) => listens(left) || !listens(scenarios.find(({ id }) => id === left.id)!));
}

/**
 * Runs `program` on all scenarios, one after the other, and tells what each of them saw. A scenario that the program does not survive
 * has `ended`, which says how, and nothing else.
 */
export async function observe(
  program: string,
  scenarios: readonly Scenario[],
  on: Stage,
  patience: Patience,
): Promise<Map<number, Observed>> {
  const result = new Map<number, Observed>();
  for (let at = 0; at < scenarios.length; ) {
    const rest = scenarios.slice(at);
    const { whole, end } = await session(program, rest, on, patience);
    const sure = end === null ? whole.length : firstSuspect(whole);
    for (const [index, { id }] of rest.slice(0, sure).entries()) result.set(id, whole[index]!);
    at += sure;
    if (end === null) continue;
    const suspects = rest.slice(sure, whole.length + 1);
    for (const one of suspects) {
      const alone = await session(program, [one], on, patience);
      result.set(one.id, alone.end === null ? alone.whole[0]! : new Map([['ended', alone.end]]));
    }
    at += suspects.length;
    if (suspects.some(({ id }) => result.get(id)!.has('ended'))) continue;
    // None ends it alone: it was the first that saw something else then.
    const guilty = suspects.findIndex(({ id }, index) => isDifferent(whole[sure + index], result.get(id)!));
    result.set(suspects.at(guilty)!.id, new Map([['ended', `${end}, behind other scenarios`]]));
  }
  return result;
}

/**
 * The first of the scenarios that may have ended the program: the last that was played, and those before it whose connections ended
 * without an answer, as they do while a process is on its way out.
 */
function firstSuspect(whole: readonly Observed[]): number {
  let at = Math.max(0, whole.length - 1);
  while (at > 0 && isCutOff(whole[at]!)) at--;
  return at;
}

const isCutOff = (observed: Observed): boolean =>
  [...observed].some(([part, text]) => /^\d+\.\d+$/.test(part) && text === '');

/** What is logged is not compared: lines are lost with the process. */
const isDifferent = (then: Observed | undefined, alone: Observed): boolean =>
  then === undefined || [...alone].some(([part, text]) => part !== 'log' && then.get(part) !== text);

/** What was seen of the scenarios while the program was there, and how it ended when it did so by itself. */
async function session(
  program: string,
  scenarios: readonly Scenario[],
  on: Stage,
  patience: Patience,
): Promise<{ whole: Observed[]; end: string | null }> {
  const cleanUps: (() => unknown)[] = [];
  on.log.clear();
  const run = await start({ after: (cleanUp) => cleanUps.push(cleanUp) }, configuration(scenarios, on.host).text, {
    program,
    ports: on.ports,
    files: filesOf(scenarios),
  });
  let end: string | null = null;
  const watching = run.exited.then(({ code, signal, stderr }) => {
    end ??= `${signal ?? code} ${stderr.replace(/^\[(?!ALERT).*\n/gm, '').slice(0, 2000)}`.trim();
  });
  const whole: Map<string, string>[] = [];
  for (const scenario of scenarios) {
    let observed = await play(run, scenario, on, patience);
    // A process that crashes is there for a while after its sockets have gone.
    for (let tries = 0; observed === null && end === null; tries++) {
      if (tries === 300)
        throw new Error(`${program} runs and does not listen in ${scenario.family.name} scenario ${scenario.id}`);
      await pause(100);
      observed = await play(run, scenario, on, patience);
    }
    if (observed === null || end !== null) break;
    whole.push(observed);
  }
  await pause(patience.answer);
  const early = end;
  end ??= '';
  for (const cleanUp of cleanUps) await Promise.try(cleanUp).catch((error) => assert.ok(early !== null, error));
  await watching;
  for (const [index, observed] of whole.entries()) observed.set('log', logOf(scenarios[index]!, on.log.lines));
  return { whole, end: early };
}

function logOf(scenario: Scenario, lines: readonly string[]): string {
  const own = new RegExp(`\\b(fe|b|a|q)_${scenario.id}\\b`);
  return ordered(scenario, lines.filter((line) => own.test(line)).map(lineOf));
}

function ordered({ unordered }: Scenario, texts: string[]): string {
  return (unordered ? texts.sort() : texts).join('\n');
}

/** What a scenario saw; null when nobody listens. */
async function play(run: Run, scenario: Scenario, on: Stage, patience: Patience): Promise<Map<string, string> | null> {
  on.seen.length = 0;
  const heard = await scenario.family.play(run, scenario, on, patience);
  if (heard === null) return null;
  const observed = new Map([...heard].map(([part, text]) => [part, masked(text)]));
  const { columns } = scenario.family;
  if (columns !== undefined) observed.set('counters', await counters(run, scenario.id, patience.answer, columns));
  return observed.set('servers', ordered(scenario, on.seen.map(masked)));
}

/** Without what is different in each run: times in cookies, keys of WebSocket handshakes, ports that the system has given to clients. */
function masked(text: string): string {
  return text
    .replace(/^sec-websocket-key: \S+/gim, 'sec-websocket-key: KEY')
    .replace(/^x-from: .*/gm, (line) => line.replace(/\b(3[2-9]|[45]\d|60)\d{3}\b/g, 'PORT'))
    .replace(
      /(=s\dc\|)[A-Za-z0-9+/]{5}(\|[A-Za-z0-9+/]{5})?/g,
      (_, start: string, second) => `${start}T${second === undefined ? '' : '|T'}`,
    );
}
