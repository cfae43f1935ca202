import { ERRORS, errorCode, OperationError } from '../../ops/errors.ts';
import type { Emit } from '../../ops/events.ts';
import type { Operation, Values } from '../../ops/operation.ts';
import { commonValues } from '../../ops/options.ts';
import { parseWords } from '../../ops/parse.ts';
import { findOperation } from '../../ops/registry.ts';
import { runOperation } from '../../ops/runner.ts';
import type { Target } from '../../ops/target.ts';
import { complain, unknownOperation } from './complain.ts';
import { operationHelp } from './help.ts';
import { jsonPrinter, textPrinter } from './print.ts';
import type { Terminal } from './terminal.ts';

/** What an operation is run with. */
export interface Run {
  readonly terminal: Terminal;
  /** Connects to the load balancer of that name; null: the one that is found. */
  readonly openTarget: (name: string | null) => Promise<Target>;
  /** Sees to it that what is leased on a load balancer is taken back when this command has ended. */
  readonly keepLeases: (target: string) => Promise<void>;
  /** Other words than operations that may be meant. */
  readonly subCommands: readonly string[];
}

/** Runs `sluice OPERATION ...`. Resolves to the exit status. */
export async function runOps(words: readonly string[], run: Run): Promise<number> {
  const { terminal } = run;
  const found = findOperation(words);
  if (found === null) return complain(terminal, unknownOperation(words, run.subCommands));
  const { operation, args } = found;
  let values: Values;
  try {
    const parsed = parseWords(operation, args);
    if (parsed.help) {
      terminal.out.write(operationHelp(operation));
      return 0;
    }
    values = parsed.values;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return complain(terminal, `${error.message}\nTry: sluice ${operation.name} --help`);
  }
  return perform(operation, values, title(words), run);
}

async function perform(operation: Operation, values: Values, title: string, run: Run): Promise<number> {
  const { terminal } = run;
  const { json, quiet, target: name } = commonValues(values);
  const plan = operation.danger === 'dangerous';
  const printer = json ? jsonPrinter(terminal) : textPrinter(terminal, { quiet, plan });
  const stop = new AbortController();
  const unhook = onSignals(stop);
  try {
    const target = await run.openTarget(name);
    try {
      const ask = json || terminal.ask === null ? null : (text: string) => terminal.ask!(text, stop.signal);
      let leased = false;
      const emit: Emit = (event) => {
        leased ||= event.event === 'lease';
        printer.emit(event);
      };
      const around = { target, ...printer, emit, ask, signal: stop.signal };
      const { status } = await runOperation({ operation, values, title }, around);
      if (leased && target.dueLeases) await run.keepLeases(target.name);
      return status;
    } finally {
      await target.close();
    }
  } catch (error) {
    const code = errorCode(error);
    const text = error instanceof Error ? error.message : String(error);
    const { status } = ERRORS[code];
    printer.emit({ event: 'end', ok: false, ended: code, status, text, operation: null, duration: 0 });
    return status;
  } finally {
    unhook();
  }
}

/** The first signal asks the operation to stop and tell its state; a second one ends the process. */
function onSignals(stop: AbortController): () => void {
  const onSignal = () => (stop.signal.aborted ? process.exit(ERRORS.interrupted.status) : stop.abort());
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
}

/** The command line as it can be typed again. */
function title(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
