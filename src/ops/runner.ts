import { newOperationId } from '../change/operation-id.ts';
import { PermissionDeniedError, UnknownCommandError } from '../client/index.ts';
import { type Agreed, agreedTo, askForAll } from './approval.ts';
import { ERRORS, errorCode, OperationError } from './errors.ts';
import type { Emit, Ending } from './events.ts';
import type { Operation, View } from './operation.ts';
import { type CommonValues, commonValues } from './options.ts';
import { checkOptions, metaOf, prepare, type Request } from './prepare.ts';
import { type Made, type StepsEnd, takeSteps } from './steps.ts';
import type { Meta, Target } from './target.ts';

/** What the surface that runs an operation brings. */
export interface Surroundings {
  readonly target: Target;
  readonly emit: Emit;
  /** Shows what a reading operation found. */
  readonly show: (view: View) => void;
  /** Asks whoever is there; null where nobody is. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  /** Stops the operation at the next point where that is possible. */
  readonly signal: AbortSignal;
}

/** Runs an operation to its end, telling what happens; the last event is its ending. Never rejects. */
export async function runOperation(
  request: Request,
  around: Surroundings,
  id: string = newOperationId(),
): Promise<Ending> {
  const { target, emit } = around;
  const begin = performance.now();
  const common = commonValues(request.values);
  const meta = metaOf(request, id, common);
  const made: Made = [];
  let end: StepsEnd;
  try {
    emit({
      event: 'start',
      operation: meta.operation,
      title: request.title,
      target: target.name,
      product: target.product,
      version: target.version,
      dryRun: common.dryRun,
      date: new Date().toISOString(),
    });
    end = await perform(request, common, meta, around, made);
  } catch (error) {
    end = failure(error, made, target);
  }
  const ending: Ending = {
    ok: end.ok,
    ended: end.ended,
    status: end.status,
    text: end.text,
    operation: end.operation !== undefined ? end.operation : made.undoable ? meta.operation : null,
    duration: Math.round(performance.now() - begin),
  };
  emit({ event: 'end', ...ending });
  return ending;
}

async function perform(
  request: Request,
  common: CommonValues,
  meta: Meta,
  around: Surroundings,
  made: Made,
): Promise<StepsEnd> {
  const { operation, values } = request;
  const { target } = around;
  checkOptions(common);
  if (operation.show !== null) {
    around.show(await operation.show(values, { target, state: await target.state() }));
    return { ok: true, ended: 'done', status: 0, text: '' };
  }
  const agreed = await agreedTo(request, target);
  if (agreed !== null)
    return { ...(await make(agreed, around, made)), operation: made.undoable ? agreed.meta.operation : null };
  return make({ request, common, meta }, around, made);
}

async function make({ request, common, meta }: Agreed, around: Surroundings, made: Made): Promise<StepsEnd> {
  const { plan, meta: told, state } = await prepare(request, common, meta, around);
  if (common.dryRun) return { ok: true, ended: 'dry-run', status: 0, text: 'nothing was changed' };
  await confirm(request.operation, common, around.ask);
  await askForAll(plan, told, around.target);
  return takeSteps(plan, told, state, around, made);
}

/** Asks before something dangerous is done; `where`: ` on 3 load balancers`. Throws OperationError `unconfirmed`. */
export async function confirm(
  operation: Operation,
  common: CommonValues,
  ask: Surroundings['ask'],
  where = '',
): Promise<void> {
  if (operation.danger !== 'dangerous' || common.yes) return;
  if (ask === null)
    throw new OperationError(
      'unconfirmed',
      `'${operation.name}' asks before it acts, and nobody can be asked here; add --yes`,
    );
  if (!(await ask(`${operation.name}${where}: go on?`)))
    throw new OperationError('unconfirmed', 'not confirmed; nothing was changed');
}

/** What an exception means, with what is in force by then. */
export function failure(error: unknown, made: readonly string[], target: Target | null): StepsEnd {
  const code = errorCode(error);
  const reason = reasonOf(error, target);
  return { ok: false, ended: code, status: ERRORS[code].status, text: `${reason}${inForce(made)}` };
}

function reasonOf(error: unknown, target: Target | null): string {
  if (target !== null && error instanceof UnknownCommandError) {
    const { product, version } = target;
    const command = error.command.slice(0, 2).join(' ');
    return `${product === 'sluice' ? 'Sluice' : 'HAProxy'} ${version} has no command '${command}'`;
  }
  if (target !== null && error instanceof PermissionDeniedError)
    return `the socket ${target.name} has too low a level for '${error.command.slice(0, 2).join(' ')}'; it takes one of level admin`;
  return error instanceof Error ? error.message : String(error);
}

function inForce(made: readonly string[]): string {
  return made.length === 0 ? '' : `; in force: ${made.join(', ')}`;
}
