/** The service, listening. */

import { chmodSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Balancer } from './balancer/balancer.ts';
import { makeApp } from './service/app.ts';
import { makeService } from './service/service.ts';
import type { Settings } from './service/settings.ts';

export interface RunningApi {
  /** `http://127.0.0.1:5555`, or the path of its socket. */
  readonly address: string;
  /** What could not be read of what was kept: texts for the operator. */
  readonly problems: readonly string[];
  /** Finishes what is being done, and ends. */
  close(): Promise<void>;
}

/** Starts the service on a load balancer. Rejects with an Error for operators when it cannot listen or read the files. */
export async function startApi(settings: Settings, balancer: Balancer): Promise<RunningApi> {
  const service = await makeService(settings, balancer);
  const app = makeApp(service);
  const { listen } = settings;
  if ('path' in listen) await clearSocket(listen.path);
  let address = await app.listen('path' in listen ? { path: listen.path } : listen);
  if ('path' in listen) {
    chmodSync(listen.path, 0o660);
    address = listen.path;
  }
  if (settings.pidFile !== null) writeFileSync(settings.pidFile, `${process.pid}\n`);
  return {
    address,
    problems: service.problems,
    async close() {
      await app.close();
      await service.close();
      if (settings.pidFile !== null) rmSync(settings.pidFile, { force: true });
    },
  };
}

/** Removes a socket that nobody listens on any more. */
async function clearSocket(path: string): Promise<void> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const used = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
  if (used) throw new Error(`another process listens on ${path}`);
  rmSync(path);
}
