/** What `-Ws` tells the service manager (sd_notify(3)) over the socket that NOTIFY_SOCKET names. */
import { notifyServiceManager } from '../util/libc.ts';

/** States of the service, in the order of its life. */
export interface Readiness {
  ready(): void;
  reloading(): void;
  reloaded(ok: boolean): void;
  stopping(): void;
}

/** `notifySocket`: value of NOTIFY_SOCKET; without one nothing is sent. */
export function serviceReadiness(notifySocket: string | undefined): Readiness {
  const tell = (...lines: string[]): void => {
    if (notifySocket !== undefined) notifyServiceManager(notifySocket, lines.join('\n'));
  };
  return {
    ready: () => tell('READY=1', `MAINPID=${process.pid}`, 'STATUS=Ready.'),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, 'STATUS=Reloading.'),
    reloaded: (ok) =>
      tell('READY=1', `STATUS=${ok ? 'Ready.' : 'Reload failed; the previous configuration is in force.'}`),
    stopping: () => tell('STOPPING=1', 'STATUS=Stopping.'),
  };
}
