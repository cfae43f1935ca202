/** Follows the services of a Consul. */

import { gate } from '../../client/gate.ts';
import { type FoundService, isBackendName } from '../found.ts';
import { type Pace, pause, retryPause } from '../pace.ts';
import type { Watch } from '../source.ts';
import { Standing } from '../standing.ts';
import { serversIn, servicesIn } from './answers.ts';
import { type ConsulAnswer, queryConsul } from './query.ts';
import type { ConsulSettings } from './settings.ts';

/** Questions that Consul holds at once for one source: it lets a client have 200 connections. Beyond that services are looked at in turn. */
const MOST_HELD = 64;
/** The least that it is asked to hold one then, ms. */
const LEAST_HELD = 500;

const CATALOG = '/v1/catalog/services';

/** Begins to follow. `news` is called with all services whenever something is different; those of a service that has not been answered for are null. */
export function watchConsul(
  settings: ConsulSettings,
  pace: Pace,
  news: (services: readonly FoundService[]) => void,
): Watch {
  const stop = new AbortController();
  const standing = new Standing();
  const followed = new Map<string, Followed>();
  const places = gate(MOST_HELD);
  const told = () => news([...followed.values()].map(({ found }) => found));

  const followService = (name: string): Followed => {
    const end = new AbortController();
    const signal = AbortSignal.any([stop.signal, end.signal]);
    const service: Followed = { end, found: nothingYet(name, backendOf(settings, name)) };
    const path = `/v1/health/service/${encodeURIComponent(name)}`;
    const ask = (index: number) => {
      // Where more are followed than may be held, each has its turn within the time that the settings say.
      const share = Math.max(LEAST_HELD, Math.round((pace.poll * MOST_HELD) / followed.size));
      const own = followed.size < MOST_HELD ? pace : { ...pace, wait: Math.min(pace.wait, share) };
      const late = () => new Error(`${path}: it did not get its turn`);
      return places({ signal, timeout: pace.longestRetry + pace.wait, late }, () =>
        queryConsul(settings, path, { index, pace: own, signal }),
      );
    };
    void follow(
      path,
      ask,
      ({ body, filtered }) => {
        const { servers, leftOut } = serversIn(body, settings);
        if (filtered && servers.length === 0) throw new Error(`${path}: the ACL token may not see it`);
        const { found } = service;
        if (JSON.stringify([found.servers, found.leftOut]) === JSON.stringify([servers, leftOut])) return;
        service.found = { ...found, servers, leftOut };
        told();
      },
      { pace, standing, signal },
    );
    return service;
  };

  const takeCatalog = ({ body, filtered }: ConsulAnswer) => {
    const names = servicesIn(body, settings);
    if (filtered && names.length === 0) throw new Error(`${CATALOG}: the ACL token may see no service`);
    const gone = followed
      .keys()
      .filter((name) => !names.includes(name))
      .toArray();
    for (const name of gone) {
      followed.get(name)!.end.abort();
      followed.delete(name);
    }
    const added = names.filter((name) => !followed.has(name));
    for (const name of added)
      followed.set(name, isBackendName(backendOf(settings, name)) ? followService(name) : unusable(settings, name));
    if (gone.length > 0 || added.length > 0 || standing.status.state === 'starting') told();
  };
  const { signal } = stop;
  const filter =
    settings.nameExpression === '' ? undefined : `ServiceName matches ${expressionText(settings.nameExpression)}`;
  void follow(CATALOG, (index) => queryConsul(settings, CATALOG, { index, filter, pace, signal }), takeCatalog, {
    pace,
    standing,
    signal,
  });
  return {
    get status() {
      return standing.status;
    },
    stop() {
      stop.abort();
      standing.stop();
    },
  };
}

interface Followed {
  readonly end: AbortController;
  found: FoundService;
}

interface Course {
  readonly pace: Pace;
  readonly standing: Standing;
  readonly signal: AbortSignal;
}

/**
 * Asks again and again, each time for what is newer than the last answer (https://developer.hashicorp.com/consul/api-docs/features/blocking).
 * An index that goes back begins anew; an answer that was not held though nothing is new, or that has no index, is asked for again after a
 * pause; after an error the pause grows.
 */
async function follow(
  key: string,
  ask: (index: number) => Promise<ConsulAnswer>,
  take: (answer: ConsulAnswer) => void,
  { pace, standing, signal }: Course,
): Promise<void> {
  let index = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const began = performance.now();
      const answer = await ask(index);
      if (signal.aborted) break;
      take(answer);
      failures = 0;
      standing.good(key);
      const unheld = answer.index === index && performance.now() - began < Math.min(pace.wait, pace.poll) / 2;
      index = answer.index < index ? 0 : answer.index;
      await pause(answer.index === 0 || unheld ? pace.poll : pace.least, signal);
    } catch (error) {
      if (signal.aborted) break;
      const time = retryPause(pace, ++failures);
      standing.failed(key, (error as Error).message, failures, Date.now() + time);
      index = 0;
      await pause(time, signal);
    }
  }
  standing.forget(key);
}

function backendOf({ address, port }: ConsulSettings, service: string): string {
  return `consul-backend-${address}-${port}-${service}`;
}

function nothingYet(name: string, backend: string): FoundService {
  return { name, backend, servers: null, leftOut: [] };
}

function unusable(settings: ConsulSettings, name: string): Followed {
  const backend = backendOf(settings, name);
  const leftOut = ['no backend can be called that: letters, digits, -, _, . and : only'];
  return { end: new AbortController(), found: { name, backend, servers: null, leftOut } };
}

/** A text in Consul's filter language: between backquotes nothing in it stands for something else. */
function expressionText(text: string): string {
  return text.includes('`') ? JSON.stringify(text) : `\`${text}\``;
}
