import { ERRORS, errorCode, OperationError } from '../../ops/errors.ts';
import type { Emit } from '../../ops/events.ts';
import { targetsMeant } from '../../ops/open-target.ts';
import type { Operation, Values } from '../../ops/operation.ts';
import { commonValues } from '../../ops/options.ts';
import { parseWords } from '../../ops/parse.ts';
import type { Request } from '../../ops/prepare.ts';
import { findOperation } from '../../ops/registry.ts';
import { runOperation, type Surroundings } from '../../ops/runner.ts';
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
  const { json, quiet } = commonValues(values);
  const stop = new AbortController();
  const unhook = onSignals(stop);
  const ask = json || terminal.ask === null ? null : (text: string) => terminal.ask!(text, stop.signal);
  const surface = { ask, signal: stop.signal };
  const plan = operation.danger === 'dangerous';
  const printer = json ? jsonPrinter(terminal) : textPrinter(terminal, { quiet, plan });
  try {
    const names = await namesMeant(operation, values);
    const request = { operation, values, title };
    if (names.length > 1) return await onFleet(request, names, surface, run);
    return await onOne(request, names[0] ?? null, { ...surface, ...printer }, run);
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

/** The load balancers that are meant: those that are named; those of the operation that is asked about; else what the environment names. */
async function namesMeant(operation: Operation, values: Values): Promise<readonly string[]> {
  const { target } = commonValues(values);
  if (target.length > 0) return targetsMeant(target);
  const asked = values['operation'] ?? (operation.name === 'history' ? values['what'] : null);
  if (typeof asked === 'string' && asked.startsWith('op-')) {
    const { fleetTargets } = await import('../../ops/fleet/record.ts');
    const known = await fleetTargets(asked);
    if (known.length > 0) return known;
  }
  const named = process.env['SLUICE_TARGET'];
  return named ? targetsMeant([named]) : [];
}

type Surface = Pick<Surroundings, 'ask' | 'signal'>;

async function onOne(
  request: Request,
  name: string | null,
  surface: Surface & Pick<Surroundings, 'emit' | 'show'>,
  run: Run,
): Promise<number> {
  const target = await run.openTarget(name);
  try {
    let leased = false;
    const emit: Emit = (event) => {
      leased ||= event.event === 'lease';
      surface.emit(event);
    };
    const { status } = await runOperation(request, { ...surface, target, emit });
    if (leased && target.dueLeases) await run.keepLeases(target.name);
    return status;
  } finally {
    await target.close();
  }
}

async function onFleet(request: Request, names: readonly string[], surface: Surface, run: Run): Promise<number> {
  const { json, quiet } = commonValues(request.values);
  const [{ runFleet }, { runnerRecord, fleetView }, { fleetJson, fleetText }] = await Promise.all([
    import('../../ops/fleet/run-fleet.ts'),
    import('../../ops/fleet/record.ts'),
    import('./print-fleet.ts'),
  ]);
  const { danger } = request.operation;
  const options = { quiet, plan: danger === 'dangerous', reads: danger === 'reads' };
  const printer = json ? fleetJson(run.terminal) : fleetText(run.terminal, names, options);
  const { keepLeases, openTarget: open } = run;
  const asked = request.operation.name === 'history' ? request.values['what'] : null;
  const whole = typeof asked === 'string' ? await fleetView(asked) : null;
  const emit: Emit = (event) => {
    printer.emit(event);
    if (event.event === 'fleet' && whole !== null) printer.show(whole, null);
  };
  const around = { ...surface, ...printer, emit, names, open, keepLeases, record: runnerRecord };
  const { status } = await runFleet(request, around);
  return status;
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
