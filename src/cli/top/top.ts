/** `sluice top`: a load balancer as it carries, on a screen that is drawn anew. */
import { OperationError } from '../../ops/errors.ts';
import { durationKind, numberKind } from '../../ops/kinds.ts';
import { openTarget } from '../../ops/open-target.ts';
import type { TargetState } from '../../ops/state.ts';
import { shown } from '../../util/shown.ts';
import { usageOf } from '../sub-commands.ts';
import { UsageError } from '../usage-error.ts';
import { frame, ORDERS, type Order } from './frame.ts';

const EVERY_MS = 1000;
/** A screen without a size. */
const BATCH = { width: 160, height: 1000 };

interface Options {
  target: string | null;
  every: number;
  order: Order;
  /** Frames to print one after the other, without a screen; null: a screen until somebody ends it. */
  batch: number | null;
}

/** Runs until `q` or Ctrl-C, or for as many frames as were asked for. Resolves to the exit status. */
export async function top(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.batch === null && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new UsageError("'top' needs a terminal; 'sluice top --batch 1' or 'sluice status' print once");
  const target = await openTarget(options.target);
  const screen = options.batch === null ? openScreen(options) : null;
  let before: TargetState | null = null;
  try {
    for (let frames = 0; options.batch === null || frames < options.batch; frames++) {
      if (frames > 0 && (await pause(options.every, screen))) break;
      let lines: string[];
      try {
        const state = await target.state();
        lines = frame({ name: target.name, state, before, order: options.order, ...(screen?.size() ?? BATCH) });
        before = state;
      } catch (error) {
        if (screen === null) throw error;
        lines = [shown(`${target.name}: ${(error as Error).message}`)];
      }
      if (screen === null) process.stdout.write(`${lines.join('\n')}\n\n`);
      else screen.draw(lines);
    }
    return 0;
  } finally {
    screen?.close();
    await target.close();
  }
}

function readOptions(args: readonly string[]): Options {
  const options: Options = { target: null, every: EVERY_MS, order: 'rate', batch: null };
  for (let i = 0; i < args.length; i += 2) {
    const [flag, value] = [args[i]!, args[i + 1]];
    if (value === undefined) throw new UsageError(usageOf('top'));
    try {
      if (flag === '--target') options.target = value;
      else if (flag === '--every') options.every = durationKind.parse(value);
      else if (flag === '--batch') options.batch = numberKind('FRAMES', 1, 1_000_000).parse(value);
      else if (flag === '--by' && isOrder(value)) options.order = value;
      else throw new UsageError(usageOf('top'));
    } catch (error) {
      throw error instanceof OperationError ? new UsageError(error.message) : error;
    }
  }
  return options;
}

function isOrder(word: string): word is Order {
  return (ORDERS as readonly string[]).includes(word);
}

interface LiveScreen {
  size(): { readonly width: number; readonly height: number };
  draw(lines: readonly string[]): void;
  /** Resolves to true when the screen is to be left. */
  readonly left: Promise<true>;
  /** Calls back when a key changes what is shown. */
  onKey: (() => void) | null;
  close(): void;
}

/** Waits for the next frame; true when the screen is to be left. A key that changes the order draws at once. */
async function pause(ms: number, screen: LiveScreen | null): Promise<boolean> {
  if (screen === null) return new Promise((resolve) => setTimeout(resolve, ms, false));
  let timer: NodeJS.Timeout | undefined;
  const drawn = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
    screen.onKey = () => resolve(false);
  });
  const left = await Promise.race([drawn, screen.left]);
  clearTimeout(timer);
  return left;
}

/** The alternate screen: what was on the terminal is there again afterwards. */
function openScreen(options: Options): LiveScreen {
  const { stdin, stdout } = process;
  let leave: (value: true) => void = () => undefined;
  const left = new Promise<true>((resolve) => {
    leave = resolve;
  });
  const onData = (bytes: Buffer) => {
    const key = bytes.toString('latin1');
    if (key === 'q' || key === '\x03') leave(true);
    if (key !== 's') return;
    options.order = ORDERS[(ORDERS.indexOf(options.order) + 1) % ORDERS.length]!;
    screen.onKey?.();
  };
  const end = () => leave(true);
  stdin.setRawMode(true);
  stdin.on('data', onData);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  stdout.write('\x1b[?1049h\x1b[?25l');
  const screen: LiveScreen = {
    left,
    onKey: null,
    size: () => ({ width: stdout.columns || 80, height: Math.max(5, (stdout.rows || 24) - 1) }),
    draw(lines) {
      const help = `q quits, s sorts (by ${options.order})`;
      stdout.write(`\x1b[H${[...lines, help].map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
    },
    close() {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write('\x1b[?25h\x1b[?1049l');
    },
  };
  return screen;
}
