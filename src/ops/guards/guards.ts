import type { BackendState } from '../state.ts';
import { type Guard, lost, type Policy, shrunk, usable } from './guard.ts';

const lastServer: Guard = {
  name: 'last-server',
  about: 'no server of the backend would be left to take traffic',
  judge: (before, after) =>
    shrunk(before, after)
      .filter((change) => usable(change.after) === 0)
      .map(
        (change) =>
          `backend '${change.before.name}' would have no usable server left; ${lost(change)} ${usable(change.before) === 1 ? 'is the last one' : 'are the last ones'} (${load(change.before)})`,
      ),
};

const minUsable: Guard = {
  name: 'min-usable',
  about: 'fewer servers than `--min-usable` or the policy asks for would be left to take traffic',
  judge(before, after, policy) {
    return shrunk(before, after).flatMap((change) => {
      const all = change.before.servers.length;
      const { needed, asked } = demand(change.before, policy);
      const left = usable(change.after);
      if (left >= needed) return [];
      return [
        `backend '${change.before.name}' would have ${left} of ${all} servers usable without ${lost(change)}; ${asked} are asked for`,
      ];
    });
  },
};

/** The most that option and policy ask for. */
function demand(backend: BackendState, { least, kept }: Policy): { readonly needed: number; readonly asked: string } {
  const all = backend.servers.length;
  const { minUsable: number, minShare: percent } = kept(backend.name);
  const share = (value: number) => ({ needed: Math.ceil((all * value) / 100), asked: `${value}% of ${all}` });
  const demands = [
    ...(least === null
      ? []
      : [least.percent ? share(least.number) : { needed: least.number, asked: `${least.number}` }]),
    ...(number === null ? [] : [{ needed: number, asked: `${number} by the policy` }]),
    ...(percent === null ? [] : [{ ...share(percent), asked: `${percent}% of ${all} by the policy` }]),
  ];
  return demands.reduce((most, one) => (one.needed > most.needed ? one : most), { needed: 0, asked: '0' });
}

const failingServer: Guard = {
  name: 'failing-server',
  about: 'another server of the backend is down by its checks already',
  judge: (before, after) =>
    shrunk(before, after).flatMap((change) => {
      const down = change.before.servers.filter(
        ({ admin, oper, check, agent }) => admin === 'ready' && oper === 'down' && (check !== null || agent !== null),
      );
      if (down.length === 0) return [];
      const list = down.map(({ name, check }) => `${name} (${check?.status || 'agent'})`).join(', ');
      return [
        `backend '${change.before.name}' has ${list} down by checks; without ${lost(change)} ${usable(change.after)} of ${change.before.servers.length} servers would be left`,
      ];
    }),
};

const serverLoad: Guard = {
  name: 'load',
  about:
    'the servers that are left have no room for the sessions there are now (sum of `maxconn` against sessions and queue)',
  judge: (before, after) =>
    before.backends.flatMap((backend) => {
      const same = after.backends.find(({ name }) => name === backend.name);
      const [room, left] = [capacity(backend), same ? capacity(same) : 0];
      // Without a limit on some server that is left the room is unknown; without any server it is the last-server guard's.
      if (!same || left >= room || left === 0) return [];
      const queue = queued(backend);
      if (queue === 0 && sessions(backend) <= left) return [];
      return [
        `backend '${backend.name}' would have room for ${left} sessions instead of ${Number.isFinite(room) ? room : 'any number'}; it has ${sessions(backend)} now and ${queue} queued`,
      ];
    }),
};

const frontendLoad: Guard = {
  name: 'frontend-load',
  about: 'the frontend has more connections now than the new limit allows',
  judge: (before, after) =>
    before.frontends.flatMap((frontend) => {
      const limit = after.frontends.find(({ name }) => name === frontend.name)?.maxconn ?? frontend.maxconn;
      if (limit >= frontend.maxconn || frontend.sessions <= limit) return [];
      return [`frontend '${frontend.name}' has ${frontend.sessions} connections now; the new limit is ${limit}`];
    }),
};

/** Sessions that the usable servers may have together; Infinity when one of them has no limit. */
function capacity(backend: BackendState): number {
  return backend.servers
    .filter((server) => server.usable)
    .reduce((sum, { maxconn }) => sum + (maxconn === 0 ? Number.POSITIVE_INFINITY : maxconn), 0);
}

function sessions(backend: BackendState): number {
  return backend.servers.reduce((sum, server) => sum + server.sessions, 0);
}

function queued(backend: BackendState): number {
  return backend.queue + backend.servers.reduce((sum, server) => sum + server.queue, 0);
}

function load(backend: BackendState): string {
  return `${sessions(backend)} sessions, ${queued(backend)} queued`;
}

/** What a policy asks for of backends, whoever wants something. */
export const POLICY_GUARDS: readonly Guard[] = [minUsable];

/** Against taking servers out of a backend that needs them. */
export const CAPACITY_GUARDS: readonly Guard[] = [lastServer, minUsable, failingServer, serverLoad];

export const FRONTEND_GUARDS: readonly Guard[] = [frontendLoad];
