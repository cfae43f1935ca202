/** Looks at the instances of a region again and again: EC2 tells no news by itself. */

import {
  type FoundServer,
  type FoundService,
  inOrder,
  isAddress,
  isBackendName,
  isPort,
  MOST_SERVERS,
  MOST_SERVICES,
  USUAL_WEIGHT,
} from '../found.ts';
import { type Pace, pause, retryPause } from '../pace.ts';
import type { Watch } from '../source.ts';
import { Standing } from '../standing.ts';
import { describeInstances, type Filter, type Instance } from './query.ts';
import type { AwsFilter, AwsSettings } from './settings.ts';

const NAME = 'HAProxy:Service:Name';
const PORT = 'HAProxy:Service:Port';
/** Goes before the port of the service. */
const OWN_PORT = 'HAProxy:Instance:Port';

/** Begins to look. `news` is called with all services whenever something is different. */
export function watchAws(settings: AwsSettings, pace: Pace, news: (services: readonly FoundService[]) => void): Watch {
  const stop = new AbortController();
  const standing = new Standing();
  const { signal } = stop;
  void look(settings, { pace, standing, signal }, news);
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

interface Course {
  readonly pace: Pace;
  readonly standing: Standing;
  readonly signal: AbortSignal;
}

async function look(
  settings: AwsSettings,
  { pace, standing, signal }: Course,
  news: (services: readonly FoundService[]) => void,
): Promise<void> {
  let last = '';
  let failures = 0;
  while (!signal.aborted) {
    let time = pace.poll;
    try {
      const services = await servicesOf(settings, { timeout: pace.answer, signal });
      if (signal.aborted) return;
      failures = 0;
      standing.good(settings.region);
      const now = JSON.stringify(services);
      if (now !== last) news(services);
      last = now;
    } catch (error) {
      if (signal.aborted) return;
      time = retryPause(pace, ++failures);
      standing.failed(settings.region, (error as Error).message, failures, Date.now() + time);
    }
    await pause(time, signal);
  }
}

/** The services that the tags of running instances name. Rejects when one of the answers is not whole. */
async function servicesOf(
  settings: AwsSettings,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<FoundService[]> {
  const allowed = await describeInstances(
    settings,
    [
      { name: 'tag-key', values: [NAME, PORT] },
      { name: 'instance-state-name', values: ['running'] },
      ...filtersOf(settings.allow),
    ],
    options,
  );
  const denied = settings.deny.length === 0 ? [] : await describeInstances(settings, filtersOf(settings.deny), options);
  const out = new Set(denied.map(({ id }) => id));
  return grouped(
    allowed.filter(({ id }) => !out.has(id)),
    settings,
  );
}

function filtersOf(filters: readonly AwsFilter[]): Filter[] {
  return filters.map(({ key, value }) => ({ name: key, values: [value] }));
}

function grouped(instances: readonly Instance[], settings: AwsSettings): FoundService[] {
  const tagged = instances.filter(({ tags }) => tags.get(NAME) && tags.get(PORT));
  const byName = Map.groupBy(tagged, ({ tags }) => `${tags.get(NAME)}-${tags.get(PORT)}`);
  if (byName.size > MOST_SERVICES)
    throw new Error(`there are ${byName.size} services, more than ${MOST_SERVICES}: narrow them with allowlist`);
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => {
      const backend = `aws-${settings.region}-${settings.name}-${name}`;
      if (!isBackendName(backend))
        return {
          name,
          backend,
          servers: null,
          leftOut: ['no backend can be called that: letters, digits, -, _, . and : only'],
        };
      if (members.length > MOST_SERVERS)
        throw new Error(`service ${name} has ${members.length} instances, more than ${MOST_SERVERS}`);
      const read = members.map((instance) => serverOf(instance, settings));
      return {
        name,
        backend,
        servers: inOrder(read.filter((one) => typeof one === 'object')),
        leftOut: read.filter((one) => typeof one === 'string').sort(),
      };
    });
}

/** The server that an instance is, or why it is none. */
function serverOf(
  { id, tags, privateAddress, publicAddress }: Instance,
  { addresses }: AwsSettings,
): FoundServer | string {
  const address = addresses === 'private' ? privateAddress : publicAddress;
  if (!isAddress(address)) return `${id}: it has no ${addresses} IPv4 address`;
  const text = tags.get(OWN_PORT) ?? tags.get(PORT)!;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (!isPort(port)) return `${id}: its port is '${text.slice(0, 40)}'`;
  return { address, port, weight: USUAL_WEIGHT };
}
