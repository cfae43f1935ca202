/**
 * Runs a golden case of operations (cases/*.case). The first line is the command; then parts, each begun by a line `--- NAME`: the state of the load
 * balancer (`target`, see fake-target.ts), what happens to it while it is read (`meanwhile`: `READING: be/app1 sessions=0`), Changes that are
 * refused (`refused`: `be/app1 server.state: reason`), answers of its socket (`answers`: a line `> COMMAND`, then the text); then what stdout and stderr must hold and the Changes that must have been made
 * (nothing when not given), and the exit status. Times, dates and ids are masked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOps } from '../../src/cli/ops/ops.ts';
import { fakeTarget, objectName } from './fake-target.ts';

/** Where the cases are. */
export const folder = join(import.meta.dirname, 'cases');

function parts(file: string): { readonly words: readonly string[]; readonly part: (name: string) => string } {
  const [command, ...sections] = readFileSync(join(folder, file), 'utf8').split(/^--- /m);
  const found = new Map(
    sections.map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)]),
  );
  return { words: splitWords(command!.trim().replace(/^\$ sluice /, '')), part: (name) => found.get(name) ?? '' };
}

/** Words of a shell line with single quotes. */
function splitWords(line: string): string[] {
  return (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function masked(text: string): string {
  return text
    .replace(/op-[0-9a-z]+/g, 'op-ID')
    .replace(/"date":\d{13}/g, '"date":N')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'DATE')
    .replace(/"duration":\d+/g, '"duration":N')
    .replace(/"elapsed":\d+/g, '"elapsed":N')
    .replace(/"date":"[^"]+"/g, '"date":"DATE"')
    .replace(/\((\d+m?s)+\)/g, '(TIME)');
}

interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly changes: string;
  readonly status: number;
}

/** What the case expects, and what came. `more`: words behind the command. */
export async function runCase(
  file: string,
  more: readonly string[] = [],
): Promise<{ readonly expected: Told; readonly got: Told }> {
  const { words, part } = parts(file);
  const meanwhile = Map.groupBy(lines(part('meanwhile')), (line) => Number(line.split(':')[0]));
  const target = fakeTarget(part('target'), {
    meanwhile: new Map([...meanwhile].map(([n, all]) => [n, all.map((line) => line.slice(line.indexOf(':') + 2))])),
    answers: new Map(
      part('answers')
        .split(/^> /m)
        .slice(1)
        .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1).trimEnd()]),
    ),
    refusals: new Map(lines(part('refused')).map((line) => line.split(': ') as [string, string])),
  });
  const written = { out: '', err: '' };
  const output = (to: 'out' | 'err') => ({
    isTerminal: false,
    hasColours: false,
    write(text: string) {
      written[to] += text;
    },
  });
  const answer = part('answer').trim();
  const ask =
    answer === ''
      ? null
      : async (question: string) => {
          written.err += `${question}\n`;
          return answer === 'y';
        };
  const status = await runOps([...words, ...more.filter((word) => !words.includes(word))], {
    terminal: { out: output('out'), err: output('err'), ask },
    openTarget: async () => target,
    keepLeases: async () => undefined,
    subCommands: ['run', 'check'],
  });
  const changes = target.made.map(({ change, meta }) => {
    const { kind, backend, server, frontend, ...rest } = change as Record<string, unknown> & { kind: string };
    const recorded = [meta.reason, meta.ticket].filter((text) => text !== undefined).join('; ');
    return `${kind} ${objectName(change)} ${Object.values(rest).join(' ')}${recorded === '' ? '' : ` (${recorded})`}\n`;
  });
  const expected = {
    stdout: part('stdout'),
    stderr: part('stderr'),
    changes: part('changes'),
    status: Number(part('status')),
  };
  const got = { stdout: masked(written.out), stderr: masked(written.err), changes: changes.join(''), status };
  return { expected, got };
}
