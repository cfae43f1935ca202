import { chainOf } from '../../model/certificates/content.ts';
import { setResponse } from '../../model/certificates/edits.ts';
import {
  certIdOf,
  issuerOf,
  OcspError,
  type OcspResponse,
  ocspRequest,
  readOcspResponse,
  responderOf,
} from '../../model/certificates/ocsp.ts';
import { checkFetched } from '../../model/certificates/ocsp-check.ts';
import { sharedBytes } from '../../model/certificates/shared-bytes.ts';
import type { StoredCertificate } from '../../model/certificates/store.ts';
import type { TrafficLink } from '../../model/messages.ts';
import type { Model } from '../../model/model.ts';
import { FetchError, FetchTypeError, fetchOcsp } from './fetch-ocsp.ts';

/** How an update ended, in HAProxy's numbers. */
const STATUS = [
  'Unknown',
  'Update successful',
  'HTTP error',
  'Missing "ocsp-response" header',
  'OCSP response check failure',
  'Error during insertion',
] as const;

/** A response that is fetched by itself (`show ssl ocsp-updates`). Dates in ms; null: never. */
export interface OcspUpdateState {
  readonly certId: string;
  readonly path: string;
  next: number;
  last: number | null;
  successes: number;
  failures: number;
  /** Number of the status, and its text. */
  status: number;
  /** Failures since the last success. */
  row: number;
  /** The certificate that it is about: with another one all begins anew. */
  chain: Uint8Array;
}

/** Fetching of OCSP responses. */
export interface OcspUpdates {
  states(): readonly (OcspUpdateState & { readonly statusText: string })[];
  /** Fetches a response now, and checks it. Rejects with an error for operators. */
  fetch(stored: StoredCertificate): Promise<{ readonly response: OcspResponse; readonly bytes: Buffer }>;
  /** Certificates or settings may be others. */
  refresh(): void;
  close(): void;
}

export interface OcspOptions {
  readonly model: Model;
  readonly traffic: TrafficLink;
  /** Tells of what came of an update. */
  log(level: number, text: string): void;
}

/** A response is fetched again so long before it ends, ms. */
const MARGIN = 60_000;
/** How often is looked for something to do at least, ms. */
const LONGEST_WAIT = 30_000;
const NOTICE = 5;
const WARNING = 4;

/** Starts to keep responses up to date, one at a time: `ocsp-update on`. */
export function createOcspUpdates({ model, traffic, log }: OcspOptions): OcspUpdates {
  const states = new Map<string, OcspUpdateState>();
  let timer: NodeJS.Timeout | null = null;
  let busy = false;
  const ending = new AbortController();

  const settings = () => model.config.global.tls.ocspUpdate;

  /** Takes up certificates that are new, and forgets those that are gone. */
  function gather(): void {
    const { mode, disabled } = settings();
    const wanted = new Set<string>();
    for (const stored of disabled ? [] : model.certificates.certificates.values()) {
      const { path, content, ocspUpdate } = stored;
      if (!(ocspUpdate ?? mode) || content === null) continue;
      const known = states.get(path);
      if (known?.chain === content.chain) {
        wanted.add(path);
        continue;
      }
      const subject = subjectOf(stored);
      if ('problem' in subject) continue;
      wanted.add(path);
      states.set(path, {
        ...{ certId: subject.id.toString('hex'), path, last: null, successes: 0, failures: 0, status: 0, row: 0 },
        ...{
          chain: content.chain,
          next: content.ocsp === null ? 0 : dueAt(readOcspResponse(Buffer.from(content.ocsp))),
        },
      });
    }
    for (const path of states.keys()) if (!wanted.has(path)) states.delete(path);
  }

  /** When a response is to be fetched again: shortly before it ends, within the bounds of the configuration. */
  function dueAt({ nextUpdate }: Pick<OcspResponse, 'nextUpdate'>): number {
    const { minDelay, maxDelay } = settings();
    const now = Date.now();
    const left = nextUpdate === null ? minDelay : nextUpdate - MARGIN - now;
    return now + Math.min(maxDelay, Math.max(minDelay, left));
  }

  function schedule(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (ending.signal.aborted || busy || states.size === 0) return;
    const next = Math.min(...[...states.values()].map((state) => state.next));
    timer = setTimeout(() => void run(), Math.min(LONGEST_WAIT, Math.max(0, next - Date.now()))).unref();
  }

  async function run(): Promise<void> {
    gather();
    const due = [...states.values()].sort((a, b) => a.next - b.next)[0];
    if (due !== undefined && due.next <= Date.now()) {
      busy = true;
      await update(due);
      busy = false;
    }
    schedule();
  }

  async function update(state: OcspUpdateState): Promise<void> {
    const stored = model.certificates.certificate(state.path);
    if (stored === null) return;
    state.last = Date.now();
    try {
      const { response, bytes } = await fetch(stored);
      await insert(stored.path, response, bytes);
      state.status = 1;
      state.successes++;
      state.row = 0;
      state.next = dueAt(response);
      log(NOTICE, `<OCSP-UPDATE> ${state.path} 1 "Update successful" ${state.failures} ${state.successes}`);
    } catch (error) {
      if (ending.signal.aborted) return;
      state.status = statusOf(error);
      state.failures++;
      state.row++;
      const { minDelay, maxDelay } = settings();
      state.next = Date.now() + Math.min(maxDelay, minDelay * 2 ** Math.min(10, state.row - 1));
      const reason = (error as Error).message;
      log(
        WARNING,
        `<OCSP-UPDATE> ${state.path} ${state.status} "${STATUS[state.status]}" ${state.failures} ${state.successes}: ${reason}`,
      );
    }
  }

  async function insert(path: string, { certId }: OcspResponse, bytes: Buffer): Promise<void> {
    const now = model.certificates.certificate(path);
    const subject = now === null ? null : subjectOf(now);
    // It may have been replaced while the responder thought.
    if (now === null || subject === null || 'problem' in subject || !subject.id.equals(certId)) return;
    await traffic.ask({ kind: 'tls', update: setResponse(model.certificates, now, sharedBytes(bytes)) });
  }

  async function fetch(
    stored: StoredCertificate,
  ): Promise<{ readonly response: OcspResponse; readonly bytes: Buffer }> {
    const subject = subjectOf(stored);
    if ('problem' in subject) throw new OcspError(subject.problem);
    const bytes = await fetchOcsp(subject.url, ocspRequest(subject.id), settings().httpProxy, ending.signal);
    return { response: checkFetched(bytes, subject.id, subject.issuer, Date.now()), bytes };
  }

  gather();
  schedule();
  return {
    states: () => [...states.values()].map((state) => ({ ...state, statusText: STATUS[state.status]! })),
    fetch,
    refresh() {
      if (ending.signal.aborted) return;
      gather();
      schedule();
    },
    close() {
      ending.abort();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function statusOf(error: unknown): number {
  if (error instanceof FetchTypeError) return 3;
  if (error instanceof FetchError) return 2;
  return error instanceof OcspError ? 4 : 5;
}

/** What is asked about a certificate, and whom; or why it cannot be asked. */
function subjectOf({ content, path }: StoredCertificate) {
  if (content === null) return { problem: `certificate '${path}' is empty` };
  const [leaf] = chainOf(content);
  const issuer = issuerOf(content);
  if (issuer === null) return { problem: `the issuer of '${path}' is neither in its chain nor beside it` };
  const url = responderOf(leaf!);
  if (url === null) return { problem: `certificate '${path}' names no OCSP responder (http://) to ask` };
  return { id: certIdOf(leaf!.raw, issuer.raw), issuer, url };
}
