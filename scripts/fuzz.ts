/**
 * `npm run fuzz [MINUTES] [TARGET]`: feeds variations of known inputs to what reads bytes from outside (test/fuzz/targets.ts), in turn or
 * one target alone, for so many minutes in all (default 1). A finding is a throw, a case that takes too long, or memory that is not given
 * back; each is printed with what repeats it: `npm run fuzz -- TARGET:SEED`. Exit status 1 when there was one.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { mutate } from '../test/fuzz/mutate.ts';
import { type Target, targets } from '../test/fuzz/targets.ts';

/** A case that takes longer is slow; one that takes as long as this hangs, ms. */
const SLOW = 2_000;
const HANG = 20_000;
/** Memory that may be kept after all cases of a target, bytes. */
const GROWTH = 64 << 20;
/** Findings of a target after which it is left. */
const ENOUGH = 5;

interface Job {
  readonly target: string;
  readonly seed: number;
  readonly ms: number;
  /** Seed of the case under way, so that who waits can name one that hangs. */
  readonly at: BigInt64Array;
}

if (isMainThread) await main(process.argv.slice(2));
else await work(workerData as Job);

async function main(args: string[]): Promise<void> {
  const minutes = Number(args.find((arg) => /^[\d.]+$/.test(arg)) ?? 1);
  const [name, seed] = (args.find((arg) => !/^[\d.]+$/.test(arg)) ?? '').split(':') as [string, string | undefined];
  const names = (await targets()).map((target) => target.name).filter((each) => name === '' || each === name);
  if (names.length === 0) {
    console.error(`no target '${name}'; there are ${(await targets()).map((target) => target.name).join(', ')}`);
    process.exit(2);
  }
  let findings = 0;
  for (const target of names) {
    const ms = seed === undefined ? (minutes * 60_000) / names.length : 0;
    findings += await watch({
      target,
      seed: Number(seed ?? Date.now() % 1e9),
      ms,
      at: new BigInt64Array(new SharedArrayBuffer(8)),
    });
  }
  process.exit(findings > 0 ? 1 : 0);
}

/** Runs a job in a thread of its own, which is ended when a case hangs. Returns the number of findings. */
function watch(job: Job): Promise<number> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: job,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    let seen = -1n;
    const guard = setInterval(() => {
      const at = Atomics.load(job.at, 0);
      if (at === seen && at !== 0n) {
        console.log(`${job.target}:${at}: hangs`);
        void worker.terminate();
      }
      seen = at;
    }, HANG);
    let findings: number | null = null;
    worker.on('message', (count: number) => {
      findings = count;
    });
    worker.on('error', (error) => console.log(`${job.target}:${Atomics.load(job.at, 0)}: ${String(error)}`));
    worker.on('exit', () => {
      clearInterval(guard);
      resolve(findings ?? 1);
    });
  });
}

async function work({ target: name, seed: first, ms, at }: Job): Promise<void> {
  const target = (await targets()).find((each) => each.name === name)!;
  const until = performance.now() + ms;
  let findings = 0;
  let slowest = 0;
  let seed = first;
  let before = 0;
  for (; (seed === first || performance.now() < until) && findings < ENOUGH; seed++) {
    Atomics.store(at, 0, BigInt(seed));
    const started = performance.now();
    const problem = tryCase(target, seed);
    const took = performance.now() - started;
    slowest = Math.max(slowest, took);
    if (problem !== null || took > SLOW) {
      findings++;
      console.log(`${name}:${seed}: ${problem ?? `${took.toFixed(0)} ms`}`);
    }
    if (seed - first === 1_000) before = memory();
  }
  const grown = seed - first > 2_000 ? memory() - before : 0;
  if (grown > GROWTH) {
    findings++;
    console.log(`${name}: ${(grown / 1048576).toFixed(0)} MiB are kept after ${seed - first} cases from seed ${first}`);
  }
  console.log(
    `${name}: ${seed - first} cases from seed ${first}, slowest ${slowest.toFixed(0)} ms, memory ${grown > 0 ? '+' : ''}${(grown / 1048576).toFixed(1)} MiB, findings: ${findings}`,
  );
  parentPort!.postMessage(findings);
}

function tryCase(target: Target, seed: number): string | null {
  const bytes = mutate(target.corpus, target.words, seed);
  try {
    target.run(bytes);
    return null;
  } catch (error) {
    return `${(error as Error).stack ?? String(error)}\n    input: ${JSON.stringify(bytes.toString('latin1').slice(0, 1000))}`;
  }
}

/** Bytes in use after a collection. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
