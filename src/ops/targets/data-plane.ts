import { RuntimeClientError } from '../../client/index.ts';
import { clientOver } from '../../client/over.ts';
import {
  type DataPlane,
  ForbiddenError,
  NoAnswerError,
  NotFoundError,
  NotServedError,
  RefusedError,
  UnauthenticatedError,
} from '../../dataplane-client/index.ts';
import { OperationError } from '../errors.ts';
import { readState } from '../state.ts';
import {
  type Applied,
  type KeptFiles,
  type KeptStores,
  type Layers,
  type Ledger,
  NOTHING_KEPT,
  type Previewed,
  type Target,
} from '../target.ts';

/** Longest time for making Changes, ms: a map may have a million entries. */
const MAKING_MS = 300_000;

const HIDDEN = 'it is reached by the Data Plane API only';

/** A load balancer behind a Data Plane API of Sluice. Rejects with an OperationError or a RuntimeClientError when none answers. */
export async function dataPlaneTarget(name: string, api: DataPlane): Promise<Target> {
  const found = (await asked(name, () => api.get('/sluice'))) as {
    readonly product: Target['product'];
    readonly version: string;
  };
  const client = await clientOver({
    name,
    local: false,
    ask: async (words, { timeout, signal }) => {
      const more = { ...(timeout === undefined ? {} : { timeout }), ...(signal === undefined ? {} : { signal }) };
      const answer = await asked(name, () => api.post('/sluice/ask', { body: { words }, ...more }));
      return answer as { readonly severity: number | null; readonly text: string };
    },
  });
  const applied = async (work: () => Promise<unknown>) => (await asked(name, work)) as Applied;
  const timeout = MAKING_MS;
  return {
    name,
    product: found.product,
    version: found.version,
    client,
    state: () => readState((words) => client.run(words)),
    preview: async (changes) =>
      (await asked(name, () => api.post('/sluice/preview', { body: { changes }, timeout }))) as readonly Previewed[],
    apply: (changes, meta) => applied(() => api.post('/sluice/apply', { body: { changes, meta }, timeout })),
    permit: (changes, steps, meta) =>
      applied(() => api.post('/sluice/permit', { body: { changes, steps, meta }, timeout })),
    ledger: ledgerOf(name, api),
    layers: async (object) =>
      (await asked(name, () => api.get('/sluice/layers', { query: { object } }))) as readonly Layers[],
    // The service enforces what must be kept.
    kept: () => NOTHING_KEPT,
    files: filesOf(name, api),
    installation: async () => ({ hidden: HIDDEN }),
    close: async () => client.close(),
  };
}

function filesOf(name: string, api: DataPlane): KeptFiles {
  const timeout = MAKING_MS;
  const textOf = async (work: () => Promise<{ readonly text: string }>) => (await asked(name, work)).text;
  return {
    read: () => asked(name, () => api.get('/sluice/files')),
    stores: async () => (await asked(name, () => api.get('/sluice/stores', { timeout }))) as KeptStores,
    replace: (version, texts, stores) =>
      textOf(() => api.put('/sluice/files', { body: { version, texts, stores }, timeout })),
    reload: () => textOf(() => api.post('/sluice/reload', { timeout })),
  };
}

function ledgerOf(name: string, api: DataPlane): Ledger {
  const read = async <T>(work: () => Promise<unknown>) => (await asked(name, work)) as T;
  const timeout = MAKING_MS;
  return {
    history: ({ actor: _not, answered: _asked, until, ...query }) => {
      // One that never ends is not told.
      const end = until !== undefined && Number.isFinite(until) ? { until } : {};
      return read(() => api.get('/sluice/history', { query: { ...query, ...end } }));
    },
    overrides: () => read(() => api.get('/sluice/overrides')),
    // Keys are not sent over a network.
    whole: async (change) => change,
    leases: () => read(() => api.get('/sluice/leases')),
    requests: () => read(() => api.get('/sluice/requests')),
    undo: (operation, meta) =>
      read(() => api.post('/sluice/undo', { body: { ...(operation === null ? {} : { operation }), meta }, timeout })),
    confirm: (operation, meta) => read(() => api.post('/sluice/confirm', { body: { operation, meta }, timeout })),
    approve: (operation, meta) => read(() => api.post('/sluice/approve', { body: { operation, meta }, timeout })),
  };
}

/** What was answered, or the error as operations know it. */
async function asked<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoAnswerError) throw new RuntimeClientError(error.code, error.message);
    if (error instanceof UnauthenticatedError)
      throw new OperationError('denied', `${error.message}: ${name}; set SLUICE_API_USER and SLUICE_API_PASSWORD`);
    if (error instanceof ForbiddenError) throw new OperationError('denied', error.message);
    if (error instanceof NotServedError || (error instanceof NotFoundError && /path/.test(error.message)))
      throw new OperationError('unreachable', `${name} is no Data Plane API of Sluice: ${error.message}`);
    if (error instanceof RefusedError) throw new OperationError('refused', error.message);
    throw error;
  }
}
